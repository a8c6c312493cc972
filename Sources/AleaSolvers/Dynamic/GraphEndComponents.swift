import AleaModel

/// The maximal end components of a process: the largest sets of states within which a policy can stay for ever, moving between any
/// two of their states.
///
/// With probability one a process ends in a terminal state or stays from some time on in one end component; total and average
/// rewards are therefore settled by what can be earned inside them. Terminal states belong to none.
///
/// Found by refining strongly connected components: choices that leave their component are dropped, states without choices are
/// removed together with everything that depends on them, and only components that lost something are searched again.
/// Source: de Alfaro, *Formal Verification of Probabilistic Systems* (1997), section 3.3.
public struct MaximalEndComponents: Sendable {
  /// The end component of each state, or -1.
  public let componentOf: Column<Int32>
  /// `members[memberStart[c] ..< memberStart[c + 1]]` are the states of component `c`.
  public let memberStart: Column<Int32>
  public let members: Column<Int32>
  /// One entry a choice: 1 when all its successors lie in the end component of its own state.
  public let staysInside: Column<UInt8>

  public var count: Int { memberStart.count - 1 }
  public var isEmpty: Bool { memberStart.count == 1 }

  public func states(of component: Int) -> UnsafeBufferPointer<Int32> {
    let first = Int(memberStart[component])
    return UnsafeBufferPointer(start: members.pointer + first, count: Int(memberStart[component + 1]) - first)
  }

  /// Finds the maximal end components of the whole process, or of the part that uses only the enabled choices.
  ///
  /// - Parameters:
  ///   - predecessors: the choice graph read backwards, of the same process.
  ///   - enabled: one entry a choice, zero where it is left out; nil when all count.
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public init(
    of process: SparseProcess, predecessors: ChoicePredecessors, enabled: Column<UInt8>? = nil,
    control: WorkControl = WorkControl()
  ) throws(WorkCancelled) {
    let stateCount = process.stateCount
    let choiceCount = process.choiceCount
    let choiceStart = process.choiceStart.pointer
    let transitionStart = process.transitionStart.pointer
    let successor = process.successor.pointer
    let allowed =
      enabled.map { Column(UnsafeBufferPointer(start: $0.pointer, count: choiceCount)) }
      ?? Column<UInt8>(repeating: 1, count: choiceCount)
    let component = Column<Int32>(repeating: -1, count: stateCount)
    let start = Column<Int32>(capacity: 16)
    let found = Column<Int32>(capacity: 16)
    start.append(0)

    // How many choices each state has left, and the states that have just lost their last one.
    let left = Column<Int32>(repeating: 0, count: stateCount)
    var removed: [Int32] = []
    for state in 0..<stateCount {
      for choice in Int(choiceStart[state])..<Int(choiceStart[state + 1]) where allowed.pointer[choice] != 0 {
        left.pointer[state] += 1
      }
      if left.pointer[state] == 0 { removed.append(Int32(state)) }
    }
    func disable(_ choice: Int, of state: Int) {
      allowed.pointer[choice] = 0
      left.pointer[state] -= 1
      if left.pointer[state] == 0 { removed.append(Int32(state)) }
    }
    func removeAll() throws(WorkCancelled) {
      var steps = 0
      while let state = removed.popLast() {
        steps &+= 1
        if steps & (WorkControl.blockSize - 1) == 0 { try control.check("solving", "looking for end components") }
        let first = Int(predecessors.start.pointer[Int(state)])
        let end = Int(predecessors.start.pointer[Int(state) + 1])
        for position in first..<end {
          let choice = Int(predecessors.choices.pointer[position])
          if allowed.pointer[choice] != 0 { disable(choice, of: Int(predecessors.owner.pointer[choice])) }
        }
      }
    }
    try removeAll()

    let search = ComponentSearch(process.choiceStart, process.transitionStart, process.successor, control)
    // Within a round: the number of the strongly connected component of each remaining state.
    let group = Column<Int32>(repeating: -1, count: stateCount)
    var remaining: [Int32] = []
    for state in 0..<stateCount where left.pointer[state] > 0 { remaining.append(Int32(state)) }
    var grouped: [Int32] = []
    var groupStart: [Int] = []
    while !remaining.isEmpty {
      try control.check("solving", "looking for end components")
      grouped.removeAll(keepingCapacity: true)
      groupStart = [0]
      search.reset(remaining)
      for state in remaining where search.isUnvisited(Int(state)) {
        try search.visit(from: Int(state), enabled: UnsafePointer(allowed.pointer)) { states in
          for member in states { group.pointer[Int(member)] = Int32(groupStart.count - 1) }
          grouped.append(contentsOf: states)
          groupStart.append(grouped.count)
        }
      }
      remaining.removeAll(keepingCapacity: true)
      var again: [Int32] = []
      for number in 0..<(groupStart.count - 1) {
        let states = grouped[groupStart[number]..<groupStart[number + 1]]
        var lost = false
        for state in states {
          for choice in Int(choiceStart[Int(state)])..<Int(choiceStart[Int(state) + 1]) where allowed.pointer[choice] != 0 {
            for transition in Int(transitionStart[choice])..<Int(transitionStart[choice + 1])
            where group.pointer[Int(successor[transition])] != Int32(number) {
              disable(choice, of: Int(state))
              lost = true
              break
            }
          }
        }
        if lost {
          again.append(contentsOf: states)
        } else {
          for state in states { component.pointer[Int(state)] = Int32(start.count - 1) }
          for state in states { found.append(state) }
          start.append(Int32(found.count))
        }
      }
      try removeAll()
      for state in again {
        if left.pointer[Int(state)] > 0 { remaining.append(state) }
      }
      // Those that are settled, and those that are gone, must not look like neighbours in the next round.
      for state in grouped { group.pointer[Int(state)] = -1 }
    }

    // Of the choices that were left out from the start none stays inside, by the caller's wish.
    for choice in 0..<choiceCount where allowed.pointer[choice] != 0 {
      if component.pointer[Int(predecessors.owner.pointer[choice])] < 0 { allowed.pointer[choice] = 0 }
    }
    componentOf = component
    memberStart = start
    members = found
    staysInside = allowed
  }
}
