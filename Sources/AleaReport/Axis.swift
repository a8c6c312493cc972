import AleaModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The span of an axis with its ticks.
struct Axis {
  var low: Double
  var high: Double
  var ticks: [(place: Double, label: String)]
  var isLogarithmic = false

  /// Round ticks (1, 2, 2.5 or 5 times a power of ten), about `count` of them, over the finite numbers given.
  init(_ numbers: some Sequence<Double>, count: Int, isLogarithmic: Bool = false, isTight: Bool = false) {
    self.isLogarithmic = isLogarithmic
    var low = Double.infinity
    var high = -Double.infinity
    for number in numbers where number.isFinite && (!isLogarithmic || number > 0) {
      low = min(low, number)
      high = max(high, number)
    }
    if low > high { (low, high) = isLogarithmic ? (1, 10) : (0, 1) }
    if isLogarithmic {
      let first = Int(log10(low).rounded(.down))
      let last = max(first + 1, Int(log10(high).rounded(.up)))
      self.low = Double(first)
      self.high = Double(last)
      let stride = max(1, (last - first + count) / max(1, count))
      ticks = Swift.stride(from: first, through: last, by: stride).map { exponent in
        (Double(exponent), (0...4).contains(exponent) ? Self.label(Self.power(exponent), places: 0) : "1e\(exponent)")
      }
      return
    }
    // A span below rounding is no span.
    if high - low <= 1e-12 * max(abs(low), abs(high)) {
      let room = low == 0 ? 1 : abs(low) * 0.1
      low -= room
      high += room
    }
    let rough = high / Double(max(1, count)) - low / Double(max(1, count))
    var exponent = Int(log10(rough).rounded(.down))
    var step = Self.power(exponent)
    if let factor = [1, 2, 5].first(where: { $0 * step >= rough * 0.999 }) {
      step *= factor
    } else {
      exponent += 1
      step = Self.power(exponent)
    }
    let first = (low / step + (isTight ? -1e-9 : 1e-9)).rounded(isTight ? .up : .down)
    let last = (high / step + (isTight ? 1e-9 : -1e-9)).rounded(isTight ? .down : .up)
    self.low = isTight ? low : first * step
    self.high = isTight ? high : last * step
    let places = max(0, -exponent)
    ticks =
      last >= first && last - first < 200
      ? (0...Int(last - first)).map { index in
        let place = (first + Double(index)) * step
        return (place, Self.label(place, places: places))
      } : []
  }

  /// Where a number stands between 0 and 1, or nil when it cannot be shown.
  func fraction(_ number: Double) -> Double? {
    guard number.isFinite, !isLogarithmic || number > 0 else { return nil }
    return ((isLogarithmic ? log10(number) : number) - low) / (high - low)
  }

  /// Where a tick stands between 0 and 1.
  func tickFraction(_ place: Double) -> Double { (place - low) / (high - low) }

  private static func label(_ value: Double, places: Int) -> String {
    if abs(value) >= 1e7 || places > 6 { return NumberText.significant(value, digits: 6) }
    if places == 0, abs(value) >= 10_000 { return NumberText.grouped(Int(value)) }
    let text = NumberText.fixed(value, places: places)
    return value == 0 ? NumberText.fixed(0, places: places) : text
  }

  private static func power(_ exponent: Int) -> Double { pow(10, Double(exponent)) }
}
