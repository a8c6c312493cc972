import AleaModel

extension ColumnValue: ElementwiseObject {
  public var elements: (numbers: [Double], type: ScalarType)? {
    switch column.kind {
    case .boolean: (column.numbers, .boolean)
    case .integer: (column.numbers, .integer)
    case .real: (column.numbers, .real)
    case .text: nil
    }
  }

  /// The function of each cell; missing cells stay missing.
  ///
  /// - Throws: ``ValueError`` for texts, and for a row whose number is outside the function's domain.
  public func applying(_ function: UnaryFunction) throws -> Value {
    if function == .not, column.kind == .boolean {
      return .object(Self.named("not(\(column.name))", .boolean, column.numbers.map { $0.isNaN ? $0 : 1 - $0 }, of: source))
    }
    try numeric("`\(function.rawValue)`")
    let numbers = column.numbers.map { function($0) }
    try checked(numbers, [self]) { row in "`\(function.rawValue)(\(cell(row)))` is not a number" }
    let kind: DataColumn.Kind =
      switch function {
      case .negate, .abs: column.kind == .real ? .real : .integer
      case .sign, .floor, .ceil, .round: .integer
      default: .real
      }
    return .object(Self.named("\(function.rawValue)(\(column.name))", kind, numbers, of: source))
  }

  /// The function of each cell and a number, or of the cells of two columns row by row; what is missing in one is missing in the result.
  ///
  /// - Throws: ``ValueError`` for columns of different lengths, for values that do not go together, and for a row without a result.
  public func combined(_ function: BinaryFunction, with other: Value, isOnRight: Bool) throws -> Value {
    if function == .and || function == .or { return try connected(function, with: other) }
    if column.kind == .text || Self.isText(other) { return try comparedTexts(function, other) }
    try numeric("arithmetic", allowsBooleans: function.isComparison)
    let right: ColumnValue
    let name: String
    switch other {
    case .object(let object as ColumnValue):
      guard object.column.numbers.count == column.numbers.count else {
        throw ValueError(
          "`\(column.name)` has \(column.numbers.count) rows, and `\(object.column.name)` has \(object.column.numbers.count)")
      }
      try object.numeric("arithmetic", allowsBooleans: function.isComparison)
      right = object
      name = object.column.name
    case .integer, .real, .boolean:
      guard let (number, kind) = Self.number(other), kind != .boolean || function.isComparison else {
        throw ValueError("a column and \(other.kindDescription) cannot be combined")
      }
      let cells = [Double](repeating: number, count: column.numbers.count)
      right = ColumnValue(DataColumn("", kind, numbers: cells), of: source)
      name = other.description
    default: throw ValueError("a column and \(other.kindDescription) cannot be combined")
    }
    if (column.kind == .boolean) != (right.column.kind == .boolean) {
      throw ValueError("Booleans and numbers cannot be compared")
    }
    let (a, b) = isOnRight ? (right, self) : (self, right)
    var numbers = [Double](repeating: .nan, count: column.numbers.count)
    for row in numbers.indices where !a.column.numbers[row].isNaN && !b.column.numbers[row].isNaN {
      numbers[row] = function(a.column.numbers[row], b.column.numbers[row])
    }
    try checked(numbers, [a, b]) { row in "this has no value with \(a.cell(row)) and \(b.cell(row))" }
    let title = isOnRight ? "\(name), \(column.name)" : "\(column.name), \(name)"
    return .object(Self.named("\(function.rawValue)(\(title))", Self.kind(function, a.column, b.column), numbers, of: source))
  }

  /// - Throws: ``ValueError`` for texts, missing cells, and the least or greatest of no cells.
  public func reduced(_ function: BinaryFunction) throws -> Value {
    let numbers = try completeNumbers()
    if function == .add {
      let total = ColumnStatistics.sum(numbers)
      if column.kind != .real, total.magnitude <= 0x1p53 { return .integer(Int(total)) }
      return .real(total)
    }
    guard let result = function == .min ? numbers.min() : numbers.max() else {
      throw ValueError("`\(column.name)` has no rows, so it has no \(function == .min ? "least" : "greatest") value")
    }
    return column.kind == .real ? .real(result) : column.value(at: numbers.firstIndex(of: result) ?? 0)
  }

  public var presence: Value {
    .object(Self.named("present(\(column.name))", .boolean, column.numbers.map { $0.isNaN ? 0 : 1 }, of: source))
  }

  // MARK: Parts

  private static func named(_ name: String, _ kind: DataColumn.Kind, _ numbers: [Double], of source: String) -> ColumnValue {
    let isExact = kind != .integer || numbers.allSatisfy { $0.isNaN || $0.magnitude <= 0x1p53 }
    return ColumnValue(DataColumn(name, isExact ? kind : .real, numbers: numbers), of: source)
  }

  private static func kind(_ function: BinaryFunction, _ a: DataColumn, _ b: DataColumn) -> DataColumn.Kind {
    if function.isComparison { return .boolean }
    if function == .divide || a.kind == .real || b.kind == .real { return .real }
    if function == .power { return b.numbers.allSatisfy { $0.isNaN || $0 >= 0 } ? .integer : .real }
    return .integer
  }

  private static func number(_ value: Value) -> (Double, DataColumn.Kind)? {
    switch value {
    case .integer(let number): (Double(number), .integer)
    case .real(let number): (number, .real)
    case .boolean(let flag): (flag ? 1 : 0, .boolean)
    default: nil
    }
  }

  private static func isText(_ value: Value) -> Bool {
    switch value {
    case .string, .symbol: true
    case .object(let object as ColumnValue): object.column.kind == .text
    default: false
    }
  }

  private func numeric(_ what: String, allowsBooleans: Bool = false) throws {
    if column.kind == .text { throw ValueError("\(what) needs numbers, and `\(column.name)` is a column of texts") }
    if column.kind == .boolean, !allowsBooleans {
      throw ValueError(
        "\(what) needs numbers, and `\(column.name)` is a column of Booleans",
        notes: ["`derive(data, x: int(\(column.name)))` makes 1 and 0 of them"])
    }
  }

  private func cell(_ row: Int) -> String { column.value(at: row).description }

  private func checked(_ numbers: [Double], _ operands: [ColumnValue], _ message: (Int) -> String) throws {
    for row in numbers.indices where numbers[row].isNaN {
      if operands.contains(where: { $0.column.numbers[row].isNaN }) { continue }
      throw ValueError(message(row), notes: ["in row \(row) (rows count from 0)"])
    }
  }

  /// `and` and `or` of Booleans row by row: a missing cell counts only where the column before it does not decide.
  private func connected(_ function: BinaryFunction, with other: Value) throws -> Value {
    guard case .object(let object as ColumnValue) = other, object.column.kind == .boolean, column.kind == .boolean else {
      throw ValueError("`\(function.rawValue)` connects columns of Booleans", notes: ["compare with something: `data.age > 30`"])
    }
    guard object.column.numbers.count == column.numbers.count else {
      throw ValueError(
        "`\(column.name)` has \(column.numbers.count) rows, and `\(object.column.name)` has \(object.column.numbers.count)")
    }
    let deciding = function == .and ? 0.0 : 1.0
    let numbers = zip(column.numbers, object.column.numbers).map { a, b in a == deciding || a.isNaN ? a : b }
    return .object(
      Self.named("\(function.rawValue)(\(column.name), \(object.column.name))", .boolean, numbers, of: source))
  }

  private func comparedTexts(_ function: BinaryFunction, _ other: Value) throws -> Value {
    guard function == .equal || function == .notEqual else {
      throw ValueError("texts can only be compared by `==` and `!=`")
    }
    guard column.kind == .text else { throw ValueError("`\(column.name)` is a column of \(column.kind.plural), not of texts") }
    let other: (Int) -> String? =
      switch other {
      case .string(let text): { _ in text }
      case .symbol(let symbol): { _ in symbol.name }
      case .object(let object as ColumnValue) where object.column.kind == .text:
        { row in
          guard object.column.numbers.indices.contains(row), !object.column.numbers[row].isNaN else { return nil }
          return object.column.text(of: object.column.numbers[row])
        }
      default: throw ValueError("a text and \(other.kindDescription) are never equal")
      }
    let numbers = column.numbers.indices.map { row -> Double in
      guard !column.numbers[row].isNaN, let text = other(row) else { return .nan }
      return (column.text(of: column.numbers[row]) == text) == (function == .equal) ? 1 : 0
    }
    return .object(Self.named("\(function.rawValue)(\(column.name))", .boolean, numbers, of: source))
  }
}
