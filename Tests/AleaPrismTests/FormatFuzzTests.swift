import Alea
import Foundation
import Testing

/// Mutated files of states and transitions and of graphs, seeded: reading ends in a model or in a message, and never asks for more memory
/// than the file is worth.
@Suite struct FormatFuzzTests {
  typealias Generator = FuzzTests.Generator

  /// Numbers that heads, sizes and offsets are replaced by.
  static let numbers = [
    "0", "1", "-1", "2147483647", "2147483648", "4294967295", "99999999999999999999", "1e308", "nan", "0.5", "1/0",
  ]

  static func mutatedText(_ original: [UInt8], _ generator: inout Generator) -> [UInt8] {
    var pieces = FuzzTests.pieces(original)
    for _ in 0...generator.next(3) {
      guard !pieces.isEmpty else { break }
      let place = generator.next(pieces.count)
      switch generator.next(6) {
      case 0: pieces.remove(at: place)
      case 1: pieces[place] = numbers[generator.next(numbers.count)]
      case 2: pieces.insert(numbers[generator.next(numbers.count)], at: place)
      case 3: pieces.swapAt(place, generator.next(pieces.count))
      case 4: pieces.removeSubrange(place..<min(pieces.count, place + 1 + generator.next(30)))
      default: pieces.insert(contentsOf: pieces[place..<min(pieces.count, place + 1 + generator.next(30))], at: place)
      }
    }
    return Array(pieces.joined().utf8)
  }

  static func mutatedBytes(_ original: [UInt8], _ generator: inout Generator) -> [UInt8] {
    var bytes = original
    for _ in 0...generator.next(4) {
      guard !bytes.isEmpty else { break }
      let place = generator.next(bytes.count)
      switch generator.next(6) {
      case 0: bytes[place] = UInt8(generator.next(256))
      case 1: bytes[place] ^= 1 << UInt8(generator.next(8))
      case 2: bytes[place] = 255
      case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + generator.next(600)))
      case 4: for index in place..<min(bytes.count, place + 8) { bytes[index] = 255 }
      default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + generator.next(64))], at: place)
      }
    }
    return bytes
  }

  /// The largest model that a mutation of a small file may become.
  static let mostStates = 2_000_000

  static func expectSmall(_ model: ExplicitModel?) {
    guard let model else { return }
    #expect(model.stateCount < mostStates)
    // What is read is whole: every index leads somewhere.
    let last: UInt32 = model.choiceStart[model.choiceStart.count - 1]
    #expect(Int(last) == model.choiceCount)
    #expect(model.successor.count == model.probability.count)
    if model.stateCount < 1000 {
      let states = Int32(model.stateCount)
      #expect(model.successor.array.allSatisfy { (0..<states).contains($0) })
      #expect(model.initial.allSatisfy { (0..<states).contains($0.state) })
      #expect(model.positions.count == model.variables.count * model.stateCount)
    }
  }

  @Test func tables() {
    let tables = FormatTests.die.mapValues { Array($0.utf8) }
    let transitions = tables["die.tra"] ?? []
    let mdp = Array("2 3 4\n0 0 0 0.5 go\n0 0 1 0.5 go\n0 1 1 1 jump\n1 0 1 1\n".utf8)
    let rewards = Array("# Reward structure \"moves\"\n2 3 4\n0 0 0 1.5\n0 0 1 2\n0 1 1 -3\n1 0 1 1e-3\n".utf8)
    let states = Array("(x,done)\n0:(-2,false)\n1:(4,true)\n".utf8)
    var generator = Generator(state: 1)
    for round in 0..<1_500 {
      let source = round % 2 == 0 ? transitions : mdp
      var reader = Self.mutatedText(source, &generator).withUnsafeBytes { bytes in
        try? TransitionFiles(transitions: .init(name: "m.tra", bytes: bytes), kind: round % 7 == 0 ? .ctmc : nil, name: "m")
      }
      Self.expectSmall(reader?.result())
      // The others beside a file that is whole.
      reader = source.withUnsafeBytes { try? TransitionFiles(transitions: .init(name: "m.tra", bytes: $0), kind: nil, name: "m") }
      Self.mutatedText(tables["die.lab"] ?? [], &generator).withUnsafeBytes { bytes in
        _ = try? reader?.readLabels(.init(name: "m.lab", bytes: bytes))
      }
      Self.mutatedText(states, &generator).withUnsafeBytes { bytes in
        _ = try? reader?.readStates(.init(name: "m.sta", bytes: bytes))
      }
      Self.mutatedText(tables["die.srew"] ?? [], &generator).withUnsafeBytes { bytes in
        _ = try? reader?.readRewards(.init(name: "m.srew", bytes: bytes), ofStates: round % 3 > 0, fallback: nil)
      }
      Self.mutatedText(rewards, &generator).withUnsafeBytes { bytes in
        _ = try? reader?.readRewards(.init(name: "m.trew", bytes: bytes), ofStates: round % 3 == 0, fallback: nil)
      }
      Self.expectSmall(reader?.result())
    }
  }

  @Test func drn() {
    let text = WrongFormatTests.drn("state 0 [1] init \"a b\"\n\taction a [2]\n\t\t0 : 1/2\n\t\t1 : 0.5\nstate 1 [0] goal\n")
    let rates = WrongFormatTests.drn("state 0 !2 [1] init\n\taction 0 [2]\n\t\t1 : 2\nstate 1 !0 [0] goal\n", kind: "CTMC")
    var generator = Generator(state: 2)
    for round in 0..<3_000 {
      Self.mutatedText(Array((round % 2 == 0 ? text : rates).utf8), &generator).withUnsafeBytes {
        Self.expectSmall(try? DRNReader.read($0, file: "m.drn", name: "m"))
      }
    }
  }

  @Test func arraysOfNumPy() {
    let archive = [UInt8](FormatTests.archive(FormatTests.rows))
    var generator = Generator(state: 3)
    for _ in 0..<4_000 {
      Self.mutatedBytes(archive, &generator).withUnsafeBytes {
        Self.expectSmall(try? ArrayArchive.model($0, file: "m.npz", name: "m"))
      }
    }
  }

  @Test func umb() throws {
    let plain = UMBTests.archive()
    let walk = [UInt8](try Data(contentsOf: URL(fileURLWithPath: UMBTests.folder + "walk.umb")))
    let packed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: UMBTests.folder + "chain.umb")))
    var generator = Generator(state: 4)
    for round in 0..<3_000 {
      let bytes: [UInt8] =
        switch round % 5 {
        case 0:
          UMBTests.archive(
            String(decoding: Self.mutatedText(Array(UMBTests.index.utf8), &generator), as: UTF8.self), UMBTests.files)
        case 1:
          UMBTests.archive(UMBTests.index, UMBTests.files.mapValues { Self.mutatedBytes($0, &generator) })
        case 2: Self.mutatedBytes(plain, &generator)
        case 3: Self.mutatedBytes(walk, &generator)
        default: Self.mutatedBytes(packed, &generator)
        }
      bytes.withUnsafeBytes { Self.expectSmall(try? UMBReader.read($0, file: "m.umb", name: "m")) }
    }
  }

  @Test func graphs() {
    let texts = [
      "dag { bb=\"0,0,1,1\" X [exposure,pos=\"0.1,0.2\"] Y [outcome]; U [latent] X -> M -> Y; X <-> Y; {A B} -> X [beta=0.1] }",
      "digraph { rankdir=LR; a [label=\"x\", style=dashed]; a -> b -> c; subgraph s { d; e } -> c [dir=both] }",
      "X E @0.1,0.2\nY O\nU U\nM%201 1\n\nX M%201\nM%201 Y @0.3,0.4\nU X Y\n",
    ]
    var generator = Generator(state: 5)
    for round in 0..<6_000 {
      let bytes = Self.mutatedText(Array(texts[round % 3].utf8), &generator)
      let (model, diagnostics) = GraphFile.parse(SourceFile(id: FileID(index: 0), name: "g", bytes: bytes), name: "g")
      #expect(model != nil || !diagnostics.isEmpty)
    }
  }

  /// Heads that promise more than follows, and files of many columns over many states.
  @Test func promisesAreNotBelieved() {
    func tra(_ text: String) -> ExplicitModel? {
      Array(text.utf8).withUnsafeBytes {
        try? TransitionFiles(transitions: .init(name: "m.tra", bytes: $0), kind: nil, name: "m").result()
      }
    }
    #expect(tra("2147483647 1\n0 0 1\n") == nil)
    // States that no line mentions have no way out.
    #expect(tra("3 1\n0 0 1\n")?.deadlocks == [1, 2])
    let many = (0..<3_000).map { "r\($0)" }.joined(separator: " ")
    let head = "@type: DTMC\n@reward_models\n\(many)\n@nr_states\n200000\n@model\n"
    let states = (0..<200_000).map { "state \($0)\n" }.joined()
    #expect(throws: DataFileError.self) {
      try Array((head + states).utf8).withUnsafeBytes { try DRNReader.read($0, file: "m.drn", name: "m") }
    }
    var bare: [UInt8] = []
    for depth in [50, 100_000] {
      bare = Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
      let value = bare.withUnsafeBytes { try? JSONValue.reading($0, file: "index.json") }
      #expect((value != nil) == (depth == 50))
    }
  }
}
