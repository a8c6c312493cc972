import AleaModel

/// The choice graph read backwards: for each state the choices that may lead to it, and for each choice the state that owns it.
///
/// Takes four bytes a transition and four a choice; built in linear time.
public struct ChoicePredecessors: Sendable {
  /// The choices with `s` among their successors are `choices[start[s] ..< start[s + 1]]`.
  public let start: Column<UInt32>
  public let choices: Column<UInt32>
  /// The state whose choice it is.
  public let owner: Column<Int32>

  /// - Throws: `WorkCancelled` when `control` ends the work.
  public init(of process: SparseProcess, control: WorkControl = WorkControl()) throws(WorkCancelled) {
    let stateCount = process.stateCount
    let choiceCount = process.choiceCount
    let transitionCount = process.transitionCount
    owner = ChoicePredecessors.owners(of: process)
    start = Column(repeating: 0, count: stateCount + 1)
    choices = Column(repeating: 0, count: transitionCount)
    let start = start.pointer
    let choices = choices.pointer
    let successor = process.successor.pointer
    let transitionStart = process.transitionStart.pointer
    let (phase, detail) = ("solving", "reading the graph backwards")
    try control.forEachBlock(of: transitionCount, phase, detail) { block in
      for transition in block { start[Int(successor[transition]) &+ 1] &+= 1 }
    }
    for state in 0..<stateCount { start[state &+ 1] &+= start[state] }
    let fill = Column(UnsafeBufferPointer(start: start, count: stateCount + 1))
    defer { withExtendedLifetime(fill) {} }
    let place = fill.pointer
    try control.forEachBlock(of: choiceCount, phase, detail) { block in
      for choice in block {
        for transition in Int(transitionStart[choice])..<Int(transitionStart[choice &+ 1]) {
          let target = Int(successor[transition])
          choices[Int(place[target])] = UInt32(choice)
          place[target] &+= 1
        }
      }
    }
  }

  /// The state that owns each choice.
  static func owners(of process: SparseProcess) -> Column<Int32> {
    let owner = Column<Int32>(repeating: 0, count: process.choiceCount)
    let choiceStart = process.choiceStart.pointer
    for state in 0..<process.stateCount {
      for choice in Int(choiceStart[state])..<Int(choiceStart[state &+ 1]) { owner.pointer[choice] = Int32(state) }
    }
    return owner
  }
}
