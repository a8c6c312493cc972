import Glibc

/// How long it takes to find the best arm with confidence: `E[stopping time] >= time * kl(delta, 1 - delta)`, attained
/// asymptotically by sampling arms in the proportions ``weights``.
///
/// Garivier and Kaufmann, *Optimal best arm identification with fixed confidence* (COLT 2016), theorem 5 and lemma 4.
public struct CharacteristicTime: Hashable, Sendable {
  /// T*; infinite when the best arm is not unique.
  public let time: Double
  /// The optimal proportions of samples, one an arm.
  public let weights: [Double]

  /// - Parameter arms: laws of one one-parameter family.
  /// - Complexity: O(arms * 50^2) evaluations of the divergence.
  public init(arms: [ArmLaw]) {
    let means = arms.map(\.mean)
    guard let best = means.indices.max(by: { means[$0] < means[$1] }), arms.count > 1,
      means.filter({ $0 == means[best] }).count == 1
    else {
      time = arms.count > 1 ? .infinity : 0
      weights = arms.map { _ in 1 / Double(max(1, arms.count)) }
      return
    }
    let others = means.indices.filter { $0 != best }

    /// The mean at which arm `a`, sampled `x` times as often as the best, is most easily confused with it.
    func meeting(_ a: Int, _ x: Double) -> Double { (means[best] + x * means[a]) / (1 + x) }
    func evidence(_ a: Int, _ x: Double) -> Double {
      let middle = meeting(a, x)
      return arms[best].divergence(toMean: middle) + x * arms[a].divergence(toMean: middle)
    }
    /// The ratio at which arm `a` carries the evidence `y`.
    func ratio(_ a: Int, _ y: Double) -> Double {
      var high = 1.0
      while evidence(a, high) < y, high < 1e300 { high *= 2 }
      return Self.root(0, high) { evidence(a, $0) - y }
    }
    func balance(_ y: Double) -> Double {
      others.reduce(-1) { sum, a in
        let middle = meeting(a, ratio(a, y))
        return sum + arms[best].divergence(toMean: middle) / arms[a].divergence(toMean: middle)
      }
    }
    let ceiling = others.map { arms[best].divergence(toMean: means[$0]) }.min() ?? 0
    let y = Self.root(0, ceiling * (1 - 1e-15), balance)
    var parts = [Double](repeating: 1, count: arms.count)
    for a in others { parts[a] = ratio(a, y) }
    let total = parts.reduce(0, +)
    weights = parts.map { $0 / total }
    time = total / y
  }

  /// The root of an increasing function, by bisection to the last bit.
  private static func root(_ low: Double, _ high: Double, _ function: (Double) -> Double) -> Double {
    var low = low
    var high = high
    for _ in 0..<200 {
      let middle = 0.5 * (low + high)
      if middle <= low || middle >= high { break }
      if function(middle) < 0 { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }
}
