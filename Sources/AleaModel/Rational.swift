import CGMP

/// A fraction of whole numbers of any size, in lowest terms.
///
/// Small ones are a pair of machine integers; those that do not fit go to GMP.
public struct Rational: Sendable, Hashable, Comparable, CustomStringConvertible, ExpressibleByIntegerLiteral {
  private var numerator: Int
  private var denominator: Int
  /// Present exactly when one of the two does not fit into a machine integer.
  private var big: Big?

  /// A number of GMP, never changed once it is made.
  private final class Big: @unchecked Sendable {
    let number: UnsafeMutablePointer<__mpq_struct>

    init() {
      number = .allocate(capacity: 1)
      __gmpq_init(number)
    }

    /// Keeps the number alive while its address is used.
    func read<Result>(_ body: (UnsafeMutablePointer<__mpq_struct>) -> Result) -> Result {
      withExtendedLifetime(self) { body(number) }
    }

    deinit {
      __gmpq_clear(number)
      number.deallocate()
    }
  }

  public static let zero = Rational(0)
  public static let one = Rational(1)

  /// A whole number.
  public init(_ whole: Int) {
    numerator = whole
    denominator = 1
    if whole == .min {
      self = Rational(-(1 << 62)) * Rational(2)
    }
  }

  public init(integerLiteral value: Int) { self.init(value) }

  /// The number a double is, which must be finite.
  public init?(exactly number: Double) {
    guard number.isFinite else { return nil }
    if number.rounded() == number, number.magnitude < 0x1p62 {
      self.init(Int(number))
    } else {
      let box = Big()
      box.read { __gmpq_set_d($0, number) }
      self.init(box)
    }
  }

  /// The number that a decimal such as `12.5` or `1e-05` writes.
  public init?(decimal text: String) {
    var digits = ""
    var exponent = 0
    var isNegative = false
    var rest = Substring(text)
    if rest.first == "-" {
      isNegative = true
      rest.removeFirst()
    }
    if let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      guard let given = Int(rest[rest.index(after: mark)...].drop { $0 == "+" }), given.magnitude < 10_000 else { return nil }
      exponent = given
      rest = rest[..<mark]
    }
    let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first else { return nil }
    digits = String(whole)
    if parts.count == 2 {
      digits += parts[1]
      exponent -= parts[1].count
    }
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
    let zeros = String(repeating: "0", count: Int(exponent.magnitude))
    let written = exponent >= 0 ? digits + zeros : digits + "/1" + zeros
    let box = Big()
    guard box.read({ __gmpq_set_str($0, (isNegative ? "-" : "") + written, 10) }) == 0 else { return nil }
    box.read { __gmpq_canonicalize($0) }
    self.init(box)
  }

  private init(small numerator: Int, over denominator: Int) {
    self.numerator = numerator
    self.denominator = denominator
  }

  /// Takes a number of GMP in lowest terms.
  private init(_ box: Big) {
    let small: (top: Int, bottom: Int)? = box.read { number in
      let (top, bottom) = Self.parts(number)
      guard __gmpz_fits_slong_p(top) != 0, __gmpz_fits_slong_p(bottom) != 0, __gmpz_get_si(top) != .min else { return nil }
      return (__gmpz_get_si(top), __gmpz_get_si(bottom))
    }
    numerator = small?.top ?? 0
    denominator = small?.bottom ?? 1
    big = small == nil ? box : nil
  }

  /// Takes what a function makes of a number of GMP, in lowest terms.
  init(making body: (UnsafeMutablePointer<__mpq_struct>) -> Void) {
    let result = Big()
    result.read(body)
    self.init(result)
  }

  /// Lends the numerator and the denominator.
  func withParts<Result>(
    _ body: (_ numerator: UnsafeMutablePointer<__mpz_struct>, _ denominator: UnsafeMutablePointer<__mpz_struct>) -> Result
  ) -> Result {
    box.read { number in
      let (top, bottom) = Self.parts(number)
      return body(top, bottom)
    }
  }

  /// The addresses of the numerator and the denominator, which a number of GMP begins with.
  static func parts(
    _ number: UnsafeMutablePointer<__mpq_struct>
  ) -> (top: UnsafeMutablePointer<__mpz_struct>, bottom: UnsafeMutablePointer<__mpz_struct>) {
    let top = UnsafeMutableRawPointer(number).assumingMemoryBound(to: __mpz_struct.self)
    return (top, top + 1)
  }

  private var box: Big {
    if let big { return big }
    let result = Big()
    result.read { number in
      let (top, bottom) = Self.parts(number)
      __gmpz_set_si(top, numerator)
      __gmpz_set_si(bottom, denominator)
    }
    return result
  }

  /// A number of GMP computed from two others.
  private static func combine(
    _ a: Rational, _ b: Rational,
    _ operation: (UnsafeMutablePointer<__mpq_struct>, UnsafeMutablePointer<__mpq_struct>, UnsafeMutablePointer<__mpq_struct>) ->
      Void
  ) -> Rational {
    let result = Big()
    result.read { target in a.box.read { x in b.box.read { y in operation(target, x, y) } } }
    return Rational(result)
  }

  /// The fraction of two machine integers, the second positive, in lowest terms.
  private static func reduced(_ numerator: Int, _ denominator: Int) -> Rational? {
    var (a, b) = (numerator.magnitude, denominator.magnitude)
    while b != 0 { (a, b) = (b, a % b) }
    guard numerator != .min, a <= UInt(Int.max), a > 0 else { return nil }
    return Rational(small: numerator / Int(a), over: denominator / Int(a))
  }

  // MARK: Arithmetic

  public static func + (a: Rational, b: Rational) -> Rational {
    if a.big == nil, b.big == nil {
      if a.denominator == 1, b.denominator == 1 {
        let (sum, overflow) = a.numerator.addingReportingOverflow(b.numerator)
        if !overflow, sum != .min { return Rational(small: sum, over: 1) }
      }
      let (x, first) = a.numerator.multipliedReportingOverflow(by: b.denominator)
      let (y, second) = b.numerator.multipliedReportingOverflow(by: a.denominator)
      let (sum, third) = x.addingReportingOverflow(y)
      let (bottom, fourth) = a.denominator.multipliedReportingOverflow(by: b.denominator)
      if !first, !second, !third, !fourth, let result = reduced(sum, bottom) { return result }
    }
    return combine(a, b) { __gmpq_add($0, $1, $2) }
  }

  public static prefix func - (a: Rational) -> Rational {
    guard let big = a.big else { return Rational(small: -a.numerator, over: a.denominator) }
    let result = Big()
    result.read { target in big.read { __gmpq_neg(target, $0) } }
    return Rational(result)
  }

  public static func - (a: Rational, b: Rational) -> Rational { a + -b }

  public static func * (a: Rational, b: Rational) -> Rational {
    if a.big == nil, b.big == nil {
      let (top, first) = a.numerator.multipliedReportingOverflow(by: b.numerator)
      let (bottom, second) = a.denominator.multipliedReportingOverflow(by: b.denominator)
      if !first, !second, let result = reduced(top, bottom) { return result }
    }
    return combine(a, b) { __gmpq_mul($0, $1, $2) }
  }

  /// The quotient; nil when the divisor is zero.
  public func divided(by divisor: Rational) -> Rational? { divisor.inverse.map { self * $0 } }

  /// One over the number; nil for zero.
  public var inverse: Rational? {
    if isZero { return nil }
    guard let big else {
      return numerator > 0 ? Rational(small: denominator, over: numerator) : Rational(small: -denominator, over: -numerator)
    }
    let result = Big()
    result.read { target in big.read { __gmpq_inv(target, $0) } }
    return Rational(result)
  }

  public static func += (a: inout Rational, b: Rational) { a = a + b }
  public static func -= (a: inout Rational, b: Rational) { a = a - b }
  public static func *= (a: inout Rational, b: Rational) { a = a * b }

  /// The largest whole number that is not greater.
  public var floor: Rational {
    guard let big else {
      if denominator == 1 { return self }
      let quotient = numerator / denominator
      return Rational(small: numerator < 0 ? quotient - 1 : quotient, over: 1)
    }
    let result = Big()
    result.read { target in
      big.read { number in
        let (top, bottom) = Self.parts(number)
        __gmpz_fdiv_q(Self.parts(target).top, top, bottom)
      }
    }
    return Rational(result)
  }

  public var magnitude: Rational { self < .zero ? -self : self }

  /// A whole power; nil for a negative power of zero.
  public func power(_ exponent: Int) -> Rational? {
    guard exponent >= 0 else { return inverse?.power(-exponent) }
    var (result, square, rest) = (Rational.one, self, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      rest >>= 1
      if rest > 0 { square *= square }
    }
    return result
  }

  // MARK: Looking

  public var isZero: Bool { big == nil && numerator == 0 }
  public var isWhole: Bool {
    guard let big else { return denominator == 1 }
    return big.read { __gmpz_cmp_ui(Self.parts($0).bottom, 1) == 0 }
  }
  /// The number as a machine integer, when it is one.
  public var whole: Int? { big == nil && denominator == 1 ? numerator : nil }

  public static func < (a: Rational, b: Rational) -> Bool {
    if a.big == nil, b.big == nil {
      if a.denominator == b.denominator { return a.numerator < b.numerator }
      let (x, first) = a.numerator.multipliedReportingOverflow(by: b.denominator)
      let (y, second) = b.numerator.multipliedReportingOverflow(by: a.denominator)
      if !first, !second { return x < y }
    }
    return a.box.read { x in b.box.read { y in __gmpq_cmp(x, y) < 0 } }
  }

  public static func == (a: Rational, b: Rational) -> Bool {
    switch (a.big, b.big) {
    case (nil, nil): a.numerator == b.numerator && a.denominator == b.denominator
    case (let x?, let y?): x === y || x.read { first in y.read { __gmpq_equal(first, $0) != 0 } }
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    if big != nil { hasher.combine(description) } else { hasher.combine(numerator) }
    hasher.combine(denominator)
  }

  /// The greatest double that is not greater, and the least that is not less.
  public var enclosure: (lower: Double, upper: Double) {
    if big == nil, denominator == 1, numerator.magnitude <= 1 << 53 { return (Double(numerator), Double(numerator)) }
    // GMP rounds towards zero.
    let near = box.read { __gmpq_get_d($0) }
    guard let exact = Rational(exactly: near) else {
      return self < .zero ? (-.infinity, -.greatestFiniteMagnitude) : (.greatestFiniteMagnitude, .infinity)
    }
    if exact == self { return (near, near) }
    return self < exact ? (near.nextDown, near) : (near, near.nextUp)
  }

  /// The nearest double.
  public var double: Double {
    let (lower, upper) = enclosure
    guard lower < upper, let below = Rational(exactly: lower), let above = Rational(exactly: upper) else { return lower }
    let (left, right) = (self - below, above - self)
    if left == right { return lower.significandBitPattern & 1 == 0 ? lower : upper }
    return left < right ? lower : upper
  }

  /// The fraction in lowest terms: `49/128`, `75`.
  public var description: String {
    guard let big else { return denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
    return big.read { number in
      let (top, bottom) = Self.parts(number)
      let bytes = __gmpz_sizeinbase(top, 10) + __gmpz_sizeinbase(bottom, 10) + 3
      return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(bytes)) { buffer in
        guard let base = buffer.baseAddress, __gmpq_get_str(base, 10, number) != nil else { return "" }
        return String(cString: base)
      }
    }
  }
}
