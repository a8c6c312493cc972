import AleaModel

/// Comma-separated values (RFC 4180) as a table of columns.
///
///     let table = try CSVReader().read(path: "card.csv")
///     table["educ"]?.kind        // .integer
///
/// Cells may be quoted, with doubled quotes, separators and line breaks inside; lines end with CRLF, LF or CR; a byte-order mark is
/// passed over, and so are empty lines at the end. What a column is follows from its cells: Booleans (`true`, `false`), integers,
/// real numbers, else text. Spaces around numbers, Booleans, header names and missing cells do not count; in texts they do. A quoted
/// cell is missing only in a column of numbers or Booleans; `""` in a column of texts is the empty text.
///
/// - Complexity: O(bytes), a second pass only where a later cell shows that a column is text.
public struct CSVReader: Sendable {
  /// What stands between the cells of a row.
  public var separator: UInt8 = UInt8(ascii: ",")
  /// Whether the first row holds the names; columns are called c1, c2, ... otherwise.
  public var hasHeader = true
  /// The cells that stand for a missing value; empty cells always do.
  public var missing: [String] = ["NA", "NaN"]
  /// Kinds that are demanded, by column name: a cell that does not fit is then a fault.
  public var kinds: [String: DataColumn.Kind] = [:]

  public init() {}

  /// - Throws: ``DataFileError`` with the line, column and cell for ragged rows, quotes that are not closed or stand inside a cell,
  ///   names that are empty or repeated, bytes that are not UTF-8, and cells that do not have the kind demanded.
  public func read(path: String) throws(DataFileError) -> DataTable {
    let file = try FileBytes(path: path)
    return try read(file.bytes, name: path)
  }

  /// Reads a text held in memory.
  public func read(_ bytes: [UInt8], name: String) throws(DataFileError) -> DataTable {
    let result: Result<DataTable, DataFileError> = bytes.withUnsafeBytes { buffer in
      do throws(DataFileError) {
        return .success(try read(buffer, name: name))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func read(_ bytes: UnsafeRawBufferPointer, name: String) throws(DataFileError) -> DataTable {
    let isSingleByte = separator < 128 && separator != UInt8(ascii: "\"") && separator != 10 && separator != 13
    guard isSingleByte else {
      throw DataFileError(file: name, "the separator is one character that is no quote and no line end")
    }
    guard let address = bytes.baseAddress, !bytes.isEmpty else {
      throw DataFileError(file: name, "the file is empty", notes: ["a table has at least a line of column names"])
    }
    let start = address.assumingMemoryBound(to: UInt8.self)
    var scanner = CSVScanner(start, start + bytes.count, separator: separator, file: name)
    scanner.skipByteOrderMark()
    scanner.dropEmptyLinesAtEnd()
    let names = try header(&scanner)
    for name in kinds.keys.sorted() where !names.contains(name) {
      throw DataFileError(
        file: scanner.file, "there is no column `\(name)`, whose type is given",
        notes: ["its columns are \(names.joined(separator: ", "))"])
    }
    var pass = CSVPass(scanner, names: names, reader: self)
    try pass.run()
    return try pass.table()
  }

  private func header(_ scanner: inout CSVScanner) throws(DataFileError) -> [String] {
    let body = scanner
    var cells: [CSVCell] = []
    repeat { cells.append(try scanner.cell(column: cells.count)) } while !cells[cells.count - 1].endsRow
    guard hasHeader else {
      scanner = body
      return cells.indices.map { "c\($0 + 1)" }
    }
    var names: [String] = []
    var seen: [String: Int] = [:]
    for (index, cell) in cells.enumerated() {
      let text = scanner.unescaped(cell)
      guard let decoded = String(validating: text, as: UTF8.self) else {
        throw DataFileError(
          file: scanner.file, line: cell.line, column: index + 1, cell: CellText.shown(cell.rawBytes),
          "the name of a column is not UTF-8")
      }
      let name = decoded.trimmed
      guard !name.isEmpty else {
        throw DataFileError(
          file: scanner.file, line: cell.line, column: index + 1, "a column has no name",
          notes: ["`header: false` reads a file whose first line holds data"])
      }
      if let earlier = seen.updateValue(index, forKey: name) {
        throw DataFileError(
          file: scanner.file, line: cell.line, column: index + 1, columnName: name,
          "the columns \(earlier + 1) and \(index + 1) have one name",
          notes: ["give one of them another name in the file: a column is found by its name"])
      }
      names.append(name)
    }
    return names
  }
}

extension String {
  /// Without spaces and tabs at both ends.
  var trimmed: String {
    var text = self[...]
    while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
    while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
    return String(text)
  }
}
