import AleaModel
import AleaSyntax

/// A table over some discrete variables: their joint law, or any function of them.
///
/// The last variable varies fastest. Variables are named; each takes the values `0 ..< cardinality`.
public struct DiscreteTable: Sendable, Hashable {
  public let variables: [String]
  public let cardinalities: [Int]
  public var values: [Double]

  /// A table of given values, or of zeros.
  public init(_ variables: [String], cardinalities: [Int], values: [Double]? = nil) {
    self.variables = variables
    self.cardinalities = cardinalities
    self.values = values ?? [Double](repeating: 0, count: cardinalities.reduce(1, *))
  }

  static func constant(_ value: Double) -> DiscreteTable { DiscreteTable([], cardinalities: [], values: [value]) }

  /// The step in ``values`` that raises each variable by one.
  private var strides: [String: Int] {
    var result: [String: Int] = [:]
    var stride = 1
    for (name, size) in zip(variables, cardinalities).reversed() {
      result[name] = stride
      stride *= size
    }
    return result
  }

  /// The value where the variables take the given values; variables that are missing count as 0.
  public subscript(assignment: [String: Int]) -> Double {
    let strides = strides
    return values[variables.reduce(0) { $0 + (assignment[$1] ?? 0) * (strides[$1] ?? 0) }]
  }

  /// Visits every cell of a box of `sizes` with its offset in tables whose strides are given per dimension.
  private static func walk(_ sizes: [Int], _ strides: [[Int]], _ body: (_ cell: Int, _ offsets: [Int]) -> Void) {
    let total = sizes.reduce(1, *)
    var digits = [Int](repeating: 0, count: sizes.count)
    var offsets = [Int](repeating: 0, count: strides.count)
    for cell in 0..<total {
      body(cell, offsets)
      var dimension = sizes.count - 1
      while dimension >= 0 {
        digits[dimension] += 1
        for table in strides.indices { offsets[table] += strides[table][dimension] }
        if digits[dimension] < sizes[dimension] { break }
        for table in strides.indices { offsets[table] -= strides[table][dimension] * sizes[dimension] }
        digits[dimension] = 0
        dimension -= 1
      }
    }
  }

  /// The sum over some variables.
  public func summing(over bound: some Collection<String>) -> DiscreteTable {
    let kept = variables.indices.filter { !bound.contains(variables[$0]) }
    var result = DiscreteTable(kept.map { variables[$0] }, cardinalities: kept.map { cardinalities[$0] })
    let strides = result.strides
    Self.walk(cardinalities, [variables.map { strides[$0] ?? 0 }]) { result.values[$1[0]] += values[$0] }
    return result
  }

  /// The marginal on some variables.
  public func marginal(on kept: some Collection<String>) -> DiscreteTable {
    summing(over: variables.filter { !kept.contains($0) })
  }

  func combined(with other: DiscreteTable, _ operation: (Double, Double) -> Double) -> DiscreteTable {
    let extra = other.variables.indices.filter { !variables.contains(other.variables[$0]) }
    var result = DiscreteTable(
      variables + extra.map { other.variables[$0] }, cardinalities: cardinalities + extra.map { other.cardinalities[$0] })
    let mine = strides
    let theirs = other.strides
    let strides = [result.variables.map { mine[$0] ?? 0 }, result.variables.map { theirs[$0] ?? 0 }]
    Self.walk(result.cardinalities, strides) { result.values[$0] = operation(values[$1[0]], other.values[$1[1]]) }
    return result
  }

  /// The product, on the union of the variables.
  public func multiplied(by other: DiscreteTable) -> DiscreteTable { combined(with: other, *) }

  /// The ratio, on the union of the variables; 0/0 counts as 0 (an event that has no probability contributes nothing).
  public func divided(by other: DiscreteTable) -> DiscreteTable { combined(with: other) { $1 == 0 && $0 == 0 ? 0 : $0 / $1 } }
}

/// The joint law of discrete variables.
public struct DiscreteLaw: Sendable, Hashable {
  public let table: DiscreteTable

  /// A law from its probabilities, the last variable varying fastest.
  ///
  /// - Throws: when a variable comes twice, the number of probabilities is not the number of cells, one is negative or not a number,
  ///   or they do not sum to one within 1e-6 (they are then divided by their sum).
  public init(_ variables: [String], cardinalities: [Int], probabilities: [Double]) throws(DiagnosticError) {
    let cells = cardinalities.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    var fault: String?
    if variables.count != cardinalities.count || cardinalities.contains(where: { $0 < 1 }) {
      fault = "every variable of a law needs a number of values, at least one"
    } else if Set(variables).count != variables.count {
      fault = "a variable of the law comes twice"
    } else if probabilities.count != cells {
      fault = "the law has \(cells) cells but \(probabilities.count) probabilities are given"
    } else if let bad = probabilities.first(where: { !($0 >= 0 && $0.isFinite) }) {
      fault = "\(bad) is not a probability"
    }
    let total = probabilities.reduce(0, +)
    if fault == nil, abs(total - 1) > 1e-6 { fault = "the probabilities of the law sum to \(total), not to 1" }
    if let fault { throw DiagnosticError(.error(fault, at: nil)) }
    table = DiscreteTable(variables, cardinalities: cardinalities, values: probabilities.map { $0 / total })
  }

  /// The value of an estimand under this law, as a table over its free variables.
  ///
  /// - Throws: when the estimand names a variable that the law does not have.
  /// - Complexity: O(cells of the law) per conditional probability, and the cells of the joint table per product.
  public func value(of estimand: Estimand) throws(DiagnosticError) -> DiscreteTable {
    switch estimand {
    case .probability(let variables, let given):
      for name in variables + given where !table.variables.contains(name) {
        let near = Spelling.nearest(name, in: table.variables)
        throw DiagnosticError(
          .error("the law has no variable `\(name)`", at: nil, label: near.map { "did you mean `\($0)`?" } ?? ""))
      }
      let joint = table.marginal(on: variables + given)
      return given.isEmpty ? joint : joint.divided(by: joint.marginal(on: given))
    case .product(let factors):
      var result = DiscreteTable.constant(1)
      for factor in factors { result = result.multiplied(by: try value(of: factor)) }
      return result
    case .sum(let bound, let term):
      return try value(of: term).summing(over: bound)
    case .quotient(let numerator, let denominator):
      return try value(of: numerator).divided(by: value(of: denominator))
    }
  }
}
