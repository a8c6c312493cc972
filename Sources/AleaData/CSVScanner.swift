/// One cell where it stands in the file.
struct CSVCell {
  /// The bytes between separators, or between the quotes.
  var start: UnsafePointer<UInt8>
  var end: UnsafePointer<UInt8>
  var isQuoted: Bool
  /// Whether doubled quotes stand for single ones.
  var hasDoubledQuotes: Bool
  var endsRow: Bool
  var line: Int

  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: end - start) }
  var rawBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }
}

/// Walks over the cells of a CSV text.
struct CSVScanner {
  let start: UnsafePointer<UInt8>
  var end: UnsafePointer<UInt8>
  var cursor: UnsafePointer<UInt8>
  let separator: UInt8
  let file: String
  /// The line the cursor is on, from 1.
  var line = 1

  init(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, separator: UInt8, file: String) {
    self.start = start
    self.end = end
    cursor = start
    self.separator = separator
    self.file = file
  }

  mutating func skipByteOrderMark() {
    if end - cursor >= 3, cursor[0] == 0xEF, cursor[1] == 0xBB, cursor[2] == 0xBF { cursor += 3 }
  }

  /// Lines at the end without a single byte are not rows. The last of several line ends closes the last row.
  mutating func dropEmptyLinesAtEnd() {
    func endsLine(_ address: UnsafePointer<UInt8>) -> Bool { address.pointee == 10 || address.pointee == 13 }
    while end > cursor, endsLine(end - 1) { end -= 1 }
  }

  var isAtEnd: Bool { cursor >= end }

  /// Passes over the byte after a cell.
  ///
  /// - Returns: whether it ended the row.
  @inline(__always)
  mutating func passDelimiter() -> Bool {
    guard cursor < end else { return true }
    let byte = cursor.pointee
    cursor += 1
    if byte == separator { return false }
    if byte == 13, cursor < end, cursor.pointee == 10 { cursor += 1 }
    line += 1
    return true
  }

  @inline(__always)
  func isDelimiter(_ byte: UInt8) -> Bool { byte == separator || byte == 10 || byte == 13 }

  /// The next cell; the cursor moves behind its delimiter.
  mutating func cell(column: Int) throws(DataFileError) -> CSVCell {
    if cursor < end, cursor.pointee == UInt8(ascii: "\"") { return try quotedCell(column: column) }
    let first = cursor
    let line = self.line
    while cursor < end, !isDelimiter(cursor.pointee) {
      if cursor.pointee == UInt8(ascii: "\"") {
        throw DataFileError(
          file: file, line: line, column: column + 1, cell: CellText.shown(lineRest(from: first)),
          "a quote stands inside a cell that does not start with one",
          notes: ["RFC 4180: put the whole cell in quotes and write each quote in it twice"])
      }
      cursor += 1
    }
    let last = cursor
    return CSVCell(
      start: first, end: last, isQuoted: false, hasDoubledQuotes: false, endsRow: passDelimiter(), line: line)
  }

  private mutating func quotedCell(column: Int) throws(DataFileError) -> CSVCell {
    let line = self.line
    let first = cursor + 1
    var hasDoubledQuotes = false
    cursor = first
    while true {
      guard cursor < end else {
        throw DataFileError(
          file: file, line: line, column: column + 1, cell: CellText.shown(lineRest(from: first - 1)),
          "the quote that opens this cell is never closed",
          notes: ["RFC 4180: a cell in quotes ends with one, and a quote within it is written twice"])
      }
      let byte = cursor.pointee
      if byte == UInt8(ascii: "\"") {
        guard cursor + 1 < end, cursor[1] == UInt8(ascii: "\"") else { break }
        hasDoubledQuotes = true
        cursor += 1
      } else if byte == 10 || byte == 13 && !(cursor + 1 < end && cursor[1] == 10) {
        self.line += 1
      }
      cursor += 1
    }
    let last = cursor
    cursor += 1
    if cursor < end, !isDelimiter(cursor.pointee) {
      throw DataFileError(
        file: file, line: self.line, column: column + 1, cell: CellText.shown(lineRest(from: first - 1)),
        "text stands after the quote that closes a cell",
        notes: ["RFC 4180: a quote within a quoted cell is written twice"])
    }
    return CSVCell(
      start: first, end: last, isQuoted: true, hasDoubledQuotes: hasDoubledQuotes, endsRow: passDelimiter(), line: line)
  }

  private func lineRest(from first: UnsafePointer<UInt8>) -> UnsafeRawBufferPointer {
    var last = first
    while last < end, last.pointee != 10, last.pointee != 13, last - first < 80 { last += 1 }
    return UnsafeRawBufferPointer(start: first, count: last - first)
  }

  /// The text of a cell, doubled quotes as single ones.
  func unescaped(_ cell: CSVCell) -> [UInt8] {
    guard cell.hasDoubledQuotes else { return Array(cell.bytes) }
    var result: [UInt8] = []
    var cursor = cell.start
    while cursor < cell.end {
      result.append(cursor.pointee)
      cursor += cursor.pointee == UInt8(ascii: "\"") ? 2 : 1
    }
    return result
  }
}
