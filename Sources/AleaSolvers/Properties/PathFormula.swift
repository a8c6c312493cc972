/// A formula of linear temporal logic over propositions of states, with bounds on steps.
public indirect enum PathFormula: Sendable {
  case constant(Bool)
  /// The state is in the set of that number.
  case proposition(Int)
  case not(PathFormula)
  case and(PathFormula, PathFormula)
  case or(PathFormula, PathFormula)
  case next(PathFormula)
  /// The second comes after a number of steps from `first` to `last` (nil: any number), and until then the first holds.
  case until(PathFormula, PathFormula, first: Int, last: Int?)
  /// The first holds until the second comes, or for ever.
  case weakUntil(PathFormula, PathFormula)

  public static func eventually(_ inner: PathFormula, first: Int = 0, last: Int? = nil) -> PathFormula {
    .until(.constant(true), inner, first: first, last: last)
  }
  public static func always(_ inner: PathFormula, first: Int = 0, last: Int? = nil) -> PathFormula {
    .not(.eventually(.not(inner), first: first, last: last))
  }
}

extension TemporalLogic {
  /// The most steps that one operator counts.
  private static let mostSteps = 1_000

  mutating func formula(_ path: PathFormula, negated: Bool = false) throws(TooLarge) -> Formula {
    switch path {
    case .constant(let truth): return truth != negated ? Self.yes : Self.no
    case .proposition(let number): return literal(number, !negated)
    case .not(let inner): return try formula(inner, negated: !negated)
    case .and(let a, let b):
      let (first, second) = (try formula(a, negated: negated), try formula(b, negated: negated))
      return negated ? try or(first, second) : try and(first, second)
    case .or(let a, let b):
      let (first, second) = (try formula(a, negated: negated), try formula(b, negated: negated))
      return negated ? try and(first, second) : try or(first, second)
    case .next(let inner): return next(try formula(inner, negated: negated))
    case .weakUntil(let a, let b):
      let (first, second) = (try formula(a, negated: negated), try formula(b, negated: negated))
      return negated ? strongRelease(first, second) : weakUntil(first, second)
    case .until(let a, let b, let first, let last):
      return try until(formula(a, negated: negated), formula(b, negated: negated), first, last, negated: negated)
    }
  }

  /// `a U[first, last] b` step by step; negated, its opposite with the operands negated already.
  private mutating func until(_ a: Formula, _ b: Formula, _ first: Int, _ last: Int?, negated: Bool) throws(TooLarge) -> Formula {
    guard max(first, last ?? 0) <= Self.mostSteps else { throw TooLarge() }
    var result: Formula
    if let last {
      if last < first { return negated ? Self.yes : Self.no }
      result = b
      for _ in first..<last {
        let later = next(result)
        result = negated ? try and(b, try or(a, later)) : try or(b, try and(a, later))
      }
    } else {
      result = negated ? release(a, b) : until(a, b)
    }
    for _ in 0..<first {
      let later = next(result)
      result = negated ? try or(a, later) : try and(a, later)
    }
    return result
  }
}
