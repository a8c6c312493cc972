import AleaEngine
import AleaModel

/// Policies compared over the same rounds of a bandit: the answer to `simulate(B, [policies], ...)`.
public struct Race: Sendable {
  /// What one policy came to.
  public struct Entry: Sendable {
    public var policy: String
    public var run: LearningRun
    public init(policy: String, run: LearningRun) {
      self.policy = policy
      self.run = run
    }
  }

  public var model: String
  public var horizon: Int
  public var replications: Int
  public var seed: UInt64
  public var entries: [Entry]
  /// The actions, in the order of ``LearningRun/pulls``.
  public var actions: [String]
  /// The expected rounds to the end when one action is always taken, by action: regret counts rounds then.
  public var fixedRounds: [Double]?
  public var notes: [String]

  public init(
    model: String, horizon: Int, replications: Int, seed: UInt64, entries: [Entry], actions: [String],
    fixedRounds: [Double]? = nil, notes: [String] = []
  ) {
    self.model = model
    self.horizon = horizon
    self.replications = replications
    self.seed = seed
    self.entries = entries
    self.actions = actions
    self.fixedRounds = fixedRounds
    self.notes = notes
  }

  /// "regret" in rounds to the end, in reward, or no regret at all.
  public enum Measure: String, Sendable { case rounds, pseudoRegret, reward }

  /// What policies are compared by: rounds to the end where the bandit ends by itself, else pseudo-regret, else reward.
  public var measure: Measure {
    if fixedRounds != nil { return .rounds }
    return entries.allSatisfy { $0.run.regretRefusal == nil } ? .pseudoRegret : .reward
  }

  /// The final figure of each replication by which policies are compared.
  public func finals(_ entry: Entry) -> [Double] {
    switch measure {
    case .rounds:
      let best = fixedRounds?.min() ?? 0
      return entry.run.rounds.map { $0 - best }
    case .pseudoRegret: return entry.run.regret.last ?? []
    case .reward: return entry.run.reward.last ?? []
    }
  }

  public func estimate(_ entry: Entry) -> Simulation.Estimate { Simulation.estimate(finals(entry)) }

  /// The level below which a share of the replications lies, interpolated between order statistics (Hyndman and Fan's type 7).
  public static func quantile(_ values: [Double], _ level: Double) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let position = level * Double(sorted.count - 1)
    let low = Int(position)
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + (position - Double(low)) * (sorted[high] - sorted[low])
  }

  /// The mean pulls of each action.
  public func meanPulls(_ entry: Entry) -> [Double] { entry.run.pulls.map { Simulation.estimate($0).mean } }

  public subscript(policy: String) -> Entry? {
    entries.first { $0.policy == policy } ?? entries.first { $0.policy.prefix { $0 != "(" } == policy }
  }
}

/// How regret (or reward) grows with the rounds: `race.regret`.
public struct RaceCurves: Sendable {
  public var race: Race
  public var measuresReward: Bool
  public init(_ race: Race, measuresReward: Bool) {
    self.race = race
    self.measuresReward = measuresReward
  }

  /// The mean and standard error at each checkpoint.
  public func curve(_ entry: Race.Entry) -> [Simulation.Estimate] {
    (measuresReward ? entry.run.reward : entry.run.regret).map { Simulation.estimate($0) }
  }
}

/// One policy's figures: `race["UCB1"]`.
public struct RaceResult: Sendable {
  public var race: Race
  public var entry: Race.Entry
}

extension Race: ObjectValue, JSONAnswer {
  public var typeName: String { "a race" }
  public var description: String {
    entries.map { entry in
      let estimate = estimate(entry)
      return
        "\(entry.policy): \(NumberText.significant(estimate.mean, digits: 5)) +- \(NumberText.significant(estimate.standardError, digits: 2))"
    }.joined(separator: ", ")
  }
  public var members: [(name: String, summary: String)] {
    [
      ("policies", "their names, in order"),
      ("regret", "how regret grows with the rounds: to plot, or `race.regret[0]` for final means"),
      ("reward", "how reward grows with the rounds"),
      ("mean", "the final mean of each policy: regret, or reward where regret has no closed form"),
      ("error", "its Monte Carlo standard error, by policy"),
      ("fixedRounds", "the expected rounds to the end with one action, by action"),
      ("horizon", "the largest number of rounds"), ("replications", "how many independent replications"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "policies": return .array(entries.map { .string($0.policy) })
    case "regret":
      if let refusal = entries.compactMap(\.run.regretRefusal).first, fixedRounds == nil {
        throw ValueError("this race has no regret: \(refusal.message)", label: refusal.label, notes: refusal.notes)
      }
      return .object(RaceCurves(self, measuresReward: false))
    case "reward": return .object(RaceCurves(self, measuresReward: true))
    case "mean": return .array(entries.map { .real(estimate($0).mean) })
    case "error": return .array(entries.map { .real(estimate($0).standardError) })
    case "fixedRounds": return fixedRounds.map { .array($0.map { .real($0) }) } ?? .nothing
    case "horizon": return .integer(horizon)
    case "replications": return .integer(replications)
    default: return nil
    }
  }

  func entry(_ arguments: [IndexArgument]) throws -> Entry {
    guard arguments.count == 1, arguments[0].label == nil else { throw ValueError("a race is indexed by a policy") }
    switch arguments[0].value {
    case .integer(let position):
      guard entries.indices.contains(position) else {
        throw ValueError("the race has \(entries.count) policies, 0 to \(entries.count - 1)")
      }
      return entries[position]
    case .string(let name):
      if let entry = self[name] { return entry }
    case .object(let object):
      if let entry = entries.first(where: { $0.policy == object.description }) ?? self[object.description] { return entry }
    default: break
    }
    throw ValueError(
      "there is no such policy in the race", notes: ["its policies are \(entries.map(\.policy).joined(separator: ", "))"])
  }

  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value {
    .object(RaceResult(race: self, entry: try entry(arguments)))
  }

  public var json: JSONValue {
    .object([
      .init("kind", .string("race")), .init("model", .string(model)), .init("horizon", .integer(horizon)),
      .init("replications", .integer(replications)), .init("seed", .string(String(seed))),
      .init("measure", .string(measure.rawValue)),
      .init("fixedRounds", fixedRounds.map { .numbers($0) } ?? .null),
      .init("policies", .array(entries.map { RaceResult(race: self, entry: $0).json })),
      .init("notes", .array(notes.map { .string($0) })),
    ])
  }
}

extension RaceResult: ObjectValue, JSONAnswer {
  public var typeName: String { "a policy's part of a race" }
  public var description: String {
    let estimate = race.estimate(entry)
    return
      "\(entry.policy): \(NumberText.significant(estimate.mean, digits: 6)) (standard error \(NumberText.significant(estimate.standardError, digits: 2)))"
  }
  public var members: [(name: String, summary: String)] {
    [
      ("regret", "the mean final regret: in reward, or in rounds where the bandit ends by itself"),
      ("error", "its Monte Carlo standard error"),
      ("median", "of the final regret"), ("p95", "the level that 5% of the replications exceed"),
      ("reward", "the mean total reward"),
      ("rewardError", "its standard error"), ("rounds", "the mean number of rounds"),
      ("pulls", "the mean pulls of each action, in order"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    let finals = race.finals(entry)
    let rewards = Simulation.estimate(entry.run.reward.last ?? [])
    switch name {
    case "regret", "error", "median", "p95":
      if race.measure == .reward, let refusal = entry.run.regretRefusal {
        throw ValueError("this race has no regret: \(refusal.message)", label: refusal.label, notes: refusal.notes)
      }
      switch name {
      case "regret": return .real(race.estimate(entry).mean)
      case "error": return .real(race.estimate(entry).standardError)
      default: return .real(Race.quantile(finals, name == "median" ? 0.5 : 0.95))
      }
    case "reward": return .real(rewards.mean)
    case "rewardError": return .real(rewards.standardError)
    case "rounds": return .real(Simulation.estimate(entry.run.rounds).mean)
    case "pulls": return .array(race.meanPulls(entry).map { .real($0) })
    default: return nil
    }
  }

  public var json: JSONValue {
    let estimate = race.estimate(entry)
    let finals = race.finals(entry)
    let curves = RaceCurves(race, measuresReward: race.measure == .reward)
    let curve = curves.curve(entry)
    return .object([
      .init("policy", .string(entry.policy)), .init("mean", .number(estimate.mean)),
      .init("standardError", .number(estimate.standardError)), .init("median", .number(Race.quantile(finals, 0.5))),
      .init("p95", .number(Race.quantile(finals, 0.95))), .init("pulls", .numbers(race.meanPulls(entry))),
      .init("rounds", .array(entry.run.checkpoints.map { .integer($0) })), .init("curve", .numbers(curve.map(\.mean))),
      .init("curveErrors", .numbers(curve.map(\.standardError))),
    ])
  }
}

extension RaceCurves: ObjectValue, JSONAnswer {
  public var typeName: String { "the curves of a race" }
  public var description: String { race.description }
  public var members: [(name: String, summary: String)] {
    [
      ("rounds", "the rounds at which totals were taken"), ("mean", "the means at those rounds, by policy"),
      ("error", "their standard errors"),
    ]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "rounds": .array((race.entries.first?.run.checkpoints ?? []).map { .integer($0) })
    case "mean": .array(race.entries.map { .array(curve($0).map { .real($0.mean) }) })
    case "error": .array(race.entries.map { .array(curve($0).map { .real($0.standardError) }) })
    default: nil
    }
  }
  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value {
    let entry = try race.entry(arguments)
    if !measuresReward { return .real(race.estimate(entry).mean) }
    return .real(Simulation.estimate(entry.run.reward.last ?? []).mean)
  }
  public var json: JSONValue { race.json }
}
