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

  public init(of process: SparseProcess) {
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
    for transition in 0..<transitionCount { start[Int(successor[transition]) &+ 1] &+= 1 }
    for state in 0..<stateCount { start[state &+ 1] &+= start[state] }
    let fill = Column(UnsafeBufferPointer(start: start, count: stateCount + 1))
    withExtendedLifetime(fill) {
      let place = fill.pointer
      for choice in 0..<choiceCount {
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
