/// The counter-based generator Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (2011).
///
/// A pure function from a counter and a key to four random words: streams need no state beyond a number, and what one stream gives does
/// not depend on any other, nor on threads.
public enum Philox {
  /// The four words for a counter and a key.
  public static func words(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var counter = counter
    var key = key
    for round in 0..<10 {
      if round > 0 { key = key &+ SIMD2(0x9E37_79B9, 0xBB67_AE85) }
      let first = 0xD251_1F53 * UInt64(counter.x)
      let second = 0xCD9E_8D57 * UInt64(counter.z)
      counter = SIMD4(
        UInt32(truncatingIfNeeded: second >> 32) ^ counter.y ^ key.x, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ counter.w ^ key.y, UInt32(truncatingIfNeeded: first))
    }
    return counter
  }
}

/// One of 2^64 independent streams of random numbers under a seed, each 2^65 numbers long.
///
/// ```swift
/// var stream = RandomStream(seed: 7, stream: episode)
/// let x = stream.uniform()
/// ```
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private let stream: SIMD2<UInt32>
  private var block: UInt64 = 0
  private var spare: UInt64 = 0
  private var hasSpare = false

  public init(seed: UInt64, stream: UInt64) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.stream = SIMD2(UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
  }

  public mutating func next() -> UInt64 {
    if hasSpare {
      hasSpare = false
      return spare
    }
    let words = Philox.words(
      counter: SIMD4(UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), stream.x, stream.y), key: key)
    block &+= 1
    spare = UInt64(words.z) | UInt64(words.w) << 32
    hasSpare = true
    return UInt64(words.x) | UInt64(words.y) << 32
  }

  /// Goes to the start of a part of the stream: every part is 2^25 numbers long, and parts do not overlap.
  public mutating func seek(_ part: Int) {
    block = UInt64(truncatingIfNeeded: part) << 24
    hasSpare = false
  }

  /// A number in (0, 1), both ends excluded: an odd multiple of 2^-53, so that its logarithm exists.
  public mutating func uniform() -> Double { (Double(next() >> 12) + 0.5) * 0x1p-52 }
}
