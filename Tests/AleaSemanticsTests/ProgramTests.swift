import AleaModel
import AleaSyntax
import Foundation
import Testing

@testable import AleaSemantics

/// Files beside the importing one, and no library.
final class FolderLoader: ModuleLoader {
  var sources = SourceMap()
  let folder: URL
  init(_ folder: URL) { self.folder = folder }

  func file(_ path: String, from importer: FileID) throws -> SourceFile {
    guard let data = try? Data(contentsOf: folder.appendingPathComponent(path)) else {
      throw ValueError("there is no file `\(path)`")
    }
    return sources.add(name: path, bytes: Array(data))
  }

  func module(_ name: String) -> SourceFile? { nil }
  var moduleNames: [String] { ["policies", "problems"] }
}

/// What the comments of a program demand: `// error: words` on the line, `// error on line 3: words` from elsewhere, and `// warning:`.
struct Expectations {
  struct Item {
    var severity: Diagnostic.Severity
    var line: Int
    var words: String
  }
  var items: [Item] = []

  init(_ text: String) {
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      if let match = line.firstMatch(of: /\/\/ (error|warning|note): (.+)$/) {
        items.append(Item(severity: .init(rawValue: String(match.1)) ?? .error, line: index + 1, words: String(match.2)))
      } else if let match = line.firstMatch(of: /\/\/ (error|warning|note) on line (\d+): (.+)$/) {
        items.append(
          Item(severity: .init(rawValue: String(match.1)) ?? .error, line: Int(match.2) ?? 0, words: String(match.3)))
      }
    }
  }

  /// The differences between what is demanded and what was said, in words; the first mentions of a line stand for its others.
  func differences(from diagnostics: [Diagnostic], in sources: SourceMap) -> [String] {
    var unmet = items
    var result: [String] = []
    for diagnostic in diagnostics {
      let line = diagnostic.span.flatMap { span in sources[span.file].map { $0.position(of: span.start).line } } ?? 0
      let said = ([diagnostic.message, diagnostic.label] + diagnostic.notes).joined(separator: "\n")
      if let index = unmet.firstIndex(where: {
        $0.line == line && $0.severity == diagnostic.severity && said.contains($0.words)
      }) {
        unmet.remove(at: index)
      } else {
        result.append("unexpected: " + DiagnosticRenderer(sources: sources, color: false).render(diagnostic))
      }
    }
    return result + unmet.map { "missing \($0.severity) on line \($0.line): \($0.words)" }
  }
}

/// The functions that the library would supply: enough of them for programs to be checked.
func queryEnvironment() -> Environment {
  let environment = Environment()
  func add(_ function: NativeFunction) { environment[function.name] = Binding(.native(function)) }
  add(
    NativeFunction(
      "solve",
      [NativeParameter("model", isPositional: true, "the model"), NativeParameter("by", default: "automatic", "the method")],
      returns: "a solution", isQuery: true, documentation: "Solves a model."
    ) { _ in .nothing })
  add(
    NativeFunction(
      "evaluate", [NativeParameter("policy", isPositional: true, "the policy"), NativeParameter("in", "the model")],
      returns: "a solution", isQuery: true, documentation: "Evaluates a policy."
    ) { _ in .nothing })
  add(
    NativeFunction(
      "probability",
      [
        NativeParameter("of", kind: .modelExpression, "the condition"), NativeParameter("in", "the model"),
        NativeParameter("maximize", default: "true", "the most or the least"),
      ],
      returns: "a number", isQuery: true, documentation: "Reachability."
    ) { _ in .nothing })
  add(
    NativeFunction(
      "print", [NativeParameter("values", kind: .variadic, "what to show")], returns: "nothing", isQuery: true,
      documentation: "Shows values."
    ) { _ in .nothing })
  for name in ["plot", "size"] {
    add(
      NativeFunction(
        name, [NativeParameter("of", isPositional: true, "what")], returns: "an answer", isQuery: true, documentation: "Asks."
      ) { _ in .nothing })
  }
  for name in ["ValueIteration", "PolicyIteration", "RelativeValueIteration", "LinearProgramming"] {
    add(
      NativeFunction(
        name, [NativeParameter("tolerance", default: "1e-6", "how near")], returns: "a method", isQuery: true,
        documentation: "A method."
      ) { _ in .nothing })
  }
  add(
    NativeFunction(
      "expect",
      [
        NativeParameter("value", isPositional: true, "the value"),
        NativeParameter("expected", isPositional: true, default: "true", "what it should be"),
        NativeParameter("within", default: "0", "how near"),
      ], returns: "nothing", isQuery: true, documentation: "Checks."
    ) { _ in .nothing })
  return environment
}

/// Checks the text of a file, with everything that was said.
func check(_ text: String, name: String = "program.alea", folder: URL = URL(fileURLWithPath: "/")) -> ([Diagnostic], SourceMap) {
  let loader = FolderLoader(folder)
  let file = loader.sources.add(name: name, bytes: Array(text.utf8))
  let (program, parsing) = Parser.parseProgram(file)
  let found = Checker.check(program, in: Environment(parent: queryEnvironment()), loader: loader)
  return (Checker.inOrder(parsing + found), loader.sources)
}

@Suite struct ProgramTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Programs/Semantics")

  static let programs: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".alea") }.sorted()

  @Test func thereAreManyPrograms() { #expect(Self.programs.count >= 60) }

  @Test(arguments: programs) func saysWhatIsWrong(_ name: String) throws {
    let text = String(decoding: try Data(contentsOf: Self.folder.appendingPathComponent(name)), as: UTF8.self)
    let (diagnostics, sources) = check(text, name: name, folder: Self.folder)
    for difference in Expectations(text).differences(from: diagnostics, in: sources) { Issue.record("\(name): \(difference)") }
  }

  /// Every example of the project is accepted without a word.
  @Test func examplesAreAccepted() throws {
    let folder = Self.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".alea") }.sorted()
    #expect(!names.isEmpty)
    for name in names {
      let text = String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
      let (diagnostics, sources) = check(text, name: name, folder: folder)
      for diagnostic in diagnostics {
        Issue.record("\(name): \(DiagnosticRenderer(sources: sources, color: false).render(diagnostic))")
      }
    }
  }
}
