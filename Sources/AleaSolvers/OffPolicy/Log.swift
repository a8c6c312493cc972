import AleaEngine
import AleaModel
import AleaSyntax
import Synchronization

/// What was recorded of a log: columns of equal length, episode by episode.
public struct LogRecord: Sendable {
  /// Where each episode starts among the rows; the last entry is the number of rows.
  public var start: [Int]
  /// States, contexts, observed variables and actions; never a latent one.
  public var columns: [VariableID: [Double]]
  /// The next value of each state variable.
  public var next: [VariableID: [Double]]
  public var rewards: [Double]
  /// Whether the process had ended after the last row of each episode.
  public var ended: [Bool]
  /// The logging probability of the action taken, where the log itself holds it.
  public var propensities: [Double]?
  /// The logging probability of every joint action, row by row, where it was recorded while the policy acted: what a policy that
  /// remembers would do next cannot be told from the rows.
  public var actionProbabilities: [Double]?
  /// The number of steps taken before each row; nil where it is the place of the row within its episode.
  public var times: [Double]?

  public init(
    start: [Int], columns: [VariableID: [Double]], next: [VariableID: [Double]], rewards: [Double], ended: [Bool],
    propensities: [Double]? = nil
  ) {
    self.start = start
    self.columns = columns
    self.next = next
    self.rewards = rewards
    self.ended = ended
    self.propensities = propensities
  }

  public var rowCount: Int { rewards.count }
  public var episodeCount: Int { start.count - 1 }

  /// The number of steps taken before a row of an episode.
  func time(of row: Int, in episode: Int) -> Double { times?[row] ?? Double(row - start[episode]) }

  /// The slots of a process that a log of it keeps: never a latent variable, nor what a policy remembers.
  public static func slots(of process: Process) -> Set<Slot> {
    var result = Set<Slot>()
    for (index, variable) in process.variables.enumerated() {
      let id = VariableID(index)
      if [.state, .action, .context, .observed].contains(variable.role) { result.insert(.current(id)) }
      if variable.next != nil { result.insert(.next(id)) }
    }
    return result
  }

  /// The same rows, each an episode of its own: the rounds of a bandit.
  func rounds() -> LogRecord {
    var result = self
    result.start = Array(0...rowCount)
    result.ended = [Bool](repeating: true, count: rowCount)
    var times = [Double](repeating: 0, count: rowCount)
    for episode in 0..<episodeCount {
      for row in start[episode]..<start[episode + 1] { times[row] = time(of: row, in: episode) }
    }
    result.times = times
    return result
  }

  /// The rows of a simulation, without what is latent or hidden.
  ///
  /// - Parameter probabilities: the variables that hold the logging probability of each joint action.
  /// - Throws: `Diagnostic` where the terminal condition has no value.
  public init(_ log: Simulation.Log, of process: Process, probabilities: [VariableID] = []) throws {
    let count = log.episode.count
    var start = [0]
    for row in 1..<max(count, 1) where log.episode[row] != log.episode[row - 1] { start.append(row) }
    if count > 0 { start.append(count) }
    var columns: [VariableID: [Double]] = [:]
    var next: [VariableID: [Double]] = [:]
    for (slot, values) in log.columns {
      switch slot {
      // What the policy adds to the process is its own.
      case .current(let id):
        guard Int(id.index) < process.variables.count else { continue }
        if [.state, .action, .context, .observed].contains(process[id].role) { columns[id] = values }
      case .next(let id):
        if Int(id.index) < process.variables.count { next[id] = values }
      }
    }
    var rewards = [Double](repeating: 0, count: count)
    for channel in log.rewards { for row in rewards.indices { rewards[row] += channel[row] } }
    var ended = [Bool](repeating: false, count: start.count - 1)
    if let terminal = process.terminal {
      let evaluator = ScalarEvaluator(process)
      for episode in ended.indices {
        let row = start[episode + 1] - 1
        var environment = ScalarEnvironment(variableCount: process.variables.count, time: Double(log.time[row]) + 1)
        for (id, values) in next { environment.current[Int(id.index)] = values[row] }
        ended[episode] = try evaluator(terminal, in: environment) != 0
      }
    }
    self.init(start: start, columns: columns, next: next, rewards: rewards, ended: ended)
    let shares = probabilities.compactMap { log.columns[.current($0)] }
    guard !shares.isEmpty, shares.count == probabilities.count else { return }
    actionProbabilities = (0..<count).flatMap { row in shares.map { $0[row] } }
  }
}

/// Logged decisions tied to the model they were made in: the answer to `simulate`, or rows read from a file.
///
/// A simulated log is remembered by its seed and made again when its rows are first asked for, so that it costs no memory before.
public struct Log: Sendable {
  /// What is known of how the actions came about.
  public enum Logging: Sendable {
    /// The process in which the policy set the actions.
    case policy(Process)
    /// A table of choices by state: no chance in it.
    case table
    /// Only the propensities, if any, that the log holds.
    case unknown
  }

  public let model: String
  public let policy: String
  /// The model without any policy.
  public let process: Process
  public let logging: Logging
  /// What the episodes earned; nil for rows read from a file.
  public let summary: SimulationSummary?
  private let rows: Rows

  private final class Rows: Sendable {
    private let made = Mutex<LogRecord?>(nil)
    private let make: @Sendable () throws -> LogRecord

    init(_ make: @escaping @Sendable () throws -> LogRecord) { self.make = make }

    func record() throws -> LogRecord {
      if let known = made.withLock({ $0 }) { return known }
      let record = try make()
      made.withLock { $0 = record }
      return record
    }
  }

  public init(
    model: String, policy: String, process: Process, logging: Logging, summary: SimulationSummary?,
    record: @escaping @Sendable () throws -> LogRecord
  ) {
    self.model = model
    self.policy = policy
    self.process = process
    self.logging = logging
    self.summary = summary
    rows = Rows(record)
  }

  /// The rows, made on first use.
  public func record() throws -> LogRecord { try rows.record() }
}

extension Log: ObjectValue {
  public var typeName: String { summary == nil ? "a log" : "a simulation" }
  public var description: String { summary?.description ?? "a log of \(model)" }
  public var members: [(name: String, summary: String)] {
    (summary?.members ?? []) + [
      ("rows", "how many steps were logged"), ("propensities", "the logging probability of each action taken"),
      ("data", "the rows as a table: episode, t, what was recorded, reward, propensity"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "rows": return .integer(try record().rowCount)
    case "episodes" where summary == nil: return .integer(try record().episodeCount)
    case "data": return .object(try table())
    case "propensities":
      let question = try? LoggedChoices(self, record())
      return question?.propensities.map { .array($0.map { .real($0) }) } ?? .nothing
    default: return try summary?.member(name)
    }
  }
}

extension Log: JSONAnswer {
  public var json: JSONValue {
    summary?.json
      ?? .object([.init("kind", .string("log")), .init("model", .string(model)), .init("policy", .string(policy))])
  }
}

/// The actions of a log as numbers, with their logging probabilities where these follow from what was recorded.
public struct LoggedChoices: Sendable {
  /// The joint action of each row.
  public let actions: [Int]
  public let actionCount: Int
  /// Nil where the logging policy reads what is not recorded, or is not known.
  public let propensities: [Double]?
  /// The logging probability of every joint action in every row, where the policy is known.
  public let logging: [Double]?

  /// - Throws: `Diagnostic` or ``OffPolicyFault`` where a recorded action or probability does not fit the model.
  public init(_ log: Log, _ record: LogRecord, control: WorkControl = WorkControl()) throws {
    let process = log.process
    let space = ActionLaw(of: process)
    let columns = space.actions.variables.map { record.columns[$0] ?? [] }
    actionCount = space.actions.count
    var actions = [Int](repeating: 0, count: record.rowCount)
    for row in actions.indices {
      guard let index = space.index(of: columns.map { $0[row] }) else {
        throw OffPolicyFault("row \(row + 1) of the log has an action outside its domain")
      }
      actions[row] = index
    }
    self.actions = actions
    switch log.logging {
    case .unknown:
      propensities = record.propensities
      logging = nil
    case .table:
      propensities = record.propensities ?? actions.map { _ in 1 }
      logging = nil
    case .policy(let closed):
      if let known = record.actionProbabilities {
        logging = known
        let count = actionCount
        propensities = actions.indices.map { known[$0 * count + actions[$0]] }
        return
      }
      let law = ActionLaw(of: closed)
      guard law.continuousDraw == nil, law.reads.allSatisfy({ closed[$0].role != .latent && record.columns[$0] != nil })
      else {
        propensities = record.propensities
        logging = nil
        return
      }
      let table = try Self.probabilities(of: law, in: record, control: control)
      logging = table
      let count = actionCount
      propensities = actions.indices.map { table[$0 * count + actions[$0]] }
    }
  }

  /// The probability of every joint action in every row under a policy that reads recorded variables alone.
  public static func probabilities(
    of law: ActionLaw, in record: LogRecord, control: WorkControl = WorkControl()
  ) throws -> [Double] {
    let count = law.actions.count
    let columns = law.reads.map { record.columns[$0] ?? [] }
    var known: [[Double]: [Double]] = [:]
    var result = [Double](repeating: 0, count: record.rowCount * count)
    for episode in 0..<record.episodeCount {
      for row in record.start[episode]..<record.start[episode + 1] {
        if row & 0xFFF == 0xFFF {
          try control.continues(
            "weighing", "row \(row + 1) of \(record.rowCount)", Double(row) / Double(record.rowCount))
        }
        let time = record.time(of: row, in: episode)
        var key = columns.map { $0[row] }
        if law.readsTime { key.append(time) }
        let probabilities: [Double]
        if let found = known[key] {
          probabilities = found
        } else {
          var environment = ScalarEnvironment(variableCount: law.process.variables.count, time: time)
          for (id, value) in zip(law.reads, key) { environment.current[Int(id.index)] = value }
          probabilities = try law.probabilities(in: environment)
          if known.count < 100_000 { known[key] = probabilities }
        }
        for action in 0..<count { result[row * count + action] = probabilities[action] }
      }
    }
    return result
  }
}
