import AleaNumerics

/// A confounded decision process with an instrument, in tables: what the law of the log says, exactly or estimated.
///
/// For every state s and level z of the instrument: how probable the level is, how probable each action, what a step earns on
/// average with each action, and where it leads.
public struct InstrumentalTable: Sendable {
  public let stateCount: Int
  public let levelCount: Int
  public let actionCount: Int
  /// P(z | s), state by state.
  public var levels: [Double]
  /// P(a | s, z), by state, level, action.
  public var actions: [Double]
  /// E[R | s, z, a], in the same order.
  public var rewards: [Double]
  /// P(s' | s, z, a), in the same order and then by next state; what is missing to one has ended.
  public var transitions: [Double]

  public init(
    stateCount: Int, levelCount: Int, actionCount: Int, levels: [Double], actions: [Double], rewards: [Double],
    transitions: [Double]
  ) {
    self.stateCount = stateCount
    self.levelCount = levelCount
    self.actionCount = actionCount
    self.levels = levels
    self.actions = actions
    self.rewards = rewards
    self.transitions = transitions
  }

  /// The frequencies of a log.
  ///
  /// - Parameter instrument: the level of the instrument at every step.
  public init(_ log: TabularLog, instrument: [Int], levelCount: Int, episodes: [Int]? = nil, countsUnknownAsEnd: Bool = false) {
    let (stateCount, actionCount) = (log.stateCount, log.actionCount)
    var levels = [Double](repeating: 0, count: stateCount * levelCount)
    var actions = [Double](repeating: 0, count: stateCount * levelCount * actionCount)
    var rewards = actions
    var transitions = [Double](repeating: 0, count: actions.count * stateCount)
    for step in log.steps(of: episodes ?? Array(0..<log.episodeCount)) {
      let next = log.next[step]
      if next == TabularLog.unknown, !countsUnknownAsEnd { continue }
      let cell = log.states[step] * levelCount + instrument[step]
      let entry = cell * actionCount + log.actions[step]
      levels[cell] += 1
      actions[entry] += 1
      rewards[entry] += log.rewards[step]
      if next >= 0 { transitions[entry * stateCount + next] += 1 }
    }
    for entry in actions.indices where actions[entry] > 0 {
      rewards[entry] /= actions[entry]
      for next in 0..<stateCount { transitions[entry * stateCount + next] /= actions[entry] }
    }
    for cell in levels.indices where levels[cell] > 0 {
      for entry in cell * actionCount..<(cell + 1) * actionCount { actions[entry] /= levels[cell] }
    }
    for state in 0..<stateCount {
      let sum = levels[state * levelCount..<(state + 1) * levelCount].reduce(0, +)
      if sum > 0 { for cell in state * levelCount..<(state + 1) * levelCount { levels[cell] /= sum } }
    }
    self.init(
      stateCount: stateCount, levelCount: levelCount, actionCount: actionCount, levels: levels, actions: actions,
      rewards: rewards, transitions: transitions)
  }

  /// What each action does in each state, the confounder averaged out: mean rewards and transitions by pair of state and action.
  ///
  /// - Parameter needed: the pairs that matter.
  /// - Throws: ``OffPolicyFault`` where the instrument does not move a needed action.
  public func effects(where needed: (Int, Int) -> Bool, weak: (Int, Int) -> OffPolicyFault) throws -> (
    rewards: [Double], transitions: [Double]
  ) {
    var pairRewards = [Double](repeating: 0, count: stateCount * actionCount)
    var pairTransitions = [Double](repeating: 0, count: stateCount * actionCount * stateCount)
    for state in 0..<stateCount {
      let law = Array(levels[state * levelCount..<(state + 1) * levelCount])
      for action in 0..<actionCount where needed(state, action) {
        let probabilities = (0..<levelCount).map { actions[(state * levelCount + $0) * actionCount + action] }
        guard let weights = InstrumentWeights.contrast(probabilities, levels: law) else { throw weak(state, action) }
        let pair = state * actionCount + action
        for level in 0..<levelCount {
          let entry = (state * levelCount + level) * actionCount + action
          let weight = weights[level] * probabilities[level]
          pairRewards[pair] += weight * rewards[entry]
          for next in 0..<stateCount {
            pairTransitions[pair * stateCount + next] += weight * transitions[entry * stateCount + next]
          }
        }
      }
    }
    return (pairRewards, pairTransitions)
  }

  /// The value of a policy in every state, discounted for ever: V = sum_a pi (r_a + discount P_a V) with the instrumental effects.
  ///
  /// - Parameter policy: state by state, the probability of each action.
  public func values(following policy: [Double], discount: Double, weak: (Int, Int) -> OffPolicyFault) throws -> [Double] {
    let (rewards, transitions) = try effects(where: { policy[$0 * actionCount + $1] > 0 }, weak: weak)
    let model = TabularModel(stateCount: stateCount, actionCount: actionCount, rewards: rewards, transitions: transitions)
    guard let values = model.values(following: policy, discount: discount) else {
      throw OffPolicyFault("the value is not determined by the log")
    }
    return values
  }

  /// The value with a number of steps to go.
  public func values(following policy: [Double], horizon: Int, discount: Double, weak: (Int, Int) -> OffPolicyFault) throws
    -> [Double]
  {
    let (rewards, transitions) = try effects(where: { policy[$0 * actionCount + $1] > 0 }, weak: weak)
    var values = [Double](repeating: 0, count: stateCount)
    for _ in 0..<horizon {
      var updated = [Double](repeating: 0, count: stateCount)
      for state in 0..<stateCount {
        for pair in state * actionCount..<(state + 1) * actionCount where policy[pair] > 0 {
          var sum = 0.0
          for next in 0..<stateCount { sum += transitions[pair * stateCount + next] * values[next] }
          updated[state] += policy[pair] * (rewards[pair] + discount * sum)
        }
      }
      values = updated
    }
    return values
  }
}
