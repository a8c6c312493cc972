import Alea
import Foundation
import Testing

/// What the comments of a program in `Tests/Programs` demand.
struct ProgramExpectations {
  var demands: [(severity: String, line: Int, words: String)] = []

  init(_ text: String) {
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      if let match = line.firstMatch(of: /\/\/ (error|warning|note): (.+)$/) {
        demands.append((String(match.1), index + 1, String(match.2)))
      } else if let match = line.firstMatch(of: /\/\/ (error|warning|note) on line (\d+): (.+)$/) {
        demands.append((String(match.1), Int(match.2) ?? 0, String(match.3)))
      }
    }
  }

  /// The differences between what is demanded and what was said, in words.
  func differences(from diagnostics: [Diagnostic], line: (SourceSpan) -> Int?) -> [String] {
    var unmet = demands
    var result: [String] = []
    for diagnostic in diagnostics {
      let line = diagnostic.span.flatMap(line) ?? 0
      let said = ([diagnostic.message, diagnostic.label] + diagnostic.notes).joined(separator: "\n")
      if let index = unmet.firstIndex(where: {
        $0.severity == diagnostic.severity.rawValue && $0.line == line && said.contains($0.words)
      }) {
        unmet.remove(at: index)
      } else {
        result.append("unexpected \(diagnostic.severity.rawValue) on line \(line): \(said)")
      }
    }
    return result + unmet.map { "missing \($0.severity) on line \($0.line): \($0.words)" }
  }
}

/// Every program of `Tests/Programs` gets the messages that its comments state, where they state them, and no others.
@Suite struct ProgramTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Programs")

  static let programs: [String] = ["Syntax", "Semantics", "Running"].flatMap { kind in
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(kind).path)) ?? []
    return files.filter { $0.hasSuffix(".alea") }.sorted().map { "\(kind)/\($0)" }
  }

  @Test func thereAreManyPrograms() { #expect(Self.programs.count >= 125) }

  @Test(arguments: programs) func saysWhatIsWrong(_ name: String) throws {
    let path = Self.folder.appendingPathComponent(name).path
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let session = Session()
    var diagnostics = session.check(file: path)
    // What only running shows.
    if !diagnostics.contains(where: { $0.severity == .error }) {
      do {
        try session.run(file: path)
        // Running checks once more; what checking said is not news.
        diagnostics += session.takeWarnings().filter { warning in !diagnostics.contains { $0.message == warning.message } }
      } catch let error as DiagnosticError {
        diagnostics += error.diagnostics
      }
      diagnostics += session.expectations.filter { !$0.passed }.map(\.diagnostic)
    }
    let differences = ProgramExpectations(text).differences(from: Checker.inOrder(diagnostics)) { span in
      session.sources[span.file]?.position(of: span.start).line
    }
    for difference in differences { Issue.record("\(name): \(difference)") }
  }

  /// Every example of the project is accepted without a word.
  @Test func examplesAreAccepted() throws {
    let examples = Self.folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Examples")
    let names = try FileManager.default.contentsOfDirectory(atPath: examples.path).filter { $0.hasSuffix(".alea") }
    #expect(!names.isEmpty)
    for name in names {
      let said = Session().check(file: examples.appendingPathComponent(name).path)
      #expect(said.isEmpty, "\(name): \(said.map(\.message))")
    }
  }
}
