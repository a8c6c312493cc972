import Foundation

/// The width that makes the mean squared error of smoothed quantile moments least, with densities estimated from residuals.
///
/// For k unknowns, n rows and a step G whose derivative is a kernel of order 4,
/// `h^7 = 4!^2 (1 - integral of G^2) f(0) k / (8 (integral of v^4 G')^2 f'''(0)^2 n)` (Kaplan and Sun 2017, for residuals independent
/// of the instruments). f(0) and f'''(0) are Gaussian kernel estimates.
struct PlugInWidth {
  private let residuals: [Double]
  /// The smaller of the deviation and the quartiles' distance over that of a standard normal variable (Silverman 1986).
  private let scale: Double

  /// Of the polynomial step on [-1, 1]: 1 - integral of G^2, and integral of v^4 G'.
  private static let saving = 35.0 / 429
  private static let fourthMoment = -1.0 / 33
  /// Where f''' vanishes, as at the median of a symmetric density, no width is too wide by the formula: it is held to so many times the
  /// width with which f''' was estimated, which narrows as rows are added.
  private static let mostWidths = 3.0

  /// - Parameter residuals: with the quantile in question at 0.
  init(_ residuals: [Double], deviation: Double) {
    self.residuals = residuals
    let sorted = residuals.sorted()
    let quartiles = sorted[sorted.count * 3 / 4] - sorted[sorted.count / 4]
    scale = quartiles > 0 ? min(deviation, quartiles / 1.349) : deviation
  }

  /// Time O(n log n).
  func width(unknowns: Int) -> Double {
    let n = Double(residuals.count)
    let (density, _) = estimate(width: scale * pow(4 / (3 * n), 1.0 / 5), order: 0) { _ in 1 }
    let wide = scale * pow(4 / (9 * n), 1.0 / 11)
    let most = Self.mostWidths * wide
    let third = thirdDerivative(wide)
    guard density > 0, third != 0 else { return most }
    return min(most, Self.best(density: density, thirdDerivative: third, unknowns: unknowns, rows: residuals.count))
  }

  /// The formula, for a density at the quantile and its third derivative there.
  static func best(density: Double, thirdDerivative: Double, unknowns: Int, rows: Int) -> Double {
    let bias = fourthMoment * thirdDerivative
    return pow(72 * saving * density * Double(unknowns) / (bias * bias * Double(rows)), 1.0 / 7)
  }

  /// The size of f'''(0): with the width that is best for normal residuals; or what narrower ones show beyond two standard errors,
  /// where residuals have several modes or end abruptly.
  private func thirdDerivative(_ wide: Double) -> Double {
    var size = 0.0
    for step in 0..<4 {
      let (value, error) = estimate(width: wide / Double(1 << step), order: 3) { $0 * (3 - $0 * $0) }
      size = max(size, abs(value) - (step == 0 ? 0 : 2 * error))
    }
    return size
  }

  /// The kernel estimate at 0 of a derivative of the density, whose kernel is a polynomial times the normal density; its standard error.
  func estimate(width: Double, order: Int, polynomial: (Double) -> Double) -> (value: Double, error: Double) {
    let scale = 1 / (2.5066282746310002 * pow(width, Double(order + 1)))
    let n = Double(residuals.count)
    var sum = 0.0
    var squares = 0.0
    for residual in residuals {
      let u = residual / width
      let term = polynomial(u) * exp(-0.5 * u * u)
      sum += term
      squares += term * term
    }
    let mean = sum / n
    return (scale * mean, scale * (max(0, squares / n - mean * mean) / n).squareRoot())
  }
}
