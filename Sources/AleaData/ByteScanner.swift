/// A cursor over the bytes of a text file, line by line: words and numbers without strings in between.
///
/// Lines are counted only when something is wrong, so that reading stays at the speed of the disk.
public struct ByteScanner {
  /// The file's name in messages.
  public let file: String
  private let start: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>
  private var cursor: UnsafePointer<UInt8>
  private static let nothing: StaticString = ""

  /// A scanner at the first byte; `bytes` must outlive it.
  public init(_ bytes: UnsafeRawBufferPointer, file: String) {
    self.file = file
    start = bytes.bindMemory(to: UInt8.self).baseAddress ?? Self.nothing.utf8Start
    end = start + bytes.count
    cursor = start
  }

  public var isAtEnd: Bool { cursor >= end }

  /// The next byte; nil at the end.
  public var peek: UInt8? { cursor < end ? cursor.pointee : nil }

  /// Where the scanner stands, for messages about what was read earlier.
  public var position: Int { cursor - start }

  public mutating func skipBlanks() {
    while cursor < end, cursor.pointee == 32 || cursor.pointee == 9 || cursor.pointee == 13 { cursor += 1 }
  }

  /// Whether nothing but blanks is left of the line.
  public mutating func isAtLineEnd() -> Bool {
    skipBlanks()
    return cursor >= end || cursor.pointee == 10
  }

  /// Goes to the first byte of the next line.
  public mutating func nextLine() {
    while cursor < end, cursor.pointee != 10 { cursor += 1 }
    if cursor < end { cursor += 1 }
  }

  /// Goes to the next line that has something on it and does not start with `comment`; false at the end of the file.
  public mutating func nextFilledLine(comment: StaticString = "#") -> Bool {
    while true {
      skipBlanks()
      guard cursor < end else { return false }
      if cursor.pointee == 10 {
        cursor += 1
      } else if hasPrefix(comment) {
        nextLine()
      } else {
        return true
      }
    }
  }

  /// The line must end here.
  public mutating func endLine(after what: String) throws(DataFileError) {
    guard isAtLineEnd() else { throw fault("nothing more is expected on this line after \(what)") }
    nextLine()
  }

  /// Whether these bytes come next.
  public func hasPrefix(_ text: StaticString) -> Bool {
    guard end - cursor >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount where cursor[index] != text.utf8Start[index] { return false }
    return true
  }

  /// Takes these bytes when they come next, after blanks.
  public mutating func take(_ text: StaticString) -> Bool {
    skipBlanks()
    guard hasPrefix(text) else { return false }
    cursor += text.utf8CodeUnitCount
    return true
  }

  /// A whole number from 0 to 2^31 - 1.
  public mutating func natural(_ what: String) throws(DataFileError) -> Int {
    skipBlanks()
    let first = cursor
    var value = 0
    while cursor < end, case let digit = cursor.pointee &- 48, digit < 10, value < 1 << 40 {
      value = value &* 10 &+ Int(digit)
      cursor += 1
    }
    guard cursor > first, cursor == end || !Self.continuesWord(cursor.pointee) else {
      cursor = first
      throw fault("\(what) is expected here, a whole number")
    }
    guard value < 1 << 31 else {
      cursor = first
      throw fault("\(what) is too large")
    }
    return value
  }

  /// A whole number with a sign.
  public mutating func integer(_ what: String) throws(DataFileError) -> Int {
    skipBlanks()
    let isNegative = take("-")
    let value = try natural(what)
    return isNegative ? -value : value
  }

  /// A finite number, or the quotient of two: `0.25`, `1e-3`, `1/3`.
  public mutating func number(_ what: String) throws(DataFileError) -> Double {
    skipBlanks()
    let first = cursor
    guard let result = DecimalParser.parse(cursor, end), result.value.isFinite else {
      throw fault("\(what) is expected here, a number")
    }
    cursor = result.end
    var value = result.value
    if cursor < end, cursor.pointee == UInt8(ascii: "/") {
      guard let divisor = DecimalParser.parse(cursor + 1, end), divisor.value != 0, divisor.value.isFinite else {
        cursor = first
        throw fault("\(what) is expected here, a number")
      }
      value /= divisor.value
      cursor = divisor.end
    }
    guard cursor == end || !Self.continuesWord(cursor.pointee) else {
      cursor = first
      throw fault("\(what) is expected here, a number")
    }
    return value
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 10 || byte == 9 || byte == 13 }

  private static func continuesWord(_ byte: UInt8) -> Bool {
    (byte >= 48 && byte < 58) || (byte | 32 >= 97 && byte | 32 <= 122) || byte == 95 || byte == 46
  }

  /// The bytes up to the next blank or the end of the line; empty where nothing is left.
  public mutating func word() -> String {
    skipBlanks()
    let first = cursor
    while cursor < end, !Self.isBlank(cursor.pointee) { cursor += 1 }
    return String(decoding: UnsafeBufferPointer(start: first, count: cursor - first), as: UTF8.self)
  }

  /// The bytes up to one of `stops`, a blank or the end of the line.
  public mutating func word(until stops: [UInt8]) -> String {
    skipBlanks()
    let first = cursor
    while cursor < end, !Self.isBlank(cursor.pointee), !stops.contains(cursor.pointee) { cursor += 1 }
    return String(decoding: UnsafeBufferPointer(start: first, count: cursor - first), as: UTF8.self)
  }

  /// A text in double quotes, without escapes.
  public mutating func quoted(_ what: String) throws(DataFileError) -> String {
    skipBlanks()
    guard cursor < end, cursor.pointee == 34 else { throw fault("\(what) is expected here, in double quotes") }
    let first = cursor
    cursor += 1
    while cursor < end, cursor.pointee != 34, cursor.pointee != 10 { cursor += 1 }
    guard cursor < end, cursor.pointee == 34 else {
      cursor = first
      throw fault("the quotes around \(what) are not closed")
    }
    let text = String(decoding: UnsafeBufferPointer(start: first + 1, count: cursor - first - 1), as: UTF8.self)
    cursor += 1
    return text
  }

  /// What is left of the line, without blanks at its ends.
  public mutating func restOfLine() -> String {
    skipBlanks()
    let first = cursor
    while cursor < end, cursor.pointee != 10 { cursor += 1 }
    var last = cursor
    while last > first, last[-1] <= 32 { last -= 1 }
    return String(decoding: UnsafeBufferPointer(start: first, count: last - first), as: UTF8.self)
  }

  /// A fault at the cursor, or at an earlier position, with the line and column (in bytes, from 1) and the word that stands there.
  public func fault(_ problem: String, at position: Int? = nil, notes: [String] = []) -> DataFileError {
    let place = start + min(position ?? self.position, end - start)
    var line = 1
    var lineStart = start
    var byte = start
    while byte < place {
      if byte.pointee == 10 {
        line += 1
        lineStart = byte + 1
      }
      byte += 1
    }
    var last = place
    while last < end, last.pointee > 32, last - place <= 60 { last += 1 }
    let cell = CellText.shown(UnsafeRawBufferPointer(start: place, count: last - place))
    return DataFileError(
      file: file, line: line, column: place - lineStart + 1, cell: cell.isEmpty ? nil : cell, problem, notes: notes)
  }
}
