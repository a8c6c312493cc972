import AleaNumerics

/// A convex-concave saddle point `min_x max_w  w'(b - A x) + f(x) - g(w)` with a certificate.
///
/// Solved by the primal-dual iteration of Chambolle and Pock (2011, algorithm 1), with the certified gap
/// `max_w L(x, w) - min_x L(x, w)`, both extremes in closed form: the answer is never further than the gap from the optimum.
public struct SaddlePoint: Sendable {
  /// A side of the problem: what it is charged, or where it must stay.
  public enum Side: Hashable, Sendable {
    /// 1/2 x'Q x with Q positive definite.
    case quadratic(Matrix)
    /// |x|_1 at most the radius.
    case ball1(Double)
    /// |x|_2 at most the radius.
    case ball2(Double)
    /// Every |x_i| at most the radius.
    case box(Double)
  }

  public let offset: [Double]
  public let matrix: Matrix
  public let primal: Side
  public let dual: Side

  public struct Solution: Sendable {
    public let primal: [Double]
    public let dual: [Double]
    /// The primal value at ``primal``: an upper bound of the saddle value.
    public let value: Double
    /// Primal value minus dual value: both are within it of the saddle value.
    public let gap: Double
    public let iterations: Int
  }

  /// - Parameters:
  ///   - offset: b.
  ///   - matrix: A, a row for each coordinate of w.
  public init(offset: [Double], matrix: Matrix, primal: Side, dual: Side) {
    self.offset = offset
    self.matrix = matrix
    self.primal = primal
    self.dual = dual
  }

  /// Iterates until the gap is at most `tolerance` or the iterations are used up; the gap returned is always the true one.
  ///
  /// - Throws: ``MomentFault`` where a quadratic side is not positive definite or sizes do not fit.
  public func solve(tolerance: Double = 1e-9, iterations limit: Int = 200_000) throws -> Solution {
    guard matrix.rows == offset.count, let left = Rotated(primal, matrix.columns), let right = Rotated(dual, matrix.rows) else {
      throw MomentFault("a side of the saddle point is not positive definite, or sizes do not fit")
    }
    // In rotated coordinates quadratic sides are 1/2 |x|^2.
    let a = right.apply(left.apply(matrix.transposed).transposed)
    let b = right.apply(Matrix(column: offset))
    let at = a.transposed
    let norm = max(1e-12, (at * a).symmetricEigen()?.values.last?.squareRoot() ?? 1)
    let step = 0.99 / norm
    var x = Matrix(rows: a.columns, columns: 1)
    var w = Matrix(rows: a.rows, columns: 1)
    var leading = x
    var (sumX, sumW, weight) = (x, w, 0.0)
    var best: (x: Matrix, w: Matrix, value: Double, gap: Double)?
    var check = 1
    for iteration in 1...max(1, limit) {
      w = right.prox(w + step * (b - a * leading), step)
      let next = left.prox(x + step * (at * w), step)
      leading = 2 * next - x
      x = next
      sumX = sumX + x
      sumW = sumW + w
      weight += 1
      guard iteration == check || iteration == limit else { continue }
      check = iteration + max(1, iteration / 8)
      for (p, d) in [(x, w), ((1 / weight) * sumX, (1 / weight) * sumW)] {
        let upper = left.charge(p) + right.support((b - a * p).elements)
        let lower = dot(d, b) - right.charge(d) - left.support((at * d).elements)
        if best.map({ upper - lower < $0.gap }) ?? true { best = (p, d, upper, upper - lower) }
      }
      if let best, best.gap <= tolerance || iteration == limit {
        return Solution(
          primal: left.back(best.x).elements, dual: right.back(best.w).elements, value: best.value, gap: max(0, best.gap),
          iterations: iteration)
      }
    }
    throw MomentFault("the saddle point was not iterated")
  }

  private func dot(_ a: Matrix, _ b: Matrix) -> Double { zip(a.elements, b.elements).reduce(0) { $0 + $1.0 * $1.1 } }

  /// A side in coordinates where a quadratic is half the squared length: y = L'x with Q = L L'.
  private struct Rotated {
    let side: Side
    let factor: Matrix?

    init?(_ side: Side, _ size: Int) {
      self.side = side
      guard case .quadratic(let q) = side else {
        factor = nil
        return
      }
      guard q.rows == size, q.columns == size, let factor = q.cholesky() else { return nil }
      self.factor = factor
    }

    /// Turns coefficients of x (rows) into coefficients of y.
    func apply(_ rows: Matrix) -> Matrix { factor.map { $0.solvingLower(rows) } ?? rows }

    func back(_ y: Matrix) -> Matrix { factor.map { $0.solvingLowerTransposed(y) } ?? y }

    func charge(_ y: Matrix) -> Double {
      factor == nil ? 0 : 0.5 * y.elements.reduce(0) { $0 + $1 * $1 }
    }

    /// max_y c'y - charge(y).
    func support(_ c: [Double]) -> Double {
      switch side {
      case .quadratic: 0.5 * c.reduce(0) { $0 + $1 * $1 }
      case .ball1(let radius): radius * (c.map { abs($0) }.max() ?? 0)
      case .ball2(let radius): radius * c.reduce(0) { $0 + $1 * $1 }.squareRoot()
      case .box(let radius): radius * c.reduce(0) { $0 + abs($1) }
      }
    }

    func prox(_ y: Matrix, _ step: Double) -> Matrix {
      switch side {
      case .quadratic: return (1 / (1 + step)) * y
      case .ball2(let radius):
        let length = y.elements.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length <= radius ? y : (radius / length) * y
      case .box(let radius): return Matrix(column: y.elements.map { max(-radius, min(radius, $0)) })
      case .ball1(let radius): return Matrix(column: Self.projectedOnBall1(y.elements, radius))
      }
    }

    /// The nearest point with |x|_1 at most the radius (Duchi et al. 2008).
    static func projectedOnBall1(_ y: [Double], _ radius: Double) -> [Double] {
      if y.reduce(0, { $0 + abs($1) }) <= radius { return y }
      var (sum, threshold) = (0.0, 0.0)
      for (index, size) in y.map({ abs($0) }).sorted(by: >).enumerated() {
        sum += size
        let candidate = (sum - radius) / Double(index + 1)
        if size > candidate { threshold = candidate } else { break }
      }
      return y.map { ($0 < 0 ? -1 : 1) * max(0, abs($0) - threshold) }
    }
  }
}
