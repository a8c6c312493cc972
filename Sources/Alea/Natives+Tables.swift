import AleaData
import AleaEngine
import AleaSemantics

extension Natives {
  // MARK: Tables

  static func tables(_ core: SessionCore) -> [NativeFunction] {
    let table = NativeParameter("data", isPositional: true, "a table")
    return [
      NativeFunction(
        "table", [NativeParameter("columns", kind: .labelled, "the cells of each column, as an array")],
        returns: "a table", isQuery: false, documentation: "A table of the columns given.",
        example: "table(x: [1, 2, 3], who: [\"a\", \"b\", \"c\"])"
      ) { call in
        let columns = try call.labelled.map { try column(call, $0.label, $0.argument.value, $0.argument.span) }
        guard !columns.isEmpty else {
          throw call.fault("a table has at least one column", notes: ["as in `table(x: [1, 2, 3])`"])
        }
        return .object(try DataTable("the table", columns: columns))
      },
      NativeFunction(
        "derive", [table, NativeParameter("columns", kind: .labelledExpressions, "an expression over the columns, by new name")],
        returns: "a table", isQuery: false,
        documentation:
          "The table with further columns, each computed row by row; where a column it needs is missing, so is the result.",
        example: "derive(patients, decades: age / 10, older: age > 30)"
      ) { call in
        var result = try dataTable(call, "data")
        for label in call.expressionLabels {
          let rows = rowProcess(result, call, label, core)
          result = try at(call, label) {
            let (process, expression) = try call.rowExpression(label, in: rows.process)
            return try result.setting(rows.column(label, expression, in: process))
          }
        }
        return .object(result)
      },
      NativeFunction(
        "filter",
        [table, NativeParameter("condition", kind: .modelExpression, isPositional: true, "a condition on the columns")],
        returns: "a table", isQuery: false, documentation: "The rows in which a condition holds.",
        example: "filter(patients, age > 30 and present(recovered))"
      ) { call in
        let table = try dataTable(call, "data")
        let rows = rowProcess(table, call, "condition", core)
        return .object(
          try at(call, "condition") {
            let (process, condition) = try call.rowExpression("condition", in: rows.process, isCondition: true)
            return try rows.filtered(condition, in: process)
          })
      },
      NativeFunction(
        "select", [table, NativeParameter("columns", isPositional: true, "the names of columns, as an array of strings")],
        returns: "a table", isQuery: false, documentation: "Some columns of a table, in the order given.",
        example: "select(people, [\"educ\", \"lwage\"])"
      ) { call in
        .object(try dataTable(call, "data").selecting(strings(call, "columns")))
      },
      NativeFunction(
        "rename", [table, NativeParameter("names", kind: .labelled, "the old name as a string, by new name")],
        returns: "a table", isQuery: false, documentation: "The table with some columns under new names.",
        example: "rename(people, schooling: \"educ\")"
      ) { call in
        let names = try call.labelled.map { label, argument in
          guard case .string(let old) = argument.value else {
            throw DiagnosticError(
              .error("the old name of a column is a string, as in `rename(data, new: \"old\")`", at: argument.span))
          }
          return (old: old, new: label)
        }
        return .object(try dataTable(call, "data").renaming(names))
      },
      NativeFunction(
        "sort",
        [
          table, NativeParameter("by", "the name of a column"),
          NativeParameter("descending", default: "false", "true for the greatest first"),
        ], returns: "a table", isQuery: false,
        documentation: "The rows in the order of a column, missing cells last; equal ones keep their order.",
        example: "sort(people, by: \"lwage\")"
      ) { call in
        guard case .string(let name)? = call["by"]?.value else {
          throw call.fault("`by` is the name of a column, as a string", at: "by")
        }
        return .object(try dataTable(call, "data").sorted(by: name, descending: boolean(call, "descending") ?? false))
      },
      NativeFunction(
        "head", [table, NativeParameter("rows", isPositional: true, default: "10", "how many rows")], returns: "a table",
        isQuery: false, documentation: "The first rows of a table.", example: "head(people, 5)"
      ) { call in
        let table = try dataTable(call, "data")
        return .object(table.rows(Array(0..<min(table.rowCount, try integer(call, "rows", from: 0) ?? 10))))
      },
      NativeFunction(
        "summary", [table], returns: "a table", isQuery: false,
        documentation:
          "What each column holds: counts, missing cells, mean, standard deviation, quartiles; for texts the most frequent.",
        example: "summary(people)"
      ) { call in
        .object(try dataTable(call, "data").summary())
      },
    ]
  }

  // MARK: Arguments

  /// The table given under a label.
  static func dataTable(_ call: NativeCall, _ label: String) throws -> DataTable {
    guard let given = call[label] else { throw call.fault("a table is missing") }
    guard case .object(let object) = given.value, let table = object as? DataTable else {
      throw call.fault(
        "a table is needed here, and this is \(given.value.kindDescription)", at: label,
        notes: ["tables come from `read(\"data.csv\")` or `table(x: [1, 2, 3])`"])
    }
    return table
  }

  private static func strings(_ call: NativeCall, _ label: String) throws -> [String] {
    guard case .array(let values)? = call[label]?.value else {
      throw call.fault("an array of strings is needed here", at: label, notes: ["as in `[\"age\", \"wage\"]`"])
    }
    return try values.map { value in
      guard case .string(let text) = value else {
        throw call.fault("an array of strings is needed here, and it holds \(value.kindDescription)", at: label)
      }
      return text
    }
  }

  private static func rowProcess(_ table: DataTable, _ call: NativeCall, _ label: String, _ core: SessionCore) -> RowProcess {
    let text = core.sourceText(call.span(of: label))
    return RowProcess(table) { text.contains($0) }
  }

  /// Runs something about one argument, which is the place of faults that have none.
  private static func at<Result>(_ call: NativeCall, _ label: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch var error as DiagnosticError {
      for index in error.diagnostics.indices where error.diagnostics[index].span == nil {
        error.diagnostics[index].span = call.span(of: label) ?? call.span
      }
      throw error
    }
  }

  /// A column of the cells of an array, or of another column.
  private static func column(_ call: NativeCall, _ name: String, _ value: Value, _ span: SourceSpan) throws -> DataColumn {
    if case .object(let object as ColumnValue) = value {
      var column = object.column
      column.name = name
      return column
    }
    func mixed(_ what: String) -> DiagnosticError { DiagnosticError(.error("`\(name)` \(what)", at: span)) }
    guard case .array(let values) = value else {
      throw mixed("is the array of a column's cells, and this is \(value.kindDescription)")
    }
    var numbers: [Double] = []
    var kinds = Set<DataColumn.Kind>()
    var texts: [String] = []
    for value in values {
      switch value {
      case .integer(let number):
        kinds.insert(.integer)
        numbers.append(Double(number))
      case .real(let number):
        if number.isNaN { throw mixed("holds a cell that is not a number") }
        kinds.insert(.real)
        numbers.append(number)
      case .boolean(let flag):
        kinds.insert(.boolean)
        numbers.append(flag ? 1 : 0)
      case .string(let text):
        kinds.insert(.text)
        texts.append(text)
      case .symbol(let symbol):
        kinds.insert(.text)
        texts.append(symbol.name)
      default: throw mixed("holds \(value.kindDescription), which is no cell of a table")
      }
    }
    if kinds == [.integer, .real] { kinds = [.real] }
    guard kinds.count <= 1 else { throw mixed("mixes \(kinds.map(\.plural).sorted().joined(separator: " and "))") }
    if kinds == [.text] { return DataColumn.texts(name, texts) }
    return DataColumn(name, kinds.first ?? .real, numbers: numbers)
  }
}
