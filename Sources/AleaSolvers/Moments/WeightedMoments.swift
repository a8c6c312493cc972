import AleaNumerics
import Foundation

/// The common form of the estimators of affine moment problems: theta minimises sum_k |S_k'(y_k - X_k theta)|^2 + theta'diag(p) theta.
///
/// S_k S_k' is the weight matrix W of the method: projections for series estimators, smoothed Gram matrices for minimax ones.
struct WeightedMoments: Sendable {
  /// S'X stacked over the restrictions.
  var design: Matrix
  /// S'y stacked.
  var outcome: Matrix

  init(design: Matrix, outcome: Matrix) {
    self.design = design
    self.outcome = outcome
  }

  init(_ equations: [CompiledMoments.Equation], factors: [Matrix]) {
    var (design, outcome) = (Matrix(rows: 0, columns: equations.first?.design.columns ?? 0), Matrix(rows: 0, columns: 1))
    for (equation, factor) in zip(equations, factors) {
      design = design.above(factor.transposeTimes(equation.design))
      outcome = outcome.above(factor.transposeTimes(equation.outcome))
    }
    self.init(design: design, outcome: outcome)
  }

  /// The minimiser, by QR of the design above the root of the penalty; nil where it is not unique.
  func solve(penalty: [Double]) -> Matrix? {
    let penalised = penalty.indices.filter { penalty[$0] > 0 }
    var (a, b) = (design, outcome)
    if !penalised.isEmpty {
      var root = Matrix(rows: penalised.count, columns: penalty.count)
      for (row, column) in penalised.enumerated() { root[row, column] = penalty[column].squareRoot() }
      a = a.above(root)
      b = b.above(Matrix(rows: penalised.count, columns: 1))
    }
    guard let (q, r) = a.qr(tolerance: 1e-12) else { return nil }
    return r.transposed.solvingLowerTransposed(q.transposeTimes(b))
  }

  /// The objective at theta.
  func value(_ theta: Matrix, penalty: [Double]) -> Double {
    let residual = outcome - design * theta
    return residual.elements.reduce(0) { $0 + $1 * $1 }
      + zip(penalty, theta.elements).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
  }
}

/// Minimisers of |b - A theta|^2 + alpha |theta|^2 for many alpha from one eigendecomposition of A'A.
struct RidgePath: Sendable {
  private let values: [Double]
  private let vectors: Matrix
  private let projected: Matrix

  /// - Parameters:
  ///   - gram: A'A.
  ///   - target: A'b.
  init?(gram: Matrix, target: Matrix) {
    guard let eigen = gram.symmetricEigen() else { return nil }
    values = eigen.values
    vectors = eigen.vectors
    projected = eigen.vectors.transposeTimes(target)
  }

  func callAsFunction(_ alpha: Double) -> Matrix {
    var scaled = projected
    for i in values.indices { scaled[i, 0] /= max(0, values[i]) + alpha }
    return vectors * scaled
  }
}

/// Powers of ten from one exponent to another, evenly spaced.
func logSpaced(_ low: Double, _ high: Double, count: Int) -> [Double] {
  (0..<count).map { low * pow(high / low, Double($0) / Double(max(1, count - 1))) }
}
