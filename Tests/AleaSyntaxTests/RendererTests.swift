import Foundation
import Testing

@testable import AleaSyntax

@Suite struct RendererTests {
  /// A message at the first place of a piece of the text.
  private static func rendered(
    _ text: String, at piece: String, label: String = "here", secondary: [(String, String)] = [], notes: [String] = [],
    width: Int? = nil
  ) throws -> (lines: [String], json: [String: Any]) {
    var sources = SourceMap()
    let file = sources.add(name: "test.alea", bytes: Array(text.utf8))
    func span(_ piece: String) throws -> SourceSpan {
      let range = try #require(text.range(of: piece))
      let start = text.utf8.distance(from: text.utf8.startIndex, to: range.lowerBound)
      return SourceSpan(file: file.id, start: Int32(start), end: Int32(start + piece.utf8.count))
    }
    let diagnostic = Diagnostic.error(
      "wrong", at: try span(piece), label: label, secondary: try secondary.map { Diagnostic.Label(try span($0.0), $0.1) },
      notes: notes, fixIts: [.init(try span(piece), replacement: "\"\\\n\t\u{1}")])
    let renderer = DiagnosticRenderer(sources: sources, color: false, width: width)
    let json = try JSONSerialization.jsonObject(with: Data(renderer.json(diagnostic).utf8)) as? [String: Any]
    return (renderer.render(diagnostic).components(separatedBy: "\n"), try #require(json))
  }

  @Test func plain() throws {
    let (lines, json) = try Self.rendered(
      "let a = 1\nlet b = ordr\n", at: "ordr", label: "did you mean `order`?", notes: ["a note"])
    #expect(
      lines == [
        "error: wrong", " --> test.alea:2:9", "  |", "2 | let b = ordr", "  |         ^^^^ did you mean `order`?", "  = a note",
      ])
    #expect(json["line"] as? Int == 2)
    #expect(json["column"] as? Int == 9)
    #expect(json["endColumn"] as? Int == 13)
    #expect(json["notes"] as? [String] == ["a note"])
    let fixes = try #require(json["fixes"] as? [[String: Any]])
    #expect(fixes[0]["replacement"] as? String == "\"\\\n\t\u{1}")
  }

  /// In a terminal lines end between words: what is said of a place stands below it, notes go on under their beginning.
  @Test func fitsTheTerminal() throws {
    let line = "let total = " + (1...30).map { "part\($0)" }.joined(separator: " + ") + " + ordr"
    let label = "nothing has this name, and there is no part of the model that is like it"
    let note = "the parts of the model are listed by `:names`, and its documentation by `:help`\n    a drawing   stays"
    let (lines, _) = try Self.rendered(line, at: "ordr", label: label, notes: [note], width: 60)
    #expect(lines.allSatisfy { $0.count <= 60 }, "\(lines)")
    #expect(lines[3].hasSuffix("ordr") && lines[4].hasSuffix(" ^^^^") && lines[3].count == lines[4].count, "\(lines)")
    let text = lines.map { $0.drop { " |=".contains($0) } }.joined(separator: " ")
    #expect(text.contains(label) && text.contains("documentation by `:help`"))
    #expect(lines.last == "        a drawing   stays")
    let (whole, _) = try Self.rendered(line, at: "ordr", label: label, notes: [note])
    #expect(
      whole.contains { $0.hasSuffix("^^^^ " + label) }
        && whole.contains { $0.hasPrefix("  = the parts") && $0.hasSuffix("`:help`") })
  }

  /// The marks stand below the piece, whatever stands before it.
  @Test(arguments: [("\t\tbad + 1", 4), ("数学 = bad", 7), ("é = bad", 4), ("e\u{301} = bad", 4), ("🎲 bad", 3)])
  func marksStandBelow(_ text: String, _ column: Int) throws {
    let (lines, _) = try Self.rendered(text, at: "bad")
    #expect(lines[4] == "  | " + String(repeating: " ", count: column) + "^^^ here")
  }

  /// A place of several lines is marked on its first one.
  @Test func severalLines() throws {
    let (lines, json) = try Self.rendered("let a = (1 +\n  2)\n", at: "(1 +\n  2)")
    #expect(lines[3] == "1 | let a = (1 +")
    #expect(lines[4] == "  |         ^^^^ here")
    #expect(json["endLine"] as? Int == 2)
  }

  @Test func severalPlaces() throws {
    let text = String(repeating: "\n", count: 8) + "let a = (1\nlet b = 2\n"
    let (lines, json) = try Self.rendered(text, at: "let b", secondary: [("(", "to match this `(`")])
    #expect(lines.contains("10 | let b = 2"))
    #expect(lines.contains(" 9 | let a = (1"))
    #expect(lines.last == "   |         - to match this `(`")
    #expect((json["secondary"] as? [[String: Any]])?.count == 1)
  }

  /// A very long line is cut around the place; the marks are still below it.
  @Test func longLine() throws {
    let (lines, _) = try Self.rendered(
      String(repeating: "x + ", count: 1_000) + "bad" + String(repeating: " + y", count: 1_000), at: "bad")
    let marks = try #require(lines[4].firstIndex(of: "^"))
    let column = lines[4].distance(from: lines[4].startIndex, to: marks)
    #expect(lines[3].count < 200)
    #expect(lines[3].dropFirst(column).hasPrefix("bad"))
  }

  /// Control characters never reach the terminal.
  @Test func controlCharacters() throws {
    let (lines, _) = try Self.rendered("let \u{1B}[31m = bad", at: "bad")
    #expect(!lines.joined().unicodeScalars.contains { $0.value < 0x20 })
  }
}
