import Alea
import Foundation
import Testing

/// The command as its users and scripts meet it: what it prints where, and its exit status.
@Suite struct CommandTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The command beside the test bundle that is running.
  static let executable: URL = {
    let bundles = CommandLine.arguments.filter { $0.contains(".xctest") }.map { URL(fileURLWithPath: $0).standardizedFileURL }
    var candidates = [root.appendingPathComponent(".build/debug/alea")]
    for bundle in bundles {
      var folder = bundle.deletingLastPathComponent()
      for _ in 0..<4 {
        candidates.insert(folder.appendingPathComponent("alea"), at: 0)
        folder = folder.deletingLastPathComponent()
      }
    }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) } ?? candidates[0]
  }()

  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Runs the command in a folder of its own that holds `files`.
  func run(
    _ arguments: [String], files: [String: String] = [:], input: String = "", interruptAfter: Double? = nil,
    environment: [String: String] = [:]
  ) throws -> (Outcome, folder: URL) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("alea-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
    let process = Foundation.Process()
    process.executableURL = Self.executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let outputFile = folder.appendingPathComponent(".output")
    let errorFile = folder.appendingPathComponent(".errors")
    let inputFile = folder.appendingPathComponent(".input")
    try Data(input.utf8).write(to: inputFile)
    for file in [outputFile, errorFile] { try Data().write(to: file) }
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
    if let interruptAfter {
      Thread.sleep(forTimeInterval: interruptAfter)
      kill(process.processIdentifier, SIGINT)
      for _ in 0..<300 where process.isRunning { Thread.sleep(forTimeInterval: 0.1) }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    return (
      Outcome(
        status: status, output: try String(contentsOf: outputFile, encoding: .utf8),
        errors: try String(contentsOf: errorFile, encoding: .utf8)),
      folder
    )
  }

  /// Two coins: the better one is won with probability 3/4, so at discount 1/2 the value is (3/4) / (1 - 1/2) = 3/2.
  static let coins = """
    param better: Real = 0.75
    mdp Coins {
      state again: Bool = true
      action coin: {fair, biased}
      win ~ Bernoulli(if coin == biased then better else 0.5)
      again' = true
      reward win
      discount 0.5
    }
    let best = solve(Coins)
    print(best.start)
    """

  @Test func propertiesAreAnsweredInFractions() throws {
    let walk = """
      dtmc
      module walk
        x : [0..3] init 1;
        [] x=1 | x=2 -> 1/3:(x'=x+1) + 2/3:(x'=x-1);
        [] x=0 | x=3 -> 1:true;
      endmodule
      """
    let files = ["walk.prism": walk, "walk.props": "\"won\": P=? [ F x=3 ];"]
    // The ruin of a gambler: (1 - 2) / (1 - 2^3).
    let (text, _) = try run(["run", "walk.prism", "--property", "walk.props:won", "--exact"], files: files)
    #expect(text.status == 0)
    #expect(text.output.contains("1/7 = 0.142857143, exactly"))
    let (json, _) = try run(["run", "walk.prism", "--property", "walk.props:won", "--exact", "--json"], files: files)
    #expect(json.output.contains("\"exact\": \"1/7\"") || json.output.contains("\"exact\":\"1/7\""))
    let (missing, _) = try run(["run", "walk.prism", "--exact"], files: files)
    #expect(missing.status != 0 && missing.errors.contains("--exact needs --property"))
  }

  @Test func runsAndPrints() throws {
    let (outcome, _) = try run(["run", "coins.alea"], files: ["coins.alea": Self.coins])
    #expect(outcome.status == 0)
    #expect(outcome.output == "1.5\n")
    #expect(outcome.errors == "")
  }

  @Test func readsStandardInput() throws {
    let (outcome, _) = try run(["run", "-"], input: "print(2 + 3)\n")
    #expect(outcome.status == 0 && outcome.output == "5\n")
  }

  @Test func parametersComeFromOutside() throws {
    for form in [["-D", "better=0.9"], ["-Dbetter=0.9"]] {
      let (outcome, _) = try run(["run", "coins.alea"] + form, files: ["coins.alea": Self.coins])
      #expect(outcome.output == "1.8\n" && outcome.status == 0)
    }
    let (wrong, _) = try run(["run", "coins.alea", "-D", "beter=0.9"], files: ["coins.alea": Self.coins])
    #expect(wrong.status == 2 && wrong.errors.contains("did you mean `better`?"))
    let (text, _) = try run(["run", "coins.alea", "-D", "better=high"], files: ["coins.alea": Self.coins])
    #expect(text.status == 2 && text.errors.contains("better"))
    let (shape, _) = try run(["run", "coins.alea", "-D", "better"], files: ["coins.alea": Self.coins])
    #expect(shape.status == 2 && shape.errors.contains("name=value"))
  }

  @Test func failedExpectationsAreCountedAndShown() throws {
    let program = Self.coins + "\nexpect(best.start, 1.5, within: 1e-9)\nexpect(best.start, 1.4, within: 0.01)\nexpect(1 > 2)\n"
    let (tested, _) = try run(["test", "coins.alea"], files: ["coins.alea": program])
    #expect(tested.status == 1)
    #expect(tested.output == "1 passed, 2 failed\n")
    #expect(tested.errors.contains("got 1.5, expected 1.4"))
    #expect(tested.errors.contains("coins.alea:13:1"))
    let (ran, _) = try run(["run", "coins.alea"], files: ["coins.alea": program])
    #expect(ran.status == 1)
    let (passing, _) = try run(["test", "good.alea"], files: ["good.alea": "expect(1 < 2)\n"])
    #expect(passing.status == 0 && passing.output == "1 passed, 0 failed\n")
  }

  @Test func aFailedSolveIsAFailure() throws {
    let program = """
      mdp Endless {
        state x: 0..1 = 0
        action stay: {a, b}
        x' = x
        reward 1
        discount 0.9
      }
      print(solve(Endless, by: RelativeValueIteration()))
      """
    let (outcome, _) = try run(["run", "m.alea"], files: ["m.alea": program])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("`RelativeValueIteration` needs"))
  }

  @Test func programsWithErrorsAndWrongUsageAreStatusTwo() throws {
    let (broken, _) = try run(["run", "m.alea"], files: ["m.alea": "print(1 +)\n"])
    #expect(broken.status == 2 && broken.output == "" && broken.errors.contains("m.alea:1:"))
    #expect(try run(["check", "m.alea"], files: ["m.alea": "print(unknown)\n"]).0.status == 2)
    #expect(try run(["run", "missing.alea"]).0.status == 2)
    #expect(try run(["run"]).0.status == 2)
    #expect(try run(["dance"]).0.status == 2)
    #expect(try run(["run", "m.alea", "--threads", "-1"], files: ["m.alea": "print(1)\n"]).0.status == 2)
  }

  @Test func diagnosticsAsJSON() throws {
    let (outcome, _) = try run(
      ["check", "--diagnostics", "json", "m.alea"], files: ["m.alea": "let a = 1\nprint(b)\nprint(c)\n"])
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 2)
    for (line, number) in zip(lines, [2, 3]) {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(object["severity"] as? String == "error")
      #expect(object["line"] as? Int == number && object["column"] as? Int == 7)
      #expect(object["file"] as? String == "m.alea")
    }
  }

  @Test func noColourOutsideTerminals() throws {
    let (outcome, _) = try run(["check", "m.alea"], files: ["m.alea": "print(b)\n"])
    #expect(!outcome.errors.contains("\u{1B}"))
  }

  @Test func answersInFullAsJSON() throws {
    let program = Self.coins.replacingOccurrences(of: "print(best.start)", with: "print(best)")
    let (outcome, _) = try run(["run", "--json", "coins.alea"], files: ["coins.alea": program])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let states = try #require(object["states"] as? [[String: Any]])
    #expect(states.count == 1)
    #expect(abs(try #require(states[0]["value"] as? Double) - 1.5) < 1e-6)
    #expect((states[0]["action"] as? [String: Any])?["coin"] as? String == "biased")
  }

  @Test func theIntermediateRepresentationDecodes() throws {
    let (outcome, _) = try run(["ir", "--json", "coins.alea", "Coins"], files: ["coins.alea": Self.coins])
    let process = try JSONDecoder().decode(Alea.Process.self, from: Data(outcome.output.utf8))
    #expect(process.name == "Coins" && process.variables.map(\.name).contains("coin"))
    let (text, _) = try run(["ir", "coins.alea"], files: ["coins.alea": Self.coins])
    #expect(text.output.hasPrefix("mdp Coins"))
    let (unknown, _) = try run(["ir", "coins.alea", "Coin"], files: ["coins.alea": Self.coins])
    #expect(unknown.status != 0 && unknown.errors.contains("did you mean `Coins`?"))
  }

  @Test func graphsAndExplanations() throws {
    let (graph, _) = try run(["graph", "coins.alea"], files: ["coins.alea": Self.coins])
    #expect(graph.status == 0 && graph.output.contains("digraph"))
    let (picture, folder) = try run(["graph", "coins.alea", "--states", "-o", "states.svg"], files: ["coins.alea": Self.coins])
    #expect(picture.status == 0)
    #expect(try String(contentsOf: folder.appendingPathComponent("states.svg"), encoding: .utf8).contains("<svg"))
    let (explained, _) = try run(["explain", "coins.alea"], files: ["coins.alea": Self.coins])
    #expect(explained.output.contains("explore") && explained.output.contains("PolicyIteration"))
  }

  @Test func formatsInPlaceAndChecks() throws {
    let untidy = "let   a=1   // one\nprint( a+2 )\n"
    let (checked, _) = try run(["format", "--check", "m.alea"], files: ["m.alea": untidy])
    #expect(checked.status == 1 && checked.errors.contains("m.alea"))
    let (formatted, folder) = try run(["format", "m.alea"], files: ["m.alea": untidy])
    #expect(formatted.status == 0)
    #expect(
      try String(contentsOf: folder.appendingPathComponent("m.alea"), encoding: .utf8) == "let a = 1  // one\nprint(a + 2)\n")
    let (broken, kept) = try run(["format", "m.alea"], files: ["m.alea": "let = \n"])
    #expect(broken.status == 2)
    #expect(try String(contentsOf: kept.appendingPathComponent("m.alea"), encoding: .utf8) == "let = \n")
  }

  @Test func simulationsRepeatOnAnyNumberOfThreads() throws {
    let program =
      Self.coins + """

        policy Fair for Coins { coin ~ Uniform({fair, biased}) }
        print(simulate(Coins, Fair(), episodes: 700).mean)
        """
    let outputs = try [["--threads", "1"], ["--threads", "2"], ["--threads", "2", "--seed", "1"]].map {
      try run(["run", "m.alea"] + $0, files: ["m.alea": program]).0.output
    }
    #expect(outputs[0] == outputs[1])
    #expect(outputs[0] != outputs[2])
    // Half the time 1/2, half the time 3/4, over a discounted lifetime of 2: 5/4.
    let mean = try #require(Double(outputs[0].split(separator: "\n").last ?? ""))
    #expect(abs(mean - 1.25) < 0.15)
  }

  @Test func controlCEndsWithWhatIsKnown() throws {
    let program = """
      mdp Large {
        state a: 0..99 = 0
        state b: 0..99 = 0
        state c: 0..99 = 0
        state d: 0..99 = 0
        action move: {a, b, c, d}
        a' = if move == a then (a + 1) mod 100 else a
        b' = if move == b then (b + 1) mod 100 else b
        c' = if move == c then (c + 1) mod 100 else c
        d' = if move == d then (d + 1) mod 100 else d
        reward a + b
        discount 0.9
      }
      print(size(Large))
      """.replacingOccurrences(of: "action move: {a, b, c, d}", with: "action move: {one, two, three, four}")
      .replacingOccurrences(of: "move == a", with: "move == one").replacingOccurrences(of: "move == b", with: "move == two")
      .replacingOccurrences(of: "move == c", with: "move == three").replacingOccurrences(of: "move == d", with: "move == four")
    let (outcome, _) = try run(["run", "m.alea"], files: ["m.alea": program], interruptAfter: 1.5)
    #expect(outcome.status == 130)
    #expect(outcome.errors.hasPrefix("interrupted: "))
    #expect(outcome.errors.contains("states"))
  }

  @Test func versionHelpAndCompletions() throws {
    #expect(try run(["--version"]).0.output.hasPrefix("alea "))
    let (help, _) = try run(["--help"])
    #expect(help.status == 0 && help.output.contains("SUBCOMMANDS"))
    for shell in ["bash", "zsh", "fish"] {
      let (script, _) = try run(["--generate-completion-script", shell])
      #expect(script.status == 0 && script.output.contains("alea"))
    }
  }
}
