import AleaSyntax

/// The front end on a text of the size of a large generated program, and on parts of it: the time is linear in the length.
enum ParseSection: BenchSection {
  static let name = "parse"
  static let summary = "reading and laying out programs: megabytes a second on one thread"

  static func run() throws {
    var table = BenchTable(["bytes", "parse ms", "MB/s", "format ms", "MB/s", "messages"])
    for bytes in [50_000, 500_000, 5_000_000] {
      let file = SourceFile(id: FileID(index: 0), name: "generated.alea", text: SyntaxWorkload.text(bytes: bytes))
      var messages = 0
      let parse = Measurement.best(of: 10) { messages = Parser.parseProgram(file).diagnostics.count }.cpu
      let format = Measurement.best(of: 3) { messages += (try? Formatter.format(file)) == nil ? 1 : 0 }.cpu
      let size = Double(file.bytes.count)
      table.add([
        "\(file.bytes.count)", decimals(parse * 1e3, 2), decimals(size / parse / 1e6, 1), decimals(format * 1e3, 2),
        decimals(size / format / 1e6, 1), "\(messages)",
      ])
    }
    table.print()
  }
}
