/// Episodes of a decision process under a known logging policy: rewards and the ratio of target to logging probability at every step.
public struct LoggedEpisodes: Sendable {
  /// Where each episode starts among the steps; the last entry is the number of steps.
  public let start: [Int]
  public let rewards: [Double]
  /// Target probability over logging probability of the action taken.
  public let ratios: [Double]
  public let discount: Double

  public var count: Int { start.count - 1 }
  public var stepCount: Int { rewards.count }
  public var longest: Int { (0..<count).reduce(0) { max($0, start[$1 + 1] - start[$1]) } }

  /// - Throws: ``OffPolicyFault`` where the parts do not fit or hold no numbers.
  public init(start: [Int], rewards: [Double], ratios: [Double], discount: Double) throws {
    guard start.count > 1, start[0] == 0, start.last == rewards.count, zip(start, start.dropFirst()).allSatisfy(<) else {
      throw OffPolicyFault("the log has no episodes")
    }
    guard ratios.count == rewards.count else { throw OffPolicyFault("the columns of the log differ in length") }
    if let row = rewards.firstIndex(where: { !$0.isFinite }) { throw OffPolicyFault("the reward in row \(row + 1) is missing") }
    if let row = ratios.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
      throw OffPolicyFault("the probability ratio in row \(row + 1) is \(ratios[row])")
    }
    self.start = start
    self.rewards = rewards
    self.ratios = ratios
    self.discount = discount
  }

  /// The product of the ratios of an episode up to and with every step.
  public var cumulativeRatios: [Double] {
    var result = ratios
    for episode in 0..<count {
      for step in start[episode] + 1..<max(start[episode] + 1, start[episode + 1]) { result[step] *= result[step - 1] }
    }
    return result
  }

  /// The power of the discount at every step.
  var discounts: [Double] {
    var result = [Double](repeating: 1, count: stepCount)
    for episode in 0..<count {
      for step in start[episode] + 1..<max(start[episode] + 1, start[episode + 1]) { result[step] = result[step - 1] * discount }
    }
    return result
  }

  /// For each time, the cumulative ratio of every episode; one that has ended keeps its last.
  func weightTable(_ cumulative: [Double]) -> [[Double]] {
    (0..<longest).map { time in
      (0..<count).map { cumulative[min(start[$0] + time, start[$0 + 1] - 1)] }
    }
  }
}
