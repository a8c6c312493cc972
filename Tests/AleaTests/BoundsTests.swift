import Alea
import Foundation
import Testing

/// Bounds on effects in the language: published ones, an independent linear program's, and that truths lie within.
@Suite struct BoundsTests {
  /// Tests/Independent/bounds.py: a hidden cause of two values, an instrument, a cause and an outcome of several; the effect of the
  /// cause's last value against its first.
  static let models: [(sizes: [Int], lower: Double, upper: Double, truth: Double)] = [
    ([2, 2, 2], -0.046666666667, 0.293333333333, 0.116666666667), ([3, 2, 2], -0.046666666667, 0.293333333333, 0.116666666667),
    ([2, 2, 3], -0.123333333333, 0.556666666667, 0.200000000000), ([3, 3, 2], -0.165777777778, 0.492000000000, 0.180000000000),
    ([2, 3, 3], -1.138024691358, 1.190864197531, 0.277777777778),
  ]

  @Test(arguments: models.indices) func lawsOfModels(_ index: Int) throws {
    let (sizes, lower, upper, _) = Self.models[index]
    let (z, d, y) = (sizes[0] - 1, sizes[1] - 1, sizes[2] - 1)
    try CausalReferenceTests.run(
      """
      causal M {
        latent h ~ Bernoulli(0.6)
        z ~ Uniform(0..\(z))
        d ~ Categorical([e in 0..\(d): e], [e in 0..\(d): 1 + 6 * (if e == min(z, \(d)) then 1 else 0) + 2 * h * e])
        y ~ Categorical([e in 0..\(y): e], [e in 0..\(y): 1 + e * d + h * e])
      }
      let b = bounds(effect(of: M.d, on: M.y), between: [0, \(d)])
      expect(b.lower, \(lower), within: 1e-9)
      expect(b.upper, \(upper), within: 1e-9)
      expect(b.gap < 1e-9)
      """, atLeast: 3, "law \(sizes)")
  }

  /// The lipid trial, from the reference's own probabilities.
  @Test func lipidTrial() throws {
    let file = try CausalReferenceTests.json("dag/bounds_lipid.json")
    let p = try #require(file["p"] as? [[[Double]]])
    let known = try #require(file["expected"] as? [String: Any])
    var cells: [(z: Int, d: Int, y: Int, p: Double)] = []
    for z in 0...1 { for d in 0...1 { for y in 0...1 { cells.append((z, d, y, p[y][d][z])) } } }
    try CausalReferenceTests.run(
      """
      causal Trial {
        z -> d -> y
        d <-> y
      }
      let b = bounds(effect(of: Trial.d, on: Trial.y), from: table(z: \(cells.map(\.z)), d: \(cells.map(\.d)), y: \(cells.map(\.y)), p: \(cells.map(\.p))), shares: "p")
      expect(b.lower, \(try #require(known["ace_lower"] as? Double)), within: 1e-9)
      expect(b.upper, \(try #require(known["ace_upper"] as? Double)), within: 1e-9)
      """, atLeast: 2, "lipid")
  }

  /// Where the graph identifies the effect the bounds meet at it: the front door, whose truth comes from the mechanisms.
  @Test func identifiedEffectsAreNumbers() throws {
    try CausalReferenceTests.run(
      """
      causal Front {
        latent u ~ Bernoulli(0.4)
        x ~ Bernoulli(0.2 + 0.5 * u)
        m ~ Bernoulli(0.1 + 0.7 * x)
        y ~ Bernoulli(0.1 + 0.5 * m + 0.3 * u)
      }
      let b = bounds(effect(of: Front.x, on: Front.y))
      expect(b.lower, 0.7 * 0.5, within: 1e-12)
      expect(b.upper, 0.7 * 0.5, within: 1e-12)
      """, atLeast: 2, "front door")
  }

  /// An instrument that shares a cause with the treatment, or two of them, serve too; one that shares a cause with the outcome does not.
  @Test func whichInstrumentsServe() throws {
    try CausalReferenceTests.run(
      """
      causal M {
        latent {a, u}
        z -> x -> y
        a -> {z, x}
        u -> {x, y}
        w -> x
        v -> {x, y}
      }
      let t = table(z: [0, 1, 0, 1, 0, 1, 1, 0], w: [0, 0, 1, 1, 0, 1, 0, 1], v: [0, 1, 1, 0, 1, 0, 1, 0], x: [0, 1, 1, 1, 0, 1, 0, 0], y: [0, 1, 1, 0, 1, 1, 0, 0])
      expect(bounds(effect(of: M.x, on: M.y), from: t).instruments, ["z", "w"])
      """.replacingOccurrences(of: "latent {a, u}", with: "latent a\n  latent u"), atLeast: 1, "instruments")
  }

  // MARK: Sensitivity

  private func reference(_ name: String) throws -> [String: Any] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/\(name).json")
    return try #require(JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
  }

  /// The linear-fractional program of Zhao, Small and Bhattacharya (2019), with the propensities of the reference.
  @Test func marginalSensitivity() throws {
    let file = try reference("sensitivity_marginal_model")
    let known = try #require(file["expected"] as? [String: [String: [Double]]])
    func column(_ name: String) throws -> String { "\(try #require(file[name] as? [Double]))" }
    var lines = """
      let units = table(y: \(try column("y")), a: \(try column("a").replacingOccurrences(of: ".0", with: "")), e: \(try column("e")))
      causal Hidden {
        a -> y
        a <-> y
      }

      """
    let factors = ["1", "1.5", "2", "3"]
    for (index, factor) in factors.enumerated() {
      let one = try #require(known["ey1"]?[factor])
      let zero = try #require(known["ey0"]?[factor])
      lines += """
        let b\(index) = bounds(effect(of: Hidden.a, on: Hidden.y), from: units, confounding: \(factor), propensity: "e")
        expect(b\(index).treated[0], \(one[0]), within: 1e-9)
        expect(b\(index).treated[1], \(one[1]), within: 1e-9)
        expect(b\(index).untreated[0], \(zero[0]), within: 1e-9)
        expect(b\(index).untreated[1], \(zero[1]), within: 1e-9)
        expect(b\(index).lower, \(one[0] - zero[1]), within: 1e-9)
        expect(b\(index).upper, \(one[1] - zero[0]), within: 1e-9)

        """
    }
    try CausalReferenceTests.run(lines, atLeast: 24, "marginal sensitivity")
  }

  /// Where nothing is hidden the bounds meet at the weighted estimate.
  @Test func nothingHidden() throws {
    try CausalReferenceTests.run(
      """
      let data = read("\(EffectEstimatorTests.file)")
      causal M {
        age -> {drug, health}
        drug -> health
      }
      causal Hidden {
        age -> {drug, health}
        drug -> health
        drug <-> health
      }
      let weighted = estimate(effect(of: M.drug, on: M.health), from: data, by: InverseProbabilityWeighting())
      let met = bounds(effect(of: Hidden.drug, on: Hidden.health), from: data, confounding: 1)
      expect(met.lower, weighted.value, within: 1e-10)
      expect(met.upper, weighted.value, within: 1e-10)
      let some = bounds(effect(of: Hidden.drug, on: Hidden.health), from: data, confounding: 1.2)
      let more = bounds(effect(of: Hidden.drug, on: Hidden.health), from: data, confounding: 2)
      expect(more.lower < some.lower and some.lower < met.lower and met.upper < some.upper and some.upper < more.upper)
      """, atLeast: 3, "nothing hidden")
  }

  @Test func strengthOfWhatIsHidden() throws {
    let ratio = try reference("sensitivity_evalue")
    let ends = try #require(ratio["ci"] as? [Double])
    let values = try #require(ratio["expected"] as? [String: Double])
    let pairs = try reference("sensitivity_rosenbaum_hammond")
    let factors = try #require(pairs["gamma"] as? [Double])
    let exact = try #require((pairs["expected"] as? [String: [Double]])?["p_upper_exact"])
    let (discordant, events) = (try #require(pairs["discordant"] as? Int), try #require(pairs["events"] as? Int))
    var lines = """
      import std.sensitivity
      expect(eValue(\(try #require(ratio["rr"] as? Double))), \(try #require(values["evalue"])), within: 1e-12)
      expect(eValueOfInterval(\(ends[0]), \(ends[1])), \(try #require(values["evalue_ci"])), within: 1e-12)

      """
    for (factor, p) in zip(factors, exact) {
      lines += "expect(rosenbaumBound(\(discordant), \(events), \(factor)), \(p), within: \(1e-10 * p))\n"
    }
    try CausalReferenceTests.run(lines, atLeast: 8, "strength")
  }
}
