import AleaNumerics

/// Trajectories of a process whose state is hidden, with two shadows of it at every step: what it showed before the last action, and
/// what it shows now.
///
/// The value of a policy that acts on what is shown is identified though the logged actions depended on the hidden state, when the
/// shadows vary enough with it (Bennett and Kallus 2021). Rows may be a sample or, with their probabilities, a whole law.
public struct ProximalTable: Sendable {
  /// One step of a trajectory.
  public struct Step: Hashable, Sendable {
    /// The earlier shadow (the treatment proxy z), a level from 0.
    public var before: Int
    /// The present shadow (the outcome proxy w), a level from 0.
    public var now: Int
    public var action: Int
    public var reward: Double
    /// The action of the policy to be valued.
    public var target: Int

    public init(before: Int, now: Int, action: Int, reward: Double, target: Int) {
      self.before = before
      self.now = now
      self.action = action
      self.reward = reward
      self.target = target
    }
  }

  public struct Trajectory: Sendable {
    /// Its probability, or any weight proportional to it.
    public var weight: Double
    public var steps: [Step]

    public init(weight: Double = 1, steps: [Step]) {
      self.weight = weight
      self.steps = steps
    }
  }

  /// The three estimates of the sum of discounted rewards.
  public struct Values: Hashable, Sendable {
    /// Weights by the treatment bridges.
    public let importance: Double
    /// The outcome bridge of the first step.
    public let direct: Double
    /// Both, right where either is and efficient where both are.
    public let efficient: Double
  }

  private let trajectories: [Trajectory]
  private let total: Double
  private let horizon: Int
  private let befores: Int
  private let nows: Int
  private let actions: Int

  /// - Throws: ``MomentFault`` for no rows, unequal lengths, negative levels, and weights that are not positive in sum.
  public init(_ trajectories: [Trajectory]) throws {
    guard let first = trajectories.first, !first.steps.isEmpty else {
      throw MomentFault("there are no steps to learn from", remedy: "give a log with at least one episode")
    }
    horizon = first.steps.count
    for (row, trajectory) in trajectories.enumerated() {
      guard trajectory.steps.count == horizon else {
        throw MomentFault(
          "episode \(row + 1) has \(trajectory.steps.count) steps, and the first \(horizon)",
          remedy: "keep episodes of one length")
      }
      guard trajectory.weight >= 0, trajectory.weight.isFinite else { throw MomentFault("episode \(row + 1) has no weight") }
      for step in trajectory.steps {
        guard step.before >= 0, step.now >= 0, step.action >= 0, step.target >= 0, step.reward.isFinite else {
          throw MomentFault("episode \(row + 1) has a level below 0 or a reward that is no number")
        }
      }
    }
    total = trajectories.reduce(0) { $0 + $1.weight }
    guard total > 0 else { throw MomentFault("the episodes have no weight") }
    let steps = trajectories.lazy.flatMap(\.steps)
    befores = 1 + (steps.map(\.before).max() ?? 0)
    nows = 1 + (steps.map(\.now).max() ?? 0)
    actions = 1 + max(steps.map(\.action).max() ?? 0, steps.map(\.target).max() ?? 0)
    self.trajectories = trajectories
  }

  /// The value of the target policy.
  ///
  /// Forward, with eta_0 = 1: the treatment bridge q_t solves E[eta_t q_t(z, a) 1{A = a} | w] = E[eta_t | w], and eta_(t+1) is
  /// eta_t q_t(z, A) 1{A = target}. Backward, with O_H = 0 and y_t = 1{A = target}(R + g O_(t+1)): the outcome bridge h_t solves
  /// E[eta_t (h_t(w, a) - y_t) | z, A = a] = 0, and O_t is the sum of h_t(w, a) over actions. Each is a small linear system for every
  /// action and step; where the shadows have different numbers of levels it is solved by least squares. Time O(horizon rows).
  ///
  /// - Throws: ``MomentFault`` where a bridge does not exist: an action never occurs, or the shadows do not vary with each other.
  public func value(discount: Double = 1) throws -> Values {
    let n = trajectories.count
    let weights = trajectories.map { $0.weight / total }
    var etas = [[Double](repeating: 1, count: n)]
    var treatment: [[[Double]]] = []
    for t in 0..<horizon {
      let bridge = try (0..<actions).map { try treatmentBridge(t, $0, weights, etas[t]) }
      treatment.append(bridge)
      etas.append(
        (0..<n).map { row in
          let step = trajectories[row].steps[t]
          return step.action == step.target ? etas[t][row] * bridge[step.action][step.before] : 0
        })
    }
    var ahead = [Double](repeating: 0, count: n)
    var outcome = [[[Double]]](repeating: [], count: horizon)
    for t in (0..<horizon).reversed() {
      let outcomes = (0..<n).map { row in
        let step = trajectories[row].steps[t]
        return step.action == step.target ? step.reward + discount * ahead[row] : 0
      }
      outcome[t] = try (0..<actions).map { try outcomeBridge(t, $0, weights, etas[t], outcomes) }
      ahead = (0..<n).map { row in (0..<actions).reduce(0) { $0 + outcome[t][$1][trajectories[row].steps[t].now] } }
    }
    var (importance, efficient, factor) = (0.0, 0.0, 1.0)
    for t in 0..<horizon {
      for row in 0..<n {
        let step = trajectories[row].steps[t]
        let earned = etas[t + 1][row] * step.reward
        let sum = (0..<actions).reduce(0) { $0 + outcome[t][$1][step.now] }
        let fitted = treatment[t][step.action][step.before] * outcome[t][step.action][step.now]
        importance += factor * weights[row] * earned
        efficient += factor * weights[row] * (earned - etas[t][row] * fitted + etas[t][row] * sum)
      }
      factor *= discount
    }
    return Values(importance: importance, direct: zip(weights, ahead).reduce(0) { $0 + $1.0 * $1.1 }, efficient: efficient)
  }

  /// q(., a): for every present shadow w, the sum over z of E[eta 1{a, z, w}] q(z) is E[eta 1{w}].
  private func treatmentBridge(_ t: Int, _ action: Int, _ weights: [Double], _ eta: [Double]) throws -> [Double] {
    var matrix = Matrix(rows: nows, columns: befores)
    var target = Matrix(rows: nows, columns: 1)
    for (row, trajectory) in trajectories.enumerated() {
      let (step, mass) = (trajectory.steps[t], weights[row] * eta[row])
      target[step.now, 0] += mass
      if step.action == action { matrix[step.now, step.before] += mass }
    }
    return try solve(matrix, target, t, action)
  }

  /// h(., a): for every earlier shadow z, the sum over w of E[eta 1{a, z, w}] h(w) is E[eta y 1{a, z}].
  private func outcomeBridge(_ t: Int, _ action: Int, _ weights: [Double], _ eta: [Double], _ outcomes: [Double]) throws
    -> [Double]
  {
    var matrix = Matrix(rows: befores, columns: nows)
    var target = Matrix(rows: befores, columns: 1)
    for (row, trajectory) in trajectories.enumerated() where trajectory.steps[t].action == action {
      let (step, mass) = (trajectory.steps[t], weights[row] * eta[row])
      matrix[step.before, step.now] += mass
      target[step.before, 0] += mass * outcomes[row]
    }
    return try solve(matrix, target, t, action)
  }

  /// The solution, the least-squares one, or the shortest one, by QR.
  private func solve(_ matrix: Matrix, _ target: Matrix, _ t: Int, _ action: Int) throws -> [Double] {
    if matrix.rows >= matrix.columns, let (q, r) = matrix.qr(tolerance: 1e-10) {
      return r.transposed.solvingLowerTransposed(q.transposeTimes(target)).elements
    }
    if matrix.rows < matrix.columns, let (q, r) = matrix.transposed.qr(tolerance: 1e-10) {
      return (q * r.transposed.solvingLower(target)).elements
    }
    throw MomentFault(
      "at step \(t + 1) under action \(action) what was shown before does not tell apart what is shown now: there is no bridge",
      remedy: "every action must occur wherever the policy may need it, and both shadows must vary with the hidden state")
  }
}
