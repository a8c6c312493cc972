extension Parser {
  /// program = { item }
  mutating func parseItems() -> [AST.Item] {
    var items: [AST.Item] = []
    while accept(.semicolon) {}
    while kind != .endOfFile {
      let before = index
      if kind == .rightBrace {
        diagnostics.append(.error("`}` closes nothing", at: span(current)))
        advance()
        continue
      }
      mark(.startsMember)
      items.append(item())
      endOfLine(after: "the line")
      if index == before {
        advance()
      }
    }
    return items
  }

  private mutating func item() -> AST.Item {
    let token = current
    let documentation = documentation(before: token)
    let kind = itemKind()
    return AST.Item(kind, span(from: token.start), documentation: documentation)
  }

  private mutating func itemKind() -> AST.Item.Kind {
    guard kind == .identifier else { return .query(expression()) }
    let nextIsName = peek().kind == .identifier && !peek().startsLine
    switch text(current) {
    case "import" where nextIsName || peek().kind == .string || peek().kind == .unterminatedString: return importItem()
    case "param" where nextIsName:
      advance()
      guard let parameter = parameter("a parameter") else { return .error }
      return .parameter(parameter)
    case "let" where nextIsName || TokenKind.reserved.values.contains(peek().kind):
      guard let (name, type, value) = binding() else { return .error }
      return .binding(name: name, type: type, value: value)
    case "fn" where nextIsName:
      guard let function = function() else { return .error }
      return .function(function)
    case "enum" where nextIsName: return enumeration()
    case "mdp" where nextIsName, "bandit" where nextIsName, "causal" where nextIsName, "moments" where nextIsName:
      return model()
    case "policy" where nextIsName: return policy()
    case "mdp", "bandit", "causal", "moments", "policy":
      guard peek().kind == .leftBrace || peek().kind == .leftParen else { break }
      advance()
      _ = name(text(tokens[index - 1]) == "policy" ? "a policy" : "a model")
      return .error
    case "def" where nextIsName, "function" where nextIsName, "func" where nextIsName:
      report(
        .error(
          "`\(text(current))` is not a word of the language", at: span(current), label: "write `fn`",
          notes: ["as in `fn twice(x: Real): Real = 2 * x`"]))
      return .error
    default: break
    }
    // `x = 3` at the top level: people forget `let`.
    if peek().kind == .equal {
      let name = text(current)
      report(
        .error(
          "a name is given a value by `let`", at: span(current), label: "write `let \(name) = ...`",
          fixIts: [.init(span(current), replacement: "let \(name)")]))
      return .error
    }
    return .query(expression())
  }

  private mutating func importItem() -> AST.Item.Kind {
    advance()
    if kind == .string {
      let token = current
      advance()
      let path = String(text(token).dropFirst().dropLast())
      return .importFile(path, span(token))
    }
    if kind == .unterminatedString {
      _ = expression()  // which says so
      return .error
    }
    var names: [AST.Name] = []
    repeat {
      guard let part = name("a module") else { return .error }
      names.append(part)
    } while accept(.dot)
    return .importModule(names)
  }

  mutating func binding() -> (AST.Name, AST.Expression?, AST.Expression)? {
    advance()
    guard let name = name("a value") else { return nil }
    var type: AST.Expression?
    if accept(.colon) { type = expression() }
    guard accept(.equal) else {
      expected("`=` and the value of `\(name.text)`")
      return nil
    }
    return (name, type, expression())
  }

  /// name [":" type] ["=" default]
  private mutating func parameter(_ what: String) -> AST.Parameter? {
    guard let name = name(what) else { return nil }
    var type: AST.Expression?
    var value: AST.Expression?
    if accept(.colon) { type = expression() }
    if accept(.equal) { value = expression() }
    return AST.Parameter(name: name, type: type, defaultValue: value)
  }

  mutating func parameters() -> [AST.Parameter] {
    guard kind == .leftParen else { return [] }
    let opened = current
    mark(.isTight)
    advance()
    var result: [AST.Parameter] = []
    withLines(ignored: true) { parser in
      while parser.kind != .rightParen, parser.kind != .endOfFile {
        guard let parameter = parser.parameter("a parameter") else { break }
        result.append(parameter)
        guard parser.accept(.comma) else { break }
      }
    }
    close(.rightParen, ")", opened: opened)
    return result
  }

  mutating func function() -> AST.Function? {
    advance()
    guard let name = name("a function") else { return nil }
    guard kind == .leftParen else {
      expected("`(` and the parameters of `\(name.text)`")
      return nil
    }
    let parameters = parameters()
    var result: AST.Expression?
    if accept(.colon) { result = expression() }
    guard accept(.equal) else {
      expected("`=` and the value of the function")
      return nil
    }
    return AST.Function(name: name, parameters: parameters, result: result, body: expression())
  }

  private mutating func enumeration() -> AST.Item.Kind {
    advance()
    guard let name = name("an enumeration") else { return .error }
    guard kind == .leftBrace else {
      expected("`{` and the cases of `\(name.text)`")
      return .error
    }
    let opened = current
    mark(.opensBlock)
    advance()
    var cases: [AST.Name] = []
    withLines(ignored: true) { parser in
      while parser.kind != .rightBrace, parser.kind != .endOfFile {
        guard let each = parser.name("a case") else { break }
        cases.append(each)
        guard parser.accept(.comma) else { break }
      }
    }
    close(.rightBrace, "}", opened: opened)
    return .enumeration(name: name, cases: cases)
  }

  /// `{` members `}`, each ended by a line end or `;`.
  mutating func block<Element>(of name: AST.Name, _ member: (inout Parser) -> Element) -> [Element] {
    guard kind == .leftBrace else {
      expected("`{` and the body of `\(name.text)`")
      return []
    }
    let opened = current
    mark(.opensBlock)
    advance()
    return withLines(ignored: false) { parser in
      var members: [Element] = []
      while parser.accept(.semicolon) {}
      while parser.kind != .rightBrace, parser.kind != .endOfFile {
        if parser.startsItem, parser.startsNamedItem {
          break  // the block was never closed
        }
        let before = parser.index
        parser.mark(.startsMember)
        members.append(member(&parser))
        parser.endOfLine(after: "the line")
        if parser.index == before { parser.advance() }
      }
      parser.close(.rightBrace, "}", opened: opened)
      return members
    }
  }

  private var startsNamedItem: Bool { peek().kind == .identifier && !peek().startsLine && !isWord("let") && !isWord("fn") }
}
