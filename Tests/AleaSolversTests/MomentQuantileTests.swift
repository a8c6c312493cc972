import AleaModel
import AleaNumerics
import Foundation
import Testing

@testable import AleaSolvers

/// Quantile instrumental variables with unknown curves, against their truth.
@Suite struct MomentQuantileTests {
  static func errors(
    _ functionClass: FunctionClass, _ method: SmoothedQuantile, level: Double, seeds: Int, rows: Int = 2000
  ) throws -> [Double] {
    let problem = MomentProblem.regression(
      outcome: "y", arguments: ["d"], conditioning: ["z"], functionClass: functionClass, quantile: level)
    return try (0..<seeds).map { seed in
      let sample = try MomentDesigns.curvedQuantile(rows, level: level, seed: UInt64(seed))
      let fit = try method.fit(problem, sample.data)
      let values = fit.functions[0].values(at: Matrix(column: sample.points))
      return zip(values, sample.truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(values.count)
    }
  }

  /// Without an instrument a sieve is off by .060 to .075; an independent program with the same rule has the quartiles .0049 to .0113 and
  /// .0025 to .0079 over 30 seeds (`Tests/Independent/quantile_curves.py`).
  @Test func curvesInHilbertSpacesAreNearTheTruth() throws {
    for (level, upper) in [(0.5, 0.0113), (0.75, 0.0079)] {
      let found = try Self.errors(.rkhs(Kernel(), rank: 30), SmoothedQuantile(), level: level, seeds: 3, rows: 1000)
      #expect(median(found) < 1.5 * upper, "\(level): \(found)")
    }
  }

  /// On a linear quantile model with slope 1 + tau a Hilbert space finds the line.
  @Test func linesAreFoundInHilbertSpaces() throws {
    let level = 0.5
    let problem = MomentProblem.regression(
      outcome: "y", arguments: ["d"], conditioning: ["z"], functionClass: .rkhs(Kernel(), rank: 30), quantile: level)
    let points = (1...9).map { 0.1 * Double($0) }
    let errors = try (0..<3).map { seed in
      let fit = try SmoothedQuantile().fit(problem, MomentDesigns.quantile(1000, seed: UInt64(seed)))
      let values = fit.functions[0].values(at: Matrix(column: points))
      return zip(values, points).reduce(0) { $0 + pow($1.0 - (1 + level) * $1.1, 2) } / Double(points.count)
    }
    // Without an instrument the slope is off by 1.6: a mean squared error of .2 about the middle.
    #expect(median(errors) < 0.02, "\(errors)")
  }

  /// The kernel estimate of a normal sample is a normal density with the kernel's variance added, so that the width has a closed form.
  @Test(arguments: [0.1, 0.25, 0.7]) func plugInWidthOfNormalResiduals(level: Double) throws {
    let n = 4000.0
    let quantile = StatisticalFunctions.normalQuantile(level)
    let residuals = (0..<4000).map { 5 * (StatisticalFunctions.normalQuantile((Double($0) + 0.5) / n) - quantile) }
    func convolved(_ width: Double) -> (x: Double, deviation: Double, density: Double) {
      let deviation = (25 + width * width).squareRoot()
      let x = 5 * quantile / deviation
      return (x, deviation, exp(-0.5 * x * x) / (2 * Double.pi).squareRoot() / deviation)
    }
    let at = convolved(5 * pow(4 / (3 * n), 0.2))
    let (x, deviation, density) = convolved(5 * pow(4 / (9 * n), 1.0 / 11))
    let third = (3 * x - x * x * x) * density / pow(deviation, 3)
    let expected = pow(576 * (35.0 / 429) * at.density * 3 * 33 * 33 / (8 * third * third * n), 1.0 / 7)
    let width = PlugInWidth(residuals, deviation: 5).width(unknowns: 3)
    #expect(abs(width - expected) < 2e-3 * expected, "\(width), \(expected)")
  }

  /// Two modes far apart need widths of the modes, not of the whole; a vanishing third derivative does not make the width infinite.
  @Test func plugInWidthSeesModes() throws {
    let normal = (0..<2000).map { StatisticalFunctions.normalQuantile((Double($0) + 0.5) / 2000) }
    let alone = PlugInWidth(normal.map { $0 + 0.5 }, deviation: 1).width(unknowns: 2)
    let modes = normal.map { $0 + 0.5 } + normal.map { $0 + 40.5 }
    let apart = PlugInWidth(modes, deviation: 20).width(unknowns: 2)
    #expect(apart < 2 * alone && apart > 0.5 * alone, "\(apart), \(alone)")
    let symmetric = PlugInWidth(normal, deviation: 1).width(unknowns: 2)
    #expect(symmetric > alone && symmetric < 2, "\(symmetric), \(alone)")
  }
}
