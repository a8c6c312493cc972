import AleaModel
import AleaSyntax

/// A lowered model with the constants, formulas and labels of its properties: where the expressions of properties are built.
public struct PrismContext: Sendable {
  public let program: PrismProgram
  private var scope: PrismScope

  /// - Parameters:
  ///   - properties: what a properties file declares beside its properties.
  ///   - constants: values of constants that it leaves open.
  /// - Throws: `DiagnosticError` with everything that is wrong with the declarations.
  public init(_ program: PrismProgram, properties: PrismProperties = PrismProperties(), constants: [String: PrismGiven] = [:])
    throws
  {
    self.program = program
    scope = program.scope
    scope.diagnostics = []
    scope.given.merge(constants) { _, new in new }
    for constant in properties.constants {
      try declare(constant.name)
      scope.constants[constant.name.text] = constant
    }
    for formula in properties.formulas {
      try declare(formula.name)
      scope.formulas[formula.name.text] = formula.value
    }
    for label in properties.labels {
      if scope.labels[label.name.text] != nil || label.name.text == "init" || label.name.text == "deadlock" {
        throw DiagnosticError(.error("there is a label \"\(label.name.text)\" already", at: label.name.span))
      }
      scope.labels[label.name.text] = label.value
    }
  }

  private mutating func declare(_ name: PrismName) throws {
    guard scope.names.contains(name.text) else { return }
    throw DiagnosticError(.error("the name `\(name.text)` is used twice", at: name.span, label: "the model has it already"))
  }

  /// A property that stands in another in place of a condition on states.
  public mutating func addLabel(_ name: String, _ value: PrismExpression) {
    if scope.labels[name] == nil { scope.labels[name] = value }
  }

  /// What a label stands for, as written; nil for one with a fixed meaning.
  public func definition(ofLabel name: String) -> PrismExpression? { scope.labels[name] }

  /// Runs `body` on the names, and turns what it reports into an error.
  private mutating func attempt<Result>(_ body: (inout PrismScope) throws -> Result) throws -> Result {
    scope.diagnostics = []
    do {
      return try body(&scope)
    } catch is PrismSilent {
      throw DiagnosticError(scope.diagnostics.isEmpty ? [.error("this could not be built", at: nil)] : scope.diagnostics)
    }
  }

  /// A condition on states, in the pool of the process returned.
  public mutating func condition(_ expression: PrismExpression) throws -> (Process, ExpressionID) {
    let id = try attempt { try $0.boolean(expression, "a condition on states") }
    return (process, id)
  }

  /// A number that may depend on the state.
  public mutating func number(_ expression: PrismExpression) throws -> (Process, ExpressionID) {
    let id = try attempt { scope in
      let value = try scope.lower(expression)
      guard value.type != .boolean else { throw scope.fault("this is true or false, and a number is needed", expression.span) }
      return value.id
    }
    return (process, id)
  }

  /// Whether an expression is a condition; nil when it cannot be built.
  public mutating func isCondition(_ expression: PrismExpression) throws -> Bool {
    try attempt { try $0.lower(expression).type == .boolean }
  }

  /// A number that must be known before the model runs: a bound.
  public mutating func real(_ expression: PrismExpression, _ what: String) throws -> Double {
    try attempt { try $0.real(expression, what) }
  }

  public mutating func integer(_ expression: PrismExpression, _ what: String) throws -> Int {
    try attempt { try $0.integer(expression, what) }
  }

  private var process: Process {
    var process = program.process
    process.pool = scope.pool
    return process
  }

  /// The position of a rewards structure among the channels of the process.
  public mutating func rewardIndex(_ reference: PrismQuery.RewardReference?, at span: SourceSpan) throws -> Int {
    let names = program.rewardNames
    guard !names.isEmpty else { throw DiagnosticError(.error("the model has no rewards", at: span)) }
    switch reference {
    case nil: return 0
    case .name(let name):
      if let index = names.firstIndex(of: name.text) { return index }
      let known = names.compactMap { $0 }
      let nearest = Spelling.nearest(name.text, in: known)
      throw DiagnosticError(
        .error(
          "there are no rewards \"\(name.text)\"", at: name.span, label: nearest.map { "did you mean \"\($0)\"?" } ?? "",
          notes: known.isEmpty ? [] : ["the model has " + known.map { "\"\($0)\"" }.joined(separator: ", ")]))
    case .number(let expression):
      let number = try integer(expression, "the number of the rewards")
      guard names.indices.contains(number - 1) else {
        throw DiagnosticError(
          .error("there are no rewards \(number): the model has \(names.count)", at: expression.span))
      }
      return number - 1
    }
  }

  /// What a rewards structure earns in a state, its transitions left out.
  public mutating func stateReward(_ index: Int) throws -> (Process, ExpressionID) {
    let items = program.model.rewards[index].items.filter { $0.action == nil }
    let id = try attempt { scope in
      let zero = scope.pool.constant(0, type: .real)
      var total = zero
      for item in items {
        let condition = try scope.boolean(item.condition, "the condition of a reward")
        let value = try scope.lower(item.value)
        let earned = scope.pool.select(condition, value.id, zero, type: .real, span: item.value.span)
        total = scope.pool.binary(.add, total, earned, type: .real, span: item.value.span)
      }
      return total
    }
    return (process, id)
  }
}

extension PrismContext {
  /// The states in which no command is enabled.
  public mutating func deadlock() throws -> (Process, ExpressionID) {
    let span = program.process.span ?? SourceSpan(file: FileID(index: 0), start: 0, end: 0)
    return try condition(PrismExpression(.label("deadlock"), span))
  }
}

extension PrismProgram {
  /// Shows the command behind a fault of a step: the message names it, its place is in the text.
  public func locate(_ diagnostic: inout Diagnostic) {
    guard let note = diagnostic.notes.first(where: { $0.hasPrefix("after ") }) else { return }
    for (symbol, spans) in zip(process.symbols, commandSpans) where !spans.isEmpty {
      guard note.hasSuffix(" = \(symbol.name)") || note.contains(" = \(symbol.name),") else { continue }
      if let place = diagnostic.span, spans.contains(where: { $0.start <= place.start && place.end <= $0.end }) { return }
      if diagnostic.span == nil || diagnostic.span == process.span {
        diagnostic.span = spans[0]
        diagnostic.secondary += spans.dropFirst().map { .init($0, "taken together with this one") }
      } else {
        diagnostic.secondary += spans.map { .init($0, "by this command") }
      }
      return
    }
  }
}
