import AleaModel
import AleaNumerics
import AleaSyntax

/// A block of episodes that run side by side; lanes of episodes that have ended are left out.
final class SimulationBlock {
  struct Output: Sendable {
    var discounted: [[Double]]
    var total: [[Double]]
    var lengths: [Int32]
    var log: Simulation.Log?
  }

  private let plan: SimulationPlan
  private let episodes: Range<Int>
  private let machine = BatchMachine()
  private var streams: [RandomStream]
  private let keepsLog: Bool
  private let logged: Set<Slot>?

  init(_ plan: SimulationPlan, _ episodes: Range<Int>, seed: UInt64, keepsLog: Bool, logged: Set<Slot>? = nil) {
    self.logged = logged
    self.plan = plan
    self.episodes = episodes
    self.keepsLog = keepsLog
    streams = episodes.map { RandomStream(seed: seed, stream: UInt64($0)) }
  }

  func run(horizon: Int) throws -> Output {
    let channels = plan.process.channels.indices
    var output = Output(
      discounted: channels.map { _ in [Double](repeating: 0, count: episodes.count) },
      total: channels.map { _ in [Double](repeating: 0, count: episodes.count) },
      lengths: [Int32](repeating: 0, count: episodes.count))
    var log = Simulation.Log(episode: [], time: [], columns: [:], rewards: channels.map { _ in [] })
    var frame = LaneFrame(count: episodes.count)
    frame.time = Column(repeating: 0, count: frame.count)
    try advance(&frame, plan.initial)
    frame = try withoutTerminal(frame)
    var weight = 1.0
    var time = 0
    while time < horizon, frame.count > 0 {
      try advance(&frame, plan.beforeAction)
      try act(&frame, time)
      try advance(&frame, plan.afterAction)
      if plan.availableAfterAction { try checkAvailability(frame) }
      let amounts = machine.run(plan.amounts, on: frame)
      for (channel, column) in amounts.enumerated() {
        for lane in 0..<frame.count {
          let amount = column.pointer[lane]
          if amount.isNaN { throw fault(frame, lane, expression: plan.process.channels[channel].amount, nil) }
          let episode = Int(frame.origin.pointer[lane])
          output.discounted[channel][episode] += weight * amount
          output.total[channel][episode] += amount
        }
      }
      for lane in 0..<frame.count { output.lengths[Int(frame.origin.pointer[lane])] += 1 }
      if keepsLog {
        for lane in 0..<frame.count {
          log.episode.append(Int32(episodes.lowerBound) + frame.origin.pointer[lane])
          log.time.append(Int32(time))
        }
        for (slot, column) in frame.columns where logged?.contains(slot) ?? true {
          log.columns[slot, default: []] += column.array
        }
        for (channel, column) in amounts.enumerated() { log.rewards[channel] += column.array }
      }
      var next = frame
      next.columns = [:]
      for id in plan.states { next.columns[.current(id)] = frame.columns[.next(id)]! }
      time += 1
      weight *= plan.discount
      next.time = Column(repeating: Double(time), count: frame.count)
      frame = try withoutTerminal(next)
    }
    if keepsLog { output.log = sorted(log) }
    return output
  }

  /// Episode by episode instead of step by step.
  private func sorted(_ log: Simulation.Log) -> Simulation.Log {
    let order = log.episode.indices.sorted { (log.episode[$0], log.time[$0]) < (log.episode[$1], log.time[$1]) }
    return Simulation.Log(
      episode: order.map { log.episode[$0] }, time: order.map { log.time[$0] },
      columns: log.columns.mapValues { column in order.map { column[$0] } },
      rewards: log.rewards.map { column in order.map { column[$0] } })
  }

  private func withoutTerminal(_ frame: LaneFrame) throws -> LaneFrame {
    guard let terminal = plan.terminal, let expression = plan.process.terminal else { return frame }
    let condition = machine.run(terminal, on: frame)[0]
    let kept = Column<Int32>(capacity: frame.count)
    for lane in 0..<frame.count {
      if condition.pointer[lane].isNaN { throw fault(frame, lane, expression: expression, nil) }
      if condition.pointer[lane] == 0 { kept.append(Int32(lane)) }
    }
    return kept.count == frame.count ? frame : frame.picking(kept)
  }

  private func advance(_ frame: inout LaneFrame, _ slots: [(slot: Slot, mechanism: CompiledMechanism)]) throws {
    for (slot, mechanism) in slots {
      switch mechanism {
      case .value(let program):
        let column = machine.run(program, on: frame)[0]
        if program.outputMayFail[0], let lane = (0..<frame.count).first(where: { column.pointer[$0].isNaN }) {
          throw fault(frame, lane, expression: nil, slot)
        }
        frame.columns[slot] = column
      case .draw(let distribution, let program, let positions):
        let parameters = machine.run(program, on: frame)
        let domain = self.domain(of: slot)
        let column = Column<Double>(repeating: 0, count: frame.count)
        for lane in 0..<frame.count {
          let value = distribution.sample(&streams[Int(frame.origin.pointer[lane])]) { parameters[positions[$0]!].pointer[lane] }
          guard domain.contains(value) else { throw fault(frame, lane, expression: nil, slot, drawn: value) }
          column.pointer[lane] = value
        }
        frame.columns[slot] = column
      }
    }
  }

  private func domain(of slot: Slot) -> Domain {
    switch slot {
    case .current(let id), .next(let id): plan.process[id].domain
    }
  }

  /// Sets the actions by the table.
  private func act(_ frame: inout LaneFrame, _ time: Int) throws {
    guard case .table(let explored, let choice) = plan.policy else { return }
    let columns = plan.actions.map { _ in Column<Double>(repeating: 0, count: frame.count) }
    let reads = explored.states.variables.map { frame.columns[.current($0)] }
    for lane in 0..<frame.count {
      let values = reads.map { $0?.pointer[lane] ?? .nan }
      let state = explored.states.index(of: values, time: explored.states.includesTime ? time : nil)
      guard let state, case let taken = choice(state, time), explored.sparse.choices(of: state).contains(taken) else {
        throw Diagnostic.error(
          "the policy has no choice in a state that was reached", at: plan.process.span, notes: [place(frame, lane)])
      }
      let action = explored.actions.values(of: Int(explored.choiceAction[taken]))
      for (column, value) in zip(columns, action) { column.pointer[lane] = value }
    }
    for (id, column) in zip(plan.actions, columns) { frame.columns[.current(id)] = column }
  }

  private func checkAvailability(_ frame: LaneFrame) throws {
    for (condition, expression) in zip(machine.run(plan.availability, on: frame), plan.process.availability) {
      for lane in 0..<frame.count {
        if condition.pointer[lane].isNaN { throw fault(frame, lane, expression: expression, nil) }
        if condition.pointer[lane] == 0 {
          let words = plan.actions.map { id in
            "\(plan.process[id].name) = \(plan.process.text(of: frame.columns[.current(id)]?[lane] ?? .nan, in: plan.process[id].domain))"
          }.joined(separator: ", ")
          throw Diagnostic.error(
            "the policy chooses \(words), which is not available in this state", at: plan.process.pool[expression].span,
            notes: [place(frame, lane)])
        }
      }
    }
  }

  // MARK: Faults

  private func place(_ frame: LaneFrame, _ lane: Int) -> String {
    let state = plan.states.compactMap { id -> String? in
      guard let value = frame.columns[.current(id)]?[lane] else { return nil }
      return "\(plan.process[id].name) = \(plan.process.text(of: value, in: plan.process[id].domain))"
    }.joined(separator: ", ")
    let episode = episodes.lowerBound + Int(frame.origin[lane])
    return "in episode \(episode), t = \(Int(frame.time?[lane] ?? 0))" + (state.isEmpty ? "" : ", state \(state)")
  }

  /// Evaluates again, by walking, what gave no number in a lane, to say why.
  private func fault(_ frame: LaneFrame, _ lane: Int, expression: ExpressionID?, _ slot: Slot?, drawn: Double? = nil)
    -> Diagnostic
  {
    let process = plan.process
    var environment = ScalarEnvironment(variableCount: process.variables.count, time: frame.time?[lane] ?? 0)
    for (slot, column) in frame.columns { environment[slot] = column[lane] }
    let evaluate = ScalarEvaluator(process)
    var name = ""
    var mechanism: Mechanism?
    var domain = Domain.reals
    switch slot {
    case .current(let id)?: (name, mechanism, domain) = (process[id].name, process[id].mechanism, process[id].domain)
    case .next(let id)?: (name, mechanism, domain) = (process[id].name + "'", process[id].next, process[id].domain)
    case nil: break
    }
    func outside(_ value: Double, _ span: SourceSpan?) -> Diagnostic {
      .error(
        "`\(name)` becomes \(ScalarEvaluator.text(value)), outside its domain \(process.text(of: domain))", at: span,
        label: "this is \(ScalarEvaluator.text(value))", notes: [place(frame, lane)])
    }
    do {
      var target = expression
      if case .value(let value)? = mechanism { target = value }
      if let target {
        let value = try evaluate(target, in: environment)
        if slot != nil { return outside(value, process.pool[target].span) }
        return .error("this is \(value)", at: process.pool[target].span, notes: [place(frame, lane)])
      }
      if case .draw(let distribution)? = mechanism {
        let span = distribution.expressions.first.flatMap { process.pool[$0].span }
        if let drawn, !drawn.isNaN { return outside(drawn, span) }
        _ = try SupportExpander(tailMass: 1e-12).expand(
          distribution, read: { try evaluate($0, in: environment) }, span: { process.pool[$0].span })
        return .error("the law of `\(name)` is not defined here", at: span, notes: [place(frame, lane)])
      }
    } catch var diagnostic as Diagnostic {
      if diagnostic.message.hasSuffix("has no finite support") {
        diagnostic.message = "the parameters of the law of `\(name)` are outside their domain"
      }
      diagnostic.notes.insert(place(frame, lane), at: 0)
      return diagnostic
    } catch {}
    return .error("a step has no well-defined outcome", at: process.span, notes: [place(frame, lane)])
  }
}
