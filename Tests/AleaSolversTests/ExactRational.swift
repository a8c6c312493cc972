import BigInt

/// A rational number without rounding: what answers are checked against. Every finite double is one.
///
/// Kept over a positive denominator; common powers of two are removed, other common factors only by ``reduced``.
struct ExactRational: Comparable, CustomStringConvertible, Sendable {
  let numerator: BigInt
  let denominator: BigInt

  static let zero = ExactRational(0)
  static let one = ExactRational(1)

  init(_ integer: Int) {
    numerator = BigInt(integer)
    denominator = 1
  }

  init(_ numerator: BigInt, over denominator: BigInt) {
    precondition(denominator != 0)
    let sign: BigInt = denominator < 0 ? -1 : 1
    if numerator == 0 {
      self.numerator = 0
      self.denominator = 1
      return
    }
    let shift = min(numerator.trailingZeroBitCount, denominator.trailingZeroBitCount)
    self.numerator = (sign * numerator) >> shift
    self.denominator = (sign * denominator) >> shift
  }

  /// The double itself, exactly.
  init(_ double: Double) {
    precondition(double.isFinite)
    guard double != 0 else {
      self = .zero
      return
    }
    let significand = BigInt(double.significand * 0x1p52)
    let exponent = Int(double.exponent) - 52
    let signed = double < 0 ? -significand : significand
    self = exponent >= 0 ? ExactRational(signed << exponent, over: 1) : ExactRational(signed, over: BigInt(1) << -exponent)
  }

  /// The same number in lowest terms.
  var reduced: ExactRational {
    let divisor = numerator.greatestCommonDivisor(with: denominator)
    return ExactRational(numerator / divisor, over: denominator / divisor)
  }

  static func + (a: Self, b: Self) -> Self {
    if a.denominator == b.denominator { return Self(a.numerator + b.numerator, over: a.denominator) }
    return Self(a.numerator * b.denominator + b.numerator * a.denominator, over: a.denominator * b.denominator)
  }
  static prefix func - (a: Self) -> Self { Self(-a.numerator, over: a.denominator) }
  static func - (a: Self, b: Self) -> Self { a + (-b) }
  static func * (a: Self, b: Self) -> Self { Self(a.numerator * b.numerator, over: a.denominator * b.denominator) }
  static func / (a: Self, b: Self) -> Self { Self(a.numerator * b.denominator, over: a.denominator * b.numerator) }
  static func += (a: inout Self, b: Self) { a = a + b }

  static func == (a: Self, b: Self) -> Bool { a.numerator * b.denominator == b.numerator * a.denominator }
  static func < (a: Self, b: Self) -> Bool { a.numerator * b.denominator < b.numerator * a.denominator }

  /// Near enough to read; never used to decide anything.
  var approximation: Double {
    let shift = denominator.bitWidth - 64 - numerator.bitWidth + denominator.bitWidth
    let room = max(0, shift) + 64
    let quotient = (numerator << room) / denominator
    return Double(sign: .plus, exponent: -room, significand: 1) * Double(quotient)
  }
  var description: String { "\(approximation)" }
}

/// Linear equations over the rationals.
enum ExactLinear {
  /// The solution of `matrix · x = right`, or nil when the matrix is singular.
  ///
  /// Rows are scaled to integers and eliminated without fractions (Bareiss 1968), so numbers stay as short as determinants are.
  static func solve(_ matrix: [[ExactRational]], _ right: [ExactRational]) -> [ExactRational]? {
    let count = right.count
    guard count > 0 else { return [] }
    var rows: [[BigInt]] = []
    for (row, value) in zip(matrix, right) {
      let entries = row + [value]
      var scale: BigInt = 1
      for entry in entries where entry.numerator != 0 {
        scale = scale / scale.greatestCommonDivisor(with: entry.denominator) * entry.denominator
      }
      rows.append(entries.map { $0.numerator * (scale / $0.denominator) })
    }
    var previous: BigInt = 1
    for pivot in 0..<count {
      guard let found = (pivot..<count).first(where: { rows[$0][pivot] != 0 }) else { return nil }
      rows.swapAt(pivot, found)
      let head = rows[pivot]
      for row in (pivot + 1)..<max(count, pivot + 1) {
        let factor = rows[row][pivot]
        for column in (pivot + 1)...count {
          rows[row][column] = (rows[row][column] * head[pivot] - factor * head[column]) / previous
        }
        rows[row][pivot] = 0
      }
      previous = head[pivot]
    }
    let determinant = rows[count - 1][count - 1]
    var numerators = [BigInt](repeating: 0, count: count)
    for row in (0..<count).reversed() {
      var sum = rows[row][count] * determinant
      for column in (row + 1)..<max(count, row + 1) { sum -= rows[row][column] * numerators[column] }
      numerators[row] = sum / rows[row][row]
    }
    return numerators.map { ExactRational($0, over: determinant) }
  }
}
