import CBoostMath

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Functions of one scalar. Outside its domain a function is NaN: that is how a fault travels to where it is noticed.
public enum UnaryFunction: String, CaseIterable, Codable, Sendable {
  case negate, not, abs, sign, floor, ceil, round, sqrt, exp, ln, log10, log2, sin, cos, tan, tanh, arctan
  case logistic, logGamma, normalCDF, normalQuantile

  public func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .negate: return -x
    case .not: return x.isNaN ? x : (x == 0 ? 1 : 0)
    case .abs: return Swift.abs(x)
    case .sign: return x.isNaN ? x : (x > 0 ? 1 : x < 0 ? -1 : 0)
    case .floor: return x.rounded(.down)
    case .ceil: return x.rounded(.up)
    case .round: return x.rounded(.toNearestOrAwayFromZero)
    case .sqrt: return x < 0 ? .nan : x.squareRoot()
    case .exp: return Glibc.exp(x)
    case .ln: return x <= 0 ? .nan : log(x)
    case .log10: return x <= 0 ? .nan : Glibc.log10(x)
    case .log2: return x <= 0 ? .nan : Glibc.log2(x)
    case .sin: return Glibc.sin(x)
    case .cos: return Glibc.cos(x)
    case .tan: return Glibc.tan(x)
    case .tanh: return Glibc.tanh(x)
    case .arctan: return atan(x)
    case .logistic: return x >= 0 ? 1 / (1 + Glibc.exp(-x)) : Glibc.exp(x) / (1 + Glibc.exp(x))
    case .logGamma: return x <= 0 ? .nan : lgamma(x)
    case .normalCDF: return 0.5 * erfc(-x / 2.0.squareRoot())
    case .normalQuantile: return Self.standardNormalQuantile(x)
    }
  }

  /// The quantile of the standard normal law, by Halley's iteration on its distribution function.
  static func standardNormalQuantile(_ p: Double) -> Double {
    guard p > 0, p < 1 else { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
    var x = (p < 0.5 ? -1.0 : 1.0) * (-2 * log(p < 0.5 ? p : 1 - p)).squareRoot() * 0.7
    if Swift.abs(p - 0.5) < 0.4 { x = (p - 0.5) * 2.50662827463100 }
    for _ in 0..<60 {
      let error = 0.5 * erfc(-x / 2.0.squareRoot()) - p
      let density = Glibc.exp(-0.5 * x * x) / 2.506628274631000502
      guard density > 0 else { break }
      let newton = error / density
      let step = newton / (1 + 0.5 * x * newton)
      let bounded = max(-1, min(1, step.isFinite ? step : newton))
      x -= bounded
      if Swift.abs(bounded) <= 1e-16 * max(1, Swift.abs(x)) { break }
    }
    return x
  }

  /// Whether the function is defined (not NaN) for every number.
  public var isTotal: Bool {
    switch self {
    case .sqrt, .ln, .log10, .log2, .logGamma, .normalQuantile, .tan: false
    default: true
    }
  }
}

/// Functions of two scalars. Outside its domain a function is NaN.
public enum BinaryFunction: String, CaseIterable, Codable, Sendable {
  case add, subtract, multiply, divide
  /// Division rounded towards minus infinity, and its remainder (which has the divisor's sign).
  case integerDivide, modulo
  case power, min, max
  case equal, notEqual, less, lessEqual
  /// `a and b`: b counts only where a holds. `a or b`: b counts only where a does not hold.
  case and, or
  /// The divergence of Bernoulli laws with means a and b; and the greatest mean whose divergence from a is at most b.
  case divergence, divergenceBound

  public func callAsFunction(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return b == 0 ? .nan : a / b
    case .integerDivide: return b == 0 ? .nan : (a / b).rounded(.down)
    case .modulo: return b == 0 ? .nan : a - b * (a / b).rounded(.down)
    case .power: return pow(a, b)
    case .min: return a.isNaN || b.isNaN ? .nan : (a < b ? a : b)
    case .max: return a.isNaN || b.isNaN ? .nan : (a > b ? a : b)
    case .equal: return a.isNaN || b.isNaN ? .nan : (a == b ? 1 : 0)
    case .notEqual: return a.isNaN || b.isNaN ? .nan : (a != b ? 1 : 0)
    case .less: return a.isNaN || b.isNaN ? .nan : (a < b ? 1 : 0)
    case .lessEqual: return a.isNaN || b.isNaN ? .nan : (a <= b ? 1 : 0)
    case .and: return a == 0 ? 0 : b
    case .or: return a == 1 ? 1 : b
    case .divergence: return Self.bernoulliDivergence(a, b)
    case .divergenceBound: return Self.bernoulliDivergenceBound(a, b)
    }
  }

  /// `p ln(p/q) + (1-p) ln((1-p)/(1-q))`; NaN outside 0..1.
  static func bernoulliDivergence(_ p: Double, _ q: Double) -> Double {
    guard p >= 0, p <= 1, q >= 0, q <= 1 else { return .nan }
    let first = p == 0 ? 0 : p * log(p / q)
    let second = p == 1 ? 0 : (1 - p) * log((1 - p) / (1 - q))
    return max(0, first + second)
  }

  /// The greatest q in p..1 with a divergence of at most `level`, by Newton steps kept inside a shrinking bracket.
  static func bernoulliDivergenceBound(_ p: Double, _ level: Double) -> Double {
    guard p >= 0, p <= 1, level >= 0 else { return .nan }
    if p == 1 || level == .infinity { return 1 }
    if p == 0 { return -expm1(-level) }
    var (low, high) = (p, 1.0)
    // Pinsker's inequality: the divergence is at least twice the square of the distance.
    var q = min(p + (level / 2).squareRoot(), 1 - 0.5 * (1 - p) * exp(-level / (1 - p)))
    for _ in 0..<60 {
      let excess = bernoulliDivergence(p, q) - level
      if excess > 0 { high = q } else { low = q }
      let slope = (q - p) / (q * (1 - q))
      var next = slope > 0 ? q - excess / slope : 0.5 * (low + high)
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      if abs(next - q) <= 1e-15 * q { return next }
      q = next
    }
    return q
  }

  public var isComparison: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessEqual: true
    default: false
    }
  }
}

/// Functions of three scalars. Outside its domain a function is NaN.
public enum TernaryFunction: String, CaseIterable, Codable, Sendable {
  /// Of a probability, for the beta law with the two parameters.
  case betaQuantile
  /// Of a number, for the beta law with the two parameters.
  case betaCDF

  public func callAsFunction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    switch self {
    case .betaQuantile: boost_beta_i_inverse(a, b, x)
    case .betaCDF: x <= 0 && a > 0 && b > 0 ? 0 : x >= 1 && a > 0 && b > 0 ? 1 : boost_beta_i(a, b, x)
    }
  }
}
