import AleaNumerics
import AleaSolvers
import Foundation
import Testing

/// What the methods say of a law itself, without a sample: answers known in closed form or by quadrature.
@Suite struct OffPolicyPopulationTests {
  /// U, e standard normal, Z a fair coin, A = 1{1.2 (2Z - 1) + U + e > 0}, Y = U under A = 0 and 0.5 + 2U under A = 1.
  struct Nudged {
    /// Nodes of U with the mass of each, the midpoint rule on a fine grid.
    static let nodes = (0..<8_000).map { -8 + (Double($0) + 0.5) / 500 }
    static func density(_ u: Double) -> Double { exp(-u * u / 2) / (2 * Double.pi).squareRoot() / 500 }
    static func distribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    /// P(A = a, Y <= each grid value | z), by z, a, grid value.
    static func shares(_ grid: [Double]) -> [Double] {
      var result = [Double](repeating: 0, count: 4 * grid.count)
      for z in 0..<2 {
        for u in nodes {
          let treated = distribution(1.2 * Double(2 * z - 1) + u)
          for (a, y) in [u, 0.5 + 2 * u].enumerated() {
            let mass = density(u) * (a == 1 ? treated : 1 - treated)
            var low = 0
            var high = grid.count
            while low < high {
              let middle = (low + high) / 2
              if grid[middle] >= y { high = middle } else { low = middle + 1 }
            }
            if low < grid.count { result[(2 * z + a) * grid.count + low] += mass }
          }
        }
      }
      for cell in 0..<4 { for k in 1..<grid.count { result[cell * grid.count + k] += result[cell * grid.count + k - 1] } }
      return result
    }

    /// The quantile of what was logged under an action.
    static func unadjusted(_ level: Double, _ action: Int, _ shares: [Double], _ grid: [Double]) -> Double {
      let joint = grid.indices.map { 0.5 * (shares[action * grid.count + $0] + shares[(2 + action) * grid.count + $0]) }
      // By symmetry half the people are treated.
      return grid[joint.firstIndex { $0 >= level * 0.5 } ?? 0]
    }
  }

  /// At 0.25 the truth is (-0.674, -0.849), and the unadjusted quantiles are (-1.0146, 0.0158); the best action flips at 0.3085.
  @Test func quantilesByAnInstrumentAreThoseOfTheLaw() throws {
    let step = 0.01
    let grid = (0...400).map { -2.5 + step * Double($0) }
    let shares = Nudged.shares(grid)
    func set(_ level: Double, slack: Double = 0) throws -> InstrumentalLevelSet {
      try InstrumentalLevelSet(shares: shares, weights: [0.5, 0.5], actionCount: 2, level: level, grid: grid, slack: slack)
    }
    let quarter = try set(0.25)
    #expect(abs(quarter.minimizer[0] + 0.67449) <= 1.5 * step)
    #expect(abs(quarter.minimizer[1] + 0.84898) <= 1.5 * step)
    #expect(quarter.leastLoss < 1e-5)
    #expect(abs(Nudged.unadjusted(0.25, 0, shares, grid) + 1.01464) <= 1.5 * step)
    #expect(abs(Nudged.unadjusted(0.25, 1, shares, grid) - 0.01582) <= 1.5 * step)
    // Just below and above the flip the difference of the quantiles is about 0.03, three steps of the grid.
    #expect(try set(0.30).pessimisticAction == 0)
    #expect(try set(0.32).pessimisticAction == 1)
    // A larger set holds a smaller one, and the truth.
    let wide = try set(0.25, slack: 1e-3)
    #expect(wide.lower[0] < quarter.lower[0] && wide.upper[0] > quarter.upper[0])
  }

  /// Two equally likely contexts; in one every arm pays 100, in the other arm 1 pays 0 with probability 0.3 and 10 otherwise, arm 2 pays
  /// 4. The law itself, with its probabilities as weights, and no allowance for errors.
  @Test func twoMeaningsOfAQuantile() {
    func quantile(_ rewards: [Double], _ weights: [Double]) -> Double {
      WeightedBound.quantile(0.25, rewards, weights: weights, confidence: 0.5)
    }
    #expect(quantile([100, 0, 10], [0.5, 0.15, 0.35]) == 10)
    #expect(quantile([100, 4], [0.5, 0.5]) == 4)
    #expect(quantile([0, 10], [0.3, 0.7]) == 0)
    #expect(quantile([4], [1]) == 4)
  }
}

/// The set of mean rewards that an instrument leaves open.
@Suite struct InstrumentalMeanSetTests {
  /// A confounder U moves the action and adds to the reward g(A) = (1, 2).
  static func rows(_ count: Int, seed: UInt64) -> (z: [Int], a: [Int], y: [Double]) {
    var stream = RandomStream(seed: seed, stream: 0)
    var result: (z: [Int], a: [Int], y: [Double]) = ([], [], [])
    for _ in 0..<count {
      let z = stream.uniform() < 0.5 ? 1 : 0
      let u = stream.normal()
      let a = 1.5 * Double(2 * z - 1) + u + stream.normal() > 0 ? 1 : 0
      result.z.append(z)
      result.a.append(a)
      result.y.append((a == 1 ? 2 : 1) + u)
    }
    return result
  }

  /// With as many levels as actions the centre solves mean_z Y = sum_a P(a | z) g_a: Wald's ratio for the difference.
  @Test func theCentreIsWaldsRatio() throws {
    let (z, a, y) = Self.rows(500, seed: 1)
    let set = try InstrumentalMeanSet(
      instrument: z, actions: a, rewards: y, instrumentLevels: 2, actionCount: 2, confidence: 0.95)
    func mean(_ level: Int, _ of: (Int) -> Double) -> Double {
      let rows = z.indices.filter { z[$0] == level }
      return rows.reduce(0) { $0 + of($1) } / Double(rows.count)
    }
    let effect = (mean(1) { y[$0] } - mean(0) { y[$0] }) / (mean(1) { Double(a[$0]) } - mean(0) { Double(a[$0]) })
    #expect(abs(set.center[1] - set.center[0] - effect) < 1e-10)
    let base = mean(0) { y[$0] } - effect * mean(0) { Double(a[$0]) }
    #expect(abs(set.center[0] - base) < 1e-10)
  }

  /// The bounds hold for the truth together, at least as often as they say, while the means of the logged rewards lie outside.
  @Test func theBoundsHold() throws {
    var held = 0
    var width = 0.0
    var logged = 0.0
    let runs = 200
    for seed in 0..<runs {
      let (z, a, y) = Self.rows(1_000, seed: UInt64(100 + seed))
      let set = try InstrumentalMeanSet(
        instrument: z, actions: a, rewards: y, instrumentLevels: 2, actionCount: 2, confidence: 0.95)
      let lower = [set.lowerBound([1, 0]), set.lowerBound([0, 1])]
      if lower[0] <= 1, lower[1] <= 2 { held += 1 }
      width += (1 - lower[0]) / Double(runs)
      let untreated = a.indices.filter { a[$0] == 0 }
      logged += untreated.reduce(0) { $0 + y[$1] } / Double(untreated.count) / Double(runs)
    }
    // 0.95 less four standard errors of a share of 200.
    #expect(Double(held) / Double(runs) > 0.95 - 4 * (0.95 * 0.05 / Double(runs)).squareRoot())
    #expect(width > 0 && width < 0.3, "\(width)")
    // What was earned untreated understates 1 by far: the set is not around it.
    #expect(logged < 0.7)
  }

  @Test func anInstrumentWithoutEffectBoundsNothing() throws {
    let set = try InstrumentalMeanSet(
      instrument: [0, 1, 0, 1], actions: [0, 0, 0, 0], rewards: [1, 2, 3, 4], instrumentLevels: 2, actionCount: 2,
      confidence: 0.95)
    #expect(set.lowerBound([0, 1]) == -.infinity)
  }
}

/// Pessimistic value iteration with linear values and pooled steps.
@Suite struct PooledPessimismTests {
  typealias Step = PooledPessimism.Step

  /// One state, one action, n rows with reward r: w = n / (n + l) (r + g (w - b / sqrt(n + l))), solved by hand.
  @Test func oneStateForEver() throws {
    let (n, ridge, beta, discount, r) = (50.0, 2.0, 0.3, 0.9, 1.0)
    let log = [Step](repeating: Step(features: [1], reward: r, next: 0), count: 50)
    let found = try PooledPessimism(
      log, candidates: [[[1]]], steps: 400, discount: discount, beta: beta, ridge: ridge, bounds: 0...1)
    let shrink = n / (n + ridge)
    let penalty = beta / (n + ridge).squareRoot()
    let w = shrink * (r - discount * penalty) / (1 - shrink * discount)
    #expect(abs(found.coefficients[0] - w) < 1e-10)
    #expect(abs(found.values[0] - (w - penalty)) < 1e-10)
  }

  /// Random logs of three states and two actions, with indicators for features.
  static func log(seed: UInt64) throws -> (TabularLog, [Step], [[[Double]]]) {
    var stream = RandomStream(seed: seed, stream: 0)
    func indicator(_ s: Int, _ a: Int) -> [Double] { (0..<6).map { $0 == 2 * s + a ? 1 : 0 } }
    var (states, actions, rewards, next): ([Int], [Int], [Double], [Int]) = ([], [], [], [])
    var steps: [Step] = []
    for row in 0..<120 {
      let (s, a) = (row % 3, (row / 3) % 2)
      let after = Int(stream.uniformInteger(0, 2))
      states.append(s)
      actions.append(a)
      rewards.append(stream.uniform())
      next.append(after)
      steps.append(Step(features: indicator(s, a), reward: rewards[row], next: after))
    }
    let log = try TabularLog(
      stateCount: 3, actionCount: 2, start: Array(0...120), states: states, actions: actions, rewards: rewards, next: next)
    return (log, steps, (0..<3).map { s in (0..<2).map { indicator(s, $0) } })
  }

  /// Without width and ridge indicators are a table: certainty equivalence, over a horizon and for ever.
  @Test(arguments: [(5, 1.0), (200, 0.9)]) func indicatorsAreATable(_ steps: Int, _ discount: Double) throws {
    for seed in 1...5 {
      let (log, rows, candidates) = try Self.log(seed: UInt64(seed))
      let table = log.pessimistic(horizon: steps, discount: discount, width: 0, bounds: 0...1)
      let found = try PooledPessimism(
        rows, candidates: candidates, steps: steps, discount: discount, beta: 0, ridge: 1e-12, bounds: 0...1)
      for (a, b) in zip(found.values, try #require(table.values.last)) { #expect(abs(a - b) < 1e-8) }
      #expect(found.choices == table.choices.last)
    }
  }

  /// The algorithm of the paper, with a matrix for each step, given the same rows at each.
  @Test func agreesWithTheStepwiseForm() throws {
    let (_, rows, candidates) = try Self.log(seed: 7)
    let stepwise = try PessimisticLinear(
      (0..<4).map { _ in
        rows.map { .init(features: $0.features, reward: $0.reward, next: candidates[$0.next ?? 0]) }
      }, beta: 0.4, ridge: 0.7)
    let pooled = try PooledPessimism(rows, candidates: candidates, steps: 4, discount: 1, beta: 0.4, ridge: 0.7, bounds: 0...1)
    for (a, b) in zip(pooled.coefficients, stepwise.coefficients[3]) { #expect(abs(a - b) < 1e-10) }
    for state in 0..<3 {
      let best = candidates[state].map { stepwise.bound($0, stepsToGo: 4) }.max() ?? .nan
      #expect(abs(pooled.values[state] - best) < 1e-10)
    }
  }
}
