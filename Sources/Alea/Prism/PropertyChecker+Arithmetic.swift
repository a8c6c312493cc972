import AleaSemantics

extension PropertyChecker {
  // MARK: Arithmetic with the numbers of properties

  /// Whether an expression with operators over paths inside stands for a number.
  func isQuantity(_ expression: PrismExpression, _ open: Set<String> = []) -> Bool {
    switch expression.kind {
    case .query(let query): if case .query = query.relation { true } else { false }
    case .filter(let operation, let body, _):
      switch operation.text {
      case "forall", "exists", "argmin", "argmax": false
      case "first", "state", "print", "printall": isQuantity(body, open)
      default: true
      }
    case .negate, .call, .integer, .real: true
    case .chain(_, let rest):
      rest.first.map { [.add, .subtract, .multiply, .divide, .power].contains($0.symbol) } ?? false
    case .conditional(_, let otherwise): isQuantity(otherwise, open)
    case .label(let name):
      context.definition(ofLabel: name).map { !open.contains(name) && isQuantity($0, open.union([name])) } ?? false
    case .multi(let parts):
      parts.contains { part in
        if case .query(let query) = part.kind, case .query = query.relation { true } else { false }
      }
    case .boolean, .name, .not: false
    }
  }

  /// The number an expression stands for in every state, enclosed.
  mutating func quantity(_ expression: PrismExpression) throws -> SparseSolution {
    guard try containsQuery(expression) else {
      let (process, id) = try context.number(expression)
      return exact(try explored.evaluate(id, in: process), method: "Evaluation")
    }
    switch expression.kind {
    case .query(let query):
      guard case .query = query.relation else {
        throw fault("a condition cannot stand for a number", at: query.span, notes: ["ask for the number itself with `=?`"])
      }
      return try numbers(query)
    case .filter(let operation, let body, let condition):
      switch try filtered(operation, body, condition) {
      case .numbers(let numbers): return numbers
      case .combined(let numbers, let value, let lower, let upper, _): return constant(numbers, value, lower, upper)
      case .interval: throw fault("`range` gives two numbers, and one is needed", at: operation.span)
      default: throw fault("this filter gives a condition, and a number is needed", at: operation.span)
      }
    case .multi(let parts):
      guard case .numbers(let numbers) = try multiple(parts, at: expression.span) else {
        throw fault("this `multi` gives no number", at: expression.span, notes: ["one part with `=?` does"])
      }
      return numbers
    case .label(let name):
      guard let definition = context.definition(ofLabel: name) else { break }
      return try resolving(name, at: expression.span) { try $0.quantity(definition) }
    case .negate(let inner):
      return mapped(try quantity(inner)) {
        0 - $0
      } isRising: {
        false
      }
    case .chain(let first, let rest):
      var result = try quantity(first)
      for part in rest { result = try combined(result, part.symbol, try quantity(part.operand), at: expression.span) }
      return result
    case .call(let function, let arguments):
      let values = try arguments.map { try quantity($0) }
      switch (function.text, values.count) {
      case ("min", 1...): return values.dropFirst().reduce(values[0]) { joined($0, $1, min) }
      case ("max", 1...): return values.dropFirst().reduce(values[0]) { joined($0, $1, max) }
      case ("floor", 1):
        return mapped(values[0]) {
          $0.rounded(.down)
        } isRising: {
          true
        }
      case ("ceil", 1):
        return mapped(values[0]) {
          $0.rounded(.up)
        } isRising: {
          true
        }
      case ("round", 1):
        return mapped(values[0]) {
          ($0 + 0.5).rounded(.down)
        } isRising: {
          true
        }
      default: throw unsupported("`\(function.text)` of the number of a property", at: function.span)
      }
    case .conditional(let branches, let otherwise):
      var result = try quantity(otherwise)
      for branch in branches.reversed() {
        let (set, value) = (try states(branch.condition), try quantity(branch.value))
        for state in 0..<sparse.stateCount where set.contains(state) {
          (result.value[state], result.lower[state], result.upper[state]) = (
            value.value[state], value.lower[state], value.upper[state]
          )
        }
      }
      return enclosed(result)
    default: break
    }
    throw unsupported("an operator over paths inside this expression", at: expression.span)
  }

  func constant(_ solution: SparseSolution, _ value: Double, _ lower: Double, _ upper: Double) -> SparseSolution {
    var result = solution
    result.value = [Double](repeating: value, count: sparse.stateCount)
    result.lower = [Double](repeating: lower, count: sparse.stateCount)
    result.upper = [Double](repeating: upper, count: sparse.stateCount)
    return enclosed(result)
  }

  private func enclosed(_ solution: SparseSolution) -> SparseSolution {
    var result = solution
    result.policy = []
    (result.exact, result.exactAt) = (nil, [:])
    result.bound = zip(result.lower, result.upper).reduce(0) { $1.0 < $1.1 ? max($0, ($1.1 - $1.0) / 2) : $0 }
    return result
  }

  private func mapped(_ solution: SparseSolution, _ function: (Double) -> Double, isRising: () -> Bool) -> SparseSolution {
    var result = solution
    result.value = solution.value.map(function)
    result.lower = (isRising() ? solution.lower : solution.upper).map(function)
    result.upper = (isRising() ? solution.upper : solution.lower).map(function)
    return enclosed(result)
  }

  private func joined(_ a: SparseSolution, _ b: SparseSolution, _ function: (Double, Double) -> Double) -> SparseSolution {
    var result = a
    result.value = zip(a.value, b.value).map(function)
    result.lower = zip(a.lower, b.lower).map(function)
    result.upper = zip(a.upper, b.upper).map(function)
    return enclosed(result)
  }

  /// Two enclosed numbers brought together, with every rounding counted.
  private func combined(_ a: SparseSolution, _ symbol: PrismOperator, _ b: SparseSolution, at span: SourceSpan) throws
    -> SparseSolution
  {
    let operation: (Double, Double) -> Double
    switch symbol {
    case .add: operation = (+)
    case .subtract: operation = (-)
    case .multiply: operation = (*)
    case .divide: operation = (/)
    default: throw unsupported("`\(symbol.rawValue)` with the number of a property", at: span)
    }
    var result = a
    for state in 0..<sparse.stateCount {
      let (low, high) = (b.lower[state], b.upper[state])
      result.value[state] = operation(a.value[state], b.value[state])
      if symbol == .divide, low <= 0, high >= 0 {
        let isKnown = low == high && a.lower[state] == a.upper[state]
        (result.lower[state], result.upper[state]) =
          isKnown ? (result.value[state], result.value[state]) : (-.infinity, .infinity)
        continue
      }
      let corners = [
        operation(a.lower[state], low), operation(a.lower[state], high), operation(a.upper[state], low),
        operation(a.upper[state], high),
      ]
      // Small whole numbers are added and multiplied without rounding.
      let isWhole =
        symbol != .divide
        && corners.allSatisfy { $0 == corners[0] && $0.rounded() == $0 && abs($0) < 0x1p52 }
        && a.value[state].rounded() == a.value[state] && b.value[state].rounded() == b.value[state]
      let (least, most) = (corners.min() ?? .nan, corners.max() ?? .nan)
      result.lower[state] = isWhole ? least : least.nextDown
      result.upper[state] = isWhole ? most : most.nextUp
    }
    return enclosed(result)
  }

  /// The states in which two numbers compare as asked; the bounds must decide it in every state.
  mutating func comparison(_ first: PrismExpression, _ symbol: PrismOperator, _ second: PrismExpression, at span: SourceSpan)
    throws -> StateSet
  {
    let (a, b) = (try quantity(first), try quantity(second))
    let result = StateSet(count: sparse.stateCount)
    for state in 0..<sparse.stateCount {
      // A number that does not exist compares with none.
      if a.lower[state].isNaN || b.lower[state].isNaN { continue }
      let truth: Bool?
      let (isBelow, isAbove) = (a.upper[state] < b.lower[state], a.lower[state] > b.upper[state])
      let (isNotAbove, isNotBelow) = (a.upper[state] <= b.lower[state], a.lower[state] >= b.upper[state])
      switch symbol {
      case .less: truth = isBelow ? true : isNotBelow ? false : nil
      case .lessEqual: truth = isNotAbove ? true : isAbove ? false : nil
      case .greater: truth = isAbove ? true : isNotAbove ? false : nil
      case .greaterEqual: truth = isNotBelow ? true : isBelow ? false : nil
      case .equal, .notEqual:
        let isEqual: Bool? = isNotAbove && isNotBelow ? true : isBelow || isAbove ? false : nil
        truth = isEqual.map { $0 == (symbol == .equal) }
      default: throw unsupported("`\(symbol.rawValue)` between the numbers of properties", at: span)
      }
      guard let truth else {
        throw fault(
          "this comparison cannot be decided: the numbers are too near to each other", at: span,
          notes: ["in state \(StateNaming(explored).text(of: state))"])
      }
      if truth { result.flags.pointer[state] = 1 }
    }
    return result
  }
}
