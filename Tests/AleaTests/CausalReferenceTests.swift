import Alea
import Foundation
import Testing

/// Every graph of the reference folder, written out as a program and asked in the language; every number of the instrumental
/// references, from programs whose instruments and controls come from the graph.
@Suite struct CausalReferenceTests {
  static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("AleaSolversTests/Data")

  static func names(in folder: String, without prefixes: [String] = []) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: data.appendingPathComponent(folder).path)) ?? []
    return files.filter { file in file.hasSuffix(".json") && !prefixes.contains { file.hasPrefix($0) } }
      .map { String($0.dropLast(5)) }.sorted()
  }

  static let graphs = names(in: "dag", without: ["bounds_", "counterfactual_"])
  static let equations = names(in: "iv")

  static func json(_ path: String) throws -> [String: Any] {
    let bytes = try Data(contentsOf: data.appendingPathComponent(path))
    return try #require(JSONSerialization.jsonObject(with: bytes) as? [String: Any])
  }

  @Test func thereAreReferences() {
    #expect(Self.graphs.count >= 25)
    #expect(Self.equations.count >= 10)
  }

  /// Runs a program; every expectation in it must hold.
  static func run(_ program: String, atLeast count: Int, _ name: String) throws {
    let session = Session()
    session.isSilent = true
    do {
      try session.run(text: program, name: "\(name).alea")
    } catch {
      Issue.record("\(name): \(error)\n\(program)")
      return
    }
    #expect(session.expectations.count >= count, "\(name)")
    for expectation in session.expectations where !expectation.passed {
      let span = expectation.diagnostic.span
      let start = span.map { program.utf8.index(program.startIndex, offsetBy: Int($0.start)) }
      let end = span.map { program.utf8.index(program.startIndex, offsetBy: Int($0.end)) }
      let text = start.flatMap { start in end.map { String(program[start..<$0]) } } ?? ""
      Issue.record("\(name): \(text): \(expectation.diagnostic.label)")
    }
  }

  // MARK: Graphs

  /// DAGitty's notation as members of a causal model; every name gets a prefix, so that none is a word of the language.
  static func members(_ text: String) throws -> [String] {
    let open = try #require(text.firstIndex(of: "{"))
    let close = try #require(text.lastIndex(of: "}"))
    var result: [String] = []
    for statement in text[text.index(after: open)..<close].split(separator: ";") {
      var words = statement.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first else { continue }
      let isLatent = words.contains("[latent]")
      words.removeAll { $0.hasPrefix("[") }
      if words.count == 1 { result.append(isLatent ? "latent v_\(first)" : "v_\(first)") }
      for position in stride(from: 0, to: words.count - 2, by: 2) {
        let (a, arrow, b) = (words[position], words[position + 1], words[position + 2])
        result.append(arrow == "<-" ? "v_\(b) -> v_\(a)" : "v_\(a) \(arrow) v_\(b)")
      }
    }
    return result
  }

  @Test(arguments: graphs) func graph(_ name: String) throws {
    let file = try Self.json("dag/\(name).json")
    let known = try #require(file["expected"] as? [String: Any])
    func variable(_ name: Any) -> String { "G.v_\(name)" }
    func list(_ names: Any) -> String { "[" + (names as? [String] ?? []).map(variable).joined(separator: ", ") + "]" }
    var lines = try ["causal G {"] + Self.members(#require(file["graph"] as? String)).map { "  \($0)" } + ["}"]
    let exposure = try #require(file["exposure"] as? String)
    let outcome = try #require(file["outcome"] as? String)
    lines.append("let e = effect(of: \(variable(exposure)), on: \(variable(outcome)))")
    let preamble = lines.count
    for row in known["d_separated"] as? [[Any]] ?? [] {
      lines.append(
        "expect(independent(\(variable(row[0])), \(variable(row[1])), given: \(list(row[2]))), \(row[3] as? Bool == true))")
    }
    lines.append("expect(identify(e), \(known["identifiable"] as? Bool == true))")
    for query in known["id_queries"] as? [[String: Any]] ?? [] {
      lines.append(
        "expect(identify(effect(of: \(list(query["do"] ?? [])), on: \(list(query["outcome"] ?? [])))), \(query["identifiable"] as? Bool == true))"
      )
    }
    if let sets = known["minimal_adjustment_sets"] as? [[String]] {
      lines.append("expect(adjustmentSets(e).count, \(sets.count))")
    }
    if let instruments = known["conditional_instruments"] as? [String: [[String]]] {
      lines.append("expect(size(instruments(e).names), \(instruments.count))")
    }
    if let implied = known["implied_independencies"] as? [[Any]] {
      lines.append("expect(implications(G).count, \(implied.count))")
    }
    let program = lines.joined(separator: "\n")
    try Self.run(program, atLeast: lines.count - preamble, name)
    let session = Session()
    session.isSilent = true
    try session.run(text: program, name: "\(name).alea")
    let sets = (known["minimal_adjustment_sets"] as? [[String]] ?? []).map { Set($0.map { "v_\($0)" }) }
    #expect(try Self.nested(session.evaluate("adjustmentSets(e).minimal")) == Set(sets), "\(name)")
    let instruments = known["conditional_instruments"] as? [String: Any] ?? [:]
    #expect(try Self.texts(session.evaluate("instruments(e).names")) == Set(instruments.keys.map { "v_\($0)" }), "\(name)")
  }

  static func texts(_ value: Value) -> Set<String> {
    guard case .array(let elements) = value else { return [] }
    return Set(elements.compactMap { if case .string(let text) = $0 { text } else { nil } })
  }

  static func nested(_ value: Value) -> Set<Set<String>> {
    guard case .array(let elements) = value else { return [] }
    return Set(elements.map(texts))
  }

  /// The counterfactual of the firing squad, from its structural equations.
  @Test func firingSquad() throws {
    let file = try Self.json("dag/counterfactual_firing_squad.json")
    let parameters = try #require(file["params"] as? [String: Double])
    let known = try #require((file["expected"] as? [String: Double])?["value"])
    try Self.run(
      """
      causal Squad {
        u ~ Bernoulli(\(try #require(parameters["p"])))
        w ~ Bernoulli(\(try #require(parameters["q"])))
        c = u == 1
        a = c or w == 1
        b = c
        d = a or b
      }
      expect(1 - counterfactual(Squad, given: (d: true), do: (a: false)).d, \(known), within: 1e-12)
      """, atLeast: 1, "squad")
  }

  // MARK: Instrumental equations

  /// The program that reads a case's data and states its graph: z -> d -> y, x -> {z, d, y}, and a latent common cause.
  static func program(_ id: String, confounded: Bool) throws -> (lines: [String], file: [String: Any]) {
    let file = try json("iv/\(id).json")
    func names(_ key: String) -> [String] { file[key] as? [String] ?? [] }
    let outcome = try #require(file["y"] as? String)
    let cause = try #require(names("endog").first)
    let columns = names("exog") + names("instruments") + [cause, outcome]
    let renaming = columns.map { "c_\($0): \"\($0)\"" }.joined(separator: ", ")
    let path = data.appendingPathComponent("iv/\(id).csv").path
    func group(_ names: [String]) -> String { "{" + names.map { "c_\($0)" }.joined(separator: ", ") + "}" }
    var lines = ["let table0 = rename(read(\"\(path)\"), \(renaming))", "causal M {", "  c_\(cause) -> c_\(outcome)"]
    if confounded {
      lines += ["  latent hidden", "  hidden -> {c_\(cause), c_\(outcome)}", "  \(group(names("instruments"))) -> c_\(cause)"]
    }
    if !names("exog").isEmpty {
      lines.append(
        "  \(group(names("exog"))) -> \(group((confounded ? names("instruments") : []) + [cause, outcome]))")
    }
    lines += ["}", "let e = effect(of: M.c_\(cause), on: M.c_\(outcome))"]
    return (lines, file)
  }

  static func expectation(_ text: String, _ value: Any?) -> [String] {
    guard let value = value as? Double else { return [] }
    return ["expect(\(text), \(value), within: \(1e-8 * abs(value) + 1e-13))"]
  }

  static func table(_ answer: String, _ part: String, _ values: Any?) -> [String] {
    (values as? [String: Double] ?? [:]).sorted { $0.key < $1.key }.flatMap { name, value in
      expectation("\(answer).\(part).\(name == "const" ? "constant" : "c_\(name)")", value)
    }
  }

  @Test(arguments: equations) func equation(_ id: String) throws {
    var (lines, file) = try Self.program(id, confounded: true)
    let known = try #require(file["expected"] as? [String: Any])
    let preamble = lines.count
    var lets = 0
    let structures = [
      ("se_homosk", "Homoskedastic(smallSample: false)"), ("se_homosk_debiased", "Homoskedastic()"),
      ("se_robust", "Robust(smallSample: false)"), ("se_robust_debiased", "Robust()"),
    ]
    for (key, method) in [("2sls", "TwoStageLeastSquares"), ("liml", "LIML"), ("fuller1", "Fuller")] {
      guard let expected = known[key] as? [String: Any] else { continue }
      for (position, (error, constructor)) in structures.enumerated() {
        let name = "\(method)\(position)"
        lines.append("let \(name) = estimate(e, from: table0, by: \(method)(errors: \(constructor)))")
        lets += 1
        lines += Self.table(name, "coefficients", expected["coef"])
        lines += Self.table(name, "errors", expected[error])
      }
    }
    if let expected = known["gmm_2step"] as? [String: Any] {
      for (name, covariance, key) in [("gmmA", "efficient", "se_efficient"), ("gmmB", "robust", "se_robust")] {
        lines.append(
          "let \(name) = estimate(e, from: table0, by: GMM(errors: Robust(smallSample: false), covariance: \(covariance)))")
        lets += 1
        lines += Self.table(name, "coefficients", expected["coef"]) + Self.table(name, "errors", expected[key])
      }
      if let degrees = expected["dof"] as? Int, degrees > 0 { lines += Self.expectation("gmmA.checks.hansenJ", expected["J"]) }
    }
    let diagnostics = try #require(known["diagnostics"] as? [String: Any])
    func statistic(_ table: String, _ key: String) -> Any? {
      let entry = diagnostics[table] as? [String: Any]
      return entry?[key] ?? (entry?.values.compactMap { $0 as? [String: Any] }.first)?[key]
    }
    let answer = "TwoStageLeastSquares0"
    lines += Self.expectation("\(answer).checks.firstStageF", statistic("first_stage", "F_homosk"))
    lines += Self.expectation("\(answer).checks.robustFirstStageF", statistic("first_stage", "F_HC1"))
    lines += Self.expectation("\(answer).checks.effectiveF", statistic("first_stage", "F_effective_HC0"))
    for (name, group, key, tail) in [
      ("sargan", "sargan", "sargan", "sargan_p"), ("basmann", "sargan", "basmann", ""),
      ("wuHausman", "wu_hausman", "wu_hausman_F", "p"), ("durbin", "wu_hausman", "durbin", ""),
      ("andersonRubin", "anderson_rubin_at_0", "F", "p"),
    ] {
      lines += Self.expectation("\(answer).checks.\(name)", (diagnostics[group] as? [String: Any])?[key])
      lines += Self.expectation("\(answer).pValues.\(name)", (diagnostics[group] as? [String: Any])?[tail])
    }
    #expect(statistic("first_stage", "F_homosk") is Double)
    if let set = diagnostics["ar_set_95"] as? [String: Any], set["kind"] as? String == "interval",
      let ends = set["ends"] as? [Double]
    {
      lines += Self.expectation("\(answer).sets.andersonRubin[0]", ends[0])
      lines += Self.expectation("\(answer).sets.andersonRubin[1]", ends[1])
    }
    try Self.run(lines.joined(separator: "\n"), atLeast: lines.count - preamble - lets, id)
  }

  @Test(arguments: equations) func leastSquares(_ id: String) throws {
    var (lines, file) = try Self.program(id, confounded: false)
    let known = try #require((file["expected"] as? [String: Any])?["ols"] as? [String: Any])
    lines.append("let fit = estimate(e, from: table0, by: LinearAdjustment(errors: Robust()))")
    let preamble = lines.count
    lines += Self.table("fit", "coefficients", known["coef"]) + Self.table("fit", "errors", known["se_robust_debiased"])
    try Self.run(lines.joined(separator: "\n"), atLeast: lines.count - preamble, id)
  }
}
