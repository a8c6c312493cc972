import AleaModel
import Testing

@testable import AleaSolvers

@Suite struct ReachabilityTests {
  @Test(arguments: RandomKind.allCases, [true, false])
  func boundsHoldForTheExactOptimumAndForThePolicy(kind: RandomKind, maximize: Bool) throws {
    var generator = SeededGenerator(seed: 5)
    for round in 0..<60 {
      let process = kind.process(&generator, maximizes: true, criterion: .total, maxStates: 6)
      let count = process.stateCount
      let target = StateSet((0..<count).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }, count: count)
      // What happens after the target does not matter: in the exact chain targets end.
      func exact(_ policy: [Int]) -> [ExactRational] {
        ExactChain(process, policy.enumerated().map { target.contains($0.offset) ? -1 : $0.element }).reaching(Set(target.states))
      }
      var best: [ExactRational]?
      ExactChain.policies(of: process) { policy in
        let values = exact(policy)
        best = best.map { zip($0, values).map { maximize ? max($0, $1) : min($0, $1) } } ?? values
      }
      let answer = try process.reachability(of: target, maximize: maximize)
      let own = exact(answer.policy.map { Int($0) })
      for state in 0..<count {
        for value in [best![state], own[state]] {
          #expect(
            value.isAtLeast(answer.lower[state]) && value.isAtMost(answer.upper[state]),
            "\(kind) \(round) state \(state): \(value) \(answer)")
        }
        #expect((0...1).contains(answer.lower[state]) && (0...1).contains(answer.upper[state]))
        if best![state].isZero { #expect(answer.upper[state] == 0) }
        if best![state] == .one { #expect(answer.lower[state] == 1) }
      }
      #expect(answer.bound <= 1e-6)
    }
  }

  /// States in a row; heads moves one on, tails back to the middle: left and right end are equally likely although it takes about
  /// `2^n` steps, far more than value iteration has patience for (Haddad and Monmege 2018, figure 2).
  @Test(arguments: [4, 20, 45])
  func haddadAndMonmegesChainReachesEitherEndWithProbabilityOneHalf(length n: Int) throws {
    let middle = n
    let states = (0...(2 * n)).map { state -> [(reward: Double, row: [(Int, Double)])] in
      if state == 0 || state == 2 * n { return [] }
      if state == middle { return [(0, [(middle - 1, 0.5), (middle + 1, 0.5)])] }
      let onward = state < middle ? state - 1 : state + 1
      return [(0, [(onward, 0.5), (middle, 0.5)])]
    }
    let process = HandProcess(states: states).sparse(Objective(criterion: .total))
    for maximize in [true, false] {
      let answer = try process.reachability(of: StateSet([0], count: process.stateCount), maximize: maximize)
      #expect(answer.lower[middle] <= 0.5 && answer.upper[middle] >= 0.5 && answer.upper[middle] - answer.lower[middle] <= 2e-6)
    }
  }

  /// A fair game between 0 and N is won from k with probability k / N; a biased one with `(1 - x^k) / (1 - x^N)`, `x = q / p`.
  @Test(arguments: [(0.5, 10), (0.25, 10), (0.625, 10), (0.5, 60), (0.625, 410)])
  func gamblersRuin(p: Double, size: Int) throws {
    let states = (0...size).map { state -> [(reward: Double, row: [(Int, Double)])] in
      state == 0 || state == size ? [] : [(0, [(state + 1, p), (state - 1, 1 - p)])]
    }
    let process = HandProcess(states: states).sparse(Objective(criterion: .total))
    let answer = try process.reachability(of: StateSet([size], count: size + 1), maximize: true, tolerance: 1e-8)
    let x = (1 - p) / p
    for state in 0...size {
      let exact =
        x == 1
        ? Double(state) / Double(size)
        // Written so that large powers do not overflow.
        : x > 1
          ? (power(1 / x, size - state) - power(1 / x, size)) / (1 - power(1 / x, size))
          : (1 - power(x, state)) / (1 - power(x, size))
      #expect(answer.lower[state] <= exact * (1 + 1e-12) && exact * (1 - 1e-12) <= answer.upper[state])
    }
    #expect(answer.bound <= 1e-8)
  }

  private func power(_ base: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { value, _ in value * base } }

  /// Staying for ever in the component {0, 1} is worth nothing: value iteration from above would never see it.
  @Test func thePolicyLeavesEndComponentsThatAreWorthLess() throws {
    let process = HandProcess(states: [
      [(0, [(1, 1)])], [(0, [(0, 1)]), (0, [(2, 0.5), (3, 0.5)])], [], [],
    ]).sparse(Objective(criterion: .total))
    let answer = try process.reachability(of: StateSet([2], count: 4), maximize: true)
    #expect(answer.policy[1] == 2)
    #expect(answer.lower[0] <= 0.5 && answer.upper[0] >= 0.5 && answer.bound < 1e-9)
    let least = try process.reachability(of: StateSet([2], count: 4), maximize: false)
    #expect(least.upper[0] == 0 && least.upper[1] == 0 && least.policy[1] == 1)
  }

  @Test func withinSteps() throws {
    // A fair coin thrown n times shows heads at least once with probability 1 - 2^-n.
    let process = HandProcess(states: [[(0, [(0, 0.5), (1, 0.5)])], []]).sparse(Objective(criterion: .total))
    for steps in [0, 1, 2, 10, 40] {
      let exact = 1 - power(0.5, steps)
      let answer = try process.reachability(of: StateSet([1], count: 2), within: steps, maximize: true)
      #expect(answer.lower[0] <= exact && exact <= answer.upper[0] && answer.upper[0] - answer.lower[0] < 1e-12)
    }
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<100 {
      let process = RandomKind.mixed.process(&generator, maximizes: true, criterion: .total)
      let count = process.stateCount
      let target = StateSet([Int.random(in: 0..<count, using: &generator)], count: count)
      var exact = (0..<count).map { target.contains($0) ? ExactRational.one : .zero }
      for steps in 0..<4 {
        let answer = try process.reachability(of: target, within: steps, maximize: false)
        for state in 0..<count {
          #expect(exact[state].isAtLeast(answer.lower[state]) && exact[state].isAtMost(answer.upper[state]))
        }
        exact = (0..<count).map { state in
          if target.contains(state) { return .one }
          return process.choices(of: state).map { choice in
            var sum = ExactRational.zero
            var mass = ExactRational.zero
            for k in process.transitions(of: choice) {
              sum += ExactRational(process.probability[k]) * exact[Int(process.successor[k])]
              mass += ExactRational(process.probability[k])
            }
            return (sum / mass).reduced
          }.min() ?? .zero
        }
      }
    }
  }
}
