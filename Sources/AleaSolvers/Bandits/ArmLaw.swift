import Glibc

/// The reward law of one arm, as far as lower bounds and index policies need it.
public enum ArmLaw: Hashable, Sendable {
  case bernoulli(Double)
  /// Mean and known standard deviation.
  case gaussian(mean: Double, sd: Double)
  case poisson(rate: Double)
  /// Mean of an exponential law.
  case exponential(mean: Double)
  /// A law on finitely many values, within the class of all laws on values up to `bound`.
  case finite(values: [Double], probabilities: [Double], bound: Double)

  public var mean: Double {
    switch self {
    case .bernoulli(let p): p
    case .gaussian(let mean, _): mean
    case .poisson(let rate): rate
    case .exponential(let mean): mean
    case .finite(let values, let probabilities, _): zip(values, probabilities).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  /// The Kullback-Leibler divergence to the law of the same family with another mean; infinite outside the family's means.
  ///
  /// For ``finite(values:probabilities:bound:)`` see ``leastDivergence(toMeanAbove:)``.
  public func divergence(toMean other: Double) -> Double {
    switch self {
    case .bernoulli(let p): return Self.bernoulliDivergence(p, other)
    case .gaussian(let mean, let sd): return (mean - other) * (mean - other) / (2 * sd * sd)
    case .poisson(let rate):
      guard other > 0 else { return rate == other ? 0 : .infinity }
      return other - rate + (rate > 0 ? rate * log(rate / other) : 0)
    case .exponential(let mean):
      guard other > 0 else { return .infinity }
      return mean / other - 1 - log(mean / other)
    case .finite: return other > mean ? leastDivergence(toMeanAbove: other) : 0
    }
  }

  /// The least divergence to a law of the same class whose mean exceeds a level: how hard the arm is to tell from one that good.
  ///
  /// One-parameter families: the divergence to that mean. Finite laws: the dual form of Honda and Takemura (2010),
  /// `max over l in [0, 1/(bound - level)] of E ln(1 - l (X - level))`.
  public func leastDivergence(toMeanAbove level: Double) -> Double {
    if level <= mean { return 0 }
    guard case .finite(let values, let probabilities, let bound) = self else { return divergence(toMean: level) }
    guard level < bound else { return .infinity }
    // The dual is concave in l: its derivative falls, so bisection on the derivative finds the maximum.
    func derivative(_ l: Double) -> Double {
      zip(values, probabilities).reduce(0) { $1.1 > 0 ? $0 - $1.1 * ($1.0 - level) / (1 - l * ($1.0 - level)) : $0 }
    }
    func dual(_ l: Double) -> Double {
      zip(values, probabilities).reduce(0) { $1.1 > 0 ? $0 + $1.1 * log1p(-l * ($1.0 - level)) : $0 }
    }
    var low = 0.0
    var high = 1 / (bound - level)
    if derivative(high) >= 0 { return dual(high) }
    for _ in 0..<200 {
      let middle = 0.5 * (low + high)
      if middle == low || middle == high { break }
      if derivative(middle) > 0 { low = middle } else { high = middle }
    }
    return dual(0.5 * (low + high))
  }

  /// `kl(p, q)` of two Bernoulli laws.
  public static func bernoulliDivergence(_ p: Double, _ q: Double) -> Double {
    guard p >= 0, p <= 1, q >= 0, q <= 1 else { return .infinity }
    var result = 0.0
    if p > 0 { result += q > 0 ? p * log(p / q) : .infinity }
    if p < 1 { result += q < 1 ? (1 - p) * log((1 - p) / (1 - q)) : .infinity }
    return max(0, result)
  }
}

/// The asymptotic lower bound on regret: no consistent policy's regret grows slower than `constant * ln T`.
///
/// Lai and Robbins (1985); Burnetas and Katehakis (1996) for laws that are not in a one-parameter family.
public struct RegretLowerBound: Hashable, Sendable {
  public let constant: Double
  /// Each arm's share of the constant: its gap over its least divergence to the best mean; 0 for best arms.
  public let shares: [Double]

  public init(arms: [ArmLaw]) {
    let best = arms.map(\.mean).max() ?? 0
    shares = arms.map { arm in
      let gap = best - arm.mean
      return gap > 0 ? gap / arm.leastDivergence(toMeanAbove: best) : 0
    }
    constant = shares.reduce(0, +)
  }
}
