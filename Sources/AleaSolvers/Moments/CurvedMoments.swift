import AleaModel
import AleaNumerics

extension CompiledMoments {
  var isAffine: Bool { equations.allSatisfy { $0.curve == nil } }

  /// The values of every application of an unknown at theta.
  private func applications(_ theta: Matrix) -> [[Double]] {
    features.enumerated().map { place, features in
      let unknown = problem.applications[place].unknown
      return (features * Matrix(column: Array(theta.elements[offsets[unknown]..<offsets[unknown + 1]]))).elements
    }
  }

  /// The residual of every restriction at theta.
  ///
  /// - Throws: ``MomentFault`` where a residual has no value.
  func curvedResiduals(_ theta: Matrix) throws -> [[Double]] {
    let values = applications(theta)
    return try equations.map { equation in
      guard let curve = equation.curve else { return (equation.outcome - equation.design * theta).elements }
      return try problem.evaluate(curve.residual, data, applications: values)
    }
  }

  /// The equations with each residual replaced by its tangent at theta: r = outcome - design theta there, to first order.
  ///
  /// - Throws: ``MomentFault`` where a residual or its derivative has no value.
  func tangent(at theta: Matrix) throws -> [Equation] {
    let values = applications(theta)
    return try equations.map { equation in
      guard let curve = equation.curve else { return equation }
      var tangent = equation
      for (place, slope) in curve.slopes.sorted(by: { $0.key < $1.key }) {
        let weights = try problem.evaluate(slope, data, applications: values)
        let start = offsets[problem.applications[place].unknown]
        let block = features[place]
        for j in 0..<block.columns { for i in 0..<block.rows { tangent.design[i, start + j] -= weights[i] * block[i, j] } }
      }
      let residual = try problem.evaluate(curve.residual, data, applications: values)
      tangent.outcome = Matrix(column: residual) + tangent.design * theta
      return tangent
    }
  }

  /// Coefficients that make every application as near to a constant as the classes can.
  private func constant(_ value: Double) -> Matrix? {
    var (design, outcome) = (Matrix(rows: 0, columns: parameterCount), Matrix(rows: 0, columns: 1))
    for (place, block) in features.enumerated() {
      let start = offsets[problem.applications[place].unknown]
      var rows = Matrix(rows: block.rows, columns: parameterCount)
      for j in 0..<block.columns { for i in 0..<block.rows { rows[i, start + j] = block[i, j] } }
      design = design.above(rows)
      outcome = outcome.above(Matrix(column: Array(repeating: value, count: block.rows)))
    }
    return RidgePath(gram: design.transposeTimes(design), target: design.transposeTimes(outcome)).map {
      $0(1e-9 * Double(max(1, design.rows)))
    }
  }

  /// Where Gauss-Newton came to rest.
  struct Minimum {
    let theta: Matrix
    let objective: Double
    let iterations: Int
    /// Whether another start came to rest elsewhere with a larger objective.
    var hasRivals = false
  }

  /// The least of |S'r(theta)|^2 + ridge |theta|^2 that Gauss-Newton with halved steps reaches from constant functions.
  ///
  /// - Throws: ``MomentFault`` where no start has a value, or none comes to rest.
  func gaussNewton(factors: [Matrix], ridge: Double, iterations: Int = 500) throws -> Minimum {
    var minima: [Minimum] = []
    var hasValue = false
    for value in [0, 1, -1, 0.1, 10] as [Double] {
      guard let start = constant(value) else { continue }
      guard (try? tangent(at: start)) != nil else { continue }
      hasValue = true
      if let minimum = try descend(from: start, factors: factors, ridge: ridge, iterations: iterations) { minima.append(minimum) }
    }
    guard var best = minima.min(by: { $0.objective < $1.objective }) else {
      guard hasValue else {
        throw MomentFault(
          "a restriction has no value in some row where the unknowns are constant, from -1 to 10: Gauss-Newton cannot start",
          remedy: "write it so that it has one, as with `exp(h(x))` in place of a number that must be positive")
      }
      throw MomentFault(
        "Gauss-Newton does not come to rest: the restrictions do not determine the unknowns, or only at infinity",
        remedy: "take a smaller class for the unknown, or more functions of the instruments")
    }
    best.hasRivals = minima.contains { $0.objective > best.objective * (1 + 1e-6) + 1e-12 }
    return best
  }

  /// nil where the steps do not end.
  private func descend(from start: Matrix, factors: [Matrix], ridge: Double, iterations: Int) throws -> Minimum? {
    let penalty = Array(repeating: ridge, count: parameterCount)
    func value(_ theta: Matrix) throws -> Double {
      zip(factors, try curvedResiduals(theta)).reduce(ridge * theta.elements.reduce(0) { $0 + $1 * $1 }) { total, pair in
        total + pair.0.transposeTimes(Matrix(column: pair.1)).elements.reduce(0) { $0 + $1 * $1 }
      }
    }
    var theta = start
    var current = try value(theta)
    for iteration in 1...max(1, iterations) {
      guard let target = WeightedMoments(try tangent(at: theta), factors: factors).solve(penalty: penalty),
        target.elements.allSatisfy(\.isFinite)
      else { return nil }
      let step = target - theta
      let size = step.elements.map { abs($0) }.max() ?? 0
      let scale = 1 + (theta.elements.map { abs($0) }.max() ?? 0)
      var fraction = 1.0
      var moved = false
      while fraction > 1e-12 {
        let candidate = theta + fraction * step
        // A step out of the domain is too long.
        if let next = try? value(candidate), next < current {
          (theta, current, moved) = (candidate, next, true)
          break
        }
        fraction /= 2
      }
      if size < 1e-10 * scale || (!moved && size < 1e-5 * scale) {
        return Minimum(theta: theta, objective: current, iterations: iteration)
      }
      if !moved { return nil }
    }
    return nil
  }
}
