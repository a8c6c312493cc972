import AleaModel
import Testing

@testable import AleaSolvers

@Suite struct BackwardInductionTests {
  private func solve(_ process: SparseProcess, _ method: BackwardInduction = BackwardInduction()) throws -> SparseSolution {
    try method.solve(process, control: WorkControl())
  }

  /// Earning 1 a step: n without discount, (1 - g^n) / (1 - g) with it.
  @Test(arguments: [0, 1, 2, 10, 200])
  func constantRewards(horizon: Int) throws {
    for discount in [1.0, 0.5] {
      let process = ProcessBuilder(
        states: [[(1, [(0, 1)])]], criterion: .finiteHorizon(horizon, discount: discount)
      ).process
      let solution = try solve(process)
      var sum = ExactRational.zero
      var power = ExactRational.one
      for _ in 0..<horizon {
        sum += power
        power = power * ExactRational(discount)
      }
      #expect(ExactRational(solution.lower[0]) <= sum && sum <= ExactRational(solution.upper[0]))
      #expect(solution.bound <= 1e-12 * Double(max(horizon, 1)))
    }
  }

  /// Selling a house: offers uniform on 1...6, seen one a day; waiting d more days is worth w_d = E max(X, w_{d-1}), so
  /// w_1 = 7/2, w_2 = 17/4, w_3 = 14/3 (the classical dice game with three throws).
  @Test func threeThrowsOfADie() throws {
    // States 0...5: a throw shows k + 1 and may be taken; 6: sold.
    let throwAgain: [(state: Int, probability: Double)] = (0..<6).map { ($0, 1.0 / 6) }
    let states: [[ProcessBuilder.Choice]] =
      (0..<6).map { [(Double($0 + 1), [(6, 1)]), (0, throwAgain)] } + [[]]
    // With three steps there are three throws to see, the first already on the table.
    let process = ProcessBuilder(states: states, criterion: .finiteHorizon(3, discount: 1)).process
    let solution = try solve(process)
    let expected: [Double] = [17.0 / 4, 17.0 / 4, 17.0 / 4, 17.0 / 4, 5, 6, 0]
    for state in 0..<7 { #expect(abs(solution.value[state] - expected[state]) < 1e-14) }
    let mean = solution.value[0..<6].reduce(0, +) / 6
    #expect(abs(mean - 14.0 / 3) < 1e-14)
    // Before the last throw 4, 5 and 6 are taken; before the last but one only 5 and 6; at the end anything.
    let stages = try #require(solution.stages)
    let policy = try #require(stages.policy)
    func takes(_ step: Int) -> [Bool] { (0..<6).map { policy[step * 7 + $0] == Int32(process.choices(of: $0).lowerBound) } }
    #expect(takes(0) == [false, false, false, false, true, true])
    #expect(takes(1) == [false, false, false, true, true, true])
    #expect(takes(2) == [true, true, true, true, true, true])
  }

  @Test func stepsAreKeptAsAsked() throws {
    let process = RandomProcesses.make(.plain, seed: 21, criterion: .finiteHorizon(30, discount: 1))
    let exact = ExactRationalProcess(process).finiteHorizonValue(30, discount: 1)
    let all = try #require(try solve(process, BackwardInduction(stages: .all)).stages)
    let values = try #require(all.value)
    for step in 0..<30 {
      for state in 0..<process.stateCount {
        let value = values[step * process.stateCount + state]
        #expect(ExactRational(value - all.error[step].nextUp) <= exact[step][state])
        #expect(ExactRational(value + all.error[step].nextUp) >= exact[step][state])
      }
    }
    let none = try #require(try solve(process, BackwardInduction(stages: .none)).stages)
    #expect(none.value == nil && none.policy == nil)
  }
}
