import Foundation
import Testing

@testable import AleaSyntax

/// The grammar for editors knows the words of the language, no more and no fewer.
@Suite struct TextMateTests {
  private static let file = Grammar.file.deletingLastPathComponent().appendingPathComponent("alea.tmLanguage.json")

  private static func repository() throws -> [String: [String: Any]] {
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
    return try #require(json?["repository"] as? [String: [String: Any]])
  }

  /// The words in the first group of a pattern.
  private static func words(_ pattern: [String: Any]) throws -> Set<String> {
    let match = try #require(pattern["match"] as? String)
    let group = try #require(match.firstMatch(of: /\(([A-Za-z|]+)\)/))
    return Set(group.1.split(separator: "|").map(String.init))
  }

  @Test func itemWords() throws {
    #expect(try Self.words(#require(Self.repository()["items"])) == Parser.itemWords)
  }

  @Test func reservedWords() throws {
    let patterns = try #require(Self.repository()["words"]?["patterns"] as? [[String: Any]])
    #expect(try Self.words(patterns[0]).union(Self.words(patterns[1])) == Set(TokenKind.reserved.keys))
  }

  @Test func binderWords() throws {
    #expect(try Self.words(#require(Self.repository()["binders"])) == AST.binderWords)
  }

  /// The words that begin a member, and those that stand inside one, are those of the grammar.
  @Test func memberWords() throws {
    let grammar = try Grammar.alea()
    let isWord: (String) -> Bool = { $0.count > 1 && $0.allSatisfy(\.isLetter) }
    let members = ["variable", "channel", "terminal", "objective", "data", "unknown", "requirement", "memory", "after"]
    let used = Set(members.flatMap { grammar.terminals(of: $0) }.filter(isWord)).subtracting(TokenKind.reserved.keys)
    let inside: Set<String> = ["when", "to", "per", "iterated", "stagewise"]
    #expect(try Self.words(#require(Self.repository()["roles"])) == used.subtracting(inside))
    let patterns = try #require(Self.repository()["words"]?["patterns"] as? [[String: Any]])
    #expect(try Self.words(patterns[2]) == inside.union(["for", "of"]))
  }

  /// Every pattern is a regular expression.
  @Test func patternsAreRegularExpressions() throws {
    func check(_ value: Any) throws {
      if let object = value as? [String: Any] {
        for key in ["match", "begin", "end"] {
          if let text = object[key] as? String { _ = try NSRegularExpression(pattern: text) }
        }
        for each in object.values { try check(each) }
      } else if let list = value as? [Any] {
        for each in list { try check(each) }
      }
    }
    try check(Self.repository())
  }
}
