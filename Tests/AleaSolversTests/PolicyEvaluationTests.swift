import AleaModel
import Testing

@testable import AleaSolvers

@Suite struct PolicyEvaluationTests {
  /// Randomised policies, channels and occupancy against rational linear equations.
  @Test(arguments: RandomProcesses.Kind.allCases)
  func randomPoliciesAreEvaluatedWithinTheirBounds(kind: RandomProcesses.Kind) throws {
    for seed in 0..<16 {
      var process = RandomProcesses.discounted(kind, seed: seed)
      let discount = try #require(process.discountFactor)
      var random = TestRandom(seed: UInt64(seed))
      let cost = (0..<process.choiceCount).map { _ in -Double.random(in: 0...2, using: &random) }
      process.channels.append(.init(name: "cost", reward: Column(cost)))
      process.initial = [(0, 0.75), (Int32(process.stateCount - 1), 0.25)]
      var weights = [Double](repeating: 0, count: process.choiceCount)
      var chosen = [Int32](repeating: -1, count: process.stateCount)
      for state in 0..<process.stateCount where !process.isTerminal(state) {
        let own = process.choices(of: state)
        let raw = own.map { _ in Double.random(in: 0...1, using: &random) }
        for (choice, weight) in zip(own, raw) { weights[choice] = weight / raw.reduce(0, +) }
        chosen[state] = Int32(own.randomElement(using: &random) ?? 0)
      }
      var certain = [Double](repeating: 0, count: process.choiceCount)
      for choice in chosen where choice >= 0 { certain[Int(choice)] = 1 }
      for (policy, law) in [(SparsePolicy.randomized(weights), weights), (.deterministic(chosen), certain)] {
        let result = try PolicyEvaluation().evaluate(policy, in: process, control: WorkControl())
        let label = "\(kind) \(seed)"
        let total = try #require(exact(process, law, [0, 1], discount))
        #expect(holds(result.total, total), "\(label)")
        for channel in 0..<2 {
          let own = try #require(exact(process, law, [channel], discount))
          #expect(holds(result.channels[channel].values, own), "\(label), channel \(channel)")
        }
        let visits = try #require(exactVisits(process, law, discount))
        var off = ExactRational.zero
        for state in 0..<process.stateCount {
          let difference = ExactRational(result.occupancy[state]) - visits[state]
          off += difference < .zero ? -difference : difference
        }
        #expect(off <= ExactRational(result.occupancyBound), "\(label): \(off) \(result.occupancyBound)")
        if kind != .hugeAndTiny { #expect(result.total.bound <= 1e-6 && result.occupancyBound <= 1e-4, "\(label)") }
      }
    }
  }

  @Test func policiesThatDoNotFitAreRefused() throws {
    let process = ProcessBuilder(states: [[(1, [(0, 1)]), (0, [(1, 1)])], []], criterion: .discounted(0.5)).process
    let evaluation = PolicyEvaluation()
    for policy in [
      SparsePolicy.deterministic([0]), .deterministic([2, -1]), .deterministic([0, 0]), .randomized([1]),
      .randomized([0.5, 0.6]),
    ] {
      #expect(throws: InvalidPolicy.self) { try evaluation.evaluate(policy, in: process, control: WorkControl()) }
    }
  }

  private func holds(_ values: PolicyEvaluation.Values, _ exact: [ExactRational]) -> Bool {
    exact.indices.allSatisfy { ExactRational(values.lower[$0]) <= exact[$0] && exact[$0] <= ExactRational(values.upper[$0]) }
  }

  /// The matrix I - discount P of the policy, exactly.
  private func matrix(_ process: SparseProcess, _ weights: [Double], _ discount: Double) -> [[ExactRational]] {
    (0..<process.stateCount).map { state in
      var row = [ExactRational](repeating: .zero, count: process.stateCount)
      row[state] = .one
      for choice in process.choices(of: state) where weights[choice] > 0 {
        for index in process.transitions(of: choice) {
          row[Int(process.successor[index])] +=
            -(ExactRational(discount) * ExactRational(weights[choice]) * ExactRational(process.probability[index]))
        }
      }
      return row
    }
  }

  private func exact(_ process: SparseProcess, _ weights: [Double], _ channels: [Int], _ discount: Double) -> [ExactRational]? {
    let right = (0..<process.stateCount).map { state in
      var sum = ExactRational.zero
      for choice in process.choices(of: state) {
        for channel in channels {
          sum += ExactRational(weights[choice]) * ExactRational(process.channels[channel].reward[choice])
        }
      }
      return sum
    }
    return ExactLinear.solve(matrix(process, weights, discount), right)
  }

  private func exactVisits(_ process: SparseProcess, _ weights: [Double], _ discount: Double) -> [ExactRational]? {
    let rows = matrix(process, weights, discount)
    let transposed = rows.indices.map { column in rows.indices.map { rows[$0][column] } }
    var start = [ExactRational](repeating: .zero, count: process.stateCount)
    for (state, probability) in process.initial { start[Int(state)] += ExactRational(probability) }
    return ExactLinear.solve(transposed, start)
  }
}
