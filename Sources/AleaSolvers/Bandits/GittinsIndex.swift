import Glibc

/// Gittins indices: the fixed payment a step at which stopping an arm for good is as good as playing on.
public enum GittinsIndex {
  /// The index of a Bernoulli arm with a Beta(successes, failures) prior.
  ///
  /// Calibration (Gittins 1979): the payment at which the optimal stopping problem of the arm is indifferent. States with
  /// `successes + failures` beyond `depth` more observations are valued as if the mean were known; the error this makes is at most
  /// `discount^depth / (1 - discount)`, which the default depth keeps below 1e-12 and rounding.
  ///
  /// - Parameters:
  ///   - successes: the first parameter of the Beta prior, positive.
  ///   - failures: the second parameter, positive.
  ///   - discount: in (0, 1).
  /// - Complexity: O(depth^2) a step of the root search, about 10 steps.
  public static func bernoulli(successes: Double, failures: Double, discount: Double, depth: Int? = nil) -> Double {
    // With payment `p`, values are counted net of taking the payment for ever, so that stopping is worth 0.
    let depth = depth ?? min(4_000, Int((log(1e-13 * (1 - discount)) / log(discount)).rounded(.up)))
    var worth = [Double](repeating: 0, count: depth + 1)
    func advantage(_ payment: Double) -> Double {
      for wins in 0...depth {
        let mean = (successes + Double(wins)) / (successes + failures + Double(depth))
        worth[wins] = max(0, mean - payment) / (1 - discount)
      }
      var first = 0.0
      for round in stride(from: depth - 1, through: 0, by: -1) {
        let count = successes + failures + Double(round)
        for wins in 0...round {
          let mean = (successes + Double(wins)) / count
          let go = mean - payment + discount * (mean * worth[wins + 1] + (1 - mean) * worth[wins])
          first = go
          worth[wins] = go > 0 ? go : 0
        }
      }
      return first
    }
    // The advantage falls in the payment and is convex: the secant between a positive and a negative point stays on one side, so
    // regula falsi is guarded by bisection.
    var low = successes / (successes + failures)
    var high = 1.0
    var atLow = advantage(low)
    var atHigh = advantage(high)
    if atLow <= 0 { return low }
    for step in 0..<200 {
      var middle = step % 3 == 2 ? 0.5 * (low + high) : low + (high - low) * atLow / (atLow - atHigh)
      if !(middle > low && middle < high) { middle = 0.5 * (low + high) }
      if middle <= low || middle >= high || high - low < 1e-13 { break }
      let value = advantage(middle)
      if value > 0 {
        low = middle
        atLow = value
      } else {
        high = middle
        atHigh = value
        if value == 0 { return middle }
      }
    }
    return 0.5 * (low + high)
  }

  /// The index of every state of a Markov chain with rewards, by eliminating states from the largest index down (Sonin 2008).
  ///
  /// - Parameters:
  ///   - transition: rows of transition probabilities.
  ///   - reward: what each state pays.
  ///   - discount: in [0, 1).
  /// - Complexity: O(states^3).
  public static func chain(transition: [[Double]], reward: [Double], discount: Double) -> [Double] {
    let count = reward.count
    var flow = transition.map { $0.map { discount * $0 } }
    var paid = reward
    var time = [Double](repeating: 1, count: count)
    var index = [Double](repeating: 0, count: count)
    var remaining = Array(0..<count)
    while let best = remaining.max(by: { paid[$0] / time[$0] < paid[$1] / time[$1] }) {
      index[best] = paid[best] / time[best]
      remaining.removeAll { $0 == best }
      let stay = 1 / (1 - flow[best][best])
      for state in remaining {
        let weight = flow[state][best] * stay
        if weight == 0 { continue }
        paid[state] += weight * paid[best]
        time[state] += weight * time[best]
        for next in remaining { flow[state][next] += weight * flow[best][next] }
        flow[state][best] = 0
      }
    }
    return index
  }
}
