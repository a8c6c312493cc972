import AleaSemantics

extension PropertyChecker {
  /// The number a query asks for, in every state.
  mutating func numbers(_ query: PrismQuery, tolerance: Double? = nil) throws -> SparseSolution {
    var checker = self
    if let tolerance { checker.tolerance = tolerance }
    defer { (context, listings, emptyConditions) = (checker.context, checker.listings, checker.emptyConditions) }
    if query.optimum == nil, !isChoiceFree {
      throw fault(
        "an mdp has no single answer", at: query.span,
        notes: ["ask for the least or the greatest with `min=?` or `max=?`"])
    }
    let maximize = query.optimum != .least
    switch query.quantity {
    case .probability: return try checker.probability(query.body, maximize: maximize)
    case .reward(let reference):
      let index = try checker.context.rewardIndex(reference, at: query.span)
      return try checker.reward(query, .structure(index), maximize: maximize)
    case .time: return try checker.reward(query, .time, maximize: maximize)
    case .steadyState: return try checker.steadyState(query, maximize: maximize)
    }
  }

  // MARK: Probabilities

  /// The greatest or least probability of a path property.
  mutating func probability(_ path: PrismPath, maximize: Bool) throws -> SparseSolution {
    guard isSimple(path) else { return try formulaProbability(path, maximize: maximize) }
    switch path {
    case .state(let expression): return indicator(try states(expression))
    case .not(let inner, _): return opposite(try probability(inner, maximize: !maximize))
    case .next(let inner, _):
      let set = try stateSet(inner)
      var iteration = StepIteration(sparse, from: indicator(set), maximize: maximize)
      try iteration.run(steps: 1, control: control)
      return iteration.solution(steps: 1, isProbability: true)
    case .eventually(let inner, let bounds, let span):
      if bounds.isAbsent, case .globally(let state, let innerBounds, _) = inner, innerBounds.isAbsent {
        return try persistence(stateSet(state), maximize: maximize)
      }
      return try until(everything, stateSet(inner), bounds, maximize: maximize, span)
    case .globally(let inner, let bounds, let span):
      if bounds.isAbsent, case .eventually(let state, let innerBounds, _) = inner, innerBounds.isAbsent {
        return opposite(try persistence(complement(stateSet(state)), maximize: !maximize))
      }
      return opposite(try until(everything, complement(stateSet(inner)), bounds, maximize: !maximize, span))
    case .until(let a, let b, let bounds, let span):
      return try until(stateSet(a), stateSet(b), bounds, maximize: maximize, span)
    case .weakUntil(let a, let b, let bounds, let span):
      // It fails where a state with neither comes before any with b.
      let (first, second) = (try stateSet(a), try stateSet(b))
      let staying = combined(first, second) { $0 & (1 - $1) }
      let failing = combined(first, second) { (1 - $0) & (1 - $1) }
      return opposite(try until(staying, failing, bounds, maximize: !maximize, span))
    case .release(let a, let b, let bounds, let span):
      return opposite(
        try until(complement(stateSet(a)), complement(stateSet(b)), bounds, maximize: !maximize, span))
    case .conditional(let wanted, let given, let span): return try conditional(wanted, given, maximize: maximize, at: span)
    case .and, .or: return try formulaProbability(path, maximize: maximize)
    case .cumulative(_, let span), .discounted(_, let span), .instantaneous(_, let span), .longRun(let span):
      throw fault("this asks for a reward: it belongs into `R=? [ ... ]`", at: span)
    }
  }

  func opposite(_ solution: SparseSolution) -> SparseSolution {
    var result = solution
    result.value = solution.value.map { 1 - $0 }
    result.exact = solution.exact.map { values in
      values.map { value in
        if case .finite(let number) = value { .finite(.one - number) } else { value }
      }
    }
    result.exactAt = solution.exactAt.mapValues { value in
      if case .finite(let number) = value { .finite(.one - number) } else { value }
    }
    // 1 - x is rounded, except where it is exact.
    func complement(_ x: Double, _ slip: (Double) -> Double) -> Double {
      x.isNaN ? x : x == 0 ? 1 : x == 1 ? 0 : min(1, max(0, slip(1 - x)))
    }
    result.lower = solution.upper.map { complement($0) { $0.nextDown } }
    result.upper = solution.lower.map { complement($0) { $0.nextUp } }
    result.bound = zip(result.lower, result.upper).reduce(0) { max($0, ($1.1 - $1.0) / 2) }
    return result
  }

  /// The states a part of a path property speaks of.
  mutating func stateSet(_ path: PrismPath) throws -> StateSet {
    if case .state(let expression) = path { return try states(expression) }
    throw unsupported("an operator over paths inside this one", at: path.span)
  }

  private mutating func until(
    _ staying: StateSet, _ target: StateSet, _ bounds: PrismPath.Bounds, maximize: Bool, _ span: SourceSpan
  ) throws -> SparseSolution {
    if bounds.isOnReward { return try rewardBounded(staying, target, bounds, maximize: maximize, span) }
    if bounds.isAbsent { return try unbounded(staying, target, maximize: maximize) }
    if isTimed { return try timeBounded(staying, target, bounds) }
    let (low, high) = try steps(bounds)
    let count = sparse.stateCount
    if let high, high < low { return indicator(StateSet(count: count)) }
    var iteration: StepIteration
    if let high {
      iteration = StepIteration(sparse, from: indicator(target), maximize: maximize)
      let outside = combined(staying, target) { (1 - $0) & (1 - $1) }
      try iteration.run(steps: high - low, fixed: combined(target, outside) { $0 | $1 }, control: control)
    } else {
      iteration = StepIteration(sparse, from: try unbounded(staying, target, maximize: maximize), maximize: maximize)
    }
    try iteration.run(steps: low, zero: complement(staying), control: control)
    return stepwise(iteration.solution(steps: high ?? low, isProbability: true), steps: high ?? (low + 1))
  }

  func unbounded(_ staying: StateSet, _ target: StateSet, maximize: Bool) throws -> SparseSolution {
    try refined { try sparse.until(target, within: staying, maximize: maximize, tolerance: $0, control: control) }
  }

  /// The first and last step of a bound; nil without a last one.
  mutating func steps(_ bounds: PrismPath.Bounds) throws -> (Int, Int?) {
    var low = 0
    var high: Int?
    if let lower = bounds.lower { low = try context.integer(lower, "the first step") + (bounds.lowerIsStrict ? 1 : 0) }
    if let upper = bounds.upper {
      let last = try context.integer(upper, "the last step") - (bounds.upperIsStrict ? 1 : 0)
      guard last >= 0 || bounds.upperIsStrict else { throw fault("a number of steps is not negative", at: upper.span) }
      high = last
    }
    guard low >= 0 else { throw fault("a number of steps is not negative", at: bounds.lower?.span) }
    try checkLength(max(low, high ?? 0), at: bounds.upper?.span ?? bounds.lower?.span)
    return (low, high)
  }

  /// So many steps would not end.
  private static let mostSteps = 1_000_000_000

  func checkLength(_ steps: Int, at span: SourceSpan?) throws {
    guard steps > Self.mostSteps else { return }
    throw unsupported(
      "a bound of more than \(NumberText.grouped(Self.mostSteps)) steps", at: span,
      notes: ["ask without a bound, or for the long run"])
  }

  private mutating func rewardBounded(
    _ staying: StateSet, _ target: StateSet, _ bounds: PrismPath.Bounds, maximize: Bool, _ span: SourceSpan
  ) throws -> SparseSolution {
    let index = try context.rewardIndex(bounds.reward, at: span)
    if isTimed { throw unsupported("a bound on a reward of a ctmc", at: span, notes: ["its rewards are earned as time passes"]) }
    let (first, last) = try levels(bounds, span)
    let saturates = last == nil
    let level = last ?? first
    let allowed = combined(staying, target) { $0 | $1 }
    let reward = try exploration.reward(index)
    let unfolding = try RewardUnfolding(
      of: sparse, reward: reward, level: level, saturates: saturates, frozen: complement(allowed))
    let goal = unfolding.target(target, atLastLevelOnly: saturates)
    let within = unfolding.target(staying, atLastLevelOnly: false)
    let solution = try refined { tolerance in
      unfolding.original(
        try unfolding.process.until(goal, within: within, maximize: maximize, tolerance: tolerance, control: control))
    }
    var result = solution
    result.notes.append("states remember the reward collected so far, up to \(NumberText.grouped(level))")
    return result
  }

  /// The first and last level of a bound on a reward, which is a whole number; nil without a last one.
  mutating func levels(_ bounds: PrismPath.Bounds, _ span: SourceSpan) throws -> (Int, Int?) {
    func level(_ limit: Double, at bound: PrismExpression, _ level: Double) throws -> Int {
      guard (0..<0x1p30).contains(level) else {
        throw fault("the bound on a reward is \(NumberText.significant(limit, digits: 6))", at: bound.span)
      }
      return Int(level)
    }
    guard bounds.lower != nil || bounds.upper != nil else { throw fault("the bound on the reward is missing", at: span) }
    var result: (Int, Int?) = (0, nil)
    if let bound = bounds.lower {
      let limit = try context.real(bound, "the bound on a reward")
      // At least a negative sum is no condition.
      let first = bounds.lowerIsStrict ? limit.rounded(.down) + 1 : limit.rounded(.up)
      result.0 = try level(limit, at: bound, first < 0 ? 0 : first)
    }
    if let bound = bounds.upper {
      let limit = try context.real(bound, "the bound on a reward")
      result.1 = try level(limit, at: bound, bounds.upperIsStrict ? limit.rounded(.up) - 1 : limit.rounded(.down))
    }
    return result
  }

  /// `F G a`: from some time on the set is never left. Almost surely a run stays in one end component in the end.
  private func persistence(_ set: StateSet, maximize: Bool) throws -> SparseSolution {
    guard maximize || isChoiceFree else {
      // The least probability of staying is the complement of the greatest of leaving again and again.
      return opposite(try recurrence(complement(set)))
    }
    let predecessors = try ChoicePredecessors(of: sparse, control: control)
    let enabled = Column<UInt8>(repeating: 0, count: sparse.choiceCount)
    for state in 0..<sparse.stateCount where set.contains(state) {
      for choice in sparse.choices(of: state) { enabled.pointer[choice] = 1 }
    }
    let ends = try MaximalEndComponents(of: sparse, predecessors: predecessors, enabled: enabled, control: control)
    let goal = StateSet(count: sparse.stateCount)
    for state in 0..<sparse.stateCount where ends.componentOf.pointer[state] >= 0 { goal.flags.pointer[state] = 1 }
    var solution = try unbounded(everything, goal, maximize: true)
    for component in 0..<ends.count { remain(in: component, of: ends, visiting: set, predecessors, &solution) }
    return solution
  }

  /// Lets the policy stay in an end component for ever and come to the states of a set again and again.
  private func remain(
    in component: Int, of ends: MaximalEndComponents, visiting set: StateSet, _ predecessors: ChoicePredecessors,
    _ solution: inout SparseSolution
  ) {
    guard solution.policy.count == sparse.stateCount else { return }
    func inside(_ choice: Int) -> Bool { ends.staysInside.pointer[choice] != 0 }
    var reached = ends.states(of: component).map { Int($0) }.filter { set.contains($0) }
    var known = Set(reached)
    for state in reached { solution.policy[state] = sparse.choices(of: state).first(where: inside).map { Int32($0) } ?? -1 }
    while let state = reached.popLast() {
      for position in Int(predecessors.start.pointer[state])..<Int(predecessors.start.pointer[state + 1]) {
        let choice = Int(predecessors.choices.pointer[position])
        let owner = Int(predecessors.owner.pointer[choice])
        guard inside(choice), known.insert(owner).inserted else { continue }
        solution.policy[owner] = Int32(choice)
        reached.append(owner)
      }
    }
  }

  /// With a bound on steps the best choice depends on how many are left.
  private func stepwise(_ solution: SparseSolution, steps: Int) -> SparseSolution {
    guard steps > 1, !isChoiceFree else { return solution }
    var result = solution
    result.policy = []
    result.notes.append("the best choice depends on the steps left, so no policy is shown")
    return result
  }

  /// The greatest probability of `G F a`: some end component with such a state is reached.
  private func recurrence(_ set: StateSet) throws -> SparseSolution {
    let predecessors = try ChoicePredecessors(of: sparse, control: control)
    let ends = try MaximalEndComponents(of: sparse, predecessors: predecessors, control: control)
    let goal = StateSet(count: sparse.stateCount)
    for component in 0..<ends.count {
      let states = ends.states(of: component)
      guard states.contains(where: { set.contains(Int($0)) }) else { continue }
      for state in states { goal.flags.pointer[Int(state)] = 1 }
    }
    var solution = try unbounded(everything, goal, maximize: true)
    for component in 0..<ends.count where ends.states(of: component).contains(where: { set.contains(Int($0)) }) {
      remain(in: component, of: ends, visiting: set, predecessors, &solution)
    }
    return solution
  }

  // MARK: Rewards

  enum Earned {
    case structure(Int)
    case time
  }

  mutating func reward(_ query: PrismQuery, _ earned: Earned, maximize: Bool) throws -> SparseSolution {
    let column: Column<Double>
    let exact: [Rational]?
    switch earned {
    case .structure(let index):
      column = try exploration.reward(index)
      exact = sparse.exact?.rewards[index]
    case .time:
      column = exploration.stepTime
      exact = exactStepTime
    }
    switch query.body {
    case .eventually(let inner, let bounds, let span):
      if isTimed, !bounds.isAbsent { throw unsupported("the reward until an `F` with a bound on the time", at: span) }
      guard bounds.isAbsent, case .state(let condition) = inner else {
        return try formulaReward(query.body, column, exact, maximize: maximize)
      }
      let target = try states(condition)
      return try refined {
        try sparse.rewardUntil(
          target, reward: column, maximize: maximize, tolerance: $0, control: control, exactReward: exact)
      }
    case .cumulative(nil, _):
      return try refined {
        try sparse.rewardForEver(reward: column, maximize: maximize, tolerance: $0, control: control, exactReward: exact)
      }
    case .cumulative(let bound?, _):
      if isTimed { return try timeCumulative(column, bound) }
      let steps = try context.integer(bound, "the number of steps")
      guard steps >= 0 else { throw fault("a number of steps is not negative", at: bound.span) }
      try checkLength(steps, at: bound.span)
      var iteration = StepIteration(sparse, from: indicator(StateSet(count: sparse.stateCount)), maximize: maximize)
      try iteration.run(steps: steps, reward: column, exactReward: exact, control: control)
      return stepwise(iteration.solution(steps: steps, isProbability: false), steps: steps)
    case .instantaneous(let time, let span):
      guard case .structure(let index) = earned else { throw fault("`I=` asks for a reward, not for the time", at: span) }
      if isTimed { return try timeInstantaneous(stateReward(index).value, time) }
      let steps = try context.integer(time, "the number of steps")
      guard steps >= 0 else { throw fault("a number of steps is not negative", at: time.span) }
      try checkLength(steps, at: time.span)
      var iteration = StepIteration(sparse, from: try stateReward(index), maximize: maximize)
      try iteration.run(steps: steps, control: control)
      return stepwise(iteration.solution(steps: steps, isProbability: false), steps: steps)
    case .discounted(let discount, let span):
      let factor = try context.real(discount, "the discount")
      guard factor >= 0, factor < 1 else { throw fault("a discount is at least 0 and less than 1", at: span) }
      return try solved(
        column, Objective(criterion: .discounted(factor), maximizes: maximize), exact,
        discount: method == nil ? .one : try exactNumber(factor, at: discount.span))
    case .longRun: return try longRun(column, exact, maximize: maximize)
    default: return try formulaReward(query.body, column, exact, maximize: maximize)
    }
  }

  /// What each state earns of a rewards structure, its transitions left out.
  private mutating func stateReward(_ index: Int) throws -> SparseSolution {
    if let known = exploration.stateRewards?[index] { return exact(known.array, method: "Evaluation") }
    let (process, id) = try context.stateReward(index)
    return try evaluated(id, in: process)
  }

  /// - Parameters:
  ///   - exactReward: the rewards in fractions, when the answer is to be one; `discount` likewise.
  private func solved(
    _ reward: Column<Double>, _ objective: Objective, _ exactReward: [Rational]?, discount: Rational = .one,
    in process: SparseProcess? = nil
  ) throws -> SparseSolution {
    var process = process ?? sparse
    process.channels = [.init(name: "reward", reward: reward)]
    process.objective = objective
    if let method, let exactReward {
      process.exact?.rewards = [exactReward]
      process.exact?.discount = discount
      return try method.solve(process, control: control)
    }
    let problem = process
    return try refined { tolerance in
      try Planner(for: problem, tolerance: tolerance).method.solve(problem, control: control)
    }
  }

  /// The long-run average of a reward; of a ctmc in time, by its uniformised chain.
  private func longRun(_ reward: Column<Double>, _ exactReward: [Rational]?, maximize: Bool) throws -> SparseSolution {
    let objective = Objective(criterion: .average, maximizes: maximize)
    var solution: SparseSolution
    if isTimed {
      var (process, rate) = uniformised()
      var exactScaled: [Rational]?
      if let form = sparse.exact, let exactReward, let time = exactStepTime {
        let (exactProcess, exactRate) = uniformisedExactly(form, time)
        (process, rate) = (exactProcess, exactRate.double)
        exactScaled = zip(exactReward, time).map { $0.divided(by: $1) ?? .zero }
      }
      let time = exploration.stepTime
      let scaled = Column<Double>(repeating: 0, count: sparse.choiceCount)
      for choice in 0..<sparse.choiceCount { scaled.pointer[choice] = reward.pointer[choice] / time.pointer[choice] }
      solution = try solved(scaled, objective, exactScaled, in: process)
      solution.notes.append("the chain is watched at the times of a clock of rate \(NumberText.significant(rate, digits: 6))")
    } else {
      solution = try solved(reward, objective, exactReward)
    }
    solution.value = solution.gain ?? solution.value
    solution.gain = nil
    return solution
  }

  /// The chain of a ctmc at the ticks of a clock as fast as its fastest state: what is left of a tick is spent where one is.
  func uniformised() -> (SparseProcess, rate: Double) {
    let time = exploration.stepTime
    var rate = 0.0
    for choice in 0..<sparse.choiceCount { rate = max(rate, 1 / time.pointer[choice]) }
    let transitionStart = Column<UInt32>(capacity: sparse.choiceCount + 1)
    let successor = Column<Int32>(capacity: sparse.transitionCount + sparse.stateCount)
    let probability = Column<Double>(capacity: sparse.transitionCount + sparse.stateCount)
    transitionStart.append(0)
    for state in 0..<sparse.stateCount {
      for choice in sparse.choices(of: state) {
        let moves = 1 / (time.pointer[choice] * rate)
        var stays = 1 - moves
        for transition in sparse.transitions(of: choice) {
          let next = Int(sparse.successor.pointer[transition])
          let weight = sparse.probability.pointer[transition] * moves
          if next == state {
            stays += weight
          } else {
            successor.append(Int32(next))
            probability.append(weight)
          }
        }
        if stays > 1e-15 {
          successor.append(Int32(state))
          probability.append(stays)
        }
        transitionStart.append(UInt32(successor.count))
      }
    }
    var process = sparse
    process.transitionStart = transitionStart
    process.successor = successor
    process.probability = probability
    process.exact = nil
    return (process, rate)
  }

  /// The long-run share of time in a set of states.
  mutating func steadyState(_ query: PrismQuery, maximize: Bool) throws -> SparseSolution {
    guard case .state(let condition) = query.body else { throw fault("`S` takes a condition on states", at: query.span) }
    let set = try states(condition)
    let time = exploration.stepTime
    let column = Column<Double>(repeating: 0, count: sparse.choiceCount)
    let exactTime = exactStepTime
    var exact = method == nil ? nil : Array(repeating: Rational.zero, count: sparse.choiceCount)
    for state in 0..<sparse.stateCount where set.contains(state) {
      for choice in sparse.choices(of: state) {
        column.pointer[choice] = isTimed ? time.pointer[choice] : 1
        if let exactTime { exact?[choice] = exactTime[choice] }
      }
    }
    return try longRun(column, exact, maximize: maximize)
  }
}
