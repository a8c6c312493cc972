import Foundation
import Testing

@testable import AleaSyntax

/// What the comments of a program in `Tests/Programs` demand.
struct ProgramExpectations {
  var errors: [(line: Int, words: String)] = []

  init(_ text: String) {
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      if let match = line.firstMatch(of: /\/\/ error: (.+)$/) {
        errors.append((index + 1, String(match.1)))
      } else if let match = line.firstMatch(of: /\/\/ error on line (\d+): (.+)$/) {
        errors.append((Int(match.1) ?? 0, String(match.2)))
      }
    }
  }

  /// The differences between what is demanded and what was said, in words.
  func differences(from diagnostics: [Diagnostic], in file: SourceFile) -> [String] {
    var unmet = errors
    var result: [String] = []
    for diagnostic in diagnostics where diagnostic.severity == .error {
      let line = diagnostic.span.map { file.position(of: $0.start).line } ?? 0
      let said = ([diagnostic.message, diagnostic.label] + diagnostic.notes).joined(separator: "\n")
      if let index = unmet.firstIndex(where: { $0.line == line && said.contains($0.words) }) {
        unmet.remove(at: index)
      } else {
        result.append("unexpected on line \(line): \(said)")
      }
    }
    return result + unmet.map { "missing on line \($0.line): \($0.words)" }
  }
}

@Suite struct ProgramTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Programs/Syntax")

  static let programs: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".alea") }.sorted()

  @Test func thereAreManyPrograms() { #expect(Self.programs.count >= 60) }

  @Test(arguments: programs) func saysWhatIsWrong(_ name: String) throws {
    let data = try Data(contentsOf: Self.folder.appendingPathComponent(name))
    let file = SourceFile(id: FileID(index: 0), name: name, bytes: Array(data))
    let (_, diagnostics) = Parser.parseProgram(file)
    for difference in ProgramExpectations(String(decoding: data, as: UTF8.self)).differences(from: diagnostics, in: file) {
      Issue.record("\(name): \(difference)")
    }
  }
}
