#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Probabilities of the named discrete laws, accurate to a few units in the last place.
///
/// Binomial and Poisson use the saddle-point form of C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000): the
/// leading terms that cancel in the textbook formula never appear.
public enum DiscreteProbability {
  /// The probability of `k` successes in `n` trials.
  public static func binomial(_ k: Double, trials n: Double, probability p: Double) -> Double {
    guard k >= 0, k <= n else { return 0 }
    if p == 0 { return k == 0 ? 1 : 0 }
    if p == 1 { return k == n ? 1 : 0 }
    if n == 0 { return 1 }
    if k == 0 { return exp(n * log1p(-p)) }
    if k == n { return exp(n * log(p)) }
    let exponent =
      stirlingError(n) - stirlingError(k) - stirlingError(n - k) - deviance(k, n * p) - deviance(n - k, n * (1 - p))
    return exp(exponent) * (n / (2 * Double.pi * k * (n - k))).squareRoot()
  }

  /// The probability of the count `k` when `rate` is expected.
  public static func poisson(_ k: Double, rate: Double) -> Double {
    guard k >= 0 else { return 0 }
    if rate == 0 { return k == 0 ? 1 : 0 }
    if k == 0 { return exp(-rate) }
    return exp(-stirlingError(k) - deviance(k, rate)) / (2 * Double.pi * k).squareRoot()
  }

  /// The probability of `k` failures before the first success.
  public static func geometric(_ k: Double, probability p: Double) -> Double {
    guard k >= 0 else { return 0 }
    if p == 1 { return k == 0 ? 1 : 0 }
    return p * exp(k * log1p(-p))
  }

  /// The probability of more than `k` failures before the first success.
  public static func geometricTail(above k: Double, probability p: Double) -> Double {
    k < 0 ? 1 : p == 1 ? 0 : exp((k + 1) * log1p(-p))
  }

  /// The probability of a count above `k`, summed from the small terms; relative error about 1e-15 times the number of terms.
  public static func poissonTail(above k: Double, rate: Double) -> Double {
    if rate == 0 { return 0 }
    if k < rate {
      // The body is above k: its complement is the shorter sum.
      var sum = 0.0
      var j = 0.0
      while j <= k {
        sum += poisson(j, rate: rate)
        j += 1
      }
      return max(0, 1 - sum)
    }
    var terms: [Double] = []
    var term = poisson(k + 1, rate: rate)
    var j = k + 1
    while term > 0, term > 1e-18 * (terms.first ?? term) {
      terms.append(term)
      j += 1
      term *= rate / j
    }
    return terms.reversed().reduce(0, +)
  }

  /// The expected excess of a count over `end`: the sum of `(k - end) P(k)` over `k > end`, from the small terms up.
  public static func poissonExcess(over end: Double, rate: Double) -> Double {
    if rate == 0 { return 0 }
    if end < rate {
      // E[(X - end)+] = rate - end + E[(end - X)+], where the last sum is the shorter one.
      var shortfall = 0.0
      var k = 0.0
      while k < end {
        shortfall += (end - k) * poisson(k, rate: rate)
        k += 1
      }
      return rate - end + shortfall
    }
    var terms: [Double] = []
    var k = end + 1
    var term = poisson(k, rate: rate)
    while term > 0, (k - end) * term > 1e-18 * (terms.first ?? 0) {
      terms.append((k - end) * term)
      k += 1
      term *= rate / k
    }
    return terms.reversed().reduce(0, +)
  }

  private static let smallStirlingErrors: [Double] = [
    0, 0.08106146679532725822, 0.041340695955409294094, 0.027677925684998339149, 0.020790672103765093112,
    0.016644691189821192163, 0.013876128823070747999, 0.011896709945891770095, 0.010411265261972096497,
    0.0092554621827127329177, 0.0083305634333628712565, 0.007573675487951840795, 0.0069428401072095298657,
    0.0064089941880042070684, 0.0059513701127588477356, 0.005554733551962801371,
  ]

  /// `ln(n!) - ln(sqrt(2 pi n) (n/e)^n)` for a positive integer (Loader: a table, then the series).
  static func stirlingError(_ n: Double) -> Double {
    if n <= 15 { return smallStirlingErrors[Int(n)] }
    let s = 1 / (n * n)
    return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - s / 1188) * s) * s) * s) / n
  }

  /// `x ln(x / m) + m - x`, without cancellation when `x` is near `m`.
  static func deviance(_ x: Double, _ m: Double) -> Double {
    if abs(x - m) < 0.1 * (x + m) {
      let v = (x - m) / (x + m)
      var sum = (x - m) * v
      var term = 2 * x * v
      var j = 1.0
      while true {
        term *= v * v
        let next = sum + term / (2 * j + 1)
        if next == sum { return sum }
        sum = next
        j += 1
      }
    }
    return x * log(x / m) + m - x
  }
}
