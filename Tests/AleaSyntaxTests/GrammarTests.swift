import Foundation
import Testing

@testable import AleaSyntax

@Suite struct GrammarTests {
  static let seeds = Array(UInt64(1)...40)
  static let sentencesPerSeed = 100

  @Test func everyRuleIsUsed() throws {
    let grammar = try Grammar.alea()
    #expect(Set(grammar.rules.keys).subtracting(grammar.reachable(from: "program")) == [])
  }

  @Test func itsWordsAreTheWordsOfTheLanguage() throws {
    let grammar = try Grammar.alea()
    #expect(Set(grammar.terminals(of: "RESERVED")) == Set(TokenKind.reserved.keys))
    #expect(Set(grammar.terminals(of: "BINDER")) == AST.binderWords)
    #expect(Set(grammar.terminals(of: "variable")).isSuperset(of: AST.Role.allCases.map(\.rawValue)))
    #expect(Set(grammar.terminals(of: "model")) == Set(AST.ModelKind.allCases.map(\.rawValue)))
  }

  @Test(arguments: seeds) func itsSentencesAreProgramsAndAreLaidOut(_ seed: UInt64) throws {
    var generator = SentenceGenerator(grammar: try Grammar.alea(), seed: seed)
    for _ in 0..<Self.sentencesPerSeed {
      let text = generator.sentence()
      let (_, diagnostics) = ParserTests.parse(text)
      if let first = diagnostics.first {
        let place = first.span.map { String(decoding: text.utf8.dropFirst(Int($0.start)).prefix(40), as: UTF8.self) }
        Issue.record("\(first.message) at \(place ?? "")\n\(text)")
        continue
      }
      for violation in LayoutProperties.violations(of: text) { Issue.record("\(violation)\n\(text)") }
    }
  }

  /// Sentences with random damage: a tree and messages, and no crash. A hang would be seen as one.
  @Test(arguments: seeds) func damagedSentencesGiveMessages(_ seed: UInt64) throws {
    var generator = SentenceGenerator(grammar: try Grammar.alea(), seed: seed &+ 1_000)
    var damage = Damage(random: SplitMix64(state: seed))
    for _ in 0..<Self.sentencesPerSeed {
      let bytes = damage.apply(to: Array(generator.sentence().utf8))
      let file = SourceFile(id: FileID(index: 0), name: "test.alea", bytes: bytes)
      let (_, diagnostics) = Parser.parseProgram(file)
      for diagnostic in diagnostics {
        let span = try #require(diagnostic.span)
        #expect(span.start >= 0 && span.start <= span.end && Int(span.end) <= bytes.count)
      }
      // What the parser accepts after all has a layout.
      if diagnostics.isEmpty, let text = String(validating: bytes, as: UTF8.self) {
        for violation in LayoutProperties.violations(of: text) { Issue.record("\(violation)\n\(text)") }
      }
    }
  }
}

/// Random damage to a text.
struct Damage {
  var random: SplitMix64

  mutating func apply(to bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let tokens = Lexer.tokens(of: result).dropLast()
      guard let token = tokens.randomElement(using: &random), let other = tokens.randomElement(using: &random) else {
        return result
      }
      let range = Int(token.start)..<Int(token.end)
      let otherText = result[Int(other.start)..<Int(other.end)]
      switch Int.random(in: 0..<6, using: &random) {
      case 0: result.removeSubrange(range)
      case 1: result.insert(contentsOf: Array(otherText) + [32], at: range.lowerBound)
      case 2:
        let (first, second) = token.start <= other.start ? (token, other) : (other, token)
        guard first.end <= second.start else { continue }
        let (a, b) = (Int(first.start)..<Int(first.end), Int(second.start)..<Int(second.end))
        let (left, right) = (Array(result[a]), Array(result[b]))
        result.replaceSubrange(b, with: left)
        result.replaceSubrange(a, with: right)
      case 3: result[Int.random(in: 0..<result.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      case 4: result.removeSubrange(Int.random(in: 0...result.count, using: &random)...)
      default:
        let noise = ["(", "]", "}", "{", "if", "\"", "\\", "\n", "=", "~", "..", "'", "//", "and", "mdp", "\u{0}"]
        result.insert(contentsOf: Array(noise.randomElement(using: &random)!.utf8), at: range.lowerBound)
      }
    }
    return result
  }
}
