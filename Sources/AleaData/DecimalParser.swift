#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Decimal text to the nearest double, without a detour over strings.
///
/// Up to 19 digits with a scale of at most 10^19 are rounded exactly in 128-bit integers; with at most 53 bits and a scale of at most
/// 10^22 one floating-point operation is exact (Clinger 1990). Everything else goes to `strtod`.
enum DecimalParser {
  /// A number and where its text ends.
  struct Result {
    var value: Double
    /// Whether it was written as a whole number: digits alone.
    var isWhole: Bool
    /// Whether a whole number has more digits than a double keeps.
    var isInexact: Bool
    var end: UnsafePointer<UInt8>
  }

  /// The number that starts at `start`, or nil where none does. What follows it is the caller's to judge.
  ///
  /// Accepts `[+-] digits [. digits] [e [+-] digits]`, with digits on one side of the point, and `inf`, `Inf`, `infinity` with a sign.
  /// Numbers beyond the largest double are none.
  @inline(__always)
  static func parse(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Result? {
    var cursor = start
    var isNegative = false
    if cursor < end, cursor.pointee == UInt8(ascii: "-") || cursor.pointee == UInt8(ascii: "+") {
      isNegative = cursor.pointee == UInt8(ascii: "-")
      cursor += 1
    }
    var mantissa: UInt64 = 0
    let first = cursor
    while cursor < end, case let digit = cursor.pointee &- 48, digit < 10 {
      mantissa = mantissa &* 10 &+ UInt64(digit)
      cursor += 1
    }
    var digits = cursor - first
    var scale = 0
    var isWhole = true
    if cursor < end, cursor.pointee == UInt8(ascii: ".") {
      isWhole = false
      cursor += 1
      let fraction = cursor
      while cursor < end, case let digit = cursor.pointee &- 48, digit < 10 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
        cursor += 1
      }
      scale = fraction - cursor
      digits += cursor - fraction
    }
    if digits == 0 { return infinity(first, end, isNegative) }
    if cursor < end, cursor.pointee | 32 == UInt8(ascii: "e"), let (exponent, after) = exponent(cursor + 1, end) {
      isWhole = false
      scale += exponent
      cursor = after
    }
    // Nineteen digits always fit 64 bits; zeros in front do not count.
    if digits > 19 {
      var zero = first
      while zero < cursor, zero.pointee == UInt8(ascii: "0") || zero.pointee == UInt8(ascii: ".") {
        digits -= zero.pointee == UInt8(ascii: "0") ? 1 : 0
        zero += 1
      }
    }
    if digits <= 19, let magnitude = scaled(mantissa, scale) {
      return Result(
        value: isNegative ? -magnitude : magnitude, isWhole: isWhole, isInexact: isWhole && mantissa > 1 << 53, end: cursor)
    }
    let value = exact(start, cursor)
    if value.isInfinite { return nil }
    return Result(value: value, isWhole: isWhole, isInexact: isWhole && value.magnitude > 0x1p53, end: cursor)
  }

  /// The digits after `e`, or nil where there are none.
  private static func exponent(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> (Int, UnsafePointer<UInt8>)? {
    var cursor = start
    var isNegative = false
    if cursor < end, cursor.pointee == UInt8(ascii: "-") || cursor.pointee == UInt8(ascii: "+") {
      isNegative = cursor.pointee == UInt8(ascii: "-")
      cursor += 1
    }
    let first = cursor
    var value = 0
    while cursor < end, case let digit = cursor.pointee &- 48, digit < 10 {
      value = min(value * 10 + Int(digit), 1_000_000)
      cursor += 1
    }
    return cursor == first ? nil : (isNegative ? -value : value, cursor)
  }

  /// `mantissa * 10^scale` rounded once, or nil where that needs longer arithmetic.
  @inline(__always)
  private static func scaled(_ mantissa: UInt64, _ scale: Int) -> Double? {
    if scale == 0 || mantissa == 0 { return Double(mantissa) }
    if mantissa <= 1 << 53, scale >= -22, scale <= 22 {
      return scale < 0 ? Double(mantissa) / Powers.real[-scale] : Double(mantissa) * Powers.real[scale]
    }
    if scale < 0, scale >= -19 { return quotient(mantissa, Powers.whole[-scale]) }
    return nil
  }

  /// `numerator / divisor` rounded to the nearest double, ties to even.
  private static func quotient(_ numerator: UInt64, _ divisor: UInt64) -> Double {
    // Shifted so that the high word is below the divisor and the quotient has 62 to 64 significant bits.
    let numeratorShift = numerator.leadingZeroBitCount
    let high = numerator << UInt64(numeratorShift)
    let divisorShift = divisor.leadingZeroBitCount
    let aligned = divisor << UInt64(divisorShift)
    let (word, rest) = aligned.dividingFullWidth((high >> 1, high << 63))
    // Only whether something remains matters below the 53 bits that are kept.
    let sticky = rest == 0 ? word : word | 1
    return Double(sticky) * powerOfTwo(divisorShift - numeratorShift - 63)
  }

  private static func powerOfTwo(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(1023 + exponent) << 52)
  }

  private static func infinity(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ isNegative: Bool) -> Result? {
    let words: [StaticString] = ["infinity", "inf"]
    for word in words where end - start >= word.utf8CodeUnitCount {
      if (0..<word.utf8CodeUnitCount).allSatisfy({ start[$0] | 32 == word.utf8Start[$0] }) {
        return Result(
          value: isNegative ? -.infinity : .infinity, isWhole: false, isInexact: false, end: start + word.utf8CodeUnitCount)
      }
    }
    return nil
  }

  /// The text between two addresses as `strtod` reads it.
  private static func exact(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Double {
    let text = UnsafeBufferPointer(start: start, count: end - start)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { buffer in
      for (index, byte) in text.enumerated() { buffer[index] = CChar(bitPattern: byte) }
      buffer[text.count] = 0
      guard let base = buffer.baseAddress else { return .nan }
      return strtod(base, nil)
    }
  }

  private enum Powers {
    static let whole: InlineArray<20, UInt64> = {
      var powers = InlineArray<20, UInt64>(repeating: 1)
      for index in 1..<20 { powers[index] = powers[index - 1] * 10 }
      return powers
    }()
    static let real: InlineArray<23, Double> = {
      var powers = InlineArray<23, Double>(repeating: 1)
      for index in 1..<23 { powers[index] = powers[index - 1] * 10 }
      return powers
    }()
  }
}
