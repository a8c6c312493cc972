import Foundation
import Testing

@testable import AleaSyntax

/// What must hold for the layout of any program.
enum LayoutProperties {
  /// The differences between what formatting may change and what it did change, in words.
  static func violations(of text: String) -> [String] {
    let file = SourceFile(id: FileID(index: 0), name: "test.alea", text: text)
    let formatted: String
    do {
      formatted = try Formatter.format(file)
    } catch {
      return ["not formatted: \(error.diagnostics.map(\.message))"]
    }
    var result: [String] = []
    let again = SourceFile(id: FileID(index: 0), name: "test.alea", text: formatted)
    if tokens(again) != tokens(file) { result.append("the tokens changed") }
    if comments(again) != comments(file) { result.append("the comments changed") }
    if (try? Formatter.format(again)) != formatted { result.append("formatting again changes the text") }
    let lines = formatted.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.contains(where: { $0.last == " " }) { result.append("space at the end of a line") }
    if formatted.contains("\n\n\n") || formatted.hasPrefix("\n") || formatted.hasSuffix("\n\n") {
      result.append("too many blank lines")
    }
    if !formatted.isEmpty, !formatted.hasSuffix("\n") { result.append("no final line end") }
    return result
  }

  private static func tokens(_ file: SourceFile) -> [String] {
    Lexer.tokens(of: file.bytes).dropLast().map { token in
      (token.startsLine ? "\n" : "") + file.text(in: SourceSpan(file: file.id, start: token.start, end: token.end))
    }
  }

  /// Each comment with the number of the token it follows, and whether it follows on that token's line.
  private static func comments(_ file: SourceFile) -> [String] {
    var result: [String] = []
    var end = 0
    for (index, token) in Lexer.tokens(of: file.bytes).enumerated() {
      let gap = String(decoding: file.bytes[end..<Int(token.start)], as: UTF8.self)
      for (number, line) in gap.replacingOccurrences(of: "\r\n", with: "\n").components(separatedBy: "\n").enumerated() {
        let text = line.trimmingCharacters(in: .whitespaces)
        if text.hasPrefix("//") { result.append("\(index) \(number == 0 && index > 0) \(text)") }
      }
      end = Int(token.end)
    }
    return result
  }
}

@Suite struct FormatterTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Every program of the repository that is meant to be right.
  static let programs: [String] = ["Examples", "StdLib", "Tests/AleaSyntaxTests/Samples"].flatMap { folder in
    ((try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)) ?? [])
      .filter { $0.hasSuffix(".alea") }.sorted().map { "\(folder)/\($0)" }
  }

  static func format(_ text: String) throws -> String {
    try Formatter.format(SourceFile(id: FileID(index: 0), name: "test.alea", text: text))
  }

  @Test func thereArePrograms() { #expect(Self.programs.count >= 15) }

  @Test(arguments: programs) func keepsWhatProgramsSay(_ name: String) throws {
    let text = try String(contentsOf: Self.root.appendingPathComponent(name), encoding: .utf8)
    for violation in LayoutProperties.violations(of: text) { Issue.record("\(name): \(violation)") }
  }

  @Test(arguments: [
    ("let  x=1", "let x = 1\n"),
    ("let x = - 1+-2 ^ - y", "let x = -1 + -2 ^ -y\n"),
    ("print( f (x ,y : 2) [ 3 ] . a )", "print(f(x, y: 2)[3].a)\n"),
    ("enum Side {left,right}", "enum Side { left, right }\n"),
    ("let s = { left , right }|{ up:0.5 }", "let s = {left, right} | {up: 0.5}\n"),
    ("let r = 0 .. n-1", "let r = 0..n - 1\n"),
    ("let m = match x {a=>1,_=>-1}", "let m = match x { a => 1, _ => -1 }\n"),
    (
      "mdp M( ) {\nstate  x :0..3=0\n\n\n\n  x'=x;reward -x // earned\n}",
      "mdp M() {\n  state x: 0..3 = 0\n\n  x' = x; reward -x  // earned\n}\n"
    ),
    ("mdp M {}", "mdp M {}\n"),
    ("\u{FEFF}\n\n\nlet x = 1\r\n\r\n\r\n", "let x = 1\n"),
    ("", ""),
    ("   // only a comment  ", "// only a comment\n"),
    (
      "let a = 1 // one\nlet bc = 22   // two\n\nlet d = 3//three",
      "let a = 1    // one\nlet bc = 22  // two\n\nlet d = 3  //three\n"
    ),
    ("let x = if a then 1\nelse if b then 2\n else 3", "let x = if a then 1\n        else if b then 2\n        else 3\n"),
    ("let x = f(\na,\n{\nb\n})", "let x = f(\n  a,\n  {\n    b\n  })\n"),
    ("let x = f(a, [\n1,\n2\n])", "let x = f(a, [\n  1,\n  2\n])\n"),
    ("let x = a +\nb", "let x = a +\n  b\n"),
    ("let x = f(a\n// why\n, b)", "let x = f(a\n  // why\n  , b)\n"),
    ("mdp M {\n// first\n\nstate x: Bool\n// last\n}", "mdp M {\n  // first\n\n  state x: Bool\n  // last\n}\n"),
    ("causal C { a->{b,c}; d<->e }", "causal C { a -> {b, c}; d <-> e }\n"),
    (
      "policy P for M { after { if x>0 {\ny+=1 }\nelse {y-=1} } }",
      "policy P for M { after { if x > 0 {\n  y += 1 }\n                         else { y -= 1 } } }\n"
    ),
  ])
  func laysOut(_ text: String, _ expected: String) throws {
    #expect(try Self.format(text) == expected)
    #expect(LayoutProperties.violations(of: text) == [])
  }

  @Test func leavesBrokenProgramsAlone() {
    #expect(throws: DiagnosticError.self) { try Self.format("let x = (1") }
    #expect(throws: DiagnosticError.self) {
      try Formatter.format(SourceFile(id: FileID(index: 0), name: "test.alea", bytes: Array("// ".utf8) + [0xFF]))
    }
  }
}
