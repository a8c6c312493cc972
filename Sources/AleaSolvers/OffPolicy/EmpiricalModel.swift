import AleaNumerics

/// Mean rewards and transition frequencies of a log: the certainty-equivalent process that tabular fitted Q evaluates exactly.
public struct EmpiricalModel: Sendable {
  public let stateCount: Int
  public let actionCount: Int
  /// How often each pair of state and action was logged with a known successor.
  public let counts: [Double]
  /// Mean rewards by pair.
  public let rewards: [Double]
  /// Transition frequencies: pair by pair, the probability of each next state; what is missing to one has ended.
  public let transitions: [Double]

  /// - Parameter countsLast: whether steps without a known successor count as ends (their rewards alone matter), or are left out.
  public init(_ log: TabularLog, episodes: [Int]? = nil, countsUnknownAsEnd: Bool = false) {
    stateCount = log.stateCount
    actionCount = log.actionCount
    var counts = [Double](repeating: 0, count: stateCount * actionCount)
    var rewards = counts
    var transitions = [Double](repeating: 0, count: stateCount * actionCount * stateCount)
    for step in log.steps(of: episodes ?? Array(0..<log.episodeCount)) {
      let next = log.next[step]
      if next == TabularLog.unknown, !countsUnknownAsEnd { continue }
      let pair = log.states[step] * actionCount + log.actions[step]
      counts[pair] += 1
      rewards[pair] += log.rewards[step]
      if next >= 0 { transitions[pair * stateCount + next] += 1 }
    }
    for pair in counts.indices where counts[pair] > 0 {
      rewards[pair] /= counts[pair]
      for next in 0..<stateCount { transitions[pair * stateCount + next] /= counts[pair] }
    }
    self.counts = counts
    self.rewards = rewards
    self.transitions = transitions
  }

  /// The action values of a policy for ever: the fixed point of q = r + discount P pi q, by one linear solve over states.
  ///
  /// - Parameter policy: state by state, the probability of each action.
  /// - Throws: ``OffPolicyFault`` where a pair that the policy takes was never logged, or the value is not finite.
  /// - Complexity: O(states^3 + states^2 actions).
  public func actionValues(following policy: [Double], discount: Double, missing: (Int, Int) -> OffPolicyFault) throws -> [Double]
  {
    try check(policy, missing)
    let model = TabularModel(stateCount: stateCount, actionCount: actionCount, rewards: rewards, transitions: transitions)
    guard let values = model.values(following: policy, discount: discount) else {
      throw OffPolicyFault("the value is not determined by the log: some states never lead to an end")
    }
    return backedUp(values, discount: discount)
  }

  /// The action values with `k` steps to go, for k = 1...horizon.
  public func actionValues(
    following policy: [Double], horizon: Int, discount: Double, missing: (Int, Int) -> OffPolicyFault
  ) throws -> [[Double]] {
    try check(policy, missing)
    var values = [Double](repeating: 0, count: stateCount)
    var result: [[Double]] = []
    for _ in 0..<horizon {
      let actionValues = backedUp(values, discount: discount)
      values = stateValues(actionValues, policy)
      result.append(actionValues)
    }
    return result
  }

  /// r + discount P v for every pair.
  public func backedUp(_ values: [Double], discount: Double) -> [Double] {
    counts.indices.map { pair in
      var sum = 0.0
      for next in 0..<stateCount { sum += transitions[pair * stateCount + next] * values[next] }
      return rewards[pair] + discount * sum
    }
  }

  /// The policy's mean of action values in every state.
  public func stateValues(_ actionValues: [Double], _ policy: [Double]) -> [Double] {
    (0..<stateCount).map { state in
      (state * actionCount..<(state + 1) * actionCount).reduce(0) { policy[$1] > 0 ? $0 + policy[$1] * actionValues[$1] : $0 }
    }
  }

  private func check(_ policy: [Double], _ missing: (Int, Int) -> OffPolicyFault) throws {
    for state in 0..<stateCount {
      for action in 0..<actionCount where policy[state * actionCount + action] > 0 && counts[state * actionCount + action] == 0 {
        throw missing(state, action)
      }
    }
  }
}
