/// An expression about the variables of a model, written in Swift: `stock + order - sold`.
///
/// Literals are expressions; other numbers become one by ``init(_:)-(Double)`` or ``init(_:)-(Int)``. What a variable is comes from the
/// ``ModelBuilder`` that declared it; kinds are checked when the model is made.
public struct ModelExpression: Sendable {
  indirect enum Node: Sendable {
    case constant(Double, ScalarType)
    case symbol(String)
    case variable(Int)
    case next(Int)
    case time
    case unary(UnaryFunction, ModelExpression)
    case binary(BinaryFunction, ModelExpression, ModelExpression)
    case select(ModelExpression, ModelExpression, ModelExpression)
    /// The element at a position, from 0.
    case gather(ModelExpression, [ModelExpression])
    /// What is wrong with an expression, told when it is lowered.
    case fault(String)
    /// An expression that is already in the pool it is lowered to.
    case known(ExpressionID)
  }

  let node: Node

  init(_ node: Node) { self.node = node }

  /// A real constant.
  public init(_ number: Double) { node = .constant(number, .real) }
  /// An integer constant.
  public init(_ number: Int) { node = .constant(Double(number), .integer) }
  /// A truth value.
  public init(_ flag: Bool) { node = .constant(flag ? 1 : 0, .boolean) }

  /// A value of a variable whose domain is a set of names.
  public static func symbol(_ name: String) -> ModelExpression { ModelExpression(.symbol(name)) }

  /// A value of a variable whose domain is an enumeration of Swift: `.symbol(Machine.first)`.
  public static func symbol<Name: RawRepresentable>(_ name: Name) -> ModelExpression where Name.RawValue == String {
    symbol(name.rawValue)
  }

  /// The sum of expressions; 0 of none.
  public static func sum(_ terms: some Sequence<ModelExpression>) -> ModelExpression {
    terms.reduce(nil as ModelExpression?) { sum, term in sum.map { $0 + term } ?? term } ?? 0
  }

  /// How many of some conditions hold.
  public static func count(_ conditions: some Sequence<ModelExpression>) -> ModelExpression {
    sum(conditions.map { .choose(if: $0, then: 1, else: 0) })
  }

  /// The number of steps already taken.
  public static var time: ModelExpression { ModelExpression(.time) }

  /// The next value of a state: `x'` of the language. Rewards and other next values may mention it.
  ///
  /// Of anything but a state it is refused when the model is made.
  public var next: ModelExpression {
    if case .variable(let index) = node { return ModelExpression(.next(index)) }
    return ModelExpression(.next(-1))
  }

  /// A function of this expression: `demand.applying(.sqrt)`.
  public func applying(_ function: UnaryFunction) -> ModelExpression { ModelExpression(.unary(function, self)) }

  /// A function of this expression and another: `a.applying(.integerDivide, b)`.
  public func applying(_ function: BinaryFunction, _ other: ModelExpression) -> ModelExpression {
    ModelExpression(.binary(function, self, other))
  }

  /// `if condition then a else b`; only the branch taken counts.
  public static func choose(
    if condition: ModelExpression, then a: ModelExpression, else b: ModelExpression
  ) -> ModelExpression { ModelExpression(.select(condition, a, b)) }
}

extension ModelExpression: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral {
  /// `0` in an expression.
  public init(integerLiteral value: Int) { self.init(value) }
  /// `0.5` in an expression.
  public init(floatLiteral value: Double) { self.init(value) }
  /// `true` in an expression.
  public init(booleanLiteral value: Bool) { self.init(value) }
}

extension ModelExpression {
  public static prefix func - (a: ModelExpression) -> ModelExpression { a.applying(.negate) }
  public static prefix func ! (a: ModelExpression) -> ModelExpression { a.applying(.not) }
  public static func + (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.add, b) }
  public static func - (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.subtract, b) }
  public static func * (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.multiply, b) }
  public static func / (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.divide, b) }
  public static func == (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.equal, b) }
  public static func != (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.notEqual, b) }
  public static func < (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.less, b) }
  public static func <= (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.lessEqual, b) }
  public static func > (a: ModelExpression, b: ModelExpression) -> ModelExpression { b.applying(.less, a) }
  public static func >= (a: ModelExpression, b: ModelExpression) -> ModelExpression { b.applying(.lessEqual, a) }
  public static func && (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.and, b) }
  public static func || (a: ModelExpression, b: ModelExpression) -> ModelExpression { a.applying(.or, b) }
}

/// The lesser of two expressions.
public func min(_ a: ModelExpression, _ b: ModelExpression) -> ModelExpression { a.applying(.min, b) }

/// The greater of two expressions.
public func max(_ a: ModelExpression, _ b: ModelExpression) -> ModelExpression { a.applying(.max, b) }

/// A law whose parameters are expressions: what `~` takes in the language.
public struct ModelLaw: Sendable {
  indirect enum Node: Sendable {
    case primitive(DistributionFamily, [ModelExpression])
    case finite([(value: ModelExpression, weight: ModelExpression)], isNormalized: Bool)
    case select(ModelExpression, ModelLaw, ModelLaw)
    case mixture([(weight: ModelExpression, law: ModelLaw)])
    case truncated(ModelLaw, ModelExpression, ModelExpression)
  }

  let node: Node

  private init(_ node: Node) { self.node = node }

  /// A named law with its parameters in the order of `DistributionFamily.parameters`.
  public static func family(_ family: DistributionFamily, _ parameters: ModelExpression...) -> ModelLaw {
    ModelLaw(.primitive(family, parameters))
  }
  public static func bernoulli(_ p: ModelExpression) -> ModelLaw { .family(.bernoulli, p) }
  public static func binomial(_ n: ModelExpression, _ p: ModelExpression) -> ModelLaw { .family(.binomial, n, p) }
  public static func poisson(_ rate: ModelExpression) -> ModelLaw { .family(.poisson, rate) }
  public static func normal(mean: ModelExpression, sd: ModelExpression) -> ModelLaw { .family(.normal, mean, sd) }
  public static func uniform(_ low: ModelExpression, _ high: ModelExpression) -> ModelLaw { .family(.uniform, low, high) }

  /// Values with weights, which are divided by their sum.
  public static func categorical(_ outcomes: [(value: ModelExpression, weight: ModelExpression)]) -> ModelLaw {
    ModelLaw(.finite(outcomes, isNormalized: false))
  }
  /// Values that are all alike.
  public static func uniform(over values: [ModelExpression]) -> ModelLaw { .categorical(values.map { ($0, 1) }) }
  /// One law or another.
  public static func choose(if condition: ModelExpression, then a: ModelLaw, else b: ModelLaw) -> ModelLaw {
    ModelLaw(.select(condition, a, b))
  }
  /// Laws with weights, which are divided by their sum.
  public static func mixture(_ components: [(weight: ModelExpression, law: ModelLaw)]) -> ModelLaw {
    ModelLaw(.mixture(components))
  }
  /// A law conditioned on an interval, both ends included.
  public func truncated(_ low: ModelExpression, _ high: ModelExpression) -> ModelLaw { ModelLaw(.truncated(self, low, high)) }
}
