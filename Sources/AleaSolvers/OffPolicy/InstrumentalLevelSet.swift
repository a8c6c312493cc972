import AleaNumerics

/// What a discrete instrument says of the quantile (or mean) of the reward of each action, in one context, with a set of all values
/// that the log does not refute.
///
/// The loss of h is 1/2 sum_z p_z (mean_z 1{Y <= h_A} - level)^2 (Chen, Chen, Qi, Chen, Yang 2025, with all functions of a discrete
/// instrument as critics); with as many levels as actions 2 n L / (level (1 - level)) is about chi-squared at the truth.
public struct InstrumentalLevelSet: Sendable {
  /// The least loss on the grid, and the values it is reached at.
  public let leastLoss: Double
  public let minimizer: [Double]
  /// How many grid points are in the set.
  public let size: Int
  /// For each action, the range of its value over the set.
  public let lower: [Double]
  public let upper: [Double]

  /// The action whose least value over the set is greatest.
  public var pessimisticAction: Int { lower.indices.max { (lower[$0], -$0) < (lower[$1], -$1) } ?? 0 }
  /// The action whose value at the minimizer is greatest.
  public var greedyAction: Int { minimizer.indices.max { (minimizer[$0], -$0) < (minimizer[$1], -$1) } ?? 0 }

  /// The excess loss that the truth does not exceed with a probability: chi-squared quantile / (2n) times level (1 - level).
  public static func slack(level: Double, count: Int, instrumentLevels: Int, confidence: Double = 0.95) -> Double {
    StatisticalFunctions.chiSquareQuantile(confidence, degrees: Double(instrumentLevels)) / (2 * Double(count)) * level
      * (1 - level)
  }

  /// - Parameters:
  ///   - grid: the values tried for each action, ascending.
  ///   - slack: the excess over the least loss up to which values stay in the set.
  /// - Throws: ``OffPolicyFault`` for an empty log or a grid whose product is beyond 100 million.
  /// - Complexity: O(grid^actions * instrument levels).
  public init(
    instrument: [Int], actions: [Int], rewards: [Double], instrumentLevels: Int, actionCount: Int, level: Double,
    grid: [Double], slack: Double
  ) throws {
    let count = rewards.count
    guard count > 0, instrument.count == count, actions.count == count, !grid.isEmpty, actionCount > 0 else {
      throw OffPolicyFault("the log is empty")
    }
    let width = grid.count
    // The share of rounds at each level with that action and a reward up to each grid value.
    var shares = [Double](repeating: 0, count: instrumentLevels * actionCount * width)
    var sizes = [Double](repeating: 0, count: instrumentLevels)
    for round in 0..<count {
      sizes[instrument[round]] += 1
      var low = 0
      var high = width
      while low < high {
        let middle = (low + high) / 2
        if grid[middle] >= rewards[round] { high = middle } else { low = middle + 1 }
      }
      if low < width { shares[(instrument[round] * actionCount + actions[round]) * width + low] += 1 }
    }
    for cell in 0..<instrumentLevels * actionCount {
      for index in 1..<max(width, 1) where width > 1 { shares[cell * width + index] += shares[cell * width + index - 1] }
      let size = sizes[cell / actionCount]
      if size > 0 { for index in 0..<width { shares[cell * width + index] /= size } }
    }
    try self.init(
      shares: shares, weights: sizes.map { $0 / Double(count) }, actionCount: actionCount, level: level, grid: grid, slack: slack)
  }

  /// The set from a law instead of rows.
  ///
  /// - Parameters:
  ///   - shares: P(A = a, Y <= grid value | z), by level of the instrument, action and grid value.
  ///   - weights: the probability of each level of the instrument.
  /// - Throws: ``OffPolicyFault`` where the sizes do not fit, or a grid's product is beyond 100 million.
  public init(shares: [Double], weights: [Double], actionCount: Int, level: Double, grid: [Double], slack: Double) throws {
    let width = grid.count
    guard !grid.isEmpty, actionCount > 0, !weights.isEmpty, shares.count == weights.count * actionCount * width else {
      throw OffPolicyFault("the law of the log differs in size from its grid")
    }
    var combinations = 1.0
    for _ in 0..<actionCount { combinations *= Double(grid.count) }
    guard combinations <= 1e8 else {
      throw OffPolicyFault(
        "\(actionCount) actions on a grid of \(grid.count) values are too many to try", remedy: "take a coarser grid")
    }
    let losses = Self.losses(shares, weights, width: width, actionCount: actionCount, level: level)
    let least = losses.indices.min { losses[$0] < losses[$1] } ?? 0
    func positions(_ index: Int) -> [Int] {
      var rest = index
      var result = [Int](repeating: 0, count: actionCount)
      for action in (0..<actionCount).reversed() {
        result[action] = rest % width
        rest /= width
      }
      return result
    }
    leastLoss = losses[least]
    minimizer = positions(least).map { grid[$0] }
    var inside = 0
    var lowest = [Int](repeating: width, count: actionCount)
    var highest = [Int](repeating: -1, count: actionCount)
    for index in losses.indices where losses[index] <= losses[least] + slack {
      inside += 1
      for (action, position) in positions(index).enumerated() {
        lowest[action] = min(lowest[action], position)
        highest[action] = max(highest[action], position)
      }
    }
    size = inside
    lower = lowest.map { grid[min($0, width - 1)] }
    upper = highest.map { grid[max($0, 0)] }
  }

  /// The loss at every combination, the last action varying fastest.
  private static func losses(_ shares: [Double], _ weights: [Double], width: Int, actionCount: Int, level: Double) -> [Double] {
    // Partial sums of each instrument level over the actions so far, extended by one action at a time.
    var sums = weights.map { _ in [-level] }
    for action in 0..<actionCount {
      for level in weights.indices {
        let base = (level * actionCount + action) * width
        let known = sums[level]
        sums[level] = [Double](unsafeUninitializedCapacity: known.count * width) { buffer, initialized in
          shares.withUnsafeBufferPointer { shares in
            var position = 0
            for value in known {
              for index in 0..<width {
                buffer[position] = value + shares[base + index]
                position += 1
              }
            }
          }
          initialized = known.count * width
        }
      }
    }
    var losses = [Double](repeating: 0, count: sums.first?.count ?? 0)
    for (weight, column) in zip(weights, sums) {
      losses.withUnsafeMutableBufferPointer { losses in
        column.withUnsafeBufferPointer { column in
          for index in 0..<column.count { losses[index] += 0.5 * weight * column[index] * column[index] }
        }
      }
    }
    return losses
  }
}
