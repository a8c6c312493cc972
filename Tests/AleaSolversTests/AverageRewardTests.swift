import AleaModel
import Testing

@testable import AleaSolvers

@Suite struct AverageRewardTests {
  @Test(arguments: RandomKind.allCases, [true, false])
  func boundsHoldForTheExactGainAndForThePolicy(kind: RandomKind, maximizes: Bool) throws {
    var generator = SeededGenerator(seed: 9)
    for round in 0..<60 {
      let process = kind.process(&generator, maximizes: maximizes, criterion: .average)
      let count = process.stateCount
      var best: [ExactRational]?
      ExactChain.policies(of: process) { policy in
        let gains = ExactChain(process, policy).gains()
        best = best.map { zip($0, gains).map { maximizes ? max($0, $1) : min($0, $1) } } ?? gains
      }
      let answer = try RelativeValueIteration().solve(process, control: WorkControl())
      let own = ExactChain(process, answer.policy.map { Int($0) }).gains()
      for state in 0..<count {
        for gain in [best![state], own[state]] {
          #expect(
            gain.isAtLeast(answer.lower[state]) && gain.isAtMost(answer.upper[state]),
            "\(kind) \(round) state \(state): \(gain) \(answer)")
        }
      }
      #expect(answer.bound <= 1e-6, "\(kind) \(round): \(answer)")
      let evaluated = try process.averageReward(following: answer.policy)
      for state in 0..<count {
        #expect(own[state].isAtLeast(evaluated.lower[state]) && own[state].isAtMost(evaluated.upper[state]))
      }
      // Relative values satisfy the evaluation equation of the policy.
      guard let gain = answer.gain else {
        Issue.record("no gain")
        continue
      }
      let reward = process.totalReward()
      for state in 0..<count where answer.policy[state] >= 0 {
        let choice = Int(answer.policy[state])
        let ahead = process.transitions(of: choice).reduce(0.0) {
          $0 + process.probability[$1] * answer.value[Int(process.successor[$1])]
        }
        let scale = max(1, answer.value.map { $0.magnitude }.max() ?? 1)
        #expect(
          (reward[choice] + ahead - gain[state] - answer.value[state]).magnitude <= 2e-6 * max(1, 1e-6 * scale),
          "\(kind) \(round) state \(state) \(answer)")
      }
    }
  }

  /// The best gain of a graph with one successor a choice is the greatest mean over its cycles (Karp 1978), here found by walking
  /// through all of them.
  @Test func deterministicCyclesHaveTheGreatestMean() throws {
    var generator = SeededGenerator(seed: 10)
    for _ in 0..<60 {
      let count = Int.random(in: 2...7, using: &generator)
      var weight: [[Double?]] = Array(repeating: Array(repeating: nil, count: count), count: count)
      for i in 0..<count {
        weight[i][(i + 1) % count] = Double(Int.random(in: -5...5, using: &generator))
        weight[i][Int.random(in: 0..<count, using: &generator)] = Double(Int.random(in: -5...5, using: &generator))
      }
      // All simple cycles through their least state.
      var best = -Double.infinity
      func walk(_ start: Int, _ state: Int, _ seen: Int, _ length: Int, _ sum: Double) {
        for next in start..<count {
          guard let w = weight[state][next] else { continue }
          if next == start { best = max(best, (sum + w) / Double(length + 1)) }
          if seen >> next & 1 == 0 { walk(start, next, seen | 1 << next, length + 1, sum + w) }
        }
      }
      for start in 0..<count { walk(start, start, 1 << start, 0, 0) }
      let process = HandProcess(
        states: weight.map { row in row.enumerated().compactMap { next, w in w.map { (reward: $0, row: [(next, 1.0)]) } } }
      ).sparse(Objective(criterion: .average))
      let answer = try RelativeValueIteration(tolerance: 1e-9).solve(process, control: WorkControl())
      // The ring joins all states, so the gain is the same from each.
      for state in 0..<count {
        #expect(answer.lower[state] <= best + 1e-12 && best - 1e-12 <= answer.upper[state])
      }
      #expect(answer.bound <= 1e-9)
    }
  }

  /// A machine of age `i` fails with probability `f` a period; a failed one costs `C` and is new again, a preventive replacement costs
  /// `c`. Replacing at age `n` costs `(c S(n) + C (1 - S(n))) / sum of S(i) for i < n` a period, by renewal and reward, with `S` the
  /// probability to survive so many periods.
  @Test func machineReplacementCostsWhatRenewalTheorySays() throws {
    let failure = [0.05, 0.1, 0.2, 0.4, 0.7, 0.9]
    let (planned, broken) = (1.0, 6.0)
    let oldest = failure.count
    // State i: age i at the start of a period, before deciding; at the oldest age replacement is the only choice.
    let states = (0...oldest).map { age -> [(reward: Double, row: [(Int, Double)])] in
      func run(_ age: Int, _ cost: Double) -> (reward: Double, row: [(Int, Double)]) {
        (cost + failure[age] * broken, [(0, failure[age]), (age + 1, 1 - failure[age])])
      }
      var choices = [run(0, age == 0 ? 0 : planned)]
      if age > 0 && age < oldest { choices.append(run(age, 0)) }
      return choices
    }
    let process = HandProcess(states: states).sparse(Objective(criterion: .average, maximizes: false))
    let answer = try RelativeValueIteration(tolerance: 1e-9).solve(process, control: WorkControl())
    let costs = (1...oldest).map { age -> Double in
      var survival = 1.0
      var periods = 0.0
      for i in 0..<age {
        periods += survival
        survival *= 1 - failure[i]
      }
      return (planned * survival + broken * (1 - survival)) / periods
    }
    let least = costs.min()!
    for state in 0...oldest { #expect(answer.lower[state] - 1e-12 <= least && least <= answer.upper[state] + 1e-12) }
  }

  /// A birth and death chain has stationary law proportional to products of birth over death rates.
  @Test func longRunFractionsOfABirthAndDeathChain() throws {
    for size in [5, 500] {
      let (up, down) = (0.3, 0.45)
      let process = HandProcess(
        states: (0..<size).map { state in
          var row: [(Int, Double)] = []
          if state + 1 < size { row.append((state + 1, up)) }
          if state > 0 { row.append((state - 1, down)) }
          row.append((state, 1 - row.reduce(0) { $0 + $1.1 }))
          return [(Double(state), row)]
        }
      ).sparse(Objective(criterion: .average))
      let policy = (0..<size).map { Int32($0) }
      let fractions = try process.longRunFractions(following: policy)
      let ratio = up / down
      var expected = [1.0]
      for _ in 1..<size { expected.append(expected.last! * ratio) }
      let total = expected.reduce(0, +)
      for state in 0..<size { #expect((fractions[state] - expected[state] / total).magnitude <= 1e-11) }
      let mean = (0..<size).reduce(0.0) { $0 + Double($1) * expected[$1] / total }
      let gain = try process.averageReward(following: policy)
      #expect(gain.lower[0] <= mean + 1e-9 && mean - 1e-9 <= gain.upper[0])
    }
  }

  @Test func fractionsOfAChainWithSeveralClasses() throws {
    // From 0 to the absorbing 1 with probability 1/4, into the pair {2, 3} with 3/4.
    let process = HandProcess(states: [
      [(0, [(1, 0.25), (2, 0.75)])], [(0, [(1, 1)])], [(0, [(3, 1)])], [(0, [(2, 0.5), (3, 0.5)])],
    ]).sparse(Objective(criterion: .average))
    let fractions = try process.longRunFractions(following: [0, 1, 2, 3])
    for (fraction, exact) in zip(fractions, [0, 0.25, 0.25, 0.5]) { #expect((fraction - exact).magnitude < 1e-12) }
  }
}
