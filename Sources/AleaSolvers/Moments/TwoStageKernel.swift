import AleaNumerics
import Foundation

/// Kernel instrumental variables: a ridge regression of the unknown's features on the instruments' features, then of the outcome on the
/// predicted features (Singh, Sahani and Gretton 2019).
///
/// The source gives each stage one half of the sample. By default both orders are fitted and averaged (cross-fitting): no half is used
/// for one stage only, and the error that one split adds is halved.
public struct TwoStageKernel: MomentMethod {
  public static let name = "TwoStageKernel"
  public static let abbreviations = ["KIV"]
  public static let summary = "Kernel instrumental variables: two-stage least squares with a ridge regression in each stage."
  public static let parameters = [
    MethodParameter("instruments", .functionClass, default: .method(MethodCall("Matching")), doc: "the class of the first stage"),
    MethodParameter(
      "first", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc: "the first stage's penalty; 0 takes the one that predicts the other sample's features best"),
    MethodParameter(
      "second", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc: "the second stage's penalty; 0 takes the one that predicts the first sample's outcome best"),
    MethodParameter(
      "split", .symbol(["crossed", "alternating", "halves", "none"]), default: .symbol("crossed"),
      doc:
        "which rows each stage uses: every other one in both orders, averaged; every other one; the first and second half; all"),
  ]

  public enum Split: String, Hashable, Sendable { case crossed, alternating, halves, none }

  public let instruments: FunctionClass?
  public let first: Double
  public let second: Double
  public let split: Split

  public init(arguments: MethodArguments) {
    self.init(
      instruments: arguments.functionClass("instruments"), first: arguments.real("first"), second: arguments.real("second"),
      split: Split(rawValue: arguments.symbol("split")) ?? .crossed)
  }

  public init(instruments: FunctionClass? = nil, first: Double = 0, second: Double = 0, split: Split = .crossed) {
    self.instruments = instruments
    self.first = first
    self.second = second
    self.split = split
  }

  public func check(_ problem: MomentProblem) throws {
    try problem.checkUse()
    try problem.checkAffine(Self.name)
    try problem.checkMeans(Self.name)
    guard problem.restrictions.count == 1 else {
      throw MomentFault(
        "`TwoStageKernel` solves one restriction, and `\(problem.name)` has \(problem.restrictions.count)",
        remedy: "use `Minimax()`")
    }
  }

  public func fit(_ problem: MomentProblem, _ data: MomentData) throws -> MomentFit {
    try check(problem)
    let compiled = try CompiledMoments(problem, data)
    guard let equation = compiled.equations.first else { throw MomentFault("`\(problem.name)` has no restriction") }
    let features = try compiled.testFeatures(instruments)[0]
    let orders = split == .crossed ? [(0, 1), (1, 0)] : [(0, 1)]
    let fits = try orders.map {
      try twoStages(equation, features, one: rows(features.rows, $0.0), two: rows(features.rows, $0.1))
    }
    let theta = (1 / Double(fits.count)) * fits.dropFirst().reduce(fits[0].theta) { $0 + $1.theta }
    let tuning = fits.enumerated().flatMap { index, fit -> [MomentFit.Tuning] in
      let suffix = index == 0 ? "" : "Swapped"
      return [
        .init(
          name: "first" + suffix, value: fit.first, reason: first > 0 ? "given" : "predicts the other sample's features best"),
        .init(
          name: "second" + suffix, value: fit.second, reason: second > 0 ? "given" : "predicts the first sample's outcome best"),
      ]
    }
    return compiled.fit(
      method: "TwoStageKernel with \(compiled.testClass(instruments)) of the instruments", theta: theta, covariance: nil,
      objective: fits.reduce(0) { $0 + $1.objective } / Double(fits.count), tuning: tuning,
      notes: ["a function held back by its norm has no pointwise error: compare methods instead"]
        + (split == .crossed ? ["each half of the rows served each stage once: the two fits are averaged"] : []))
  }

  private struct Stages {
    let theta: Matrix
    let first: Double
    let second: Double
    let objective: Double
  }

  /// One order: the first stage on some rows, the second on others.
  private func twoStages(_ equation: CompiledMoments.Equation, _ features: Matrix, one: [Int], two: [Int]) throws -> Stages {
    let stage = FirstStage(
      instruments: features.rows(one), design: equation.design.rows(one), otherInstruments: features.rows(two),
      otherDesign: equation.design.rows(two))
    guard let stage else { throw MomentFault("the first stage has no solution", remedy: "give `instruments:` another class") }
    let lambda = first > 0 ? first : stage.bestPenalty(logSpaced(1e-9, 1, count: 46))
    let predicted = stage.predicted(lambda)
    guard
      let path = RidgePath(
        gram: predicted.transposeTimes(predicted), target: predicted.transposeTimes(equation.outcome.rows(two)))
    else { throw MomentFault("the second stage has no solution") }
    let m = Double(two.count)
    let (y, x) = (equation.outcome.rows(one), equation.design.rows(one))
    func miss(_ theta: Matrix) -> Double {
      (y - x * theta).elements.reduce(0) { $0 + $1 * $1 } / Double(one.count)
    }
    let grid = logSpaced(1e-9, 1, count: 46)
    let xi = second > 0 ? second : grid.min { miss(path(m * $0)) < miss(path(m * $1)) } ?? 1e-3
    let theta = path(m * xi)
    let residual = equation.outcome.rows(two) - predicted * theta
    let objective = residual.elements.reduce(0) { $0 + $1 * $1 } / m + xi * theta.elements.reduce(0) { $0 + $1 * $1 }
    return Stages(theta: theta, first: lambda, second: xi, objective: objective)
  }

  private func rows(_ count: Int, _ stage: Int) -> [Int] {
    switch split {
    case .none: Array(0..<count)
    case .halves: stage == 0 ? Array(0..<count / 2) : Array(count / 2..<count)
    case .alternating, .crossed: (0..<count).filter { $0 % 2 == stage }
    }
  }

  /// B = F2 (F1'F1 + n lambda I)^-1 F1'X1 for every lambda from one eigendecomposition.
  private struct FirstStage {
    let rotated: Matrix
    let values: [Double]
    let target: Matrix
    let otherDesign: Matrix
    let rows: Double

    init?(instruments: Matrix, design: Matrix, otherInstruments: Matrix, otherDesign: Matrix) {
      guard let eigen = instruments.transposeTimes(instruments).symmetricEigen() else { return nil }
      values = eigen.values.map { max(0, $0) }
      rotated = otherInstruments * eigen.vectors
      target = eigen.vectors.transposeTimes(instruments.transposeTimes(design))
      self.otherDesign = otherDesign
      rows = Double(instruments.rows)
    }

    func weights(_ lambda: Double) -> [Double] { values.map { 1 / ($0 + rows * lambda) } }

    func predicted(_ lambda: Double) -> Matrix { rotated * target.scalingRows(weights(lambda)) }

    /// The lambda whose predictions of the other sample's features miss least (up to a constant: w'(G * UU')w - 2 w'diag(C U')).
    func bestPenalty(_ grid: [Double]) -> Double {
      let gram = rotated.transposeTimes(rotated)
      let outer = target * target.transposed
      let cross = rotated.transposeTimes(otherDesign)
      let diagonal = values.indices.map { i in
        (0..<target.columns).reduce(0) { $0 + cross[i, $1] * target[i, $1] }
      }
      func miss(_ lambda: Double) -> Double {
        let w = weights(lambda)
        var total = 0.0
        for j in w.indices {
          var sum = 0.0
          for i in w.indices { sum += w[i] * gram[i, j] * outer[i, j] }
          total += w[j] * (sum - 2 * diagonal[j])
        }
        return total
      }
      return grid.min { miss($0) < miss($1) } ?? 1e-3
    }
  }
}
