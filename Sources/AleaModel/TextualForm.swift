extension Process {
  /// The process as text, the way `alea ir` shows it: the same process gives the same text.
  ///
  /// The text has these parts, in this order; a part without content is left out.
  /// ```text
  /// mdp Inventory(capacity = 2, price = 8)
  ///   objective discounted 0.95, maximize mean
  ///
  /// variables
  ///   state   stock: 0..2 = 0
  ///           stock' = %1 - sold
  ///   action  order: 0..2
  ///   derived demand: Int ~ Poisson(6)
  ///   derived sold: Int = min(%1, demand)
  ///
  /// available when %1 <= 2
  /// reward  sales = 8 * sold
  ///
  /// shared
  ///   %1 = stock + order
  ///
  /// step demand, sold, stock'
  ///
  /// depends
  ///   sold   <- stock, order, demand
  ///   stock' <- stock, order, sold
  /// ```
  /// - `variables`: role, name, domain, and the mechanism: `=` gives a value, `~` a law; a state has the law of its first value, and
  ///   below it that of its next one. Families, arrays and records are spelt out: `up[m1]`, `position.x`. A name that ends in `#` is a
  ///   draw the compiler added.
  /// - `available when`, `terminal when`: the conditions; `reward`, `cost`: the channels (the amount of a cost is already negated).
  /// - `shared`: expressions that are used more than once, computed once; `%2` may mention `%1`. `#0`, `#1`, ... are constant
  ///   tables, listed under `tables`.
  /// - `step`: the order in which a step computes what it draws and derives.
  /// - `depends`: the direct parents of everything that a step computes.
  ///
  /// - Complexity: O(size of the process).
  public func textualForm() -> String { ProcessText(self).text() }
}

/// Writes one process; see ``Process/textualForm()``.
private struct ProcessText {
  let process: Process
  /// The numbers of the expressions that are used more than once, by expression.
  private var shared: [ExpressionID: Int] = [:]
  private var sharedOrder: [ExpressionID] = []

  init(_ process: Process) {
    self.process = process
    let roots = self.roots
    var uses: [ExpressionID: Int] = [:]
    for root in roots { uses[root, default: 0] += 1 }
    let all = process.pool.reachable(from: roots)
    for id in all {
      for operand in process.pool.operands(of: id) { uses[operand, default: 0] += 1 }
    }
    for id in all where uses[id, default: 0] > 1 && !process.pool.operands(of: id).isEmpty {
      sharedOrder.append(id)
      shared[id] = sharedOrder.count
    }
  }

  /// Every expression that something of the process is given by.
  private var roots: [ExpressionID] {
    process.variables.flatMap { $0.mechanism.expressions + ($0.next?.expressions ?? []) } + process.availability
      + (process.terminal.map { [$0] } ?? []) + process.channels.map(\.amount)
  }

  func text() -> String {
    var sections: [[String]] = [header(), ["variables"] + process.variables.flatMap(variable).map { "  " + $0 }]
    sections.append(
      process.availability.map { "available when \(expression($0))" }
        + (process.terminal.map { ["terminal when \(expression($0))"] } ?? [])
        + process.channels.map { "\($0.isCost ? "cost   " : "reward ") \($0.name) = \(expression($0.amount))" })
    if !sharedOrder.isEmpty {
      sections.append(["shared"] + sharedOrder.enumerated().map { "  %\($0.offset + 1) = \(definition($0.element, .lowest))" })
    }
    let tables = usedTables()
    if !tables.isEmpty {
      sections.append(
        ["tables"] + tables.map { "  #\($0) = [" + process.pool.tables[Int($0)].map(number).joined(separator: ", ") + "]" })
    }
    if !process.stepOrder.isEmpty { sections.append(["step " + process.stepOrder.map(name).joined(separator: ", ")]) }
    sections.append(dependences())
    return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  // MARK: Parts

  private func header() -> [String] {
    let parameters = process.parameters.map { "\($0.name) = \($0.value)" }.joined(separator: ", ")
    var lines = ["\(process.kind.rawValue) \(process.name)" + (parameters.isEmpty ? "" : "(\(parameters))")]
    if process.kind != .causal { lines.append("  objective " + objective(process.objective)) }
    return lines
  }

  private func objective(_ objective: Objective) -> String {
    var parts: [String] = []
    switch objective.criterion {
    case .discounted(let factor): parts.append("discounted \(number(factor))")
    case .finiteHorizon(let steps, let factor):
      parts.append("horizon \(steps)" + (factor == 1 ? "" : " discounted \(number(factor))"))
    case .total: parts.append("total")
    case .average: parts.append("average")
    }
    let functional =
      switch objective.functional {
      case .mean: "mean"
      case .conditionalValueAtRisk(let level): "cvar(\(number(level)))"
      case .quantile(let level): "quantile(\(number(level)))"
      case .entropic(let aversion): "entropic(\(number(aversion)))"
      case .probabilityAtLeast(let level): "probability(return >= \(number(level)))"
      case .meanMinusDeviation(let weight): "mean - \(number(weight)) * deviation"
      }
    parts.append(
      (objective.maximizes ? "maximize " : "minimize ") + (objective.modifier.map { $0 + " " } ?? "") + functional)
    parts += objective.constraints.map { "subject to \($0.channel) \($0.isUpperBound ? "<=" : ">=") \(number($0.bound))" }
    parts += objective.regularizers.map { "regularize \(clause($0))" }
    if let ambiguity = objective.ambiguity { parts.append("against \(clause(ambiguity))") }
    return parts.joined(separator: ", ")
  }

  private func clause(_ clause: Objective.Clause) -> String {
    let arguments = clause.arguments.sorted { $0.key < $1.key }.map { key, value in
      key.allSatisfy(\.isNumber) ? number(value) : "\(key): \(number(value))"
    }
    return "\(clause.name)(\(arguments.joined(separator: ", ")))" + (clause.per.map { " per \($0)" } ?? "")
  }

  private func variable(_ variable: Variable) -> [String] {
    let role = variable.role.rawValue.padded(to: 8)
    var lines = ["\(role) \(variable.name): \(domain(variable.domain))" + mechanism(variable.mechanism)]
    if let next = variable.next {
      lines.append("\("".padded(to: 8)) \(variable.name)'" + mechanism(next))
    }
    return lines
  }

  private func mechanism(_ mechanism: Mechanism) -> String {
    switch mechanism {
    case .chosen, .unspecified: ""
    case .value(let id): " = \(expression(id))"
    case .draw(let law): " ~ \(distribution(law))"
    }
  }

  private func domain(_ domain: Domain) -> String {
    switch domain {
    case .boolean: "Bool"
    case .range(let low, let high): "\(low)..\(high)"
    case .symbols(let codes): "{" + codes.map { process.text(of: Double($0), in: domain) }.joined(separator: ", ") + "}"
    case .numbers(let values): "{" + values.map(number).joined(separator: ", ") + "}"
    case .integers: "Int"
    case .reals: "Real"
    }
  }

  private func usedTables() -> [Int32] {
    var result = Set<Int32>()
    for id in process.pool.reachable(from: roots) {
      if case .lookup(let table, _) = process.pool[id].kind { result.insert(table) }
    }
    return result.sorted()
  }

  private func dependences() -> [String] {
    let graph = DependenceGraph(of: process)
    let lines = process.stepOrder.compactMap { slot -> (String, String)? in
      guard let parents = graph.parents[slot], !parents.isEmpty else { return nil }
      return (name(slot), parents.sorted { key($0) < key($1) }.map(name).joined(separator: ", "))
    }
    let width = lines.map(\.0.count).max() ?? 0
    return lines.isEmpty ? [] : ["depends"] + lines.map { "  \($0.0.padded(to: width)) <- \($0.1)" }
  }

  private func key(_ slot: Slot) -> Int {
    switch slot {
    case .current(let id): Int(id.index)
    case .next(let id): Int(id.index) + process.variables.count
    }
  }

  private func name(_ slot: Slot) -> String {
    switch slot {
    case .current(let id): process[id].name
    case .next(let id): process[id].name + "'"
    }
  }

  // MARK: Laws and expressions

  private func distribution(_ law: Distribution) -> String {
    switch law {
    case .primitive(let family, let parameters):
      let name =
        family == .uniformInteger ? "UniformInteger" : family.rawValue.prefix(1).uppercased() + family.rawValue.dropFirst()
      return "\(name)(\(parameters.map { expression($0) }.joined(separator: ", ")))"
    case .finite(let outcomes, let isNormalized):
      let literal = "{" + outcomes.map { "\(expression($0.value)): \(expression($0.weight))" }.joined(separator: ", ") + "}"
      return isNormalized ? literal : "Weighted\(literal)"
    case .select(let condition, let a, let b):
      return "if \(expression(condition)) then \(distribution(a)) else \(distribution(b))"
    case .mixture(let components):
      return "Mixture(" + components.map { "\(expression($0.weight)): \(distribution($0.distribution))" }.joined(separator: ", ")
        + ")"
    case .truncated(let base, let low, let high):
      return "Truncated(\(distribution(base)), \(expression(low)), \(expression(high)))"
    }
  }

  /// How tightly an expression binds, loosest first.
  private enum Strength: Int, Comparable {
    case lowest, or, and, not, comparison, sum, product, sign, power, primary
    static func < (a: Strength, b: Strength) -> Bool { a.rawValue < b.rawValue }
  }

  private func expression(_ id: ExpressionID, _ outer: Strength = .lowest) -> String {
    if let position = shared[id] { return "%\(position)" }
    return definition(id, outer)
  }

  private func definition(_ id: ExpressionID, _ outer: Strength) -> String {
    let node = process.pool[id]
    switch node.kind {
    case .constant(let value): return constant(value, node.type)
    case .variable(let variable): return process[variable].name
    case .next(let variable): return process[variable].name + "'"
    case .time: return "t"
    case .unary(.negate, let a): return wrap("-\(expression(a, .sign))", .sign, outer)
    case .unary(.not, let a): return wrap("not \(expression(a, .not))", .not, outer)
    case .unary(let function, let a): return "\(function.rawValue)(\(expression(a)))"
    case .binary(let function, let a, let b): return binary(function, a, b, outer)
    case .select(let condition, let a, let b):
      return wrap(
        "if \(expression(condition)) then \(expression(a)) else \(expression(b))", .lowest, outer == .lowest ? .lowest : .or)
    case .gather(let index, let elements):
      return "[\(elements.map { expression($0) }.joined(separator: ", "))][\(expression(index))]"
    case .lookup(let table, let index): return "#\(table)[\(expression(index))]"
    case .ternary(let function, let a, let b, let c):
      return "\(function.rawValue)(\(expression(a)), \(expression(b)), \(expression(c)))"
    }
  }

  private func binary(_ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID, _ outer: Strength) -> String {
    func infix(_ sign: String, _ strength: Strength, _ left: Strength, _ right: Strength) -> String {
      wrap("\(expression(a, left)) \(sign) \(expression(b, right))", strength, outer)
    }
    switch function {
    case .add: return infix("+", .sum, .sum, .product)
    case .subtract: return infix("-", .sum, .sum, .product)
    case .multiply: return infix("*", .product, .product, .sign)
    case .divide: return infix("/", .product, .product, .sign)
    case .integerDivide: return infix("div", .product, .product, .sign)
    case .modulo: return infix("mod", .product, .product, .sign)
    case .power: return infix("^", .power, .primary, .power)
    case .equal: return infix("==", .comparison, .sum, .sum)
    case .notEqual: return infix("!=", .comparison, .sum, .sum)
    case .less: return infix("<", .comparison, .sum, .sum)
    case .lessEqual: return infix("<=", .comparison, .sum, .sum)
    case .and: return infix("and", .and, .and, .not)
    case .or: return infix("or", .or, .or, .and)
    case .min, .max: return "\(function.rawValue)(\(expression(a)), \(expression(b)))"
    case .divergence: return "kl(\(expression(a)), \(expression(b)))"
    case .divergenceBound: return "klUpper(\(expression(a)), \(expression(b)))"
    }
  }

  private func wrap(_ text: String, _ strength: Strength, _ outer: Strength) -> String {
    strength < outer ? "(\(text))" : text
  }

  private func constant(_ value: Double, _ type: ScalarType) -> String {
    switch type {
    case .boolean: value != 0 ? "true" : "false"
    case .symbol: process.symbols.indices.contains(Int(value)) ? process.symbols[Int(value)].name : number(value)
    case .integer, .real: number(value)
    }
  }

  /// A number with the fewest digits that give it back.
  private func number(_ value: Double) -> String {
    for digits in [6, 10, 15, 16, 17] {
      let text = NumberText.significant(value, digits: digits)
      if Double(text) == value { return text }
    }
    return NumberText.significant(value, digits: 17)
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
