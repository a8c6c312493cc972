import AleaData
import AleaModel
import AleaSyntax

extension DataTable: PrintedAnswer {
  /// Tables of so many rows are printed whole, such as summaries; of longer ones the first rows are shown.
  private static let wholeRows = 24
  private static let shownRows = 10

  func lines(_ options: ReportOptions) -> [String] {
    var header = [Self.counted(rowCount, "row") + ", " + Self.counted(columns.count, "column")]
    header += notes.map { "note: " + $0 }
    let shown = rowCount <= Self.wholeRows ? rowCount : Self.shownRows
    let cells = columns.map { Self.cells($0, rows: shown, options) }
    let fitting = columnsThatFit(cells, options)
    var table = TextTable(
      columns[..<fitting].map { .init($0.name, $0.kind == .text ? .leading : .trailing) }, unicode: options.unicode)
    table.hasRule = false
    table.add(columns[..<fitting].map { $0.kind.typeName })
    for row in 0..<shown { table.add(cells[..<fitting].map { $0[row] }) }
    var result = AnswerText.wrap(header, options) + [""] + table.lines(width: options.width)
    if shown < rowCount { result.append("and " + Self.counted(rowCount - shown, "more row")) }
    if fitting < columns.count {
      result += AnswerText.wrap(
        ["and the columns " + columns[fitting...].map { "\($0.name) (\($0.kind.typeName))" }.joined(separator: ", ")], options)
    }
    return result
  }

  private static func counted(_ count: Int, _ what: String) -> String {
    "\(NumberText.grouped(count)) \(what)\(count == 1 ? "" : "s")"
  }

  private func columnsThatFit(_ cells: [[String]], _ options: ReportOptions) -> Int {
    var width = 0
    for (index, column) in columns.enumerated() {
      let longest = cells[index].reduce(max(column.name.count, column.kind.typeName.count)) { max($0, $1.count) }
      width += longest + (index > 0 ? 2 : 0)
      if width > options.width { return max(1, index) }
    }
    return columns.count
  }

  private static func cells(_ column: DataColumn, rows: Int, _ options: ReportOptions) -> [String] {
    (0..<rows).map { row in
      let number = column.numbers[row]
      if number.isNaN { return "missing" }
      if column.kind == .real || column.kind == .integer && number.magnitude >= 0x1p53 {
        return NumberText.significant(number, digits: options.digits)
      }
      return column.value(at: row).text(digits: options.digits).clipped(to: 40, unicode: options.unicode)
    }
  }
}

extension ColumnValue: PrintedAnswer {
  func lines(_ options: ReportOptions) -> [String] { description.wrapped(to: options.width) }
}
