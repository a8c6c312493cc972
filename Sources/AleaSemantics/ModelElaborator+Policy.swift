import AleaModel
import AleaSyntax

extension ModelElaborator {
  /// Applies a policy to a process: the actions become variables that follow from what is known, memory becomes state.
  static func apply(
    _ policy: PolicyObject, to process: Process, parameters: [(name: String, value: Value)], isChecking: Bool = false
  ) throws -> Learner {
    let syntax = policy.definition.syntax
    let model = ModelElaborator(
      reopening: process, environment: policy.definition.environment, includingActions: false, isChecking: isChecking)
    for member in syntax.members {
      if case .function(let function) = member.kind { model.define(function) }
    }
    for parameter in parameters { model.bind(parameter.name, .value(parameter.value)) }
    model.bindGeneralNames(process)
    try model.bindParameters(
      syntax.parameters, policy.arguments, of: "policy `\(policy.definition.name)`", name: syntax.name.span)
    model.process.parameters = process.parameters
    model.primesForbidden = "a policy"
    let count = process.variables.count
    let actions = process.declarations.filter { $0.role == .action }
    var learner = Learner(name: policy.description, process: process)
    let rules = model.collectRules(syntax, actions)
    for member in syntax.members {
      switch member.kind {
      case .memory: model.declareMemory(member, &learner)
      case .binding(let name, let type, let value):
        // What mentions a broken value stays silent.
        if model.attempt({ try model.bindLet(name, type, value) }) == nil { model.bind(name.text, .unchecked("a value")) }
      default: break
      }
    }
    for name in model.order where model.entries[name]?.operand == nil {
      if let span = model.entries[name]?.span { model.attempt { _ = try model.operand(named: name, at: span) } }
    }
    let readable = Set(process.observedBeforeAction)
    for (action, mechanism) in rules { model.attempt { try model.rule(action, mechanism, readable) } }
    let remembered = Set(learner.memory.flatMap(\.variables))
    learner.own = model.process.variables.indices.filter { $0 >= count }.map { VariableID($0) }.filter {
      !remembered.contains($0)
    }
    for name in model.order {
      guard let entry = model.entries[name], let declaration = model.process.declaration(named: name) else { continue }
      let span = entry.syntax.mechanism?.expression.span ?? entry.span
      model.attempt { try model.checkReads(of: declaration.shape.variables, readable, span) }
    }
    model.elaborateUpdates(syntax.members, actions, &learner)
    model.checkUses(actions, learner)
    if model.diagnostics.contains(where: { $0.severity == .error }) { throw DiagnosticError(model.diagnostics) }
    if model.isIncomplete { throw Elaborator.silent }
    learner.process = model.process
    learner.process.pool = model.context.pool
    learner.process.symbols = model.context.symbols
    learner.process.stepOrder = stepOrder(of: learner.process, closing: process, own: learner.own)
    return learner
  }

  /// What is observed before the actions, then the policy's own variables and the actions, then the rest.
  private static func stepOrder(of closed: Process, closing process: Process, own: [VariableID]) -> [Slot] {
    let chosen = process.declarations.filter { $0.role == .action }.flatMap(\.shape.variables).map { Slot.current($0) }
    let before = Set(process.observedBeforeAction.map { Slot.current($0) })
    let graph = DependenceGraph(of: closed)
    let ancestors = chosen.reduce(into: Set<Slot>()) { $0.formUnion(graph.ancestors(of: $1)) }
    let early = process.stepOrder.filter { before.contains($0) || ancestors.contains($0) }
    let late = process.stepOrder.filter { !(before.contains($0) || ancestors.contains($0)) }
    var sorted: [Slot] = []
    var seen = Set<Slot>()
    func visit(_ slot: Slot) {
      guard seen.insert(slot).inserted else { return }
      for parent in own where graph.parents[slot]?.contains(.current(parent)) == true { visit(.current(parent)) }
      sorted.append(slot)
    }
    for id in own { visit(.current(id)) }
    // What a policy's own variable reads may be derived within the step.
    let needed = sorted.reduce(into: Set<Slot>()) { $0.formUnion(graph.ancestors(of: $1)) }
    let alsoEarly = late.filter { needed.contains($0) }
    return early + alsoEarly + sorted + chosen + late.filter { !needed.contains($0) }
  }

  // MARK: Names

  /// The names by which a policy written for any bandit or mdp speaks of its model: `actions`, `context`, `states`, `state`, `discount`.
  private func bindGeneralNames(_ process: Process) {
    func bindFree(_ name: String, _ operand: @autoclosure () -> Operand) {
      if process.declaration(named: name) == nil, values[name] == nil { bind(name, operand()) }
    }
    let actions = process.declarations.filter { $0.role == .action }
    if actions.count == 1, case .scalar(let id) = actions[0].shape {
      bindFree("actions", .value(self.set(of: process[id].domain)))
    }
    let contexts = process.declarations.filter { $0.role == .context }.flatMap(\.shape.variables)
    if !contexts.isEmpty {
      bindFree("context", .array(contexts.map { self.reference($0, isNext: false) }, index: .positions))
    } else if process.declaration(named: "context") == nil {
      absent["context"] = "`\(process.name)` has no context, which this policy reads"
    }
    let states = process.variables(with: .state)
    if let count = positions(of: states, process) {
      bindFree("states", .value(count > 0 ? .range(0...(count - 1)) : .emptyRange))
      bindFree("state", self.position(of: states, isNext: false, process))
    }
    switch process.objective.criterion {
    case .discounted(let factor), .finiteHorizon(_, let factor): bindFree("discount", .value(.real(factor)))
    case .total: bindFree("discount", .value(.real(1)))
    case .average: break
    }
  }

  /// The members of a finite domain, as a set of the language.
  private func set(of domain: Domain) -> Value {
    switch domain {
    case .range(let low, let high): .range(low...high)
    case .boolean: .set([.boolean(false), .boolean(true)])
    default: .set((0..<(domain.count ?? 0)).map { value(of: domain.value(at: $0), in: domain) })
    }
  }

  private func reference(_ id: VariableID, isNext: Bool) -> Operand {
    .scalar(context.pool.intern(isNext ? .next(id) : .variable(id), type: process[id].domain.type, span: process[id].span))
  }

  /// How many combinations of values the variables have; nil when there is no end of them or too many to number.
  private func positions(of variables: [VariableID], _ process: Process) -> Int? {
    var result = 1
    for id in variables {
      guard let count = process[id].domain.count, result <= 1_000_000 / max(1, count) else { return nil }
      result *= count
    }
    return variables.isEmpty ? nil : result
  }

  /// The number of a combination of values, the last variable running fastest.
  private func position(of variables: [VariableID], isNext: Bool, _ process: Process) -> Operand {
    var result = context.pool.constant(0, type: .integer)
    let scope = elaborator()
    for id in variables {
      let span = process[id].span ?? SourceSpan(file: FileID(index: 0), start: 0, end: 0)
      guard let digit = try? scope.position(of: reference(id, isNext: isNext), in: process[id].domain, span) else { continue }
      let base = context.pool.constant(Double(process[id].domain.count ?? 1), type: .integer)
      result = context.pool.binary(
        .add, context.pool.binary(.multiply, result, base, type: .integer, span: span), digit, type: .integer, span: span)
    }
    return .scalar(result)
  }

  /// The number of the next state: `state'` in a policy for every mdp.
  func nextPosition() -> Operand {
    position(of: process.variables(with: .state).filter { process[$0].next != nil }, isNext: true, process)
  }

  /// Whether an action's value is available, where that is not always so: the condition on a choice from `actions`.
  func availability(choosing value: Operand) -> Operand? {
    guard !process.availability.isEmpty else { return nil }
    let actions = process.declarations.filter { $0.role == .action }
    guard actions.count == 1, case .scalar(let id) = actions[0].shape, let code = elaborator().scalar(value) else { return nil }
    let conditions = context.pool.rewriting(process.availability) { leaf in leaf == .variable(id) ? code : nil }
    let joined = conditions.dropFirst().reduce(conditions[0]) {
      context.pool.binary(.and, $0, $1, type: .boolean, span: context.pool[$1].span)
    }
    if let known = context.pool.constant(joined) { return .value(.boolean(known != 0)) }
    return .scalar(joined)
  }

  // MARK: Memory

  private func declareMemory(_ member: AST.PolicyMember, _ learner: inout Learner) {
    guard case .memory(let name, let indices, let type, let initial) = member.kind else { return }
    let result: Learner.Memory? = attempt {
      let isGeneral = ["state", "context", "states", "actions", "discount"].contains(name.text)
      if process.declaration(named: name.text) != nil || entries[name.text] != nil || values[name.text] != nil && !isGeneral {
        throw DiagnosticError(
          .error("`\(name.text)` is already a name of \(process.name) or of the policy", at: name.span, label: "choose another"))
      }
      return try memory(name, indices, type, initial, member)
    }
    if let result { learner.memory.append(result) } else { bind(name.text, .unchecked("a value")) }
  }

  private func memory(
    _ name: AST.Name, _ indices: [AST.FamilyIndex], _ type: AST.Expression?, _ initial: AST.Expression?,
    _ member: AST.PolicyMember
  ) throws -> Learner.Memory {
    var scope = elaborator()
    guard let initial else {
      throw scope.fault(
        "the memory `\(name.text)` needs an initial value", name.span, notes: ["as in `memory \(name.text): Int = 0`"])
    }
    let declared = try type.map { try scope.domainShape($0) }
    let declaration = process.declarations.count
    process.declarations.append(
      Declaration(name: name.text, role: .state, shape: .record([]), documentation: member.documentation, span: name.span))
    let first = process.variables.count
    let shape = try family(indices, name: name.text, declared: declared) { scope, fullName, declared in
      let operand = try scope.elaborate(initial)
      if let declared {
        return try self.define(fullName, declaration, .state, operand, as: declared, initial.span, name.span)
      }
      return try self.define(fullName, declaration, .state, operand, nil, initial.span, name.span)
    }
    for leaf in context.pool.leaves(of: process.variables[first...].flatMap(\.mechanism.expressions)) {
      if case .variable = leaf {
        throw scope.fault("memory starts from what is known before the first step", initial.span)
      }
    }
    process.declarations[declaration].shape = shape
    bind(name.text, operand(of: shape, isNext: false, span: name.span))
    return Learner.Memory(name: name.text, variables: shape.variables)
  }

  // MARK: Rules

  /// Splits the lines of a policy into the rules of actions and the policy's own variables, which become entries like a model's.
  private func collectRules(_ syntax: AST.Policy, _ actions: [Declaration]) -> [(Declaration, AST.Mechanism)] {
    var rules: [(action: Declaration, mechanism: AST.Mechanism)] = []
    var isMisspelt = false
    for member in syntax.members {
      guard case .rule(let name, let indices, let mechanism) = member.kind else { continue }
      let isGeneral = name.text == "action" && process.declaration(named: "action") == nil
      if isGeneral, actions.count > 1 {
        isMisspelt = true
        report(
          .error(
            "`\(syntax.name.text)` chooses one action, and \(process.name) has \(actions.count): \(elaborator().list(actions.map(\.name)))",
            at: name.span))
        continue
      }
      if let action = isGeneral ? actions.first : actions.first(where: { $0.name == name.text }) {
        if rules.contains(where: { $0.action.name == action.name }) {
          report(.error("`\(name.text)` is chosen twice", at: name.span))
        } else if !indices.isEmpty {
          report(.error("`\(name.text)` is one action, not a family", at: name.span))
        } else {
          rules.append((action, mechanism))
        }
        continue
      }
      if let found = process.declaration(named: name.text) {
        report(
          .error(
            "`\(name.text)` is \(found.role == .state ? "a state or memory" : "a variable") and no action of \(process.name)",
            at: name.span, notes: ["its actions are \(elaborator().list(actions.map(\.name)))"]))
        continue
      }
      if let nearest = Spelling.nearest(name.text, in: actions.map(\.name)),
        !syntax.members.contains(where: { if case .rule(let other, _, _) = $0.kind { other.text == nearest } else { false } })
      {
        isMisspelt = true
        report(
          .error(
            "`\(name.text)` is not an action of \(process.name)", at: name.span, label: "did you mean `\(nearest)`?",
            notes: ["its actions are \(elaborator().list(actions.map(\.name)))"]))
        continue
      }
      if entries[name.text] != nil || values[name.text] != nil {
        report(.error("`\(name.text)` is declared twice", at: name.span))
        continue
      }
      let variable = AST.Variable(
        role: nil, name: name, isPrimed: false, indices: indices, domain: nil, mechanism: mechanism, availability: nil)
      entries[name.text] = Entry(syntax: variable, span: name.span, documentation: member.documentation)
      order.append(name.text)
    }
    // A rule whose name is misspelt has been reported; it is the missing one.
    for action in actions where !rules.contains(where: { $0.action.name == action.name }) && !isMisspelt {
      report(
        .error(
          "the policy `\(syntax.name.text)` does not choose `\(action.name)`", at: syntax.name.span,
          label: "write `\(action.name) = ...` or `\(action.name) ~ ...`"))
    }
    return rules
  }

  /// A `let` is a value known at once, or a variable that is computed before the policy acts.
  private func bindLet(_ name: AST.Name, _ type: AST.Expression?, _ value: AST.Expression) throws {
    var scope = elaborator()
    var operand = try scope.elaborate(value)
    if let type { operand = try scope.convert(operand, to: type, value.span, what: "`\(name.text)`") }
    switch operand {
    case .scalar, .array, .record:
      let declaration = process.declarations.count
      process.declarations.append(Declaration(name: name.text, role: .derived, shape: .record([]), span: name.span))
      let shape = try define(name.text, declaration, .derived, operand, nil, value.span, name.span)
      process.declarations[declaration].shape = shape
      bind(name.text, self.operand(of: shape, isNext: false, span: name.span))
    default: bind(name.text, operand)
    }
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
    try checkReads(of: action.shape.variables, readable, expression.span)
  }

  /// A policy reads what is known before it acts.
  private func checkReads(of variables: [VariableID], _ readable: Set<VariableID>, _ span: SourceSpan) throws {
    for id in variables {
      for leaf in context.pool.leaves(of: process[id].mechanism.expressions) {
        guard case .variable(let variable) = leaf else { continue }
        let found = process[variable]
        if found.role == .state || found.role == .latent || readable.contains(variable) || isKnownInState(variable, readable) {
          continue
        }
        throw elaborator().fault(
          "a policy cannot read `\(found.name)`: it is not known before the action", span,
          secondary: found.span.map { [.init($0, "drawn or derived after the action")] } ?? [])
      }
    }
  }

  /// A value of the policy's own that nothing reads is most often a misspelt action.
  private func checkUses(_ actions: [Declaration], _ learner: Learner) {
    guard !diagnostics.contains(where: { $0.severity == .error }), !isIncomplete else { return }
    func expressions(_ updates: [Learner.Update]) -> [ExpressionID] {
      updates.flatMap { update -> [ExpressionID] in
        switch update {
        case .assign(let assignment): assignment.parts.map(\.value) + (assignment.position.map { [$0] } ?? [])
        case .conditional(let test, let first, let second): [test] + expressions(first) + expressions(second)
        }
      }
    }
    let mechanisms = (actions.flatMap(\.shape.variables) + learner.own).flatMap { process[$0].mechanism.expressions }
    let read = context.pool.leaves(of: mechanisms + expressions(learner.updates))
    for name in order {
      guard let entry = entries[name], let declaration = process.declaration(named: name),
        !declaration.shape.variables.contains(where: { read.contains(.variable($0)) })
      else { continue }
      let names = actions.map(\.name)
      let nearest = Spelling.nearest(name, in: names)
      report(
        .error(
          "`\(name)` is no action of \(process.name), and nothing in the policy reads it", at: entry.span,
          label: nearest.map { "did you mean `\($0)`?" } ?? "", notes: ["its actions are \(elaborator().list(names))"]))
    }
  }

  /// Whether a value follows from the state, from what is observed before the action, and from the policy's own draws.
  private func isKnownInState(_ variable: VariableID, _ readable: Set<VariableID>) -> Bool {
    let found = process[variable]
    guard found.role != .action else { return false }
    switch found.mechanism {
    case .value, .draw:
      // Draws of the model within the step are not known; the policy's own are derived variables added after the model's.
      if case .draw = found.mechanism, !isOwn(variable) { return false }
      return context.pool.leaves(of: found.mechanism.expressions).allSatisfy { leaf in
        switch leaf {
        case .variable(let other): process[other].role == .state || readable.contains(other) || isKnownInState(other, readable)
        case .next: false
        default: true
        }
      }
    case .chosen, .unspecified: return false
    }
  }

  /// Whether a variable was declared by the policy: its declaration is an entry or a `let`.
  private func isOwn(_ variable: VariableID) -> Bool {
    entries[process.declarations[process[variable].declaration].name] != nil
  }

  // MARK: Updates

  private func elaborateUpdates(_ members: [AST.PolicyMember], _ actions: [Declaration], _ learner: inout Learner) {
    let blocks = members.compactMap { member -> [AST.Statement]? in
      if case .after(let statements) = member.kind { return statements }
      return nil
    }
    if let first = process.channels.first?.amount {
      learner.reward = process.channels.dropFirst().reduce(first) { sum, channel in
        let isInteger = context.pool[sum].type == .integer && context.pool[channel.amount].type == .integer
        return context.pool.binary(.add, sum, channel.amount, type: isInteger ? .integer : .real, span: channel.span)
      }
    }
    guard !blocks.isEmpty else { return }
    primesForbidden = nil
    for action in actions where values[action.name] == nil {
      let operand = operand(
        of: action.shape, isNext: false, span: action.span ?? SourceSpan(file: FileID(index: 0), start: 0, end: 0))
      bind(action.name, operand)
      if actions.count == 1, process.declaration(named: "action") == nil { bind("action", operand) }
    }
    if let total = learner.reward {
      if process.declaration(named: "reward") == nil, values["reward"] == nil { bind("reward", .scalar(total)) }
      for channel in process.channels where process.declaration(named: channel.name) == nil && values[channel.name] == nil {
        bind(channel.name, .scalar(channel.amount))
      }
    }
    if let terminal = process.terminal, values["ended"] == nil, process.declaration(named: "ended") == nil {
      var nexts: [ExpressionKind: ExpressionID] = [:]
      for id in process.variables(with: .state) where process[id].next != nil {
        nexts[.variable(id)] = context.pool.intern(.next(id), type: process[id].domain.type, span: process[id].span)
      }
      let ended = context.pool.rewriting([terminal]) { nexts[$0] }[0]
      bind("ended", .scalar(ended))
    } else if values["ended"] == nil, process.declaration(named: "ended") == nil {
      bind("ended", .value(.boolean(false)))
    }
    let memory = Set(learner.memory.map(\.name))
    for block in blocks { learner.updates += updates(block, memory) }
  }

  private func updates(_ statements: [AST.Statement], _ memory: Set<String>) -> [Learner.Update] {
    statements.compactMap { statement in
      switch statement.kind {
      case .error: nil
      case .conditional(let condition, let first, let second):
        attempt { () throws -> Learner.Update in
          var scope = elaborator()
          let test = try scope.boolean(condition)
          guard let id = scope.scalar(test, condition.span) else { throw Elaborator.silent }
          return .conditional(id, then: updates(first, memory), else: updates(second, memory))
        }
      case .assign(let target, let operation, let value):
        attempt { .assign(try assignment(target, operation, value, statement.span, memory)) }
      }
    }
  }

  private func assignment(
    _ target: AST.Expression, _ operation: AST.AssignmentOperator, _ value: AST.Expression, _ span: SourceSpan,
    _ memory: Set<String>
  ) throws -> Learner.Assignment {
    var scope = elaborator()
    var indices: [AST.Argument] = []
    var base = target
    while case .index(let inner, let arguments) = base.kind {
      indices = arguments + indices
      base = inner
    }
    guard case .name(let name) = base.kind else {
      throw scope.fault("only the policy's memory can be changed", target.span)
    }
    if case .unchecked? = values[name] { throw Elaborator.silent }
    guard memory.contains(name), let declaration = process.declaration(named: name) else {
      let nearest = Spelling.nearest(name, in: Array(memory).sorted())
      throw scope.fault(
        "`\(name)` is not memory of this policy and cannot be changed", base.span,
        label: nearest.map { "did you mean `\($0)`?" } ?? "",
        notes: memory.isEmpty ? ["declare it: `memory \(name): Real = 0`"] : ["its memory is \(scope.list(memory.sorted()))"])
    }
    // The elements that may be meant, each a shape, and the position among them.
    var candidates = [declaration.shape]
    var position: ExpressionID?
    for argument in indices {
      guard case .array(let domain, let elements)? = candidates.first else {
        throw scope.fault("`\(name)` has no such index", argument.value.span)
      }
      let index = try scope.elaborate(argument.value)
      if case .unchecked = index { throw Elaborator.silent }
      if case .value(let known) = index {
        guard let (code, _) = scope.encode(known), let place = domain.position(of: code) else {
          throw scope.fault(
            "`\(known)` is not an index of `\(name)`", argument.value.span, notes: ["it is indexed by \(scope.text(of: domain))"])
        }
        candidates = candidates.map { shape in
          guard case .array(_, let inner) = shape else { return shape }
          return inner[place]
        }
        continue
      }
      let digit = try scope.position(of: index, in: domain, argument.value.span)
      let size = context.pool.constant(Double(elements.count), type: .integer)
      position =
        position.map {
          context.pool.binary(
            .add, context.pool.binary(.multiply, $0, size, type: .integer, span: span), digit, type: .integer, span: span)
        } ?? digit
      candidates = candidates.flatMap { shape -> [Declaration.Shape] in
        guard case .array(_, let inner) = shape else { return [shape] }
        return inner
      }
    }
    let old = try scope.elaborate(target)
    var new = try scope.elaborate(value)
    let binary: AST.BinaryOperator? =
      switch operation {
      case .set: nil
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      }
    if let binary { new = try scope.binary(binary, old, new, span, span, target.span, value.span) }
    if case .unchecked = new { throw Elaborator.silent }
    guard let first = candidates.first else { throw Elaborator.silent }
    let scalars = candidates.map(\.variables)
    var parts: [Learner.Assignment.Part] = []
    var next = 0
    _ = try assign(new, to: shape(of: first), name, value.span) { _, _, id in
      parts.append(.init(targets: scalars.map { $0[next] }, value: id))
      next += 1
      return .scalar(scalars[0][next - 1])
    }
    return Learner.Assignment(position: position, parts: parts, span: span)
  }

  private func shape(of declared: Declaration.Shape) -> DomainShape {
    switch declared {
    case .scalar(let id): .scalar(process[id].domain)
    case .array(let index, let elements): .array(index: index, elements.first.map(shape) ?? .scalar(.reals))
    case .record(let fields): .record(fields.map { ($0.name, shape(of: $0.shape)) })
    }
  }
}

extension PolicyObject {
  /// Whether the policy remembers anything from step to step.
  public var hasMemory: Bool {
    definition.syntax.members.contains { member in
      switch member.kind {
      case .memory, .after: true
      default: false
      }
    }
  }

  /// The policy applied to a process of a model.
  ///
  /// - Throws: `DiagnosticError` for a rule that is missing, reads what is not known, or leaves the action's domain.
  public func apply(to process: Process, of model: ModelObject, at span: SourceSpan? = nil) throws -> Learner {
    let target = definition.syntax.target
    let isGeneral = target.text == "mdp" || target.text == "bandit"
    if isGeneral ? target.text != process.kind.rawValue : target.text != model.definition.name {
      throw DiagnosticError(
        .error(
          isGeneral
            ? "`\(definition.name)` is a policy for every \(target.text), and `\(model.definition.name)` is \(process.kind == .mdp ? "an mdp" : "a \(process.kind.rawValue)")"
            : "`\(definition.name)` is a policy for `\(target.text)`, not for `\(model.definition.name)`",
          at: span ?? target.span,
          secondary: span == nil ? [] : [.init(target.span, "declared here")]))
    }
    // A policy for any model does not see the parameters of this one.
    return try ModelElaborator.apply(self, to: process, parameters: isGeneral ? [] : model.parameterValues())
  }

  /// The process in which the actions follow this policy's rules; what it remembers is part of the state.
  public func close(_ process: Process, of model: ModelObject, at span: SourceSpan? = nil) throws -> Process {
    let learner = try apply(to: process, of: model, at: span)
    return learner.memory.isEmpty ? learner.process : learner.expanded()
  }
}
