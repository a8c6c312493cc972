import AleaData
import AleaModel
import Testing

/// Statistics against numbers worked out elsewhere, and operations on columns and tables.
@Suite struct ColumnTests {
  let marks = [2.0, 4, 4, 4, 5, 5, 7, 9]

  @Test func statisticsAreThoseOfTheBooks() {
    #expect(ColumnStatistics.mean(marks) == 5)
    // The sum of squared deviations is 32.
    #expect(abs(ColumnStatistics.variance(marks) - 32.0 / 7) < 1e-15)
    #expect(ColumnStatistics.standardDeviation([3]).isNaN)
    // R: quantile(c(1, 2, 3, 4, 10), c(.1, .25, .5, .9)) gives 1.4, 2, 3, 7.6.
    let sorted = [1.0, 2, 3, 4, 10]
    #expect(abs(ColumnStatistics.quantile(sorted, 0.1) - 1.4) < 1e-15)
    #expect(ColumnStatistics.quantile(sorted, 0.25) == 2)
    #expect(abs(ColumnStatistics.quantile(sorted, 0.9) - 7.6) < 1e-15)
    #expect(ColumnStatistics.quantile(sorted, 1) == 10)
    // Anscombe (1973), first data set: the correlation is 0.81642.
    let x = [10.0, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    #expect(abs(ColumnStatistics.correlation(x, y) - 0.81642) < 5e-6)
  }

  @Test func sumsLoseNothingToCancellation() {
    #expect(ColumnStatistics.sum([1, 1e100, 1, -1e100]) == 2)
    #expect(ColumnStatistics.sum([.infinity, 1]) == .infinity)
  }

  func column(_ numbers: [Double], _ kind: DataColumn.Kind = .real) -> ColumnValue {
    ColumnValue(DataColumn("x", kind, numbers: numbers), of: "t")
  }

  func numbers(_ value: Value) throws -> DataColumn {
    guard case .object(let object) = value, let column = object as? ColumnValue else { throw ValueError("not a column") }
    return column.column
  }

  @Test func arithmeticGoesRowByRow() throws {
    let a = column([1, 2, .nan])
    let sum = try numbers(a.combined(.add, with: .object(column([10, .nan, 30])), isOnRight: false))
    #expect(sum.numbers[0] == 11 && sum.numbers[1].isNaN && sum.numbers[2].isNaN)
    #expect(try numbers(a.combined(.subtract, with: .integer(5), isOnRight: true)).numbers[0] == 4)
    #expect(try numbers(column([7, -7], .integer).combined(.multiply, with: .integer(2), isOnRight: false)).kind == .integer)
    #expect(try numbers(column([7], .integer).combined(.divide, with: .integer(2), isOnRight: false)).numbers == [3.5])
    #expect(throws: ValueError.self) { try a.combined(.add, with: .object(column([1])), isOnRight: false) }
    #expect(throws: ValueError.self) { try column([0]).combined(.divide, with: .integer(0), isOnRight: false) }
    #expect(throws: ValueError.self) { try column([-1]).applying(.ln) }
    #expect(throws: ValueError.self) { try a.combined(.add, with: .string("x"), isOnRight: false) }
  }

  @Test func missingCellsStopSummaries() throws {
    #expect(throws: ValueError.self) { try column([1, .nan]).reduced(.add) }
    #expect(throws: ValueError.self) { try column([]).reduced(.min) }
    if case .integer(6) = try column([1, 2, 3], .integer).reduced(.add) {} else { Issue.record("the sum of integers is 6") }
  }

  @Test func sortingKeepsTheOrderOfEqualRows() throws {
    let table = try DataTable(
      "t",
      columns: [
        DataColumn.texts("k", ["b", nil, "a", "b", "a"]), DataColumn("i", .integer, numbers: [0, 1, 2, 3, 4]),
      ])
    #expect(try table.sorted(by: "k")["i"]?.numbers == [2, 4, 0, 3, 1])
    #expect(try table.sorted(by: "k", descending: true)["i"]?.numbers == [0, 3, 2, 4, 1])
    #expect(throws: ValueError.self) { try table.sorted(by: "z") }
  }

  @Test func summariesCountWhatIsThere() throws {
    let table = try DataTable(
      "t", columns: [DataColumn("x", .real, numbers: [1, .nan, 3]), DataColumn.texts("w", ["a", "b", "a"])])
    let summary = try table.summary()
    #expect(summary["count"]?.numbers == [2, 3])
    #expect(summary["missing"]?.numbers == [1, 0])
    #expect(summary["mean"]?.numbers[0] == 2)
    #expect(summary["texts"]?.value(at: 1).description == "a 2, b 1")
  }
}
