import AleaModel
import AleaSyntax

extension Elaborator {
  // MARK: Binders

  /// Runs `body` for every combination of the bound values; the filter's operand is passed when it is not known to hold.
  mutating func forEach(
    _ bindings: [AST.Binding], _ filter: AST.Expression?, _ body: (inout Elaborator, Operand?) throws -> Void
  ) throws {
    var available: Operand?
    func descend(_ elaborator: inout Elaborator, _ rest: ArraySlice<AST.Binding>) throws {
      guard let binding = rest.first else {
        if let available, !elaborator.isTrue(available) {
          let both = try filter.map { try elaborator.connect(.and, available, elaborator.boolean($0), $0.span) } ?? available
          return try body(&elaborator, both)
        }
        if let filter {
          let condition = try elaborator.boolean(filter)
          if case .value(.boolean(let known)) = condition {
            if known { try body(&elaborator, nil) }
            return
          }
          return try body(&elaborator, condition)
        }
        return try body(&elaborator, nil)
      }
      let set = try elaborator.elaborate(binding.set)
      guard let members = try elaborator.elements(of: set, binding.set.span) else {
        elaborator.locals.append(Local(name: binding.name.text, operand: .unchecked("a value")))
        defer { elaborator.locals.removeLast() }
        return try descend(&elaborator, rest.dropFirst())
      }
      for member in members {
        elaborator.locals.append(Local(name: binding.name.text, operand: member))
        defer { elaborator.locals.removeLast() }
        // In a policy, `actions` are the available ones.
        if case .name("actions") = binding.set.kind, let condition = elaborator.model?.availability(choosing: member) {
          if case .value(.boolean(false)) = condition { continue }
          let outer = available
          defer { available = outer }
          available = try outer.map { try elaborator.connect(.and, $0, condition, binding.set.span) } ?? condition
          try descend(&elaborator, rest.dropFirst())
        } else {
          try descend(&elaborator, rest.dropFirst())
        }
      }
    }
    try descend(&self, bindings[...])
  }

  mutating func binder(
    _ word: AST.Name, _ bindings: [AST.Binding], _ filter: AST.Expression?, _ body: AST.Expression, _ span: SourceSpan
  ) throws -> Operand {
    let zero = Operand.value(.integer(0))
    var collected: [(value: Operand, key: Operand?)] = []
    let isArg = word.text == "argmax" || word.text == "argmin"
    if isArg, bindings.count != 1 { throw fault("`\(word.text)` ranges over one variable", word.span) }
    try forEach(bindings, filter) { elaborator, condition in
      var value: Operand
      switch word.text {
      case "all", "any", "count": value = try elaborator.boolean(body)
      default: value = try elaborator.elaborate(body)
      }
      if let condition {
        let neutral: Operand
        switch word.text {
        case "sum": neutral = zero
        case "product": neutral = .value(.integer(1))
        case "all": neutral = .value(.boolean(true))
        case "any", "count": neutral = .value(.boolean(false))
        case "min", "argmin": neutral = .value(.real(.infinity))
        default: neutral = .value(.real(-.infinity))
        }
        value = try elaborator.select(condition, value, neutral, span, body.span, body.span)
      }
      collected.append((value, isArg ? elaborator.locals.last?.operand : nil))
    }
    let values = collected.map(\.value)
    if let unchecked = values.first(where: { if case .unchecked = $0 { true } else { false } }) { return unchecked }
    func combine(_ operation: AST.BinaryOperator, from start: Operand) throws -> Operand {
      try balanced(values) { try binary(operation, $0, $1, span, word.span, body.span, body.span) } ?? start
    }
    switch word.text {
    case "sum": return try combine(.add, from: zero)
    case "product": return try combine(.multiply, from: .value(.integer(1)))
    case "all": return try balanced(values) { try connect(.and, $0, $1, span) } ?? .value(.boolean(true))
    case "any": return try balanced(values) { try connect(.or, $0, $1, span) } ?? .value(.boolean(false))
    case "count":
      let ones = try values.map { try select($0, .value(.integer(1)), zero, span, body.span, body.span) }
      return try balanced(ones) { try binary(.add, $0, $1, span, word.span, body.span, body.span) } ?? zero
    case "min", "max":
      guard let result = try balanced(values, { try extremum(word.text == "min" ? .min : .max, $0, $1, span, body.span) }) else {
        throw fault("`\(word.text)` over an empty set has no value", span)
      }
      return result
    default:
      guard var best = collected.first, let firstKey = best.key else {
        throw fault("`\(word.text)` over an empty set has no value", span)
      }
      var key = firstKey
      for each in collected.dropFirst() {
        let better = try binary(
          word.text == "argmax" ? .greater : .less, each.value, best.value, span, word.span, body.span, body.span)
        best.value = try select(better, each.value, best.value, span, body.span, body.span)
        key = try select(better, each.key ?? key, key, span, body.span, body.span)
      }
      return key
    }
  }

  /// Combines neighbours in a balanced tree, so that deep chains do not arise.
  func balanced(_ values: [Operand], _ combine: (Operand, Operand) throws -> Operand) rethrows -> Operand? {
    var level = values
    while level.count > 1 {
      var next: [Operand] = []
      for index in stride(from: 0, to: level.count - 1, by: 2) { next.append(try combine(level[index], level[index + 1])) }
      if level.count % 2 == 1, let last = level.last { next.append(last) }
      level = next
    }
    return level.first
  }

  func extremum(_ function: BinaryFunction, _ a: Operand, _ b: Operand, _ span: SourceSpan, _ place: SourceSpan) throws
    -> Operand
  {
    if case .unchecked = a { return a }
    if case .unchecked = b { return b }
    if let result = try elementwise(function, a, b, span) { return result }
    for operand in [a, b] {
      switch operand {
      case .value(.integer), .value(.real): continue
      case .scalar(let id) where isNumber(id): continue
      default: throw fault("`\(function.rawValue)` needs numbers, and this is \(describe(operand))", place)
      }
    }
    if case .value(let left) = a, case .value(let right) = b, let (x, xType) = encode(left), let (y, yType) = encode(right) {
      let result = function(x, y)
      if result.isNaN { throw fault("`\(function.rawValue)` of something that is not a number", place) }
      return .value(xType == .integer && yType == .integer ? .integer(Int(result)) : .real(result))
    }
    guard let left = scalar(a), let right = scalar(b) else { throw Self.silent }
    return .scalar(context.pool.binary(function, left, right, type: resultType(function, left, right), span: span))
  }
}
