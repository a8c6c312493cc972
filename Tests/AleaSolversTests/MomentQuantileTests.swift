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

  static let normal = (0..<4000).map { StatisticalFunctions.normalQuantile((Double($0) + 0.5) / 4000) }

  /// The kernel estimate of a normal sample is a normal density with the kernel's variance added.
  @Test(arguments: [0.1, 0.25, 0.7]) func kernelEstimatesOfNormalResiduals(level: Double) {
    let quantile = StatisticalFunctions.normalQuantile(level)
    let residuals = PlugInWidth(Self.normal.map { 5 * ($0 - quantile) }, deviation: 5)
    for width in [1.5, 2.5] {
      let deviation = (25 + width * width).squareRoot()
      let x = 5 * quantile / deviation
      let density = exp(-0.5 * x * x) / (2 * Double.pi).squareRoot() / deviation
      let third = (3 * x - x * x * x) * density / pow(deviation, 3)
      #expect(abs(residuals.estimate(width: width, order: 0) { _ in 1 }.value - density) < 1e-3 * density)
      let found = residuals.estimate(width: width, order: 3) { $0 * (3 - $0 * $0) }
      #expect(abs(abs(found.value) - abs(third)) < 2e-3 * abs(third), "\(found), \(third)")
    }
  }

  /// For normal residuals, two unknowns and 2,000 rows the formula says 1.32 deviations at the quartiles: by quadrature of the step in
  /// an independent program (`Tests/Independent/quantile_slopes.py`).
  @Test func plugInFormula() {
    let x = StatisticalFunctions.normalQuantile(0.25)
    let density = exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
    let width = PlugInWidth.best(density: density, thirdDerivative: (3 * x - x * x * x) * density, unknowns: 2, rows: 2000)
    #expect(abs(width - 1.32) < 0.005, "\(width)")
  }

  /// Two modes far apart need widths of the modes, not of the whole; a vanishing third derivative does not make the width infinite.
  @Test func plugInWidthSeesModes() {
    let alone = PlugInWidth(Self.normal.map { $0 + 0.5 }, deviation: 1).width(unknowns: 2)
    let modes = Self.normal.map { $0 + 0.5 } + Self.normal.map { $0 + 40.5 }
    let apart = PlugInWidth(modes, deviation: 20).width(unknowns: 2)
    #expect(apart < 2 * alone && apart > 0.5 * alone, "\(apart), \(alone)")
    let symmetric = PlugInWidth(Self.normal, deviation: 1).width(unknowns: 2)
    #expect(symmetric >= alone && symmetric < 1.5, "\(symmetric), \(alone)")
  }
}
