import AleaNumerics

extension CompiledMoments {
  /// The class whose functions of the conditioning variables test equation k: the one given, or one that matches the first unknown's.
  func testClass(_ given: FunctionClass?) -> FunctionClass {
    given ?? problem.unknowns.first?.functionClass.testing ?? .linear
  }

  /// The features of the tests of every equation (n x q each).
  func testFeatures(_ given: FunctionClass?) throws -> [Matrix] {
    let tests = testClass(given)
    return try equations.map { equation in
      guard !equation.conditioning.isEmpty else {
        return Matrix(rows: rowCount, columns: 1, elements: Array(repeating: 1, count: rowCount))
      }
      return try FeatureMap(tests, points: equation.instruments, arguments: equation.conditioning).features(
        at: equation.instruments)
    }
  }

  /// Orthonormal bases of the tests: W is the projection on them.
  func projections(_ given: FunctionClass?) throws -> [Matrix] { try testFeatures(given).map { Self.orthonormal($0) } }

  /// An orthonormal basis of the columns' span; columns that depend on earlier ones are left out.
  static func orthonormal(_ matrix: Matrix) -> Matrix {
    if let q = matrix.qr(tolerance: 1e-9)?.q { return q }
    var kept: [[Double]] = []
    for j in 0..<matrix.columns {
      var column = matrix.column(j)
      let before = column.reduce(0) { $0 + $1 * $1 }
      // Twice is enough (Kahan and Parlett).
      for _ in 0..<2 {
        for basis in kept {
          let product = zip(basis, column).reduce(0) { $0 + $1.0 * $1.1 }
          for i in column.indices { column[i] -= product * basis[i] }
        }
      }
      let after = column.reduce(0) { $0 + $1 * $1 }
      if after > 1e-18 * before, after > 0 { kept.append(column.map { $0 / after.squareRoot() }) }
    }
    return Matrix(columns: kept, rows: matrix.rows)
  }

  /// S with S S' = K (K D/(2 n d^2) + I/2)^-1 in features F of K: sqrt(2) F C^-T, C C' = F'D F/(n d^2) + I (D = I when absent).
  ///
  /// It is the weight of the adversarial estimator of Dikkala, Lewis, Mackey and Syrgkanis (2020).
  static func minimaxFactor(_ features: Matrix, deltaSquared: Double, weights: [Double]? = nil) -> Matrix? {
    let weighted = weights.map { features.scalingRows($0) } ?? features
    let n = Double(features.rows)
    let gram = (1 / (n * deltaSquared)) * features.transposeTimes(weighted) + Matrix.identity(features.columns)
    guard let c = gram.cholesky() else { return nil }
    return 2.0.squareRoot() * c.solvingLower(features.transposed).transposed
  }
}
