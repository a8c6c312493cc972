import AleaModel
import AleaSyntax
import Synchronization
import Testing

@testable import AleaEngine

@Suite struct SimulatorTests {
  /// A first-order autoregression with real states: `x' ~ Normal(0.8 x + u, 0.5)`, reward `x`.
  private func autoregression() -> ModelBuilder {
    let b = ModelBuilder("Autoregression", objective: .discounted(0.9))
    let x = b.state("x", .reals, 2)
    let u = b.add("u", .action, .numbers([0, 1]), .value((x < 0).then(b[1], else: b[0]).id))
    b.next(x, law: b.law(.normal, x * 0.8 + u * 0, b[0.5]))
    b.reward("level", x)
    return b
  }

  @Test func meansAgreeWithTheClosedForm() throws {
    let process = autoregression().process
    let result = try Simulator.simulate(process, episodes: 4000, horizon: 30, seed: 3, keepsLog: true)
    // E[x_t] = 2 * 0.8^t, so the discounted return is 2 (1 - 0.72^30) / 0.28.
    var ratio = 1.0
    for _ in 0..<30 { ratio *= 0.72 }
    let expected = 2 * (1 - ratio) / 0.28
    let estimate = result.discountedReturn
    #expect(abs(estimate.mean - expected) < 5 * estimate.standardError)
    #expect(result.lengths.allSatisfy { $0 == 30 })
    // The variance of x_1 is 0.25 and of x_2 is 0.25 (1 + 0.64).
    let log = try #require(result.log)
    let x = try #require(log.columns[.current(VariableID(0))])
    let second = log.time.indices.filter { log.time[$0] == 2 }.map { x[$0] }
    let mean = second.reduce(0, +) / 4000
    let variance = second.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3999
    #expect(abs(mean - 1.28) < 5 * (0.41 / 4000).squareRoot())
    #expect(abs(variance - 0.41) < 5 * 0.41 * (2.0 / 4000).squareRoot())
    // A row's next value is the following row's state, and the amounts are the states.
    let next = try #require(log.columns[.next(VariableID(0))])
    for row in 0..<1000 where log.episode[row] == log.episode[row + 1] { #expect(next[row] == x[row + 1]) }
    #expect(log.rewards[0] == x)
    #expect(log.columns[.current(VariableID(1))]! == x.map { $0 < 0 ? 1 : 0 })
  }

  @Test func theNumbersDoNotDependOnThreadsOrOtherEpisodes() throws {
    let process = autoregression().process
    let one = try Simulator.simulate(process, episodes: 1000, horizon: 20, seed: 11, control: WorkControl(threads: 1))
    let four = try Simulator.simulate(process, episodes: 1000, horizon: 20, seed: 11, control: WorkControl(threads: 4))
    let fewer = try Simulator.simulate(process, episodes: 300, horizon: 20, seed: 11)
    #expect(one.discounted == four.discounted)
    #expect(Array(one.discounted[0].prefix(300)) == fewer.discounted[0])
    let other = try Simulator.simulate(process, episodes: 300, horizon: 20, seed: 12)
    #expect(other.discounted != fewer.discounted)
  }

  @Test func aTablePolicyPlaysTheExploredProcess() throws {
    // Gambler's walk on 0...6 with probability 0.4 up, stake 1: ruin probability by the classical formula.
    let b = ModelBuilder("Gambler", objective: .total)
    let capital = b.state("capital", .range(0, 6), 2)
    let stake = b.action("stake", .range(1, 3), when: nil)
    b.process.availability.append((stake <= capital).id)
    b.process.availability.append((stake + capital <= 6).id)
    let win = b.draw("win", .boolean, b.law(.bernoulli, b[0.4]))
    b.next(capital, capital + (win == 1).then(stake, else: -stake))
    b.reward("goal", (b.primed(capital) == 6).then(b[1], else: b[0]))
    b.terminal((capital == 0) || (capital == 6))
    let explored = try Explorer.explore(b.process)
    let policy = SimulatedPolicy.table(explored) { state, _ in explored.sparse.choices(of: state).lowerBound }
    let result = try Simulator.simulate(b.process, policy: policy, episodes: 20_000, horizon: 10_000, seed: 5)
    let odds = 0.6 / 0.4
    func power(_ n: Int) -> Double { (0..<n).reduce(1) { value, _ in value * odds } }
    let expected = (power(2) - 1) / (power(6) - 1)
    let estimate = result.totalReturn
    #expect(abs(estimate.mean - expected) < 5 * (expected * (1 - expected) / 20_000).squareRoot())
    #expect(abs(estimate.standardError - (expected * (1 - expected) / 20_000).squareRoot()) < 1e-3)
  }

  @Test func faultsCarryEpisodeTimeAndState() throws {
    let b = ModelBuilder()
    let n = b.state("n", .range(0, 3), 0)
    b.next(n, n + 1)
    b.reward("r", b[1] / (n - 9))
    let error = #expect(throws: DiagnosticError.self) { try Simulator.simulate(b.process, episodes: 2, horizon: 10, seed: 1) }
    let diagnostic = try #require(error?.diagnostics.first)
    #expect(diagnostic.message == "`n'` becomes 4, outside its domain 0..3")
    #expect(diagnostic.notes.first == "in episode 0, t = 3, state n = 3")

    let open = ModelBuilder()
    let y = open.state("y", .boolean, 0)
    _ = open.action("go", .boolean)
    open.next(y, y)
    #expect(throws: DiagnosticError.self) { try Simulator.simulate(open.process, episodes: 1, horizon: 1, seed: 1) }
  }

  @Test func cancellingEndsTheWork() throws {
    let control = WorkControl(threads: 1) { _ in false }
    #expect(throws: WorkCancelled.self) {
      try Simulator.simulate(autoregression().process, episodes: 5000, horizon: 5, seed: 1, control: control)
    }
  }
}
