import Alea
import Foundation
import Testing

/// Instruments and pessimism as programs use them.
@Suite struct InstrumentalProgramTests {
  static func session(_ text: String) throws -> Session {
    let session = Session()
    try session.run(text: text, name: "instrument.alea")
    return session
  }

  func number(_ session: Session, _ text: String) throws -> Double {
    switch try session.evaluate(text) {
    case .real(let number): return number
    case .integer(let number): return Double(number)
    default: throw ValueError("not a number")
    }
  }

  /// The design of Xu et al. (2023): always acting is worth (E[x + y] + 2) / (1 - 0.9) = 20, since x + y stays as it is.
  static let plane = """
    mdp Plane {
      latent u ~ {-0.5: 0.5, 0.5: 0.5}
      state x: Real ~ Normal(0, 1)
      state y: Real ~ Normal(0, 1)
      observe z ~ Bernoulli(1 / (1 + exp(-x - y)))
      action a: 0..1
      x' = x + u + a - 0.5
      y' = y - u - a + 0.5
      reward x + y + 2 * a + 5 * u
      discount 0.9
    }
    policy Doctor for Plane { a ~ Bernoulli(1 / (1 + exp(-(x + y + 2 * z + u)))) }
    policy Always for Plane { a = 1 }
    let records = simulate(Plane, Doctor, episodes: 60, horizon: 40, seed: 2)
    """

  @Test(arguments: ["InstrumentalEvaluation()", "InstrumentalEvaluation(doublyRobust: true)"])
  func realStates(_ method: String) throws {
    let session = try Self.session(Self.plane)
    let call = "evaluate(Always, in: Plane, from: records, by: \(method))"
    let (value, error) = (try number(session, call + ".value"), try number(session, call + ".error"))
    #expect(abs(value - 20) < 4 * error, "\(value), \(error)")
    #expect(error < 5)
  }

  /// What the action does to the reward changes with the confounder: linear values are refused, by the name of the outcome.
  @Test func aConfoundedEffectIsRefused() throws {
    let session = try Self.session(Self.plane.replacingOccurrences(of: "2 * a + 5 * u", with: "2 * a * u + 5 * u"))
    do {
      _ = try session.evaluate("evaluate(Always, in: Plane, from: records, by: InstrumentalEvaluation())")
      Issue.record("answered")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.first?.message.contains("what the action does to the reward depends on what is latent") == true)
    }
  }

  /// All binary: values linear in a binary state are a table, so that linear values find the exact 612.5 / 41 and 444.5 / 41 too.
  @Test func linearValuesOfABinaryState() throws {
    let session = try Self.session(
      """
      mdp Clinic {
        latent u ~ {0: 0.5, 1: 0.5}
        state s: 0..1 = 0
        observe z ~ {0: 0.5, 1: 0.5}
        action treat: 0..1
        s' ~ Bernoulli(0.3 - 0.1 * treat + 0.2 * s + 0.3 * u)
        reward s - 0.3 * treat + 2 * u
        discount 0.9
      }
      policy Doctor for Clinic { treat ~ Bernoulli(0.1 + 0.5 * z + 0.3 * u + 0.05 * s) }
      policy Never for Clinic { treat = 0 }
      policy Always for Clinic { treat = 1 }
      let records = simulate(Clinic, Doctor, episodes: 150, horizon: 40, seed: 3)
      """)
    for (policy, truth) in [("Never", 612.5 / 41), ("Always", 444.5 / 41)] {
      let call = "evaluate(\(policy), in: Clinic, from: records, by: InstrumentalEvaluation(features: linear))"
      let (value, error) = (try number(session, call + ".value"), try number(session, call + ".error"))
      #expect(abs(value - truth) < 4 * error, "\(policy): \(value), \(error)")
      #expect(error < 1)
    }
  }

  /// Two contexts with a confounded choice of two arms: the quantile of the whole law, bounded from below by the sets of each context.
  @Test func quantileOfTheWholeLaw() throws {
    let session = try Self.session(
      """
      mdp Nudged {
        latent u ~ Normal(0, 1)
        latent noise ~ Normal(0, 1)
        state visit: {only} = only
        observe kind: {0, 1} ~ {0: 0.5, 1: 0.5}
        observe nudge: {0, 1} ~ {0: 0.5, 1: 0.5}
        action treat: {0, 1}
        visit' = visit
        reward kind + (if treat == 1 then 0.5 + 2 * u else u)
        horizon 1
      }
      policy Self for Nudged { treat = if 2 * (2 * nudge - 1) + u + noise + 0.1 * kind > 0 then 1 else 0 }
      policy Always(arm: Int) for Nudged { treat = arm }
      let records = simulate(Nudged, Self, episodes: 6000, horizon: 1, seed: 11)
      let learned = learn([Always(arm: 0), Always(arm: 1)], in: Nudged, from: records, maximize: quantile(0.25),
                          by: PessimisticMinimax(levels: 8))
      """)
    // The mixture of two normal laws a unit apart: Phi((q - m) / sd) / 2 + Phi((q - m - 1) / sd) / 2 = 0.25, by bisection.
    func truth(_ mean: Double, _ sd: Double) -> Double {
      func cdf(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
      var (low, high) = (-20.0, 20.0)
      for _ in 0..<100 {
        let q = 0.5 * (low + high)
        if 0.5 * cdf((q - mean) / sd) + 0.5 * cdf((q - mean - 1) / sd) < 0.25 { low = q } else { high = q }
      }
      return low
    }
    for (arm, exact) in [truth(0, 1), truth(0.5, 2)].enumerated() {
      let bound = try number(session, "learned.bounds[\(arm)]")
      #expect(bound <= exact, "\(arm): \(bound), \(exact)")
      #expect(bound > exact - 1, "\(arm): \(bound), \(exact)")
    }
    #expect(try number(session, "learned.best") == 0)
  }

  /// Half the clients are of each kind; the conditional quantile of a plan that pays 100 to one and 4 to the other is 52. A log of 300
  /// has more of one kind than of the other: bounds that took its shares for the truth would be too high every second time.
  @Test func theLawOfContextsIsLearnedToo() throws {
    let session = try Self.session(
      """
      mdp Fund {
        state stage: {only} = only
        observe kind: {rich, poor} ~ {rich: 0.5, poor: 0.5}
        action plan: 1..2
        stage' = stage
        reward if kind == rich then 100 else if plan == 2 then 4 else 0
        horizon 1
      }
      policy ByKind for Fund { plan ~ if kind == rich then {1: 0.3, 2: 0.7} else {1: 0.6, 2: 0.4} }
      policy Second for Fund { plan = 2 }
      """)
    var above = 0
    for seed in 1...20 {
      let bound = try number(
        session,
        "learn(Second, in: Fund, from: simulate(Fund, ByKind, episodes: 300, seed: \(seed)), maximize: conditionalQuantile(0.25), by: PessimisticSearch()).bound"
      )
      if bound > 52 { above += 1 }
      // Four errors of a share, and the margin of the level.
      let error = 48 / (300.0).squareRoot()
      #expect(bound > 52 - 5.645 * error)
    }
    // One in twenty is allowed by the level; five or more come once in four hundred times.
    #expect(above <= 4, "\(above)")
  }

  /// One arm logged 1,000 times with mean 0.5, another once with reward 1: linear values with a width take the first too; the answer
  /// names its method as it was called, and promises nothing.
  @Test func linearPessimism() throws {
    let session = try Self.session(
      """
      mdp Drugs {
        state visit: {only} = only
        action drug: {known, new}
        helped ~ Bernoulli(if drug == known then 0.5 else 0.2)
        visit' = visit
        reward helped
        horizon 1
      }
      let drug = ["known", "new"]
      let data = table(drug: [i in 0..1000: if i < 1000 then "known" else "new"], reward: [i in 0..1000: if i < 1000 then i mod 2 else 1])
      let records = logged(data, of: Drugs)
      let greedy = learn(in: Drugs, from: records, by: PessimisticValueIteration(features: linear, width: 0, ridge: 1e-6))
      let careful = learn(in: Drugs, from: records, by: PessimisticValueIteration(features: linear, width: 1))
      let table = learn(in: Drugs, from: records, by: PessimisticValueIteration(confidence: 0.9))
      let certain = simulate(Drugs, careful.policy, episodes: 4000, seed: 1)
      """)
    #expect(abs(try number(session, "greedy.bound") - 1) < 1e-5)
    // Ridge 1: 500 / 1001 - 1 / sqrt(1001).
    #expect(abs(try number(session, "careful.bound") - (500 / 1001 - 1 / 1001.0.squareRoot())) < 1e-12)
    #expect(abs(try number(session, "certain.mean") - 0.5) < 4 * (try number(session, "certain.error")))
    guard case .object(let object) = try session.evaluate("careful"), let careful = object as? LearnedPolicy,
      case .object(let other) = try session.evaluate("table"), let table = other as? LearnedPolicy
    else { throw ValueError("no policy") }
    #expect(careful.method.contains("features: linear") && careful.method.contains("width: 1"))
    #expect(careful.claim == .none)
    #expect(table.claim == .certain(0.9))
    #expect(table.method == "PessimisticValueIteration(confidence: 0.9)")
    // Hoeffding with rewards in [0, 1], two pairs and two sides: 0.5 - sqrt(ln(4 / 0.1) / 2 / 1000).
    #expect(abs(table.bound - (0.5 - (log(40.0) / 2 / 1000).squareRoot())) < 1e-12)
  }

  /// Rewards of a normal law have no range: a number to choose by, and no promise.
  @Test func noRangeNoPromise() throws {
    let session = try Self.session(
      """
      mdp Noisy {
        state visit: {only} = only
        action arm: 0..1
        visit' = visit
        gain ~ Normal(arm, 1)
        reward gain
        horizon 1
      }
      policy Coin for Noisy { arm ~ Bernoulli(0.5) }
      let records = simulate(Noisy, Coin, episodes: 200, seed: 1)
      let learned = learn(in: Noisy, from: records, by: PessimisticValueIteration())
      """)
    guard case .object(let object) = try session.evaluate("learned"), let learned = object as? LearnedPolicy else {
      throw ValueError("no policy")
    }
    #expect(learned.claim == .none)
    #expect(learned.notes.contains { $0.contains("no bounds") })
    #expect(learned.description.contains("without a guarantee"))
  }

  /// A stop asked for while errors are estimated ends the work.
  @Test func estimatesCanBeStopped() throws {
    let session = Session(configuration: Session.Configuration(), output: { _ in }, progress: { $0.phase != "estimating" })
    try session.run(text: Self.plane, name: "plane.alea")
    #expect(throws: WorkCancelled.self) {
      try session.evaluate("evaluate(Always, in: Plane, from: records, by: InstrumentalEvaluation())")
    }
  }

  /// A log that would not fit is refused with its size, before it is made.
  @Test func logsKeepWithinMemory() throws {
    var configuration = Session.Configuration()
    configuration.memoryLimit = 100_000
    let session = Session(configuration: configuration)
    try session.run(text: Self.plane, name: "plane.alea")
    do {
      _ = try session.evaluate("records.rows")
      Issue.record("made")
    } catch let error as DiagnosticError {
      #expect(error.diagnostics.first?.message.contains("a log of 2400 rows") == true)
    }
  }
}
