import AleaModel

/// Relative value iteration for the long-run average reward, of unichain, communicating and multichain models alike.
///
/// With probability one a process ends in a terminal state, where nothing more is earned, or stays in one end component. So the greatest
/// gain of each maximal end component is bounded first (``AverageComponent``), and then each state's gain is the best expected gain of
/// where to end up, bounded as a reachability problem on the quotient in which end components are single states.
///
/// `value` is the relative value of the policy, the bias up to a constant in each end component where the policy stays:
/// `gain(s) + value(s) = r + P value` for the policy's choices, zero at the first state of each such component and at terminal states.
/// It is computed, not bounded.
///
/// Source: Puterman, *Markov Decision Processes* (1994), chapters 8 and 9; Ashok, Chatterjee, Daca, Kretinsky and Meggendorfer, *Value
/// iteration for long-run average reward in Markov decision processes*, CAV 2017, for the decomposition with bounds.
public struct RelativeValueIteration: DynamicMethod {
  public static let name = "RelativeValueIteration"
  public static let abbreviations = ["RVI"]
  public static let summary =
    "long-run average reward: gain of each end component, then the best way to end up; the default for `average`"
  public static let parameters = [MethodParameter.tolerance]

  public var tolerance: Double

  public init(tolerance: Double = 1e-6) { self.tolerance = tolerance }
  public init(arguments: MethodArguments) { tolerance = arguments.real("tolerance") }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    UndiscountedRequirements.unmet(by: Self.name, on: process, criterion: .average)
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    if let unmet = requirements(on: process).first { throw unmet }
    return try AverageReward(process: process, precision: tolerance, control: control).solve(method: Self.name)
  }
}

/// The greatest long-run average reward from each state; the least by changing signs.
struct AverageReward {
  let process: SparseProcess
  let precision: Double
  let control: WorkControl

  func solve(method: String) throws -> SparseSolution {
    let maximizes = process.objective.maximizes
    let reward = process.signedReward()
    let count = process.stateCount
    let predecessors = try ChoicePredecessors(of: process, control: control)
    let ends = try MaximalEndComponents(of: process, predecessors: predecessors, control: control)
    let rows = process.rows(reward: reward)
    let local = Column<Int32>(repeating: 0, count: count)
    var staying: [(lower: Double, upper: Double)?] = []
    var inside = [Int32](repeating: -1, count: count)
    var relative = [Double](repeating: 0, count: count)
    let settled = StateSet(count: count)
    var sweeps = 0
    for component in 0..<ends.count {
      let states = ends.states(of: component)
      for (position, state) in states.enumerated() { local.pointer[Int(state)] = Int32(position) }
      var average = AverageComponent(
        AverageComponent.LocalRows(rows, states: states, inside: ends.staysInside.pointer, local: local.pointer))
      let answer = try average.solve(precision: precision / 2, control: control)
      sweeps = max(sweeps, average.sweeps)
      staying.append((answer.lower, answer.upper))
      let first = states.enumerated().min { $0.element < $1.element }?.offset ?? 0
      for (position, state) in states.enumerated() {
        inside[Int(state)] = average.origin(of: answer.policy[position])
        relative[Int(state)] = answer.relative[position] - answer.relative[first]
      }
    }

    let terminal = StateSet(count: count)
    for state in 0..<count where process.isTerminal(state) { terminal.flags.pointer[state] = 1 }
    let nothing = Column<Double>(repeating: 0, count: process.choiceCount)
    let quotient = ComponentQuotient(
      process, reward: nothing,
      frame: .init(
        fixed: terminal, lower: Column(repeating: 0, count: count), upper: Column(repeating: 0, count: count), allowed: nil,
        excluded: nil),
      ends: ends, staying: staying)
    // Nobody gets more than the best place to stay, or less than the worst.
    let someTerminal = (0..<count).contains { process.isTerminal($0) }
    let best = staying.reduce(someTerminal ? 0 : -Double.infinity) { max($0, $1!.upper) }
    let worst = staying.reduce(someTerminal ? 0 : Double.infinity) { min($0, $1!.lower) }
    let solver = try ComponentSolver(
      quotient.problem, precision: precision / 2, limits: .init(lower: worst, upper: best), phase: "solving", control: control)
    try solver.solve()
    var policy = ComponentPolicy(process, predecessors: predecessors)
    policy.adopt(solver.policy, of: quotient, ends: ends) { component, choice in
      for state in ends.states(of: component) {
        choice[Int(state)] = inside[Int(state)]
        settled.flags.pointer[Int(state)] = 1
      }
    }
    policy.complete()

    var signed = SignedSolution(count: count, policy: policy.choice, sweeps: sweeps + Int(solver.sweeps.rounded(.up)))
    for state in 0..<count {
      let block = quotient.block(of: state)
      signed.value[state] = solver.value.pointer[block]
      signed.lower[state] = quotient.problem.lower.pointer[block]
      signed.upper[state] = quotient.problem.upper.pointer[block]
    }
    signed.notes = solver.notes
    if ends.count > 1 {
      signed.notes.append("\(ends.count) maximal end components; each state's gain is that of the best mixture it can end up in")
    }
    try extend(&relative, settled: settled, policy: policy.choice, gain: signed.value, reward: reward)
    var solution = signed.solution(maximizes: maximizes, method: method)
    solution.gain = solution.value
    solution.value = maximizes ? relative : relative.map { 0 - $0 }
    if process.isTruncated { widen(&solution, relative, policy.choice, reward) }
    return solution
  }

  /// Bounds that hold whatever truncated draws left out: for any `h` the greatest gain is at most the greatest `r + P h - h` over
  /// choices, and the policy's at least the least over its own; the tails change `r` by the slack and `P h` by mass times the span of
  /// `h`. The same bounds for all states, since it is not known where the tails lead.
  private func widen(_ solution: inout SparseSolution, _ relative: [Double], _ policy: [Int32], _ reward: Column<Double>) {
    guard let truncation = process.truncation, let most = relative.max(), let least = relative.min() else { return }
    let rows = process.rows(reward: reward)
    let span = (most - least) * (1 + 0x1p-50)
    var lower = Double.infinity
    var upper = -Double.infinity
    relative.withUnsafeBufferPointer { buffer in
      for state in 0..<process.stateCount {
        if process.isTerminal(state) {
          lower = min(lower, 0)
          upper = max(upper, 0)
        }
        for choice in process.choices(of: state) {
          let (q, error) = rows.enclosure(choice, buffer.baseAddress!)
          let own = buffer[state]
          let tail = truncation.rewardSlack.pointer[choice] + truncation.mass.pointer[choice] * span
          let slack = (error + tail + 2 * Rounding.unit * (q.magnitude + own.magnitude)) * (1 + 0x1p-50)
          upper = max(upper, (q - own + slack).nextUp)
          if choice == Int(policy[state]) { lower = min(lower, (q - own - slack).nextDown) }
        }
      }
    }
    if !process.objective.maximizes { (lower, upper) = (0 - upper, 0 - lower) }
    for state in 0..<process.stateCount where !process.isTerminal(state) {
      solution.lower[state] = lower
      solution.upper[state] = upper
    }
    solution.bound = (upper - lower) / 2
    solution.notes.append(
      "some draws were truncated: the bounds on the gain include their tails, which are taken to lead to explored states")
  }

  /// Carries relative values on from where the policy stays to the states that it passes through.
  private func extend(
    _ relative: inout [Double], settled: StateSet, policy: [Int32], gain: [Double], reward: Column<Double>
  ) throws {
    let count = process.stateCount
    let fixed = StateSet(count: count)
    var passing = false
    for state in 0..<count {
      if settled.contains(state) || process.isTerminal(state) { fixed.flags.pointer[state] = 1 } else { passing = true }
    }
    guard passing else { return }
    let chain = process.chain(following: policy)
    let excess = Column<Double>(capacity: chain.choiceCount)
    for state in 0..<count where policy[state] >= 0 { excess.append(reward.pointer[Int(policy[state])] - gain[state]) }
    let problem = ComponentProblem(
      choiceStart: chain.choiceStart, transitionStart: chain.transitionStart, successor: chain.successor,
      probability: chain.probability, reward: excess, fixed: fixed, lower: Column(relative), upper: Column(relative))
    let solver = try ComponentSolver(problem, precision: precision, phase: "solving", control: control)
    try solver.solve()
    for state in 0..<count where fixed.flags.pointer[state] == 0 { relative[state] = solver.value.pointer[state] }
  }
}

extension SparseProcess {
  /// The addresses of the rows, with rewards given apart.
  func rows(reward: Column<Double>) -> Rows {
    Rows(
      choiceStart: UnsafePointer(choiceStart.pointer), transitionStart: UnsafePointer(transitionStart.pointer),
      successor: UnsafePointer(successor.pointer), probability: UnsafePointer(probability.pointer),
      reward: UnsafePointer(reward.pointer), mergedTerms: 0)
  }
}
