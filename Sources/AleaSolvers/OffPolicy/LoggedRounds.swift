/// Rounds of a contextual bandit under a known logging policy, with the probabilities of the policy that is asked about.
public struct LoggedRounds: Sendable {
  public let actionCount: Int
  /// The action taken in each round.
  public let actions: [Int]
  public let rewards: [Double]
  /// The logging policy's probability of the action taken.
  public let propensities: [Double]
  /// The target policy's probability of every action in every round: round by round, `actionCount` numbers each.
  public let target: [Double]

  public var count: Int { actions.count }

  /// - Throws: ``OffPolicyFault`` where the parts do not fit, a propensity is outside (0, 1], or a reward is no number.
  public init(actionCount: Int, actions: [Int], rewards: [Double], propensities: [Double], target: [Double]) throws {
    let count = actions.count
    guard count > 0 else { throw OffPolicyFault("the log is empty") }
    guard rewards.count == count, propensities.count == count, target.count == count * actionCount else {
      throw OffPolicyFault("the columns of the log differ in length")
    }
    if let row = actions.firstIndex(where: { $0 < 0 || $0 >= actionCount }) {
      throw OffPolicyFault("row \(row + 1) has an action that the model does not have")
    }
    if let row = propensities.firstIndex(where: { !($0 > 0 && $0 <= 1) }) {
      throw OffPolicyFault(
        "the propensity in row \(row + 1) is \(propensities[row])", remedy: "a propensity lies above 0 and at most at 1")
    }
    if let row = rewards.firstIndex(where: { !$0.isFinite }) {
      throw OffPolicyFault("the reward in row \(row + 1) is missing", remedy: "leave incomplete rows out")
    }
    self.actionCount = actionCount
    self.actions = actions
    self.rewards = rewards
    self.propensities = propensities
    self.target = target
  }

  /// Target probability over logging probability of the action taken, round by round.
  public var weights: [Double] {
    actions.indices.map { target[$0 * actionCount + actions[$0]] / propensities[$0] }
  }
}
