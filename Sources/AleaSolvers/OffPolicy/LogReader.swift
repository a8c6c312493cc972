import AleaData
import AleaEngine
import AleaModel

/// Reads logged decisions from a table whose columns are the variables of a model.
public struct LogReader: Sendable {
  let process: Process
  let data: DataTable

  public init(_ process: Process, _ data: DataTable) {
    self.process = process
    self.data = data
  }

  /// The record of the table: states, contexts, observed variables and actions by their names, and the reward.
  ///
  /// The next states are the next row's; after the last row of an episode they are a column `name'` where there is one.
  /// - Throws: ``OffPolicyFault`` for a column that is missing, a cell that is missing or impossible, a propensity outside (0, 1],
  ///   episodes that are torn apart; rows are counted from 1.
  public func read(propensity: String?, episode: String?, reward: String) throws -> LogRecord {
    guard data.rowCount > 0 else { throw OffPolicyFault("the table has no rows") }
    let start = try episodes(episode)
    var columns: [VariableID: [Double]] = [:]
    for (index, variable) in process.variables.enumerated() {
      let id = VariableID(index)
      switch variable.role {
      case .state where variable.domain.count == 1 && data[variable.name] == nil:
        columns[id] = [Double](repeating: variable.domain.value(at: 0), count: data.rowCount)
      case .state, .action: columns[id] = try cells(variable.name, of: variable.domain)
      case .context, .observed:
        if data[variable.name] != nil { columns[id] = try cells(variable.name, of: variable.domain) }
      case .latent, .derived: break
      }
    }
    var next: [VariableID: [Double]] = [:]
    for id in process.variables(with: .state) where data[process[id].name + "'"] != nil {
      next[id] = try cells(process[id].name + "'", of: process[id].domain)
    }
    let rewards = try cells(reward, of: .reals)
    let propensities = try propensity.map { name in
      let values = try cells(name, of: .reals)
      if let row = values.firstIndex(where: { !($0 > 0 && $0 <= 1) }) {
        throw OffPolicyFault(
          "the propensity in row \(row + 1) of `\(name)` is \(NumberText.significant(values[row], digits: 6))",
          remedy: "it is the probability with which the action taken was chosen: above 0, at most 1")
      }
      return values
    }
    return LogRecord(
      start: start, columns: columns, next: next, rewards: rewards, ended: try ended(start, next), propensities: propensities)
  }

  private func episodes(_ name: String?) throws -> [Int] {
    guard let column = data[name ?? "episode"] else {
      if let name { throw OffPolicyFault("the table has no column `\(name)`") }
      return Array(0...data.rowCount)
    }
    var start = [0]
    var seen = Set<Double>()
    for row in 0..<data.rowCount {
      if column.numbers[row].isNaN { throw OffPolicyFault("the episode in row \(row + 1) is missing") }
      if row > 0, column.numbers[row] != column.numbers[row - 1] {
        seen.insert(column.numbers[row - 1])
        if seen.contains(column.numbers[row]) {
          throw OffPolicyFault(
            "the rows of one episode are apart: row \(row + 1) goes back to an earlier one",
            remedy: "sort the table by episode and time")
        }
        start.append(row)
      }
    }
    return start + [data.rowCount]
  }

  private func cells(_ name: String, of domain: Domain) throws -> [Double] {
    guard let column = data[name] else {
      throw OffPolicyFault(
        "the table has no column `\(name)`",
        remedy: "its columns are \(data.columnNames.map { "`\($0)`" }.joined(separator: ", "))")
    }
    return try (0..<data.rowCount).map { row in
      let cell = column.value(at: row)
      guard let code = code(cell, in: domain), domain.contains(code) else {
        if case .nothing = cell {
          throw OffPolicyFault(
            "`\(name)` is missing in row \(row + 1)", remedy: "`filter(data, present(\(name)))` leaves such rows out")
        }
        throw OffPolicyFault(
          "`\(name)` is \(cell) in row \(row + 1), outside its domain \(process.text(of: domain))")
      }
      return code
    }
  }

  private func code(_ cell: Value, in domain: Domain) -> Double? {
    switch (cell, domain) {
    case (.boolean(let flag), .boolean): flag ? 1 : 0
    case (.integer(let number), .symbols): symbol("\(number)")
    case (.string(let name), .symbols): symbol(name)
    case (_, .symbols): nil
    case (.integer(let number), _): Double(number)
    case (.real(let number), _): number
    default: nil
    }
  }

  private func symbol(_ name: String) -> Double? { process.symbols.firstIndex { $0.name == name }.map(Double.init) }

  private func ended(_ start: [Int], _ next: [VariableID: [Double]]) throws -> [Bool] {
    let episodes = start.count - 1
    guard let terminal = process.terminal else { return [Bool](repeating: false, count: episodes) }
    // Without the last next state nothing tells an end from a cut: an episode that a terminal model logs is taken as whole.
    guard process.variables(with: .state).allSatisfy({ next[$0] != nil }) else { return [Bool](repeating: true, count: episodes) }
    let evaluator = ScalarEvaluator(process)
    return try (0..<episodes).map { episode in
      var environment = ScalarEnvironment(variableCount: process.variables.count)
      for (id, values) in next { environment.current[Int(id.index)] = values[start[episode + 1] - 1] }
      return try evaluator(terminal, in: environment) != 0
    }
  }
}

extension OffPolicyQuestion {
  /// The estimator taken when none is named: doubly robust with self-normalised weights where the log is unconfounded and its
  /// propensities are known, fitted Q without them, and an instrument where something latent moved the actions.
  public func defaultMethod() throws -> any OffPolicyMethod {
    if case .policy(let closed) = log.logging {
      let license = try OffPolicyLicense(process, logging: closed)
      if try license.backDoor() != nil {
        if try !license.instruments().valid.isEmpty {
          return InstrumentalEvaluation(arguments: try MethodArguments(for: InstrumentalEvaluation.self))
        }
        _ = try requireUnconfounded()
      }
    }
    if choices.propensities == nil { return FittedQ(arguments: try MethodArguments(for: FittedQ.self)) }
    return DoublyRobust(arguments: try MethodArguments(["selfNormalized": .boolean(true)], for: DoublyRobust.self))
  }
}
