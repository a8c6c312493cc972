import AleaSyntax

/// One word of a PRISM text.
struct PrismToken: Sendable {
  enum Kind: Hashable, Sendable {
    case identifier(String)
    case integer(Int)
    case real(Double)
    case string(String)
    case symbol(String)
    case end
  }

  var kind: Kind
  var span: SourceSpan

  /// The token in words of a message.
  var description: String {
    switch kind {
    case .identifier(let name): "`\(name)`"
    case .integer(let value): "`\(value)`"
    case .real(let value): "`\(value)`"
    case .string(let text): "\"\(text)\""
    case .symbol(let text): "`\(text)`"
    case .end: "the end of the text"
    }
  }
}

/// Splits a PRISM text into tokens; what it does not know it reports and leaves out.
struct PrismLexer {
  private let file: SourceFile
  private let bytes: [UInt8]
  private var position = 0
  private(set) var diagnostics: [Diagnostic] = []

  /// Longer symbols come before their beginnings. `|[`, `]|` and `<-` are read token by token: `x<-1` is a comparison.
  private static let symbols: [[UInt8]] = [
    "<=>", "|||", "->", "..", "<=", ">=", "!=", "=>", "||",
    "+", "-", "*", "/", "(", ")", "[", "]", "{", "}", ":", ";", ",", "=", "<", ">", "&", "|", "!", "?", "'", "^",
  ].map { Array($0.utf8) }

  init(_ file: SourceFile) {
    self.file = file
    bytes = file.bytes
  }

  mutating func tokens() -> [PrismToken] {
    var result: [PrismToken] = []
    while true {
      skipSpace()
      let start = position
      guard position < bytes.count else {
        result.append(PrismToken(kind: .end, span: span(from: bytes.count)))
        return result
      }
      if let kind = next() { result.append(PrismToken(kind: kind, span: span(from: start))) }
    }
  }

  private func span(from start: Int) -> SourceSpan {
    SourceSpan(file: file.id, start: Int32(start), end: Int32(position))
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      let byte = bytes[position]
      if byte == 0x20 || (0x09...0x0D).contains(byte) {
        position += 1
      } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "/") {
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      } else if position == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
        position = 3
      } else {
        return
      }
    }
  }

  private func peek(_ offset: Int) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
  }

  private static func isDigit(_ byte: UInt8?) -> Bool {
    byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
  }

  private mutating func next() -> PrismToken.Kind? {
    let byte = bytes[position]
    if Self.isLetter(byte) {
      let start = position
      while position < bytes.count, Self.isLetter(bytes[position]) || Self.isDigit(bytes[position]) { position += 1 }
      return .identifier(text(start..<position))
    }
    if Self.isDigit(byte) || (byte == UInt8(ascii: ".") && Self.isDigit(peek(1))) { return number() }
    if byte == UInt8(ascii: "\"") { return string() }
    for symbol in Self.symbols where bytes[position...].starts(with: symbol) {
      position += symbol.count
      return .symbol(String(decoding: symbol, as: UTF8.self))
    }
    let start = position
    position += 1
    while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
    diagnostics.append(
      .error("`\(text(start..<position))` has no meaning here", at: span(from: start), label: "not a PRISM symbol"))
    return nil
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private mutating func number() -> PrismToken.Kind {
    let start = position
    var isReal = false
    while Self.isDigit(peek(0)) { position += 1 }
    if peek(0) == UInt8(ascii: "."), Self.isDigit(peek(1)) {
      isReal = true
      position += 1
      while Self.isDigit(peek(0)) { position += 1 }
    }
    if let e = peek(0), e | 0x20 == UInt8(ascii: "e") {
      let sign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
      if Self.isDigit(peek(sign ? 2 : 1)) {
        isReal = true
        position += sign ? 2 : 1
        while Self.isDigit(peek(0)) { position += 1 }
      }
    }
    let text = text(start..<position)
    if !isReal, let value = Int(text), abs(value) <= 1 << 53 { return .integer(value) }
    guard let value = Double(text), value.isFinite, isReal || value < 0x1p53 else {
      diagnostics.append(.error("the number `\(text)` is too large", at: span(from: start)))
      return .integer(0)
    }
    return .real(value)
  }

  private mutating func string() -> PrismToken.Kind? {
    let start = position
    position += 1
    while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\n") { position += 1 }
    let content = text(start + 1..<position)
    guard peek(0) == UInt8(ascii: "\"") else {
      diagnostics.append(.error("this name in quotes does not end", at: span(from: start), label: "the closing `\"` is missing"))
      return .string(content)
    }
    position += 1
    return .string(content)
  }
}
