#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Draws from the named laws; parameters must lie in their domains.
extension RandomStream {
  /// The standard normal law, by the polar method (Marsaglia and Bray, 1964).
  public mutating func normal() -> Double {
    while true {
      let x = 2 * uniform() - 1
      let y = 2 * uniform() - 1
      let s = x * x + y * y
      if s < 1, s > 0 { return x * (-2 * log(s) / s).squareRoot() }
    }
  }

  /// Mean 1, by inversion.
  public mutating func exponential() -> Double { -log(uniform()) }

  /// Rate 1, by rejection from a transformed normal (Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000).
  public mutating func gamma(shape: Double) -> Double {
    if shape < 1 { return gamma(shape: shape + 1) * exp(log(uniform()) / shape) }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = 1 + c * x
      guard v > 0 else { continue }
      let cube = v * v * v
      if log(uniform()) < 0.5 * x * x + d - d * cube + d * log(cube) { return d * cube }
    }
  }

  /// By Jöhnk's method (1964) where both parameters are at most 1, else as a ratio of gamma draws.
  public mutating func beta(_ a: Double, _ b: Double) -> Double {
    if a <= 1, b <= 1 {
      while true {
        // In logarithms, since powers of small numbers underflow.
        let x = log(uniform()) / a
        let y = log(uniform()) / b
        let top = max(x, y)
        let sum = top + log(exp(x - top) + exp(y - top))
        if sum <= 0 { return exp(x - sum) }
      }
    }
    let x = gamma(shape: a)
    let y = gamma(shape: b)
    return x / (x + y)
  }

  /// A normal draw over the root of an independent chi-squared one by its degrees of freedom.
  public mutating func studentT(_ degreesOfFreedom: Double) -> Double {
    let x = normal()
    return x / (2 * gamma(shape: degreesOfFreedom / 2) / degreesOfFreedom).squareRoot()
  }

  /// Failures before the first success, by inversion.
  public mutating func geometric(_ p: Double) -> Double { p >= 1 ? 0 : (log(uniform()) / log1p(-p)).rounded(.down) }

  /// By multiplication of uniforms (Knuth) for small rates, else by transformed rejection: PTRS in W. Hörmann, "The Transformed
  /// Rejection Method for Generating Poisson Random Variables" (1993).
  public mutating func poisson(_ rate: Double) -> Double {
    if rate <= 0 { return 0 }
    if rate < 10 {
      let limit = exp(-rate)
      var product = uniform()
      var count = 0.0
      while product > limit {
        product *= uniform()
        count += 1
      }
      return count
    }
    let b = 0.931 + 2.53 * rate.squareRoot()
    let a = -0.059 + 0.02483 * b
    let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
    let squeeze = 0.9277 - 3.6224 / (b - 2)
    let logRate = log(rate)
    while true {
      let u = uniform() - 0.5
      let v = uniform()
      let us = 0.5 - abs(u)
      let k = ((2 * a / us + b) * u + rate + 0.43).rounded(.down)
      if us >= 0.07, v <= squeeze { return k }
      if k < 0 || (us < 0.013 && v > us) { continue }
      if log(v * inverseAlpha / (a / (us * us) + b)) <= k * logRate - rate - lgamma(k + 1) { return k }
    }
  }

  /// By inversion where few successes are expected, else by transformed rejection: BTRS in W. Hörmann, "The Generation of Binomial
  /// Random Variates" (1993).
  public mutating func binomial(_ n: Double, _ p: Double) -> Double {
    if p > 0.5 { return n - binomial(n, 1 - p) }
    if n <= 0 || p <= 0 { return 0 }
    if n * p < 10 {
      let odds = p / (1 - p)
      while true {
        var u = uniform()
        var mass = exp(n * log1p(-p))
        var k = 0.0
        while u > mass, k <= n {
          u -= mass
          k += 1
          mass *= odds * (n - k + 1) / k
        }
        // Beyond the end only by rounding.
        if k <= n { return k }
      }
    }
    let deviation = (n * p * (1 - p)).squareRoot()
    let b = 1.15 + 2.53 * deviation
    let a = -0.0873 + 0.0248 * b + 0.01 * p
    let c = n * p + 0.5
    let squeeze = 0.92 - 4.2 / b
    let alpha = (2.83 + 5.1 / b) * deviation
    let logOdds = log(p / (1 - p))
    let mode = ((n + 1) * p).rounded(.down)
    let height = lgamma(mode + 1) + lgamma(n - mode + 1)
    while true {
      let u = uniform() - 0.5
      let v = uniform()
      let us = 0.5 - abs(u)
      let k = ((2 * a / us + b) * u + c).rounded(.down)
      if us >= 0.07, v <= squeeze { return k }
      if k < 0 || k > n { continue }
      let bound = height - lgamma(k + 1) - lgamma(n - k + 1) + (k - mode) * logOdds
      if log(v * alpha / (a / (us * us) + b)) <= bound { return k }
    }
  }

  /// Every integer of `low ... high` alike, without bias (Lemire, "Fast Random Integer Generation in an Interval", 2019).
  public mutating func uniformInteger(_ low: Double, _ high: Double) -> Double {
    let count = high - low + 1
    guard count > 1, count < 0x1p53 else { return low }
    return low + Double(next(upperBound: UInt64(count)))
  }

  /// An index with probability proportional to its weight.
  public mutating func categorical(_ weights: UnsafeBufferPointer<Double>) -> Int {
    var total = 0.0
    for weight in weights { total += weight }
    var rest = uniform() * total
    var last = 0
    for (index, weight) in weights.enumerated() where weight > 0 {
      last = index
      rest -= weight
      if rest < 0 { return index }
    }
    return last
  }
}
