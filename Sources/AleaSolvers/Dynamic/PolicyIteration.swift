import AleaModel

/// Howard's policy iteration for discounted processes: evaluate the greedy policy, improve it, until the certified bound is met.
///
/// Evaluation is a sparse factorisation (UMFPACK) for small processes and a Krylov method (BiCGSTAB) for larger ones, whose factors
/// would fill in. Source: Howard, *Dynamic Programming and Markov Processes* (1960).
public struct PolicyIteration: DynamicMethod {
  public static let name = "PolicyIteration"
  public static let abbreviations = ["PI"]
  public static let summary = "evaluates each greedy policy to the end by linear equations; few steps, best for small processes"
  public static let parameters = [
    MethodParameter.tolerance,
    MethodParameter(
      "evaluation", .symbol(["automatic", "direct", "krylov"]), default: .symbol("automatic"),
      doc: "sparse factors, a Krylov method, or the one that suits the number of states"),
  ]
  /// Up to this many states factors are used unless told otherwise.
  static let directLimit = 3_000

  /// How policies are evaluated.
  public enum Evaluation: String, Hashable, Sendable, CaseIterable { case automatic, direct, krylov }

  public var tolerance: Double
  public var evaluation: Evaluation

  public init(tolerance: Double = 1e-6, evaluation: Evaluation = .automatic) {
    self.tolerance = tolerance
    self.evaluation = evaluation
  }

  public init(arguments: MethodArguments) {
    self.init(
      tolerance: arguments.real("tolerance"),
      evaluation: Evaluation(rawValue: arguments.symbol("evaluation")) ?? .automatic)
  }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    DynamicRequirements.discounted(process, method: name)
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    let model = try discountedModel(of: process, control: control)
    let iteration = DiscountedIteration(model, tolerance: tolerance, method: name, control: control)
    let isDirect = evaluation == .direct || (evaluation == .automatic && process.stateCount <= Self.directLimit)
    iteration.notes.append("policies evaluated by \(isDirect ? "sparse factors (UMFPACK)" : "BiCGSTAB")")
    let improvement = PolicyImprovement(isDirect ? .direct : .krylov)
    return try iteration.run(improve: improvement.improve)
  }
}
