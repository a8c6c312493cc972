import Alea
import Foundation
import Testing

/// Bandit policies as written in `StdLib/policies.alea`, against independent simulations (numpy), exact recursions and constants.
@Suite struct BanditTests {
  static func json(_ name: String) throws -> [String: Any] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/\(name).json")
    return try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
  }

  static func session(_ text: String, threads: Int = 2) throws -> Session {
    var configuration = Session.Configuration()
    configuration.threads = threads
    let session = Session(configuration: configuration)
    try session.run(text: "import std.policies\n" + text, name: "bandit.alea")
    return session
  }

  func number(_ session: Session, _ expression: String) throws -> Double {
    switch try session.evaluate(expression) {
    case .real(let value): value
    case .integer(let value): Double(value)
    default: .nan
    }
  }

  static func race(_ session: Session, _ name: String = "race") throws -> Race {
    guard case .object(let object) = try session.evaluate(name), let race = object as? Race else { throw ValueError("no race") }
    return race
  }

  static let ten = """
    bandit Ten {
      action arm: 0..9
      let p = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
      reward ~ Bernoulli(p[arm])
      horizon 10_000
    }

    """

  /// Learning curves at 1,000 rounds against numpy's mean over 1,000 replications; the whole horizon is run by `alea-bench bandits`.
  @Test func learningCurvesMatchAnIndependentSimulation() throws {
    let policies = [
      ("UCB1()", "UCB1"), ("Thompson()", "TS"), ("AnytimeEXP3()", "EXP3any"), ("AnytimeMOSS()", "MOSSany"), ("IMED()", "IMED"),
      ("KLUCB()", "KLUCB"), ("BayesUCB()", "BayesUCB"),
    ]
    let rows = try #require(try Self.json("bernoulli_regret_10arms")["rows"] as? [[String: Any]])
    let replications = 150
    let session = try Self.session(
      Self.ten
        + "let race = simulate(Ten, [\(policies.map(\.0).joined(separator: ", "))], horizon: 1000, replications: \(replications), seed: 5)"
    )
    let race = try Self.race(session)
    for (entry, (_, name)) in zip(race.entries, policies) {
      let row = try #require(rows.first { $0["policy"] as? String == name })
      let curve = try #require(row["curve"] as? [[Double]])
      let expected = try #require(curve.first { $0[0] == 1000 })[1]
      let found = race.estimate(entry)
      // The reference has 1,000 replications with the same spread.
      let error = found.standardError * (1 + Double(replications) / 1000).squareRoot()
      #expect(abs(found.mean - expected) <= 4 * error, "\(name): \(found.mean) and \(expected)")
      #expect(found.standardError < 0.2 * found.mean)
    }
  }

  /// Two Bernoulli arms over a few rounds: every history enumerated by a recursion of its own, the policy by its formula.
  @Test func shortGamesMatchEnumeration() throws {
    let means = [0.3, 0.6]
    let rounds = 7
    func recursion(_ t: Int, _ pulls: [Double], _ wins: [Double]) -> Double {
      if t == rounds { return 0 }
      let index = (0..<2).map {
        pulls[$0] == 0 ? Double.infinity : wins[$0] / pulls[$0] + (2 * log(Double(t)) / pulls[$0]).squareRoot()
      }
      let arm = index[1] > index[0] ? 1 : 0
      var after = pulls
      after[arm] += 1
      var won = wins
      won[arm] += 1
      return means[arm] * (1 + recursion(t + 1, after, won)) + (1 - means[arm]) * recursion(t + 1, after, wins)
    }
    let expected = recursion(0, [0, 0], [0, 0])
    let session = try Self.session(
      """
      bandit Two {
        action arm: {a, b}
        reward ~ Bernoulli(match arm { a => 0.3, b => 0.6 })
        horizon \(rounds)
      }
      let race = simulate(Two, UCB1(), replications: 4000, seed: 3)
      """)
    let reward = try number(session, "race[0].reward")
    #expect(abs(reward - expected) <= 4 * (try number(session, "race[0].rewardError")))
    let regret = try number(session, "race[0].regret")
    #expect(abs(regret - (Double(rounds) * 0.6 - expected)) <= 4 * (try number(session, "race[0].error")))
  }

  /// Exponential weights over three rounds, enumerated: the policy draws its action.
  @Test func randomPoliciesMatchEnumeration() throws {
    let means = [0.2, 0.9]
    func recursion(_ t: Int, _ loss: [Double]) -> Double {
      if t == 4 { return 0 }
      let rate = (log(2) / (Double(t + 1) * 2)).squareRoot()
      let weights = loss.map { exp(-rate * $0) }
      let total = weights[0] + weights[1]
      return (0..<2).reduce(0) { sum, arm in
        let chance = weights[arm] / total
        var lost = loss
        lost[arm] += 1 / chance
        return sum + chance * (means[arm] * (1 + recursion(t + 1, loss)) + (1 - means[arm]) * recursion(t + 1, lost))
      }
    }
    let session = try Self.session(
      """
      bandit Two {
        action arm: 0..1
        let p = [0.2, 0.9]
        reward ~ Bernoulli(p[arm])
        horizon 4
      }
      let race = simulate(Two, AnytimeEXP3(), replications: 8000, seed: 3)
      """)
    let expected = recursion(0, [0, 0])
    #expect(abs(try number(session, "race[0].reward") - expected) <= 4 * (try number(session, "race[0].rewardError")))
  }

  @Test func threadsDoNotChangeABit() throws {
    let text =
      Self.ten + "let race = simulate(Ten, [Thompson(), AnytimeEXP3(), EpsilonGreedy()], horizon: 60, replications: 700, seed: 9)"
    let one = try Self.race(Self.session(text, threads: 1))
    let two = try Self.race(Self.session(text, threads: 2))
    for (a, b) in zip(one.entries, two.entries) {
      #expect(a.run.regret == b.run.regret)
      #expect(a.run.reward == b.run.reward)
      #expect(a.run.pulls == b.run.pulls)
    }
  }

  /// Random-progress bandits (speculative decoding): rounds of single arms by renewal recursion, regret in rounds by numpy.
  @Test(arguments: ["table1", "close"]) func stoppingTimes(_ name: String) throws {
    let instances = try #require(try Self.json("banditspec_sim")["instances"] as? [String: [String: Any]])
    let instance = try #require(instances[name])
    let rows = try #require(instance["rows"] as? [[String: Any]])
    let accept = try #require(instance["p"] as? [Double])
    let longest = try #require(instance["L"] as? Int)
    let row = try #require(rows.first { $0["N"] as? Int == 100 })
    let session = try Self.session(
      """
      bandit Drafting {
        state left: 0..100 = 100
        action drafter: 0..\(accept.count - 1)
        let accept = \(accept)
        accepted ~ Geometric(1 - accept[drafter])
        block = min(accepted, \(longest)) + 1
        left' = max(0, left - block)
        reward block
        terminal when left == 0
      }
      let race = simulate(Drafting, [UCBSpec(longest: \(longest)), EXP3Spec(longest: \(longest)), UCB1()],
                          horizon: 200, replications: 1500, seed: 2)
      """)
    let race = try Self.race(session)
    let fixed = try #require(row["E_ST_fixed"] as? [Double])
    for (found, expected) in zip(try #require(race.fixedRounds), fixed) { #expect(abs(found - expected) < 1e-8 * expected) }
    let algorithms = try #require(row["algs"] as? [String: [String: Double]])
    for entry in race.entries {
      let reference = try #require(algorithms[String(entry.policy.prefix { $0 != "(" })])
      // The reference's UCB1 works on blocks scaled to [0, 1]; ours sees blocks, so only the named two are compared.
      if entry.policy.hasPrefix("UCB1") { continue }
      let (mean, error) = (try #require(reference["regret"]), try #require(reference["se"]))
      let found = race.estimate(entry)
      let combined = (error * error + found.standardError * found.standardError).squareRoot()
      #expect(abs(found.mean - mean) <= 4 * combined, "\(entry.policy): \(found.mean), \(mean)")
    }
  }

  /// Against `Tests/Independent/linucb.py`: 6.0078 (standard error 0.0589) and 10.0281 (0.0790).
  @Test func linearContextualBandits() throws {
    let session = try Self.session(
      """
      bandit Linear {
        context x: Real[2] ~ MultivariateNormal(zeros(2), identity(2))
        action arm: 0..2
        let theta = [[1, 0], [0, 1], [-0.5, -0.5]]
        reward ~ Normal(dot(theta[arm], x), 0.5)
        horizon 300
      }
      let race = simulate(Linear, [LinUCB(width: 1), LinTS(scale: 0.5)], replications: 500, seed: 4)
      """)
    let race = try Self.race(session)
    for (entry, (mean, error)) in zip(race.entries, [(6.0078, 0.0589), (10.0281, 0.0790)]) {
      let found = race.estimate(entry)
      #expect(
        abs(found.mean - mean) <= 4 * (error * error + found.standardError * found.standardError).squareRoot(), "\(entry.policy)")
    }
  }

  /// Rewards from a table: regret is measured against the best fixed action, here worth 3 of the rounds the table pays.
  @Test func adversarialRewardsFromATable() throws {
    let session = try Self.session(
      """
      let pays = [[1, 0], [0, 1], [1, 0], [1, 0]]
      bandit Table {
        action arm: 0..1
        reward pays[t][arm]
        horizon 4
      }
      policy Second() for Table { arm = 1 }
      policy Switch() for Table { arm = t mod 2 }
      let race = simulate(Table, [Second(), Switch()], replications: 3, seed: 1)
      """)
    #expect(try number(session, "race[0].regret") == 2)
    #expect(try number(session, "race[0].reward") == 1)
    #expect(try number(session, "race[1].reward") == 3)
    #expect(try number(session, "race[1].regret") == 0)
  }

  /// The same rewards as columns of data.
  @Test func adversarialRewardsFromAColumn() throws {
    let session = try Self.session(
      """
      let pays = table(first: [1, 0, 1, 1], second: [0, 1, 0, 0])
      bandit Table {
        action arm: {first, second}
        reward if arm == first then pays.first[t] else pays.second[t]
        horizon 4
      }
      policy Second() for Table { arm = second }
      let race = simulate(Table, [Second(), AnytimeEXP3()], replications: 30, seed: 1)
      """)
    #expect(try number(session, "race[0].regret") == 2)
    #expect(abs(try number(session, "race[1].regret + race[1].reward") - 3) < 1e-12)
  }

  /// A restless arm moves by itself; the state is seen, and the policy that reads it has no regret.
  @Test func restlessArms() throws {
    let session = try Self.session(
      """
      bandit Restless {
        state good: Bool = true
        action arm: {steady, moody}
        good' ~ Bernoulli(if good then 0.8 else 0.3)
        reward ~ Bernoulli(if arm == steady then 0.5 else if good then 0.9 else 0.1)
        horizon 40
      }
      policy Look() for Restless { arm = if good then moody else steady }
      policy Blind() for Restless { arm = moody }
      let race = simulate(Restless, [Look(), Blind()], replications: 3000, seed: 1)
      """)
    #expect(try number(session, "race[0].regret") == 0)
    // Blind loses 0.4 in every round with a bad arm; the chain is good with probability g' = 0.8 g + 0.3 (1 - g).
    var good = 1.0
    var expected = 0.0
    for _ in 0..<40 {
      expected += 0.4 * (1 - good)
      good = 0.8 * good + 0.3 * (1 - good)
    }
    #expect(abs(try number(session, "race[1].regret") - expected) <= 4 * (try number(session, "race[1].error")))
  }

  @Test func constantsFromModels() throws {
    let session = try Self.session(
      Self.ten
        + """
        bandit Gauss {
          action arm: {a, b, c}
          reward ~ Normal(match arm { a => 1, b => 0.5, c => 0 }, 1)
        }
        mdp Arm {
          state s: 0..1 = 0
          s' ~ Bernoulli(if s == 0 then 0.5 else 0.9)
          reward s
          discount 0.9
        }
        let found = bestArm(Gauss, confidence: 0.9, seed: 1, replications: 40)
        let lucb = bestArm(Gauss, confidence: 0.9, by: LUCB(), seed: 1, replications: 10)
        """)
    // Published or computed elsewhere: the values of the reference tables.
    #expect(abs(try number(session, "lowerBound(Ten).constant") - 7.1018535) < 1e-7)
    #expect(abs(try number(session, "found.characteristicTime") - 34.28488) < 1e-5)
    #expect(abs(try number(session, "gittins(Beta(1, 1), discount: 0.9)") - 0.7028892) < 1e-7)
    // The state with the larger reward is worth what it pays now.
    #expect(abs(try number(session, "gittins(Arm)[s: 1]") - 1) < 1e-9)
    #expect(try number(session, "found.mistakes") <= 0.1)
    #expect(try session.evaluate("found.arm").description == "a")
    #expect(try number(session, "found.samples + 4 * found.error") >= (try number(session, "found.lowerBound")))
    #expect(try number(session, "lucb.mistakes") == 0)
  }

  /// Tabular Q-learning earns about what the epsilon-greedy version of the optimal policy earns, which the solver knows exactly.
  @Test func qLearningApproachesTheOptimum() throws {
    let session = try Self.session(
      """
      mdp Walk {
        state x: 0..4 = 0
        action go: {left, right}
        x' ~ {clamp(x + (if go == right then 1 else -1), 0, 4): 0.9, x: 0.1}
        reward if x == 4 then 1 else if x == 0 then 0.05 else 0
        discount 0.9
      }
      mdp Long {
        state x: 0..4 = 0
        action go: {left, right}
        x' ~ {clamp(x + (if go == right then 1 else -1), 0, 4): 0.9, x: 0.1}
        reward if x == 4 then 1 else if x == 0 then 0.05 else 0
        average
      }
      policy Greedy() for Long { go ~ {right: 0.95, left: 0.05} }
      let race = simulate(Walk, QLearning(epsilon: 0.1, initial: 10), horizon: 6000, replications: 40, seed: 1)
      let exact = evaluate(Greedy(), in: Long).start
      """)
    let race = try Self.race(session)
    let entry = race.entries[0]
    // The second half, so that learning is over.
    let middle = try #require(entry.run.checkpoints.lastIndex { $0 <= 3000 })
    let rounds = Double(entry.run.checkpoints.last! - entry.run.checkpoints[middle])
    let late = zip(entry.run.reward.last!, entry.run.reward[middle]).map { ($0 - $1) / rounds }
    let mean = late.reduce(0, +) / Double(late.count)
    let exact = try number(session, "exact")
    #expect(mean > 0.97 * exact && mean < 1.03 * exact, "\(mean), \(exact)")
  }

  @Test func bayesOptimalValuesOfTwoArms() throws {
    // Two arms with uniform priors: the state is what has been seen.
    let session = try Self.session(
      """
      mdp Bayes(rounds: Int = 2) {
        state wins[{a, b}]: 0..rounds = 0
        state losses[{a, b}]: 0..rounds = 0
        action arm: {a, b}
        won ~ Bernoulli((1 + wins[arm]) / (2 + wins[arm] + losses[arm]))
        wins'[i in {a, b}] = min(rounds, wins[i] + (if i == arm and won == 1 then 1 else 0))
        losses'[i in {a, b}] = min(rounds, losses[i] + (if i == arm and won == 0 then 1 else 0))
        reward won
        horizon rounds
      }
      """)
    #expect(abs(try number(session, "solve(Bayes(2)).start") - 13.0 / 12) < 1e-9)
    #expect(abs(try number(session, "solve(Bayes(3)).start") - 5.0 / 3) < 1e-9)
    #expect(abs(try number(session, "solve(Bayes(5)).start") - 2.888888888888889) < 1e-9)
    #expect(abs(try number(session, "solve(Bayes(10)).start") - 6.0217857142857145) < 1e-9)
  }

  /// The same with the rounds counted by what has been seen: as many states as histories, 316,251 of them (100 rounds, with 4,598,126, are
  /// solved by `alea-bench bandits`).
  @Test func bayesOptimalValueOfFiftyRounds() throws {
    let session = try Self.session(
      """
      mdp Bayes(rounds: Int = 2) {
        state wins[{a, b}]: 0..rounds = 0
        state losses[{a, b}]: 0..rounds = 0
        action arm: {a, b}
        won ~ Bernoulli((1 + wins[arm]) / (2 + wins[arm] + losses[arm]))
        wins'[i in {a, b}] = wins[i] + (if i == arm and won == 1 then 1 else 0)
        losses'[i in {a, b}] = losses[i] + (if i == arm and won == 0 then 1 else 0)
        reward won
        terminal when wins[a] + wins[b] + losses[a] + losses[b] == rounds
        total
      }
      """)
    #expect(abs(try number(session, "solve(Bayes(50), tolerance: 1e-10).start") - 31.996711881672084) < 1e-8)
  }

  /// Whittle indices, and three arms of which one may be played: the optimum, and the index policy, exactly. The figures are those of
  /// an independent program (markovianbandit-pkg agrees on the indices).
  @Test func whittleIndices() throws {
    let session = try Self.session(
      """
      let left = [[0.95, 0.05], [0.4, 0.6]]
      let played = [[0.6, 0.4], [0.1, 0.9]]
      mdp Arm {
        state s: 0..1 = 0
        action move: {leave, play}
        s' ~ Categorical([0, 1], if move == play then played[s] else left[s])
        reward s
        discount 0.95
      }
      let index = whittle(Arm)
      let values = [index[s: 0], index[s: 1]]
      mdp Three {
        state s[1..3]: 0..1 = 0
        action arm: 1..3
        s'[i in 1..3] ~ Categorical([0, 1], if arm == i then played[s[i]] else left[s[i]])
        reward sum(i in 1..3: s[i])
        discount 0.95
      }
      policy Index() for Three { arm = argmax(i in 1..3: values[s[i]]) }
      policy Myopic() for Three { arm = argmax(i in 1..3: 1 - abs(s[i] - 1)) }
      """)
    #expect(abs(try number(session, "values[0]") - 0.6963350785340284) < 1e-8)
    #expect(abs(try number(session, "values[1]") - 0.5428571428571455) < 1e-8)
    #expect(abs(try number(session, "solve(Three).start") - 19.79591255421406) < 1e-6)
    #expect(abs(try number(session, "evaluate(Index(), in: Three).start") - 19.795912554233674) < 1e-6)
  }

  @Test func whittleIndicesOfThreeStates() throws {
    let session = try Self.session(
      """
      let left = [[0.8, 0.15, 0.05], [0.4, 0.5, 0.1], [0.25, 0.35, 0.4]]
      let played = [[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6]]
      mdp Arm {
        state s: 0..2 = 0
        action plays: Bool
        s' ~ Categorical([0, 1, 2], if plays then played[s] else left[s])
        reward if plays then s / 2 else s / 10
        discount 0.95
      }
      let index = whittle(Arm)
      """)
    for (state, expected) in [0.34475806451612784, 0.5795914879070166, 0.8580786026200887].enumerated() {
      #expect(abs(try number(session, "index[s: \(state)]") - expected) < 1e-8)
    }
  }

  /// Three arms of which one is played: optimum, index policy, myopic policy and Lagrangian bound of the table, for each of its arms.
  @Test(arguments: ["two_state", "three_state", "intervention_arm (reward=state, both actions)"])
  func jointModelsOfRestlessArms(_ name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("AleaSolversTests/Data/theory_constants.json")
    let constants = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
    let entry = try #require((constants["whittle"] as? [String: [String: Any]])?[name])
    let joint = try #require(entry["joint_check"] as? [String: Double])
    let index = try #require(entry["index"] as? [Double])
    let both = entry["R"] as? [Double]
    let passive = try #require(both ?? entry["R_passive"] as? [Double])
    let active = try #require(both ?? entry["R_active"] as? [Double])
    let discount = try #require(entry["beta"] as? Double)
    let last = index.count - 1
    let session = try Self.session(
      """
      let left = \(try #require(entry["P_passive"] as? [[Double]]))
      let played = \(try #require(entry["P_active"] as? [[Double]]))
      let rest = \(passive)
      let pay = \(active)
      mdp Arm {
        state s: 0..\(last) = 0
        action plays: Bool
        s' ~ Categorical([i in 0..\(last): i], if plays then played[s] else left[s])
        reward if plays then pay[s] else rest[s]
        discount \(discount)
      }
      let index = whittle(Arm)
      let values = [i in 0..\(last): index[s: i]]
      mdp Three {
        state s[1..3]: 0..\(last) = 0
        action arm: 1..3
        s'[i in 1..3] ~ Categorical([k in 0..\(last): k], if arm == i then played[s[i]] else left[s[i]])
        reward sum(i in 1..3: if arm == i then pay[s[i]] else rest[s[i]])
        discount \(discount)
      }
      policy Index for Three { arm = argmax(i in 1..3: values[s[i]]) }
      policy Myopic for Three { arm = argmax(i in 1..3: pay[s[i]] - rest[s[i]]) }
      mdp Subsidy(subsidy: Real = 0) {
        state s: 0..\(last) = 0
        action plays: Bool
        s' ~ Categorical([i in 0..\(last): i], if plays then played[s] else left[s])
        reward if plays then pay[s] else rest[s] + subsidy
        discount \(discount)
      }
      """)
    #expect(
      abs(try number(session, "solve(Three, tolerance: 1e-9).start") - (try #require(joint["optimal_value_at_all-0"]))) < 1e-8)
    #expect(abs(try number(session, "evaluate(Index, in: Three).start") - (try #require(joint["whittle_value"]))) < 1e-8)
    // Where both choices pay alike the myopic rule plays the first arm.
    #expect(abs(try number(session, "evaluate(Myopic, in: Three).start") - (try #require(joint["myopic_value"]))) < 1e-8)
    // The bound is the least over subsidies l of 3 V_l(0) - 2 l / (1 - discount), convex and piecewise linear in l.
    func bound(_ subsidy: Double) throws -> Double {
      3 * (try number(session, "solve(Subsidy(\(subsidy)), tolerance: 1e-10).start")) - 2 * subsidy / (1 - discount)
    }
    var (low, high) = (0.0, 1.2)
    for _ in 0..<40 {
      let (a, b) = (low + (high - low) / 3, high - (high - low) / 3)
      if try bound(a) < bound(b) { high = b } else { low = a }
    }
    #expect(abs(try bound(0.5 * (low + high)) - (try #require(joint["lagrangian_bound"]))) < 1e-6)
  }

  /// `average` in the model takes the average criterion.
  @Test func whittleIndicesOfTheAverage() throws {
    let session = try Self.session(
      """
      let left = [[0.95, 0.05], [0.4, 0.6]]
      let played = [[0.6, 0.4], [0.1, 0.9]]
      mdp Arm {
        state s: 0..1 = 0
        action move: {leave, play}
        s' ~ Categorical([0, 1], if move == play then played[s] else left[s])
        reward s
        average
      }
      let index = whittle(Arm)
      """)
    #expect(abs(try number(session, "index[s: 0]") - 7.0 / 9) < 1e-8)
    #expect(abs(try number(session, "index[s: 1]") - 0.6) < 1e-8)
    #expect(abs(try number(session, "whittle(Arm, discount: 0.95)[s: 0]") - 0.6963350785340284) < 1e-8)
  }
}
