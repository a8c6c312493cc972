import Alea
import Foundation
import Testing

/// Models with mistakes: each message stands in a comment `// error: ...` on the line it belongs to.
@Suite struct WrongModelTests {
  static let files = (try? FileManager.default.contentsOfDirectory(atPath: Reference.folder + "/wrong"))?.sorted() ?? []

  struct Message: Hashable, CustomStringConvertible {
    var line: Int
    var text: String
    var description: String { "\(line): \(text)" }
  }

  static func expected(_ text: String) -> [Message] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { index, line in
      line.components(separatedBy: "// error: ").dropFirst().map {
        Message(line: index + 1, text: $0.trimmingCharacters(in: .whitespaces))
      }
    }
  }

  /// Everything wrong with a model, states included.
  static func found(_ file: SourceFile) -> [Diagnostic] {
    let (model, syntax) = PrismParser.parseModel(file)
    if syntax.contains(where: { $0.severity == .error }) { return syntax }
    do {
      let program = try PrismProgram(model, name: "wrong")
      do {
        _ = try Explorer.explore(program.process)
        return []
      } catch let error as DiagnosticError {
        var faults = error.diagnostics
        for index in faults.indices { program.locate(&faults[index]) }
        return faults
      }
    } catch let error as DiagnosticError {
      return error.diagnostics.filter { $0.severity == .error }
    } catch {
      return [.error("\(error)", at: nil)]
    }
  }

  @Test func thereAreModels() { #expect(Self.files.count >= 25) }

  @Test(arguments: files) func messagesAreTheExpectedOnes(_ name: String) throws {
    let file = try Reference.file("wrong/" + name)
    let expected = Self.expected(String(decoding: file.bytes, as: UTF8.self))
    let found = Self.found(file).map { Message(line: $0.span.map { file.position(of: $0.start).line } ?? 0, text: $0.message) }
    #expect(expected.count == found.count, "found \(found)")
    for message in expected {
      #expect(found.contains { $0.line == message.line && $0.text.hasPrefix(message.text) }, "\(message) is missing in \(found)")
    }
  }

  @Test func faultsOfStatesNameTheState() throws {
    let sum = Self.found(try Reference.file("wrong/sum-in-a-state.prism"))
    #expect(sum.first?.notes.contains { $0.contains("x = 1") || $0.contains("x = 2") } == true, "\(sum)")
    let range = Self.found(try Reference.file("wrong/leaves-its-range.prism"))
    #expect(range.first?.notes.contains { $0.contains("x = 3") } == true, "\(range)")
    #expect(range.first?.notes.contains { $0.contains("command = up") } == true, "\(range)")
  }
}
