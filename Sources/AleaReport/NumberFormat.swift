import AleaModel

/// Numbers for people: as many digits as are known, units, thousands.
public enum NumberFormat {
  /// The digits after the point that a guaranteed error leaves meaningful, at most one beyond the certain ones.
  public static func places(bound: Double) -> Int {
    guard bound > 0 else { return 17 }
    guard bound.isFinite else { return 0 }
    var places = 0
    var unit = 1.0
    while unit > bound, places < 17 {
      unit /= 10
      places += 1
    }
    return places
  }

  /// A common number of digits after the point for a column: `digits` significant ones for its largest number, never more than the
  /// bound justifies; nil where the numbers are too small or too large for plain notation.
  public static func commonPlaces(_ numbers: some Sequence<Double>, digits: Int, bound: Double) -> Int? {
    var largest = 0.0
    var areIntegers = true
    for number in numbers where number.isFinite {
      largest = max(largest, abs(number))
      if number.rounded() != number { areIntegers = false }
    }
    if areIntegers, largest < 1e15 { return 0 }
    if largest >= 1e12 || largest < 1e-4 { return nil }
    var magnitude = 0
    var scale = largest
    while scale >= 10 {
      scale /= 10
      magnitude += 1
    }
    while scale < 1 {
      scale *= 10
      magnitude -= 1
    }
    return max(0, min(digits - 1 - magnitude, places(bound: bound)))
  }

  /// A column of numbers with a common number of digits after the point, so that the points align when set flush right.
  public static func column(_ numbers: [Double], digits: Int = 6, bound: Double = 0) -> [String] {
    guard let places = commonPlaces(numbers, digits: digits, bound: bound) else {
      return numbers.map { NumberText.significant($0, digits: digits) }
    }
    return numbers.map { number in
      let text = NumberText.fixed(number, places: places)
      // What is known to differ from zero is not shown as zero.
      if number != 0, abs(number) > bound, !text.contains(where: { ("1"..."9").contains($0) }), number.isFinite {
        return NumberText.significant(number, digits: min(digits, 3))
      }
      // A negative number that rounds to zero has no sign left.
      return text.hasPrefix("-") && !text.contains(where: { ("1"..."9").contains($0) }) && number.isFinite
        ? String(text.dropFirst()) : text
    }
  }

  /// A bound with two digits, rounded up: what is promised must hold as printed.
  public static func bound(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return NumberText.significant(value, digits: 2) }
    let text = NumberText.significant(value, digits: 2)
    if let printed = Double(text), printed >= value { return text }
    return NumberText.significant(value * 1.05, digits: 2)
  }

  /// 1,048,576 bytes as "1.0 MB" (powers of 1000).
  public static func bytes(_ count: Int) -> String {
    scaled(Double(count), step: 1000, units: ["B", "kB", "MB", "GB", "TB"])
  }

  /// Seconds as "12 ms", "3.4 s", "2 min 5 s".
  public static func seconds(_ value: Double) -> String {
    if !value.isFinite || value < 0 { return NumberText.significant(value, digits: 3) + " s" }
    if value >= 60 {
      let whole = value < 1e15 ? Int(value.rounded()) : Int(1e15)
      return whole >= 3600
        ? "\(NumberText.grouped(whole / 3600)) h \(whole % 3600 / 60) min" : "\(whole / 60) min \(whole % 60) s"
    }
    if value >= 1 { return NumberText.significant(value, digits: 3) + " s" }
    if value >= 1e-3 { return NumberText.significant(value * 1e3, digits: 3) + " ms" }
    return NumberText.significant(value * 1e6, digits: 3) + " µs"
  }

  private static func scaled(_ value: Double, step: Double, units: [String]) -> String {
    var value = value
    var unit = 0
    while abs(value) >= step, unit + 1 < units.count {
      value /= step
      unit += 1
    }
    return (unit == 0 ? NumberText.significant(value, digits: 4) : NumberText.fixed(value, places: value < 100 ? 1 : 0))
      + " " + units[unit]
  }
}
