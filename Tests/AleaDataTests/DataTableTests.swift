import AleaData
import AleaModel
import Testing

@Suite struct DataTableTests {
  @Test func columnsOfUnequalLengthAreRefused() throws {
    let short = DataColumn("x", .real, numbers: [1])
    let long = DataColumn("y", .integer, numbers: [1, 2])
    #expect(throws: ValueError.self) { try DataTable("t", columns: [short, long]) }
    #expect(throws: ValueError.self) { try DataTable("t", columns: [short, short]) }
  }

  @Test func rowsKeepTheirCells() throws {
    let table = try DataTable(
      "t",
      columns: [
        DataColumn("x", .real, numbers: [1.5, .nan, 3]), DataColumn("who", .text, numbers: [0, 1, 0], levels: ["a", "b"]),
      ])
    let part = table.rows([2, 1])
    #expect(part.rowCount == 2)
    #expect(part["x"]?.value(at: 0).description == "3")
    #expect(part["x"]?.firstMissing == 1)
    #expect(part["who"]?.value(at: 1).description == "b")
  }
}
