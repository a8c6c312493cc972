extension Parser {
  mutating func model() -> AST.Item.Kind {
    let kind = AST.ModelKind(rawValue: text(current)) ?? .mdp
    advance()
    guard let name = name("a model") else { return .error }
    let parameters = parameters()
    let members = block(of: name) { $0.member(of: kind) }
    return .model(AST.Model(kind: kind, name: name, parameters: parameters, members: members))
  }

  private mutating func member(of kind: AST.ModelKind) -> AST.Member {
    let token = current
    let documentation = documentation(before: token)
    let member = memberKind(of: kind)
    return AST.Member(member, span(from: token.start), documentation: documentation)
  }

  private mutating func memberKind(of modelKind: AST.ModelKind) -> AST.Member.Kind {
    if kind == .leftBrace { return edges() }
    guard kind == .identifier || kind == .primed else {
      if kind == .leftBracket {
        report(
          .error(
            "a model has no guarded commands: each variable says by itself how it changes", at: span(current),
            notes: [
              "what may be chosen is an `action ... when` its guard holds",
              "a change is written `x' = if guard then new else x`, a chance `x' ~ {1: 0.5, 2: 0.5}`",
            ]))
        return .error
      }
      expected("a member of the model")
      return .error
    }
    let next = peek()
    let sameLine = !next.startsLine
    let nextIsName = next.kind == .identifier && sameLine
    // A role word is one only where a name follows; `state = 3` is a variable called state.
    let startsExpression: Bool
    switch next.kind {
    case .equal, .tilde, .colon, .arrow, .biArrow, .dot, .endOfFile, .rightBrace, .semicolon, .comma: startsExpression = false
    default: startsExpression = sameLine
    }
    if kind == .identifier {
      let word = text(current)
      switch word {
      case "state", "action", "context", "latent", "observe":
        if nextIsName || next.kind == .primed, let role = AST.Role(rawValue: word) { return variable(role: role) }
      case "reward", "cost":
        if startsExpression || next.kind == .tilde && sameLine { return channel() }
        if !sameLine || next.kind == .rightBrace || next.kind == .endOfFile {
          advance()
          expected("what the \(word) is")
          return .error
        }
        if next.kind == .equal && sameLine {
          report(
            .error(
              "a \(word) is written without `=`", at: span(next),
              label: "write `\(word) expression`, or `\(word) name: expression`"))
          return .error
        }
      case "terminal":
        if nextIsName {
          advance()
          guard isWord("when") else {
            expected("`when` and a condition")
            return .error
          }
          advance()
          return .terminal(expression())
        }
      case "discount", "horizon":
        if startsExpression {
          advance()
          let value = expression()
          return .objective(word == "discount" ? .discount(value) : .horizon(value))
        }
        if next.kind == .equal || next.kind == .colon {
          report(
            .error("`\(word)` is followed by its value", at: span(next), label: "write `\(word) value`, without `\(text(next))`"))
          return .error
        }
      case "total", "average":
        if next.startsLine || next.kind == .rightBrace || next.kind == .semicolon || next.kind == .endOfFile {
          advance()
          return .objective(word == "total" ? .total : .average)
        }
      case "maximize", "minimize":
        if startsExpression {
          advance()
          var modifier: AST.Name?
          if isWord("iterated") || isWord("stagewise"), peek().kind == .identifier, !peek().startsLine {
            modifier = AST.Name(text(current), span(current))
            advance()
          }
          return .objective(.optimize(maximize: word == "maximize", modifier: modifier, expression()))
        }
      case "subject":
        if nextIsName {
          advance()
          guard isWord("to") else {
            expected("`to`")
            return .error
          }
          advance()
          return .objective(.constraint(expression()))
        }
      case "regularize":
        if startsExpression {
          advance()
          return .objective(.regularize(expression()))
        }
      case "against":
        if startsExpression {
          advance()
          let ambiguity = expression()
          var per: AST.Name?
          if isWord("per"), !atLineStart {
            advance()
            per = name("what the ambiguity depends on")
          }
          return .objective(.against(ambiguity, per: per))
        }
      case "let":
        if nextIsName {
          guard let (name, type, value) = binding() else { return .error }
          return .binding(name: name, type: type, value: value)
        }
      case "fn":
        if nextIsName {
          guard let function = function() else { return .error }
          return .function(function)
        }
      case "data":
        if nextIsName {
          advance()
          return .data(names("a column"))
        }
      case "unknown":
        if nextIsName { return unknown() }
      case "require":
        if nextIsName { return requirement() }
      default: break
      }
      // Edges of a causal graph: `a -> b`, and `a` alone.
      if next.kind == .arrow || next.kind == .biArrow { return edges() }
      if modelKind == .causal, next.startsLine || next.kind == .rightBrace || next.kind == .semicolon { return edges() }
    }
    return variable(role: nil)
  }

  private mutating func names(_ what: String) -> [AST.Name] {
    var result: [AST.Name] = []
    repeat {
      guard let each = name(what) else { break }
      result.append(each)
    } while accept(.comma)
    return result
  }

  /// [role] name ["'"] [ "[" family "]" ] [":" domain] [("=" | "~") mechanism] ["when" condition]
  private mutating func variable(role: AST.Role?) -> AST.Member.Kind {
    if role != nil { advance() }
    let token = current
    let isPrimed = token.kind == .primed
    let variableName: AST.Name
    if isPrimed {
      let text = String(text(token).dropLast())
      variableName = AST.Name(text, SourceSpan(file: file.id, start: token.start, end: token.end - 1))
      advance()
    } else {
      guard let parsed = name("a variable") else { return .error }
      variableName = parsed
    }
    // `latent a, b` names several at once.
    if role == .latent || role == .observe, kind == .comma {
      var nodes = [AST.Expression(.name(variableName.text), variableName.span)]
      while accept(.comma) {
        guard let another = name("a variable") else { return .error }
        nodes.append(AST.Expression(.name(another.text), another.span))
      }
      report(
        .error(
          "one `\(role!.rawValue)` declares one variable", at: span(from: token.start),
          label: "write `\(role!.rawValue)` on a line for each"))
      return .error
    }
    let indices = family()
    var domain: AST.Expression?
    if accept(.colon) { domain = expression() }
    var mechanism: AST.Mechanism?
    if kind == .equal, !atLineStart {
      advance()
      mechanism = .value(expression())
    } else if kind == .tilde, !atLineStart {
      advance()
      mechanism = .draw(expression())
    }
    var availability: AST.Expression?
    if isWord("when") {
      advance()
      availability = expression()
    }
    if role == nil, mechanism == nil, !isRecovering {
      if kind == .equalEqual {
        report(
          .error(
            "`==` compares; a variable is given its value by `=`", at: span(current), label: "write `=`",
            fixIts: [.init(span(current), replacement: "=")]))
      } else if kind == .plusEqual || kind == .minusEqual || kind == .starEqual || kind == .slashEqual {
        let operation = text(current).dropLast()
        report(
          .error(
            "a model says what the next value is, not how to change a variable", at: span(current),
            label: "write `\(variableName.text)' = \(variableName.text) \(operation) ...`"))
      } else if isPrimed, kind == .invalid, isCharacter("'") {
        report(.error("the next value has one prime", at: span(current), label: "there is no value after the next one"))
      } else if isWord("init"), domain != nil {
        report(
          .error(
            "a variable that is carried from step to step is a `state`", at: span(from: token.start),
            label: "write `state \(variableName.text): low..high = initial`"))
      } else {
        expected("`=` or `~` and how `\(variableName.text)\(isPrimed ? "'" : "")` gets its value")
      }
      return .error
    }
    if role == .state || role == .action, domain == nil, mechanism == nil, availability == nil, !isPrimed, !isRecovering,
      !current.startsLine, kind == .integer || kind == .leftBrace || kind == .identifier || kind == .leftBracket
    {
      expected("`:` and the values that `\(variableName.text)` can take")
      return .error
    }
    return .variable(
      AST.Variable(
        role: role, name: variableName, isPrimed: isPrimed, indices: indices, domain: domain, mechanism: mechanism,
        availability: availability))
  }

  /// `[Machine]`, `[m in Machine, k in 0..3]`
  private mutating func family() -> [AST.FamilyIndex] {
    guard kind == .leftBracket, !atLineStart else { return [] }
    let opened = current
    mark(.isTight)
    advance()
    var result: [AST.FamilyIndex] = []
    withLines(ignored: true) { parser in
      while parser.kind != .rightBracket, parser.kind != .endOfFile {
        var variable: AST.Name?
        if parser.kind == .identifier, parser.peek().kind == .inWord {
          variable = AST.Name(parser.text(parser.current), parser.span(parser.current))
          parser.advance()
          parser.advance()
        }
        result.append(AST.FamilyIndex(name: variable, set: parser.expression()))
        if parser.isRecovering || !parser.accept(.comma) { break }
      }
    }
    close(.rightBracket, "]", opened: opened)
    return result
  }

  /// `reward sales: e`, `reward e`, `reward ~ d`, `reward name ~ d`
  private mutating func channel() -> AST.Member.Kind {
    let isCost = isWord("cost")
    advance()
    var channelName: AST.Name?
    if kind == .identifier, peek().kind == .colon || peek().kind == .tilde, !peek().startsLine {
      channelName = AST.Name(text(current), span(current))
      advance()
      if kind == .colon {
        advance()
        return .channel(AST.Channel(isCost: isCost, name: channelName, mechanism: .value(expression())))
      }
    }
    if accept(.tilde) { return .channel(AST.Channel(isCost: isCost, name: channelName, mechanism: .draw(expression()))) }
    return .channel(AST.Channel(isCost: isCost, name: nil, mechanism: .value(expression())))
  }

  /// nodes { ("->" | "<->") nodes }
  private mutating func edges() -> AST.Member.Kind {
    let first = nodes()
    var rest: [(arrow: AST.Arrow, targets: [AST.Expression])] = []
    while kind == .arrow || kind == .biArrow {
      let arrow: AST.Arrow = kind == .arrow ? .directed : .bidirected
      advance()
      rest.append((arrow, nodes()))
      if isRecovering { break }
    }
    return .edges(first: first, rest: rest)
  }

  private mutating func nodes() -> [AST.Expression] {
    func one(_ parser: inout Parser) -> AST.Expression? {
      guard let node = parser.name("a variable of the graph") else { return nil }
      return AST.Expression(.name(node.text), node.span)
    }
    guard kind == .leftBrace else { return one(&self).map { [$0] } ?? [] }
    let opened = current
    advance()
    var result: [AST.Expression] = []
    withLines(ignored: true) { parser in
      while parser.kind != .rightBrace, parser.kind != .endOfFile {
        guard let node = one(&parser) else { break }
        result.append(node)
        guard parser.accept(.comma) else { break }
      }
    }
    close(.rightBrace, "}", opened: opened)
    return result
  }

  /// `unknown h(price, season) in RKHS(Gaussian())`
  private mutating func unknown() -> AST.Member.Kind {
    advance()
    guard let function = name("an unknown function") else { return .error }
    guard kind == .leftParen else {
      expected("`(` and the arguments of `\(function.text)`")
      return .error
    }
    let opened = current
    mark(.isTight)
    advance()
    let arguments = withLines(ignored: true) { $0.names("an argument") }
    close(.rightParen, ")", opened: opened)
    guard accept(.inWord) else {
      expected("`in` and a class of functions")
      return .error
    }
    return .unknown(name: function, arguments: arguments, functionClass: expression())
  }

  /// `require E[e | x, y] = level`
  private mutating func requirement() -> AST.Member.Kind {
    advance()
    guard let operation = AST.Requirement.Operator(rawValue: text(current)) else {
      expected("`E[...]` or `P[...]`")
      return .error
    }
    advance()
    guard kind == .leftBracket else {
      expected("`[`")
      return .error
    }
    let opened = current
    mark(.isTight)
    advance()
    var given: [AST.Name] = []
    let body = withLines(ignored: true) { parser in
      parser.stopsAtBar = true
      defer { parser.stopsAtBar = false }
      let body = parser.expression()
      if parser.accept(.bar) {
        given = parser.names("a conditioning variable")
      } else {
        parser.expected("`|` and the conditioning variables")
      }
      return body
    }
    close(.rightBracket, "]", opened: opened)
    guard accept(.equal) else {
      expected("`=` and the level of the restriction")
      return .error
    }
    return .require(AST.Requirement(operator: operation, body: body, given: given, level: expression()))
  }

  // MARK: Policies

  mutating func policy() -> AST.Item.Kind {
    advance()
    guard let name = name("a policy") else { return .error }
    let parameters = parameters()
    guard isWord("for") else {
      expected("`for` and the model of the policy", notes: ["as in `policy \(name.text) for Inventory { ... }`"])
      return .error
    }
    advance()
    guard let target = self.name("a model") else { return .error }
    let members = block(of: name) { $0.policyMember() }
    return .policy(AST.Policy(name: name, parameters: parameters, target: target, members: members))
  }

  private mutating func policyMember() -> AST.PolicyMember {
    let token = current
    let documentation = documentation(before: token)
    let member = policyMemberKind()
    return AST.PolicyMember(member, span(from: token.start), documentation: documentation)
  }

  private mutating func policyMemberKind() -> AST.PolicyMember.Kind {
    let nextIsName = peek().kind == .identifier && !peek().startsLine
    if isWord("memory"), nextIsName {
      advance()
      guard let name = name("a memory") else { return .error }
      let indices = family()
      var type: AST.Expression?
      if accept(.colon) { type = expression() }
      let initial = accept(.equal) ? expression() : nil
      return .memory(name: name, indices: indices, type: type, initial: initial)
    }
    if isWord("let"), nextIsName {
      guard let (name, type, value) = binding() else { return .error }
      return .binding(name: name, type: type, value: value)
    }
    if isWord("fn"), nextIsName {
      guard let function = function() else { return .error }
      return .function(function)
    }
    if isWord("after"), peek().kind == .leftBrace {
      let name = AST.Name("after", span(current))
      advance()
      return .after(block(of: name) { $0.statement() })
    }
    guard let variable = name("an action") else { return .error }
    let indices = family()
    if accept(.equal) { return .rule(name: variable, indices: indices, .value(expression())) }
    if accept(.tilde) { return .rule(name: variable, indices: indices, .draw(expression())) }
    expected("`=` or `~` and how `\(variable.text)` is chosen")
    return .error
  }

  private mutating func statement() -> AST.Statement {
    let start = current.start
    depth += 1
    defer { depth -= 1 }
    if kind == .ifWord, depth <= Self.maximumDepth {
      advance()
      let condition = expression()
      let name = AST.Name("if", span(current))
      let first = block(of: name) { $0.statement() }
      var second: [AST.Statement] = []
      if accept(.elseWord) {
        second = kind == .ifWord ? [statement()] : block(of: AST.Name("else", span(current))) { $0.statement() }
      }
      return AST.Statement(.conditional(condition, then: first, else: second), span(from: start))
    }
    let target = expression()
    let operation: AST.AssignmentOperator
    switch kind {
    case .equal: operation = .set
    case .plusEqual: operation = .add
    case .minusEqual: operation = .subtract
    case .starEqual: operation = .multiply
    case .slashEqual: operation = .divide
    default:
      expected("`=`, `+=`, `-=`, `*=` or `/=`")
      return AST.Statement(.error, span(from: start))
    }
    advance()
    return AST.Statement(.assign(target: target, operation, expression()), span(from: start))
  }
}
