import AleaNumerics

/// How the minimax problem of an affine restriction is solved.
public protocol MinimaxSolver: Method {}

extension MethodParameter.Kind {
  static let minimaxSolver = MethodParameter.Kind.method(["ClosedForm", "SaddlePoint"])
}

/// `ClosedForm()`.
public struct ClosedFormSolver: MinimaxSolver {
  public static let name = "ClosedForm"
  public static let summary = "The critic's best answer is a quadratic form: the unknown is a ridge regression."
  public static let parameters: [MethodParameter] = []
  public init(arguments: MethodArguments) {}
}

/// `SaddlePoint(gap: 1e-6)`.
public struct SaddlePointSolver: MinimaxSolver {
  public static let name = "SaddlePoint"
  public static let summary = "Unknown and critic are moved against each other until the certified gap between them is closed."
  public static let parameters = [
    MethodParameter(
      "gap", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(1e-6),
      doc: "the certified distance of the objective from its least value at which the iteration stops"),
    MethodParameter(
      "iterations", .integer(from: 1, to: 100_000_000), default: .integer(1_000_000),
      doc: "the iterations after which it stops in any case"),
  ]

  public let gap: Double
  public let iterations: Int

  public init(arguments: MethodArguments) {
    self.init(gap: arguments.real("gap"), iterations: arguments.integer("iterations"))
  }

  public init(gap: Double = 1e-6, iterations: Int = 1_000_000) {
    self.gap = gap
    self.iterations = iterations
  }
}

extension Minimax {
  /// The saddle point of `c (E_n[r f] - E_n[f^2] - d^2 |f|^2) + penalty |h|^2` over the unknown and the critic, with c such that its
  /// value is the closed form's objective: 8 n^2 d^2 for a critic charged for its norm, 4 n for one that is not.
  ///
  /// - Parameters:
  ///   - features: of the critics, a matrix for each equation.
  ///   - squares: the weights of f^2 in each row; nil for 1.
  func saddlePoint(
    _ equations: [CompiledMoments.Equation], features: [Matrix], isCharged: Bool, delta: Double, squares: [[Double]]?,
    ridge: [Double]
  ) -> SaddlePoint {
    let critics = features.map { isCharged ? $0 : CompiledMoments.orthonormal($0) }
    let n = Double(equations.first?.outcome.rows ?? 0)
    let scale = isCharged ? 8 * n * n * delta * delta : 4 * n
    var offset = Matrix(rows: 0, columns: 1)
    var matrix = Matrix(rows: 0, columns: ridge.count)
    let size = critics.reduce(0) { $0 + $1.columns }
    var charge = Matrix(rows: size, columns: size)
    var start = 0
    for (index, (equation, critic)) in zip(equations, critics).enumerated() {
      offset = offset.above((scale / n) * critic.transposeTimes(equation.outcome))
      matrix = matrix.above((scale / n) * critic.transposeTimes(equation.design))
      let weighted = squares.map { critic.scalingRows($0[index]) } ?? critic
      var block = (2 * scale / n) * critic.transposeTimes(weighted)
      if isCharged { block = block + (2 * scale * delta * delta) * Matrix.identity(critic.columns) }
      for i in 0..<block.rows { for j in 0..<block.columns { charge[start + i, start + j] = block[i, j] } }
      start += block.rows
    }
    var penalty = Matrix(rows: ridge.count, columns: ridge.count)
    for (index, weight) in ridge.enumerated() { penalty[index, index] = 2 * weight }
    return SaddlePoint(offset: offset.elements, matrix: matrix, primal: .quadratic(penalty), dual: .quadratic(charge))
  }
}
