import AleaModel
import Testing

@testable import AleaSolvers

/// Bounds of a truncated process hold for every process that the truncation stands for.
@Suite struct TruncationTests {
  @Test func boundsCoverWhatWasLeftOut() throws {
    for seed in 0..<60 {
      let original = RandomProcesses.make(.plain, seed: seed, criterion: .discounted([0.5, 0.9, 0.99][seed % 3]))
      let discount = try #require(original.discountFactor)
      var stored = original
      var random = TestRandom(seed: UInt64(seed))
      let mass = Double.random(in: 1e-9...1e-3, using: &random)
      let slack = Double.random(in: 0...1e-3, using: &random)
      // The stored rows have up to `mass` of each choice moved to its first successor, and rewards off by up to `slack`.
      let probability = Column(original.probability.array)
      for choice in 0..<original.choiceCount where original.transitions(of: choice).count > 1 {
        let row = original.transitions(of: choice)
        let moved = min(mass, probability[row.last ?? 0] / 2) * 0.999
        probability[row.last ?? 0] -= moved
        probability[row.lowerBound] += moved
      }
      let reward = Column(
        original.channels[0].reward.array.map { $0 + 0.999 * slack * Double.random(in: -1...1, using: &random) })
      stored.probability = probability
      stored.channels[0].reward = reward
      stored.truncation = .init(
        mass: Column(repeating: mass, count: original.choiceCount),
        rewardSlack: Column(repeating: slack, count: original.choiceCount))
      let exactProcess = ExactRationalProcess(original)
      let exact = try #require(exactProcess.optimalValue(discount: discount))
      for method in [ValueIteration(), ModifiedPolicyIteration(), PolicyIteration()] as [any DynamicMethod] {
        let solution = try method.solve(stored, control: WorkControl())
        let own = try #require(exactProcess.value(ofPolicy: solution.policy, discount: discount))
        for state in 0..<original.stateCount {
          for value in [exact[state], own[state]] {
            #expect(ExactRational(solution.lower[state]) <= value && value <= ExactRational(solution.upper[state]))
          }
        }
      }
    }
  }
}
