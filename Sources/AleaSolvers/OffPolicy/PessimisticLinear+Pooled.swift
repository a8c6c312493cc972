import AleaModel
import AleaNumerics

/// Pessimistic value iteration with linear values, all steps of a stationary process pooled: over a horizon, or discounted for ever.
///
/// With L = sum phi phi' + ridge I the backup is w = L^-1 sum phi (r + discount V(s')), Q = phi'w - beta sqrt(phi' L^-1 phi), kept
/// within what the bounds of rewards allow, V the greatest Q over the available actions. It is Jin, Yang and Wang's (2021) algorithm 2
/// with one matrix for all steps; for a discount the backup is repeated until what is left weighs nothing.
public struct PooledPessimism: Sendable {
  /// A logged step: its features, its reward, and the number of the state after it; nil where the process has ended.
  public struct Step: Sendable {
    public var features: [Double]
    public var reward: Double
    public var next: Int?

    public init(features: [Double], reward: Double, next: Int?) {
      self.features = features
      self.reward = reward
      self.next = next
    }
  }

  /// The coefficients with all steps to go.
  public let coefficients: [Double]
  /// The lower bound of every state's value, with all steps to go.
  public let values: [Double]
  /// The position among the candidates of each state of the action with the greatest bound; -1 where there is none.
  public let choices: [Int]

  /// - Parameters:
  ///   - candidates: for each state, the features of every action that is available there.
  ///   - steps: the number of backups.
  ///   - bounds: the least and greatest reward of a step.
  /// - Throws: ``OffPolicyFault`` where the log is empty or features differ in number; `WorkCancelled`.
  /// - Complexity: O(rows width^2 + steps (rows + states actions) width).
  public init(
    _ log: [Step], candidates: [[[Double]]], steps: Int, discount: Double, beta: Double, ridge: Double,
    bounds: ClosedRange<Double>,
    control: WorkControl = WorkControl()
  ) throws {
    guard let width = log.first?.features.count, width > 0, ridge > 0 else { throw OffPolicyFault("the log is empty") }
    guard log.allSatisfy({ $0.features.count == width }), candidates.allSatisfy({ $0.allSatisfy { $0.count == width } }),
      log.allSatisfy({ $0.next.map { candidates.indices.contains($0) } ?? true })
    else { throw OffPolicyFault("the features of the log differ in number") }
    var gram = ridge * Matrix.identity(width)
    for step in log {
      for i in 0..<width where step.features[i] != 0 {
        for j in 0..<width { gram[i, j] += step.features[i] * step.features[j] }
      }
    }
    guard let inverse = gram.inverse else { throw OffPolicyFault("the features of the log are not determined") }
    let penalties = candidates.map { actions in
      actions.map { features -> Double in
        var spread = 0.0
        for i in 0..<width where features[i] != 0 {
          for j in 0..<width { spread += features[i] * inverse[i, j] * features[j] }
        }
        return beta * max(spread, 0).squareRoot()
      }
    }
    var theta = [Double](repeating: 0, count: width)
    var values = [Double](repeating: 0, count: candidates.count)
    var choices = [Int](repeating: -1, count: candidates.count)
    var reach = 0.0
    for toGo in 0..<max(steps, 0) {
      if toGo & 0xF == 0xF { try control.continues("learning", "step \(toGo + 1) of \(steps)", Double(toGo) / Double(steps)) }
      reach = 1 + discount * reach
      var right = Matrix(rows: width, columns: 1)
      for step in log {
        let outcome = step.reward + discount * (step.next.map { values[$0] } ?? 0)
        for i in 0..<width { right[i, 0] += step.features[i] * outcome }
      }
      theta = (inverse * right).elements
      for state in candidates.indices {
        var best = -Double.infinity
        for (action, features) in candidates[state].enumerated() {
          var mean = -penalties[state][action]
          for i in 0..<width { mean += features[i] * theta[i] }
          let bound = min(max(mean, reach * bounds.lowerBound), reach * bounds.upperBound)
          if bound > best {
            best = bound
            choices[state] = action
          }
        }
        values[state] = best.isFinite ? best : 0
      }
    }
    coefficients = theta
    self.values = values
    self.choices = choices
  }
}
