import Alea
import Foundation
import Testing

/// Models in UMB: those of an independent writer with its answers (Tests/Independent/umb.py), there and back, and broken ones.
@Suite struct UMBTests {
  struct Expected: Decodable {
    struct Walk: Decodable { var states, choices, transitions: Int, reach, cost: Double }
    struct Chain: Decodable { var states: Int }
    struct Queue: Decodable { var full, empty: Double }
    var walk: Walk
    var chain: Chain
    var queue: Queue
  }

  static let folder = Reference.folder + "/umb/"

  static func expected() throws -> Expected {
    try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "expected.json")))
  }

  static func run(_ program: String) throws -> Session {
    let text = program.replacingOccurrences(of: "FOLDER/", with: folder)
    return try FormatTests.run([:], text)
  }

  @Test func aWalkWithEveryKindOfRewardAndVariable() throws {
    let known = try Self.expected().walk
    let session = try Self.run(
      """
      let w = read("FOLDER/walk.umb")
      expect(size(w).states, \(known.states))
      expect(size(w).choices, \(known.choices))
      expect(size(w).transitions, \(known.transitions))
      expect(solve(w, property: "Pmax=? [ !\\"trap\\" U \\"Goal\\" ]").start, \(known.reach), within: 1e-6)
      expect(solve(w, property: "R{\\"cost\\"}min=? [ F \\"Goal\\" ]").start, \(known.cost), within: 1e-5)
      expect(probability(of: w.Goal, in: w).start, 1, within: 1e-9)
      """)
    FormatTests.expectAll(session, count: 6)
    let warnings = session.takeWarnings().map(\.message)
    for part in [
      "the rewards `bounds` are left out: its values are of type double-interval", "the values of `mood` are numbered: 0 = calm",
      "the variable `z` of states is left out: it has no value in state 5", "the variable `wide` of states is left out",
      "the annotations `n` of the group `notes` are left out",
    ] {
      #expect(warnings.contains { $0.contains(part) }, "\(part)")
    }
  }

  @Test func variablesHaveTheValuesOfTheFile() throws {
    let model = try FormatTests.session([:]).rows(path: Self.folder + "walk.umb")
    #expect(model.variables.map(\.name) == ["x", "b", "d", "mood", "y"])
    for state in 0..<model.stateCount {
      let values: [Double] = model.variables.indices.map { (index: Int) -> Double in
        model.variables[index].domain.value(at: Int(model.positions[state * model.variables.count + index]))
      }
      let numbers: [Int] = [state % 9 - 4, state % 2, state % 3, state - 3]
      #expect([values[0], values[1], values[3], values[4]] == numbers.map(Double.init))
      #expect(values[2] == 0.25 * Double(state))
    }
    #expect(Set(model.choiceAction.array) == [0, 1, -1])
    #expect(Array(model.actionNames.prefix(2)) == ["go", "wait"])
  }

  @Test func quotientsAndGzip() throws {
    let session = try Self.run(
      """
      let c = read("FOLDER/chain.umb")
      expect(solve(c, property: "P=? [ F \\"one\\" ]").start, 1 / 12, within: 1e-12)
      """)
    FormatTests.expectAll(session, count: 1)
    let model = try FormatTests.session([:]).rows(path: Self.folder + "chain.umb")
    let third: Double = 1.0 / 3
    #expect(model.probability[0] == third)
    #expect(model.probability[1] == 2 * third)
  }

  @Test func ratesAndTwoStarts() throws {
    let known = try Self.expected().queue
    let session = try Self.run(
      """
      let q = read("FOLDER/queue.umb")
      expect(solve(q, property: "S=? [ x=3 ]").start, \(known.full), within: 1e-6)
      expect(solve(q, property: "S=? [ x=0 ]").start, \(known.empty), within: 1e-6)
      """)
    FormatTests.expectAll(session, count: 2)
    let model = try FormatTests.session([:]).rows(path: Self.folder + "queue.umb")
    #expect(model.initial.map(\.state) == [0, 1])
    #expect(model.initial.map(\.probability) == [0.5, 0.5])
    #expect(model.exitRate?.array == [1, 3, 3, 2, 1])
    #expect(model.deadlocks == [4])
  }

  @Test(arguments: ["walk", "chain", "queue"]) func whatIsWrittenIsReadAgain(_ name: String) throws {
    let first = try FormatTests.session([:]).rows(path: Self.folder + name + ".umb")
    try FormatTests.withFiles([:]) { folder in
      let path = folder.appendingPathComponent(name + ".umb").path
      let (files, _) = try FormatTests.session([:]).convert(Self.folder + name + ".umb", to: .umb)
      try Data(files[0].bytes).write(to: URL(fileURLWithPath: path))
      let second = try FormatTests.session([:]).rows(path: path)
      FormatTests.expectEqual(first, second, positions: true)
      #expect(second.warnings.isEmpty)
      #expect(second.exitRate?.array == first.exitRate?.array)
      let again = try FormatTests.session([:]).convert(path, to: .umb)
      #expect(again.files[0].bytes == files[0].bytes)
    }
  }

  // MARK: Broken files

  static let index = """
    {"format-version": 1, "format-revision": 0,
     "transition-system": {"time": "discrete", "#players": 1, "#states": 2, "#initial-states": 1, "#choices": 3,
       "#choice-actions": 2, "#branches": 4, "#branch-actions": 0, "#observations": 0,
       "branch-probability-type": {"type": "double"}},
     "annotations": {"aps": {"goal": {"applies-to": ["states"], "type": {"type": "bool"}}},
       "rewards": {"cost": {"applies-to": ["choices"], "type": {"type": "double"}}}},
     "valuations": {"states": {"unique": true, "classes": [{"variables": [{"name": "v", "type": {"type": "uint", "size": 8}}]}]}}}
    """

  static func words(_ values: [UInt64]) -> [UInt8] {
    values.flatMap { value in (0..<8).map { (byte: UInt64) in UInt8(truncatingIfNeeded: value >> (8 * byte)) } }
  }
  static func reals(_ values: [Double]) -> [UInt8] { words(values.map(\.bitPattern)) }

  static let files: [String: [UInt8]] = [
    "state-to-choices.bin": words([0, 2, 3]), "choice-to-branches.bin": words([0, 2, 3, 4]),
    "branch-to-target.bin": words([0, 1, 1, 1]), "branch-to-probability.bin": reals([0.5, 0.5, 1, 1]),
    "state-is-initial.bin": words([1]), "actions/choices/values.bin": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    "actions/choices/string-mapping.bin": words([0, 1, 2]), "actions/choices/strings.bin": Array("ab".utf8),
    "annotations/aps/goal/states/values.bin": words([2]), "annotations/rewards/cost/choices/values.bin": reals([1, 3, 0]),
    "valuations/states/valuations.bin": [7, 9],
  ]

  static func archive(_ index: String = index, _ files: [String: [UInt8]] = files) -> [UInt8] {
    var archive = TarArchive()
    for (name, bytes) in [("index.json", Array(index.utf8))] + files.sorted(by: { $0.key < $1.key }) {
      bytes.withUnsafeBytes { archive.add(name, $0) }
    }
    return archive.finish()
  }

  static func read(_ bytes: [UInt8]) throws -> ExplicitModel {
    try bytes.withUnsafeBytes { try UMBReader.read($0, file: "m.umb", name: "m") }
  }

  @Test func theModelThatIsBrokenBelowIsRead() throws {
    let model = try Self.read(Self.archive())
    #expect(model.choiceCount == 3)
    #expect(model.label("goal")?.flags.array == [0, 1])
    #expect(model.actionNames == ["a", "b"])
    #expect(model.rewards[0].choice.array == [1, 3, 0])
    #expect(model.variables[0].domain == .range(7, 9))
  }

  @Test func choicesWithoutProbabilities() throws {
    var files = Self.files
    files["choice-to-branches.bin"] = nil
    files["branch-to-probability.bin"] = nil
    files["branch-to-target.bin"] = Self.words([0, 1, 1])
    let index = Self.index.replacingOccurrences(of: "\"#branches\": 4", with: "\"#branches\": 3")
      .replacingOccurrences(of: ",\n   \"branch-probability-type\": {\"type\": \"double\"}", with: "")
    #expect(try Self.read(Self.archive(index, files)).probability.array == [1, 1, 1])
  }

  @Test func statesWithoutAChoiceGetALoop() throws {
    var files = Self.files
    files["state-to-choices.bin"] = Self.words([0, 3, 3])
    let model = try Self.read(Self.archive(Self.index, files))
    #expect(model.deadlocks == [1])
    #expect(model.choiceCount == 4)
    #expect(model.rewards[0].choice.array == [1, 3, 0, 0])
    #expect(model.successor.array == [0, 1, 1, 1, 1])
  }

  /// What of the index or of the files is replaced, and the message.
  struct Wrong: Sendable {
    var index: (old: String, new: String)?
    var file: String?
    /// Nil where the file is missing.
    var bytes: [UInt8]?
    var message: String

    init(_ old: String, _ new: String, _ message: String) {
      index = (old, new)
      self.message = message
    }

    init(file: String, _ bytes: [UInt8]?, _ message: String) {
      self.file = file
      self.bytes = bytes
      self.message = message
    }
  }

  static let wrong: [Wrong] = [
    Wrong("\"format-version\": 1", "\"format-version\": 2", "the file is of version 2 of the format; version 1 is read"),
    Wrong("\"discrete\"", "\"urgent-stochastic\"", "Markov automata are not served"),
    Wrong("\"discrete\"", "\"stochastic\"", "models with choices in continuous time (ctmdp) are not served"),
    Wrong("\"discrete\"", "\"dense\"", "`time` is \"dense\""),
    Wrong("\"#players\": 1", "\"#players\": 2", "games of several players are not served"),
    Wrong("\"#observations\": 0", "\"#observations\": 3", "partially observed models are not served"),
    Wrong(
      "\"branch-probability-type\": {\"type\": \"double\"}", "\"branch-probability-type\": {\"type\": \"double-interval\"}",
      "probabilities are intervals, and models of bounds for probabilities are not served"),
    Wrong("\"#states\": 2", "\"#states\": 0", "a model has at least one state"),
    Wrong("\"#states\": 2", "\"#states\": \"two\"", "`#states` is \"two\", not a whole number"),
    Wrong("\"#states\": 2", "\"#states\": 99999999999", "`#states` is 99999999999, and less than 2147483647 are read"),
    Wrong("\"#states\": 2", "\"#states\": 2000000000", "`state-to-choices.bin` has 24 bytes, and 2000000000 states and the end"),
    Wrong("\"#choices\": 3,", "", "`transition-system` has no `#choices`"),
    Wrong("\"format-revision\": 0,", "\"format-revision\": 0", "m.umb/index.json, line 2, column 2: `,` or `}` is expected here"),
    Wrong("\"size\": 8", "\"size\": 7", "the variables of a state take 7 bits, not a multiple of 8"),
    Wrong("[\"states\"]", "\"states\"", "the annotation `goal` does not say what it applies to"),
    Wrong(file: "branch-to-target.bin", words([0, 1, 1]), "`branch-to-target.bin` has 24 bytes, and 4 branches need 32"),
    Wrong(file: "branch-to-target.bin", words([0, 1, 2, 1]), "branch 2 leads to state 2: states are 0 to 1"),
    Wrong(file: "branch-to-target.bin", nil, "the archive has no file `branch-to-target.bin`"),
    Wrong(file: "branch-to-probability.bin", nil, "the archive has no file `branch-to-probability.bin`"),
    Wrong(
      file: "branch-to-probability.bin", reals([0.5, 0.4, 1, 1]),
      "the probabilities of choice 0, of state 0, sum to 0.9, not to 1"),
    Wrong(file: "branch-to-probability.bin", reals([1.5, -0.5, 1, 1]), "the probability of branch 0 is 1.5"),
    Wrong(file: "branch-to-probability.bin", reals([.nan, 1, 1, 1]), "entry 0 of `branch-to-probability.bin` is nan"),
    Wrong(
      file: "state-to-choices.bin", words([0, 4, 3]), "entry 1 of `state-to-choices.bin` is 4: the entries rise from 0 to 3"),
    Wrong(file: "state-to-choices.bin", words([0, 1, 2]), "`state-to-choices.bin` ends with 2, and there are 3 choices"),
    Wrong(file: "state-to-choices.bin", nil, "there is no file `state-to-choices.bin`, and 2 states have 3 choices"),
    Wrong(file: "choice-to-branches.bin", words([0, 2, 2, 4]), "choice 1, of state 0, leads nowhere"),
    Wrong(file: "state-is-initial.bin", words([0]), "no state is an initial one: the model has no start"),
    Wrong(file: "state-is-initial.bin", nil, "no state is an initial one: the model has no start"),
    Wrong(file: "actions/choices/values.bin", [0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0], "choice 1 has action 5: actions are 0 to 1"),
    Wrong(
      file: "annotations/rewards/cost/choices/values.bin", reals([1]),
      "`annotations/rewards/cost/choices/values.bin` has 8 bytes, and 3 choices need 24"),
    Wrong(file: "annotations/aps/goal/states/values.bin", [], "a bit for each of 2 states needs 8"),
  ]

  @Test(arguments: wrong.indices) func whatIsWrongIsNamed(_ number: Int) {
    let each = Self.wrong[number]
    var files = Self.files
    if let file = each.file { files[file] = each.bytes }
    let index = each.index.map { Self.index.replacingOccurrences(of: $0.old, with: $0.new) } ?? Self.index
    #expect(each.index == nil || index != Self.index)
    expectFault(each.message) { try Self.read(Self.archive(index, files)) }
  }

  private func expectFault(_ message: String, _ body: () throws -> ExplicitModel) {
    do {
      _ = try body()
      Issue.record("this is read: \(message)")
    } catch let error as DataFileError {
      #expect("\(error)".contains(message), "\(error)")
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func blocksThatAreNotCompressed() throws {
    let whole = Self.archive()
    var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    func number(_ value: Int, _ size: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    for (part, start) in stride(from: 0, to: whole.count, by: 3_000).enumerated() {
      let chunk = Array(whole[start..<min(whole.count, start + 3_000)])
      bytes += [start + 3_000 >= whole.count ? 1 : 0] + number(chunk.count, 2) + number(~chunk.count, 2) + chunk
      #expect(part < 100)
    }
    bytes += number(Int(whole.withUnsafeBufferPointer { Checksum.crc32($0) }), 4) + number(whole.count, 4)
    #expect(try Self.read(bytes).choiceCount == 3)
  }

  @Test func archivesThatAreNone() throws {
    let whole = Self.archive()
    expectFault("this is not a model in UMB") { try Self.read(Array("no archive".utf8)) }
    expectFault("the archive is compressed by xz, which is not read") { try Self.read([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4]) }
    expectFault("the archive is cut short in the member `index.json`") { try Self.read(Array(whole.prefix(700))) }
    var broken = whole
    broken[3] ^= 1
    expectFault("the archive is broken: no header of a member stands at byte 0") { try Self.read(broken) }
    let packed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.folder + "chain.umb")))
    expectFault("the compressed data are cut short") { try Self.read(packed.dropLast(20)) }
    var changed = packed
    changed[packed.count - 6] ^= 0x40
    expectFault("the compressed data are broken: their checksum is another") { try Self.read(changed) }
    expectFault("the archive has no file `index.json`") {
      var archive = TarArchive()
      [UInt8](repeating: 0, count: 8).withUnsafeBytes { archive.add("state-is-initial.bin", $0) }
      return try Self.read(archive.finish())
    }
  }
}
