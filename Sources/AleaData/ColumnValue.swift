import AleaModel

/// A column as a value of the language: `card.educ`.
public struct ColumnValue: ObjectValue {
  public let column: DataColumn
  /// The table it comes from, for messages.
  public let source: String

  public init(_ column: DataColumn, of source: String) {
    self.column = column
    self.source = source
  }

  public var typeName: String { "a column" }
  public var description: String {
    let count = column.numbers.count
    let cells = (0..<min(count, 8)).map { column.numbers[$0].isNaN ? "missing" : column.value(at: $0).description }
    return "\(column.name): \(cells.joined(separator: ", "))\(count > 8 ? ", ..." : "") (\(count) \(column.kind.plural))"
  }

  public var members: [(name: String, summary: String)] {
    [("name", "its name"), ("kind", "what its cells are"), ("missing", "how many cells have no value")]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "name": .string(column.name)
    case "kind": .string(column.kind.rawValue)
    case "missing": .integer(column.missingCount)
    default: nil
    }
  }

  /// A cell by its row, from 0.
  ///
  /// - Throws: ``ValueError`` for a row outside the column, and for a missing cell.
  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value {
    guard arguments.count == 1, arguments[0].label == nil, case .integer(let row) = arguments[0].value else {
      throw ValueError("a column is indexed by a row, counted from 0", notes: ["as in `card.educ[3]`"])
    }
    guard column.numbers.indices.contains(row) else {
      throw ValueError(
        "row \(row) is past the column `\(column.name)`",
        label: column.numbers.isEmpty ? "it has no rows" : "its rows are 0 to \(column.numbers.count - 1)")
    }
    if column.numbers[row].isNaN {
      throw ValueError(
        "`\(column.name)` has no value in row \(row) (rows count from 0)",
        notes: ["`present(data.\(column.name))` says which rows have one"])
    }
    return column.value(at: row)
  }

  /// The cells as numbers, for what needs all of them.
  ///
  /// - Throws: ``ValueError`` for texts and for missing cells.
  public func completeNumbers() throws -> [Double] {
    guard column.kind != .text else {
      throw ValueError(
        "`\(column.name)` is a column of texts, and numbers are needed",
        notes: [
          "one cell that is no number makes a column of texts: `read(..., missing: [\"NA\", \"n/a\"])` says which stand for a missing value"
        ])
    }
    if let row = column.firstMissing {
      throw ValueError(
        "`\(column.name)` has no value in row \(row) (rows count from 0)",
        notes: ["`filter(data, present(\(column.name)))` keeps the rows that have one"])
    }
    return column.numbers
  }
}
