import AleaSemantics

extension PropertyChecker {
  // MARK: Several objectives

  /// One part of `multi(...)`: something to be made great.
  private struct Goal {
    var objective: MultipleObjectives.Objective
    /// The least value; nil where the greatest is asked for.
    var bound: Double?
    /// What was asked is `offset + sign` times the objective.
    var offset = 0.0
    var sign = 1.0
    func asked(_ value: Double) -> Double { offset + sign * value }
  }

  /// `multi(...)`: whether bounds can be met at once, the best of one quantity under bounds, or what can be had of two.
  mutating func multiple(_ parts: [PrismExpression], at span: SourceSpan) throws -> Verdict {
    guard !parts.isEmpty else { throw fault("`multi` takes properties", at: span) }
    guard sparse.initial.count == 1, let initial = sparse.initial.first.map({ Int($0.state) }) else {
      throw unsupported("a property with several objectives in a model with several initial states", at: span)
    }
    var reading = PathReading()
    var formulas: [PathFormula] = []
    let goals = try parts.map { try goal($0, &reading, &formulas) }
    let asked = goals.indices.filter { goals[$0].bound == nil }
    let hasRewards = goals.contains { if case .reward = $0.objective { true } else { false } }
    let product = try AutomatonProduct(
      of: sparse, formulas: formulas, propositions: reading.propositions,
      options: .init(drawsSettledTogether: !hasRewards, countsSteps: hasRewards),
      control: control)
    // What must be certain is a matter of the graph; what is true of every policy is no bound.
    var certain: [Int] = []
    var bounds = goals.map { $0.bound ?? -.infinity }
    for (index, goal) in goals.enumerated() {
      guard case .formula(let number) = goal.objective else { continue }
      if bounds[index] == 1 { certain.append(number) }
      if bounds[index] == 1 || bounds[index] <= 0 { bounds[index] = -.infinity }
    }
    let problem = try MultipleObjectives(
      of: product, objectives: goals.map(\.objective), certain: certain, control: control)
    let precision = tolerance ?? 1e-8
    var solution = exact([Double](repeating: .nan, count: sparse.stateCount), method: "weighted objectives")
    solution.notes = [
      "with the automata of its formulas the model has \(NumberText.grouped(product.process.stateCount)) states",
      "policies may remember the run and draw lots; the answer is that of the initial state",
    ]
    guard problem.isPossible else {
      guard asked.isEmpty else { throw fault("no policy meets the bounds of the other objectives", at: span) }
      return .truth(StateSet(count: sparse.stateCount), solution)
    }
    switch asked.count {
    case 0:
      var points: [MultipleObjectives.Point] = []
      switch try problem.achievability(of: bounds, points: &points, tolerance: precision) {
      case .achievable(let missing):
        if missing > 0 { solution.notes.append(edge(missing)) }
        return .truth(StateSet([initial], count: sparse.stateCount), solution)
      case .impossible: return .truth(StateSet(count: sparse.stateCount), solution)
      case .open:
        throw fault(
          "whether the bounds can be met at once cannot be decided: they are too near to the edge of what can be had", at: span,
          notes: ["ask for one of the numbers itself with `max=?`"])
      }
    case 1:
      guard let optimum = try problem.optimum(of: asked[0], bounds: bounds, tolerance: precision) else {
        throw fault("no policy meets the bounds of the other objectives", at: span)
      }
      let goal = goals[asked[0]]
      let ends = [goal.asked(optimum.lower), goal.asked(optimum.upper)].sorted()
      let isProbability = if case .formula = goal.objective { true } else { false }
      let (low, high) = isProbability ? (max(0, ends[0]), min(1, ends[1])) : (ends[0], ends[1])
      solution.iterations = optimum.points
      if optimum.slack > 0 {
        solution.notes.append(edge(optimum.slack))
      }
      return .combined(solution, value: low + (high - low) / 2, lower: low, upper: high, exact: nil)
    case 2 where goals.count == 2:
      let points = try problem.front(tolerance: max(precision, 1e-6))
      solution.notes.append("no policy gets farther than 1e-6 beyond the lines between these points")
      return .front(points.map { point in goals.indices.map { goals[$0].asked(point.middle[$0]) } }, solution)
    default:
      throw unsupported(
        "what can be had of more than two objectives, or of two under bounds", at: span, notes: ["ask for one or two numbers"])
    }
  }

  private func edge(_ missing: Double) -> String {
    "the bounds are at the edge of what can be had: the policy found may miss one by \(NumberText.significant(missing, digits: 2))"
  }

  private mutating func goal(_ part: PrismExpression, _ reading: inout PathReading, _ formulas: inout [PathFormula]) throws
    -> Goal
  {
    guard case .query(let query) = part.kind else {
      throw fault("`multi` takes properties `P` and `R`", at: part.span)
    }
    var bound: Double?
    let isLeast: Bool
    switch query.relation {
    case .query:
      guard let optimum = query.optimum ?? (isChoiceFree ? .greatest : nil) else {
        throw fault(
          "an mdp has no single answer", at: part.span, notes: ["ask for the least or the greatest with `min=?` or `max=?`"])
      }
      isLeast = optimum == .least
    case .bound(let relation, let limit):
      guard relation == .greaterEqual || relation == .lessEqual else {
        throw unsupported("a strict bound in `multi`", at: limit.span, notes: ["write `>=` or `<=`"])
      }
      guard query.optimum == nil else {
        throw fault("a bound in `multi` speaks of the one policy that is looked for, without `min` or `max`", at: part.span)
      }
      isLeast = relation == .lessEqual
      bound = try context.real(limit, "the bound")
    }
    switch query.quantity {
    case .probability:
      if let value = bound, !(0...1).contains(value) {
        throw fault("the bound is \(NumberText.significant(value, digits: 6)), which is not a probability", at: part.span)
      }
      let formula = try self.formula(query.body, &reading)
      formulas.append(isLeast ? .not(formula) : formula)
      return Goal(
        objective: .formula(formulas.count - 1), bound: bound.map { isLeast ? 1 - $0 : $0 }, offset: isLeast ? 1 : 0,
        sign: isLeast ? -1 : 1)
    case .reward(let reference):
      let index = try context.rewardIndex(reference, at: query.span)
      guard case .cumulative(let last, let span) = query.body else {
        throw unsupported(
          "this reward in `multi`", at: query.body.span, notes: ["`R=? [ C ]` and `R=? [ C<=k ]` can be"])
      }
      var clock: Int?
      if let last {
        if isTimed { throw unsupported("a bound on the time of a ctmc in `multi`", at: span) }
        let steps = try context.integer(last, "the number of steps")
        guard steps >= 0 else { throw fault("a number of steps is not negative", at: last.span) }
        guard steps <= 1_000 else { throw unsupported("a bound of more than 1,000 steps in `multi`", at: last.span) }
        // True once so many steps have been taken.
        formulas.append((0..<steps).reduce(.constant(true)) { formula, _ in .next(formula) })
        clock = formulas.count - 1
      }
      let reward = try exploration.reward(index)
      if !isLeast { return Goal(objective: .reward(reward, until: clock), bound: bound) }
      let negated = Column<Double>(repeating: 0, count: sparse.choiceCount)
      for choice in 0..<sparse.choiceCount { negated.pointer[choice] = 0 - reward.pointer[choice] }
      return Goal(objective: .reward(negated, until: clock), bound: bound.map { 0 - $0 }, sign: -1)
    case .time, .steadyState: throw unsupported("this quantity in `multi`", at: part.span, notes: ["`P` and `R` can be"])
    }
  }
}
