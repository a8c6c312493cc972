import AleaSemantics

/// What formulas over paths speak of: sets of states, and what has been collected since the start.
struct PathReading {
  enum Proposition {
    case states(StateSet)
    /// A counter stands between two numbers.
    case count(Int, from: Int, to: Int)
  }

  /// What is counted along a run.
  enum Counted: Equatable {
    case reward(Int)
    case steps
  }

  private(set) var propositions: [Proposition] = []
  private(set) var counters: [(what: Counted, cap: Int)] = []
  /// Whether many steps may be counted in the states; else only automata count.
  var countsSteps = true

  /// The set as a proposition; a set with every state or none is a constant.
  mutating func proposition(_ set: StateSet) -> PathFormula {
    let flags = set.flags.array
    if !flags.contains(0) { return .constant(true) }
    if !flags.contains(1) { return .constant(false) }
    for (index, known) in propositions.enumerated() {
      if case .states(let states) = known, states.flags.array == flags { return .proposition(index) }
    }
    propositions.append(.states(set))
    return .proposition(propositions.count - 1)
  }

  /// That what has been collected so far lies between two numbers, the last nil for any number.
  mutating func proposition(_ what: Counted, from first: Int, to last: Int?) -> PathFormula {
    if let last, last < first { return .constant(false) }
    let cap = last.map { $0 + 1 } ?? first
    let counter: Int
    if let known = counters.firstIndex(where: { $0.what == what }) {
      counter = known
      counters[known].cap = max(counters[known].cap, cap)
    } else {
      counter = counters.count
      counters.append((what, cap))
    }
    propositions.append(.count(counter, from: first, to: last ?? .max))
    return .proposition(propositions.count - 1)
  }
}

/// The model as formulas over paths see it: as it is, or with what has been collected as part of its states.
struct WatchedProcess {
  let process: SparseProcess
  let propositions: [StateSet]
  let counted: CountedProcess?

  /// The state in which a state of the model begins.
  func start(_ state: Int) -> Int { counted.map { Int($0.start[state]) } ?? state }

  func lifted(_ reward: Column<Double>) -> Column<Double> { counted?.lifted(reward) ?? reward }

  func lifted(_ exactReward: [Rational]) -> [Rational] {
    counted.map { counted in (0..<counted.origin.count).map { exactReward[Int(counted.origin[$0])] } } ?? exactReward
  }

  /// An answer about the model.
  func original(_ solution: SparseSolution) -> SparseSolution {
    guard let counted else { return solution }
    var result = solution
    func first(_ numbers: [Double]) -> [Double] { counted.start.map { numbers[Int($0)] } }
    (result.value, result.lower, result.upper) = (first(solution.value), first(solution.lower), first(solution.upper))
    result.exact = solution.exact.map { exact in counted.start.map { exact[Int($0)] } }
    result.policy = []
    result.notes.append(
      "states remember what has been collected so far: \(NumberText.grouped(counted.state.count)) states")
    return result
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
      return isState(inner) && !bounds.isBetweenRewards
    case .globally(let inner, let bounds, _):
      if case .eventually(let state, let innerBounds, _) = inner {
        return bounds.isAbsent && innerBounds.isAbsent && isState(state)
      }
      return isState(inner) && !bounds.isBetweenRewards
    case .until(let a, let b, let bounds, _), .weakUntil(let a, let b, let bounds, _), .release(let a, let b, let bounds, _):
      return isState(a) && isState(b) && !bounds.isBetweenRewards
    case .and, .or: return false
    case .conditional, .cumulative, .discounted, .instantaneous, .longRun: return true
    }
  }

  /// The model with the counters that formulas need.
  func watched(_ reading: PathReading) throws -> WatchedProcess {
    var counted: CountedProcess?
    if !reading.counters.isEmpty {
      counted = try CountedProcess(
        of: sparse,
        counters: reading.counters.map { counter in
          switch counter.what {
          case .steps: .init(amount: Column(repeating: 1, count: sparse.choiceCount), cap: counter.cap)
          case .reward(let index): .init(amount: try exploration.reward(index), cap: counter.cap)
          }
        }, control: control)
    }
    let propositions = reading.propositions.map { proposition in
      switch proposition {
      case .states(let set): counted?.lifted(set) ?? set
      case .count(let counter, let first, let last):
        counted?.states(counter: counter, from: first, to: last) ?? StateSet(count: sparse.stateCount)
      }
    }
    return WatchedProcess(process: counted?.process ?? sparse, propositions: propositions, counted: counted)
  }

  /// The greatest or least probability of a formula of linear temporal logic.
  mutating func formulaProbability(_ path: PrismPath, maximize: Bool) throws -> SparseSolution {
    var reading = PathReading()
    let formula = try self.formula(path, &reading)
    let watched = try watched(reading)
    let product = try AutomatonProduct(
      of: watched.process, formulas: [maximize ? formula : .not(formula)], propositions: watched.propositions, control: control)
    let control = control
    let solution = try refined { watched.original(try product.probability(tolerance: $0, control: control)) }
    return withoutPolicy(maximize ? solution : opposite(solution))
  }

  /// The expected reward until a formula is known to be true.
  mutating func formulaReward(_ path: PrismPath, _ reward: Column<Double>, _ exact: [Rational]?, maximize: Bool) throws
    -> SparseSolution
  {
    guard isCosafe(path, negated: false) else {
      throw unsupported(
        "the reward until a formula that no finite part of a run shows to be true", at: path.span,
        notes: ["`F`, `U` and `X` without a negation before them, and operators with bounds, are shown by a finite part"])
    }
    var reading = PathReading()
    reading.countsSteps = false
    let formula = try self.formula(path, &reading)
    let watched = try watched(reading)
    let earned = watched.lifted(reward)
    let exactEarned = method == nil ? nil : exact.map { watched.lifted($0) }
    let product = try AutomatonProduct(
      of: watched.process, formulas: [formula], propositions: watched.propositions,
      options: .init(guesses: false, countsSteps: true), control: control)
    let control = control
    return withoutPolicy(
      try refined {
        watched.original(
          try product.reward(earned, maximize: maximize, tolerance: $0, control: control, exactReward: exactEarned))
      })
  }

  /// The probability of one formula given another.
  mutating func conditional(_ wanted: PrismPath, _ given: PrismPath, maximize: Bool, at span: SourceSpan) throws -> SparseSolution
  {
    let condition = try probability(given, maximize: true)
    guard asked != nil || sparse.initial.allSatisfy({ condition.upper[Int($0.state)] > 0 }) else {
      throw fault(
        "the condition has probability 0", at: given.span ?? span,
        label: isChoiceFree ? "" : "whatever is chosen",
        notes: ["a probability under a condition is a quotient by the probability of the condition"])
    }
    guard isChoiceFree else { return try conditionalOptimum(wanted, given, condition, maximize: maximize) }
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
    if let (whole, part) = condition.exact.flatMap({ whole in both.exact.map { (whole, $0) } }) {
      for state in 0..<sparse.stateCount {
        guard case .finite(let a) = part[state], case .finite(let b) = whole[state], let quotient = a.divided(by: b) else {
          continue
        }
        result.exactAt[state] = .finite(quotient)
        (result.value[state], result.lower[state], result.upper[state]) = ExactValue.finite(quotient).doubles
      }
    }
    return result
  }

  /// The greatest or least probability of one formula given another, over the policies that make the other possible.
  private mutating func conditionalOptimum(
    _ wanted: PrismPath, _ given: PrismPath, _ condition: SparseSolution, maximize: Bool
  ) throws -> SparseSolution {
    var reading = PathReading()
    let (goal, premise) = (try formula(wanted, &reading), try formula(given, &reading))
    let watched = try watched(reading)
    let problem = try ConditionalProbability(
      of: watched.process, maximize ? goal : .not(goal), given: premise, propositions: watched.propositions, control: control)
    let members = askedStates.filter { condition.upper[$0] > 0 }
    try checkWork("a condition", from: members.count, each: problem.stateCount, at: wanted.span)
    let control = control
    let unknown = exact([Double](repeating: .nan, count: sparse.stateCount), method: "reset at a failed condition")
    var result = try refined { tolerance in
      var answer = unknown
      for state in members {
        let found = try problem.greatest(from: watched.start(state), tolerance: tolerance, control: control)
        // 1 - x is rounded, except where it is exact.
        func opposite(_ x: Double, _ slip: (Double) -> Double) -> Double {
          x == 0 ? 1 : x == 1 ? 0 : min(1, max(0, slip(1 - x)))
        }
        answer.lower[state] = maximize ? found.lower : opposite(found.upper) { $0.nextDown }
        answer.upper[state] = maximize ? found.upper : opposite(found.lower) { $0.nextUp }
        if case .finite(let number)? = found.exact {
          answer.exactAt[state] = .finite(maximize ? number : .one - number)
        }
        answer.value[state] = answer.lower[state] + (answer.upper[state] - answer.lower[state]) / 2
        answer.iterations += found.sweeps
        answer.bound = max(answer.bound, (answer.upper[state] - answer.lower[state]) / 2)
      }
      return answer
    }
    let likeliest = condition.value[members.first ?? 0]
    if likeliest < 1 {
      result.notes.append("the condition holds with a probability of at most \(NumberText.significant(likeliest, digits: 6))")
    }
    result.notes += [
      "runs that fail the condition begin anew, watched by automata: \(NumberText.grouped(problem.stateCount)) states"
    ]
    if asked == nil, sparse.stateCount > sparse.initial.count { result.notes.append("the answer is that of the initial state") }
    return withoutPolicy(result)
  }

  /// Refuses a question that has to be solved anew from each of very many states.
  func checkWork(_ what: String, from states: Int, each size: Int, at span: SourceSpan?) throws {
    guard states > 1, Double(states) * Double(size) > Self.mostWorkFromSeveralStates else { return }
    throw unsupported(
      "\(what) asked about from \(NumberText.grouped(states)) states", at: span,
      notes: ["each is solved by itself: ask about fewer, as in `filter(max, ..., x=0)`"])
  }

  private static let mostWorkFromSeveralStates = 1e8

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
      return (bounds.endsSteps || !negated) && isCosafe(inner, negated: negated)
    case .globally(let inner, let bounds, _):
      return (bounds.endsSteps || negated) && isCosafe(inner, negated: negated)
    case .until(let a, let b, let bounds, _):
      return (bounds.endsSteps || !negated) && isCosafe(a, negated: negated) && isCosafe(b, negated: negated)
    case .weakUntil(let a, let b, let bounds, _), .release(let a, let b, let bounds, _):
      return (bounds.endsSteps || negated) && isCosafe(a, negated: negated) && isCosafe(b, negated: negated)
    case .conditional, .cumulative, .discounted, .instantaneous, .longRun: return false
    }
  }

  /// A path property as a formula over sets of states.
  ///
  /// - Parameter isFirst: whether it speaks of the start of the run, from which rewards are counted.
  mutating func formula(_ path: PrismPath, _ reading: inout PathReading, isFirst: Bool = true) throws -> PathFormula {
    switch path {
    case .state(let expression): return reading.proposition(try states(expression))
    case .not(let inner, _): return .not(try formula(inner, &reading, isFirst: isFirst))
    case .and(let a, let b):
      return .and(try formula(a, &reading, isFirst: isFirst), try formula(b, &reading, isFirst: isFirst))
    case .or(let a, let b):
      return .or(try formula(a, &reading, isFirst: isFirst), try formula(b, &reading, isFirst: isFirst))
    case .next(let inner, _): return .next(try formula(inner, &reading, isFirst: false))
    case .eventually(let inner, let bounds, let span):
      let inside = try formula(inner, &reading, isFirst: false)
      return try until(.constant(true), inside, bounds, span, &reading, isFirst)
    case .globally(let inner, let bounds, let span):
      let inside = try formula(inner, &reading, isFirst: false)
      return .not(try until(.constant(true), .not(inside), bounds, span, &reading, isFirst))
    case .until(let a, let b, let bounds, let span):
      let (one, two) = (try formula(a, &reading, isFirst: false), try formula(b, &reading, isFirst: false))
      return try until(one, two, bounds, span, &reading, isFirst)
    case .weakUntil(let a, let b, let bounds, let span):
      let (one, two) = (try formula(a, &reading, isFirst: false), try formula(b, &reading, isFirst: false))
      if bounds.isAbsent { return .weakUntil(one, two) }
      return .not(try until(.and(one, .not(two)), .and(.not(one), .not(two)), bounds, span, &reading, isFirst))
    case .release(let a, let b, let bounds, let span):
      let (one, two) = (try formula(a, &reading, isFirst: false), try formula(b, &reading, isFirst: false))
      return .not(try until(.not(one), .not(two), bounds, span, &reading, isFirst))
    case .conditional(_, _, let span):
      throw fault("a condition (`||`) belongs to the whole of what is asked", at: span)
    case .cumulative(_, let span), .discounted(_, let span), .instantaneous(_, let span), .longRun(let span):
      throw fault("this asks for a reward: it belongs into `R=? [ ... ]`", at: span)
    }
  }

  /// `a U b` within bounds: on steps by the automaton, on rewards and on many steps by counting in the states.
  private mutating func until(
    _ a: PathFormula, _ b: PathFormula, _ bounds: PrismPath.Bounds, _ span: SourceSpan, _ reading: inout PathReading,
    _ isFirst: Bool
  ) throws -> PathFormula {
    if bounds.isAbsent { return .until(a, b, first: 0, last: nil) }
    if bounds.isOnReward {
      if isTimed {
        throw unsupported("a bound on a reward of a ctmc", at: span, notes: ["its rewards are earned as time passes"])
      }
      guard isFirst else {
        throw unsupported(
          "a bound on a reward inside another operator over paths", at: span,
          notes: ["it counts from the start of the run: join it to other formulas by `&`, `|` and `!`"])
      }
      let index = try context.rewardIndex(bounds.reward, at: span)
      let (first, last) = try levels(bounds, span)
      return .until(a, .and(b, reading.proposition(.reward(index), from: first, to: last)), first: 0, last: nil)
    }
    if isTimed { throw unsupported("a bound on the time of a ctmc inside a larger formula", at: span) }
    let (first, last) = try steps(bounds)
    // `F<0` and the like ask for something before the start.
    if let last, last < first { return .constant(false) }
    if isFirst, reading.countsSteps, max(first, last ?? 0) > Self.mostStepsOfAutomata {
      return .until(a, .and(b, reading.proposition(.steps, from: first, to: last)), first: 0, last: nil)
    }
    return .until(a, b, first: first, last: last)
  }

  /// Automata for more steps would be too large.
  private static let mostStepsOfAutomata = 1_000
}

extension PrismPath.Bounds {
  /// Whether a reward is bounded on both sides.
  fileprivate var isBetweenRewards: Bool { isOnReward && lower != nil && upper != nil }
  /// Whether a finite part of a run is all that counts.
  fileprivate var endsSteps: Bool { upper != nil && !isOnReward }
}
