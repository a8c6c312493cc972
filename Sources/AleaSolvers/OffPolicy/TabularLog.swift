import AleaNumerics

/// Episodes with states and actions as numbers from 0: what tabular estimators read.
public struct TabularLog: Sendable {
  public let stateCount: Int
  public let actionCount: Int
  /// Where each episode starts among the steps; the last entry is the number of steps.
  public let start: [Int]
  public let states: [Int]
  public let actions: [Int]
  public let rewards: [Double]
  /// The state after each step; -1 where the process has ended, -2 where the log does not say.
  public let next: [Int]

  public static let ended = -1
  public static let unknown = -2

  public var episodeCount: Int { start.count - 1 }

  /// - Throws: ``OffPolicyFault`` where the parts do not fit.
  public init(
    stateCount: Int, actionCount: Int, start: [Int], states: [Int], actions: [Int], rewards: [Double], next: [Int]
  ) throws {
    let count = states.count
    guard start.count > 1, start[0] == 0, start.last == count, zip(start, start.dropFirst()).allSatisfy(<) else {
      throw OffPolicyFault("the log has no episodes")
    }
    guard actions.count == count, rewards.count == count, next.count == count else {
      throw OffPolicyFault("the columns of the log differ in length")
    }
    guard states.allSatisfy({ $0 >= 0 && $0 < stateCount }), actions.allSatisfy({ $0 >= 0 && $0 < actionCount }),
      next.allSatisfy({ $0 >= Self.unknown && $0 < stateCount })
    else { throw OffPolicyFault("the log has a state or an action that the model does not have") }
    if let row = rewards.firstIndex(where: { !$0.isFinite }) { throw OffPolicyFault("the reward in row \(row + 1) is missing") }
    self.stateCount = stateCount
    self.actionCount = actionCount
    self.start = start
    self.states = states
    self.actions = actions
    self.rewards = rewards
    self.next = next
  }

  /// The steps of a range of episodes.
  func steps(of episodes: some Sequence<Int>) -> [Int] { episodes.flatMap { start[$0]..<start[$0 + 1] } }

  /// The law of the first state over a set of episodes.
  func initialLaw(of episodes: some Collection<Int>) -> [Double] {
    var law = [Double](repeating: 0, count: stateCount)
    for episode in episodes { law[states[start[episode]]] += 1 / Double(episodes.count) }
    return law
  }

  /// A delete-a-group jackknife over episodes of a statistic (at most 40 groups): sqrt((G - 1) / G sum (v_g - mean v)^2).
  public func jackknifeError(_ statistic: ([Int]) throws -> Double) rethrows -> Double {
    let groups = min(40, episodeCount)
    guard groups > 1 else { return .nan }
    let values = try (0..<groups).map { group in
      try statistic((0..<episodeCount).filter { $0 % groups != group })
    }
    let mean = SampleMoments.mean(values)
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } * Double(groups - 1) / Double(groups)).squareRoot()
  }
}
