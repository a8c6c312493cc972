import AleaModel

/// The greatest expected total reward of a process without discounting, with proved bounds; the least by changing signs.
///
/// **What is computed.** The value of a policy from a state is the limit of the expected reward of the first `n` steps; the value of
/// the state is the supremum over policies. With probability one a policy ends in a terminal state or stays in an end component:
/// - A component in which a positive mean reward can be had is worth plus infinity, and so is every state from which a policy comes
///   there with positive probability while it otherwise ends, or stays where nothing is earned, almost surely.
/// - Staying where all that is earned is zero is worth zero; such components are drawn together into one state.
/// - Staying where every policy loses on average is worth minus infinity. A state from which no policy avoids that almost surely has
///   value minus infinity, also when it could gain without limit with positive probability.
/// - A component whose best mean reward is zero without being zero throughout (plus one, minus one, and so on) is refused.
///
/// Nonnegative rewards give the positive-bounded models of Puterman (1994), section 7.2 (there with infinite values excluded),
/// nonpositive ones the negative models of section 7.3; what is left is a stochastic shortest path problem in the sense of Bertsekas
/// and Tsitsiklis (1991).
struct TotalReward {
  let process: SparseProcess
  let method: String
  let precision: Double
  var style = ComponentSolver.Style.optimistic
  /// A component that takes more sweeps is left open.
  var sweepLimit = Int.max
  let control: WorkControl

  private enum Kind {
    /// Nothing is earned on a way to stay.
    case harmless
    /// A positive mean reward can be had.
    case gaining
    /// Every way to stay either loses on average or uses only choices without reward.
    case losing
  }

  /// Solves for rewards of choices already signed so that more is better.
  func solve(reward: Column<Double>) throws -> SignedSolution {
    let count = process.stateCount
    var staged = try separated(reward: reward)
    let staying = [(lower: Double, upper: Double)?](repeating: (0, 0), count: staged.resting?.count ?? 0)
    let quotient = ComponentQuotient(process, reward: reward, frame: staged.frame, ends: staged.resting, staying: staying)
    let solver = try ComponentSolver(
      quotient.problem, precision: precision, style: style, sweepLimit: sweepLimit, phase: "solving", control: control)
    try solver.solve()
    let resting = staged.resting
    staged.policy.adopt(solver.policy, of: quotient, ends: resting) { component, choice in
      for state in resting!.states(of: component) {
        choice[Int(state)] =
          process.choices(of: Int(state)).first { resting!.staysInside.pointer[$0] != 0 }.map { Int32($0) } ?? -1
      }
    }
    staged.policy.complete()

    var solution = SignedSolution(
      count: count, policy: staged.policy.choice, sweeps: Int(solver.sweeps.rounded(.up)) + staged.sweeps)
    for state in 0..<count {
      let block = quotient.block(of: state)
      guard block >= 0 else { continue }
      solution.value[state] = solver.value.pointer[block]
      solution.lower[state] = quotient.problem.lower.pointer[block]
      solution.upper[state] = quotient.problem.upper.pointer[block]
    }
    for state in staged.above { solution.set(state, .infinity) }
    for state in staged.below { solution.set(state, -.infinity) }
    solution.gaining = staged.above.count
    solution.losing = staged.below.count
    solution.notes = staged.notes + solver.notes
    solution.unproved = solver.unproved
    return solution
  }

  /// What the end components tell before anything is solved.
  struct Separation {
    /// The states that are worth plus and minus infinity.
    var above: [Int] = []
    var below: [Int] = []
    var frame: ComponentQuotient.Frame
    /// Sets of states among which one can stay without reward.
    var resting: MaximalEndComponents?
    /// Choices of the states of infinite value.
    var policy: ComponentPolicy
    var sweeps = 0
    var notes: [String] = []
  }

  /// Finds the states of infinite value, for rewards already signed so that more is better.
  func separated(reward: Column<Double>) throws -> Separation {
    let predecessors = try ChoicePredecessors(of: process, control: control)
    let ends = try MaximalEndComponents(of: process, predecessors: predecessors, control: control)
    let count = process.stateCount
    let terminal = StateSet(count: count)
    for state in 0..<count where process.isTerminal(state) { terminal.flags.pointer[state] = 1 }
    var result = Separation(
      frame: .init(
        fixed: terminal, lower: Column(repeating: 0, count: count), upper: Column(repeating: 0, count: count), allowed: nil,
        excluded: nil), policy: ComponentPolicy(process, predecessors: predecessors))
    if ends.isEmpty { return result }
    let unrewarded = Column<UInt8>(repeating: 0, count: process.choiceCount)
    for choice in 0..<process.choiceCount where reward.pointer[choice] == 0 && ends.staysInside.pointer[choice] != 0 {
      unrewarded.pointer[choice] = 1
    }
    let rest = try MaximalEndComponents(of: process, predecessors: predecessors, enabled: unrewarded, control: control)
    let kinds = try classify(ends, rest, predecessors, reward: reward, policy: &result.policy, sweeps: &result.sweeps)
    ((result.above, result.below), result.frame) = try separate(
      ends, kinds, rest, terminal, predecessors, result.frame, &result.policy)
    // Components without reward among states of infinite value are of no further concern.
    result.resting = rest
    if let excluded = result.frame.excluded {
      result.resting = try MaximalEndComponents(
        of: process, predecessors: predecessors, enabled: keep(unrewarded, excluded), control: control)
    }
    if rest.count > 0 {
      result.notes.append(counted(rest.count, "set", "of states among which one can stay without reward"))
    }
    return result
  }

  /// Tells what staying in each end component is worth; sets the policy inside those that gain.
  private func classify(
    _ ends: MaximalEndComponents, _ rest: MaximalEndComponents, _ predecessors: ChoicePredecessors, reward: Column<Double>,
    policy: inout ComponentPolicy, sweeps: inout Int
  ) throws -> [Kind] {
    let rows = process.rows(reward: reward)
    let local = Column<Int32>(repeating: 0, count: process.stateCount)
    return try (0..<ends.count).map { component in
      let states = ends.states(of: component)
      var gains = false
      var loses = false
      for state in states {
        for choice in process.choices(of: Int(state)) where ends.staysInside.pointer[choice] != 0 {
          if reward.pointer[choice] > 0 { gains = true }
          if reward.pointer[choice] < 0 { loses = true }
        }
      }
      if !gains { return loses ? .losing : .harmless }
      if !loses {
        // Some positive reward can be met again and again.
        policy.repeatBest(of: states, inside: ends.staysInside, reward: reward)
        return .gaining
      }
      for (position, state) in states.enumerated() { local.pointer[Int(state)] = Int32(position) }
      var average = AverageComponent(
        AverageComponent.LocalRows(rows, states: states, inside: ends.staysInside.pointer, local: local.pointer))
      var answer = try average.solve(precision: 1e-6, control: control)
      if answer.lower <= 0 && answer.upper >= 0 { answer = try average.solve(precision: 1e-13, control: control) }
      sweeps += average.sweeps
      if answer.lower > 0 {
        for (position, state) in states.enumerated() {
          policy.choice[Int(state)] = average.origin(of: answer.policy[position])
        }
        return .gaining
      }
      if answer.upper < 0 { return .losing }
      if try losesUnlessResting(ends, component, rest, predecessors, reward: reward) { return .losing }
      throw UnmetRequirement(
        method: method,
        requirement: "no way to go on for ever with gains and losses that cancel on average",
        found:
          "among \(NumberText.grouped(states.count)) states (one is state \(states[0])) the best mean reward for staying is zero up to rounding, "
          + "but not every reward is zero, so the total need not settle",
        remedy: "use the average criterion, a discount below one, or a finite horizon")
    }
  }

  /// Whether every way to stay in an end component loses on average once sets of states where one rests without reward count as
  /// single states.
  private func losesUnlessResting(
    _ ends: MaximalEndComponents, _ component: Int, _ rest: MaximalEndComponents, _ predecessors: ChoicePredecessors,
    reward: Column<Double>
  ) throws -> Bool {
    let count = process.stateCount
    guard ends.states(of: component).contains(where: { rest.componentOf.pointer[Int($0)] >= 0 }) else { return false }
    let outside = StateSet(count: count)
    for state in 0..<count where ends.componentOf.pointer[state] != Int32(component) { outside.flags.pointer[state] = 1 }
    let quotient = ComponentQuotient(
      process, reward: reward,
      frame: .init(
        fixed: StateSet(count: count), lower: Column(repeating: 0, count: count), upper: Column(repeating: 0, count: count),
        allowed: ends.staysInside, excluded: outside),
      ends: rest)
    let problem = quotient.problem
    let inner = SparseProcess(
      choiceStart: problem.choiceStart, transitionStart: problem.transitionStart, successor: problem.successor,
      probability: problem.probability, channels: [.init(name: "reward", reward: problem.reward)], initial: [],
      objective: process.objective)
    let cycles = try MaximalEndComponents(
      of: inner, predecessors: ChoicePredecessors(of: inner, control: control), control: control)
    let local = Column<Int32>(repeating: 0, count: inner.stateCount)
    for cycle in 0..<cycles.count {
      let states = cycles.states(of: cycle)
      for (position, state) in states.enumerated() { local.pointer[Int(state)] = Int32(position) }
      var average = AverageComponent(
        AverageComponent.LocalRows(problem.rows, states: states, inside: cycles.staysInside.pointer, local: local.pointer))
      if try average.solve(precision: 1e-13, control: control).upper >= 0 { return false }
    }
    return true
  }

  /// Finds the states of infinite value, gives them a policy, and leaves them out of the rest.
  private func separate(
    _ ends: MaximalEndComponents, _ kinds: [Kind], _ rest: MaximalEndComponents, _ terminal: StateSet,
    _ predecessors: ChoicePredecessors, _ frame: ComponentQuotient.Frame, _ policy: inout ComponentPolicy
  ) throws -> ((above: [Int], below: [Int]), ComponentQuotient.Frame) {
    let count = process.stateCount
    let safe = StateSet(count: count)
    let gaining = StateSet(count: count)
    for state in 0..<count {
      let component = Int(ends.componentOf.pointer[state])
      let gains = component >= 0 && kinds[component] == .gaining
      if gains { gaining.flags.pointer[state] = 1 }
      if gains || terminal.contains(state) || rest.componentOf.pointer[state] >= 0 { safe.flags.pointer[state] = 1 }
    }
    // Where some policy ends, rests or gains almost surely; elsewhere every policy may lose without limit.
    let finite = try QualitativeReachability(of: process, predecessors: predecessors, target: safe, control: control)
      .surelyReachable()
    let allowed = Column<UInt8>(repeating: 1, count: process.choiceCount)
    for choice in 0..<process.choiceCount {
      for transition in process.transitions(of: choice)
      where finite.flags.pointer[Int(process.successor.pointer[transition])] == 0 {
        allowed.pointer[choice] = 0
        break
      }
    }
    let below = (0..<count).filter { finite.flags.pointer[$0] == 0 }
    var towards = ComponentPolicy(process, predecessors: predecessors)
    let goals = gaining.states
    towards.lead(to: goals, allowed: { allowed.pointer[$0] != 0 && finite.contains(Int(predecessors.owner.pointer[$0])) })
    var above = goals
    for state in 0..<count where towards.choice[state] >= 0 && gaining.flags.pointer[state] == 0 {
      above.append(state)
      policy.choice[state] = towards.choice[state]
    }
    if above.isEmpty && below.isEmpty { return (([], []), frame) }
    var frame = frame
    let excluded = StateSet(count: count)
    for state in above { excluded.flags.pointer[state] = 1 }
    for state in below { excluded.flags.pointer[state] = 1 }
    frame.excluded = excluded
    frame.allowed = allowed
    return ((above.sorted(), below), frame)
  }

  private func keep(_ enabled: Column<UInt8>, _ excluded: StateSet) -> Column<UInt8> {
    for state in 0..<process.stateCount where excluded.flags.pointer[state] != 0 {
      for choice in process.choices(of: state) { enabled.pointer[choice] = 0 }
    }
    return enabled
  }

  private func counted(_ count: Int, _ noun: String, _ rest: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s") \(rest)"
  }
}

/// An answer for the greatest value, before signs are changed back.
struct SignedSolution {
  var value: [Double]
  var lower: [Double]
  var upper: [Double]
  var policy: [Int32]
  var sweeps: Int
  /// How many states have value plus and minus infinity.
  var gaining = 0
  var losing = 0
  /// How many states are in components whose bounds could not be proved.
  var unproved = 0
  var notes: [String] = []

  init(count: Int, policy: [Int32], sweeps: Int) {
    value = [Double](repeating: 0, count: count)
    lower = value
    upper = value
    self.policy = policy
    self.sweeps = sweeps
  }

  mutating func set(_ state: Int, _ exact: Double) {
    value[state] = exact
    lower[state] = exact
    upper[state] = exact
  }

  /// The answer for the criterion asked for: signs are changed back when it was to be minimised.
  mutating func solution(maximizes: Bool, method: String) -> SparseSolution {
    var notes = notes
    func infinite(_ count: Int, _ sign: String) -> String {
      "\(count) \(count == 1 ? "state has" : "states have") value \(sign) infinity"
    }
    if gaining > 0 { notes.append(infinite(gaining, maximizes ? "plus" : "minus")) }
    if losing > 0 { notes.append(infinite(losing, maximizes ? "minus" : "plus")) }
    var bound = 0.0
    for state in 0..<value.count where upper[state] != lower[state] {
      // Of an interval that is not finite the error is infinite too; infinite values that are known count as exact.
      bound = max(bound, (upper[state] - lower[state]) / 2)
    }
    if !maximizes {
      // In place: the columns may be as large as the model.
      swap(&lower, &upper)
      for state in value.indices {
        value[state] = 0 - value[state]
        lower[state] = 0 - lower[state]
        upper[state] = 0 - upper[state]
      }
    }
    return SparseSolution(
      value: value, policy: policy, lower: lower, upper: upper, bound: bound, method: method, iterations: sweeps, notes: notes)
  }
}
