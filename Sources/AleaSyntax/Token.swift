/// One token: what it is and where, and whether a new line begins before it. Trivia is what lies between tokens.
struct Token: Sendable {
  var kind: TokenKind
  var startsLine: Bool
  var start: Int32
  var end: Int32
}

enum TokenKind: UInt8, Sendable {
  case identifier, primed, integer, real, string, unterminatedString, invalid, endOfFile
  // Words that are never names.
  case ifWord, thenWord, elseWord, matchWord, andWord, orWord, notWord, inWord, divWord, modWord, trueWord, falseWord, whereWord
  // Punctuation.
  case leftParen, rightParen, leftBracket, rightBracket, leftBrace, rightBrace
  case comma, semicolon, colon, dot, range, bar, tilde, arrow, biArrow, fatArrow
  case plus, minus, star, slash, caret, equal, equalEqual, notEqual, less, lessEqual, greater, greaterEqual
  case plusEqual, minusEqual, starEqual, slashEqual
  // What people bring from other languages.
  case ampersandAmpersand, barBar, bang, percent

  /// The words that are never names, with their tokens.
  static let reserved: [String: TokenKind] = [
    "if": .ifWord, "then": .thenWord, "else": .elseWord, "match": .matchWord, "and": .andWord, "or": .orWord, "not": .notWord,
    "in": .inWord, "div": .divWord, "mod": .modWord, "true": .trueWord, "false": .falseWord, "where": .whereWord,
  ]
}

/// Splits a text into tokens. Any bytes are accepted: what is no token becomes an ``TokenKind/invalid`` one.
struct Lexer {
  /// - Parameter range: the part of the text to read; interpolations are read with a lexer of their own.
  static func tokens(of bytes: [UInt8], in range: Range<Int>? = nil) -> [Token] {
    let range = range ?? 0..<bytes.count
    var result: [Token] = []
    result.reserveCapacity(range.count / 4 + 2)
    bytes.withUnsafeBufferPointer { buffer in
      var lexer = Lexer(bytes: buffer, position: range.lowerBound, end: range.upperBound)
      while true {
        let token = lexer.next()
        result.append(token)
        if token.kind == .endOfFile { break }
      }
    }
    return result
  }

  let bytes: UnsafeBufferPointer<UInt8>
  var position: Int
  let end: Int

  @inline(__always) private func byte(_ offset: Int = 0) -> UInt8 {
    position + offset < end ? bytes[position + offset] : 0
  }

  private mutating func next() -> Token {
    let startsLine = skipTrivia()
    let start = position
    guard position < end else { return make(.endOfFile, start, startsLine) }
    let first = bytes[position]
    switch first {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0xC3...0xF4:
      while position < end, Self.continuesName(bytes[position]) { position += 1 }
      if byte() == UInt8(ascii: "'") {
        position += 1
        return make(.primed, start, startsLine)
      }
      return make(word(start), start, startsLine)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return number(start, startsLine)
    case UInt8(ascii: "\""): return string(start, startsLine)
    default: return punctuation(first, start, startsLine)
    }
  }

  private func make(_ kind: TokenKind, _ start: Int, _ startsLine: Bool) -> Token {
    Token(kind: kind, startsLine: startsLine, start: Int32(start), end: Int32(position))
  }

  @inline(__always) private static func continuesName(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || byte == 95 || byte >= 0x80
  }

  /// Skips white space and comments; true when a new line begins.
  private mutating func skipTrivia() -> Bool {
    var startsLine = position == 0
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: "\n"):
        startsLine = true
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
        while position < end, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      case 0xEF where position == 0 && byte(1) == 0xBB && byte(2) == 0xBF: position += 3
      default: return startsLine
      }
    }
    return startsLine
  }

  private func word(_ start: Int) -> TokenKind {
    let count = position - start
    guard count <= 5 else { return .identifier }
    func at(_ index: Int) -> UInt8 { bytes[start + index] }
    func matches(_ text: StaticString) -> Bool {
      text.withUTF8Buffer { buffer in
        guard buffer.count == count else { return false }
        for index in 0..<count where buffer[index] != at(index) { return false }
        return true
      }
    }
    switch at(0) {
    case UInt8(ascii: "i"): return matches("if") ? .ifWord : matches("in") ? .inWord : .identifier
    case UInt8(ascii: "t"): return matches("then") ? .thenWord : matches("true") ? .trueWord : .identifier
    case UInt8(ascii: "e"): return matches("else") ? .elseWord : .identifier
    case UInt8(ascii: "m"): return matches("match") ? .matchWord : matches("mod") ? .modWord : .identifier
    case UInt8(ascii: "a"): return matches("and") ? .andWord : .identifier
    case UInt8(ascii: "o"): return matches("or") ? .orWord : .identifier
    case UInt8(ascii: "n"): return matches("not") ? .notWord : .identifier
    case UInt8(ascii: "d"): return matches("div") ? .divWord : .identifier
    case UInt8(ascii: "f"): return matches("false") ? .falseWord : .identifier
    case UInt8(ascii: "w"): return matches("where") ? .whereWord : .identifier
    default: return .identifier
    }
  }

  private mutating func number(_ start: Int, _ startsLine: Bool) -> Token {
    func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 || byte == UInt8(ascii: "_") }
    while isDigit(byte()) { position += 1 }
    var kind = TokenKind.integer
    if byte() == UInt8(ascii: "."), byte(1) &- 48 < 10 {
      kind = .real
      position += 1
      while isDigit(byte()) { position += 1 }
    }
    if byte() | 0x20 == UInt8(ascii: "e") {
      let sign = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-") ? 1 : 0
      if byte(1 + sign) &- 48 < 10 {
        kind = .real
        position += 1 + sign
        while isDigit(byte()) { position += 1 }
      }
    }
    if position < end, Self.continuesName(bytes[position]) {
      while position < end, Self.continuesName(bytes[position]) { position += 1 }
      kind = .invalid
    }
    return make(kind, start, startsLine)
  }

  /// A string with its interpolations as one token; the parser reads the inside.
  private mutating func string(_ start: Int, _ startsLine: Bool) -> Token {
    position += 1
    var depth = 0
    while position < end, bytes[position] != UInt8(ascii: "\n") {
      let current = bytes[position]
      if depth == 0 {
        if current == UInt8(ascii: "\"") {
          position += 1
          return make(.string, start, startsLine)
        }
        if current == UInt8(ascii: "\\") {
          if byte(1) == UInt8(ascii: "(") { depth = 1 }
          position += position + 1 < end && byte(1) != UInt8(ascii: "\n") ? 2 : 1
          continue
        }
      } else if current == UInt8(ascii: "(") {
        depth += 1
      } else if current == UInt8(ascii: ")") {
        depth -= 1
      }
      position += 1
    }
    return make(.unterminatedString, start, startsLine)
  }

  private mutating func punctuation(_ first: UInt8, _ start: Int, _ startsLine: Bool) -> Token {
    func take(_ count: Int, _ kind: TokenKind) -> Token {
      position += count
      return make(kind, start, startsLine)
    }
    let second = byte(1)
    switch first {
    case UInt8(ascii: "("): return take(1, .leftParen)
    case UInt8(ascii: ")"): return take(1, .rightParen)
    case UInt8(ascii: "["): return take(1, .leftBracket)
    case UInt8(ascii: "]"): return take(1, .rightBracket)
    case UInt8(ascii: "{"): return take(1, .leftBrace)
    case UInt8(ascii: "}"): return take(1, .rightBrace)
    case UInt8(ascii: ","): return take(1, .comma)
    case UInt8(ascii: ";"): return take(1, .semicolon)
    case UInt8(ascii: ":"): return take(1, .colon)
    case UInt8(ascii: "."): return second == UInt8(ascii: ".") ? take(2, .range) : take(1, .dot)
    case UInt8(ascii: "|"): return second == UInt8(ascii: "|") ? take(2, .barBar) : take(1, .bar)
    case UInt8(ascii: "~"): return take(1, .tilde)
    case UInt8(ascii: "^"): return take(1, .caret)
    case UInt8(ascii: "%"): return take(1, .percent)
    case UInt8(ascii: "+"): return second == UInt8(ascii: "=") ? take(2, .plusEqual) : take(1, .plus)
    case UInt8(ascii: "*"): return second == UInt8(ascii: "=") ? take(2, .starEqual) : take(1, .star)
    case UInt8(ascii: "/"): return second == UInt8(ascii: "=") ? take(2, .slashEqual) : take(1, .slash)
    case UInt8(ascii: "-"):
      return second == UInt8(ascii: ">") ? take(2, .arrow) : second == UInt8(ascii: "=") ? take(2, .minusEqual) : take(1, .minus)
    case UInt8(ascii: "="):
      return second == UInt8(ascii: "=")
        ? take(2, .equalEqual) : second == UInt8(ascii: ">") ? take(2, .fatArrow) : take(1, .equal)
    case UInt8(ascii: "!"): return second == UInt8(ascii: "=") ? take(2, .notEqual) : take(1, .bang)
    case UInt8(ascii: "<"):
      if second == UInt8(ascii: "-"), byte(2) == UInt8(ascii: ">") { return take(3, .biArrow) }
      return second == UInt8(ascii: "=") ? take(2, .lessEqual) : take(1, .less)
    case UInt8(ascii: ">"): return second == UInt8(ascii: "=") ? take(2, .greaterEqual) : take(1, .greater)
    case UInt8(ascii: "&") where second == UInt8(ascii: "&"): return take(2, .ampersandAmpersand)
    default:
      position += 1
      while position < end, bytes[position] & 0xC0 == 0x80 { position += 1 }
      return make(.invalid, start, startsLine)
    }
  }
}
