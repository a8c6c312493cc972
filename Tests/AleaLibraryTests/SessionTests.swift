import Alea
import Testing

/// What a program that embeds a session may rely on.
@Suite struct SessionTests {
  @Test func laterTextsSeeEarlierOnes() throws {
    let session = Session()
    try session.run(text: "fn twice(x: Int): Int = 2 * x\nlet six = 6", name: "first")
    try session.run(text: "let answer = twice(six + 15)", name: "second")
    #expect(try session.number("answer") == 42)
    // What was defined may be defined again.
    try session.run(text: "let six = 7\nlet answer = six", name: "third")
    #expect(try session.number("answer") == 7)
  }

  @Test func aWrongTextChangesNothing() throws {
    let session = Session()
    try session.run(text: "let x = 1", name: "right")
    #expect(throws: DiagnosticError.self) { try session.run(text: "let x = 2\nlet y = z", name: "wrong") }
    #expect(try session.number("x") == 1)
    #expect(throws: DiagnosticError.self) { try session.evaluate("y") }
  }

  @Test func nothingIsPrintedAndSessionsAreApart() throws {
    let first = Session()
    let second = Session()
    try first.run(text: "let x = 1\nprint(x)\nexpect(x == 2)", name: "one")
    try second.run(text: "let x = 2", name: "two")
    #expect(try first.number("x") == 1)
    #expect(try second.number("x") == 2)
    #expect(first.expectations.count == 1 && second.expectations.isEmpty)
  }

  @Test func parametersAreSetFromOutside() throws {
    let session = Session()
    session.configuration.parameters = [("n", "20")]
    try session.run(text: "param n: Int = 3\nlet double = 2 * n", name: "program")
    #expect(try session.number("double") == 40)
    #expect(throws: DiagnosticError.self) {
      session.configuration.parameters = [("n", "many")]
      try session.run(text: "param n: Int = 3", name: "program")
    }
  }

  /// `page` has one value: there is nothing to say about it.
  @Test func variablesWithASingleValueNeedNotBeNamed() throws {
    let session = Session()
    let program = """
      mdp Counter {
        state page: {only} = only
        state flags[0..1]: {set} = set
        state n: 0..3 = 0
        page' = page
        flags'[i in 0..1] = set
        n' = min(n + 1, 3)
        reward n
        horizon 2
      }
      let found = solve(Counter)
      """
    try session.enter(program) { _ in }
    #expect(try session.number("found.value[page: only, flags: [set, set], n: 1]") == 3)
    #expect(try session.number("found.value[n: 1]") == 3)
    #expect(try session.number("found.value[2]") == 5)
    #expect(throws: DiagnosticError.self) { try session.number("found.value[page: only]") }
    #expect(throws: DiagnosticError.self) { try session.number("found.value[1, 2]") }
  }
}
