import AleaModel

/// What is known of the values an expression may take: bounds, whether all are integers, whether it may have none (NaN).
public struct Interval: Hashable, Sendable {
  public var lower: Double
  public var upper: Double
  public var isInteger: Bool
  /// False only when the expression certainly has a value.
  public var mayFail: Bool

  public init(_ lower: Double, _ upper: Double, isInteger: Bool = false, mayFail: Bool = false) {
    self.lower = lower.isNaN ? -.infinity : lower
    self.upper = upper.isNaN ? .infinity : upper
    self.isInteger = isInteger
    self.mayFail = mayFail
  }

  public init(_ value: Double) {
    self.init(value, value, isInteger: value.rounded() == value && value.isFinite, mayFail: value.isNaN)
  }

  /// Anything at all.
  public static let unknown = Interval(-.infinity, .infinity, mayFail: true)
  static let boolean = Interval(0, 1, isInteger: true)

  public var isPoint: Bool { lower == upper && !mayFail }
  public var isBounded: Bool { lower.isFinite && upper.isFinite }
  func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  func hull(_ other: Interval) -> Interval {
    Interval(
      min(lower, other.lower), max(upper, other.upper), isInteger: isInteger && other.isInteger, mayFail: mayFail || other.mayFail
    )
  }

  /// The values of a domain.
  public init(_ domain: Domain) {
    switch domain {
    case .boolean: self = .boolean
    case .range(let low, let high): self.init(Double(low), Double(high), isInteger: true)
    case .symbols(let codes): self.init(Double(codes.min() ?? 0), Double(codes.max() ?? 0), isInteger: true)
    case .numbers(let values):
      self.init(values.min() ?? 0, values.max() ?? 0, isInteger: values.allSatisfy { $0.rounded() == $0 })
    case .integers: self.init(-.infinity, .infinity, isInteger: true)
    case .reals: self.init(-.infinity, .infinity)
    }
  }

  /// Whether every value certainly lies in the domain.
  func isInside(_ domain: Domain) -> Bool {
    guard !mayFail else { return false }
    switch domain {
    case .boolean: return isInteger && lower >= 0 && upper <= 1
    case .range(let low, let high): return isInteger && lower >= Double(low) && upper <= Double(high)
    case .symbols(let codes):
      guard isInteger, let low = codes.min(), let high = codes.max(), high - low == codes.count - 1 else {
        return isPoint && domain.contains(lower)
      }
      return lower >= Double(low) && upper <= Double(high)
    case .numbers: return isPoint && domain.contains(lower)
    case .integers: return isInteger && isBounded
    case .reals: return isBounded
    }
  }
}

/// Interval arithmetic over the expressions of a pool (Moore, "Interval Analysis", 1966).
///
/// Bounds are computed in floating point with round-to-nearest; as every operation is also rounded to nearest in the machine, and
/// rounding is monotone, they bound the machine's own results.
public struct IntervalEvaluator: Sendable {
  public let pool: ExpressionPool

  public init(_ pool: ExpressionPool) { self.pool = pool }

  /// The interval of every expression that the roots depend on.
  public func callAsFunction(_ roots: [ExpressionID], leaf: (ExpressionKind) -> Interval) -> [ExpressionID: Interval] {
    var result: [ExpressionID: Interval] = [:]
    for id in pool.reachable(from: roots) {
      switch pool[id].kind {
      case .constant(let value): result[id] = Interval(value)
      case .variable, .next, .time: result[id] = leaf(pool[id].kind)
      case .unary(let function, let a): result[id] = Self.apply(function, result[a]!)
      case .binary(let function, let a, let b): result[id] = Self.apply(function, result[a]!, result[b]!, same: a == b)
      case .select(let condition, let a, let b): result[id] = Self.select(result[condition]!, result[a]!, result[b]!)
      case .gather(let index, let elements):
        result[id] = Self.pick(result[index]!, elements.map { result[$0]! })
      case .ternary: result[id] = Interval(0, 1, mayFail: true)
      case .lookup(let table, let index):
        result[id] = Self.pick(result[index]!, pool.tables[Int(table)].map { Interval($0) })
      }
    }
    return result
  }

  static func select(_ condition: Interval, _ a: Interval, _ b: Interval) -> Interval {
    var result: Interval
    if !condition.contains(0) {
      result = a
    } else if condition.lower == 0, condition.upper == 0 {
      result = b
    } else {
      result = a.hull(b)
    }
    result.mayFail = result.mayFail || condition.mayFail
    return result
  }

  static func pick(_ index: Interval, _ elements: [Interval]) -> Interval {
    let low = Int(max(0, min(index.lower.rounded(.up), Double(elements.count))))
    let high = Int(max(-1, min(index.upper.rounded(.down), Double(elements.count - 1))))
    guard low <= high else { return .unknown }
    var result = elements[low...high].dropFirst().reduce(elements[low]) { $0.hull($1) }
    let outside = index.lower < 0 || index.upper > Double(elements.count - 1) || !index.isInteger
    result.mayFail = result.mayFail || index.mayFail || outside
    return result
  }

  static func apply(_ function: UnaryFunction, _ x: Interval) -> Interval {
    func monotone(_ isInteger: Bool = false, from lower: Double = -.infinity, to upper: Double = .infinity) -> Interval {
      let inside = x.lower >= lower && x.upper <= upper
      let low = function(max(x.lower, lower))
      let high = function(min(x.upper, upper))
      return Interval(low, high, isInteger: isInteger, mayFail: x.mayFail || !inside || low.isNaN || high.isNaN)
    }
    switch function {
    case .negate: return Interval(-x.upper, -x.lower, isInteger: x.isInteger, mayFail: x.mayFail)
    case .not:
      if !x.contains(0) { return Interval(0, 0, isInteger: true, mayFail: x.mayFail) }
      if x.lower == 0, x.upper == 0 { return Interval(1, 1, isInteger: true, mayFail: x.mayFail) }
      return Interval(0, 1, isInteger: true, mayFail: x.mayFail)
    case .abs:
      let top = max(Swift.abs(x.lower), Swift.abs(x.upper))
      let bottom = x.contains(0) ? 0 : min(Swift.abs(x.lower), Swift.abs(x.upper))
      return Interval(bottom, top, isInteger: x.isInteger, mayFail: x.mayFail)
    case .sign, .floor, .ceil, .round: return monotone(x.isBounded || function == .sign)
    case .sqrt: return monotone(from: 0)
    case .exp, .arctan, .tanh, .logistic, .normalCDF:
      // Library functions are monotone up to an ulp.
      let result = monotone()
      return Interval(
        widen(result.lower, -1), widen(result.upper, 1), mayFail: result.mayFail)
    case .ln, .log10, .log2:
      let positive = x.lower > 0
      let low = positive ? function(x.lower) : -.infinity
      let high = x.upper > 0 ? function(x.upper) : .infinity
      return Interval(widen(low, -1), widen(high, 1), mayFail: x.mayFail || !positive)
    case .sin, .cos: return Interval(-1, 1, mayFail: x.mayFail || !x.isBounded)
    case .tan, .logGamma, .normalQuantile: return .unknown
    }
  }

  private static func widen(_ value: Double, _ direction: Double) -> Double {
    value.isFinite ? value + direction * 4 * value.ulp : value
  }

  static func apply(_ function: BinaryFunction, _ a: Interval, _ b: Interval, same: Bool = false) -> Interval {
    let mayFail = a.mayFail || b.mayFail
    let isInteger = a.isInteger && b.isInteger
    func hull(_ corners: [Double], isInteger: Bool, extra: Bool = false) -> Interval {
      // A corner such as 0 * inf or inf - inf says nothing.
      if corners.contains(where: \.isNaN) { return Interval(-.infinity, .infinity, isInteger: false, mayFail: true) }
      let low = corners.min()!
      let high = corners.max()!
      return Interval(low, high, isInteger: isInteger, mayFail: mayFail || extra)
    }
    func truth(always: Bool, never: Bool) -> Interval {
      Interval(always ? 1 : 0, never ? 0 : 1, isInteger: true, mayFail: mayFail)
    }
    switch function {
    case .add:
      let clash = (a.upper == .infinity && b.lower == -.infinity) || (a.lower == -.infinity && b.upper == .infinity)
      return Interval(a.lower + b.lower, a.upper + b.upper, isInteger: isInteger, mayFail: mayFail || clash)
    case .subtract:
      if same, a.isBounded { return Interval(0, 0, isInteger: true, mayFail: mayFail) }
      let clash = (a.upper == .infinity && b.upper == .infinity) || (a.lower == -.infinity && b.lower == -.infinity)
      return Interval(a.lower - b.upper, a.upper - b.lower, isInteger: isInteger, mayFail: mayFail || clash)
    case .multiply:
      if a.isBounded, b.isBounded {
        return hull(
          [a.lower * b.lower, a.lower * b.upper, a.upper * b.lower, a.upper * b.upper], isInteger: isInteger)
      }
      // Infinity times zero fails in the machine only where the infinite bound is attained; bounds use 0 there.
      let corners = [(a.lower, b.lower), (a.lower, b.upper), (a.upper, b.lower), (a.upper, b.upper)].map { x, y in
        x == 0 || y == 0 ? 0 : x * y
      }
      let zero = (a.contains(0) && !b.isBounded) || (b.contains(0) && !a.isBounded)
      return hull(corners, isInteger: isInteger, extra: zero)
    case .divide:
      if b.contains(0) { return Interval(-.infinity, .infinity, mayFail: true) }
      return hull([a.lower / b.lower, a.lower / b.upper, a.upper / b.lower, a.upper / b.upper], isInteger: false)
    case .integerDivide:
      if b.contains(0) { return Interval(-.infinity, .infinity, isInteger: a.isBounded, mayFail: true) }
      let corners = [a.lower / b.lower, a.lower / b.upper, a.upper / b.lower, a.upper / b.upper].map { $0.rounded(.down) }
      return hull(corners, isInteger: a.isBounded)
    case .modulo:
      if b.contains(0) || !a.isBounded || !b.isBounded { return Interval(-.infinity, .infinity, mayFail: true) }
      // The remainder has the divisor's sign; rounding can make it reach the divisor unless both are integers.
      let size = max(Swift.abs(b.lower), Swift.abs(b.upper)) - (isInteger ? 1 : 0)
      return Interval(
        b.lower > 0 ? (isInteger ? 0 : -size) : -size, b.upper < 0 ? (isInteger ? 0 : size) : size, isInteger: isInteger,
        mayFail: mayFail)
    case .power:
      if b.isPoint, b.lower >= 0, b.lower.rounded() == b.lower {
        let exponent = b.lower
        let low = BinaryFunction.power(a.lower, exponent)
        let high = BinaryFunction.power(a.upper, exponent)
        let even = exponent.truncatingRemainder(dividingBy: 2) == 0
        let bottom = even && a.contains(0) ? 0 : min(low, high)
        return Interval(
          bottom, max(low, high), isInteger: a.isInteger && a.isBounded, mayFail: mayFail || low.isNaN || high.isNaN)
      }
      if a.lower > 0, a.isBounded, b.isBounded {
        let corners = [(a.lower, b.lower), (a.lower, b.upper), (a.upper, b.lower), (a.upper, b.upper)].map {
          BinaryFunction.power($0, $1)
        }
        let result = hull(corners, isInteger: false)
        return Interval(widen(result.lower, -1), widen(result.upper, 1), mayFail: result.mayFail)
      }
      return .unknown
    case .min: return Interval(Swift.min(a.lower, b.lower), Swift.min(a.upper, b.upper), isInteger: isInteger, mayFail: mayFail)
    case .max: return Interval(Swift.max(a.lower, b.lower), Swift.max(a.upper, b.upper), isInteger: isInteger, mayFail: mayFail)
    case .equal:
      return truth(
        always: same || (a.lower == a.upper && b.lower == b.upper && a.lower == b.lower),
        never: !same && (a.upper < b.lower || b.upper < a.lower))
    case .notEqual:
      return truth(
        always: !same && (a.upper < b.lower || b.upper < a.lower),
        never: same || (a.lower == a.upper && b.lower == b.upper && a.lower == b.lower))
    case .less: return truth(always: a.upper < b.lower, never: same || a.lower >= b.upper)
    case .lessEqual: return truth(always: same || a.upper <= b.lower, never: a.lower > b.upper)
    case .and:
      if a.upper == 0, a.lower == 0 { return a }
      return Interval(
        Swift.min(a.lower, b.lower), Swift.min(1, b.upper), isInteger: true, mayFail: mayFail)
    case .divergence: return Interval(0, .infinity, mayFail: true)
    case .divergenceBound: return Interval(0, 1, mayFail: true)
    case .or:
      if a.lower == 1 { return a }
      return Interval(Swift.max(a.lower, b.lower), 1, isInteger: true, mayFail: mayFail).clampedToTruth(a, b)
    }
  }
}

extension Interval {
  /// `or` is false only where both sides are.
  fileprivate func clampedToTruth(_ a: Interval, _ b: Interval) -> Interval {
    var result = self
    if a.upper == 0, b.upper == 0 { result.upper = 0 }
    return result
  }
}
