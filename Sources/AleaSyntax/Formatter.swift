/// What the parser notes about a token that its kind does not say.
struct TokenMarks: OptionSet {
  let rawValue: UInt8
  /// The first token of an item, a member, a statement or a case.
  static let startsMember = TokenMarks(rawValue: 1)
  /// A sign, as opposed to a sum or difference.
  static let isSign = TokenMarks(rawValue: 2)
  /// An opening bracket that belongs to what stands before it: a call, an index, parameters.
  static let isTight = TokenMarks(rawValue: 4)
  /// A brace around members or cases, as opposed to a set.
  static let opensBlock = TokenMarks(rawValue: 8)
}

/// Canonical layout of programs.
///
/// The author's line breaks stay, also single blank lines; spaces and indentation are set anew. A line is indented by two for the
/// bracket it stands in (several brackets opened on one line count once) and by two more where it goes on with what an earlier line
/// began; `then` and `else` at the beginning of a line stand below their `if`. Comments stay where they are; those at the ends of
/// successive lines stand below one another.
///
/// ```swift
/// let text = try Formatter.format(SourceFile(id: FileID(index: 0), name: "a.alea", text: "let  x=1"))  // "let x = 1\n"
/// ```
public enum Formatter {
  /// Lays a program out. Formatting the result again changes nothing.
  ///
  /// - Throws: the diagnostics of a text that is not a program, or not UTF-8: such a text is left alone.
  /// - Complexity: linear in the length of the text.
  public static func format(_ file: SourceFile) throws(DiagnosticError) -> String {
    if let offset = firstBrokenByte(file.bytes) {
      let span = SourceSpan(file: file.id, start: Int32(offset), end: Int32(offset + 1))
      throw DiagnosticError(.error("the text is not UTF-8", at: span, label: "these bytes encode no character"))
    }
    var parser = Parser(file: file, tokens: Lexer.tokens(of: file.bytes))
    parser.marks = Array(repeating: [], count: parser.tokens.count)
    _ = parser.parseItems()
    if !parser.diagnostics.isEmpty { throw DiagnosticError(parser.diagnostics) }
    var layout = Layout(file: file, tokens: parser.tokens, marks: parser.marks)
    layout.run()
    return layout.text()
  }

  /// The offset at which a text stops being UTF-8.
  private static func firstBrokenByte(_ bytes: [UInt8]) -> Int? {
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    return zip(bytes, String(decoding: bytes, as: UTF8.self).utf8).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
  }
}

/// One pass over the tokens and the trivia between them.
private struct Layout {
  let file: SourceFile
  let tokens: [Token]
  let marks: [TokenMarks]

  private struct Line {
    var indent = 0
    var code = ""
    var comment = ""
  }

  /// An open bracket, or the file.
  private struct Frame {
    var isBlock: Bool
    /// The indentation of the line that opened it.
    var base: Int
    /// The indentation of the last line that began with an element or member of it.
    var element: Int?
    /// The columns of the `if`s whose `else` is still to come.
    var conditions: [Int] = []
  }

  private var lines: [Line] = []
  private var line = Line()
  private var frames = [Frame(isBlock: true, base: -2)]
  /// Where the `else` before the current token stands below.
  private var elseColumn: Int?

  init(file: SourceFile, tokens: [Token], marks: [TokenMarks]) {
    self.file = file
    self.tokens = tokens
    self.marks = marks
  }

  mutating func run() {
    for index in tokens.indices {
      let token = tokens[index]
      let startsLine = trivia(before: index)
      if token.kind == .endOfFile { break }
      if startsLine {
        line.indent = indentation(of: index)
      } else if needsSpace(before: index) {
        line.code += " "
      }
      open(index, startsLine: startsLine)
      line.code += file.text(in: SourceSpan(file: file.id, start: token.start, end: token.end))
    }
    endLine()
  }

  // MARK: Lines

  private mutating func endLine() {
    if !line.code.isEmpty || !line.comment.isEmpty { lines.append(line) }
    line = Line()
  }

  /// Lays out the comments and blank lines before a token; true when the token begins a line.
  private mutating func trivia(before index: Int) -> Bool {
    let start = index == 0 ? 0 : Int(tokens[index - 1].end)
    let token = tokens[index]
    let gap = file.bytes[start..<Int(token.start)]
    var newlines = index == 0 ? 1 : 0
    var position = gap.startIndex
    while position < gap.endIndex {
      switch gap[position] {
      case UInt8(ascii: "\n"):
        newlines += 1
        position += 1
      case UInt8(ascii: "/"):
        let end = gap[position...].firstIndex(of: UInt8(ascii: "\n")) ?? gap.endIndex
        if newlines > 0 {
          beginLine(after: newlines, before: index, isComment: true)
          line.indent = commentIndentation(before: index)
        }
        line.comment = comment(gap[position..<end])
        newlines = 0
        position = end
      default: position += 1
      }
    }
    if newlines > 0 { beginLine(after: newlines, before: index, isComment: false) }
    return newlines > 0
  }

  private func comment(_ bytes: ArraySlice<UInt8>) -> String {
    var end = bytes.endIndex
    while end > bytes.startIndex, bytes[end - 1] == 32 || bytes[end - 1] == 9 || bytes[end - 1] == 13 { end -= 1 }
    return String(decoding: bytes[bytes.startIndex..<end], as: UTF8.self)
  }

  /// Ends the current line and keeps one of the blank lines after it, except at the ends of the file and of brackets.
  private mutating func beginLine(after newlines: Int, before index: Int, isComment: Bool) {
    let followsOpening = index > 0 && isOpening(tokens[index - 1].kind) && line.comment.isEmpty
    endLine()
    guard newlines > 1, !lines.isEmpty, !followsOpening else { return }
    if !isComment, tokens[index].kind == .endOfFile || isClosing(tokens[index].kind) { return }
    lines.append(Line())
  }

  private func commentIndentation(before index: Int) -> Int {
    let kind = tokens[index].kind
    if kind == .endOfFile { return 0 }
    return isClosing(kind) ? frames[frames.count - 1].base + 2 : indentation(of: index)
  }

  /// Where a line stands that begins with a token.
  private func indentation(of index: Int) -> Int {
    let kind = tokens[index].kind
    let frame = frames[frames.count - 1]
    if isClosing(kind) { return max(0, frame.base) }
    if kind == .elseWord || kind == .thenWord, let column = frame.conditions.last { return column }
    if startsElement(index) { return frame.base + 2 }
    return frame.element.map { $0 + 2 } ?? max(2, frame.base + 2)
  }

  private func startsElement(_ index: Int) -> Bool {
    if marks[index].contains(.startsMember) { return true }
    if index == 0 { return true }
    let before = tokens[index - 1].kind
    return isOpening(before) || !frames[frames.count - 1].isBlock && before == .comma || tokens[index].kind == .semicolon
  }

  // MARK: Brackets

  private func isOpening(_ kind: TokenKind) -> Bool { kind == .leftParen || kind == .leftBracket || kind == .leftBrace }
  private func isClosing(_ kind: TokenKind) -> Bool { kind == .rightParen || kind == .rightBracket || kind == .rightBrace }

  /// Keeps account of brackets and conditions.
  private mutating func open(_ index: Int, startsLine: Bool) {
    let kind = tokens[index].kind
    var top = frames.count - 1
    if marks[index].contains(.startsMember) { frames[top].conditions = [] }
    if startsLine, !isClosing(kind), startsElement(index) { frames[top].element = line.indent }
    let chained = elseColumn
    elseColumn = nil
    switch kind {
    case .leftParen, .leftBracket, .leftBrace:
      frames.append(Frame(isBlock: marks[index].contains(.opensBlock), base: line.indent))
    case .rightParen, .rightBracket, .rightBrace:
      if frames.count > 1 { frames.removeLast() }
      top = frames.count - 1
    case .ifWord:
      let column = line.indent + line.code.unicodeScalars.count
      frames[top].conditions.append(startsLine ? column : chained ?? column)
    case .elseWord: elseColumn = frames[top].conditions.popLast()
    default: break
    }
  }

  private func needsSpace(before index: Int) -> Bool {
    let (left, right) = (tokens[index - 1].kind, tokens[index].kind)
    switch right {
    case .comma, .semicolon, .colon, .dot, .range, .rightParen, .rightBracket: return false
    case .rightBrace: return frames[frames.count - 1].isBlock && left != .leftBrace
    case .leftParen, .leftBracket: if marks[index].contains(.isTight) { return false }
    default: break
    }
    switch left {
    case .leftParen, .leftBracket, .dot, .range: return false
    case .leftBrace: return marks[index - 1].contains(.opensBlock)
    default: return !marks[index - 1].contains(.isSign)
    }
  }

  // MARK: Text

  /// The lines with their indentation; comments after code stand below one another in successive lines.
  func text() -> String {
    var result = ""
    var index = 0
    while index < lines.count {
      var end = index
      while end < lines.count, !lines[end].code.isEmpty, !lines[end].comment.isEmpty { end += 1 }
      let widths = lines[index..<end].map { $0.indent + $0.code.unicodeScalars.count }
      let column = (widths.max() ?? 0) + 2
      for (offset, width) in widths.enumerated() {
        add(lines[index + offset], gap: column - width, to: &result)
      }
      if end < lines.count { add(lines[end], gap: 0, to: &result) }
      index = end + 1
    }
    return result
  }

  private func add(_ line: Line, gap: Int, to result: inout String) {
    if !line.code.isEmpty || !line.comment.isEmpty {
      result += String(repeating: " ", count: line.indent)
      result += line.code
      if !line.code.isEmpty, !line.comment.isEmpty { result += String(repeating: " ", count: gap) }
      result += line.comment
    }
    result += "\n"
  }
}
