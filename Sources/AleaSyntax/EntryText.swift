/// What can be said of a text while it is being typed: whether it goes on, which names it mentions, where a cursor in it stands.
public enum EntryText {
  /// Whether a text ends in the middle of a form: an open bracket, an operator at the end, a `let` without its value.
  ///
  /// An empty last line ends whatever is not inside brackets.
  /// - Complexity: linear in the length of the text.
  public static func isUnfinished(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let tokens = Lexer.tokens(of: bytes)
    if tokens.contains(where: { $0.kind == .unterminatedString }) { return false }
    let depth = openBrackets(tokens).count
    if depth > 0 { return true }
    let lastLine = text.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    let isBlank = lastLine.allSatisfy { $0 == " " || $0 == "\t" }
    guard tokens.count > 1 else { return !isBlank && lastLine.contains("///") }
    if isBlank { return false }
    let file = SourceFile(id: FileID(index: 0), name: "", bytes: bytes)
    return Parser.parseProgram(file).diagnostics.first?.message.hasSuffix("found the end of the file") == true
  }

  /// The names that a text mentions.
  public static func names(in text: String) -> Set<String> {
    let bytes = Array(text.utf8)
    var names = Set<String>()
    for token in Lexer.tokens(of: bytes) {
      switch token.kind {
      case .identifier: names.insert(String(decoding: bytes[Int(token.start)..<Int(token.end)], as: UTF8.self))
      case .string:
        // Interpolations mention names too; other words of the text do no harm.
        let words = bytes[Int(token.start)..<Int(token.end)].split { !(($0 | 0x20) &- 97 < 26 || $0 &- 48 < 10 || $0 == 95) }
        names.formUnion(words.map { String(decoding: $0, as: UTF8.self) })
      default: break
      }
    }
    return names
  }

  /// Where a cursor stands.
  public struct Cursor: Sendable {
    public enum Place: Sendable {
      /// A name, inside the arguments of `callee` when there is one.
      case name(callee: String?)
      /// After the dot that follows these names.
      case member(of: [String])
      /// Inside a string.
      case string
    }
    public var place: Place
    /// The offset at which the word at the cursor begins.
    public var start: Int
    /// The part of the word before the cursor.
    public var prefix: String
  }

  /// What stands before an offset of a text (in UTF-8 bytes).
  public static func cursor(in text: String, at offset: Int) -> Cursor {
    let bytes = Array(text.utf8.prefix(max(0, offset)))
    var tokens = Lexer.tokens(of: bytes)
    tokens.removeLast()
    func spelling(_ token: Token) -> String { String(decoding: bytes[Int(token.start)..<Int(token.end)], as: UTF8.self) }
    if let last = tokens.last, last.kind == .unterminatedString {
      let start = Int(last.start) + 1
      return Cursor(place: .string, start: start, prefix: String(decoding: bytes[min(start, bytes.count)...], as: UTF8.self))
    }
    var start = bytes.count
    if let last = tokens.last, Int(last.end) == bytes.count, last.kind == .identifier || TokenKind.reserved[spelling(last)] != nil
    {
      start = Int(last.start)
      tokens.removeLast()
    }
    let prefix = String(decoding: bytes[start...], as: UTF8.self)
    if tokens.last?.kind == .dot {
      var path: [String] = []
      var index = tokens.count - 1
      while index > 0, tokens[index].kind == .dot, tokens[index - 1].kind == .identifier {
        path.insert(spelling(tokens[index - 1]), at: 0)
        index -= 2
      }
      return Cursor(place: .member(of: path), start: start, prefix: prefix)
    }
    var callee: String?
    if let open = openBrackets(tokens).last, tokens[open].kind == .leftParen, open > 0, tokens[open - 1].kind == .identifier {
      callee = spelling(tokens[open - 1])
    }
    return Cursor(place: .name(callee: callee), start: start, prefix: prefix)
  }

  /// The words that begin items and members or stand in expressions.
  public static let keywords: [String] = (Array(TokenKind.reserved.keys) + Array(Parser.itemWords)).sorted()

  /// The places of the brackets that are not closed, outermost first.
  private static func openBrackets(_ tokens: [Token]) -> [Int] {
    var open: [Int] = []
    for (index, token) in tokens.enumerated() {
      switch token.kind {
      case .leftParen, .leftBracket, .leftBrace: open.append(index)
      case .rightParen, .rightBracket, .rightBrace: _ = open.popLast()
      default: break
      }
    }
    return open
  }
}
