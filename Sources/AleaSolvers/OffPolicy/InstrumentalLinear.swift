import AleaNumerics
import Glibc

/// A confounded decision process over real-valued states with a binary instrument and a binary action (Xu, Zhu, Shi, Luo, Song 2023).
///
/// Logistic laws of the instrument and the action and values linear in (1, s, z, a). The weights c(z | s) with
/// c_1 p_1 + c_0 p_0 = pi and c_1 + c_0 = 1 reweigh the levels so that the action follows the policy; they identify its value where
/// the confounder does not change what the action does to rewards and transitions.
public struct InstrumentalLinear: Sendable {
  /// The states before and after each step, row by row, `dimension` numbers each.
  public let states: [Double]
  public let next: [Double]
  public let dimension: Int
  /// 0 or 1 at each step.
  public let instrument: [Double]
  public let actions: [Double]
  public let rewards: [Double]
  /// The first states of the episodes, row by row.
  public let initial: [Double]
  public let discount: Double

  /// The bounds at which estimated weights are cut.
  public struct Bounds: Hashable, Sendable {
    public var weight = 50.0
    public var contrast = 0.01
    public var ratio = 0.01...100.0
    public init() {}
  }

  /// - Throws: ``OffPolicyFault`` where the parts do not fit, or an instrument or action is not 0 or 1.
  public init(
    states: [Double], next: [Double], dimension: Int, instrument: [Double], actions: [Double], rewards: [Double],
    initial: [Double], discount: Double
  ) throws {
    let count = rewards.count
    guard count > 0, states.count == count * dimension, next.count == states.count, instrument.count == count,
      actions.count == count, !initial.isEmpty, initial.count % max(dimension, 1) == 0
    else { throw OffPolicyFault("the columns of the log differ in length") }
    guard instrument.allSatisfy({ $0 == 0 || $0 == 1 }), actions.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw OffPolicyFault("the instrument and the action must be binary here")
    }
    self.states = states
    self.next = next
    self.dimension = dimension
    self.instrument = instrument
    self.actions = actions
    self.rewards = rewards
    self.initial = initial
    self.discount = discount
  }

  /// The direct and the doubly robust value of a policy.
  ///
  /// - Parameter policy: the probability of action 1 in a state.
  /// - Throws: ``OffPolicyFault`` where a fit is not determined.
  public func evaluate(_ policy: ([Double]) -> Double, bounds: Bounds = Bounds()) throws -> (direct: Double, doublyRobust: Double)
  {
    let count = rewards.count
    let width = dimension + 3
    func state(_ rows: [Double], _ row: Int) -> [Double] { Array(rows[row * dimension..<(row + 1) * dimension]) }
    let covariates = (0..<count).map { [1] + state(states, $0) }
    let levelFit = try Self.logistic(covariates, instrument)
    let actionFit = try Self.logistic((0..<count).map { covariates[$0] + [instrument[$0]] }, actions)

    struct Weights { var c0, c1, p0, p1, contrast: Double }
    func weights(_ s: [Double]) -> Weights {
      let p0 = Self.logistic(Self.dot([1] + s + [0], actionFit))
      let p1 = Self.logistic(Self.dot([1] + s + [1], actionFit))
      var contrast = p1 - p0
      if abs(contrast) < bounds.contrast { contrast = contrast < 0 ? -bounds.contrast : bounds.contrast }
      let pi = policy(s)
      let cut = { (c: Double) in min(max(c, -bounds.weight), bounds.weight) }
      return Weights(c0: cut((p1 - pi) / contrast), c1: cut((pi - p0) / contrast), p0: p0, p1: p1, contrast: contrast)
    }
    func features(_ s: [Double], _ z: Double, _ a: Double) -> [Double] { [1] + s + [z, a] }
    /// The features of the value: sum_z c(z | s) sum_a p(a | s, z) phi(s, z, a).
    func valueFeatures(_ s: [Double]) -> [Double] {
      let w = weights(s)
      return ([1] + s).map { (w.c0 + w.c1) * $0 } + [w.c1, w.c0 * w.p0 + w.c1 * w.p1]
    }

    var gram = Matrix(rows: width, columns: width)
    var right = Matrix(rows: width, columns: 1)
    let valued = (0..<count).map { valueFeatures(state(next, $0)) }
    for row in 0..<count {
      let phi = features(state(states, row), instrument[row], actions[row])
      for i in 0..<width {
        right[i, 0] += phi[i] * rewards[row]
        for j in 0..<width { gram[i, j] += phi[i] * (phi[j] - discount * valued[row][j]) }
      }
    }
    guard let theta = gram.solve(right)?.elements else { throw OffPolicyFault("the values are not determined by the log") }
    let starts = initial.count / dimension
    var direct = 0.0
    for row in 0..<starts { direct += Self.dot(valueFeatures(state(initial, row)), theta) / Double(starts) }

    // The ratio of discounted to logged laws of states, linear in (1, s).
    let size = dimension + 1
    var moments = Matrix(rows: size, columns: size)
    var target = Matrix(rows: size, columns: 1)
    var ratios = [Double](repeating: 0, count: count)
    for row in 0..<count {
      let w = weights(state(states, row))
      let p = Self.logistic(Self.dot(covariates[row], levelFit))
      ratios[row] = instrument[row] == 1 ? w.c1 / p : w.c0 / (1 - p)
      let after = [1] + state(next, row)
      for i in 0..<size {
        for j in 0..<size {
          moments[i, j] += (covariates[row][i] - discount * after[i] * ratios[row]) * covariates[row][j] / Double(count)
        }
      }
    }
    for row in 0..<starts {
      let psi = [1] + state(initial, row)
      for i in 0..<size { target[i, 0] += (1 - discount) * psi[i] / Double(starts) }
    }
    guard let omegaFit = moments.solve(target)?.elements else {
      throw OffPolicyFault("the ratio of state laws is not determined by the log")
    }
    var omega = covariates.map { min(max(Self.dot($0, omegaFit), bounds.ratio.lowerBound), bounds.ratio.upperBound) }
    let scale = SampleMoments.mean(omega)
    omega = omega.map { $0 / scale }
    var correction = 0.0
    for row in 0..<count {
      let s = state(states, row)
      let w = weights(s)
      func q(_ z: Double, _ p: Double) -> Double {
        (1 - p) * Self.dot(features(s, z, 0), theta) + p * Self.dot(features(s, z, 1), theta)
      }
      let p = instrument[row] == 1 ? w.p1 : w.p0
      let residual =
        rewards[row] + discount * Self.dot(valued[row], theta) - q(instrument[row], p)
        + (actions[row] - p) * (q(0, w.p0) - q(1, w.p1)) / w.contrast
      correction += omega[row] * ratios[row] * residual / Double(count)
    }
    return (direct, direct + correction / (1 - discount))
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
  }

  private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  /// Logistic regression by Newton's method, to machine precision.
  static func logistic(_ rows: [[Double]], _ outcomes: [Double]) throws -> [Double] {
    let width = rows.first?.count ?? 0
    var beta = [Double](repeating: 0, count: width)
    for _ in 0..<100 {
      var hessian = Matrix(rows: width, columns: width)
      var gradient = Matrix(rows: width, columns: 1)
      for (row, y) in zip(rows, outcomes) {
        let p = logistic(dot(row, beta))
        for i in 0..<width {
          gradient[i, 0] += row[i] * (y - p)
          for j in 0..<width { hessian[i, j] += row[i] * row[j] * p * (1 - p) }
        }
      }
      guard let step = hessian.solve(gradient)?.elements, step.allSatisfy(\.isFinite) else {
        throw OffPolicyFault("a logistic regression on the log has no finite answer: some values decide it alone")
      }
      for index in beta.indices { beta[index] += step[index] }
      if step.allSatisfy({ abs($0) < 1e-13 }) { return beta }
    }
    throw OffPolicyFault("a logistic regression on the log has no finite answer: some values decide it alone")
  }
}
