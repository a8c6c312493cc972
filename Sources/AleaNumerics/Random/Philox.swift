/// The counter-based generator Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (2011).
///
/// A pure function from a counter and a key to four random words: streams need no state beyond a number, and what one stream gives does
/// not depend on any other, nor on threads.
public enum Philox {
  /// The four words for a counter and a key.
  public static func words(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (a, b, c, d) = (counter.x, counter.y, counter.z, counter.w)
    var (low, high) = (key.x, key.y)
    for _ in 0..<10 {
      let first = 0xD251_1F53 * UInt64(a)
      let second = 0xCD9E_8D57 * UInt64(c)
      a = UInt32(truncatingIfNeeded: second >> 32) ^ b ^ low
      c = UInt32(truncatingIfNeeded: first >> 32) ^ d ^ high
      b = UInt32(truncatingIfNeeded: second)
      d = UInt32(truncatingIfNeeded: first)
      low &+= 0x9E37_79B9
      high &+= 0xBB67_AE85
    }
    return SIMD4(a, b, c, d)
  }
}

/// One of 2^64 independent streams of random numbers under a seed, each in 2^64 parts.
///
/// Where a part starts is a value of ``Philox`` at the seed, the stream and the part; from there xoroshiro128++ runs (Blackman and
/// Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021): what a part gives depends on nothing but these three numbers, and a
/// number costs a nanosecond.
///
/// ```swift
/// var stream = RandomStream(seed: 7, stream: episode)
/// let x = stream.uniform()
/// ```
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private let stream: SIMD2<UInt32>
  private var first: UInt64 = 0
  private var second: UInt64 = 0

  public init(seed: UInt64, stream: UInt64) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.stream = SIMD2(UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
    seek(0)
  }

  /// Goes to the start of a part of the stream.
  public mutating func seek(_ part: Int) {
    let part = UInt64(truncatingIfNeeded: part)
    let words = Philox.words(
      counter: SIMD4(UInt32(truncatingIfNeeded: part), UInt32(truncatingIfNeeded: part >> 32), stream.x, stream.y), key: key)
    first = UInt64(words.x) | UInt64(words.y) << 32
    second = UInt64(words.z) | UInt64(words.w) << 32
    // The only state the generator cannot leave.
    if first | second == 0 { second = 1 }
  }

  public mutating func next() -> UInt64 {
    let (a, b) = (first, second)
    let sum = a &+ b
    let result = (sum << 17 | sum >> 47) &+ a
    let mixed = b ^ a
    first = (a << 49 | a >> 15) ^ mixed ^ (mixed << 21)
    second = mixed << 28 | mixed >> 36
    return result
  }

  /// A number in (0, 1), both ends excluded: an odd multiple of 2^-53, so that its logarithm exists.
  public mutating func uniform() -> Double { (Double(next() >> 12) + 0.5) * 0x1p-52 }
}
