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

  // MARK: What cannot be said

  static let refused: [(model: String, properties: String, message: String)] = [
    ("ctmc module a x:[0..1]; [] x=0 -> 2:(x'=1); endmodule", "", "a ctmc cannot be written in Alea"),
    ("mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule", "Pmax=? [ G F x=1 ]", "this path property cannot be asked"),
    ("mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule", "P=? [ F x=1 ]", "a query without `min` or `max`"),
    (
      "mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule", "filter(max, Pmax=? [ F x=1 ], true)", "this property cannot be asked"
    ),
    (
      "mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule rewards true: 1; endrewards", "Rmax=? [ S ]",
      "this reward cannot be asked"
    ),
    (
      "mdp module a x:[0..1]; [] x=0 -> (x'=1); endmodule rewards true: 1; endrewards", "R{\"q\"}max=? [ F x=1 ]",
      "there are no rewards \"q\""
    ),
    (
      "dtmc module a x:[0..3]; y:[0..3]; [] x=0 -> (x'=1); endmodule init x<y endinit", "",
      "initial states in which variables depend"
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
    try FormatTests.withFiles(["m.prism": model, "p.props": "\"again\": Pmax=? [ G F x=1 ];\nPmin=? [ F x=1 ];"]) { folder in
      let session = Session()
      session.isSilent = true
      let (files, _) = try session.convert(
        folder.appendingPathComponent("m.prism").path, to: .alea, properties: folder.appendingPathComponent("p.props").path,
        isPartial: true)
      let text = String(decoding: try #require(files.first).bytes, as: UTF8.self)
      #expect(text.contains("// Not asked: \"again\": Pmax=? [ G F x=1 ]"))
      #expect(text.contains("let property2 = probability(of: M.x == 1, in: M, maximize: false)"))
      let warnings = session.takeWarnings()
      #expect(warnings.contains { $0.message.hasPrefix("left out: this path property") && $0.span != nil })
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
