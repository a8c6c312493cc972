import Alea
import Foundation
import Testing

/// Programs about tables against the same computations in Swift.
@Suite struct DataProgramTests {
  func session(_ lines: String...) throws -> Session {
    let session = Session()
    try session.run(text: lines.joined(separator: "\n"), name: "data.alea")
    return session
  }

  func column(_ session: Session, _ expression: String) throws -> [Double] {
    guard case .object(let object) = try session.evaluate(expression), let column = object as? ColumnValue else {
      throw ValueError("`\(expression)` is not a column")
    }
    return column.column.numbers
  }

  @Test func rowsAreComputedAsByHand() throws {
    let x = (0..<5_000).map { Double(($0 * 7919) % 1_000) / 10 - 30 }
    let n = (0..<5_000).map { ($0 * 31) % 17 }
    let text = "x,n,town\n" + zip(x, n).map { "\($0),\($1),\($1 % 3 == 0 ? "Bern" : "New York")\n" }.joined()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try text.write(to: folder.appendingPathComponent("rows.csv"), atomically: true, encoding: .utf8)
    let program = folder.appendingPathComponent("rows.alea")
    try """
    let rows = read("rows.csv")
    let more = derive(rows, y: if x > 0 then ln(1 + x) else x ^ 2 / (1 + n), z: y * 2, home: town == "Bern" and n > 3)
    let some = filter(more, home or z < 1)
    """.write(to: program, atomically: true, encoding: .utf8)
    let session = Session()
    try session.run(file: program.path)
    let y = zip(x, n).map { x, n in x > 0 ? log(1 + x) : x * x / Double(1 + n) }
    let home = n.map { $0 % 3 == 0 && $0 > 3 }
    let computed = try column(session, "more.y")
    #expect(zip(computed, y).allSatisfy { abs($0 - $1) <= 1e-13 * max(1, abs($1)) })
    #expect(try column(session, "more.home") == home.map { $0 ? 1 : 0 })
    let kept = y.indices.filter { home[$0] || y[$0] * 2 < 1 }
    #expect(try column(session, "some.x") == kept.map { x[$0] })
    let mean = try session.evaluate("mean(some.x)").description
    #expect(abs((Double(mean) ?? .nan) - kept.reduce(0) { $0 + x[$1] } / Double(kept.count)) < 1e-4)
  }

  @Test func missingCellsTravelThroughDerivedColumns() throws {
    let session = try session(
      "let t = table(a: [1, 2, 3], b: [1.5, 2.5, 3.5])",
      "let u = derive(t, c: if a == 2 then b else a, p: present(a))")
    #expect(try column(session, "u.c") == [1, 2.5, 3])
    #expect(try column(session, "u.p") == [1, 1, 1])
  }

  /// A set may hold names that are also functions over tables.
  @Test func symbolsMayHaveTheNamesOfFunctions() throws {
    let session = try session(
      "mdp Coin {", "  state side: {head, table} = head", "  action a: {count, stay}",
      "  side' = if a == count then table else side", "  reward if side == head then 1 else 0", "  discount 0.5", "}",
      "let best = solve(Coin)", "expect(best.value[side: head], 2, within: 1e-6)",
      "expect(best.value[side: table], 0, within: 1e-6)")
    #expect(session.expectations.count == 2)
    let failures = session.expectations.filter { !$0.passed }
    #expect(failures.isEmpty)
  }
}
