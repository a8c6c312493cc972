import AleaModel
import AleaSyntax

/// Expands batches of states with a program for each joint action.
///
/// Tables say which actions are available in each state (see ``GuardIndex``); the lanes of an action are compressed, its program runs
/// on them, and the results are put into the rows state by state. An action's program is written when the action is first available.
final class SpecializedStepper {
  private unowned let run: ExplorationRun
  private var specializer: ActionSpecializer
  private var actions: [Action]
  private let guards: GuardIndex
  /// Actions to be tested where the tables leave them, with their guards.
  private let unsettled: [Unsettled]
  private let terminal: BatchProgram?
  private let terminalPointers: [UnsafeMutablePointer<Double>]
  private let keys: [VariableID]
  /// Where the upper part of a key begins; nil when keys have one part.
  private let boundary: Int?
  private var outcomeTotal = 0

  private struct Action {
    var condition: ExpressionID
    var step: SpecializedAction?
    var inputs: [UnsafeMutablePointer<Double>] = []
  }

  private struct Unsettled {
    var action: Int
    var program: BatchProgram
    var inputs: [UnsafeMutablePointer<Double>]
  }

  /// Thrown when an action's step turns out to have no program.
  struct NotWritten: Error {}

  private let width: Int
  /// The columns of the batch: each leaf that some program reads, in the order in which they were asked for.
  private var leaves: [ExpressionKind] = []
  private var columns: [UnsafeMutablePointer<Double>] = []
  /// How many columns are filled for the batch.
  private var filled = 0
  private let condition: UnsafeMutablePointer<Double>
  private let isTerminal: UnsafeMutablePointer<Bool>
  /// The available actions of each lane.
  private let sets: UnsafeMutablePointer<UInt64>
  /// The choices of the batch in turn: action and place among the action's lanes.
  private let ordered = Column<SIMD2<Int32>>(capacity: 4096)
  /// How many lanes each action has, and where they begin among ``lanes``.
  private let laneCount: UnsafeMutablePointer<Int>
  private let laneStart: UnsafeMutablePointer<Int>
  private let lanes = Column<Int32>(capacity: 4096)
  /// The actions that are available somewhere in the batch.
  private var active: [Int] = []
  /// Inputs of an action's lanes only, and the results of all actions.
  private let compressed = Column<Double>(capacity: 4096)
  private let results = Column<Double>(capacity: 4096)
  private let outcomeCounts: UnsafeMutablePointer<Int>
  private let resultTable: UnsafeMutablePointer<UnsafeMutablePointer<Double>>
  private var inputScratch: [UnsafeMutablePointer<Double>] = []
  private var outputScratch: [UnsafeMutablePointer<Double>] = []

  private static let mostActions = 32_768

  /// Nil when the process is left to the general form.
  init?(_ run: ExplorationRun) throws {
    let count = run.actions.count
    guard count <= Self.mostActions, count > 0,
      var specializer = ActionSpecializer(plan: run.plan, layout: run.layout, expander: run.stepper.expander)
    else { return nil }
    // Writing programs out pays where they run on many states.
    if run.options.strategy == .automatic, let combinations = run.layout.combinationCount, combinations < 16_384 { return nil }
    let conditions = (0..<count).map { specializer.condition(values: run.actions.values(of: $0)) }
    let guards = specializer.guardIndex(conditions, machine: run.machine)
    self.guards = guards
    self.run = run
    actions = conditions.map { Action(condition: $0) }
    keys = specializer.keys
    boundary = specializer.split.boundary
    terminal = run.plan.terminal.map {
      BatchCompiler(pool: run.plan.process.pool, leaf: run.plan.interval).compile([BatchRoot($0)])
    }
    // More actions share a batch's states: more states keep their programs busy.
    width = (count > 32 ? 8 : 2) * BatchMachine.width
    condition = .allocate(capacity: width)
    isTerminal = .allocate(capacity: width)
    sets = .allocate(capacity: width * guards.words)
    laneCount = .allocate(capacity: count)
    laneStart = .allocate(capacity: count)
    outcomeCounts = .allocate(capacity: count)
    resultTable = .allocate(capacity: count)
    laneCount.update(repeating: 0, count: count)
    var leaves: [ExpressionKind] = []
    var columns: [UnsafeMutablePointer<Double>] = []
    let width = width
    func column(_ leaf: ExpressionKind) -> UnsafeMutablePointer<Double> {
      if let place = leaves.firstIndex(of: leaf) { return columns[place] }
      leaves.append(leaf)
      columns.append(.allocate(capacity: width))
      return columns[columns.count - 1]
    }
    terminalPointers = terminal?.inputs.map(column) ?? []
    if run.layout.includesTime { _ = column(.time) }
    unsettled = guards.unsettled.map { action in
      let program = specializer.compile(condition: conditions[action])
      return Unsettled(action: action, program: program, inputs: program.inputs.map(column))
    }
    self.leaves = leaves
    self.columns = columns
    self.specializer = specializer
    // Where the first action cannot be written out the others cannot either, nearly always.
    if let first = conditions.firstIndex(where: { specializer.pool.constant($0) != 0 }) {
      guard (try? write(first)) != nil else { return nil }
    }
  }

  deinit {
    for column in columns { column.deallocate() }
    condition.deallocate()
    isTerminal.deallocate()
    sets.deallocate()
    laneCount.deallocate()
    laneStart.deallocate()
    outcomeCounts.deallocate()
    resultTable.deallocate()
  }

  private func column(_ leaf: ExpressionKind) -> UnsafeMutablePointer<Double> {
    if let place = leaves.firstIndex(of: leaf) { return columns[place] }
    leaves.append(leaf)
    columns.append(.allocate(capacity: width))
    return columns[columns.count - 1]
  }

  /// Writes an action's program.
  private func write(_ number: Int) throws {
    guard
      let step = specializer.specialize(number, values: run.actions.values(of: number), where: actions[number].condition)
    else { throw NotWritten() }
    outcomeTotal += step.outcomeCount
    guard outcomeTotal <= ActionSpecializer.outcomeLimit else { throw NotWritten() }
    actions[number].inputs = step.program.inputs.map { column($0) }
    actions[number].step = step
    outcomeCounts[number] = step.outcomeCount
  }

  /// Expands some states from `first` on; returns the first that was not.
  func run(from first: Int, to end: Int) throws -> Int {
    // Some batches together, so that progress and limits cost nothing.
    var next = first
    let last = min(end, first + 32_768)
    while next < last {
      let states = next..<min(last, next + width)
      try expand(states)
      next = states.upperBound
    }
    return next
  }

  private func expand(_ states: Range<Int>) throws {
    let count = states.count
    filled = 0
    fillColumns(states)
    try findTerminal(states)
    let keyWords = run.index.words
    guards.fill(sets, keys: run.index.keys.pointer + states.lowerBound * keyWords, keyWords: keyWords, count: count)
    try testUnsettled(states)
    let choices = listChoices(states)
    for action in active where actions[action].step == nil { try write(action) }
    fillColumns(states)
    var transitions = 0
    var room = 0
    for action in active {
      transitions += laneCount[action] * outcomeCounts[action]
      room += laneCount[action] * (actions[action].step?.program.outputCount ?? 0)
    }
    var target = results.room(room)
    for action in active {
      resultTable[action] = target
      target = compute(action, states, into: target)
    }
    try store(states, choices, transitions)
  }

  /// Fills the columns that were asked for since the last call.
  private func fillColumns(_ states: Range<Int>) {
    while filled < leaves.count {
      let column = columns[filled]
      if case .variable(let id) = leaves[filled], let part = keys.firstIndex(of: id) {
        let keys = run.index.keys.pointer + states.lowerBound
        let shift = UInt64(part == 0 ? 0 : boundary ?? 0)
        let mask: UInt64 = part == 0 && boundary != nil ? (1 << UInt64(boundary ?? 0)) - 1 : .max
        for lane in 0..<states.count { column[lane] = Double(Int64(truncatingIfNeeded: (keys[lane] & mask) >> shift)) }
      } else if let number = run.layout.field(of: leaves[filled]) {
        run.layout.decode(number, keys: run.index.keys.pointer, states: states, into: column)
      }
      filled += 1
    }
  }

  private func findTerminal(_ states: Range<Int>) throws {
    let count = states.count
    isTerminal.update(repeating: false, count: count)
    if let terminal {
      run.machine.run(terminal, count: count, inputs: terminalPointers, outputs: [condition])
      for lane in 0..<count {
        if condition[lane].isNaN { throw fault(states.lowerBound + lane, nil) }
        isTerminal[lane] = condition[lane] != 0
      }
    }
    if let horizon = run.plan.horizon, run.layout.includesTime {
      let time = column(.time)
      for lane in 0..<count where time[lane] >= Double(horizon) { isTerminal[lane] = true }
    }
  }

  private func fault(_ state: Int, _ action: Int?) -> Diagnostic {
    let space = StateSpace(layout: run.layout, index: run.index)
    return run.stepper.fault(
      state: space.values(of: state), time: Double(space.time(of: state) ?? 0), action: action.map { run.actions.values(of: $0) })
  }

  /// Evaluates the guards that the tables do not settle, and takes actions out of the sets where they are not available.
  private func testUnsettled(_ states: Range<Int>) throws {
    let count = states.count
    let words = guards.words
    for each in unsettled {
      let word = each.action / 64
      let bit = UInt64(1) << UInt64(each.action % 64)
      run.machine.run(each.program, count: count, inputs: each.inputs, outputs: [condition])
      for lane in 0..<count where sets[lane * words + word] & bit != 0 && !isTerminal[lane] {
        if condition[lane].isNaN { throw fault(states.lowerBound + lane, each.action) }
        if condition[lane] == 0 { sets[lane * words + word] &= ~bit }
      }
    }
  }

  /// Lists the choices of the batch and the lanes of each action; returns how many choices there are.
  private func listChoices(_ states: Range<Int>) -> Int {
    let count = states.count
    let words = guards.words
    for action in active { laneCount[action] = 0 }
    active.removeAll(keepingCapacity: true)
    var choices = 0
    for lane in 0..<count where !isTerminal[lane] {
      for word in 0..<words { choices &+= sets[lane &* words &+ word].nonzeroBitCount }
    }
    let ordered = ordered.room(choices)
    let base = run.choiceCount
    let ends = run.choiceStart.reserve(count)
    var place = 0
    for lane in 0..<count {
      let first = place
      if !isTerminal[lane] {
        for word in 0..<words {
          var rest = sets[lane &* words &+ word]
          while rest != 0 {
            let action = word &* 64 &+ rest.trailingZeroBitCount
            rest &= rest &- 1
            let earlier = laneCount[action]
            if earlier == 0 { active.append(action) }
            ordered[place] = SIMD2(Int32(truncatingIfNeeded: action), Int32(truncatingIfNeeded: earlier))
            laneCount[action] = earlier &+ 1
            place &+= 1
          }
        }
        if place == first { run.deadlocks.append(Int32(states.lowerBound + lane)) }
      }
      ends[lane] = UInt32(truncatingIfNeeded: base &+ place)
    }
    run.choiceStart.commit(count)
    var start = 0
    for action in active {
      laneStart[action] = start
      start += laneCount[action]
    }
    let lanes = lanes.room(choices)
    var choice = 0
    for lane in 0..<count {
      let end = Int(ends[lane]) &- base
      while choice < end {
        lanes[laneStart[Int(ordered[choice].x)] &+ Int(ordered[choice].y)] = Int32(truncatingIfNeeded: lane)
        choice &+= 1
      }
    }
    return choices
  }

  /// Runs an action's program on its lanes; returns the address after its results.
  private func compute(
    _ number: Int, _ states: Range<Int>, into target: UnsafeMutablePointer<Double>
  ) -> UnsafeMutablePointer<Double> {
    guard let step = actions[number].step else { return target }
    let enabled = laneCount[number]
    outputScratch.removeAll(keepingCapacity: true)
    for output in 0..<step.program.outputCount { outputScratch.append(target + output * enabled) }
    let after = target + step.program.outputCount * enabled
    if enabled == states.count {
      run.machine.run(step.program, count: enabled, inputs: actions[number].inputs, outputs: outputScratch)
      return after
    }
    let inputCount = step.program.inputs.count
    let room = compressed.room(inputCount * enabled)
    let lanes = lanes.pointer + laneStart[number]
    inputScratch.removeAll(keepingCapacity: true)
    for input in 0..<inputCount {
      let source = actions[number].inputs[input]
      let packed = room + input * enabled
      for place in 0..<enabled { packed[place] = source[Int(lanes[place])] }
      inputScratch.append(packed)
    }
    run.machine.run(step.program, count: enabled, inputs: inputScratch, outputs: outputScratch)
    return after
  }

  /// Writes the rows of a batch, state by state.
  private func store(_ states: Range<Int>, _ choices: Int, _ transitions: Int) throws {
    let index = run.index
    let direct = index.directTable
    let ordered = UnsafePointer(ordered.pointer)
    let laneCount = UnsafePointer(laneCount)
    let resultTable = UnsafePointer(resultTable)
    let outcomeCounts = UnsafePointer(outcomeCounts)
    let starts = run.transitionStart.reserve(choices)
    let chosen = run.choiceAction.reserve(choices)
    let successors = run.successor.reserve(transitions)
    let probabilities = run.probability.reserve(transitions)
    let base = run.successor.count
    // Each outcome has a weight and the parts of its key.
    let stride = 1 + keys.count
    let shift = UInt64(boundary ?? 0)
    var written = 0
    for choice in 0..<choices {
      let number = Int(ordered[choice].x)
      let width = laneCount[number]
      let outcomes = outcomeCounts[number]
      var result = resultTable[number] + Int(ordered[choice].y)
      let rowStart = written
      var total = 0.0
      for _ in 0..<outcomes {
        let weight = result[0]
        let key = result[width]
        let upper = shift == 0 ? 0 : result[2 &* width]
        result += stride &* width
        if weight > 0 {
          // A successor outside its domain has the key NaN.
          guard key >= 0, upper >= 0 else { throw fault(states.lowerBound, choice: choice) }
          var code = UInt64(Int64(key)) | UInt64(Int64(upper)) << shift
          let state: Int32
          if let direct, direct[Int(truncatingIfNeeded: code)] != 0 {
            state = direct[Int(truncatingIfNeeded: code)] &- 1
          } else {
            state = Int32(truncatingIfNeeded: index.insert(&code))
          }
          total += weight
          var earlier = rowStart
          while earlier < written, successors[earlier] != state { earlier &+= 1 }
          if earlier < written {
            probabilities[earlier] += weight
          } else {
            successors[written] = state
            probabilities[written] = weight
            written &+= 1
          }
        } else if weight != 0 {
          throw fault(states.lowerBound, choice: choice)
        }
      }
      guard abs(total - 1) <= 1e-9 else { throw fault(states.lowerBound, choice: choice) }
      starts[choice] = UInt32(truncatingIfNeeded: base &+ written)
      chosen[choice] = Int32(truncatingIfNeeded: number)
    }
    for (channel, column) in run.rewards.enumerated() {
      let target = column.reserve(choices)
      for choice in 0..<choices {
        let number = Int(ordered[choice].x)
        let output = stride &* outcomeCounts[number] &+ channel
        let reward = resultTable[number][output &* laneCount[number] &+ Int(ordered[choice].y)]
        if reward.isNaN { throw fault(states.lowerBound, choice: choice) }
        target[choice] = reward
      }
      column.commit(choices)
    }
    run.transitionStart.commit(choices)
    run.choiceAction.commit(choices)
    run.successor.commit(written)
    run.probability.commit(written)
  }

  private func fault(_ firstState: Int, choice: Int) -> Diagnostic {
    let number = Int(ordered.pointer[choice].x)
    let lane = Int(lanes.pointer[laneStart[number] + Int(ordered.pointer[choice].y)])
    return fault(firstState + lane, number)
  }
}

extension Column {
  /// Room for so many elements from the start on, whatever was there.
  fileprivate func room(_ needed: Int) -> UnsafeMutablePointer<Element> { reserve(max(0, needed - count)) - count }
}
