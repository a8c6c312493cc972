import AleaModel

/// Tables as comma-separated values (RFC 4180): what ``CSVReader`` reads back as the same cells.
///
/// Numbers are written with the fewest digits that give them back, missing cells as nothing; texts that could be taken for a missing
/// cell are quoted. Lines end with CRLF.
public struct CSVWriter: Sendable {
  public var separator: UInt8 = UInt8(ascii: ",")

  public init() {}

  /// - Complexity: O(cells).
  public func bytes(_ table: DataTable) -> [UInt8] {
    var result: [UInt8] = []
    let isAlone = table.columns.count == 1
    let levels = table.columns.map { column in column.levels.map { quoted($0) } }
    append(table.columns.map { Self.needsQuotes($0.name, separator) ? Self.inQuotes($0.name) : Array($0.name.utf8) }, &result)
    for row in 0..<table.rowCount {
      for (index, column) in table.columns.enumerated() {
        if index > 0 { result.append(separator) }
        let number = column.numbers[row]
        if number.isNaN {
          // A line without a byte would be no row.
          if isAlone { result.append(contentsOf: Array("NA".utf8)) }
        } else if column.kind == .text {
          let level = Int(exactly: number) ?? -1
          if levels[index].indices.contains(level) { result.append(contentsOf: levels[index][level]) }
        } else {
          result.append(contentsOf: Self.text(number, column.kind).utf8)
        }
      }
      result.append(contentsOf: [13, 10])
    }
    return result
  }

  private func append(_ cells: [[UInt8]], _ result: inout [UInt8]) {
    for (index, cell) in cells.enumerated() {
      if index > 0 { result.append(separator) }
      result.append(contentsOf: cell)
    }
    result.append(contentsOf: [13, 10])
  }

  /// A number of a column as its kind is written.
  static func text(_ number: Double, _ kind: DataColumn.Kind) -> String {
    switch kind {
    case .boolean: number != 0 ? "true" : "false"
    case .integer: Int(exactly: number).map { String($0) } ?? number.description
    case .real, .text: number.description
    }
  }

  private func quoted(_ text: String) -> [UInt8] {
    let trimmed = text.trimmed
    let looksMissing = trimmed.isEmpty || trimmed == "NA" || trimmed == "NaN"
    return looksMissing || Self.needsQuotes(text, separator) ? Self.inQuotes(text) : Array(text.utf8)
  }

  private static func needsQuotes(_ text: String, _ separator: UInt8) -> Bool {
    text.utf8.contains { $0 == separator || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13 }
  }

  private static func inQuotes(_ text: String) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    var result = [quote]
    for byte in text.utf8 {
      if byte == quote { result.append(quote) }
      result.append(byte)
    }
    result.append(quote)
    return result
  }
}
