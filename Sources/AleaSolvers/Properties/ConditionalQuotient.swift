import AleaModel

/// The problem of `ConditionalProbability` in a form that stays well conditioned where the condition is rare.
///
/// Beginning anew ties all states together in one cycle that is hardly ever left. Here it ends the run instead, and for a guess `c` the
/// greatest expectation of `(1 - c) P(both) - c P(condition without the formula)` is found: no policy has a quotient above `c` if that is
/// not positive. The best policy's own quotient is the next guess, a method that converges faster than any geometric series.
/// Source: Dinkelbach, *On nonlinear fractional programming*, Management Science 13 (1967).
struct ConditionalQuotient {
  /// The process in which beginning anew leads to the last state; the first state is where runs begin.
  private let process: SparseProcess
  private let target: StateSet
  private let ends: MaximalEndComponents
  private let control: WorkControl
  private var again: Int { process.stateCount - 1 }

  /// - Parameters:
  ///   - restarting: the process with choices that lead back to its first state.
  ///   - target: the states in which the formula and the condition are fulfilled.
  /// - Throws: `WorkCancelled` when `control` ends the work.
  init(_ restarting: SparseProcess, target: StateSet, control: WorkControl) throws(WorkCancelled) {
    // States between which a policy may go round for nothing, the first among them, are one state with the ways out of them all.
    let enabled = Column<UInt8>(repeating: 1, count: restarting.choiceCount)
    for state in target.states { for choice in restarting.choices(of: state) { enabled.pointer[choice] = 0 } }
    let idle = try MaximalEndComponents(
      of: restarting, predecessors: ChoicePredecessors(of: restarting, control: control), enabled: enabled, control: control)
    let first = idle.componentOf.pointer[0]
    func isFirst(_ state: Int) -> Bool { state == 0 || (first >= 0 && idle.componentOf.pointer[state] == first) }
    var number = [Int32](repeating: 0, count: restarting.stateCount)
    var order: [Int] = [0]
    for state in 0..<restarting.stateCount where !isFirst(state) {
      number[state] = Int32(order.count)
      order.append(state)
    }
    let again = Int32(order.count)
    let choiceStart = Column<UInt32>([0])
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    func add(_ choice: Int) {
      var back = 0.0
      for transition in restarting.transitions(of: choice) {
        let next = Int(restarting.successor.pointer[transition])
        if isFirst(next) {
          back += restarting.probability.pointer[transition]
        } else {
          successor.append(number[next])
          probability.append(restarting.probability.pointer[transition])
        }
      }
      if back > 0 {
        successor.append(again)
        probability.append(back)
      }
      transitionStart.append(UInt32(successor.count))
    }
    for state in order {
      let members = state == 0 && first >= 0 ? idle.states(of: Int(first)).map { Int($0) } : [state]
      for member in members {
        for choice in restarting.choices(of: member) where !(state == 0 && idle.staysInside.pointer[choice] != 0) { add(choice) }
      }
      choiceStart.append(UInt32(transitionStart.count - 1))
    }
    choiceStart.append(UInt32(transitionStart.count - 1))
    process = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability, channels: [],
      initial: [(0, 1)], objective: restarting.objective)
    self.target = StateSet(order.indices.filter { target.contains(order[$0]) }, count: process.stateCount)
    ends = try MaximalEndComponents(
      of: process, predecessors: ChoicePredecessors(of: process, control: control), control: control)
    self.control = control
  }

  /// More sweeps do not help: what is left is rounding.
  private static let mostSweeps = 5_000

  /// The greatest quotient, enclosed to a tolerance; nil where double precision cannot prove it.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  func greatest(tolerance: Double) throws -> (lower: Double, upper: Double, sweeps: Int)? {
    guard !target.contains(0) else { return (1, 1, 0) }
    var guess = 0.0
    var precision = 1e-9
    var best = (lower: 0.0, mass: 1.0)
    var rounds = 0
    // Guesses rise to the greatest quotient; then one a little above it must be shown to be too high.
    var isAbove = false
    var width = 1.5 * tolerance
    while rounds < 60 {
      rounds += 1
      let found = try expectation(of: guess, precision: precision)
      if isAbove, found.upper <= 0 { return (best.lower, min(1, guess), rounds) }
      guard let quotient = try quotient(of: found.policy, precision: tolerance / 16) else { return nil }
      if quotient.lower > best.lower || rounds == 1 {
        let gained = quotient.lower - best.lower
        best = quotient
        isAbove = gained <= tolerance / 4 && rounds > 1
      } else if isAbove {
        // Neither better nor shown to be the best.
        width *= 2
        if width > 64 * tolerance { return nil }
      } else {
        isAbove = true
      }
      guess = isAbove ? min(1, best.lower + width) : best.lower
      precision = min(1e-9, best.mass * tolerance / 64)
      guard precision > 1e-250 else { return nil }
    }
    return nil
  }

  /// What the ends of a run are worth.
  private struct Worth {
    var target: (lower: Double, upper: Double)
    var staying: Double
  }

  private func quotient(_ worth: Worth) -> ComponentQuotient {
    let lower = Column<Double>(repeating: 0, count: process.stateCount)
    let upper = Column<Double>(repeating: 0, count: process.stateCount)
    let fixed = StateSet(count: process.stateCount)
    fixed.flags.pointer[again] = 1
    for state in target.states {
      fixed.flags.pointer[state] = 1
      lower.pointer[state] = worth.target.lower
      upper.pointer[state] = worth.target.upper
    }
    return ComponentQuotient(
      process, reward: Column(zeros: process.choiceCount),
      frame: .init(fixed: fixed, lower: lower, upper: upper, allowed: nil, excluded: nil), ends: ends,
      staying: (0..<ends.count).map { _ in (worth.staying, worth.staying) })
  }

  /// How far above a guess any policy gets, weighted by the probability of the condition.
  private func expectation(of guess: Double, precision: Double) throws -> (upper: Double, policy: Column<Int32>) {
    let rest = 1 - guess
    let slip = guess == 0 || guess == 1 ? 0 : 0x1p-53
    let quotient = quotient(Worth(target: (rest - slip, rest + slip), staying: 0 - guess))
    let solver = try ComponentSolver(
      quotient.problem, precision: precision, sweepLimit: Self.mostSweeps, phase: "solving", control: control)
    try solver.solve()
    return (quotient.problem.upper.pointer[quotient.block(of: 0)], solver.policy)
  }

  /// The quotient of a policy, from below, and how probable it makes the condition; nil where it is not known well enough.
  private func quotient(of policy: Column<Int32>, precision: Double) throws -> (lower: Double, mass: Double)? {
    func probability(_ worth: Worth, _ precision: Double) throws -> (lower: Double, upper: Double) {
      let quotient = quotient(worth)
      let chain = quotient.problem.restricted(to: policy)
      try ComponentSolver(
        chain, precision: precision, limits: .init(lower: 0, upper: 1), sweepLimit: Self.mostSweeps, phase: "solving",
        control: control
      )
      .solve()
      let block = quotient.block(of: 0)
      return (max(0, chain.lower.pointer[block]), max(0, chain.upper.pointer[block]))
    }
    var goal = 1e-9
    for _ in 0..<40 {
      let both = try probability(Worth(target: (1, 1), staying: 0), goal)
      let without = try probability(Worth(target: (0, 0), staying: 1), goal)
      let (least, most) = (both.lower + without.lower, both.upper + without.upper)
      if most == 0 { return (0, 0) }
      if least > 0, most - least <= max(precision, 1e-12) * least {
        return ((both.lower / (both.lower + without.upper).nextUp).nextDown, least)
      }
      goal = least > 0 ? max(precision, 1e-12) * least / 8 : goal * 1e-3
      guard goal > 1e-290 else { return nil }
    }
    return nil
  }
}
