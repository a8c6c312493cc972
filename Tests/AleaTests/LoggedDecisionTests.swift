import Alea
import Foundation
import Testing

/// Logs as values of the language: what they hold, what they tell, what they keep to themselves.
@Suite struct LoggedDecisionTests {
  static let clinic = """
    mdp Clinic {
      latent  u ~ {0: 0.5, 1: 0.5}
      state   s: 0..1 = 0
      observe z ~ {0: 0.5, 1: 0.5}
      action  treat: 0..1
      s' ~ Bernoulli(0.3 - 0.1 * treat + 0.2 * s + 0.3 * u)
      reward s - 0.3 * treat + 2 * u
      discount 0.9
    }
    policy Open for Clinic { treat ~ Bernoulli(0.3 + 0.2 * z + 0.3 * s) }
    policy Mixed for Clinic { treat ~ Bernoulli(0.4 + 0.2 * s) }
    policy Doctor for Clinic { treat ~ Bernoulli(0.1 + 0.5 * z + 0.3 * u + 0.05 * s) }
    policy Never for Clinic { treat = 0 }
    policy Always for Clinic { treat = 1 }
    let open = simulate(Clinic, Open, episodes: 400, horizon: 20, seed: 1)
    let hidden = simulate(Clinic, Doctor, episodes: 400, horizon: 20, seed: 1)
    """

  private func session() throws -> Session {
    let session = Session()
    try session.run(text: Self.clinic, name: "clinic.alea")
    return session
  }

  private func number(_ session: Session, _ text: String) throws -> Double {
    switch try session.evaluate(text) {
    case .real(let number): return number
    case .integer(let number): return Double(number)
    default: throw OffPolicyFault("not a number")
    }
  }

  @Test func aSimulationIsALog() throws {
    let session = try session()
    #expect(try number(session, "open.rows") == 8_000)
    #expect(try number(session, "open.episodes") == 400)
    #expect(try number(session, "open.horizon") == 20)
    guard case .array(let propensities) = try session.evaluate("open.propensities") else {
      Issue.record("no propensities")
      return
    }
    let values = propensities.compactMap { if case .real(let value) = $0 { value } else { nil } }
    let possible = [0.3, 0.5, 0.6, 0.8].flatMap { [$0, 1 - $0] }
    #expect(values.count == 8_000)
    #expect(values.allSatisfy { value in possible.contains { abs($0 - value) < 1e-12 } })
    // What the policy read is latent: the log cannot tell how probable its actions were.
    guard case .nothing = try session.evaluate("hidden.propensities") else {
      Issue.record("propensities of a policy that reads a latent variable")
      return
    }
  }

  /// Every estimator of the open log comes near the exact value of the model, by its own error.
  @Test(arguments: [
    "DoublyRobust()", "DoublyRobust(selfNormalized: true)", "FittedQ()", "FittedQ(features: linear)",
    "FittedQ(features: quadratic)",
  ]) func estimatesAreNearTheExactValue(_ method: String) throws {
    let session = try session()
    let exact = try number(session, "evaluate(Mixed, in: Clinic).value.start")
    let estimate = try number(session, "evaluate(Mixed, in: Clinic, from: open, by: \(method)).value")
    let error = try number(session, "evaluate(Mixed, in: Clinic, from: open, by: \(method)).error")
    #expect(abs(estimate - exact) < 4 * error)
    #expect(error < 1)
  }

  /// Adjusting for what is recorded reverses the ranking; the instrument does not.
  @Test func theInstrumentKeepsTheRanking() throws {
    let session = try session()
    let never = try number(session, "evaluate(Never, in: Clinic, from: hidden).value")
    let always = try number(session, "evaluate(Always, in: Clinic, from: hidden).value")
    #expect(never > always)
    #expect(throws: DiagnosticError.self) { try session.evaluate("evaluate(Never, in: Clinic, from: hidden, by: FittedQ())") }
  }

  /// A policy with a draw of its own: its probabilities are summed over the draw.
  @Test func drawsOfAPolicyAreSummedOver() throws {
    let session = Session()
    try session.run(
      text: Self.clinic + """

        policy Now for Clinic {
          explores ~ Bernoulli(0.4)
          anything ~ Bernoulli(0.5)
          treat = if explores == 1 then anything else s
        }
        let mixed = simulate(Clinic, Now, episodes: 200, horizon: 20, seed: 1)
        """, name: "now.alea")
    guard case .array(let propensities) = try session.evaluate("mixed.propensities") else {
      Issue.record("no propensities")
      return
    }
    let values = propensities.compactMap { if case .real(let value) = $0 { value } else { nil } }
    #expect(values.count == 4_000)
    #expect(values.allSatisfy { abs($0 - 0.8) < 1e-12 || abs($0 - 0.2) < 1e-12 })
    // Such a policy is as much a target as one that states its probabilities.
    let exact = try number(session, "evaluate(Now, in: Clinic).value.start")
    let estimate = try number(session, "evaluate(Now, in: Clinic, from: open, by: DoublyRobust()).value")
    let error = try number(session, "evaluate(Now, in: Clinic, from: open, by: DoublyRobust()).error")
    #expect(abs(estimate - exact) < 4 * error)
  }

  @Test func theSameSeedGivesTheSameLog() throws {
    let text = "evaluate(Mixed, in: Clinic, from: open, by: PerDecision()).value"
    #expect(try number(session(), text) == number(session(), text))
  }

  /// Sizes of error in a problem without contexts: n times the variance is known exactly for each estimator (1.5683, 0.4727 by the delta
  /// method, 0.4285 for the efficient one), and so is the value, 0.68.
  @Test func errorsHaveTheirKnownSizes() throws {
    let session = Session()
    try session.run(
      text: """
        let q = [0.2, 0.5, 0.8]
        mdp OneStep {
          state s: {only} = only
          action a: 0..2
          clicked ~ Bernoulli(q[a])
          s' = s
          reward clicked
          horizon 1
        }
        policy Logging for OneStep { a ~ Categorical([0, 1, 2], [0.5, 0.3, 0.2]) }
        policy Target for OneStep { a ~ Categorical([0, 1, 2], [0.1, 0.2, 0.7]) }
        let records = simulate(OneStep, Logging, episodes: 20_000, seed: 4)
        let ips = evaluate(Target, in: OneStep, from: records, by: InversePropensity())
        let snips = evaluate(Target, in: OneStep, from: records, by: SelfNormalized())
        let robust = evaluate(Target, in: OneStep, from: records, by: DoublyRobust())
        """, name: "onestep.alea")
    for (name, variance) in [("ips", 1.5682666666666663), ("snips", 0.4727413333333332), ("robust", 0.4285333333333332)] {
      guard case .real(let error) = try session.evaluate("\(name).error"),
        case .real(let value) = try session.evaluate("\(name).value")
      else { throw ValueError("no estimate") }
      #expect(abs(20_000 * error * error / variance - 1) < 0.05, "\(name): \(20_000 * error * error)")
      #expect(abs(value - 0.68) < 4 * error, "\(name): \(value)")
    }
  }
}
