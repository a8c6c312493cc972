import AleaSyntax

extension PrismExpression {
  /// The same expression with every name and label replaced for which `replace` gives something.
  func rewriting(_ replace: (PrismExpression) -> PrismExpression?) -> PrismExpression {
    switch kind {
    case .name, .label: return replace(self) ?? self
    case .boolean, .integer, .real, .query, .filter, .multi: return self
    case .not(let a): return PrismExpression(.not(a.rewriting(replace)), span)
    case .negate(let a): return PrismExpression(.negate(a.rewriting(replace)), span)
    case .chain(let first, let rest):
      let operations = rest.map { PrismOperation(symbol: $0.symbol, operand: $0.operand.rewriting(replace)) }
      return PrismExpression(.chain(first.rewriting(replace), operations), span)
    case .conditional(let branches, let otherwise):
      let rewritten = branches.map {
        PrismBranch(condition: $0.condition.rewriting(replace), value: $0.value.rewriting(replace))
      }
      return PrismExpression(.conditional(rewritten, otherwise: otherwise.rewriting(replace)), span)
    case .call(let name, let arguments): return PrismExpression(.call(name, arguments.map { $0.rewriting(replace) }), span)
    }
  }

  /// The names an expression mentions.
  var names: Set<String> {
    var result = Set<String>()
    _ = rewriting { leaf in
      if case .name(let name) = leaf.kind { result.insert(name) }
      return nil
    }
    return result
  }

  /// The labels an expression mentions.
  var labels: Set<String> {
    var result = Set<String>()
    _ = rewriting { leaf in
      if case .label(let name) = leaf.kind { result.insert(name) }
      return nil
    }
    return result
  }

  /// The parts of a conjunction.
  var conjuncts: [PrismExpression] {
    guard case .chain(let first, let rest) = kind, rest.allSatisfy({ $0.symbol == .and }) else { return [self] }
    return first.conjuncts + rest.flatMap { $0.operand.conjuncts }
  }

  /// Whether this is the condition `true`, as written.
  var isTrue: Bool { if case .boolean(true) = kind { true } else { false } }

  /// The number that an expression has when its names have these (`nil`: not known); conditions are 1 and 0.
  func value(_ name: (String) -> Double?) -> Double? {
    switch kind {
    case .boolean(let value): return value ? 1 : 0
    case .integer(let value): return Double(value)
    case .real(let value): return value
    case .name(let text): return name(text)
    case .label, .query, .filter, .multi: return nil
    case .not(let a): return a.value(name).map { $0 == 0 ? 1 : 0 }
    case .negate(let a): return a.value(name).map { -$0 }
    case .chain(let first, let rest):
      guard var result = first.value(name) else { return nil }
      for part in rest {
        guard let next = part.operand.value(name), let combined = part.symbol.apply(result, next) else { return nil }
        result = combined
      }
      return result
    case .conditional(let branches, let otherwise):
      for branch in branches {
        guard let condition = branch.condition.value(name) else { return nil }
        if condition != 0 { return branch.value.value(name) }
      }
      return otherwise.value(name)
    case .call(let function, let arguments):
      let values = arguments.compactMap { $0.value(name) }
      guard values.count == arguments.count, let first = values.first else { return nil }
      switch (function.text, values.count) {
      case ("min", _): return values.min()
      case ("max", _): return values.max()
      case ("floor", 1): return first.rounded(.down)
      case ("ceil", 1): return first.rounded(.up)
      case ("round", 1): return (first + 0.5).rounded(.down)
      case ("pow", 2): return PrismOperator.power.apply(first, values[1])
      case ("mod", 2): return values[1] == 0 ? nil : first - values[1] * (first / values[1]).rounded(.down)
      default: return nil
      }
    }
  }
}

extension PrismOperator {
  /// The operator on numbers, conditions being 1 and 0; nil where it has no value.
  func apply(_ a: Double, _ b: Double) -> Double? {
    switch self {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return b == 0 ? nil : a / b
    case .power:
      guard b.rounded() == b, abs(b) <= 1_024 else { return nil }
      var result = 1.0
      for _ in 0..<Int(abs(b)) { result *= a }
      return b < 0 ? (result == 0 ? nil : 1 / result) : result
    case .equal, .iff: return a == b ? 1 : 0
    case .notEqual: return a != b ? 1 : 0
    case .less: return a < b ? 1 : 0
    case .lessEqual: return a <= b ? 1 : 0
    case .greater: return a > b ? 1 : 0
    case .greaterEqual: return a >= b ? 1 : 0
    case .and: return a != 0 && b != 0 ? 1 : 0
    case .or: return a != 0 || b != 0 ? 1 : 0
    case .implies: return a == 0 || b != 0 ? 1 : 0
    }
  }
}
