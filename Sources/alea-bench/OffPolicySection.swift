import AleaNumerics
import AleaSolvers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A confounded decision process with an instrument (Xu et al. 2023): how far estimates are from the true value 20, over many logs.
enum OffPolicySection: BenchSection {
  static let name = "offpolicy"
  static let summary = "a confounded process with an instrument: root mean squared error of the value, true value 20"

  static func run() throws {
    var table = BenchTable(["episodes", "logs", "direct", "rmse", "doubly robust", "rmse", "s a log"])
    for (episodes, logs) in [(200, 40), (1_000, 10)] {
      var direct: [Double] = []
      var robust: [Double] = []
      var seconds = 0.0
      for seed in 0..<logs {
        let log = try draw(episodes: episodes, steps: 100, seed: UInt64(seed))
        var answer = (direct: Double.nan, doublyRobust: Double.nan)
        seconds += Measurement.best(of: 1) { answer = (try? log.evaluate { _ in 1 }) ?? answer }.cpu
        direct.append(answer.direct)
        robust.append(answer.doublyRobust)
      }
      func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
      func error(_ values: [Double]) -> Double { mean(values.map { ($0 - 20) * ($0 - 20) }).squareRoot() }
      table.add([
        "\(episodes)", "\(logs)", decimals(mean(direct), 2), decimals(error(direct), 2), decimals(mean(robust), 2),
        decimals(error(robust), 2), decimals(seconds / Double(logs), 3),
      ])
    }
    table.print()
  }

  /// Two real states, a binary instrument and action, a confounder drawn afresh each step; 20 steps are run before the log starts.
  private static func draw(episodes: Int, steps: Int, seed: UInt64) throws -> InstrumentalLinear {
    var stream = RandomStream(seed: seed, stream: 0)
    func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    var state = (0..<episodes).map { _ in [stream.normal(), stream.normal()] }
    var (states, next, initial): ([Double], [Double], [Double]) = ([], [], [])
    var (instrument, actions, rewards): ([Double], [Double], [Double]) = ([], [], [])
    for time in 0..<20 + steps {
      if time == 20 { initial = state.flatMap { $0 } }
      for episode in 0..<episodes {
        let s = state[episode]
        let u = stream.uniformInteger(0, 1) - 0.5
        let z: Double = stream.uniform() < logistic(s[0] + s[1]) ? 1 : 0
        let a: Double = stream.uniform() < logistic(s[0] + s[1] + 2 * z + u) ? 1 : 0
        state[episode] = [s[0] + u + a - 0.5, s[1] - u - a + 0.5]
        guard time >= 20 else { continue }
        states += s
        next += state[episode]
        instrument.append(z)
        actions.append(a)
        rewards.append(s[0] + s[1] + 2 * a + 5 * u)
      }
    }
    return try InstrumentalLinear(
      states: states, next: next, dimension: 2, instrument: instrument, actions: actions, rewards: rewards, initial: initial,
      discount: 0.9)
  }
}
