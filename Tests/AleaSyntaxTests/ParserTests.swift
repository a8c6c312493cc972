import AleaSyntax
import Foundation
import Testing

@Suite struct ParserTests {
  static let samples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Samples")

  static func parse(_ text: String) -> (program: AST.Program, diagnostics: [Diagnostic]) {
    Parser.parseProgram(SourceFile(id: FileID(index: 0), name: "test.alea", text: text))
  }

  @Test func parsesThePageThatDescribesTheLanguage() throws {
    let text = try String(contentsOf: Self.samples.appendingPathComponent("language.alea"), encoding: .utf8)
    let (program, diagnostics) = Self.parse(text)
    let file = SourceFile(id: FileID(index: 0), name: "language.alea", text: text)
    for diagnostic in diagnostics {
      let position = diagnostic.span.map { file.position(of: $0.start) }
      Issue.record("line \(position?.line ?? 0): \(diagnostic.message)")
    }
    // Independent count: the lines that begin a model, policy, binding or enumeration.
    let words: Set<Substring> = ["mdp", "bandit", "causal", "moments", "policy", "let", "enum"]
    let begun = text.split(separator: "\n").filter { words.contains($0.prefix { $0.isLetter }) }.count
    let parsed = program.items.filter { item in
      switch item.kind {
      case .model, .policy, .binding, .enumeration: true
      default: false
      }
    }
    #expect(parsed.count == begun)
  }
}
