import AleaData
import AleaModel
import AleaSolvers
import Testing

@testable import AleaReport

/// Tables on the screen, in pictures and in files.
@Suite struct TableTests {
  func table(rows: Int, columns: Int) throws -> DataTable {
    try DataTable(
      "t",
      columns: (0..<columns).map { column in
        DataColumn("x\(column)", .integer, numbers: (0..<rows).map { $0 == 1 ? .nan : Double($0 * column) })
      })
  }

  @Test func printedTablesFitTheWidth() throws {
    let lines = AnswerText.text(of: .object(try table(rows: 25, columns: 60)), options: ReportOptions(width: 50))
      .split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.allSatisfy { $0.count <= 50 })
    #expect(lines.first == "25 rows, 60 columns")
    #expect(lines.contains("and 15 more rows"))
    #expect(lines.contains { $0.contains("x59 (Int)") })
    #expect(lines.contains { $0.contains("missing") })
  }

  @Test func tablesWithoutRowsOrWithOddNamesArePrinted() throws {
    #expect(AnswerText.text(of: .object(try table(rows: 0, columns: 1))).hasPrefix("0 rows, 1 column"))
    let odd = try DataTable("t", columns: [DataColumn.texts("line\nbreak", ["a\nb", nil])])
    #expect(AnswerText.text(of: .object(odd)).contains("a b"))
  }

  @Test func columnsOfNumbersAreDrawn() throws {
    let chart = try Chart(.object(try table(rows: 5, columns: 3)))
    #expect(chart.series.map(\.name) == ["x1", "x2"])
    #expect(chart.xLabel == "x0")
    #expect(throws: (any Error).self) { try Chart(.object(DataTable("t", columns: [DataColumn.texts("w", ["a"])]))) }
    #expect(throws: (any Error).self) { try Chart(.object(table(rows: 2, columns: 1))) }
  }

  @Test func jsonHasNullWhereCellsAreMissing() throws {
    let text = Value.object(try table(rows: 3, columns: 2)).json.text
    #expect(text.contains("[0, null, 2]"))
  }
}
