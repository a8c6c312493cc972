import AleaNumerics
import Foundation

/// Maximum moment restriction: the largest covariance of the residual with a function of unit norm is made as small as possible.
///
/// min_h r'K r / n^2 + lambda |h|^2 with K the critic's Gram matrix (Zhang, Imaizumi, Scholkopf and Muandet 2020).
public struct MaximumMomentRestriction: MomentMethod {
  public static let name = "MaximumMomentRestriction"
  public static let abbreviations = ["MMR"]
  public static let summary = "The largest covariance of the residual with a unit function of the instruments is made small."
  public static let parameters = [
    MethodParameter(
      "critic", .functionClass,
      default: .method(MethodCall("RKHS", ["kernel": .method(MethodCall("Gaussian", ["mixture": .boolean(true)]))])),
      doc: "the class of the test functions"),
    MethodParameter(
      "penalty", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc: "the penalty lambda; 0 takes the one with the least held-out moments"),
    MethodParameter(
      "block", .integer(from: 1, to: 200), default: .integer(20), doc: "the rows left out together to choose lambda"),
  ]

  public let critic: FunctionClass?
  public let penalty: Double
  public let block: Int

  public init(arguments: MethodArguments) {
    self.init(critic: arguments.functionClass("critic"), penalty: arguments.real("penalty"), block: arguments.integer("block"))
  }

  public init(
    critic: FunctionClass? = .rkhs(Kernel(.gaussian, multiples: [1, 10, 0.1]), rank: 1000), penalty: Double = 0, block: Int = 20
  ) {
    self.critic = critic
    self.penalty = penalty
    self.block = block
  }

  public func check(_ problem: MomentProblem) throws {
    try problem.checkUse()
    try problem.checkAffine(Self.name)
    try problem.checkMeans(Self.name)
    try problem.checkOrder(tests: critic, label: "critic")
  }

  public func fit(_ problem: MomentProblem, _ data: MomentData) throws -> MomentFit {
    try check(problem)
    var compiled = try CompiledMoments(problem, data)
    let features = try compiled.testFeatures(critic)
    let n = Double(compiled.rowCount)
    var lambda = compiled.isPenalised ? penalty : 0
    var tuning: [MomentFit.Tuning] = []
    if compiled.isPenalised, penalty == 0 {
      let reason = "the moments of left-out blocks of \(block) rows"
      let tuned = try tunedFit(compiled, data, features)
      (compiled, lambda) = (tuned.compiled, tuned.lambda)
      tuning.append(.init(name: "penalty", value: lambda, reason: reason))
      if let multiple = tuned.multiple { tuning.append(.init(name: "scale / median distance", value: multiple, reason: reason)) }
    } else if compiled.isPenalised {
      tuning.append(.init(name: "penalty", value: penalty, reason: "given"))
    }
    let weighted = WeightedMoments(compiled.equations, factors: features)
    let ridge = compiled.penalty.map { $0 * lambda * n * n }
    guard let theta = weighted.solve(penalty: ridge) else { throw compiled.undetermined(weighted) }
    let covariance =
      compiled.isPenalised ? nil : compiled.sandwich(weighted, factors: features, residuals: compiled.residuals(theta))
    return compiled.fit(
      method: "MaximumMomentRestriction with tests in \(compiled.testClass(critic))", theta: theta, covariance: covariance,
      objective: weighted.value(theta, penalty: ridge) / (n * n),
      tuning: tuning, notes: [])
  }

  /// The penalty and, where the user gave the unknowns' kernels no scale, the multiple of the median distance with the least held-out
  /// moments: the source minimises its score over the kernel's scale and its amplitude (which is the penalty) together.
  private func tunedFit(
    _ compiled: CompiledMoments, _ data: MomentData, _ features: [Matrix]
  ) throws -> (compiled: CompiledMoments, lambda: Double, multiple: Double?) {
    let first = try crossValidated(compiled, features)
    let isScaleFree = compiled.problem.unknowns.contains {
      if case .rkhs(let kernel, _) = $0.functionClass { kernel.scales.isEmpty } else { false }
    }
    guard isScaleFree else { return (compiled, first.lambda, nil) }
    var (best, chosen, multiple) = (first, compiled, 1.0)
    for candidate in [0.25, 0.5, 2, 4, 8] {
      let rescaled = try CompiledMoments(Self.rescaled(compiled.problem, by: candidate), data)
      let next = try crossValidated(rescaled, features)
      if next.score < best.score { (best, chosen, multiple) = (next, rescaled, candidate) }
    }
    return (chosen, best.lambda, multiple)
  }

  /// The problem with every kernel that takes its scale from the data at a multiple of it.
  private static func rescaled(_ problem: MomentProblem, by multiple: Double) -> MomentProblem {
    var problem = problem
    for (index, unknown) in problem.unknowns.enumerated() {
      guard case .rkhs(let kernel, let rank) = unknown.functionClass, kernel.scales.isEmpty else { continue }
      let wider = Kernel(kernel.family, multiples: kernel.multiples.map { $0 * multiple })
      problem.unknowns[index].functionClass = .rkhs(wider, rank: rank)
    }
    return problem
  }

  /// The penalty with the least held-out moments of blocks of rows, by the formula of the source: with C the smoother of the dual
  /// problem and c = C K y, a left-out block has the residuals (I - C_ii K_ii)^-1 (c_i - y_i), and is charged b_i'K_ii b_i.
  ///
  /// It is the exact refit without the pairs of rows within the block. Time O(blocks (m r + m^2) m) for each penalty.
  private func crossValidated(
    _ compiled: CompiledMoments, _ features: [Matrix]
  ) throws -> (lambda: Double, score: Double) {
    let n = compiled.rowCount
    let weighted = WeightedMoments(compiled.equations, factors: features)
    let gram = weighted.design.transposeTimes(weighted.design)
    let target = weighted.design.transposeTimes(weighted.outcome)
    let size = max(1, min(block, n / 2))
    let blocks = stride(from: 0, to: n, by: size).map { Array($0..<min(n, $0 + size)) }
    let parts = zip(compiled.equations, features).flatMap { equation, tests in
      blocks.map { rows in
        let held = tests.rows(rows)
        return (design: equation.design.rows(rows), outcome: equation.outcome.rows(rows), kernel: held * held.transposed)
      }
    }
    func score(_ lambda: Double) -> Double {
      var system = gram
      for (index, weight) in compiled.penalty.enumerated() { system[index, index] += weight * lambda * Double(n) * Double(n) }
      guard let factor = system.cholesky() else { return .infinity }
      let theta = factor.solvingLowerTransposed(factor.solvingLower(target))
      var total = 0.0
      for part in parts {
        let half = factor.solvingLower(part.design.transposed)
        let smoother = half.transposeTimes(half)
        let leverage = Matrix.identity(part.kernel.rows) - smoother * part.kernel
        guard let residual = leverage.solve(part.design * theta - part.outcome) else { return .infinity }
        total += residual.transposeTimes(part.kernel * residual).elements[0]
      }
      return total
    }
    let scored = logSpaced(1e-10, 1, count: 41).map { (lambda: $0, score: score($0)) }
    guard let best = scored.filter({ $0.score.isFinite }).min(by: { $0.score < $1.score }) else {
      throw MomentFault("no penalty gives a finite fit", remedy: "give `penalty:`")
    }
    return best
  }
}
