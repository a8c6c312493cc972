import AleaSemantics

extension PropertyChecker {
  // MARK: Sets of states

  /// Whether an operator over paths stands somewhere in an expression.
  func containsQuery(_ expression: PrismExpression, _ open: Set<String> = []) throws -> Bool {
    switch expression.kind {
    case .query, .filter, .multi: return true
    case .not(let inner), .negate(let inner): return try containsQuery(inner, open)
    case .chain(let first, let rest):
      return try containsQuery(first, open) || rest.contains { try containsQuery($0.operand, open) }
    case .conditional(let branches, let otherwise):
      return try containsQuery(otherwise, open)
        || branches.contains { try containsQuery($0.condition, open) || containsQuery($0.value, open) }
    case .call(_, let arguments): return try arguments.contains { try containsQuery($0, open) }
    case .label(let name):
      guard let definition = context.definition(ofLabel: name) else { return false }
      if open.contains(name) { throw fault("the property \"\(name)\" depends on itself", at: expression.span) }
      return try containsQuery(definition, open.union([name]))
    case .boolean, .integer, .real, .name: return false
    }
  }

  /// The states in which a condition holds, with operators over paths inside.
  mutating func states(_ expression: PrismExpression) throws -> StateSet {
    guard try containsQuery(expression) else {
      let (process, id) = try context.condition(expression)
      let truth = try explored.evaluate(id, in: process)
      let set = StateSet(count: truth.count)
      var isEmpty = true
      for state in truth.indices where truth[state] == 1 {
        set.flags.pointer[state] = 1
        isEmpty = false
      }
      if isEmpty { noteEmpty(expression) }
      return set
    }
    return try asking(everything) { try $0.statesByNumbers(expression) }
  }

  private mutating func noteEmpty(_ condition: PrismExpression) {
    if case .boolean = condition.kind { return }
    let text = core.sourceText(condition.span)
    if !emptyConditions.contains(text) { emptyConditions.append(text) }
  }

  private mutating func statesByNumbers(_ expression: PrismExpression) throws -> StateSet {
    func isNumber(_ span: SourceSpan) -> DiagnosticError {
      fault("a number cannot stand for a condition", at: span, notes: ["compare it with a bound, as in `P>=0.5 [ ... ]`"])
    }
    switch expression.kind {
    case .query(let query):
      guard case .bound = query.relation else { throw isNumber(query.span) }
      return try satisfaction(query, decidingAll: true).0
    case .not(let inner):
      let set = try states(inner)
      return combined(set, set) { a, _ in 1 - a }
    case .label(let name):
      guard let definition = context.definition(ofLabel: name) else { break }
      return try resolving(name, at: expression.span) { try $0.states(definition) }
    case .negate, .call: throw isNumber(expression.span)
    case .conditional(let branches, let otherwise):
      if isQuantity(expression) { throw isNumber(expression.span) }
      var result = try states(otherwise)
      for branch in branches.reversed() {
        let (condition, value) = (try states(branch.condition), try states(branch.value))
        result = combined(combined(condition, value) { $0 & $1 }, combined(condition, result) { (1 - $0) & $1 }) { $0 | $1 }
      }
      return result
    case .chain(let first, let rest):
      if isQuantity(expression) { throw isNumber(expression.span) }
      if let only = rest.first, rest.count == 1, ![.and, .or, .implies].contains(only.symbol),
        isQuantity(first) || isQuantity(only.operand)
      {
        return try comparison(first, only.symbol, only.operand, at: expression.span)
      }
      var result = try states(first)
      for part in rest {
        let other = try states(part.operand)
        switch part.symbol {
        case .and: result = combined(result, other) { $0 & $1 }
        case .or: result = combined(result, other) { $0 | $1 }
        case .implies: result = combined(result, other) { (1 - $0) | $1 }
        case .iff, .equal: result = combined(result, other) { $0 == $1 ? 1 : 0 }
        case .notEqual: result = combined(result, other) { $0 != $1 ? 1 : 0 }
        default: throw unsupported("arithmetic with operators over paths", at: expression.span)
        }
      }
      return result
    case .filter(let operation, let body, let condition):
      switch try filtered(operation, body, condition) {
      case .truth(let set, _): return set
      case .combinedTruth(let truth, _): return truth ? everything : StateSet(count: sparse.stateCount)
      default: throw fault("this filter gives a number, and a condition is needed", at: operation.span)
      }
    case .multi(let parts):
      guard case .truth(let set, _) = try multiple(parts, at: expression.span) else {
        throw fault(
          "this `multi` gives numbers, and a condition is needed", at: expression.span,
          notes: ["with bounds alone it is true where they can be met at once"])
      }
      return set
    default: break
    }
    throw unsupported("an operator over paths inside this expression", at: expression.span)
  }

  func combined(_ a: StateSet, _ b: StateSet, _ operation: (UInt8, UInt8) -> UInt8) -> StateSet {
    let result = StateSet(count: sparse.stateCount)
    for state in 0..<sparse.stateCount { result.flags.pointer[state] = operation(a.flags.pointer[state], b.flags.pointer[state]) }
    return result
  }

  func complement(_ set: StateSet) -> StateSet { combined(set, set) { a, _ in 1 - a } }
  var everything: StateSet { StateSet(all: sparse.stateCount) }

  // MARK: Bounds

  /// The states in which a bound on a probability or a reward holds.
  ///
  /// In an mdp without `min` or `max` a bound speaks of every policy: the least number for `>=`, the greatest for `<=`.
  mutating func satisfaction(_ query: PrismQuery, decidingAll: Bool) throws -> (StateSet, SparseSolution) {
    guard case .bound(let relation, let bound) = query.relation else { throw fault("a bound is missing", at: query.span) }
    let isLower = relation == .greater || relation == .greaterEqual
    var query = query
    if query.optimum == nil { query.optimum = isLower ? .least : .greatest }
    let what: String
    switch query.quantity {
    case .probability, .steadyState: what = "the bound on a probability"
    default: what = "the bound on a reward"
    }
    let limit = try context.real(bound, what)
    if case .probability = query.quantity, !(0...1).contains(limit) {
      throw fault("\(what) is \(NumberText.significant(limit, digits: 6)), which is not a probability", at: bound.span)
    }
    if let (set, solution) = try qualitative(query, relation, limit) { return (set, solution) }
    if method != nil { return try satisfiedExactly(query, relation, bound, limit) }
    var tolerance = self.tolerance ?? 1e-6
    while true {
      let solution = try numbers(query, tolerance: tolerance)
      let (set, open) = decide(solution, relation, limit, decidingAll: decidingAll)
      guard let open else { return (set, solution) }
      tolerance *= 1e-3
      if tolerance < 1e-15 {
        let state = StateNaming(explored).text(of: open)
        let interval = [solution.lower[open], solution.upper[open]].map { NumberText.significant($0, digits: 9) }
        throw UndecidedBound(
          error: fault(
            "whether the bound holds cannot be decided: the number is too near to it", at: query.span,
            label: "between \(interval[0]) and \(interval[1])",
            notes: ["in state \(state)", "ask for the number itself with `=?`"]))
      }
    }
  }

  /// The states for which the bounds decide the comparison, and the first that counts and is open.
  private func decide(_ solution: SparseSolution, _ relation: PrismOperator, _ limit: Double, decidingAll: Bool) -> (
    StateSet, Int?
  ) {
    let set = StateSet(count: sparse.stateCount)
    let initial = Set(sparse.initial.map { Int($0.state) })
    var open: Int?
    for state in 0..<sparse.stateCount {
      let (low, high) = (solution.lower[state], solution.upper[state])
      // A number that does not exist meets no bound.
      if low.isNaN || high.isNaN { continue }
      let truth: Bool?
      switch relation {
      case .greaterEqual: truth = low >= limit ? true : high < limit ? false : nil
      case .greater: truth = low > limit ? true : high <= limit ? false : nil
      case .lessEqual: truth = high <= limit ? true : low > limit ? false : nil
      default: truth = high < limit ? true : low >= limit ? false : nil
      }
      if truth == nil, decidingAll || initial.contains(state), open == nil { open = state }
      let value = solution.value[state]
      let guess: Bool
      switch relation {
      case .greaterEqual: guess = value >= limit
      case .greater: guess = value > limit
      case .lessEqual: guess = value <= limit
      default: guess = value < limit
      }
      if truth ?? guess { set.flags.pointer[state] = 1 }
    }
    return (set, open)
  }

  /// Probabilities zero and one are read off the graph.
  private mutating func qualitative(_ query: PrismQuery, _ relation: PrismOperator, _ limit: Double) throws
    -> (StateSet, SparseSolution)?
  {
    guard case .probability = query.quantity, limit == 0 || limit == 1, let optimum = query.optimum else { return nil }
    let isComplement: Bool
    let (left, right): (PrismPath, PrismPath)
    switch query.body {
    case .eventually(let inner, let bounds, let span) where bounds.isAbsent:
      (left, right, isComplement) = (.state(PrismExpression(.boolean(true), at: span)), inner, false)
    case .until(let a, let b, let bounds, _) where bounds.isAbsent: (left, right, isComplement) = (a, b, false)
    case .globally(let inner, let bounds, let span) where bounds.isAbsent:
      (left, right, isComplement) = (.state(PrismExpression(.boolean(true), at: span)), inner, true)
    default: return nil
    }
    guard case .state(let staying) = left, case .state(let goal) = right else { return nil }
    let target = isComplement ? complement(try states(goal)) : try states(goal)
    let within = try states(staying)
    // `P(G a) >= 1` is `P(F !a) <= 0`.
    let flip: [PrismOperator: PrismOperator] = [
      .greaterEqual: .lessEqual, .lessEqual: .greaterEqual, .greater: .less, .less: .greater,
    ]
    let asked = isComplement ? flip[relation] ?? relation : relation
    let level = isComplement ? 1 - limit : limit
    let isLeast = (optimum == .least) != isComplement
    func set(almostSurely: Bool) throws -> StateSet {
      try sparse.qualitativeUntil(target, within: within, almostSurely: almostSurely, forAll: isLeast, control: control)
    }
    let result: StateSet
    switch (asked, level) {
    case (.greaterEqual, 1): result = try set(almostSurely: true)
    case (.less, 1): result = complement(try set(almostSurely: true))
    case (.greater, 0): result = try set(almostSurely: false)
    case (.lessEqual, 0): result = complement(try set(almostSurely: false))
    case (.greaterEqual, _), (.lessEqual, _): result = everything
    default: result = StateSet(count: sparse.stateCount)
    }
    var solution = indicator(result)
    solution.method = "the graph of the states alone"
    return (result, solution)
  }

  // MARK: Filters

  mutating func filtered(_ operation: PrismName, _ body: PrismExpression, _ condition: PrismExpression?) throws -> Verdict {
    var set = everything
    if let condition {
      set = try states(condition)
    }
    var members = set.states
    guard !members.isEmpty else { throw fault("the filter looks at no state", at: condition?.span ?? operation.span) }
    var (solution, truth) = try statewise(asking(set) { try $0.verdict(body) }, body, operation)
    if truth == nil { try keepExisting(&members, &solution, operation) }
    func isTrue(_ state: Int) -> Bool { truth?.contains(state) ?? (solution.value[state] != 0) }
    func exactMembers() -> [ExactValue]? {
      let known = members.compactMap { solution.exactValue(of: $0) }
      return known.count == members.count ? known : nil
    }
    func number(_ combine: ([Double]) -> Double) -> Verdict {
      func of(_ values: [Double]) -> Double { combine(members.map { values[$0] }) }
      return .combined(
        solution, value: of(solution.value), lower: of(solution.lower), upper: of(solution.upper),
        exact: exactMembers().flatMap { exactCombination(operation.text, $0) })
    }
    switch operation.text {
    case "min": return number { $0.min() ?? .nan }
    case "max": return number { $0.max() ?? .nan }
    case "sum": return number { $0.reduce(0, +) }
    case "avg": return number { $0.reduce(0, +) / Double($0.count) }
    case "first": return number { $0[0] }
    case "state":
      guard members.count == 1 else {
        throw fault("`state` takes one state, and the filter has \(members.count)", at: operation.span)
      }
      if truth != nil { return .combinedTruth(isTrue(members[0]), solution) }
      return number { $0[0] }
    case "argmin", "argmax":
      guard truth == nil else { throw fault("`\(operation.text)` takes a number, and this is a condition", at: body.span) }
      let isMost = operation.text == "argmax"
      // Every state that the bounds do not rule out.
      let best = isMost ? members.map { solution.lower[$0] }.max() : members.map { solution.upper[$0] }.min()
      let found = members.filter { state in
        best.map { isMost ? solution.upper[state] >= $0 : solution.lower[state] <= $0 } ?? false
      }
      var result = solution
      if found.count > 1 { result.notes.append("states whose numbers the bounds do not tell apart count together") }
      let set = StateSet(found, count: sparse.stateCount)
      // Where some numbers do not exist the truth is known all the same.
      if solution.value.contains(where: \.isNaN) { result.value = indicator(set).value }
      return .truth(set, result)
    case "count":
      let count = Double(members.reduce(0) { $0 + (isTrue($1) ? 1 : 0) })
      return .combined(
        solution, value: count, lower: count, upper: count, exact: method.flatMap { _ in .finite(Rational(Int(count))) })
    case "forall", "exists":
      guard truth != nil else { throw fault("`\(operation.text)` takes a condition, and this is a number", at: body.span) }
      return .combinedTruth(
        operation.text == "forall" ? members.allSatisfy(isTrue) : members.contains(where: isTrue), solution)
    case "range":
      guard truth == nil else { throw fault("`range` takes a number, and this is a condition", at: body.span) }
      func ends(_ values: [Double]) -> (Double, Double) {
        let numbers = members.map { values[$0] }
        return (numbers.min() ?? .nan, numbers.max() ?? .nan)
      }
      let (value, lower, upper) = (ends(solution.value), ends(solution.lower), ends(solution.upper))
      let exact = exactMembers()
      return .interval(
        solution,
        PropertyAnswer.Interval(
          least: .init(
            value: value.0, lower: lower.0, upper: upper.0, exact: exact.flatMap { exactCombination("min", $0) }),
          greatest: .init(
            value: value.1, lower: lower.1, upper: upper.1, exact: exact.flatMap { exactCombination("max", $0) }),
          states: members.count))
    case "print", "printall":
      let isWhole = operation.text == "printall"
      let shown = members.filter { state in
        isWhole || truth?.contains(state) ?? !(solution.lower[state] == 0 && solution.upper[state] == 0)
      }
      if !listings.contains(where: { $0.span == operation.span }) {
        listings.append(
          (
            operation.span,
            PropertyAnswer.Listing(
              property: core.sourceText(body.span), states: shown, leftOut: members.count - shown.count, solution: solution,
              truth: truth)
          ))
      }
      return truth.map { .truth($0, solution) } ?? .numbers(solution)
    default:
      let known = [
        "min", "max", "range", "sum", "avg", "first", "state", "count", "forall", "exists", "argmin", "argmax", "print",
        "printall",
      ]
      let nearest = Spelling.nearest(operation.text, in: known)
      throw fault(
        "the filter `\(operation.text)` is not supported", at: operation.span,
        label: nearest.map { "did you mean `\($0)`?" } ?? "",
        notes: ["there are " + known.map { "`\($0)`" }.joined(separator: ", ")])
    }
  }

  /// Leaves out states that have no number, where that makes no difference to what the filter means.
  private func keepExisting(_ members: inout [Int], _ solution: inout SparseSolution, _ operation: PrismName) throws {
    let existing = members.filter { !solution.value[$0].isNaN }
    guard existing.count < members.count, !["print", "printall"].contains(operation.text) else { return }
    guard ["min", "max", "range", "argmin", "argmax"].contains(operation.text), !existing.isEmpty else {
      throw fault(
        "from some of these states the number does not exist: the condition has probability 0", at: operation.span,
        notes: ["such as \(StateNaming(explored).text(of: members.first { solution.value[$0].isNaN } ?? 0))"])
    }
    let missing = NumberText.grouped(members.count - existing.count)
    solution.notes.append("states without a number do not count: \(missing) of \(NumberText.grouped(members.count))")
    members = existing
  }

  /// What a property came to as a number or a truth in each state.
  private func statewise(_ verdict: Verdict, _ body: PrismExpression, _ operation: PrismName) throws -> (
    SparseSolution, StateSet?
  ) {
    switch verdict {
    case .numbers(let numbers): return (numbers, nil)
    case .truth(let states, let numbers): return (numbers, states)
    case .combined(let numbers, let value, let lower, let upper, _): return (constant(numbers, value, lower, upper), nil)
    case .combinedTruth(let holds, let numbers):
      return (numbers, holds ? everything : StateSet(count: sparse.stateCount))
    case .interval: throw fault("`range` gives two numbers, and a filter takes one of each state", at: body.span)
    case .front: throw unsupported("a filter of what can be had of several objectives", at: operation.span)
    }
  }
}
