import AleaModel

extension SparseProcess {
  /// The greatest or least expected reward collected until a target is first reached, from every state, with proved bounds.
  ///
  /// **What is computed.** For a policy that does not reach the target with probability one the reward is infinite, whatever it
  /// collects; in a target state it is zero. So the greatest is infinite wherever some policy may miss the target, and the least wherever
  /// every policy may; the least never rests among states without reward, since that would miss the target. Rewards are not negative.
  /// Source: Kwiatkowska, Norman and Parker, *Stochastic model checking* (2007), section 3.3; Forejt, Kwiatkowska, Norman and Parker,
  /// *Automated verification techniques for probabilistic systems* (2011), section 5.
  ///
  /// - Parameters:
  ///   - reward: one number a choice, none negative.
  ///   - tolerance: the guaranteed error to aim at.
  /// - Throws: `UnmetRequirement` for a negative reward; `WorkCancelled` when `control` ends the work.
  public func rewardUntil(
    _ target: StateSet, reward: Column<Double>, maximize: Bool, tolerance: Double = 1e-6, control: WorkControl = WorkControl(),
    exactReward: [Rational]? = nil
  ) throws -> SparseSolution {
    try requireNonnegative(reward, "the expected reward until a target")
    let predecessors = try ChoicePredecessors(of: self, control: control)
    let sets = QualitativeReachability(of: self, predecessors: predecessors, target: target, control: control)
    let finite = try maximize ? sets.alwaysReached() : sets.surelyReachable()
    let keeps = Column<UInt8>(repeating: 0, count: choiceCount)
    for state in 0..<stateCount where finite.contains(state) && !target.contains(state) {
      for choice in choices(of: state)
      where transitions(of: choice).allSatisfy({ finite.flags.pointer[Int(successor.pointer[$0])] != 0 }) {
        keeps.pointer[choice] = 1
      }
    }
    var components: MaximalEndComponents?
    if !maximize {
      let idle = Column<UInt8>(repeating: 0, count: choiceCount)
      for choice in 0..<choiceCount where keeps.pointer[choice] != 0 && reward.pointer[choice] == 0 { idle.pointer[choice] = 1 }
      let found = try MaximalEndComponents(of: self, predecessors: predecessors, enabled: idle, control: control)
      if !found.isEmpty { components = found }
    }
    let reduction = ProcessReduction(
      of: self, reward: reward, keeps: keeps, components: components,
      objective: Objective(criterion: .total, maximizes: maximize), exactReward: exactReward)
    let solution =
      exactReward == nil
      ? try OptimisticValueIteration(tolerance: tolerance).solve(reduction.process, control: control)
      : try Exact().solve(reduction.process, control: control)
    var result = reduction.original(solution, of: self, components: components)
    var infinite = 0
    for state in 0..<stateCount where !finite.contains(state) {
      result.value[state] = .infinity
      result.lower[state] = .infinity
      result.upper[state] = .infinity
      result.exact?[state] = .infinite(isPositive: true)
      infinite += 1
    }
    if infinite > 0 {
      result.notes.append(
        "\(NumberText.grouped(infinite)) of \(NumberText.grouped(stateCount)) states have an infinite expectation: from there the target may be missed"
      )
    }
    return result
  }

  /// The greatest or least expected reward collected for ever, from every state, with proved bounds; infinite where a positive reward
  /// is met again and again.
  public func rewardForEver(
    reward: Column<Double>, maximize: Bool, tolerance: Double = 1e-6, control: WorkControl = WorkControl(),
    exactReward: [Rational]? = nil
  ) throws -> SparseSolution {
    try requireNonnegative(reward, "the total reward")
    var process = self
    process.channels = [.init(name: "reward", reward: reward)]
    process.objective = Objective(criterion: .total, maximizes: maximize)
    if let exactReward {
      process.exact?.rewards = [exactReward]
      return try Exact().solve(process, control: control)
    }
    return try OptimisticValueIteration(tolerance: tolerance).solve(process, control: control)
  }

  func requireNonnegative(_ reward: Column<Double>, _ what: String) throws {
    guard let choice = (0..<choiceCount).first(where: { reward.pointer[$0] < 0 }) else { return }
    let owner = (0..<stateCount).first { choices(of: $0).contains(choice) } ?? 0
    throw UnmetRequirement(
      method: what, requirement: "rewards that are not negative",
      found: "in state \(owner) a choice earns \(reward.pointer[choice])",
      remedy: "split the rewards into gains and costs")
  }

  /// The greatest or least probability of reaching a target while staying in the states of another set, with proved bounds.
  public func until(
    _ target: StateSet, within staying: StateSet, maximize: Bool, tolerance: Double = 1e-6, control: WorkControl = WorkControl()
  ) throws -> SparseSolution {
    let isWhole = (0..<stateCount).allSatisfy { staying.flags.pointer[$0] | target.flags.pointer[$0] != 0 }
    if isWhole { return try anyReachability(of: target, maximize: maximize, tolerance: tolerance, control: control) }
    // Nothing matters any more in a target, or where neither set holds.
    let keeps = Column<UInt8>(repeating: 0, count: choiceCount)
    for state in 0..<stateCount where staying.contains(state) && !target.contains(state) {
      for choice in choices(of: state) { keeps.pointer[choice] = 1 }
    }
    let nothing = Column<Double>(repeating: 0, count: choiceCount)
    let reduction = ProcessReduction(of: self, reward: nothing, keeps: keeps, objective: objective)
    let solution = try reduction.process.anyReachability(of: target, maximize: maximize, tolerance: tolerance, control: control)
    return reduction.original(solution, of: self)
  }

  /// The states from which every (`forAll`) or some policy reaches a target almost surely, or with positive probability, while staying
  /// in the states of another set: exact, from the graph alone.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public func qualitativeUntil(
    _ target: StateSet, within staying: StateSet, almostSurely: Bool, forAll: Bool, control: WorkControl = WorkControl()
  ) throws(WorkCancelled) -> StateSet {
    let keeps = Column<UInt8>(repeating: 0, count: choiceCount)
    for state in 0..<stateCount where staying.contains(state) && !target.contains(state) {
      for choice in choices(of: state) { keeps.pointer[choice] = 1 }
    }
    let nothing = Column<Double>(repeating: 0, count: choiceCount)
    let process = ProcessReduction(of: self, reward: nothing, keeps: keeps, objective: objective).process
    let sets = try QualitativeReachability(
      of: process, predecessors: ChoicePredecessors(of: process, control: control), target: target, control: control)
    if almostSurely { return try forAll ? sets.alwaysReached() : sets.surelyReachable() }
    let zero = try forAll ? sets.avoidable() : sets.neverReached()
    return StateSet((0..<stateCount).filter { !zero.contains($0) }, count: stateCount)
  }
}
