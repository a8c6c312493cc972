import AleaModel
import AleaSyntax

/// Builds the process of a model, part by part; faults are collected, and each part goes on without the faulty ones.
struct PrismLowering {
  let model: PrismModel
  let type: PrismModelType
  var scope = PrismScope()
  var process: Process
  let fixesDeadlocks: Bool
  /// Whether the command is chosen: in an mdp, and where a chain is explored command by command.
  let choosesCommand: Bool
  var commands: [PrismCommand] = []
  var joints: [PrismJoint] = []
  var stepTime = ExpressionID(0)
  /// The total rate of a state of a ctmc.
  var exitRate: ExpressionID?
  /// The rate of the command taken; 1 where there are no rates.
  var commandRate = ExpressionID(0)
  /// How many combinations of a command and an outcome there may be in a step.
  var stepOutcomes = 1
  var deadlock = ExpressionID(0)
  var commandSpans: [[SourceSpan]] = []
  /// The action of each value of `command`.
  var actions: [String?] = []
  var hasFailed = false
  /// The modules with those that copy others, in the order of the text.
  var instances: [Instance] = []

  struct Instance {
    var name: PrismName
    var module: PrismModel.Module
    var renaming: PrismRenaming
  }

  /// The values of one variable are looked at one by one up to this size.
  static let widestSet = 4_096
  /// More combinations of commands than this are refused.
  static let mostJoints = 20_000
  /// More combinations of updates of one command are refused.
  static let mostOutcomes = 65_536

  init(
    _ model: PrismModel, name: String, constants: [String: PrismGiven], fixesDeadlocks: Bool, choosesCommand: Bool = false
  ) {
    self.model = model
    type = model.type ?? .mdp
    self.choosesCommand = choosesCommand || type == .mdp
    self.fixesDeadlocks = fixesDeadlocks
    process = Process(name: name, kind: .mdp, objective: Objective(criterion: .total))
    process.span = model.typeSpan ?? model.moduleOrder.first?.span
    scope.given = constants
  }

  mutating func run(ignoring: Set<String>) {
    declareNames()
    evaluateConstants(ignoring: ignoring)
    makeInstances()
    declareVariables()
    process.pool = scope.pool
    if hasErrors && scope.variables.isEmpty { return fail() }
    checkFormulas()
    lowerInitial()
    for instance in instances.indices { lowerCommands(of: instance) }
    compose()
    checkLabels()
    for item in model.rewards.flatMap(\.items) { attempt { _ = try $0.parts(of: item) } }
    if hasErrors { return fail() }
    buildStep()
    buildRewards()
    if hasErrors { return fail() }
    setBuiltinLabels()
    process.pool = scope.pool
  }

  var hasErrors: Bool { scope.diagnostics.contains { $0.severity == .error } }

  private mutating func fail() { hasFailed = true }

  /// Runs a part whose faults have been reported when it throws.
  mutating func attempt(_ body: (inout PrismLowering) throws -> Void) { try? body(&self) }

  mutating func report(
    _ message: String, _ span: SourceSpan?, label: String = "", secondary: [Diagnostic.Label] = [], notes: [String] = []
  ) {
    scope.report(.error(message, at: span, label: label, secondary: secondary, notes: notes))
  }

  // MARK: Names

  private mutating func declareNames() {
    if model.type == nil {
      scope.report(
        .warning(
          "the file does not say what kind of model it is", at: model.moduleOrder.first?.span,
          notes: ["it is taken for an `mdp`, as PRISM does; write `dtmc`, `mdp` or `ctmc` on its first line"]))
    }
    var places: [String: SourceSpan] = [:]
    func isNew(_ name: PrismName, _ what: String, _ lowering: inout PrismLowering) -> Bool {
      if let earlier = places[name.text] {
        lowering.report(
          "the name `\(name.text)` is used twice", name.span, label: "this \(what)", secondary: [.init(earlier, "the first use")])
        return false
      }
      places[name.text] = name.span
      return true
    }
    for constant in model.constants where isNew(constant.name, "constant", &self) {
      scope.constants[constant.name.text] = constant
    }
    for formula in model.formulas where isNew(formula.name, "formula", &self) {
      scope.formulas[formula.name.text] = formula.value
    }
    for label in model.labels {
      if label.name.text == "init" || label.name.text == "deadlock" {
        report("the label \"\(label.name.text)\" has a fixed meaning", label.name.span)
      } else if scope.labels[label.name.text] != nil {
        report("there are two labels \"\(label.name.text)\"", label.name.span)
      } else {
        scope.labels[label.name.text] = label.value
      }
    }
    for (index, rewards) in model.rewards.enumerated() {
      guard let name = rewards.name else { continue }
      if model.rewards[..<index].contains(where: { $0.name?.text == name.text }) {
        report("there are two rewards \"\(name.text)\"", name.span)
      }
    }
  }

  private mutating func evaluateConstants(ignoring: Set<String>) {
    for constant in model.constants where constant.value != nil || scope.given[constant.name.text] != nil {
      attempt { _ = try $0.scope.constant(constant.name.text, constant.name.span) }
    }
    for name in scope.given.keys.sorted() where scope.constants[name] == nil && !ignoring.contains(name) {
      let known = model.constants.map(\.name.text)
      let nearest = Spelling.nearest(name, in: known)
      report(
        "the model has no constant `\(name)`", nil,
        notes: nearest.map { ["did you mean `\($0)`?"] }
          ?? (known.isEmpty ? [] : ["its constants are " + known.map { "`\($0)`" }.joined(separator: ", ")]))
    }
    for constant in model.constants {
      if let text = textOfConstant(constant.name.text) { process.parameters.append((constant.name.text, text)) }
    }
  }

  private func textOfConstant(_ name: String) -> String? {
    guard scope.given[name] != nil || scope.constants[name]?.value == nil else { return nil }
    var copy = scope
    guard let value = try? copy.constant(name, nil), let number = copy.pool.constant(value.id) else { return nil }
    return value.type == .boolean ? (number != 0 ? "true" : "false") : process.text(of: number, in: .reals)
  }

  /// Formulas and labels that nothing uses are checked too.
  private mutating func checkFormulas() {
    for formula in model.formulas {
      attempt { _ = try $0.scope.lower(PrismExpression(.name(formula.name.text), formula.name.span)) }
    }
  }

  private mutating func checkLabels() {
    for label in model.labels {
      // A constant that is open may be given to a property only.
      let count = scope.diagnostics.count
      attempt { _ = try $0.scope.boolean(label.value, "the label \"\(label.name.text)\"") }
      let open = scope.diagnostics[count...].allSatisfy { $0.message.hasSuffix("has no value") }
      if open { scope.diagnostics.removeSubrange(count...) }
    }
  }

  private mutating func makeInstances() {
    var known: [String: Instance] = [:]
    var key = 0
    var pending = model.renamings
    for name in model.moduleOrder {
      if let earlier = known[name.text] {
        report("there are two modules `\(name.text)`", name.span, secondary: [.init(earlier.name.span, "the first one")])
        continue
      }
      if let module = model.modules.first(where: { $0.name.span == name.span }) {
        known[name.text] = Instance(name: name, module: module, renaming: .none)
      }
    }
    // A module may copy one that itself copies another.
    var advanced = true
    while advanced, !pending.isEmpty {
      advanced = false
      for renaming in pending {
        guard let base = known[renaming.base.text], known[renaming.name.text] == nil else { continue }
        var changes: [String: String] = [:]
        for change in renaming.changes { changes[change.from.text] = change.to.text }
        var map = changes
        for (from, to) in base.renaming.map { map[from] = changes[to] ?? to }
        key += 1
        known[renaming.name.text] = Instance(
          name: renaming.name, module: base.module, renaming: PrismRenaming(map: map, key: key))
        checkRenaming(renaming, base)
        advanced = true
      }
      pending.removeAll { known[$0.name.text] != nil }
    }
    let names = model.moduleOrder.map(\.text)
    for renaming in pending where !names.contains(renaming.base.text) || known[renaming.base.text] == nil {
      let nearest = Spelling.nearest(renaming.base.text, in: names)
      report(
        names.contains(renaming.base.text)
          ? "the module `\(renaming.name.text)` copies itself in the end" : "there is no module `\(renaming.base.text)`",
        renaming.base.span, label: nearest.map { "did you mean `\($0)`?" } ?? "")
    }
    instances = model.moduleOrder.compactMap { name in known[name.text].flatMap { $0.name.span == name.span ? $0 : nil } }
  }

  /// Every variable of the module that is copied needs a new name.
  private mutating func checkRenaming(_ renaming: PrismModel.Renaming, _ base: Instance) {
    for variable in base.module.variables {
      let name = base.renaming.map[variable.name.text] ?? variable.name.text
      if !renaming.changes.contains(where: { $0.from.text == name }) {
        report(
          "`\(renaming.name.text)` gives no new name to `\(name)`, a variable of `\(renaming.base.text)`", renaming.name.span,
          secondary: [.init(variable.name.span, "declared here")], notes: ["as in `[\(name)=\(name)2]`"])
      }
    }
  }

  // MARK: Variables

  private mutating func declareVariables() {
    for variable in model.globals { attempt { try $0.declare(variable, .none, nil) } }
    for (index, instance) in instances.enumerated() {
      for variable in instance.module.variables { attempt { try $0.declare(variable, instance.renaming, index) } }
    }
    if process.variables.isEmpty, !hasErrors { report("the model has no variables", model.moduleOrder.first?.span) }
  }

  private mutating func declare(_ variable: PrismModel.Variable, _ renaming: PrismRenaming, _ module: Int?) throws {
    let name = renaming.map[variable.name.text] ?? variable.name.text
    if let earlier = scope.variables[name] {
      // A copy without a new name has been reported.
      if renaming.key >= 0, renaming.map[variable.name.text] == nil { return }
      report("there are two variables `\(name)`", variable.name.span, secondary: [.init(earlier.span, "the first one")])
      return
    }
    if let place = scope.constants[name]?.name.span ?? model.formulas.first(where: { $0.name.text == name })?.name.span {
      report(
        "the name `\(name)` is used twice", variable.name.span, label: "this variable", secondary: [.init(place, "the first use")]
      )
      return
    }
    let domain: Domain
    let type: PrismModel.ScalarType
    // A range that cannot be computed still leaves a variable, so that its uses are not reported as well.
    var failure: (any Error)?
    switch variable.domain {
    case .boolean: (domain, type) = (.boolean, .boolean)
    case .integer: (domain, type) = (.integers, .integer)
    case .range(let low, let high):
      type = .integer
      do {
        domain = try range(low, high, name, renaming)
      } catch {
        failure = error
        domain = .integers
      }
    }
    let id = VariableID(process.variables.count)
    process.declarations.append(Declaration(name: name, role: .state, shape: .scalar(id), span: variable.name.span))
    process.variables.append(
      Variable(
        name: name, declaration: process.declarations.count - 1, role: .state, domain: domain, mechanism: .unspecified,
        span: variable.name.span))
    scope.variables[name] = PrismScope.Variable(id: id, type: type, span: variable.name.span, module: module)
    if let failure { throw failure }
  }

  private mutating func range(_ low: PrismExpression, _ high: PrismExpression, _ name: String, _ renaming: PrismRenaming) throws
    -> Domain
  {
    let first = try bound(low, "the lower end of `\(name)`", renaming)
    let last = try bound(high, "the upper end of `\(name)`", renaming)
    guard first <= last else {
      throw scope.fault("the range of `\(name)` is empty: \(first)..\(last)", low.span.union(high.span))
    }
    guard last - first < 1 << 31, abs(first) < 1 << 50 else {
      throw scope.fault("the range of `\(name)` is too wide: \(first)..\(last)", low.span.union(high.span))
    }
    return .range(first, last)
  }

  private mutating func bound(_ expression: PrismExpression, _ what: String, _ renaming: PrismRenaming) throws -> Int {
    let value = try scope.known(try scope.lower(expression, renaming), expression.span, what)
    guard value.type == .integer, let number = scope.pool.constant(value.id), abs(number) < 0x1p53 else {
      throw scope.fault("\(what) is an integer, and this is \(value.type.words)", expression.span)
    }
    return Int(number)
  }

  // MARK: Commands

  private mutating func lowerCommands(of index: Int) {
    let instance = instances[index]
    for (number, command) in instance.module.commands.enumerated() {
      let count = scope.diagnostics.count
      do {
        commands.append(try lower(command, number + 1, index))
      } catch {
        noteRenaming(instance, from: count)
      }
    }
  }

  /// A fault in a module that copies another is shown in the text of the original.
  private mutating func noteRenaming(_ instance: Instance, from count: Int) {
    guard instance.renaming.key >= 0 else { return }
    for position in count..<scope.diagnostics.count {
      scope.diagnostics[position].secondary.append(.init(instance.name.span, "in this module, which copies it"))
    }
  }

  private mutating func lower(_ command: PrismModel.Command, _ number: Int, _ module: Int) throws -> PrismCommand {
    let renaming = instances[module].renaming
    var isBroken = false
    var condition = scope.pool.constant(0, type: .boolean)
    do {
      condition = try scope.boolean(command.condition, "the guard of a command", renaming)
    } catch {
      isBroken = true
    }
    var updates: [PrismCommand.Update] = []
    for update in command.updates {
      do {
        updates.append(try lower(update, of: command, module, renaming))
      } catch {
        isBroken = true
      }
    }
    if isBroken { throw PrismSilent() }
    if type != .ctmc { try checkSum(&updates, of: command) }
    let action = command.action.map { renaming.map[$0.text] ?? $0.text }
    return PrismCommand(
      module: module, number: number, action: action, condition: condition, updates: updates, span: command.span,
      allowed: allowed(by: condition))
  }

  /// Probabilities are rounded in many a file: they are divided by their sum when it is nearly one, as near as PRISM asks for.
  private static let roundedSum = 1e-5

  private mutating func checkSum(_ updates: inout [PrismCommand.Update], of command: PrismModel.Command) throws {
    let constants = updates.compactMap { scope.pool.constant($0.probability) }
    guard constants.count == updates.count else { return }
    let sum = constants.reduce(0, +)
    if abs(sum - 1) <= 1e-9 { return }
    let span = command.updates.reduce(command.updates[0].span) { $0.union($1.span) }
    guard abs(sum - 1) <= Self.roundedSum else {
      throw scope.fault("the probabilities of this command sum to \(text(sum)), not to 1", span)
    }
    scope.report(
      .warning(
        "the probabilities of this command sum to \(text(sum)), not to 1", at: span, notes: ["they are divided by their sum"]))
    for index in updates.indices { updates[index].probability = scope.pool.constant(constants[index] / sum, type: .real) }
  }

  private mutating func lower(
    _ update: PrismModel.Update, of command: PrismModel.Command, _ module: Int, _ renaming: PrismRenaming
  ) throws -> PrismCommand.Update {
    let what = type == .ctmc ? "a rate" : "a probability"
    var probability = scope.pool.constant(1, type: .real)
    if let given = update.probability {
      let value = try scope.lower(given, renaming)
      guard value.type != .boolean else { throw scope.fault("\(what) is a number, and this is true or false", given.span) }
      if let number = scope.pool.constant(value.id), !(number >= 0) || (type != .ctmc && number > 1 + 1e-9) || !number.isFinite {
        throw scope.fault("\(text(number)) is not \(what)", given.span)
      }
      probability = value.id
    }
    var isBroken = false
    var assignments: [(variable: VariableID, value: ExpressionID, span: SourceSpan)] = []
    for assignment in update.assignments {
      do {
        let next = try lower(assignment, module, renaming)
        if assignments.contains(where: { $0.variable == next.variable }) {
          throw scope.fault("`\(assignment.variable.text)` is assigned twice in one update", assignment.variable.span)
        }
        assignments.append(next)
      } catch {
        isBroken = true
      }
    }
    if isBroken { throw PrismSilent() }
    return PrismCommand.Update(probability: probability, assignments: assignments)
  }

  private mutating func lower(_ assignment: PrismModel.Assignment, _ module: Int, _ renaming: PrismRenaming) throws
    -> (variable: VariableID, value: ExpressionID, span: SourceSpan)
  {
    let written = assignment.variable
    let name = renaming.map[written.text] ?? written.text
    guard let variable = scope.variables[name] else {
      if scope.constants[name] != nil || scope.formulas[name] != nil {
        throw scope.fault("`\(name)` is not a variable and cannot change", written.span)
      }
      let nearest = Spelling.nearest(name, in: scope.variables.keys.sorted())
      throw scope.fault("there is no variable `\(name)`", written.span, label: nearest.map { "did you mean `\($0)`?" } ?? "")
    }
    if let owner = variable.module, owner != module {
      throw scope.fault(
        "`\(name)` belongs to the module `\(instances[owner].name.text)`", written.span,
        label: "only that module may change it",
        notes: ["a `global` variable may be changed by every module"])
    }
    let value = try scope.lower(assignment.value, renaming)
    let converted = try scope.convert(value, to: variable.type, assignment.value.span, "the variable `\(name)`")
    let domain = process[variable.id].domain
    if let number = scope.pool.constant(converted.id), !domain.contains(number) {
      throw scope.fault(
        "`\(name)` becomes \(text(number)), outside its range \(self.text(domain))", assignment.value.span)
    }
    return (variable.id, converted.id, assignment.value.span)
  }

  func text(_ number: Double) -> String { process.text(of: number, in: .reals) }

  func text(_ domain: Domain) -> String {
    switch domain {
    case .range(let low, let high): "\(low)..\(high)"
    case .boolean: "true, false"
    default: "of the integers"
    }
  }

  /// What a condition says about single variables.
  private func allowed(by condition: ExpressionID) -> [VariableID: PrismValueSet] {
    var result: [VariableID: PrismValueSet] = [:]
    for part in scope.pool.conjuncts(of: condition) {
      let leaves = scope.pool.leaves(of: [part])
      guard leaves.count == 1, case .variable(let id)? = leaves.first, let count = process[id].domain.count,
        count <= Self.widestSet
      else { continue }
      var set = PrismValueSet(count: count)
      for position in 0..<count {
        let value = process[id].domain.value(at: position)
        // A condition without a value (a division by zero) is left to the run.
        if scope.pool.value(of: part, { _ in value }) != 0 { set.insert(position) }
      }
      if let known = result[id] { set.formIntersection(known) }
      result[id] = set
    }
    return result
  }
}
