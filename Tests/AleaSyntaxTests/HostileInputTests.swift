import Testing

@testable import AleaSyntax

/// Texts that nobody writes.
@Suite struct HostileInputTests {
  private static func diagnostics(_ bytes: [UInt8]) -> [Diagnostic] {
    Parser.parseProgram(SourceFile(id: FileID(index: 0), name: "test.alea", bytes: bytes)).diagnostics
  }

  @Test(arguments: [
    "(", "[", "{", "if ", "- ", "not ", "a ^ ", "f(", "a[", "sum(i in s: ", "[i in s: ", "match a { b => ", "a.b + (", "\"\\(",
  ])
  func deepNesting(_ piece: String) {
    let text = "let x = " + String(repeating: piece, count: 100_000)
    #expect(Self.diagnostics(Array(text.utf8)).count == 1)
  }

  @Test(arguments: [")", "]", "}", "else ", "= ", "| ", "' ", "\" ", "; ", ".. "])
  func manyOfWhatBeginsNothing(_ piece: String) {
    _ = Self.diagnostics(Array(String(repeating: piece, count: 100_000).utf8))
  }

  @Test func longLine() {
    let sum = "let x = [" + String(repeating: "1 + a, ", count: 150_000) + "2]"
    #expect(sum.utf8.count > 1_000_000)
    #expect(Self.diagnostics(Array(sum.utf8)).isEmpty)
    #expect(Self.diagnostics(Array(("let x = " + String(repeating: "a", count: 1_000_000)).utf8)).isEmpty)
  }

  @Test func brokenEncoding() {
    for bytes: [UInt8] in [[0xFF], [0xC3], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xED, 0xA0, 0x80]] {
      _ = Self.diagnostics(Array("let x = ".utf8) + bytes + Array(" + 1\n".utf8))
      _ = Self.diagnostics(bytes)
    }
  }

  @Test func zeroBytes() {
    #expect(Self.diagnostics([0]).count == 1)
    #expect(Self.diagnostics(Array("let x = 1\0".utf8)).count == 1)
    #expect(!Self.diagnostics([UInt8](repeating: 0, count: 10_000)).isEmpty)
  }

  @Test(arguments: UInt64(1)...10) func noise(_ seed: UInt64) {
    var random = SplitMix64(state: seed)
    for _ in 0..<100 {
      let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      for diagnostic in Self.diagnostics(bytes) {
        let end = diagnostic.span.map { Int($0.end) } ?? 0
        #expect(end <= bytes.count)
      }
    }
  }
}
