import AleaData
import AleaSemantics

extension Natives {
  // MARK: Columns

  static func columns(_ core: SessionCore) -> [NativeFunction] {
    [
      statistic("mean", "The mean of a column.", needs: 1, ColumnStatistics.mean),
      statistic(
        "sd", "The standard deviation of a column, with n - 1 in the denominator.", needs: 2, ColumnStatistics.standardDeviation),
      statistic("variance", "The variance of a column, with n - 1 in the denominator.", needs: 2, ColumnStatistics.variance),
      statistic("median", "The median of a column.", needs: 1) { ColumnStatistics.quantile($0.sorted(), 0.5) },
      NativeFunction(
        "quantile",
        [
          NativeParameter("column", isPositional: true, "a column of numbers"),
          NativeParameter(
            "p", isPositional: true, default: "the objective that maximizes that quantile", "a probability from 0 to 1"),
        ], returns: "a number", isQuery: false,
        documentation:
          "The quantile of a column, interpolated between its ordered cells (definition 7 of Hyndman and Fan); given a probability alone, an objective for `learn`.",
        example: "quantile(people.lwage, 0.9)"
      ) { call in
        if call["p"] == nil { return .object(try LearningObjective.quantile(call, "column", conditional: false)) }
        let numbers = try numbers(call, "column", needs: 1)
        guard let p = try number(call, "p"), p >= 0, p <= 1 else {
          throw call.fault("`p` is a probability from 0 to 1", at: "p")
        }
        return .real(ColumnStatistics.quantile(numbers.sorted(), p))
      },
      NativeFunction(
        "count", [NativeParameter("of", isPositional: true, "a table, or a column")], returns: "an integer", isQuery: false,
        documentation: "The rows of a table, or the cells of a column that have a value; of Booleans, those that are true.",
        example: "count(patients.age > 30)"
      ) { call in
        guard case .object(let object)? = call["of"]?.value else {
          throw call.fault("a table or a column is needed here, and this is \(call["of"]?.value.kindDescription ?? "")", at: "of")
        }
        if let table = object as? DataTable { return .integer(table.rowCount) }
        let column = try column(call, "of")
        guard column.kind == .boolean else { return .integer(column.numbers.count - column.missingCount) }
        return .integer(column.numbers.count { $0 == 1 })
      },
      NativeFunction(
        "correlation",
        [
          NativeParameter("a", isPositional: true, "a column of numbers"),
          NativeParameter("b", isPositional: true, "another of the same length"),
        ], returns: "a number", isQuery: false, documentation: "Pearson's correlation of two columns.",
        example: "correlation(people.educ, people.lwage)"
      ) { call in
        let a = try numbers(call, "a", needs: 2)
        let b = try numbers(call, "b", needs: 2)
        guard a.count == b.count else { throw call.fault("the columns have \(a.count) and \(b.count) rows") }
        for (label, cells) in [("a", a), ("b", b)] where cells.allSatisfy({ $0 == cells[0] }) {
          throw call.fault("the column does not vary, so it has no correlation", at: label)
        }
        return .real(ColumnStatistics.correlation(a, b))
      },
    ]
  }

  private static func statistic(
    _ name: String, _ documentation: String, needs least: Int, _ value: @escaping @Sendable ([Double]) -> Double
  ) -> NativeFunction {
    NativeFunction(
      name, [NativeParameter("column", isPositional: true, "a column of numbers")], returns: "a number", isQuery: false,
      documentation: documentation, example: "\(name)(people.lwage)"
    ) { call in
      .real(value(try numbers(call, "column", needs: least)))
    }
  }

  /// The column given under a label.
  static func column(_ call: NativeCall, _ label: String) throws -> DataColumn {
    guard let given = call[label] else { throw call.fault("a column is missing") }
    guard case .object(let object) = given.value, let column = object as? ColumnValue else {
      throw call.fault(
        "a column is needed here, and this is \(given.value.kindDescription)", at: label, notes: ["as in `data.age`"])
    }
    return column.column
  }

  /// The numbers of a column without missing cells, or of an array.
  private static func numbers(_ call: NativeCall, _ label: String, needs least: Int) throws -> [Double] {
    var numbers: [Double] = []
    if case .array(let values)? = call[label]?.value {
      numbers = try values.map { value in
        switch value {
        case .integer(let number): return Double(number)
        case .real(let number): return number
        default: throw call.fault("numbers are needed here, and this holds \(value.kindDescription)", at: label)
        }
      }
    } else {
      do {
        numbers = try ColumnValue(column(call, label), of: "").completeNumbers()
      } catch let error as ValueError {
        throw call.fault(error.message, at: label, notes: error.notes)
      }
    }
    guard numbers.count >= least else {
      throw call.fault(
        "at least \(least) row\(least == 1 ? " is" : "s are") needed here, and there are \(numbers.count)", at: label)
    }
    return numbers
  }
}
