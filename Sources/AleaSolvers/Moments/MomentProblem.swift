import AleaModel
import AleaNumerics

/// A conditional moment problem: find the functions that make residuals unpredictable.
///
///     E[residual(data, h_1(...), h_2(...)) | instruments] = 0,  or  P[0 <= residual | instruments] = level
///
/// The residual is an expression over two sorts of variables of ``pool``: data columns, and applications of unknown functions to
/// expressions over the columns. Most methods need it affine in the applications; which ones stand in it, and with which factors, is
/// worked out by ``affine(_:)``. Smooth residuals with few coefficients are solved by Gauss-Newton (``derivative(_:in:)``).
public struct MomentProblem: Sendable {
  /// A function that is looked for.
  public struct Unknown: Sendable {
    public var name: String
    public var arguments: [String]
    public var functionClass: FunctionClass
    public init(name: String, arguments: [String], functionClass: FunctionClass) {
      self.name = name
      self.arguments = arguments
      self.functionClass = functionClass
    }
  }

  /// An unknown at given arguments: `h(price, season)`.
  public struct Application: Hashable, Sendable {
    public var unknown: Int
    public var arguments: [ExpressionID]
    public init(unknown: Int, arguments: [ExpressionID]) {
      self.unknown = unknown
      self.arguments = arguments
    }
  }

  /// What a restriction says about the residual.
  public enum Statistic: Hashable, Sendable {
    /// Its mean is 0.
    case mean
    /// It is at least 0 with that probability.
    case probability(Double)
  }

  /// One conditional restriction.
  public struct Restriction: Sendable {
    public var residual: ExpressionID
    public var statistic: Statistic
    /// The columns given which it holds.
    public var conditioning: [String]
    /// As written, for people.
    public var text: String
    public init(residual: ExpressionID, statistic: Statistic, conditioning: [String], text: String) {
      self.residual = residual
      self.statistic = statistic
      self.conditioning = conditioning
      self.text = text
    }
  }

  public var name: String
  /// Variable i of the pool is column i for i below the number of columns; the others are ``applications``, in order.
  public var columns: [String]
  public var unknowns: [Unknown]
  public var applications: [Application]
  public var restrictions: [Restriction]
  public var pool: ExpressionPool

  public init(
    name: String, columns: [String], unknowns: [Unknown], applications: [Application] = [], restrictions: [Restriction] = [],
    pool: ExpressionPool = ExpressionPool()
  ) {
    self.name = name
    self.columns = columns
    self.unknowns = unknowns
    self.applications = applications
    self.restrictions = restrictions
    self.pool = pool
  }

  /// The problem `E[outcome - h(arguments) | conditioning] = 0` of instrumental regression.
  public static func regression(
    outcome: String, arguments: [String], conditioning: [String], functionClass: FunctionClass, unknown name: String = "h",
    quantile level: Double? = nil
  ) -> MomentProblem {
    var columns: [String] = []
    for column in [outcome] + arguments + conditioning where !columns.contains(column) { columns.append(column) }
    var problem = MomentProblem(
      name: name, columns: columns, unknowns: [.init(name: name, arguments: arguments, functionClass: functionClass)])
    func column(_ name: String) -> ExpressionID {
      problem.pool.intern(.variable(VariableID(columns.firstIndex(of: name) ?? 0)), type: .real, span: nil)
    }
    problem.applications = [.init(unknown: 0, arguments: arguments.map(column))]
    let value = problem.pool.intern(.variable(VariableID(columns.count)), type: .real, span: nil)
    let (first, second) = level == nil ? (column(outcome), value) : (value, column(outcome))
    let residual = problem.pool.binary(.subtract, first, second, type: .real, span: nil)
    let call = "\(name)(\(arguments.joined(separator: ", ")))"
    let given = conditioning.joined(separator: ", ")
    problem.restrictions = [
      .init(
        residual: residual, statistic: level.map { .probability($0) } ?? .mean, conditioning: conditioning,
        text: level.map { "P[\(outcome) <= \(call) | \(given)] = \($0)" } ?? "E[\(outcome) - \(call) | \(given)] = 0")
    ]
    return problem
  }

  /// A residual as `constant + sum of factor * application`.
  public struct AffineForm: Sendable {
    public var constant: ExpressionID?
    public var factors: [Int: ExpressionID]
  }

  /// The residual's affine form in the unknowns; nil where it is not affine.
  public mutating func affine(_ id: ExpressionID) -> AffineForm? {
    let node = pool[id]
    if case .variable(let variable) = node.kind, Int(variable.index) >= columns.count {
      return AffineForm(constant: nil, factors: [Int(variable.index) - columns.count: pool.constant(1, type: .real)])
    }
    if !mentionsUnknown(id) { return AffineForm(constant: id, factors: [:]) }
    switch node.kind {
    case .unary(.negate, let a): return affine(a).map { scaled($0, by: nil, negate: true) }
    case .binary(.add, let a, let b):
      guard let x = affine(a), let y = affine(b) else { return nil }
      return sum(x, y)
    case .binary(.subtract, let a, let b):
      guard let x = affine(a), let y = affine(b) else { return nil }
      return sum(x, scaled(y, by: nil, negate: true))
    case .binary(.multiply, let a, let b):
      if !mentionsUnknown(a) { return affine(b).map { scaled($0, by: a, negate: false) } }
      if !mentionsUnknown(b) { return affine(a).map { scaled($0, by: b, negate: false) } }
      return nil
    case .binary(.divide, let a, let b) where !mentionsUnknown(b):
      let inverse = pool.binary(.divide, pool.constant(1, type: .real), b, type: .real, span: node.span)
      return affine(a).map { scaled($0, by: inverse, negate: false) }
    case .select(let test, let a, let b) where !mentionsUnknown(test):
      guard let x = affine(a), let y = affine(b) else { return nil }
      let (one, zero) = (pool.constant(1, type: .real), pool.constant(0, type: .real))
      let left = pool.select(test, one, zero, type: .real, span: nil)
      let right = pool.select(test, zero, one, type: .real, span: nil)
      return sum(scaled(x, by: left, negate: false), scaled(y, by: right, negate: false))
    default: return nil
    }
  }

  private func mentionsUnknown(_ id: ExpressionID) -> Bool {
    pool.leaves(of: [id]).contains {
      if case .variable(let variable) = $0 { Int(variable.index) >= columns.count } else { false }
    }
  }

  private mutating func scaled(_ form: AffineForm, by factor: ExpressionID?, negate: Bool) -> AffineForm {
    func map(_ id: ExpressionID) -> ExpressionID {
      let negated = negate ? pool.unary(.negate, id, type: .real, span: nil) : id
      return factor.map { pool.binary(.multiply, $0, negated, type: .real, span: nil) } ?? negated
    }
    return AffineForm(constant: form.constant.map(map), factors: form.factors.mapValues(map))
  }

  private mutating func sum(_ a: AffineForm, _ b: AffineForm) -> AffineForm {
    func add(_ x: ExpressionID?, _ y: ExpressionID?) -> ExpressionID? {
      guard let x, let y else { return x ?? y }
      return pool.binary(.add, x, y, type: .real, span: nil)
    }
    var result = AffineForm(constant: add(a.constant, b.constant), factors: a.factors)
    for (application, factor) in b.factors { result.factors[application] = add(result.factors[application], factor) }
    return result
  }
}

/// The data of a moment problem's columns.
public struct MomentData: Sendable {
  public let columns: [String: [Double]]
  public let rowCount: Int

  /// - Throws: ``MomentFault`` for columns of unequal length, and cells that are missing or infinite.
  public init(_ columns: [String: [Double]]) throws {
    rowCount = columns.first?.value.count ?? 0
    for (name, cells) in columns.sorted(by: { $0.key < $1.key }) {
      guard cells.count == rowCount else { throw MomentFault("the column `\(name)` has \(cells.count) rows of \(rowCount)") }
      if let row = cells.firstIndex(where: { !$0.isFinite }) {
        throw MomentFault(
          "`\(name)` has no value in row \(row + 1)", remedy: "leave such rows out: `filter(data, present(\(name)))`")
      }
    }
    self.columns = columns
  }

  /// The columns side by side.
  ///
  /// - Throws: ``MomentFault`` where there is no column of a name.
  public func matrix(_ names: [String]) throws -> Matrix {
    Matrix(
      columns: try names.map { name in
        guard let cells = columns[name] else { throw MomentFault("there is no column `\(name)`") }
        return cells
      }, rows: rowCount)
  }
}

extension MomentProblem {
  /// The value of an expression in every row, given the columns and the values of the applications of unknowns.
  ///
  /// - Throws: ``MomentFault`` where it has no value in a row.
  public func evaluate(_ id: ExpressionID, _ data: MomentData, applications: [[Double]] = []) throws -> [Double] {
    var values: [ExpressionID: [Double]] = [:]
    for node in pool.reachable(from: [id]) {
      let result: [Double]
      func operand(_ id: ExpressionID) -> [Double] { values[id] ?? [] }
      switch pool[node].kind {
      case .constant(let value): result = Array(repeating: value, count: data.rowCount)
      case .variable(let variable) where applications.indices.contains(Int(variable.index) - columns.count):
        result = applications[Int(variable.index) - columns.count]
      case .variable(let variable):
        guard columns.indices.contains(Int(variable.index)), let cells = data.columns[columns[Int(variable.index)]] else {
          throw MomentFault("there is no column for an expression of `\(name)`")
        }
        result = cells
      case .unary(let function, let a): result = operand(a).map { function($0) }
      case .binary(let function, let a, let b): result = zip(operand(a), operand(b)).map { function($0, $1) }
      case .select(let test, let a, let b):
        let (x, y) = (operand(a), operand(b))
        result = operand(test).enumerated().map { $1 != 0 ? x[$0] : y[$0] }
      case .gather(let index, let elements):
        let lists = elements.map(operand)
        result = operand(index).enumerated().map { row, position in
          Int(exactly: position).flatMap { lists.indices.contains($0) ? lists[$0][row] : nil } ?? .nan
        }
      case .lookup(let table, let index):
        let table = pool.tables[Int(table)]
        result = operand(index).map { position in
          Int(exactly: position).flatMap { table.indices.contains($0) ? table[$0] : nil } ?? .nan
        }
      case .ternary(let function, let a, let b, let c):
        let (x, y, z) = (operand(a), operand(b), operand(c))
        result = x.indices.map { function(x[$0], y[$0], z[$0]) }
      case .next, .time: throw MomentFault("`\(name)` has no steps", remedy: "write the next value as a column of its own")
      }
      values[node] = result
    }
    let result = values[id] ?? []
    if let row = result.firstIndex(where: { !$0.isFinite }) {
      throw MomentFault("an expression of `\(name)` has no value in row \(row + 1) of the data")
    }
    return result
  }
}
