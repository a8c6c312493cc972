/// Operations on long vectors that are the same to the last bit on any number of threads.
public struct VectorOperations: Sendable {
  public typealias Vector = UnsafeMutablePointer<Double>
  public let count: Int
  public let threads: Int

  public init(count: Int, threads: Int) {
    self.count = count
    self.threads = threads
  }

  /// The sum of `term(range)` over the blocks, added in their order.
  @inlinable
  public func sum(_ term: @Sendable (Range<Int>) -> Double) -> Double {
    Parallel.blocks(of: count, threads: threads, term).reduce(0, +)
  }

  /// The sums of two terms at once.
  @inlinable
  public func sums(_ term: @Sendable (Range<Int>) -> SIMD2<Double>) -> SIMD2<Double> {
    Parallel.blocks(of: count, threads: threads, term).reduce(.zero) { $0 + $1 }
  }

  public func dot(_ a: Vector, _ b: Vector) -> Double {
    nonisolated(unsafe) let (a, b) = (a, b)
    return sum { range in
      var sum = 0.0
      for index in range { sum += a[index] * b[index] }
      return sum
    }
  }

  /// The least and the greatest element; (infinity, -infinity) when there is none.
  public func extremes(_ a: Vector) -> (least: Double, greatest: Double) {
    nonisolated(unsafe) let a = a
    let parts = Parallel.blocks(of: count, threads: threads) { range in
      var (least, greatest) = (Double.infinity, -Double.infinity)
      for index in range {
        let element = a[index]
        if element < least { least = element }
        if element > greatest { greatest = element }
      }
      return SIMD2(least, greatest)
    }
    return parts.reduce((Double.infinity, -Double.infinity)) { (Swift.min($0.0, $1.x), Swift.max($0.1, $1.y)) }
  }

  /// Calls `body` for every block, on the threads.
  @inlinable
  public func forEach(_ body: @Sendable (Range<Int>) -> Void) {
    _ = Parallel.blocks(of: count, threads: threads) { range in
      body(range)
      return UInt8(0)
    }
  }
}
