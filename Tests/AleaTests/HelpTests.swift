import AleaSemantics
import Foundation
import Testing

@testable import Alea

/// What `:help` says: a page for everything that has a name, with examples that run.
@Suite struct HelpTests {
  /// A folder of its own with the file that examples read, removed at the end.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("alea-help-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["people", "card"] {
      try "educ,lwage,wage\n12,2.5,12.1\n16,,20.3\n".write(toFile: "\(folder)/\(name).csv", atomically: true, encoding: .utf8)
    }
    try body(folder)
  }

  /// Runs an example as the prompt would, its files in a folder; what went wrong, or nil.
  private func failure(of example: String, in session: Session, folder: String) -> String? {
    let text = example.replacing(/"([a-z]+\.(?:csv|svg))"/) { "\"\(folder)/\($0.1)\"" }
    do {
      try session.enter(text, name: "<example>") { _ in }
      return nil
    } catch let error as DiagnosticError {
      return error.diagnostics.map(\.message).joined(separator: "; ")
    } catch {
      return "\(error)"
    }
  }

  /// What papers call a method for short leads to it, in help and in errors; no two methods share an abbreviation.
  @Test func abbreviationsLeadToNames() throws {
    let session = Session()
    #expect(session.help(for: "AIPW") == session.help(for: "AugmentedInverseProbabilityWeighting"))
    #expect(failure(of: "OLS()", in: session, folder: "") == "there is no function `OLS`")
    do {
      try session.enter("print(IPW())", name: "<example>") { _ in }
      Issue.record("`IPW` has no meaning of its own")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.map(\.label) == ["did you mean `InverseProbabilityWeighting`?"])
    }
    let all = session.environment.names.flatMap { name -> [String] in
      guard case .native(let native)? = session.environment[name]?.kind else { return [] }
      return native.abbreviations
    }
    #expect(all.count > 20 && Set(all).count == all.count)
    #expect(all.allSatisfy { session.environment[$0] == nil })
  }

  @Test func topicsHaveExamplesThatRun() throws {
    try withFolder { folder in
      for topic in HelpTopic.all {
        let failure = failure(of: topic.example, in: Session(), folder: folder)
        #expect(failure == nil, "\(topic.names[0]): \(failure ?? "")")
      }
    }
  }

  @Test func functionsHaveExamplesThatRun() throws {
    try withFolder { folder in
      let session = Session()
      try session.enter("import std.tour", name: "<example>") { _ in }
      for builtin in Builtin.all {
        let failure = failure(of: builtin.example, in: session, folder: folder)
        #expect(failure == nil, "\(builtin.name): \(failure ?? "")")
      }
      for name in session.environment.names {
        guard case .native(let native)? = session.environment[name]?.kind else { continue }
        #expect(!native.example.isEmpty, "\(name) has no example")
        #expect(!native.documentation.isEmpty, "\(name) has no documentation")
        let failure = failure(of: native.example, in: session, folder: folder)
        #expect(failure == nil, "\(name): \(native.example): \(failure ?? "")")
      }
    }
  }

  @Test func everythingThatHasANameHasAPage() throws {
    let session = Session()
    try session.enter("import std.tour", name: "<example>") { _ in }
    for name in session.helpNames + EntryText.keywords { #expect(session.help(for: name) != nil, "\(name)") }
    #expect(session.help(for: "Inventory.stock") == "Inventory.stock: a variable of Inventory")
    #expect(session.help(for: "Inventory.stok") == nil)
    #expect(session.help(for: "std.tour")?.contains("BaseStock") == true)
  }

  @Test func namesOfTheEntryAtHandComplete() throws {
    let found = Session().completions(in: "  reward inven", at: 14, after: "mdp M {\n  state inventory: 0..3 = 0")
    #expect(found.choices.map(\.text) == ["inventory"])
    #expect(found.start == 9)
    // What asks questions and reads tables is not for models: nothing stops at `head`.
    let model = Session().completions(
      in: "  done' = hea", at: 13, after: "mdp M {\n  state done: Bool = false\n  heads ~ Bernoulli(0.5)")
    #expect(model.choices.map(\.text) == ["heads"])
    #expect(Session().completions(in: "hea", at: 3).choices.map(\.text) == ["head"])
    #expect(Session().completions(in: "  d ~ Poi", at: 9, after: "mdp M {").choices.map(\.text) == ["Poisson"])
  }

  @Test func theToleranceOfTheSessionHoldsWhereAQuestionNamesNone() throws {
    var configuration = Session.Configuration()
    configuration.tolerance = 0.5
    let session = Session(configuration: configuration)
    try session.enter("import std.tour", name: "<example>") { _ in }
    var bounds: [Double] = []
    for method in ["ValueIteration()", "ValueIteration(tolerance: 1e-7)"] {
      try session.enter("solve(Inventory, by: \(method)).bound", name: "<example>") { reply in
        if case .real(let bound)? = reply.value { bounds.append(bound) }
      }
    }
    #expect(bounds.count == 2)
    #expect(bounds[0] <= 0.5 && bounds[0] > 1e-7 && bounds[1] <= 1e-7)
  }
}
