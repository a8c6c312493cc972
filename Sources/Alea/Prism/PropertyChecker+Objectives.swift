import AleaSemantics

extension PropertyChecker {
  // MARK: Several objectives

  /// One part of `multi(...)`: something to be made great.
  private struct Goal {
    var objective: MultipleObjectives.Objective
    /// The least value; nil where the greatest is asked for.
    var bound: Double?
    /// Whether the bound must be exceeded.
    var isStrict = false
    /// What was asked is `offset + sign` times the objective.
    var offset = 0.0
    var sign = 1.0
    func asked(_ value: Double) -> Double { offset + sign * value }
  }

  /// `multi(...)`: whether bounds can be met at once, the best of one quantity under bounds, or what can be had of several.
  mutating func multiple(_ parts: [PrismExpression], at span: SourceSpan) throws -> Verdict {
    guard !parts.isEmpty else { throw fault("`multi` takes properties", at: span) }
    var reading = PathReading()
    var formulas: [PathFormula] = []
    var goals = try parts.map { try goal($0, &reading, &formulas) }
    let wanted = goals.indices.filter { goals[$0].bound == nil }
    guard wanted.count < 2 || askedStates.count == 1 else {
      throw unsupported("what can be had of several objectives from several states", at: span, notes: ["ask for one number"])
    }
    let watched = try watched(reading)
    var hasRewards = false
    for index in goals.indices {
      guard case .reward(let column, let clock) = goals[index].objective else { continue }
      goals[index].objective = .reward(watched.lifted(column), until: clock)
      hasRewards = true
    }
    let product = try AutomatonProduct(
      of: watched.process, formulas: formulas, propositions: watched.propositions,
      options: .init(drawsSettledTogether: !hasRewards, countsSteps: hasRewards),
      control: control)
    try checkWork("`multi`", from: askedStates.count, each: 10 * product.process.stateCount, at: span)
    // What must be certain is a matter of the graph; what is true of every policy is no bound.
    var certain: [Int] = []
    var bounds = goals.map { $0.bound ?? -.infinity }
    for (index, goal) in goals.enumerated() where !goal.isStrict {
      guard case .formula(let number) = goal.objective else { continue }
      if bounds[index] == 1 { certain.append(number) }
      if bounds[index] == 1 || bounds[index] <= 0 { bounds[index] = -.infinity }
    }
    let problem = try MultipleObjectives(
      of: product, objectives: goals.map(\.objective), certain: certain, control: control)
    var solution = exact([Double](repeating: .nan, count: sparse.stateCount), method: "weighted objectives")
    solution.notes = [
      "with the automata of its formulas the model has \(NumberText.grouped(product.process.stateCount)) states",
      "policies may remember the run and draw lots" + (asked == nil ? "; the answer is that of the initial state" : ""),
    ]
    let question = Question(goals: goals, bounds: bounds, problem: problem, start: watched.start, span: span)
    switch wanted.count {
    case 0: return try achievable(question, &solution)
    case 1: return try .numbers(best(of: wanted[0], question, solution))
    default:
      let start = problem.starting(in: watched.start(askedStates[0]))
      guard start.isPossible,
        let points = try start.corners(
          of: wanted, bounds: bounds, strict: question.strict, tolerance: max(tolerance ?? 1e-8, 1e-6))
      else { throw fault("no policy meets the bounds of the other objectives", at: span) }
      solution.notes.append(
        "no policy gets farther than 1e-6 beyond the \(wanted.count == 2 ? "lines" : "faces") between these points")
      return .front(points.map { point in zip(wanted, point.middle).map { goals[$0].asked($1) } }, solution)
    }
  }

  /// Several objectives with what is asked of them.
  private struct Question {
    var goals: [Goal]
    var bounds: [Double]
    var problem: MultipleObjectives
    /// The state of the watched process in which a state of the model begins.
    var start: (Int) -> Int
    var span: SourceSpan
    var strict: [Bool] { goals.map(\.isStrict) }
  }

  /// The states from which all bounds can be met at once.
  private func achievable(_ question: Question, _ solution: inout SparseSolution) throws -> Verdict {
    let result = StateSet(count: sparse.stateCount)
    var missed = 0.0
    for state in askedStates {
      let problem = question.problem.starting(in: question.start(state))
      guard problem.isPossible else { continue }
      var points: [MultipleObjectives.Point] = []
      switch try problem.achievability(
        of: question.bounds, strict: question.strict, points: &points, tolerance: tolerance ?? 1e-8)
      {
      case .achievable(let missing):
        missed = max(missed, missing)
        result.flags.pointer[state] = 1
      case .impossible: break
      case .open:
        throw fault(
          "whether the bounds can be met at once cannot be decided: they are too near to the edge of what can be had",
          at: question.span,
          notes: [
            "in state \(StateNaming(explored).text(of: state))",
            question.strict.contains(true)
              ? "a strict bound holds when some policy gets past it by a margin"
              : "ask for one of the numbers itself with `max=?`",
          ])
      }
    }
    if missed > 0 { solution.notes.append(edge(missed)) }
    return .truth(result, solution)
  }

  /// The best of one quantity under bounds on the others.
  private func best(of index: Int, _ question: Question, _ unknown: SparseSolution) throws -> SparseSolution {
    let goal = question.goals[index]
    let isProbability = if case .formula = goal.objective { true } else { false }
    var solution = unknown
    var slack = 0.0
    for state in askedStates {
      let problem = question.problem.starting(in: question.start(state))
      let optimum =
        problem.isPossible
        ? try problem.optimum(of: index, bounds: question.bounds, strict: question.strict, tolerance: tolerance ?? 1e-8) : nil
      guard let optimum else {
        if asked != nil { continue }
        throw fault(
          "no policy meets the bounds of the other objectives", at: question.span,
          notes: sparse.initial.count > 1 ? ["in state \(StateNaming(explored).text(of: state))"] : [])
      }
      let ends = [goal.asked(optimum.lower), goal.asked(optimum.upper)].sorted()
      let (low, high) = isProbability ? (max(0, ends[0]), min(1, ends[1])) : (ends[0], ends[1])
      (solution.lower[state], solution.upper[state]) = (low, high)
      solution.value[state] = low + (high - low) / 2
      solution.bound = max(solution.bound, (high - low) / 2)
      solution.iterations += optimum.points
      slack = max(slack, optimum.slack)
    }
    if slack > 0 { solution.notes.append(edge(slack)) }
    if question.strict.contains(true) {
      solution.notes.append("under strict bounds policies come as near to the number as one likes, and may not attain it")
    }
    return solution
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
    var isStrict = false
    switch query.relation {
    case .query:
      guard let optimum = query.optimum ?? (isChoiceFree ? .greatest : nil) else {
        throw fault(
          "an mdp has no single answer", at: part.span, notes: ["ask for the least or the greatest with `min=?` or `max=?`"])
      }
      isLeast = optimum == .least
    case .bound(let relation, let limit):
      guard query.optimum == nil else {
        throw fault("a bound in `multi` speaks of the one policy that is looked for, without `min` or `max`", at: part.span)
      }
      isLeast = relation == .lessEqual || relation == .less
      isStrict = relation == .greater || relation == .less
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
        objective: .formula(formulas.count - 1), bound: bound.map { isLeast ? 1 - $0 : $0 }, isStrict: isStrict,
        offset: isLeast ? 1 : 0, sign: isLeast ? -1 : 1)
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
      if !isLeast { return Goal(objective: .reward(reward, until: clock), bound: bound, isStrict: isStrict) }
      let negated = Column<Double>(repeating: 0, count: sparse.choiceCount)
      for choice in 0..<sparse.choiceCount { negated.pointer[choice] = 0 - reward.pointer[choice] }
      return Goal(objective: .reward(negated, until: clock), bound: bound.map { 0 - $0 }, isStrict: isStrict, sign: -1)
    case .time, .steadyState: throw unsupported("this quantity in `multi`", at: part.span, notes: ["`P` and `R` can be"])
    }
  }
}
