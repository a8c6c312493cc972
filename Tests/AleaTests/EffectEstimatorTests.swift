import Alea
import Foundation
import Testing

/// Effects within strata and along a line, cross-fitting and clustered errors, against Tests/Independent/effects.py.
@Suite struct EffectEstimatorTests {
  static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/effects.csv").path

  static let program = """
    let data = derive(read("\(file)"), south: int(region == "south"), west: int(region == "west"))
    causal ByRegion {
      {region, age} -> {drug, health}
      drug -> health
    }
    causal All {
      {age, south, west} -> {drug, health}
      drug -> health
    }
    causal Confounded {
      latent hidden
      hidden -> {drug, health}
      lottery -> drug -> health
      {age, south, west} -> {drug, health}
    }
    let whole = effect(of: All.drug, on: All.health)
    let offered = effect(of: Confounded.drug, on: Confounded.health)

    """

  private func run(_ lines: String, _ count: Int, _ name: String) throws {
    try CausalReferenceTests.run(Self.program + lines, atLeast: count, name)
  }

  private func near(_ text: String, _ value: Double) -> String { "expect(\(text), \(value), within: \(1e-9 * abs(value)))\n" }

  @Test func strata() throws {
    let ols = [
      ("north", 2.1514619564081, 0.30147073627734, 137.0), ("south", 2.7065177189789, 0.30535126738937, 139),
      ("west", 3.0437085557777, 0.43205040751895, 124),
    ]
    let doubly = [
      ("north", 2.0154592330751, 0.31225788712042), ("south", 2.5008660338934, 0.32670599573212),
      ("west", 3.4525658733043, 0.79976259776835),
    ]
    var lines = """
      let within = effect(of: ByRegion.drug, on: ByRegion.health, given: ByRegion.region)
      let some = estimate(within, from: data)
      let fitted = estimate(within, from: data, by: AugmentedInverseProbabilityWeighting(split: "fold"))

      """
    for (name, value, error, rows) in ols {
      lines += near("some[region: \"\(name)\"].value", value) + near("some[region: \"\(name)\"].error", error)
      lines += near("some[\"\(name)\"].rows", rows)
    }
    for (name, value, error) in doubly {
      lines += near("fitted[region: \"\(name)\"].value", value) + near("fitted[region: \"\(name)\"].error", error)
    }
    lines += near("some.checks.cochranQ", 3.3160172211425)
    // A chi-square of two degrees has the tail exp(-q / 2).
    lines += near("some.pValues.cochranQ", exp(-3.3160172211425 / 2)) + "expect(some.count, 3)\n"
    try run(lines, 17, "strata")
  }

  @Test func line() throws {
    try run(
      """
      let along = estimate(effect(of: All.drug, on: All.health, given: All.age), from: data)

      """ + near("along.coefficients[0]", 2.5553450016872) + near("along.coefficients[1]", -0.36592129302778)
        + near("along[age: 0].error", 0.2076337757358) + near("along[age: 0.5].value", 2.3723843551733)
        + near("along[age: 0.5].error", 0.26014763050736) + near("along.checks.wald", 3.0054486177246)
        + "expect(along.equation.coefficients.drug_by_age == along.coefficients[1])\n", 7, "line")
  }

  @Test func crossFitting() throws {
    try run(
      """
      let fitted = estimate(whole, from: data, by: AugmentedInverseProbabilityWeighting(split: "fold"))
      let dealt = estimate(whole, from: data, by: AugmentedInverseProbabilityWeighting(), seed: 4)
      let again = estimate(whole, from: data, by: AugmentedInverseProbabilityWeighting(folds: 5), seed: 4)
      expect(dealt.value == again.value and dealt.error == again.error)
      expect(abs(dealt.value - fitted.value) < fitted.error)

      """ + near("fitted.value", 2.5732277684299) + near("fitted.error", 0.25002467025075), 4, "cross-fitting")
  }

  @Test func clusteredErrors() throws {
    let known = [
      ("LinearAdjustment", "whole", "true", 2.6055607289272, 0.22840092141494, 0.25479475190905),
      ("LinearAdjustment", "whole", "false", 2.6055607289272, 0.2226617243825, 0.24839233779015),
      ("TwoStageLeastSquares", "offered", "true", 2.9588793474366, 0.73418700835204, 0.50000482785535),
      ("TwoStageLeastSquares", "offered", "false", 2.9588793474366, 0.71573855432005, 0.48744084078185),
    ]
    var lines = ""
    for (index, (method, target, small, value, error, constant)) in known.enumerated() {
      lines +=
        "let fit\(index) = estimate(\(target), from: data, by: \(method)(errors: Clustered(by: \"town\", smallSample: \(small))), adjust: [\"age\", \"south\", \"west\"])\n"
      lines += near("fit\(index).value", value) + near("fit\(index).error", error) + near("fit\(index).errors.constant", constant)
    }
    try run(lines, 12, "clusters")
  }
}
