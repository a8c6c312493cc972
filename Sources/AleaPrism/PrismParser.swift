import AleaSyntax

/// Reads PRISM models and properties; broken text gives messages and what could be understood.
///
///     let (model, diagnostics) = PrismParser.parseModel(file)
///
/// The grammar is that of the PRISM manual, "The PRISM Language" and "Property Specification". Never fails and never loops:
/// every step consumes a token or ends.
public struct PrismParser {
  var tokens: [PrismToken]
  var position = 0
  var diagnostics: [Diagnostic]
  var depth = 0
  /// In `F<=k (x=1)` the parenthesis is what follows the bound, not the arguments of `k`.
  var isInBound = false
  /// Where the last message was: one place has one message.
  private var lastFault = -1

  /// Expressions may nest so deep.
  static let maximumDepth = 100
  /// An operator may have so many operands, a conditional so many cases.
  static let maximumLength = 2_000

  /// Thrown to give up a part whose fault has been reported.
  struct Abandoned: Error {}

  init(_ file: SourceFile) {
    var lexer = PrismLexer(file)
    tokens = lexer.tokens()
    diagnostics = lexer.diagnostics
  }

  public static func parseModel(_ file: SourceFile) -> (model: PrismModel, diagnostics: [Diagnostic]) {
    var parser = PrismParser(file)
    let model = parser.model()
    return (model, parser.diagnostics)
  }

  public static func parseProperties(_ file: SourceFile) -> (properties: PrismProperties, diagnostics: [Diagnostic]) {
    var parser = PrismParser(file)
    let properties = parser.properties()
    return (properties, parser.diagnostics)
  }

  /// One expression and nothing else: the value of a constant given from outside.
  public static func parseExpression(_ file: SourceFile) -> (expression: PrismExpression?, diagnostics: [Diagnostic]) {
    var parser = PrismParser(file)
    let expression = try? parser.expression()
    if expression != nil, !parser.isAtEnd { parser.expected("the end of the expression") }
    return (parser.diagnostics.isEmpty ? expression : nil, parser.diagnostics)
  }

  // MARK: Tokens

  var current: PrismToken { tokens[position] }
  var previousSpan: SourceSpan { tokens[max(0, position - 1)].span }
  var isAtEnd: Bool { current.kind == .end }

  func token(_ offset: Int) -> PrismToken { tokens[min(position + offset, tokens.count - 1)] }
  func isSymbol(_ text: String, at offset: Int = 0) -> Bool { token(offset).kind == .symbol(text) }
  func isWord(_ text: String, at offset: Int = 0) -> Bool { token(offset).kind == .identifier(text) }

  mutating func advance() { if !isAtEnd { position += 1 } }

  mutating func accept(_ symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func accept(word: String) -> Bool {
    guard isWord(word) else { return false }
    advance()
    return true
  }

  /// Reports what stands here instead of what belongs here.
  mutating func expected(_ what: String, label: String = "", notes: [String] = []) {
    report(.error("expected \(what), found \(current.description)", at: current.span, label: label, notes: notes))
  }

  mutating func report(_ diagnostic: Diagnostic) {
    if lastFault == position { return }
    lastFault = position
    diagnostics.append(diagnostic)
  }

  mutating func require(_ symbol: String, _ purpose: String, notes: [String] = []) throws {
    if accept(symbol) { return }
    expected("`\(symbol)` \(purpose)", notes: notes)
    throw Abandoned()
  }

  mutating func name(_ what: String) throws -> PrismName {
    guard case .identifier(let text) = current.kind else {
      expected(what)
      throw Abandoned()
    }
    if Self.reserved.contains(text) {
      report(.error("`\(text)` is a word of the language and cannot be a name", at: current.span, label: "expected \(what)"))
      throw Abandoned()
    }
    let result = PrismName(text: text, span: current.span)
    advance()
    return result
  }

  /// Words that cannot be names.
  static let reserved: Set<String> = [
    "bool", "clock", "const", "ctmc", "double", "dtmc", "endinit", "endinvariant", "endmodule", "endobservables", "endrewards",
    "endsystem", "false", "formula", "filter", "func", "global", "init", "invariant", "int", "label", "mdp", "module",
    "nondeterministic", "observable", "observables", "of", "pomdp", "popta", "probabilistic", "prob", "pta", "rate", "rewards",
    "stochastic", "system", "true",
  ]

  /// Words that begin a part of a model.
  static let partWords: Set<String> = [
    "dtmc", "ctmc", "mdp", "probabilistic", "nondeterministic", "stochastic", "pta", "pomdp", "popta", "smg", "imdp", "idtmc",
    "const", "prob", "rate", "global", "formula", "label", "module", "rewards", "init", "system", "observables", "observable",
    "player",
  ]

  /// Skips to what may begin the next part: past a `;`, or to a word of `stops`; past where the broken part began in any case.
  mutating func recover(from start: Int, stops: Set<String>) {
    if position == start { advance() }
    while !isAtEnd {
      if accept(";") { return }
      if case .identifier(let word) = current.kind, stops.contains(word) { return }
      advance()
    }
  }
}
