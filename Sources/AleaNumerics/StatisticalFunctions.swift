import CBoostMath

/// Distribution functions and quantiles of the laws that tests and intervals need.
public enum StatisticalFunctions {
  /// P(X > x) for a chi-square law.
  public static func chiSquareTail(_ x: Double, degrees: Double) -> Double {
    x <= 0 ? 1 : boost_gamma_q(degrees / 2, x / 2)
  }

  /// The value that a chi-square variable stays below with probability p.
  public static func chiSquareQuantile(_ p: Double, degrees: Double) -> Double { 2 * boost_gamma_p_inverse(degrees / 2, p) }

  /// P(X > x) for an F law.
  public static func fTail(_ x: Double, _ numerator: Double, _ denominator: Double) -> Double {
    x <= 0 ? 1 : boost_beta_ic(numerator / 2, denominator / 2, numerator * x / (numerator * x + denominator))
  }

  /// The value that an F variable stays below with probability p.
  public static func fQuantile(_ p: Double, _ numerator: Double, _ denominator: Double) -> Double {
    let share = boost_beta_i_inverse(numerator / 2, denominator / 2, p)
    return denominator * share / (numerator * (1 - share))
  }

  /// P(|T| > |t|) for a Student law.
  public static func studentTwoSidedTail(_ t: Double, degrees: Double) -> Double {
    boost_beta_i(degrees / 2, 0.5, degrees / (degrees + t * t))
  }

  public static func normalQuantile(_ p: Double) -> Double { boost_normal_quantile(p) }
}
