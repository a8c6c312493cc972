import AleaData
import AleaModel
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A small generator of its own (xorshift, Marsaglia 2003), so that a failure can be repeated.
struct SmallGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

/// Properties that hold for every text and every table.
@Suite struct CSVRandomTests {
  @Test func everyDoubleSurvives() throws {
    var generator = SmallGenerator(state: 88_172_645_463_325_252)
    var numbers: [Double] = [
      0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
    ]
    numbers += [
      0.1, 1 / 3, 0x1p53, 0x1p53 + 2, 1e22, 1e23, 123456789.123456789,
    ]
    while numbers.count < 20_000 {
      let number = Double(bitPattern: generator.next())
      if !number.isNaN { numbers.append(number) }
      numbers.append(Double.random(in: -1000...1000, using: &generator))
      numbers.append((Double.random(in: 0...1, using: &generator) * 1e4).rounded() / 1e4)
    }
    let table = try DataTable("t", columns: [DataColumn("x", .real, numbers: numbers)])
    let back = try CSVReader().read(CSVWriter().bytes(table), name: "t")
    let column = try #require(back["x"])
    #expect(column.kind == .real)
    #expect(column.numbers.map(\.bitPattern) == numbers.map(\.bitPattern))
  }

  /// Decimal texts of every shape against the C library.
  @Test func decimalsAreRoundedAsTheCLibraryDoes() throws {
    var generator = SmallGenerator(state: 2_463_534_242)
    var texts: [String] = []
    for _ in 0..<20_000 {
      func digits(_ count: Int) -> String { String((0..<count).map { _ in "0123456789".randomElement(using: &generator)! }) }
      var text = Bool.random(using: &generator) ? "-" : ""
      text += digits(Int.random(in: 1...22, using: &generator))
      if Bool.random(using: &generator) { text += "." + digits(Int.random(in: 0...22, using: &generator)) }
      if Int.random(in: 0..<3, using: &generator) == 0 { text += "e\(Int.random(in: -40...40, using: &generator))" }
      texts.append(text)
    }
    let file = Array(("x\n0.5\n" + texts.joined(separator: "\n") + "\n").utf8)
    let column = try #require(try CSVReader().read(file, name: "t")["x"])
    for (text, number) in zip(texts, column.numbers.dropFirst()) {
      #expect(number.bitPattern == strtod(text, nil).bitPattern, "\(text)")
    }
  }

  @Test func tablesComeBackAsTheyWere() throws {
    var generator = SmallGenerator(state: 7)
    let pieces = ["a", "\"", "\"\"", ",", "\n", "\r\n", "\r", " ", "é", "日", "NA", "NaN", "", "x", "👩‍👩‍👧", "\t", ";"]
    for _ in 0..<300 {
      let rows = Int.random(in: 0...12, using: &generator)
      var columns: [DataColumn] = []
      for index in 0..<Int.random(in: 1...5, using: &generator) {
        var texts: [String?] = ["z" + pieces.randomElement(using: &generator)!]
        for _ in 0..<rows {
          let parts = (0..<Int.random(in: 0...4, using: &generator)).map { _ in pieces.randomElement(using: &generator)! }
          texts.append(Int.random(in: 0..<5, using: &generator) == 0 ? nil : parts.joined())
        }
        columns.append(DataColumn.texts("c\(index)\(pieces[index])y", texts))
        let numbers = (0...rows).map { _ in Bool.random(using: &generator) ? Double.random(in: -5...5, using: &generator) : .nan }
        columns.append(DataColumn("n\(index)", .real, numbers: numbers))
      }
      let table = try DataTable("t", columns: columns)
      let bytes = CSVWriter().bytes(table)
      let back = try CSVReader().read(bytes, name: "t")
      #expect(back.columnNames == table.columnNames)
      for (was, now) in zip(table.columns, back.columns) {
        #expect(was.levels == now.levels)
        #expect(zip(was.numbers, now.numbers).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
      }
      #expect(CSVWriter().bytes(back) == bytes)
    }
  }

  /// Whatever the bytes are, there is a table or a fault with words, and a table has rows of one length.
  @Test func damagedBytesNeverCrash() throws {
    var generator = SmallGenerator(state: 99)
    let text = "name,x,flag\r\n\"Smith, \"\"J\"\"\",1.5,true\r\n\"two\nlines\",-2e-3,false\r\nAnna,,NA\r\n"
    let bytes = Array(text.utf8)
    let alphabet: [UInt8] = [0, 10, 13, 34, 44, 32, 45, 46, 48, 57, 101, 128, 0xC3, 0xFF, 78, 65]
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: damaged[place] = alphabet.randomElement(using: &generator)!
        case 1: damaged.insert(alphabet.randomElement(using: &generator)!, at: place)
        case 2: if damaged.count > 1 { damaged.remove(at: place) }
        default: damaged.removeSubrange(place..<min(damaged.count, place + 9))
        }
        if damaged.isEmpty { damaged = [44] }
      }
      do {
        let table = try CSVReader().read(damaged, name: "t")
        #expect(table.columns.allSatisfy { column in column.numbers.count == table.rowCount })
        for column in table.columns where column.kind == .text {
          #expect(column.numbers.allSatisfy { $0.isNaN || $0 >= 0 && Int($0) < column.levels.count })
        }
      } catch {
        #expect(!error.problem.isEmpty)
        #expect(error.line.map { $0 >= 1 } ?? true)
      }
    }
  }

  /// A file of many rows, where the room for cells grows several times, against what was written.
  @Test func longTablesAreRead() throws {
    var text = "i,half,parity\n"
    for i in 0..<30_000 { text += "\(i),\(Double(i) / 2),\(i % 2 == 0 ? "even" : "odd")\n" }
    let table = try CSVReader().read(Array(text.utf8), name: "t")
    #expect(table.rowCount == 30_000)
    #expect(table["i"]?.numbers == (0..<30_000).map { Double($0) })
    #expect(table["half"]?.numbers == (0..<30_000).map { Double($0) / 2 })
    #expect(table["parity"]?.numbers == (0..<30_000).map { Double($0 % 2) })
  }
}
