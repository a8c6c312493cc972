import AleaModel

/// `FittedQ()`: action values learned from the log by fitted Q evaluation.
public struct FittedQ: OffPolicyMethod {
  public static let name = "FittedQ"
  public static let abbreviations = ["FQE"]
  public static let summary = "learns the policy's action values from the log: needs no propensities, trusts its features"
  public static let parameters = [MethodParameter.features]
  public let features: String

  public init(arguments: MethodArguments) { features = arguments.symbol("features") }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    let assumed = try question.requireUnconfounded()
    let fit = try FittedValues(question, features: features)
    return question.estimate(
      fit.value, self, assumed + fit.assumptions, errors: question.jackknifeName)
  }
}

/// `DirectMethod()`: modelled rewards alone; over several steps the same as ``FittedQ``.
public struct DirectMethod: OffPolicyMethod {
  public static let name = "DirectMethod"
  public static let abbreviations = ["DM"]
  public static let summary = "models the reward of every action and averages what the policy would earn"
  public static let parameters = [MethodParameter.features]
  public let features: String

  public init(arguments: MethodArguments) { features = arguments.symbol("features") }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    let assumed = try question.requireUnconfounded()
    let fit = try FittedValues(question, features: features)
    return question.estimate(fit.value, self, assumed + fit.assumptions, errors: question.jackknifeName)
  }
}

/// `DoublyRobust()`: modelled values, corrected by what the log says against them.
public struct DoublyRobust: OffPolicyMethod {
  public static let name = "DoublyRobust"
  public static let abbreviations = ["DR"]
  public static let summary = "fitted values corrected by weighted temporal differences: right when either part is"
  public static let parameters = [
    MethodParameter("selfNormalized", .boolean, default: .boolean(false), doc: "divides each step's weights by their mean"),
    MethodParameter.features,
  ]
  public let selfNormalized: Bool
  public let features: String

  public init(arguments: MethodArguments) {
    selfNormalized = arguments.boolean("selfNormalized")
    features = arguments.symbol("features")
  }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    let assumed = try question.requireUnconfounded()
    let episodes = try question.episodes()
    let fit = try FittedValues(question, features: features, allowsMissing: true)
    let value = selfNormalized ? try episodes.weightedDoublyRobust(fit.baseline) : episodes.doublyRobust(fit.baseline)
    return question.estimate(value, self, assumed, notes: fit.notes)
  }
}

/// `SwitchEstimator()`: doubly robust where the weight is moderate, the model alone elsewhere.
public struct SwitchEstimator: OffPolicyMethod {
  public static let name = "SwitchEstimator"
  public static let summary = "doubly robust up to a weight, modelled rewards beyond it; for one-step problems"
  public static let parameters = [
    MethodParameter(
      "threshold", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(10),
      doc: "the weight beyond which the model is trusted"),
    MethodParameter.features,
  ]
  public let threshold: Double
  public let features: String

  public init(arguments: MethodArguments) {
    threshold = arguments.real("threshold")
    features = arguments.symbol("features")
  }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    try question.limitedDoublyRobust(.switching(threshold), features: features, self)
  }
}

/// `Shrinkage()`: doubly robust with weights lambda w / (w^2 + lambda).
public struct Shrinkage: OffPolicyMethod {
  public static let name = "Shrinkage"
  public static let summary = "doubly robust with optimistically shrunk weights; for one-step problems"
  public static let parameters = [
    MethodParameter(
      "lambda", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(100), doc: "larger trusts the weights, 0 the model"),
    MethodParameter.features,
  ]
  public let lambda: Double
  public let features: String

  public init(arguments: MethodArguments) {
    lambda = arguments.real("lambda")
    features = arguments.symbol("features")
  }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    try question.limitedDoublyRobust(.shrinking(lambda), features: features, self)
  }
}

extension OffPolicyQuestion {
  func limitedDoublyRobust(_ limit: LoggedRounds.WeightLimit, features: String, _ method: any Method) throws -> Estimate {
    let assumed = try requireUnconfounded()
    guard isOneStep else {
      throw OffPolicyFault(
        "`\(method.name)` is for problems of one step", remedy: "`DoublyRobust(selfNormalized: true)` tames weights over several")
    }
    let fit = try FittedValues(self, features: features, allowsMissing: true)
    let value = try rounds().doublyRobust(try fit.table(self), limit)
    return estimate(
      value, method, assumed,
      notes: fit.notes + ["limited weights leave a bias that the interval does not cover"])
  }
}

/// Action values fitted to a log, along the log.
struct FittedValues: Sendable {
  let value: PolicyValue
  let baseline: LoggedEpisodes.StepBaseline
  let assumptions: [String]
  let notes: [String]
  private let rows: [Double]

  init(_ question: OffPolicyQuestion, features: String, allowsMissing: Bool = false) throws {
    let isFinite = question.coding().allSatisfy { question.process[$0].domain.isFinite }
    let kind = features == "automatic" ? (isFinite ? "tabular" : "linear") : features
    if kind == "tabular" {
      try self.init(tabular: question, allowsMissing: allowsMissing)
    } else {
      try self.init(linear: question, quadratic: kind == "quadratic")
    }
  }

  private init(tabular question: OffPolicyQuestion, allowsMissing: Bool) throws {
    let table = try question.table()
    var policy = table.policy
    var notes: [String] = []
    if allowsMissing {
      let counts = EmpiricalModel(table.log, countsUnknownAsEnd: question.isOneStep).counts
      let unseen = policy.indices.filter { policy[$0] > 0 && counts[$0] == 0 }
      for pair in unseen { policy[pair] = 0 }
      if !unseen.isEmpty {
        notes.append("\(unseen.count) pairs of state and action were never logged: their modelled value is 0")
      }
    }
    let tables: [[Double]]
    if let horizon = question.horizon {
      (value, tables) = try table.log.fittedQ(
        following: policy, horizon: horizon, discount: question.discount, missing: question.missing(table))
    } else {
      let fit = try table.log.fittedQ(following: policy, discount: question.discount, missing: question.missing(table))
      value = fit.value
      tables = [fit.actionValues]
    }
    var baseline = table.log.baseline(tables, following: policy)
    notes += baseline.standIn(where: table.log.next.map { $0 == TabularLog.unknown }, question)
    self.baseline = baseline
    assumptions = []
    self.notes = notes
    let last = tables[tables.count - 1]
    let count = question.actionCount
    rows = table.log.states.flatMap { state in Array(last[state * count..<(state + 1) * count]) }
  }

  private init(linear question: OffPolicyQuestion, quadratic: Bool) throws {
    let model = try LinearValues(question, quadratic: quadratic)
    let record = question.record
    let starts = Array(record.start.dropLast())
    func fit(_ episodes: [Int]) throws -> [[Double]] {
      let rows = episodes.flatMap { record.start[$0]..<record.start[$0 + 1] }
      return try question.horizon.map { try model.regressions(question, horizon: $0, rows: rows) }
        ?? [model.fixedPoint(question, rows: rows)]
    }
    func start(_ theta: [Double], _ episodes: [Int]) -> Double {
      SampleMoments.mean(
        episodes.map { model.value(model.features, question.targetProbabilities, starts[$0], theta) })
    }
    let all = Array(0..<record.episodeCount)
    let tables = try fit(all)
    let error = try Jackknife.error(over: record.episodeCount, groups: 20, control: question.control) { kept in
      let tables = try fit(kept)
      return start(tables[tables.count - 1], kept)
    }
    value = PolicyValue(value: start(tables[tables.count - 1], all), error: error)
    var taken = [Double](repeating: 0, count: record.rowCount)
    var next = taken
    for episode in all {
      for row in record.start[episode]..<record.start[episode + 1] {
        let toGo = question.horizon == nil ? 0 : tables.count - 1 - (row - record.start[episode])
        guard toGo >= 0 else { continue }
        taken[row] = model.taken(row, question.choices.actions[row], tables[toGo])
        let after = question.horizon == nil ? 0 : toGo - 1
        if after >= 0, model.hasNext[row] { next[row] = model.value(model.nextFeatures, model.nextTarget, row, tables[after]) }
      }
    }
    var baseline = LoggedEpisodes.StepBaseline(
      taken: taken, next: next,
      initial: all.map { model.value(model.features, question.targetProbabilities, starts[$0], tables[tables.count - 1]) })
    notes = baseline.standIn(where: model.isKnown.map { !$0 }, question)
    self.baseline = baseline
    assumptions = ["action values are \(quadratic ? "quadratic" : "linear") in the states, for each action apart"]
    let last = tables[tables.count - 1]
    rows = (0..<record.rowCount).flatMap { row in (0..<question.actionCount).map { model.taken(row, $0, last) } }
  }

  /// The modelled value of every action in every row of a one-step log.
  func table(_ question: OffPolicyQuestion) throws -> [Double] { rows }
}

extension LoggedEpisodes.StepBaseline {
  /// Leaves the steps whose successor the log does not hold without a say: from there on the modelled values stand.
  ///
  /// - Returns: a note that says so, where a discounted value is asked for.
  mutating func standIn(where isUnknown: [Bool], _ question: OffPolicyQuestion) -> [String] {
    guard question.horizon == nil, isUnknown.contains(true) else { return [] }
    for row in isUnknown.indices where isUnknown[row] {
      taken[row] = question.record.rewards[row]
      next[row] = 0
    }
    return ["after the last step of an episode the modelled values stand"]
  }
}
