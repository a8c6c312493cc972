import AleaNumerics

extension TabularLog {
  private func missing(_ state: Int, _ action: Int) -> OffPolicyFault {
    OffPolicyFault("the log never takes action \(action) in state \(state), which the policy does")
  }

  /// Fitted Q evaluation over a horizon with one table for all times (the certainty-equivalent model's value).
  ///
  /// - Parameter policy: state by state, the probability of each action.
  /// - Returns: the value from the law of first states, with a jackknife error over episodes, and the action values by steps to go.
  public func fittedQ(
    following policy: [Double], horizon: Int, discount: Double, missing: ((Int, Int) -> OffPolicyFault)? = nil
  ) throws -> (value: PolicyValue, actionValues: [[Double]]) {
    let missing = missing ?? self.missing
    let fit = { (episodes: [Int]) throws -> (Double, [[Double]]) in
      let model = EmpiricalModel(self, episodes: episodes)
      let tables = try model.actionValues(following: policy, horizon: horizon, discount: discount, missing: missing)
      let values = model.stateValues(tables.last ?? [], policy)
      return (zip(initialLaw(of: episodes), values).reduce(0) { $0 + $1.0 * $1.1 }, tables)
    }
    let (value, tables) = try fit(Array(0..<episodeCount))
    return (PolicyValue(value: value, error: try jackknife { try fit($0).0 }), tables)
  }

  /// Fitted Q evaluation of a discounted value: the fixed point (LSTD-Q on indicators, certainty equivalence).
  public func fittedQ(
    following policy: [Double], discount: Double, missing: ((Int, Int) -> OffPolicyFault)? = nil
  ) throws -> (value: PolicyValue, actionValues: [Double]) {
    let missing = missing ?? self.missing
    let fit = { (episodes: [Int]) throws -> (Double, [Double]) in
      let model = EmpiricalModel(self, episodes: episodes)
      let table = try model.actionValues(following: policy, discount: discount, missing: missing)
      return (zip(initialLaw(of: episodes), model.stateValues(table, policy)).reduce(0) { $0 + $1.0 * $1.1 }, table)
    }
    let (value, table) = try fit(Array(0..<episodeCount))
    return (PolicyValue(value: value, error: try jackknife { try fit($0).0 }), table)
  }

  /// Marginalised importance sampling: the law of states at each time under the policy, estimated step by step (Xie, Ma, Wang 2019).
  ///
  /// - Parameters:
  ///   - ratios: target over logging probability of each action taken.
  ///   - renormalizes: divides each estimated law of states by its sum.
  public func marginalized(ratios: [Double], discount: Double, renormalizes: Bool) throws -> PolicyValue {
    let estimate = { (episodes: [Int]) throws -> Double in
      try marginalized(ratios, discount, renormalizes, episodes)
    }
    return PolicyValue(
      value: try estimate(Array(0..<episodeCount)), error: try jackknife(estimate),
      largestWeight: ratios.max() ?? .nan)
  }

  private func marginalized(_ ratios: [Double], _ discount: Double, _ renormalizes: Bool, _ episodes: [Int]) throws -> Double {
    let longest = episodes.reduce(0) { max($0, start[$1 + 1] - start[$1]) }
    var law = initialLaw(of: episodes)
    var value = 0.0
    var power = 1.0
    for time in 0..<longest {
      var counts = [Double](repeating: 0, count: stateCount)
      var earned = counts
      var moves = Matrix(rows: stateCount, columns: stateCount)
      var weight = 0.0
      for episode in episodes where start[episode] + time < start[episode + 1] {
        let step = start[episode] + time
        counts[states[step]] += 1
        earned[states[step]] += ratios[step] * rewards[step]
        if law[states[step]] > 0 { weight += ratios[step] }
        if next[step] >= 0 { moves[states[step], next[step]] += ratios[step] }
      }
      let isAlive = law.contains { $0 > 0 }
      guard !isAlive || weight > 0 else { throw OffPolicyFault.noOverlap(steps: time + 1) }
      var following = [Double](repeating: 0, count: stateCount)
      for state in 0..<stateCount where law[state] > 0 {
        guard counts[state] > 0 else {
          throw OffPolicyFault(
            "no episode is in state \(state) at step \(time), where the policy may be", remedy: "`FittedQ()` pools the steps")
        }
        value += power * law[state] * earned[state] / counts[state]
        for successor in 0..<stateCount { following[successor] += law[state] * moves[state, successor] / counts[state] }
      }
      if renormalizes {
        let sum = following.reduce(0, +)
        if sum > 0 { for state in following.indices { following[state] /= sum } }
      }
      law = following
      power *= discount
    }
    return value
  }

  /// The same with a model of actions at each time instead of ratios (Yin, Wang 2020): needs no propensities.
  public func timeDependentModel(following policy: [Double], discount: Double) throws -> PolicyValue {
    let estimate = { (episodes: [Int]) throws -> Double in try timeDependent(policy, discount, episodes) }
    return PolicyValue(
      value: try estimate(Array(0..<episodeCount)), error: try jackknife(estimate))
  }

  private func timeDependent(_ policy: [Double], _ discount: Double, _ episodes: [Int]) throws -> Double {
    let longest = episodes.reduce(0) { max($0, start[$1 + 1] - start[$1]) }
    var law = initialLaw(of: episodes)
    var value = 0.0
    var power = 1.0
    for time in 0..<longest {
      var counts = [Double](repeating: 0, count: stateCount * actionCount)
      var earned = counts
      var moves = [Double](repeating: 0, count: stateCount * actionCount * stateCount)
      for episode in episodes where start[episode] + time < start[episode + 1] {
        let step = start[episode] + time
        let pair = states[step] * actionCount + actions[step]
        counts[pair] += 1
        earned[pair] += rewards[step]
        if next[step] >= 0 { moves[pair * stateCount + next[step]] += 1 }
      }
      var following = [Double](repeating: 0, count: stateCount)
      for state in 0..<stateCount where law[state] > 0 {
        for action in 0..<actionCount where policy[state * actionCount + action] > 0 {
          let pair = state * actionCount + action
          guard counts[pair] > 0 else { throw missing(state, action) }
          let weight = law[state] * policy[pair]
          value += power * weight * earned[pair] / counts[pair]
          for successor in 0..<stateCount { following[successor] += weight * moves[pair * stateCount + successor] / counts[pair] }
        }
      }
      law = following
      power *= discount
    }
    return value
  }

  /// What a table of action values says along the log; tables by steps to go for a horizon, or one table for ever.
  public func baseline(_ tables: [[Double]], following policy: [Double]) -> LoggedEpisodes.StepBaseline {
    let valued = tables.map { table in
      (0..<stateCount).map { state in
        (state * actionCount..<(state + 1) * actionCount).reduce(0.0) { policy[$1] > 0 ? $0 + policy[$1] * table[$1] : $0 }
      }
    }
    let isStationary = tables.count == 1
    var taken = [Double](repeating: 0, count: states.count)
    var following = taken
    var initial: [Double] = []
    for episode in 0..<episodeCount {
      for step in start[episode]..<start[episode + 1] {
        let toGo = isStationary ? 0 : tables.count - 1 - (step - start[episode])
        guard toGo >= 0 else { continue }
        taken[step] = tables[toGo][states[step] * actionCount + actions[step]]
        let successor = isStationary ? 0 : toGo - 1
        if next[step] >= 0, successor >= 0 { following[step] = valued[successor][next[step]] }
      }
      initial.append(valued[valued.count - 1][states[start[episode]]])
    }
    return .init(taken: taken, next: following, initial: initial)
  }
}
