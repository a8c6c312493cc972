import AleaModel
import AleaSyntax

/// How the actions of a process become commands.
extension ProcessWriter {
  static let mostActions = 10_000

  mutating func actions(_ variables: [VariableID]) throws -> [Action] {
    var combinations: [[Double]] = [[]]
    for id in variables {
      let domain = process[id].domain
      guard combinations.count * (domain.count ?? 0) <= Self.mostActions else {
        throw cannot("there are more than \(Self.mostActions) combinations of actions")
      }
      combinations = combinations.flatMap { row in (0..<(domain.count ?? 0)).map { row + [domain.value(at: $0)] } }
    }
    let terminal = try terminalCondition()
    var result: [Action] = []
    for combination in combinations {
      var values: [ExpressionKind: ExpressionID] = [:]
      for (id, value) in zip(variables, combination) {
        values[.variable(id)] = process.pool.constant(value, type: process[id].domain.type)
      }
      var condition = process.pool.constant(1, type: .boolean)
      for part in process.availability {
        let written = try writtenOut(part, values, "the availability of an action")
        condition = process.pool.binary(.and, condition, written, type: .boolean, span: span)
      }
      if process.pool.constant(condition) == 0 { continue }
      var open = condition
      if let terminal {
        let isOpen = process.pool.unary(.not, terminal, type: .boolean, span: span)
        open = process.pool.binary(.and, isOpen, condition, type: .boolean, span: span)
      }
      if process.pool.constant(open) == 0 { continue }
      let name = zip(variables, combination).map { id, value in
        "\(process[id].name)_\(process.text(of: value, in: process[id].domain).replacing("-", with: "minus"))"
      }
      result.append(
        try action(names.claim(name.isEmpty ? "step" : name.joined(separator: "_"), isQuiet: true), condition, open, values))
    }
    return result
  }

  mutating func terminalCondition() throws -> ExpressionID? {
    guard let terminal = process.terminal else { return nil }
    return try writtenOut(terminal, [:], "the terminal condition")
  }

  /// An expression of states alone, with derived values written out.
  mutating func writtenOut(_ expression: ExpressionID, _ values: [ExpressionKind: ExpressionID], _ what: String) throws
    -> ExpressionID
  {
    var result = process.pool.rewriting([expression]) { values[$0] }[0]
    while true {
      var definitions: [ExpressionKind: ExpressionID] = [:]
      for leaf in process.pool.leaves(of: [result]) {
        guard case .variable(let id) = leaf else { throw cannot("\(what) depends on the time or on next values") }
        if process[id].role == .state { continue }
        guard case .value(let value) = process[id].mechanism else {
          throw cannot("\(what) depends on `\(process[id].name)`, which is drawn", process[id].span)
        }
        definitions[leaf] = process.pool.rewriting([value]) { values[$0] }[0]
      }
      if definitions.isEmpty { return result }
      result = process.pool.rewriting([result]) { definitions[$0] }[0]
    }
  }

  static let mostOutcomes = 20_000

  /// - Parameter open: the condition in states that are not terminal.
  mutating func action(
    _ name: String, _ condition: ExpressionID, _ open: ExpressionID, _ values: [ExpressionKind: ExpressionID]
  ) throws -> Action {
    var outcomes = [Outcome(weight: process.pool.constant(1, type: .real), values: values)]
    for slot in process.stepOrder {
      let (variable, mechanism, leaf): (Variable, Mechanism?, ExpressionKind)
      switch slot {
      case .current(let id): (variable, mechanism, leaf) = (process[id], process[id].mechanism, .variable(id))
      case .next(let id): (variable, mechanism, leaf) = (process[id], process[id].next, .next(id))
      }
      guard let mechanism else { continue }
      var widened: [Outcome] = []
      for outcome in outcomes {
        switch mechanism {
        case .value(let value):
          var next = outcome
          next.values[leaf] = process.pool.rewriting([value]) { outcome.values[$0] }[0]
          widened.append(next)
        case .draw(let law):
          for (value, weight) in try self.outcomes(of: law, outcome.values, variable, variable.span) {
            var next = outcome
            next.values[leaf] = value
            next.weight = process.pool.binary(.multiply, outcome.weight, weight, type: .real, span: span)
            if process.pool.constant(next.weight) != 0 { widened.append(next) }
          }
        case .chosen, .unspecified: widened.append(outcome)
        }
      }
      guard widened.count <= Self.mostOutcomes else {
        throw cannot("the draws of a step combine in more than \(Self.mostOutcomes) ways", variable.span)
      }
      outcomes = widened
    }
    return Action(
      name: name, guardCondition: condition, open: open, updates: updates(outcomes, where: open),
      rewards: process.channels.map { expected($0.amount, over: outcomes, where: open) })
  }

  /// The next values of each outcome; outcomes that lead to the same ones are one update.
  mutating func updates(_ outcomes: [Outcome], where condition: ExpressionID) -> [(
    weight: ExpressionID, next: [VariableID: ExpressionID]
  )] {
    var result: [(weight: ExpressionID, next: [VariableID: ExpressionID])] = []
    var positions: [[VariableID: ExpressionID]: Int] = [:]
    for outcome in outcomes {
      var next: [VariableID: ExpressionID] = [:]
      for id in process.variables(with: .state) {
        guard let value = outcome.values[.next(id)] else { continue }
        next[id] = simplified(value, where: condition)
      }
      if let position = positions[next] {
        result[position].weight = process.pool.binary(.add, result[position].weight, outcome.weight, type: .real, span: span)
      } else {
        positions[next] = result.count
        result.append((outcome.weight, next))
      }
    }
    return result
  }

  /// The mean of an amount over the outcomes.
  mutating func expected(_ amount: ExpressionID, over outcomes: [Outcome], where condition: ExpressionID) -> ExpressionID {
    var weights: [ExpressionID: ExpressionID] = [:]
    var order: [ExpressionID] = []
    for outcome in outcomes {
      let value = process.pool.rewriting([amount]) { outcome.values[$0] }[0]
      let earned = simplified(value, where: condition)
      if let known = weights[earned] {
        weights[earned] = process.pool.binary(.add, known, outcome.weight, type: .real, span: span)
      } else {
        weights[earned] = outcome.weight
        order.append(earned)
      }
    }
    var total = process.pool.constant(0, type: .real)
    for earned in order {
      guard let weight = weights[earned] else { continue }
      let term = process.pool.binary(.multiply, weight, earned, type: .real, span: span)
      if process.pool.constant(term) == 0 { continue }
      total = process.pool.binary(.add, total, term, type: .real, span: span)
    }
    return simplified(total, where: condition)
  }

  static let widestTable = 4_096

  /// An expression that comes to the same wherever a condition holds: a constant where it is one, and one form for all that are equal.
  mutating func simplified(_ expression: ExpressionID, where condition: ExpressionID) -> ExpressionID {
    if process.pool.constant(expression) != nil { return expression }
    func states(_ id: ExpressionID) -> [VariableID] {
      process.pool.leaves(of: [id]).compactMap { if case .variable(let id) = $0 { id } else { nil } }
    }
    let leaves = states(expression).sorted { $0.index < $1.index }
    var rows = 1
    for id in leaves {
      guard let count = process[id].domain.count else { return expression }
      rows *= count
      if rows > Self.widestTable { return expression }
    }
    // Only what the condition says about these states alone is taken into account.
    let parts = process.pool.conjuncts(of: condition).filter { Set(states($0)).isSubset(of: Set(leaves)) }
    var values: [Double] = []
    for row in 0..<rows {
      var rest = row
      var given: [VariableID: Double] = [:]
      for id in leaves.reversed() {
        let count = process[id].domain.count ?? 1
        given[id] = process[id].domain.value(at: rest % count)
        rest /= count
      }
      let isAllowed = parts.allSatisfy { process.pool.value(of: $0) { given[$0] ?? .nan } == 1 }
      // A mark for rows that do not count keeps the others in their places.
      values.append(isAllowed ? process.pool.value(of: expression) { given[$0] ?? .nan } : .infinity)
    }
    let allowed = values.filter { $0 != .infinity }
    if values.contains(where: \.isNaN) { return expression }
    let type = process.pool[expression].type
    if let first = allowed.first, allowed.allSatisfy({ $0 == first }) { return process.pool.constant(first, type: type) }
    let table = Table(states: leaves, values: values)
    if let known = representatives[table], process.pool[known].type == type { return known }
    representatives[table] = expression
    return expression
  }
}
