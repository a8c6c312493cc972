import CGMP

/// Whole numbers of any size, one after the other in memory, for the functions of GMP.
public final class IntegerVector {
  public typealias Element = UnsafeMutablePointer<__mpz_struct>

  public let count: Int
  private let numbers: Element

  /// So many zeros.
  public init(count: Int) {
    self.count = count
    numbers = .allocate(capacity: max(1, count))
    for index in 0..<count { __gmpz_init(numbers + index) }
  }

  deinit {
    for index in 0..<count { __gmpz_clear(numbers + index) }
    numbers.deallocate()
  }

  /// The address of a number, good while the vector is kept.
  public subscript(index: Int) -> Element { numbers + index }

  /// The bits a number takes, its sign left out.
  public func bits(_ index: Int) -> Int {
    numbers[index]._mp_size == 0 ? 0 : Int(__gmpz_sizeinbase(numbers + index, 2))
  }
}

extension Rational {
  /// Copies the numerator and the denominator.
  public func write(numerator: IntegerVector.Element, denominator: IntegerVector.Element) {
    withParts { top, bottom in
      __gmpz_set(numerator, top)
      __gmpz_set(denominator, bottom)
    }
  }

  /// The fraction of two whole numbers, the second not zero.
  public init(numerator: IntegerVector.Element, denominator: IntegerVector.Element) {
    self.init { number in
      let (top, bottom) = Self.parts(number)
      __gmpz_set(top, numerator)
      __gmpz_set(bottom, denominator)
      __gmpq_canonicalize(number)
    }
  }
}
