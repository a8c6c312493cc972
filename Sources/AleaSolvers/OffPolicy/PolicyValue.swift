import AleaModel

/// A policy's value learned from a log by one estimator.
public struct PolicyValue: Hashable, Sendable {
  public var value: Double
  /// NaN where the estimator gives none.
  public var standardError: Double
  /// For each step, (sum w)^2 / sum w^2 of the weights used there; empty where nothing is weighted.
  public var effectiveSampleSizes: [Double]
  public var largestWeight: Double
  /// Why there is no standard error, where something stood against it.
  public var errorFailure: String?

  init(value: Double, error: JackknifeError, largestWeight: Double = .nan) {
    self.init(value: value, standardError: error.value, largestWeight: largestWeight)
    errorFailure = error.failure
  }

  public init(
    value: Double, standardError: Double, effectiveSampleSizes: [Double] = [], largestWeight: Double = .nan
  ) {
    self.value = value
    self.standardError = standardError
    self.effectiveSampleSizes = effectiveSampleSizes
    self.largestWeight = largestWeight
  }
}

/// A standard error by leaving out groups of episodes, or why there is none.
public struct JackknifeError: Hashable, Sendable {
  /// NaN where there is none.
  public var value: Double
  public var failure: String?
}

/// What keeps an estimator from giving a number, in words of the log.
public struct OffPolicyFault: Error, Hashable, Sendable {
  /// The part of a question that is at fault.
  public enum Place: String, Hashable, Sendable {
    case log = "from"
    case policies
    case objective = "maximize"
  }

  public let message: String
  public let remedy: String
  /// Nil where the question decides it.
  public let place: Place?

  public init(_ message: String, remedy: String = "", at place: Place? = nil) {
    self.message = message
    self.remedy = remedy
    self.place = place
  }
}

enum SampleMoments {
  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  /// The sample standard deviation over the root of the count.
  static func standardError(_ values: [Double]) -> Double {
    let count = Double(values.count)
    guard count > 1 else { return .nan }
    let mean = mean(values)
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1) / count).squareRoot()
  }

  /// The standard error of an estimate whose influence values have mean zero: sqrt(mean(v^2) / n).
  static func influenceError(_ values: [Double]) -> Double {
    let count = Double(values.count)
    guard count > 1 else { return .nan }
    return (values.reduce(0) { $0 + $1 * $1 } / count / count).squareRoot()
  }

  /// (sum w)^2 / sum w^2; 0 where every weight is zero.
  static func effectiveSize(_ weights: [Double]) -> Double {
    let sum = weights.reduce(0, +)
    let squares = weights.reduce(0) { $0 + $1 * $1 }
    return squares > 0 ? sum * sum / squares : 0
  }
}
