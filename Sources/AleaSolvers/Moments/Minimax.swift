import AleaNumerics
import Foundation

/// Adversarial moments: the unknown against a critic that looks for what its residual still predicts.
///
/// min_h sup_f E_n[r(h) f(z)] - E_n[f^2] - d^2 |f|^2 + penalty |h|^2 (Dikkala, Lewis, Mackey and Syrgkanis 2020). The inner supremum is
/// a quadratic form, so the whole is a ridge regression with weight M = K (K/(2 n d^2) + I/2)^-1. A critic from a finite class is not
/// charged for its norm: then M is the projection on the class.
public struct Minimax: MomentMethod {
  public static let name = "Minimax"
  public static let abbreviations = ["AGMM"]
  public static let summary = "An unknown in a Hilbert space against a critic that seeks what its residual still predicts."
  public static let parameters = [
    MethodParameter("critic", .functionClass, default: .method(MethodCall("Matching")), doc: "the critic's class"),
    MethodParameter(
      "delta", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc: "the charge d on the critic's norm; 0 takes 5 n^-0.4"),
    MethodParameter(
      "penalty", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc: "the penalty on the unknown's squared norm; 0 takes s d^4 with s from 0.1 to 1e4 by cross-validation"),
    MethodParameter("folds", .integer(from: 2, to: 50), default: .integer(6), doc: "the folds of the cross-validation"),
    MethodParameter(
      "weights", .symbol(["equal", "optimal"]), default: .symbol("equal"),
      doc: "`optimal` weighs the critic by the squared residuals of a first fit (efficient where variances differ)"),
    MethodParameter(
      "solver", .minimaxSolver, default: .method(MethodCall("ClosedForm")),
      doc: "`SaddlePoint` iterates on unknown and critic and certifies its gap"),
  ]

  public let critic: FunctionClass?
  public let delta: Double
  public let penalty: Double
  public let folds: Int
  public let isOptimal: Bool
  /// The iteration on both sides; nil for the closed form.
  public let saddle: SaddlePointSolver?

  public init(arguments: MethodArguments) {
    self.init(
      critic: arguments.functionClass("critic"), delta: arguments.real("delta"), penalty: arguments.real("penalty"),
      folds: arguments.integer("folds"), isOptimal: arguments.symbol("weights") == "optimal",
      saddle: arguments.method("solver") as? SaddlePointSolver)
  }

  public init(
    critic: FunctionClass? = nil, delta: Double = 0, penalty: Double = 0, folds: Int = 6, isOptimal: Bool = false,
    saddle: SaddlePointSolver? = nil
  ) {
    self.critic = critic
    self.delta = delta
    self.penalty = penalty
    self.folds = folds
    self.isOptimal = isOptimal
    self.saddle = saddle
  }

  public func check(_ problem: MomentProblem) throws {
    try problem.checkUse()
    try problem.checkAffine(Self.name)
    try problem.checkMeans(Self.name)
    try problem.checkOrder(tests: critic, label: "critic")
  }

  public func fit(_ problem: MomentProblem, _ data: MomentData) throws -> MomentFit {
    try check(problem)
    let compiled = try CompiledMoments(problem, data)
    let features = try compiled.testFeatures(critic)
    let isCharged = compiled.testClass(critic).isPenalised
    let n = compiled.rowCount
    let d = charge(n)
    var tuning: [MomentFit.Tuning] = []
    if isCharged { tuning.append(.init(name: "delta", value: d, reason: delta > 0 ? "given" : "5 n^-0.4")) }
    var alpha = compiled.isPenalised ? penalty : 0
    if compiled.isPenalised, penalty == 0 {
      let scale = try crossValidated(compiled, features, isCharged)
      alpha = scale * pow(d, 4)
      tuning.append(.init(name: "penalty", value: alpha, reason: "\(folds)-fold cross-validation of the held-out moments"))
    } else if compiled.isPenalised {
      tuning.append(.init(name: "penalty", value: alpha, reason: "given"))
    }
    let ridge = compiled.penalty.map { $0 * alpha }
    var squares: [[Double]]?
    var factors = try weights(features, isCharged, d)
    var weighted = WeightedMoments(compiled.equations, factors: factors)
    guard var theta = weighted.solve(penalty: ridge) else { throw compiled.undetermined(weighted) }
    for _ in 0..<(isOptimal ? 3 : 0) {
      squares = Self.relativeSquares(compiled.residuals(theta))
      factors = try weights(features, isCharged, d, squares: squares)
      weighted = WeightedMoments(compiled.equations, factors: factors)
      guard let next = weighted.solve(penalty: ridge) else { throw compiled.undetermined(weighted) }
      theta = next
    }
    var notes = compiled.isPenalised ? ["a function held back by its norm has no pointwise error: compare methods instead"] : []
    var gap: Double?
    if let saddle {
      let solution = try saddlePoint(
        compiled.equations, features: features, isCharged: isCharged, delta: d, squares: squares, ridge: ridge
      ).solve(tolerance: saddle.gap, iterations: saddle.iterations)
      theta = Matrix(column: solution.primal)
      gap = solution.gap
      notes.append(
        "the objective is within the gap of its least value: unknown and critic were moved \(solution.iterations) times")
      if solution.gap > saddle.gap { notes.append("the gap asked for was not reached: give `iterations:` more") }
    }
    let covariance =
      compiled.isPenalised ? nil : compiled.sandwich(weighted, factors: factors, residuals: compiled.residuals(theta))
    var fit = compiled.fit(
      method: "Minimax with a critic in \(compiled.testClass(critic))" + (isOptimal ? ", optimally weighted" : "")
        + (saddle == nil ? "" : ", as a saddle point"),
      theta: theta, covariance: covariance, objective: weighted.value(theta, penalty: ridge), tuning: tuning, notes: notes)
    fit.gap = gap
    return fit
  }

  /// Squared residuals of each equation, over their mean.
  private static func relativeSquares(_ residuals: [[Double]]) -> [[Double]] {
    residuals.map { residuals in
      let squares = residuals.map { $0 * $0 }
      let mean = max(1e-300, squares.reduce(0, +) / Double(max(1, squares.count)))
      return squares.map { $0 / mean }
    }
  }

  private func charge(_ rows: Int) -> Double { delta > 0 ? delta : 5 * pow(Double(rows), -0.4) }

  /// The factor S of the weight matrix of every equation.
  ///
  /// - Parameter squares: the weights of the critic's squares in each row; nil for 1.
  private func weights(_ features: [Matrix], _ isCharged: Bool, _ d: Double, squares: [[Double]]? = nil) throws -> [Matrix] {
    try features.enumerated().map { index, features in
      let squares = squares?[index]
      if !isCharged {
        let q = CompiledMoments.orthonormal(features)
        guard let squares else { return q }
        guard let c = q.transposeTimes(q.scalingRows(squares)).cholesky() else {
          throw MomentFault("the moments' covariance is singular", remedy: "use `weights: equal`")
        }
        return c.solvingLower(q.transposed).transposed
      }
      guard let factor = CompiledMoments.minimaxFactor(features, deltaSquared: d * d, weights: squares) else {
        throw MomentFault("the critic's Gram matrix is not positive definite", remedy: "give the kernel a smaller scale")
      }
      return factor
    }
  }

  /// The scale s whose penalty s d^4 makes the moments of held-out rows least, with d for the size of each part.
  private func crossValidated(_ compiled: CompiledMoments, _ features: [Matrix], _ isCharged: Bool) throws -> Double {
    let scales = logSpaced(0.1, 1e4, count: 30)
    var scores = [Double](repeating: 0, count: scales.count)
    let n = compiled.rowCount
    let allPenalised = compiled.penalty.allSatisfy { $0 > 0 }
    for fold in 0..<min(folds, n / 2) {
      let test = (0..<n).filter { $0 % folds == fold }
      let train = (0..<n).filter { $0 % folds != fold }
      func part(_ rows: [Int]) throws -> WeightedMoments {
        let factors = try weights(features.map { $0.rows(rows) }, isCharged, charge(rows.count))
        let equations = compiled.equations.map { equation in
          var part = equation
          part.outcome = equation.outcome.rows(rows)
          part.design = equation.design.rows(rows)
          return part
        }
        return WeightedMoments(equations, factors: factors)
      }
      let (fitted, held) = (try part(train), try part(test))
      let path =
        allPenalised
        ? RidgePath(
          gram: fitted.design.transposeTimes(fitted.design), target: fitted.design.transposeTimes(fitted.outcome)) : nil
      for (index, scale) in scales.enumerated() {
        let alpha = scale * pow(charge(train.count), 4)
        guard let theta = path?(alpha) ?? fitted.solve(penalty: compiled.penalty.map { $0 * alpha }) else {
          scores[index] = .infinity
          continue
        }
        let zero = Array(repeating: 0.0, count: compiled.parameterCount)
        scores[index] += held.value(theta, penalty: zero) / pow(Double(test.count), 2)
      }
    }
    let best = scores.indices.min { scores[$0] < scores[$1] } ?? 0
    guard scores[best].isFinite else { throw MomentFault("no penalty gives a finite fit", remedy: "give `penalty:`") }
    return scales[best]
  }
}
