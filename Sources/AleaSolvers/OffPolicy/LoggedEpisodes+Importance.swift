extension LoggedEpisodes {
  /// The mean of the discounted return times the product of all ratios.
  public func trajectoryImportance() -> PolicyValue {
    let cumulative = cumulativeRatios
    let returns = discountedReturns
    return summary((0..<count).map { cumulative[start[$0 + 1] - 1] * returns[$0] }, cumulative)
  }

  /// The same over the mean of the products, with its delta-method error.
  public func selfNormalizedTrajectoryImportance() throws -> PolicyValue {
    let cumulative = cumulativeRatios
    let returns = discountedReturns
    let weights = (0..<count).map { cumulative[start[$0 + 1] - 1] }
    let scale = SampleMoments.mean(weights)
    guard scale > 0 else { throw OffPolicyFault.noOverlap(steps: longest) }
    let value = SampleMoments.mean(zip(weights, returns).map(*)) / scale
    var result = summary([], cumulative)
    result.value = value
    result.standardError = SampleMoments.influenceError(zip(weights, returns).map { $0 * ($1 - value) / scale })
    return result
  }

  /// Every reward weighted by the ratios up to its own step alone (Precup, Sutton, Singh 2000).
  public func perDecisionImportance() -> PolicyValue {
    corrected(StepBaseline(taken: rewards.map { _ in 0 }, next: rewards.map { _ in 0 }, initial: (0..<count).map { _ in 0 }))
  }

  /// The same with the weights of each step divided by their mean, with its delta-method error.
  public func selfNormalizedPerDecisionImportance() throws -> PolicyValue {
    try weighted(StepBaseline(taken: rewards.map { _ in 0 }, next: rewards.map { _ in 0 }, initial: (0..<count).map { _ in 0 }))
  }

  /// What a model of action values says along the log.
  public struct StepBaseline: Sendable {
    /// The value of the action taken, at each step.
    public var taken: [Double]
    /// The policy's value in the next state of each step, 0 where the process ends.
    public var next: [Double]
    /// The policy's value in the first state of each episode.
    public var initial: [Double]

    public init(taken: [Double], next: [Double], initial: [Double]) {
      self.taken = taken
      self.next = next
      self.initial = initial
    }
  }

  /// Doubly robust: the model's value plus every step's temporal difference, weighted by its cumulative ratio (Jiang, Li 2016).
  public func doublyRobust(_ baseline: StepBaseline) -> PolicyValue { corrected(baseline) }

  /// Weighted doubly robust: the weights of each step divided by their mean (Thomas, Brunskill 2016), with its delta-method error.
  public func weightedDoublyRobust(_ baseline: StepBaseline) throws -> PolicyValue { try weighted(baseline) }

  private var discountedReturns: [Double] {
    let powers = discounts
    return (0..<count).map { episode in (start[episode]..<start[episode + 1]).reduce(0) { $0 + powers[$1] * rewards[$1] } }
  }

  private func difference(_ baseline: StepBaseline, _ step: Int) -> Double {
    rewards[step] + discount * baseline.next[step] - baseline.taken[step]
  }

  private func corrected(_ baseline: StepBaseline) -> PolicyValue {
    let cumulative = cumulativeRatios
    let powers = discounts
    let values = (0..<count).map { episode in
      (start[episode]..<start[episode + 1]).reduce(baseline.initial[episode]) {
        $0 + powers[$1] * cumulative[$1] * difference(baseline, $1)
      }
    }
    return summary(values, cumulative)
  }

  private func weighted(_ baseline: StepBaseline) throws -> PolicyValue {
    let cumulative = cumulativeRatios
    let powers = discounts
    let direct = SampleMoments.mean(baseline.initial)
    var value = direct
    var influence = baseline.initial.map { $0 - direct }
    for (time, weights) in weightTable(cumulative).enumerated() {
      let scale = SampleMoments.mean(weights)
      guard scale > 0 else { throw OffPolicyFault.noOverlap(steps: time + 1) }
      var sum = 0.0
      var power = 0.0
      var terms = [Double](repeating: 0, count: count)
      for episode in 0..<count where start[episode] + time < start[episode + 1] {
        let step = start[episode] + time
        power = powers[step]
        terms[episode] = difference(baseline, step)
        sum += weights[episode] * terms[episode]
      }
      let mean = sum / Double(count) / scale
      value += power * mean
      for episode in 0..<count { influence[episode] += power * weights[episode] / scale * (terms[episode] - mean) }
    }
    var result = summary([], cumulative)
    result.value = value
    result.standardError = SampleMoments.influenceError(influence)
    return result
  }

  private func summary(_ values: [Double], _ cumulative: [Double]) -> PolicyValue {
    PolicyValue(
      value: SampleMoments.mean(values), standardError: SampleMoments.standardError(values),
      effectiveSampleSizes: weightTable(cumulative).map { SampleMoments.effectiveSize($0) },
      largestWeight: cumulative.max() ?? .nan)
  }
}
