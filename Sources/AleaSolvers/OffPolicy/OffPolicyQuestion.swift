import AleaEngine
import AleaModel
import AleaSyntax

/// A policy's value asked of a log: everything that estimators read, worked out once.
public struct OffPolicyQuestion: Sendable {
  public let log: Log
  public let record: LogRecord
  public let target: ActionLaw
  public let choices: LoggedChoices
  /// The target policy's probability of every joint action in every row.
  public let targetProbabilities: [Double]
  public let discount: Double
  /// Asked between the parts of long estimates.
  public let control: WorkControl
  /// The number of steps that count; nil where they go on for ever.
  public let horizon: Int?

  public var process: Process { log.process }
  public var actionCount: Int { choices.actionCount }
  /// Whether every episode is one decision.
  public var isOneStep: Bool { horizon == 1 }
  /// Whether every row is a decision by itself: a bandit whose rounds do not follow from one another. The value is the mean reward of
  /// a round.
  public let hasSeparateRounds: Bool
  /// Contexts that values may depend on, whether or not a policy reads them.
  private let conditioning: Set<VariableID>

  /// - Parameter target: the process in which the actions follow the policy that is asked about.
  /// - Throws: ``OffPolicyFault`` where the log does not answer such questions; `Diagnostic` where a rule has no value.
  public init(_ log: Log, target closed: Process, control: WorkControl = WorkControl()) throws {
    try self.init(log, law: ActionLaw(of: closed), closed, control: control)
  }

  /// Whether the rounds of a process are decisions of their own: a bandit without states.
  public static func hasSeparateRounds(_ process: Process) -> Bool {
    process.kind == .bandit && process.variables(with: .state).isEmpty
  }

  /// The question what any policy of the states is worth: actions are compared, none is weighed.
  public init(_ log: Log, among actions: ActionSpace, control: WorkControl = WorkControl()) throws {
    var process = log.process
    let constant = process.pool.constant(1, type: .real)
    for id in actions.variables {
      let domain = process[id].domain
      let outcomes = (0..<(domain.count ?? 0)).map {
        Distribution.Outcome(value: process.pool.constant(domain.value(at: $0), type: domain.type), weight: constant)
      }
      process.variables[Int(id.index)].mechanism = .draw(.finite(outcomes, isNormalized: false))
    }
    let contexts = log.process.observedBeforeAction.filter { process[$0].role == .context }
    try self.init(log, law: ActionLaw(of: process), process, conditioning: Set(contexts), control: control)
  }

  /// The number of steps after which discounted rewards weigh less than one in a thousand million.
  public var stepsUntilNegligible: Int {
    var steps = 0
    var weight = 1.0
    while weight > 1e-9, steps < 100_000, discount < 1 {
      weight *= discount
      steps += 1
    }
    return discount < 1 ? max(steps, 1) : longestEpisode
  }

  private var longestEpisode: Int {
    (0..<record.episodeCount).reduce(1) { max($0, record.start[$1 + 1] - record.start[$1]) }
  }

  private init(_ log: Log, law: ActionLaw, _ closed: Process, conditioning: Set<VariableID> = [], control: WorkControl)
    throws
  {
    self.log = log
    self.control = control
    self.conditioning = conditioning
    hasSeparateRounds = Self.hasSeparateRounds(log.process)
    let logged = try log.record()
    let record = hasSeparateRounds ? logged.rounds() : logged
    self.record = record
    guard record.rowCount > 0 else { throw OffPolicyFault("the log is empty") }
    target = law
    if let draw = law.continuousDraw {
      throw OffPolicyFault(
        "the policy acts by the draw `\(closed[draw].name)`, which is continuous: the probabilities of its actions have no closed form",
        remedy: "evaluate a policy whose draws have finitely many values")
    }
    if let memory = target.reads.first(where: { Int($0.index) >= log.process.variables.count }) {
      throw OffPolicyFault(
        "the policy remembers `\(closed[memory].name)`, which depends on what it would have seen itself",
        remedy: "a policy can be evaluated from a log when it acts on recorded variables alone")
    }
    if let latent = target.reads.first(where: { record.columns[$0] == nil }) {
      throw OffPolicyFault(
        "the policy reads `\(closed[latent].name)`, which no log of \(log.model) holds",
        remedy: "a policy can be evaluated from a log when it reads recorded variables alone")
    }
    choices = try LoggedChoices(log, record, control: control)
    targetProbabilities = try LoggedChoices.probabilities(of: target, in: record, control: control)
    if hasSeparateRounds {
      discount = 1
      horizon = 1
      return
    }
    switch log.process.objective.criterion {
    case .total where log.process.kind == .bandit && log.process.terminal == nil:
      throw OffPolicyFault(
        "the rounds of `\(log.process.name)` depend on one another through its states, and it does not say over how many",
        remedy: "give it a `horizon` or a `discount`")
    case .discounted(let factor):
      discount = factor
      horizon = nil
    case .finiteHorizon(let steps, let factor):
      discount = factor
      horizon = steps
    case .total:
      guard log.process.terminal != nil, record.ended.allSatisfy({ $0 }) else {
        throw OffPolicyFault(
          "some episodes of the log were cut off before their end, and the total reward until the end is asked for",
          remedy: "log longer episodes, or give the model a `discount` or a `horizon`")
      }
      discount = 1
      horizon = nil
    case .average:
      throw OffPolicyFault(
        "the long-run average is not estimated from logs", remedy: "give the model a `discount` or a `horizon`")
    }
  }

  /// The states that tables and features are built on: the states, and what is observed before the action where a policy reads it.
  ///
  /// - Parameter excluded: an instrument, over which is averaged.
  public func coding(without excluded: VariableID? = nil) -> [VariableID] {
    var readByLogger: Set<VariableID>
    switch log.logging {
    case .policy(let closed): readByLogger = Set(ActionLaw(of: closed).reads)
    case .table, .unknown: readByLogger = Set(process.observedBeforeAction)
    }
    readByLogger.formUnion(target.reads)
    readByLogger.formUnion(conditioning)
    // A variable with a single value tells nothing.
    return process.variables(with: .state).filter { process[$0].domain.count != 1 }
      + process.observedBeforeAction.filter { readByLogger.contains($0) && $0 != excluded && record.columns[$0] != nil }
  }

  /// The successors of the rows: the next row of an episode, what is recorded of the next state, the end, or nothing known.
  public func successor(of row: Int, episode: Int, coding: [VariableID]) -> Successor {
    if row + 1 < record.start[episode + 1] { return .row(row + 1) }
    if record.ended[episode] || isOneStep { return .ended }
    let next = coding.map { record.next[$0]?[row] }
    return next.contains { $0 == nil } ? .unknown : .values(next.compactMap { $0 })
  }

  public enum Successor {
    case row(Int)
    case values([Double])
    case ended
    case unknown
  }

  /// The log in tables, with the target policy state by state and the values each state stands for.
  public struct Table: Sendable {
    public var log: TabularLog
    public var policy: [Double]
    public var keys: [[Double]]
    public var coding: [VariableID]
  }

  /// - Throws: ``OffPolicyFault`` where a variable that states are made of has no finite domain, or the policy depends on the time.
  public func table(without excluded: VariableID? = nil) throws -> Table {
    let coding = coding(without: excluded)
    if let real = coding.first(where: { !process[$0].domain.isFinite }) {
      throw OffPolicyFault(
        "a table needs finite domains, and `\(process[real].name)` has none", remedy: "`features: linear` takes real values")
    }
    try requireStationary()
    if target.readsTime {
      throw OffPolicyFault(
        "the policy depends on `t`, and tables are kept by state alone",
        remedy: "`PerDecision()` weighs the log for such a policy")
    }
    var keys: [[Double]] = []
    var known: [[Double]: Int] = [:]
    func code(_ key: [Double]) -> Int {
      if let index = known[key] { return index }
      known[key] = keys.count
      keys.append(key)
      return keys.count - 1
    }
    let columns = coding.map { record.columns[$0] ?? [] }
    let states = (0..<record.rowCount).map { row in code(columns.map { $0[row] }) }
    var next = [Int](repeating: TabularLog.ended, count: record.rowCount)
    for episode in 0..<record.episodeCount {
      for row in record.start[episode]..<record.start[episode + 1] {
        switch successor(of: row, episode: episode, coding: coding) {
        case .row(let following): next[row] = states[following]
        case .values(let values): next[row] = code(values)
        case .ended: next[row] = TabularLog.ended
        case .unknown: next[row] = TabularLog.unknown
        }
      }
    }
    var policy: [Double] = []
    for key in keys {
      var environment = ScalarEnvironment(variableCount: target.process.variables.count)
      for (id, value) in zip(coding, key) { environment.current[Int(id.index)] = value }
      policy += try target.probabilities(in: environment)
    }
    guard keys.count <= 1_500 else {
      throw OffPolicyFault(
        "the log has \(NumberText.grouped(keys.count)) states, too many for a table", remedy: "`features: linear` takes more")
    }
    var log = try TabularLog(
      stateCount: keys.count, actionCount: actionCount, start: record.start, states: states, actions: choices.actions,
      rewards: record.rewards, next: next)
    log.control = control
    return Table(log: log, policy: policy, keys: keys, coding: coding)
  }

  /// Refuses models whose mechanisms change with the time: values pooled over steps would mix them.
  public func requireStationary() throws {
    let mechanisms = process.variables.flatMap { variable in
      (variable.role == .state ? [] : variable.mechanism.expressions) + (variable.next?.expressions ?? [])
    }
    let rewards = process.channels.map(\.amount)
    guard !isOneStep || hasSeparateRounds, process.pool.leaves(of: mechanisms + rewards).contains(.time) else { return }
    throw OffPolicyFault(
      "the mechanisms of \(process.name) depend on `t`, and values are learned from all steps together",
      remedy: "`PerDecision()` needs no model of them; or make the time a state")
  }

  /// The values of a coded state in words: "stock = 3".
  public func text(of key: [Double], _ coding: [VariableID]) -> String {
    zip(coding, key).map { "\(process[$0].name) = \(process.text(of: $1, in: process[$0].domain))" }.joined(separator: ", ")
  }

  /// The values of a joint action in words.
  public func text(ofAction action: Int) -> String {
    zip(target.actions.variables, target.actions.values(of: action)).map {
      "\(process[$0].name) = \(process.text(of: $1, in: process[$0].domain))"
    }.joined(separator: ", ")
  }

  /// Where in the table something is missing: " in the state s = 1", or nothing where there is one state.
  func place(_ table: Table, _ state: Int) -> String {
    table.keys[state].isEmpty ? "" : " in the state \(text(of: table.keys[state], table.coding))"
  }

  func missing(_ table: Table) -> (Int, Int) -> OffPolicyFault {
    { state, action in
      OffPolicyFault(
        "the log never takes \(text(ofAction: action))\(place(table, state)), and the policy does",
        remedy: "log more, or evaluate a policy that stays closer to the one that logged")
    }
  }

  /// The ratios of target to logging probabilities, checked for coverage.
  ///
  /// - Throws: ``OffPolicyFault`` where the propensities are not known, or the policy takes what the logging policy never does.
  public func ratios() throws -> [Double] {
    guard let propensities = choices.propensities else {
      if case .policy(let closed) = log.logging, let draw = ActionLaw(of: closed).continuousDraw {
        throw OffPolicyFault(
          "the log does not tell how probable its actions were: `\(log.policy)` acted by the draw `\(closed[draw].name)`, which is continuous",
          remedy: "`DirectMethod()` needs no propensities")
      }
      throw OffPolicyFault(
        "the log does not tell how probable its actions were", remedy: "`FittedQ()` needs no propensities; or name their column")
    }
    if let logging = choices.logging,
      let index = targetProbabilities.indices.first(where: { targetProbabilities[$0] > 0 && logging[$0] <= 0 })
    {
      throw OffPolicyFault(
        "the policy takes \(text(ofAction: index % actionCount)) where `\(log.policy)` never does, as in row \(index / actionCount + 1) of the log",
        remedy: "what was never tried cannot be weighed up: log with a policy that tries it, or use `FittedQ()` with features")
    }
    if case .table = log.logging,
      let row = choices.actions.indices.first(where: { targetProbabilities[$0 * actionCount + choices.actions[$0]] < 1 - 1e-12 })
    {
      throw OffPolicyFault(
        "the log is of a policy without chance, and the policy asked about acts otherwise in row \(row + 1)",
        remedy: "log with a policy that tries every action now and then")
    }
    return choices.actions.indices.map { targetProbabilities[$0 * actionCount + choices.actions[$0]] / propensities[$0] }
  }

  /// The episodes for importance weighting.
  ///
  /// - Throws: as ``ratios()``; and where a horizon is longer than the episodes of the log.
  public func episodes() throws -> LoggedEpisodes {
    var ratios = try ratios()
    var rewards = record.rewards
    if let horizon {
      for episode in 0..<record.episodeCount {
        let length = record.start[episode + 1] - record.start[episode]
        if length < horizon, !record.ended[episode] {
          throw OffPolicyFault(
            "episode \(episode + 1) of the log stops after \(length) of \(horizon) steps",
            remedy: "log whole episodes, or use `FittedQ()`, which pools steps")
        }
        for row in min(record.start[episode] + horizon, record.start[episode + 1])..<record.start[episode + 1] {
          ratios[row] = 1
          rewards[row] = 0
        }
      }
    }
    return try LoggedEpisodes(start: record.start, rewards: rewards, ratios: ratios, discount: discount)
  }

  /// A note on the rewards after the log's last step, where they count.
  func truncationNote() -> [String] {
    guard horizon == nil, discount < 1, !record.ended.allSatisfy({ $0 }) else { return [] }
    let longest = (0..<record.episodeCount).reduce(0) { max($0, record.start[$1 + 1] - record.start[$1]) }
    var left = 1.0
    for _ in 0..<longest { left *= discount }
    return [
      "rewards after the log's last step are not counted: they carry a weight of \(NumberText.significant(left, digits: 2)) of the whole"
    ]
  }
}
