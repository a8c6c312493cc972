import AleaModel
import AleaNumerics

/// What a policy learned from a log is to make large.
public enum SearchObjective: Hashable, Sendable {
  case mean
  /// The quantile of the law of rewards over all contexts.
  case quantile(Double)
  /// The mean over contexts of the quantile within each.
  case conditionalQuantile(Double)
}

/// The lower confidence bound of a one-step policy's objective from weighted rewards.
public enum WeightedBound {
  /// The mean of w r over the mean of w, less a normal quantile of its delta-method errors.
  public static func mean(_ rewards: [Double], weights: [Double], confidence: Double) -> Double {
    let scale = SampleMoments.mean(weights)
    guard scale > 0 else { return -.infinity }
    let value = SampleMoments.mean(zip(weights, rewards).map(*)) / scale
    // A spread seen in few rewards says little: it is at least that of all rewards over the effective sample size.
    let error = SampleMoments.influenceError(zip(weights, rewards).map { $0 * ($1 - value) / scale })
    let all = SampleMoments.mean(rewards)
    let spread = SampleMoments.mean(rewards.map { ($0 - all) * ($0 - all) }).squareRoot()
    let floor = spread / SampleMoments.effectiveSize(weights).squareRoot()
    return value - UnaryFunction.normalQuantile(confidence) * max(error, floor)
  }

  /// The quantile of the weighted rewards at a level lowered by the error of a share, sqrt(p (1 - p) / effective size).
  public static func quantile(_ level: Double, _ rewards: [Double], weights: [Double], confidence: Double) -> Double {
    let size = SampleMoments.effectiveSize(weights)
    guard size > 0 else { return -.infinity }
    let margin = confidence > 0.5 ? UnaryFunction.normalQuantile(confidence) * (level * (1 - level) / size).squareRoot() : 0
    let lowered = level - margin
    let order = rewards.indices.filter { weights[$0] > 0 }.sorted { rewards[$0] < rewards[$1] }
    guard lowered > 0 else { return -.infinity }
    let total = weights.reduce(0, +)
    var sum = 0.0
    for index in order {
      sum += weights[index] / total
      if sum >= lowered - 1e-12 { return rewards[index] }
    }
    return order.last.map { rewards[$0] } ?? -.infinity
  }
}

/// The mean over contexts of bounds that hold within each, when the law of contexts is that of a log.
enum ContextMixture {
  /// sum_k share_k b_k less a normal quantile of its error, sqrt(sum_k share_k (b_k - mean)^2 / n): how often a context comes is learned
  /// from the log too.
  static func lowerBound(_ bounds: [Double], shares: [Double], count: Int, confidence: Double) -> Double {
    let mean = zip(bounds, shares).reduce(0) { $0 + $1.0 * $1.1 }
    guard mean.isFinite, confidence > 0.5 else { return mean }
    let error = error(bounds, shares: shares, mean: mean, count: count)
    return error > 0 ? mean - UnaryFunction.normalQuantile(confidence) * error : mean
  }

  static func error(_ values: [Double], shares: [Double], mean: Double, count: Int) -> Double {
    let variance = zip(values, shares).reduce(0) { $0 + $1.1 * ($1.0 - mean) * ($1.0 - mean) }
    return variance > 0 ? (variance / Double(count)).squareRoot() : 0
  }
}

/// The set of mean rewards of actions that a discrete instrument does not refute: an ellipsoid, in one context.
///
/// The moments are E[Y - g(A) | Z] = 0; the loss 1/2 sum_z p_z (mean_z(Y - g(A)))^2 is within chi-squared quantile sigma^2 / (2n) of its
/// least value.
public struct InstrumentalMeanSet: Sendable {
  public let center: [Double]
  private let inverse: Matrix?
  private let radius: Double

  public init(
    instrument: [Int], actions: [Int], rewards: [Double], instrumentLevels: Int, actionCount: Int, confidence: Double
  ) throws {
    let count = Double(rewards.count)
    guard count > 1 else { throw OffPolicyFault("a context has a single row") }
    var sizes = [Double](repeating: 0, count: instrumentLevels)
    var shares = Matrix(rows: instrumentLevels, columns: actionCount)
    var means = sizes
    for row in rewards.indices {
      sizes[instrument[row]] += 1
      shares[instrument[row], actions[row]] += 1
      means[instrument[row]] += rewards[row]
    }
    var gram = Matrix(rows: actionCount, columns: actionCount)
    var right = Matrix(rows: actionCount, columns: 1)
    for z in sizes.indices where sizes[z] > 0 {
      for a in 0..<actionCount {
        right[a, 0] += shares[z, a] / sizes[z] * means[z] / count
        for b in 0..<actionCount { gram[a, b] += shares[z, a] * shares[z, b] / sizes[z] / count }
      }
    }
    guard let solved = gram.inverse else {
      center = [Double](repeating: .nan, count: actionCount)
      inverse = nil
      radius = .infinity
      return
    }
    let fit = (solved * right).elements
    let residuals = rewards.indices.map { rewards[$0] - fit[actions[$0]] }
    let variance = residuals.reduce(0) { $0 + $1 * $1 } / count
    center = fit
    inverse = solved
    radius = StatisticalFunctions.chiSquareQuantile(confidence, degrees: Double(instrumentLevels)) * variance / count
  }

  /// The least of sum_a weights_a g_a over the set: center' w - sqrt(radius w' M^-1 w).
  public func lowerBound(_ weights: [Double]) -> Double {
    guard let inverse else { return -.infinity }
    var spread = 0.0
    for i in weights.indices { for j in weights.indices { spread += weights[i] * inverse[i, j] * weights[j] } }
    return zip(center, weights).reduce(0) { $0 + $1.0 * $1.1 } - (radius * max(spread, 0)).squareRoot()
  }
}

extension PessimisticMinimax: LearningMethod {
  public func learn(_ question: LearningQuestion) throws -> LearnedPolicy {
    try question.search(by: self, claim: .ofLargeLogs(confidence)) { try bound($0, question.objective) }
  }

  /// The least value of a policy over what the instrument leaves open.
  ///
  /// - Throws: ``OffPolicyFault`` where the problem has several steps, or the model licenses no instrument.
  public func bound(_ question: OffPolicyQuestion, _ objective: SearchObjective) throws -> Double {
    guard question.isOneStep else {
      throw OffPolicyFault("`\(name)` learns policies of one step", remedy: "give the model `horizon 1`")
    }
    let process = question.process
    let instrument = try question.licensedInstrument(named: nil, checksInteraction: false)
    let table = try question.table(without: instrument)
    let domain = process[instrument].domain
    let levels = try question.levels(of: instrument)
    let rewards = table.log.rewards
    if case .quantile(let level) = objective, table.keys.count > 1 {
      return try wholeLawQuantile(level, question, table, levels, instrumentLevels: domain.count ?? 0)
    }
    let resolution = gridSize(actions: question.actionCount)
    var bounds: [Double] = []
    var shares: [Double] = []
    for state in table.keys.indices {
      let rows = table.log.states.indices.filter { table.log.states[$0] == state }
      guard !rows.isEmpty else { continue }
      shares.append(Double(rows.count) / Double(rewards.count))
      let policy = Array(table.policy[state * question.actionCount..<(state + 1) * question.actionCount])
      let (z, a, y) = (rows.map { levels[$0] }, rows.map { table.log.actions[$0] }, rows.map { rewards[$0] })
      switch objective {
      case .mean:
        bounds.append(
          try InstrumentalMeanSet(
            instrument: z, actions: a, rewards: y, instrumentLevels: domain.count ?? 0, actionCount: question.actionCount,
            confidence: confidence
          ).lowerBound(policy))
      case .quantile(let level), .conditionalQuantile(let level):
        let set = try levelSet(
          z, a, y, instrumentLevels: domain.count ?? 0, actionCount: question.actionCount, level: level, resolution: resolution,
          confidence: confidence)
        bounds.append(zip(policy, set.lower).reduce(0) { $0 + $1.0 * $1.1 })
      }
    }
    return ContextMixture.lowerBound(bounds, shares: shares, count: rewards.count, confidence: confidence)
  }
}

extension PessimisticMinimax {
  /// The values of the level-quantiles of the actions in one context that the log does not refute.
  private func levelSet(
    _ instrument: [Int], _ actions: [Int], _ rewards: [Double], instrumentLevels: Int, actionCount: Int, level: Double,
    resolution: Int, confidence: Double
  ) throws -> InstrumentalLevelSet {
    let (low, high) = (rewards.min() ?? 0, rewards.max() ?? 0)
    return try InstrumentalLevelSet(
      instrument: instrument, actions: actions, rewards: rewards, instrumentLevels: instrumentLevels, actionCount: actionCount,
      level: level, grid: (0..<resolution).map { low + (high - low) * Double($0) / Double(resolution - 1) },
      slack: InstrumentalLevelSet.slack(
        level: level, count: rewards.count, instrumentLevels: instrumentLevels, confidence: confidence))
  }

  /// The least quantile of the rewards of all contexts together.
  ///
  /// In every context the sets for a grid of levels bound each action's quantile function from below, so its distribution function from
  /// above: F(y) <= the first level of the grid whose bound exceeds y. The quantile of their mixture over contexts and actions bounds
  /// that of the whole law. All sets hold together with the confidence (Bonferroni).
  private func wholeLawQuantile(
    _ level: Double, _ question: OffPolicyQuestion, _ table: OffPolicyQuestion.Table, _ instrument: [Int], instrumentLevels: Int
  ) throws -> Double {
    // Below the level asked for too, so that the bound is finite.
    let tau = Set((1...levels).map { Double($0) / Double(levels + 1) } + [level / 2, level]).sorted()
    let sets = tau.count * table.keys.count
    let each = 1 - (1 - confidence) / Double(sets)
    let resolution = gridSize(actions: question.actionCount, sets: sets)
    // Jumps of the bounds on the distribution functions of the contexts: at `value` that of a context rises by `mass`.
    var jumps: [(value: Double, context: Int, mass: Double)] = []
    var shares: [Double] = []
    for state in table.keys.indices {
      let rows = table.log.states.indices.filter { table.log.states[$0] == state }
      guard !rows.isEmpty else { continue }
      shares.append(Double(rows.count) / Double(table.log.rewards.count))
      let (z, a, y) = (rows.map { instrument[$0] }, rows.map { table.log.actions[$0] }, rows.map { table.log.rewards[$0] })
      var lower = [[Double]](repeating: [], count: question.actionCount)
      for (index, quantile) in tau.enumerated() {
        try question.control.continues("learning", "context \(state + 1), quantile \(index + 1) of \(tau.count)")
        let set = try levelSet(
          z, a, y, instrumentLevels: instrumentLevels, actionCount: question.actionCount, level: quantile, resolution: resolution,
          confidence: each)
        for action in lower.indices { lower[action].append(set.lower[action]) }
      }
      for action in lower.indices {
        let weight = table.policy[state * question.actionCount + action]
        guard weight > 0 else { continue }
        // Quantile functions rise: a bound at one level is one at every higher level.
        var highest = -Double.infinity
        var known = 0.0
        for (quantile, bound) in zip(tau, lower[action]) {
          // Up to the bound of this level the distribution function may be as much as the level.
          jumps.append((highest, shares.count - 1, weight * (quantile - known)))
          highest = max(highest, bound)
          known = quantile
        }
        jumps.append((highest, shares.count - 1, weight * (1 - known)))
      }
    }
    // How often a context comes is learned from the log too.
    let margin = confidence > 0.5 ? UnaryFunction.normalQuantile(confidence) : 0
    var reached = shares.map { _ in 0.0 }
    for jump in jumps.sorted(by: { $0.value < $1.value }) {
      reached[jump.context] += jump.mass
      let mean = zip(reached, shares).reduce(0) { $0 + $1.0 * $1.1 }
      let error = ContextMixture.error(reached, shares: shares, mean: mean, count: table.log.rewards.count)
      if mean + (error > 0 ? margin * error : 0) >= level - 1e-12 { return jump.value }
    }
    return jumps.map(\.value).max() ?? -.infinity
  }
}

/// `PessimisticSearch()`: the policy among some whose objective has the greatest lower confidence bound, from an unconfounded log.
public struct PessimisticSearch: LearningMethod {
  public static let name = "PessimisticSearch"
  public static let summary =
    "chooses among one-step policies by the lower confidence bound of a mean or quantile, from an unconfounded log"
  public static let parameters = [
    MethodParameter("confidence", .real(from: 0.5, to: 1), default: .real(0.95), doc: "the level of each bound; 0.5 is greedy")
  ]
  public let confidence: Double

  public init(arguments: MethodArguments) { confidence = arguments.real("confidence") }

  public func learn(_ question: LearningQuestion) throws -> LearnedPolicy {
    try question.search(by: self, claim: .ofLargeLogs(confidence)) { try bound($0, question.objective) }
  }

  /// The lower bound of a policy's objective.
  ///
  /// - Throws: ``OffPolicyFault`` where the problem has several steps, or the log is confounded or lacks propensities.
  public func bound(_ question: OffPolicyQuestion, _ objective: SearchObjective) throws -> Double {
    _ = try question.requireUnconfounded()
    guard question.isOneStep else {
      throw OffPolicyFault("`\(name)` learns policies of one step", remedy: "`PessimisticValueIteration()` learns over several")
    }
    let weights = try question.ratios()
    let rewards = question.record.rewards
    switch objective {
    case .mean: return WeightedBound.mean(rewards, weights: weights, confidence: confidence)
    case .quantile(let level): return WeightedBound.quantile(level, rewards, weights: weights, confidence: confidence)
    case .conditionalQuantile(let level):
      let states = try question.table().log.states
      let contexts = Set(states).sorted().map { state in states.indices.filter { states[$0] == state } }
      let bounds = contexts.map { rows in
        WeightedBound.quantile(level, rows.map { rewards[$0] }, weights: rows.map { weights[$0] }, confidence: confidence)
      }
      return ContextMixture.lowerBound(
        bounds, shares: contexts.map { Double($0.count) / Double(states.count) }, count: states.count, confidence: confidence)
    }
  }
}
