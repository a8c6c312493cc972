import AleaSemantics

/// A formula over paths with the sets of states it speaks of.
struct PathReading {
  var formula = PathFormula.constant(true)
  var propositions: [StateSet] = []

  /// The set as a proposition; a set with every state or none is a constant.
  mutating func proposition(_ set: StateSet) -> PathFormula {
    let flags = set.flags.array
    if !flags.contains(0) { return .constant(true) }
    if !flags.contains(1) { return .constant(false) }
    if let known = propositions.firstIndex(where: { $0.flags.array == flags }) { return .proposition(known) }
    propositions.append(set)
    return .proposition(propositions.count - 1)
  }
}

extension PropertyChecker {
  // MARK: Linear temporal logic

  /// Whether a path property is one operator, or `F G` or `G F`, over conditions on states, with a way of its own to be solved.
  func isSimple(_ path: PrismPath) -> Bool {
    func isState(_ path: PrismPath) -> Bool { if case .state = path { true } else { false } }
    switch path {
    case .state: return true
    case .not(let inner, _): return isSimple(inner)
    case .next(let inner, _): return isState(inner)
    case .eventually(let inner, let bounds, _):
      if case .globally(let state, let innerBounds, _) = inner {
        return bounds.isAbsent && innerBounds.isAbsent && isState(state)
      }
      return isState(inner)
    case .globally(let inner, let bounds, _):
      if case .eventually(let state, let innerBounds, _) = inner {
        return bounds.isAbsent && innerBounds.isAbsent && isState(state)
      }
      return isState(inner)
    case .until(let a, let b, _, _), .weakUntil(let a, let b, _, _), .release(let a, let b, _, _): return isState(a) && isState(b)
    case .and, .or: return false
    case .conditional, .cumulative, .discounted, .instantaneous, .longRun: return true
    }
  }

  /// The greatest or least probability of a formula of linear temporal logic.
  mutating func formulaProbability(_ path: PrismPath, maximize: Bool) throws -> SparseSolution {
    var reading = PathReading()
    let formula = try self.formula(path, &reading)
    let product = try AutomatonProduct(
      of: sparse, formulas: [maximize ? formula : .not(formula)], propositions: reading.propositions, control: control)
    let control = control
    let solution = try refined { try product.probability(tolerance: $0, control: control) }
    return withoutPolicy(maximize ? solution : opposite(solution))
  }

  /// The expected reward until a formula is known to be true.
  mutating func formulaReward(_ path: PrismPath, _ reward: Column<Double>, maximize: Bool) throws -> SparseSolution {
    guard isCosafe(path, negated: false) else {
      throw unsupported(
        "the reward until a formula that no finite part of a run shows to be true", at: path.span,
        notes: ["`F`, `U` and `X` without a negation before them, and operators with bounds, are shown by a finite part"])
    }
    var reading = PathReading()
    let formula = try self.formula(path, &reading)
    let product = try AutomatonProduct(
      of: sparse, formulas: [formula], propositions: reading.propositions, options: .init(guesses: false, countsSteps: true),
      control: control)
    let control = control
    return withoutPolicy(
      try refined { try product.reward(reward, maximize: maximize, tolerance: $0, control: control) })
  }

  /// The probability of one formula given another.
  mutating func conditional(_ wanted: PrismPath, _ given: PrismPath, at span: SourceSpan) throws -> SparseSolution {
    guard isChoiceFree else { throw unsupported("a conditional probability (`||`) of an mdp", at: span) }
    let condition = try probability(given, maximize: true)
    guard sparse.initial.allSatisfy({ condition.upper[Int($0.state)] > 0 }) else {
      throw fault("the condition has probability 0", at: given.span ?? span)
    }
    let both = try probability(.and(wanted, given), maximize: true)
    var result = both
    for state in 0..<sparse.stateCount {
      let (least, most) = (condition.lower[state], condition.upper[state])
      guard most > 0 else {
        (result.value[state], result.lower[state], result.upper[state]) = (.nan, .nan, .nan)
        continue
      }
      let isSame = both.lower[state] == least && both.upper[state] == most && least == most
      result.lower[state] = both.lower[state] == 0 ? 0 : isSame ? 1 : max(0, (both.lower[state] / most).nextDown)
      result.upper[state] = both.upper[state] == 0 ? 0 : isSame || least == 0 ? 1 : min(1, (both.upper[state] / least).nextUp)
      result.value[state] = result.lower[state] + (result.upper[state] - result.lower[state]) / 2
    }
    result.bound = zip(result.lower, result.upper).reduce(0) { $1.0 < $1.1 ? max($0, ($1.1 - $1.0) / 2) : $0 }
    result.policy = []
    result.exact = nil
    return result
  }

  private func withoutPolicy(_ solution: SparseSolution) -> SparseSolution {
    var result = solution
    result.policy = []
    if !isChoiceFree { result.notes.append("a policy that attains it depends on the run so far, and is not shown") }
    return result
  }

  /// Whether a formula, once true, is shown by a finite part of the run.
  private func isCosafe(_ path: PrismPath, negated: Bool) -> Bool {
    switch path {
    case .state: return true
    case .not(let inner, _): return isCosafe(inner, negated: !negated)
    case .and(let a, let b), .or(let a, let b): return isCosafe(a, negated: negated) && isCosafe(b, negated: negated)
    case .next(let inner, _): return isCosafe(inner, negated: negated)
    case .eventually(let inner, let bounds, _):
      return (bounds.upper != nil || !negated) && isCosafe(inner, negated: negated)
    case .globally(let inner, let bounds, _):
      return (bounds.upper != nil || negated) && isCosafe(inner, negated: negated)
    case .until(let a, let b, let bounds, _):
      return (bounds.upper != nil || !negated) && isCosafe(a, negated: negated) && isCosafe(b, negated: negated)
    case .weakUntil(let a, let b, let bounds, _), .release(let a, let b, let bounds, _):
      return (bounds.upper != nil || negated) && isCosafe(a, negated: negated) && isCosafe(b, negated: negated)
    case .conditional, .cumulative, .discounted, .instantaneous, .longRun: return false
    }
  }

  /// A path property as a formula over sets of states.
  mutating func formula(_ path: PrismPath, _ reading: inout PathReading) throws -> PathFormula {
    switch path {
    case .state(let expression): return reading.proposition(try states(expression))
    case .not(let inner, _): return .not(try formula(inner, &reading))
    case .and(let a, let b): return .and(try formula(a, &reading), try formula(b, &reading))
    case .or(let a, let b): return .or(try formula(a, &reading), try formula(b, &reading))
    case .next(let inner, _): return .next(try formula(inner, &reading))
    case .eventually(let inner, let bounds, let span):
      let (first, last) = try nestedSteps(bounds, span)
      return .eventually(try formula(inner, &reading), first: first, last: last)
    case .globally(let inner, let bounds, let span):
      let (first, last) = try nestedSteps(bounds, span)
      return .always(try formula(inner, &reading), first: first, last: last)
    case .until(let a, let b, let bounds, let span):
      let (first, last) = try nestedSteps(bounds, span)
      return .until(try formula(a, &reading), try formula(b, &reading), first: first, last: last)
    case .weakUntil(let a, let b, let bounds, let span):
      let (first, last) = try nestedSteps(bounds, span)
      let (one, two) = (try formula(a, &reading), try formula(b, &reading))
      if bounds.isAbsent { return .weakUntil(one, two) }
      return .not(.until(.and(one, .not(two)), .and(.not(one), .not(two)), first: first, last: last))
    case .release(let a, let b, let bounds, let span):
      let (first, last) = try nestedSteps(bounds, span)
      return .not(.until(.not(try formula(a, &reading)), .not(try formula(b, &reading)), first: first, last: last))
    case .conditional(_, _, let span):
      throw fault("a condition (`||`) belongs to the whole of what is asked", at: span)
    case .cumulative(_, let span), .discounted(_, let span), .instantaneous(_, let span), .longRun(let span):
      throw fault("this asks for a reward: it belongs into `R=? [ ... ]`", at: span)
    }
  }

  private mutating func nestedSteps(_ bounds: PrismPath.Bounds, _ span: SourceSpan) throws -> (Int, Int?) {
    if bounds.isAbsent { return (0, nil) }
    if bounds.isOnReward { throw unsupported("a bound on a reward inside a larger formula", at: span) }
    if isTimed { throw unsupported("a bound on the time of a ctmc inside a larger formula", at: span) }
    let (first, last) = try steps(bounds)
    // `F<0` and the like ask for something before the start.
    if let last, last < first { return (1, 0) }
    return (first, last)
  }
}
