import AleaModel

extension LoggedRounds {
  /// How importance weights are limited before they multiply a correction.
  public enum WeightLimit: Hashable, Sendable {
    case none
    /// min(w, bound) (Ionides 2008).
    case clip(Double)
    /// w where w <= threshold, else 0: the modelled reward alone (Wang, Agarwal, Dudik 2017).
    case switching(Double)
    /// lambda w / (w^2 + lambda) (Su, Dimakopoulou, Krishnamurthy, Dudik 2020, optimistic shrinkage).
    case shrinking(Double)
    /// w / (1 - lambda + lambda w) (Metelli, Russo, Restelli 2021).
    case subGaussian(Double)

    func callAsFunction(_ weight: Double) -> Double {
      switch self {
      case .none: weight
      case .clip(let bound): min(weight, bound)
      case .switching(let threshold): weight <= threshold ? weight : 0
      case .shrinking(let lambda): lambda.isInfinite ? weight : lambda * weight / (weight * weight + lambda)
      case .subGaussian(let lambda): weight / (1 - lambda + lambda * weight)
      }
    }
  }

  /// The mean of w r: inverse propensity scoring (Horvitz and Thompson 1952).
  public func inversePropensity(_ limit: WeightLimit = .none) -> PolicyValue {
    let limited = weights.map { limit($0) }
    return summary(zip(limited, rewards).map(*), weights: limited)
  }

  /// The mean of w r over the mean of w, with the delta-method error sqrt(mean(w^2 (r - V)^2) / n) / mean(w) (Swaminathan, Joachims 2015).
  public func selfNormalized() throws -> PolicyValue {
    let weights = self.weights
    let scale = try meanWeight(weights)
    let value = SampleMoments.mean(zip(weights, rewards).map(*)) / scale
    return PolicyValue(
      value: value, standardError: SampleMoments.influenceError(zip(weights, rewards).map { $0 * ($1 - value) / scale }),
      effectiveSampleSizes: [SampleMoments.effectiveSize(weights)], largestWeight: weights.max() ?? .nan)
  }

  /// The mean over rounds of what the policy earns under modelled rewards.
  ///
  /// - Parameter model: the modelled reward of every action in every round, laid out as ``target``. The error takes it as given.
  public func direct(_ model: [Double]) throws -> PolicyValue {
    let values = try modelled(model).baseline
    return PolicyValue(value: SampleMoments.mean(values), standardError: SampleMoments.standardError(values))
  }

  /// The direct value plus the weighted mean of what the model misses (Dudik, Langford, Li 2011), the weights limited as told.
  public func doublyRobust(_ model: [Double], _ limit: WeightLimit = .none) throws -> PolicyValue {
    let (baseline, taken) = try modelled(model)
    let limited = weights.map { limit($0) }
    return summary(actions.indices.map { baseline[$0] + limited[$0] * (rewards[$0] - taken[$0]) }, weights: limited)
  }

  /// The doubly robust value with weights divided by their mean; the delta-method error counts that the mean is estimated.
  public func selfNormalizedDoublyRobust(_ model: [Double]) throws -> PolicyValue {
    let (baseline, taken) = try modelled(model)
    let weights = self.weights
    let scale = try meanWeight(weights)
    let correction = SampleMoments.mean(actions.indices.map { weights[$0] * (rewards[$0] - taken[$0]) }) / scale
    let direct = SampleMoments.mean(baseline)
    let influence = actions.indices.map {
      baseline[$0] - direct + weights[$0] / scale * (rewards[$0] - taken[$0] - correction)
    }
    return PolicyValue(
      value: direct + correction, standardError: SampleMoments.influenceError(influence),
      effectiveSampleSizes: [SampleMoments.effectiveSize(weights)], largestWeight: weights.max() ?? .nan)
  }

  private func summary(_ rounds: [Double], weights: [Double]) -> PolicyValue {
    PolicyValue(
      value: SampleMoments.mean(rounds), standardError: SampleMoments.standardError(rounds),
      effectiveSampleSizes: [SampleMoments.effectiveSize(weights)], largestWeight: weights.max() ?? .nan)
  }

  private func meanWeight(_ weights: [Double]) throws -> Double {
    let mean = SampleMoments.mean(weights)
    guard mean > 0 else { throw OffPolicyFault.noOverlap }
    return mean
  }

  private func modelled(_ model: [Double]) throws -> (baseline: [Double], taken: [Double]) {
    guard model.count == target.count else {
      throw OffPolicyFault("the modelled rewards do not cover every action of every round")
    }
    var baseline = [Double](repeating: 0, count: count)
    for round in 0..<count {
      var sum = 0.0
      for index in round * actionCount..<(round + 1) * actionCount where target[index] > 0 { sum += target[index] * model[index] }
      baseline[round] = sum
    }
    return (baseline, actions.indices.map { model[$0 * actionCount + actions[$0]] })
  }
}

extension OffPolicyFault {
  static let noOverlap = OffPolicyFault(
    "the policy takes none of the actions that were logged",
    remedy: "a log of another policy, or a model of the rewards, is needed")

  static func noOverlap(steps: Int) -> OffPolicyFault {
    steps == 1
      ? noOverlap
      : OffPolicyFault(
        "no logged episode acts as the policy does for \(steps) steps, so none can be weighed",
        remedy: "`FittedQ()` learns from single steps")
  }
}
