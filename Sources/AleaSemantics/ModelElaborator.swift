import AleaModel
import AleaSyntax

/// Builds the process of one model with given arguments: names resolved, families spelt out, everything checked.
///
/// Variables may be declared in any order; each is elaborated when it is first needed, which is also how cycles are found.
final class ModelElaborator {
  let modelName: String
  let context: ElaborationContext
  let environment: Environment
  var process: Process
  var diagnostics: [Diagnostic] = []
  /// Whether a part was left out because something it mentions had failed before, or is not run while a program is checked.
  var isIncomplete = false
  /// What `t` may mean: the steps taken.
  let allowsTime = true

  /// A variable of the model: its declaration in the text, and what it came out as.
  struct Entry {
    var syntax: AST.Variable
    var span: SourceSpan
    var documentation: String
    var operand: Operand?
    var next: AST.Variable?
    var nextSpan: SourceSpan?
  }

  var entries: [String: Entry] = [:]
  var order: [String] = []
  var functions: [String: FunctionDefinition] = [:]
  var values: [String: Operand] = [:]
  var pendingValues: [String: (AST.Expression?, AST.Expression)] = [:]
  /// Symbols that the model's own sets introduce.
  var symbols: [String: Symbol] = [:]
  /// The variables being elaborated, outermost first: a name met again closes a cycle.
  var inProgress: [String] = []
  /// The moment problem being built, where the model is one.
  var moments: ElaboratedMoments?
  /// Names that mean something in other models, with why they mean nothing here.
  var absent: [String: String] = [:]
  /// Set while an expression is elaborated that may not mention primed values.
  var primesForbidden: String?

  init(name: String, kind: Process.Kind, environment: Environment, isChecking: Bool) {
    modelName = name
    context = ElaborationContext(isChecking: isChecking)
    self.environment = environment
    process = Process(name: name, kind: kind, objective: Objective(criterion: .total))
    context.model = self
  }

  // MARK: Names

  var names: [String] {
    order + values.keys.sorted() + pendingValues.keys.sorted() + functions.keys.sorted() + symbols.keys.sorted()
  }

  func elaborator() -> Elaborator { Elaborator(context: context, environment: environment) }

  func function(named name: String) -> FunctionDefinition? { functions[name] }

  func domain(of variable: VariableID) -> Domain? {
    process.variables.indices.contains(Int(variable.index)) ? process[variable].domain : nil
  }

  /// What a bare name means inside the model, or nil when it is nothing of the model's.
  func operand(named name: String, at span: SourceSpan) throws -> Operand? {
    if let value = values[name] { return value }
    if let (type, expression) = pendingValues[name] {
      let value = try guarded(name, span) {
        var scope = elaborator()
        var operand = try scope.elaborate(expression)
        if let type { operand = try scope.convert(operand, to: type, expression.span, what: "`\(name)`") }
        return operand
      }
      values[name] = value
      pendingValues[name] = nil
      return value
    }
    if let entry = entries[name] {
      if let operand = entry.operand { return operand }
      return try guarded(name, span) { try resolve(name) }
    }
    if let symbol = symbols[name] { return .value(.symbol(symbol)) }
    return nil
  }

  /// Runs the elaboration of something named, and reports a cycle when it needs itself.
  func guarded(_ name: String, _ span: SourceSpan, _ body: () throws -> Operand) throws -> Operand {
    if let start = inProgress.firstIndex(of: name) {
      let path = (inProgress[start...] + [name]).map { "`\($0)`" }
      let secondary = inProgress[start...].dropFirst().compactMap {
        entries[$0].map { Diagnostic.Label($0.span, "part of the cycle") }
      }
      throw DiagnosticError(
        .error(
          "`\(name)` depends on itself within a step", at: entries[name]?.span ?? span, label: path.joined(separator: " -> "),
          secondary: secondary,
          notes: ["a value that is carried over from the step before is a `state` with a next value `\(name)' = ...`"]))
    }
    inProgress.append(name)
    defer { inProgress.removeLast() }
    do {
      return try body()
    } catch let error as DiagnosticError {
      // Whoever mentions a broken variable stays silent.
      if entries[name] != nil { entries[name]?.operand = .unchecked("a value") }
      throw error
    }
  }

  /// The next value of a state: `stock'`.
  func nextOperand(named name: String, at span: SourceSpan, elaborator: Elaborator) throws -> Operand {
    guard let entry = entries[name] else { return try reopenedNextOperand(named: name, at: span, elaborator) }
    guard entry.syntax.role == .state else {
      throw DiagnosticError(
        .error(
          "`\(name)` is not a state and has no next value", at: span, label: "write `\(name)`",
          secondary: [.init(entry.span, "declared here")]))
    }
    if let primesForbidden {
      throw DiagnosticError(
        .error("\(primesForbidden) cannot mention `\(name)'`", at: span, label: "the next value is not known yet"))
    }
    guard let declaration = process.declaration(named: name) else { throw Elaborator.silent }
    return operand(of: declaration.shape, isNext: true, span: span)
  }

  /// The next value of a state of a process that was built before: in the updates of a policy.
  private func reopenedNextOperand(named name: String, at span: SourceSpan, _ elaborator: Elaborator) throws -> Operand {
    let declaration = process.declaration(named: name)
    guard declaration?.role == .state || declaration == nil && name == "state" && values["state"] != nil else {
      throw elaborator.unknownName(name, span)
    }
    if let primesForbidden {
      throw DiagnosticError(
        .error("\(primesForbidden) cannot mention `\(name)'`", at: span, label: "the next value is not known yet"))
    }
    if let declaration {
      guard declaration.shape.variables.allSatisfy({ process[$0].next != nil }) else {
        throw DiagnosticError(
          .error(
            context.readsStringsAsSymbols
              ? "the columns of a table have no next values: `\(name)'` means nothing in a row"
              : "`\(name)` is memory of the policy and has no next value of its own", at: span))
      }
      return operand(of: declaration.shape, isNext: true, span: span)
    }
    return nextPosition()
  }

  /// References to the scalar variables of a shape.
  func operand(of shape: Declaration.Shape, isNext: Bool, span: SourceSpan) -> Operand {
    switch shape {
    case .scalar(let id):
      let type = process[id].domain.type
      return .scalar(context.pool.intern(isNext ? .next(id) : .variable(id), type: type, span: span))
    case .array(let index, let elements):
      return .array(elements.map { operand(of: $0, isNext: isNext, span: span) }, index: .domain(index))
    case .record(let fields): return .record(fields.map { ($0.name, operand(of: $0.shape, isNext: isNext, span: span)) })
    }
  }

  // MARK: Collecting

  func report(_ error: any Error) {
    if let error = error as? DiagnosticError {
      diagnostics.append(contentsOf: error.diagnostics)
      if error.diagnostics.isEmpty { isIncomplete = true }
    }
  }

  func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

  /// Runs a part of the elaboration; what goes wrong is kept and the rest goes on.
  func attempt<Result>(_ body: () throws -> Result) -> Result? {
    do { return try body() } catch {
      report(error)
      return nil
    }
  }

  /// Takes in a function of the model or policy.
  func define(_ function: AST.Function) {
    let name = function.name.text
    if let earlier = functions[name]?.syntax.name.span ?? entries[name]?.span {
      return report(
        .error("`\(name)` is declared twice", at: function.name.span, secondary: [.init(earlier, "first declared here")]))
    }
    functions[name] = FunctionDefinition(syntax: function, environment: environment, isMember: true)
  }

  func bind(_ name: String, _ operand: Operand) { values[name] = operand }

  /// Takes in the members: who is there, who is there twice, which symbols the model's sets introduce.
  func collect(_ members: [AST.Member]) {
    for member in members {
      switch member.kind {
      case .variable(let variable):
        if variable.isPrimed { continue }
        if let earlier = entries[variable.name.text] {
          let isState = earlier.syntax.role == .state && variable.role == nil
          report(
            .error(
              "`\(variable.name.text)` is declared twice", at: variable.name.span,
              label: isState ? "did you mean `\(variable.name.text)'`, the next value?" : "",
              secondary: [.init(earlier.syntax.name.span, "first declared here")],
              fixIts: isState ? [.init(variable.name.span, replacement: "\(variable.name.text)'")] : []))
          continue
        }
        if let function = functions[variable.name.text] {
          report(
            .error(
              "`\(variable.name.text)` is declared twice", at: variable.name.span,
              secondary: [.init(function.syntax.name.span, "first declared here")]))
          continue
        }
        if values[variable.name.text] != nil {
          report(.error("`\(variable.name.text)` is already a parameter of \(modelName)", at: variable.name.span))
          continue
        }
        entries[variable.name.text] = Entry(syntax: variable, span: variable.name.span, documentation: member.documentation)
        order.append(variable.name.text)
      case .binding(let name, let type, let value):
        if entries[name.text] != nil || pendingValues[name.text] != nil || values[name.text] != nil {
          report(.error("`\(name.text)` is declared twice", at: name.span))
        } else {
          pendingValues[name.text] = (type, value)
        }
      case .function(let function):
        define(function)
      default: break
      }
    }
    for member in members {
      guard case .variable(let variable) = member.kind, variable.isPrimed else { continue }
      let name = variable.name.text
      guard var entry = entries[name] else {
        let nearest = Spelling.nearest(name, in: order)
        report(
          .error(
            "`\(name)'` is the next value of a state, and there is no state `\(name)`", at: variable.name.span,
            label: nearest.map { "did you mean `\($0)'`?" } ?? "",
            notes: nearest == nil ? ["declare it: `state \(name): domain = initial value`"] : []))
        continue
      }
      guard entry.syntax.role == .state else {
        report(
          .error(
            "`\(name)` is not a state and has no next value", at: variable.name.span,
            secondary: [.init(entry.span, "declared here")], notes: ["declare it as `state \(name): domain = initial value`"]))
        continue
      }
      if let earlier = entry.next {
        report(
          .error(
            "`\(name)` has two next values", at: variable.name.span, secondary: [.init(earlier.name.span, "the other one")],
            notes: ["join them: `\(name)' = if ... then ... else ...`"]))
        continue
      }
      entry.next = variable
      entry.nextSpan = member.span
      entries[name] = entry
    }
    for name in MemberSymbols.names(in: members) where isFree(name) { symbols[name] = Symbol(name) }
  }

  /// Whether a name means nothing yet.
  func isFree(_ name: String) -> Bool {
    name != "_" && entries[name] == nil && values[name] == nil && pendingValues[name] == nil && functions[name] == nil
      && environment.leavesFree(name) && Builtin.constants[name] == nil
  }
}
