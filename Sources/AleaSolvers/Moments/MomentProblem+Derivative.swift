import AleaModel

extension MomentProblem {
  /// The derivative of an expression in the value of one application of an unknown; nil where it has none everywhere (rounding,
  /// comparisons and the like of an unknown).
  public mutating func derivative(_ id: ExpressionID, in application: Int) -> ExpressionID? {
    var known: [ExpressionID: ExpressionID] = [:]
    for node in pool.reachable(from: [id]) {
      guard let slope = slope(node, application, known) else { return nil }
      known[node] = slope
    }
    return known[id]
  }

  /// The derivative of a node whose operands' derivatives are known.
  private mutating func slope(_ id: ExpressionID, _ application: Int, _ known: [ExpressionID: ExpressionID]) -> ExpressionID? {
    let zero = number(0)
    switch pool[id].kind {
    case .variable(let variable): return number(Int(variable.index) == columns.count + application ? 1 : 0)
    case .constant: return zero
    case .unary(let function, let a):
      guard let inner = known[a] else { return nil }
      return inner == zero ? zero : slope(function, a, value: id).map { times($0, inner) }
    case .binary(let function, let a, let b):
      guard let x = known[a], let y = known[b] else { return nil }
      return x == zero && y == zero ? zero : slope(function, a, b, x, y, value: id)
    case .select(let test, let a, let b):
      guard known[test] == zero, let x = known[a], let y = known[b] else { return nil }
      return x == y ? x : pool.select(test, x, y, type: .real, span: nil)
    case .gather(let index, let elements):
      let slopes = elements.compactMap { known[$0] }
      return known[index] == zero && slopes.count == elements.count && slopes.allSatisfy { $0 == zero } ? zero : nil
    case .lookup(_, let index): return known[index] == zero ? zero : nil
    case .ternary(_, let a, let b, let c): return [a, b, c].allSatisfy { known[$0] == zero } ? zero : nil
    case .next, .time: return nil
    }
  }

  /// f'(a), where `value` is f(a).
  private mutating func slope(_ function: UnaryFunction, _ a: ExpressionID, value: ExpressionID) -> ExpressionID? {
    switch function {
    case .negate: number(-1)
    case .exp: value
    case .ln: over(number(1), a)
    case .log10: over(number(1 / UnaryFunction.ln(10)), a)
    case .log2: over(number(1 / UnaryFunction.ln(2)), a)
    case .sqrt: over(number(0.5), value)
    case .sin: unary(.cos, a)
    case .cos: unary(.negate, unary(.sin, a))
    case .tan: plus(number(1), times(value, value))
    case .tanh: minus(number(1), times(value, value))
    case .arctan: over(number(1), plus(number(1), times(a, a)))
    case .logistic: times(value, minus(number(1), value))
    case .normalCDF: times(number(0.3989422804014327), unary(.exp, times(number(-0.5), times(a, a))))
    case .not, .abs, .sign, .floor, .ceil, .round, .logGamma, .normalQuantile: nil
    }
  }

  /// The derivative of f(a, b) where a and b have the derivatives x and y.
  private mutating func slope(
    _ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID, _ x: ExpressionID, _ y: ExpressionID, value: ExpressionID
  ) -> ExpressionID? {
    switch function {
    case .add: plus(x, y)
    case .subtract: minus(x, y)
    case .multiply: plus(times(x, b), times(a, y))
    case .divide: over(minus(x, times(value, y)), b)
    case .power where y == number(0):
      times(x, times(b, pool.binary(.power, a, minus(b, number(1)), type: .real, span: nil)))
    case .power: times(value, plus(times(y, unary(.ln, a)), over(times(x, b), a)))
    case .integerDivide, .modulo, .min, .max, .equal, .notEqual, .less, .lessEqual, .and, .or, .divergence, .divergenceBound: nil
    }
  }

  private mutating func number(_ value: Double) -> ExpressionID { pool.constant(value, type: .real) }

  private mutating func unary(_ function: UnaryFunction, _ a: ExpressionID) -> ExpressionID {
    pool.unary(function, a, type: .real, span: nil)
  }

  private mutating func plus(_ a: ExpressionID, _ b: ExpressionID) -> ExpressionID {
    a == number(0) ? b : b == number(0) ? a : pool.binary(.add, a, b, type: .real, span: nil)
  }

  private mutating func minus(_ a: ExpressionID, _ b: ExpressionID) -> ExpressionID {
    b == number(0) ? a : pool.binary(.subtract, a, b, type: .real, span: nil)
  }

  private mutating func times(_ a: ExpressionID, _ b: ExpressionID) -> ExpressionID {
    if a == number(0) || b == number(0) { return number(0) }
    return a == number(1) ? b : b == number(1) ? a : pool.binary(.multiply, a, b, type: .real, span: nil)
  }

  private mutating func over(_ a: ExpressionID, _ b: ExpressionID) -> ExpressionID {
    a == number(0) ? a : pool.binary(.divide, a, b, type: .real, span: nil)
  }

  /// How a restriction depends on the unknowns.
  public enum Form: Hashable, Sendable {
    case affine
    /// Not affine, and differentiable in every unknown.
    case smooth
    /// Not differentiable.
    case rough
  }

  /// How an expression depends on the unknowns.
  public func form(_ id: ExpressionID) -> Form {
    var copy = self
    if copy.affine(id) != nil { return .affine }
    for application in applications.indices where copy.derivative(id, in: application) == nil { return .rough }
    return .smooth
  }

  /// Refuses restrictions that are not affine in the unknowns: only ``SieveMinimumDistance`` solves them.
  func checkAffine(_ method: String) throws {
    guard let curved = restrictions.first(where: { form($0.residual) != .affine }) else { return }
    throw MomentFault(
      "`\(method)` needs restrictions that are affine in the unknown functions, and `\(curved.text)` is not",
      remedy: curved.statistic == .mean
        ? "use `SieveMinimumDistance()` with the unknowns in classes with few coefficients"
        : "quantiles are written `P[y <= h(x) | z] = level`")
  }

  /// Refuses what Gauss-Newton cannot solve: rough restrictions, and unknowns in Hilbert spaces in restrictions that are not affine.
  func checkSmooth() throws {
    for restriction in restrictions {
      switch form(restriction.residual) {
      case .affine: continue
      case .rough:
        throw MomentFault(
          "`\(restriction.text)` has no derivative in the unknown functions",
          remedy: "an unknown may stand in sums, products, quotients, powers and smooth functions such as `exp` and `logistic`")
      case .smooth:
        guard let penalised = unknowns(in: restriction).sorted().first(where: { unknowns[$0].functionClass.isPenalised }) else {
          continue
        }
        throw MomentFault(
          "`\(restriction.text)` is not affine in the unknown functions, and `\(unknowns[penalised].name)` is in a Hilbert space",
          remedy: "declare it in a class with few coefficients: `Linear()`, `Polynomial()`, `Spline()` or `Tabular()`")
      }
    }
  }
}
