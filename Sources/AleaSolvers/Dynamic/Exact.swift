import AleaModel

/// Exact answers: values as fractions, proved optimal in rational arithmetic.
///
/// A policy found in double precision is evaluated exactly, one strongly connected component after the other; then Bellman's equation
/// is checked exactly in every state, and the policy improved where it fails (policy iteration). Values are reported as fractions, and
/// as doubles rounded once. The probabilities are those the text of the model states: 0.1 is a tenth.
///
/// Source: Howard, *Dynamic Programming and Markov Processes* (1960); Dixon, *Exact solution of linear equations using p-adic
/// expansions*, Numer. Math. 40 (1982), for the equations of large components.
public struct Exact: DynamicMethod {
  public static let name = "Exact"
  public static let summary = "values as fractions, by policy iteration in rational arithmetic; for up to 100000 states"
  public static let parameters = [
    MethodParameter(
      "states", .integer(from: 1, to: 10_000_000), default: .integer(100_000), doc: "the most states that are taken on")
  ]

  /// The most states that are taken on.
  public var states: Int

  public init(states: Int = 100_000) { self.states = states }
  public init(arguments: MethodArguments) { states = arguments.integer("states") }

  /// What the number of states has to be, checked before anything is expanded in fractions.
  public func unmetSize(of process: SparseProcess) -> UnmetRequirement? {
    guard process.stateCount > states else { return nil }
    return UnmetRequirement(
      method: name, requirement: "at most \(NumberText.grouped(states)) states",
      found: "the model has \(NumberText.grouped(process.stateCount))",
      remedy: "`Exact(states: ...)` raises the limit; without `by:` the answer has a guaranteed bound")
  }

  /// What the objective has to be.
  public func unmetObjective(_ objective: Objective) -> UnmetRequirement? {
    guard objective.isPlainMean else {
      return UnmetRequirement(
        method: name, requirement: "an expected value without further clauses",
        found: "the objective has a risk measure, a constraint, a regularizer or an ambiguity set",
        remedy: "leave these clauses out")
    }
    return nil
  }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    var unmet = [unmetSize(of: process), unmetObjective(process.objective)].compactMap { $0 }
    if process.exact == nil {
      unmet.append(
        UnmetRequirement(
          method: name, requirement: "a model whose probabilities are known as fractions", found: "only doubles are known",
          remedy: "leave out `by:`"))
    }
    return unmet
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    if let unmet = requirements(on: process).first { throw unmet }
    guard let form = process.exact else { throw requirements(on: process)[0] }
    var rough = process
    rough.exact = nil
    switch process.objective.criterion {
    case .discounted:
      let start = try ModifiedPolicyIteration().solve(rough, control: control)
      var iteration = ExactPolicyIteration(
        process, form, reward: form.totalReward, discount: form.discount, policy: start.policy, control: control)
      try iteration.run()
      return iteration.solution
    case .total:
      let start = try ExactStart(total: rough, control: control)
      var iteration = ExactPolicyIteration(
        process, form, reward: form.totalReward, discount: .one, policy: start.policy, control: control)
      iteration.exclude(start.infinite)
      iteration.restWhereBetter = true
      try iteration.run()
      return iteration.solution
    case .finiteHorizon(let horizon, _):
      return try ExactInduction(process, form, horizon: horizon, control: control).solve()
    case .average:
      let policy = try process.onlyPolicy ?? RelativeValueIteration().solve(rough, control: control).policy
      var iteration = ExactAverage(process, form, policy: policy, control: control)
      return try iteration.solve()
    }
  }
}

extension SparseProcess {
  /// The greatest or least probability of reaching a target, within a number of steps if there is one, in fractions.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public func exactReachability(
    of target: StateSet, within steps: Int?, maximize: Bool, control: WorkControl = WorkControl()
  ) throws -> SparseSolution {
    guard let steps else {
      return try anyReachability(of: target, maximize: maximize, tolerance: 1e-6, control: control)
    }
    let now = SparseSolution(
      exact: (0..<stateCount).map { .finite(target.contains($0) ? .one : .zero) }, policy: [], iterations: 0)
    var iteration = StepIteration(self, from: now, maximize: maximize)
    try iteration.run(steps: steps, fixed: target, control: control)
    return iteration.solution(steps: steps, isProbability: true)
  }

  /// Like ``reachability(of:maximize:tolerance:control:)``, exactly where the process has exact numbers.
  func anyReachability(
    of target: StateSet, maximize: Bool, tolerance: Double, control: WorkControl
  ) throws -> SparseSolution {
    var rough = self
    rough.exact = nil
    guard let exact else {
      return try rough.reachability(of: target, maximize: maximize, tolerance: tolerance, control: control)
    }
    // Where nothing is chosen, iterating (which may take for ever) has nothing to add.
    let policy =
      try onlyPolicy
      ?? rough.reachability(
        of: target, maximize: maximize, tolerance: 1e-6, sweepLimit: ExactStart.sweepLimit, control: control
      ).policy
    let sets = try QualitativeReachability(
      of: self, predecessors: ChoicePredecessors(of: self, control: control), target: target, control: control)
    let zero = try maximize ? sets.neverReached() : sets.avoidable()
    let one = try maximize ? sets.surelyReachable() : sets.alwaysReached()
    var goal = rough
    goal.objective = Objective(criterion: .total, maximizes: maximize)
    var iteration = ExactPolicyIteration(
      goal, exact, reward: Array(repeating: .zero, count: choiceCount), discount: .one, policy: policy, control: control)
    for state in 0..<stateCount {
      if one.contains(state) || target.contains(state) {
        iteration.fix(state, at: .one)
      } else if zero.contains(state) {
        iteration.fix(state, at: .zero)
      }
    }
    try iteration.run()
    return iteration.solution
  }
}
