import AleaSyntax

extension AleaModelWriter {
  /// Sets of variables with more combinations of values are not written as a joint law.
  private static let mostCombinations = 65_536

  /// The laws of the initial values of a model with an `init` block: every state that it allows alike.
  ///
  /// Of variables that a condition ties together each is drawn given the earlier ones, by how many states go with each of its values.
  mutating func initialLaws() -> [String: String] {
    guard let condition = model.initial else { return [:] }
    var groups: [(names: Set<String>, parts: [PrismExpression])] = []
    for part in condition.conjuncts where !part.isTrue {
      var joined = (names: tables.variables(in: part), parts: [part])
      for group in groups where !group.names.isDisjoint(with: joined.names) {
        joined.names.formUnion(group.names)
        joined.parts = group.parts + joined.parts
      }
      groups.removeAll { !$0.names.isDisjoint(with: joined.names) }
      groups.append(joined)
    }
    var result: [String: String] = [:]
    for variable in model.variables { result[variable.name.text] = "~ Uniform(\(set(of: variable)))" }
    for group in groups {
      if group.names.count == 1, let name = group.names.first, let law = law(of: name, group.parts) {
        result[name] = law
      } else {
        result.merge(jointLaws(group.names, group.parts)) { _, new in new }
      }
    }
    return result
  }

  /// The values of a variable as a set to draw from.
  private mutating func set(of variable: PrismModel.Variable) -> String {
    if case .boolean = variable.domain { return "{false, true}" }
    return domain(of: variable)
  }

  /// The law of a variable whose values are known without values from outside.
  private func law(of name: String, _ parts: [PrismExpression]) -> String? {
    var allowed: Set<Int>?
    for part in parts {
      guard let values = tables.allowed(by: part)[name] else { return nil }
      allowed = allowed?.intersection(values) ?? values
    }
    guard let allowed, let variable = tables.variables[name] else { return nil }
    let isBoolean = if case .boolean = variable.domain { true } else { false }
    let values = allowed.sorted().map { isBoolean ? ($0 == 1 ? "true" : "false") : "\($0)" }
    return values.count == 1 ? "= \(values[0])" : "~ Uniform({\(values.joined(separator: ", "))})"
  }

  private mutating func jointLaws(_ names: Set<String>, _ parts: [PrismExpression]) -> [String: String] {
    let members = model.variables.filter { names.contains($0.name.text) }
    let isBounded = members.allSatisfy { if case .integer = $0.domain { false } else { true } }
    // A definition of the model speaks of its states, and not of the values that are gone through here.
    let isPlain = parts.allSatisfy { part in
      part.labels.isEmpty && part.names.allSatisfy { tables.formulas[$0] == nil || !expressions.members.contains($0) }
    }
    let combinations = members.reduce(1.0) { $0 * Double(tables.values(of: $1)?.count ?? 1) }
    guard let last = members.last, isBounded, isPlain, combinations <= Double(Self.mostCombinations) else {
      problems.append(
        .error(
          "initial states in which variables depend on each other in this way", at: parts.first?.span,
          notes: [
            "conditions without formulas on variables with ranges can be written, up to \(Self.mostCombinations) combinations of values",
            "the file itself can be read: `read(\"\(source.file)\")`",
          ]))
      return [:]
    }
    let condition = Self.chain(.and, parts).map { expressions.text($0) } ?? "true"
    var weight = "if \(condition) then 1 else 0"
    var result: [String: String] = [:]
    for variable in members.reversed() {
      let name = expressions.names[variable.name.text] ?? variable.name.text
      let values = set(of: variable)
      result[variable.name.text] = "~ Categorical([\(name) in \(values): \(name)], [\(name) in \(values): \(weight)])"
      let isLast = variable.name.text == last.name.text
      weight = isLast ? "count(\(name) in \(values): \(condition))" : "sum(\(name) in \(values): \(weight))"
    }
    return result
  }
}
