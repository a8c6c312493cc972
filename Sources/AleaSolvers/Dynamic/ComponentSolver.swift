import AleaModel

/// Solves a ``ComponentProblem`` component by component, in reverse topological order, with proved bounds.
///
/// A state alone in its component is computed directly. Within a larger component values are improved in place; then a vector of
/// expected steps `w` with `w >= 1/2 + P w` for all choices that matter turns the values `v` into candidates `v + a w` and `v - a w`,
/// and one sweep with directed error terms proves them inductive, hence bounds. This is optimistic value iteration (Hartmanns and
/// Kaminski, CAV 2020) with a guess of the error's shape in place of a uniform guess: one half-life of the chain gives the shape.
/// Small components that improve too slowly are solved by policy iteration with ``StateElimination`` and proved in the same way.
final class ComponentSolver {
  let problem: ComponentProblem
  let components: StronglyConnectedComponents
  let rows: Rows
  /// The approximation; between the bounds once its component is solved.
  let value: Column<Double>
  /// The chosen choice of each state that is not fixed; its value lies within the bounds too.
  let policy: Column<Int32>
  /// Sweeps over a component, weighted by its share of the states.
  private(set) var sweeps = 0.0
  private(set) var notes: [String] = []
  /// How many states are in components whose bounds could not be proved.
  private(set) var unproved = 0

  private let control: WorkControl
  private let phase: String
  private let style: Style
  /// Half the width of the intervals to aim at in each component.
  let target: Double
  private(set) lazy var localIndex = Column<Int32>(zeros: problem.stateCount)
  /// Transitions handled since the last report.
  private var workSinceReport = 0
  let limits: Limits
  /// A component that takes more sweeps is left open.
  private let sweepLimit: Int
  /// The component being solved.
  private let local = ComponentRows()
  private let chain = ComponentChain()

  /// Bounds that hold for every policy without further ado, where there are any: 0 and 1 for probabilities.
  struct Limits {
    var lower = -Double.infinity
    var upper = Double.infinity
  }

  /// How bounds are found in components of several states.
  enum Style {
    /// Guessed around converged values, then proved.
    case optimistic
    /// Proved at the start, then brought together from both sides.
    case interval
  }

  /// - Parameters:
  ///   - precision: half the width of the intervals to aim at.
  ///   - start: the value to begin with at states that are not fixed.
  init(
    _ problem: ComponentProblem, precision: Double, limits: Limits = Limits(), start: Double = 0,
    style: Style = .optimistic, sweepLimit: Int = .max, phase: String, control: WorkControl
  ) throws(WorkCancelled) {
    self.style = style
    self.sweepLimit = sweepLimit
    self.problem = problem
    self.control = control
    self.phase = phase
    self.limits = limits
    components = try StronglyConnectedComponents(
      of: problem.choiceStart, problem.transitionStart, problem.successor, excluding: problem.fixed, control: control)
    rows = problem.rows
    let count = problem.stateCount
    value = Column(repeating: start, count: count)
    policy = Column(repeating: -1, count: count)
    for state in 0..<count where problem.fixed.flags.pointer[state] != 0 {
      value.pointer[state] = ComponentSolver.middle(problem.lower.pointer[state], problem.upper.pointer[state])
    }
    target = precision / Double(2 * max(1, ComponentSolver.depth(of: components, rows: rows)))
  }

  /// What was found, without what it took to find it.
  struct Found {
    var value: Column<Double>
    var policy: Column<Int32>
    var sweeps: Double
    var notes: [String]
  }

  /// Fills in the problem's bounds; what a solver needs beside is given back.
  static func solve(
    _ problem: ComponentProblem, precision: Double, limits: Limits, sweepLimit: Int = .max, phase: String, control: WorkControl
  ) throws -> Found {
    let solver = try ComponentSolver(
      problem, precision: precision, limits: limits, sweepLimit: sweepLimit, phase: phase, control: control)
    try solver.solve()
    return Found(value: solver.value, policy: solver.policy, sweeps: solver.sweeps, notes: solver.notes)
  }

  static func middle(_ lower: Double, _ upper: Double) -> Double {
    lower == upper ? lower : min(max(lower + (upper - lower) / 2, lower), upper)
  }

  /// How many components of more than one state lie on a path, at most: the errors of so many add up.
  private static func depth(of components: StronglyConnectedComponents, rows: Rows) -> Int {
    let start = UnsafePointer(components.memberStart.pointer)
    let members = UnsafePointer(components.members.pointer)
    let componentOf = UnsafePointer(components.componentOf.pointer)
    let count = components.count
    return withExtendedLifetime(components) {
      let large = (0..<count).reduce(0) { $0 + (start[$1 + 1] - start[$1] > 1 ? 1 : 0) }
      if large <= 1 { return large }
      let depths = Column<Int32>(zeros: count)
      let depth = depths.pointer
      var greatest: Int32 = 0
      for component in 0..<count {
        var deepest: Int32 = 0
        for position in Int(start[component])..<Int(start[component + 1]) {
          let choices = rows.choices(of: Int(members[position]))
          for transition in Int(rows.transitionStart[choices.lowerBound])..<Int(rows.transitionStart[choices.upperBound]) {
            let other = Int(componentOf[Int(rows.successor[transition])])
            if other >= 0 && other != component { deepest = max(deepest, depth[other]) }
          }
        }
        depth[component] = deepest + (start[component + 1] - start[component] > 1 ? 1 : 0)
        greatest = max(greatest, depth[component])
      }
      return withExtendedLifetime(depths) { Int(greatest) }
    }
  }

  /// Fills in ``value``, ``policy`` and the problem's bounds.
  func solve() throws {
    let members = UnsafePointer(components.members.pointer)
    let start = components.memberStart.pointer
    let stateCount = Double(max(1, problem.stateCount))
    for component in 0..<components.count {
      let first = Int(start[component])
      let count = Int(start[component + 1]) - first
      if count == 1 {
        solveSingle(Int(members[first]))
        sweeps += 1 / stateCount
        workSinceReport += 8
        if workSinceReport > 8_000_000 { try report("\(first) of \(problem.stateCount) states", Double(first) / stateCount) }
      } else {
        try solve(members + first, count)
      }
    }
  }

  // MARK: One state

  /// Solves a state whose only cycle, if any, leads from itself to itself: `q = (r S + sum of p v elsewhere) / (sum of p elsewhere)`.
  private func solveSingle(_ state: Int) {
    var best = (lower: -Double.infinity, upper: -Double.infinity)
    for choice in rows.choices(of: state) {
      let (lower, upper) = singleEnclosure(choice, of: state)
      if lower > best.lower {
        best.lower = lower
        policy.pointer[state] = Int32(choice)
      }
      if upper > best.upper { best.upper = upper }
    }
    if best.lower == -.infinity { unproved += 1 }
    setBounds(state, best.lower, best.upper)
    value.pointer[state] = ComponentSolver.middle(problem.lower.pointer[state], problem.upper.pointer[state])
  }

  private func singleEnclosure(_ choice: Int, of state: Int) -> (lower: Double, upper: Double) {
    let lower = problem.lower.pointer
    let upper = problem.upper.pointer
    var low = 0.0
    var high = 0.0
    var lowMagnitude = 0.0
    var highMagnitude = 0.0
    var leaving = 0.0
    var mass = 0.0
    let transitions = rows.transitions(of: choice)
    for transition in transitions {
      let p = rows.probability[transition]
      let target = Int(rows.successor[transition])
      mass += p
      if target == state { continue }
      leaving += p
      let below = p * lower[target]
      let above = p * upper[target]
      low += below
      high += above
      lowMagnitude += below.magnitude
      highMagnitude += above.magnitude
    }
    // A choice that only returns to its state is followed for ever: the problem says that it loses without limit.
    if leaving == 0 { return (-.infinity, -.infinity) }
    let gain = rows.reward[choice] * mass
    let unit = (Double(transitions.count) + rows.mergedTerms + 6) * Rounding.unit * 2
    let lowError = unit * (gain.magnitude + lowMagnitude) / leaving + Double.leastNormalMagnitude
    let highError = unit * (gain.magnitude + highMagnitude) / leaving + Double.leastNormalMagnitude
    return ((gain + low) / leaving - lowError, (gain + high) / leaving + highError)
  }

  // MARK: A component of several states

  /// More sweeps than this without a proof, and a small component is solved directly.
  private static let directCount = 400
  /// Somewhat larger components are solved directly only when very many sweeps have not come to an end.
  private static let lastResortCount = 1_000
  private static let lastResortSweeps = 20_000

  private func solve(_ states: UnsafePointer<Int32>, _ count: Int) throws {
    let gap = local.fill(
      rows, states, count, componentOf: components.componentOf.pointer, local: localIndex.pointer, value: value.pointer,
      lower: problem.lower.pointer, upper: problem.upper.pointer)
    guard gap.above.isFinite && gap.below.isFinite else {
      return leaveOpen(states, count, "leads to states whose bounds are infinite")
    }
    if style == .interval, try iterateIntervals(states, count, gap) { return }
    let direct = count <= Self.directCount
    let isSmall = count <= Self.lastResortCount
    let limit = direct ? 200 + 2 * count : isSmall ? min(sweepLimit, Self.lastResortSweeps) : sweepLimit
    if style == .optimistic, try bracket(states, count, gap, sweepLimit: min(limit, 100_000)) { return }
    let proved = try iterate(states, count, gap, sweepLimit: limit)
    if proved && (!direct || halfWidth(states, count) <= 2 * target + max(gap.above, gap.below)) { return }
    if !proved { local.store(states, into: value.pointer) }
    if isSmall && solveDirectly(states, count, gap, keeping: proved) { return }
    if proved { return }
    leaveOpen(states, count, "could not be proved to converge in double precision")
  }

  private func halfWidth(_ states: UnsafePointer<Int32>, _ count: Int) -> Double {
    var widest = 0.0
    for position in 0..<count {
      let state = Int(states[position])
      widest = max(widest, problem.upper.pointer[state] - problem.lower.pointer[state])
    }
    return widest / 2
  }

  private func leaveOpen(_ states: UnsafePointer<Int32>, _ count: Int, _ reason: String) {
    for position in 0..<count { setBounds(Int(states[position]), limits.lower, limits.upper) }
    _ = rows.greatestFall(states, count, UnsafePointer(value.pointer), policy.pointer)
    unproved += count
    if notes.count < 8 { notes.append("a component of \(count) states \(reason)") }
  }

  /// Solves the component with a small bonus a step: its value, which no update raises, is an upper bound, and its policy without the
  /// bonus gives a lower one. False when that fails.
  ///
  /// Where choices tie, the bonus decides for the one that stays longest; so the upper bound takes care of all of them, and the policy
  /// is as good as the bonus is small.
  private func bracket(
    _ states: UnsafePointer<Int32>, _ count: Int, _ gap: (above: Double, below: Double), sweepLimit: Int
  ) throws -> Bool {
    let upper = problem.upper.pointer
    var budget = Budget(limit: sweepLimit)
    guard try improve(until: 64 * target, &budget) != nil else { return false }
    guard var longest = try longestStay(sweepLimit: sweepLimit) else { return false }
    let shift = gap.above * (1 + 0x1p-48)
    for _ in 0..<4 {
      let bonus = target / (3 * longest)
      guard bonus > 16 * floor else { return false }
      guard try improve(until: bonus / 2, bonus: bonus, &budget) != nil else { return false }
      let values = local.values
      for position in 0..<count { upper[Int(states[position])] = values[position] + shift }
      guard rows.greatestRise(states, count, upper) <= 0 else { return false }
      // The same policy without the bonus, and how long it stays.
      chain.fill(local, gain: 0, rewarded: true, from: values)
      try counted(chain.relax(until: bonus / 4, limit: sweepLimit), bonus, ofChain: true)
      chain.store(into: values)
      guard let stay = try longestStay(sweepLimit: sweepLimit) else { return false }
      var widest = 0.0
      for position in 0..<count { widest = max(widest, upper[Int(states[position])] - shift - values[position]) }
      guard widest.isFinite else { return false }
      if widest <= 2 * target { return proveBelow(states, count, gap, scale: 1.02 * bonus + 8 * floor) }
      longest = max(2 * longest, stay)
    }
    return false
  }

  /// The most steps until the policy leaves the component, as far as half a unit; `steps` holds them. Nil when it never does.
  private func longestStay(sweepLimit: Int) throws -> Double? {
    let steps = local.steps
    steps.update(repeating: 0, count: local.count)
    chain.fill(local, gain: 1, rewarded: false, from: steps)
    let made = chain.relax(until: 0.25, limit: sweepLimit)
    try counted(made, 1, ofChain: true)
    if made >= sweepLimit { return nil }
    chain.store(into: steps)
    var longest = 1.0
    for position in 0..<local.count { longest = max(longest, steps[position]) }
    return longest.isFinite ? longest : nil
  }

  /// Improves values by sweeps until bounds of the wanted width are proved; false when it takes more sweeps than allowed.
  ///
  /// A sweep over all choices is followed by sweeps over the chain of the policy it found (modified policy iteration, Puterman and Shin
  /// 1978), which cost a fraction of it.
  private func iterate(
    _ states: UnsafePointer<Int32>, _ count: Int, _ gap: (above: Double, below: Double), sweepLimit: Int
  ) throws -> Bool {
    var budget = Budget(limit: sweepLimit)
    guard try improve(until: target, &budget) != nil else { return false }
    // The expected steps until the component is left, as far as half a unit.
    let steps = local.steps
    steps.update(repeating: 0, count: count)
    var longest = 0.0
    var change = Double.infinity
    var rounds = 0
    while true {
      let sweep = local.improveWithSteps(tie: 4 * target)
      (change, longest) = (sweep.change, sweep.longest)
      budget.made += 1
      try counted(1, change)
      if sweep.growth <= 0.5 { break }
      if budget.made >= budget.limit || !sweep.growth.isFinite { return false }
      rounds += 1
      if rounds > 32 { continue }
      chain.fill(local, gain: 1, rewarded: false, from: steps)
      let made = chain.relax(until: 0.4, limit: 256)
      budget.made += made
      try counted(made, change, ofChain: true)
      chain.store(into: steps)
    }
    guard let reached = try improve(until: target / (4 * longest), &budget) else { return false }
    return prove(states, count, gap, scale: 2.02 * reached.change + 8 * reached.floor)
  }

  /// Starts from bounds that hold whatever is chosen, which exist where every policy leaves soon enough, and brings them together by
  /// sweeps rounded outwards (Haddad and Monmege 2018).
  private func iterateIntervals(
    _ states: UnsafePointer<Int32>, _ count: Int, _ gap: (above: Double, below: Double)
  ) throws -> Bool {
    local.steps.update(repeating: 0, count: count)
    var change = 0.0
    var growth = Double.infinity
    // Where some policy stays for ever, or nearly, there are no such bounds to start from.
    for _ in 0..<2000 where growth > 0.5 {
      (change, growth, _) = local.improveWithSteps(tie: .infinity)
      try counted(1, change)
    }
    guard growth <= 0.5 else { return false }
    guard prove(states, count, gap, scale: 2.02 * change + 8 * floor) else { return false }
    let wanted = 2 * target + gap.above + gap.below
    var best = Double.infinity
    var stalled = 0
    while true {
      let widest = rows.narrow(states, count, problem.lower.pointer, problem.upper.pointer)
      try counted(1, widest)
      // Narrowing that has come to rest at what rounding allows ends here; the bounds hold all the same.
      stalled = widest < best ? 0 : stalled + 1
      best = min(best, widest)
      if widest <= wanted || stalled > 100 { break }
    }
    for position in 0..<count {
      let state = Int(states[position])
      value.pointer[state] = ComponentSolver.middle(problem.lower.pointer[state], problem.upper.pointer[state])
    }
    // The policy of the lower bound: chosen once more for the bound as it stands.
    return rows.greatestFall(states, count, problem.lower.pointer, policy.pointer) <= 0
  }

  private struct Budget {
    var limit: Int
    var made = 0
  }

  /// Improves values until a sweep changes them by no more than `wanted`, or than rounding does; nil when that fails.
  private func improve(until wanted: Double, bonus: Double = 0, _ budget: inout Budget) throws -> (
    change: Double, floor: Double
  )? {
    var best = Double.infinity
    var stalled = 0
    var plain = false
    while true {
      // Two sweeps, there and back, find most of what a better policy changes; the second one chooses it.
      _ = local.improve(bonus: bonus, choosing: false)
      let change = local.improve(bonus: bonus, backwards: true)
      budget.made += 2
      try counted(2, change)
      if !change.isFinite { return nil }
      if change <= wanted { return (change, floor) }
      if change < 0.9 * best {
        best = change
        stalled = 0
      } else {
        stalled += 1
        // Below a few units in the last place sweeps change nothing any more.
        let floor = floor
        if stalled > 8 && change <= 64 * floor { return (change, floor) }
      }
      if budget.made >= budget.limit { return nil }
      // Where policies go round in circles plain sweeps, which converge from anywhere, have the last word.
      if stalled > 16 { plain = true }
      if plain { continue }
      chain.fill(local, gain: bonus, rewarded: true, from: local.values)
      let made = chain.relax(until: max(0.5 * wanted, 0.05 * change), limit: 192)
      budget.made += made
      try counted(made, change, ofChain: true)
      chain.store(into: local.values)
    }
  }

  /// A few units in the last place of the largest value.
  private var floor: Double { local.magnitude * 0x1p-51 }

  /// Proves `value + above + a steps` and `value - below - a steps` to be bounds, for the first `a` of a rising series that works.
  private func prove(
    _ states: UnsafePointer<Int32>, _ count: Int, _ gap: (above: Double, below: Double), scale: Double
  ) -> Bool {
    let upper = problem.upper.pointer
    let (values, steps) = (local.values, local.steps)
    var factor = max(scale, Double.leastNormalMagnitude)
    var proved = false
    for _ in 0..<12 {
      let shift = gap.above * (1 + 0x1p-48)
      for position in 0..<count { upper[Int(states[position])] = values[position] + shift + factor * steps[position] }
      if rows.greatestRise(states, count, upper) <= 0 {
        proved = true
        break
      }
      factor *= 4
    }
    return proved && proveBelow(states, count, gap, scale: scale)
  }

  /// Proves `value - below - a steps` to be a lower bound, for the first `a` of a rising series that works.
  private func proveBelow(
    _ states: UnsafePointer<Int32>, _ count: Int, _ gap: (above: Double, below: Double), scale: Double
  ) -> Bool {
    let lower = problem.lower.pointer
    let upper = problem.upper.pointer
    let (values, steps) = (local.values, local.steps)
    var factor = max(scale, Double.leastNormalMagnitude)
    for _ in 0..<12 {
      let shift = gap.below * (1 + 0x1p-48)
      for position in 0..<count { lower[Int(states[position])] = values[position] - shift - factor * steps[position] }
      if rows.greatestFall(states, count, lower, policy.pointer) <= 0 {
        for position in 0..<count {
          let state = Int(states[position])
          setBounds(state, lower[state], upper[state])
          value.pointer[state] = min(max(values[position], lower[state]), upper[state])
        }
        return true
      }
      factor *= 4
    }
    return false
  }

  func setBounds(_ state: Int, _ lower: Double, _ upper: Double) {
    problem.lower.pointer[state] = max(lower, limits.lower)
    problem.upper.pointer[state] = min(upper, limits.upper)
  }

  private func counted(_ made: Int, _ change: Double, ofChain: Bool = false) throws {
    let count = local.count
    sweeps += Double(count * made) / Double(max(1, problem.stateCount))
    workSinceReport += (ofChain ? 2 : 8) * count * made
    if workSinceReport > 8_000_000 {
      try report("change \(NumberText.significant(change, digits: 2)) in a component of \(NumberText.grouped(count)) states", nil)
    }
  }

  private func report(_ detail: String, _ fraction: Double?) throws {
    workSinceReport = 0
    if !control.report(WorkProgress(phase: phase, detail: detail, fraction: fraction)) {
      throw WorkCancelled(state: "\(phase) stopped: \(detail)")
    }
  }
}
