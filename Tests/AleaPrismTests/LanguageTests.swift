import Alea
import Foundation
import Testing

/// PRISM models in programs of Alea.
@Suite struct LanguageTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let examples =
    (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("Examples/prism").path))?
    .filter { $0.hasSuffix(".alea") }.sorted() ?? []

  @Test(arguments: examples) func examplesMeetTheirExpectations(_ name: String) throws {
    let session = Session()
    session.isSilent = true
    let path = Self.root.appendingPathComponent("Examples/prism/" + name).path
    #expect(session.check(file: path).isEmpty)
    try session.run(file: path)
    #expect(!session.expectations.isEmpty)
    for expectation in session.expectations { #expect(expectation.passed, "\(expectation.diagnostic.message)") }
    let (original, formatted) = try session.format(file: path)
    #expect(original == formatted)
  }

  static func run(_ text: String) throws -> Session {
    let session = Session()
    session.isSilent = true
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["consensus.2.prism", "consensus.props"] {
      try FileManager.default.copyItem(
        atPath: Reference.folder + "/mdp/consensus/" + name, toPath: folder.appendingPathComponent(name).path)
    }
    let program = folder.appendingPathComponent("program.alea")
    try text.write(to: program, atomically: true, encoding: .utf8)
    try session.run(file: program.path)
    return session
  }

  @Test func aModelIsAModelOfTheLanguage() throws {
    let session = try Self.run(
      """
      let m = read("consensus.2.prism", K: 2)
      expect(size(m).states, 272)
      expect(size(m).choices, 400)
      expect(size(m).transitions, 492)
      expect(probability(of: pc1 == 3 and pc2 == 3, in: m).start, 1, within: 1e-6)
      expect(solve(m, property: "Pmax=? [ F pc1=3 & pc2=3 & coin1!=coin2 ]").start, 13 / 120, within: 1e-7)
      expect(solve(m, property: "disagree").start, 13 / 120, within: 1e-7)
      """)
    #expect(session.expectations.count == 6 && session.expectations.allSatisfy(\.passed))
  }

  /// A name alone is looked up beside the model: in files that begin as it does, else in all.
  @Test func propertiesBesideTheModel() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ text: String) throws {
      try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
    func ask(_ property: String) throws -> Double {
      let session = Session()
      session.isSilent = true
      return try session.run(prism: folder.appendingPathComponent("coin.2.prism").path, properties: [property])[0].start
    }
    func message(_ property: String) -> String? {
      do {
        _ = try ask(property)
        return nil
      } catch {
        return (error as? DiagnosticError)?.diagnostics.first?.message
      }
    }
    try write("coin.2.prism", "dtmc module m x : [0..2]; [] x=0 -> 0.25:(x'=1) + 0.75:(x'=2); endmodule")
    #expect(message("one") == "`one` is not a property")
    try write("other.props", "\"one\": P=? [ F x=1 ];")
    #expect(try ask("one") == 0.25)
    try write("coin.props", "\"one\": P=? [ F x=2 ];")
    #expect(try ask("one") == 0.75)
    #expect(message("two") == "`two` is not a property")
    try write("coin.2.pctl", "\"one\": P=? [ F x=1 ];")
    #expect(message("one")?.hasPrefix("several files beside the model have a property \"one\"") == true)
    // What cannot be read may have the name; what was found elsewhere is found all the same.
    try write("coin.2.csl", "\"two\": P=? [ F x=1 ;\n\"three\": P=? [ X x=2 ];")
    try write("coin.2.ltl", "\"four\": P=? [ X x=2 ];")
    #expect(message("two") == "expected `]` after what is asked, found `;`")
    #expect(try ask("four") == 0.75)
    try write("empty.props", "const int k = 2;")
    #expect(message(folder.appendingPathComponent("empty.props").path)?.hasPrefix("there is no property in `") == true)
    #expect(message("coin.properties") == "there is no file `coin.properties`")
  }

  static let wrong: [(program: String, message: String)] = [
    ("read(\"missing.prism\")", "there is no file `missing.prism`"),
    ("read(\"consensus.2.prism\", header: true)", "`header` belongs to tables, and `consensus.2.prism` is a PRISM model"),
    ("solve(read(\"consensus.2.prism\", K: \"two\"))", "the constant `K` is a number or true or false, and this is a string"),
    ("size(read(\"consensus.2.prism\", k: 2))", "the model has no constant `k`"),
    ("solve(read(\"consensus.2.prism\", K: 2), property: \"disagre\")", "`disagre` is not a property"),
    (
      "solve(read(\"consensus.2.prism\", K: 2), property: \"disagre\", properties: \"consensus.props\")",
      "has no property \"disagre\""
    ),
    (
      "solve(read(\"consensus.2.prism\", K: 2), properties: \"consensus.props\")",
      "`properties` needs `property`, the name of one"
    ),
    ("solve(read(\"consensus.2.prism\", K: 2), property: 3)", "`property` is a string: a property, or the name of one"),
    ("solve(read(\"consensus.2.prism\", K: 2))", "`consensus.2` does not say what is to be achieved"),
    (
      "solve(read(\"consensus.2.prism\", K: 2), property: \"Pmax=? [ F x=1 ]\", by: ValueIteration())",
      "`by` and `property` do not go together"
    ),
    (
      "bandit B { action a: 0..1\n reward ~ Bernoulli(0.5)\n horizon 3 }\nsolve(B, property: \"P=? [ F a=1 ]\")",
      "`property` asks about a decision process"
    ),
  ]

  @Test(arguments: wrong.indices) func mistakesAreTold(_ index: Int) {
    let each = Self.wrong[index]
    do {
      _ = try Self.run(each.program)
      Issue.record("\(each.program) runs")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.contains { $0.message.hasSuffix(each.message) }, "\(error.diagnostics.map(\.message))")
    } catch {
      Issue.record("\(error)")
    }
  }
}
