import Alea
import CBenchReference

/// Policies written in Alea against a C loop of the same rules: ten Bernoulli arms, 10,000 rounds, 1,000 replications, one thread.
enum BanditSection: BenchSection {
  static let name = "bandits"
  static let summary =
    "policies as written in StdLib/policies.alea: CPU seconds on one thread, beside C, and mean regret with its error"

  private static let program = """
    import std.policies
    bandit Ten {
      action arm: 0..9
      let p = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
      reward ~ Bernoulli(p[arm])
      horizon 10_000
    }

    """

  /// Mean and standard error over 1,000 replications of an independent program (numpy).
  private static let policies: [(name: String, reference: (Double, Double), c: (@Sendable (Int64, Int64) -> Double)?)] = [
    ("UCB1", (379.495, 0.789), { reference_ucb1($0, $1) }), ("Thompson", (37.550, 0.611), { reference_thompson($0, $1) }),
    ("AnytimeEXP3", (230.258, 0.787), { reference_exp3($0, $1) }), ("EXP3", (750.158, 2.371), nil),
    ("MOSS", (98.185, 0.415), nil),
    ("AnytimeMOSS", (94.493, 0.407), nil), ("IMED", (43.513, 0.325), nil), ("KLUCB", (53.580, 0.356), nil),
  ]

  static func run() throws {
    var table = BenchTable(["policy", "CPU s", "C s", "ratio", "regret", "std. error", "reference", "apart by errors"])
    let session = Session(configuration: configuration)
    try session.run(text: program, name: "ten.alea")
    for (name, reference, c) in policies {
      let cpu = Measurement.cpuTime
      let value = try session.evaluate("simulate(Ten, \(name)(), replications: 1000, seed: 7)")
      let used = Measurement.cpuTime - cpu
      guard case .object(let object) = value, let race = object as? Race else { continue }
      let estimate = race.estimate(race.entries[0])
      var cells = ["", ""]
      if let c {
        let start = Measurement.cpuTime
        let regret = c(10_000, 1_000)
        let seconds = Measurement.cpuTime - start
        cells = [decimals(seconds, 3) + " (\(decimals(regret, 1)))", decimals(used / seconds, 2)]
      }
      let combined = (estimate.standardError * estimate.standardError + reference.1 * reference.1).squareRoot()
      table.add(
        [name, decimals(used, 3)] + cells + [
          decimals(estimate.mean, 2), decimals(estimate.standardError, 2), decimals(reference.0, 2),
          decimals(abs(estimate.mean - reference.0) / combined, 1),
        ])
    }
    table.print()
    try bayes()
  }

  /// The Bayes-optimal value of two Bernoulli arms with uniform priors over 100 rounds, beside that of an independent recursion.
  private static func bayes() throws {
    let session = Session(configuration: configuration)
    try session.run(
      text: """
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
        """, name: "bayes.alea")
    let cpu = Measurement.cpuTime
    guard case .real(let value) = try session.evaluate("solve(Bayes(100), tolerance: 1e-9).start") else { return }
    var table = BenchTable(["Bayes-optimal, 100 rounds", "CPU s", "value", "reference"])
    table.add([
      "two arms, uniform priors", decimals(Measurement.cpuTime - cpu, 2), decimals(value, 9), decimals(64.91842065102297, 9),
    ])
    table.print()
  }

  private static var configuration: Session.Configuration {
    var configuration = Session.Configuration()
    configuration.threads = 1
    return configuration
  }
}
