import AleaModel
import AleaNumerics
import AleaSyntax

/// A block of replications that run side by side, each in a lane of its own.
final class LearnerBlock {
  /// What the replications of a block came to.
  struct Output: Sendable {
    /// By checkpoint, then lane.
    var regret: [[Double]]
    var reward: [[Double]]
    /// By action, then lane.
    var pulls: [[Double]]
    /// The rounds each replication took.
    var rounds: [Double]
    /// Replications that were still going at the end.
    var unfinished: Int
  }

  private let plan: LearnerPlan
  private let replications: Range<Int>
  private let width: Int
  private let storage: UnsafeMutablePointer<Double>
  private let machine = BatchMachine()
  private let environment: UnsafeMutablePointer<RandomStream>
  private let agent: UnsafeMutablePointer<RandomStream>
  private var isActive: [Bool]
  private var everyLaneIsActive = true
  private var inputs: [UnsafeMutablePointer<Double>] = []
  private var outputs: [UnsafeMutablePointer<Double>] = []
  private var time = 0
  /// Whether a process that ends starts again: episodes.
  private let restarts: Bool

  init(_ plan: LearnerPlan, _ replications: Range<Int>, seed: UInt64, restarts: Bool = false) {
    self.restarts = restarts
    self.plan = plan
    self.replications = replications
    width = replications.count
    storage = .allocate(capacity: max(1, plan.columnCount * width))
    storage.initialize(repeating: 0, count: max(1, plan.columnCount * width))
    environment = .allocate(capacity: width)
    agent = .allocate(capacity: width)
    for lane in 0..<width {
      let replication = UInt64(replications.lowerBound + lane)
      (environment + lane).initialize(to: RandomStream(seed: seed, stream: 2 * replication))
      (agent + lane).initialize(to: RandomStream(seed: seed, stream: 2 * replication + 1))
    }
    isActive = [Bool](repeating: true, count: replications.count)
  }

  deinit {
    storage.deallocate()
    environment.deallocate()
    agent.deallocate()
  }

  private func column(_ index: Int) -> UnsafeMutablePointer<Double> { storage + index * width }

  /// Runs until the horizon or until every replication has ended.
  func run(
    horizon: Int, checkpoints: [Int], isCancelled: () -> Bool = { false }, report: (Double) -> Void = { _ in }
  ) throws -> Output {
    let actionCount = plan.actionDomain.count ?? 1
    var output = Output(
      regret: [], reward: [], pulls: [[Double]](repeating: [Double](repeating: 0, count: width), count: actionCount),
      rounds: [Double](repeating: 0, count: width), unfinished: 0)
    let pulls = UnsafeMutablePointer<Double>.allocate(capacity: actionCount * width)
    pulls.initialize(repeating: 0, count: actionCount * width)
    defer { pulls.deallocate() }
    var regret = [Double](repeating: 0, count: width)
    var reward = [Double](repeating: 0, count: width)
    // The best fixed action so far, where means follow from the round.
    var fixedTotals = [Double](repeating: 0, count: actionCount)
    var chosenTotals = [Double](repeating: 0, count: width)
    seek(round: 0)
    for stage in plan.initial { try run(stage) }
    try end()
    var nextCheckpoint = 0
    var round = 0
    func record() {
      switch plan.regret {
      case .constant(let means):
        let best = means.max() ?? 0
        for lane in 0..<width {
          var sum = 0.0
          for action in 0..<actionCount { sum += pulls[action * width + lane] * (best - means[action]) }
          regret[lane] = sum
        }
      case .byRound:
        let best = fixedTotals.max() ?? 0
        for lane in 0..<width { regret[lane] = best - chosenTotals[lane] }
      case .byLane, .none: break
      }
      output.regret.append(regret)
      output.reward.append(reward)
    }
    while round < horizon, isActive.contains(true) {
      time = round
      if round & 0xFF == 0xFF {
        report(Double(round) / Double(horizon))
        if isCancelled() { return output }
      }
      seek(round: round + 1)
      let times = column(plan.timeColumn)
      for lane in 0..<width { times[lane] = Double(round) }
      runInvariants()
      for stage in plan.steps { try run(stage) }
      if let availability = plan.availability { try checkAvailability(availability) }
      if let action = plan.action, let chosen = plan.columns[.current(action)] {
        let codes = column(chosen)
        if case .range(let low, let high) = plan.actionDomain, everyLaneIsActive {
          for lane in 0..<width {
            guard codes[lane] >= Double(low), codes[lane] <= Double(high) else { throw fault(lane, slot: .current(action)) }
            pulls[(Int(codes[lane]) - low) * width + lane] += 1
          }
        } else {
          for lane in 0..<width where isActive[lane] {
            guard let position = plan.actionDomain.position(of: codes[lane]) else { throw fault(lane, slot: .current(action)) }
            pulls[position * width + lane] += 1
          }
        }
        try accumulateRegret(codes, &regret, &chosenTotals, &fixedTotals)
      }
      if let stage = plan.reward {
        try run(stage)
        let amounts = column(stage.outputs[0])
        if everyLaneIsActive {
          for lane in 0..<width { reward[lane] += amounts[lane] }
        } else {
          for lane in 0..<width where isActive[lane] { reward[lane] += amounts[lane] }
        }
      }
      for lane in 0..<width where isActive[lane] { output.rounds[lane] += 1 }
      for update in plan.updates { try run(update, where: nil) }
      for id in plan.states {
        guard let next = plan.columns[.next(id)], let current = plan.columns[.current(id)] else { continue }
        column(current).update(from: column(next), count: width)
      }
      round += 1
      try end()
      if nextCheckpoint < checkpoints.count, checkpoints[nextCheckpoint] == round {
        record()
        nextCheckpoint += 1
      }
    }
    while nextCheckpoint < checkpoints.count {
      record()
      nextCheckpoint += 1
    }
    for action in 0..<actionCount {
      for lane in 0..<width { output.pulls[action][lane] = pulls[action * width + lane] }
    }
    output.unfinished = plan.terminal == nil ? 0 : isActive.reduce(0) { $1 ? $0 + 1 : $0 }
    return output
  }

  /// Every round has its own part of the environment's stream, so that policies meet the same environment whatever they did before.
  private func seek(round: Int) {
    for lane in 0..<width { environment[lane].seek(round) }
  }

  // MARK: Stages

  private func runInvariants() {
    let stage = plan.invariants
    guard !stage.outputs.isEmpty else { return }
    execute(stage, count: 1)
    for output in stage.outputs {
      let values = column(output)
      let value = values[0]
      for lane in 1..<max(1, width) { values[lane] = value }
    }
  }

  @inline(__always)
  private func execute(_ stage: LearnerPlan.Stage, count: Int) {
    inputs.removeAll(keepingCapacity: true)
    outputs.removeAll(keepingCapacity: true)
    for input in stage.inputs { inputs.append(column(input)) }
    for output in stage.outputs { outputs.append(column(output)) }
    machine.run(stage.program, count: count, inputs: inputs, outputs: outputs)
  }

  private func run(_ stage: LearnerPlan.Stage) throws {
    execute(stage, count: width)
    for index in stage.outputs.indices where stage.program.outputMayFail[index] {
      let values = column(stage.outputs[index])
      for lane in 0..<width where values[lane].isNaN && isActive[lane] {
        throw fault(lane, slot: stage.sources[index].slot, expression: stage.sources[index].expression)
      }
    }
    for draw in stage.draws {
      let target = column(draw.target)
      LaneSampler.sample(draw, draw.isOwn ? agent : environment, count: width, column: column)
      if draw.isAlwaysInside {
        for lane in 0..<width where target[lane].isNaN && isActive[lane] { throw fault(lane, slot: draw.slot) }
      } else {
        for lane in 0..<width where !draw.domain.contains(target[lane]) && isActive[lane] {
          throw fault(lane, slot: draw.slot, drawn: target[lane])
        }
      }
    }
  }

  private func accumulateRegret(
    _ codes: UnsafeMutablePointer<Double>, _ regret: inout [Double], _ chosen: inout [Double], _ fixed: inout [Double]
  ) throws {
    switch plan.regret {
    case .constant, .none: return
    case .byRound(let stage):
      execute(stage, count: 1)
      for (action, output) in stage.outputs.enumerated() { fixed[action] += column(output)[0] }
      for lane in 0..<width where isActive[lane] {
        guard let position = plan.actionDomain.position(of: codes[lane]) else { continue }
        chosen[lane] += column(stage.outputs[position])[0]
      }
    case .byLane(let stage):
      execute(stage, count: width)
      for lane in 0..<width where isActive[lane] {
        guard let position = plan.actionDomain.position(of: codes[lane]) else { continue }
        var best = -Double.infinity
        for output in stage.outputs { best = max(best, column(output)[lane]) }
        regret[lane] += best - column(stage.outputs[position])[lane]
      }
    }
  }

  private func checkAvailability(_ stage: LearnerPlan.Stage) throws {
    execute(stage, count: width)
    for (output, source) in zip(stage.outputs, stage.sources) {
      let holds = column(output)
      for lane in 0..<width where isActive[lane] && holds[lane] != 1 {
        if holds[lane].isNaN { throw fault(lane, slot: nil, expression: source.expression) }
        let words = plan.process.variables(with: .action).map { id in
          "\(plan.process[id].name) = \(plan.process.text(of: value(.current(id), lane), in: plan.process[id].domain))"
        }.joined(separator: ", ")
        throw Diagnostic.error(
          "the policy chooses \(words), which is not available then", at: plan.process.pool[source.expression].span,
          notes: [place(lane)])
      }
    }
  }

  /// Marks the lanes whose process has ended.
  private func end() throws {
    guard let terminal = plan.terminal else { return }
    try run(terminal)
    let ended = column(terminal.outputs[0])
    if restarts {
      try restart(where: ended)
      return
    }
    for lane in 0..<width where ended[lane] != 0 { isActive[lane] = false }
    everyLaneIsActive = !isActive.contains(false)
  }

  /// Starts a new episode in the lanes whose process has ended; memory stays.
  private func restart(where ended: UnsafeMutablePointer<Double>) throws {
    guard (0..<width).contains(where: { ended[$0] != 0 }) else { return }
    let flags = (0..<width).map { ended[$0] != 0 }
    let kept = plan.states.compactMap { id in
      plan.columns[.current(id)].map { index in
        (index, Array(UnsafeBufferPointer(start: column(index), count: width)))
      }
    }
    for stage in plan.restart { try run(stage) }
    for (index, values) in kept {
      let target = column(index)
      for lane in 0..<width where !flags[lane] { target[lane] = values[lane] }
    }
  }

  // MARK: Updates

  private func run(_ update: LearnerPlan.UpdateCode, where mask: [Bool]?) throws {
    switch update {
    case .conditional(let stage, let first, let second):
      try run(stage)
      let test = column(stage.outputs[0])
      let holds = (0..<width).map { test[$0] != 0 && mask?[$0] ?? true }
      let fails = (0..<width).map { test[$0] == 0 && mask?[$0] ?? true }
      for inner in first { try run(inner, where: holds) }
      for inner in second { try run(inner, where: fails) }
    case .assign(let stage, let hasPosition, let targets, let span):
      execute(stage, count: width)
      let positions = hasPosition ? column(stage.outputs[0]) : nil
      for (part, elements) in targets.enumerated() {
        let values = column(stage.outputs[hasPosition ? part + 1 : part])
        let limit = Double(elements.count)
        if let positions {
          for lane in 0..<width where mask?[lane] ?? true {
            let position = positions[lane]
            guard position >= 0, position < limit, !values[lane].isNaN else {
              if isActive[lane] { throw fault(lane, stage, hasPosition ? [0, part + 1] : [part], span) }
              continue
            }
            (storage + elements[Int(position)] * width)[lane] = values[lane]
          }
        } else {
          let target = column(elements[0])
          for lane in 0..<width where mask?[lane] ?? true {
            if values[lane].isNaN, isActive[lane] { throw fault(lane, stage, [part], span) }
            target[lane] = values[lane]
          }
        }
      }
    }
  }

  // MARK: Faults

  private func value(_ slot: Slot, _ lane: Int) -> Double { plan.columns[slot].map { column($0)[lane] } ?? .nan }

  private func place(_ lane: Int) -> String {
    let state = plan.states.map { id in
      "\(plan.process[id].name) = \(plan.process.text(of: value(.current(id), lane), in: plan.process[id].domain))"
    }.joined(separator: ", ")
    return "in replication \(replications.lowerBound + lane), t = \(time)" + (state.isEmpty ? "" : ", state \(state)")
  }

  private func scalars(_ lane: Int) -> ScalarEnvironment {
    var result = ScalarEnvironment(variableCount: plan.process.variables.count, time: Double(time))
    for (slot, index) in plan.columns {
      switch slot {
      case .current(let id), .next(let id): if Int(id.index) >= plan.process.variables.count { continue }
      }
      result[slot] = column(index)[lane]
    }
    return result
  }

  private func fault(_ lane: Int, _ stage: LearnerPlan.Stage, _ outputs: [Int], _ span: SourceSpan?) -> Diagnostic {
    for output in outputs {
      do { _ = try ScalarEvaluator(plan.process)(stage.sources[output].expression, in: scalars(lane)) } catch let found
        as Diagnostic
      {
        var diagnostic = found
        diagnostic.notes.append(place(lane))
        return diagnostic
      } catch {}
    }
    return .error("this update has no value", at: span, notes: [place(lane)])
  }

  /// Evaluates again, by walking, what gave no number in a lane, to say why.
  private func fault(_ lane: Int, slot: Slot?, expression: ExpressionID? = nil, drawn: Double? = nil) -> Diagnostic {
    let process = plan.process
    var name = "the result"
    var domain = Domain.reals
    var mechanism: Mechanism?
    switch slot {
    case .current(let id)?: (name, domain, mechanism) = (process[id].name, process[id].domain, process[id].mechanism)
    case .next(let id)?: (name, domain, mechanism) = (process[id].name + "'", process[id].domain, process[id].next)
    case nil: break
    }
    let span = expression.flatMap { process.pool[$0].span } ?? mechanism?.expressions.first.flatMap { process.pool[$0].span }
    if let drawn, !drawn.isNaN {
      return .error(
        "`\(name)` becomes \(ScalarEvaluator.text(drawn)), outside its domain", at: span,
        label: "this is \(ScalarEvaluator.text(drawn))",
        notes: [place(lane)])
    }
    let environment = scalars(lane)
    for id in expression.map({ [$0] }) ?? mechanism?.expressions ?? [] {
      do {
        let value = try ScalarEvaluator(process)(id, in: environment)
        if expression != nil, slot != nil, !domain.contains(value) {
          return .error(
            "`\(name)` becomes \(ScalarEvaluator.text(value)), outside its domain", at: span,
            label: "this is \(ScalarEvaluator.text(value))", notes: [place(lane)])
        }
      } catch let found as Diagnostic {
        var diagnostic = found
        diagnostic.notes.append(place(lane))
        return diagnostic
      } catch {}
    }
    return .error("the parameters of the law of `\(name)` are outside their domain", at: span, notes: [place(lane)])
  }
}
