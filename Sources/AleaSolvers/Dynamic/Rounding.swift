/// Facts of rounding to double precision.
enum Rounding {
  /// A little more than the relative error of one operation, `2^-53`.
  static let unit = 1.25 * 0x1p-53

  /// n u / (1 - n u) with u = 2^-53, a little more: the relative error of n roundings in a row.
  static func relative(_ operations: Int) -> Double {
    let product = Double(operations) * 0x1p-53
    return product < 0.5 ? product / (1 - product) * (1 + 0x1p-50) : .infinity
  }
}
