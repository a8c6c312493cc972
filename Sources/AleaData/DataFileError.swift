import AleaModel

/// What is wrong with a file of data: the file, the place in it, the cell as it stands there, and a way out.
public struct DataFileError: Error, Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// The line of the file, from 1; nil where the fault is about the whole file.
  public var line: Int?
  /// The position of the cell in its row, from 1.
  public var column: Int?
  /// The name of the cell's column, where it is known.
  public var columnName: String?
  /// The text of the cell, cut where it is long.
  public var cell: String?
  public var problem: String
  public var notes: [String]

  public init(
    file: String, line: Int? = nil, column: Int? = nil, columnName: String? = nil, cell: String? = nil, _ problem: String,
    notes: [String] = []
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.columnName = columnName
    self.cell = cell
    self.problem = problem
    self.notes = notes
  }

  /// The place as words: "prices.csv, line 3, column 2 (`price`)".
  public var place: String {
    var result = file
    if let line { result += ", line \(line)" }
    if let column { result += ", column \(column)" }
    if let columnName { result += " (`\(columnName)`)" }
    return result
  }

  public var description: String { place + ": " + problem + (cell.map { ": `\($0)`" } ?? "") }
}

/// A cell as a message shows it: never more than a line, and always valid text.
enum CellText {
  static func shown(_ bytes: UnsafeRawBufferPointer) -> String {
    let limit = 60
    let text = String(decoding: bytes.prefix(limit), as: UTF8.self)
    let visible = String(text.map { $0.isNewline ? " " : $0 })
    return bytes.count > limit ? visible + "..." : visible
  }
}
