import Alea
import Foundation
import Testing

/// PRISM models written in other notations without listing their states.
@Suite struct ConversionTests {
  /// The model and its properties as a program of Alea, with what the conversion noted.
  static func alea(_ model: String, _ constants: String, properties: String? = nil, isPartial: Bool = false) throws -> String {
    let session = Session()
    session.isSilent = true
    session.configuration.parameters = pairs(constants)
    let (files, _) = try session.convert(model, to: .alea, properties: properties, isPartial: isPartial)
    return String(decoding: try #require(files.first).bytes, as: UTF8.self)
  }

  static func pairs(_ constants: String) -> [(name: String, value: String)] {
    constants.split(separator: ",").compactMap { part in
      let pair = part.split(separator: "=").map(String.init)
      return pair.count == 2 ? (pair[0], pair[1]) : nil
    }
  }

  static func modelName(_ program: String) throws -> String {
    let line = try #require(program.split(separator: "\n").first { $0.hasPrefix("mdp ") })
    return String(line.dropFirst(4).prefix { $0.isLetter || $0.isNumber || $0 == "_" })
  }

  /// The program with expectations added runs, and all of them hold.
  static func expectAll(_ program: String, _ expectations: [String]) throws {
    try FormatTests.withFiles(["model.alea": program + expectations.joined(separator: "\n") + "\n"]) { folder in
      let path = folder.appendingPathComponent("model.alea").path
      let session = Session()
      session.isSilent = true
      #expect(session.check(file: path).isEmpty)
      try session.run(file: path)
      #expect(session.expectations.count >= expectations.count)
      for each in session.expectations { #expect(each.passed, "\(each.diagnostic.message) \(each.diagnostic.label)") }
    }
  }

  // MARK: Reference models

  static let chosen: [(model: String, const: String)] = [
    ("consensus.2.prism", "K=2"), ("consensus.2.prism", "K=4"), ("csma.2-2.prism", ""),
    ("zeroconf.prism", "N=20,K=2,reset=true"), ("zeroconf.prism", "N=1000,K=4,reset=true"),
    ("firewire_abst.prism", "delay=3"), ("firewire_abst.prism", "delay=36"), ("brp.prism", "N=16,MAX=2"),
    ("brp.prism", "N=32,MAX=3"), ("leader_sync.3-2.prism", ""), ("leader_sync.4-3.prism", ""),
    ("haddad-monmege.pm", "N=20,p=0.7"),
  ]

  /// As many states as recorded, and the recorded answer to every property: for a bound the program's own expectation.
  @Test(arguments: chosen.indices) func referenceModelsAnswerAsRecorded(_ index: Int) throws {
    let (name, constants) = Self.chosen[index]
    let cases = Reference.cases.filter { $0.name == name && $0.const == constants }
    let first = try #require(cases.first)
    let program = try Self.alea(
      Reference.folder + "/" + first.model, constants, properties: Reference.folder + "/" + first.props)
    let formatted = try Formatter.format(SourceFile(id: FileID(index: 0), name: "model.alea", text: program))
    #expect(formatted == program)
    var expectations = ["expect(size(\(try Self.modelName(program))).states, \(first.states))"]
    let lines = program.split(separator: "\n").map(String.init)
    for each in cases {
      let comment = try #require(lines.firstIndex { $0.hasPrefix("// \"\(each.property)\": ") })
      let question = lines[comment + 1]
      #expect(question.hasPrefix("let "))
      let answer = question.dropFirst(4).prefix { $0 != " " }
      guard case .number(let value) = each.approx else {
        #expect(lines[comment...].prefix(5).contains { $0.hasPrefix("expect(\(answer).start >= 1)") })
        continue
      }
      expectations.append("expect(\(answer).start, \(value), within: \(1e-6 * max(1, abs(value))))")
    }
    try Self.expectAll(program, expectations)
  }

  /// Constants without values stay parameters, and a program of other values is that of the model with them.
  @Test func openConstantsAreParameters() throws {
    let path = Reference.folder + "/mdp/consensus/consensus.2.prism"
    let open = try Self.alea(path, "")
    #expect(open.contains("param K: Int\n"))
    try FormatTests.withFiles(["open.alea": open + "expect(size(Consensus2).states, 528)\n"]) { folder in
      let session = Session()
      session.isSilent = true
      session.configuration.parameters = [("K", "4")]
      try session.run(file: folder.appendingPathComponent("open.alea").path)
      #expect(session.expectations.count == 1 && session.expectations.allSatisfy(\.passed))
    }
    let closed = try Self.alea(path, "K=2").replacingOccurrences(of: "K: Int = 2", with: "K: Int = 4")
    try Self.expectAll(closed, ["expect(size(Consensus2).states, 528)"])
  }

  // MARK: Constructs

  /// A model text converted to Alea; the states and answers are those of the model read as it is.
  static func sameAnswers(_ model: String, _ questions: [(prism: String, alea: String)], loops: Int = 0) throws -> String {
    var result = ""
    try FormatTests.withFiles(["m.prism": model]) { folder in
      let path = folder.appendingPathComponent("m.prism").path
      result = try alea(path, "")
      var tail = "let original = read(\"m.prism\")\n"
      tail += "expect(size(M).states, size(original).states)\n"
      tail += "expect(size(M).transitions, size(original).transitions + \(loops))\n"
      for (prism, alea) in questions {
        tail += "expect(\(alea), solve(original, property: \"\(prism.replacing("\"", with: "\\\""))\").start, within: 1e-6)\n"
      }
      let program = folder.appendingPathComponent("program.alea")
      try (result + tail).write(to: program, atomically: true, encoding: .utf8)
      let session = Session()
      session.isSilent = true
      try session.run(file: program.path)
      FormatTests.expectAll(session, count: questions.count + 2)
    }
    return result
  }

  @Test func copiesOfModulesHaveFormulasOfTheirOwn() throws {
    let text = try Self.sameAnswers(
      """
      mdp
      const int n = 3;
      formula full = x=n;
      formula both = full & y>0;
      module a
        x : [0..n];
        [] !full -> 0.5:(x'=x+1) + 0.5:true;
        [go] full & !both -> (x'=0);
      endmodule
      module b = a [x=y, y=x] endmodule
      rewards "work" [go] true : 2; x>0 : 1; endrewards
      """,
      [
        ("Pmax=? [ F x=3 & y=3 ]", "probability(of: M.x == 3 and M.y == 3, in: M).start"),
        ("R{\"work\"}min=? [ F x=2 ]", "expectedTotal(of: M.work, in: M, until: M.x == 2, maximize: false).start"),
      ], loops: 1)
    #expect(text.contains("both_b"))
  }

  @Test func systemsOfModules() throws {
    _ = try Self.sameAnswers(
      """
      mdp
      module a
        x : [0..2];
        [s] x<2 -> 0.3:(x'=x+1) + 0.7:(x'=2);
        [h] x=2 -> (x'=0);
      endmodule
      module b
        y : bool;
        [s] true -> (y'=!y);
        [h] y -> 0.9:(y'=false) + 0.1:true;
      endmodule
      system (a |[s]| b) / {h} endsystem
      rewards [s] true : 1; [] x=0 : 4; endrewards
      """,
      [
        ("Pmin=? [ F x=2 & y ]", "probability(of: M.x == 2 and M.y, in: M, maximize: false).start"),
        ("Rmax=? [ C<=7 ]", "expectedTotal(of: M.earned, in: M, within: 7).start"),
      ])
  }

  @Test func deadlocksStayAsTheyAre() throws {
    let text = try Self.sameAnswers(
      """
      mdp
      module a
        s : [0..3] init 1;
        [] s=1 -> 1/3:(s'=2) + 2/3:(s'=0);
        [] s=1 -> (s'=3);
        [] s=0 -> (s'=1);
      endmodule
      """,
      [
        ("Pmax=? [ F s=2 ]", "probability(of: M.s == 2, in: M).start"),
        ("Pmin=? [ F s>1 ]", "probability(of: M.s > 1, in: M, maximize: false).start"),
      ], loops: 2)
    #expect(text.contains("idle"))
  }

  @Test func chainsWhoseGuardsOverlapDrawACommand() throws {
    let text = try Self.sameAnswers(
      """
      dtmc
      global g : bool;
      module a
        s : [-2..4] init -1;
        [] s<3 -> 0.25:(s'=s+1)&(g'=true) + 0.75:(s'=max(-2, s-1));
        [] s>=0 & s<4 -> (s'=4);
        [] mod(s, 2)=0 => g -> 0.333333:(g'=!g) + 0.666667:true;
      endmodule
      rewards "r" g <=> s>0 : pow(2, s)/3 + round(s/2); endrewards
      """,
      [
        ("P=? [ F s=4 & !g ]", "probability(of: M.s == 4 and not M.g, in: M).start"),
        ("P=? [ s<2 U<=9 g ]", "probability(of: M.g, in: M, avoiding: M.s >= 2, within: 9).start"),
      ])
    #expect(text.contains("command ~ Categorical("))
  }

  @Test func severalInitialStates() throws {
    let text = try Self.sameAnswers(
      """
      dtmc
      module a
        s : [0..5];
        b : bool;
        [] s<5 -> 0.5:(s'=s+1) + 0.5:(s'=0)&(b'=true);
      endmodule
      init s>1 & s!=4 endinit
      """,
      [("filter(avg, P=? [ F b ], \"init\")", "probability(of: M.b, in: M).start")])
    #expect(text.contains("state s: 0..5 ~ Uniform({2, 3, 5})"))
  }

  /// Words of Alea cannot be names.
  @Test func namesThatMeanSomethingAreChanged() throws {
    let text = try Self.sameAnswers(
      """
      dtmc
      const double e = 0.25;
      module in
        t : [0..1];
        match : bool;
        state : [0..2];
        [solve] state<2 -> e:(state'=state+1) + 1-e:(match'=true)&(t'=1);
      endmodule
      label "print" = match & t=1;
      """,
      [("P=? [ F state=2 & !match ]", "probability(of: M.state_ == 2 and not M.match_, in: M).start")])
    #expect(text.contains("print_ = match_ and t_ == 1"))
  }

  // MARK: PRISM

  /// A PRISM model written in PRISM again has the same states, transitions and answers, and is written the same way a second time.
  @Test(arguments: chosen.indices) func prismModelsComeBackFromPrism(_ index: Int) throws {
    let (name, constants) = Self.chosen[index]
    let cases = Reference.cases.filter { $0.name == name && $0.const == constants }
    let first = try #require(cases.first)
    let path = Reference.folder + "/" + first.model
    let once = try Self.written(path, .prism, constants)
    try FormatTests.withFiles(["again.prism": once.text]) { folder in
      let again = folder.appendingPathComponent("again.prism").path
      #expect(try Self.written(again, .prism, "").text == once.text)
      let (before, after) = (try Self.size(path, constants), try Self.size(again, ""))
      #expect(before == after && before[0] == first.states)
      let session = Session()
      session.isSilent = true
      let answers = try session.run(prism: again, properties: cases.map { Reference.folder + "/\($0.props):\($0.property)" })
      for (each, answer) in zip(cases, answers) {
        switch each.approx {
        case .truth(let truth): #expect(answer.holds == truth)
        case .number(let value): #expect(abs(answer.start - value) <= 1e-6 * max(1, abs(value)), "\(each)")
        }
      }
    }
  }

  static func written(_ path: String, _ format: ModelFormat, _ constants: String, properties: String? = nil) throws -> (
    text: String, properties: String, notes: [String]
  ) {
    let session = Session()
    session.isSilent = true
    session.configuration.parameters = pairs(constants)
    let (files, notes) = try session.convert(path, to: format, properties: properties)
    return (
      String(decoding: try #require(files.first).bytes, as: UTF8.self),
      files.dropFirst().first.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "", notes
    )
  }

  static func size(_ path: String, _ constants: String) throws -> [Int] {
    let session = Session()
    session.isSilent = true
    session.configuration.parameters = pairs(constants)
    let rows = try session.rows(path: path)
    return [rows.stateCount, rows.choiceCount, rows.transitionCount]
  }

  /// Every construct that a text may have, written and read again.
  @Test func everyConstructComesBack() throws {
    let model = """
      mdp
      const int n = 3;
      const double p;
      const bool b = true;
      global g : int init -2;
      formula f = (x+1)*2-(3-x)/2;
      formula c = x=1 | x=2 & !(b & x<2 => x!=0) <=> b;
      module a
        x : [0..n] init 1;
        y : bool init true;
        [go] (y | x<n) & c -> p*(1/2) : (x'=min(x+1, n, 7)) + 1-p*(1/2) : (y'=!y)&(x'=mod(x+1, 2));
        [] x=n | !c -> (g'=max(-2, floor(g-1)))&(y'=x>0 ? x<2 : x=0);
      endmodule
      module d = a [x=x2, y=y2, go=stay] endmodule
      system (a ||| d) / {stay} {go <- move} endsystem
      label "l" = g<0 & f>=1;
      rewards "r" [move] x>1 : pow(x, 2) + log(4, 2); true : round(x/2); endrewards
      rewards g<=-2 : 1; endrewards
      """
    try FormatTests.withFiles(["m.prism": model]) { folder in
      let path = folder.appendingPathComponent("m.prism").path
      let once = try Self.written(path, .prism, "p=0.3").text
      let again = folder.appendingPathComponent("again.prism")
      try once.write(to: again, atomically: true, encoding: .utf8)
      #expect(try Self.written(again.path, .prism, "").text == once)
      #expect(try Self.size(path, "p=0.3") == Self.size(again.path, ""))
      func answers(_ path: String, _ constants: String) throws -> [Double] {
        let session = Session()
        session.isSilent = true
        session.configuration.parameters = Self.pairs(constants)
        return try session.run(
          prism: path, properties: ["Pmax=? [ F<=6 \"l\" & !y2 ]", "R{\"r\"}min=? [ C<=9 ]", "R{2}max=? [ C<=5 ]"]
        ).map(\.start)
      }
      #expect(try answers(path, "p=0.3") == answers(again.path, ""))
    }
  }

  // MARK: Models of Alea in PRISM

  /// Examples written as PRISM models and read again: the answer to the objective is the value of the original, up to the constant that
  /// was added to every step. The values stand in the examples' own expectations, each with its source there.
  static let examples: [(file: String, model: String, value: Double, isNegated: Bool, added: Double)] = [
    ("inventory", "Inventory", 441.9188362742, false, 17 / 0.05), ("frozenlake", "FrozenLake", 0.542025932, false, 0),
    ("gambler", "Gambler", 0.4, false, 0), ("queue_admission", "Queue", 11476.0 / 2101, false, 30),
    ("two_states", "TwoStates", 646.0 / 109, false, 10), ("stopping", "Die", 14.0 / 3, false, 0),
    ("riverswim", "RiverSwim", 7203.0 / 16805, false, 0), ("sysadmin", "SysAdmin", 139.297386602754, false, 40),
    ("consensus", "Consensus", 75, false, 0),
  ]

  @Test(arguments: examples.indices) func mdpsOfAleaComeBackFromPrism(_ index: Int) throws {
    let each = Self.examples[index]
    let path = LanguageTests.root.appendingPathComponent("Examples/\(each.file).alea").path
    let session = Session()
    session.isSilent = true
    let (files, _) = try session.convert(path, to: .prism, model: each.model)
    try #require(files.count == 2)
    try FormatTests.withFiles([
      "m.prism": String(decoding: files[0].bytes, as: UTF8.self), "m.props": String(decoding: files[1].bytes, as: UTF8.self),
    ]) { folder in
      let reading = Session()
      reading.isSilent = true
      let answers = try reading.run(
        prism: folder.appendingPathComponent("m.prism").path, properties: [folder.appendingPathComponent("m.props").path])
      let answer = try #require(answers.first).start - each.added
      #expect(abs(answer - each.value) <= 1e-6 * max(1, abs(each.value)), "\(answer)")
    }
  }

  static let strange: [(model: String, message: String)] = [
    ("mdp M { state x: Real = 0\n x' = x / 2\n reward x\n discount 0.5 }", "`x` is a real number"),
    (
      "mdp M { state x: 0..1 = 0\n context u ~ Bernoulli(0.5)\n action a: 0..1\n x' = a\n reward u * a\n discount 0.5 }",
      "`u` is seen before the action is taken"
    ),
    (
      "mdp M { state x: 0..1 = 0\n action a: 0..1\n x' = a\n reward (if a == 1 then 1 else -1)\n total\n terminal when x == 1 }",
      "steps that gain and steps that cost"
    ),
    ("mdp M { state x: 0..9 = 0\n d ~ Poisson(x)\n x' = min(d, 9)\n reward x\n discount 0.5 }", "the law of `d` has parameters"),
    (
      "mdp M { state x: 0..1 = 0\n action a: 0..1\n x' = a\n reward x\n horizon 3\n maximize cvar(0.1) }",
      "PRISM has no property for this objective"
    ),
    ("mdp M { state x: 0..1 ~ Bernoulli(0.3)\n x' = x\n reward x\n discount 0.5 }", "`x` begins with values"),
    ("bandit M { action a: 0..1\n reward ~ Bernoulli(0.5)\n horizon 3 }", "`M` is no mdp"),
  ]

  @Test(arguments: strange.indices) func whatPrismCannotSayIsTold(_ index: Int) throws {
    let each = Self.strange[index]
    try FormatTests.withFiles(["m.alea": each.model]) { folder in
      do {
        let text = try Self.written(folder.appendingPathComponent("m.alea").path, .prism, "").text
        Issue.record("\(text)")
      } catch let error as DiagnosticError {
        #expect(error.diagnostics.contains { $0.message.hasPrefix(each.message) && $0.span != nil }, "\(error.diagnostics)")
      }
    }
  }

  // MARK: JANI

  /// What the independent reader of JANI finds in a model.
  struct Found: Decodable {
    var states: Int
    var choices: Int
    var transitions: Int
    var properties: [String: Answer]

    enum Answer: Decodable {
      case truth(Bool)
      case number(Double)
      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let truth = try? container.decode(Bool.self) {
          self = .truth(truth)
        } else {
          self = .number(try container.decode(Double.self))
        }
      }
    }
  }

  static func python(_ arguments: [String]) throws -> (status: Int32, output: Data) {
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    // A file, since reading from a pipe can be interrupted.
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("alea-\(UUID().uuidString)")
    try Data().write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    process.standardOutput = try FileHandle(forWritingTo: file)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let end = Date(timeIntervalSinceNow: 240)
    while process.isRunning, Date() < end { Thread.sleep(forTimeInterval: 0.02) }
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
    return (process.terminationStatus, try Data(contentsOf: file))
  }

  static let hasPython = (try? python(["-c", "import json"]))?.status == 0

  static func found(_ jani: String) throws -> Found {
    try FormatTests.withFiles(["m.jani": jani]) { folder in
      let script = LanguageTests.root.appendingPathComponent("Tests/Independent/jani.py").path
      let (status, output) = try python([script, folder.appendingPathComponent("m.jani").path])
      try #require(status == 0)
      return try JSONDecoder().decode(Found.self, from: output)
    }
  }

  static let small: [(model: String, const: String)] = [
    ("consensus.2.prism", "K=2"), ("zeroconf.prism", "N=20,K=2,reset=true"), ("firewire_abst.prism", "delay=3"),
    ("brp.prism", "N=16,MAX=2"), ("leader_sync.4-3.prism", ""), ("csma.2-2.prism", ""),
  ]

  /// A reader of JANI that shares nothing with Alea finds the form correct, the states recorded, and the answers.
  @Test(.enabled(if: hasPython, "python3 is missing"), arguments: small.indices) func modelsInJANI(_ index: Int) throws {
    let (name, constants) = Self.small[index]
    let cases = Reference.cases.filter { $0.name == name && $0.const == constants }
    let first = try #require(cases.first)
    let path = Reference.folder + "/" + first.model
    let found = try Self.found(Self.written(path, .jani, constants, properties: Reference.folder + "/" + first.props).text)
    #expect(found.states == first.states)
    if name != "brp.prism" { #expect([found.states, found.choices, found.transitions] == (try Self.size(path, constants))) }
    for each in cases {
      switch (each.approx, try #require(found.properties[each.property])) {
      case (.truth(let expected), .truth(let answer)): #expect(answer == expected)
      case (.number(let expected), .number(let answer)):
        #expect(abs(answer - expected) <= 1e-6 * max(1, abs(expected)), "\(each): \(answer)")
      default: Issue.record("\(each) has an answer of another kind")
      }
    }
  }

  @Test(.enabled(if: hasPython, "python3 is missing")) func systemsAndInitialStatesInJANI() throws {
    let model = """
      mdp
      module a
        x : [0..2];
        [s] x<2 -> 0.3:(x'=x+1) + 0.7:(x'=2);
        [h] x=2 -> (x'=0);
      endmodule
      module b
        y : bool;
        [s] true -> (y'=!y);
        [h] y -> 0.9:(y'=false) + 0.1:true;
        [] !y -> true;
      endmodule
      init x!=1 endinit
      system (a |[s]| b) / {h} endsystem
      label "both" = x=2 & y;
      rewards [s] true : 1; true : x; endrewards
      """
    try FormatTests.withFiles(["m.prism": model, "p.props": "\"f\": Pmax=? [ x<2 U<=3 \"both\" ];\n\"r\": Rmin=? [ C<=4 ];"]) {
      folder in
      let path = folder.appendingPathComponent("m.prism").path
      let properties = folder.appendingPathComponent("p.props").path
      let found = try Self.found(Self.written(path, .jani, "", properties: properties).text)
      #expect([found.states, found.choices, found.transitions] == (try Self.size(path, "")))
      let session = Session()
      session.isSilent = true
      for (name, answer) in zip(["f", "r"], try session.run(prism: path, properties: [properties])) {
        guard case .number(let value) = try #require(found.properties[name]) else { continue }
        // The script answers for the first initial state.
        #expect(abs(value - answer.sparse.value[Int(answer.explored.sparse.initial[0].state)]) <= 1e-9)
      }
    }
  }

  /// An mdp of Alea: its objective becomes an expectation; a discount is none.
  @Test(.enabled(if: hasPython, "python3 is missing")) func mdpsOfAleaInJANI() throws {
    let folder = LanguageTests.root.appendingPathComponent("Examples").path
    let found = try Self.found(Self.written(folder + "/gambler.alea", .jani, "").text)
    #expect(found.states == 101)
    guard case .number(let value) = try #require(found.properties["property1"]) else { return }
    #expect(abs(value - 0.4) <= 1e-9)
    do {
      _ = try Self.written(folder + "/inventory.alea", .jani, "")
      Issue.record("a discounted total is written in JANI")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.contains { $0.message == "this reward cannot be written in JANI" && $0.span != nil })
    }
  }

  /// Random chains in continuous time, with answers computed without Alea: the reader of JANI finds them in what was written.
  @Test(.enabled(if: hasPython, "python3 is missing")) func chainsInContinuousTimeInJANI() throws {
    let cases = IndependentTests.cases("continuous_time")
    let session = Session()
    var files: [String: String] = [:]
    var expected: [Double] = []
    for each in cases {
      guard let value = each.value else { continue }
      try FormatTests.withFiles(["m.prism": each.model, "p.props": each.property]) { folder in
        let path = { (name: String) in folder.appendingPathComponent(name).path }
        let (written, _) = try session.convert(path("m.prism"), to: .jani, properties: path("p.props"))
        files[String(format: "m%03d.jani", expected.count)] = String(decoding: try #require(written.first).bytes, as: UTF8.self)
        expected.append(value)
      }
    }
    #expect(expected.count >= 100)
    try FormatTests.withFiles(files) { folder in
      let script = LanguageTests.root.appendingPathComponent("Tests/Independent/jani.py").path
      let (status, output) = try Self.python([script] + files.keys.sorted().map { folder.appendingPathComponent($0).path })
      try #require(status == 0)
      let lines = output.split(separator: 10)
      try #require(lines.count == expected.count)
      for (line, value) in zip(lines, expected) {
        let found = try JSONDecoder().decode(Found.self, from: Data(line))
        guard case .number(let answer)? = found.properties["property1"] else {
          Issue.record("no number")
          continue
        }
        #expect(abs(answer - value) <= 1e-7 * max(1, abs(value)), "\(answer), not \(value)")
      }
    }
  }

  /// Rates of synchronised commands are multiplied, and rewards of their action are earned.
  @Test(.enabled(if: hasPython, "python3 is missing")) func synchronisedRatesInJANI() throws {
    let model = """
      ctmc
      module a
        x : [0..3];
        [s] x<3 -> 2*(x+1) : (x'=x+1) + 0.5 : true;
        [] x>0 -> 1 : (x'=x-1);
      endmodule
      module b
        y : bool;
        [s] true -> 3 : (y'=!y) + 1 : true;
      endmodule
      rewards [s] y : 2; x=1 : 1; endrewards
      """
    let properties =
      "\"p\": P=? [ F<=0.3 x=3 & y ];\n\"r\": R=? [ C<=1.5 ];\n\"t\": T=? [ F x=3 ];\n\"s\": S=? [ x>1 ];\n\"i\": R=? [ I=0.7 ];"
    try FormatTests.withFiles(["m.sm": model, "p.props": properties]) { folder in
      let path = folder.appendingPathComponent("m.sm").path
      let file = folder.appendingPathComponent("p.props").path
      let found = try Self.found(Self.written(path, .jani, "", properties: file).text)
      let session = Session()
      session.isSilent = true
      let answers = try session.run(prism: path, properties: [file])
      #expect(answers.count == 5)
      for (name, answer) in zip(["p", "r", "t", "s", "i"], answers) {
        guard case .number(let value)? = found.properties[name] else {
          Issue.record("no answer to \(name)")
          continue
        }
        #expect(abs(answer.start - value) <= 1e-6 * max(1, abs(value)), "\(name): \(value), not \(answer.start)")
      }
    }
  }

  // MARK: Properties of models written in Alea

  /// What no question of the language says is asked as a property of the program's model, in the program's names.
  @Test func propertiesThatAreNoQuestions() throws {
    let model = """
      mdp
      const int n = 2;
      const int reset = 1;
      module a
        x : [0..3];
        on : bool;
        [go] x<3 -> 0.5:(x'=x+reset) + 0.5:(on'=!on);
        [back] x>0 -> (x'=x-1);
        [stay] x=3 -> true;
      endmodule
      formula top = x=3 & on;
      label "high" = x>=n;
      rewards "level" true : x; endrewards
      rewards [back] true : 1; true : x; endrewards
      """
    let properties = """
      const int k = 5;
      const double half = 0.5;
      "again": Pmax=? [ G F x=0 ];
      "stays": Pmin=? [ F G "high" ];
      "long_run": R{"level"}max=? [ S ];
      "at_k": R{"level"}max=? [ I=k ];
      "later": R{2}min=? [ C<=k ];
      "early": Rmax=? [ C<=4 ];
      "both": Pmax=? [ (F x=3) & (G !top) ];
      "most": filter(max, Pmax=? [ F<=2 "high" ], x<n);
      "sure": P>=half [ F (x=1 & X on) ];
      "two": multi(Pmax=? [ G F x=0 ], P>=half [ F top ]);
      """
    try Self.expectSameAnswers(model, properties, count: 10)
    try Self.expectSameAnswers(
      """
      dtmc
      const double p = 0.3;
      module a
        x : [0..2];
        [] x<2 -> p:(x'=x+1) + 1-p:(x'=0);
        [up] x>0 -> (x'=x-1);
      endmodule
      label "top" = x=2;
      rewards [up] true : 3; endrewards
      """,
      """
      "share": S=? [ "top" ];
      "ups": R=? [ S ];
      "late": P=? [ F[3,5] "top" ];
      "third": P=? [ X X x=2 ];
      "rare": S<0.2 [ "top" ];
      """, count: 5)
  }

  /// The program of a model answers its properties like the model.
  private static func expectSameAnswers(_ model: String, _ properties: String, count: Int) throws {
    try FormatTests.withFiles(["m.prism": model, "p.props": properties]) { folder in
      let path = folder.appendingPathComponent("m.prism").path
      let props = folder.appendingPathComponent("p.props").path
      let program = try alea(path, "", properties: props)
      let formatted = try Formatter.format(SourceFile(id: FileID(index: 0), name: "model.alea", text: program))
      #expect(formatted == program)
      #expect(!program.contains("Not asked"))
      let original = Session()
      original.isSilent = true
      let answers = try original.run(prism: path, properties: [props])
      #expect(answers.count == count)
      let text = folder.appendingPathComponent("m.alea")
      try program.write(to: text, atomically: true, encoding: .utf8)
      let session = Session()
      session.isSilent = true
      try session.run(file: text.path)
      #expect(session.expectations.map(\.passed) == answers.compactMap(\.holds))
      for answer in answers where answer.holds == nil {
        let name = try #require(answer.name)
        guard case .real(let value) = try session.evaluate("\(name).start") else {
          Issue.record("\(name) has no number")
          continue
        }
        #expect(abs(value - answer.start) <= 1e-6, "\(name): \(value), not \(answer.start)")
      }
    }
  }

  /// Any mdp of the language takes properties: its definitions are labels, its costs are rewards, a terminal state lasts for ever.
  @Test func mdpsOfAleaTakeProperties() throws {
    let session = Session()
    try session.run(
      text: """
        mdp Walk(n: Int = 4) {
          state x: 0..n = 1
          action step: {left, right}
          drift ~ Bernoulli(0.75)
          x' = if (step == right) == (drift == 1) then x + 1 else x - 1
          home = x == 0
          away = x == n
          cost moves: 1
          reward height: x
          total
          terminal when home or away
        }
        // A gambler of chances 3/4: (1 - 1/3) / (1 - 1/81) = 27/40.
        expect(solve(Walk, property: "Pmax=? [ F \\"away\\" ]").start, 27 / 40, within: 1e-6)
        expect(solve(Walk, property: "Pmax=? [ F G x=4 ]").start, 27 / 40, within: 1e-6)
        expect(solve(Walk, property: "Pmax=? [ G F \\"terminal\\" ]").start, 1, within: 1e-6)
        expect(solve(Walk, property: "R{\\"moves\\"}min=? [ F \\"home\\" | \\"away\\" ]").start, 5 / 3, within: 1e-6)
        expect(solve(Walk, property: "R{\\"height\\"}max=? [ I=1 ]").start, 2 * 0.75, within: 1e-9)
        expect(solve(Walk(n: 2), property: "Pmax=? [ F x=2 ]").start, 0.75, within: 1e-6)
        """, name: "walk.alea")
    FormatTests.expectAll(session, count: 6)
    do {
      _ = try session.evaluate("solve(Walk, property: \"Pmax=? [ F x=4 ]\", by: Exact())")
      Issue.record("exact")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.contains { $0.message.contains("a model in the PRISM language, for properties") })
    }
  }

  /// Initial states that a condition ties together are drawn jointly, each alike.
  @Test func tiedInitialStates() throws {
    let text = try Self.sameAnswers(
      """
      dtmc
      module a
        x : [0..3];
        y : [1..4];
        b : bool;
        z : [0..2];
        [] x<3 -> 0.4:(x'=x+1) + 0.6:true;
        [] x=3 -> true;
      endmodule
      init x<y & (b | x+y>=4) & z!=1 endinit
      """,
      [
        ("filter(avg, P=? [ F<=2 x=3 ], \"init\")", "probability(of: M.x == 3, in: M, within: 2).start"),
        (
          "filter(avg, P=? [ F (x=3 & y=4 & b & z=2) ], \"init\")",
          "probability(of: M.x == 3 and M.y == 4 and M.b and M.z == 2, in: M).start"
        ),
      ])
    #expect(text.contains("state x: 0..3 ~ Categorical("))
  }

  // MARK: What cannot be said

  static let refused: [(model: String, properties: String, message: String)] = [
    ("ctmc module a x:[0..1]; [] x=0 -> 2:(x'=1); endmodule", "", "a ctmc cannot be written in Alea"),
    ("mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule", "P=? [ F x=1 ]", "a query without `min` or `max`"),
    (
      "mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule rewards true: 1; [] true: 2; endrewards", "Rmax=? [ I=3 ]",
      "the reward at an instant, of rewards that transitions earn too, cannot be asked"
    ),
    (
      "mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule", "filter(max, Pmax=? [ F \"l\" ], true)",
      "\"l\" in a property cannot be asked"
    ),
    (
      "mdp const double p; module a x:[0..1]; [] x=0 -> (x'=1); endmodule", "filter(max, Pmax=? [ F x>p ], true)",
      "the constant `p` in a property cannot be asked"
    ),
    (
      "mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule rewards true: 1; endrewards", "R{\"q\"}max=? [ F x=1 ]",
      "there are no rewards \"q\""
    ),
    (
      "dtmc formula f = x+y; module a x:[0..3]; y:[0..3]; [] x=0 -> (x'=1); endmodule init f=2 endinit", "",
      "initial states in which variables depend on each other in this way"
    ),
    ("mdp module a x:[0..1]; [] x=0 -> (x'=z); endmodule", "", "there is no `z`"),
    ("mdp const int k; module a x:[0..1]; [] x=0 -> (x'=z); endmodule", "", "there is no `z`"),
  ]

  @Test(arguments: refused.indices) func whatCannotBeSaidIsListed(_ index: Int) throws {
    let each = Self.refused[index]
    try FormatTests.withFiles(["m.prism": each.model, "p.props": each.properties]) { folder in
      let path = folder.appendingPathComponent("m.prism").path
      let properties = folder.appendingPathComponent("p.props").path
      do {
        let text = try Self.alea(path, "", properties: each.properties.isEmpty ? nil : properties)
        Issue.record("\(text)")
      } catch let error as DiagnosticError {
        #expect(error.diagnostics.contains { $0.message.hasPrefix(each.message) }, "\(error.diagnostics.map(\.message))")
        #expect(error.diagnostics.allSatisfy { $0.span != nil })
      }
    }
  }

  /// A partial conversion leaves out what the whole one refuses, and says where.
  @Test func partialConversionsSayWhatTheyLeaveOut() throws {
    let model = "mdp module a x:[0..1]; [] x=0 -> (x'=1); [] x=1 -> (x'=1); endmodule"
    try FormatTests.withFiles(["m.prism": model, "p.props": "\"again\": Pmax=? [ G F \"no\" ];\nPmin=? [ F x=1 ];"]) { folder in
      let session = Session()
      session.isSilent = true
      let (files, _) = try session.convert(
        folder.appendingPathComponent("m.prism").path, to: .alea, properties: folder.appendingPathComponent("p.props").path,
        isPartial: true)
      let text = String(decoding: try #require(files.first).bytes, as: UTF8.self)
      #expect(text.contains("// Not asked: \"again\": Pmax=? [ G F \"no\" ]"))
      #expect(text.contains("let property2 = probability(of: M.x == 1, in: M, maximize: false)"))
      let warnings = session.takeWarnings()
      #expect(warnings.contains { $0.message.hasPrefix("left out: \"no\" in a property") && $0.span != nil })
    }
  }

  // MARK: The questions that converted programs ask

  /// A model asked about under another name than its own is the same model.
  @Test func aModelUnderAnotherName() throws {
    let session = try FormatTests.run(
      FormatTests.die,
      """
      let cube = read("die.tra")
      expect(probability(of: cube.x == 7, in: cube).start, 1 / 6, within: 1e-6)
      mdp Steps(n: Int = 3) {
        state x: 0..n = 0
        done = x == n
        x' ~ {x: 0.5, min(x + 1, n): 0.5}
        cost wait: 2
        terminal when done
        total
      }
      let long = Steps(n: 5)
      expect(probability(of: long.x == 4, in: long).start, 1, within: 1e-6)
      expect(probability(of: long.done, in: long, within: 5).start, 1 / 32, within: 1e-12)
      expect(probability(of: long.done, in: long, avoiding: long.x == 2).start, 0, within: 1e-12)
      expect(expectedTotal(of: Steps.wait, in: long, until: long.done, maximize: false).start, 20, within: 1e-5)
      expect(expectedTotal(of: "wait", in: Steps, until: Steps.x == 2).start, 8, within: 1e-5)
      expect(expectedTotal(of: Steps.wait, in: Steps, within: 2).start, 4, within: 1e-12)
      """)
    FormatTests.expectAll(session, count: 7)
  }
}
