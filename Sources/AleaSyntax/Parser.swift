/// A resilient recursive-descent parser: any text gives a program (broken parts as error nodes) and diagnostics.
public struct Parser {
  /// Parses a whole file.
  ///
  /// - Returns: the program, and what is wrong with its form; one mistake gives one message.
  /// - Complexity: linear in the length of the text.
  public static func parseProgram(_ file: SourceFile) -> (program: AST.Program, diagnostics: [Diagnostic]) {
    var parser = Parser(file: file, tokens: Lexer.tokens(of: file.bytes))
    let items = parser.parseItems()
    return (AST.Program(file: file.id, items: items), parser.diagnostics)
  }

  /// Parses a text that is one expression: the value of a parameter, an input of a prompt.
  public static func parseExpression(_ file: SourceFile) -> (expression: AST.Expression, diagnostics: [Diagnostic]) {
    var parser = Parser(file: file, tokens: Lexer.tokens(of: file.bytes))
    let expression = parser.expression()
    if parser.kind != .endOfFile { parser.expected("the end of the expression") }
    return (expression, parser.diagnostics)
  }

  let file: SourceFile
  let tokens: [Token]
  var index = 0
  var diagnostics: [Diagnostic] = []
  /// Inside round or square brackets line ends do not count.
  var ignoresLines = false
  var depth = 0
  /// Inside `E[... | ...]` a bar ends the expression instead of joining sets.
  var stopsAtBar = false
  /// After a message, silence until something is understood again.
  var isRecovering = false
  /// What the formatter needs to know about each token; empty when nobody asks.
  var marks: [TokenMarks] = []

  /// Deeper nesting is refused: every later stage walks trees recursively.
  static let maximumDepth = 150
  /// Longer chains of operators are refused for the same reason.
  static let maximumChain = 1_000

  init(file: SourceFile, tokens: [Token]) {
    self.file = file
    self.tokens = tokens
  }

  // MARK: Tokens

  /// Notes what the current token is, for the formatter.
  mutating func mark(_ what: TokenMarks) { if !marks.isEmpty { marks[index].formUnion(what) } }

  var current: Token { tokens[index] }
  var kind: TokenKind { tokens[index].kind }
  func peek(_ offset: Int = 1) -> Token { tokens[min(index + offset, tokens.count - 1)] }

  /// Whether a line end separates the current token from the one before, where line ends count.
  var atLineStart: Bool { !ignoresLines && current.startsLine }

  mutating func advance() { if index < tokens.count - 1 { index += 1 } }

  mutating func accept(_ wanted: TokenKind) -> Bool {
    guard kind == wanted else { return false }
    advance()
    return true
  }

  func text(_ token: Token) -> String { String(decoding: file.bytes[Int(token.start)..<Int(token.end)], as: UTF8.self) }
  func span(_ token: Token) -> SourceSpan { SourceSpan(file: file.id, start: token.start, end: token.end) }
  var previousEnd: Int32 { index > 0 ? tokens[index - 1].end : 0 }
  func span(from start: Int32) -> SourceSpan { SourceSpan(file: file.id, start: start, end: max(start, previousEnd)) }

  func isWord(_ word: String, _ token: Token? = nil) -> Bool {
    let token = token ?? current
    guard token.kind == .identifier, Int(token.end - token.start) == word.utf8.count else { return false }
    return file.bytes[Int(token.start)..<Int(token.end)].elementsEqual(word.utf8)
  }

  /// The current token as people would say it.
  var currentDescription: String {
    switch kind {
    case .endOfFile: "the end of the file"
    default: atLineStart && index > 0 ? "the end of the line" : "`\(text(current).prefix(40))`"
    }
  }

  // MARK: Messages

  /// Says what is wrong, unless an earlier message of this mistake has just been given.
  mutating func report(_ diagnostic: Diagnostic) {
    if isRecovering { return }
    isRecovering = true
    diagnostics.append(diagnostic)
  }

  /// "expected x, found y" at the current token (after the previous one when a line has ended).
  mutating func expected(_ what: String, notes: [String] = []) {
    let place: SourceSpan
    if kind == .endOfFile || atLineStart && index > 0 {
      place = SourceSpan(file: file.id, start: max(0, previousEnd - 1), end: previousEnd)
    } else {
      place = span(current)
    }
    report(.error("expected \(what), found \(currentDescription)", at: place, label: "expected \(what)", notes: notes))
  }

  /// Requires a closing bracket; a missing one is shown with the opening one.
  mutating func close(_ wanted: TokenKind, _ symbol: String, opened: Token) {
    if accept(wanted) { return }
    if isRecovering {
      skip(past: wanted)
      return
    }
    let lineEnded = kind == .endOfFile || current.startsLine
    let place = lineEnded ? SourceSpan(file: file.id, start: max(0, previousEnd - 1), end: previousEnd) : span(current)
    let found = kind != .endOfFile && lineEnded ? "the end of the line" : currentDescription
    report(
      .error(
        "expected `\(symbol)`, found \(found)", at: place, label: "expected `\(symbol)`",
        secondary: [Diagnostic.Label(span(opened), "to match this `\(text(opened))`")]))
  }

  /// Inside a bracket that holds a mistake: goes on after the bracket's end, so that what follows is understood again. Stays where it
  /// is when no end comes before the line's (for a brace, before the next item).
  private mutating func skip(past wanted: TokenKind) {
    var position = index
    var nesting = 0
    while position < tokens.count - 1 {
      let token = tokens[position]
      if token.startsLine && (wanted != .rightBrace || isItemWord(token)) { return }
      switch token.kind {
      case .leftParen, .leftBracket, .leftBrace: nesting += 1
      case .rightParen, .rightBracket, .rightBrace:
        if nesting == 0 {
          if token.kind == wanted { index = position + 1 }
          return
        }
        nesting -= 1
      default: break
      }
      position += 1
    }
  }

  mutating func name(_ what: String) -> AST.Name? {
    guard kind == .identifier else {
      if TokenKind.reserved.values.contains(kind) {
        report(
          .error(
            "`\(text(current))` is a word of the language and cannot name \(what)", at: span(current),
            label: "choose another name"))
      } else {
        expected("the name of \(what)")
      }
      return nil
    }
    defer { advance() }
    return AST.Name(text(current), span(current))
  }

  // MARK: Lines and recovery

  /// Skips to where the next item or member may begin: a line start outside brackets, a `;`, or the `}` that ends the block.
  mutating func recover() {
    if current.startsLine && startsItem { return }
    var nesting = 0
    while kind != .endOfFile {
      switch kind {
      case .leftParen, .leftBracket, .leftBrace: nesting += 1
      case .rightParen, .rightBracket: nesting = max(0, nesting - 1)
      case .rightBrace:
        if nesting == 0 { return }
        nesting -= 1
      case .semicolon where nesting == 0: return
      default: break
      }
      advance()
      // A bracket that was never closed must not swallow the file: a line that looks like a new item ends the search.
      if current.startsLine && (nesting == 0 || startsItem) { return }
    }
  }

  /// Whether the current token begins a top-level item for certain.
  var startsItem: Bool { isItemWord(current) }

  private func isItemWord(_ token: Token) -> Bool {
    guard token.kind == .identifier, column(of: token) == 0 else { return false }
    return Self.itemWords.contains(text(token))
  }

  private func column(of token: Token) -> Int {
    var position = Int(token.start)
    var count = 0
    while position > 0, file.bytes[position - 1] != UInt8(ascii: "\n") {
      position -= 1
      count += 1
      if count > 0 { break }
    }
    return count
  }

  static let itemWords: Set<String> = ["import", "param", "let", "fn", "enum", "mdp", "bandit", "causal", "moments", "policy"]

  /// Ends an item or member: a line end, `;`, a closing brace or the end of the file must follow.
  mutating func endOfLine(after what: String) {
    if isRecovering {
      recover()
    } else if !(current.startsLine || kind == .semicolon || kind == .rightBrace || kind == .endOfFile) {
      switch kind {
      case .equal:
        report(
          .error(
            "`=` gives a value; equality is `==`", at: span(current), label: "did you mean `==`?",
            fixIts: [.init(span(current), replacement: "==")]))
      case .barBar, .ampersandAmpersand, .percent: reportForeignOperator()
      case .ifWord: reportForeignConditional(Self.pythonConditional)
      case .invalid where isCharacter("?"): reportForeignConditional("c ? a : b")
      default: expected("the end of \(what)")
      }
      recover()
    }
    isRecovering = false
    while accept(.semicolon) {}
  }

  mutating func reportForeignOperator() {
    let replacement: String
    switch kind {
    case .barBar: replacement = "or"
    case .ampersandAmpersand: replacement = "and"
    case .bang: replacement = "not"
    default: replacement = "mod"
    }
    report(
      .error(
        "`\(text(current))` is not an operator of the language", at: span(current), label: "write `\(replacement)`",
        fixIts: [.init(span(current), replacement: replacement)]))
  }

  static let pythonConditional = "a if c else b"

  /// `a if c else b`, `c ? a : b`
  mutating func reportForeignConditional(_ form: String) {
    report(.error("`\(form)` is not an expression of the language", at: span(current), label: "write `if c then a else b`"))
  }

  /// Whether the current token is this single character that means nothing in the language.
  func isCharacter(_ character: Unicode.Scalar) -> Bool {
    current.end - current.start == 1 && file.bytes[Int(current.start)] == UInt8(ascii: character)
  }

  /// The `///` lines just above a token.
  func documentation(before token: Token) -> String {
    let start = index > 0 ? Int(tokens[index - 1].end) : 0
    guard hasComment(start..<Int(token.start)) else { return "" }
    let gap = String(decoding: file.bytes[start..<Int(token.start)], as: UTF8.self)
    var lines: [Substring] = []
    for line in gap.split(separator: "\n", omittingEmptySubsequences: false) {
      let trimmed = line.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
      if trimmed.hasPrefix("///") {
        let body = trimmed.dropFirst(3)
        lines.append(body.hasPrefix(" ") ? body.dropFirst() : body)
      } else if !trimmed.isEmpty {
        lines = []
      }
    }
    return lines.joined(separator: "\n")
  }

  private func hasComment(_ range: Range<Int>) -> Bool {
    file.bytes.withUnsafeBufferPointer { bytes in
      range.contains { bytes[$0] == UInt8(ascii: "/") }
    }
  }

  /// Runs `body` where line ends do not count (true) or count (false).
  mutating func withLines<Result>(ignored: Bool, _ body: (inout Parser) -> Result) -> Result {
    let before = ignoresLines
    ignoresLines = ignored
    defer { ignoresLines = before }
    return body(&self)
  }
}
