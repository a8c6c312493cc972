import AleaModel
import AleaSyntax

extension Elaborator {
  // MARK: Arithmetic and comparison

  mutating func unary(_ operation: AST.UnaryOperator, _ expression: AST.Expression, _ span: SourceSpan) throws -> Operand {
    switch operation {
    case .not:
      let given = try elaborate(expression)
      if case .value(.object(let object as any ElementwiseObject)) = given {
        return .value(try placed(expression.span) { try object.applying(.not) })
      }
      let operand = try asBoolean(given, expression.span)
      switch operand {
      case .value(.boolean(let known)): return .value(.boolean(!known))
      case .scalar(let id): return .scalar(context.pool.unary(.not, id, type: .boolean, span: span))
      default: return operand
      }
    case .minus: return try negate(elaborate(expression), span)
    }
  }

  private func negate(_ operand: Operand, _ span: SourceSpan) throws -> Operand {
    switch operand {
    case .unchecked: return operand
    case .value(.integer(let number)): return .value(.integer(-number))
    case .value(.real(let number)):
      environment.numbers.note(.unary(.negate), [number], -number)
      return .value(.real(-number))
    case .value(.object(let object as any ElementwiseObject)): return .value(try placed(span) { try object.applying(.negate) })
    case .value(.array(let elements)): return array(try elements.map { try negate(.value($0), span) })
    case .array(let elements, let index): return .array(try elements.map { try negate($0, span) }, index: index)
    case .scalar(let id) where isNumber(id):
      return .scalar(context.pool.unary(.negate, id, type: context.pool[id].type == .real ? .real : .integer, span: span))
    default: throw fault("a number is needed after `-`, and this is \(describe(operand))", span)
    }
  }

  /// Whether an expression is a number (0 or 1 drawn from Bernoulli included).
  func isNumber(_ id: ExpressionID) -> Bool { context.pool[id].type == .integer || context.pool[id].type == .real }

  static func function(_ operation: AST.BinaryOperator) -> (BinaryFunction, swapped: Bool)? {
    switch operation {
    case .add: (.add, false)
    case .subtract: (.subtract, false)
    case .multiply: (.multiply, false)
    case .divide: (.divide, false)
    case .integerDivide: (.integerDivide, false)
    case .modulo: (.modulo, false)
    case .power: (.power, false)
    case .equal: (.equal, false)
    case .notEqual: (.notEqual, false)
    case .less: (.less, false)
    case .lessEqual: (.lessEqual, false)
    case .greater: (.less, true)
    case .greaterEqual: (.lessEqual, true)
    case .or, .and, .in, .union: nil
    }
  }

  func binary(
    _ operation: AST.BinaryOperator, _ a: Operand, _ b: Operand, _ span: SourceSpan, _ operatorSpan: SourceSpan,
    _ aSpan: SourceSpan,
    _ bSpan: SourceSpan
  ) throws -> Operand {
    if case .unchecked = a { return a }
    if case .unchecked = b { return b }
    if let result = try elementwise(operation, a, b, span) { return result }
    if operation == .equal || operation == .notEqual {
      return try equality(operation, a, b, span, operatorSpan)
    }
    // Arrays add and subtract by elements, and are scaled by numbers.
    if let left = elementList(a), let right = elementList(b), operation == .add || operation == .subtract {
      guard left.count == right.count else {
        throw fault("arrays of \(left.count) and \(right.count) elements cannot be combined", operatorSpan)
      }
      return array(try zip(left, right).map { try binary(operation, $0, $1, span, operatorSpan, aSpan, bSpan) })
    }
    if let left = elementList(a), elementList(b) == nil, operation == .multiply || operation == .divide {
      return array(try left.map { try binary(operation, $0, b, span, operatorSpan, aSpan, bSpan) })
    }
    if let right = elementList(b), elementList(a) == nil, operation == .multiply {
      return array(try right.map { try binary(operation, a, $0, span, operatorSpan, aSpan, bSpan) })
    }
    guard let (function, swapped) = Self.function(operation) else { throw Self.silent }
    for (operand, place) in [(a, aSpan), (b, bSpan)] where !isNumeric(operand) {
      let hint: [String]
      if case .value(.object(let object)) = operand, object is ModelObject {
        hint = ["a model is solved or evaluated first: `solve(\(object.description)).value`"]
      } else if case .value(.object(let object)) = operand, let variable = object as? ModelVariable {
        hint = [
          "it stands for a variable, and can be used in questions about the model: "
            + "`probability(of: \(variable) == ..., in: \(variable.model.definition.name))`"
        ]
      } else if case .value(.boolean) = operand {
        hint = ["`if c then 1 else 0` makes a number of a condition"]
      } else {
        hint = []
      }
      throw fault("`\(operation.rawValue)` needs numbers, and this is \(describe(operand))", place, notes: hint)
    }
    let (first, second) = swapped ? (b, a) : (a, b)
    if case .value(let left) = first, case .value(let right) = second {
      return .value(try fold(function, left, right, span, bSpan, operation))
    }
    guard let left = scalar(first), let right = scalar(second) else { throw Self.silent }
    if let divisor = context.pool.constant(swapped ? left : right), divisor == 0,
      operation == .divide || operation == .integerDivide || operation == .modulo
    {
      throw fault("division by zero", bSpan)
    }
    return .scalar(context.pool.binary(function, left, right, type: resultType(function, left, right), span: span))
  }

  /// An operation with columns of data, which is done row by row.
  private func elementwise(_ operation: AST.BinaryOperator, _ a: Operand, _ b: Operand, _ span: SourceSpan) throws -> Operand? {
    guard let (function, swapped) = Self.function(operation) else { return nil }
    return try elementwise(function, swapped ? b : a, swapped ? a : b, span)
  }

  func elementwise(_ function: BinaryFunction, _ a: Operand, _ b: Operand, _ span: SourceSpan) throws -> Operand? {
    guard case .value(let left) = a, case .value(let right) = b else { return nil }
    if case .object(let object as any ElementwiseObject) = left {
      return .value(try placed(span) { try object.combined(function, with: right, isOnRight: false) })
    }
    if case .object(let object as any ElementwiseObject) = right {
      return .value(try placed(span) { try object.combined(function, with: left, isOnRight: true) })
    }
    return nil
  }

  /// Adds the place to a fault of a value operation.
  func placed<Result>(_ span: SourceSpan, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as ValueError {
      throw fault(error.message, span, label: error.label, notes: error.notes)
    }
  }

  private func elementList(_ operand: Operand) -> [Operand]? {
    switch operand {
    case .value(.array(let values)): values.map { .value($0) }
    case .array(let elements, _): elements
    default: nil
    }
  }

  private func isNumeric(_ operand: Operand) -> Bool {
    switch operand {
    case .value(.integer), .value(.real): true
    case .scalar(let id): isNumber(id)
    default: false
    }
  }

  func resultType(_ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID) -> ScalarType {
    if function.isComparison { return .boolean }
    if function == .divide { return .real }
    if function == .power {
      let exponent = context.pool.constant(b)
      return context.pool[a].type == .integer && context.pool[b].type == .integer && (exponent ?? -1) >= 0 ? .integer : .real
    }
    return context.pool[a].type == .real || context.pool[b].type == .real ? .real : .integer
  }

  private func fold(
    _ function: BinaryFunction, _ a: Value, _ b: Value, _ span: SourceSpan, _ divisorSpan: SourceSpan,
    _ operation: AST.BinaryOperator
  ) throws -> Value {
    guard let (left, leftType) = encode(a), let (right, rightType) = encode(b) else { throw Self.silent }
    let result = function(left, right)
    if function.isComparison { return .boolean(result == 1) }
    if result.isNaN, !left.isNaN, !right.isNaN {
      switch function {
      case .divide, .integerDivide, .modulo: throw fault("division by zero", divisorSpan)
      case .power: throw fault("`\(a) ^ \(b)` is not a real number", span)
      default: throw fault("`\(a) \(operation.rawValue) \(b)` is not a number", span)
      }
    }
    let isInteger =
      leftType == .integer && rightType == .integer && function != .divide && !(function == .power && right < 0)
    environment.numbers.note(.binary(function), [left, right], result)
    guard isInteger else { return .real(result) }
    guard result.magnitude <= 0x1p53 else {
      throw fault(
        "`\(a) \(operation.rawValue) \(b)` is beyond 2^53, the largest integer that is exact", span,
        notes: ["write one number as a Real: `1.0 * x`"])
    }
    return .integer(Int(result))
  }

  private func equality(
    _ operation: AST.BinaryOperator, _ a: Operand, _ b: Operand, _ span: SourceSpan, _ operatorSpan: SourceSpan
  ) throws -> Operand {
    let isEqual = operation == .equal
    if case .value(let left) = a, case .value(let right) = b {
      if let difference = kindMismatch(a, b) { throw fault(difference, operatorSpan) }
      return .value(.boolean((ValueKey(left) == ValueKey(right)) == isEqual))
    }
    // Structures are equal when their parts are.
    var pairs: [(Operand, Operand)]?
    if let left = elementList(a), let right = elementList(b) {
      guard left.count == right.count else { return .value(.boolean(!isEqual)) }
      pairs = Array(zip(left, right))
    } else if let left = fieldList(a), let right = fieldList(b) {
      guard left.map(\.name) == right.map(\.name) else { throw fault("these records have different fields", operatorSpan) }
      pairs = zip(left, right).map { ($0.operand, $1.operand) }
    }
    if let pairs {
      var result = Operand.value(.boolean(true))
      for (left, right) in pairs {
        result = try connect(.and, result, equality(.equal, left, right, span, operatorSpan), span)
      }
      if isEqual { return result }
      if case .value(.boolean(let known)) = result { return .value(.boolean(!known)) }
      guard let id = scalar(result) else { return result }
      return .scalar(context.pool.unary(.not, id, type: .boolean, span: span))
    }
    if let difference = kindMismatch(a, b) { throw fault(difference, operatorSpan) }
    guard let left = scalar(a), let right = scalar(b) else {
      throw fault("\(describe(a)) and \(describe(b)) cannot be compared", operatorSpan)
    }
    return .scalar(context.pool.binary(isEqual ? .equal : .notEqual, left, right, type: .boolean, span: span))
  }

  func fieldList(_ operand: Operand) -> [(name: String, operand: Operand)]? {
    switch operand {
    case .value(.record(let fields)): fields.map { ($0.name, .value($0.value)) }
    case .record(let fields): fields
    default: nil
    }
  }

  /// Why two operands can never be equal: their kinds differ.
  private func kindMismatch(_ a: Operand, _ b: Operand) -> String? {
    func kind(_ operand: Operand) -> String? {
      switch operand {
      case .value(.boolean): "Boolean"
      case .value(.integer(let n)): n == 0 || n == 1 ? "bit" : "number"
      case .value(.real): "number"
      case .value(.symbol): "symbol"
      case .value(.string): context.readsStringsAsSymbols ? "symbol" : "string"
      case .scalar(let id):
        switch context.pool[id].type {
        case .boolean: "Boolean"
        case .integer: isBit(id) ? "bit" : "number"
        case .real: "number"
        case .symbol: "symbol"
        }
      default: nil
      }
    }
    guard let first = kind(a), let second = kind(b), first != second else {
      // Symbols of two enumerations are never equal.
      if case .value(.symbol(let x)) = a, case .value(.symbol(let y)) = b, let p = x.enumeration, let q = y.enumeration, p != q {
        return "`\(x)` is a case of \(p) and `\(y)` of \(q): they are never equal"
      }
      return nil
    }
    let pair = Set([first, second])
    if pair == ["bit", "number"] || pair == ["bit", "Boolean"] {
      // A literal 0 or 1 is no Boolean, but a Bernoulli variable may be read as one.
      if pair.contains("Boolean"), [a, b].contains(where: { if case .value(.integer) = $0 { true } else { false } }) {
        return "a Boolean and a number are never equal"
      }
      return nil
    }
    func article(_ word: String) -> String { "a \(word == "bit" ? "number" : word)" }
    return "\(article(first)) and \(article(second)) are never equal"
  }

  /// The codes of the symbols that an expression can give, or nil when that is not plain.
  func possibleSymbols(_ id: ExpressionID) -> Set<Int>? {
    var result = Set<Int>()
    var seen = Set<ExpressionID>()
    var stack = [id]
    while let current = stack.popLast() {
      guard seen.insert(current).inserted else { continue }
      switch context.pool[current].kind {
      case .constant(let code): result.insert(Int(code))
      case .variable(let variable), .next(let variable):
        guard case .symbols(let codes)? = context.model?.domain(of: variable) else { return nil }
        result.formUnion(codes)
      case .select(_, let a, let b): stack += [a, b]
      case .gather(_, let elements): stack += elements
      case .lookup(let table, _): result.formUnion(context.pool.tables[Int(table)].map { Int($0) })
      case .time, .unary, .binary, .ternary: return nil
      }
    }
    return result
  }

  /// Why two symbols, one of them unknown, can never be equal: nothing is a value of both.
  func separateSymbols(_ a: Operand, _ b: Operand) -> String? {
    guard let left = scalar(a), let right = scalar(b), context.pool[left].type == .symbol,
      let first = possibleSymbols(left), let second = possibleSymbols(right), !first.isEmpty, !second.isEmpty,
      first.isDisjoint(with: second)
    else { return nil }
    func text(_ operand: Operand, _ codes: Set<Int>) -> String {
      if case .value(let value) = operand { return "`\(value)`" }
      let names = codes.sorted().prefix(6).map { context.symbols[$0].name }
      return "one of " + list(names) + (codes.count > 6 ? ", ..." : "")
    }
    return "this compares \(text(a, first)) with \(text(b, second)): they are never equal"
  }

  // MARK: Selection

  /// `if test then a else b` with an unknown test.
  func select(_ test: Operand, _ a: Operand, _ b: Operand, _ span: SourceSpan, _ aSpan: SourceSpan, _ bSpan: SourceSpan) throws
    -> Operand
  {
    if case .unchecked = test { return a }
    if case .unchecked = a { return a }
    if case .unchecked = b { return b }
    if case .value(.boolean(let known)) = test { return known ? a : b }
    guard let condition = scalar(test) else { throw Self.silent }
    if isDistribution(a) || isDistribution(b) {
      let (first, firstType) = try distribution(a, aSpan)
      let (second, secondType) = try distribution(b, bSpan)
      guard let type = join(first, firstType, second, secondType) else {
        throw fault(
          "the two branches draw different kinds of value", span, label: "\(firstType.rawValue) and \(secondType.rawValue)")
      }
      return .distribution(.select(condition, then: first, else: second), type)
    }
    if let left = elementList(a), let right = elementList(b) {
      guard left.count == right.count else {
        throw fault("the branches are arrays of \(left.count) and \(right.count) elements", span)
      }
      return array(try zip(left, right).map { try select(test, $0, $1, span, aSpan, bSpan) })
    }
    if let left = fieldList(a), let right = fieldList(b) {
      guard left.map(\.name) == right.map(\.name) else { throw fault("the branches are records with different fields", span) }
      return record(try zip(left, right).map { ($0.name, try select(test, $0.operand, $1.operand, span, aSpan, bSpan)) })
    }
    guard let first = scalar(a), let second = scalar(b) else {
      throw fault("the branches differ in kind: \(describe(a)) and \(describe(b))", span)
    }
    guard let type = join(typeOf(first), typeOf(second)) else {
      throw fault(
        "the branches differ in kind: \(describe(a)) and \(describe(b))", span,
        secondary: [.init(aSpan, describe(a)), .init(bSpan, describe(b))])
    }
    return .scalar(context.pool.select(condition, first, second, type: type, span: span))
  }

  private func typeOf(_ id: ExpressionID) -> ScalarType { context.pool[id].type }

  /// The type that holds both: numbers mix, others must agree.
  func join(_ a: ScalarType, _ b: ScalarType) -> ScalarType? {
    if a == b { return a }
    if Set([a, b]) == [.integer, .real] { return .real }
    return nil
  }

  /// The type of two laws that may stand for each other: Bernoulli's 0 and 1 go with Booleans.
  private func join(_ a: Distribution, _ aType: ScalarType, _ b: Distribution, _ bType: ScalarType) -> ScalarType? {
    if let type = join(aType, bType) { return type }
    guard let model = context.model, Set([aType, bType]) == [.boolean, .integer] else { return nil }
    return model.isBit(aType == .integer ? a : b) ? .boolean : nil
  }

  mutating func match(_ scrutinee: AST.Expression, _ arms: [AST.MatchArm], _ span: SourceSpan) throws -> Operand {
    let subject = try elaborate(scrutinee)
    if case .unchecked = subject {
      for arm in arms { _ = try elaborate(arm.value) }
      return subject
    }
    if arms.isEmpty { throw fault("`match` needs at least one case", span) }
    var remaining = remainingValues(subject)
    var cases: [(test: Operand?, arm: AST.MatchArm)] = []
    var isExhaustive = false
    for arm in arms {
      if isExhaustive {
        throw fault("this case is never reached", arm.patterns.first?.span ?? span, label: "the cases before it cover everything")
      }
      var test: Operand = .value(.boolean(false))
      for pattern in arm.patterns {
        if case .name("_") = pattern.kind {
          isExhaustive = true
          continue
        }
        let operand = try self.pattern(pattern, for: subject)
        switch operand {
        case .value(.set), .value(.range), .value(.emptyRange):
          test = try connect(.or, test, contains(operand, subject, pattern.span, scrutinee.span, pattern.span), pattern.span)
          for element in try elements(of: operand, pattern.span) ?? [] {
            if case .value(let value) = element, let key = ValueKey(value) { remaining?.remove(key) }
          }
        default:
          test = try connect(
            .or, test, binary(.equal, subject, operand, pattern.span, pattern.span, scrutinee.span, pattern.span), pattern.span)
          if case .value(let value) = operand, let key = ValueKey(value) {
            if case .value(let known) = subject {
              if !Self.areComparable(known, value) {
                throw fault("`\(value)` is not a value of \(text(scrutinee))", pattern.span)
              }
            } else if let known = remaining, !known.contains(key), let all = remainingValues(subject) {
              if !all.contains(key) {
                throw fault("`\(value)` is not a value of \(text(scrutinee))", pattern.span, notes: domainNote(all))
              }
              throw fault("this case is never reached", pattern.span, label: "`\(value)` is covered by a case before it")
            }
            remaining?.remove(key)
          }
        }
      }
      if remaining?.isEmpty == true { isExhaustive = true }
      if isTrue(test) {
        cases.append((nil, arm))
        isExhaustive = true
        break
      }
      if isKnown(test), !arm.patterns.contains(where: { if case .name("_") = $0.kind { true } else { false } }) { continue }
      cases.append((isExhaustive ? nil : test, arm))
    }
    guard isExhaustive, let last = cases.last else {
      let missing = remaining.map { $0.compactMap(\.text).sorted().prefix(5).joined(separator: ", ") } ?? ""
      throw fault(
        "`match` does not cover every value", span,
        label: missing.isEmpty ? "add a case `_ => ...`" : "missing: \(missing)",
        notes: missing.isEmpty ? [] : ["`_ => ...` covers the rest"])
    }
    var result = try elaborate(last.arm.value)
    for each in cases.dropLast().reversed() {
      let value = try elaborate(each.arm.value)
      result = try select(each.test ?? .value(.boolean(true)), value, result, span, each.arm.value.span, last.arm.value.span)
    }
    return result
  }

  /// A pattern: an expression, or a bare name of a symbol.
  private mutating func pattern(_ pattern: AST.Expression, for subject: Operand) throws -> Operand {
    if case .name(let name) = pattern.kind, try lookup(name, pattern.span) == nil {
      if case .value(.symbol(let symbol)) = subject, symbol.enumeration == nil { return .value(.symbol(Symbol(name))) }
      throw unknownName(name, pattern.span)
    }
    return try elaborate(pattern)
  }

  /// Whether two known values are of one kind, so that they could be equal.
  private static func areComparable(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.symbol(let first), .symbol(let second)): first.enumeration == second.enumeration
    case (.integer, .integer), (.integer, .real), (.real, .integer), (.real, .real), (.boolean, .boolean), (.string, .string):
      true
    case (.array, .array), (.record, .record), (.set, .set): true
    default: false
    }
  }

  private func text(_ expression: AST.Expression) -> String {
    if case .name(let name) = expression.kind { return "`\(name)`" }
    return "the expression that is matched"
  }

  private func domainNote(_ values: Set<ValueKey>) -> [String] {
    values.count > 12 ? [] : ["its values are " + values.compactMap(\.text).sorted().joined(separator: ", ")]
  }

  /// The values an operand may take, when they are few and known.
  private func remainingValues(_ operand: Operand) -> Set<ValueKey>? {
    switch operand {
    case .value(let value): return ValueKey(value).map { [$0] }
    case .scalar(let id):
      var domain: Domain?
      switch context.pool[id].kind {
      case .variable(let variable), .next(let variable): domain = context.model?.domain(of: variable)
      default: break
      }
      if domain == nil, context.pool[id].type == .boolean { domain = .boolean }
      if domain == nil, context.pool[id].type == .symbol { domain = possibleSymbols(id).map { .symbols($0.sorted()) } }
      guard let domain, let count = domain.count, count <= 4096 else { return nil }
      return Set(
        (0..<count).map { position in
          let code = domain.value(at: position)
          switch domain {
          case .boolean: return .boolean(code != 0)
          case .symbols: return .symbol(context.symbols[Int(code)])
          default: return .number(code)
          }
        })
    default: return nil
    }
  }
}

extension ValueKey {
  /// The value as a program writes it.
  var text: String? {
    switch self {
    case .boolean(let flag): "\(flag)"
    case .number(let number): NumberText.significant(number, digits: 15)
    case .string(let text): "\"\(text)\""
    case .symbol(let symbol): symbol.name
    case .list, .record: nil
    }
  }
}
