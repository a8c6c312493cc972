import AleaNumerics
import AleaSolvers
import Foundation
import Testing

/// Every number of `Data/iv` (computed by two independent programs and checked against published tables; see its README) for the
/// estimators, standard errors and statistics of linear instrumental variables, to 1e-8 relative.
@Suite struct LinearInstrumentsTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/iv")

  static let cases: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
  }()

  struct Case {
    let equation: LinearInstruments
    let expected: [String: Any]
    let clusters: [Int]?
  }

  static func load(_ id: String) throws -> Case {
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appendingPathComponent("\(id).json")))
    let description = try #require(json as? [String: Any])
    let text = try String(contentsOf: folder.appendingPathComponent("\(id).csv"), encoding: .utf8)
    let lines = text.split(whereSeparator: \.isNewline).map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let header = lines[0].map(String.init)
    func column(_ name: String) throws -> [Double] {
      let index = try #require(header.firstIndex(of: name))
      return try lines.dropFirst().map { try #require(Double($0[index])) }
    }
    func names(_ key: String) -> [String] { description[key] as? [String] ?? [] }
    let outcome = try column(try #require(description["y"] as? String))
    var exogenousNames = names("exog")
    var exogenous = try exogenousNames.map { try column($0) }
    if description["constant"] as? Bool == true {
      exogenousNames.insert("const", at: 0)
      exogenous.insert([Double](repeating: 1, count: outcome.count), at: 0)
    }
    let equation = try LinearInstruments(
      outcome: outcome, exogenous: Matrix(columns: exogenous, rows: outcome.count), exogenousNames: exogenousNames,
      endogenous: Matrix(columns: try names("endog").map { try column($0) }, rows: outcome.count),
      endogenousNames: names("endog"),
      excluded: Matrix(columns: try names("instruments").map { try column($0) }, rows: outcome.count),
      excludedNames: names("instruments"))
    let clusters = try (description["cluster"] as? String).map { try column($0).map { Int($0) } }
    return Case(equation: equation, expected: try #require(description["expected"] as? [String: Any]), clusters: clusters)
  }

  /// Relative to the larger of the two, 1e-8.
  static func agrees(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-8 * max(abs(a), abs(b)) + 1e-13 }

  static func compare(_ fit: LinearFit?, _ values: [Double]?, _ table: Any?, _ what: String) throws {
    let known = try #require(table as? [String: Double], "\(what)")
    let values = try #require(values)
    for (name, value) in zip(try #require(fit).names, values) {
      let expected = try #require(known[name])
      #expect(agrees(value, expected), "\(what) \(name): \(value) against \(expected)")
    }
  }

  @Test(arguments: cases) func kClass(_ id: String) throws {
    let data = try Self.load(id)
    let estimators: [(String, LinearInstruments.KClass)] = [
      ("ols", .leastSquares), ("2sls", .twoStage), ("liml", .limitedInformation), ("fuller1", .fuller(1)),
    ]
    for (key, estimator) in estimators {
      let known = try #require(data.expected[key] as? [String: Any])
      let fit = data.equation.fit(estimator)
      try Self.compare(fit, fit?.coefficients, known["coef"], "\(id) \(key)")
      var structures: [(String, ErrorStructure, Bool)] = [
        ("se_homosk", .homoskedastic, false), ("se_homosk_debiased", .homoskedastic, true), ("se_robust", .robust, false),
        ("se_robust_debiased", .robust, true),
      ]
      if let clusters = data.clusters {
        structures += [("se_cluster", .clustered(clusters), false), ("se_cluster_debiased", .clustered(clusters), true)]
      }
      for (errorKey, structure, small) in structures where known[errorKey] != nil {
        let fit = data.equation.fit(estimator, errors: structure, smallSample: small)
        try Self.compare(fit, fit?.standardErrors, known[errorKey], "\(id) \(key) \(errorKey)")
      }
      if let kappa = known["kappa"] as? Double { #expect(Self.agrees(try #require(fit?.kappa), kappa), "\(id) \(key)") }
    }
  }

  @Test(arguments: cases) func generalizedMoments(_ id: String) throws {
    let data = try Self.load(id)
    guard let known = data.expected["gmm_2step"] as? [String: Any] else { return }
    let fit = data.equation.generalizedMoments()
    try Self.compare(fit, fit?.coefficients, known["coef"], "\(id) gmm")
    try Self.compare(fit, fit?.standardErrors, known["se_efficient"], "\(id) gmm efficient")
    let robust = data.equation.generalizedMoments(robustCovariance: true)
    try Self.compare(robust, robust?.standardErrors, known["se_robust"], "\(id) gmm robust")
    if let j = known["J"] as? Double, let dof = known["dof"] as? Int, dof > 0 {
      #expect(Self.agrees(try #require(fit?.j).statistic, j), "\(id) J")
    }
  }

  @Test(arguments: cases) func diagnostics(_ id: String) throws {
    let data = try Self.load(id)
    let known = try #require(data.expected["diagnostics"] as? [String: Any])
    func number(_ table: Any?, _ key: String) -> Double? { (table as? [String: Any])?[key] as? Double }
    func check(_ value: Double?, _ expected: Double?, _ what: String) {
      guard let expected else { return }
      #expect(value.map { Self.agrees($0, expected) } == true, "\(id) \(what): \(String(describing: value)) against \(expected)")
    }
    for stage in data.equation.firstStages() {
      let table = (known["first_stage"] as? [String: Any])?[stage.name]
      check(stage.f, number(table, "F_homosk"), "F")
      check(stage.robustF, number(table, "F_HC0"), "F HC0")
      check(stage.robustFSmallSample, number(table, "F_HC1"), "F HC1")
      check(stage.effectiveF, number(table, "F_effective_HC0"), "effective F")
      check(stage.partialR2, number(table, "partial_r2"), "partial R2")
    }
    check(data.equation.craggDonald(), known["cragg_donald"] as? Double, "Cragg-Donald")
    let exogeneity = data.equation.wuHausman()
    check(exogeneity?.wuHausman.statistic, number(known["wu_hausman"], "wu_hausman_F"), "Wu-Hausman")
    check(exogeneity?.wuHausman.pValue, number(known["wu_hausman"], "p"), "Wu-Hausman p")
    check(exogeneity?.durbin.statistic, number(known["wu_hausman"], "durbin"), "Durbin")
    let residuals = try #require(data.equation.fit(.twoStage)).residuals
    let over = data.equation.overidentification(residuals: residuals)
    check(over?.sargan.statistic, number(known["sargan"], "sargan"), "Sargan")
    check(over?.sargan.pValue, number(known["sargan"], "sargan_p"), "Sargan p")
    check(over?.basmann.statistic, number(known["sargan"], "basmann"), "Basmann")
    let zero = data.equation.andersonRubin(at: data.equation.endogenousNames.map { _ in 0 })
    check(zero.statistic, number(known["anderson_rubin_at_0"], "F"), "Anderson-Rubin")
    for (key, level) in [("ar_set_95", 0.95), ("ar_set_90", 0.9)] {
      guard let table = known[key] as? [String: Any], let kind = table["kind"] as? String else { continue }
      let ends = table["ends"] as? [Double] ?? []
      switch try #require(data.equation.andersonRubinSet(level: level)) {
      case .interval(let low, let high):
        #expect(kind == "interval")
        check(low, ends.first, key)
        check(high, ends.last, key)
      case .rays(let low, let high):
        #expect(kind == "rays")
        check(low, ends.first, key)
        check(high, ends.last, key)
      case .line: #expect(kind == "line")
      case .empty: #expect(kind == "empty")
      }
    }
  }
}
