import AleaSemantics

/// Answers properties of one PRISM model: reduces each to what the solvers do.
struct PropertyChecker {
  let exploration: PrismExploration
  var context: PrismContext
  let core: SessionCore
  /// The error to aim at; nil for a relative one at the start.
  var tolerance: Double?
  /// Set where the answer is to be a fraction.
  let method: Exact?
  /// The states whose numbers are needed, where each costs work of its own; nil for the initial ones.
  var asked: StateSet?
  /// The properties that are being answered for the sake of another, outermost first.
  private var open: [String] = []
  /// What `print` lists, each place once.
  var listings: [(span: SourceSpan, listing: PropertyAnswer.Listing)] = []
  /// Conditions that turned out to hold in no state, as written: most often something is misspelt.
  var emptyConditions: [String] = []

  init(
    exploration: PrismExploration, context: PrismContext, core: SessionCore, tolerance: Double?, method: Exact?
  ) {
    self.exploration = exploration
    self.context = context
    self.core = core
    self.tolerance = tolerance
    self.method = method
  }

  /// Answers a property that another mentions by its name.
  mutating func resolving<Result>(
    _ name: String, at span: SourceSpan, _ body: (inout PropertyChecker) throws -> Result
  ) throws -> Result {
    guard !open.contains(name) else { throw fault("the property \"\(name)\" depends on itself", at: span) }
    open.append(name)
    defer { open.removeLast() }
    return try body(&self)
  }

  /// The states whose numbers are needed.
  var askedStates: [Int] { asked?.states ?? sparse.initial.map { Int($0.state) } }

  /// Runs a part that needs the numbers of a set of states.
  mutating func asking<Result>(_ states: StateSet, _ body: (inout PropertyChecker) throws -> Result) rethrows -> Result {
    let before = asked
    asked = states
    defer { asked = before }
    return try body(&self)
  }

  var explored: ExploredProcess { exploration.explored }
  var sparse: SparseProcess { explored.sparse }
  var control: WorkControl { core.control }
  var isChoiceFree: Bool { exploration.program.type != .mdp }
  var isTimed: Bool { exploration.program.type == .ctmc }

  /// What a property came to in every state.
  enum Verdict {
    case numbers(SparseSolution)
    case truth(StateSet, SparseSolution)
    case combined(SparseSolution, value: Double, lower: Double, upper: Double, exact: ExactValue?)
    case combinedTruth(Bool, SparseSolution)
    /// What can be had of several objectives: the corners.
    case front([[Double]], SparseSolution)
    /// The least and the greatest number over several states.
    case interval(SparseSolution, PropertyAnswer.Interval)
  }

  func fault(_ message: String, at span: SourceSpan?, label: String = "", notes: [String] = []) -> DiagnosticError {
    DiagnosticError(.error(message, at: span, label: label, notes: notes))
  }

  func unsupported(_ what: String, at span: SourceSpan?, notes: [String] = []) -> DiagnosticError {
    fault("\(what) cannot be solved yet", at: span, notes: notes)
  }

  // MARK: Answers

  mutating func answer(_ body: PrismExpression, text: String, name: String?, note: String? = nil) throws -> PropertyAnswer {
    let start = SessionCore.seconds()
    (listings, emptyConditions) = ([], [])
    let verdict: Verdict
    do {
      verdict = try self.verdict(body)
    } catch let unmet as UnmetRequirement {
      throw fault("\(unmet.method) needs \(unmet.requirement)", at: body.span, label: unmet.found, notes: [unmet.remedy])
    }
    let seconds = SessionCore.seconds() - start
    var satisfying: StateSet?
    var combined: (value: Double, lower: Double, upper: Double)?
    var exactCombined: ExactValue?
    var solution: SparseSolution
    var front: [[Double]]?
    var interval: PropertyAnswer.Interval?
    switch verdict {
    case .interval(let numbers, let ends): (solution, interval) = (numbers, ends)
    case .front(let points, let numbers): (solution, front) = (numbers, points)
    case .numbers(let numbers): solution = numbers
    case .truth(let states, let numbers): (satisfying, solution) = (states, numbers)
    case .combined(let numbers, let value, let lower, let upper, let exact):
      (solution, combined, exactCombined) = (numbers, (value, lower, upper), exact)
    case .combinedTruth(let truth, let numbers):
      solution = numbers
      satisfying = StateSet(truth ? Array(0..<sparse.stateCount) : [], count: sparse.stateCount)
    }
    if method != nil {
      let isExact =
        interval.map { $0.least.exact != nil }
        ?? (combined == nil
          ? sparse.initial.allSatisfy { solution.exactValue(of: Int($0.state)) != nil } : exactCombined != nil)
      if satisfying == nil, !isExact {
        throw fault(
          "`Exact` does not serve this property", at: body.span, notes: ["leave out `by:`: the answer has guaranteed bounds"])
      }
    }
    if let note { solution.notes.append(note) }
    solution.notes += emptyConditions.map { "no state satisfies `\($0)`" }
    if exploration.deadlocks > 0 {
      let count = exploration.deadlocks
      solution.notes.append(
        "\(count == 1 ? "one state has" : "\(NumberText.grouped(count)) states have") no enabled command; "
          + "\(count == 1 ? "it stays" : "they stay") as \(count == 1 ? "it is" : "they are"), as in PRISM")
    }
    return PropertyAnswer(
      explored: explored, property: text, name: name, sparse: solution, satisfying: satisfying, combined: combined,
      exactCombined: exactCombined, front: front, interval: interval,
      listings: listings.map(\.listing), exploringTime: exploration.seconds, solvingTime: seconds)
  }

  mutating func verdict(_ expression: PrismExpression) throws -> Verdict {
    switch expression.kind {
    case .query(let query):
      if case .query = query.relation { return .numbers(try numbers(query)) }
      let (states, solution) = try satisfaction(query, decidingAll: false)
      return .truth(states, solution)
    case .filter(let operation, let body, let states): return try filtered(operation, body, states)
    case .multi(let parts): return try multiple(parts, at: expression.span)
    default:
      if try containsQuery(expression) {
        if isQuantity(expression) { return .numbers(try quantity(expression)) }
        let set = try states(expression)
        return .truth(set, indicator(set))
      }
      if try context.isCondition(expression) {
        let set = try states(expression)
        return .truth(set, indicator(set))
      }
      let (process, id) = try context.number(expression)
      return .numbers(try evaluated(id, in: process))
    }
  }

  /// Numbers without error.
  func exact(_ values: [Double], method: String) -> SparseSolution {
    SparseSolution(value: values, policy: [], lower: values, upper: values, bound: 0, method: method, iterations: 0)
  }

  func indicator(_ set: StateSet) -> SparseSolution {
    var solution = exact((0..<sparse.stateCount).map { set.contains($0) ? 1 : 0 }, method: "Evaluation")
    if method != nil { solution.exact = (0..<sparse.stateCount).map { .finite(set.contains($0) ? .one : .zero) } }
    return solution
  }

  // MARK: Precision

  /// The largest relative error of the numbers at the start that needs no more work.
  private static let relativePrecision = 1e-6

  /// Solves to the tolerance asked for, or more and more precisely until the numbers at the start are known to a relative error.
  func refined(_ solve: (Double) throws -> SparseSolution) throws -> SparseSolution {
    if let tolerance { return try solve(tolerance) }
    var tolerance = Self.relativePrecision
    var best = try solve(tolerance)
    for _ in 0..<8 {
      guard let goal = nextTolerance(best, tolerance) else { break }
      let next = try solve(goal)
      // Rounding may stand in the way of anything better.
      let hasImproved = width(next) < 0.5 * width(best)
      if width(next) <= width(best) { best = next }
      tolerance = goal
      if !hasImproved { break }
    }
    return best
  }

  /// The widest interval at the start.
  private func width(_ solution: SparseSolution) -> Double {
    sparse.initial.reduce(0) { widest, pair in
      let state = Int(pair.state)
      let width = solution.upper[state] - solution.lower[state]
      return width.isNaN ? widest : max(widest, width)
    }
  }

  private func nextTolerance(_ solution: SparseSolution, _ tolerance: Double) -> Double? {
    var goal = Double.infinity
    for pair in sparse.initial {
      let state = Int(pair.state)
      let (low, high) = (solution.lower[state], solution.upper[state])
      let width = high - low
      guard width > 0, width.isFinite else { continue }
      let size = min(abs(low), abs(high))
      if width <= Self.relativePrecision * size { continue }
      goal = min(goal, low <= 0 && high >= 0 ? tolerance * 1e-3 : max(0.25 * Self.relativePrecision * size, tolerance * 1e-6))
    }
    return goal < tolerance && goal > 1e-300 ? goal : nil
  }
}
