import Alea
import Foundation
import Synchronization
import Testing

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

  /// What the README leaves out for shortness: where its tables and clinics come from.
  static let preambles: [(before: String, text: String)] = [
    (
      "moments Demand {",
      """
      causal Market {
        latent shock ~ Normal(0, 1)
        fuel ~ Normal(0, 1)
        price = 10 + 2 * fuel + shock
        sales = 50 - 2 * price + 3 * shock
      }
      let market = sample(Market, rows: 150, seed: 1)

      """
    ),
    (
      "let records = simulate(Clinic",
      """
      mdp Clinic(start: Int = 0) {
        latent u ~ {0: 0.5, 1: 0.5}
        state s: 0..1 = start
        observe z ~ {0: 0.5, 1: 0.5}
        action treat: 0..1
        s' ~ Bernoulli(0.3 - 0.1 * treat + 0.2 * s + 0.3 * u)
        reward s - 0.3 * treat + 2 * u
        discount 0.9
      }
      policy Doctor for Clinic { treat ~ Bernoulli(0.1 + 0.5 * z + 0.3 * u + 0.05 * s) }
      policy Always for Clinic { treat = 1 }

      """
    ),
  ]

  /// Runs the blocks in Alea of a page, one after another in one session.
  private func run(_ page: String, in folder: URL) throws {
    do {
      let lines = Lines()
      let session = Session(output: { lines.add($0.text) })
      let blocks = try Self.blocks(of: page)
      for (index, block) in blocks.enumerated() where block.language == "alea" {
        lines.clear()
        let checked = session.expectations.count
        let next = index + 1 < blocks.count ? blocks[index + 1] : nil
        var program = block.text
        if page == "README.md", let preamble = Self.preambles.first(where: { block.text.hasPrefix($0.before) }) {
          program = preamble.text + program
        }
        let place = "\(page):\(block.line)"
        var errors = ""
        do {
          try session.enter(program, name: folder.appendingPathComponent("page").path) { _ in }
        } catch let error as DiagnosticError {
          errors = error.diagnostics.map { "error: " + $0.message }.joined(separator: "\n") + "\n"
        }
        for failure in session.expectations.dropFirst(checked) where !failure.passed {
          Issue.record("\(place): \(failure.diagnostic.message) \(failure.diagnostic.notes)")
        }
        let output = lines.all.map { $0 + "\n" }.joined()
        if page == "README.md", errors.isEmpty == false {
          // The README shows the first lines of the answer, and the message with its place in a file of its own.
          #expect(next?.text.contains(errors.trimmingCharacters(in: .newlines)) == true, "\(place): \(errors)")
          let shown = next?.text.split(separator: "\n\n").first.map(String.init) ?? "nothing"
          #expect(output.hasPrefix(shown), "\(place):\n\(output)")
        } else if next?.language == "text", page != "README.md" || !output.isEmpty {
          #expect(errors.isEmpty, "\(place): \(errors)")
          if page == "README.md", next?.line != nil, Self.isFar(block, next) { continue }
          #expect(output == next?.text, "\(place) prints\n\(output)")
        } else if next?.language == "error" {
          #expect(errors == next?.text, "\(place):\n\(errors)")
        } else {
          #expect(errors.isEmpty, "\(place): \(errors)")
        }
      }
    }
  }

  /// Whether something else stands between a program and the next block of text.
  private static func isFar(_ block: Block, _ next: Block?) -> Bool {
    guard let next else { return true }
    return next.line > block.line + block.text.split(separator: "\n", omittingEmptySubsequences: false).count + 2
  }

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    func clear() { lines.withLock { $0 = [] } }
    var all: [String] { lines.withLock { $0 } }
  }

  @Test(arguments: pages) func articlesRun(page: String) throws {
    try run(page, in: Self.root.appendingPathComponent("Examples"))
  }

  /// The README calls a column of Card's data by its meaning.
  @Test func readmeRuns() throws {
    try EmbeddingTests.withFolder { folder in
      let card = try String(contentsOf: Self.root.appendingPathComponent("Examples/data/card.csv"), encoding: .utf8)
      try Data(card.replacing("nearc4", with: "nearCollege").utf8).write(to: folder.appendingPathComponent("card.csv"))
      try run("README.md", in: folder)
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
}
