import AleaModel
import CGMP

/// The solution of `x = b + A x` in fractions by way of remainders: digit by digit to the base of a prime, until fractions appear that
/// satisfy every equation.
///
/// Where elimination would meet numbers of thousands of digits on the way to short ones, this meets none longer than the answer's.
/// Source: Dixon, *Exact solution of linear equations using p-adic expansions*, Numer. Math. 40 (1982); Monagan, *Maximal quotient
/// rational reconstruction*, ISSAC 2004.
struct ExactLifting {
  private let count: Int
  /// Row `i` of `1 - A`, times `scale[i]`, in whole numbers.
  private let entries: IntegerVector
  private let columns: [Int32]
  private let starts: [Int]
  private let scale: IntegerVector
  /// One over each scale, modulo the prime.
  private let unscale: [ModularNumber]
  private let inverse: ExactElimination<ModularNumber>

  /// - Parameter rows: the entries of each row of `A`.
  /// - Returns: nil when the system is singular, or the prime divides what it must not.
  /// - Throws: `WorkCancelled` when `control` ends the work.
  init?(_ rows: [[(column: Int, weight: Rational)]], control: WorkControl) throws {
    count = rows.count
    scale = IntegerVector(count: count)
    let parts = IntegerVector(count: 2)
    var merged: [[(column: Int, weight: Rational)]] = []
    var elimination = ExactElimination<ModularNumber>(count: count)
    for (number, row) in rows.enumerated() {
      var whole: [Int: Rational] = [number: .one]
      for (column, weight) in row {
        whole[column, default: .zero] -= weight
        guard let residue = Self.residue(weight, parts) else { return nil }
        elimination.add(residue, from: number, to: column)
      }
      __gmpz_set_ui(scale[number], 1)
      for (_, weight) in whole {
        weight.write(numerator: parts[0], denominator: parts[1])
        __gmpz_lcm(scale[number], scale[number], parts[1])
      }
      merged.append(whole.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 })
    }
    guard try elimination.factor(control) else { return nil }
    inverse = elimination
    var starts = [0]
    var columns: [Int32] = []
    entries = IntegerVector(count: merged.reduce(0) { $0 + $1.count })
    for (number, row) in merged.enumerated() {
      for (column, weight) in row {
        weight.write(numerator: parts[0], denominator: parts[1])
        __gmpz_divexact(parts[1], scale[number], parts[1])
        __gmpz_mul(entries[columns.count], parts[0], parts[1])
        columns.append(Int32(column))
      }
      starts.append(columns.count)
    }
    self.starts = starts
    self.columns = columns
    var unscale: [ModularNumber] = []
    for number in 0..<count {
      guard let inverse = ModularNumber(__gmpz_fdiv_ui(scale[number], ModularNumber.modulus)).inverse else { return nil }
      unscale.append(inverse)
    }
    self.unscale = unscale
  }

  private static func residue(_ number: Rational, _ parts: IntegerVector) -> ModularNumber? {
    number.write(numerator: parts[0], denominator: parts[1])
    let top = ModularNumber(__gmpz_fdiv_ui(parts[0], ModularNumber.modulus))
    guard let bottom = ModularNumber(__gmpz_fdiv_ui(parts[1], ModularNumber.modulus)).inverse else { return nil }
    return top * bottom
  }

  /// The solution for one `b`.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  func solve(_ side: [Rational], control: WorkControl) throws -> [Rational] {
    let (whole, common) = integers(side)
    let remainder = IntegerVector(count: count)
    for row in 0..<count { __gmpz_set(remainder[row], whole[row]) }
    let expansion = IntegerVector(count: count)
    let power = IntegerVector(count: 1)
    __gmpz_set_ui(power[0], 1)
    var digits = 0
    var next = 4
    while true {
      if !control.report(WorkProgress(phase: "solving in fractions", detail: "digit \(digits) of \(count) unknowns")) {
        throw WorkCancelled(state: "stopped after \(digits) digits of \(count) unknowns")
      }
      lift(remainder, into: expansion, power)
      digits += 1
      guard digits >= next else { continue }
      next = digits + max(4, digits / 2)
      if let found = fractions(expansion, modulo: power, whole, common) { return found }
    }
  }

  /// `b` times the scale of each row and a common denominator: whole numbers.
  private func integers(_ side: [Rational]) -> (IntegerVector, common: IntegerVector) {
    let whole = IntegerVector(count: count)
    let common = IntegerVector(count: 1)
    let parts = IntegerVector(count: 3)
    __gmpz_set_ui(common[0], 1)
    for number in side where !number.isZero {
      number.write(numerator: parts[0], denominator: parts[1])
      __gmpz_lcm(common[0], common[0], parts[1])
    }
    for (row, number) in side.enumerated() where !number.isZero {
      number.write(numerator: parts[0], denominator: parts[1])
      __gmpz_divexact(parts[2], common[0], parts[1])
      __gmpz_mul(parts[0], parts[0], parts[2])
      __gmpz_mul(whole[row], parts[0], scale[row])
    }
    return (whole, common)
  }

  /// One more digit: what solves the remainder modulo the prime is taken off it, and the rest divided by the prime.
  private func lift(_ remainder: IntegerVector, into expansion: IntegerVector, _ power: IntegerVector) {
    let modulus = ModularNumber.modulus
    let digit = inverse.solve((0..<count).map { ModularNumber(__gmpz_fdiv_ui(remainder[$0], modulus)) * unscale[$0] })
    for row in 0..<count {
      for entry in starts[row]..<starts[row + 1] {
        __gmpz_submul_ui(remainder[row], entries[entry], digit[Int(columns[entry])].residue)
      }
      __gmpz_divexact_ui(remainder[row], remainder[row], modulus)
      __gmpz_addmul_ui(expansion[row], power[0], digit[row].residue)
    }
    __gmpz_mul_ui(power[0], power[0], modulus)
  }

  /// The short fractions that agree with the expansion, when they satisfy every equation.
  ///
  /// Unknowns mostly share their denominator: what is known of it is multiplied in before the next is looked for.
  private func fractions(
    _ expansion: IntegerVector, modulo power: IntegerVector, _ whole: IntegerVector, _ common: IntegerVector
  ) -> [Rational]? {
    let numerators = IntegerVector(count: count)
    var reconstruction = Reconstruction(modulus: power)
    var factors: [(from: Int, factor: IntegerVector)] = []
    for row in 0..<count {
      guard let factor = reconstruction.next(expansion[row], numerators[row]) else { return nil }
      if let factor { factors.append((row, factor)) }
    }
    // Earlier numerators belong to smaller denominators.
    let rest = IntegerVector(count: 1)
    __gmpz_set_ui(rest[0], 1)
    for row in (0..<count).reversed() {
      __gmpz_mul(numerators[row], numerators[row], rest[0])
      if let last = factors.last, last.from == row {
        __gmpz_mul(rest[0], rest[0], last.factor[0])
        factors.removeLast()
      }
    }
    guard satisfies(numerators, over: reconstruction.denominator, whole) else { return nil }
    let denominator = IntegerVector(count: 1)
    __gmpz_mul(denominator[0], reconstruction.denominator[0], common[0])
    return (0..<count).map { Rational(numerator: numerators[$0], denominator: denominator[0]) }
  }

  private func satisfies(_ numerators: IntegerVector, over denominator: IntegerVector, _ whole: IntegerVector) -> Bool {
    let sum = IntegerVector(count: 1)
    for row in 0..<count {
      __gmpz_mul(sum[0], denominator[0], whole[row])
      for entry in starts[row]..<starts[row + 1] { __gmpz_submul(sum[0], entries[entry], numerators[Int(columns[entry])]) }
      if sum[0].pointee._mp_size != 0 { return false }
    }
    return true
  }
}

/// Finds fractions from their remainders modulo one large number, over a denominator that grows as needed.
private struct Reconstruction {
  let denominator = IntegerVector(count: 1)
  private let modulus: IntegerVector
  private let half = IntegerVector(count: 1)
  private let scratch = IntegerVector(count: 6)

  /// A fraction counts as found when the modulus has so many bits more than it needs.
  private static let spareBits = 56

  init(modulus: IntegerVector) {
    self.modulus = modulus
    __gmpz_set_ui(denominator[0], 1)
    __gmpz_fdiv_q_2exp(half[0], modulus[0], 1)
  }

  /// Writes the numerator of the next number over ``denominator``; returns the factor by which that had to grow, if it had to.
  ///
  /// - Returns: nil when no short fraction fits.
  mutating func next(_ remainder: IntegerVector.Element, _ numerator: IntegerVector.Element) -> IntegerVector?? {
    __gmpz_mul(numerator, remainder, denominator[0])
    __gmpz_fdiv_r(numerator, numerator, modulus[0])
    if __gmpz_cmp(numerator, half[0]) > 0 { __gmpz_sub(numerator, numerator, modulus[0]) }
    let size = numerator.pointee._mp_size == 0 ? 0 : Int(__gmpz_sizeinbase(numerator, 2))
    if size + denominator.bits(0) + Self.spareBits <= modulus.bits(0) { return .some(nil) }
    let factor = IntegerVector(count: 1)
    guard reconstruct(numerator, factor) else { return nil }
    __gmpz_mul(denominator[0], denominator[0], factor[0])
    guard denominator.bits(0) + Self.spareBits <= modulus.bits(0) else { return nil }
    return .some(factor)
  }

  /// Turns a remainder into a fraction, where Euclid's algorithm meets an outstanding quotient.
  private func reconstruct(_ number: IntegerVector.Element, _ factor: IntegerVector) -> Bool {
    // The remainders a, b and the cofactors s, t of the number.
    var (a, b, s, t) = (0, 1, 2, 3)
    let (quotient, product) = (4, 5)
    __gmpz_set(scratch[a], modulus[0])
    __gmpz_fdiv_r(scratch[b], number, modulus[0])
    __gmpz_set_ui(scratch[s], 0)
    __gmpz_set_ui(scratch[t], 1)
    while scratch[b].pointee._mp_size != 0 {
      __gmpz_tdiv_qr(scratch[quotient], scratch[product], scratch[a], scratch[b])
      if scratch.bits(quotient) >= Self.spareBits {
        __gmpz_set(number, scratch[b])
        __gmpz_set(factor[0], scratch[t])
        if factor[0].pointee._mp_size < 0 {
          __gmpz_neg(factor[0], factor[0])
          __gmpz_neg(number, number)
        }
        return true
      }
      __gmpz_swap(scratch[a], scratch[b])
      __gmpz_swap(scratch[b], scratch[product])
      __gmpz_submul(scratch[s], scratch[quotient], scratch[t])
      swap(&s, &t)
    }
    return false
  }
}
