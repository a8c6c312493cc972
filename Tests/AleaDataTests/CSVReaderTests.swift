import AleaData
import AleaModel
import Testing

/// What RFC 4180 and the reader's own promises say about texts, one by one.
@Suite struct CSVReaderTests {
  func read(_ text: String, _ change: (inout CSVReader) -> Void = { _ in }) throws -> DataTable {
    var reader = CSVReader()
    change(&reader)
    return try reader.read(Array(text.utf8), name: "t.csv")
  }

  /// The cells of a table as texts, row by row; "-" where one is missing.
  func cells(_ table: DataTable) -> [[String]] {
    (0..<table.rowCount).map { row in
      table.columns.map { $0.numbers[row].isNaN ? "-" : $0.value(at: row).description }
    }
  }

  func fault(_ text: String, _ change: (inout CSVReader) -> Void = { _ in }) -> DataFileError? {
    do {
      _ = try read(text, change)
      return nil
    } catch {
      return error as? DataFileError
    }
  }

  static let accepted: [(text: String, names: [String], rows: [[String]])] = [
    ("a,b\r\n1,2\r\n", ["a", "b"], [["1", "2"]]),
    ("a,b\r\n1,2", ["a", "b"], [["1", "2"]]),
    ("a,b\n1,2\n3,4\n", ["a", "b"], [["1", "2"], ["3", "4"]]),
    ("a,b\r1,2\r3,4\r", ["a", "b"], [["1", "2"], ["3", "4"]]),
    ("a,b\r\n1,2\n3,4\r5,6", ["a", "b"], [["1", "2"], ["3", "4"], ["5", "6"]]),
    ("\u{FEFF}a\n1\n", ["a"], [["1"]]),
    ("a\n1\n\n\r\n\n", ["a"], [["1"]]),
    ("a\nx\n\ny\n", ["a"], [["x"], ["-"], ["y"]]),
    ("a,b\n", ["a", "b"], []),
    ("a,b", ["a", "b"], []),
    ("\"a\",\"b\"\n\"x\",\"y\"\n", ["a", "b"], [["x", "y"]]),
    ("\"a,b\",c\n\"x,y\",z\n", ["a,b", "c"], [["x,y", "z"]]),
    ("a\n\"say \"\"hi\"\"\"\n", ["a"], [["say \"hi\""]]),
    ("a,b\n\"\"\"\",\"\"\"x\"\"\"\n", ["a", "b"], [["\"", "\"x\""]]),
    ("a,b\n\"x\ny\",\"p\r\nq\"\n", ["a", "b"], [["x\ny", "p\r\nq"]]),
    ("a,b\n,\nx,1\n", ["a", "b"], [["-", "-"], ["x", "1"]]),
    ("a,b\nNA,NaN\n1,2\n", ["a", "b"], [["-", "-"], ["1", "2"]]),
    ("a,b\n\"NA\",\"\"\nx,y\n", ["a", "b"], [["NA", ""], ["x", "y"]]),
    ("a,b\nx,y\n\"NA\",\"\"\n", ["a", "b"], [["x", "y"], ["NA", ""]]),
    ("a\n\"\"\n", ["a"], [[""]]),
    ("a\n\"\"\n3\n\"NA\"\n", ["a"], [["-"], ["3"], ["-"]]),
    ("a , b\n 1 ,\t2\n", ["a", "b"], [["1", "2"]]),
    ("a\n x \n", ["a"], [[" x "]]),
    ("a,b,c\ntrue,FALSE,True\n", ["a", "b", "c"], [["true", "false", "true"]]),
    ("a\n1\n2.5\n", ["a"], [["1"], ["2.5"]]),
    ("a\n+1\n-2\n.5\n5.\n1e3\n1E-3\n", ["a"], [["1"], ["-2"], ["0.5"], ["5"], ["1000"], ["0.001"]]),
    ("a\n1\n2\nx\n", ["a"], [["1"], ["2"], ["x"]]),
    ("a\n1\ntrue\n", ["a"], [["1"], ["true"]]),
    ("a\ntrue\n1\n", ["a"], [["true"], ["1"]]),
    ("a,b\n007,1.50\nx,y\n", ["a", "b"], [["007", "1.50"], ["x", "y"]]),
    ("a\n1 2\n", ["a"], [["1 2"]]),
    ("a\n1e\n", ["a"], [["1e"]]),
    ("a\n0x10\n", ["a"], [["0x10"]]),
    ("a\n-\n", ["a"], [["-"]]),
    ("a\n1e999\n", ["a"], [["1e999"]]),
    ("a\nsträße\n日本\n", ["a"], [["sträße"], ["日本"]]),
    ("a\ninf\n-Infinity\n", ["a"], [["inf"], ["-inf"]]),
    ("\"a\nb\"\n1\n", ["a\nb"], [["1"]]),
  ]

  @Test(arguments: accepted.indices) func cellsAreRead(_ index: Int) throws {
    let (text, names, rows) = Self.accepted[index]
    let table = try read(text)
    #expect(table.columnNames == names)
    #expect(cells(table) == rows)
  }

  static let refused: [(text: String, line: Int?, column: Int?, words: String)] = [
    ("", nil, nil, "the file is empty"),
    ("\n\n", 1, 1, "a column has no name"),
    ("a,,b\n1,2,3\n", 1, 2, "a column has no name"),
    ("a,b,a\n1,2,3\n", 1, 3, "the columns 1 and 3 have one name"),
    ("a,b\n1,2\n3\n", 3, nil, "the row has 1 cell, and the header names 2"),
    ("a,b\n1,2,3\n", 2, nil, "the row has 3 cells, and the header names 2"),
    ("a,b\n1,2,\n", 2, nil, "the row has 3 cells, and the header names 2"),
    ("a,b\n1,2\n\n3,4\n", 3, nil, "the line is empty, and the header names 2 columns"),
    ("a,b\n1,\"x\n2,3\n", 2, 2, "never closed"),
    ("a\n\"x\n", 2, 1, "never closed"),
    ("a\n\"", 2, 1, "never closed"),
    ("a,b\n1,x\"y\n", 2, 2, "inside a cell that does not start with one"),
    ("a,b\n\"x\"y,1\n", 2, 1, "after the quote that closes a cell"),
    ("a,b\n\"x\" ,1\n", 2, 1, "after the quote that closes a cell"),
    ("a,b\n\"p\nq\",1\n1,2,3\n", 4, nil, "the row has 3 cells"),
    ("a\"b\n1\n", 1, 1, "inside a cell that does not start with one"),
  ]

  @Test(arguments: refused.indices) func faultsNameTheirPlace(_ index: Int) throws {
    let (text, line, column, words) = Self.refused[index]
    let error = try #require(fault(text))
    #expect(error.line == line)
    #expect(error.column == column)
    #expect(error.problem.contains(words), "\(error)")
  }

  @Test func kindsFollowFromTheCells() throws {
    let table = try read("i,r,b,s,n,m\n1,1,true,x,,1\n2,2.5,false,1,NA,x\n")
    #expect(table.columns.map(\.kind) == [.integer, .real, .boolean, .text, .real, .text])
    #expect(table["n"]?.missingCount == 2)
    #expect(table.notes.count == 1)
    #expect(table.notes.first?.contains("`m` is text: line 3 holds `x`") == true)
  }

  @Test func kindsCanBeDemanded() throws {
    let table = try read("zip,n\n01234,1\n") { $0.kinds = ["zip": .text, "n": .real] }
    #expect(table["zip"]?.levels == ["01234"])
    #expect(table["n"]?.kind == .real)
    let words = try #require(fault("a,n\n1,2\n1,x\n") { $0.kinds = ["n": .real] })
    #expect(words.line == 3 && words.column == 2 && words.columnName == "n" && words.cell == "x")
    let half = try #require(fault("n\n1\n1.5\n") { $0.kinds = ["n": .integer] })
    #expect(half.line == 3 && half.cell == "1.5")
    #expect(fault("n\n2\n") { $0.kinds = ["n": .boolean] }?.problem == "true or false is needed here")
    #expect(fault("n\n2\n") { $0.kinds = ["m": .boolean] }?.problem.contains("no column `m`") == true)
  }

  @Test func withoutHeaderColumnsAreNumbered() throws {
    let table = try read("1;x\n2;y\n") {
      $0.hasHeader = false
      $0.separator = UInt8(ascii: ";")
    }
    #expect(table.columnNames == ["c1", "c2"])
    #expect(cells(table) == [["1", "x"], ["2", "y"]])
    #expect(fault("1,2\n3\n") { $0.hasHeader = false }?.problem.contains("the first row has 2") == true)
  }

  @Test func otherCellsCanBeMissing() throws {
    let table = try read("a,b\n.,NA\n1,x\n") { $0.missing = ["."] }
    #expect(cells(table) == [["-", "NA"], ["1", "x"]])
  }

  @Test func integersThatDoNotFitAreNoted() throws {
    let table = try read("id\n9007199254740993\n1\n")
    #expect(table["id"]?.kind == .real)
    #expect(table.notes.first?.contains("9007199254740993") == true)
    #expect(try read("id\n9007199254740992\n")["id"]?.kind == .integer)
  }

  @Test func bytesThatAreNotTextHaveAPlace() throws {
    do {
      _ = try CSVReader().read(Array("a,b\n1,x\n2,".utf8) + [0xE9, 0x74, 0xE9, 10], name: "t.csv")
      Issue.record("Latin-1 was accepted")
    } catch {
      #expect(error.line == 3 && error.column == 2 && error.problem.contains("UTF-8"))
    }
    #expect(throws: DataFileError.self) { try CSVReader().read([0xFF, 10, 49], name: "t.csv") }
  }

  @Test func filesThatCannotBeReadAreNamed() {
    #expect(throws: DataFileError.self) { try CSVReader().read(path: "/no/such/file.csv") }
    #expect(throws: DataFileError.self) { try CSVReader().read(path: "/tmp") }
  }
}
