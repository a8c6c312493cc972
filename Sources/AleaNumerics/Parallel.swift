import Dispatch
import Synchronization

/// Loops over index ranges on several threads, with answers that do not depend on how many.
///
/// The range is cut into blocks of a fixed size whatever the number of threads; each block yields one partial result, and the results
/// come back in the order of the blocks. Combining them in that order gives the same bits on one thread as on any other number.
public enum Parallel {
  /// Below this many indices the threads cost more than they bring.
  public static let worthwhile = 8192

  /// Calls `body` for each block of `0 ..< count` and returns what it gave, in the order of the blocks.
  ///
  ///     let sum = Parallel.blocks(of: n, threads: 2) { range in range.reduce(0.0) { $0 + x[$1] } }.reduce(0, +)
  ///
  /// - Parameter size: indices in a block; the result of a reduction depends on it, so it must not depend on `threads`.
  @inlinable
  public static func blocks<Partial: Sendable>(
    of count: Int, size: Int = 2048, threads: Int, _ body: @Sendable (Range<Int>) -> Partial
  ) -> [Partial] {
    guard count > 0 else { return [] }
    let blockCount = (count + size - 1) / size
    guard threads > 1, blockCount > 1, count >= worthwhile else {
      return (0..<blockCount).map { body($0 * size..<min(count, ($0 + 1) * size)) }
    }
    return [Partial](unsafeUninitializedCapacity: blockCount) { buffer, filled in
      nonisolated(unsafe) let results = buffer.baseAddress!
      perform(blockCount, threads: threads) { block in
        (results + block).initialize(to: body(block * size..<min(count, (block + 1) * size)))
      }
      filled = blockCount
    }
  }

  /// Calls `body` for `0 ..< count`, each once, shared out among the threads as they come free.
  ///
  /// The standing team takes one loop at a time; a loop that comes meanwhile (from another session's thread) goes through a queue.
  @usableFromInline
  static func perform(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
    if WorkerTeam.shared.perform(count, threads: threads, body) { return }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= count { return }
        body(index)
      }
    }
  }
}
