import AleaSyntax

/// A variable of a process, by its index in ``Process/variables``.
public struct VariableID: Hashable, Codable, Sendable {
  public var index: Int32
  public init(_ index: Int) { self.index = Int32(index) }
}

/// An expression of a process, by its index in ``ExpressionPool/nodes``; operands always have smaller indices.
public struct ExpressionID: Hashable, Codable, Sendable, Comparable {
  public var index: Int32
  public init(_ index: Int) { self.index = Int32(index) }
  public static func < (a: ExpressionID, b: ExpressionID) -> Bool { a.index < b.index }
}

/// One scalar expression.
public enum ExpressionKind: Hashable, Codable, Sendable {
  case constant(Double)
  /// The value of a variable in this step.
  case variable(VariableID)
  /// The next value of a state variable (`x'`).
  case next(VariableID)
  /// The number of steps already taken (`t`).
  case time
  case unary(UnaryFunction, ExpressionID)
  case binary(BinaryFunction, ExpressionID, ExpressionID)
  /// `if condition then a else b`; only the branch taken counts.
  case select(ExpressionID, then: ExpressionID, else: ExpressionID)
  /// Element `index` (from 0) of a list of expressions; NaN outside it.
  case gather(index: ExpressionID, [ExpressionID])
  /// Element `index` (from 0) of a constant table; NaN outside it.
  case lookup(table: Int32, index: ExpressionID)
  case ternary(TernaryFunction, ExpressionID, ExpressionID, ExpressionID)
}

/// An expression with its type and the place in the text it came from.
public struct ExpressionNode: Hashable, Codable, Sendable {
  public var kind: ExpressionKind
  public var type: ScalarType
  public var span: SourceSpan?
  public init(_ kind: ExpressionKind, type: ScalarType, span: SourceSpan?) {
    self.kind = kind
    self.type = type
    self.span = span
  }
}

/// The expressions of a process as a graph with sharing: equal expressions are stored once, constants are folded as they are made.
public struct ExpressionPool: Sendable, Codable {
  public private(set) var nodes: [ExpressionNode] = []
  /// Constant tables, flattened in row-major order.
  public private(set) var tables: [[Double]] = []
  private var known: [ExpressionKind: ExpressionID] = [:]
  /// Where numbers that doubles only approximate come from; shared by everything that one session elaborates.
  public var numbers = ExactNumbers()

  public init() {}

  private enum CodingKeys: String, CodingKey { case nodes, tables }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    nodes = try container.decode([ExpressionNode].self, forKey: .nodes)
    tables = try container.decode([[Double]].self, forKey: .tables)
    for (index, node) in nodes.enumerated() { known[node.kind] = ExpressionID(index) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(nodes, forKey: .nodes)
    try container.encode(tables, forKey: .tables)
  }

  public subscript(id: ExpressionID) -> ExpressionNode { nodes[Int(id.index)] }

  /// The constant an expression is, if it is one.
  public func constant(_ id: ExpressionID) -> Double? {
    if case .constant(let value) = self[id].kind { return value }
    return nil
  }

  public mutating func addTable(_ values: [Double]) -> Int32 {
    if let index = tables.firstIndex(of: values) { return Int32(index) }
    tables.append(values)
    return Int32(tables.count - 1)
  }

  // MARK: Making expressions

  /// Stores an expression, or finds it when it is already there (the first place in the text wins).
  public mutating func intern(_ kind: ExpressionKind, type: ScalarType, span: SourceSpan?) -> ExpressionID {
    if let id = known[kind], self[id].type == type { return id }
    let id = ExpressionID(nodes.count)
    nodes.append(ExpressionNode(kind, type: type, span: span))
    known[kind] = id
    return id
  }

  public mutating func constant(_ value: Double, type: ScalarType, span: SourceSpan? = nil) -> ExpressionID {
    intern(.constant(value == 0 ? 0 : value), type: type, span: span)
  }

  /// `function(a)`, folded when `a` is a constant and the result is a number.
  public mutating func unary(_ function: UnaryFunction, _ a: ExpressionID, type: ScalarType, span: SourceSpan?) -> ExpressionID {
    if let value = constant(a) {
      let result = function(value)
      if !result.isNaN {
        numbers.note(.unary(function), [value], result)
        return constant(result, type: type, span: span)
      }
    }
    if function == .not, case .unary(.not, let inner) = self[a].kind { return inner }
    return intern(.unary(function, a), type: type, span: span)
  }

  /// `function(a, b)`, folded when both are constants and the result is a number, and where one constant decides.
  public mutating func binary(
    _ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID, type: ScalarType, span: SourceSpan?
  ) -> ExpressionID {
    let left = constant(a)
    let right = constant(b)
    if let left, let right {
      let result = function(left, right)
      if !result.isNaN {
        numbers.note(.binary(function), [left, right], result)
        return constant(result, type: type, span: span)
      }
    }
    switch (function, left, right) {
    case (.and, 1?, _), (.or, 0?, _): return b
    case (.and, 0?, _), (.or, 1?, _): return a
    case (.and, _, 1?), (.or, _, 0?): return a
    case (.add, 0?, _) where self[b].type == type: return b
    case (.add, _, 0?) where self[a].type == type, (.subtract, _, 0?) where self[a].type == type: return a
    case (.multiply, 1?, _) where self[b].type == type: return b
    case (.multiply, _, 1?) where self[a].type == type, (.divide, _, 1?) where self[a].type == type: return a
    default: break
    }
    return intern(.binary(function, a, b), type: type, span: span)
  }

  /// `if condition then a else b`, folded when the condition is a constant or the branches agree.
  public mutating func select(
    _ condition: ExpressionID, _ a: ExpressionID, _ b: ExpressionID, type: ScalarType, span: SourceSpan?
  ) -> ExpressionID {
    if let value = constant(condition) { return value != 0 ? a : b }
    return intern(.select(condition, then: a, else: b), type: type, span: span)
  }

  /// Element `index` of `elements`, folded when the index is a constant inside the list.
  public mutating func gather(_ index: ExpressionID, _ elements: [ExpressionID], type: ScalarType, span: SourceSpan?)
    -> ExpressionID
  {
    if let value = constant(index), value >= 0, value < Double(elements.count), value.rounded() == value {
      return elements[Int(value)]
    }
    let constants = elements.compactMap { constant($0) }
    if constants.count == elements.count {
      return intern(.lookup(table: addTable(constants), index: index), type: type, span: span)
    }
    return intern(.gather(index: index, elements), type: type, span: span)
  }

  public mutating func lookup(_ table: Int32, _ index: ExpressionID, type: ScalarType, span: SourceSpan?) -> ExpressionID {
    if let value = constant(index), value >= 0, value < Double(tables[Int(table)].count), value.rounded() == value {
      return constant(tables[Int(table)][Int(value)], type: type, span: span)
    }
    return intern(.lookup(table: table, index: index), type: type, span: span)
  }

  public mutating func ternary(
    _ function: TernaryFunction, _ a: ExpressionID, _ b: ExpressionID, _ c: ExpressionID, span: SourceSpan?
  ) -> ExpressionID {
    if let x = constant(a), let y = constant(b), let z = constant(c) {
      let result = function(x, y, z)
      if !result.isNaN {
        numbers.note(.ternary(function), [x, y, z], result)
        return constant(result, type: .real, span: span)
      }
    }
    return intern(.ternary(function, a, b, c), type: .real, span: span)
  }

  // MARK: Walking and rewriting

  /// The operands of an expression.
  public func operands(of id: ExpressionID) -> [ExpressionID] {
    switch self[id].kind {
    case .constant, .variable, .next, .time: []
    case .unary(_, let a): [a]
    case .binary(_, let a, let b): [a, b]
    case .select(let c, let a, let b): [c, a, b]
    case .gather(let index, let elements): [index] + elements
    case .lookup(_, let index): [index]
    case .ternary(_, let a, let b, let c): [a, b, c]
    }
  }

  /// Everything `roots` depend on, operands before their users.
  public func reachable(from roots: [ExpressionID]) -> [ExpressionID] {
    var seen = Set<ExpressionID>()
    var stack = roots
    while let id = stack.popLast() {
      guard seen.insert(id).inserted else { continue }
      stack.append(contentsOf: operands(of: id))
    }
    return seen.sorted()
  }

  /// Rewrites expressions with leaves replaced, folding what becomes constant: partial evaluation.
  ///
  /// - Parameter replace: the replacement of a leaf (variable, next value, time), or nil to keep it.
  /// - Returns: the rewritten roots, in order.
  public mutating func rewriting(
    _ roots: [ExpressionID], replacing replace: (ExpressionKind) -> ExpressionID?
  ) -> [ExpressionID] {
    var image: [ExpressionID: ExpressionID] = [:]
    var stack = Array(roots.reversed())
    // Operands first; of a choice that turns out to be known only what is chosen is looked at.
    while let id = stack.last {
      if image[id] != nil {
        stack.removeLast()
        continue
      }
      let node = self[id]
      let waiting = stack.count
      func wants(_ operand: ExpressionID) { if image[operand] == nil { stack.append(operand) } }
      switch node.kind {
      case .constant: image[id] = id
      case .variable, .next, .time: image[id] = replace(node.kind) ?? id
      case .unary(let function, let a):
        wants(a)
        if stack.count > waiting { continue }
        image[id] = unary(function, image[a]!, type: node.type, span: node.span)
      case .binary(let function, let a, let b):
        wants(a)
        wants(b)
        if stack.count > waiting { continue }
        image[id] = binary(function, image[a]!, image[b]!, type: node.type, span: node.span)
      case .select(let c, let a, let b):
        wants(c)
        if stack.count > waiting { continue }
        if let value = constant(image[c]!) {
          let branch = value != 0 ? a : b
          wants(branch)
          if stack.count > waiting { continue }
          image[id] = image[branch]!
        } else {
          wants(a)
          wants(b)
          if stack.count > waiting { continue }
          image[id] = select(image[c]!, image[a]!, image[b]!, type: node.type, span: node.span)
        }
      case .gather(let index, let elements):
        wants(index)
        if stack.count > waiting { continue }
        if let value = constant(image[index]!), value >= 0, value < Double(elements.count), value.rounded() == value {
          wants(elements[Int(value)])
          if stack.count > waiting { continue }
          image[id] = image[elements[Int(value)]]!
        } else {
          for element in elements { wants(element) }
          if stack.count > waiting { continue }
          image[id] = gather(image[index]!, elements.map { image[$0]! }, type: node.type, span: node.span)
        }
      case .lookup(let table, let index):
        wants(index)
        if stack.count > waiting { continue }
        image[id] = lookup(table, image[index]!, type: node.type, span: node.span)
      case .ternary(let function, let a, let b, let c):
        wants(a)
        wants(b)
        wants(c)
        if stack.count > waiting { continue }
        image[id] = ternary(function, image[a]!, image[b]!, image[c]!, span: node.span)
      }
      stack.removeLast()
    }
    return roots.map { image[$0]! }
  }

  /// The leaves (variables, next values, time) that expressions mention.
  public func leaves(of roots: [ExpressionID]) -> Set<ExpressionKind> {
    var result = Set<ExpressionKind>()
    for id in reachable(from: roots) {
      switch self[id].kind {
      case .variable, .next, .time: result.insert(self[id].kind)
      default: break
      }
    }
    return result
  }

  /// The parts of a conjunction, from left to right.
  public func conjuncts(of id: ExpressionID) -> [ExpressionID] {
    var result: [ExpressionID] = []
    var stack = [id]
    while let next = stack.popLast() {
      if case .binary(.and, let a, let b) = self[next].kind {
        stack.append(b)
        stack.append(a)
      } else {
        result.append(next)
      }
    }
    return result
  }
}
