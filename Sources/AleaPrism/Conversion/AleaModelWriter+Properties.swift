import AleaSyntax

extension AleaModelWriter {
  /// A property that no question of the language says, asked of the program's model as it is: its names are those of the program.
  func propertyQuestion(_ body: PrismExpression, _ name: String, _ title: String) throws -> [String] {
    var text = ""
    let source = self.source.propertyText(body.span)
    var lexer = PrismLexer(SourceFile(id: FileID(index: 0), name: "<property>", text: source))
    let tokens = lexer.tokens()
    let bytes = Array(source.utf8)
    var end = 0
    for (index, token) in tokens.enumerated() {
      let start = min(Int(token.span.start), bytes.count)
      text += String(decoding: bytes[end..<start], as: UTF8.self).contains { $0.isWhitespace } ? " " : ""
      end = min(Int(token.span.end), bytes.count)
      if case .end = token.kind { break }
      text +=
        try written(token, before: tokens[(index + 1)...].first?.kind, after: tokens[..<index].suffix(2).map(\.kind), body.span)
        ?? String(decoding: bytes[start..<end], as: UTF8.self)
    }
    try checkInstants(body)
    var lines = ["let \(name) = solve(\(modelName), property: \"\(text)\")"]
    var isQuestion = true
    if case .query(let query) = body.kind, case .bound = query.relation { isQuestion = false }
    let isQuery = if case .query = body.kind { true } else { false }
    lines.append(isQuestion ? "print(\"\(title):\", \(name)\(isQuery ? ".start" : ""))" : "expect(\(name).holds)")
    return lines
  }

  /// A token in the words of the program, inside a string; nil where it stays as it is.
  private func written(_ token: PrismToken, before: PrismToken.Kind?, after: [PrismToken.Kind], _ span: SourceSpan) throws
    -> String?
  {
    switch token.kind {
    case .identifier(let word):
      if tables.variables[word] != nil { return expressions.names[word] ?? word }
      if let constant = tables.constants[word] { return try text(of: constant, span) }
      if let formula = tables.formulas[word] {
        guard isCondition(formula), let known = expressions.names[word] else {
          throw cannot("the formula `\(word)` in a property", span)
        }
        return "\\\"\(known)\\\""
      }
      // Rewards without a name are the first.
      if ["R", "Rmin", "Rmax"].contains(word), before != .symbol("{"), let first = channelNames.first {
        return "\(word){\\\"\(first)\\\"}"
      }
      return nil
    case .integer(let number):
      guard after == [.identifier("R"), .symbol("{")] || isOpening(after) else { return nil }
      guard channelNames.indices.contains(number - 1) else { return nil }
      return "\\\"\(channelNames[number - 1])\\\""
    case .string(let word):
      if isOpening(after), let index = model.rewards.firstIndex(where: { $0.name?.text == word }) {
        return "\\\"\(channelNames[index])\\\""
      }
      if word == "init" || (word == "deadlock" && !source.mayDeadlock && !isChain) { return "\\\"\(word)\\\"" }
      guard let known = expressions.labels[word] else { throw cannot("\"\(word)\" in a property", span) }
      return "\\\"\(known)\\\""
    default: return nil
    }
  }

  /// Whether what comes next names rewards: `R{`, `Rmax{`, `rew{`.
  private func isOpening(_ tokens: [PrismToken.Kind]) -> Bool {
    guard tokens.count == 2, tokens[1] == .symbol("{"), case .identifier(let word) = tokens[0] else { return false }
    return ["R", "Rmin", "Rmax", "rew"].contains(word)
  }

  /// Whole numbers and truths stay the program's own; of others a text keeps too few digits.
  private func text(of constant: PrismModel.Constant, _ span: SourceSpan) throws -> String {
    let name = constant.name.text
    if constant.type != .double, let known = expressions.names[name] { return "\\(\(known))" }
    guard let value = constant.value, let number = tables.known(value), source.given[name] == nil else {
      throw cannot("the constant `\(name)` in a property", span)
    }
    return "\(number)"
  }

  private func isCondition(_ expression: PrismExpression) -> Bool {
    switch expression.kind {
    case .boolean, .not, .label: return true
    case .name(let name):
      if let variable = tables.variables[name] { return if case .boolean = variable.domain { true } else { false } }
      if let constant = tables.constants[name] { return constant.type == .boolean }
      return tables.formulas[name].map { isCondition($0) } ?? false
    case .chain(_, let rest):
      let logic: [PrismOperator] = [
        .equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual, .and, .or, .implies, .iff,
      ]
      return rest.last.map { logic.contains($0.symbol) } ?? false
    case .conditional(_, let otherwise): return isCondition(otherwise)
    default: return false
    }
  }

  /// At an instant only what states earn counts, which a reward of the program does not tell apart.
  private func checkInstants(_ body: PrismExpression) throws {
    guard case .query(let query) = body.kind, case .instantaneous = query.body, case .reward(let reference) = query.quantity
    else {
      return
    }
    let structure: PrismModel.Rewards?
    switch reference {
    case nil: structure = model.rewards.first
    case .name(let name): structure = model.rewards.first { $0.name?.text == name.text }
    case .number(let expression):
      let number = tables.known(expression).map { Int($0) - 1 } ?? -1
      structure = model.rewards.indices.contains(number) ? model.rewards[number] : nil
    }
    if structure?.items.contains(where: { $0.action != nil }) ?? false {
      throw cannot("the reward at an instant, of rewards that transitions earn too,", body.span)
    }
  }
}
