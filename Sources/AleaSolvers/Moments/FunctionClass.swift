import AleaModel
import AleaNumerics
import Foundation

/// Where an unknown function, or the functions that test a restriction, are looked for.
public enum FunctionClass: Hashable, Sendable {
  /// A constant and each argument.
  case linear
  /// Powers of the standardised arguments up to the degree; with products of several arguments when they interact.
  case polynomial(degree: Int, interactions: Bool)
  /// B-splines of the degree with knots at quantiles: that many functions for each argument, added up, or multiplied when they interact.
  case spline(size: Int, degree: Int, interactions: Bool)
  /// A value of its own for every combination of the arguments that occurs.
  case tabular
  /// The reproducing kernel Hilbert space of a kernel; at most `rank` features.
  case rkhs(Kernel, rank: Int)

  /// Whether estimates in this class are regularised by its norm.
  public var isPenalised: Bool { if case .rkhs = self { true } else { false } }

  /// The class that tests a restriction on an unknown of this class: of the same kind, and larger.
  public var testing: FunctionClass {
    switch self {
    case .linear, .tabular, .rkhs: self
    case .polynomial(let degree, let interactions): .polynomial(degree: degree + 1, interactions: interactions)
    case .spline(let size, let degree, let interactions): .spline(size: size + 3, degree: degree, interactions: interactions)
    }
  }
}

extension FunctionClass: CustomStringConvertible {
  public var description: String {
    switch self {
    case .linear: "linear functions"
    case .polynomial(let degree, let interactions):
      "polynomials of degree \(degree)" + (interactions ? " with interactions" : "")
    case .spline(let size, let degree, let interactions):
      "\(size) B-splines of degree \(degree)" + (interactions ? " with interactions" : "")
    case .tabular: "a value for every combination"
    case .rkhs(let kernel, _): "the Hilbert space of a \(kernel.family.rawValue) kernel"
    }
  }
}

/// The features of a class on the arguments of one function: what turns points into rows of a design matrix.
public struct FeatureMap: Sendable {
  enum Kind: Sendable {
    case linear
    case polynomial(means: [Double], deviations: [Double], exponents: [[Int]])
    case spline(knots: [[Double]], degree: Int, interactions: Bool)
    case tabular([[Double]])
    case kernel(KernelFeatures)
    /// The mean of the one map's features over rows of its last arguments: x goes to mean_i phi(x, w_i).
    case averaged([FeatureMap], over: Matrix)
  }

  let kind: Kind
  /// The class whose features these are.
  public let functionClass: FunctionClass
  /// The names of the arguments, a column of points each.
  public let arguments: [String]

  /// Lays a class over points.
  ///
  /// - Parameter points: the arguments in the data, a row each.
  /// - Throws: ``MomentFault`` where a class cannot be laid over the points.
  public init(_ functionClass: FunctionClass, points: Matrix, arguments: [String]) throws {
    self.functionClass = functionClass
    self.arguments = arguments
    switch functionClass {
    case .linear: kind = .linear
    case .polynomial(let degree, let interactions):
      let columns = (0..<points.columns).map { points.column($0) }
      let means = columns.map { $0.reduce(0, +) / Double(max(1, $0.count)) }
      let deviations = zip(columns, means).map { values, mean in
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, values.count))).squareRoot()
        return deviation > 0 ? deviation : 1
      }
      kind = .polynomial(
        means: means, deviations: deviations,
        exponents: Self.exponents(arguments: points.columns, degree: degree, interactions: interactions))
    case .spline(let size, let degree, let interactions):
      guard size > degree else {
        throw MomentFault(
          "\(size) B-splines of degree \(degree) do not exist", remedy: "the size is at least the degree and 1: \(degree + 1)")
      }
      let knots = try (0..<points.columns).map { index in
        try Self.knots(points.column(index), size: size, degree: degree, argument: arguments[index])
      }
      kind = .spline(knots: knots, degree: degree, interactions: interactions)
    case .tabular:
      var seen = Set<[Double]>()
      var cells: [[Double]] = []
      for i in 0..<points.rows {
        let row = (0..<points.columns).map { points[i, $0] }
        if seen.insert(row).inserted { cells.append(row) }
      }
      cells.sort { $0.lexicographicallyPrecedes($1) }
      guard cells.count <= 5000 else {
        throw MomentFault(
          "`\(arguments.joined(separator: ", "))` takes \(cells.count) different values, too many for a table",
          remedy: "use `Spline()` or `RKHS(Gaussian())`")
      }
      kind = .tabular(cells)
    case .rkhs(let kernel, let rank): kind = .kernel(KernelFeatures(kernel, points: points, rank: rank))
    }
  }

  /// The map of the first arguments that averages another map over given rows of the others.
  init(averaging base: FeatureMap, over rows: Matrix) {
    functionClass = base.functionClass
    arguments = Array(base.arguments.dropLast(rows.columns))
    kind = .averaged([base], over: rows)
  }

  private static func exponents(arguments: Int, degree: Int, interactions: Bool) -> [[Int]] {
    let zero = [Int](repeating: 0, count: arguments)
    if !interactions {
      return [zero]
        + (0..<arguments).flatMap { argument in
          (1...max(1, degree)).map { power in
            var exponent = zero
            exponent[argument] = power
            return exponent
          }
        }
    }
    var result = [zero]
    for argument in 0..<arguments {
      result = result.flatMap { exponent in
        (0...degree - exponent.reduce(0, +)).map { power in
          var next = exponent
          next[argument] = power
          return next
        }
      }
    }
    return result
  }

  /// Clamped knots: the ends repeated, inner knots at equally spaced quantiles (linear interpolation between order statistics).
  private static func knots(_ values: [Double], size: Int, degree: Int, argument: String) throws -> [Double] {
    let sorted = values.sorted()
    guard let low = sorted.first, let high = sorted.last, low < high else {
      throw MomentFault("`\(argument)` has one value only", remedy: "leave it out of the function's arguments")
    }
    let inner = size - degree - 1
    let quantiles = (0..<inner).map { index -> Double in
      let position = Double(index + 1) / Double(inner + 1) * Double(sorted.count - 1)
      let lower = Int(position)
      let upper = min(lower + 1, sorted.count - 1)
      return sorted[lower] + (position - Double(lower)) * (sorted[upper] - sorted[lower])
    }
    let ends = degree + 1
    let knots = Array(repeating: low, count: ends) + quantiles + Array(repeating: high, count: ends)
    for index in 0..<size where knots[index + degree + 1] <= knots[index] {
      throw MomentFault(
        "`\(argument)` has too few different values for \(size) B-splines",
        remedy: "use fewer, or `Tabular()` where it takes few values")
    }
    return knots
  }

  /// The features of points, a row each. In a table, a point that was not seen has NaN features.
  public func features(at points: Matrix) -> Matrix {
    switch kind {
    case .linear:
      return Matrix(rows: points.rows, columns: 1, elements: Array(repeating: 1, count: points.rows)).appending(points)
    case .polynomial(let means, let deviations, let exponents):
      var result = Matrix(rows: points.rows, columns: exponents.count)
      for (column, exponent) in exponents.enumerated() {
        for i in 0..<points.rows {
          var product = 1.0
          for (j, power) in exponent.enumerated() where power > 0 {
            product *= pow((points[i, j] - means[j]) / deviations[j], Double(power))
          }
          result[i, column] = product
        }
      }
      return result
    case .spline(let knots, let degree, let interactions):
      let bases = knots.indices.map { Self.splines(points.column($0), knots: knots[$0], degree: degree) }
      guard var result = bases.first else {
        return Matrix(rows: points.rows, columns: 1, elements: Array(repeating: 1, count: points.rows))
      }
      for basis in bases.dropFirst() {
        if interactions {
          var product = Matrix(rows: points.rows, columns: 0)
          for j in 0..<basis.columns { product = product.appending(result.scalingRows(basis.column(j))) }
          result = product
        } else {
          // Each set of splines sums to one: later arguments leave their first function out.
          let elements = Array(basis.elements[basis.rows...])
          result = result.appending(Matrix(rows: basis.rows, columns: basis.columns - 1, elements: elements))
        }
      }
      return result
    case .tabular(let cells):
      var result = Matrix(rows: points.rows, columns: cells.count)
      let position = Dictionary(uniqueKeysWithValues: cells.enumerated().map { ($1, $0) })
      for i in 0..<points.rows {
        if let cell = position[(0..<points.columns).map { points[i, $0] }] {
          result[i, cell] = 1
        } else {
          for j in 0..<cells.count { result[i, j] = .nan }
        }
      }
      return result
    case .kernel(let kernel): return kernel.features(at: points)
    case .averaged(let bases, let rows):
      guard let base = bases.first else { return points }
      var result = Matrix(rows: points.rows, columns: 0)
      for i in 0..<points.rows {
        var joined = Matrix(rows: rows.rows, columns: 0)
        for j in 0..<points.columns {
          joined = joined.appending(Matrix(column: Array(repeating: points[i, j], count: rows.rows)))
        }
        let features = base.features(at: joined.appending(rows))
        if i == 0 { result = Matrix(rows: points.rows, columns: features.columns) }
        for j in 0..<features.columns { result[i, j] = features.column(j).reduce(0, +) / Double(max(1, rows.rows)) }
      }
      return result
    }
  }

  /// B-splines by the recursion of de Boor; outside the knots the polynomial of the nearest piece goes on.
  private static func splines(_ values: [Double], knots: [Double], degree: Int) -> Matrix {
    let size = knots.count - degree - 1
    var result = Matrix(rows: values.count, columns: size)
    for (row, x) in values.enumerated() {
      var span = degree
      while span < size - 1, x >= knots[span + 1] { span += 1 }
      var basis = [Double](repeating: 0, count: degree + 1)
      basis[0] = 1
      for d in 1...max(1, degree) where d <= degree {
        var saved = 0.0
        for r in 0..<d {
          let right = knots[span + r + 1] - x
          let left = x - knots[span + 1 - d + r]
          let term = basis[r] / (right + left)
          basis[r] = saved + right * term
          saved = left * term
        }
        basis[d] = saved
      }
      for r in 0...degree { result[row, span - degree + r] = basis[r] }
    }
    return result
  }

  /// What each feature is, where that is worth naming.
  public var names: [String] {
    switch kind {
    case .linear: return ["constant"] + arguments
    case .polynomial(_, _, let exponents):
      return exponents.map { exponent in
        let factors = exponent.enumerated().compactMap { index, power in
          power == 0 ? nil : power == 1 ? arguments[index] : "\(arguments[index])^\(power)"
        }
        return factors.isEmpty ? "constant" : factors.joined(separator: " ")
      }
    case .tabular(let cells):
      return cells.map { cell in
        zip(arguments, cell).map { "\($0) = \(NumberText.significant($1, digits: 6))" }.joined(separator: ", ")
      }
    case .spline, .kernel, .averaged: return []
    }
  }
}
