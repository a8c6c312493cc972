import Alea
import Foundation
import Testing

/// Mutated files: whatever is in them, reading, lowering and answering end with a model, a number or messages.
///
/// `ALEA_FUZZ_SECONDS=3600 ALEA_FUZZ_SEED=7 swift test --filter FuzzTests` looks longer, elsewhere.
@Suite struct FuzzTests {
  private static let environment = ProcessInfo.processInfo.environment
  static let seed = environment["ALEA_FUZZ_SEED"].flatMap { UInt64($0) } ?? 0

  /// Runs `body` so many times, or for as long as the environment says.
  static func repeating(_ count: Int, _ body: () throws -> Void) rethrows {
    guard let seconds = environment["ALEA_FUZZ_SECONDS"].flatMap({ Double($0) }) else {
      for _ in 0..<count { try body() }
      return
    }
    let end = Date().addingTimeInterval(seconds)
    while Date() < end { try body() }
  }

  struct Generator {
    var state: UInt64
    mutating func next(_ bound: Int) -> Int {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
    }
  }

  static let models = [
    "mdp/consensus/consensus.2.prism", "dtmc/brp/brp.prism", "mdp/firewire_abst/firewire_abst.prism",
    "mdp/csma/csma.2-2.prism", "mdp/eajs/eajs.2.prism", "dtmc/leader_sync/leader_sync.3-2.prism",
    "mdp/zeroconf/zeroconf.prism", "dtmc/haddad-monmege/haddad-monmege.pm",
  ]
  static let properties = [
    "mdp/consensus/consensus.props", "mdp/csma/csma.props", "mdp/eajs/eajs.props", "dtmc/haddad-monmege/haddad-monmege.prctl",
  ]
  static let constants: [String: PrismGiven] = [
    "K": .integer(2), "N": .integer(3), "MAX": .integer(2), "p": .real(0.7), "delay": .integer(3),
    "energy_capacity": .integer(10),
    "reset": .boolean(true), "B": .integer(2), "COL": .integer(0),
  ]
  static let words = [
    "module", "endmodule", "->", "(", ")", "[", "]", "'", "=", "<", "&", "|", "!", "?", ":", ";", "..", "0", "1", "999999999999",
    "1e308", "true", "init", "rewards", "endrewards", "system", "||", "|||", "{", "}", "\"", "F", "P=?", "mdp", "dtmc", "ctmc",
    "const", "formula", "-", "/", "*", "pow", "mod", "log", "min", "x", "[]", "G", "X", "U", "W", "R", "multi", "filter", "C",
    "<=", ">=", "range", "print", "printall", "^", "rew",
  ]

  /// Pieces of a text: words, numbers, single symbols.
  static func pieces(_ bytes: [UInt8]) -> [String] {
    var result: [String] = []
    var word = ""
    for scalar in String(decoding: bytes, as: UTF8.self) {
      if scalar.isLetter || scalar.isNumber || scalar == "_" {
        word.append(scalar)
      } else {
        if !word.isEmpty { result.append(word) }
        word = ""
        result.append(String(scalar))
      }
    }
    return word.isEmpty ? result : result + [word]
  }

  static func mutated(_ original: [String], _ generator: inout Generator) -> [UInt8] {
    var pieces = original
    for _ in 0...generator.next(4) {
      guard !pieces.isEmpty else { break }
      let place = generator.next(pieces.count)
      switch generator.next(6) {
      case 0: pieces.remove(at: place)
      case 1: pieces.insert(words[generator.next(words.count)], at: place)
      case 2: pieces[place] = words[generator.next(words.count)]
      case 3: pieces.swapAt(place, generator.next(pieces.count))
      case 4: pieces.removeSubrange(place..<min(pieces.count, place + 1 + generator.next(40)))
      default:
        pieces.insert(
          contentsOf: pieces[place..<min(pieces.count, place + 1 + generator.next(40))], at: generator.next(pieces.count))
      }
    }
    return Array(pieces.joined().utf8)
  }

  @Test(arguments: models) func modelsEndInAModelOrInMessages(_ path: String) throws {
    let original = Self.pieces(try Reference.file(path).bytes)
    var generator = Generator(state: UInt64(path.utf8.count) &+ Self.seed &* 1_000_003)
    try Self.repeating(120) {
      let file = SourceFile(id: FileID(index: 0), name: "fuzz", bytes: Self.mutated(original, &generator))
      let (model, diagnostics) = PrismParser.parseModel(file)
      if diagnostics.contains(where: { $0.severity == .error }) { return }
      do {
        let known = Self.constants.filter { name, _ in model.constants.contains { $0.name.text == name } }
        let program = try PrismProgram(model, name: "fuzz", constants: known)
        let options = ExplorationOptions(mostStatesWithoutRange: 2_000)
        let start = Ticks(1)
        _ = try Explorer.explore(
          program.process, options: options,
          control: WorkControl { progress in
            // The first report after the beginning ends a run that has grown large.
            progress.fraction == 0 || start.take()
          })
      } catch let error as DiagnosticError {
        #expect(!error.diagnostics.isEmpty)
      } catch is WorkCancelled {
      }
    }
  }

  @Test(arguments: properties) func propertiesEndInPropertiesOrInMessages(_ path: String) throws {
    let original = Self.pieces(try Reference.file(path).bytes)
    var generator = Generator(state: UInt64(path.utf8.count) &+ Self.seed &* 1_000_003)
    Self.repeating(400) {
      let file = SourceFile(id: FileID(index: 0), name: "fuzz", bytes: Self.mutated(original, &generator))
      let (properties, diagnostics) = PrismParser.parseProperties(file)
      #expect(!properties.properties.isEmpty || !diagnostics.isEmpty || file.bytes.count < 200 || !properties.labels.isEmpty)
    }
  }

  /// What longer runs found, mended: a reward that nothing earns ended the process within a linear program.
  @Test func findsStayMended() throws {
    let model = """
      mdp
      module m
        x : [0..2];
        [go] x=0 -> 0.5 : (x'=1) + 0.5 : (x'=0);
        [] x=1 -> (x'=2);
        [] x!=1 -> true;
      endmodule
      rewards "none" x>9 : 1; endrewards
      """
    let answer = try PathFormulaTests().answer(model, "multi(Pmax=? [ F x=1 ], P>=0.3 [ F x=2 ], R<=4 [ C ])")
    #expect(abs(answer.start - 1) < 1e-9)
  }

  /// A property that mentions itself below an operator had no end.
  @Test func propertiesThatMentionThemselvesEnd() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = folder.appendingPathComponent("m.prism").path
    try "dtmc module m x : [0..1]; [] true -> (x'=1); endmodule".write(toFile: model, atomically: true, encoding: .utf8)
    for text in [
      "\"done\": P>=1 [ F \"done\" ];", "\"done\": P>=0.5 [ F \"b\" ]; \"b\": P<1 [ X \"done\" ];",
      "\"done\": 1 + P=? [ F (\"done\" > 0.5) ];",
    ] {
      try text.write(toFile: folder.appendingPathComponent("m.props").path, atomically: true, encoding: .utf8)
      let session = Session()
      session.isSilent = true
      let error = #expect(throws: DiagnosticError.self) { try session.run(prism: model, properties: ["done"]) }
      #expect(error?.diagnostics.first?.message.hasSuffix("depends on itself") == true, "\(text): \(String(describing: error))")
    }
  }

  /// Small models of each kind, on which every question ends soon.
  static let small = [
    SemanticsTests.fork, SemanticsTests.rest, PathFormulaTests.choice,
    """
    ctmc
    module m x : [0..3]; [up] x<3 -> 2 : (x'=x+1); [down] x>0 -> 3 : (x'=x-1); endmodule
    module n y : [0..1]; [down] y=0 -> (y'=1); [] y=1 -> 0.5 : (y'=0); endmodule
    rewards "r" true : x; [up] true : 1; endrewards
    label "end" = x=3;
    """,
  ]
  static let questions = [
    "P=? [ F x=1 ]", "Pmax=? [ F<=3 x=2 ]", "Pmin=? [ x<2 U x=3 ]", "P=? [ G F x=2 ]", "R=? [ C<=5 ]", "Rmax=? [ F x>1 ]",
    "S=? [ x=1 ]",
    "Pmax=? [ (G F x=1) & (F G x=0) ]", "Pmin=? [ G (x=1 => F<=2 x=2) ]", "P=? [ F x=1 || F x=2 ]", "P=? [ F[0.5,2] x=1 ]",
    "multi(Pmax=? [ F x=1 ], P>=0.3 [ G x!=2 ])", "multi(P>=0.1 [ F x=1 ], P<=0.3 [ F x=2 ])",
    "multi(R{1}max=? [ C<=3 ], P>=0.3 [ F x=1 ])",
    "multi(Pmax=? [ F x=2 ], Pmax=? [ G F x=1 ])", "filter(argmax, P=? [ F x=1 ], x<2)", "filter(count, P>=0.5 [ F x=2 ])",
    "1 - P=? [ F x=1 ] / 2", "P>=0.5 [ F P>0 [ X x=1 ] ]", "R=? [ (F x=1) & (X x=2) ]", "R=? [ I=2 ]", "T=? [ F x=3 ]",
    "R=? [ S ]",
    "P=? [ F^{rew{1}<=4} x=1 ]", "R{1}=? [ Cdiscount=0.5 ]", "Pmax=? [ F x=1 || F x=2 ]", "Pmin=? [ G F x=1 || F<=3 x=2 ]",
    "filter(range, Pmax=? [ F x=2 || F x=1 ])", "filter(print, P=? [ F x=1 ], x<2)", "filter(printall, P>0.5 [ F x=2 ])",
    "multi(Pmax=? [ F x=1 ], Pmax=? [ F x=2 ], Pmin=? [ G x<2 ])", "multi(P>0.3 [ F x=1 ], P<0.9 [ F x=2 ], P>=0 [ X x=1 ])",
    "filter(max, multi(Pmax=? [ F x=2 ], P>=0.1 [ F x=1 ]))", "Pmax=? [ (F^{rew{1}<=3} x=1) & (F^{rew{1}>=2} x=2) ]",
    "P=? [ (F<=1200 x=1) & (G x<3) ]", "Pmin=? [ F^{rew{1}=2} x=1 ]",
  ]

  @Test(arguments: small.indices) func questionsEndInAnswersOrInMessages(_ number: Int) throws {
    var generator = Generator(state: UInt64(number) &+ Self.seed &* 1_000_003)
    let model = Self.small[number]
    let pieces = Self.pieces(Array(model.utf8))
    try Self.repeating(150) {
      let question = Self.questions[generator.next(Self.questions.count)]
      let property = generator.next(3) == 0 ? Array(question.utf8) : Self.mutated(Self.pieces(Array(question.utf8)), &generator)
      let text = generator.next(3) == 0 ? Self.mutated(pieces, &generator) : Array(model.utf8)
      let session = Session()
      session.isSilent = true
      do {
        let answer = try session.answer(
          prism: String(decoding: text, as: UTF8.self), property: String(decoding: property, as: UTF8.self))
        #expect(answer.satisfying != nil || answer.front != nil || !(answer.startLower > answer.startUpper))
      } catch let error as DiagnosticError {
        #expect(!error.diagnostics.isEmpty)
      }
    }
  }

  @Test func deepAndLongTextsEnd() {
    let deep = String(repeating: "(", count: 8_000)
    let long = "x" + String(repeating: "+x", count: 8_000)
    let choice = String(repeating: "x=1 ? 1 : ", count: 8_000)
    let negations = String(repeating: "!", count: 8_000)
    let signs = String(repeating: "-", count: 8_000)
    for text in [deep, long, choice, negations, signs] {
      let file = SourceFile(id: FileID(index: 0), name: "deep", text: "mdp module m x:[0..1]; [] \(text)=1 -> true; endmodule")
      let (model, diagnostics) = PrismParser.parseModel(file)
      if diagnostics.isEmpty { _ = try? PrismProgram(model, name: "deep") }
      let property = SourceFile(id: FileID(index: 0), name: "deep", text: "P=? [ F \(text) ]")
      _ = PrismParser.parseProperties(property)
    }
    for text in [
      String(repeating: "P>0 [ F ", count: 2_000), String(repeating: "F ", count: 2_000), String(repeating: "(F ", count: 2_000),
    ] {
      _ = PrismParser.parseProperties(SourceFile(id: FileID(index: 0), name: "deep", text: "P=? [ \(text)"))
    }
    // Formulas that double: expanded once each.
    var text = "mdp formula f0 = 1;"
    for index in 1...300 { text += "formula f\(index) = f\(index - 1) + f\(index - 1);" }
    text += "module m x:[0..1]; [] f300>x -> true; endmodule"
    let (model, _) = PrismParser.parseModel(SourceFile(id: FileID(index: 0), name: "deep", text: text))
    _ = try? PrismProgram(model, name: "deep")
  }

  /// Says yes so many times.
  final class Ticks: @unchecked Sendable {
    private var left: Int
    init(_ count: Int) { left = count }
    func take() -> Bool {
      left -= 1
      return left >= 0
    }
  }
}
