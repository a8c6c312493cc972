import AleaSyntax

/// Writes one PRISM model as a program of Alea, part by part.
struct AleaModelWriter {
  let source: AleaTranslation.Source
  let model: PrismModel
  let tables: PrismTables
  let isChain: Bool
  var names: AleaNames
  var expressions = AleaExpressionWriter()
  var problems: [Diagnostic] = []
  var lines: [String] = []
  /// The combinations of commands with what they are called, without the one for deadlocks.
  var commands: [NamedCommand] = []
  let modelName: String
  var commandName = "command"
  var commandType = "Command"
  var outcomeName = "outcome"
  /// What is done where no command is enabled; nil where that does not occur.
  var idleName: String?
  /// The family of guards by command, where it is needed.
  var enabledName: String?
  /// The channel of each rewards structure.
  var channelNames: [String] = []
  /// The channel that counts steps, where a property asks for it.
  var stepsName: String?

  struct NamedCommand {
    var name: String
    var joint: JointCommand
    var outcomes: [Outcome]
  }

  struct Outcome {
    var probabilities: [PrismExpression]
    var next: [String: PrismExpression]
  }

  /// Words that have a meaning at the beginning of a member, and names with a fixed one.
  static let memberWords: Set<String> = [
    "state", "action", "context", "latent", "observe", "reward", "cost", "discount", "horizon", "total", "average", "maximize",
    "minimize", "subject", "regularize", "against", "terminal", "data", "unknown", "require", "memory", "after", "t", "actions",
    "when", "of", "for", "per", "iterated", "stagewise",
  ]

  init(_ source: AleaTranslation.Source) throws {
    self.source = source
    if source.model.type == .ctmc {
      throw DiagnosticError(
        .error(
          "a ctmc cannot be written in Alea: its models move in steps", at: source.model.typeSpan,
          notes: ["ask about it as it is: `solve(read(\"\(source.file)\"), property: ...)`"]))
    }
    var model = try source.model.expanded()
    model.constants += source.properties.constants
    model.formulas += source.properties.formulas
    model.labels += source.properties.labels
    self.model = model
    isChain = model.type == .dtmc
    tables = PrismTables(model, given: Set(source.given.keys))
    names = AleaNames(reserved: source.reserved.union(Self.memberWords).union(EntryText.keywords))
    modelName = names.claim(AleaNames.modelName(source.name), isQuiet: true)
    commands = try combinedCommands()
  }

  /// The combinations of commands, their updates multiplied out; names are given later.
  private func combinedCommands() throws -> [NamedCommand] {
    try CommandComposition(tables: tables).joints().map { joint in
      var outcomes = [Outcome(probabilities: [], next: [:])]
      for (_, command) in joint.parts {
        var widened: [Outcome] = []
        for outcome in outcomes {
          for update in command.updates {
            if let probability = update.probability, tables.known(probability) == 0 { continue }
            var next = outcome
            if let probability = update.probability, tables.known(probability) != 1 || command.updates.count > 1 {
              next.probabilities.append(probability)
            }
            for assignment in update.assignments { next.next[assignment.variable.text] = assignment.value }
            widened.append(next)
          }
        }
        outcomes = widened
        guard outcomes.count <= 4_096 else {
          throw DiagnosticError(.error("the updates taken together combine in too many ways", at: command.span))
        }
      }
      return NamedCommand(name: "", joint: joint, outcomes: outcomes)
    }
  }

  // MARK: The program

  mutating func program() -> String {
    nameEverything()
    let questions = self.questions()
    lines = ["// \(source.file) as a program of Alea, written by `alea convert`.", ""]
    writeConstants()
    writeCommandType()
    lines.append(isChain ? "/// The chain of \(source.file)." : "/// The decision process of \(source.file).")
    lines.append("mdp \(modelName) {")
    writeStates()
    writeDefinitions()
    writeCommands()
    writeNextValues()
    writeRewards()
    lines += ["", "  total", "}"]
    if !questions.isEmpty { lines += [""] + questions }
    problems += expressions.problems
    return lines.map(Self.wrapped).joined(separator: "\n") + "\n"
  }

  private mutating func nameEverything() {
    for name in model.constants.map(\.name.text) + model.variables.map(\.name.text) + model.formulas.map(\.name.text)
    where expressions.names[name] == nil {
      expressions.names[name] = names.claim(name)
    }
    expressions.members = Set(model.variables.map(\.name.text))
    for formula in model.formulas where !tables.variables(in: formula.value).isEmpty {
      expressions.members.insert(formula.name.text)
    }
    for label in model.labels { expressions.labels[label.name.text] = names.claim(label.name.text) }
    for (index, rewards) in model.rewards.enumerated() {
      let wanted = rewards.name?.text ?? (model.rewards.count == 1 ? "earned" : "earned\(index + 1)")
      channelNames.append(names.claim(wanted))
    }
    commandName = names.claim(commandName)
    commandType = names.claim(commandType)
    outcomeName = names.claim(outcomeName)
    var counts: [String: Int] = [:]
    for command in commands { counts[base(of: command), default: 0] += 1 }
    var seen: [String: Int] = [:]
    for index in commands.indices {
      let base = base(of: commands[index])
      seen[base, default: 0] += 1
      let isAlone = counts[base] == 1 && commands[index].joint.action != nil
      commands[index].name = names.claim(isAlone ? base : "\(base)_\(seen[base] ?? 0)")
    }
    if isChain || source.mayDeadlock || commands.isEmpty { idleName = names.claim("idle") }
    if !isChain, idleName != nil { enabledName = names.claim("enabled") }
  }

  private func base(of command: NamedCommand) -> String {
    command.joint.action ?? command.joint.parts.first?.module.name.text ?? "command"
  }

  // MARK: Parts

  private mutating func writeConstants() {
    let typeNames: [PrismModel.ScalarType: String] = [.integer: "Int", .double: "Real", .boolean: "Bool"]
    let constantFormulas = model.formulas.filter { !expressions.members.contains($0.name.text) }.map(\.name.text)
    let order = tables.ordered(model.constants.map(\.name.text) + constantFormulas) {
      source.given[$0] == nil ? tables.constants[$0]?.value ?? tables.formulas[$0] : nil
    }
    for name in order {
      guard let alea = expressions.names[name] else { continue }
      guard let constant = tables.constants[name] else {
        if let value = tables.formulas[name] { lines.append("let \(alea) = \(expressions.text(value))") }
        continue
      }
      let type = typeNames[constant.type] ?? "Real"
      if let given = source.given[name] {
        lines.append("param \(alea): \(type) = \(text(of: given, constant))")
      } else if let value = constant.value {
        var isWhole = false
        if case .integer = value.kind { isWhole = true }
        lines.append("let \(alea)\(constant.type == .double && isWhole ? ": Real" : "") = \(expressions.text(value))")
      } else {
        lines.append("param \(alea): \(type)")
      }
    }
    if !order.isEmpty { lines.append("") }
  }

  private mutating func text(of given: PrismGiven, _ constant: PrismModel.Constant) -> String {
    switch given {
    case .boolean(let value): return value ? "true" : "false"
    case .integer(let value): return "\(value)"
    case .real(let value): return constant.type == .integer && value.rounded() == value ? "\(Int(value))" : "\(value)"
    case .text(let text):
      let file = SourceFile(id: FileID(index: .max), name: "-D", text: text)
      guard let expression = PrismParser.parseExpression(file).expression else {
        problems.append(.error("`\(text)` is not a value for the constant `\(constant.name.text)`", at: constant.name.span))
        return "0"
      }
      return expressions.text(expression)
    }
  }

  private mutating func writeCommandType() {
    var cases = commands.map(\.name)
    if isChain || cases.isEmpty, let idleName { cases.append(idleName) }
    let list = cases.joined(separator: ", ")
    if list.count < 100 {
      lines += ["enum \(commandType) { \(list) }", ""]
      return
    }
    var rows = [""]
    for (index, name) in cases.enumerated() {
      if rows[rows.count - 1].count + name.count > Self.width - 6 { rows.append("") }
      rows[rows.count - 1] += (rows[rows.count - 1].isEmpty ? "  " : " ") + name + (index < cases.count - 1 ? "," : "")
    }
    lines += ["enum \(commandType) {"] + rows + ["}", ""]
  }

  private mutating func writeStates() {
    let initial = initialLaws()
    var groups: [(String, [PrismModel.Variable])] = model.globals.isEmpty ? [] : [("global", model.globals)]
    groups += model.modules.map { ("module " + $0.name.text, $0.variables) }
    for (title, variables) in groups where !variables.isEmpty {
      lines.append("  // \(title)")
      for variable in variables {
        let name = expressions.names[variable.name.text] ?? variable.name.text
        lines.append("  state \(name): \(domain(of: variable)) \(initial[variable.name.text] ?? initialValue(of: variable))")
      }
    }
    lines.append("")
  }

  mutating func domain(of variable: PrismModel.Variable) -> String {
    switch variable.domain {
    case .boolean: return "Bool"
    case .integer: return "Int"
    case .range(let low, let high): return "\(expressions.text(low, at: .sign))..\(expressions.text(high, at: .sign))"
    }
  }

  private mutating func initialValue(of variable: PrismModel.Variable) -> String {
    if let initial = variable.initial { return "= \(expressions.text(initial))" }
    switch variable.domain {
    case .boolean: return "= false"
    case .integer: return "= 0"
    case .range(let low, _): return "= \(expressions.text(low))"
    }
  }

  private mutating func writeDefinitions() {
    let formulas = tables.ordered(model.formulas.map(\.name.text)) { tables.formulas[$0] }
    var definitions: [String] = []
    for name in formulas where expressions.members.contains(name) {
      guard let value = tables.formulas[name], let alea = expressions.names[name] else { continue }
      definitions.append("  \(alea) = \(expressions.text(value))")
    }
    let labels = Dictionary(model.labels.map { ($0.name.text, $0.value) }) { first, _ in first }
    for label in orderedLabels(labels) {
      guard let value = labels[label], let alea = expressions.labels[label] else { continue }
      definitions.append("  \(alea) = \(expressions.text(value))")
    }
    lines += definitions
    if !definitions.isEmpty { lines.append("") }
  }

  private func orderedLabels(_ values: [String: PrismExpression]) -> [String] {
    var result: [String] = []
    var seen = Set<String>()
    func visit(_ label: String) {
      guard values[label] != nil, seen.insert(label).inserted else { return }
      for other in (values[label]?.labels ?? []).sorted() { visit(other) }
      result.append(label)
    }
    for label in model.labels { visit(label.name.text) }
    return result
  }

  private mutating func guardText(_ command: NamedCommand, at level: AleaExpressionWriter.Level = .conditional) -> String {
    let conditions = command.joint.parts.map(\.command.condition).filter { !$0.isTrue }
    return Self.chain(.and, conditions).map { expressions.text($0, at: level) } ?? "true"
  }

  // MARK: Commands

  private mutating func writeCommands() {
    if isChain {
      writeChainCommand()
    } else {
      writeAction()
    }
    guard commands.contains(where: { $0.outcomes.count > 1 || !$0.outcomes[0].probabilities.isEmpty }) else { return }
    var arms: [(pattern: [String], value: String)] = []
    for command in commands {
      let law = law(of: command)
      if let index = arms.firstIndex(where: { $0.value == law }) {
        arms[index].pattern.append(command.name)
      } else {
        arms.append(([command.name], law))
      }
    }
    lines.append("  \(outcomeName) ~ \(choice(among: arms, otherwise: "Certain(0)"))")
  }

  private mutating func law(of command: NamedCommand) -> String {
    if command.outcomes.count == 1, command.outcomes[0].probabilities.isEmpty { return "Certain(0)" }
    let weights = command.outcomes.map { outcome -> String in
      guard let first = outcome.probabilities.first else { return "1" }
      if outcome.probabilities.count == 1 { return expressions.text(first) }
      return outcome.probabilities.map { expressions.text($0, at: .power) }.joined(separator: " * ")
    }
    let numbers = command.outcomes.compactMap { outcome in
      outcome.probabilities.reduce(Double?.some(1)) { product, factor in
        guard let product, let value = tables.known(factor) else { return nil }
        return product * value
      }
    }
    let positions = command.outcomes.indices.map { "\($0)" }
    if numbers.count == weights.count, abs(numbers.reduce(0, +) - 1) > 1e-9 {
      // Rounded in the file: PRISM divides by the sum.
      return "Categorical([\(positions.joined(separator: ", "))], [\(weights.joined(separator: ", "))])"
    }
    return "{" + zip(positions, weights).map { "\($0): \($1)" }.joined(separator: ", ") + "}"
  }

  private mutating func writeChainCommand() {
    guard let idleName else { return }
    let isExclusive = commands.indices.allSatisfy { index in
      commands[(index + 1)...].allSatisfy { commands[index].joint.excludes($0.joint) }
    }
    if isExclusive {
      var text = "  \(commandName) =\n"
      for (index, command) in commands.enumerated() {
        text += "    \(index > 0 ? "else " : "")if \(guardText(command, at: .or)) then \(command.name)\n"
      }
      lines.append(text + "    else \(idleName)")
      if commands.isEmpty { lines[lines.count - 1] = "  \(commandName) = \(idleName)" }
      return
    }
    // Where several are enabled, PRISM draws one of them, all alike.
    let values = commands.map(\.name) + [idleName]
    var weights = commands.map { "if \(guardText($0, at: .or)) then 1 else 0" }
    let none = commands.map { guardText($0, at: .and) }.joined(separator: " or ")
    weights.append("if \(none) then 0 else 1")
    lines.append("  \(commandName) ~ Categorical(")
    lines.append("    [\(values.joined(separator: ", "))],")
    lines.append("    [")
    for weight in weights { lines.append("      \(weight),") }
    lines[lines.count - 1].removeLast()
    lines.append("    ])")
  }

  private mutating func writeAction() {
    let arms = commands.map { "      \($0.name) => \(guardText($0))" }.joined(separator: ",\n")
    guard let idleName, let enabledName else {
      lines.append("  action \(commandName): \(commandType)")
      lines.append("    when match \(commandName) {\n\(arms)\n    }")
      return
    }
    if commands.isEmpty {
      lines.append("  action \(commandName): \(commandType)")
      return
    }
    lines.append("  \(enabledName)[c in \(commandType)] =\n    match c {\n\(arms)\n    }")
    lines.append("  // Where no command is enabled a model of PRISM stays as it is.")
    lines.append("  action \(commandName): \(commandType) | {\(idleName)}")
    lines.append(
      "    when if \(commandName) == \(idleName) then not any(c in \(commandType): \(enabledName)[c]) else \(enabledName)[\(commandName)]"
    )
  }

  /// A value for each command; those not mentioned have another.
  private func choice(among arms: [(pattern: [String], value: String)], otherwise: String) -> String {
    let special = arms.filter { $0.value != otherwise }
    guard !special.isEmpty else { return otherwise }
    let mentioned = special.reduce(0) { $0 + $1.pattern.count }
    let isComplete = mentioned == commands.count && idleName == nil
    if special.count == 1, let only = special.first {
      if isComplete { return only.value }
      if only.pattern.count == 1 {
        let value = only.value.hasPrefix("if ") ? "(\(only.value))" : only.value
        return "if \(commandName) == \(only.pattern[0]) then \(value) else \(otherwise)"
      }
    }
    var rows = special.map { "    \($0.pattern.joined(separator: ", ")) => \($0.value)" }
    if !isComplete { rows.append("    _ => \(otherwise)") }
    return "match \(commandName) {\n" + rows.joined(separator: ",\n") + "\n  }"
  }

  private mutating func writeNextValues() {
    for variable in model.variables {
      let name = variable.name.text
      let alea = expressions.names[name] ?? name
      var arms: [(pattern: [String], value: String)] = []
      for command in commands {
        let value = nextValue(of: name, alea, after: command)
        if let index = arms.firstIndex(where: { $0.value == value }) {
          arms[index].pattern.append(command.name)
        } else {
          arms.append(([command.name], value))
        }
      }
      lines.append("  \(alea)' = \(choice(among: arms, otherwise: alea))")
    }
  }

  private mutating func nextValue(of variable: String, _ alea: String, after command: NamedCommand) -> String {
    let values = command.outcomes.map { outcome -> String in
      outcome.next[variable].map { expressions.text($0) } ?? alea
    }
    var groups: [(outcomes: [Int], value: String)] = []
    for (number, value) in values.enumerated() {
      if let index = groups.firstIndex(where: { $0.value == value }) {
        groups[index].outcomes.append(number)
      } else {
        groups.append(([number], value))
      }
    }
    if groups.count == 1 { return groups[0].value }
    if groups.count == 2, let single = groups.firstIndex(where: { $0.outcomes.count == 1 }) {
      let other = groups[1 - single].value
      return "if \(outcomeName) == \(groups[single].outcomes[0]) then \(groups[single].value) else \(other)"
    }
    let rest = groups.indices.max { groups[$0].outcomes.count <= groups[$1].outcomes.count } ?? 0
    var rows = groups.indices.filter { $0 != rest }.map { index in
      groups[index].outcomes.map { "\($0)" }.joined(separator: ", ") + " => " + groups[index].value
    }
    rows.append("_ => \(groups[rest].value)")
    return "match \(outcomeName) { \(rows.joined(separator: ", ")) }"
  }

  // MARK: Rewards

  private mutating func writeRewards() {
    if !model.rewards.isEmpty || stepsName != nil { lines.append("") }
    if let stepsName { lines.append("  reward \(stepsName): 1") }
    for (rewards, name) in zip(model.rewards, channelNames) {
      var terms: [String] = []
      for item in rewards.items {
        var conditions: [String] = []
        if let action = item.action {
          let taken = commands.filter { ($0.joint.action ?? "") == action.text }.map(\.name)
          if taken.isEmpty { continue }
          if taken.count < commands.count || idleName != nil {
            conditions.append(
              taken.count == 1 ? "\(commandName) == \(taken[0])" : "\(commandName) in {\(taken.joined(separator: ", "))}")
          }
        }
        if !item.condition.isTrue { conditions.append(expressions.text(item.condition, at: conditions.isEmpty ? .or : .not)) }
        let value = expressions.text(item.value, at: .or)
        terms.append(conditions.isEmpty ? value : "if \(conditions.joined(separator: " and ")) then \(value) else 0")
      }
      let text: String
      switch terms.count {
      case 0: text = "0"
      case 1: text = terms[0]
      default: text = terms.map { "(\($0))" }.joined(separator: " + ")
      }
      lines.append("  reward \(name): \(text)")
    }
  }

  // MARK: Layout

  private static let width = 120

  /// A line broken where it is too long: behind a comma or an operator.
  static func wrapped(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { broken(String($0)) }.joined(separator: "\n")
  }

  private static func broken(_ line: String) -> String {
    if line.count <= width || line.drop(while: { $0 == " " }).hasPrefix("//") { return line }
    let indent = String(line.prefix { $0 == " " })
    var result: [String] = []
    var current = ""
    for piece in pieces(of: line.dropFirst(indent.count)) {
      let room = width - indent.count - (result.isEmpty ? 0 : 2)
      if !current.isEmpty, current.count + 1 + piece.count > room {
        result.append(current)
        current = piece
      } else {
        current += (current.isEmpty ? "" : " ") + piece
      }
    }
    result.append(current)
    return indent + result.joined(separator: "\n" + indent + "  ")
  }

  /// The parts of a line between which it may be broken: outside of brackets that it opens, unless a part is long by itself.
  private static func pieces(of line: Substring) -> [String] {
    split(line, insideBrackets: false).flatMap { piece in
      piece.count <= width - 12 ? [piece] : split(Substring(piece), insideBrackets: true)
    }
  }

  private static func split(_ line: Substring, insideBrackets: Bool) -> [String] {
    var result = [""]
    var isQuoted = false
    var depth = 0
    for word in line.split(separator: " ", omittingEmptySubsequences: false) {
      result[result.count - 1] += (result[result.count - 1].isEmpty ? "" : " ") + word
      for character in word {
        if character == "\"" { isQuoted.toggle() }
        if !isQuoted, "([{".contains(character) { depth += 1 }
        if !isQuoted, ")]}".contains(character) { depth -= 1 }
      }
      let mayBreak = word.hasSuffix(",") || ["and", "or", "+", "*"].contains(word)
      if !isQuoted, mayBreak, insideBrackets || depth <= 0 { result.append("") }
    }
    return result.filter { !$0.isEmpty }
  }
}
