import AleaNumerics
import Foundation

/// Maximum moment restriction: the largest covariance of the residual with a function of unit norm is made as small as possible.
///
/// min_h r'K r / n^2 + lambda |h|^2 with K the critic's Gram matrix (Zhang, Imaizumi, Scholkopf and Muandet 2020).
public struct MaximumMomentRestriction: MomentMethod {
  public static let name = "MaximumMomentRestriction"
  public static let summary = "The largest covariance of the residual with a unit function of the instruments is made small."
  public static let parameters = [
    MethodParameter(
      "critic", .functionClass,
      default: .method(MethodCall("RKHS", ["kernel": .method(MethodCall("Gaussian", ["mixture": .boolean(true)]))])),
      doc: "the class of the test functions"),
    MethodParameter(
      "penalty", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc: "the penalty lambda; 0 takes the one with the least held-out moments"),
    MethodParameter("folds", .integer(from: 2, to: 50), default: .integer(50), doc: "the folds of the choice of lambda"),
  ]

  public let critic: FunctionClass?
  public let penalty: Double
  public let folds: Int

  public init(arguments: MethodArguments) {
    self.init(critic: arguments.functionClass("critic"), penalty: arguments.real("penalty"), folds: arguments.integer("folds"))
  }

  public init(
    critic: FunctionClass? = .rkhs(Kernel(.gaussian, multiples: [1, 10, 0.1]), rank: 1000), penalty: Double = 0, folds: Int = 50
  ) {
    self.critic = critic
    self.penalty = penalty
    self.folds = folds
  }

  public func fit(_ problem: MomentProblem, _ data: MomentData) throws -> MomentFit {
    let compiled = try CompiledMoments(problem, data)
    try compiled.requireMeans(Self.name)
    let features = try compiled.testFeatures(critic)
    let n = Double(compiled.rowCount)
    let weighted = WeightedMoments(compiled.equations, factors: features)
    var lambda = compiled.isPenalised ? penalty : 0
    if compiled.isPenalised, penalty == 0 { lambda = try crossValidated(compiled, features) }
    let ridge = compiled.penalty.map { $0 * lambda * n * n }
    guard let theta = weighted.solve(penalty: ridge) else { throw compiled.undetermined(weighted) }
    let covariance =
      compiled.isPenalised ? nil : compiled.sandwich(weighted, factors: features, residuals: compiled.residuals(theta))
    let reason = penalty > 0 ? "given" : "\(folds)-fold cross-validation of the held-out moments"
    return compiled.fit(
      method: "MaximumMomentRestriction with tests in \(compiled.testClass(critic))", theta: theta, covariance: covariance,
      objective: weighted.value(theta, penalty: ridge) / (n * n),
      tuning: compiled.isPenalised ? [.init(name: "penalty", value: lambda, reason: reason)] : [], notes: [])
  }

  /// The penalty whose fit to the other folds makes the moments within the held-out fold least, in sum over the folds.
  private func crossValidated(_ compiled: CompiledMoments, _ features: [Matrix]) throws -> Double {
    let grid = logSpaced(1e-10, 1, count: 41)
    var scores = [Double](repeating: 0, count: grid.count)
    let n = compiled.rowCount
    for fold in 0..<min(folds, n / 2) {
      let test = (0..<n).filter { $0 % folds == fold }
      let train = (0..<n).filter { $0 % folds != fold }
      func part(_ rows: [Int]) -> [CompiledMoments.Equation] {
        compiled.equations.map { equation in
          var part = equation
          part.outcome = equation.outcome.rows(rows)
          part.design = equation.design.rows(rows)
          return part
        }
      }
      let fitted = WeightedMoments(part(train), factors: features.map { $0.rows(train) })
      let held = part(test)
      let heldFeatures = features.map { $0.rows(test) }
      let path =
        compiled.penalty.allSatisfy { $0 > 0 }
        ? RidgePath(
          gram: fitted.design.transposeTimes(fitted.design), target: fitted.design.transposeTimes(fitted.outcome)) : nil
      for (index, lambda) in grid.enumerated() {
        let alpha = lambda * pow(Double(train.count), 2)
        guard let theta = path?(alpha) ?? fitted.solve(penalty: compiled.penalty.map { $0 * alpha }) else {
          scores[index] = .infinity
          continue
        }
        for (equation, tests) in zip(held, heldFeatures) {
          let residual = (equation.outcome - equation.design * theta).elements
          let moments = tests.transposeTimes(Matrix(column: residual)).elements
          scores[index] += moments.reduce(0) { $0 + $1 * $1 } / pow(Double(test.count), 2)
        }
      }
    }
    guard let best = scores.indices.min(by: { scores[$0] < scores[$1] }), scores[best].isFinite else {
      throw MomentFault("no penalty gives a finite fit", remedy: "give `penalty:`")
    }
    return grid[best]
  }
}
