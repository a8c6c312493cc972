import AleaModel
import AleaSyntax

/// The values the leaves of expressions have in one state of affairs.
public struct ScalarEnvironment: Sendable {
  /// Of each variable, by ``VariableID/index``; NaN where it has none yet.
  public var current: [Double]
  /// Of each state variable in the next step.
  public var next: [Double]
  public var time: Double

  public init(variableCount: Int, time: Double = 0) {
    current = [Double](repeating: .nan, count: variableCount)
    next = current
    self.time = time
  }

  public subscript(slot: Slot) -> Double {
    get {
      switch slot {
      case .current(let id): current[Int(id.index)]
      case .next(let id): next[Int(id.index)]
      }
    }
    set {
      switch slot {
      case .current(let id): current[Int(id.index)] = newValue
      case .next(let id): next[Int(id.index)] = newValue
      }
    }
  }
}

/// Evaluates expressions one state at a time by walking them: the oracle that says where and why a value does not exist.
///
/// Only what counts is evaluated: the branch taken, the right side of `and` and `or` where the left does not decide. A fault is thrown
/// as a ``Diagnostic`` at the span of the expression that has no value.
public struct ScalarEvaluator: Sendable {
  public let process: Process
  private let pool: ExpressionPool

  public init(_ process: Process) {
    self.process = process
    pool = process.pool
  }

  public func callAsFunction(_ id: ExpressionID, in environment: ScalarEnvironment) throws -> Double {
    var known: [ExpressionID: Double] = [:]
    return try value(id, environment, &known)
  }

  private func value(_ id: ExpressionID, _ environment: ScalarEnvironment, _ known: inout [ExpressionID: Double]) throws -> Double
  {
    let node = pool[id]
    switch node.kind {
    case .constant(let value):
      // Stands where a law has no mean.
      if value.isNaN { throw Diagnostic.error("a parameter of this law is outside its domain", at: node.span) }
      return value
    case .variable(let variable): return try leaf(environment.current[Int(variable.index)], process[variable].name, node)
    case .next(let variable): return try leaf(environment.next[Int(variable.index)], process[variable].name + "'", node)
    case .time: return environment.time
    default: break
    }
    if let result = known[id] { return result }
    let result: Double
    switch node.kind {
    case .unary(let function, let a):
      let x = try value(a, environment, &known)
      result = function(x)
      if result.isNaN { throw Self.fault(function, x, node) }
    case .binary(.and, let a, let b):
      result = try value(a, environment, &known) == 0 ? 0 : value(b, environment, &known)
    case .binary(.or, let a, let b):
      result = try value(a, environment, &known) == 1 ? 1 : value(b, environment, &known)
    case .binary(let function, let a, let b):
      let x = try value(a, environment, &known)
      let y = try value(b, environment, &known)
      result = function(x, y)
      if result.isNaN { throw Self.fault(function, x, y, node) }
    case .select(let condition, let a, let b):
      result = try value(condition, environment, &known) != 0 ? value(a, environment, &known) : value(b, environment, &known)
    case .gather(let index, let elements):
      let position = try self.index(value(index, environment, &known), count: elements.count, node)
      result = try value(elements[position], environment, &known)
    case .lookup(let table, let index):
      let entries = pool.tables[Int(table)]
      result = entries[try self.index(value(index, environment, &known), count: entries.count, node)]
      if result.isNaN { throw Diagnostic.error("an element of this table is not a number", at: node.span) }
    case .ternary(let function, let a, let b, let c):
      let x = try value(a, environment, &known)
      let y = try value(b, environment, &known)
      let z = try value(c, environment, &known)
      result = function(x, y, z)
      if result.isNaN {
        throw Diagnostic.error(
          "`\(function.rawValue)` has no value here", at: node.span,
          label: "its arguments are \(Self.text(x)), \(Self.text(y)) and \(Self.text(z))")
      }
    case .constant, .variable, .next, .time: return .nan
    }
    known[id] = result
    return result
  }

  private func leaf(_ value: Double, _ name: String, _ node: ExpressionNode) throws -> Double {
    guard !value.isNaN else { throw Diagnostic.error("`\(name)` has no value here", at: node.span) }
    return value
  }

  private func index(_ value: Double, count: Int, _ node: ExpressionNode) throws -> Int {
    guard value >= 0, value < Double(count), value.rounded() == value else {
      throw Diagnostic.error(
        "index \(Self.text(value)) is outside its array", at: node.span,
        label: count == 0 ? "the array is empty" : "the array has the elements 0..\(count - 1)")
    }
    return Int(value)
  }

  private static func fault(_ function: UnaryFunction, _ x: Double, _ node: ExpressionNode) -> Diagnostic {
    let message =
      switch function {
      case .ln, .log10, .log2: "logarithm of a number that is not positive"
      case .sqrt: "square root of a negative number"
      case .logGamma: "`logGamma` of a number that is not positive"
      case .normalQuantile: "quantile of a number outside 0..1"
      default: "`\(function.rawValue)` has no value here"
      }
    return .error(message, at: node.span, label: "the argument is \(text(x))")
  }

  private static func fault(_ function: BinaryFunction, _ x: Double, _ y: Double, _ node: ExpressionNode) -> Diagnostic {
    switch function {
    case .divide, .integerDivide, .modulo:
      if y == 0 { return .error("division by zero", at: node.span, label: "the divisor is 0") }
    case .power:
      return .error("this power has no value", at: node.span, label: "it is \(text(x)) to the power \(text(y))")
    default: break
    }
    return .error(
      "this has no value", at: node.span, label: "its operands are \(text(x)) and \(text(y))")
  }

  /// A number as a person writes it: integers without a fraction.
  public static func text(_ value: Double) -> String {
    value.rounded() == value && Swift.abs(value) < 9e15 ? String(Int(value)) : "\(value)"
  }
}
