import AleaModel

/// Backward induction over a finite horizon: the optimal time-dependent policy and its values, with certified rounding error.
///
/// The last step first: v_0 = 0 and v_{k+1} = T v_k with k steps to go. Each sweep adds its rounding error to what the earlier ones left,
/// so the interval is a few units in the last place wide for every step. Source: Bellman, *Dynamic Programming* (1957).
public struct BackwardInduction: DynamicMethod {
  public static let name = "BackwardInduction"
  public static let summary = "one sweep a step from the last to the first; exact up to rounding for finite horizons"
  public static let parameters = [
    MethodParameter(
      "stages", .symbol(["automatic", "all", "none"]), default: .symbol("automatic"),
      doc: "whether values and policy of every step are kept; automatic keeps them while they fit the memory"),
    MethodParameter(
      "memory", .integer(from: 1, to: 1_000_000), default: .integer(1024),
      doc: "megabytes that the steps may take when `stages` is automatic"),
  ]

  /// Whether the steps are kept.
  public enum Stages: String, Hashable, Sendable, CaseIterable { case automatic, all, none }

  public var stages: Stages
  /// Megabytes.
  public var memory: Int

  public init(stages: Stages = .automatic, memory: Int = 1024) {
    self.stages = stages
    self.memory = memory
  }

  public init(arguments: MethodArguments) {
    self.init(stages: Stages(rawValue: arguments.symbol("stages")) ?? .automatic, memory: arguments.integer("memory"))
  }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    DynamicRequirements.finiteHorizon(process, method: name)
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    try checkRequirements(process)
    guard case .finiteHorizon(let horizon, let discount) = process.objective.criterion else { throw requirements(on: process)[0] }
    let model = DiscountedModel(process, discount: discount, threads: control.threads, horizon: horizon)
    let count = process.stateCount
    let bytes = Double(horizon) * Double(count)
    let budget = Double(memory) * 0x1p20
    let keepsPolicy = stages == .all || (stages == .automatic && 4 * bytes <= budget)
    let keepsValues = stages == .all || (stages == .automatic && 12 * bytes <= budget)
    var kept = SparseSolution.Stages(stateCount: count, horizon: horizon, keepsValues: keepsValues, keepsPolicy: keepsPolicy)

    var value = StateVector.allocate(count)
    var next = StateVector.allocate(count)
    defer {
      value.deallocate()
      next.deallocate()
    }
    value.fill(0)
    let policy = Column<Int32>(repeating: -1, count: count)
    var (error, magnitude) = (0.0, 0.0)
    for step in (0..<horizon).reversed() {
      let sweep = Self.sweep(model, from: value, into: next, policy: policy, threads: control.threads)
      error = ((model.heaviest * error).nextUp + model.backupError(magnitude: magnitude)).nextUp
      magnitude = sweep.magnitude
      swap(&value, &next)
      kept.record(step: step, value: value, policy: policy, error: error)
      let done = horizon - step
      guard
        control.report(
          WorkProgress(phase: "solving", detail: "step \(done) of \(horizon)", fraction: Double(done) / Double(horizon)))
      else { throw WorkCancelled(state: "the last \(done) of \(horizon) steps are solved") }
    }
    return solution(value, policy: policy, error: error, kept: kept, model: model, horizon: horizon)
  }

  private static func sweep(
    _ model: DiscountedModel, from value: StateVector, into next: StateVector, policy: Column<Int32>, threads: Int
  ) -> SweepOutcome {
    func kernel<Rule: Backup>(_ rule: Rule) -> SweepKernel<Rule, MeanExpectation> {
      SweepKernel(view: model.view, discount: model.discount, rule: rule, law: MeanExpectation())
    }
    if model.maximizes {
      return kernel(MaximumBackup()).jacobi(from: value, into: next, policy: policy.pointer, threads: threads)
    }
    return kernel(MinimumBackup()).jacobi(from: value, into: next, policy: policy.pointer, threads: threads)
  }

  private func solution(
    _ value: StateVector, policy: Column<Int32>, error: Double, kept: SparseSolution.Stages, model: DiscountedModel, horizon: Int
  ) -> SparseSolution {
    let finite = error.isFinite ? error : .infinity
    var lower = [Double](repeating: 0, count: value.count)
    var (upper, middle) = (lower, lower)
    var widest = 0.0
    for state in 0..<value.count where horizon > 0 && !model.view.isTerminal(state) {
      middle[state] = value[state]
      lower[state] = value[state].isFinite ? (value[state] - finite).nextDown : -.infinity
      upper[state] = value[state].isFinite ? (value[state] + finite).nextUp : .infinity
      let width = value[state].isFinite ? max(upper[state] - middle[state], middle[state] - lower[state]).nextUp : .infinity
      widest = max(widest, width)
    }
    var solution = SparseSolution(
      value: middle, policy: policy.array, lower: lower, upper: upper, bound: widest, method: name, iterations: horizon)
    if kept.policy == nil, stages == .automatic {
      solution.notes.append(
        "the policies of the \(horizon) steps exceed \(memory) MB and were not kept: only the first step's is")
    } else if kept.value == nil, stages == .automatic {
      solution.notes.append("the values of the \(horizon) steps exceed \(memory) MB and were not kept")
    }
    if widest == .infinity { solution.notes.append("values too large for double precision: no finite bound") }
    solution.stages = kept
    return solution
  }
}
