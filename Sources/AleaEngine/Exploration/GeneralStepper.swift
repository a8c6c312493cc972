import AleaModel
import AleaSyntax

/// Expands batches of states in the general form: actions are columns, draws widen the batch.
final class GeneralStepper {
  private unowned let run: ExplorationRun
  private let terminal: BatchProgram?
  private let availability: BatchProgram
  private let step: [(slot: Slot, mechanism: CompiledMechanism)]
  private let arrival: [(slot: Slot, mechanism: CompiledMechanism)]
  private let amounts: BatchProgram
  private let actionValues: [[Double]]
  private var supports: [SupportKey: Support] = [:]
  /// States a batch; halved when batches come out too wide.
  private var batchSize = 1024
  private static let widest = 1 << 19

  private struct SupportKey: Hashable {
    var slot: Slot
    var parameters: [Double]
  }

  init(_ run: ExplorationRun) throws {
    self.run = run
    let plan = run.plan
    let compiler = BatchCompiler(pool: plan.process.pool, leaf: plan.interval)
    terminal = plan.terminal.map { compiler.compile([BatchRoot($0)]) }
    availability = compiler.compile(plan.availability.map { BatchRoot($0) })
    step = plan.step.compactMap { slot in CompiledMechanism(slot, in: plan).map { (slot, $0) } }
    arrival = plan.arrival.compactMap { slot in CompiledMechanism(slot, in: plan).map { (slot, $0) } }
    amounts = compiler.compile(plan.process.channels.map { BatchRoot($0.amount, check: .reals) })
    actionValues = (0..<run.actions.count).map { run.actions.values(of: $0) }
  }

  /// Expands some states from `first` on; returns the first that was not.
  func run(from first: Int, to end: Int) throws -> Int {
    let states = first..<min(end, first + batchSize)
    let frame = decode(states)
    let active = try activeLanes(of: frame)
    let (choices, choiceState, choiceActions) = try available(active, states)
    let origins = (choiceState, choiceActions)
    var lanes = try advance(choices, through: step, states: states, origins)
    if run.plan.isClosed { try checkPolicy(lanes, states, origins) }
    let earned = try earn(lanes, choiceState.count, states, origins)
    lanes = try arrive(lanes, states: states, origins)
    try store(lanes, states, origins, earned)
    if lanes.count > Self.widest, batchSize > 1 { batchSize = max(1, batchSize / 2) }
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
    _ start: LaneFrame, through slots: [(slot: Slot, mechanism: CompiledMechanism)], states: Range<Int>, _ origins: Origins,
    settled: [Bool]? = nil
  ) throws -> LaneFrame {
    var frame = start
    var settled = settled
    for (slot, mechanism) in slots {
      switch mechanism {
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
        }
        frame = frame.picking(lanes)
        settled = settled.map { old in lanes.array.map { old[Int($0)] } }
        frame.columns[slot] = values
        frame.weight = weights
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
        distribution, last: nil,
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

  /// The expected reward of each choice, for each channel.
  private func earn(_ frame: LaneFrame, _ choices: Int, _ states: Range<Int>, _ origins: Origins) throws -> [[Double]] {
    let amounts = machine.run(amounts, on: frame)
    return try amounts.map { column in
      var sums = [Double](repeating: 0, count: choices)
      for lane in 0..<frame.count { sums[Int(frame.origin.pointer[lane])] += frame.weight.pointer[lane] * column.pointer[lane] }
      if let bad = sums.firstIndex(where: \.isNaN) { throw fault(bad, states, origins) }
      return sums
    }
  }

  /// Turns next values into states and draws what is observed on arrival.
  private func arrive(_ frame: LaneFrame, states: Range<Int>, _ origins: Origins) throws -> LaneFrame {
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
    return try advance(arrived, through: arrival, states: states, origins, settled: isTerminal)
  }

  /// Packs the successors, numbers them, merges equal ones and writes the rows.
  private func store(_ frame: LaneFrame, _ states: Range<Int>, _ origins: Origins, _ earned: [[Double]]) throws {
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
      for (column, sums) in zip(run.rewards, earned) { column.append(sums[choice]) }
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
