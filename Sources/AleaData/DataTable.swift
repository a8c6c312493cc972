import AleaModel

/// A table of data: named columns of equal length.
///
///     let table = try DataTable("prices", columns: [DataColumn("price", .real, numbers: [1.5, 2])])
///     table["price"]?.numbers        // [1.5, 2]
public struct DataTable: Sendable {
  /// Where the rows come from, for messages: a path, or the words of the simulation that made them.
  public var name: String
  public private(set) var columns: [DataColumn]
  public let rowCount: Int
  /// What whoever uses the table should know of how it was read.
  public var notes: [String] = []
  private var positions: [String: Int]

  /// - Throws: ``ValueError`` where two columns have one name or columns differ in length.
  public init(_ name: String, columns: [DataColumn]) throws {
    self.name = name
    self.columns = columns
    rowCount = columns.first?.numbers.count ?? 0
    positions = [:]
    for (index, column) in columns.enumerated() {
      guard column.numbers.count == rowCount else {
        throw ValueError(
          "the column `\(column.name)` has \(column.numbers.count) rows, and `\(columns[0].name)` has \(rowCount)")
      }
      guard positions.updateValue(index, forKey: column.name) == nil else {
        throw ValueError("two columns are called `\(column.name)`")
      }
    }
  }

  public var columnNames: [String] { columns.map(\.name) }

  /// The column of that name, or nil.
  public subscript(name: String) -> DataColumn? { positions[name].map { columns[$0] } }

  /// The rows at the given positions, in that order.
  public func rows(_ indices: [Int]) -> DataTable {
    var result = self
    for index in columns.indices {
      let numbers = columns[index].numbers
      result.columns[index].numbers = indices.map { numbers[$0] }
    }
    return result.counted(indices.count)
  }

  private func counted(_ count: Int) -> DataTable {
    // Lengths stay equal, so making the table again cannot fail.
    (try? DataTable(name, columns: columns)) ?? self
  }

  /// The table with a column put in place of the one of that name, or added at the end.
  ///
  /// - Throws: ``ValueError`` when its length differs.
  public func setting(_ column: DataColumn) throws -> DataTable {
    var columns = self.columns
    if let position = positions[column.name] { columns[position] = column } else { columns.append(column) }
    return try DataTable(name, columns: columns)
  }
}

/// A named column: numbers, and what they stand for.
public struct DataColumn: Sendable, Codable {
  /// What the cells are.
  public enum Kind: String, Hashable, Codable, Sendable, CaseIterable { case boolean, integer, real, text }

  public var name: String
  public var kind: Kind
  /// The cells: Booleans are 0 and 1, texts the position of their level; NaN where a cell is missing.
  public var numbers: [Double]
  /// The distinct texts, in the order in which they first occur; empty for other kinds.
  public var levels: [String]

  public init(_ name: String, _ kind: Kind, numbers: [Double], levels: [String] = []) {
    self.name = name
    self.kind = kind
    self.numbers = numbers
    self.levels = levels
  }

  /// The first row without a value, counted from 0; nil where the column is complete.
  public var firstMissing: Int? { numbers.firstIndex { $0.isNaN } }
  public var missingCount: Int { numbers.reduce(0) { $1.isNaN ? $0 + 1 : $0 } }

  /// A cell as a value of the language; `nothing` where it is missing.
  public func value(at row: Int) -> Value {
    let number = numbers[row]
    if number.isNaN { return .nothing }
    return switch kind {
    case .boolean: .boolean(number != 0)
    case .integer: Int(exactly: number).map { .integer($0) } ?? .real(number)
    case .real: .real(number)
    case .text: .string(text(of: number))
    }
  }

  /// The text that a cell's number stands for.
  public func text(of number: Double) -> String {
    guard let level = Int(exactly: number), levels.indices.contains(level) else { return "" }
    return levels[level]
  }
}
