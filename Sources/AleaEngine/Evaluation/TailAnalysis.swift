import AleaModel

/// What changes when an unbounded draw moves within its tail `[last, inf)`.
///
/// Saturating expressions such as `min(stock, demand)` stop changing once the draw is large; then lumping the tail onto one outcome is
/// exact. Decided by interval arithmetic together with a walk that follows only the operands that count.
struct TailAnalysis {
  /// For one expression: whether it may still change, within which bounds, and how fast.
  struct Dependence {
    var isDependent: Bool
    var interval: Interval
    /// A Lipschitz constant in the draw over the tail; 0 when independent, infinite when there is none or none was found.
    var slope: Double
  }

  let pool: ExpressionPool
  let draw: VariableID

  /// - Parameter leaf: what is known of the leaves; the draw's own interval must be its tail.
  func callAsFunction(_ roots: [ExpressionID], leaf: (ExpressionKind) -> Interval) -> [Dependence] {
    let intervals = IntervalEvaluator(pool)(roots, leaf: leaf)
    var slopes: [ExpressionID: Double] = [:]
    for id in pool.reachable(from: roots) {
      let interval = intervals[id]!
      slopes[id] = interval.isPoint ? 0 : slope(id, slopes, intervals)
    }
    return roots.map { Dependence(isDependent: slopes[$0]! != 0, interval: intervals[$0]!, slope: slopes[$0]!) }
  }

  private func slope(_ id: ExpressionID, _ slopes: [ExpressionID: Double], _ intervals: [ExpressionID: Interval]) -> Double {
    func magnitude(_ id: ExpressionID) -> Double { max(abs(intervals[id]!.lower), abs(intervals[id]!.upper)) }
    switch pool[id].kind {
    case .constant, .next, .time: return 0
    case .variable(let variable): return variable == draw ? 1 : 0
    case .unary(let function, let a):
      if slopes[a] == 0 { return 0 }
      switch function {
      case .negate, .abs, .sin, .cos, .tanh, .arctan, .logistic, .normalCDF: return slopes[a]!
      default: return .infinity
      }
    case .binary(let function, let a, let b):
      let (sa, sb) = (slopes[a]!, slopes[b]!)
      let (x, y) = (intervals[a]!, intervals[b]!)
      switch function {
      case .min where !x.mayFail && !y.mayFail && x.upper <= y.lower: return sa
      case .min where !x.mayFail && !y.mayFail && y.upper <= x.lower: return sb
      case .max where !x.mayFail && !y.mayFail && x.lower >= y.upper: return sa
      case .max where !x.mayFail && !y.mayFail && y.lower >= x.upper: return sb
      case .and where !x.mayFail && x.lower > 0: return sb
      case .or where !x.mayFail && x.upper == 0: return sb
      default: break
      }
      if sa == 0, sb == 0 { return 0 }
      switch function {
      case .add, .subtract: return sa + sb
      case .min, .max: return max(sa, sb)
      case .multiply:
        // |d(ab)| <= |a| |db| + |b| |da|; a side that does not move adds nothing even where the other is unbounded.
        return (sa == 0 ? 0 : sa * magnitude(b)) + (sb == 0 ? 0 : sb * magnitude(a))
      case .divide where sb == 0 && !y.contains(0): return sa / min(abs(y.lower), abs(y.upper))
      default: return .infinity
      }
    case .select(let condition, let a, let b):
      let c = intervals[condition]!
      if !c.mayFail, !c.contains(0) { return slopes[a]! }
      if !c.mayFail, c.lower == 0, c.upper == 0 { return slopes[b]! }
      return slopes[condition] == 0 ? max(slopes[a]!, slopes[b]!) : .infinity
    case .gather(let index, let elements):
      return slopes[index] == 0 ? elements.map { slopes[$0]! }.max() ?? 0 : .infinity
    case .lookup(_, let index): return slopes[index] == 0 ? 0 : .infinity
    case .ternary(_, let a, let b, let c): return slopes[a] == 0 && slopes[b] == 0 && slopes[c] == 0 ? 0 : .infinity
    }
  }
}

/// A summand of a reward: `coefficient * expression`.
struct RewardTerm: Sendable {
  var channel: Int
  var coefficient: Double
  var expression: ExpressionID
}

extension ExpressionPool {
  /// Splits a sum into its summands, so that each can be averaged on its own.
  func summands(of id: ExpressionID, times factor: Double = 1) -> [(coefficient: Double, expression: ExpressionID)] {
    switch self[id].kind {
    case .binary(.add, let a, let b): return summands(of: a, times: factor) + summands(of: b, times: factor)
    case .binary(.subtract, let a, let b): return summands(of: a, times: factor) + summands(of: b, times: -factor)
    case .unary(.negate, let a): return summands(of: a, times: -factor)
    case .binary(.multiply, let a, let b):
      if let k = constant(a), k.isFinite { return summands(of: b, times: factor * k) }
      if let k = constant(b), k.isFinite { return summands(of: a, times: factor * k) }
      return [(factor, id)]
    default: return [(factor, id)]
    }
  }
}
