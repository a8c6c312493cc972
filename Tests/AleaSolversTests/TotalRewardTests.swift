import AleaModel
import Testing

@testable import AleaSolvers

@Suite struct TotalRewardTests {
  @Test(arguments: RandomKind.allCases, [true, false])
  func boundsHoldForTheExactOptimumAndForThePolicy(kind: RandomKind, maximizes: Bool) throws {
    var generator = SeededGenerator(seed: 77)
    var solved = 0
    for round in 0..<80 {
      let process = kind.process(&generator, maximizes: maximizes, criterion: .total)
      var best = [ExactValue?](repeating: nil, count: process.stateCount)
      var unsettled = false
      // Who minimises maximises the opposite; losing without limit counts from that side.
      let signed = maximizes ? process : process.negated
      ExactChain.policies(of: signed) { policy in
        for (state, value) in ExactChain(signed, policy).totals().enumerated() {
          guard let value else {
            unsettled = true
            continue
          }
          if best[state] == nil || value > best[state]! { best[state] = value }
        }
      }
      let answer: SparseSolution
      do {
        answer = try OptimisticValueIteration().solve(process, control: WorkControl())
      } catch let unmet as UnmetRequirement {
        #expect(unsettled, "\(kind) \(round) refused without reason: \(unmet)")
        continue
      }
      solved += 1
      let own = ExactChain(signed, answer.policy.map { Int($0) }).totals().map { maximizes ? $0 : $0?.negated }
      for state in 0..<process.stateCount {
        guard let optimum = best[state] else { continue }
        let value = maximizes ? optimum : optimum.negated
        #expect(value.lies(in: answer.lower[state], answer.upper[state]), "\(kind) \(round) state \(state): \(value) \(answer)")
        #expect(
          own[state]?.lies(in: answer.lower[state], answer.upper[state]) == true,
          "\(kind) \(round) state \(state): policy \(String(describing: own[state])) \(answer)")
        #expect(answer.lower[state] <= answer.value[state] && answer.value[state] <= answer.upper[state])
      }
      // Values of a million million cannot be told apart by less than a thousandth.
      let largest = answer.value.filter { $0.isFinite }.map { $0.magnitude }.max() ?? 0
      #expect(answer.bound <= max(1e-6, 4 * largest.ulp), "\(kind) \(round): \(answer)")
    }
    #expect(solved >= 20)
  }
}

extension ExactValue {
  var negated: ExactValue {
    switch self {
    case .minusInfinity: .plusInfinity
    case .plusInfinity: .minusInfinity
    case .finite(let value): .finite(ExactRational(0) - value)
    }
  }
}

extension SparseProcess {
  /// The same process with the sign of every reward changed.
  var negated: SparseProcess {
    var copy = self
    copy.channels = channels.map { Channel(name: $0.name, reward: Column($0.reward.array.map { 0 - $0 })) }
    return copy
  }

  /// A fair walk between 0 and N that stays where it is once in four, passes a room on its way up and may give up at any time: from k
  /// it makes `k (N - k)` moves, so `4/3 k (N - k)` steps. Loops, sure steps, ways out and branches stand in one component.
  @Test(arguments: [8, 30, 90])
  func lazyWalkThroughRooms(size: Int) throws {
    var states: [[ProcessBuilder.Choice]] = (0...size).map { state in
      if state == 0 || state == size { return [] }
      return [
        (0, [(0, 1)]), (1, [(state, 0.25), (state - 1, 0.375), (size + state, 0.375)]), (0.5, [(state, 0.5), (size, 0.5)]),
      ]
    }
    states += (1..<size).map { [(0, [($0 + 1, 1)])] }
    let process = ProcessBuilder(states: states, criterion: .total).process
    let answer = try OptimisticValueIteration().solve(process, control: WorkControl())
    for state in 0...size {
      let exact = 4.0 / 3 * Double(state * (size - state))
      #expect(answer.lower[state] <= exact * (1 + 1e-14) && exact * (1 - 1e-14) <= answer.upper[state], "\(state) \(exact)")
    }
    #expect(answer.bound <= 1e-6)
    for state in 1..<size { #expect(answer.policy[state] == Int32(3 * (state - 1) + 1)) }
  }
}
