import AleaNumerics

extension TabularLog {
  /// A policy learned from a log, with lower bounds of its value.
  public struct Learned: Sendable {
    /// The action in each state, by steps to go (1 first); one list where it is the same at all times.
    public var choices: [[Int]]
    /// The lower bound in each state, in the same order.
    public var values: [[Double]]
    /// The bound from the law of first states.
    public var value: Double
  }

  /// Pessimistic value iteration on tables (Jin, Yang, Wang 2021): every value loses `width` / sqrt(count) before actions are compared.
  ///
  /// - Parameters:
  ///   - width: the multiple of 1 / sqrt(count) taken off, for one step to go; a step with k to go loses k times as much.
  ///   - bounds: the least and greatest reward of a step; values are kept within what they allow.
  ///   - allowed: whether an action may be taken in a state.
  /// - Complexity: O(horizon * states^2 * actions).
  public func pessimistic(
    horizon: Int, discount: Double, width: Double, bounds: ClosedRange<Double>, allowed: (Int, Int) -> Bool = { _, _ in true }
  ) -> Learned {
    let model = EmpiricalModel(self, countsUnknownAsEnd: horizon == 1)
    var values = [Double](repeating: 0, count: stateCount)
    var choices: [[Int]] = []
    var history: [[Double]] = []
    var reach = 0.0
    for _ in 0..<max(horizon, 0) {
      reach = 1 + discount * reach
      let backed = model.backedUp(values, discount: discount)
      var best = [Int](repeating: 0, count: stateCount)
      var updated = values
      for state in 0..<stateCount {
        var highest = -Double.infinity
        for action in 0..<actionCount where allowed(state, action) {
          let pair = state * actionCount + action
          let count = model.counts[pair]
          let lowered = count > 0 ? backed[pair] - reach * width / count.squareRoot() : -.infinity
          let bound = min(max(lowered, reach * bounds.lowerBound), reach * bounds.upperBound)
          // Where every bound is trivial, the more often logged action: nothing else is known.
          let isBetter =
            bound > highest || (bound == highest && count > model.counts[state * actionCount + best[state]])
          if isBetter {
            highest = bound
            best[state] = action
          }
        }
        updated[state] = highest.isFinite ? highest : reach * bounds.lowerBound
      }
      values = updated
      choices.append(best)
      history.append(updated)
    }
    let start = initialLaw(of: Array(0..<episodeCount))
    return Learned(choices: choices, values: history, value: zip(start, values).reduce(0) { $0 + $1.0 * $1.1 })
  }
}

/// Pessimistic value iteration with values linear in features (Jin, Yang, Wang 2021, algorithm 2).
///
/// At each step w = (sum phi phi' + ridge I)^-1 sum phi (r + V'), and Q = phi'w - beta sqrt(phi'(sum phi phi' + ridge I)^-1 phi).
public struct PessimisticLinear: Sendable {
  /// One logged step: its features, its reward, and the features of every action in the next state (empty where it has ended).
  public struct Step: Sendable {
    public var features: [Double]
    public var reward: Double
    public var next: [[Double]]

    public init(features: [Double], reward: Double, next: [[Double]]) {
      self.features = features
      self.reward = reward
      self.next = next
    }
  }

  /// The coefficients with k steps to go, k = 1 first.
  public private(set) var coefficients: [[Double]] = []
  private var inverses: [Matrix] = []
  private let beta: Double
  private let bounds: ClosedRange<Double>

  /// - Parameters:
  ///   - steps: for each time of the horizon, the first time first, the steps logged at it.
  ///   - bounds: the least and greatest reward of a step.
  /// - Throws: ``OffPolicyFault`` where there is nothing to learn from.
  public init(_ steps: [[Step]], beta: Double, ridge: Double = 1, bounds: ClosedRange<Double> = 0...1) throws {
    guard let width = steps.first?.first?.features.count, ridge > 0 else { throw OffPolicyFault("the log is empty") }
    self.beta = beta
    self.bounds = bounds
    for (toGo, logged) in steps.reversed().enumerated() {
      var gram = ridge * Matrix.identity(width)
      var right = Matrix(rows: width, columns: 1)
      for step in logged {
        let following = toGo == 0 || step.next.isEmpty ? 0 : step.next.map { bound($0, stepsToGo: toGo) }.max() ?? 0
        for i in 0..<width {
          right[i, 0] += step.features[i] * (step.reward + following)
          for j in 0..<width { gram[i, j] += step.features[i] * step.features[j] }
        }
      }
      guard let inverse = gram.inverse else { throw OffPolicyFault("the features of the log are not determined") }
      inverses.append(inverse)
      coefficients.append((inverse * right).elements)
    }
  }

  /// The lower bound of the value of an action with given features and steps to go (at least 1).
  public func bound(_ features: [Double], stepsToGo: Int) -> Double {
    let inverse = inverses[stepsToGo - 1]
    var spread = 0.0
    var mean = 0.0
    for i in features.indices {
      mean += features[i] * coefficients[stepsToGo - 1][i]
      for j in features.indices { spread += features[i] * inverse[i, j] * features[j] }
    }
    return min(
      max(mean - beta * spread.squareRoot(), Double(stepsToGo) * bounds.lowerBound), Double(stepsToGo) * bounds.upperBound)
  }
}
