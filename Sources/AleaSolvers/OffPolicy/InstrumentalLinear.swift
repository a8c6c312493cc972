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
  /// Whether the process goes on after each step.
  public let goesOn: [Bool]

  /// The bounds at which estimated weights are cut.
  public struct Bounds: Hashable, Sendable {
    public var weight = 50.0
    public var contrast = 0.01
    public var ratio = 0.01...100.0
    public init() {}
  }

  /// A policy's probability of action 1 before and after each step, and in each first state.
  public struct PolicyColumns: Sendable {
    public var states: [Double]
    public var next: [Double]
    public var initial: [Double]

    public init(states: [Double], next: [Double], initial: [Double]) {
      self.states = states
      self.next = next
      self.initial = initial
    }
  }

  /// - Parameter goesOn: nil where no step ends the process; the state after one that does is not looked at.
  /// - Throws: ``OffPolicyFault`` where the parts do not fit, or an instrument or action is not 0 or 1.
  public init(
    states: [Double], next: [Double], dimension: Int, instrument: [Double], actions: [Double], rewards: [Double],
    initial: [Double], discount: Double, goesOn: [Bool]? = nil
  ) throws {
    let count = rewards.count
    guard count > 0, states.count == count * dimension, next.count == states.count, instrument.count == count,
      actions.count == count, !initial.isEmpty, initial.count % max(dimension, 1) == 0, goesOn.map({ $0.count == count }) ?? true
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
    self.goesOn = goesOn ?? [Bool](repeating: true, count: count)
  }

  /// The direct and the doubly robust value of a policy.
  ///
  /// - Parameter policy: the probability of action 1 in a state.
  /// - Throws: ``OffPolicyFault`` where a fit is not determined.
  public func evaluate(_ policy: ([Double]) -> Double, bounds: Bounds = Bounds()) throws -> (direct: Double, doublyRobust: Double)
  {
    func column(_ rows: [Double]) -> [Double] {
      (0..<rows.count / dimension).map { policy(Array(rows[$0 * dimension..<($0 + 1) * dimension])) }
    }
    let columns = PolicyColumns(states: column(states), next: column(next), initial: column(initial))
    return try evaluate(columns, rows: Array(rewards.indices), starts: Array(0..<initial.count / dimension), bounds: bounds)
  }

  /// The weights of the two levels of the instrument in a state, with the action's probability at each.
  private struct Weights {
    var c0: Double
    var c1: Double
    var p0: Double
    var p1: Double
    var contrast: Double
  }

  /// The same from some rows and some first states.
  public func evaluate(_ policy: PolicyColumns, rows: [Int], starts: [Int], bounds: Bounds = Bounds()) throws -> (
    direct: Double, doublyRobust: Double
  ) {
    guard !rows.isEmpty, !starts.isEmpty else { throw OffPolicyFault("the log is empty") }
    let size = dimension + 1
    let width = dimension + 3
    let levelFit = try Self.logistic(covariates(rows), rows.map { instrument[$0] })
    let actionFit = try Self.logistic(
      zip(covariates(rows), rows).map { $0 + [instrument[$1]] }, rows.map { actions[$0] })

    func linear(_ fit: [Double], _ values: [Double], _ row: Int) -> Double {
      var sum = fit[0]
      for index in 0..<dimension { sum += fit[1 + index] * values[row * dimension + index] }
      return sum
    }
    func weights(_ values: [Double], _ row: Int, _ pi: Double) -> Weights {
      let base = linear(actionFit, values, row)
      let p0 = Self.logistic(base)
      let p1 = Self.logistic(base + actionFit[size])
      var contrast = p1 - p0
      if abs(contrast) < bounds.contrast { contrast = contrast < 0 ? -bounds.contrast : bounds.contrast }
      let cut = { (c: Double) in min(max(c, -bounds.weight), bounds.weight) }
      return Weights(c0: cut((p1 - pi) / contrast), c1: cut((pi - p0) / contrast), p0: p0, p1: p1, contrast: contrast)
    }
    /// The features of the value, sum_z c(z | s) sum_a p(a | s, z) phi(s, z, a).
    func valueFeatures(_ values: [Double], _ row: Int, _ pi: Double) -> [Double] {
      let w = weights(values, row, pi)
      var result = [Double](repeating: w.c0 + w.c1, count: width)
      for index in 0..<dimension { result[1 + index] *= values[row * dimension + index] }
      result[size] = w.c1
      result[size + 1] = w.c0 * w.p0 + w.c1 * w.p1
      return result
    }

    var gram = Matrix(rows: width, columns: width)
    var right = Matrix(rows: width, columns: 1)
    let ended = [Double](repeating: 0, count: width)
    let valued = rows.map { goesOn[$0] ? valueFeatures(next, $0, policy.next[$0]) : ended }
    for (position, row) in rows.enumerated() {
      let phi = [1] + states[row * dimension..<(row + 1) * dimension] + [instrument[row], actions[row]]
      for i in 0..<width {
        right[i, 0] += phi[i] * rewards[row]
        for j in 0..<width { gram[i, j] += phi[i] * (phi[j] - discount * valued[position][j]) }
      }
    }
    guard let theta = gram.solve(right)?.elements, theta.allSatisfy(\.isFinite) else {
      throw OffPolicyFault(
        "the values are not determined by the log", remedy: "the states, the instrument and the action must vary")
    }
    var direct = 0.0
    for row in starts { direct += Self.dot(valueFeatures(initial, row, policy.initial[row]), theta) / Double(starts.count) }

    // The ratio of discounted to logged laws of states, linear in (1, s).
    var moments = Matrix(rows: size, columns: size)
    var target = Matrix(rows: size, columns: 1)
    let now = rows.map { weights(states, $0, policy.states[$0]) }
    let ratios = zip(rows, now).map { row, w in
      let p = Self.logistic(linear(levelFit, states, row))
      return instrument[row] == 1 ? w.c1 / p : w.c0 / (1 - p)
    }
    func covariate(_ values: [Double], _ row: Int, _ index: Int) -> Double {
      index == 0 ? 1 : values[row * dimension + index - 1]
    }
    for (position, row) in rows.enumerated() {
      let following = goesOn[row] ? discount * ratios[position] : 0
      for i in 0..<size {
        let left = covariate(states, row, i) - (following == 0 ? 0 : following * covariate(next, row, i))
        for j in 0..<size { moments[i, j] += left * covariate(states, row, j) / Double(rows.count) }
      }
    }
    for row in starts {
      for i in 0..<size { target[i, 0] += (1 - discount) * covariate(initial, row, i) / Double(starts.count) }
    }
    guard let omegaFit = moments.solve(target)?.elements, omegaFit.allSatisfy(\.isFinite) else {
      throw OffPolicyFault("the ratio of state laws is not determined by the log")
    }
    var omega = rows.map {
      min(max(linear(omegaFit, states, $0), bounds.ratio.lowerBound), bounds.ratio.upperBound)
    }
    let scale = SampleMoments.mean(omega)
    omega = omega.map { $0 / scale }
    var correction = 0.0
    for (position, row) in rows.enumerated() {
      let w = now[position]
      let base = linear(theta, states, row)
      func q(_ z: Double, _ p: Double) -> Double { base + z * theta[size] + p * theta[size + 1] }
      let p = instrument[row] == 1 ? w.p1 : w.p0
      let residual =
        rewards[row] + discount * Self.dot(valued[position], theta) - q(instrument[row], p)
        + (actions[row] - p) * (q(0, w.p0) - q(1, w.p1)) / w.contrast
      correction += omega[position] * ratios[position] * residual / Double(rows.count)
    }
    return (direct, direct + correction / (1 - discount))
  }

  /// (1, s) of some rows.
  private func covariates(_ rows: [Int]) -> [[Double]] {
    rows.map { [1] + states[$0 * dimension..<($0 + 1) * dimension] }
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
          let scaled = row[i] * p * (1 - p)
          for j in 0...i { hessian[i, j] += scaled * row[j] }
        }
      }
      for i in 0..<width { for j in 0..<i { hessian[j, i] = hessian[i, j] } }
      guard let step = hessian.solve(gradient)?.elements, step.allSatisfy(\.isFinite) else {
        throw OffPolicyFault("a logistic regression on the log has no finite answer: some values decide it alone")
      }
      for index in beta.indices { beta[index] += step[index] }
      if step.allSatisfy({ abs($0) < 1e-13 * (1 + (beta.map(abs).max() ?? 0)) }) { return beta }
    }
    throw OffPolicyFault("a logistic regression on the log has no finite answer: some values decide it alone")
  }
}
