/// The numbers of a ``SparseProcess`` as fractions: in the place of each double the number that it stands for.
public struct ExactForm: Sendable {
  /// One a transition.
  public var probability: [Rational]
  /// For each channel one a choice.
  public var rewards: [[Rational]]
  /// One for each entry of the initial law.
  public var initial: [Rational]
  /// The discount of the objective.
  public var discount: Rational

  /// - Parameters:
  ///   - probability: of each transition.
  ///   - rewards: of each channel, a number for each choice.
  ///   - initial: of each initial state.
  public init(probability: [Rational], rewards: [[Rational]], initial: [Rational], discount: Rational) {
    self.probability = probability
    self.rewards = rewards
    self.initial = initial
    self.discount = discount
  }

  /// The sum of all channels for each choice.
  public var totalReward: [Rational] {
    guard var total = rewards.first else { return [] }
    for channel in rewards.dropFirst() {
      for choice in total.indices { total[choice] += channel[choice] }
    }
    return total
  }
}

/// A value that is a fraction or infinite.
public enum ExactValue: Sendable, Hashable, CustomStringConvertible {
  case finite(Rational)
  case infinite(isPositive: Bool)

  public var description: String {
    switch self {
    case .finite(let number): number.description
    case .infinite(let isPositive): isPositive ? "infinity" : "-infinity"
    }
  }

  /// The nearest double, and the least interval of doubles around the value.
  public var doubles: (value: Double, lower: Double, upper: Double) {
    switch self {
    case .finite(let number):
      let (lower, upper) = number.enclosure
      return (number.double, lower, upper)
    case .infinite(let isPositive):
      let value = isPositive ? Double.infinity : -.infinity
      return (value, value, value)
    }
  }
}
