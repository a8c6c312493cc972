/// Turns expressions written in Swift into those of a process, checking their kinds.
struct ExpressionLowering {
  var pool: ExpressionPool
  var symbols: [Symbol]
  /// The kind of each variable, by index.
  var types: [ScalarType]
  var names: [String]
  var states: Set<Int>
  /// What stands for a variable, where it may not be mentioned itself; nil to keep it.
  var replacement: (Int) throws -> ModelExpression? = { _ in nil }

  mutating func code(of symbol: String) -> Int {
    if let known = symbols.firstIndex(where: { $0.name == symbol }) { return known }
    symbols.append(Symbol(symbol))
    return symbols.count - 1
  }

  /// The expression in the pool.
  ///
  /// - Throws: ``ValueError`` where kinds do not fit.
  mutating func lower(_ expression: ModelExpression) throws -> ExpressionID {
    switch expression.node {
    case .constant(let value, let type):
      guard value.isFinite || value.isInfinite else { throw ValueError("a number of an expression is nan") }
      return pool.constant(value, type: type)
    case .symbol(let name): return pool.constant(Double(code(of: name)), type: .symbol)
    case .known(let id): return id
    case .time: return pool.intern(.time, type: .integer, span: nil)
    case .variable(let index):
      if let instead = try replacement(index) { return try lower(instead) }
      guard types.indices.contains(index) else { throw ValueError("an expression mentions a variable of another model") }
      return pool.intern(.variable(VariableID(index)), type: types[index], span: nil)
    case .next(let index):
      guard states.contains(index) else { throw ValueError("`next` is of a state, and this is none") }
      return pool.intern(.next(VariableID(index)), type: types[index], span: nil)
    case .unary(let function, let a): return try unary(function, lower(a))
    case .binary(let function, let a, let b): return try binary(function, lower(a), lower(b))
    case .fault(let message): throw ValueError(message)
    case .gather(let position, let elements):
      let place = try number(position, "an index")
      var lowered: [ExpressionID] = []
      for element in elements { lowered.append(try lower(element)) }
      guard let first = lowered.first, lowered.allSatisfy({ pool[$0].type == pool[first].type }) else {
        throw ValueError("the members of a family differ in kind")
      }
      return pool.gather(place, lowered, type: pool[first].type, span: nil)
    case .select(let condition, let a, let b):
      let test = try boolean(condition, "the condition of `choose`")
      let (first, second) = (try lower(a), try lower(b))
      guard let type = join(pool[first].type, pool[second].type) else {
        throw ValueError("the branches of `choose` differ in kind: \(kind(first)) and \(kind(second))")
      }
      return pool.select(test, first, second, type: type, span: nil)
    }
  }

  mutating func boolean(_ expression: ModelExpression, _ what: String) throws -> ExpressionID {
    let id = try lower(expression)
    guard pool[id].type == .boolean else { throw ValueError("\(what) is true or false, and this is \(kind(id))") }
    return id
  }

  mutating func number(_ expression: ModelExpression, _ what: String) throws -> ExpressionID {
    let id = try lower(expression)
    guard isNumber(id) else { throw ValueError("\(what) is a number, and this is \(kind(id))") }
    return id
  }

  private mutating func unary(_ function: UnaryFunction, _ a: ExpressionID) throws -> ExpressionID {
    let type: ScalarType
    switch function {
    case .not:
      guard pool[a].type == .boolean else { throw ValueError("`!` needs true or false, and this is \(kind(a))") }
      type = .boolean
    case .negate, .abs, .sign: type = pool[a].type
    case .floor, .ceil, .round: type = .integer
    default: type = .real
    }
    guard function == .not || isNumber(a) else {
      throw ValueError("`\(function.rawValue)` needs a number, and this is \(kind(a))")
    }
    return pool.unary(function, a, type: type, span: nil)
  }

  private mutating func binary(_ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID) throws -> ExpressionID {
    let (left, right) = (pool[a].type, pool[b].type)
    switch function {
    case .and, .or:
      guard left == .boolean, right == .boolean else {
        throw ValueError("`\(function.rawValue)` needs true or false, and these are \(kind(a)) and \(kind(b))")
      }
      return pool.binary(function, a, b, type: .boolean, span: nil)
    case .equal, .notEqual:
      guard join(left, right) != nil else { throw ValueError("\(kind(a)) and \(kind(b)) cannot be compared") }
      return pool.binary(function, a, b, type: .boolean, span: nil)
    default: break
    }
    guard isNumber(a), isNumber(b) else {
      throw ValueError("`\(function.rawValue)` needs numbers, and these are \(kind(a)) and \(kind(b))")
    }
    let isInteger = left == .integer && right == .integer
    let type: ScalarType
    switch function {
    case .less, .lessEqual: type = .boolean
    case .divide, .divergence, .divergenceBound: type = .real
    case .power: type = isInteger && (pool.constant(b) ?? -1) >= 0 ? .integer : .real
    default: type = isInteger ? .integer : .real
    }
    return pool.binary(function, a, b, type: type, span: nil)
  }

  // MARK: Laws

  /// The law in the pool, with the kind of what it draws.
  mutating func lower(_ law: ModelLaw) throws -> (Distribution, ScalarType) {
    switch law.node {
    case .primitive(let family, let given):
      guard given.count == family.parameters.count else {
        throw ValueError("`\(family.rawValue)` takes \(family.parameters.joined(separator: ", "))")
      }
      var parameters: [ExpressionID] = []
      for (name, expression) in zip(family.parameters, given) {
        parameters.append(try number(expression, "`\(name)` of `\(family.rawValue)`"))
      }
      return (.primitive(family, parameters), family.isDiscrete ? .integer : .real)
    case .finite(let outcomes, let isNormalized):
      guard !outcomes.isEmpty else { throw ValueError("a law needs at least one outcome") }
      var type: ScalarType?
      var lowered: [Distribution.Outcome] = []
      for outcome in outcomes {
        let value = try lower(outcome.value)
        guard let joined = join(type ?? pool[value].type, pool[value].type) else {
          throw ValueError("the outcomes of a law differ in kind")
        }
        type = joined
        let weight = try number(outcome.weight, "a weight")
        if let known = pool.constant(weight), !(known >= 0 && known.isFinite) {
          throw ValueError("a weight is not negative, and this is \(NumberText.significant(known, digits: 6))")
        }
        lowered.append(.init(value: value, weight: weight))
      }
      return (.finite(lowered, isNormalized: isNormalized), type ?? .real)
    case .select(let condition, let a, let b):
      let test = try boolean(condition, "the condition of `choose`")
      let (first, firstType) = try lower(a)
      let (second, secondType) = try lower(b)
      guard let type = join(firstType, secondType) else { throw ValueError("the laws of `choose` differ in kind") }
      return (.select(test, then: first, else: second), type)
    case .mixture(let components):
      guard !components.isEmpty else { throw ValueError("a mixture needs at least one component") }
      var type: ScalarType?
      var lowered: [Distribution.Component] = []
      for component in components {
        let (part, partType) = try lower(component.law)
        guard let joined = join(type ?? partType, partType) else { throw ValueError("the laws of a mixture differ in kind") }
        type = joined
        lowered.append(.init(weight: try number(component.weight, "a weight"), distribution: part))
      }
      return (.mixture(lowered), type ?? .real)
    case .truncated(let base, let low, let high):
      let (part, type) = try lower(base)
      return (
        .truncated(
          part, low: try number(low, "a bound of a truncated law"), high: try number(high, "a bound of a truncated law")),
        type
      )
    }
  }

  // MARK: Kinds

  func isNumber(_ id: ExpressionID) -> Bool { pool[id].type == .integer || pool[id].type == .real }

  func join(_ a: ScalarType, _ b: ScalarType) -> ScalarType? {
    a == b ? a : Set([a, b]) == [.integer, .real] ? .real : nil
  }

  private func kind(_ id: ExpressionID) -> String { Self.words(pool[id].type) }

  static func words(_ type: ScalarType) -> String {
    switch type {
    case .boolean: "a Boolean"
    case .integer: "an integer"
    case .real: "a real number"
    case .symbol: "a symbol"
    }
  }
}
