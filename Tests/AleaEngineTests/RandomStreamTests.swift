import Foundation
import Testing

@testable import AleaNumerics

@Suite struct RandomStreamTests {
  /// The known answers that come with the authors' Random123 distribution.
  @Test func philoxKnownAnswers() {
    #expect(
      Philox.words(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.words(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.words(
        counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  /// Pearson's statistic of draws against a law on the counts, in units of its standard deviation around its mean.
  private func pearson(_ draws: Int, _ probability: (Int) -> Double, draw: () -> Double) -> Double {
    var counts: [Int: Int] = [:]
    for _ in 0..<draws { counts[Int(draw()), default: 0] += 1 }
    var statistic = 0.0
    var cells = 0.0
    var restMass = 1.0
    var restCount = draws
    for k in 0..<3000 where probability(k) * Double(draws) >= 10 {
      let expected = probability(k) * Double(draws)
      let seen = counts[k] ?? 0
      statistic += (Double(seen) - expected) * (Double(seen) - expected) / expected
      restMass -= probability(k)
      restCount -= seen
      cells += 1
    }
    if restMass * Double(draws) > 1 {
      let expected = restMass * Double(draws)
      statistic += (Double(restCount) - expected) * (Double(restCount) - expected) / expected
      cells += 1
    }
    return (statistic - (cells - 1)) / (2 * max(1, cells - 1)).squareRoot()
  }

  @Test func countsFollowTheirLaws() {
    var stream = RandomStream(seed: 1, stream: 0)
    for rate in [0.3, 4, 9.9, 10, 35, 800] {
      #expect(abs(pearson(60_000, { DiscreteProbability.poisson(Double($0), rate: rate) }, draw: { stream.poisson(rate) })) < 5)
    }
    for (n, p) in [(5.0, 0.3), (40, 0.05), (40, 0.5), (300, 0.7), (2000, 0.01), (2000, 0.4)] {
      #expect(
        abs(
          pearson(
            60_000, { DiscreteProbability.binomial(Double($0), trials: n, probability: p) }, draw: { stream.binomial(n, p) })) < 5
      )
    }
    for p in [0.1, 0.6] {
      #expect(
        abs(pearson(60_000, { DiscreteProbability.geometric(Double($0), probability: p) }, draw: { stream.geometric(p) })) < 5)
    }
    #expect(abs(pearson(60_000, { $0 < 7 ? 1.0 / 7 : 0 }, draw: { stream.uniformInteger(0, 6) })) < 5)
    let weights = [0.1, 0, 0.6, 0.3]
    #expect(
      abs(
        pearson(
          60_000, { $0 < 4 ? weights[$0] : 0 }, draw: { weights.withUnsafeBufferPointer { Double(stream.categorical($0)) } })
      ) < 5)
  }

  /// Mean and variance of draws, in standard errors from the law's own (fourth central moment given).
  private func moments(_ mean: Double, _ variance: Double, _ fourth: Double, draw: () -> Double) -> (Double, Double) {
    let count = 100_000.0
    var sum = 0.0
    var squares = 0.0
    for _ in 0..<Int(count) {
      let x = draw() - mean
      sum += x
      squares += x * x
    }
    return (
      sum / count / (variance / count).squareRoot(),
      (squares / count - variance) / ((fourth - variance * variance) / count).squareRoot()
    )
  }

  @Test func realDrawsHaveTheirMoments() {
    var stream = RandomStream(seed: 2, stream: 5)
    func check(_ result: (Double, Double)) { #expect(abs(result.0) < 5 && abs(result.1) < 5) }
    check(moments(0.5, 1.0 / 12, 1.0 / 80) { stream.uniform() })
    check(moments(0, 1, 3) { stream.normal() })
    check(moments(1, 1, 9) { stream.exponential() })
    // Gamma with shape k: variance k, fourth central moment 3k^2 + 6k.
    for k in [0.3, 1, 4.5] { check(moments(k, k, 3 * k * k + 6 * k) { stream.gamma(shape: k) }) }
    for (a, b) in [(0.5, 0.5), (0.2, 0.9), (2, 3), (1, 4)] {
      let s = a + b
      let variance = a * b / (s * s * (s + 1))
      let excess = 6 * ((a - b) * (a - b) * (s + 1) - a * b * (s + 2)) / (a * b * (s + 2) * (s + 3))
      check(moments(a / s, variance, (3 + excess) * variance * variance) { stream.beta(a, b) })
    }
    // Student's t with 12 degrees of freedom: variance 12/10, excess kurtosis 6/8.
    check(moments(0, 1.2, 3.75 * 1.44) { stream.studentT(12) })
  }

  @Test func streamsDoNotDependOnEachOther() {
    var first = RandomStream(seed: 9, stream: 1)
    let alone = (0..<10).map { _ in first.next() }
    var again = RandomStream(seed: 9, stream: 1)
    var other = RandomStream(seed: 9, stream: 2)
    let mixed = (0..<10).map { _ -> UInt64 in
      #expect(other.next() != 0)
      return again.next()
    }
    #expect(alone == mixed)
    var second = RandomStream(seed: 9, stream: 2)
    #expect((0..<10).allSatisfy { second.next() != alone[$0] })
  }
}
