/// The probabilities of a Poisson law around its mode, enclosed with every rounding counted, and bounds of what lies outside.
///
/// The weights are those of Fox and Glynn, *Computing Poisson probabilities*, Comm. ACM 31 (1988): ratios to the mode, found by
/// recursion to both sides and divided by their sum; the tails are bounded by geometric series.
struct PoissonWeights {
  /// The number that the first entry belongs to.
  let first: Int
  let lower: [Double]
  let upper: [Double]
  /// At most this much lies below ``first``.
  let leftTail: Double
  /// At most this much lies above ``last``.
  let rightTail: Double
  /// The sum over `k >= last` of the probability of more than `k` is at most this.
  let rightExcess: Double

  var last: Int { first + lower.count - 1 }

  /// Ratios to the mode below this are left to the tails.
  private static let cutoff = 1e-30

  /// - Parameter mean: at least 0; taken for right up to its last rounding.
  /// - Complexity: O(square root of the mean).
  init(mean: Double) {
    let mode = Int(mean)
    var above: [Double] = [1]
    // One more than the mode at least, so that the ratio of the tail is below one.
    while above[above.count - 1] > Self.cutoff || above.count < 3 {
      above.append(above[above.count - 1] * (mean / Double(mode + above.count)))
    }
    var below: [Double] = []
    var least = 1.0
    while mode - below.count > 0, least > Self.cutoff {
      least *= Double(mode - below.count) / mean
      below.append(least)
    }
    first = mode - below.count
    let weights = below.reversed() + above
    let end = first + weights.count - 1
    let right = mean / Double(end + 1)
    let left = mean > 0 ? Double(first) / mean : 0
    let last = above[above.count - 1]
    let rightRatio = last * right / (1 - right) * 1.01
    let leftRatio = first == 0 ? 0 : least * left / (1 - left) * 1.01
    let sum = weights.reduce(0, +)
    // Two roundings a step, one for the mean itself, and the sum's.
    let slip = Rounding.relative(4 * weights.count + 16)
    lower = weights.map { $0 / (sum + rightRatio + leftRatio) * (1 - 3 * slip) }
    upper = weights.map { $0 / sum * (1 + 3 * slip) }
    rightTail = rightRatio / sum * 1.01
    leftTail = leftRatio / sum * 1.01
    rightExcess = last * right / ((1 - right) * (1 - right)) / sum * 1.01
  }
}
