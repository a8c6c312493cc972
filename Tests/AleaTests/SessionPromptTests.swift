import Alea
import Testing

/// A session that is told one thing after another, as at a prompt.
@Suite struct SessionPromptTests {
  private func replies(_ session: Session, _ text: String) throws -> [SessionReply] {
    var result: [SessionReply] = []
    try session.enter(text) { result.append($0) }
    return result
  }

  private func shown(_ session: Session, _ text: String) throws -> String {
    try replies(session, text).compactMap { $0.value.map { session.text(of: $0) } }.joined(separator: "\n")
  }

  private let coin = """
    /// A coin that must fall.
    mdp Coin(p: Real = 0.5) {
      state done: Bool = false
      action toss: {yes}
      heads ~ {true: p, false: 1 - p}
      done' = heads
      cost 1
      terminal when done
      total
    }
    """

  @Test func entriesBuildOnEachOther() throws {
    let session = Session()
    #expect(try replies(session, "let a = 20").map(\.confirmation) == ["let a = 20"])
    #expect(try replies(session, "fn double(x: Int): Int = 2 * x").map(\.confirmation) == ["fn double"])
    #expect(try shown(session, "double(a) + 2") == "42")
    #expect(try replies(session, coin).map(\.confirmation) == ["model Coin"])
  }

  @Test func faultsLeaveTheSessionAsItWas() throws {
    let session = Session()
    _ = try replies(session, "let a = 1")
    #expect(throws: DiagnosticError.self) { try replies(session, "let a = missing") }
    #expect(throws: DiagnosticError.self) { try replies(session, "let a = 2\nlet b = (") }
    #expect(throws: DiagnosticError.self) { try replies(session, "let a = read(\"no such file.csv\")") }
    #expect(try shown(session, "a") == "1")
    #expect(throws: DiagnosticError.self) { try replies(session, "b") }
  }

  @Test func faultsPointIntoTheEntry() throws {
    let session = Session()
    _ = try replies(session, "let a = 1\nlet b = 2")
    do {
      _ = try replies(session, "a +\n  missing")
      Issue.record("nothing was wrong")
    } catch let error as DiagnosticError {
      let span = try #require(error.diagnostics.first?.span)
      let file = try #require(session.sources[span.file])
      #expect(file.text(in: span) == "missing")
      #expect(file.position(of: span.start).line == 2)
    }
  }

  @Test func redefinitionTellsWhatDependedOnIt() throws {
    let session = Session()
    _ = try replies(session, "let a = 1\nfn f(x: Int): Int = x + a\nlet b = f(1)\nlet c = 5")
    let again = try replies(session, "let a = 10")
    #expect(again.map(\.stale) == [["b"]])
    #expect(try shown(session, "b") == "2")
    #expect(try shown(session, "f(1)") == "11")
  }

  @Test func programsAreSavedWithWhatStillHolds() throws {
    let session = Session()
    _ = try replies(session, coin)
    _ = try replies(session, "let a = 1")
    _ = try replies(session, "let b = 2")
    _ = try replies(session, "let a = b + 1")
    _ = try replies(session, "a + b")
    let program = session.program()
    #expect(program.contains("/// A coin that must fall."))
    #expect(!program.contains("let a = 1\n"))
    let other = Session()
    #expect(!other.check(text: program, name: "saved.alea").contains { $0.severity == .error })
    try other.run(text: program, name: "saved.alea")
    #expect(session.text(of: try other.evaluate("a")) == "3")
  }

  @Test(arguments: [
    ("mdp M {", true), ("solve(M,", true), ("1 +", true), ("let x =", true), ("if true then 1", true), ("/// what follows", true),
    ("mdp M {\n\n", true), ("1 +\n", false), ("1 + 2", false), ("let x = 3", false), ("\"open", false), (")", false),
    ("// a comment", false), ("", false),
  ])
  func unfinishedTextsAreSeen(_ text: String, _ isUnfinished: Bool) {
    #expect(EntryText.isUnfinished(text) == isUnfinished)
  }

  @Test func completionKnowsThePlace() throws {
    let session = Session()
    _ = try replies(session, coin + "\nlet best = solve(Coin)")
    func choices(_ text: String) -> [String] { session.completions(in: text, at: text.utf8.count).choices.map(\.text) }
    #expect(choices("let c = Co").contains("Coin"))
    #expect(choices("Coin.").contains("done"))
    #expect(choices("best.").contains("value"))
    #expect(choices("best.val").allSatisfy { $0.hasPrefix("val") })
    #expect(choices("solve(Coin, tol") == ["tolerance: "])
    #expect(choices("Coin(p").contains("p: "))
    #expect(choices("missing.").isEmpty)
    #expect(session.completions(in: "1 + Coi", at: 7).start == 4)
  }

  @Test func helpKnowsEveryKindOfName() throws {
    let session = Session()
    _ = try replies(session, coin)
    #expect(try #require(session.help(for: "Coin")).contains("A coin that must fall."))
    #expect(try #require(session.help(for: "Coin")).hasPrefix("mdp Coin(p: 0.5)"))
    #expect(try #require(session.help(for: "ValueIteration")).contains("tolerance"))
    #expect(try #require(session.help(for: "Poisson")).hasPrefix("Poisson(rate)"))
    #expect(try #require(session.help(for: "sqrt")).hasPrefix("sqrt(x)"))
    #expect(session.help(for: "nobody") == nil)
  }

  @Test func aFailedResetForgetsNothing() throws {
    let session = Session()
    _ = try replies(session, "let a = 1")
    #expect(throws: DiagnosticError.self) { try session.reset(to: ["no such file.alea"]) }
    #expect(try shown(session, "a") == "1")
    try session.reset()
    #expect(throws: DiagnosticError.self) { try replies(session, "a") }
  }

  @Test func typesAreToldWithoutRunning() throws {
    let session = Session()
    _ = try replies(session, coin)
    #expect(try session.type(of: "solve(Coin)") == "a solution")
    #expect(try session.type(of: "1 + 1") == "an integer")
  }
}
