import AleaData
import CBenchReference

/// Reading tables held in memory, beside a C loop that only splits at separators and calls `strtod`.
enum DataSection: BenchSection {
  static let name = "data"
  static let summary = "reading comma-separated values: megabytes a second on one thread"

  static func run() throws {
    var table = BenchTable(["table of about 100 MB", "rows", "columns", "read ms", "MB/s", "C split and strtod MB/s", "factor"])
    let inputs: [(String, (inout Generator) -> String)] = [
      ("4 decimals, 50 columns", { $0.row(50) { "\(Double($0.whole(20_000_000) - 10_000_000) / 1e4)" } }),
      ("17 digits, 50 columns", { $0.row(50) { "\($0.unit())" } }),
      ("integers, texts, Booleans", { $0.mixedRow() }),
    ]
    for (title, line) in inputs {
      let bytes = text(line)
      let size = Double(bytes.count - 1)
      var (rows, columns, fault) = (0, 0, nil as DataFileError?)
      let body = Array(bytes.dropLast())
      let read = Measurement.best(of: 3) {
        do throws(DataFileError) {
          let result = try CSVReader().read(body, name: "generated")
          (rows, columns) = (result.rowCount, result.columns.count)
        } catch {
          fault = error
        }
      }.cpu
      if let fault { throw fault }
      var sum = 0.0
      let split = Measurement.best(of: 3) {
        bytes.withUnsafeBytes { sum += cells_sum($0.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count - 1) }
      }.cpu
      table.add([
        title, "\(rows)", "\(columns)", decimals(read * 1e3, 0), decimals(size / read / 1e6, 0),
        title.hasPrefix("integers") ? "-" : decimals(size / split / 1e6, 0),
        title.hasPrefix("integers") ? "-" : decimals(split / read, 2),
      ])
    }
    table.print()
  }

  /// A header and some thousand rows, repeated up to about 100 MB, with a zero byte behind.
  private static func text(_ line: (inout Generator) -> String) -> [UInt8] {
    var generator = Generator()
    var block: [UInt8] = []
    for _ in 0..<5_000 { block.append(contentsOf: (line(&generator) + "\n").utf8) }
    let width = line(&generator).split(separator: ",", omittingEmptySubsequences: false).count
    var result = Array(((0..<width).map { "x\($0)" }.joined(separator: ",") + "\n").utf8)
    while result.count < 100_000_000 { result.append(contentsOf: block) }
    result.append(0)
    return result
  }

  /// A linear congruential generator (Knuth's MMIX constants): the same text on every machine.
  private struct Generator {
    private var state: UInt64 = 1

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11
    }
    mutating func whole(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func unit() -> Double { Double(next()) * 0x1p-53 }

    mutating func row(_ columns: Int, _ cell: (inout Generator) -> String) -> String {
      var cells: [String] = []
      for _ in 0..<columns { cells.append(cell(&self)) }
      return cells.joined(separator: ",")
    }

    mutating func mixedRow() -> String {
      let towns = ["Bern", "\"Washington, D.C.\"", "Oslo", "San Francisco", ""]
      return row(12) { generator in
        switch generator.whole(4) {
        case 0: "\(generator.whole(100_000))"
        case 1: "\(generator.unit())"
        case 2: "NA"
        default: "0"
        }
      } + ",\(towns[whole(5)]),\(whole(2) == 0),\"person \(whole(20_000))\""
    }
  }
}
