import AleaSyntax

/// The names of an expanded model: what each stands for, and what can be known without values from outside.
struct PrismTables {
  let model: PrismModel
  let constants: [String: PrismModel.Constant]
  let formulas: [String: PrismExpression]
  let variables: [String: PrismModel.Variable]
  /// Constants whose values are set from outside, now or later.
  let open: Set<String>
  private var closedValues: [String: Double] = [:]

  init(_ model: PrismModel, given: Set<String>) {
    self.model = model
    constants = Dictionary(model.constants.map { ($0.name.text, $0) }) { first, _ in first }
    formulas = Dictionary(model.formulas.map { ($0.name.text, $0.value) }) { first, _ in first }
    variables = Dictionary(model.variables.map { ($0.name.text, $0) }) { first, _ in first }
    open = given.union(model.constants.filter { $0.value == nil }.map(\.name.text))
    for constant in model.constants { closedValues[constant.name.text] = closedValue(constant.name.text, []) }
  }

  private func closedValue(_ name: String, _ pending: Set<String>) -> Double? {
    guard !open.contains(name), !pending.contains(name) else { return nil }
    guard let value = constants[name]?.value ?? formulas[name] else { return nil }
    return value.value { closedValue($0, pending.union([name])) }
  }

  /// The value of an expression whatever the values given from outside; nil when it depends on them or on the state.
  func known(_ expression: PrismExpression, _ variable: (String) -> Double? = { _ in nil }) -> Double? {
    expression.value { name in
      if let value = variable(name) { return value }
      if let value = closedValues[name] { return value }
      return formulas[name].flatMap { known($0, variable) }
    }
  }

  /// The variables that an expression depends on, through formulas too.
  func variables(in expression: PrismExpression, _ pending: Set<String> = []) -> Set<String> {
    var result = Set<String>()
    for name in expression.names {
      if constants[name] != nil { continue }
      if variables[name] != nil {
        result.insert(name)
      } else if let formula = formulas[name], !pending.contains(name) {
        result.formUnion(variables(in: formula, pending.union([name])))
      }
    }
    return result
  }

  /// Larger ranges are not looked through.
  private static let widestRange = 4_096

  /// The values of a variable, where they are few and the same for all values from outside.
  func values(of variable: PrismModel.Variable) -> [Int]? {
    switch variable.domain {
    case .boolean: return [0, 1]
    case .integer: return nil
    case .range(let low, let high):
      guard let first = known(low), let last = known(high), first <= last, last - first < Double(Self.widestRange) else {
        return nil
      }
      return Array(Int(first)...Int(last))
    }
  }

  /// For each variable that parts of a condition bound on their own: the values they allow, whatever is given from outside.
  func allowed(by condition: PrismExpression) -> [String: Set<Int>] {
    var result: [String: Set<Int>] = [:]
    for part in condition.conjuncts {
      let names = variables(in: part)
      guard names.count == 1, let name = names.first, let variable = variables[name], let values = values(of: variable) else {
        continue
      }
      var set = Set<Int>()
      var isKnown = true
      for value in values {
        guard let truth = known(part, { $0 == name ? Double(value) : nil }) else {
          isKnown = false
          break
        }
        if truth != 0 { set.insert(value) }
      }
      guard isKnown else { continue }
      result[name] = result[name]?.intersection(set) ?? set
    }
    return result
  }

  /// Formulas and constants in an order in which each stands behind those it mentions.
  func ordered(_ names: [String], _ value: (String) -> PrismExpression?) -> [String] {
    var result: [String] = []
    var seen = Set<String>()
    func visit(_ name: String) {
      guard names.contains(name), seen.insert(name).inserted else { return }
      for other in (value(name)?.names ?? []).sorted() { visit(other) }
      result.append(name)
    }
    for name in names { visit(name) }
    return result
  }
}
