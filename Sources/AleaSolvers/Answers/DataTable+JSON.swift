import AleaData
import AleaModel

extension DataTable: JSONAnswer {
  /// The rows' number and each column with its kind and cells; missing cells are null.
  public var json: JSONValue {
    .object([
      .init("kind", .string("table")), .init("name", .string(name)), .init("rows", .integer(rowCount)),
      .init("columns", .array(columns.map(\.json))),
    ])
  }
}

extension ColumnValue: JSONAnswer {
  public var json: JSONValue { column.json }
}

extension DataColumn {
  var json: JSONValue {
    .object([
      .init("name", .string(name)), .init("kind", .string(kind.rawValue)),
      .init("values", .array(numbers.indices.map { value(at: $0).json })),
    ])
  }
}
