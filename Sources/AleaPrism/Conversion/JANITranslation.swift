import AleaSyntax

/// A PRISM model as a JANI model (version 1 of jani-model).
///
/// **Form.** Every module is an automaton with one location, every command an edge; all variables are global, since modules read each
/// other's. Actions synchronise the automata that have them. Labels and rewards are transient variables: the state rewards are values of
/// the location and are collected on `exit`, those of transitions are assigned by edges and collected by `steps`. Formulas are written
/// out; a `system` construct is multiplied out into one automaton.
/// In a ctmc every update is an edge of its own with its rate, state rewards are collected by `time`, and actions on which modules
/// synchronise are multiplied out, since their rates are.
/// Source: Budde, Dehnert, Hahn, Hartmanns, Junges and Turrini, *JANI: Quantitative Model and Tool Interaction* (2017).
public struct JANITranslation: Sendable {
  public let text: String
  /// What JANI cannot express, each where it stands.
  public let problems: [Diagnostic]

  /// - Parameters:
  ///   - properties: properties of the model, those of its file.
  ///   - propertyText: the text at a place in that file.
  /// - Throws: `DiagnosticError` for a faulty model.
  public init(
    _ model: PrismModel, name: String, given: [String: PrismGiven] = [:], properties: PrismProperties = PrismProperties(),
    propertyText: (SourceSpan) -> String = { _ in "" }
  ) throws {
    var complete = model
    complete.constants += properties.constants
    complete.formulas += properties.formulas
    complete.labels += properties.labels
    var flat = try complete.expanded()
    if complete.system != nil || (model.type == .ctmc && flat.synchronises) {
      flat = try complete.flattened(given: Set(given.keys))
    }
    var writer = JANIWriter(flat, given: given)
    text = writer.document(name: name, properties: properties, propertyText).text() + "\n"
    problems = writer.problems
  }
}

extension PrismModel {
  /// Whether an action belongs to more than one module.
  fileprivate var synchronises: Bool {
    var owners: [String: Int] = [:]
    for module in modules {
      for action in Set(module.commands.compactMap { $0.action?.text }) { owners[action, default: 0] += 1 }
    }
    return owners.values.contains { $0 > 1 }
  }
}

/// Writes one expanded model.
struct JANIWriter {
  let model: PrismModel
  var isTimed: Bool { model.type == .ctmc }
  let given: [String: PrismGiven]
  let tables: PrismTables
  var problems: [Diagnostic] = []
  /// The transient variables of labels and rewards.
  var labelNames: [String: String] = [:]
  var rewardNames: [String] = []
  private var taken: Set<String>

  init(_ model: PrismModel, given: [String: PrismGiven]) {
    self.model = model
    self.given = given
    tables = PrismTables(model, given: Set(given.keys))
    taken = Set(model.constants.map(\.name.text) + model.variables.map(\.name.text))
    for label in model.labels { labelNames[label.name.text] = claim(label.name.text) }
    for (index, rewards) in model.rewards.enumerated() {
      rewardNames.append(claim(rewards.name?.text ?? (model.rewards.count == 1 ? "reward" : "reward\(index + 1)")))
    }
  }

  private mutating func claim(_ wanted: String) -> String {
    var name = wanted
    while taken.contains(name) { name += "_" }
    taken.insert(name)
    return name
  }

  // MARK: The document

  mutating func document(name: String, properties: PrismProperties, _ propertyText: (SourceSpan) -> String) -> JSONTree {
    let actions = Set(model.modules.flatMap { $0.commands.compactMap { $0.action?.text } }).sorted()
    var members: [(key: String, value: JSONTree)] = [
      ("jani-version", .integer(1)), ("name", .text(name)), ("type", .text((model.type ?? .mdp).rawValue)),
      ("features", .list((isTimed ? ["derived-operators"] : ["derived-operators", "state-exit-rewards"]).map { .text($0) })),
    ]
    if !actions.isEmpty { members.append(("actions", .list(actions.map { .object([("name", .text($0))]) }))) }
    if !model.constants.isEmpty { members.append(("constants", .list(model.constants.map { constant($0) }))) }
    members.append(("variables", .list(variables())))
    if let initial = model.initial { members.append(("restrict-initial", .object([("exp", tree(initial))]))) }
    let asked = self.properties(properties, propertyText)
    if !asked.isEmpty { members.append(("properties", .list(asked))) }
    members.append(("automata", .list(model.modules.indices.map { automaton($0) })))
    members.append(("system", system(actions)))
    return .object(members)
  }

  private mutating func constant(_ constant: PrismModel.Constant) -> JSONTree {
    let types: [PrismModel.ScalarType: String] = [.integer: "int", .double: "real", .boolean: "bool"]
    var members: [(key: String, value: JSONTree)] = [
      ("name", .text(constant.name.text)), ("type", .text(types[constant.type] ?? "real")),
    ]
    if let value = given[constant.name.text] {
      members.append(("value", tree(value, constant.name.span)))
    } else if let value = constant.value {
      members.append(("value", tree(value)))
    }
    return .object(members)
  }

  private mutating func tree(_ given: PrismGiven, _ span: SourceSpan) -> JSONTree {
    switch given {
    case .boolean(let value): return .truth(value)
    case .integer(let value): return .integer(value)
    case .real(let value): return .real(value)
    case .text(let text):
      let file = SourceFile(id: FileID(index: .max), name: "-D", text: text)
      if let expression = PrismParser.parseExpression(file).expression { return tree(expression) }
      problems.append(.error("`\(text)` is not a value", at: span))
      return .null
    }
  }

  private mutating func variables() -> [JSONTree] {
    var result: [JSONTree] = []
    for variable in model.variables {
      var initial: JSONTree = .integer(0)
      var type: JSONTree = .text("int")
      switch variable.domain {
      case .boolean: (type, initial) = (.text("bool"), .truth(false))
      case .integer: break
      case .range(let low, let high):
        initial = tree(low)
        type = .object([
          ("kind", .text("bounded")), ("base", .text("int")), ("lower-bound", tree(low)), ("upper-bound", tree(high)),
        ])
      }
      if let value = variable.initial { initial = tree(value) }
      var members: [(key: String, value: JSONTree)] = [("name", .text(variable.name.text)), ("type", type)]
      // What an `init` block leaves open may have any value.
      if model.initial == nil { members.append(("initial-value", initial)) }
      result.append(.object(members))
    }
    for label in model.labels {
      result.append(transient(labelNames[label.name.text] ?? label.name.text, "bool", .truth(false)))
    }
    for name in rewardNames { result.append(transient(name, "real", .integer(0))) }
    return result
  }

  private func transient(_ name: String, _ type: String, _ value: JSONTree) -> JSONTree {
    .object([("name", .text(name)), ("type", .text(type)), ("transient", .truth(true)), ("initial-value", value)])
  }

  // MARK: Automata

  private static let location = "l"

  private mutating func automaton(_ index: Int) -> JSONTree {
    let module = model.modules[index]
    var location: [(key: String, value: JSONTree)] = [("name", .text(Self.location))]
    if index == 0 {
      let values = transientValues()
      if !values.isEmpty { location.append(("transient-values", .list(values))) }
    }
    let edges = module.commands.flatMap { self.edges($0, of: index) }
    return .object([
      ("name", .text(module.name.text)), ("locations", .list([.object(location)])),
      ("initial-locations", .list([.text(Self.location)])), ("edges", .list(edges)),
    ])
  }

  /// The labels and the state rewards, as values that the location has.
  private mutating func transientValues() -> [JSONTree] {
    var result: [JSONTree] = []
    for label in model.labels {
      result.append(.object([("ref", .text(labelNames[label.name.text] ?? label.name.text)), ("value", tree(label.value))]))
    }
    for (rewards, name) in zip(model.rewards, rewardNames) {
      let items = rewards.items.filter { $0.action == nil }
      if let value = amount(items) { result.append(.object([("ref", .text(name)), ("value", value)])) }
    }
    return result
  }

  /// The sum of rewards, each where its condition holds; nil without any.
  private mutating func amount(_ items: [PrismModel.Rewards.Item]) -> JSONTree? {
    var result: JSONTree?
    for item in items {
      var value = tree(item.value)
      if !item.condition.isTrue { value = conditional(tree(item.condition), value, .integer(0)) }
      result = result.map { binary("+", $0, value) } ?? value
    }
    return result
  }

  /// The edge of a command; in a ctmc one for each update, with its rate.
  private mutating func edges(_ command: PrismModel.Command, of index: Int) -> [JSONTree] {
    var members: [(key: String, value: JSONTree)] = [("location", .text(Self.location))]
    if let action = command.action { members.append(("action", .text(action.text))) }
    if !command.condition.isTrue { members.append(("guard", .object([("exp", tree(command.condition))]))) }
    let rewards = transitionRewards(command, of: index)
    guard isTimed else {
      let destinations = command.updates.map { update in
        destination(update, rewards, probability: update.probability.map { tree($0) })
      }
      return [.object(members + [("destinations", .list(destinations))])]
    }
    return command.updates.map { update in
      let rate = update.probability.map { tree($0) } ?? .integer(1)
      return .object(
        members + [
          ("rate", .object([("exp", rate)])), ("destinations", .list([destination(update, rewards, probability: nil)])),
        ])
    }
  }

  private mutating func destination(
    _ update: PrismModel.Update, _ rewards: [JSONTree], probability: JSONTree?
  ) -> JSONTree {
    var members: [(key: String, value: JSONTree)] = [("location", .text(Self.location))]
    if let probability { members.append(("probability", .object([("exp", probability)]))) }
    let assignments = update.assignments.map { assignment -> JSONTree in
      .object([("ref", .text(assignment.variable.text)), ("value", tree(assignment.value))])
    }
    if !(assignments + rewards).isEmpty { members.append(("assignments", .list(assignments + rewards))) }
    return .object(members)
  }

  /// What a transition earns; of synchronised edges the first automaton says it.
  private mutating func transitionRewards(_ command: PrismModel.Command, of index: Int) -> [JSONTree] {
    let action = command.action?.text ?? ""
    if !action.isEmpty {
      let first = model.modules.firstIndex { $0.commands.contains { $0.action?.text == action } }
      guard first == index else { return [] }
    }
    var result: [JSONTree] = []
    for (rewards, name) in zip(model.rewards, rewardNames) {
      if let value = amount(rewards.items.filter { $0.action?.text == action }) {
        result.append(.object([("ref", .text(name)), ("value", value)]))
      }
    }
    return result
  }

  private func system(_ actions: [String]) -> JSONTree {
    var members: [(key: String, value: JSONTree)] = [
      ("elements", .list(model.modules.map { .object([("automaton", .text($0.name.text))]) }))
    ]
    let vectors = actions.map { action -> JSONTree in
      let parts = model.modules.map { module -> JSONTree in
        module.commands.contains { $0.action?.text == action } ? .text(action) : .null
      }
      return .object([("synchronise", .list(parts)), ("result", .text(action))])
    }
    if !vectors.isEmpty { members.append(("syncs", .list(vectors))) }
    return .object(members)
  }

  // MARK: Expressions

  func binary(_ symbol: String, _ a: JSONTree, _ b: JSONTree) -> JSONTree {
    .object([("op", .text(symbol)), ("left", a), ("right", b)])
  }

  func unary(_ symbol: String, _ a: JSONTree) -> JSONTree { .object([("op", .text(symbol)), ("exp", a)]) }

  private func conditional(_ condition: JSONTree, _ a: JSONTree, _ b: JSONTree) -> JSONTree {
    .object([("op", .text("ite")), ("if", condition), ("then", a), ("else", b)])
  }

  private static let symbols: [PrismOperator: String] = [
    .add: "+", .subtract: "-", .multiply: "*", .divide: "/", .power: "pow", .equal: "=", .notEqual: "≠", .less: "<",
    .lessEqual: "≤", .greater: ">", .greaterEqual: "≥", .and: "∧", .or: "∨", .implies: "⇒", .iff: "=",
  ]

  mutating func tree(_ expression: PrismExpression) -> JSONTree {
    switch expression.kind {
    case .boolean(let value): return .truth(value)
    case .integer(let value): return .integer(value)
    case .real(let value): return .real(value)
    case .name(let name):
      if tables.constants[name] == nil, tables.variables[name] == nil {
        if let formula = tables.formulas[name] { return tree(formula) }
        problems.append(.error("there is no `\(name)`", at: expression.span))
      }
      return .text(name)
    case .label(let name):
      if let known = labelNames[name] { return .text(known) }
      if name == "init" { return .object([("op", .text("initial"))]) }
      if name == "deadlock" { return .object([("op", .text("deadlock"))]) }
      problems.append(.error("there is no label \"\(name)\"", at: expression.span))
      return .truth(false)
    case .not(let a): return unary("¬", tree(a))
    case .negate(let a): return binary("-", .integer(0), tree(a))
    case .chain(let first, let rest):
      var result = tree(first)
      for part in rest { result = binary(Self.symbols[part.symbol] ?? "=", result, tree(part.operand)) }
      return result
    case .conditional(let branches, let otherwise):
      var result = tree(otherwise)
      for branch in branches.reversed() { result = conditional(tree(branch.condition), tree(branch.value), result) }
      return result
    case .call(let name, let arguments): return call(name, arguments.map { tree($0) }, expression.span)
    case .query, .filter, .multi:
      problems.append(.error("an operator of properties inside an expression", at: expression.span))
      return .truth(false)
    }
  }

  private mutating func call(_ name: PrismName, _ arguments: [JSONTree], _ span: SourceSpan) -> JSONTree {
    guard let first = arguments.first else { return .truth(false) }
    switch (name.text, arguments.count) {
    case ("min", _), ("max", _): return arguments.dropFirst().reduce(first) { binary(name.text, $0, $1) }
    case ("floor", 1), ("ceil", 1): return unary(name.text, first)
    // Halves are rounded up.
    case ("round", 1): return unary("floor", binary("+", first, .real(0.5)))
    case ("pow", 2), ("log", 2): return binary(name.text, first, arguments[1])
    case ("mod", 2): return binary("%", first, arguments[1])
    default:
      problems.append(.error("there is no function `\(name.text)`", at: span))
      return .truth(false)
    }
  }
}
