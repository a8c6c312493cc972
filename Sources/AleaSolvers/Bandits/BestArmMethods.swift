import AleaModel
import AleaNumerics

/// The ways to identify the best arm with confidence: a new one is one file and one line here.
public enum BestArmMethods {
  public static let all: [any Method.Type] = [TrackAndStop.self, LUCB.self]
}

/// A way to find the arm with the greatest mean by sampling until one is certain enough.
public protocol BestArmMethod: Method {
  /// The arm to sample next, or nil to stop and answer the empirically best.
  func next(_ state: BestArmState) -> Int?
  /// Why the method does not apply to arms of these laws; nil when it does.
  func refusal(_ arms: [ArmLaw]) -> String?
}

/// What is known after some samples.
public final class BestArmState {
  /// The family the arms belong to, with other means.
  public let arms: [ArmLaw]
  public let delta: Double
  public internal(set) var pulls: [Double]
  public internal(set) var sums: [Double]
  /// What a method keeps from one sample to the next: proportions, and the count at which they were computed.
  var proportions: [Double] = []
  var proportionsSince = 0.0

  init(arms: [ArmLaw], delta: Double) {
    self.arms = arms
    self.delta = delta
    pulls = arms.map { _ in 0 }
    sums = pulls
  }

  public var samples: Double { pulls.reduce(0, +) }
  public func mean(_ arm: Int) -> Double { sums[arm] / pulls[arm] }
  public var best: Int { pulls.indices.max { mean($0) < mean($1) } ?? 0 }

  /// An arm of the family with another mean.
  func law(_ arm: Int, mean: Double) -> ArmLaw {
    switch arms[arm] {
    case .bernoulli: .bernoulli(min(max(mean, 0), 1))
    case .gaussian(_, let sd): .gaussian(mean: mean, sd: sd)
    case .poisson: .poisson(rate: mean)
    case .exponential: .exponential(mean: mean)
    case .finite: arms[arm]
    }
  }
}

/// Track-and-Stop with direct tracking (Garivier and Kaufmann 2016): samples in the proportions that would be optimal if the means were
/// what they seem, and stops by a generalised likelihood ratio. Asymptotically no method needs fewer samples.
///
/// The proportions are computed anew whenever the number of samples has grown by two percent.
public struct TrackAndStop: BestArmMethod {
  public static let name = "TrackAndStop"
  public static let abbreviations = ["TAS"]
  public static let summary =
    "Samples in the optimal proportions and stops by a likelihood ratio; asymptotically the fewest samples."
  public static let parameters = [
    MethodParameter(
      "threshold", .symbol(["practical", "proven"]), default: .symbol("practical"),
      doc: "ln((1 + ln t) / delta), or ln(2 t (K - 1) / delta), for which the error is proven to be below delta")
  ]
  let isProven: Bool

  public init(arguments: MethodArguments) { isProven = arguments.symbol("threshold") == "proven" }

  public func refusal(_ arms: [ArmLaw]) -> String? {
    for arm in arms {
      if case .finite = arm { return "laws of a one-parameter family: Bernoulli, Normal, Poisson or Exponential" }
    }
    return nil
  }

  public func next(_ state: BestArmState) -> Int? {
    if let untried = state.pulls.firstIndex(of: 0) { return untried }
    let t = state.samples
    let count = Double(state.arms.count)
    let threshold = isProven ? Glibc.log(2 * t * (count - 1) / state.delta) : Glibc.log((1 + Glibc.log(t)) / state.delta)
    if evidence(state) > threshold { return nil }
    if let least = state.pulls.indices.min(by: { state.pulls[$0] < state.pulls[$1] }),
      state.pulls[least] < t.squareRoot() - count / 2
    {
      return least
    }
    if state.proportions.isEmpty || t >= state.proportionsSince * 1.02 {
      let weights = CharacteristicTime(arms: state.arms.indices.map { state.law($0, mean: state.mean($0)) }).weights
      state.proportions = weights.allSatisfy(\.isFinite) ? weights : state.arms.map { _ in 1 / count }
      state.proportionsSince = t
    }
    return state.pulls.indices.max { t * state.proportions[$0] - state.pulls[$0] < t * state.proportions[$1] - state.pulls[$1] }
  }

  /// The least evidence against another arm being the best one.
  private func evidence(_ state: BestArmState) -> Double {
    let best = state.best
    let top = state.mean(best)
    var least = Double.infinity
    for arm in state.pulls.indices where arm != best {
      let (n, m) = (state.pulls[best], state.pulls[arm])
      let middle = (n * top + m * state.mean(arm)) / (n + m)
      let value =
        n * state.law(best, mean: top).divergence(toMean: middle) + m
        * state.law(arm, mean: state.mean(arm)).divergence(toMean: middle)
      least = min(least, value.isNaN ? 0 : value)
    }
    return least
  }
}

/// LUCB of Kalyanakrishnan, Tewari, Auer and Stone (2012): samples the best arm and its strongest rival until their confidence
/// intervals part; rewards are Bernoulli or Gaussian of known deviation.
public struct LUCB: BestArmMethod {
  public static let name = "LUCB"
  public static let summary = "Samples the leader and its strongest rival until their confidence intervals part."
  public static let parameters = [
    MethodParameter(
      "slack", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc: "how much worse than the best the answer may be")
  ]
  let slack: Double

  public init(arguments: MethodArguments) { slack = arguments.real("slack") }

  public func refusal(_ arms: [ArmLaw]) -> String? {
    for arm in arms {
      switch arm {
      case .bernoulli, .gaussian: continue
      default: return "Bernoulli rewards, or Normal ones of known deviation"
      }
    }
    return nil
  }

  public func next(_ state: BestArmState) -> Int? {
    if let untried = state.pulls.firstIndex(of: 0) { return untried }
    let t = state.samples
    func radius(_ arm: Int) -> Double {
      let sd = if case .gaussian(_, let sd) = state.arms[arm] { sd } else { 0.5 }
      return sd * (2 * Glibc.log(1.25 * Double(state.arms.count) * t * t * t * t / state.delta) / state.pulls[arm]).squareRoot()
    }
    let leader = state.best
    let rivals = state.pulls.indices.filter { $0 != leader }
    guard let rival = rivals.max(by: { state.mean($0) + radius($0) < state.mean($1) + radius($1) }) else { return nil }
    if state.mean(rival) + radius(rival) - (state.mean(leader) - radius(leader)) <= slack { return nil }
    // The leader and the rival in turn: the one with fewer samples first.
    return state.pulls[rival] <= state.pulls[leader] ? rival : leader
  }
}

/// What identifying the best arm took: the answer to `bestArm`.
public struct BestArm: Sendable {
  public var model: String
  public var method: String
  public var confidence: Double
  public var arms: [String]
  /// The answer of the first replication.
  public var answer: Int
  /// The samples of each replication, and whether it was wrong.
  public var samples: [Double]
  public var mistakes: Int
  /// The mean samples of each arm.
  public var pulls: [Double]
  public var characteristicTime: CharacteristicTime
  public var seed: UInt64

  /// No method that errs with probability at most delta needs fewer samples on average: `T* kl(delta, 1 - delta)`.
  public var lowerBound: Double {
    let delta = 1 - confidence
    return characteristicTime.time * ArmLaw.bernoulliDivergence(delta, 1 - delta)
  }

  /// Samples arms until the method stops.
  ///
  /// - Throws: `WorkCancelled`; `ValueError` when the arms have no best one or the method does not apply.
  public static func identify(
    _ arms: [ArmLaw], names: [String], model: String, by method: any BestArmMethod, description: String, confidence: Double,
    replications: Int, seed: UInt64, control: WorkControl
  ) throws -> BestArm {
    if let requirement = method.refusal(arms) { throw ValueError("`\(method.name)` needs \(requirement)") }
    let characteristic = CharacteristicTime(arms: arms)
    guard characteristic.time.isFinite, arms.count > 1 else {
      throw ValueError("no method finds the best arm: two arms share the greatest mean, or there is one arm alone")
    }
    let best = arms.indices.max { arms[$0].mean < arms[$1].mean } ?? 0
    var result = BestArm(
      model: model, method: description, confidence: confidence, arms: names, answer: 0, samples: [], mistakes: 0,
      pulls: arms.map { _ in 0 }, characteristicTime: characteristic, seed: seed)
    for replication in 0..<replications {
      var stream = RandomStream(seed: seed, stream: UInt64(replication))
      let state = BestArmState(arms: arms, delta: 1 - confidence)
      var steps = 0
      while let arm = method.next(state) {
        state.pulls[arm] += 1
        state.sums[arm] += sample(arms[arm], &stream)
        steps += 1
        if steps & 0xFFF == 0 {
          let progress = WorkProgress(
            phase: "sampling", detail: "\(steps) samples", fraction: Double(replication) / Double(replications))
          if !control.report(progress) {
            throw WorkCancelled(state: "stopped after \(steps) samples of replication \(replication)")
          }
        }
      }
      if replication == 0 { result.answer = state.best }
      result.samples.append(state.samples)
      if state.best != best { result.mistakes += 1 }
      for arm in arms.indices { result.pulls[arm] += state.pulls[arm] / Double(replications) }
    }
    return result
  }

  private static func sample(_ law: ArmLaw, _ stream: inout RandomStream) -> Double {
    switch law {
    case .bernoulli(let p): return stream.uniform() < p ? 1 : 0
    case .gaussian(let mean, let sd): return mean + sd * stream.normal()
    case .poisson(let rate): return stream.poisson(rate)
    case .exponential(let mean): return mean * stream.exponential()
    case .finite(let values, let probabilities, _):
      return values[probabilities.withUnsafeBufferPointer { stream.categorical($0) }]
    }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
