import AleaEngine
import AleaModel

/// `InversePropensity()`: every episode weighted by how much more probable the policy makes it.
public struct InversePropensity: OffPolicyMethod {
  public static let name = "InversePropensity"
  public static let abbreviations = ["IPS"]
  public static let summary = "weighs each episode by target over logging probability: unbiased, noisy over many steps"
  public static let parameters = [
    MethodParameter(
      "clip", .real(from: 0, to: .infinity), default: .real(.infinity), doc: "the largest weight, in one-step problems")
  ]
  public let clip: Double

  public init(arguments: MethodArguments) { clip = arguments.real("clip") }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    let assumed = try question.requireUnconfounded()
    if question.isOneStep {
      let limit: LoggedRounds.WeightLimit = clip.isFinite ? .clip(clip) : .none
      return question.estimate(try question.rounds().inversePropensity(limit), self, assumed)
    }
    guard clip.isInfinite else { throw OffPolicyFault("`clip` is for problems of one step") }
    return question.estimate(try question.episodes().trajectoryImportance(), self, assumed, notes: question.truncationNote())
  }
}

/// `SelfNormalized()`: the same, divided by the sum of the weights.
public struct SelfNormalized: OffPolicyMethod {
  public static let name = "SelfNormalized"
  public static let abbreviations = ["SNIPS"]
  public static let summary = "inverse propensity divided by the mean weight: a little biased, much less noisy"
  public static let parameters: [MethodParameter] = []

  public init(arguments: MethodArguments) {}

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    let assumed = try question.requireUnconfounded()
    if question.isOneStep { return question.estimate(try question.rounds().selfNormalized(), self, assumed) }
    return question.estimate(
      try question.episodes().selfNormalizedTrajectoryImportance(), self, assumed, notes: question.truncationNote())
  }
}

/// `PerDecision()`: every reward weighted by the ratios up to its own step.
public struct PerDecision: OffPolicyMethod {
  public static let name = "PerDecision"
  public static let abbreviations = ["PDIS"]
  public static let summary = "importance sampling that weighs each reward by the steps before it alone"
  public static let parameters = [
    MethodParameter("selfNormalized", .boolean, default: .boolean(true), doc: "divides each step's weights by their mean")
  ]
  public let selfNormalized: Bool

  public init(arguments: MethodArguments) { selfNormalized = arguments.boolean("selfNormalized") }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    let assumed = try question.requireUnconfounded()
    let episodes = try question.episodes()
    let value = selfNormalized ? try episodes.selfNormalizedPerDecisionImportance() : episodes.perDecisionImportance()
    return question.estimate(value, self, assumed, notes: question.truncationNote())
  }
}

/// `MarginalizedImportanceSampling()`: weights for the law of states at each step instead of whole histories.
public struct MarginalizedImportanceSampling: OffPolicyMethod {
  public static let name = "MarginalizedImportanceSampling"
  public static let abbreviations = ["MIS"]
  public static let summary = "estimates the law of states step by step: error grows slowly with the horizon, states are finite"
  public static let parameters = [
    MethodParameter("normalized", .boolean, default: .boolean(true), doc: "divides each estimated law of states by its sum")
  ]
  public let normalized: Bool

  public init(arguments: MethodArguments) { normalized = arguments.boolean("normalized") }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    let assumed = try question.requireUnconfounded()
    _ = try question.episodes()
    let value = try question.table().log.marginalized(
      ratios: question.ratios(), discount: question.discount, renormalizes: normalized)
    return question.estimate(value, self, assumed, notes: question.truncationNote())
  }
}

extension OffPolicyQuestion {
  /// How jackknife errors are named.
  var jackknifeName: String { "by a jackknife over \(hasSeparateRounds ? "rounds" : "episodes")" }

  /// The log of a one-step problem as rounds.
  func rounds() throws -> LoggedRounds {
    _ = try ratios()
    return try LoggedRounds(
      actionCount: actionCount, actions: choices.actions, rewards: record.rewards,
      propensities: choices.propensities ?? [], target: targetProbabilities)
  }

  /// The answer with what its reader needs to doubt it: effective sample sizes, the largest weight, assumptions.
  func estimate(
    _ value: PolicyValue, _ method: any Method, _ assumptions: [String], notes: [String] = [], errors: String? = nil
  ) -> Estimate {
    var notes = notes
    if let failure = value.errorFailure { notes.append("no standard error: \(failure)") }
    if hasSeparateRounds, case .policy(let closed) = log.logging,
      ActionLaw(of: closed).reads.contains(where: { Int($0.index) >= process.variables.count })
    {
      notes.append("`\(log.policy)` learned while it logged: errors count each round as new given those before it")
    }
    let sizes = value.effectiveSampleSizes
    // Every step up to ten, then ten spread over all.
    let shown = sizes.count <= 10 ? Array(sizes.indices) : (0..<10).map { $0 * (sizes.count - 1) / 9 }
    var checks = shown.map { step in
      Estimate.Check(
        name: sizes.count == 1 ? "effective sample size" : "effective sample size, step \(step + 1)", statistic: sizes[step],
        meaning: step == shown.first
          ? "how many unweighted \(hasSeparateRounds ? "rounds" : "episodes") the weighted ones are worth" : "")
    }
    if value.largestWeight.isFinite { checks.append(.init(name: "largest weight", statistic: value.largestWeight)) }
    return Estimate(
      target: "the value of a policy in \(log.model), from a log of \(log.policy)", method: "\(method.name)()",
      value: value.value, standardError: value.standardError, sampleSize: record.rowCount,
      errors: errors ?? (hasSeparateRounds ? "over rounds" : "over episodes"), checks: checks,
      assumptions: assumptions, notes: notes)
  }
}
