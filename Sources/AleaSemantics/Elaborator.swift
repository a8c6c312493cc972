import AleaModel
import AleaSyntax

/// A bound variable or parameter.
struct Local {
  var name: String
  var operand: Operand
}

/// The state shared by everything that is elaborated together: a process being built, or nothing at the top level. It is made and used
/// on one thread.
final class ElaborationContext {
  /// The expressions made so far.
  var pool = ExpressionPool()
  var symbols: [Symbol] = []
  private var codes: [Symbol: Int] = [:]
  /// Whether there is a process: at the top level unknown values cannot arise.
  var model: ModelElaborator?
  /// Whether queries are skipped.
  let isChecking: Bool
  var callDepth = 0
  var warnings: [Diagnostic] = []
  /// Whether strings stand for the symbols of their name: in expressions over the rows of a table, whose texts are symbols.
  var readsStringsAsSymbols = false

  init(isChecking: Bool) { self.isChecking = isChecking }

  /// The lowest address of this thread's stack.
  private lazy var stackEnd: UInt = StackBounds.lowest()

  /// Whether so little of the stack is left. Calls keep a larger reserve than nesting, so that an endless recursion is called by its name.
  private func isLeft(lessThan reserve: UInt) -> Bool {
    var here: UInt8 = 0
    return withUnsafeMutablePointer(to: &here) { UInt(bitPattern: $0) } < stackEnd + reserve
  }

  var hasNoRoomForCalls: Bool { isLeft(lessThan: 288 * 1024) }
  var hasNoRoomForNesting: Bool { isLeft(lessThan: 144 * 1024) }

  func code(of symbol: Symbol) -> Int {
    if let code = codes[symbol] { return code }
    let code = symbols.count
    symbols.append(symbol)
    codes[symbol] = code
    return code
  }

  func adopt(_ process: Process) {
    pool = process.pool
    symbols = process.symbols
    for (index, symbol) in symbols.enumerated() { codes[symbol] = index }
  }
}

/// Evaluates expressions: known ones to values, the others to expressions of the process being built.
struct Elaborator {
  let context: ElaborationContext
  var environment: Environment
  /// Bound variables and parameters, innermost last.
  var locals: [Local] = []
  /// Whether the names of the model are out of sight: in the body of a function that was written outside it.
  var hidesModel = false
  /// The model whose names can be meant here.
  var model: ModelElaborator? { hidesModel ? nil : context.model }

  init(context: ElaborationContext, environment: Environment) {
    self.context = context
    self.environment = environment
    if context.pool.nodes.isEmpty { context.pool.numbers = environment.numbers }
  }

  /// Integers are exact up to here (2^53), since expressions compute with doubles.
  static let largestInteger = 9_007_199_254_740_992
  static let maximumCallDepth = 300

  // MARK: Faults

  func fault(
    _ message: String, _ span: SourceSpan, label: String = "", secondary: [Diagnostic.Label] = [], notes: [String] = [],
    fixIts: [Diagnostic.FixIt] = []
  ) -> DiagnosticError {
    DiagnosticError(.error(message, at: span, label: label, secondary: secondary, notes: notes, fixIts: fixIts))
  }

  /// A part the parser has already complained about: fails without another message.
  static let silent = DiagnosticError([])

  // MARK: Names

  /// Everything that can be meant by a bare name here, for suggestions.
  var namesInScope: [String] {
    ["true", "false"] + locals.map(\.name) + (model?.names ?? []) + environment.names + Builtin.byName.keys.sorted()
      + Builtin.distributions.map(\.name) + Builtin.constants.keys.sorted() + (model != nil ? ["t"] : [])
  }

  func lookup(_ name: String, _ span: SourceSpan) throws -> Operand? {
    if let local = locals.last(where: { $0.name == name }) { return local.operand }
    if let model, let operand = try model.operand(named: name, at: span) { return operand }
    if let binding = environment[name] {
      switch binding.kind {
      case .value(let value): return .value(value)
      case .model(let definition): return .value(.object(ModelObject(definition: definition, arguments: [])))
      case .policy(let definition): return .value(.object(PolicyObject(definition: definition, arguments: [])))
      case .unchecked(let type): return .unchecked(type)
      // A native function leaves its name free for symbols: a coin may show `head`.
      case .native: break
      case .function:
        throw fault("`\(name)` is a function", span, label: "call it: `\(name)(...)`")
      }
    }
    if let constant = Builtin.constants[name] { return .value(constant) }
    // A symbol that a model of the program introduces: `best.policy[queue: 3] == admit`.
    if context.model == nil, environment.introducesSymbol(name) { return .value(.symbol(Symbol(name))) }
    return nil
  }

  func unknownName(_ name: String, _ span: SourceSpan) -> DiagnosticError {
    if let reason = model?.absent[name] { return fault(reason, span) }
    let nearest = Spelling.nearest(name, in: namesInScope)
    let place = model.map { "`\(name)` is not a variable of \($0.modelName)" } ?? "`\(name)` is not defined"
    return fault(
      place, span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
      fixIts: nearest.map { [.init(span, replacement: $0)] } ?? [])
  }

  // MARK: Expressions

  mutating func elaborate(_ expression: AST.Expression) throws -> Operand {
    let span = expression.span
    if context.hasNoRoomForNesting {
      throw fault("this is nested too deeply to be evaluated", span, notes: ["name parts of the expression with `let`"])
    }
    switch expression.kind {
    case .integer(let value): return .value(.integer(value))
    case .real(let value):
      environment.numbers.note(.literal, [], value)
      return .value(.real(value))
    case .boolean(let value): return .value(.boolean(value))
    case .string(let parts): return try string(parts)
    case .name(let name):
      if name == "_" { throw fault("`_` is a pattern, not a value", span) }
      if let operand = try lookup(name, span) { return operand }
      if name == "t", let model, model.allowsTime {
        return .scalar(context.pool.intern(.time, type: .integer, span: span))
      }
      let isNative = if case .native? = environment[name]?.kind { true } else { false }
      if isNative || Builtin.byName[name] != nil || Builtin.distributionNames.contains(name) {
        throw fault("`\(name)` is a function", span, label: "call it: `\(name)(...)`")
      }
      throw unknownName(name, span)
    case .primed(let name):
      guard let model else {
        throw fault("`\(name)'` is the next value of a state and has a meaning only inside a model", span)
      }
      return try model.nextOperand(named: name, at: span, elaborator: self)
    case .unary(let operation, let operand): return try unary(operation, operand, span)
    case .binary(.and, let a, let b, _): return try logical(.and, a, b, span)
    case .binary(.or, let a, let b, _): return try logical(.or, a, b, span)
    case .binary(.in, let a, let b, _): return try membership(a, b, span)
    case .binary(.union, let a, let b, _):
      return .value(.set(try distinct(elements(a) + elements(b), span)))
    case .binary(let operation, let a, let b, let operatorSpan):
      let left = try elaborate(a)
      let right = try elaborate(b)
      if operation == .equal || operation == .notEqual, let difference = separateSymbols(left, right) {
        throw fault(difference, operatorSpan)
      }
      return try binary(operation, left, right, span, operatorSpan, a.span, b.span)
    case .range(let low, let high): return try range(low, high, span)
    case .conditional(let condition, let first, let second):
      let test = try boolean(condition)
      if case .value(.boolean(let known)) = test {
        let taken = try elaborate(known ? first : second)
        return taken
      }
      let a = try elaborate(first)
      let b = try elaborate(second)
      return try select(test, a, b, span, first.span, second.span)
    case .match(let scrutinee, let arms): return try match(scrutinee, arms, span)
    case .call(let callee, let arguments): return try call(callee, arguments, span)
    case .index(let base, let arguments): return try index(base, arguments, span)
    case .member(let base, let name): return try member(base, name, span)
    case .binder(let word, let bindings, let filter, let body): return try binder(word, bindings, filter, body, span)
    case .comprehension(let bindings, let filter, let body):
      var result: [Operand] = []
      try forEach(bindings, filter) { elaborator, condition in
        if let condition, !elaborator.isTrue(condition) {
          if elaborator.isKnown(condition) { return }
          throw elaborator.fault("the filter of an array must be known before the model runs", filter?.span ?? span)
        }
        result.append(try elaborator.elaborate(body))
      }
      return array(result)
    case .array(let elements):
      let operands = try elements.map { try elaborate($0) }
      return array(operands)
    case .set(let elements): return try set(elements, span)
    case .distribution(let outcomes): return try distributionLiteral(outcomes, span)
    case .record(let fields):
      var seen = Set<String>()
      var result: [(name: String, operand: Operand)] = []
      for field in fields {
        guard seen.insert(field.name.text).inserted else {
          throw fault("the record has two fields called `\(field.name.text)`", field.name.span)
        }
        result.append((field.name.text, try elaborate(field.value)))
      }
      return record(result)
    case .distributionType: throw fault("a type cannot stand here", span)
    case .parenthesized(let inner): return try elaborate(inner)
    case .error: throw Self.silent
    }
  }

  /// An array operand: a value when every element is one.
  func array(_ elements: [Operand]) -> Operand {
    var values: [Value] = []
    // What is not run while a program is checked makes the whole array unknown then.
    if context.isChecking, elements.contains(where: { if case .unchecked = $0 { true } else { false } }) {
      return .unchecked("an array")
    }
    for element in elements {
      guard case .value(let value) = element else { return .array(elements, index: .positions) }
      values.append(value)
    }
    return .value(.array(values))
  }

  func record(_ fields: [(name: String, operand: Operand)]) -> Operand {
    if context.isChecking, fields.contains(where: { if case .unchecked = $0.operand { true } else { false } }) {
      return .unchecked("a record")
    }
    var values: [Value.Field] = []
    for field in fields {
      guard case .value(let value) = field.operand else { return .record(fields) }
      values.append(.init(field.name, value))
    }
    return .value(.record(values))
  }

  private mutating func string(_ parts: [AST.StringPart]) throws -> Operand {
    var text = ""
    for part in parts {
      switch part {
      case .text(let literal): text += literal
      case .interpolation(let expression):
        switch try elaborate(expression) {
        case .value(let value): text += value.description
        case .unchecked: text += "?"
        default: throw fault("a string can show only values that are known before the model runs", expression.span)
        }
      }
    }
    return .value(.string(text))
  }

  private mutating func range(_ low: AST.Expression, _ high: AST.Expression, _ span: SourceSpan) throws -> Operand {
    let first = try elaborate(low)
    let last = try elaborate(high)
    if case .unchecked = first { return first }
    if case .unchecked = last { return last }
    guard case .value(let a) = first, case .value(let b) = last else {
      let place = if case .value = first { high.span } else { low.span }
      throw fault(
        "the ends of a range must be known before the model runs", place,
        notes: ["to bound an action in a state, give it a wide range and a condition: `action order: 0..9 when order <= limit`"])
    }
    guard case .integer(let from) = a else {
      throw fault("a range runs between integers, and this is \(a.kindDescription)", low.span)
    }
    guard case .integer(let to) = b else {
      throw fault("a range runs between integers, and this is \(b.kindDescription)", high.span)
    }
    return .value(from <= to ? .range(from...to) : .emptyRange)
  }

  // MARK: Sets

  /// A set literal: a value when its members are known; else their list, to draw from or to test membership in.
  private mutating func set(_ elements: [AST.Expression], _ span: SourceSpan) throws -> Operand {
    var operands: [Operand] = []
    var values: [Value] = []
    for element in elements {
      // A name that means nothing else is a symbol of its own.
      if case .name(let name) = element.kind, try lookup(name, element.span) == nil {
        operands.append(.value(.symbol(Symbol(name))))
      } else {
        operands.append(try elaborate(element))
      }
      if case .value(let value) = operands[operands.count - 1] { values.append(value) }
      if case .unchecked = operands[operands.count - 1] { return .unchecked("a set") }
    }
    if values.count == operands.count { return .value(.set(try distinct(values, span))) }
    return .array(operands, index: .positions)
  }

  /// The elements of a set, range or array.
  mutating func elements(_ expression: AST.Expression) throws -> [Value] {
    let operand = try elaborate(expression)
    guard let operands = try elements(of: operand, expression.span) else { return [] }
    return try operands.map { element in
      guard case .value(let value) = element else {
        throw fault("the members of this set must be known before the model runs", expression.span)
      }
      return value
    }
  }

  /// The elements of an operand that stands for a set; nil when it is only known once the program runs.
  func elements(of operand: Operand, _ span: SourceSpan) throws -> [Operand]? {
    switch operand {
    case .unchecked: return nil
    case .value(.set(let values)), .value(.array(let values)): return values.map { .value($0) }
    case .value(.range(let range)):
      guard range.count <= 50_000_000 else { throw fault("a set of \(range.count) elements is too large to go through", span) }
      return range.map { .value(.integer($0)) }
    case .value(.emptyRange): return []
    case .value(.type(.boolean)): return [.value(.boolean(false)), .value(.boolean(true))]
    case .array(let elements, _): return elements
    case .value(let value):
      throw fault("a set or array is needed here, and this is \(value.kindDescription)", span)
    case .scalar, .record, .distribution: throw fault("a set or array is needed here", span)
    }
  }

  func distinct(_ values: [Value], _ span: SourceSpan) throws -> [Value] {
    var result: [Value] = []
    var seen = Set<ValueKey>()
    for value in values {
      guard let key = ValueKey(value) else {
        throw fault("\(value.kindDescription) cannot be a member of a set", span)
      }
      if seen.insert(key).inserted { result.append(value) }
    }
    return result
  }

  private mutating func membership(_ a: AST.Expression, _ b: AST.Expression, _ span: SourceSpan) throws -> Operand {
    let element = try elaborate(a)
    let set = try elaborate(b)
    return try contains(set, element, span, a.span, b.span)
  }

  func contains(_ set: Operand, _ element: Operand, _ span: SourceSpan, _ elementSpan: SourceSpan, _ setSpan: SourceSpan) throws
    -> Operand
  {
    if case .unchecked = set { return set }
    if case .unchecked = element { return element }
    if case .value(let value) = element {
      guard let members = try elements(of: set, setSpan) else { return .unchecked("a Boolean") }
      if members.allSatisfy({ if case .value = $0 { true } else { false } }) {
        let key = ValueKey(value)
        return .value(.boolean(members.contains { if case .value(let member) = $0 { ValueKey(member) == key } else { false } }))
      }
    }
    if case .value(.range(let range)) = set {
      let low = try binary(.lessEqual, .value(.integer(range.lowerBound)), element, span, span, setSpan, elementSpan)
      let high = try binary(.lessEqual, element, .value(.integer(range.upperBound)), span, span, elementSpan, setSpan)
      return try connect(.and, low, high, span)
    }
    guard let members = try elements(of: set, setSpan) else { return .unchecked("a Boolean") }
    var result = Operand.value(.boolean(false))
    for member in members {
      let equal = try binary(.equal, element, member, span, span, elementSpan, setSpan)
      result = try connect(.or, result, equal, span)
    }
    return result
  }

  // MARK: Conditions

  /// An operand where a condition is wanted.
  mutating func boolean(_ expression: AST.Expression) throws -> Operand {
    try asBoolean(elaborate(expression), expression.span)
  }

  /// Accepts Booleans, and variables drawn from Bernoulli, which are 0 or 1.
  func asBoolean(_ operand: Operand, _ span: SourceSpan) throws -> Operand {
    switch operand {
    case .unchecked, .value(.boolean): return operand
    case .scalar(let id):
      if context.pool[id].type == .boolean || isBit(id) { return operand }
      throw fault(
        "a condition is needed here, and this is \(describe(operand))", span, notes: ["compare it with something: `... == 1`"])
    default: throw fault("a condition is needed here, and this is \(describe(operand))", span)
    }
  }

  /// Whether an expression can only be 0 or 1.
  func isBit(_ id: ExpressionID) -> Bool {
    switch context.pool[id].kind {
    case .variable(let variable), .next(let variable): context.model?.domain(of: variable) == .range(0, 1)
    case .constant(let value): value == 0 || value == 1
    default: false
    }
  }

  func isKnown(_ operand: Operand) -> Bool { if case .value = operand { true } else { false } }
  func isTrue(_ operand: Operand) -> Bool { if case .value(.boolean(true)) = operand { true } else { false } }

  private mutating func logical(_ operation: AST.BinaryOperator, _ a: AST.Expression, _ b: AST.Expression, _ span: SourceSpan)
    throws
    -> Operand
  {
    let first = try elaborate(a)
    if case .value(.object(_ as any ElementwiseObject)) = first {
      let second = try elaborate(b)
      if let result = try elementwise(operation == .or ? .or : .and, first, second, span) { return result }
      return second
    }
    let left = try asBoolean(first, a.span)
    if case .value(.boolean(let known)) = left {
      if known == (operation == .or) { return left }
      return try boolean(b)
    }
    return try connect(operation, left, boolean(b), span)
  }

  func connect(_ operation: AST.BinaryOperator, _ a: Operand, _ b: Operand, _ span: SourceSpan) throws -> Operand {
    if case .unchecked = a { return a }
    if case .unchecked = b { return b }
    if case .value(.boolean(let left)) = a {
      return left == (operation == .or) ? a : b
    }
    guard let left = scalar(a), let right = scalar(b) else { throw fault("a condition is needed here", span) }
    return .scalar(context.pool.binary(operation == .or ? .or : .and, left, right, type: .boolean, span: span))
  }

  /// The expression of a scalar operand; known values become constants.
  func scalar(_ operand: Operand, _ span: SourceSpan? = nil) -> ExpressionID? {
    switch operand {
    case .scalar(let id): return id
    case .value(let value):
      guard let (code, type) = encode(value) else { return nil }
      return context.pool.constant(code, type: type, span: span)
    default: return nil
    }
  }

  /// A scalar value as the number that stands for it in expressions.
  func encode(_ value: Value) -> (Double, ScalarType)? {
    switch value {
    case .boolean(let flag): (flag ? 1 : 0, .boolean)
    case .integer(let number): (Double(number), .integer)
    case .real(let number): (number, .real)
    case .symbol(let symbol): (Double(context.code(of: symbol)), .symbol)
    case .string(let text) where context.readsStringsAsSymbols: (Double(context.code(of: Symbol(text))), .symbol)
    default: nil
    }
  }

  /// What an operand is, for messages: "a Bool", "an Int", "a Real".
  func describe(_ operand: Operand) -> String {
    switch operand {
    case .value(let value): value.kindDescription
    case .scalar(let id):
      switch context.pool[id].type {
      case .boolean: "a Boolean"
      case .integer: "an integer"
      case .real: "a real number"
      case .symbol: "a symbol"
      }
    case .array: "an array"
    case .record: "a record"
    case .distribution: "a distribution"
    case .unchecked(let type): type
    }
  }
}

/// A value as a key of sets: scalars, symbols, strings, and records and arrays of those.
indirect enum ValueKey: Hashable {
  case boolean(Bool)
  case number(Double)
  case string(String)
  case symbol(Symbol)
  case list([ValueKey])
  case record([String: ValueKey])

  init?(_ value: Value) {
    switch value {
    case .boolean(let flag): self = .boolean(flag)
    case .integer(let number): self = .number(Double(number))
    case .real(let number): self = .number(number)
    case .string(let text): self = .string(text)
    case .symbol(let symbol): self = .symbol(symbol)
    case .array(let elements):
      var keys: [ValueKey] = []
      for element in elements {
        guard let key = ValueKey(element) else { return nil }
        keys.append(key)
      }
      self = .list(keys)
    case .record(let fields):
      var keys: [String: ValueKey] = [:]
      for field in fields {
        guard let key = ValueKey(field.value) else { return nil }
        keys[field.name] = key
      }
      self = .record(keys)
    default: return nil
    }
  }
}
