import AleaNumerics

/// Whittle indices: the subsidy for leaving an arm alone at which playing it and leaving it are equally good.
///
/// Whittle, *Restless bandits: activity allocation in a changing world* (1988).
public enum WhittleIndex {
  /// The index of every state of an arm.
  ///
  /// For a given subsidy the arm is a decision process of two choices; under a fixed policy the advantage of playing is linear in the
  /// subsidy, so the root is found by solving the linear piece and improving the policy in turn, inside a bracket.
  ///
  /// - Parameters:
  ///   - passive, active: rows of transition probabilities when the arm is left alone and when it is played.
  ///   - discount: in [0, 1); nil for the long-run average, where every policy must have a single recurrent class.
  /// - Returns: the indices, and whether the arm is indexable: the states better left alone at a subsidy are those with an index of at
  ///   most that; nil where a linear system cannot be solved.
  /// - Complexity: O(states^4) times a few rounds.
  public static func indices(
    passive: [[Double]], active: [[Double]], passiveReward: [Double], activeReward: [Double], discount: Double?
  ) -> (indices: [Double], isIndexable: Bool)? {
    let arm = Arm(
      passive: passive, active: active, passiveReward: passiveReward, activeReward: activeReward, discount: discount)
    var result: [Double] = []
    for state in passiveReward.indices {
      guard let index = arm.index(of: state) else { return nil }
      result.append(index)
    }
    guard let isIndexable = arm.isIndexable else { return nil }
    return (result, isIndexable)
  }

  private struct Arm {
    let passive: [[Double]]
    let active: [[Double]]
    let passiveReward: [Double]
    let activeReward: [Double]
    /// Nil for the long-run average.
    let discount: Double?

    var count: Int { passiveReward.count }

    /// The values of a policy as `constant + subsidy * slope`; for the average criterion the relative ones, zero in the first state.
    ///
    /// There h + g = r + P h is solved with the gain g in the place of the first state's value.
    func values(_ plays: [Bool]) -> (constant: [Double], slope: [Double])? {
      var system = Matrix.identity(count)
      var right = Matrix(rows: count, columns: 2)
      for state in 0..<count {
        let row = plays[state] ? active[state] : passive[state]
        for next in 0..<count { system[state, next] -= (discount ?? 1) * row[next] }
        if discount == nil { system[state, 0] = 1 }
        right[state, 0] = plays[state] ? activeReward[state] : passiveReward[state]
        right[state, 1] = plays[state] ? 0 : 1
      }
      guard let solution = system.solve(right), solution.elements.allSatisfy(\.isFinite) else { return nil }
      var (constant, slope) = (solution.column(0), solution.column(1))
      if discount == nil { (constant[0], slope[0]) = (0, 0) }
      // A chain with several recurrent classes leaves the system singular up to rounding.
      let largest = (constant + slope).reduce(1) { max($0, abs($1)) }
      guard discount != nil || largest < 1e9 * (1 + scale) else { return nil }
      return (constant, slope)
    }

    /// How much better playing is than leaving alone, when the policy follows afterwards: `constant + subsidy * slope`.
    func advantage(_ state: Int, _ values: (constant: [Double], slope: [Double])) -> (constant: Double, slope: Double) {
      var constant = activeReward[state] - passiveReward[state]
      var slope = -1.0
      for next in 0..<count {
        let difference = (discount ?? 1) * (active[state][next] - passive[state][next])
        constant += difference * values.constant[next]
        slope += difference * values.slope[next]
      }
      return (constant, slope)
    }

    func optimalPolicy(_ subsidy: Double) -> [Bool]? {
      var plays = [Bool](repeating: true, count: count)
      for _ in 0..<10 * count + 100 {
        guard let values = values(plays) else { return nil }
        var next = plays
        for state in 0..<count {
          let (constant, slope) = advantage(state, values)
          let gain = constant + subsidy * slope
          if abs(gain) > 1e-13 * (1 + abs(constant) + abs(subsidy * slope)) { next[state] = gain > 0 }
        }
        if next == plays { break }
        plays = next
      }
      return plays
    }

    /// The largest reward less the least.
    var scale: Double {
      let rewards = passiveReward + activeReward
      return (rewards.max() ?? 0) - (rewards.min() ?? 0)
    }

    /// A subsidy beyond which a state is left alone, and below whose negative it is played.
    private func reach(of state: Int) -> Double? {
      if let discount { return (scale + 1) / (1 - discount) }
      var reach = scale + 1
      for _ in 0..<40 {
        guard let high = gain(state, reach), let low = gain(state, -reach) else { return nil }
        if high < 0, low > 0 { return reach }
        reach *= 2
      }
      return nil
    }

    private func gain(_ state: Int, _ subsidy: Double) -> Double? {
      guard let plays = optimalPolicy(subsidy), let values = values(plays) else { return nil }
      let (constant, slope) = advantage(state, values)
      return constant + subsidy * slope
    }

    /// Whether the states that are better left alone only grow in number as the subsidy rises.
    ///
    /// Optimal policies are followed from the least subsidy to the greatest: under each the advantages are linear in the subsidy, so the
    /// one where it stops being optimal is known.
    var isIndexable: Bool? {
      var limit = 0.0
      for state in 0..<count {
        guard let reach = reach(of: state) else { return nil }
        limit = max(limit, reach)
      }
      var subsidy = -limit
      guard var plays = optimalPolicy(subsidy) else { return nil }
      for _ in 0..<100 * count + 1_000 {
        guard let end = validity(of: plays, after: subsidy) else { return nil }
        guard end < limit else { return true }
        subsidy = end + 1e-9 * (1 + abs(end))
        guard let after = optimalPolicy(subsidy), let next = validity(of: after, after: subsidy), let values = values(after)
        else {
          return nil
        }
        // A state that is played again, clearly, somewhere in the stretch that follows.
        let inside = min(0.5 * (subsidy + next), subsidy + 1)
        for state in 0..<count where after[state] && !plays[state] {
          let (constant, slope) = advantage(state, values)
          if constant + inside * slope > 1e-11 * (1 + scale) { return false }
        }
        plays = after
      }
      return nil
    }

    /// The subsidy up to which a policy that is optimal at one stays so; infinite where there is no end.
    private func validity(of plays: [Bool], after subsidy: Double) -> Double? {
      guard let values = values(plays) else { return nil }
      var end = Double.infinity
      for state in 0..<count {
        let (constant, slope) = advantage(state, values)
        guard plays[state] ? slope < 0 : slope > 0 else { continue }
        let root = -constant / slope
        if root > subsidy { end = min(end, root) }
      }
      return end
    }

    func index(of state: Int) -> Double? {
      guard let reach = reach(of: state) else { return nil }
      var (low, high) = (-reach, reach)
      var subsidy = activeReward[state] - passiveReward[state]
      for _ in 0..<200 {
        guard let plays = optimalPolicy(subsidy), let values = values(plays) else { return nil }
        let (constant, slope) = advantage(state, values)
        let gain = constant + subsidy * slope
        if gain > 0 { low = max(low, subsidy) } else { high = min(high, subsidy) }
        var next = slope < 0 ? -constant / slope : 0.5 * (low + high)
        if abs(next - subsidy) <= 1e-14 * (1 + abs(subsidy)) { return next }
        if !(next > low && next < high) { next = 0.5 * (low + high) }
        if high - low <= 1e-14 * (1 + abs(low)) { return next }
        subsidy = next
      }
      return subsidy
    }
  }
}
