import AleaNumerics

/// Expected rewards and laws of the next state for every pair of a state and an action.
struct TabularModel {
  var stateCount: Int
  var actionCount: Int
  /// At state * actions + action.
  var rewards: [Double]
  /// At pair * states + next state; what is missing to one ends the process.
  var transitions: [Double]

  /// The value of a policy in every state, discounted for ever: the solution of V = sum_a pi (r_a + discount P_a V), or nil where there
  /// is none.
  ///
  /// - Parameter policy: state by state, the probability of each action. Pairs without one are not looked at.
  /// - Complexity: O(states^3 + states^2 actions).
  func values(following policy: [Double], discount: Double) -> [Double]? {
    var system = Matrix.identity(stateCount)
    var right = Matrix(rows: stateCount, columns: 1)
    for state in 0..<stateCount {
      for action in 0..<actionCount where policy[state * actionCount + action] > 0 {
        let pair = state * actionCount + action
        right[state, 0] += policy[pair] * rewards[pair]
        for next in 0..<stateCount { system[state, next] -= discount * policy[pair] * transitions[pair * stateCount + next] }
      }
    }
    guard let values = system.solve(right)?.elements, values.allSatisfy(\.isFinite) else { return nil }
    return values
  }
}
