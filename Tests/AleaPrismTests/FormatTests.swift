import Alea
import Foundation
import Testing

/// Models of states and transitions in files of other tools: read, asked, written, and read again.
@Suite struct FormatTests {
  /// A folder with files, for as long as `body` runs.
  static func withFiles<Result>(_ files: [String: String], _ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files {
      try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
    return try body(folder)
  }

  static func run(_ files: [String: String], _ program: String) throws -> Session {
    try withFiles(files.merging(["program.alea": program]) { first, _ in first }) { folder in
      let session = Session()
      session.isSilent = true
      try session.run(file: folder.appendingPathComponent("program.alea").path)
      return session
    }
  }

  static func expectAll(_ session: Session, count: Int) {
    #expect(session.expectations.count == count)
    for expectation in session.expectations {
      #expect(expectation.passed, "\(expectation.diagnostic.message) \(expectation.diagnostic.label)")
    }
  }

  /// Knuth and Yao's die, thrown with a fair coin.
  static let die = [
    "die.tra": """
    13 20
    0 1 0.5
    0 2 0.5
    1 3 0.5
    1 4 0.5
    2 5 0.5
    2 6 0.5
    3 1 0.5
    3 7 0.5
    4 8 0.5
    4 9 0.5
    5 10 0.5
    5 11 0.5
    6 2 0.5
    6 12 0.5
    7 7 1
    8 8 1
    9 9 1
    10 10 1
    11 11 1
    12 12 1

    """,
    "die.lab": "0=\"init\" 1=\"deadlock\" 2=\"one\" 3=\"done\"\n0: 0\n7: 2 3\n8: 3\n9: 3\n10: 3\n11: 3\n12: 3\n",
    "die.srew": "# Reward structure \"flips\"\n# State rewards\n13 7\n0 1\n1 1\n2 1\n3 1\n4 1\n5 1\n6 1\n",
  ]

  @Test func tablesOfAChain() throws {
    // A face comes up one time in six, after 11/3 flips (Knuth and Yao 1976).
    let session = try Self.run(
      Self.die,
      """
      let die = read("die.tra")
      expect(size(die).transitions, 20)
      expect(solve(die, property: "P=? [ F \\"one\\" ]").start, 1 / 6, within: 1e-6)
      expect(solve(die, property: "R{\\"flips\\"}=? [ F \\"done\\" ]").start, 11 / 3, within: 1e-5)
      expect(solve(die, property: "R=? [ I=2 ]").start, 1, within: 1e-12)
      expect(probability(of: die.x == 7, in: die).start, 1 / 6, within: 1e-6)
      expect(probability(of: die.one, in: die).start, 1 / 6, within: 1e-6)
      """)
    Self.expectAll(session, count: 6)
  }

  @Test func aModelGoesByAnyName() throws {
    // `of:` is elaborated over the states of the model, under whatever name the program has for it.
    let session = try Self.run(
      Self.die.merging(["walk.prism": "dtmc module m x : [0..2]; [] x=0 -> 0.25:(x'=1) + 0.75:(x'=2); [] x>0 -> true; endmodule"])
      {
        first, _ in first
      },
      """
      let d = read("die.tra")
      expect(probability(of: d.x == 7, in: d).start, 1 / 6, within: 1e-6)
      expect(probability(of: d.one, in: d).start, 1 / 6, within: 1e-6)
      let w = read("walk.prism")
      expect(probability(of: w.x == 1, in: w).start, 0.25, within: 1e-9)
      """)
    Self.expectAll(session, count: 3)
  }

  @Test func linesOutOfOrderAreSorted() throws {
    var files = Self.die
    let lines = Self.die["die.tra"]?.split(separator: "\n").map(String.init) ?? []
    files["die.tra"] = ([lines[0]] + lines.dropFirst().reversed()).joined(separator: "\n")
    let session = try Self.run(
      files, "expect(solve(read(\"die.tra\"), property: \"P=? [ F \\\"one\\\" ]\").start, 1 / 6, within: 1e-6)")
    Self.expectAll(session, count: 1)
  }

  @Test func tablesOfAnMDPWithStatesAndTransitionRewards() throws {
    // From (0,false): `go` earns 3 and reaches the goal half the time, `jump` earns 10 and always does: 3 / 0.5 = 6 is less.
    let session = try Self.run(
      [
        "m.tra": "2 3 4\n0 0 0 0.5 go\n0 0 1 0.5 go\n0 1 1 1 jump\n1 0 1 1\n",
        "m.sta": "(x,done)\n0:(-2,false)\n1:(4,true)\n",
        "m.trew": "2 3 3\n0 0 0 3\n0 0 1 3\n0 1 1 10\n",
      ],
      """
      let m = read("m.tra")
      let cheap = solve(m, property: "Rmin=? [ F done ]")
      expect(cheap.start, 6, within: 1e-6)
      expect(solve(m, property: "Rmax=? [ F x=4 ]").start, 10, within: 1e-6)
      expect(probability(of: m.done, in: m, within: 2, maximize: false).start, 0.75, within: 1e-12)
      """)
    Self.expectAll(session, count: 3)
  }

  @Test(arguments: [
    // State 0 is visited twice on average, so that its loop is taken once.
    ("2 1\n0 1\n", 2.0), ("2 1\n0 0 2\n", 2.0), ("# Reward structure \"r\"\n2 2\n0 0 2\n0 1 6\n", 8.0),
  ])
  func rewardsWhoseLinesTellWhatTheyAreOf(file: String, total: Double) throws {
    let session = try Self.run(
      ["m.tra": "2 3\n0 0 0.5\n0 1 0.5\n1 1 1\n", "m.rew": file],
      "expect(solve(read(\"m.tra\"), property: \"R=? [ F x=1 ]\").start, \(total), within: 1e-6)")
    Self.expectAll(session, count: 1)
  }

  @Test func ratesOfAQueue() throws {
    // M/M/1 with two places, arrivals 1 and services 2: the long-run law is 4/7, 2/7, 1/7.
    let session = try Self.run(
      ["q.tra": "3 4\n0 1 1\n1 0 2\n1 2 1\n2 1 2\n"],
      """
      let q = read("q.tra", kind: "ctmc")
      expect(solve(q, property: "S=? [ x=0 ]").start, 4 / 7, within: 1e-6)
      expect(solve(q, property: "S=? [ x=2 ]").start, 1 / 7, within: 1e-6)
      // The exponential of the generator, by scipy.linalg.expm.
      expect(solve(q, property: "P=? [ F<=1 x=2 ]").start, 0.1777365760981911, within: 1e-6)
      expect(solve(q, property: "P=? [ F[1.5,1.5] x=0 ]").start, 0.60079925, within: 1e-6)
      """)
    Self.expectAll(session, count: 4)
  }

  /// Of a ctmc Storm writes rates; others write probabilities beside the exit rate.
  @Test(arguments: [("1", "2", "1", "2"), ("1", "0.6666666666666666", "0.3333333333333333", "1")])
  func drnOfAQueue(_ values: (String, String, String, String)) throws {
    let text = """
      @type: CTMC
      @parameters

      @reward_models

      @nr_states
      3
      @model
      state 0 !1 init
      \taction 0
      \t\t1 : \(values.0)
      state 1 !3
      \taction 0
      \t\t0 : \(values.1)
      \t\t2 : \(values.2)
      state 2 !2 full
      \taction 0
      \t\t1 : \(values.3)
      """
    let session = try Self.run(
      ["q.drn": text], "expect(solve(read(\"q.drn\"), property: \"S=? [ \\\"full\\\" ]\").start, 1 / 7, within: 1e-6)")
    Self.expectAll(session, count: 1)
  }

  // MARK: There and back

  static let models: [(path: String, constants: [String: String])] = [
    ("mdp/consensus/consensus.2.prism", ["K": "2"]),
    ("dtmc/brp/brp.prism", ["N": "16", "MAX": "2"]),
    ("dtmc/haddad-monmege/haddad-monmege.pm", ["N": "20", "p": "0.7"]),
  ]

  static func session(_ constants: [String: String]) -> Session {
    var configuration = Session.Configuration()
    configuration.parameters = constants.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let session = Session(configuration: configuration)
    session.isSilent = true
    return session
  }

  static func equal(_ a: Column<Double>, _ b: Column<Double>) -> Bool {
    a.count == b.count && (0..<a.count).allSatisfy { abs(a[$0] - b[$0]) <= 1e-15 * max(abs(a[$0]), abs(b[$0])) }
  }

  static func expectEqual(_ a: ExplicitModel, _ b: ExplicitModel, positions: Bool) {
    #expect(a.kind == b.kind)
    #expect(a.choiceStart.array == b.choiceStart.array)
    #expect(a.transitionStart.array == b.transitionStart.array)
    let sameSuccessors = a.successor.array == b.successor.array
    #expect(sameSuccessors)
    #expect(equal(a.probability, b.probability))
    #expect(a.initial.map(\.state) == b.initial.map(\.state))
    for label in a.labels { #expect(b.label(label.name)?.flags.array == label.flags.array, "\(label.name)") }
    #expect(a.rewards.count == b.rewards.count)
    for (left, right) in zip(a.rewards, b.rewards) {
      #expect(equal(left.state, right.state))
      #expect(equal(left.choice, right.choice))
    }
    for choice in 0..<a.choiceCount {
      let (left, right) = (a.choiceAction[choice], b.choiceAction[choice])
      #expect((left < 0) == (right < 0) && (left < 0 || a.actionNames[Int(left)] == b.actionNames[Int(right)]))
    }
    if positions {
      #expect(a.variables.map(\.name) == b.variables.map(\.name))
      let width = a.variables.count
      func value(_ model: ExplicitModel, _ cell: Int) -> Double {
        model.variables[cell % width].domain.value(at: Int(model.positions[cell]))
      }
      #expect((0..<a.positions.count).allSatisfy { value(a, $0) == value(b, $0) })
    }
  }

  @Test(arguments: models.indices) func whatIsWrittenIsReadAgain(_ index: Int) throws {
    let (path, constants) = Self.models[index]
    let source = Reference.folder + "/" + path
    let first = try Self.session(constants).rows(path: source)
    try Self.withFiles([:]) { folder in
      for format in [ModelFormat.drn, .tra, .umb] {
        let (files, notes) = try Self.session(constants).convert(source, to: format)
        #expect(notes.isEmpty, "\(notes)")
        for file in files { try Data(file.bytes).write(to: folder.appendingPathComponent("model" + file.ending)) }
        let again = try Self.session([:]).rows(path: folder.appendingPathComponent("model.\(format.rawValue)").path)
        Self.expectEqual(first, again, positions: format != .drn)
        // And what is read is written the same.
        let second = try Self.session([:]).convert(
          folder.appendingPathComponent("model.\(format.rawValue)").path, to: format)
        // The index of UMB names the model after the file.
        for (left, right) in zip(files, second.files) where format != .umb {
          let isSame = left.bytes == right.bytes
          #expect(isSame, "\(left.ending)")
        }
      }
    }
  }

  @Test(arguments: [ModelFormat.drn, .tra, .umb]) func rewardsOfAnMDPAreWritten(_ format: ModelFormat) throws {
    // `go` pays 3 and gets on one time in two, `end` pays 1, and each step from 1 costs 2 besides: 3 / 0.5 + 1 + 2.
    let text = """
      mdp
      module m
        x : [0..2];
        [go] x=0 -> 0.5:(x'=1) + 0.5:(x'=0);
        [end] x=1 -> (x'=2);
        [] x=2 -> true;
      endmodule
      rewards "cost" [go] true : 3; [end] true : 1; x=1 : 2; endrewards
      """
    try Self.withFiles(["m.prism": text]) { folder in
      let source = folder.appendingPathComponent("m.prism").path
      let (files, _) = try Self.session([:]).convert(source, to: format)
      for file in files { try Data(file.bytes).write(to: folder.appendingPathComponent("copy" + file.ending)) }
      let copy = folder.appendingPathComponent("copy.\(format.rawValue)").path
      let property = "R{\"cost\"}min=? [ F x=2 ]"
      let session = Self.session([:])
      let answer = try #require(try session.run(prism: copy, properties: [property]).first)
      #expect(abs(answer.start - 9) <= 1e-6)
    }
  }

  @Test func aProgramIsWrittenWithWhatTheFormatCannotSay() throws {
    let text = """
      mdp Shop {
        state stock: 0..3 = 1
        state mood: {calm, busy} = calm
        action order: 0..1 when stock + order <= 3
        sold ~ {0: 0.5, 1: 0.5}
        stock' = max(0, stock + order - sold)
        mood' = if sold == 1 then busy else calm
        reward 3 * min(sold, stock) - order
        discount 0.9
      }
      """
    try Self.withFiles(["shop.alea": text]) { folder in
      let path = folder.appendingPathComponent("shop.alea").path
      let (files, notes) = try Self.session([:]).convert(path, to: .tra)
      #expect(files.map(\.ending).contains(".tra"))
      #expect(notes.contains { $0.contains("discount 0.9") })
      #expect(notes.contains { $0 == "the values of `mood` are numbered: 0 = calm, 1 = busy" })
      let (dot, _) = try Self.session([:]).convert(path, to: .dot)
      #expect(String(decoding: dot[0].bytes, as: UTF8.self).hasPrefix("digraph"))
    }
  }

  // MARK: NumPy

  /// An archive as `numpy.savez` writes it: members stored as they are.
  static func archive(_ arrays: [(name: String, type: String, data: Data, count: Int)]) -> Data {
    func number(_ value: Int, _ size: Int) -> Data { Data((0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }) }
    var result = Data()
    var directory = Data()
    for array in arrays {
      var head = "{'descr': '\(array.type)', 'fortran_order': False, 'shape': (\(array.count),), }"
      while (10 + head.utf8.count + 1) % 64 != 0 { head += " " }
      head += "\n"
      var body = Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
      body += number(head.utf8.count, 2) + Data(head.utf8) + array.data
      let name = Data((array.name + ".npy").utf8)
      let sizes = number(0, 4) + number(body.count, 4) + number(body.count, 4)
      directory += number(0x0201_4b50, 4) + number(20, 2) + number(20, 2) + number(0, 2) + number(0, 2) + number(0, 4) + sizes
      directory += number(name.count, 2) + number(0, 12) + number(result.count, 4) + name
      result += number(0x0403_4b50, 4) + number(20, 2) + number(0, 2) + number(0, 2) + number(0, 4) + sizes
      result += number(name.count, 2) + number(0, 2) + name + body
    }
    let start = result.count
    result += directory
    result += number(0x0605_4b50, 4) + number(0, 4) + number(arrays.count, 2) + number(arrays.count, 2)
    return result + number(directory.count, 4) + number(start, 4) + number(0, 2)
  }

  static func integers(_ name: String, _ values: [Int]) -> (String, String, Data, Int) {
    (
      name, "<i8", values.reduce(into: Data()) { data, value in withUnsafeBytes(of: value.littleEndian) { data += $0 } },
      values.count
    )
  }

  static func reals(_ name: String, _ values: [Double]) -> (String, String, Data, Int) {
    (name, "<f8", values.reduce(into: Data()) { data, value in withUnsafeBytes(of: value) { data += $0 } }, values.count)
  }

  static let rows: [(String, String, Data, Int)] = [
    integers("choice_start", [0, 2, 3]), integers("transition_start", [0, 2, 3, 4]), integers("successor", [0, 1, 1, 0]),
    reals("probability", [0.5, 0.5, 1, 1]), reals("reward", [1, 2, 0]), reals("discount", [0.9]),
    ("label_goal", "|b1", Data([0, 1]), 2),
  ]

  static func model(_ arrays: [(String, String, Data, Int)]) throws -> ExplicitModel {
    try archive(arrays).withUnsafeBytes { try ArrayArchive.model($0, file: "rows.npz", name: "rows") }
  }

  @Test func archivesOfArrays() throws {
    let model = try Self.model(Self.rows)
    #expect(model.kind == .mdp && model.stateCount == 2 && model.transitionCount == 4)
    #expect(model.label("goal")?.flags.array == [0, 1])
    #expect(model.objective.criterion == .discounted(0.9))
    // The second choice of the first state: v = 2 + 0.9 * 0.9 v.
    try Self.withFiles([:]) { folder in
      try Self.archive(Self.rows).write(to: folder.appendingPathComponent("rows.npz"))
      let program = folder.appendingPathComponent("p.alea")
      try "expect(solve(read(\"rows.npz\")).value[x: 0], 2 / (1 - 0.81), within: 1e-6)"
        .write(to: program, atomically: true, encoding: .utf8)
      let session = Self.session([:])
      try session.run(file: program.path)
      Self.expectAll(session, count: 1)
    }
  }

  /// The arrays of ``rows`` as NumPy 2 writes them with `savez_compressed`.
  static let compressed = """
    UEsDBC0AAAAIAAAAIQCb9HAP//////////8QABQAY2hvaWNlX3N0YXJ0Lm5weQEAEACYAAAAAAAAAEwAAAAAAAAAm+wX6hsQychQxlCtnpJanF
    ykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaxjqaOgq1ChQALgYoYILSzFAaAFBLAwQtAAAACAAAACEAY/JpLf//////
    ////FAAUAHRyYW5zaXRpb25fc3RhcnQubnB5AQAQAKAAAAAAAAAATwAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmB
    efX5SSChJ3S8wpTgWKF2ckFqQC+RomOpo6CrUKFAAuBihggtLMUJoFSgMAUEsDBC0AAAAIAAAAIQDScJ12//////////8NABQAc3VjY2Vzc29y
    Lm5weQEAEACgAAAAAAAAAEsAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaJj
    qaOgq1ChQALgYoYESjYQAAUEsDBC0AAAAIAAAAIQBvUfId//////////8PABQAcHJvYmFiaWxpdHkubnB5AQAQAKAAAAAAAAAATQAAAAAAAACb
    7BfqGxDJyFDGUK2eklqcXKRupaBuk2ahrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RomOpo6CrUKFAAuBjB4YI9Kf4DTAFBLAwQtAA
    AACAAAACEAsgoY+v//////////CgAUAHJld2FyZC5ucHkBABAAmAAAAAAAAABPAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Ce
    ll9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GMPhgD6EZHKA0AwBQSwMELQAAAAgAAAAhAOrj2MH//////////wwAFABkaX
    Njb3VudC5ucHkBABAAiAAAAAAAAABIAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQW
    pAL5Gpo6CrUKFAGus2dA4I09AFBLAwQtAAAACAAAACEAORinM///////////DgAUAGxhYmVsX2dvYWwubnB5AQAQAIIAAAAAAAAARgAAAAAAAA
    Cb7BfqGxDJyFDGUK2eklqcXKRupaBek2SorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuBkYAUEsBAi0DLQAAAAgA
    AAAhAJv0cA9MAAAAmAAAABAAAAAAAAAAAAAAAIABAAAAAGNob2ljZV9zdGFydC5ucHlQSwECLQMtAAAACAAAACEAY/JpLU8AAACgAAAAFAAAAA
    AAAAAAAAAAgAGOAAAAdHJhbnNpdGlvbl9zdGFydC5ucHlQSwECLQMtAAAACAAAACEA0nCddksAAACgAAAADQAAAAAAAAAAAAAAgAEjAQAAc3Vj
    Y2Vzc29yLm5weVBLAQItAy0AAAAIAAAAIQBvUfIdTQAAAKAAAAAPAAAAAAAAAAAAAACAAa0BAABwcm9iYWJpbGl0eS5ucHlQSwECLQMtAAAACA
    AAACEAsgoY+k8AAACYAAAACgAAAAAAAAAAAAAAgAE7AgAAcmV3YXJkLm5weVBLAQItAy0AAAAIAAAAIQDq49jBSAAAAIgAAAAMAAAAAAAAAAAA
    AACAAcYCAABkaXNjb3VudC5ucHlQSwECLQMtAAAACAAAACEAORinM0YAAACCAAAADgAAAAAAAAAAAAAAgAFMAwAAbGFiZWxfZ29hbC5ucHlQSw
    UGAAAAAAcABwCmAQAA0gMAAAAA
    """

  @Test func compressedArchivesOfArrays() throws {
    let bytes = try #require(Data(base64Encoded: Self.compressed, options: .ignoreUnknownCharacters))
    let model = try bytes.withUnsafeBytes { try ArrayArchive.model($0, file: "rows.npz", name: "rows") }
    Self.expectEqual(try Self.model(Self.rows), model, positions: true)
    #expect(model.objective.criterion == .discounted(0.9))
  }

  // MARK: Graphs

  static let graphs: [String] = {
    let folder = LanguageTests.root.appendingPathComponent("Tests/AleaSolversTests/Data/dag").path
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".json") && !$0.hasPrefix("bounds_") && !$0.hasPrefix("counterfactual_") }.sorted()
  }()

  @Test func listsOfDAGitty() throws {
    // The front door: U is not measured, M carries the whole effect.
    let session = try Self.run(
      ["g.txt": "X%20ray E @0.1,0.2\nY O @0.9,0.2\nM 1 @0.5,0.2\nU U @0.5,0.8\n\nX%20ray M @0.3,0.2\nM Y\nU X%20ray Y\n"],
      """
      let G = read("g.txt")
      let e = effect(of: G.X_ray, on: G.Y)
      expect(identify(e), true)
      expect(adjustmentSets(e).count, 0)
      """)
    Self.expectAll(session, count: 2)
  }

  @Test(arguments: graphs) func graphsOfDAGitty(_ name: String) throws {
    let place = LanguageTests.root.appendingPathComponent("Tests/AleaSolversTests/Data/dag/" + name)
    let file = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: place)) as? [String: Any])
    guard let graph = file["graph"] as? String, let known = file["expected"] as? [String: Any],
      let exposure = file["exposure"] as? String, let outcome = file["outcome"] as? String
    else { return }
    let sets = (known["minimal_adjustment_sets"] as? [[String]] ?? []).count
    var lines = ["let G = read(\"g.dag\")", "let e = effect(of: G.\(exposure), on: G.\(outcome))"]
    lines.append("expect(identify(e), \(known["identifiable"] as? Bool == true))")
    lines.append("expect(adjustmentSets(e).count, \(sets))")
    if let implied = known["implied_independencies"] as? [[Any]] {
      lines.append("expect(implications(G).count, \(implied.count))")
    }
    Self.expectAll(try Self.run(["g.dag": graph], lines.joined(separator: "\n")), count: lines.count - 2)
    // The same from what `dot` is given.
    try Self.withFiles(["g.dag": graph]) { folder in
      let (dot, _) = try Self.session([:]).convert(folder.appendingPathComponent("g.dag").path, to: .dot)
      let text = String(decoding: dot[0].bytes, as: UTF8.self)
      let program = lines.joined(separator: "\n").replacingOccurrences(of: "g.dag", with: "g.dot")
      Self.expectAll(try Self.run(["g.dot": text], program), count: lines.count - 2)
    }
  }
}
