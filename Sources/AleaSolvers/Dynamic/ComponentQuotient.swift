import AleaModel

/// A process with each of the given end components drawn together into one state, ready for ``ComponentSolver``.
///
/// The choices of such a state are those that may lead out of its component, from whichever member: inside, every member can be
/// reached from every other with probability one. A component may also be one to stay in, for a value given as an interval; then its
/// state has one more choice that leads to a fixed state of that value.
struct ComponentQuotient {
  let problem: ComponentProblem
  /// The state of the quotient for each state of the process, -1 for those left out; nil when the two are the same.
  let blockOf: Column<Int32>?
  /// The choice of the process behind each choice of the quotient, -1 for staying; nil when the two are the same.
  let origin: Column<Int32>?

  /// What is known of the states and choices that go in.
  struct Frame {
    /// States whose value is given by `lower` and `upper`.
    var fixed: StateSet
    var lower: Column<Double>
    var upper: Column<Double>
    /// One entry a choice, zero where it must not be used; nil when all may.
    var allowed: Column<UInt8>?
    /// States that are left out altogether; no allowed choice of another state leads there.
    var excluded: StateSet?
  }

  /// - Parameters:
  ///   - ends: the end components to be drawn together; none of their states is fixed or excluded.
  ///   - staying: for each of them the interval of what staying for ever is worth, or nil where nobody stays.
  init(
    _ process: SparseProcess, reward: Column<Double>, frame: Frame, ends: MaximalEndComponents?,
    staying: [(lower: Double, upper: Double)?] = []
  ) {
    guard let ends, !ends.isEmpty || frame.allowed != nil || frame.excluded != nil else {
      problem = ComponentProblem(
        choiceStart: process.choiceStart, transitionStart: process.transitionStart, successor: process.successor,
        probability: process.probability, reward: reward, fixed: frame.fixed, lower: frame.lower, upper: frame.upper)
      blockOf = nil
      origin = nil
      return
    }
    let stateCount = process.stateCount
    let component = ends.componentOf.pointer
    let fixed = frame.fixed.flags.pointer
    let block = Column<Int32>(repeating: -1, count: stateCount)
    var representative: [Int32] = []
    var blockOfComponent = [Int32](repeating: -1, count: ends.count)
    for state in 0..<stateCount {
      if let excluded = frame.excluded, excluded.flags.pointer[state] != 0 { continue }
      let number = Int(component[state])
      if number >= 0, blockOfComponent[number] >= 0 {
        block.pointer[state] = blockOfComponent[number]
        continue
      }
      block.pointer[state] = Int32(representative.count)
      if number >= 0 { blockOfComponent[number] = Int32(representative.count) }
      representative.append(Int32(state))
    }
    let staysCount = staying.reduce(0) { $0 + ($1 == nil ? 0 : 1) }
    let count = representative.count + staysCount

    var rows = QuotientRows(blockCount: count)
    let fixedOut = StateSet(count: count)
    let lower = Column<Double>(repeating: -.infinity, count: count)
    let upper = Column<Double>(repeating: .infinity, count: count)
    var sink = representative.count
    for (place, first) in representative.enumerated() {
      if fixed[Int(first)] != 0 {
        fixedOut.flags.pointer[place] = 1
        lower.pointer[place] = frame.lower.pointer[Int(first)]
        upper.pointer[place] = frame.upper.pointer[Int(first)]
      } else if component[Int(first)] >= 0 {
        let number = Int(component[Int(first)])
        for member in ends.states(of: number) {
          for choice in process.choices(of: Int(member))
          where ends.staysInside.pointer[choice] == 0 && (frame.allowed == nil || frame.allowed!.pointer[choice] != 0) {
            rows.add(process, choice: choice, reward: reward.pointer[choice], blockOf: block.pointer)
          }
        }
        if let worth = number < staying.count ? staying[number] : nil {
          fixedOut.flags.pointer[sink] = 1
          lower.pointer[sink] = worth.lower
          upper.pointer[sink] = worth.upper
          rows.addStay(to: Int32(sink))
          sink += 1
        }
      } else {
        for choice in process.choices(of: Int(first)) where frame.allowed == nil || frame.allowed!.pointer[choice] != 0 {
          rows.add(process, choice: choice, reward: reward.pointer[choice], blockOf: block.pointer)
        }
      }
      rows.endState()
    }
    for _ in 0..<staysCount { rows.endState() }
    problem = ComponentProblem(
      choiceStart: rows.choiceStart, transitionStart: rows.transitionStart, successor: rows.successor,
      probability: rows.probability, reward: rows.reward, fixed: fixedOut, lower: lower, upper: upper,
      mergedTerms: rows.mergedTerms)
    blockOf = block
    origin = rows.origin
  }

  /// Numbers of the quotient's states, for each state of the process; none of them is left out.
  func spread(_ numbers: Column<Double>, count: Int) -> [Double] {
    [Double](unsafeUninitializedCapacity: count) { buffer, written in
      let numbers = numbers.pointer
      if let block = blockOf?.pointer {
        for state in 0..<count { buffer[state] = numbers[Int(block[state])] }
      } else {
        for state in 0..<count { buffer[state] = numbers[state] }
      }
      written = count
    }
  }

  /// The state of the quotient that stands for a state, or -1.
  func block(of state: Int) -> Int { blockOf.map { Int($0.pointer[state]) } ?? state }
}

/// Rows under construction: successors are drawn together into blocks, and equal ones merged.
private struct QuotientRows {
  let choiceStart = Column<UInt32>([0])
  let transitionStart = Column<UInt32>([0])
  let successor = Column<Int32>()
  let probability = Column<Double>()
  let reward = Column<Double>()
  let origin = Column<Int32>()
  /// Where in the row being written each block stands, when it is at least the row's start.
  private var place: [Int]
  /// The most transitions of a row in which some were merged.
  private(set) var mergedTerms = 0

  init(blockCount: Int) { place = [Int](repeating: -1, count: blockCount) }

  mutating func add(_ process: SparseProcess, choice: Int, reward earned: Double, blockOf: UnsafePointer<Int32>) {
    let transitions = process.transitions(of: choice)
    let start = successor.count
    let targets = successor.reserve(transitions.count)
    let weights = probability.reserve(transitions.count)
    var written = 0
    for transition in transitions {
      let block = blockOf[Int(process.successor.pointer[transition])]
      let p = process.probability.pointer[transition]
      let earlier = place[Int(block)]
      if earlier >= start {
        weights[earlier - start] += p
      } else {
        place[Int(block)] = start + written
        targets[written] = block
        weights[written] = p
        written += 1
      }
    }
    if written < transitions.count { mergedTerms = max(mergedTerms, transitions.count) }
    successor.commit(written)
    probability.commit(written)
    transitionStart.append(UInt32(successor.count))
    reward.append(earned)
    origin.append(Int32(choice))
  }

  mutating func addStay(to sink: Int32) {
    successor.append(sink)
    probability.append(1)
    transitionStart.append(UInt32(successor.count))
    reward.append(0)
    origin.append(-1)
  }

  mutating func endState() { choiceStart.append(UInt32(reward.count)) }
}
