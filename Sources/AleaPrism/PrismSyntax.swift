import AleaSyntax

/// A name with its place.
public struct PrismName: Sendable {
  public var text: String
  public var span: SourceSpan
}

/// An expression of the PRISM language as written; in properties also the operators over paths.
public indirect enum PrismExpressionKind: Sendable {
  case boolean(Bool)
  case integer(Int)
  case real(Double)
  case name(String)
  /// `"finished"`
  case label(String)
  case not(PrismExpression)
  case negate(PrismExpression)
  /// Operators of one precedence, applied from the left.
  case chain(PrismExpression, [PrismOperation])
  /// `c1 ? a1 : c2 ? a2 : b`
  case conditional([PrismBranch], otherwise: PrismExpression)
  case call(PrismName, [PrismExpression])
  /// `P<0.1 [ ... ]`, `R{"time"}min=? [ ... ]`, `S=? [ ... ]`
  case query(PrismQuery)
  /// `filter(max, ..., ...)`
  case filter(PrismName, PrismExpression, PrismExpression?)
  /// `multi(...)`
  case multi([PrismExpression])
}

/// An expression with its place.
public struct PrismExpression: Sendable {
  public var kind: PrismExpressionKind
  public var span: SourceSpan
  /// An expression as it stands at a place.
  public init(_ kind: PrismExpressionKind, at span: SourceSpan) { self.init(kind, span) }

  init(_ kind: PrismExpressionKind, _ span: SourceSpan) {
    self.kind = kind
    self.span = span
  }
}

/// An operator with its right operand.
public struct PrismOperation: Sendable {
  public var symbol: PrismOperator
  public var operand: PrismExpression
}

/// A case of a conditional expression.
public struct PrismBranch: Sendable {
  public var condition: PrismExpression
  public var value: PrismExpression
}

/// The infix operators, by their spelling.
public enum PrismOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case power = "^"
  case equal = "="
  case notEqual = "!="
  case less = "<"
  case lessEqual = "<="
  case greater = ">"
  case greaterEqual = ">="
  case and = "&"
  case or = "|"
  case implies = "=>"
  case iff = "<=>"
}

/// What kind of model a PRISM file describes.
public enum PrismModelType: String, Sendable {
  case dtmc, mdp, ctmc
}

/// A PRISM model as written.
public struct PrismModel: Sendable {
  /// Nil when the file does not say: PRISM takes it for an mdp.
  public var type: PrismModelType?
  public var typeSpan: SourceSpan?
  public var constants: [Constant] = []
  public var formulas: [Formula] = []
  public var labels: [Label] = []
  public var globals: [Variable] = []
  public var modules: [Module] = []
  public var renamings: [Renaming] = []
  /// The modules and renamings in the order of the text.
  public var moduleOrder: [PrismName] = []
  public var rewards: [Rewards] = []
  public var initial: PrismExpression?
  public var system: System?

  /// The types of constants and formulas, by their words in PRISM.
  public enum ScalarType: String, Sendable {
    case integer = "int"
    case double = "double"
    case boolean = "bool"
  }

  /// A constant; one without a value is given it from outside.
  public struct Constant: Sendable {
    public var name: PrismName
    public var type: ScalarType
    /// Nil for a constant that is set from outside.
    public var value: PrismExpression?
  }

  /// A formula: an expression with a name.
  public struct Formula: Sendable {
    public var name: PrismName
    public var value: PrismExpression
  }

  /// A label: a condition with a name.
  public struct Label: Sendable {
    public var name: PrismName
    public var value: PrismExpression
  }

  /// A variable of a module, or a global one.
  public struct Variable: Sendable {
    /// The values a variable may take.
    public enum Domain: Sendable {
      case range(PrismExpression, PrismExpression)
      case boolean
      case integer
    }
    public var name: PrismName
    public var domain: Domain
    public var initial: PrismExpression?
  }

  /// A variable's next value.
  public struct Assignment: Sendable {
    public var variable: PrismName
    public var value: PrismExpression
  }

  /// Assignments with their probability or rate.
  public struct Update: Sendable {
    /// Nil stands for 1.
    public var probability: PrismExpression?
    public var assignments: [Assignment]
    public var span: SourceSpan
  }

  /// A guarded command.
  public struct Command: Sendable {
    public var action: PrismName?
    public var condition: PrismExpression
    public var updates: [Update]
    public var span: SourceSpan
  }

  /// A module with its variables and commands.
  public struct Module: Sendable {
    public var name: PrismName
    public var variables: [Variable]
    public var commands: [Command]
  }

  /// A module made of another by new names.
  public struct Renaming: Sendable {
    public var name: PrismName
    public var base: PrismName
    public var changes: [(from: PrismName, to: PrismName)]
  }

  /// A rewards structure.
  public struct Rewards: Sendable {
    public struct Item: Sendable {
      /// Nil for a state reward; an empty name for transitions without a label.
      public var action: PrismName?
      public var condition: PrismExpression
      public var value: PrismExpression
    }
    public var name: PrismName?
    public var items: [Item]
    public var span: SourceSpan
  }

  /// How modules are put together.
  public indirect enum System: Sendable {
    case module(PrismName)
    /// Synchronises on the actions both sides have.
    case parallel(System, System)
    case interleaved(System, System)
    case synchronised(System, System, on: [PrismName])
    case hidden(System, [PrismName])
    case renamed(System, [(from: PrismName, to: PrismName)])
  }
}

/// One of `P`, `R`, `S`, `T` with what it asks.
public struct PrismQuery: Sendable {
  public enum Quantity: Sendable {
    case probability
    /// Of a rewards structure: its name, or its number from 1, or the first one.
    case reward(RewardReference?)
    case steadyState
    /// The expected number of steps (the expected time in a ctmc).
    case time
  }

  public enum RewardReference: Sendable {
    case name(PrismName)
    case number(PrismExpression)
  }

  public enum Optimum: String, Sendable { case least = "min", greatest = "max" }

  public enum Relation: Sendable {
    /// `=?`
    case query
    case bound(PrismOperator, PrismExpression)
  }

  public var quantity: Quantity
  public var optimum: Optimum?
  public var relation: Relation
  public var body: PrismPath
  public var span: SourceSpan
}

/// What is said of a path, or accumulated along one.
public indirect enum PrismPath: Sendable {
  case state(PrismExpression)
  case not(PrismPath, SourceSpan)
  case and(PrismPath, PrismPath)
  case or(PrismPath, PrismPath)
  case next(PrismPath, SourceSpan)
  case eventually(PrismPath, Bounds, SourceSpan)
  case globally(PrismPath, Bounds, SourceSpan)
  case until(PrismPath, PrismPath, Bounds, SourceSpan)
  case weakUntil(PrismPath, PrismPath, Bounds, SourceSpan)
  case release(PrismPath, PrismPath, Bounds, SourceSpan)
  /// `F a || F b`: the first given that the second.
  case conditional(PrismPath, PrismPath, SourceSpan)
  /// `C`, `C<=k`
  case cumulative(PrismExpression?, SourceSpan)
  /// `Cdiscount=d`
  case discounted(PrismExpression, SourceSpan)
  /// `I=k`
  case instantaneous(PrismExpression, SourceSpan)
  /// `S`, `LRA`
  case longRun(SourceSpan)

  /// Bounds on the step, or on an accumulated reward, at which something happens.
  public struct Bounds: Sendable {
    public var lower: PrismExpression?
    public var lowerIsStrict = false
    public var upper: PrismExpression?
    public var upperIsStrict = false
    /// Set for `F^{rew{"r"}>=b}`.
    public var reward: PrismQuery.RewardReference?
    public var isOnReward = false
    public var isAbsent: Bool { lower == nil && upper == nil }
  }

  public var span: SourceSpan? {
    switch self {
    case .state(let expression): expression.span
    case .and(let a, let b), .or(let a, let b): a.span.flatMap { first in b.span.map { first.union($0) } }
    case .not(_, let span), .next(_, let span), .eventually(_, _, let span), .globally(_, _, let span),
      .until(_, _, _, let span), .weakUntil(_, _, _, let span), .release(_, _, _, let span), .conditional(_, _, let span),
      .cumulative(_, let span), .discounted(_, let span), .instantaneous(_, let span), .longRun(let span):
      span
    }
  }
}

/// A file of properties as written.
public struct PrismProperties: Sendable {
  public struct Property: Sendable {
    public var name: PrismName?
    public var body: PrismExpression
    public var span: SourceSpan
  }
  public var constants: [PrismModel.Constant] = []
  public var formulas: [PrismModel.Formula] = []
  public var labels: [PrismModel.Label] = []
  public var properties: [Property] = []

  public init() {}
}
