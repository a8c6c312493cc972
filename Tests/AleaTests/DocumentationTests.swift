import Foundation
import Synchronization
import Testing

@testable import Alea

/// Every code block of the README and of the articles: texts in Alea are run and what they print is compared with the block below, Swift
/// must stand in a test that compiles and runs it, C and Python are built and run.
@Suite struct DocumentationTests {
  static let root = CommandTests.root
  static let articles = "Sources/Alea/Alea.docc"

  struct Block: Sendable {
    var language: String
    var text: String
    var line: Int
  }

  /// The fenced blocks of a page, in order.
  static func blocks(of page: String) throws -> [Block] {
    let text = try String(contentsOf: root.appendingPathComponent(page), encoding: .utf8)
    var result: [Block] = []
    var open: (block: Block, indent: Int)?
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let bare = line.drop { $0 == " " }
      if bare.hasPrefix("```") {
        if let (block, _) = open {
          result.append(block)
          open = nil
        } else {
          let language = String(bare.dropFirst(3))
          open = (Block(language: language, text: "", line: number + 1), line.count - bare.count)
        }
      } else if open != nil {
        let indent = open?.indent ?? 0
        open?.block.text += line.dropFirst(min(indent, line.prefix { $0 == " " }.count)) + "\n"
      }
    }
    #expect(open == nil, "\(page) has an open block")
    return result
  }

  static let pages: [String] = {
    let folder = root.appendingPathComponent(articles)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".md") }.sorted().map { articles + "/" + $0 }
  }()

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
  /// A `text` block after an `alea` block is what it prints, an `error` block the mistakes it is told, and `alea>` begins what is entered.
  @Test(arguments: pages + ["README.md"]) func blocksInAleaRun(page: String) throws {
    let printed = Lines()
    let session = Session(output: { printed.add($0.text) })
    // Files are read as from the examples, or as from the root, where the README stands.
    let folder = page == "README.md" ? Self.root : Self.root.appendingPathComponent("Examples")
    let blocks = try Self.blocks(of: page)
    var expectations = 0
    for (index, block) in blocks.enumerated() {
      if block.language == "text" && block.text.hasPrefix("alea> ") { try check(transcript: block, of: page, in: session) }
      guard block.language == "alea" else { continue }
      let next = index + 1 < blocks.count && ["text", "error"].contains(blocks[index + 1].language) ? blocks[index + 1] : nil
      let place = "\(page):\(block.line)"
      do {
        try session.enter(block.text, name: folder.appendingPathComponent("page").path) { reply in
          if let value = reply.value { printed.add(session.text(of: value)) }
        }
        let shown = printed.take()
        for failed in session.expectations.dropFirst(expectations) where !failed.passed {
          Issue.record("\(place): \(failed.diagnostic.message) \(failed.diagnostic.notes)")
        }
        expectations = session.expectations.count
        if let next { #expect(next.language == "text" && Self.agree(shown, next.text), "\(place) prints\n\(shown)") }
      } catch let error as DiagnosticError {
        let shown = printed.take()
        let isStated = next?.language == "error" && Self.agree(error.diagnostics, next?.text ?? "")
        #expect(isStated, "\(place) prints\n\(shown)\nand fails:\n\(error.diagnostics)")
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

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    /// What was added since the last time.
    func take() -> String {
      lines.withLock { lines in
        defer { lines = [] }
        return lines.map { $0 + "\n" }.joined()
      }
    }
  }

  @Test func everyLanguageIsTested() throws {
    for page in Self.pages + ["README.md", "Sources/Python/README.md"] {
      for block in try Self.blocks(of: page) {
        #expect(
          ["alea", "text", "error", "swift", "c", "python", "sh"].contains(block.language),
          "\(page):\(block.line) \(block.language)")
      }
    }
  }

  /// Code without its layout at the line's start.
  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map { String($0).trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  @Test(arguments: pages + ["README.md"]) func swiftStandsInATest(page: String) throws {
    let folder = Self.root.appendingPathComponent("Tests/AleaLibraryTests")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
    let tested = try files.map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }
      .map { "\n" + Self.lines($0).joined(separator: "\n") + "\n" }
    for block in try Self.blocks(of: page) where block.language == "swift" {
      let code = Self.lines(block.text).filter { $0 != "import Alea" }.joined(separator: "\n")
      #expect(tested.contains { $0.contains("\n" + code + "\n") }, "\(page):\(block.line) stands in no test")
    }
  }

  @Test func programsInCRun() throws {
    let page = Self.articles + "/EmbeddingInC.md"
    let blocks = try Self.blocks(of: page)
    #expect(blocks.contains { $0.language == "c" })
    for (index, block) in blocks.enumerated() where block.language == "c" {
      try EmbeddingTests.withFolder { folder in
        let source = folder.appendingPathComponent("program.c")
        try Data(block.text.utf8).write(to: source)
        let (status, output) = try EmbeddingTests.run(try EmbeddingTests.compile(source, in: folder), [])
        #expect(status == 0)
        #expect(output == (index + 1 < blocks.count ? blocks[index + 1].text : ""), "\(page):\(block.line) prints\n\(output)")
      }
    }
  }

  @Test(
    .enabled(if: EmbeddingTests.hasNumPy, "python3 has no NumPy: apt-get install python3-numpy"),
    arguments: [articles + "/EmbeddingInPython.md", "Sources/Python/README.md"])
  func programsInPythonRun(page: String) throws {
    let blocks = try Self.blocks(of: page)
    #expect(blocks.contains { $0.language == "python" })
    for (index, block) in blocks.enumerated() where block.language == "python" {
      let (status, output) = try EmbeddingTests.run(
        "python3", ["-c", block.text], environment: EmbeddingTests.environment)
      #expect(status == 0, "\(page):\(block.line)\n\(output)")
      if index + 1 < blocks.count, blocks[index + 1].language == "text" {
        #expect(output == blocks[index + 1].text, "\(page):\(block.line) prints\n\(output)")
      }
    }
  }

  // MARK: The shell

  /// Commands of the pages that are not run here, and why.
  private static let notRun = [
    ("$(command -v sudo) apt-get ", "installs packages"), ("swift test", "runs this test"),
    ("swift build -c release --product alea-c", "this build has made the library already"),
  ]

  /// A Python that builds packages without a network.
  private static let buildsPackages =
    (try? EmbeddingTests.run("python3", ["-c", "import pip, setuptools, wheel"]))?.status == 0

  /// Commands run in the root, by the executable of this build; what follows in a `text` block is what they print.
  @Test(arguments: pages + ["README.md", "Sources/Python/README.md"]) func commandsOfTheShellRun(page: String) throws {
    let blocks = try Self.blocks(of: page)
    for (index, block) in blocks.enumerated() where block.language == "sh" {
      var printed = ""
      let commands = block.text.split(separator: "\n").flatMap { String($0).components(separatedBy: " && ") }
      for command in commands where !Self.notRun.contains(where: { command.hasPrefix($0.0) }) {
        let (status, output) = try run(command, of: "\(page):\(block.line)")
        #expect(status == 0, "\(page):\(block.line): \(command)\n\(output)")
        printed += output
      }
      if index + 1 < blocks.count, blocks[index + 1].language == "text" {
        #expect(Self.agree(printed, blocks[index + 1].text), "\(page):\(block.line) prints\n\(printed)")
      }
    }
  }

  private func run(_ command: String, of place: String) throws -> (status: Int32, output: String) {
    var words = command.split(separator: " ").map(String.init)
    for prefix in [["swift", "run", "-c", "release", "alea"], ["alea"]] where words.starts(with: prefix) {
      return try EmbeddingTests.run(CommandTests.executable.path, Array(words.dropFirst(prefix.count)))
    }
    if words.starts(with: ["pip", "install"]) {
      // Installed from a copy, for pip builds beside its sources; without what builds packages it would ask the network.
      guard Self.buildsPackages else { return (0, "") }
      return try EmbeddingTests.withFolder { folder in
        let copy = folder.appendingPathComponent("package")
        try FileManager.default.copyItem(at: Self.root.appendingPathComponent(words.removeLast()), to: copy)
        let target = folder.appendingPathComponent("installed").path
        let arguments = ["-m"] + words + ["-q", "--no-build-isolation", "--no-deps", "--no-index", "--target", target, copy.path]
        let (status, output) = try EmbeddingTests.run("python3", arguments)
        guard status == 0, EmbeddingTests.hasNumPy else { return (status, output) }
        // It finds the library of the repository that it was installed from.
        let build = folder.appendingPathComponent(".build/release")
        try FileManager.default.createDirectory(at: build, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
          at: build.appendingPathComponent("libalea-c.so"),
          withDestinationURL: EmbeddingTests.products.appendingPathComponent("libalea-c.so"))
        let environment = ["PYTHONPATH": target, "ALEA_LIBRARY": ""]
        return try EmbeddingTests.run(
          "python3", ["-c", "import alea; assert alea.Session().evaluate('1 + 1') == 2"], environment: environment)
      }
    }
    if words.first == "export", let library = command.split(separator: "/").last {
      return (
        FileManager.default.fileExists(atPath: EmbeddingTests.products.appendingPathComponent(String(library)).path) ? 0 : 1, ""
      )
    }
    Issue.record("\(place): nobody runs `\(command)`")
    return (0, "")
  }
}
