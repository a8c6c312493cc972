import AleaModel
import AleaSyntax

extension PrismLowering {
  /// More combinations of values are not looked through for initial states.
  private static let mostCombinations = 1 << 20

  /// The initial values: the lowest of each range, those given by `init`, or every state an `init ... endinit` block allows, all
  /// equally likely.
  mutating func lowerInitial() {
    if let condition = model.initial {
      attempt { try $0.initialStates(condition) }
      return
    }
    for variable in model.globals { attempt { try $0.initialValue(variable, .none) } }
    for instance in instances {
      for variable in instance.module.variables { attempt { try $0.initialValue(variable, instance.renaming) } }
    }
  }

  private mutating func initialValue(_ variable: PrismModel.Variable, _ renaming: PrismRenaming) throws {
    let name = renaming.map[variable.name.text] ?? variable.name.text
    guard let known = scope.variables[name] else { return }
    let domain = process[known.id].domain
    var value: Double
    switch domain {
    case .range(let low, _): value = Double(low)
    default: value = 0
    }
    if let expression = variable.initial {
      let given = try scope.known(try scope.lower(expression, renaming), expression.span, "the initial value of `\(name)`")
      let typed = try scope.convert(given, to: known.type, expression.span, "the initial value of `\(name)`")
      value = scope.pool.constant(typed.id) ?? 0
      guard domain.contains(value) else {
        throw scope.fault(
          "the initial value of `\(name)` is \(text(value)), outside its range \(text(domain))", expression.span)
      }
    }
    process.variables[Int(known.id.index)].mechanism = .value(
      scope.pool.constant(value, type: domain.type, span: variable.initial?.span ?? variable.name.span))
  }

  // MARK: Several initial states

  private mutating func initialStates(_ expression: PrismExpression) throws {
    for variable in model.globals + instances.flatMap(\.module.variables) {
      if let own = variable.initial {
        report("`\(variable.name.text)` has an initial value and the model an `init` block", own.span)
      }
    }
    let condition = try scope.boolean(expression, "the condition on the initial states")
    var sets: [VariableID: PrismValueSet] = [:]
    var joint: [ExpressionID] = []
    for part in scope.pool.conjuncts(of: condition) {
      let variables = variables(in: part)
      if variables.count == 1, let id = variables.first, let count = process[id].domain.count, count <= Self.widestSet {
        var set = PrismValueSet(count: count)
        for position in 0..<count where scope.pool.value(of: part, { _ in process[id].domain.value(at: position) }) == 1 {
          set.insert(position)
        }
        if let known = sets[id] { set.formIntersection(known) }
        sets[id] = set
      } else if scope.pool.constant(part) != 1 {
        joint.append(part)
      }
    }
    let together = Set(joint.flatMap { variables(in: $0) }).sorted { $0.index < $1.index }
    for index in process.variables.indices {
      let id = VariableID(index)
      guard let count = process[id].domain.count else {
        throw scope.fault("`\(process[id].name)` has no range, and an `init` block needs one", expression.span)
      }
      if together.contains(id) { continue }
      let positions = (0..<count).filter { sets[id]?.contains($0) ?? true }
      try setUniform(id, positions.map { (process[id].domain.value(at: $0), 1) }, expression.span)
    }
    if !together.isEmpty { try setJoint(together, sets, joint, expression.span) }
  }

  private func variables(in expression: ExpressionID) -> [VariableID] {
    scope.pool.leaves(of: [expression]).compactMap { if case .variable(let id) = $0 { id } else { nil } }
  }

  private mutating func setUniform(_ id: VariableID, _ outcomes: [(value: Double, weight: Double)], _ span: SourceSpan) throws {
    let type = process[id].domain.type
    guard let first = outcomes.first else { throw scope.fault("no state satisfies the condition on the initial states", span) }
    if outcomes.count == 1 {
      process.variables[Int(id.index)].mechanism = .value(scope.pool.constant(first.value, type: type, span: span))
      return
    }
    let law = outcomes.map {
      Distribution.Outcome(
        value: scope.pool.constant($0.value, type: type), weight: scope.pool.constant($0.weight, type: .real))
    }
    process.variables[Int(id.index)].mechanism = .draw(.finite(law, isNormalized: false))
  }

  /// Variables that a condition ties together: each is drawn given the earlier ones, by how many states go with each of its values.
  private mutating func setJoint(
    _ ids: [VariableID], _ sets: [VariableID: PrismValueSet], _ conditions: [ExpressionID], _ span: SourceSpan
  ) throws {
    let sizes = ids.map { process[$0].domain.count ?? 0 }
    var total = 1
    for size in sizes {
      total *= max(1, size)
      if total > Self.mostCombinations {
        throw scope.fault(
          "the condition on the initial states ties together too many combinations of values", span,
          notes: ["at most \(Self.mostCombinations) are looked through"])
      }
    }
    var values: [VariableID: Double] = [:]
    var counts = [Double](repeating: 0, count: total)
    for combination in 0..<total {
      var rest = combination
      var isAllowed = true
      for (id, size) in zip(ids, sizes).reversed() {
        let position = rest % size
        rest /= size
        if let set = sets[id], !set.contains(position) { isAllowed = false }
        values[id] = process[id].domain.value(at: position)
      }
      guard isAllowed else { continue }
      if conditions.allSatisfy({ scope.pool.value(of: $0) { values[$0] ?? .nan } == 1 }) { counts[combination] = 1 }
    }
    guard counts.contains(1) else { throw scope.fault("no state satisfies the condition on the initial states", span) }
    // From the last variable back: how many states begin with each combination of the variables so far.
    for place in ids.indices.reversed() {
      let size = sizes[place]
      let prefixes = counts.count / size
      let index = positionIndex(ids[..<place], sizes, span)
      var outcomes: [Distribution.Outcome] = []
      for position in 0..<size {
        let column = (0..<prefixes).map { counts[$0 * size + position] }
        if column.allSatisfy({ $0 == 0 }) { continue }
        let weight =
          place == 0
          ? scope.pool.constant(column[0], type: .real)
          : scope.pool.lookup(scope.pool.addTable(column), index, type: .real, span: span)
        let value = scope.pool.constant(process[ids[place]].domain.value(at: position), type: process[ids[place]].domain.type)
        outcomes.append(.init(value: value, weight: weight))
      }
      process.variables[Int(ids[place].index)].mechanism = .draw(.finite(outcomes, isNormalized: false))
      counts = (0..<prefixes).map { prefix in (0..<size).reduce(0) { $0 + counts[prefix * size + $1] } }
    }
  }

  /// The number of a combination of values, the last variable varying fastest.
  private mutating func positionIndex(_ ids: ArraySlice<VariableID>, _ sizes: [Int], _ span: SourceSpan) -> ExpressionID {
    var result = scope.pool.constant(0, type: .integer)
    for (id, size) in zip(ids, sizes) {
      let domain = process[id].domain
      var position = scope.pool.intern(.variable(id), type: domain.type, span: span)
      if case .range(let low, _) = domain, low != 0 {
        let first = scope.pool.constant(Double(low), type: .integer)
        position = scope.pool.binary(.subtract, position, first, type: .integer, span: span)
      }
      let factor = scope.pool.constant(Double(size), type: .integer)
      result = scope.pool.binary(.multiply, result, factor, type: .integer, span: span)
      result = scope.pool.binary(.add, result, position, type: .integer, span: span)
    }
    return result
  }
}
