import AleaModel
import AleaSyntax

/// Expands batches of states with a program for each joint action.
///
/// Guards are evaluated for the whole batch, the lanes where an action is available are compressed, its program runs on them, and the
/// results are put into the rows state by state.
final class SpecializedStepper {
  private unowned let run: ExplorationRun
  private let actions: [SpecializedAction]
  private let terminal: BatchProgram?
  private let keys: [VariableID]
  /// Where the upper part of a key begins; nil when keys have one part.
  private let boundary: Int?

  private static let width = 2 * BatchMachine.width

  /// The columns of the batch: each leaf that some program reads.
  private var columns: [ExpressionKind: UnsafeMutablePointer<Double>] = [:]
  private var fieldColumns: [(number: Int, column: UnsafeMutablePointer<Double>)] = []
  /// The parts of keys that programs read, by their number.
  private var keyColumns: [(part: Int, column: UnsafeMutablePointer<Double>)] = []
  private let condition: UnsafeMutablePointer<Double>
  private let isTerminal: UnsafeMutablePointer<Bool>
  /// Compressed inputs.
  private let compressed: UnsafeMutablePointer<Double>
  /// Each action's results and the lanes they belong to.
  private let results: [UnsafeMutablePointer<Double>]
  private let lanes: [UnsafeMutablePointer<Int32>]
  private let laneCount: UnsafeMutablePointer<Int>
  /// The choices of each lane in turn: action and place among the action's lanes.
  private let offsets: UnsafeMutablePointer<Int32>
  private let ordered: UnsafeMutablePointer<SIMD2<Int32>>
  private let resultPointers: [[UnsafeMutablePointer<Double>]]
  private let inputPointers: [[UnsafeMutablePointer<Double>]]
  private let guardPointers: [[UnsafeMutablePointer<Double>]]
  private let compressedPointers: [[UnsafeMutablePointer<Double>]]
  private let outcomeCounts: UnsafeMutablePointer<Int>
  private let resultTable: UnsafeMutablePointer<UnsafeMutablePointer<Double>>
  private let terminalPointers: [UnsafeMutablePointer<Double>]

  /// Nil when the process is left to the general form.
  init?(_ run: ExplorationRun) throws {
    let count = run.actions.count
    guard count <= 2048, count > 0,
      var specializer = ActionSpecializer(plan: run.plan, layout: run.layout, expander: run.stepper.expander)
    else { return nil }
    // Writing programs out pays where they run on many states.
    if run.options.strategy == .automatic, let combinations = run.layout.combinationCount, combinations < 16_384 { return nil }
    var actions: [SpecializedAction] = []
    var outcomes = 0
    for action in 0..<count {
      guard let specialized = specializer.specialize(action, values: run.actions.values(of: action)) else { return nil }
      outcomes += specialized.outcomeCount
      guard outcomes <= ActionSpecializer.outcomeLimit else { return nil }
      actions.append(specialized)
    }
    self.run = run
    self.actions = actions
    keys = specializer.keys
    boundary = specializer.split.boundary
    let compiler = BatchCompiler(pool: run.plan.process.pool, leaf: run.plan.interval)
    terminal = run.plan.terminal.map { compiler.compile([BatchRoot($0)]) }

    let width = Self.width
    var columns: [ExpressionKind: UnsafeMutablePointer<Double>] = [:]
    let programs = actions.flatMap { [$0.program] + ($0.guardProgram.map { [$0] } ?? []) } + (terminal.map { [$0] } ?? [])
    for leaf in programs.flatMap(\.inputs) where columns[leaf] == nil { columns[leaf] = .allocate(capacity: width) }
    if run.layout.includesTime, columns[.time] == nil { columns[.time] = .allocate(capacity: width) }
    for (leaf, column) in columns {
      switch leaf {
      case .variable(let id):
        if let part = keys.firstIndex(of: id) {
          keyColumns.append((part, column))
        } else if let number = run.layout.variables.firstIndex(of: id) {
          fieldColumns.append((number, column))
        }
      default: fieldColumns.append((run.layout.variables.count, column))
      }
    }
    self.columns = columns
    condition = .allocate(capacity: width)
    isTerminal = .allocate(capacity: width)
    let inputCount = actions.map(\.program.inputs.count).max() ?? 0
    compressed = .allocate(capacity: max(1, inputCount * width))
    results = actions.map { .allocate(capacity: max(1, $0.program.outputCount * width)) }
    lanes = actions.map { _ in .allocate(capacity: width) }
    laneCount = .allocate(capacity: count)
    offsets = .allocate(capacity: width + 1)
    ordered = .allocate(capacity: width * count)
    outcomeCounts = .allocate(capacity: count)
    resultTable = .allocate(capacity: count)
    for (number, action) in actions.enumerated() {
      outcomeCounts[number] = action.outcomeCount
      resultTable[number] = results[number]
    }
    let compressed = compressed
    let results = results
    resultPointers = actions.indices.map { action in
      (0..<actions[action].program.outputCount).map { results[action] + $0 * width }
    }
    inputPointers = actions.map { $0.program.inputs.map { columns[$0]! } }
    guardPointers = actions.map { $0.guardProgram?.inputs.map { columns[$0]! } ?? [] }
    compressedPointers = actions.map { $0.program.inputs.indices.map { compressed + $0 * width } }
    terminalPointers = terminal?.inputs.map { columns[$0]! } ?? []
  }

  deinit {
    for column in columns.values { column.deallocate() }
    condition.deallocate()
    isTerminal.deallocate()
    compressed.deallocate()
    for column in results { column.deallocate() }
    for column in lanes { column.deallocate() }
    laneCount.deallocate()
    offsets.deallocate()
    ordered.deallocate()
    outcomeCounts.deallocate()
    resultTable.deallocate()
  }

  /// Expands some states from `first` on; returns the first that was not.
  func run(from first: Int, to end: Int) throws -> Int {
    // Some batches together, so that progress and limits cost nothing.
    var next = first
    let last = min(end, first + 64 * Self.width)
    while next < last {
      let states = next..<min(last, next + Self.width)
      try expand(states)
      next = states.upperBound
    }
    return next
  }

  private func expand(_ states: Range<Int>) throws {
    let count = states.count
    for (number, column) in fieldColumns {
      run.layout.decode(number, keys: run.index.keys.pointer, states: states, into: column)
    }
    for (part, column) in keyColumns {
      let keys = run.index.keys.pointer + states.lowerBound
      let shift = UInt64(part == 0 ? 0 : boundary ?? 0)
      let mask: UInt64 = part == 0 && boundary != nil ? (1 << UInt64(boundary ?? 0)) - 1 : .max
      for lane in 0..<count { column[lane] = Double(Int64(truncatingIfNeeded: (keys[lane] & mask) >> shift)) }
    }
    try findTerminal(states)
    offsets.update(repeating: 0, count: count + 1)
    var choices = 0
    var transitions = 0
    for action in actions.indices {
      try compress(action, states)
      let enabled = laneCount[action]
      for place in 0..<enabled { offsets[Int(lanes[action][place]) + 1] += 1 }
      choices += enabled
      transitions += enabled * actions[action].outcomeCount
    }
    for lane in 0..<count { offsets[lane + 1] += offsets[lane] }
    for lane in 0..<count where offsets[lane] == offsets[lane + 1] && !isTerminal[lane] {
      run.deadlocks.append(Int32(states.lowerBound + lane))
    }
    // The rows' choices end where the offsets say, before placing moves them.
    let base = run.choiceCount
    let ends = run.choiceStart.reserve(count)
    for lane in 0..<count { ends[lane] = UInt32(truncatingIfNeeded: base + Int(offsets[lane + 1])) }
    run.choiceStart.commit(count)
    for action in actions.indices {
      let lanes = lanes[action]
      for place in 0..<laneCount[action] {
        let lane = Int(lanes[place])
        ordered[Int(offsets[lane])] = SIMD2(Int32(truncatingIfNeeded: action), Int32(truncatingIfNeeded: place))
        offsets[lane] += 1
      }
    }
    try store(states, choices, transitions)
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
    if let horizon = run.plan.horizon, let time = columns[.time] {
      for lane in 0..<count where time[lane] >= Double(horizon) { isTerminal[lane] = true }
    }
  }

  private func fault(_ state: Int, _ action: Int?) -> Diagnostic {
    let space = StateSpace(layout: run.layout, index: run.index)
    return run.stepper.fault(
      state: space.values(of: state), time: Double(space.time(of: state) ?? 0), action: action.map { run.actions.values(of: $0) })
  }

  /// Finds the lanes where an action is available and runs its program on them.
  private func compress(_ number: Int, _ states: Range<Int>) throws {
    let count = states.count
    let lanes = lanes[number]
    var enabled = 0
    if let program = actions[number].guardProgram {
      if program.outputConstant[0] == 0 {
        laneCount[number] = 0
        return
      }
      run.machine.run(program, count: count, inputs: guardPointers[number], outputs: [condition])
      if program.outputMayFail[0] {
        for lane in 0..<count where condition[lane].isNaN && !isTerminal[lane] {
          throw fault(states.lowerBound + lane, actions[number].action)
        }
      }
      for lane in 0..<count {
        lanes[enabled] = Int32(truncatingIfNeeded: lane)
        enabled &+= condition[lane] != 0 && !isTerminal[lane] ? 1 : 0
      }
    } else {
      for lane in 0..<count {
        lanes[enabled] = Int32(truncatingIfNeeded: lane)
        enabled &+= isTerminal[lane] ? 0 : 1
      }
    }
    laneCount[number] = enabled
    guard enabled > 0 else { return }
    if enabled == count {
      run.machine.run(
        actions[number].program, count: count, inputs: inputPointers[number], outputs: resultPointers[number])
      return
    }
    for (source, target) in zip(inputPointers[number], compressedPointers[number]) {
      for place in 0..<enabled { target[place] = source[Int(lanes[place])] }
    }
    run.machine.run(
      actions[number].program, count: enabled, inputs: compressedPointers[number], outputs: resultPointers[number])
  }

  /// Writes the rows of a batch, state by state.
  private func store(_ states: Range<Int>, _ choices: Int, _ transitions: Int) throws {
    let width = Self.width
    let index = run.index
    let direct = index.directTable
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
      let place = Int(ordered[choice].y)
      let outcomes = outcomeCounts[number]
      var result = resultTable[number] + place
      let rowStart = written
      var total = 0.0
      for _ in 0..<outcomes {
        let weight = result[0]
        let key = result[width]
        let upper = shift == 0 ? 0 : result[2 * width]
        result += stride * width
        if weight > 0 {
          // A successor outside its domain has the key NaN.
          guard key >= 0, upper >= 0 else { throw fault(states.lowerBound, choice: choice) }
          var code = UInt64(key) | UInt64(upper) << shift
          let state: Int32
          if let direct, direct[Int(code)] != 0 {
            state = direct[Int(code)] &- 1
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
        let reward = resultTable[number][(stride * outcomeCounts[number] + channel) * width + Int(ordered[choice].y)]
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
    let number = Int(ordered[choice].x)
    let lane = Int(lanes[number][Int(ordered[choice].y)])
    return fault(firstState + lane, actions[number].action)
  }
}
