extension AST.Expression {
  /// The bare names that an expression mentions and does not bind itself.
  public var freeNames: Set<String> {
    func all(_ expressions: [AST.Expression]) -> Set<String> { expressions.reduce(into: []) { $0.formUnion($1.freeNames) } }
    func bound(_ bindings: [AST.Binding], _ inner: [AST.Expression]) -> Set<String> {
      var result: Set<String> = []
      var known: Set<String> = []
      for binding in bindings {
        result.formUnion(binding.set.freeNames.subtracting(known))
        known.insert(binding.name.text)
      }
      return result.union(all(inner).subtracting(known))
    }
    switch kind {
    case .integer, .real, .boolean, .error: return []
    case .name(let name), .primed(let name): return [name]
    case .string(let parts):
      return all(parts.compactMap { part in if case .interpolation(let inner) = part { inner } else { nil } })
    case .unary(_, let operand), .parenthesized(let operand), .distributionType(let operand), .member(let operand, _):
      return operand.freeNames
    case .binary(_, let left, let right, _), .range(let left, let right): return all([left, right])
    case .conditional(let condition, let first, let second): return all([condition, first, second])
    case .match(let scrutinee, let arms): return all([scrutinee] + arms.flatMap { $0.patterns + [$0.value] })
    case .call(let base, let arguments), .index(let base, let arguments): return all([base] + arguments.map(\.value))
    case .binder(_, let bindings, let filter, let body), .comprehension(let bindings, let filter, let body):
      return bound(bindings, (filter.map { [$0] } ?? []) + [body])
    case .array(let elements), .set(let elements): return all(elements)
    case .distribution(let outcomes): return all(outcomes.flatMap { [$0.value, $0.weight] })
    case .record(let fields): return all(fields.map(\.value))
    }
  }
}
