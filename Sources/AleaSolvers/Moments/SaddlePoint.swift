import AleaNumerics

/// A convex-concave saddle point `min_x max_w  w'(b - A x) + f(x) - g(w)` with a certificate.
///
/// Solved by the primal-dual iteration of Chambolle and Pock (2011, algorithm 1), with the certified gap
/// `max_w L(x, w) - min_x L(x, w)`, both extremes in closed form: the answer is never further than the gap from the optimum.
public struct SaddlePoint: Sendable {
  /// A side of the problem: what it is charged, or where it must stay.
  public enum Side: Hashable, Sendable {
    /// 1/2 x'Q x with Q positive definite; on the primal side it may be singular, and coordinates that it does not charge are free.
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
  /// Where coordinates of x are free, the lower bound is taken at the nearest w that they cannot use (A_f'w = 0).
  ///
  /// - Throws: ``MomentFault`` where a quadratic side is not positive (semi)definite, free coordinates are not determined, or sizes
  ///   do not fit.
  public func solve(tolerance: Double = 1e-9, iterations limit: Int = 200_000) throws -> Solution {
    guard matrix.rows == offset.count, let right = Coordinates(dual, matrix.rows), right.free.isEmpty,
      var left = Coordinates(primal, matrix.columns)
    else { throw MomentFault("a side of the saddle point is not positive definite, or sizes do not fit") }
    // In these coordinates quadratic sides are 1/2 |x|^2.
    let rotated = right.basis.transposeTimes(matrix)
    let b = right.basis.transposeTimes(Matrix(column: offset))
    guard let unusable = left.normaliseFree(in: rotated) else {
      throw MomentFault("coordinates without charge are not determined by the saddle point")
    }
    let a = rotated * left.basis
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
        let d = unusable.columns == 0 ? d : right.inside(d - unusable * unusable.transposeTimes(d))
        let upper = left.charge(p) + right.support((b - a * p).elements)
        let lower = dot(d, b) - right.charge(d) - left.support((at * d).elements)
        if best.map({ upper - lower < $0.gap }) ?? true { best = (p, d, upper, upper - lower) }
      }
      if let best, best.gap <= tolerance || iteration == limit {
        return Solution(
          primal: (left.basis * best.x).elements, dual: (right.basis * best.w).elements, value: best.value,
          gap: max(0, best.gap), iterations: iteration)
      }
    }
    throw MomentFault("the saddle point was not iterated")
  }

  private func dot(_ a: Matrix, _ b: Matrix) -> Double { zip(a.elements, b.elements).reduce(0) { $0 + $1.0 * $1.1 } }

  /// A side in coordinates y with x = basis y, where a quadratic is half the squared length of the coordinates that are not free.
  private struct Coordinates {
    let side: Side
    private(set) var basis: Matrix
    /// The coordinates without charge.
    let free: [Int]

    init?(_ side: Side, _ size: Int) {
      self.side = side
      guard case .quadratic(let q) = side else {
        basis = .identity(size)
        free = []
        return
      }
      guard q.rows == size, q.columns == size, let eigen = q.symmetricEigen(), eigen.values.allSatisfy(\.isFinite) else {
        return nil
      }
      let least = 1e-14 * (eigen.values.last ?? 0)
      guard eigen.values.allSatisfy({ $0 > -least || $0 == 0 }) else { return nil }
      free = eigen.values.indices.filter { eigen.values[$0] <= least }
      basis = eigen.vectors.scalingColumns(eigen.values.map { $0 > least ? 1 / $0.squareRoot() : 1 })
    }

    /// Makes the free columns of `matrix * basis` orthogonal and as long as the largest of the others, and returns their directions;
    /// nil where they depend on each other.
    mutating func normaliseFree(in matrix: Matrix) -> Matrix? {
      guard !free.isEmpty else { return Matrix(rows: matrix.rows, columns: 0) }
      let charged = (0..<basis.columns).filter { !free.contains($0) }
      let columns = Matrix(columns: free.map { basis.column($0) }, rows: basis.rows)
      let image = matrix * Matrix(columns: charged.map { basis.column($0) }, rows: basis.rows)
      let scale = image.transposeTimes(image).symmetricEigen()?.values.last.map { max(1, $0).squareRoot() } ?? 1
      guard let (q, r) = (matrix * columns).qr(tolerance: 1e-12) else { return nil }
      // columns R^-1, from the transposed triangular system.
      let normalised = scale * r.transposed.solvingLower(columns.transposed).transposed
      for (place, column) in free.enumerated() {
        for i in 0..<basis.rows { basis[i, column] = normalised[i, place] }
      }
      return q
    }

    func charge(_ y: Matrix) -> Double {
      guard case .quadratic = side else { return 0 }
      return 0.5 * (y.elements.reduce(0) { $0 + $1 * $1 } - free.reduce(0) { $0 + y[$1, 0] * y[$1, 0] })
    }

    /// The multiple of a point, at most itself, that the side allows.
    func inside(_ y: Matrix) -> Matrix {
      let (size, radius): (Double, Double) =
        switch side {
        case .quadratic: (0, 1)
        case .ball1(let radius): (y.elements.reduce(0) { $0 + abs($1) }, radius)
        case .ball2(let radius): (y.elements.reduce(0) { $0 + $1 * $1 }.squareRoot(), radius)
        case .box(let radius): (y.elements.reduce(0) { max($0, abs($1)) }, radius)
        }
      return size <= radius ? y : (radius / size) * y
    }

    /// max_y c'y - charge(y) over the coordinates that are not free.
    func support(_ c: [Double]) -> Double {
      switch side {
      // In the free coordinates c is 0 up to rounding: see `inside`.
      case .quadratic: 0.5 * (c.reduce(0) { $0 + $1 * $1 } - free.reduce(0) { $0 + c[$1] * c[$1] })
      case .ball1(let radius): radius * (c.map { abs($0) }.max() ?? 0)
      case .ball2(let radius): radius * c.reduce(0) { $0 + $1 * $1 }.squareRoot()
      case .box(let radius): radius * c.reduce(0) { $0 + abs($1) }
      }
    }

    func prox(_ y: Matrix, _ step: Double) -> Matrix {
      switch side {
      case .quadratic:
        var result = (1 / (1 + step)) * y
        for index in free { result[index, 0] = y[index, 0] }
        return result
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
