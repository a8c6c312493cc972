import AleaModel
import Testing

@testable import AleaSolvers

@Suite struct UndiscountedKnownAnswersTests {
  private func total(_ states: [[(reward: Double, row: [(Int, Double)])]], maximizes: Bool = true) -> SparseProcess {
    HandProcess(states: states).sparse(Objective(criterion: .total, maximizes: maximizes))
  }

  @Test func whereGainsNeverEndTheTotalIsInfinite() throws {
    // 0 may enter a paying loop with probability 1/2 and else ends; 1 pays for ever; 2 only ends.
    let process = total([[(0, [(1, 0.5), (3, 0.5)])], [(1, [(1, 1)])], [(5, [(3, 1)])], []])
    let answer = try OptimisticValueIteration().solve(process, control: WorkControl())
    #expect(answer.lower == [.infinity, .infinity, answer.lower[2], 0])
    #expect(answer.lower[2] <= 5 && 5 <= answer.upper[2] && answer.bound < 1e-9)
    #expect(answer.notes.contains("2 states have value plus infinity"))
  }

  @Test func whereLossesCannotEndTheTotalIsMinusInfinity() throws {
    let process = total([[(-1, [(0, 1)])], [(-1, [(0, 0.5), (2, 0.5)]), (-7, [(2, 1)])], []])
    let answer = try OptimisticValueIteration().solve(process, control: WorkControl())
    #expect(answer.upper[0] == -.infinity)
    #expect(answer.lower[1] <= -7 && -7 <= answer.upper[1] && answer.policy[1] == 2)
    // As costs to be kept small the same model costs infinitely much.
    var costs = process.negated
    costs.objective.maximizes = false
    #expect(try OptimisticValueIteration().solve(costs, control: WorkControl()).lower[0] == .infinity)
  }

  @Test func restingForNothingBeatsALoss() throws {
    // Leaving the pair {0, 1} costs 3 and earns 2; staying is free.
    let process = total([[(0, [(1, 1)])], [(0, [(0, 1)]), (-3, [(2, 1)])], [(2, [(3, 1)])], []])
    let answer = try OptimisticValueIteration().solve(process, control: WorkControl())
    for state in 0...1 { #expect(answer.lower[state] <= 0 && 0 <= answer.upper[state]) }
    #expect(answer.policy[1] == 1)
  }

  @Test func totalsThatDoNotSettleAreRefused() {
    let process = total([[(1, [(1, 1)])], [(-1, [(0, 1)]), (0, [(2, 1)])], []])
    #expect(throws: UnmetRequirement.self) { try OptimisticValueIteration().solve(process, control: WorkControl()) }
  }

  /// The expected duration of a fair game between 0 and N from k is `k (N - k)`.
  @Test(arguments: [10, 80])
  func durationOfAFairGame(size: Int) throws {
    let process = total(
      (0...size).map { $0 == 0 || $0 == size ? [] : [(1, [($0 - 1, 0.5), ($0 + 1, 0.5)])] }, maximizes: false)
    let answer = try OptimisticValueIteration(tolerance: 1e-3).solve(process, control: WorkControl())
    for state in 0...size {
      let exact = Double(state * (size - state))
      #expect(answer.lower[state] <= exact && exact <= answer.upper[state])
    }
    #expect(answer.bound <= 1e-3)
  }

  @Test(arguments: [RandomKind.ending, .mixed, .costly, .restful, .tied], [true, false])
  func intervalIterationHoldsTheExactOptimum(kind: RandomKind, maximizes: Bool) throws {
    var generator = SeededGenerator(seed: 31)
    var solved = 0
    for round in 0..<40 {
      let process = kind.process(&generator, maximizes: maximizes, criterion: .total, maxStates: 4)
      let signed = maximizes ? process : process.negated
      guard let answer = try? IntervalIteration().solve(process, control: WorkControl()) else { continue }
      solved += 1
      var best = [ExactValue?](repeating: nil, count: process.stateCount)
      ExactChain.policies(of: signed) { policy in
        for (state, value) in ExactChain(signed, policy).totals().enumerated() {
          if let value, best[state] == nil || value > best[state]! { best[state] = value }
        }
      }
      for state in 0..<process.stateCount {
        guard let optimum = best[state] else { continue }
        #expect((maximizes ? optimum : optimum.negated).lies(in: answer.lower[state], answer.upper[state]), "\(round) \(answer)")
      }
    }
    #expect(solved >= 10)
  }

  @Test func truncatedDrawsWidenTheBounds() throws {
    var process = HandProcess(states: [[(1, [(0, 0.5), (1, 0.5)])], [(0, [(0, 1)])]]).sparse(Objective(criterion: .average))
    process.truncation = .init(mass: Column([0.01, 0]), rewardSlack: Column([0.1, 0]))
    let answer = try RelativeValueIteration().solve(process, control: WorkControl())
    // Any row within the tail: from 0 to itself with 0.49 to 0.51, earning 0.9 to 1.1.
    for (stay, reward) in [(0.49, 0.9), (0.49, 1.1), (0.51, 0.9), (0.51, 1.1)] {
      let gain = reward / (2 - stay)
      #expect(answer.lower[0] <= gain && gain <= answer.upper[0])
    }
    #expect(answer.bound < 0.2)
    process.objective.criterion = .total
    process.truncation = .init(mass: Column([0.01, 0]), rewardSlack: Column([0, 0]))
    let reached = try process.reachability(of: StateSet([1], count: 2), maximize: true)
    #expect(reached.lower[0] == 0 && reached.upper[0] == 1 && reached.lower[1] == 1 && !reached.notes.isEmpty)
    let within = try process.reachability(of: StateSet([1], count: 2), within: 2, maximize: true)
    for stay in [0.49, 0.5, 0.51] { #expect(within.lower[0] <= 1 - stay * stay && 1 - stay * stay <= within.upper[0]) }
  }

  @Test func otherObjectivesAreRefusedInWordsOfTheModel() {
    let process = HandProcess(states: [[]]).sparse(Objective(criterion: .discounted(0.9)))
    let unmet = OptimisticValueIteration().requirements(on: process)
    #expect(unmet.map { $0.found } == ["rewards are discounted by 0.9"])
    #expect(RelativeValueIteration().requirements(on: process).count == 1)
  }

  @Test func workCanBeStopped() {
    let size = 3000
    let process = total((0...size).map { $0 == 0 || $0 == size ? [] : [(1, [($0 - 1, 0.5), ($0 + 1, 0.5)])] })
    let control = WorkControl(report: { _ in false })
    #expect(throws: WorkCancelled.self) { try OptimisticValueIteration().solve(process, control: control) }
  }
}
