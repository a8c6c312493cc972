import AleaModel
import AleaSyntax

/// Expands batches of states in the general form: actions are columns, draws widen the batch.
final class GeneralStepper {
  private unowned let run: ExplorationRun
  private let terminal: BatchProgram?
  private let availability: BatchProgram
  /// What depends on no draw, then the parts that depend on different draws.
  private let prelude: [Stage]
  private let components: [[Stage]]
  private let arrival: [Stage]
  /// What is earned before anything is drawn.
  private let earlyTerms: [CompiledTerm]
  private let tracksTails: Bool
  private var warned = Set<Slot>()
  private let actionValues: [[Double]]
  private var supports: [SupportKey: Support] = [:]
  /// States a batch; halved when batches come out too wide.
  private var batchSize = 1024
  private static let widest = 1 << 19
  private var widestFrame = 0

  private struct SupportKey: Hashable {
    var slot: Slot
    var parameters: [Double]
  }

  /// A slot to run, what is earned and checked after it, and which slots nobody reads any more.
  private struct Stage {
    var slot: Slot
    var mechanism: CompiledMechanism
    var terms: [CompiledTerm] = []
    var checksPolicy = false
    var dead: [Slot] = []
    /// The slots drawn or derived so far that are still read; lanes of a choice that agree in them can be merged.
    var live: [Slot] = []
    var isArrival = false
  }

  private struct CompiledTerm {
    var channel: Int
    var coefficient: Double
    var program: BatchProgram
  }

  /// What the choices of a batch earn, and what truncation leaves out of them.
  private struct Sums {
    var rewards: [[Double]]
    var mass: [Double]
    var slack: [Double]
  }

  init(_ run: ExplorationRun) throws {
    self.run = run
    let plan = run.plan
    let compiler = BatchCompiler(pool: plan.process.pool, leaf: plan.interval)
    terminal = plan.terminal.map { compiler.compile([BatchRoot($0)]) }
    availability = compiler.compile(plan.availability.map { BatchRoot($0) })
    func compiled(_ after: Int) -> [CompiledTerm] {
      plan.terms.filter { $0.after == after }.map { entry in
        CompiledTerm(
          channel: entry.term.channel, coefficient: entry.term.coefficient,
          program: compiler.compile([BatchRoot(entry.term.expression, check: .reals)]))
      }
    }
    earlyTerms = compiled(0)
    // What later slots, terms and the arrival read.
    var reads: [Set<Slot>] = plan.step.map { slot in
      DependenceGraph.slots(mentionedBy: plan.mechanism(of: slot).expressions, in: plan.process.pool)
    }
    reads.append(Set(plan.states.map { .next($0) }))
    for entry in plan.terms where entry.after > 0 {
      reads[entry.after - 1].formUnion(DependenceGraph.slots(mentionedBy: [entry.term.expression], in: plan.process.pool))
    }
    if plan.isClosed, plan.actionsKnownAfter > 0 {
      reads[plan.actionsKnownAfter - 1].formUnion(DependenceGraph.slots(mentionedBy: plan.availability, in: plan.process.pool))
    }
    let allReads = reads
    func stages(_ range: Range<Int>) -> [Stage] {
      var known: [Slot] = []
      return range.compactMap { number in
        let slot = plan.step[number]
        guard let mechanism = CompiledMechanism(slot, in: plan) else { return nil }
        known.append(slot)
        let later = allReads[(number + 1)...].reduce(into: Set<Slot>()) { $0.formUnion($1) }
        var stage = Stage(slot: slot, mechanism: mechanism)
        stage.terms = compiled(number + 1)
        stage.checksPolicy = plan.isClosed && plan.actionsKnownAfter == number + 1
        stage.dead = known.filter { !later.contains($0) }
        known.removeAll { !later.contains($0) }
        stage.live = known
        return stage
      }
    }
    prelude = stages(0..<(plan.components.first?.lowerBound ?? plan.step.count))
    components = plan.components.map(stages)
    arrival = plan.arrival.compactMap { slot in
      CompiledMechanism(slot, in: plan).map { Stage(slot: slot, mechanism: $0, isArrival: true) }
    }
    tracksTails = (plan.step + plan.arrival).contains { slot in
      if case .draw(let distribution) = plan.mechanism(of: slot) { return distribution.isInfinite }
      return false
    }
    actionValues = (0..<run.actions.count).map { run.actions.values(of: $0) }
  }

  /// Expands some states from `first` on; returns the first that was not.
  func run(from first: Int, to end: Int) throws -> Int {
    let states = first..<min(end, first + batchSize)
    let frame = decode(states)
    let active = try activeLanes(of: frame)
    let (choices, choiceState, choiceActions) = try available(active, states)
    let origins = (choiceState, choiceActions)
    var sums = Sums(
      rewards: run.rewards.map { _ in [Double](repeating: 0, count: choiceState.count) },
      mass: [Double](repeating: 0, count: tracksTails ? choiceState.count : 0), slack: [])
    sums.slack = sums.mass
    widestFrame = choices.count
    try earn(earlyTerms, choices, &sums, states, origins)
    let known = try advance(choices, through: prelude, states: states, origins, &sums)
    var parts: [LaneFrame] = []
    for component in components { parts.append(try advance(known, through: component, states: states, origins, &sums)) }
    var lanes = parts.isEmpty ? known : parts.dropFirst().reduce(parts[0]) { product($0, $1) }
    widestFrame = max(widestFrame, lanes.count)
    lanes = try arrive(lanes, states: states, origins, &sums)
    try store(lanes, states, origins, sums)
    if widestFrame > Self.widest, batchSize > 1 { batchSize = max(1, batchSize / 2) }
    return states.upperBound
  }

  private typealias Origins = (state: [Int32], action: [Int32])

  private func fault(_ origin: Int, _ states: Range<Int>, _ origins: Origins) -> Diagnostic {
    let state = states.lowerBound + Int(origins.state[origin])
    let space = StateSpace(layout: run.layout, index: run.index)
    return run.stepper.fault(
      state: space.values(of: state), time: Double(space.time(of: state) ?? 0), action: actionValues[Int(origins.action[origin])])
  }

  private func decode(_ states: Range<Int>) -> LaneFrame {
    var frame = LaneFrame(count: states.count)
    func column(_ number: Int) -> Column<Double> {
      let column = Column<Double>(capacity: states.count)
      run.layout.decode(number, keys: run.index.keys.pointer, states: states, into: column.reserve(states.count))
      column.commit(states.count)
      return column
    }
    for (number, id) in run.plan.decisionVariables.enumerated() { frame.columns[.current(id)] = column(number) }
    if run.layout.includesTime { frame.time = column(run.plan.decisionVariables.count) }
    return frame
  }

  /// Which lanes of a frame of states are terminal; a fault is thrown for the state.
  private func terminalLanes(of frame: LaneFrame, _ faultAt: (Int) -> Diagnostic) throws -> [Bool] {
    var result = [Bool](repeating: false, count: frame.count)
    if let terminal {
      let condition = machine.run(terminal, on: frame)[0]
      for lane in 0..<frame.count {
        if condition.pointer[lane].isNaN { throw faultAt(lane) }
        result[lane] = condition.pointer[lane] != 0
      }
    }
    if let horizon = run.plan.horizon, let time = frame.time {
      for lane in 0..<frame.count where time.pointer[lane] >= Double(horizon) { result[lane] = true }
    }
    return result
  }

  private var machine: BatchMachine { run.machine }

  private func activeLanes(of frame: LaneFrame) throws -> LaneFrame {
    let isTerminal = try terminalLanes(of: frame) { lane in
      let environment = run.stepper.environment(
        state: run.plan.decisionVariables.map { frame.columns[.current($0)]![lane] }, time: frame.time?[lane] ?? 0)
      do {
        _ = try run.stepper.isTerminal(environment)
        return .error("the terminal condition has no value", at: run.plan.process.span, notes: run.stepper.notes(environment, []))
      } catch let fault as Diagnostic {
        var fault = fault
        fault.notes = run.stepper.notes(environment, []) + fault.notes
        return fault
      } catch { return .error("the terminal condition has no value", at: run.plan.process.span) }
    }
    let lanes = Column<Int32>()
    for lane in 0..<frame.count where !isTerminal[lane] { lanes.append(Int32(lane)) }
    return frame.picking(lanes)
  }

  /// Crosses states with actions and keeps what is available.
  private func available(_ active: LaneFrame, _ states: Range<Int>) throws -> (LaneFrame, [Int32], [Int32]) {
    let count = actionValues.count
    let lanes = Column<Int32>(capacity: active.count * count)
    for lane in 0..<active.count { for _ in 0..<count { lanes.append(Int32(lane)) } }
    var crossed = active.picking(lanes)
    for (number, id) in run.plan.chosen.enumerated() {
      let column = Column<Double>(capacity: crossed.count)
      for _ in 0..<active.count { for action in 0..<count { column.append(actionValues[action][number]) } }
      crossed.columns[.current(id)] = column
    }
    var isAvailable = [Bool](repeating: true, count: crossed.count)
    if !run.plan.isClosed, availability.outputCount > 0 {
      let conditions = machine.run(availability, on: crossed)
      for lane in 0..<crossed.count {
        for condition in conditions {
          let value = condition.pointer[lane]
          if value.isNaN {
            throw fault(0, states, ([crossed.origin[lane]], [Int32(lane % count)]))
          }
          // As in the scalar form, conditions after one that fails do not count.
          if value == 0 {
            isAvailable[lane] = false
            break
          }
        }
      }
    }
    let kept = Column<Int32>()
    var choiceState: [Int32] = []
    var choiceActions: [Int32] = []
    for lane in 0..<crossed.count where isAvailable[lane] {
      kept.append(Int32(lane))
      choiceState.append(crossed.origin[lane])
      choiceActions.append(Int32(lane % count))
    }
    var position = 0
    for lane in 0..<active.count {
      let state = active.origin[lane]
      while position < choiceState.count, choiceState[position] < state { position += 1 }
      if position >= choiceState.count || choiceState[position] != state {
        run.deadlocks.append(Int32(states.lowerBound) + state)
      }
    }
    let result = crossed.picking(kept)
    for choice in 0..<result.count { result.origin[choice] = Int32(choice) }
    return (result, choiceState, choiceActions)
  }

  /// Runs slots in order; draws widen the frame.
  private func advance(
    _ start: LaneFrame, through stages: [Stage], states: Range<Int>, _ origins: Origins, _ sums: inout Sums,
    settled: [Bool]? = nil
  ) throws -> LaneFrame {
    var frame = start
    var settled = settled
    for stage in stages {
      let slot = stage.slot
      switch stage.mechanism {
      case .value(let program):
        let column = machine.run(program, on: frame)[0]
        if let settled {
          let first = run.plan.domain(of: slot).isFinite ? run.plan.domain(of: slot).value(at: 0) : 0
          for lane in 0..<frame.count where settled[lane] { column.pointer[lane] = first }
        }
        if program.outputMayFail[0] {
          for lane in 0..<frame.count where column.pointer[lane].isNaN {
            throw fault(Int(frame.origin[lane]), states, origins)
          }
        }
        frame.columns[slot] = column
      case .draw(let distribution, let program, let positions):
        let parameters = machine.run(program, on: frame)
        let lanes = Column<Int32>(capacity: 2 * frame.count)
        let values = Column<Double>(capacity: 2 * frame.count)
        let weights = Column<Double>(capacity: 2 * frame.count)
        let domain = run.plan.domain(of: slot)
        var key = SupportKey(slot: slot, parameters: [Double](repeating: 0, count: parameters.count))
        for lane in 0..<frame.count {
          if let settled, settled[lane] {
            lanes.append(Int32(lane))
            values.append(domain.isFinite ? domain.value(at: 0) : 0)
            weights.append(frame.weight.pointer[lane])
            continue
          }
          for index in parameters.indices { key.parameters[index] = parameters[index].pointer[lane] }
          guard let support = support(key, distribution, positions, domain) else {
            throw fault(Int(frame.origin[lane]), states, origins)
          }
          for outcome in support.values.indices where support.weights[outcome] > 0 {
            lanes.append(Int32(lane))
            values.append(support.values[outcome])
            weights.append(frame.weight.pointer[lane] * support.weights[outcome])
          }
          if support.tailMass > 0 {
            let weight = frame.weight.pointer[lane]
            let origin = Int(frame.origin.pointer[lane])
            try cut(stage, support, weight, origin, states, origins, &sums)
          }
        }
        frame = frame.picking(lanes)
        settled = settled.map { old in lanes.array.map { old[Int($0)] } }
        frame.columns[slot] = values
        frame.weight = weights
        widestFrame = max(widestFrame, frame.count)
      }
      if stage.checksPolicy { try checkPolicy(frame, states, origins) }
      try earn(stage.terms, frame, &sums, states, origins)
      if !stage.dead.isEmpty {
        for slot in stage.dead { frame.columns[slot] = nil }
        if settled == nil, frame.count > 2 * origins.state.count { frame = merge(frame, stage.live) }
      }
    }
    return frame
  }

  /// The support for given parameters, remembered; nil when it faults (the scalar form then says how).
  private func support(_ key: SupportKey, _ distribution: Distribution, _ positions: [ExpressionID: Int], _ domain: Domain)
    -> Support?
  {
    if let known = supports[key] { return known }
    struct Fault: Error {}
    do {
      let result = try run.stepper.expander.expand(
        distribution, saturation: run.plan.saturation[key.slot],
        read: { expression in
          let value = key.parameters[positions[expression]!]
          if value.isNaN { throw Fault() }
          return value
        }, span: { _ in nil })
      for (value, weight) in zip(result.values, result.weights) where weight > 0 && !domain.contains(value) { return nil }
      if supports.count > 100_000 { supports.removeAll() }
      supports[key] = result
      return result
    } catch { return nil }
  }

  /// A closed process must choose what is available.
  private func checkPolicy(_ frame: LaneFrame, _ states: Range<Int>, _ origins: Origins) throws {
    guard availability.outputCount > 0 else { return }
    let conditions = machine.run(availability, on: frame)
    for condition in conditions {
      for lane in 0..<frame.count where !(condition.pointer[lane] != 0) || condition.pointer[lane].isNaN {
        throw fault(Int(frame.origin[lane]), states, origins)
      }
    }
  }

  /// Adds what terms earn on average to the choices.
  private func earn(_ terms: [CompiledTerm], _ frame: LaneFrame, _ sums: inout Sums, _ states: Range<Int>, _ origins: Origins)
    throws
  {
    for term in terms {
      let amounts = machine.run(term.program, on: frame)[0]
      for lane in 0..<frame.count {
        let amount = amounts.pointer[lane]
        if amount.isNaN { throw fault(Int(frame.origin.pointer[lane]), states, origins) }
        sums.rewards[term.channel][Int(frame.origin.pointer[lane])] += frame.weight.pointer[lane] * (term.coefficient * amount)
      }
    }
  }

  /// Records what lumping a tail onto its last value leaves out of a choice.
  private func cut(
    _ stage: Stage, _ support: Support, _ weight: Double, _ origin: Int, _ states: Range<Int>, _ origins: Origins,
    _ sums: inout Sums
  ) throws {
    let plan = run.plan
    if stage.isArrival {
      // What is observed is part of the state: the tail's states are not among those listed.
      sums.mass[origin] += weight * support.tailMass
      return
    }
    guard case .current(let id) = stage.slot else {
      sums.mass[origin] += weight * support.tailMass
      return
    }
    let end = support.end ?? 0
    if let saturation = plan.saturation[stage.slot], saturation <= end { return }
    let space = StateSpace(layout: run.layout, index: run.index)
    let state = states.lowerBound + Int(origins.state[origin])
    let values = space.values(of: state)
    let action = actionValues[Int(origins.action[origin])]
    var points: [VariableID: Double] = [:]
    for (variable, value) in zip(plan.decisionVariables, values) { points[variable] = value }
    for (variable, value) in zip(plan.chosen, action) { points[variable] = value }
    let time = space.time(of: state)
    let leaf: (ExpressionKind) -> Interval = { leaf in
      if leaf == .variable(id) { return Interval(end, .infinity, isInteger: true) }
      if case .variable(let other) = leaf, let value = points[other] { return Interval(value) }
      if case .time = leaf, let time { return Interval(Double(time)) }
      return plan.interval(of: leaf)
    }
    let analysis = TailAnalysis(pool: plan.process.pool, draw: id)
    if analysis(plan.successorRoots, leaf: leaf).contains(where: \.isDependent) { sums.mass[origin] += weight * support.tailMass }
    for (dependence, entry) in zip(analysis(plan.rewardRoots, leaf: leaf), plan.terms) where dependence.isDependent {
      let width = dependence.interval.mayFail ? .infinity : dependence.interval.upper - dependence.interval.lower
      let slack = min(width * support.tailMass, dependence.slope * support.tailExcess)
      sums.slack[origin] += weight * abs(entry.term.coefficient) * slack
      if slack == .infinity, warned.insert(stage.slot).inserted {
        let channel = plan.process.channels[entry.term.channel]
        run.warnings.append(
          .warning(
            "what cutting the tail of `\(plan.process[id].name)` leaves out of the reward \(channel.name) could not be bounded",
            at: channel.span,
            notes: ["the reward grows without bound in `\(plan.process[id].name)`; `Truncated(d, low, high)` gives it an end"]))
      }
    }
  }

  /// Pairs the lanes of each choice: the outcomes of independent parts of a step.
  private func product(_ a: LaneFrame, _ b: LaneFrame) -> LaneFrame {
    let first = Column<Int32>(capacity: a.count)
    let second = Column<Int32>(capacity: a.count)
    var from = 0
    var to = 0
    for lane in 0..<a.count {
      let origin = a.origin.pointer[lane]
      if lane == 0 || origin != a.origin.pointer[lane - 1] {
        from = to
        while to < b.count, b.origin.pointer[to] == origin { to += 1 }
      }
      for other in from..<to {
        first.append(Int32(lane))
        second.append(Int32(other))
      }
    }
    var result = a.picking(first)
    for (slot, column) in b.columns where result.columns[slot] == nil { result.columns[slot] = LaneFrame.pick(column, second) }
    for lane in 0..<result.count { result.weight.pointer[lane] *= b.weight.pointer[Int(second.pointer[lane])] }
    return result
  }

  /// Merges lanes of a choice that agree in everything that is still read.
  private func merge(_ frame: LaneFrame, _ live: [Slot]) -> LaneFrame {
    let columns = live.compactMap { frame.columns[$0]?.pointer }
    let kept = Column<Int32>(capacity: frame.count / 2)
    let weights = Column<Double>(capacity: frame.count / 2)
    var table = [Int32](repeating: -1, count: 64)
    var stamps = [Int32](repeating: -1, count: 64)
    var lane = 0
    while lane < frame.count {
      let origin = frame.origin.pointer[lane]
      var end = lane
      while end < frame.count, frame.origin.pointer[end] == origin { end += 1 }
      if table.count < 2 * (end - lane) {
        var size = table.count
        while size < 2 * (end - lane) { size *= 2 }
        table = [Int32](repeating: -1, count: size)
        stamps = table
      }
      let mask = table.count - 1
      for current in lane..<end {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for column in columns {
          hash = (hash ^ (column[current] + 0).bitPattern) &* 0xD6E8_FEB8_6659_FD93
          hash ^= hash >> 32
        }
        var place = Int(truncatingIfNeeded: hash) & mask
        while stamps[place] == origin {
          let other = Int(kept.pointer[Int(table[place])])
          if columns.allSatisfy({ $0[other] == $0[current] }) { break }
          place = (place + 1) & mask
        }
        if stamps[place] == origin {
          weights.pointer[Int(table[place])] += frame.weight.pointer[current]
        } else {
          stamps[place] = origin
          table[place] = Int32(kept.count)
          kept.append(Int32(current))
          weights.append(frame.weight.pointer[current])
        }
      }
      lane = end
    }
    var result = frame.picking(kept)
    result.weight = weights
    return result
  }

  /// Turns next values into states and draws what is observed on arrival.
  private func arrive(_ frame: LaneFrame, states: Range<Int>, _ origins: Origins, _ sums: inout Sums) throws -> LaneFrame {
    var arrived = frame
    arrived.columns = [:]
    for id in run.plan.states { arrived.columns[.current(id)] = frame.columns[.next(id)]! }
    if let time = frame.time {
      let next = Column<Double>(capacity: frame.count)
      for lane in 0..<frame.count { next.append(time.pointer[lane] + 1) }
      arrived.time = next
    }
    guard !run.plan.observed.isEmpty else { return arrived }
    let isTerminal = try terminalLanes(of: arrived) { fault(Int(frame.origin[$0]), states, origins) }
    return try advance(arrived, through: arrival, states: states, origins, &sums, settled: isTerminal)
  }

  /// Packs the successors, numbers them, merges equal ones and writes the rows.
  private func store(_ frame: LaneFrame, _ states: Range<Int>, _ origins: Origins, _ sums: Sums) throws {
    let words = run.layout.words
    let keys = Column<UInt64>(repeating: 0, count: max(1, frame.count * words))
    var columns = run.plan.decisionVariables.map { frame.columns[.current($0)]! }
    if run.layout.includesTime { columns.append(frame.time!) }
    for (field, column) in zip(run.layout.fields, columns) {
      for lane in 0..<frame.count {
        guard let code = field.code(of: column.pointer[lane]) else {
          throw fault(Int(frame.origin[lane]), states, origins)
        }
        keys.pointer[lane * words + field.word] |= code << UInt64(field.shift)
      }
    }
    var lane = 0
    for choice in origins.state.indices {
      let rowStart = run.successor.count
      var total = 0.0
      while lane < frame.count, frame.origin.pointer[lane] == Int32(choice) {
        let weight = frame.weight.pointer[lane]
        total += weight
        run.addTransition(to: run.index.insert(keys.pointer + lane * words), weight, rowStart)
        lane += 1
      }
      guard abs(total - 1) <= 1e-9 else { throw fault(choice, states, origins) }
      run.transitionStart.append(UInt32(truncatingIfNeeded: run.successor.count))
      run.choiceAction.append(origins.action[choice])
      for (column, earned) in zip(run.rewards, sums.rewards) { column.append(earned[choice]) }
      if tracksTails {
        run.truncationMass.append(sums.mass[choice])
        run.rewardSlack.append(sums.slack[choice])
      }
    }
    // Where each state's choices end.
    var choice = 0
    let base = run.choiceCount - origins.state.count
    for state in 0..<states.count {
      while choice < origins.state.count, Int(origins.state[choice]) == state { choice += 1 }
      run.choiceStart.append(UInt32(truncatingIfNeeded: base + choice))
    }
  }
}

extension ExplorationRun {
  /// Adds probability to a successor of the row that starts at `rowStart` and is still open.
  @inline(__always)
  func addTransition(to state: Int, _ weight: Double, _ rowStart: Int) {
    while seen.count <= state { seen.append(0) }
    let place = Int(seen.pointer[state])
    if place >= rowStart, place < successor.count, Int(successor.pointer[place]) == state {
      probability.pointer[place] += weight
      return
    }
    seen.pointer[state] = UInt32(truncatingIfNeeded: successor.count)
    successor.append(Int32(truncatingIfNeeded: state))
    probability.append(weight)
  }
}
