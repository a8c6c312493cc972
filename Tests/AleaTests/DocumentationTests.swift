import Foundation
import Testing

@testable import Alea

/// The code in the README and in the articles: every block runs, and prints what the page says it prints.
@Suite struct DocumentationTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The README and the articles.
  static let pages: [String] = {
    let catalogue = root.appendingPathComponent("Sources/Alea/Alea.docc")
    let articles = (try? FileManager.default.contentsOfDirectory(atPath: catalogue.path)) ?? []
    return ["README.md"] + articles.filter { $0.hasSuffix(".md") }.sorted().map { "Sources/Alea/Alea.docc/\($0)" }
  }()

  /// A fenced block of a page.
  struct Block {
    var language: String
    var text: String
    /// The line of its first line of text.
    var line: Int
  }

  static func blocks(of page: String) throws -> [Block] {
    let text = try String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)
    var blocks: [Block] = []
    var open: Block?
    var indent = 0
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let content = line.drop { $0 == " " }
      if content.hasPrefix("```") {
        if let closed = open {
          blocks.append(closed)
          open = nil
        } else {
          open = Block(language: String(content.dropFirst(3)), text: "", line: index + 2)
          indent = line.count - content.count
        }
      } else {
        let spaces = line.prefix { $0 == " " }.count
        open?.text += line.dropFirst(min(spaces, indent)) + "\n"
      }
    }
    return blocks
  }

  /// Whether two texts say the same: words alike, numbers to a thousandth or both next to nothing.
  static func agree(_ shown: String, _ stated: String) -> Bool {
    let shown = shown.split(whereSeparator: \.isWhitespace)
    let stated = stated.split(whereSeparator: \.isWhitespace)
    guard shown.count == stated.count else { return false }
    return zip(shown, stated).allSatisfy { a, b in
      if a == b { return true }
      guard let a = Double(a.filter { $0 != "," }), let b = Double(b.filter { $0 != "," }) else { return false }
      return abs(a - b) <= 1e-3 * max(abs(a), abs(b)) || max(abs(a), abs(b)) < 1e-6
    }
  }

  /// Whether a page states these mistakes: a line for the beginning of each, and after `=` some of what is said to help.
  static func agree(_ mistakes: [Diagnostic], _ stated: String) -> Bool {
    let lines = stated.split(separator: "\n")
    let messages = lines.filter { $0.hasPrefix("error: ") }.map { $0.dropFirst(7) }
    let notes = lines.compactMap { line in line.firstRange(of: " = ").map { line[$0.upperBound...] } }
    return messages.count == mistakes.count && zip(mistakes, messages).allSatisfy { $0.message.hasPrefix($1) }
      && notes.allSatisfy { note in mistakes.contains { $0.notes.contains(String(note)) } }
  }

  /// Runs the blocks of a page one after another in one session.
  ///
  /// A `text` block after an `alea` block is what it prints; one that begins with `error:` is the beginning of the message it fails with.
  @Test(arguments: pages) func aleaBlocks(page: String) throws {
    let printed = Printed()
    let session = Session(output: { printed.add($0.text) })
    let blocks = try Self.blocks(of: page)
    var expectations = 0
    for (index, block) in blocks.enumerated() {
      if block.language == "text" && block.text.hasPrefix("alea> ") { try check(transcript: block, of: page, in: session) }
      guard block.language == "alea" else { continue }
      let next = index + 1 < blocks.count && blocks[index + 1].language == "text" ? blocks[index + 1].text : nil
      let place = "\(page):\(block.line)"
      do {
        try session.enter(block.text, name: place) { reply in
          if let value = reply.value { printed.add(session.text(of: value)) }
        }
        let shown = printed.take()
        for failed in session.expectations.dropFirst(expectations) where !failed.passed {
          Issue.record("\(place): \(failed.diagnostic.message) \(failed.diagnostic.notes)")
        }
        expectations = session.expectations.count
        if let next { #expect(Self.agree(shown, next), "\(place) prints\n\(shown)") }
      } catch let error as DiagnosticError {
        let shown = printed.take()
        #expect(Self.agree(error.diagnostics, next ?? ""), "\(place) prints\n\(shown)\nand fails:\n\(error.diagnostics)")
      }
    }
  }

  /// Enters what stands after `alea>`; what follows is what the prompt shows, times left out.
  private func check(transcript block: Block, of page: String, in session: Session) throws {
    var shown = ""
    for line in block.text.split(separator: "\n") where line.hasPrefix("alea> ") {
      let entry = line.dropFirst(6)
      shown += line + "\n"
      try session.enter(String(entry.hasPrefix(":time ") ? entry.dropFirst(6) : entry), name: page) { reply in
        if !reply.confirmation.isEmpty { shown += reply.confirmation + "\n" }
        if let value = reply.value { shown += session.text(of: value) + "\n" }
      }
    }
    let stated = block.text.split(separator: "\n").filter { !$0.hasPrefix("took ") }.joined(separator: "\n")
    #expect(Self.agree(shown, stated), "\(page):\(block.line) shows\n\(shown)")
  }

  /// A code block of another language is of one that is run somewhere: C and Python by the embeddings' tests, Swift by the examples.
  @Test(arguments: pages) func blocksAreOfKnownLanguages(page: String) throws {
    for block in try Self.blocks(of: page) {
      #expect(["alea", "text", "sh", "swift", "c", "python"].contains(block.language), "\(page):\(block.line)")
    }
  }

  private final class Printed: @unchecked Sendable {
    private var text = ""
    func add(_ more: String) { text += more + "\n" }
    func take() -> String {
      defer { text = "" }
      return text
    }
  }
}
