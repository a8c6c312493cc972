import AleaNumerics
import Foundation
import Testing

/// Loops shared among threads: every index once, in whatever company.
@Suite struct ParallelTests {
  /// The sums over blocks of `0 ..< count`, in the order of the blocks.
  private func blockSums(_ count: Int, threads: Int) -> [Int] {
    Parallel.blocks(of: count, size: 100, threads: threads) { $0.reduce(0, +) }
  }

  @Test(arguments: [1, 2, 3, 7, 100])
  func eachBlockRunsOnceInItsPlace(threads: Int) {
    for count in [8192, 8193, 50_001] {
      let expected = stride(from: 0, to: count, by: 100).map { start in (start..<min(count, start + 100)).reduce(0, +) }
      for _ in 0..<20 { #expect(blockSums(count, threads: threads) == expected) }
    }
  }

  /// Members of the team sleep between loops that come seldom, and wake again.
  @Test func aTeamThatSleptWakes() {
    for _ in 0..<20 {
      #expect(blockSums(20_000, threads: 4).reduce(0, +) == 20_000 * 19_999 / 2)
      Thread.sleep(forTimeInterval: 0.002)
    }
  }

  @Test func loopsInsideLoopsAndFromManyThreadsAreAllDone() async {
    let sums = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<20).reduce(0) { sum, _ in
            let parts = Parallel.blocks(of: 10_000, size: 2_500, threads: 2) { _ in blockSums(9_000, threads: 2).reduce(0, +) }
            return sum + parts.reduce(0, +)
          }
        }
      }
      return await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(sums == [Int](repeating: 20 * 4 * (9_000 * 8_999 / 2), count: 8))
  }
}
