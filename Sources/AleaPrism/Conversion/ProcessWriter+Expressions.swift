import AleaModel
import AleaSyntax

extension ProcessWriter {
  private var place: SourceSpan { process.span ?? SourceSpan(file: FileID(index: 0), start: 0, end: 0) }

  func literal(_ value: Double) -> PrismExpression {
    value.rounded() == value && abs(value) < 0x1p53
      ? PrismExpression(.integer(Int(value)), place) : PrismExpression(.real(value), place)
  }

  func call(_ name: String, _ arguments: [PrismExpression]) -> PrismExpression {
    PrismExpression(.call(PrismName(text: name, span: place), arguments), place)
  }

  private func negated(_ x: PrismExpression) -> PrismExpression {
    switch x.kind {
    case .negate(let inner): return inner
    case .integer(let value): return literal(-Double(value))
    case .real(let value): return PrismExpression(.real(-value), place)
    default: return PrismExpression(.negate(x), place)
    }
  }

  private func product(_ x: PrismExpression, _ y: PrismExpression) -> PrismExpression {
    if case .integer(1) = x.kind { return y }
    if case .integer(1) = y.kind { return x }
    if case .negate(let inner) = y.kind { return negated(product(x, inner)) }
    return .combining(.multiply, x, y)
  }

  private func difference(_ x: PrismExpression, _ y: PrismExpression) -> PrismExpression {
    if case .integer(0) = x.kind { return negated(y) }
    if case .integer(0) = y.kind { return x }
    if case .negate(let inner) = y.kind { return sum(x, inner) }
    return .combining(.subtract, x, y)
  }

  private func sum(_ x: PrismExpression, _ y: PrismExpression) -> PrismExpression {
    if case .integer(0) = x.kind { return y }
    if case .integer(0) = y.kind { return x }
    if case .negate(let inner) = y.kind { return difference(x, inner) }
    return .combining(.add, x, y)
  }

  private func choice(_ condition: PrismExpression, _ a: PrismExpression, _ b: PrismExpression) -> PrismExpression {
    PrismExpression(.conditional([PrismBranch(condition: condition, value: a)], otherwise: b), place)
  }

  /// A condition of PRISM.
  func boolean(_ id: ExpressionID) throws -> PrismExpression {
    if let value = process.pool.constant(id) { return PrismExpression(.boolean(value != 0), place) }
    guard process.pool[id].type == .boolean else { return .combining(.notEqual, try expression(id), literal(0)) }
    return try expression(id)
  }

  /// A number of PRISM: conditions count as 1 and 0.
  func number(_ id: ExpressionID) throws -> PrismExpression {
    if let value = process.pool.constant(id) { return literal(value) }
    guard process.pool[id].type == .boolean else { return try expression(id) }
    return choice(try expression(id), literal(1), literal(0))
  }

  private func same(_ a: ExpressionID, _ b: ExpressionID, _ symbol: PrismOperator) throws -> PrismExpression {
    let areConditions = process.pool[a].type == .boolean && process.pool[b].type == .boolean
    return .combining(symbol, try areConditions ? boolean(a) : number(a), try areConditions ? boolean(b) : number(b))
  }

  private func expression(_ id: ExpressionID) throws -> PrismExpression {
    let node = process.pool[id]
    let isCondition = node.type == .boolean
    func written(_ id: ExpressionID) throws -> PrismExpression { try isCondition ? boolean(id) : number(id) }
    switch node.kind {
    case .constant(let value): return isCondition ? PrismExpression(.boolean(value != 0), place) : literal(value)
    case .variable(let variable):
      guard let name = stateNames[variable] else {
        throw cannot("`\(process[variable].name)` stands where only states can", node.span)
      }
      return PrismExpression(.name(name), place)
    case .next, .time: throw cannot("the number of steps taken stands in a mechanism, which PRISM cannot say", node.span)
    case .unary(let function, let a): return try unary(function, a, node.span)
    case .binary(let function, let a, let b): return try binary(function, a, b, node.span)
    case .select(let condition, let a, let b): return choice(try boolean(condition), try written(a), try written(b))
    case .gather(let index, let elements):
      return try listed(index, try elements.map { try written($0) }, node.span)
    case .lookup(let table, let index):
      let values = process.pool.tables[Int(table)].map { isCondition ? PrismExpression(.boolean($0 != 0), place) : literal($0) }
      return try listed(index, values, node.span)
    case .ternary: throw cannot("PRISM has no function for this expression", node.span)
    }
  }

  /// An element of a list by its number from 0.
  private func listed(_ index: ExpressionID, _ elements: [PrismExpression], _ span: SourceSpan?) throws -> PrismExpression {
    guard let last = elements.last else { throw cannot("an empty list cannot be written", span) }
    let position = try number(index)
    let branches = elements.dropLast().enumerated().map { number, value in
      PrismBranch(condition: .combining(.equal, position, literal(Double(number))), value: value)
    }
    return branches.isEmpty ? last : PrismExpression(.conditional(branches, otherwise: last), place)
  }

  private func unary(_ function: UnaryFunction, _ a: ExpressionID, _ span: SourceSpan?) throws -> PrismExpression {
    if function == .not { return PrismExpression(.not(try boolean(a)), place) }
    let x = try number(a)
    let euler = PrismExpression(.real(2.718281828459045), place)
    switch function {
    case .negate: return negated(x)
    case .floor: return call("floor", [x])
    case .ceil: return call("ceil", [x])
    case .abs: return call("max", [x, negated(x)])
    case .sign:
      return choice(
        .combining(.greater, x, literal(0)), literal(1), choice(.combining(.less, x, literal(0)), literal(-1), literal(0)))
    case .round:
      // Halves go away from zero.
      let half = PrismExpression(.real(0.5), place)
      return choice(
        .combining(.less, x, literal(0)), call("ceil", [.combining(.subtract, x, half)]),
        call("floor", [.combining(.add, x, half)]))
    case .sqrt: return call("pow", [x, PrismExpression(.real(0.5), place)])
    case .exp: return call("pow", [euler, x])
    case .ln: return call("log", [x, euler])
    case .log10: return call("log", [x, literal(10)])
    case .log2: return call("log", [x, literal(2)])
    default: throw cannot("PRISM has no function `\(function.rawValue)`", span)
    }
  }

  private func binary(_ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID, _ span: SourceSpan?) throws
    -> PrismExpression
  {
    switch function {
    case .and: return .combining(.and, try boolean(a), try boolean(b))
    case .or: return .combining(.or, try boolean(a), try boolean(b))
    case .equal: return try same(a, b, .equal)
    case .notEqual: return try same(a, b, .notEqual)
    default: break
    }
    let (x, y) = (try number(a), try number(b))
    switch function {
    case .add: return sum(x, y)
    case .subtract: return difference(x, y)
    case .multiply: return product(x, y)
    case .divide: return .combining(.divide, x, y)
    case .power: return call("pow", [x, y])
    case .min: return call("min", [x, y])
    case .max: return call("max", [x, y])
    case .less: return .combining(.less, x, y)
    case .lessEqual: return .combining(.lessEqual, x, y)
    case .integerDivide: return call("floor", [.combining(.divide, x, y)])
    case .modulo:
      guard process.pool[a].type != .real, process.pool[b].type != .real else {
        throw cannot("PRISM's `mod` takes whole numbers", span)
      }
      return call("mod", [x, y])
    default: throw cannot("PRISM has no function `\(function.rawValue)`", span)
    }
  }
}
