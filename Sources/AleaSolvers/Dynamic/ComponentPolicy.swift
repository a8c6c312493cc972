import AleaModel

/// Policies that reach a set of states, and policies of a quotient carried back to the process.
struct ComponentPolicy {
  let process: SparseProcess
  private var predecessors: ChoicePredecessors?
  /// The choice of each state, -1 where none is set yet.
  var choice: [Int32]

  init(_ process: SparseProcess, predecessors: ChoicePredecessors) {
    self.process = process
    self.predecessors = predecessors
    choice = [Int32](repeating: -1, count: process.stateCount)
  }

  /// Gives back the memory of the graph read backwards, which only ``lead(to:allowed:)`` and end components need.
  mutating func forgetPredecessors() { predecessors = nil }

  /// Gives every state without a choice one that may lead nearer to the goals, using allowed choices only.
  ///
  /// A state that has a choice already is not gone through, unless it is a goal. Where all allowed choices stay within the states that can reach the goals, the goals are reached almost surely.
  mutating func lead(to goals: [Int], allowed: (Int) -> Bool) {
    guard let predecessors else { return }
    var queue = goals
    var head = 0
    while head < queue.count {
      let state = queue[head]
      head += 1
      for position in Int(predecessors.start.pointer[state])..<Int(predecessors.start.pointer[state + 1]) {
        let candidate = Int(predecessors.choices.pointer[position])
        let owner = Int(predecessors.owner.pointer[candidate])
        guard choice[owner] < 0, allowed(candidate) else { continue }
        choice[owner] = Int32(candidate)
        queue.append(owner)
      }
    }
  }

  /// Takes over the policy of a quotient: in a component that is left, its members head for the state whose choice leaves it.
  ///
  /// - Parameter staying: sets the choices within a component in which the policy stays.
  mutating func adopt(
    _ policy: Column<Int32>, of quotient: ComponentQuotient, ends: MaximalEndComponents?,
    staying: (_ component: Int, inout [Int32]) -> Void
  ) {
    guard let origin = quotient.origin, let ends, let predecessors else {
      for state in 0..<process.stateCount where policy.pointer[state] >= 0 && choice[state] < 0 {
        choice[state] = policy.pointer[state]
      }
      return
    }
    var exits: [Int] = []
    for state in 0..<process.stateCount where choice[state] < 0 && ends.componentOf.pointer[state] < 0 {
      let block = quotient.block(of: state)
      if block >= 0, policy.pointer[block] >= 0 { choice[state] = origin.pointer[Int(policy.pointer[block])] }
    }
    for component in 0..<ends.count {
      guard let first = ends.states(of: component).first else { continue }
      let block = quotient.block(of: Int(first))
      guard block >= 0, policy.pointer[block] >= 0 else { continue }
      let chosen = origin.pointer[Int(policy.pointer[block])]
      if chosen < 0 {
        staying(component, &choice)
      } else {
        let exit = Int(predecessors.owner.pointer[Int(chosen)])
        choice[exit] = chosen
        exits.append(exit)
      }
    }
    // Only choices inside components are allowed, so every search stays within the component it began in.
    lead(to: exits, allowed: { ends.staysInside.pointer[$0] != 0 })
  }

  /// Meets the most rewarding choice of an end component again and again.
  mutating func repeatBest(of states: UnsafeBufferPointer<Int32>, inside: Column<UInt8>, reward: Column<Double>) {
    var best: Int?
    for state in states {
      for choice in process.choices(of: Int(state)) where inside.pointer[choice] != 0 {
        if best == nil || reward.pointer[choice] > reward.pointer[best!] { best = choice }
      }
    }
    guard let best, let predecessors else { return }
    let owner = Int(predecessors.owner.pointer[best])
    choice[owner] = Int32(best)
    lead(to: [owner], allowed: { inside.pointer[$0] != 0 })
  }

  /// Gives every state that still has none its first choice.
  mutating func complete() {
    for state in 0..<process.stateCount where choice[state] < 0 && !process.isTerminal(state) {
      choice[state] = Int32(process.choices(of: state).lowerBound)
    }
  }
}
