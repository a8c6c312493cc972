import AleaModel

/// Policy iteration whose evaluations go only as far as the next improvement can use: the default for large discounted processes.
///
/// Evaluation begins with sweeps of the greedy policy, which read one choice a state instead of all. Where these are seen to contract
/// slowly, the evaluation goes over to a Krylov method, whose number of products grows like the square root of what sweeps need.
/// Sources: Puterman and Shin, *Modified policy iteration algorithms for discounted Markov decision problems*, Management Science 24
/// (1978); Gargiani et al., *Inexact policy iteration methods for large-scale Markov decision processes* (2024).
public struct ModifiedPolicyIteration: DynamicMethod {
  public static let name = "ModifiedPolicyIteration"
  public static let abbreviations = ["MPI"]
  public static let summary = "greedy sweeps with partial evaluation between them; fast whether or not the process mixes"
  public static let parameters = [
    MethodParameter.tolerance,
    MethodParameter(
      "evaluationSweeps", .integer(from: 0, to: 1_000_000), default: .integer(0),
      doc: "sweeps of the policy between greedy sweeps; 0 chooses by the contraction observed"),
  ]

  public var tolerance: Double
  /// Zero when chosen by the contraction observed.
  public var evaluationSweeps: Int

  public init(tolerance: Double = 1e-6, evaluationSweeps: Int = 0) {
    self.tolerance = tolerance
    self.evaluationSweeps = evaluationSweeps
  }

  public init(arguments: MethodArguments) {
    self.init(tolerance: arguments.real("tolerance"), evaluationSweeps: arguments.integer("evaluationSweeps"))
  }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    DynamicRequirements.discounted(process, method: name)
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    let model = try discountedModel(of: process, control: control)
    let iteration = DiscountedIteration(model, tolerance: tolerance, method: name, control: control)
    let improvement = PolicyImprovement(evaluationSweeps > 0 ? .sweeps(evaluationSweeps) : .adaptive)
    return try iteration.run { iteration in
      let products = improvement.krylovProducts
      try improvement.improve(iteration)
      if products == 0, improvement.krylovProducts > 0 {
        iteration.notes.append("sweeps contract slowly: policies are evaluated by BiCGSTAB")
      }
    }
  }
}
