import AleaModel

extension DataTable: ObjectValue {
  public var typeName: String { "a table" }
  public var description: String {
    "a table of \(rowCount) row\(rowCount == 1 ? "" : "s") and \(columns.count) column\(columns.count == 1 ? "" : "s")"
  }

  public var members: [(name: String, summary: String)] {
    [("rows", "the number of rows"), ("columns", "the names of the columns")]
      + columns.map { ($0.name, "a column of \($0.kind.plural)") }
  }

  /// A column by its name; `rows` and `columns` are about the table.
  ///
  /// - Throws: ``ValueError`` where a column has one of these two names.
  public func member(_ name: String) throws -> Value? {
    if name == "rows" || name == "columns" {
      if self[name] != nil {
        throw ValueError(
          "`.\(name)` is about the table, which also has a column of that name",
          notes: ["`[\"\(name)\"]` is the column", "`rename` gives it another name"])
      }
      return name == "rows" ? .integer(rowCount) : .array(columnNames.map { .string($0) })
    }
    return self[name].map { .object(ColumnValue($0, of: self.name)) }
  }

  /// A column by its name as a string: `card["years of school"]`.
  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value {
    guard arguments.count == 1, arguments[0].label == nil, case .string(let name) = arguments[0].value else {
      throw ValueError("a table is indexed by the name of a column", notes: ["as in `data[\"age\"]`, or `data.age`"])
    }
    return .object(ColumnValue(try column(named: name), of: self.name))
  }

  /// - Throws: ``ValueError`` that lists the columns where there is none of that name.
  public func column(named name: String) throws -> DataColumn {
    guard let column = self[name] else {
      let shown = columnNames.prefix(12).map { "`\($0)`" }.joined(separator: ", ") + (columns.count > 12 ? ", ..." : "")
      throw ValueError("there is no column `\(name)`", notes: ["the columns are \(shown)"])
    }
    return column
  }
}

extension DataColumn.Kind {
  /// What the cells are, in words.
  public var plural: String {
    switch self {
    case .boolean: "Booleans"
    case .integer: "integers"
    case .real: "real numbers"
    case .text: "texts"
    }
  }

  /// The language's name of the type.
  public var typeName: String {
    switch self {
    case .boolean: "Bool"
    case .integer: "Int"
    case .real: "Real"
    case .text: "String"
    }
  }
}
