import AleaModel
import AleaSyntax

/// The value of a constant that is set from outside.
public enum PrismGiven: Sendable {
  case boolean(Bool)
  case integer(Int)
  case real(Double)
  /// As written on a command line: `2`, `0.7`, `true`, `1/3`.
  case text(String)
}

/// Thrown to give up what cannot be built after its fault has been reported.
struct PrismSilent: Error {}

/// An expression of the process with its type in PRISM.
struct PrismTyped: Sendable {
  var id: ExpressionID
  var type: PrismModel.ScalarType
}

/// The new names of a module that copies another.
struct PrismRenaming: Sendable {
  var map: [String: String]
  /// Tells renamings apart: formulas are expanded once for each.
  var key: Int
  static let none = PrismRenaming(map: [:], key: -1)
}

/// The names of a PRISM model and what they stand for, and the pool in which its expressions are built.
///
/// Types follow the manual: `/` is the division of real numbers, whatever its operands; `floor`, `ceil`, `round`, `mod` and a `pow` of
/// integers are integers; an integer may stand where a double is wanted, not the other way round.
struct PrismScope: Sendable {
  struct Variable: Sendable {
    var id: VariableID
    var type: PrismModel.ScalarType
    var span: SourceSpan
    /// The module that owns it; nil for a global variable.
    var module: Int?
  }

  var pool = ExpressionPool()
  var diagnostics: [Diagnostic] = []
  var constants: [String: PrismModel.Constant] = [:]
  var given: [String: PrismGiven] = [:]
  var formulas: [String: PrismExpression] = [:]
  var variables: [String: Variable] = [:]
  var labels: [String: PrismExpression] = [:]
  /// What `"init"` and `"deadlock"` stand for, once they are known.
  var builtinLabels: [String: ExpressionID] = [:]
  private var values: [String: PrismTyped] = [:]
  /// Formulas already expanded, by the renaming and their name.
  private var expanded: [String: PrismTyped] = [:]
  private var failed = Set<String>()
  private var open: [String] = []
  /// Expressions nest through formulas and conditionals as well.
  private var depth = 0

  private static let maximumDepth = 400

  mutating func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

  mutating func fault(_ message: String, _ span: SourceSpan?, label: String = "", notes: [String] = []) -> PrismSilent {
    report(.error(message, at: span, label: label, notes: notes))
    return PrismSilent()
  }

  // MARK: Names

  var names: [String] { (Array(constants.keys) + Array(formulas.keys) + Array(variables.keys)).sorted() }

  private mutating func lookup(_ name: String, _ span: SourceSpan, _ renaming: PrismRenaming) throws -> PrismTyped {
    // A name that is renamed stands for the new one; formulas of other names are expanded and renamed inside.
    if let new = renaming.map[name] { return try lookup(new, span, .none) }
    if constants[name] != nil { return try constant(name, span) }
    if let variable = variables[name] {
      let id = pool.intern(.variable(variable.id), type: variable.type.scalar, span: span)
      return PrismTyped(id: id, type: variable.type)
    }
    if let formula = formulas[name] {
      let key = "\(renaming.key).\(name)"
      if let known = expanded[key] { return known }
      guard !failed.contains(key) else { throw PrismSilent() }
      guard !open.contains(name) else { throw fault("the formula `\(name)` depends on itself", span) }
      open.append(name)
      defer { open.removeLast() }
      do {
        let value = try lower(formula, renaming)
        expanded[key] = value
        return value
      } catch {
        failed.insert(key)
        throw error
      }
    }
    let nearest = Spelling.nearest(name, in: names)
    throw fault(
      "there is no `\(name)`", span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
      notes: nearest == nil ? Self.known("names", names.map { "`\($0)`" }) : [])
  }

  /// What there is instead, where it is not too much to be read.
  private static func known(_ what: String, _ list: [String]) -> [String] {
    let most = 8
    guard !list.isEmpty else { return [] }
    let rest = list.count > most ? " and \(list.count - most) more" : ""
    return ["the \(what) known here are \(list.prefix(most).joined(separator: ", "))\(rest)"]
  }

  /// The value of a constant: given from outside, or computed.
  mutating func constant(_ name: String, _ span: SourceSpan?) throws -> PrismTyped {
    if let known = values[name] { return known }
    guard let definition = constants[name], !failed.contains(name) else { throw PrismSilent() }
    do {
      let value: PrismTyped
      if let given = given[name] {
        value = try outside(given, definition)
      } else {
        guard let expression = definition.value else {
          throw fault(
            "the constant `\(name)` has no value", span ?? definition.name.span,
            notes: ["give it one: `-D \(name)=...` on the command line, `\(name): ...` in `read(...)`"])
        }
        guard !open.contains(name) else { throw fault("the constant `\(name)` depends on itself", definition.name.span) }
        open.append(name)
        defer { open.removeLast() }
        value = try known(try lower(expression), expression.span, "the constant `\(name)`")
      }
      let typed = try convert(
        value, to: definition.type, definition.value?.span ?? definition.name.span, "the constant `\(name)`")
      values[name] = typed
      return typed
    } catch {
      failed.insert(name)
      throw error
    }
  }

  private mutating func outside(_ given: PrismGiven, _ definition: PrismModel.Constant) throws -> PrismTyped {
    switch given {
    case .boolean(let value): return PrismTyped(id: pool.constant(value ? 1 : 0, type: .boolean), type: .boolean)
    case .integer(let value): return PrismTyped(id: pool.constant(Double(value), type: .integer), type: .integer)
    case .real(let value):
      // 2.0 given for an integer is that integer.
      if definition.type == .integer, value.rounded() == value {
        return PrismTyped(id: pool.constant(value, type: .integer), type: .integer)
      }
      return PrismTyped(id: pool.constant(value, type: .real), type: .double)
    case .text(let text):
      let file = SourceFile(id: FileID(index: .max), name: "-D", text: text)
      guard let expression = PrismParser.parseExpression(file).expression else {
        throw fault("`\(text)` is not a value for the constant `\(definition.name.text)`", definition.name.span)
      }
      let count = diagnostics.count
      if let value = try? lower(expression), pool.constant(value.id) != nil { return value }
      diagnostics.removeSubrange(count...)
      throw fault("`\(text)` is not a value for the constant `\(definition.name.text)`", definition.name.span)
    }
  }

  /// An expression that must be known before the model runs.
  mutating func known(_ value: PrismTyped, _ span: SourceSpan, _ what: String) throws -> PrismTyped {
    if let number = pool.constant(value.id), number.isFinite { return value }
    if let variable = pool.leaves(of: [value.id]).lazy.compactMap({ leaf -> VariableID? in
      if case .variable(let id) = leaf { id } else { nil }
    }).first {
      let name = variables.first { $0.value.id == variable }?.key ?? "a variable"
      throw fault("\(what) cannot depend on the variable `\(name)`", span, label: "it must be known before the model runs")
    }
    throw fault("\(what) is not a number", span, label: "a division by zero, or outside the domain of a function")
  }

  mutating func integer(_ expression: PrismExpression, _ what: String) throws -> Int {
    let value = try known(try lower(expression), expression.span, what)
    guard value.type == .integer, let number = pool.constant(value.id), abs(number) < 0x1p53 else {
      throw fault("\(what) is an integer, and this is \(value.type.words)", expression.span)
    }
    return Int(number)
  }

  mutating func real(_ expression: PrismExpression, _ what: String) throws -> Double {
    let value = try known(try lower(expression), expression.span, what)
    guard value.type != .boolean, let number = pool.constant(value.id) else {
      throw fault("\(what) is a number, and this is \(value.type.words)", expression.span)
    }
    return number
  }

  mutating func convert(_ value: PrismTyped, to type: PrismModel.ScalarType, _ span: SourceSpan, _ what: String) throws
    -> PrismTyped
  {
    if value.type == type { return value }
    if type == .double, value.type == .integer { return PrismTyped(id: value.id, type: .double) }
    throw fault(
      "\(what) is \(type.words), and this is \(value.type.words)", span,
      notes: type == .integer && value.type == .double ? ["`floor(...)`, `ceil(...)` or `round(...)` makes an integer of it"] : []
    )
  }

  // MARK: Expressions

  mutating func boolean(_ expression: PrismExpression, _ what: String, _ renaming: PrismRenaming = .none) throws -> ExpressionID {
    let value = try lower(expression, renaming)
    guard value.type == .boolean else {
      throw fault("\(what) is true or false, and this is \(value.type.words)", expression.span)
    }
    return value.id
  }

  /// Builds an expression.
  ///
  /// - Parameter renaming: the new names of a module that copies another.
  mutating func lower(_ expression: PrismExpression, _ renaming: PrismRenaming = .none) throws -> PrismTyped {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.maximumDepth {
      throw fault("expressions nest more than \(Self.maximumDepth) levels deep, formulas included", expression.span)
    }
    let span = expression.span
    switch expression.kind {
    case .boolean(let value): return PrismTyped(id: pool.constant(value ? 1 : 0, type: .boolean, span: span), type: .boolean)
    case .integer(let value): return PrismTyped(id: pool.constant(Double(value), type: .integer, span: span), type: .integer)
    case .real(let value):
      pool.numbers.note(.literal, [], value)
      return PrismTyped(id: pool.constant(value, type: .real, span: span), type: .double)
    case .name(let name): return try lookup(name, span, renaming)
    case .label(let name): return try label(name, span)
    case .not(let operand):
      let value = try boolean(operand, "what `!` is put before", renaming)
      return PrismTyped(id: pool.unary(.not, value, type: .boolean, span: span), type: .boolean)
    case .negate(let operand):
      let value = try number(try lower(operand, renaming), operand.span, "`-`")
      return PrismTyped(id: pool.unary(.negate, value.id, type: value.type.scalar, span: span), type: value.type)
    case .chain(let first, let rest):
      var result = try lower(first, renaming)
      var resultSpan = first.span
      for part in rest {
        let other = try lower(part.operand, renaming)
        let whole = first.span.union(part.operand.span)
        result = try combine(part.symbol, result, resultSpan, other, part.operand.span, whole)
        resultSpan = whole
      }
      return result
    case .conditional(let branches, let otherwise):
      var result = try lower(otherwise, renaming)
      for branch in branches.reversed() {
        let condition = try boolean(branch.condition, "the condition before `?`", renaming)
        let value = try lower(branch.value, renaming)
        let type = try common(value, result, branch.value.span, "the two cases of `?:`")
        let id = pool.select(condition, value.id, result.id, type: type.scalar, span: span)
        result = PrismTyped(id: id, type: type)
      }
      return result
    case .call(let name, let arguments): return try call(name, arguments, renaming, span)
    case .query, .filter, .multi: throw fault("an operator of properties cannot stand here", span)
    }
  }

  private mutating func label(_ name: String, _ span: SourceSpan) throws -> PrismTyped {
    if let builtin = builtinLabels[name] { return PrismTyped(id: builtin, type: .boolean) }
    guard let definition = labels[name] else {
      let known = Set(labels.keys).union(builtinLabels.keys).union(["init", "deadlock"]).sorted()
      let nearest = Spelling.nearest(name, in: known)
      throw fault(
        "there is no label \"\(name)\"", span, label: nearest.map { "did you mean \"\($0)\"?" } ?? "",
        notes: nearest == nil ? Self.known("labels", known.map { "\"\($0)\"" }) : [])
    }
    let key = "\"" + name
    guard !open.contains(key) else { throw fault("the label \"\(name)\" depends on itself", span) }
    open.append(key)
    defer { open.removeLast() }
    return PrismTyped(id: try boolean(definition, "the label \"\(name)\""), type: .boolean)
  }

  private mutating func number(_ value: PrismTyped, _ span: SourceSpan, _ what: String) throws -> PrismTyped {
    guard value.type != .boolean else { throw fault("\(what) takes numbers, and this is true or false", span) }
    return value
  }

  private mutating func common(_ a: PrismTyped, _ b: PrismTyped, _ span: SourceSpan, _ what: String) throws
    -> PrismModel.ScalarType
  {
    if a.type == b.type { return a.type }
    guard a.type != .boolean, b.type != .boolean else {
      throw fault("\(what) differ: one is true or false, the other is a number", span)
    }
    return .double
  }

  private mutating func combine(
    _ symbol: PrismOperator, _ a: PrismTyped, _ aSpan: SourceSpan, _ b: PrismTyped, _ bSpan: SourceSpan, _ span: SourceSpan
  ) throws -> PrismTyped {
    func make(_ function: BinaryFunction, _ x: ExpressionID, _ y: ExpressionID, _ type: PrismModel.ScalarType) -> PrismTyped {
      PrismTyped(id: pool.binary(function, x, y, type: type.scalar, span: span), type: type)
    }
    switch symbol {
    case .and, .or, .implies, .iff:
      for (side, place) in [(a, aSpan), (b, bSpan)] where side.type != .boolean {
        throw fault("`\(symbol.rawValue)` takes conditions, and this is \(side.type.words)", place)
      }
      switch symbol {
      case .and: return make(.and, a.id, b.id, .boolean)
      case .or: return make(.or, a.id, b.id, .boolean)
      case .implies: return make(.or, pool.unary(.not, a.id, type: .boolean, span: aSpan), b.id, .boolean)
      default: return make(.equal, a.id, b.id, .boolean)
      }
    case .equal, .notEqual:
      _ = try common(a, b, span, "the two sides of `\(symbol.rawValue)`")
      return make(symbol == .equal ? .equal : .notEqual, a.id, b.id, .boolean)
    case .less, .lessEqual, .greater, .greaterEqual, .add, .subtract, .multiply, .divide, .power:
      let left = try number(a, aSpan, "`\(symbol.rawValue)`")
      let right = try number(b, bSpan, "`\(symbol.rawValue)`")
      let type: PrismModel.ScalarType = left.type == .integer && right.type == .integer ? .integer : .double
      switch symbol {
      case .less: return make(.less, a.id, b.id, .boolean)
      case .lessEqual: return make(.lessEqual, a.id, b.id, .boolean)
      case .greater: return make(.less, b.id, a.id, .boolean)
      case .greaterEqual: return make(.lessEqual, b.id, a.id, .boolean)
      case .add: return make(.add, a.id, b.id, type)
      case .subtract: return make(.subtract, a.id, b.id, type)
      case .multiply: return make(.multiply, a.id, b.id, type)
      case .divide: return make(.divide, a.id, b.id, .double)
      default: return make(.power, a.id, b.id, type)
      }
    }
  }

  private static let arities: [String: ClosedRange<Int>] = [
    "min": 1...1_000, "max": 1...1_000, "floor": 1...1, "ceil": 1...1, "round": 1...1, "pow": 2...2, "mod": 2...2, "log": 2...2,
  ]

  private mutating func call(
    _ name: PrismName, _ arguments: [PrismExpression], _ renaming: PrismRenaming, _ span: SourceSpan
  ) throws -> PrismTyped {
    guard let arity = Self.arities[name.text] else {
      let nearest = Spelling.nearest(name.text, in: Self.arities.keys.sorted())
      throw fault(
        "there is no function `\(name.text)`", name.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
        notes: ["the functions are " + Self.arities.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")])
    }
    guard arity.contains(arguments.count) else {
      let count = arity.lowerBound == arity.upperBound ? "\(arity.lowerBound)" : "at least \(arity.lowerBound)"
      throw fault(
        "`\(name.text)` takes \(count) argument\(count == "1" ? "" : "s"), and here are \(arguments.count)", span)
    }
    var values: [PrismTyped] = []
    for argument in arguments {
      values.append(try number(try lower(argument, renaming), argument.span, "`\(name.text)`"))
    }
    let areIntegers = values.allSatisfy { $0.type == .integer }
    let type: PrismModel.ScalarType = areIntegers ? .integer : .double
    let a = values[0].id
    func make(_ function: UnaryFunction, _ x: ExpressionID) -> PrismTyped {
      PrismTyped(id: pool.unary(function, x, type: .integer, span: span), type: .integer)
    }
    func make(_ function: BinaryFunction, _ x: ExpressionID, _ y: ExpressionID) -> PrismTyped {
      PrismTyped(id: pool.binary(function, x, y, type: type.scalar, span: span), type: type)
    }
    switch name.text {
    case "floor": return make(.floor, a)
    case "ceil": return make(.ceil, a)
    // Halves are rounded up: `round(-0.5)` is 0.
    case "round": return make(.floor, pool.binary(.add, a, pool.constant(0.5, type: .real), type: .real, span: span))
    case "pow": return make(.power, a, values[1].id)
    case "mod":
      for (value, argument) in zip(values, arguments) where value.type != .integer {
        throw fault("`mod` takes integers, and this is a double", argument.span)
      }
      return make(.modulo, a, values[1].id)
    case "log":
      let top = pool.unary(.ln, a, type: .real, span: span)
      let bottom = pool.unary(.ln, values[1].id, type: .real, span: span)
      return PrismTyped(id: pool.binary(.divide, top, bottom, type: .real, span: span), type: .double)
    default:
      let function: BinaryFunction = name.text == "min" ? .min : .max
      var result = values[0]
      for value in values.dropFirst() { result = make(function, result.id, value.id) }
      return PrismTyped(id: result.id, type: type)
    }
  }
}

extension PrismModel.ScalarType {
  var scalar: AleaModel.ScalarType {
    switch self {
    case .integer: .integer
    case .double: .real
    case .boolean: .boolean
    }
  }

  var words: String {
    switch self {
    case .integer: "an integer"
    case .double: "a double"
    case .boolean: "true or false"
    }
  }
}

extension ExpressionPool {
  /// The value of an expression whose variables have the given values: a plain walk, for what is looked at before the model runs.
  func value(of id: ExpressionID, _ variable: (VariableID) -> Double) -> Double {
    switch self[id].kind {
    case .constant(let value): return value
    case .variable(let id): return variable(id)
    case .next, .time: return .nan
    case .unary(let function, let a): return function(value(of: a, variable))
    case .binary(let function, let a, let b):
      let left = value(of: a, variable)
      if function == .and, left == 0 { return 0 }
      if function == .or, left == 1 { return 1 }
      return function(left, value(of: b, variable))
    case .select(let condition, let a, let b): return value(of: value(of: condition, variable) != 0 ? a : b, variable)
    case .gather(let index, let elements):
      let position = value(of: index, variable)
      guard position >= 0, position < Double(elements.count) else { return .nan }
      return value(of: elements[Int(position)], variable)
    case .lookup(let table, let index):
      let position = value(of: index, variable)
      guard position >= 0, position < Double(tables[Int(table)].count) else { return .nan }
      return tables[Int(table)][Int(position)]
    case .ternary(let function, let a, let b, let c):
      return function(value(of: a, variable), value(of: b, variable), value(of: c, variable))
    }
  }
}
