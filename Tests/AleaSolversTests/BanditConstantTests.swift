import AleaSolvers
import Foundation
import Testing

/// Constants of bandit theory against `Data/theory_constants.json`, made by independent programs (nested root finding checked by
/// SLSQP, restart-in-state and largest-index elimination).
@Suite struct BanditConstantTests {
  static var constants: [String: Any] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/theory_constants.json")
    guard let data = try? Data(contentsOf: path), let object = try? JSONSerialization.jsonObject(with: data) else { return [:] }
    return object as? [String: Any] ?? [:]
  }

  static func section(_ name: String) throws -> [String: [String: Any]] {
    try #require(constants[name] as? [String: [String: Any]])
  }

  @Test func laiRobbinsConstants() throws {
    for (name, entry) in try Self.section("lai_robbins") {
      let means = try #require(entry["means"] as? [Double])
      let bound = RegretLowerBound(arms: means.map { .bernoulli($0) })
      let expected = try #require(entry["lai_robbins_C"] as? Double)
      #expect(abs(bound.constant - expected) <= 1e-8 * expected, "\(name)")
      let gaussian = RegretLowerBound(arms: means.map { .gaussian(mean: $0, sd: 0.5) })
      let expectedGaussian = try #require(entry["gaussian_sigma0.5_C"] as? Double)
      #expect(abs(gaussian.constant - expectedGaussian) <= 1e-8 * expectedGaussian, "\(name)")
      // A Bernoulli law is also a law on {0, 1} among all laws on [0, 1]; there the least divergence is the same.
      let finite = RegretLowerBound(arms: means.map { .finite(values: [0, 1], probabilities: [1 - $0, $0], bound: 1) })
      #expect(abs(finite.constant - expected) <= 1e-8 * expected, "\(name)")
    }
  }

  @Test func characteristicTimes() throws {
    for (name, entry) in try Self.section("characteristic_time") {
      let means = try #require(entry["means"] as? [Double])
      let isGaussian = try #require(entry["family"] as? String).hasPrefix("Gaussian")
      let answer = CharacteristicTime(arms: means.map { isGaussian ? .gaussian(mean: $0, sd: 1) : .bernoulli($0) })
      let expected = try #require(entry["Tstar"] as? Double)
      #expect(abs(answer.time - expected) <= 1e-8 * expected, "\(name): \(answer.time)")
      // The optimum is flat in the weights, so they are known to about the square root of the accuracy of the time.
      for (weight, known) in zip(answer.weights, try #require(entry["wstar"] as? [Double])) {
        #expect(abs(weight - known) <= 1e-6, "\(name)")
      }
    }
  }

  @Test func gittinsIndicesOfBernoulliArms() throws {
    for (name, entry) in try Self.section("gittins_bernoulli") {
      let discount = try #require(Double(name.dropFirst("beta=".count)))
      guard discount < 0.99 else { continue }  // minutes in a debug build; `alea-bench` has it
      let table = try #require(entry["table rows alpha=1.. cols beta=1.."] as? [[Double]])
      for (a, b) in [(1, 1), (2, 1), (1, 3)] where discount <= 0.9 || (a, b) == (1, 1) {
        let index = GittinsIndex.bernoulli(successes: Double(a), failures: Double(b), discount: discount)
        #expect(abs(index - table[a - 1][b - 1]) <= 1e-8, "\(name) Beta(\(a), \(b)): \(index)")
      }
    }
  }

  @Test func gittinsIndicesOfAChain() throws {
    let entry = try #require(Self.constants["gittins_markov_chain_4state"] as? [String: Any])
    let index = GittinsIndex.chain(
      transition: try #require(entry["P"] as? [[Double]]), reward: try #require(entry["r"] as? [Double]),
      discount: try #require(entry["beta"] as? Double))
    for (value, known) in zip(index, try #require(entry["index_largest_remaining"] as? [Double])) {
      #expect(abs(value - known) <= 1e-12)
    }
  }

  /// Every arm of the table, and the arm that is left as it is, whose index is Gittins'.
  @Test func whittleIndicesOfTheTable() throws {
    for (name, entry) in try Self.section("whittle") {
      let known = try #require(entry["index"] as? [Double])
      let found: (indices: [Double], isIndexable: Bool)?
      if let passive = entry["P_passive"] as? [[Double]] {
        let active = try #require(entry["P_active"] as? [[Double]])
        let both = entry["R"] as? [Double]
        found = WhittleIndex.indices(
          passive: passive, active: active, passiveReward: try #require(both ?? entry["R_passive"] as? [Double]),
          activeReward: try #require(both ?? entry["R_active"] as? [Double]), discount: try #require(entry["beta"] as? Double))
      } else {
        let chain = try #require(Self.constants["gittins_markov_chain_4state"] as? [String: Any])
        let active = try #require(chain["P"] as? [[Double]])
        let rewards = try #require(chain["r"] as? [Double])
        let rested = rewards.indices.map { row in rewards.indices.map { $0 == row ? 1.0 : 0 } }
        found = WhittleIndex.indices(
          passive: rested, active: active, passiveReward: rewards.map { _ in 0 }, activeReward: rewards,
          discount: try #require(chain["beta"] as? Double))
      }
      let answer = try #require(found)
      #expect(answer.isIndexable == (try #require(entry["indexable"] as? Bool)), "\(name)")
      #expect(answer.indices.count == known.count)
      for (value, expected) in zip(answer.indices, known) { #expect(abs(value - expected) < 1e-8, "\(name)") }
    }
  }

  /// The long-run average: 0.375, 0.5951807, 0.8636364 for the arm of three states and 0.7777778, 0.6 for the intervention arm
  /// (another program's figures, seven digits), and the limit of discounted indices.
  @Test func whittleIndicesOfTheAverage() throws {
    let table = try Self.section("whittle")
    func arm(_ name: String, _ discount: Double?) throws -> [Double] {
      let entry = try #require(table[name])
      let both = entry["R"] as? [Double]
      let answer = WhittleIndex.indices(
        passive: try #require(entry["P_passive"] as? [[Double]]), active: try #require(entry["P_active"] as? [[Double]]),
        passiveReward: try #require(both ?? entry["R_passive"] as? [Double]),
        activeReward: try #require(both ?? entry["R_active"] as? [Double]), discount: discount)
      return try #require(answer).indices
    }
    for (name, known) in [
      ("three_state", [0.375, 0.5951807, 0.8636364]), ("intervention_arm (reward=state, both actions)", [7.0 / 9, 0.6]),
    ] {
      let average = try arm(name, nil)
      for (value, expected) in zip(average, known) { #expect(abs(value - expected) < 1e-7, "\(name): \(value)") }
      for (value, limit) in zip(average, try arm(name, 0.999_999)) { #expect(abs(value - limit) < 1e-4) }
    }
    // An arm that stays where it is has no average index that holds in every state.
    #expect(
      WhittleIndex.indices(
        passive: [[1, 0], [0, 1]], active: [[1, 0], [0, 1]], passiveReward: [0, 0], activeReward: [1, 2], discount: nil) == nil)
  }

  /// Arms in which a state is left alone at a subsidy and played at a larger one, as value iteration shows here.
  @Test func armsThatAreNotIndexable() throws {
    typealias Case = (passive: [[Double]], active: [[Double]], reward: [Double], left: Double, played: Double)
    let arms: [Case] = [
      (
        [[0.8, 0.1, 0.1], [0.7, 0.3, 0], [0, 0.3, 0.7]], [[0.7, 0.2, 0.1], [0, 1, 0], [1, 0, 0]], [0.1, 0.6, 1], 0.25, 0.6
      ),
      (
        [[0.1, 0.9, 0], [0, 0.8, 0.2], [1, 0, 0]], [[0.1, 0.1, 0.8], [0, 1, 0], [0, 0.9, 0.1]], [0.5, 0.2, 0.6], 0.2, 0.45
      ),
    ]
    func advantage(_ arm: Case, _ subsidy: Double) -> Double {
      var values = [0.0, 0, 0]
      func choices(_ s: Int) -> (leave: Double, play: Double) {
        func mean(_ row: [Double]) -> Double { zip(row, values).reduce(0) { $0 + $1.0 * $1.1 } }
        return (subsidy + 0.9 * mean(arm.passive[s]), arm.reward[s] + 0.9 * mean(arm.active[s]))
      }
      for _ in 0..<400 { values = (0..<3).map { max(choices($0).leave, choices($0).play) } }
      return choices(2).play - choices(2).leave
    }
    for arm in arms {
      #expect(advantage(arm, arm.left) < -1e-3)
      #expect(advantage(arm, arm.played) > 1e-3)
      let found = WhittleIndex.indices(
        passive: arm.passive, active: arm.active, passiveReward: [0, 0, 0], activeReward: arm.reward, discount: 0.9)
      #expect(try #require(found).isIndexable == false)
    }
  }
}
