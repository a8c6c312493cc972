/// Summaries of numbers.
public enum ColumnStatistics {
  /// The sum, with the rounding errors carried along (Neumaier 1974).
  public static func sum(_ numbers: [Double]) -> Double {
    var total = 0.0
    var compensation = 0.0
    for number in numbers {
      let next = total + number
      if total.magnitude >= number.magnitude {
        compensation += (total - next) + number
      } else {
        compensation += (number - next) + total
      }
      total = next
    }
    return total.isFinite ? total + compensation : total
  }

  /// The mean; NaN of no numbers.
  public static func mean(_ numbers: [Double]) -> Double { sum(numbers) / Double(numbers.count) }

  /// The variance with n - 1 in the denominator, by two passes; NaN of fewer than two numbers.
  public static func variance(_ numbers: [Double]) -> Double {
    guard numbers.count > 1 else { return .nan }
    let centre = mean(numbers)
    return sum(numbers.map { ($0 - centre) * ($0 - centre) }) / Double(numbers.count - 1)
  }

  public static func standardDeviation(_ numbers: [Double]) -> Double { variance(numbers).squareRoot() }

  /// The quantile by linear interpolation between order statistics (Hyndman and Fan 1996, definition 7: the default of R and NumPy).
  ///
  /// - Parameter sorted: numbers in ascending order, not empty.
  public static func quantile(_ sorted: [Double], _ p: Double) -> Double {
    guard let last = sorted.indices.last else { return .nan }
    let position = p * Double(last)
    let low = Int(position.rounded(.down))
    guard low < last else { return sorted[last] }
    let weight = position - Double(low)
    return weight == 0 ? sorted[low] : sorted[low] + weight * (sorted[low + 1] - sorted[low])
  }

  /// Pearson's correlation; NaN where one column does not vary.
  public static func correlation(_ a: [Double], _ b: [Double]) -> Double {
    let (meanA, meanB) = (mean(a), mean(b))
    let product = sum(zip(a, b).map { ($0 - meanA) * ($1 - meanB) })
    let squares = sum(a.map { ($0 - meanA) * ($0 - meanA) }) * sum(b.map { ($0 - meanB) * ($0 - meanB) })
    return product / squares.squareRoot()
  }
}
