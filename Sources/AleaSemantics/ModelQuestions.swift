import AleaModel
import AleaSyntax

extension ModelElaborator {
  /// Makes the variables of a finished process available under their names again.
  private convenience init(reopening process: Process, environment: Environment, includingActions: Bool, isChecking: Bool = false)
  {
    self.init(name: process.name, kind: process.kind, environment: environment, isChecking: isChecking)
    self.process = process
    context.adopt(process)
    let span = process.span ?? SourceSpan(file: FileID(index: 0), start: 0, end: 0)
    for declaration in process.declarations {
      if declaration.role == .action, !includingActions { continue }
      bind(declaration.name, operand(of: declaration.shape, isNext: false, span: declaration.span ?? span))
    }
    for symbol in process.symbols where symbol.enumeration == nil { bindIfFree(symbol) }
  }

  private func bindIfFree(_ symbol: Symbol) {
    if environment.leavesFree(symbol.name),
      (try? operand(named: symbol.name, at: SourceSpan(file: FileID(index: 0), start: 0, end: 0))) == nil
    {
      bind(symbol.name, .value(.symbol(symbol)))
    }
  }

  /// Elaborates an expression over the rows of a table, whose columns are the variables of the process and whose texts are its symbols.
  static func elaborateRow(
    _ syntax: AST.Expression, over process: Process, environment: Environment, locals: [Local], isCondition: Bool
  ) throws -> (Process, ExpressionID) {
    let model = ModelElaborator(reopening: process, environment: environment, includingActions: false)
    model.context.readsStringsAsSymbols = true
    var scope = model.elaborator()
    scope.locals = locals
    let operand = try isCondition ? scope.boolean(syntax) : scope.elaborate(syntax)
    if case .unchecked = operand { throw Elaborator.silent }
    guard let id = scope.scalar(operand, syntax.span) else {
      throw scope.fault(
        "a column needs a number, a Boolean or a text in each row, and this is \(scope.describe(operand))", syntax.span)
    }
    var extended = model.process
    extended.pool = model.context.pool
    extended.symbols = model.context.symbols
    for leaf in extended.pool.leaves(of: [id]) {
      if case .variable = leaf { continue }
      throw scope.fault("rows have no next values and no time", syntax.span)
    }
    return (extended, id)
  }

  /// Elaborates a condition over the states of a process: `M.x == 3`, or `x == 3`.
  static func elaborate(
    _ syntax: AST.Expression, over process: Process, environment: Environment, locals: [Local] = [], isChecking: Bool = false
  ) throws -> (Process, ExpressionID) {
    let model = ModelElaborator(reopening: process, environment: environment, includingActions: false, isChecking: isChecking)
    var scope = model.elaborator()
    scope.locals = locals
    let operand = try scope.boolean(syntax)
    guard let id = scope.scalar(operand, syntax.span) else { throw Elaborator.silent }
    var extended = model.process
    extended.pool = model.context.pool
    extended.symbols = model.context.symbols
    for leaf in extended.pool.leaves(of: [id]) {
      switch leaf {
      case .variable(let variable) where extended[variable].role == .state: continue
      case .variable(let variable):
        throw DiagnosticError(
          .error(
            "a question about states cannot mention `\(extended[variable].name)`", at: syntax.span,
            notes: ["it is drawn or chosen within a step; only the states of the model have values between steps"]))
      case .next, .time:
        throw DiagnosticError(.error("a question about states cannot mention next values or the time", at: syntax.span))
      default: continue
      }
    }
    return (extended, id)
  }

  /// Applies the rules of a policy to a process: the actions become variables that follow from what is known.
  static func close(_ process: Process, parameters: [(name: String, value: Value)], with policy: PolicyObject) throws -> Process {
    let syntax = policy.definition.syntax
    let model = ModelElaborator(reopening: process, environment: policy.definition.environment, includingActions: false)
    for member in syntax.members {
      if case .function(let function) = member.kind { model.define(function) }
    }
    for parameter in parameters { model.bind(parameter.name, .value(parameter.value)) }
    try model.bindParameters(
      syntax.parameters, policy.arguments, of: "policy `\(policy.definition.name)`", name: syntax.name.span)
    model.process.parameters = process.parameters
    model.primesForbidden = "a policy"
    var ruled = Set<String>()
    var isMisspelt = false
    let actions = process.declarations.filter { $0.role == .action }
    let readable = Set(process.observedBeforeAction)
    for member in syntax.members {
      switch member.kind {
      case .binding(let name, let type, let value):
        model.attempt {
          var scope = model.elaborator()
          var operand = try scope.elaborate(value)
          if let type { operand = try scope.convert(operand, to: type, value.span, what: "`\(name.text)`") }
          model.bind(name.text, operand)
        }
      case .memory, .after:
        model.report(
          .error(
            "a policy with memory cannot be applied to a model as a fixed rule", at: member.span,
            notes: ["rules that depend on the state alone can; learning policies are run by `simulate` on bandits"]))
      case .rule(let name, let mechanism):
        guard let action = actions.first(where: { $0.name == name.text }) else {
          let nearest = Spelling.nearest(name.text, in: actions.map(\.name))
          if nearest != nil { isMisspelt = true }
          model.report(
            .error(
              "`\(name.text)` is not an action of \(process.name)", at: name.span,
              label: nearest.map { "did you mean `\($0)`?" } ?? "",
              notes: ["its actions are \(model.elaborator().list(actions.map(\.name)))"]))
          continue
        }
        guard ruled.insert(name.text).inserted else {
          model.report(.error("`\(name.text)` is chosen twice", at: name.span))
          continue
        }
        model.attempt { try model.rule(action, mechanism, readable) }
      default: break
      }
    }
    // A rule whose name is misspelt has been reported; it is the missing one.
    for action in actions where !ruled.contains(action.name) && !isMisspelt {
      model.report(
        .error(
          "the policy `\(syntax.name.text)` does not choose `\(action.name)`", at: syntax.name.span,
          label: "write `\(action.name) = ...` or `\(action.name) ~ ...`"))
    }
    if model.diagnostics.contains(where: { $0.severity == .error }) { throw DiagnosticError(model.diagnostics) }
    var closed = model.process
    closed.pool = model.context.pool
    closed.symbols = model.context.symbols
    // The actions now have mechanisms: they are run first, after what is observed before them.
    let chosen = actions.flatMap(\.shape.variables).map { Slot.current($0) }
    let before = Set(process.observedBeforeAction.map { Slot.current($0) })
    let graph = DependenceGraph(of: closed)
    let ancestors = chosen.reduce(into: Set<Slot>()) { $0.formUnion(graph.ancestors(of: $1)) }
    let early = process.stepOrder.filter { before.contains($0) || ancestors.contains($0) }
    let late = process.stepOrder.filter { !(before.contains($0) || ancestors.contains($0)) }
    closed.stepOrder = early + chosen + late
    return closed
  }

  private func rule(_ action: Declaration, _ mechanism: AST.Mechanism, _ readable: Set<VariableID>) throws {
    var scope = elaborator()
    func domains(_ shape: Declaration.Shape) -> DomainShape {
      switch shape {
      case .scalar(let id): .scalar(process[id].domain)
      case .array(let index, let elements): .array(index: index, elements.first.map(domains) ?? .scalar(.boolean))
      case .record(let fields): .record(fields.map { ($0.name, domains($0.shape)) })
      }
    }
    var targets = action.shape.variables[...]
    let expression = mechanism.expression
    let operand = try scope.elaborate(expression)
    if case .unchecked = operand { throw Elaborator.silent }
    switch mechanism {
    case .value:
      _ = try assign(operand, to: domains(action.shape), action.name, expression.span) { _, _, id in
        guard let target = targets.popFirst() else { throw Elaborator.silent }
        self.process.variables[Int(target.index)].mechanism = .value(id)
        return .scalar(target)
      }
    case .draw:
      let (law, type) = try scope.distribution(operand, expression.span)
      _ = try drawn(law, type, domains(action.shape), action.name, expression.span) { _, _, law in
        guard let target = targets.popFirst() else { throw Elaborator.silent }
        self.process.variables[Int(target.index)].mechanism = .draw(law)
        return .scalar(target)
      }
    }
    // A policy reads what is known before it acts.
    for id in action.shape.variables {
      for leaf in context.pool.leaves(of: process[id].mechanism.expressions) {
        guard case .variable(let variable) = leaf else { continue }
        let found = process[variable]
        if found.role == .state || found.role == .latent || readable.contains(variable) || isKnownInState(variable, readable) {
          continue
        }
        throw scope.fault(
          "a policy cannot read `\(found.name)`: it is not known before the action", expression.span,
          secondary: found.span.map { [.init($0, "drawn or derived after the action")] } ?? [])
      }
    }
  }

  /// Whether a derived value follows from the state and what is observed before the action.
  private func isKnownInState(_ variable: VariableID, _ readable: Set<VariableID>) -> Bool {
    guard case .value(let expression) = process[variable].mechanism, process[variable].role != .action else { return false }
    return context.pool.leaves(of: [expression]).allSatisfy { leaf in
      switch leaf {
      case .variable(let other): process[other].role == .state || readable.contains(other) || isKnownInState(other, readable)
      case .next: false
      default: true
      }
    }
  }
}

extension PolicyObject {
  /// The process in which the actions follow this policy's rules.
  ///
  /// - Throws: `DiagnosticError` for a rule that is missing, reads what is not known, or leaves the action's domain.
  public func close(_ process: Process, of model: ModelObject, at span: SourceSpan? = nil) throws -> Process {
    let target = definition.syntax.target
    if target.text != "mdp", target.text != model.definition.name {
      throw DiagnosticError(
        .error(
          "`\(definition.name)` is a policy for `\(target.text)`, not for `\(model.definition.name)`", at: span ?? target.span,
          secondary: span == nil ? [] : [.init(target.span, "declared here")]))
    }
    return try ModelElaborator.close(process, parameters: model.parameterValues(), with: self)
  }
}
