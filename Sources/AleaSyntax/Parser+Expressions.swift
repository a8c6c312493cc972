extension Parser {
  /// expression = or-expression
  mutating func expression() -> AST.Expression {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.maximumDepth {
      report(
        .error(
          "expressions nest more than \(Self.maximumDepth) levels deep", at: span(current),
          notes: ["name parts of the expression with `let`, or use a function"]))
      let error = errorExpression()
      // Nothing on the rest of the line is read again, else every level would search it for its bracket: quadratic time.
      recover()
      return error
    }
    return binary(level: 0)
  }

  func errorExpression() -> AST.Expression { AST.Expression(.error, span(current)) }

  // MARK: Operators

  private static let notLevel = 2
  private static let comparisonLevel = 3
  private static let rangeLevel = 4
  private static let unionLevel = 5
  private static let sumLevel = 6
  private static let productLevel = 7
  private static let operandLevel = 8

  /// The level of the operator that the current token is, and the operator (none for `..`).
  private var infix: (level: Int, operation: AST.BinaryOperator?)? {
    // A line that begins with an operator that can begin nothing else goes on with the line before.
    switch kind {
    case .orWord: (0, .or)
    case .andWord: (1, .and)
    case .equalEqual: (Self.comparisonLevel, .equal)
    case .notEqual: (Self.comparisonLevel, .notEqual)
    case .less: atLineStart ? nil : (Self.comparisonLevel, .less)
    case .lessEqual: (Self.comparisonLevel, .lessEqual)
    case .greater: (Self.comparisonLevel, .greater)
    case .greaterEqual: (Self.comparisonLevel, .greaterEqual)
    case .inWord: (Self.comparisonLevel, .in)
    case .range: (Self.rangeLevel, nil)
    case .bar: stopsAtBar ? nil : (Self.unionLevel, .union)
    case .plus: (Self.sumLevel, .add)
    case .minus: atLineStart ? nil : (Self.sumLevel, .subtract)
    case .star: (Self.productLevel, .multiply)
    case .slash: (Self.productLevel, .divide)
    case .divWord: (Self.productLevel, .integerDivide)
    case .modWord: (Self.productLevel, .modulo)
    default: nil
    }
  }

  /// Operands joined by operators of a level or of those that bind more, by precedence climbing.
  private mutating func binary(level: Int) -> AST.Expression {
    let start = current.start
    let begunByNot = kind == .notWord && level <= Self.notLevel
    var left = begunByNot ? not() : unary()
    /// Operators that bind more than what `left` is made of cannot follow it.
    var ceiling = begunByNot ? Self.notLevel : Self.operandLevel
    var count = 0
    while let (operatorLevel, operation) = infix, operatorLevel >= level, operatorLevel <= ceiling {
      let token = current
      advance()
      guard let operation else {
        let high = binary(level: Self.rangeLevel + 1)
        left = AST.Expression(.range(left, high), span(from: start))
        ceiling = Self.rangeLevel - 1
        continue
      }
      count = operatorLevel == ceiling ? count + 1 : 1
      ceiling = operatorLevel
      if count > Self.maximumChain {
        report(
          .error(
            "more than \(Self.maximumChain) `\(operation.rawValue)` in one expression", at: span(token),
            notes: ["use `sum(...)`, `all(...)` or `any(...)` over a set"]))
        return left
      }
      let right = binary(level: operatorLevel + 1)
      left = AST.Expression(.binary(operation, left, right, operatorSpan: span(token)), span(from: start))
      if operatorLevel == Self.comparisonLevel, let next = infix, next.level == Self.comparisonLevel,
        let second = next.operation, second != .in
      {
        report(
          .error(
            "comparisons cannot be chained", at: span(current), label: "a second comparison",
            notes: ["write `a \(operation.rawValue) b and b \(second.rawValue) c`"]))
      }
    }
    if level == 0 {
      switch kind {
      case .ampersandAmpersand, .barBar, .percent: reportForeignOperator()
      case .ifWord where ignoresLines: reportForeignConditional(Self.pythonConditional)
      case .invalid where isCharacter("?"): reportForeignConditional("c ? a : b")
      default: break
      }
    }
    return left
  }

  private mutating func not() -> AST.Expression {
    var operators: [Token] = []
    while kind == .notWord {
      operators.append(current)
      advance()
      if operators.count > Self.maximumDepth {
        report(.error("too many `not` in a row", at: span(current)))
        return errorExpression()
      }
    }
    var result = binary(level: Self.notLevel + 1)
    for token in operators.reversed() { result = AST.Expression(.unary(.not, result), span(from: token.start)) }
    return result
  }

  private mutating func unary() -> AST.Expression {
    var signs: [Token] = []
    while kind == .minus || kind == .plus {
      signs.append(current)
      mark(.isSign)
      advance()
      if signs.count > Self.maximumDepth {
        report(.error("too many signs in a row", at: span(current)))
        return errorExpression()
      }
    }
    var result = power()
    for token in signs.reversed() where token.kind == .minus {
      result = AST.Expression(.unary(.minus, result), span(from: token.start))
    }
    return result
  }

  /// power = postfix [ "^" signed power ]: binds tighter than a sign before it, and to the right.
  private mutating func power() -> AST.Expression {
    depth += 1
    defer { depth -= 1 }
    let start = current.start
    let base = postfix()
    guard kind == .caret else { return base }
    let token = current
    advance()
    if depth > Self.maximumDepth {
      report(.error("powers nest more than \(Self.maximumDepth) levels deep", at: span(token)))
      return base
    }
    let exponent = unary()
    return AST.Expression(.binary(.power, base, exponent, operatorSpan: span(token)), span(from: start))
  }

  // MARK: Postfix

  private mutating func postfix() -> AST.Expression {
    let start = current.start
    var result = primary()
    var count = 0
    while !atLineStart {
      count += 1
      if count > Self.maximumDepth {
        report(.error("too many brackets and members in a row", at: span(current)))
        return result
      }
      switch kind {
      case .leftParen:
        let opened = current
        mark(.isTight)
        if startsBinding(after: 1), case .name(let word) = result.kind, AST.binderWords.contains(word) {
          result = binder(word: AST.Name(word, result.span), opened: opened, start: start)
          continue
        }
        advance()
        let arguments = withLines(ignored: true) { $0.arguments(until: .rightParen) }
        close(.rightParen, ")", opened: opened)
        result = AST.Expression(.call(result, arguments), span(from: start))
      case .leftBracket:
        let opened = current
        mark(.isTight)
        advance()
        let arguments = withLines(ignored: true) { $0.arguments(until: .rightBracket) }
        close(.rightBracket, "]", opened: opened)
        result = AST.Expression(.index(result, arguments), span(from: start))
      case .dot:
        advance()
        if result.isNumber, kind == .integer || kind == .real {
          advance()
          report(.error("`\(file.text(in: span(from: start)))` is not a number", at: span(from: start)))
          return result
        } else if kind == .identifier || kind == .primed || TokenKind.reserved.values.contains(kind) {
          let member = AST.Name(text(current), span(current))
          advance()
          result = AST.Expression(.member(result, member), span(from: start))
        } else {
          expected("a name after `.`")
          return result
        }
      default: return result
      }
    }
    return result
  }

  /// Whether `name in` follows the bracket at an offset.
  private func startsBinding(after offset: Int) -> Bool { peek(offset).kind == .identifier && peek(offset + 1).kind == .inWord }

  private mutating func arguments(until end: TokenKind) -> [AST.Argument] {
    var result: [AST.Argument] = []
    let outer = stopsAtBar
    stopsAtBar = false
    defer { stopsAtBar = outer }
    while kind != end, kind != .endOfFile {
      var label: AST.Name?
      // A label may be any word, also one of the language's own: `of:`, `in:`.
      if peek().kind == .colon, kind == .identifier || TokenKind.reserved.values.contains(kind) {
        label = AST.Name(text(current), span(current))
        advance()
        advance()
      }
      let value = expression()
      result.append(AST.Argument(label: label, value: value))
      if isRecovering { break }
      if kind == .equal, label == nil, case .name(let word) = value.kind {
        report(
          .error(
            "arguments are labelled with `:`", at: span(current), label: "did you mean `\(word): ...`?",
            fixIts: [.init(span(current), replacement: ":")]))
        break
      }
      guard accept(.comma) else { break }
    }
    return result
  }

  private mutating func bindings() -> [AST.Binding] {
    var result: [AST.Binding] = []
    repeat {
      guard let variable = name("a bound variable") else { break }
      if !accept(.inWord) {
        expected("`in`")
        break
      }
      result.append(AST.Binding(name: variable, set: expression()))
      if kind == .comma, !startsBinding(after: 1) {
        report(
          .error(
            "a set and what is taken over it are parted by `:`", at: span(current), label: "write `:`",
            fixIts: [.init(span(current), replacement: ":")]))
      }
    } while !isRecovering && accept(.comma)
    return result
  }

  /// `(i in s, j in r where c: body)` after one of the binder words, or the same in square brackets.
  private mutating func binderBody() -> (bindings: [AST.Binding], filter: AST.Expression?, body: AST.Expression) {
    withLines(ignored: true) { parser in
      let outer = parser.stopsAtBar
      parser.stopsAtBar = false
      defer { parser.stopsAtBar = outer }
      let bindings = parser.bindings()
      let filter = parser.accept(.whereWord) ? parser.expression() : nil
      if !parser.accept(.colon) { parser.expected("`:` before what is taken over the set") }
      return (bindings, filter, parser.isRecovering ? parser.errorExpression() : parser.expression())
    }
  }

  private mutating func binder(word: AST.Name, opened: Token, start: Int32) -> AST.Expression {
    advance()
    let (bindings, filter, body) = binderBody()
    close(.rightParen, ")", opened: opened)
    return AST.Expression(.binder(word, bindings, filter: filter, body: body), span(from: start))
  }

  // MARK: Primary

  private mutating func primary() -> AST.Expression {
    let token = current
    let start = token.start
    let nextItemBegins = ignoresLines && current.startsLine && startsItem && peek().kind == .identifier && !peek().startsLine
    if nextItemBegins || atLineStart && index > 0 && !startsOperand {
      withLines(ignored: false) { $0.expected("an expression") }
      return errorExpression()
    }
    switch token.kind {
    case .integer:
      advance()
      if let value = shortInteger(token) { return AST.Expression(.integer(value), span(token)) }
      let digits = digits(token)
      if let value = Int(digits), value.magnitude < 1 << 53 { return AST.Expression(.integer(value), span(token)) }
      return AST.Expression(.real(Double(digits) ?? .infinity), span(token))
    case .real:
      advance()
      let value = Double(digits(token)) ?? .nan
      if !value.isFinite { report(.error("the number `\(text(token))` is too large", at: span(token))) }
      return AST.Expression(.real(value), span(token))
    case .trueWord, .falseWord:
      advance()
      return AST.Expression(.boolean(token.kind == .trueWord), span(token))
    case .string: return string(token)
    case .identifier:
      advance()
      let word = text(token)
      if word == "Distribution", isWord("of"), !atLineStart {
        advance()
        return AST.Expression(.distributionType(postfix()), span(from: start))
      }
      return AST.Expression(.name(word), span(token))
    case .primed:
      advance()
      return AST.Expression(.primed(String(text(token).dropLast())), span(token))
    case .leftParen: return parenthesis(token)
    case .leftBracket: return bracket(token)
    case .leftBrace: return brace(token)
    case .ifWord: return conditional(token)
    case .matchWord: return match(token)
    case .notWord:
      // `not` binds less tightly than what stands around it here; accept it as an operand anyway.
      advance()
      return AST.Expression(.unary(.not, unary()), span(from: start))
    case .bang:
      reportForeignOperator()
      advance()
      return errorExpression()
    case .star where isPower(index):
      let power = SourceSpan(file: file.id, start: tokens[index - 1].start, end: token.end)
      report(
        .error(
          "`**` is not an operator of the language", at: power, label: "write `^`", fixIts: [.init(power, replacement: "^")]))
      return errorExpression()
    case .unterminatedString:
      report(.error("the string does not end on its line", at: span(token), label: "expected a closing `\"`"))
      advance()
      return errorExpression()
    case .invalid:
      let shown = text(token).prefix(20)
      if let first = shown.utf8.first, first &- 48 < 10 {
        report(.error("`\(shown)` is not a number", at: span(token), notes: [Self.numberHint(shown)]))
      } else {
        let label =
          switch shown {
          case "#": "a comment begins with `//`"
          case "'": "text stands in double quotes"
          default: ""
          }
        report(.error("unexpected character `\(shown)`", at: span(token), label: label))
      }
      advance()
      return errorExpression()
    default:
      expected("an expression")
      return errorExpression()
    }
  }

  /// The value of a number of at most 15 digits.
  private func shortInteger(_ token: Token) -> Int? {
    guard token.end - token.start <= 15 else { return nil }
    var value = 0
    for index in Int(token.start)..<Int(token.end) where file.bytes[index] != UInt8(ascii: "_") {
      value = value * 10 + Int(file.bytes[index] &- 48)
    }
    return value
  }

  /// The text of a number without the marks between its digits.
  private func digits(_ token: Token) -> String {
    let text = text(token)
    return text.utf8.contains(UInt8(ascii: "_")) ? text.filter { $0 != "_" } : text
  }

  /// Whether the star at an index follows another one at once.
  private func isPower(_ index: Int) -> Bool {
    index > 0 && tokens[index - 1].kind == .star && tokens[index - 1].end == tokens[index].start
  }

  private static func numberHint(_ text: Substring) -> String {
    if text.hasPrefix("0x") || text.hasPrefix("0b") { return "numbers are decimal" }
    if text.hasSuffix("e") || text.hasSuffix("E") { return "an exponent has digits, as in `1e6`" }
    return "names begin with a letter; a product is written with `*`"
  }

  /// Whether the current token can begin an operand.
  private var startsOperand: Bool {
    switch kind {
    case .identifier, .primed, .integer, .real, .string, .unterminatedString, .invalid, .ifWord, .matchWord, .notWord, .trueWord,
      .falseWord, .leftParen, .leftBracket, .leftBrace, .minus, .plus, .bang:
      true
    default: false
    }
  }

  private mutating func parenthesis(_ opened: Token) -> AST.Expression {
    advance()
    let isRecord =
      (kind == .identifier || TokenKind.reserved.values.contains(kind)) && peek().kind == .colon
    let kind: AST.Expression.Kind = withLines(ignored: true) { parser in
      let outer = parser.stopsAtBar
      parser.stopsAtBar = false
      defer { parser.stopsAtBar = outer }
      guard isRecord else { return .parenthesized(parser.expression()) }
      var fields: [(name: AST.Name, value: AST.Expression)] = []
      while parser.kind == .identifier, parser.peek().kind == .colon {
        let name = AST.Name(parser.text(parser.current), parser.span(parser.current))
        parser.advance()
        parser.advance()
        fields.append((name, parser.expression()))
        if !parser.accept(.comma) { break }
      }
      return .record(fields)
    }
    close(.rightParen, ")", opened: opened)
    return AST.Expression(kind, span(from: opened.start))
  }

  private mutating func bracket(_ opened: Token) -> AST.Expression {
    if startsBinding(after: 1) {
      advance()
      let (bindings, filter, body) = binderBody()
      close(.rightBracket, "]", opened: opened)
      return AST.Expression(.comprehension(bindings, filter: filter, body: body), span(from: opened.start))
    }
    advance()
    let elements = withLines(ignored: true) { $0.list(until: .rightBracket) }
    if isWord("for"), !isRecovering {
      report(
        .error(
          "expected `]`, found `for`", at: span(current), label: "a list over a set begins with it",
          notes: ["as in `[i in 0..9: i ^ 2]`"]))
    }
    close(.rightBracket, "]", opened: opened)
    return AST.Expression(.array(elements), span(from: opened.start))
  }

  private mutating func list(until end: TokenKind) -> [AST.Expression] {
    var result: [AST.Expression] = []
    let outer = stopsAtBar
    stopsAtBar = false
    defer { stopsAtBar = outer }
    while kind != end, kind != .endOfFile {
      result.append(expression())
      if isRecovering || !accept(.comma) { break }
    }
    return result
  }

  /// `{a, b}` or `{a: 0.3, b: 0.7}`.
  private mutating func brace(_ opened: Token) -> AST.Expression {
    advance()
    let kind: AST.Expression.Kind = withLines(ignored: true) { parser in
      let outer = parser.stopsAtBar
      parser.stopsAtBar = false
      defer { parser.stopsAtBar = outer }
      if parser.kind == .rightBrace { return .set([]) }
      let first = parser.expression()
      guard parser.kind == .colon else {
        var elements = [first]
        while parser.accept(.comma), parser.kind != .rightBrace { elements.append(parser.expression()) }
        return .set(elements)
      }
      var outcomes: [(value: AST.Expression, weight: AST.Expression)] = []
      var value = first
      while true {
        if !parser.accept(.colon) {
          parser.expected("`:` and a probability")
          break
        }
        outcomes.append((value, parser.expression()))
        guard parser.accept(.comma), parser.kind != .rightBrace else { break }
        value = parser.expression()
      }
      return .distribution(outcomes)
    }
    close(.rightBrace, "}", opened: opened)
    return AST.Expression(kind, span(from: opened.start))
  }

  private mutating func conditional(_ token: Token) -> AST.Expression {
    advance()
    let condition = expression()
    if kind == .equal {
      report(
        .error(
          "`=` gives a value; equality is `==`", at: span(current), label: "did you mean `==`?",
          fixIts: [.init(span(current), replacement: "==")]))
      return errorExpression()
    }
    guard accept(.thenWord) else {
      expected("`then`")
      return errorExpression()
    }
    let first = expression()
    guard accept(.elseWord) else {
      expected("`else`", notes: ["an `if` is an expression: it needs a value for both cases"])
      return errorExpression()
    }
    let second = expression()
    return AST.Expression(.conditional(condition, then: first, else: second), span(from: token.start))
  }

  private mutating func match(_ token: Token) -> AST.Expression {
    advance()
    let scrutinee = binary(level: Self.sumLevel)
    guard kind == .leftBrace else {
      expected("`{` and the cases of `match`")
      return errorExpression()
    }
    let opened = current
    mark(.opensBlock)
    advance()
    let arms = withLines(ignored: false) { parser in
      var arms: [AST.MatchArm] = []
      let outer = parser.stopsAtBar
      parser.stopsAtBar = false
      defer { parser.stopsAtBar = outer }
      while parser.kind != .rightBrace, parser.kind != .endOfFile {
        parser.mark(.startsMember)
        var patterns = [parser.expression()]
        while !parser.isRecovering, parser.accept(.comma) { patterns.append(parser.expression()) }
        guard parser.accept(.fatArrow) else {
          parser.expected("`=>`")
          break
        }
        arms.append(AST.MatchArm(patterns: patterns, value: parser.expression()))
        if parser.isRecovering { break }
        if parser.accept(.comma) || parser.accept(.semicolon) || parser.current.startsLine { continue }
        break
      }
      return arms
    }
    close(.rightBrace, "}", opened: opened)
    return AST.Expression(.match(scrutinee, arms), span(from: token.start))
  }

  /// The parts of a string literal: escapes resolved, interpolations parsed.
  private mutating func string(_ token: Token) -> AST.Expression {
    advance()
    var parts: [AST.StringPart] = []
    var buffer: [UInt8] = []
    var position = Int(token.start) + 1
    let end = Int(token.end) - 1
    func flush(_ parts: inout [AST.StringPart], _ buffer: inout [UInt8]) {
      if !buffer.isEmpty { parts.append(.text(String(decoding: buffer, as: UTF8.self))) }
      buffer = []
    }
    while position < end {
      let byte = file.bytes[position]
      guard byte == UInt8(ascii: "\\"), position + 1 < end else {
        buffer.append(byte)
        position += 1
        continue
      }
      let escaped = file.bytes[position + 1]
      position += 2
      switch escaped {
      case UInt8(ascii: "n"): buffer.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "t"): buffer.append(UInt8(ascii: "\t"))
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): buffer.append(escaped)
      case UInt8(ascii: "("):
        flush(&parts, &buffer)
        var nesting = 1
        let inner = position
        while position < end, nesting > 0 {
          if file.bytes[position] == UInt8(ascii: "(") { nesting += 1 }
          if file.bytes[position] == UInt8(ascii: ")") { nesting -= 1 }
          position += 1
        }
        var parser = Parser(file: file, tokens: Lexer.tokens(of: file.bytes, in: inner..<max(inner, position - 1)))
        parser.depth = depth
        parser.ignoresLines = true
        let value = parser.expression()
        if parser.kind != .endOfFile { parser.expected("`)`") }
        if !isRecovering { diagnostics.append(contentsOf: parser.diagnostics) }
        parts.append(.interpolation(value))
      default:
        report(
          .error(
            "unknown escape in a string",
            at: SourceSpan(file: file.id, start: Int32(position - 2), end: Int32(position)),
            notes: ["the escapes are `\\n`, `\\t`, `\\\"`, `\\\\` and `\\(expression)`"]))
      }
    }
    flush(&parts, &buffer)
    return AST.Expression(.string(parts), span(token))
  }
}

extension AST.Expression {
  fileprivate var isNumber: Bool {
    switch kind {
    case .integer, .real: true
    default: false
    }
  }
}
