import AleaModel
import AleaNumerics

/// The functions that a moment problem's estimator found, with what is known about their error.
public struct MomentFit: Sendable {
  /// A number the method needed, and how it was found.
  public struct Tuning: Hashable, Sendable {
    public var name: String
    public var value: Double
    public var reason: String

    public init(name: String, value: Double, reason: String) {
      self.name = name
      self.value = value
      self.reason = reason
    }
  }

  public var problem: MomentProblem
  /// The method with its settings.
  public var method: String
  public var functions: [FittedFunction]
  public var objective: Double
  /// The certified distance of the objective from its least value; nil for closed forms.
  public var gap: Double?
  public var rowCount: Int
  public var tuning: [Tuning]
  public var notes: [String]

  /// What an estimator answers.
  ///
  /// - Parameters:
  ///   - problem: what was solved.
  ///   - method: the method with its settings.
  ///   - functions: one for each unknown of the problem.
  ///   - objective: what was made small, at the functions found.
  ///   - gap: its certified distance from its least value; nil for closed forms.
  ///   - rowCount: the rows of data used.
  public init(
    problem: MomentProblem, method: String, functions: [FittedFunction], objective: Double, gap: Double? = nil, rowCount: Int,
    tuning: [Tuning] = [], notes: [String] = []
  ) {
    self.problem = problem
    self.method = method
    self.functions = functions
    self.objective = objective
    self.gap = gap
    self.rowCount = rowCount
    self.tuning = tuning
    self.notes = notes
  }

  /// The function of that name, or nil.
  public subscript(name: String) -> FittedFunction? { functions.first { $0.name == name } }
}

/// A fitted function: it can be called with its arguments.
public struct FittedFunction: Sendable {
  public let name: String
  public let arguments: [String]
  let map: FeatureMap
  public let coefficients: [Double]
  /// The covariance of the coefficients, where the method gives one.
  public let covariance: Matrix?

  init(name: String, arguments: [String], map: FeatureMap, coefficients: [Double], covariance: Matrix?) {
    self.name = name
    self.arguments = arguments
    self.map = map
    self.coefficients = coefficients
    self.covariance = covariance
  }

  /// The sum of features with coefficients.
  ///
  /// - Throws: ``MomentFault`` where there is not one coefficient a feature, or the covariance is not one of them.
  public init(name: String, features map: FeatureMap, coefficients: [Double], covariance: Matrix? = nil) throws {
    let size = map.features(at: Matrix(rows: 1, columns: map.arguments.count)).columns
    guard coefficients.count == size, covariance.map({ $0.rows == size && $0.columns == size }) ?? true else {
      throw MomentFault("`\(name)` has \(size) features, and there are \(coefficients.count) coefficients")
    }
    self.init(name: name, arguments: map.arguments, map: map, coefficients: coefficients, covariance: covariance)
  }

  /// The values at points, a row each; NaN where a table has no cell.
  public func values(at points: Matrix) -> [Double] {
    (map.features(at: points) * Matrix(column: coefficients)).elements
  }

  /// The pointwise standard errors at points; NaN where the method gives none.
  public func standardErrors(at points: Matrix) -> [Double] {
    guard let covariance else { return Array(repeating: .nan, count: points.rows) }
    let features = map.features(at: points)
    let product = features * covariance
    return (0..<points.rows).map { row in
      (0..<features.columns).reduce(0) { $0 + product[row, $1] * features[row, $1] }.squareRoot()
    }
  }

  /// The function of the first arguments alone: its mean over rows of the others.
  ///
  /// Its errors take these rows as given.
  public func averaged(over rows: Matrix, name: String) -> FittedFunction {
    let map = FeatureMap(averaging: map, over: rows)
    return FittedFunction(name: name, arguments: map.arguments, map: map, coefficients: coefficients, covariance: covariance)
  }

  /// What each coefficient belongs to; empty where that has no name.
  public var coefficientNames: [String] { map.names }
}

extension CompiledMoments {
  /// The fit with coefficients theta.
  ///
  /// - Parameter covariance: of theta, where there is one.
  func fit(
    method: String, theta: Matrix, covariance: Matrix?, objective: Double, tuning: [MomentFit.Tuning], notes: [String]
  ) -> MomentFit {
    let functions = problem.unknowns.indices.map { index in
      let range = offsets[index]..<offsets[index + 1]
      let block = covariance.map { full in
        var block = Matrix(rows: range.count, columns: range.count)
        for i in range { for j in range { block[i - range.lowerBound, j - range.lowerBound] = full[i, j] } }
        return block
      }
      return FittedFunction(
        name: problem.unknowns[index].name, arguments: problem.unknowns[index].arguments, map: maps[index],
        coefficients: Array(theta.elements[range]), covariance: block)
    }
    return MomentFit(
      problem: problem, method: method, functions: functions, objective: objective, gap: nil, rowCount: rowCount, tuning: tuning,
      notes: notes)
  }

  /// The robust sandwich (A'A)^-1 A' Omega A (A'A)^-1 with A = S'X and Omega the sum of outer products of the stacked scores.
  func sandwich(_ weighted: WeightedMoments, factors: [Matrix], residuals: [[Double]]) -> Matrix? {
    guard let (q, r) = weighted.design.qr(tolerance: 1e-12), let inverse = r.inverse else { return nil }
    var scores = Matrix(rows: rowCount, columns: 0)
    for (factor, residual) in zip(factors, residuals) { scores = scores.appending(factor.scalingRows(residual)) }
    let projected = scores * (q * inverse.transposed)
    return projected.transposeTimes(projected)
  }

  /// The residuals y - X theta of every equation.
  func residuals(_ theta: Matrix) -> [[Double]] { equations.map { ($0.outcome - $0.design * theta).elements } }

  /// The message where the coefficients are not determined.
  func undetermined(_ weighted: WeightedMoments) -> MomentFault {
    let names = problem.unknowns.map { "`\($0.name)`" }.joined(separator: ", ")
    if weighted.design.rows < parameterCount {
      return MomentFault(
        "\(names) has \(parameterCount) coefficients, and the instruments give only \(weighted.design.rows) moments",
        remedy: "take a smaller class for the unknown, or a larger one for the instruments")
    }
    return MomentFault(
      "the instruments do not determine \(names): they do not move all its arguments",
      remedy: "the conditioning variables must predict every argument; or take a smaller class for the unknown")
  }
}
