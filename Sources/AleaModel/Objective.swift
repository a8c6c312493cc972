import AleaSyntax

/// What is to be achieved: what is aggregated, over what horizon, under which extra clauses.
public struct Objective: Hashable, Codable, Sendable {
  /// How rewards add up over time.
  public enum Criterion: Hashable, Codable, Sendable {
    /// The expected sum of `discount^t` times the reward of step `t`.
    case discounted(Double)
    /// The expected sum over the first `horizon` steps, each discounted (1 for an undiscounted sum).
    case finiteHorizon(Int, discount: Double)
    /// The expected sum until a terminal state.
    case total
    /// The long-run average reward of a step.
    case average
  }

  /// What is made of the random total.
  public enum Functional: Hashable, Codable, Sendable {
    case mean
    case conditionalValueAtRisk(Double)
    case quantile(Double)
    case entropic(Double)
    /// The probability that the return is at least the level.
    case probabilityAtLeast(Double)
    case meanMinusDeviation(Double)
  }

  /// A bound on the expected total of a channel.
  public struct Constraint: Hashable, Codable, Sendable {
    public var channel: String
    public var isUpperBound: Bool
    public var bound: Double
    public var span: SourceSpan?
    public init(channel: String, isUpperBound: Bool, bound: Double, span: SourceSpan?) {
      self.channel = channel
      self.isUpperBound = isUpperBound
      self.bound = bound
      self.span = span
    }
  }

  /// A clause that is kept as written, for methods that serve it: `regularize entropy(0.1)`, `against kl(0.05) per action`.
  public struct Clause: Hashable, Codable, Sendable {
    public var name: String
    public var arguments: [String: Double]
    public var per: String?
    public var span: SourceSpan?
    public init(name: String, arguments: [String: Double], per: String? = nil, span: SourceSpan? = nil) {
      self.name = name
      self.arguments = arguments
      self.per = per
      self.span = span
    }
  }

  public var criterion: Criterion
  /// False for `minimize`, which asks for the least expected total.
  public var maximizes: Bool
  public var functional: Functional
  /// `iterated` or `stagewise` before the functional.
  public var modifier: String?
  public var constraints: [Constraint]
  public var regularizers: [Clause]
  public var ambiguity: Clause?
  public var span: SourceSpan?

  public init(
    criterion: Criterion, maximizes: Bool = true, functional: Functional = .mean, modifier: String? = nil,
    constraints: [Constraint] = [], regularizers: [Clause] = [], ambiguity: Clause? = nil, span: SourceSpan? = nil
  ) {
    self.criterion = criterion
    self.maximizes = maximizes
    self.functional = functional
    self.modifier = modifier
    self.constraints = constraints
    self.regularizers = regularizers
    self.ambiguity = ambiguity
    self.span = span
  }

  /// True when only the expected total counts, with no further clauses.
  public var isPlainMean: Bool {
    functional == .mean && modifier == nil && constraints.isEmpty && regularizers.isEmpty && ambiguity == nil
  }
}
