import AleaModel
import AleaSyntax

/// What a name of a program means outside models.
public struct Binding: Sendable {
  public enum Kind: Sendable {
    case value(Value)
    case function(FunctionDefinition)
    case native(NativeFunction)
    case model(ModelDefinition)
    case policy(PolicyDefinition)
    /// Known only once the program runs: the result of a query, while a program is checked.
    case unchecked(String)
  }

  public var kind: Kind
  public var documentation: String
  public var span: SourceSpan?

  public init(_ kind: Kind, documentation: String = "", span: SourceSpan? = nil) {
    self.kind = kind
    self.documentation = documentation
    self.span = span
  }
}

/// The names of a program, and what they mean.
///
/// It is shared by everything that a program declares, so that its functions, models and policies see each other wherever they stand.
/// One program is checked or run at a time: an environment is not for several threads at once.
public final class Environment: @unchecked Sendable {
  private var bindings: [String: Binding] = [:]
  private let parent: Environment?
  /// How the numbers of the program came about; shared with what this environment stands on.
  let numbers: ExactNumbers

  /// - Parameter parent: what this one stands on: its names are seen, and may be covered, but not changed.
  public init(parent: Environment? = nil) {
    self.parent = parent
    numbers = parent?.numbers ?? ExactNumbers()
  }

  public subscript(name: String) -> Binding? {
    get { bindings[name] ?? parent?[name] }
    set { bindings[name] = newValue }
  }

  /// Names that the sets of models introduce: they mean themselves where nothing else has their name.
  private var symbols = Set<String>()

  func introduce(_ names: Set<String>) { symbols.formUnion(names) }

  /// Whether a symbol may have the name: nothing has it, or a native function, which is only ever called.
  func leavesFree(_ name: String) -> Bool {
    switch self[name]?.kind {
    case nil, .native?: true
    default: false
    }
  }

  func introducesSymbol(_ name: String) -> Bool { symbols.contains(name) || parent?.introducesSymbol(name) == true }

  /// Whether the name is defined here, not only in what this environment stands on.
  public func defines(_ name: String) -> Bool { bindings[name] != nil }

  /// Every name in scope, sorted.
  public var names: [String] { Set(bindings.keys).union(symbols).union(parent?.names ?? []).sorted() }

  /// The function that the field calls by an abbreviation.
  public func name(abbreviated text: String) -> String? {
    names.first { name in
      guard case .native(let native)? = self[name]?.kind else { return false }
      return native.abbreviations.contains(text)
    }
  }

  /// The names defined here, sorted.
  public var ownNames: [String] { bindings.keys.sorted() }

  /// Takes back or gives again what a name means here, without looking at what this environment stands on.
  public func restore(_ name: String, to binding: Binding?) { bindings[name] = binding }

  /// Gives a process that was made without a text the meaning of its name.
  public func define(_ process: Process) {
    let nowhere = SourceSpan(file: FileID(index: -1), start: 0, end: 0)
    let kind = AST.ModelKind(rawValue: process.kind.rawValue) ?? .mdp
    let syntax = AST.Model(kind: kind, name: AST.Name(process.name, nowhere), parameters: [], members: [])
    introduce(Set(process.symbols.map(\.name)))
    self[process.name] = Binding(
      .model(
        ModelDefinition(
          syntax: syntax, documentation: process.documentation, environment: self, source: BuiltProcess(built: process))),
      documentation: process.documentation)
  }

  /// Gives a model that is made from arguments the meaning of its name.
  ///
  /// - Parameter heading: the model with its parameters as a text declares them, and no members.
  public func define(_ heading: AST.Model, documentation: String, source: any ModelSource) {
    self[heading.name.text] = Binding(
      .model(ModelDefinition(syntax: heading, documentation: documentation, environment: self, source: source)),
      documentation: documentation)
  }

  /// Lets names stand for themselves where nothing else has them.
  public func introduce(symbols names: [String]) { introduce(Set(names)) }

  /// What a name means here, without looking at what this environment stands on.
  public func ownBinding(_ name: String) -> Binding? { bindings[name] }
}

/// A function written in Alea, with the environment it was written in.
public struct FunctionDefinition: Sendable {
  public let syntax: AST.Function
  let environment: Environment
  /// Whether it stands inside a model, whose names it may then mention.
  var isMember = false
}

/// A parameter of a native function.
public struct NativeParameter: Sendable {
  public enum Kind: Sendable {
    case value
    /// An expression about the states of the model given under a label: `probability(of: M.x == 3, in: M)`.
    case modelExpression
    /// Any number of unlabelled arguments.
    case variadic
    /// Any number of arguments under labels of the caller's choice: `do(Market, price: 20)`.
    case labelled
    /// The same, kept as expressions about the columns or variables of another argument: `derive(card, lwage: ln(wage))`.
    case labelledExpressions

    /// Values by the names of variables of the model in front; where one mentions other variables of the model it is kept as an
    /// expression: `do(Market, price: 20)`, `do(Market, price: 15 + season)`.
    case settings

    var takesMany: Bool { self == .variadic || self == .labelled || self == .labelledExpressions || self == .settings }
  }

  public let label: String
  public let kind: Kind
  /// Whether the argument may stand without its label.
  public let isPositional: Bool
  /// The default as text; nil when the argument is required.
  public let defaultText: String?
  public let documentation: String
  /// The names that may stand for a value here: `sweeps: gaussSeidel`.
  public let names: [String]

  public init(
    _ label: String, kind: Kind = .value, isPositional: Bool = false, default defaultText: String? = nil, names: [String] = [],
    _ documentation: String
  ) {
    self.names = names
    self.label = label
    self.kind = kind
    self.isPositional = isPositional
    self.defaultText = defaultText
    self.documentation = documentation
  }
}

/// A function written in Swift: methods, solvers, printing.
public struct NativeFunction: Sendable {
  public let name: String
  /// What else people may call it; the names of nothing in programs, but errors and help know them.
  public let abbreviations: [String]
  public let documentation: String
  public let example: String
  public let parameters: [NativeParameter]
  /// "a solution", "a method": used in messages.
  public let resultType: String
  /// True when running it is what a program is for (solving, printing): it is skipped while a program is only checked.
  public let isQuery: Bool
  /// What is looked at of a query while a program is only checked; arguments that are not known then are `.nothing`.
  public let check: (@Sendable (NativeCall) throws -> Void)?
  public let body: @Sendable (NativeCall) throws -> Value
  /// Makes a law from numbers that may depend on the state, with the symbols of the model: nil of a function that makes values.
  public let law: LawMaker?

  /// From expressions of a pool to a law over them, with the kind of what it draws.
  public typealias LawMaker =
    @Sendable (_ parameters: [ExpressionID], _ pool: inout ExpressionPool, _ symbols: inout [Symbol]) throws -> (
      Distribution, ScalarType
    )

  /// A law written in Swift, whose parameters are numbers.
  public init(
    law name: String, _ parameters: [NativeParameter], documentation: String, example: String = "", make: @escaping LawMaker
  ) {
    self.name = name
    abbreviations = []
    self.parameters = parameters
    self.documentation = documentation
    self.example = example
    resultType = "a distribution"
    isQuery = false
    law = make
    check = nil
    body = { _ in .nothing }
  }

  public init(
    _ name: String, _ parameters: [NativeParameter], returns resultType: String, isQuery: Bool, documentation: String,
    example: String = "", abbreviations: [String] = [], check: (@Sendable (NativeCall) throws -> Void)? = nil,
    body: @escaping @Sendable (NativeCall) throws -> Value
  ) {
    self.check = check
    self.name = name
    self.abbreviations = abbreviations
    self.parameters = parameters
    self.resultType = resultType
    self.isQuery = isQuery
    self.documentation = documentation
    self.example = example
    self.body = body
    law = nil
  }
}

/// The arguments of one call of a native function.
public struct NativeCall: Sendable {
  public struct Argument: Sendable {
    public let value: Value
    public let span: SourceSpan
  }

  public let span: SourceSpan
  let arguments: [String: Argument]
  /// The unlabelled arguments of a variadic parameter.
  public let variadic: [Argument]
  /// The arguments under labels of the caller's choice, in their order.
  public let labelled: [(label: String, argument: Argument)]
  /// The labels of the caller's choice whose expressions are elaborated by ``modelExpression(_:in:)``, in their order.
  public let expressionLabels: [String]
  let expressions: [String: AST.Expression]
  let environment: Environment
  /// The variables bound around the call: `[s in 0..3: probability(of: M.x == s, in: M)]`.
  let locals: [Local]

  public subscript(label: String) -> Argument? { arguments[label] }

  /// Whether the argument is absent, or its value known: while a program is only checked, what it asks for is not.
  public func isSettled(_ label: String) -> Bool {
    if case .nothing? = arguments[label]?.value { false } else { true }
  }

  /// The expression given under a label, elaborated over the states of a process.
  ///
  /// - Returns: the process with its pool extended, and the expression in it.
  public func modelExpression(_ label: String, in process: Process) throws -> (Process, ExpressionID) {
    guard let syntax = expressions[label] else {
      throw DiagnosticError(.error("`\(label):` is missing", at: span))
    }
    return try ModelElaborator.elaborate(syntax, over: process, environment: environment, locals: locals)
  }

  /// The expression given under a label, elaborated over the rows of a table: the variables of the process are its columns.
  public func rowExpression(_ label: String, in process: Process, isCondition: Bool = false) throws -> (Process, ExpressionID) {
    guard let syntax = expressions[label] else {
      throw DiagnosticError(.error("`\(label):` is missing", at: span))
    }
    return try ModelElaborator.elaborateRow(
      syntax, over: process, environment: environment, locals: locals, isCondition: isCondition)
  }

  /// What the settings of a model's variables say, in their order.
  public var settings: [(name: String, value: ModelObject.Setting, span: SourceSpan)] {
    labelled.map { ($0.label, .value($0.argument.value), $0.argument.span) }
      + expressionLabels.compactMap { label in expressions[label].map { (label, .expression($0), $0.span) } }
  }

  /// Where an argument stands.
  public func span(of label: String) -> SourceSpan? { arguments[label]?.span ?? expressions[label]?.span }

  /// A diagnostic about one argument, or about the call when it has no such argument.
  public func fault(_ message: String, at label: String? = nil, notes: [String] = []) -> DiagnosticError {
    let place = label.flatMap { arguments[$0]?.span ?? expressions[$0]?.span } ?? span
    return DiagnosticError(.error(message, at: place, notes: notes))
  }
}

/// A model as written, with the environment it was written in.
public struct ModelDefinition: Sendable {
  public let syntax: AST.Model
  public let documentation: String
  let environment: Environment
  /// Where the process comes from when the model is not written in Alea.
  public var source: (any ModelSource)?
  public var name: String { syntax.name.text }

  /// What can be asked about after a dot: the variables, and in an mdp or bandit also next values and channels.
  public var questionNames: [String] {
    guard syntax.kind == .mdp || syntax.kind == .bandit, source == nil else { return variableNames }
    var names: [String] = []
    for member in syntax.members {
      switch member.kind {
      case .variable(let variable): names.append(variable.name.text + (variable.isPrimed ? "'" : ""))
      case .channel(let channel): names.append(channel.name?.text ?? (channel.isCost ? "cost" : "reward"))
      default: break
      }
    }
    var seen = Set<String>()
    return names.filter { seen.insert($0).inserted }
  }

  /// The names of the model's variables, in the order in which they are first written: declared, or at an arrow's end.
  public var variableNames: [String] { source?.variableNames ?? Self.variableNames(of: syntax) }

  static func variableNames(of syntax: AST.Model) -> [String] {
    var names: [String] = []
    func add(_ expression: AST.Expression) {
      switch expression.kind {
      case .name(let name): names.append(name)
      case .set(let elements): elements.forEach(add)
      case .parenthesized(let inner): add(inner)
      default: break
      }
    }
    for member in syntax.members {
      switch member.kind {
      case .variable(let variable): names.append(variable.name.text)
      case .edges(let first, let rest):
        first.forEach(add)
        for (_, targets) in rest { targets.forEach(add) }
      case .data(let columns): names += columns.map(\.text)
      default: break
      }
    }
    var seen = Set<String>()
    return names.filter { seen.insert($0).inserted }
  }
}

/// A model in another notation, lowered to a process: a PRISM file.
public protocol ModelSource: Sendable {
  /// The names of its variables, in order.
  var variableNames: [String] { get }
  /// - Throws: `DiagnosticError` with everything that is wrong with it.
  func process() throws -> Process
  /// The process for a value of each parameter; without parameters ``process()``.
  ///
  /// - Throws: `DiagnosticError` with everything that is wrong with it, or with the arguments.
  func process(_ arguments: [(name: String, value: Value)]) throws -> Process
}

extension ModelSource {
  /// The process of a source that takes no arguments.
  public func process(_ arguments: [(name: String, value: Value)]) throws -> Process { try process() }
}

/// A process that was built in Swift.
struct BuiltProcess: ModelSource {
  let built: Process
  var variableNames: [String] { built.declarations.map(\.name) }
  func process() -> Process { built }
}

extension ModelDefinition {
  /// A decision process in another notation, under a name of its own.
  public init(name: String, source: any ModelSource, span: SourceSpan) {
    let syntax = AST.Model(kind: .mdp, name: AST.Name(name, span), parameters: [], members: [])
    self.init(syntax: syntax, documentation: "", environment: Environment(), source: source)
  }

  /// A causal model read from a file of another notation: arrows without mechanisms.
  public init(causal syntax: AST.Model) {
    self.init(syntax: syntax, documentation: "", environment: Environment(), source: nil)
  }
}

/// A policy as written, with the environment it was written in.
public struct PolicyDefinition: Sendable {
  public let syntax: AST.Policy
  public let documentation: String
  let environment: Environment
  public var name: String { syntax.name.text }
}

/// A given argument of a model or policy.
public struct GivenArgument: Sendable {
  public let label: String?
  public let value: Value
  public let span: SourceSpan

  public init(label: String?, value: Value, span: SourceSpan) {
    self.label = label
    self.value = value
    self.span = span
  }
}

/// A model with arguments, as a value of a program: `Inventory(capacity: 50)`.
public struct ModelObject: ObjectValue {
  public let definition: ModelDefinition
  public let arguments: [GivenArgument]

  public init(definition: ModelDefinition, arguments: [GivenArgument]) {
    self.definition = definition
    self.arguments = arguments
  }

  public var typeName: String { "a model" }
  public var description: String {
    definition.name
      + (arguments.isEmpty
        ? "" : "(" + arguments.map { ($0.label.map { "\($0): " } ?? "") + $0.value.description }.joined(separator: ", ") + ")")
  }
}

/// A variable of a model, as a value of a program: `Schooling.educ` in `effect(of: Schooling.educ, on: Schooling.lwage)`.
public struct ModelVariable: ObjectValue {
  public let model: ModelObject
  public let name: String

  public init(model: ModelObject, name: String) {
    self.model = model
    self.name = name
  }

  public var typeName: String { "a variable of a model" }
  public var description: String { "\(model.definition.name).\(name)" }
}

/// A policy with arguments, as a value of a program: `BaseStock(level: 12)`.
public struct PolicyObject: ObjectValue {
  public let definition: PolicyDefinition
  public let arguments: [GivenArgument]

  public init(definition: PolicyDefinition, arguments: [GivenArgument]) {
    self.definition = definition
    self.arguments = arguments
  }

  public var typeName: String { "a policy" }
  public var description: String {
    definition.name
      + (arguments.isEmpty
        ? "" : "(" + arguments.map { ($0.label.map { "\($0): " } ?? "") + $0.value.description }.joined(separator: ", ") + ")")
  }
}
