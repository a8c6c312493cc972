/// The typed abstract syntax: what the parser understood, with the place of everything.
///
/// Types, domains and sets are expressions too (`0..20`, `{left, right}`, `Real[5]`, `(x: 0..3, y: 0..3)`, `{none} | Machine`):
/// one grammar serves them all. Broken parts are `.error`; whoever meets one stays silent, since the parser has already spoken.
public enum AST {}

extension AST {
  /// A name where it stands.
  public struct Name: Hashable, Sendable {
    public var text: String
    public var span: SourceSpan
    public init(_ text: String, _ span: SourceSpan) {
      self.text = text
      self.span = span
    }
  }

  // MARK: Expressions

  public struct Expression: Sendable {
    public var kind: Kind
    public var span: SourceSpan
    public init(_ kind: Kind, _ span: SourceSpan) {
      self.kind = kind
      self.span = span
    }

    public indirect enum Kind: Sendable {
      case integer(Int)
      case real(Double)
      case boolean(Bool)
      /// A string with interpolations, as alternating parts.
      case string([StringPart])
      case name(String)
      /// `stock'`
      case primed(String)
      case unary(UnaryOperator, Expression)
      case binary(BinaryOperator, Expression, Expression, operatorSpan: SourceSpan)
      /// `low..high`, both ends included.
      case range(Expression, Expression)
      case conditional(Expression, then: Expression, else: Expression)
      case match(Expression, [MatchArm])
      case call(Expression, [Argument])
      /// `v[i, j]`, `value[stock: 0]`, and the type `Real[3, 4]`.
      case index(Expression, [Argument])
      case member(Expression, Name)
      /// `sum(i in s where c: e)` and its kin; the word is one of ``AST/binderWords``.
      case binder(Name, [Binding], filter: Expression?, body: Expression)
      /// `[i in s where c: e]`
      case comprehension([Binding], filter: Expression?, body: Expression)
      case array([Expression])
      /// `{a, b}`
      case set([Expression])
      /// `{sunny: 0.7, rainy: 0.3}`
      case distribution([(value: Expression, weight: Expression)])
      /// `(x: 1, y: 2)`
      case record([(name: Name, value: Expression)])
      /// `Distribution of T`
      case distributionType(Expression)
      case parenthesized(Expression)
      case error
    }
  }

  public enum StringPart: Sendable {
    case text(String)
    case interpolation(Expression)
  }

  public struct Argument: Sendable {
    public var label: Name?
    public var value: Expression
    public init(label: Name?, value: Expression) {
      self.label = label
      self.value = value
    }
  }

  /// `i in 0..9`
  public struct Binding: Sendable {
    public var name: Name
    public var set: Expression
    public init(name: Name, set: Expression) {
      self.name = name
      self.set = set
    }
  }

  /// `a, b => value`; a pattern is an expression, or the name `_`.
  public struct MatchArm: Sendable {
    public var patterns: [Expression]
    public var value: Expression
    public init(patterns: [Expression], value: Expression) {
      self.patterns = patterns
      self.value = value
    }
  }

  public enum UnaryOperator: String, Sendable, CaseIterable { case minus = "-", not = "not" }

  public enum BinaryOperator: String, Sendable, CaseIterable {
    case or, and
    case equal = "==", notEqual = "!=", less = "<", lessEqual = "<=", greater = ">", greaterEqual = ">=", `in` = "in"
    /// The union of finite sets.
    case union = "|"
    case add = "+", subtract = "-", multiply = "*", divide = "/", integerDivide = "div", modulo = "mod", power = "^"
  }

  /// The words that bind a name over a set: `sum(i in s: e)`.
  public static let binderWords: Set<String> = ["sum", "product", "min", "max", "argmin", "argmax", "all", "any", "count"]

  // MARK: Items

  public struct Program: Sendable {
    public var file: FileID
    public var items: [Item]
    public init(file: FileID, items: [Item]) {
      self.file = file
      self.items = items
    }
  }

  public struct Item: Sendable {
    public var kind: Kind
    public var span: SourceSpan
    /// The text of the `///` lines before it.
    public var documentation: String
    public init(_ kind: Kind, _ span: SourceSpan, documentation: String = "") {
      self.kind = kind
      self.span = span
      self.documentation = documentation
    }

    public enum Kind: Sendable {
      /// `import "inventory.alea"`
      case importFile(String, SourceSpan)
      /// `import std.policies`
      case importModule([Name])
      /// `param n: Int = 20`
      case parameter(Parameter)
      /// `let gamma: Real = 0.95`
      case binding(name: Name, type: Expression?, value: Expression)
      /// `fn f(x: Real): Real = e`
      case function(Function)
      /// `enum Side { left, right }`
      case enumeration(name: Name, cases: [Name])
      case model(Model)
      case policy(Policy)
      case query(Expression)
      case error
    }
  }

  public struct Parameter: Sendable {
    public var name: Name
    public var type: Expression?
    public var defaultValue: Expression?
    public init(name: Name, type: Expression?, defaultValue: Expression?) {
      self.name = name
      self.type = type
      self.defaultValue = defaultValue
    }
  }

  public struct Function: Sendable {
    public var name: Name
    public var parameters: [Parameter]
    public var result: Expression?
    public var body: Expression
    public init(name: Name, parameters: [Parameter], result: Expression?, body: Expression) {
      self.name = name
      self.parameters = parameters
      self.result = result
      self.body = body
    }
  }

  // MARK: Models

  public enum ModelKind: String, Sendable, CaseIterable, Codable { case mdp, bandit, causal, moments }

  public struct Model: Sendable {
    public var kind: ModelKind
    public var name: Name
    public var parameters: [Parameter]
    public var members: [Member]
    public init(kind: ModelKind, name: Name, parameters: [Parameter], members: [Member]) {
      self.kind = kind
      self.name = name
      self.parameters = parameters
      self.members = members
    }
  }

  public struct Member: Sendable {
    public var kind: Kind
    public var span: SourceSpan
    public var documentation: String
    public init(_ kind: Kind, _ span: SourceSpan, documentation: String = "") {
      self.kind = kind
      self.span = span
      self.documentation = documentation
    }

    public enum Kind: Sendable {
      case variable(Variable)
      case channel(Channel)
      case objective(Objective)
      /// `terminal when e`
      case terminal(Expression)
      /// `a -> {b, c} -> d`, `a <-> b`: groups joined by arrows.
      case edges(first: [Expression], rest: [(arrow: Arrow, targets: [Expression])])
      /// `data price, season`
      case data([Name])
      /// `unknown h(price, season) in RKHS(Gaussian())`
      case unknown(name: Name, arguments: [Name], functionClass: Expression)
      /// `require E[e | x, y] = level`
      case require(Requirement)
      case binding(name: Name, type: Expression?, value: Expression)
      case function(Function)
      case error
    }
  }

  public enum Role: String, Sendable, CaseIterable { case state, action, context, latent, observe }

  /// `state stock: 0..capacity = 0`, `demand ~ Poisson(6)`, `up'[m in Machine] ~ ...`, `action order: 0..9 when e`.
  public struct Variable: Sendable {
    public var role: Role?
    public var name: Name
    public var isPrimed: Bool
    /// The index sets of a family: `[Machine]` (no name) or `[m in Machine]`.
    public var indices: [FamilyIndex]
    public var domain: Expression?
    public var mechanism: Mechanism?
    /// `when e`, for actions.
    public var availability: Expression?
    public init(
      role: Role?, name: Name, isPrimed: Bool, indices: [FamilyIndex], domain: Expression?, mechanism: Mechanism?,
      availability: Expression?
    ) {
      self.role = role
      self.name = name
      self.isPrimed = isPrimed
      self.indices = indices
      self.domain = domain
      self.mechanism = mechanism
      self.availability = availability
    }
  }

  public struct FamilyIndex: Sendable {
    public var name: Name?
    public var set: Expression
    public init(name: Name?, set: Expression) {
      self.name = name
      self.set = set
    }
  }

  /// How a variable gets its value: `= e` or `~ d`.
  public enum Mechanism: Sendable {
    case value(Expression)
    case draw(Expression)
    public var expression: Expression {
      switch self {
      case .value(let expression), .draw(let expression): return expression
      }
    }
  }

  /// `reward sales: e`, `cost e`, `reward ~ d`.
  public struct Channel: Sendable {
    public var isCost: Bool
    public var name: Name?
    public var mechanism: Mechanism
    public init(isCost: Bool, name: Name?, mechanism: Mechanism) {
      self.isCost = isCost
      self.name = name
      self.mechanism = mechanism
    }
  }

  public enum Objective: Sendable {
    case discount(Expression)
    case horizon(Expression)
    case total
    case average
    /// `maximize [iterated | stagewise] e` (or `minimize`).
    case optimize(maximize: Bool, modifier: Name?, Expression)
    /// `subject to e`
    case constraint(Expression)
    /// `regularize e`
    case regularize(Expression)
    /// `against e [per action]`
    case against(Expression, per: Name?)
  }

  public enum Arrow: String, Sendable { case directed = "->", bidirected = "<->" }

  public struct Requirement: Sendable {
    public enum Operator: String, Sendable { case expectation = "E", probability = "P" }
    public var `operator`: Operator
    public var body: Expression
    public var given: [Name]
    public var level: Expression
    public init(operator: Operator, body: Expression, given: [Name], level: Expression) {
      self.operator = `operator`
      self.body = body
      self.given = given
      self.level = level
    }
  }

  // MARK: Policies

  public struct Policy: Sendable {
    public var name: Name
    public var parameters: [Parameter]
    /// A model's name, or `bandit`, or `mdp`.
    public var target: Name
    public var members: [PolicyMember]
    public init(name: Name, parameters: [Parameter], target: Name, members: [PolicyMember]) {
      self.name = name
      self.parameters = parameters
      self.target = target
      self.members = members
    }
  }

  public struct PolicyMember: Sendable {
    public var kind: Kind
    public var span: SourceSpan
    public var documentation: String
    public init(_ kind: Kind, _ span: SourceSpan, documentation: String = "") {
      self.kind = kind
      self.span = span
      self.documentation = documentation
    }

    public enum Kind: Sendable {
      /// `memory pulls[actions]: Int = 0`
      case memory(name: Name, indices: [FamilyIndex], type: Expression?, initial: Expression?)
      /// `order = e`, `dose ~ d`, and values of the policy's own: `theta[a in actions] ~ d`
      case rule(name: Name, indices: [FamilyIndex], Mechanism)
      case after([Statement])
      case binding(name: Name, type: Expression?, value: Expression)
      case function(Function)
      case error
    }
  }

  public struct Statement: Sendable {
    public var kind: Kind
    public var span: SourceSpan
    public init(_ kind: Kind, _ span: SourceSpan) {
      self.kind = kind
      self.span = span
    }

    public enum Kind: Sendable {
      /// `pulls[action] += 1`
      case assign(target: Expression, AssignmentOperator, Expression)
      case conditional(Expression, then: [Statement], else: [Statement])
      case error
    }
  }

  public enum AssignmentOperator: String, Sendable { case set = "=", add = "+=", subtract = "-=", multiply = "*=", divide = "/=" }
}
