import Alea
import Foundation
import Testing

/// Cassandra's POMDP files: every form of their entries, and what is said about a kind that nothing solves.
@Suite struct POMDPTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/pomdp").path

  static func model(_ text: String) throws -> PartiallyObservedModel {
    try Array(text.utf8).withUnsafeBytes { try POMDPReader.read($0, file: "m.pomdp", name: "m") }
  }

  /// What each choice earns, in order.
  static func rewards(_ text: String) throws -> [Double] { try model(text).observed().rewards[0].choice.array }

  static let head = "discount: 0.9\nvalues: reward\nstates: 3\nactions: a b\nobservations: 2\n"

  // MARK: Forms

  @Test func formsSayTheSame() throws {
    let short = try Self.model(
      Self.head + """
        start include: 0 2   # two of three
        T: a identity
        T: b : * uniform
        T : b : 1 reset
        T: b : 2
        0.25 0.25 0.5
        T: b : 2 : 0 0.5 T: b : 2 : 1 0
        O: * uniform
        O: a : 1 : 0 1.0
        O: a : 1 : 1 0.0
        R: * : * : * : * -1
        R: 1 : 2 : * : *   +3e-1
        """
    ).observed()
    let long = try Self.model(
      Self.head + """
        start: 0.5 0 0.5
        T: 0 : 0 : 0 1  T: 0 : 1 : 1 1  T: 0 : 2 : 2 1
        T: b
        1/3 1/3 1/3
        0.5 0 0.5
        0.5 0 0.5
        O: a
        0.5 0.5
        1 0
        0.5 0.5
        O: b : * : * 0.5
        R: a : * : * : * -1
        R: b : 0 : * : * -1
        R: b : 1 : * : * -1
        R: b : 2 : * : * 0.3
        """
    ).observed()
    #expect(short.successor.array == long.successor.array)
    for (a, b) in zip(short.probability.array, long.probability.array) { #expect(abs(a - b) < 1e-15) }
    #expect(short.transitionStart.array == long.transitionStart.array)
    #expect(zip(short.rewards[0].choice.array, [-1, -1, -1, -1, -1, 0.3]).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(short.rewards[0].choice.array == long.rewards[0].choice.array)
    #expect(short.initial.map(\.state) == [0, 2] && long.initial.map(\.state) == [0, 2])
  }

  @Test func startsInEveryForm() throws {
    let tables = "T: * identity\nO: * uniform\nR: * : * : * : * 0\n"
    func start(_ text: String) throws -> [Double] {
      let model = try Self.model(Self.head + text + "\n" + tables)
      var law = [Double](repeating: 0, count: 3)
      for (state, probability) in model.start { law[Int(state)] = probability }
      return law
    }
    let third = 1 / 3.0
    #expect(try start("") == [third, third, third])
    #expect(try start("start: uniform") == [third, third, third])
    #expect(try start("start: 1") == [0, 1, 0])
    #expect(try start("start:\n0.25 0.25\n0.5") == [0.25, 0.25, 0.5])
    #expect(try start("start exclude: 1") == [0.5, 0, 0.5])
    #expect(try start("start include : 2") == [0, 0, 1])
  }

  static let two = """
    discount: 0
    values: reward
    states: here there
    actions: go
    observations: dark light
    T: go
    0.25 0.75
    0 1
    O: go
    0.5 0.5
    0.1 0.9

    """

  @Test func amountsOfEveryArity() throws {
    // Later entries replace earlier ones: here 0.25 * 1 + 0.75 * (0.1 * 2 + 0.9 * 4), there 0.1 * 7 + 0.9 * 10.
    let mixed = try Self.rewards(
      Self.two + """
        R: go : * : * : * 1
        R: go : here : there
        2 4
        R: go : there
        5 6
        7 8
        R: go : there : there : light 10
        """)
    #expect(zip(mixed, [3.1, 9.7]).allSatisfy { abs($0 - $1) < 1e-12 })
    // All of them: here 0.25 * 1.5 + 0.75 * (0.3 + 3.6), there 0.7 + 7.2.
    let whole = try Self.rewards(Self.two + "R: *\n1 2\n3 4\n5 6\n7 8\n")
    #expect(zip(whole, [3.3, 7.9]).allSatisfy { abs($0 - $1) < 1e-12 })
    let costs = try Self.rewards(Self.two.replacingOccurrences(of: "reward", with: "cost") + "R: * : here : * : * 2\n")
    #expect(costs == [-2, 0])
  }

  /// Without observations the states are seen, and the model is solved as it is.
  @Test func filesWithoutObservations() throws {
    let text = """
      discount: 0.5
      values: reward
      states: low high
      actions: stay climb
      start: low
      T: stay identity
      T: climb : * : high 1
      R: stay : high : * 1
      R: climb : low
      0 0.5
      """
    let session = try FormatTests.run(
      ["m.pomdp": text],
      """
      let m = read("m.pomdp")
      let best = solve(m)
      expect(best.start, 1.5, within: 1e-9)
      expect(best.value[state: high], 2, within: 1e-9)
      """)
    FormatTests.expectAll(session, count: 2)
    #expect(try Self.model(text).observed().assumptions.isEmpty)
  }

  // MARK: Reference models

  struct Case: Decodable {
    var file: String?
    var lower: Double
    var states: Int
  }

  struct Cases: Decodable { var cases: [Case] }

  static func cases() throws -> [Case] {
    let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json"))
    return try JSONDecoder().decode(Cases.self, from: data).cases.filter { $0.file != nil }
  }

  /// Seeing the state is worth at least as much as the best policy that does not.
  @Test func seenStatesBoundTheReferenceFromAbove() throws {
    let cases = try Self.cases()
    #expect(cases.count == 4)
    for each in cases {
      let session = Session()
      let path = Self.folder + "/" + (each.file ?? "")
      let program = "let m = read(\"\(path)\", observed: true)\nlet best = solve(m)\n"
      try session.run(text: program, name: "bound.alea")
      guard case .real(let value) = try session.evaluate("best.start"),
        case .integer(let count) = try session.evaluate("size(m).states")
      else {
        Issue.record("no number")
        continue
      }
      #expect(value >= each.lower)
      #expect(count == each.states)
    }
  }

  /// Closed forms: a door without the tiger is opened for ever; a hungry baby is fed at once, and v = 0.9 (0.1 (-15 + 0.9 v) + 0.9 v).
  @Test func seenStatesHaveTheValuesOfClosedForms() throws {
    let session = Session()
    try session.run(
      text: """
        let tiger = solve(read("\(Self.folder)/tiger.95.pomdp", observed: true))
        let baby = solve(read("\(Self.folder)/crying-baby.pomdp", observed: true))
        expect(tiger.value[state: tiger_left], 10 / 0.05, within: 1e-6)
        expect(baby.value[state: sated], -1.35 / 0.109, within: 1e-6)
        let m = read("\(Self.folder)/crying-baby.pomdp", observed: true)
        // It begins sated, and gets hungry with probability 0.1 a step.
        expect(solve(m, property: "Pmax=? [ F<=2 state=hungry ]").start, 0.19, within: 1e-9)
        expect(baby.value[state: hungry], -15 - 0.9 * 1.35 / 0.109, within: 1e-6)
        """, name: "closed.alea")
    FormatTests.expectAll(session, count: 4)
  }

  @Test func unseenStatesAreRefusedWithAWayOut() throws {
    let session = Session()
    do {
      _ = try session.evaluate("read(\"\(Self.folder)/tiger.95.pomdp\")")
      Issue.record("it is served")
    } catch let error as DiagnosticError {
      let fault = try #require(error.diagnostics.first)
      #expect(
        fault.message.contains("this is a partially observed model (2 states, 3 actions, 2 observations), and no solver serves"))
      #expect(fault.notes.contains { $0.contains("`observed: true`") })
    }
    // The file is right all the same.
    let checked = session.check(explicit: Self.folder + "/tiger.75.pomdp")
    #expect(checked.count == 1 && checked[0].severity == .warning && checked[0].message.contains("partially observed"))
    session.configuration.parameters = [("observed", "true")]
    #expect(session.check(explicit: Self.folder + "/tiger.75.pomdp").isEmpty)
  }

  /// What is written for other tools says what it rests on.
  @Test func seenStatesAreWrittenWithTheirAssumption() throws {
    let session = Session()
    session.configuration.parameters = [("observed", "true")]
    let (files, notes) = try session.convert(Self.folder + "/tiger.95.pomdp", to: .umb)
    #expect(notes.contains { $0.hasPrefix("assumed: the state is seen") })
    #expect(notes.contains("the values of `state` are numbered: 0 = tiger_left, 1 = tiger_right"))
    let bytes = try #require(files.first).bytes
    let rows = try bytes.withUnsafeBytes { try UMBReader.read($0, file: "m.umb", name: "m") }
    #expect(rows.stateCount == 2 && rows.choiceCount == 6 && rows.initial.count == 2)
  }

  // MARK: Broken files

  static let good = head + "T: * identity\nO: * uniform\nR: * : * : * : * 0\n"

  /// What is broken, and the message.
  static let wrong: [(text: String, message: String)] = [
    ("", "line 1, column 1: a line such as `discount: 0.95` is missing before this"),
    ("discount: 0.95\n", "line 2, column 1: a line `values: reward` or `values: cost` is missing before this"),
    ("discount 0.95", "line 1, column 10: `:` is expected here, after `discount`: `0.95`"),
    ("discount: 1.5", "line 1, column 11: a discount lies between 0 and 1: `1.5`"),
    ("discount: 1\ndiscount: 1", "line 2, column 1: the file says `discount` twice"),
    ("values: gain", "line 1, column 9: `reward` or `cost` is expected here: `gain`"),
    ("states: 0", "line 1, column 9: there is at least one state: `0`"),
    ("states: 3000000", "line 1, column 9: more states than are read"),
    ("states:\nactions: 2", "line 2, column 1: the states are expected here: names, or how many there are"),
    ("actions: up down up\n", "line 1, column 18: two actions have this name: `up`"),
    ("states: a _b\n", "line 1, column 11: the name of a state starts with a letter: `_b`"),
    ("states: a b\naction: go\n", "line 2, column 1: no part of the file is called `action`"),
    ("sates: 2\n", "line 1, column 1: a part of the file begins here, with one of"),
    (head + "T: c identity", "line 6, column 4: there is no action of this name: `c`"),
    (head + "T: 2 identity", "line 6, column 4: there is no action with this number: they are 0 to 1: `2`"),
    (head + "T: a : 3 uniform", "line 6, column 8: there is no state with this number: they are 0 to 2"),
    (head + "T: a\n1 0 0\n0 1\nO: * uniform", "line 9, column 1: 3 numbers are needed here, one for each state, and only 2 came"),
    (head + "T: a : 0\n1 0 0 0", "line 7, column 7: this number is one too many: `0`"),
    (head + "T: a : 0 : 1 1.5", "line 6, column 14: a probability lies between 0 and 1: `1.5`"),
    (head + "T: a : 0 : 1 x", "line 6, column 14: a probability is expected here, a number: `x`"),
    (head + "T: a : 0 identity", "`identity` stands for a whole matrix, and this is a row"),
    (head + "O: a : 0 reset", "`reset` stands for the row of a transition"),
    (head + "T: a identity\nO: * uniform", "line 7, column 13: nothing says where `b` leads from `0`"),
    (head + "T: * identity\nO: a uniform\n", "nothing says what is seen after `b` led to `0`"),
    (
      head + "T: * identity\nT: a : 1\n0.5 0.4 0\nO: * uniform",
      "line 8, column 1: the probabilities of `a` from `1` sum to 0.9, not to 1"
    ),
    (
      head + "T: * identity\nO: * uniform\nO: b : 2 : 0 0.7",
      "the probabilities of what is seen after `b` led to `2` sum to 1.2, not to 1"
    ),
    (head + "start: 0.5 0.4 0\n", "line 6, column 8: the probabilities of the start sum to 0.9, not to 1"),
    (head + "start exclude: 0 1 2\n", "line 6, column 1: no state is left to start in"),
    (head + "start: nowhere\n", "there is no state of this name: `nowhere`"),
    (head + "R: a : 0 : 0 : 0 : 0 1", "line 6, column 18: nothing more is named here: an amount follows"),
    (head + "R: a : 0 : 0\n1 R: b", "line 7, column 3: 2 numbers are needed here, one for each observation, and only 1 came"),
    (head + "T: * identity\nstates: 2", "line 7, column 1: the file says `states` twice"),
    (
      "discount: 1\nvalues: cost\nstates: 2\nactions: 1\nT: 0 identity\nO: 0 uniform",
      "line 6, column 1: the file has no `observations`"
    ),
  ]

  @Test(arguments: wrong.indices) func messagesAreTheExpectedOnes(_ index: Int) {
    let (text, message) = Self.wrong[index]
    do {
      _ = try Self.model(text)
      Issue.record("\(text) is read")
    } catch let error as DataFileError {
      #expect(error.description.contains(message), "\(error.description)")
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func roundedRowsAreSaid() throws {
    let model = try Self.model(Self.good + "T: a : 0\n0.333333 0.333333 0.333333\n")
    #expect(model.warnings.count == 1)
    let rows = try model.observed()
    #expect(abs(rows.probability.array.prefix(3).reduce(0, +) - 1) < 1e-15)
  }

  @Test func mutatedFiles() {
    let sources = [Self.good, Self.two + "R: go : * : * : * 1\nR: go : there\n5 6\n7 8\n"]
    var generator = FuzzTests.Generator(state: 6)
    for round in 0..<3_000 {
      FormatFuzzTests.mutatedText(Array(sources[round % 2].utf8), &generator).withUnsafeBytes {
        FormatFuzzTests.expectSmall(try? POMDPReader.read($0, file: "m.pomdp", name: "m").observed())
      }
    }
  }
}
