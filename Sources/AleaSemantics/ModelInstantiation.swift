import AleaModel
import AleaSyntax

extension ModelDefinition {
  /// Builds the process for given arguments.
  ///
  /// - Parameter place: where the model is used: a missing argument is reported there.
  /// - Throws: `DiagnosticError` with everything that is wrong with the model, or with the arguments; without any diagnostic when a
  ///   cause has been reported before.
  public func instantiate(_ arguments: [GivenArgument] = [], at place: SourceSpan? = nil, isChecking: Bool = false) throws
    -> Process
  { try elaborate(arguments, at: place, isChecking: isChecking).process }

  /// The process with the warnings about it.
  func elaborate(_ arguments: [GivenArgument], at place: SourceSpan? = nil, isChecking: Bool) throws -> (
    process: Process, warnings: [Diagnostic]
  ) {
    if let source { return (try elaborate(source, arguments, at: place, isChecking: isChecking), []) }
    guard let kind = Process.Kind(rawValue: syntax.kind.rawValue) else {
      throw DiagnosticError(
        .error("`\(name)` is a \(syntax.kind.rawValue) problem, which has no steps to run", at: syntax.name.span))
    }
    let elaborator = ModelElaborator(name: name, kind: kind, environment: environment, isChecking: isChecking)
    elaborator.process.documentation = documentation
    elaborator.process.span = syntax.name.span
    try elaborator.bindParameters(syntax.parameters, arguments, of: "model `\(name)`", name: place ?? syntax.name.span)
    elaborator.build(syntax)
    let errors = elaborator.diagnostics.filter { $0.severity == .error }
    if !errors.isEmpty { throw DiagnosticError(elaborator.diagnostics) }
    if elaborator.isIncomplete {
      guard !isChecking else { throw Elaborator.silent }
      throw DiagnosticError(
        .error("`\(name)` could not be built: something it mentions has no value", at: place ?? syntax.name.span))
    }
    return (elaborator.process, elaborator.diagnostics)
  }

  /// The process that comes from elsewhere, with the values of its parameters.
  private func elaborate(
    _ source: any ModelSource, _ arguments: [GivenArgument], at place: SourceSpan?, isChecking: Bool
  ) throws -> Process {
    if syntax.parameters.isEmpty {
      guard arguments.isEmpty else { throw DiagnosticError(.error("`\(name)` takes no arguments", at: arguments[0].span)) }
      return try source.process([])
    }
    let elaborator = ModelElaborator(name: name, kind: .mdp, environment: environment, isChecking: isChecking)
    try elaborator.bindParameters(syntax.parameters, arguments, of: "model `\(name)`", name: place ?? syntax.name.span)
    let values = try syntax.parameters.map { parameter in
      guard case .value(let value)? = try elaborator.operand(named: parameter.name.text, at: parameter.name.span) else {
        throw Elaborator.silent
      }
      if case .nothing = value { throw Elaborator.silent }
      return (name: parameter.name.text, value: value)
    }
    do {
      var process = try source.process(values)
      process.parameters = elaborator.process.parameters
      return process
    } catch let error as DiagnosticError {
      // What comes from elsewhere has no place of its own: it is told where the model is used.
      throw DiagnosticError(
        error.diagnostics.map { diagnostic in
          var placed = diagnostic
          placed.span = diagnostic.span ?? arguments.first?.span ?? place
          return placed
        })
    }
  }
}

extension ModelObject {
  /// The process of this model with its arguments.
  ///
  /// - Parameters:
  ///   - place: where the model is used: a missing argument is reported there.
  ///   - takesRows: whether a model that was read as states and transitions will do; it has no mechanisms to run or change.
  public func instantiate(at place: SourceSpan? = nil, isChecking: Bool = false, takesRows: Bool = false) throws -> Process {
    let process = try definition.instantiate(arguments, at: place, isChecking: isChecking)
    if process.rows != nil, !takesRows {
      throw DiagnosticError(
        .error(
          "`\(process.name)` was read as states and transitions: it has no mechanisms, which are needed here",
          at: place ?? definition.syntax.name.span,
          notes: ["`size`, `solve`, `probability` and the graph of its states take such a model"]))
    }
    return process
  }

  /// The value of every parameter: the argument, or the default.
  public func parameterValues() throws -> [(name: String, value: Value)] {
    let elaborator = ModelElaborator(name: definition.name, kind: .mdp, environment: definition.environment, isChecking: false)
    try elaborator.bindParameters(
      definition.syntax.parameters, arguments, of: "model `\(definition.name)`", name: definition.syntax.name.span)
    return try definition.syntax.parameters.compactMap { parameter in
      guard case .value(let value)? = try elaborator.operand(named: parameter.name.text, at: parameter.name.span) else {
        return nil
      }
      return (parameter.name.text, value)
    }
  }
}

extension ModelElaborator {
  /// Gives every parameter its value: the argument, or the default.
  func bindParameters(_ parameters: [AST.Parameter], _ given: [GivenArgument], of what: String, name: SourceSpan) throws {
    var scope = elaborator()
    try scope.checkLabels(given, against: parameters, of: what, name)
    var position = 0
    var values: [String: GivenArgument] = [:]
    for argument in given {
      if let label = argument.label {
        values[label] = argument
      } else {
        values[parameters[position].name.text] = argument
        position += 1
      }
    }
    var seen = Set<String>()
    for parameter in parameters {
      let label = parameter.name.text
      guard seen.insert(label).inserted else {
        throw DiagnosticError(.error("\(what) has two parameters called `\(label)`", at: parameter.name.span))
      }
      var operand: Operand
      let place: SourceSpan
      if let argument = values[label] {
        operand = .value(argument.value)
        place = argument.span
      } else if let value = parameter.defaultValue {
        operand = try scope.elaborate(value)
        place = value.span
      } else {
        throw DiagnosticError(
          .error(
            "\(what) needs a value for `\(label)`", at: given.first?.span ?? name, label: "`\(label)` has no default",
            secondary: [.init(parameter.name.span, "declared here")]))
      }
      if let type = parameter.type { operand = try scope.convert(operand, to: type, place, what: "`\(label)` of \(what)") }
      bind(label, operand)
      scope.locals.append(Local(name: label, operand: operand))
      if case .value(let value) = operand { process.parameters.append((label, value.description)) }
    }
  }

  // MARK: Building

  func build(_ syntax: AST.Model) {
    collect(syntax.members)
    let model = syntax.name
    for name in ModelDefinition.variableNames(of: syntax) where entries[name] == nil {
      absent[name] =
        "`\(name)` has arrows and no mechanism, so nothing can be computed from it: add one, as in `\(name) ~ Normal(0, 1)`"
    }
    for name in order {
      guard let entry = entries[name] else { continue }
      if entry.syntax.availability != nil, entry.syntax.role != .action {
        report(.error("`when` belongs to an action, and `\(name)` is none", at: entry.syntax.availability?.span))
      }
      if process.kind == .mdp || process.kind == .bandit, entry.syntax.role == .state || entry.syntax.role == .action {
        attempt { try declareChosenOrCarried(name, entry) }
      } else if entry.syntax.role == .action {
        attempt { try declareChosenOrCarried(name, entry) }
      }
    }
    for name in order where entries[name]?.operand == nil {
      if let span = entries[name]?.span { attempt { _ = try operand(named: name, at: span) } }
    }
    for name in order where entries[name]?.syntax.role == .state { attempt { try elaborateInitial(name) } }
    for name in order where entries[name]?.syntax.role == .state { attempt { try elaborateNext(name) } }
    for member in syntax.members {
      switch member.kind {
      case .channel(let channel): attempt { try elaborateChannel(channel, member) }
      case .terminal(let condition): attempt { try elaborateTerminal(condition) }
      case .edges(_, let rest) where process.kind != .causal && !rest.isEmpty:
        report(
          .error(
            "arrows belong to causal models", at: member.span,
            notes: ["in an mdp or bandit the dependences follow from the expressions"]))
      case .data, .unknown, .require:
        report(
          .error(
            "this belongs to `moments` problems, and `\(model.text)` is \(process.kind == .mdp ? "an" : "a") \(process.kind.rawValue)",
            at: member.span))
      default: break
      }
    }
    for name in order where entries[name]?.syntax.role == .action { attempt { try elaborateAvailability(name) } }
    attempt { try elaborateObjective(syntax) }
    finish(model)
  }

  /// States and actions: their domains come from the text, before anything else.
  func declareChosenOrCarried(_ name: String, _ entry: Entry) throws {
    let variable = entry.syntax
    var scope = elaborator()
    let isState = variable.role == .state
    guard let domainSyntax = variable.domain else {
      entries[name]?.operand = .unchecked("a value")
      throw scope.fault(
        "\(isState ? "the state" : "the action") `\(name)` needs a domain", variable.name.span,
        notes: [isState ? "as in `state \(name): 0..20 = 0`" : "as in `action \(name): {left, right}`"])
    }
    if !isState, let mechanism = variable.mechanism {
      entries[name]?.operand = .unchecked("a value")
      throw scope.fault("an action is chosen by a policy and has no value of its own", mechanism.expression.span)
    }
    let declaration = process.declarations.count
    do {
      let declared = try scope.domainShape(domainSyntax)
      process.declarations.append(
        Declaration(
          name: name, role: isState ? .state : .action, shape: .record([]), documentation: entry.documentation, span: entry.span))
      let shape = try family(variable.indices, name: name, declared: declared) { _, fullName, declared in
        try self.declare(fullName, declaration, isState ? .state : .action, declared ?? .scalar(.boolean), .chosen, entry.span)
      }
      process.declarations[declaration].shape = shape
      if !isState {
        for id in shape.variables where !process[id].domain.isFinite && process.kind == .mdp {
          throw scope.fault(
            "the action `\(process[id].name)` has infinitely many values", domainSyntax.span,
            notes: ["an action of an mdp takes its values from a finite set, as in `action \(name): 0..100`"])
        }
      }
      entries[name]?.operand = operand(of: shape, isNext: false, span: entry.span)
    } catch {
      entries[name]?.operand = .unchecked("a value")
      throw error
    }
  }

  func elaborateInitial(_ name: String) throws {
    guard let entry = entries[name], let declaration = process.declaration(named: name), !declaration.shape.variables.isEmpty,
      case .some(let domainSyntax) = entry.syntax.domain
    else { return }
    guard let mechanism = entry.syntax.mechanism else {
      throw elaborator().fault(
        "the state `\(name)` needs an initial value or distribution", entry.syntax.name.span,
        notes: ["as in `state \(name): ... = value`, or `state \(name): ... ~ distribution`"])
    }
    primesForbidden = "an initial value"
    defer { primesForbidden = nil }
    try setMechanisms(entry.syntax, declaration, domainSyntax, mechanism) { id, result in
      self.process.variables[Int(id.index)].mechanism = result
    }
    // Initial values may be read off other states' initial values, but not off what is chosen or drawn later.
    for id in declaration.shape.variables {
      for leaf in context.pool.leaves(of: process[id].mechanism.expressions) {
        switch leaf {
        case .variable(let other) where process[other].role == .state: continue
        case .variable(let other) where process[other].name.hasSuffix("#"):
          throw elaborator().fault(
            "the parts of `\(name)` cannot be drawn together at the start", mechanism.expression.span,
            notes: [
              "draw a state of its own, as in `state start: 0..3 ~ Uniform(0..3)`, and read the parts off it: `= places[start]`"
            ])
        case .variable(let other):
          throw elaborator().fault(
            "the initial value of `\(name)` cannot depend on `\(process[other].name)`", mechanism.expression.span,
            label: "which is not known yet")
        case .time, .next:
          throw elaborator().fault(
            "the initial value of `\(name)` cannot depend on the time or on next values", mechanism.expression.span)
        default: continue
        }
      }
    }
  }

  /// Runs a mechanism over the families of a variable that is already declared, and hands each scalar's mechanism to `set`.
  func setMechanisms(
    _ variable: AST.Variable, _ declaration: Declaration, _ domainSyntax: AST.Expression, _ mechanism: AST.Mechanism,
    _ set: @escaping (VariableID, Mechanism) -> Void
  ) throws {
    var scope = elaborator()
    let declared = try scope.domainShape(domainSyntax)
    var remaining = declaration.shape.variables[...]
    _ = try family(variable.indices, name: declaration.name, declared: declared) { scope, fullName, declared in
      guard let declared else { throw Elaborator.silent }
      switch mechanism {
      case .value(let expression):
        return try self.assign(try scope.elaborate(expression), to: declared, fullName, expression.span) { _, _, id in
          guard let target = remaining.popFirst() else { throw Elaborator.silent }
          set(target, .value(id))
          return .scalar(target)
        }
      case .draw(let expression):
        let operand = try scope.elaborate(expression)
        if case .unchecked = operand { throw Elaborator.silent }
        if case .value(.distribution(let known)) = operand, case .finite(let outcomes) = known.kind, let first = outcomes.first,
          scope.encode(first.value) == nil
        {
          // A joint law: draw which outcome in a hidden variable, then assign its parts.
          let hidden = self.jointDraw(fullName, outcomes.map(\.probability), expression.span, of: declaration)
          let chosen = try scope.pick(outcomes.map { .value($0.value) }, position: hidden, expression.span)
          return try self.assign(chosen, to: declared, fullName, expression.span) { _, _, id in
            guard let target = remaining.popFirst() else { throw Elaborator.silent }
            set(target, .value(id))
            return .scalar(target)
          }
        }
        let (law, type) = try scope.distribution(operand, expression.span)
        return try self.drawn(law, type, declared, fullName, expression.span) { _, _, law in
          guard let target = remaining.popFirst() else { throw Elaborator.silent }
          set(target, .draw(law))
          return .scalar(target)
        }
      }
    }
  }

  func jointDraw(_ name: String, _ weights: [Double], _ span: SourceSpan, of declaration: Declaration) -> ExpressionID {
    let index = process.declarations.firstIndex { $0.name == declaration.name } ?? 0
    process.variables.append(
      Variable(
        name: "\(name)#", declaration: index, role: .derived, domain: .range(0, weights.count - 1),
        mechanism: .draw(
          .finite(
            weights.enumerated().map {
              .init(
                value: context.pool.constant(Double($0.offset), type: .integer),
                weight: context.pool.constant($0.element, type: .real))
            }, isNormalized: false)),
        span: span))
    return context.pool.intern(.variable(VariableID(process.variables.count - 1)), type: .integer, span: span)
  }

  func elaborateNext(_ name: String) throws {
    guard let entry = entries[name], let declaration = process.declaration(named: name), let domainSyntax = entry.syntax.domain,
      !declaration.shape.variables.isEmpty
    else { return }
    guard let next = entry.next else {
      if process.kind == .causal { return }
      throw elaborator().fault(
        "the state `\(name)` has no next value", entry.syntax.name.span, label: "write how `\(name)'` comes about",
        notes: ["`\(name)' = \(name)` says that it stays as it is"])
    }
    guard let mechanism = next.mechanism else { return }
    if next.indices.count != entry.syntax.indices.count {
      throw elaborator().fault(
        next.indices.isEmpty ? "`\(name)` is a family, and its next value needs the index" : "`\(name)` is not indexed this way",
        next.name.span,
        label: next.indices.isEmpty ? "write `\(name)'[i in ...] = ...`" : "",
        secondary: [.init(entry.syntax.name.span, "declared here")])
    }
    var variable = next
    variable.indices = next.indices
    try setMechanisms(variable, declaration, domainSyntax, mechanism) { id, result in
      self.process.variables[Int(id.index)].next = result
    }
    for id in declaration.shape.variables where process[id].next == nil {
      throw elaborator().fault(
        "`\(process[id].name)` has no next value", next.name.span, label: "the index set does not cover it")
    }
  }

  func elaborateChannel(_ channel: AST.Channel, _ member: AST.Member) throws {
    var scope = elaborator()
    let base = channel.name?.text ?? (channel.isCost ? "cost" : "reward")
    if let name = channel.name, let earlier = process.channels.first(where: { $0.name == name.text }) {
      throw scope.fault(
        "two channels are called `\(name.text)`", name.span, secondary: earlier.span.map { [.init($0, "the other one")] } ?? [])
    }
    var label = base
    var count = 1
    while process.channels.contains(where: { $0.name == label }) {
      count += 1
      label = "\(base)\(count)"
    }
    var amount: ExpressionID
    switch channel.mechanism {
    case .value(let expression):
      let operand = try scope.elaborate(expression)
      if case .unchecked = operand { throw Elaborator.silent }
      if scope.isDistribution(operand) {
        throw scope.fault(
          "a \(channel.isCost ? "cost" : "reward") drawn from a distribution is written with `~`", expression.span,
          label: "write `\(channel.isCost ? "cost" : "reward")\(channel.name.map { " \($0.text)" } ?? "") ~ ...`")
      }
      guard let id = scope.scalar(operand, expression.span), scope.isNumber(id) else {
        throw scope.fault(
          "a \(channel.isCost ? "cost" : "reward") is a number, and this is \(scope.describe(operand))", expression.span,
          notes: isBooleanOperand(operand) ? ["`if c then 1 else 0` makes a number of a condition"] : [])
      }
      amount = id
    case .draw(let expression):
      let (law, type) = try scope.distribution(scope.elaborate(expression), expression.span)
      guard type == .integer || type == .real else {
        throw scope.fault(
          "a \(channel.isCost ? "cost" : "reward") is a number, and this draws \(type == .symbol ? "symbols" : "Booleans")",
          expression.span)
      }
      let declaration = process.declarations.count
      let variable = VariableID(process.variables.count)
      process.variables.append(
        Variable(
          name: label, declaration: declaration, role: .derived, domain: type == .integer ? .integers : .reals,
          mechanism: .draw(law),
          span: member.span))
      process.declarations.append(Declaration(name: label, role: .derived, shape: .scalar(variable), span: member.span))
      amount = context.pool.intern(.variable(variable), type: type, span: expression.span)
    }
    if channel.isCost { amount = context.pool.unary(.negate, amount, type: context.pool[amount].type, span: member.span) }
    process.channels.append(RewardChannel(name: label, isCost: channel.isCost, amount: amount, span: member.span))
  }

  func isBooleanOperand(_ operand: Operand) -> Bool {
    switch operand {
    case .value(.boolean): true
    case .scalar(let id): context.pool[id].type == .boolean
    default: false
    }
  }

  func elaborateTerminal(_ condition: AST.Expression) throws {
    if process.terminal != nil {
      throw elaborator().fault("there are two `terminal` conditions", condition.span, notes: ["join them by `or`"])
    }
    primesForbidden = "a terminal condition"
    defer { primesForbidden = nil }
    var scope = elaborator()
    let operand = try scope.boolean(condition)
    guard let id = scope.scalar(operand, condition.span) else { throw Elaborator.silent }
    process.terminal = try overStates(id, condition.span, what: "a terminal condition", allowsObserved: false)
  }

  func elaborateAvailability(_ name: String) throws {
    guard let condition = entries[name]?.syntax.availability else { return }
    primesForbidden = "the condition of an action"
    defer { primesForbidden = nil }
    var scope = elaborator()
    let operand = try scope.boolean(condition)
    guard let id = scope.scalar(operand, condition.span) else { throw Elaborator.silent }
    let checked = try overStates(id, condition.span, what: "the condition of `\(name)`", allowsObserved: true)
    if context.pool.constant(checked) == 1 { return }
    process.availability.append(checked)
  }

  /// Replaces derived values by what they are, so that only states (and actions, for availability) are mentioned; draws are refused.
  func overStates(_ id: ExpressionID, _ span: SourceSpan, what: String, allowsObserved: Bool) throws -> ExpressionID {
    var current = id
    for _ in 0..<1_000 {
      var replacements: [ExpressionKind: ExpressionID] = [:]
      for leaf in context.pool.leaves(of: [current]) {
        guard case .variable(let variable) = leaf else { continue }
        let found = process[variable]
        switch found.role {
        case .state: continue
        case .action where allowsObserved: continue
        case .context, .observed: if allowsObserved { continue }
        default: break
        }
        if case .value(let definition) = found.mechanism {
          replacements[leaf] = definition
          continue
        }
        let reason =
          found.role == .action
          ? "`\(found.name)` is an action"
          : "`\(found.name)` is drawn within the step\(allowsObserved ? ", after the action is chosen" : "")"
        throw elaborator().fault(
          "\(what) can only mention what is known \(allowsObserved ? "before the action" : "in a state")", span, label: reason,
          secondary: found.span.map { [.init($0, "declared here")] } ?? [],
          notes: allowsObserved && found.role != .action
            ? ["declare it as `observe \(found.name) ~ ...` if it is seen before acting"] : [])
      }
      if replacements.isEmpty { return current }
      current = context.pool.rewriting([current]) { replacements[$0] }[0]
    }
    throw Elaborator.silent
  }
}
