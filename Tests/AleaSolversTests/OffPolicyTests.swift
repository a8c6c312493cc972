import AleaSolvers
import Foundation
import Testing

/// Logs with known answers, from `Data/ope` (see its README).
enum OffPolicyReference {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/ope")

  struct Missing: Error { let what: String }

  static func json(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appendingPathComponent("\(name).json"))
    guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else { throw Missing(what: name) }
    return object
  }

  static func answers(_ name: String) throws -> [String: Any] {
    guard let answers = try json(name)["answers"] as? [String: Any] else { throw Missing(what: "answers") }
    return answers
  }

  /// An answer that is a number, or the field of one that has several.
  static func number(_ answers: [String: Any], _ key: String, _ field: String = "value") throws -> Double {
    if let number = answers[key] as? Double { return number }
    guard let record = answers[key] as? [String: Any], let number = record[field] as? Double else { throw Missing(what: key) }
    return number
  }

  static func bandit() throws -> (rounds: LoggedRounds, model: [Double]) {
    let bytes = try [UInt8](Data(contentsOf: folder.appendingPathComponent("bandit_obp_n5000.bin")))
    func unsigned(_ offset: Int, _ width: Int) -> Int { (0..<width).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
    let rows = stride(from: 0, to: bytes.count, by: 66)
    func table(_ offset: Int) -> [Double] {
      rows.flatMap { row in (0..<10).map { Double(unsigned(row + offset + 3 * $0, 3)) / 1e6 } }
    }
    return (
      try LoggedRounds(
        actionCount: 10, actions: rows.map { Int(bytes[$0]) }, rewards: rows.map { Double(bytes[$0 + 1]) },
        propensities: rows.map { Double(unsigned($0 + 2, 4)) / 1e8 }, target: table(6)), table(36)
    )
  }

  static func tabular() throws -> (log: TabularLog, episodes: LoggedEpisodes, policy: [Double]) {
    let text = try String(contentsOf: folder.appendingPathComponent("rlope_tabular_n1000.csv"), encoding: .utf8)
    let rows = text.split(separator: "\n").dropFirst().map { $0.split(separator: ",").compactMap { Double($0) } }
    guard let mdp = try json("rlope_tabular_n1000")["mdp"] as? [String: Any], let target = mdp["pi_e"] as? [[Double]],
      let logging = mdp["pi_b"] as? [[Double]]
    else { throw Missing(what: "policies") }
    let start = Array(stride(from: 0, through: rows.count, by: 10))
    let (states, actions) = (rows.map { Int($0[2]) }, rows.map { Int($0[3]) })
    let ratios = zip(states, actions).map { target[$0][$1] / logging[$0][$1] }
    return (
      try TabularLog(
        stateCount: 5, actionCount: 3, start: start, states: states, actions: actions, rewards: rows.map { $0[4] },
        next: rows.map { Int($0[5]) }),
      try LoggedEpisodes(start: start, rewards: rows.map { $0[4] }, ratios: ratios, discount: 0.95), target.flatMap { $0 }
    )
  }
}

@Suite struct LoggedRoundsTests {
  /// Every estimator of obp 0.5.7 that is read off weights and a given model, value and standard error.
  @Test func agreesWithTheBanditFixture() throws {
    let (rounds, model) = try OffPolicyReference.bandit()
    let answers = try OffPolicyReference.answers("bandit_obp_n5000")
    func check(_ key: String, _ result: PolicyValue) throws {
      let (value, error) = (try OffPolicyReference.number(answers, key), try OffPolicyReference.number(answers, key, "se"))
      #expect(abs(result.value - value) < 1e-8, "\(key)")
      #expect(abs(result.standardError - error) < 1e-8, "\(key)")
    }
    try check("IPS", rounds.inversePropensity())
    try check("DM", rounds.direct(model))
    try check("DR", rounds.doublyRobust(model))
    for bound in [1, 2, 5, 10, 100] {
      try check("IPS(clip=\(bound))", rounds.inversePropensity(.clip(Double(bound))))
      try check("DR(clip=\(bound))", rounds.doublyRobust(model, .clip(Double(bound))))
      try check("SwitchDR(lambda=\(bound))", rounds.doublyRobust(model, .switching(Double(bound))))
      try check("DRos(lambda=\(bound))", rounds.doublyRobust(model, .shrinking(Double(bound))))
    }
    for lambda in [0.01, 0.05, 0.1, 0.5] {
      try check("SGIPS(lambda=\(lambda))", rounds.inversePropensity(.subGaussian(lambda)))
      try check("SGDR(lambda=\(lambda))", rounds.doublyRobust(model, .subGaussian(lambda)))
    }
    #expect(abs(try #require(rounds.inversePropensity().effectiveSampleSizes.first) - 1277.6353965005883) < 1e-6)
  }

  /// The delta-method errors of self-normalised estimators, which obp does not have.
  @Test func selfNormalizedErrorsAreTheDeltaMethods() throws {
    let (rounds, model) = try OffPolicyReference.bandit()
    let answers = try OffPolicyReference.answers("bandit_obp_n5000")
    let normalized = try rounds.selfNormalized()
    #expect(abs(normalized.value - (try OffPolicyReference.number(answers, "SNIPS"))) < 1e-8)
    #expect(abs(normalized.standardError - 0.007532482015391156) < 1e-10)
    let robust = try rounds.selfNormalizedDoublyRobust(model)
    #expect(abs(robust.value - (try OffPolicyReference.number(answers, "SNDR"))) < 1e-8)
    #expect(abs(robust.standardError - 0.008656530654130594) < 1e-10)
  }

  @Test func badPropensitiesAreRefused() {
    for propensity in [0, -0.1, 1.5, .nan] {
      #expect(throws: OffPolicyFault.self) {
        try LoggedRounds(actionCount: 2, actions: [0], rewards: [1], propensities: [propensity], target: [1, 0])
      }
    }
    #expect(throws: OffPolicyFault.self) {
      try LoggedRounds(actionCount: 2, actions: [1], rewards: [1], propensities: [0.5], target: [1, 0]).selfNormalized()
    }
  }
}

@Suite struct LoggedEpisodesTests {
  @Test func agreesWithTheTabularFixture() throws {
    let (log, episodes, policy) = try OffPolicyReference.tabular()
    let answers = try OffPolicyReference.answers("rlope_tabular_n1000")
    func value(_ key: String) throws -> Double { try OffPolicyReference.number(answers, key) }
    func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-9 }

    let trajectory = episodes.trajectoryImportance()
    #expect(near(trajectory.value, try value("TIS")))
    #expect(near(trajectory.standardError, try OffPolicyReference.number(answers, "TIS", "se")))
    #expect(near(try episodes.selfNormalizedTrajectoryImportance().value, try value("SNTIS")))
    let perDecision = episodes.perDecisionImportance()
    #expect(near(perDecision.value, try value("PDIS")))
    #expect(near(perDecision.standardError, try OffPolicyReference.number(answers, "PDIS", "se")))
    #expect(near(try episodes.selfNormalizedPerDecisionImportance().value, try value("SNPDIS")))
    #expect(near(trajectory.effectiveSampleSizes[0], 639.670212688431))
    #expect(near(trajectory.effectiveSampleSizes[9], 79.1611243743119))

    let (finite, tables) = try log.fittedQ(following: policy, horizon: 10, discount: 0.95)
    #expect(near(finite.value, try value("FQE finite-horizon pooled (=DM, =model-based)")))
    let (stationary, table) = try log.fittedQ(following: policy, discount: 0.95)
    #expect(near(stationary.value, try value("FQE infinite-horizon fixed point (=LSTDQ, =certainty equivalence)")))
    let expected = try #require(answers["FQE infinite-horizon Q table"] as? [[Double]]).flatMap { $0 }
    #expect(zip(table, expected).allSatisfy { near($0, $1) })

    let robust = episodes.doublyRobust(log.baseline(tables, following: policy))
    #expect(near(robust.value, try value("DR (Jiang-Li, per-decision)")))
    #expect(near(robust.standardError, try OffPolicyReference.number(answers, "DR (Jiang-Li, per-decision)", "se")))
    #expect(
      near(
        try episodes.weightedDoublyRobust(log.baseline(tables, following: policy)).value,
        try value("WDR (Thomas-Brunskill; =SNDR)")))

    let ratios = episodes.ratios
    #expect(
      near(try log.marginalized(ratios: ratios, discount: 0.95, renormalizes: false).value, try value("MIS (Xie-Ma-Wang, raw)")))
    #expect(
      near(
        try log.marginalized(ratios: ratios, discount: 0.95, renormalizes: true).value,
        try value("MIS (marginals renormalised each step)")))
    #expect(
      near(
        try log.timeDependentModel(following: policy, discount: 0.95).value, try value("TMIS (Yin-Wang, time-dependent plug-in)"))
    )
  }

  /// The errors are honest: the exact value lies within three of them for every estimator of the fixture.
  @Test func errorsCoverTheExactValue() throws {
    let (log, episodes, policy) = try OffPolicyReference.tabular()
    let exact = 4.711654876724871
    let estimates = [
      try episodes.selfNormalizedPerDecisionImportance(), episodes.perDecisionImportance(),
      try log.fittedQ(following: policy, horizon: 10, discount: 0.95).value,
      try log.marginalized(ratios: episodes.ratios, discount: 0.95, renormalizes: true),
      try log.timeDependentModel(following: policy, discount: 0.95),
    ]
    for estimate in estimates { #expect(abs(estimate.value - exact) < 3 * estimate.standardError) }
  }
}

@Suite struct InstrumentalOffPolicyTests {
  @Test func agreesWithTheLinearFixture() throws {
    let fixture = try OffPolicyReference.json("ivmdp_small")
    guard let states = fixture["S"] as? [[[Double]]], let last = fixture["S_next_last"] as? [[Double]],
      let instrument = fixture["Z"] as? [[Double]], let actions = fixture["A"] as? [[Double]],
      let rewards = fixture["R"] as? [[Double]], let expected = fixture["expected"] as? [String: Double]
    else { throw OffPolicyReference.Missing(what: "columns") }
    let log = try InstrumentalLinear(
      states: states.flatMap { $0.flatMap { $0 } }, next: (states.dropFirst() + [last]).flatMap { $0.flatMap { $0 } },
      dimension: 2,
      instrument: instrument.flatMap { $0 }, actions: actions.flatMap { $0 }, rewards: rewards.flatMap { $0 },
      initial: states[0].flatMap { $0 }, discount: 0.9)
    let result = try log.evaluate { _ in 1 }
    #expect(abs(result.direct - (expected["iv_direct"] ?? .nan)) < 1e-8)
    #expect(abs(result.doublyRobust - (expected["iv_doubly_robust"] ?? .nan)) < 1e-8)
  }

  @Test func levelSetsAgreeWithTheFixture() throws {
    let fixture = try OffPolicyReference.json("confounded_bandit_small")
    guard let x = fixture["x"] as? [Int], let z = fixture["z"] as? [Int], let a = fixture["a"] as? [Int],
      let y = fixture["y"] as? [Double], let expected = fixture["expected"] as? [String: [String: Any]]
    else { throw OffPolicyReference.Missing(what: "columns") }
    let grid = (0...70).map { -3 + 7 * Double($0) / 70 }
    for (alpha, context) in [(0.25, 0), (0.25, 1), (0.5, 0), (0.5, 1)] {
      let rows = x.indices.filter { x[$0] == context }
      let answer = try #require(expected["alpha=\(alpha),x=\(context)"])
      let set = try InstrumentalLevelSet(
        instrument: rows.map { z[$0] }, actions: rows.map { a[$0] }, rewards: rows.map { y[$0] }, instrumentLevels: 3,
        actionCount: 3, level: alpha, grid: grid, slack: 3 * alpha * (1 - alpha) / Double(rows.count))
      #expect(abs(set.leastLoss - (answer["min_loss"] as? Double ?? .nan)) < 1e-12)
      #expect(set.size == answer["size"] as? Int)
      #expect(set.pessimisticAction == answer["pessimistic_action"] as? Int)
      for (mine, key) in [(set.lower, "lower"), (set.upper, "upper"), (set.minimizer, "argmin")] {
        #expect(zip(mine, answer[key] as? [Double] ?? []).allSatisfy { abs($0 - $1) < 1e-9 }, "\(key) at \(alpha), \(context)")
      }
    }
  }

  /// All binary, confounder fresh each step: the value from the exact law of the log is the exact value of the policy, while the
  /// unadjusted analysis reverses the ranking.
  @Test func instrumentalTableIsExactInPopulation() throws {
    let discount = 0.9
    var levels: [Double] = []
    var actions: [Double] = []
    var rewards: [Double] = []
    var transitions: [Double] = []
    for s in [0.0, 1] {
      for z in [0.0, 1] {
        levels.append(0.5)
        let chosen = [0.0, 1].map { u in 0.1 + 0.5 * z + 0.3 * u + 0.05 * s }
        for a in [0.0, 1] {
          let law = chosen.map { 0.5 * (a == 1 ? $0 : 1 - $0) }
          let mass = law[0] + law[1]
          actions.append(mass)
          rewards.append(s - 0.3 * a + 2 * law[1] / mass)
          let up = 0.3 - 0.1 * a + 0.2 * s + 0.3 * law[1] / mass
          transitions += [1 - up, up]
        }
      }
    }
    let table = InstrumentalTable(
      stateCount: 2, levelCount: 2, actionCount: 2, levels: levels, actions: actions, rewards: rewards, transitions: transitions)
    let weak = { (_: Int, _: Int) in OffPolicyFault("weak") }
    let never = try table.values(following: [1, 0, 1, 0], discount: discount, weak: weak)
    let always = try table.values(following: [0, 1, 0, 1], discount: discount, weak: weak)
    // Exact values with the confounder averaged out: V = r + 0.9 P V over two states.
    func exact(_ a: Double) -> [Double] {
      let up = [0.0, 1].map { 0.45 - 0.1 * a + 0.2 * $0 }
      let r = [0.0, 1].map { $0 - 0.3 * a + 1 }
      let gap = (r[1] - r[0]) / (1 - discount * (up[1] - up[0]))
      let low = (r[0] + discount * up[0] * gap) / (1 - discount)
      return [low, low + gap]
    }
    for (mine, truth) in zip(never + always, exact(0) + exact(1)) { #expect(abs(mine - truth) < 1e-9) }
    // The same in closed form: 612.5 / 41, 662.5 / 41, 444.5 / 41, 494.5 / 41.
    for (mine, truth) in zip(never + always, [612.5, 662.5, 444.5, 494.5]) { #expect(abs(mine - truth / 41) < 1e-9) }
  }
}

@Suite struct PessimismTests {
  /// One arm logged 1,000 times with mean 0.5, another once with reward 1.
  @Test func pessimismTakesTheKnownArm() throws {
    let rewards = (0..<1000).map { Double($0 % 2) } + [1]
    let log = try TabularLog(
      stateCount: 1, actionCount: 2, start: Array(0...1001), states: rewards.map { _ in 0 },
      actions: rewards.indices.map { $0 < 1000 ? 0 : 1 }, rewards: rewards, next: rewards.map { _ in TabularLog.ended })
    #expect(log.pessimistic(horizon: 1, discount: 1, width: 0, bounds: 0...1).choices == [[1]])
    #expect(log.pessimistic(horizon: 1, discount: 1, width: 1, bounds: 0...1).choices == [[0]])
    let steps = (0...1000).map { PessimisticLinear.Step(features: $0 < 1000 ? [1, 0] : [0, 1], reward: rewards[$0], next: []) }
    let greedy = try PessimisticLinear([steps], beta: 0, ridge: 1e-6)
    #expect(greedy.bound([0, 1], stepsToGo: 1) > greedy.bound([1, 0], stepsToGo: 1))
    let careful = try PessimisticLinear([steps], beta: 1)
    #expect(careful.bound([0, 1], stepsToGo: 1) < careful.bound([1, 0], stepsToGo: 1))
  }
}
