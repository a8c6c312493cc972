/// The named laws of numbers.
public enum DistributionFamily: String, CaseIterable, Codable, Sendable {
  /// 1 with probability p, else 0.
  case bernoulli
  /// The number of successes in n trials.
  case binomial
  /// The number of failures before the first success: 0, 1, 2, ...
  case geometric
  case poisson
  /// Every integer from low to high alike.
  case uniformInteger
  case uniform, normal, logNormal, exponential
  /// Shape and rate.
  case gamma
  case beta
  /// Degrees of freedom.
  case studentT

  /// The names of the parameters, in order.
  public var parameters: [String] {
    switch self {
    case .bernoulli: ["p"]
    case .binomial: ["n", "p"]
    case .geometric: ["p"]
    case .poisson, .exponential: ["rate"]
    case .uniformInteger, .uniform: ["low", "high"]
    case .normal: ["mean", "sd"]
    case .logNormal: ["meanLog", "sdLog"]
    case .gamma: ["shape", "rate"]
    case .beta: ["a", "b"]
    case .studentT: ["df"]
    }
  }

  public var isDiscrete: Bool {
    switch self {
    case .bernoulli, .binomial, .geometric, .poisson, .uniformInteger: true
    default: false
    }
  }

  /// Whether the support is finite whatever the parameters.
  public var hasFiniteSupport: Bool {
    switch self {
    case .bernoulli, .binomial, .uniformInteger: true
    default: false
    }
  }
}

/// A law whose parameters are expressions of a process.
public indirect enum Distribution: Hashable, Codable, Sendable {
  case primitive(DistributionFamily, [ExpressionID])
  /// Values with weights. When `isNormalized` the weights must sum to one by themselves (a literal `{a: 0.7, b: 0.3}`); otherwise they
  /// are divided by their sum (`Categorical`).
  case finite([Outcome], isNormalized: Bool)
  case select(ExpressionID, then: Distribution, else: Distribution)
  /// Component weights are divided by their sum.
  case mixture([Component])
  /// Conditioned on `low ... high`, both ends included.
  case truncated(Distribution, low: ExpressionID, high: ExpressionID)

  public struct Outcome: Hashable, Codable, Sendable {
    public var value: ExpressionID
    public var weight: ExpressionID
    public init(value: ExpressionID, weight: ExpressionID) {
      self.value = value
      self.weight = weight
    }
  }

  public struct Component: Hashable, Codable, Sendable {
    public var weight: ExpressionID
    public var distribution: Distribution
    public init(weight: ExpressionID, distribution: Distribution) {
      self.weight = weight
      self.distribution = distribution
    }
  }

  /// Every expression the law mentions.
  public var expressions: [ExpressionID] {
    switch self {
    case .primitive(_, let parameters): parameters
    case .finite(let outcomes, _): outcomes.flatMap { [$0.value, $0.weight] }
    case .select(let condition, let a, let b): [condition] + a.expressions + b.expressions
    case .mixture(let components): components.flatMap { [$0.weight] + $0.distribution.expressions }
    case .truncated(let base, let low, let high): base.expressions + [low, high]
    }
  }

  /// The same law with every expression replaced.
  public func mapExpressions(_ transform: (ExpressionID) -> ExpressionID) -> Distribution {
    switch self {
    case .primitive(let family, let parameters): .primitive(family, parameters.map(transform))
    case .finite(let outcomes, let isNormalized):
      .finite(outcomes.map { Outcome(value: transform($0.value), weight: transform($0.weight)) }, isNormalized: isNormalized)
    case .select(let condition, let a, let b):
      .select(transform(condition), then: a.mapExpressions(transform), else: b.mapExpressions(transform))
    case .mixture(let components):
      .mixture(
        components.map { Component(weight: transform($0.weight), distribution: $0.distribution.mapExpressions(transform)) })
    case .truncated(let base, let low, let high):
      .truncated(base.mapExpressions(transform), low: transform(low), high: transform(high))
    }
  }
}
