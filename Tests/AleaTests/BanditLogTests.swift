import Alea
import AleaEngine
import AleaModel
import AleaSolvers
import Foundation
import Testing

/// Logs of bandits: every round a decision, with the probability its action had given all that the policy had seen.
@Suite struct BanditLogTests {
  static func session(_ text: String) throws -> Session {
    let session = Session()
    try session.run(text: "import std.policies\n" + text, name: "log.alea")
    return session
  }

  static func estimate(_ session: Session, _ text: String) throws -> Estimate {
    guard case .object(let object) = try session.evaluate(text), let estimate = object as? Estimate else {
      throw ValueError("no estimate")
    }
    return estimate
  }

  static let ads = """
    bandit Ads {
      context x: {young, old} ~ {young: 0.4, old: 0.6}
      action arm: 0..2
      let p = [[0.2, 0.5, 0.3], [0.6, 0.1, 0.4]]
      reward ~ Bernoulli(if x == young then p[0][arm] else p[1][arm])
    }
    policy Logging for Ads { arm ~ if x == young then {0: 0.2, 1: 0.3, 2: 0.5} else {0: 0.5, 1: 0.3, 2: 0.2} }
    policy Target for Ads { arm ~ if x == young then {1: 0.8, 2: 0.2} else {0: 0.7, 1: 0.3} }
    let records = simulate(Ads, Logging, episodes: 20, horizon: 200, seed: 1)

    """

  /// 0.4 (0.8 * 0.5 + 0.2 * 0.3) + 0.6 (0.7 * 0.6 + 0.3 * 0.1) = 0.454, summed by hand; and n times the variance of inverse
  /// propensity, E[w^2 r] - 0.454^2 = 0.4 (0.8^2 / 0.3 * 0.5 + 0.2^2 / 0.5 * 0.3) + 0.6 (0.7^2 / 0.5 * 0.6 + 0.3^2 / 0.3 * 0.1) - 0.454^2.
  @Test(arguments: [
    "InversePropensity()", "SelfNormalized()", "DirectMethod()", "DoublyRobust()", "DoublyRobust(selfNormalized: true)",
    "SwitchEstimator(threshold: 5)", "Shrinkage(lambda: 1000)", "PerDecision()", "FittedQ()", "MarginalizedImportanceSampling()",
  ]) func finiteContexts(_ method: String) throws {
    let session = try Self.session(Self.ads)
    let found = try Self.estimate(session, "evaluate(Target, in: Ads, from: records, by: \(method))")
    #expect(abs(found.value - 0.454) < 4 * found.standardError, "\(method): \(found.value), \(found.standardError)")
    #expect(found.sampleSize == 4_000)
    #expect(found.standardError < 0.02)
    if method == "InversePropensity()" {
      let variance = 0.4 * (0.64 / 0.3 * 0.5 + 0.04 / 0.5 * 0.3) + 0.6 * (0.49 / 0.5 * 0.6 + 0.09 / 0.3 * 0.1) - 0.454 * 0.454
      #expect(abs(found.standardError * found.standardError * 4_000 / variance - 1) < 0.1)
    }
  }

  /// Policies that learn while they log: the weights are those of the moment.
  @Test(arguments: ["AnytimeEXP3()", "EpsilonGreedy(epsilon: 0.5)"]) func adaptiveLogs(_ policy: String) throws {
    let session = try Self.session(Self.ads + "let adaptive = simulate(Ads, \(policy), episodes: 200, horizon: 40, seed: 2)")
    for method in ["InversePropensity()", "SelfNormalized()", "DoublyRobust()"] {
      let found = try Self.estimate(session, "evaluate(Target, in: Ads, from: adaptive, by: \(method))")
      #expect(abs(found.value - 0.454) < 4 * found.standardError, "\(method): \(found.value), \(found.standardError)")
      #expect(found.standardError < 0.05)
    }
  }

  /// The recorded probabilities of exponential weights and of a random arm now and then, recomputed here from the rows alone.
  @Test func propensitiesAreThoseOfTheHistory() throws {
    let session = try Self.session(
      Self.ads
        + """
        let weights = simulate(Ads, AnytimeEXP3(), episodes: 3, horizon: 30, seed: 4)
        let greedy = simulate(Ads, EpsilonGreedy(epsilon: 0.3), episodes: 3, horizon: 30, seed: 4)
        """)
    func record(_ name: String) throws -> (LogRecord, [Int], [Double]) {
      guard case .object(let object) = try session.evaluate(name), let log = object as? Log else { throw ValueError("no log") }
      let record = try log.record()
      let choices = try LoggedChoices(log, record)
      return (record, choices.actions, try #require(choices.propensities))
    }
    let (rows, actions, chances) = try record("weights")
    for episode in 0..<3 {
      var loss = [0.0, 0, 0]
      for row in rows.start[episode]..<rows.start[episode + 1] {
        let rate = (log(3) / (Double(row - rows.start[episode] + 1) * 3)).squareRoot()
        let weights = loss.map { exp(-rate * $0) }
        let chance = weights[actions[row]] / weights.reduce(0, +)
        #expect(abs(chance - chances[row]) < 1e-12)
        loss[actions[row]] += (1 - rows.rewards[row]) / chance
      }
    }
    let (others, taken, shares) = try record("greedy")
    for episode in 0..<3 {
      var pulls = [0.0, 0, 0]
      var won = pulls
      for row in others.start[episode]..<others.start[episode + 1] {
        let means = (0..<3).map { pulls[$0] == 0 ? Double.infinity : won[$0] / pulls[$0] }
        // Means are kept as running averages there, so near ties are left out.
        let sorted = means.sorted()
        if sorted[2] == sorted[1] || sorted[2] - sorted[1] > 1e-9 {
          let best = means.firstIndex { $0 == sorted[2] } ?? 0
          let chance = 0.1 + (taken[row] == best ? 0.7 : 0)
          if sorted[2].isInfinite || sorted[2] - sorted[1] > 1e-9 { #expect(abs(chance - shares[row]) < 1e-12) }
        }
        pulls[taken[row]] += 1
        won[taken[row]] += others.rewards[row]
      }
    }
  }

  /// Real contexts x ~ N(0, I): arm k earns theta_k'x + noise, so the policy that takes the better of two arms by the sign of x_0 earns
  /// E|x_0| = sqrt(2 / pi).
  @Test(arguments: [
    "InversePropensity()", "SelfNormalized()", "DoublyRobust()", "SwitchEstimator()", "Shrinkage()",
    "DoublyRobust(features: quadratic)",
  ])
  func realContexts(_ method: String) throws {
    let session = try Self.session(
      """
      bandit Linear {
        context x: Real[2] ~ MultivariateNormal(zeros(2), identity(2))
        action arm: 0..1
        reward ~ Normal(if arm == 1 then x[0] else -x[0], 0.5)
      }
      policy Logging for Linear { arm ~ Bernoulli(1 / (1 + exp(-x[0] - x[1]))) }
      policy Sign for Linear { arm = if x[0] > 0 then 1 else 0 }
      let records = simulate(Linear, Logging, episodes: 4_000, horizon: 1, seed: 3)
      """)
    let found = try Self.estimate(session, "evaluate(Sign, in: Linear, from: records, by: \(method))")
    let truth = (2 / Double.pi).squareRoot()
    // Where every reward is modelled exactly, limited weights do no harm.
    #expect(abs(found.value - truth) < 4 * found.standardError, "\(found.value), \(found.standardError)")
    #expect(found.standardError < 0.1)
  }

  /// A restless bandit with a horizon is a decision process: its value from a log is that of the model.
  @Test func roundsThatFollowFromOneAnother() throws {
    let session = try Self.session(
      """
      bandit Restless {
        state good: Bool = true
        action arm: {steady, moody}
        good' ~ Bernoulli(if good then 0.8 else 0.3)
        reward ~ Bernoulli(if arm == steady then 0.5 else if good then 0.9 else 0.1)
        horizon 4
      }
      policy Coin for Restless { arm ~ {steady: 0.5, moody: 0.5} }
      policy Look for Restless { arm = if good then moody else steady }
      let records = simulate(Restless, Coin, episodes: 2000, seed: 1)
      """)
    // P(good) after k steps is g' = 0.3 + 0.5 g; a good round earns 0.9, another 0.5.
    var good = 1.0
    var truth = 0.0
    for _ in 0..<4 {
      truth += 0.9 * good + 0.5 * (1 - good)
      good = 0.3 + 0.5 * good
    }
    for method in ["PerDecision()", "DoublyRobust()", "FittedQ()"] {
      let found = try Self.estimate(session, "evaluate(Look, in: Restless, from: records, by: \(method))")
      #expect(abs(found.value - truth) < 4 * found.standardError, "\(method): \(found.value), \(truth)")
    }
  }

  /// Continuous draws decide: there are no propensities, and weighting says why; modelled rewards still answer.
  @Test func continuousDrawsHaveNoPropensities() throws {
    let session = try Self.session(Self.ads + "let sampled = simulate(Ads, Thompson(), episodes: 100, horizon: 30, seed: 2)")
    do {
      _ = try session.evaluate("evaluate(Target, in: Ads, from: sampled, by: InversePropensity())")
      Issue.record("weighed by unknown propensities")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.first?.message.contains("continuous") == true)
    }
    let found = try Self.estimate(session, "evaluate(Target, in: Ads, from: sampled)")
    #expect(found.method == "FittedQ()")
    #expect(abs(found.value - 0.454) < 5 * found.standardError)
  }

  /// The best arm by context, learned from a log, and worth no more than it promises.
  @Test func learningFromABanditsLog() throws {
    let session = try Self.session(
      Self.ads
        + """
        let learned = learn(in: Ads, from: records, by: PessimisticValueIteration())
        let best = simulate(Ads, learned.policy, episodes: 4000, horizon: 1, seed: 9)
        policy By(first: Int, second: Int) for Ads { arm = if x == young then first else second }
        let candidates = [By(first: 2, second: 2), By(first: 1, second: 0)]
        let searched = learn(candidates, in: Ads, from: records, by: PessimisticSearch())
        """)
    func number(_ text: String) throws -> Double {
      if case .real(let value) = try session.evaluate(text) { return value }
      return .nan
    }
    // Arm 1 for the young and arm 0 for the old earn 0.4 * 0.5 + 0.6 * 0.6 = 0.56.
    let (mean, error) = (try number("best.mean"), try number("best.error"))
    #expect(abs(mean - 0.56) < 4 * error)
    #expect(try number("learned.bound") < 0.56)
    #expect(try number("learned.bound") > 0.4)
    #expect(try session.evaluate("searched.best").description == "1")
    #expect(try number("searched.bound") < 0.56)
  }

  /// The rows as a table, and a log made of them again: the same estimate.
  @Test func aLogIsATable() throws {
    let session = try Self.session(
      Self.ads
        + """
        let adaptive = simulate(Ads, AnytimeEXP3(), episodes: 5, horizon: 40, seed: 2)
        let data = adaptive.data
        let again = logged(data, of: Ads, propensity: "propensity")
        """)
    guard case .object(let object) = try session.evaluate("data"), let table = object as? DataTable else {
      throw ValueError("no table")
    }
    #expect(table.columnNames == ["episode", "t", "x", "arm", "reward", "propensity"])
    #expect(table.rowCount == 200)
    #expect(table["t"]?.numbers[41] == 1 && table["episode"]?.numbers[41] == 2)
    let first = try Self.estimate(session, "evaluate(Target, in: Ads, from: adaptive, by: InversePropensity())")
    let second = try Self.estimate(session, "evaluate(Target, in: Ads, from: again, by: InversePropensity())")
    #expect(abs(first.value - second.value) < 1e-12)
    #expect(abs(first.standardError - second.standardError) < 1e-12)
  }

  /// A confounded log of a policy that remembers: read through its instrument. Arm 1 adds 0.3 to a reward that the confounder moves.
  @Test func confoundedLogs() throws {
    let session = try Self.session(
      """
      bandit Nudged {
        latent u ~ {0: 0.5, 1: 0.5}
        context z ~ {0: 0.5, 1: 0.5}
        action arm: 0..1
        reward ~ Bernoulli(0.1 + 0.3 * arm + 0.5 * u)
      }
      policy Habit for Nudged {
        memory rounds: Int = 0
        arm ~ Bernoulli(0.1 + 0.4 * z + 0.3 * u + 0.1 * (rounds mod 2))
        after { rounds += 1 }
      }
      policy One for Nudged { arm = 1 }
      policy Always(which: Int) for Nudged { arm = which }
      let records = simulate(Nudged, Habit, episodes: 50, horizon: 80, seed: 6)
      let learned = learn([Always(which: 0), Always(which: 1)], in: Nudged, from: records, by: PessimisticMinimax())
      """)
    let found = try Self.estimate(session, "evaluate(One, in: Nudged, from: records, by: InstrumentalEvaluation())")
    #expect(abs(found.value - 0.65) < 4 * found.standardError, "\(found.value), \(found.standardError)")
    #expect(found.standardError < 0.1)
    #expect(throws: DiagnosticError.self) {
      try session.evaluate("evaluate(One, in: Nudged, from: records, by: InversePropensity())")
    }
    // The pessimistic choice under confounding.
    #expect(try session.evaluate("learned.best").description == "1")
  }
}
