import AleaModel
import AleaNumerics

/// A discounted process made ready for solving: its rows, and the constants that certified bounds are made of.
///
/// All constants are of the process as stored and rounded outwards, so bounds hold also where rows sum to one only up to rounding.
struct DiscountedModel: Sendable {
  let process: SparseProcess
  /// The total reward of each choice; kept here because `view` holds its address.
  let reward: Column<Double>
  let view: ProcessView
  let discount: Double
  let maximizes: Bool
  /// At least the discount times the probability with which any choice goes on to a state with choices.
  let heaviest: Double
  /// At most the discount times that probability.
  let lightest: Double
  let longestRow: Int
  /// The largest magnitude of a reward.
  let rewardMagnitude: Double
  /// What the true operator may differ from the stored one by, at the true values: truncated draws, and rounding in sums of channels.
  let slack: Double
  let hasTerminals: Bool

  /// - Parameters:
  ///   - extraRounding: roundings with which rows and rewards were computed from what is meant.
  ///   - horizon: the number of steps when it is finite; then the discount may be one.
  init(
    _ process: SparseProcess, reward: Column<Double>? = nil, discount: Double, threads: Int, extraRounding: Int = 0,
    horizon: Int? = nil
  ) {
    self.process = process
    self.discount = discount
    self.reward = reward ?? process.totalReward()
    maximizes = process.objective.maximizes
    let view = ProcessView(process, reward: self.reward)
    self.view = view
    let constants = RowConstants(of: process, view: view, threads: threads)
    longestRow = constants.longestRow + extraRounding
    rewardMagnitude = constants.rewardMagnitude
    hasTerminals = constants.hasTerminals
    let sumError = Rounding.relative(longestRow + 2)
    heaviest = (discount * (constants.greatestMass * (1 + sumError)).nextUp).nextUp
    lightest = max(0, (discount * (constants.leastMass * (1 - sumError)).nextDown).nextDown)
    // A sum of k doubles is off by less than (k - 1) u times the sum of their magnitudes, which itself is rounded.
    var slack = 0.0
    if reward == nil, process.channels.count > 1 {
      for choice in 0..<process.choiceCount {
        let size = process.channels.reduce(0.0) { $0 + abs($1.reward.pointer[choice]) }
        slack = max(slack, size * Rounding.relative(2 * process.channels.count))
      }
    }
    if let truncation = process.truncation {
      // True values lie between the discounted sums of the least and the greatest reward there can be.
      var (rewardSlack, mass) = (0.0, 0.0)
      for choice in 0..<process.choiceCount {
        rewardSlack = max(rewardSlack, truncation.rewardSlack.pointer[choice])
        mass = max(mass, truncation.mass.pointer[choice])
      }
      let remaining = (1 - max(heaviest, discount)).nextDown
      var steps = remaining > 0 ? 1 / remaining : .infinity
      if let horizon { steps = Double(horizon) * (discount > 1 ? pow(discount, Double(horizon)) : 1) }
      let range = 2 * (rewardMagnitude + rewardSlack) * steps
      slack += (rewardSlack + (mass > 0 ? mass * discount * range : 0)) * (1 + 0x1p-48)
    }
    self.slack = slack
  }

  /// Whether every choice goes on with the same probability, up to rounding: then adding a constant to all values is harmless.
  var isUniform: Bool { heaviest - lightest <= 1e-9 * (1 - heaviest) }

  /// At most this far is a computed backup from the exact one, when successors' values are at most `magnitude` in size.
  ///
  /// A row of n terms is off by less than (n + 2) u times reward plus discounted sum of magnitudes (Higham, *Accuracy and Stability of
  /// Numerical Algorithms*, section 3.1), and each operation by half the least subnormal where it underflows.
  func backupError(magnitude: Double) -> Double {
    let size = rewardMagnitude + heaviest * magnitude
    return (size * Rounding.relative(longestRow + 3)).nextUp + Double(longestRow + 3) * .leastNonzeroMagnitude + slack
  }
}

/// One pass over all rows: their masses and lengths.
private struct RowConstants: Sendable {
  var greatestMass = 0.0
  var leastMass = Double.infinity
  var longestRow = 0
  var rewardMagnitude = 0.0
  var hasTerminals = false

  init() {}

  init(of process: SparseProcess, view: ProcessView, threads: Int) {
    let terminals = Parallel.blocks(of: view.stateCount, threads: threads) { range in range.contains { view.isTerminal($0) } }
    let hasTerminals = terminals.contains(true)
    let parts = Parallel.blocks(of: process.choiceCount, threads: threads) { range in
      let (transitionStart, probability, successor) = (view.transitionStart, view.probability, view.successor)
      let reward = view.reward
      var part = RowConstants()
      var index = Int(transitionStart[range.lowerBound])
      for choice in range {
        let end = Int(transitionStart[choice &+ 1])
        part.longestRow = max(part.longestRow, end &- index)
        var mass = 0.0
        while index < end {
          if !hasTerminals || !view.isTerminal(Int(successor[index])) { mass += probability[index] }
          index &+= 1
        }
        if mass > part.greatestMass { part.greatestMass = mass }
        if mass < part.leastMass { part.leastMass = mass }
        let size = abs(reward[choice])
        if !(size <= part.rewardMagnitude) { part.rewardMagnitude = size }
      }
      return part
    }
    for part in parts {
      greatestMass = max(greatestMass, part.greatestMass)
      leastMass = min(leastMass, part.leastMass)
      longestRow = max(longestRow, part.longestRow)
      rewardMagnitude = max(rewardMagnitude, part.rewardMagnitude)
    }
    if leastMass > greatestMass { leastMass = greatestMass }
    self.hasTerminals = hasTerminals
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
