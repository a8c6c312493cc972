/// Solves `A x = b` for a general matrix known only by its products with vectors, improving `x` until the residual is small enough.
///
/// Source: van der Vorst, *Bi-CGSTAB: a fast and smoothly converging variant of Bi-CG*, SIAM J. Sci. Stat. Comput. 13 (1992). Six vectors
/// of memory; two products an iteration. The same bits on any number of threads.
public struct BiconjugateGradient {
  public typealias Vector = UnsafeMutablePointer<Double>
  private let space: VectorOperations
  private let storage: [Vector]

  /// How a solve ended.
  public struct Outcome: Sendable {
    public var products: Int
    /// The spread (greatest less least element) of the residual as the recurrence has it.
    public var residualSpread: Double
    public var brokeDown: Bool
  }

  public init(count: Int, threads: Int) {
    space = VectorOperations(count: count, threads: threads)
    storage = (0..<5).map { _ in .allocate(capacity: max(count, 1)) }
  }

  /// Frees the vectors.
  public func deallocate() { for vector in storage { vector.deallocate() } }

  /// Solves from `x = 0`. `right` is overwritten by the residual, `x` receives the solution.
  ///
  /// - Parameters:
  ///   - measure: what is to become small, of the least and greatest element of the residual.
  ///   - target: where `measure` may stop.
  ///   - proceed: asked between iterations; false ends the solve with what is there.
  public func solve(
    right residual: Vector, into x: Vector, target: Double, maximumProducts: Int,
    measure: (Double, Double) -> Double, multiply: (Vector, Vector) -> Void, proceed: () -> Bool = { true }
  ) -> Outcome {
    nonisolated(unsafe) let (r, x) = (residual, x)
    nonisolated(unsafe) let (shadow, p, v, t) = (storage[0], storage[1], storage[2], storage[3])
    nonisolated(unsafe) let s = storage[4]
    space.forEach { range in
      for i in range {
        x[i] = 0
        shadow[i] = r[i]
        p[i] = r[i]
      }
    }
    var outcome = Outcome(products: 0, residualSpread: spread(r, measure), brokeDown: false)
    var rho = space.dot(shadow, r)
    while outcome.residualSpread > target && outcome.products < maximumProducts && proceed() {
      multiply(p, v)
      outcome.products += 1
      let alpha = rho / space.dot(shadow, v)
      guard alpha.isFinite else { return broken(outcome) }
      space.forEach { range in for i in range { s[i] = r[i] - alpha * v[i] } }
      multiply(s, t)
      outcome.products += 1
      let products = space.sums { range in
        var sum = SIMD2<Double>.zero
        for i in range { sum += SIMD2(t[i] * s[i], t[i] * t[i]) }
        return sum
      }
      let omega = products.y > 0 ? products.x / products.y : 0
      guard omega.isFinite else { return broken(outcome) }
      let next = space.sum { range in
        var sum = 0.0
        for i in range {
          x[i] += alpha * p[i] + omega * s[i]
          r[i] = s[i] - omega * t[i]
          sum += shadow[i] * r[i]
        }
        return sum
      }
      outcome.residualSpread = spread(r, measure)
      let beta = next / rho * (alpha / omega)
      guard beta.isFinite, outcome.residualSpread.isFinite else {
        outcome.brokeDown = outcome.residualSpread > target
        return outcome
      }
      rho = next
      space.forEach { range in for i in range { p[i] = r[i] + beta * (p[i] - omega * v[i]) } }
    }
    return outcome
  }

  private func broken(_ outcome: Outcome) -> Outcome {
    var outcome = outcome
    outcome.brokeDown = true
    return outcome
  }

  private func spread(_ vector: Vector, _ measure: (Double, Double) -> Double) -> Double {
    let (least, greatest) = space.extremes(vector)
    return measure(least, greatest)
  }
}
