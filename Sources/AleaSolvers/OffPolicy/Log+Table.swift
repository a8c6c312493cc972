import AleaData
import AleaModel

extension Log {
  /// The rows as a table: episode and time, what was recorded before the action, the actions, the reward, the next states, and the
  /// probability with which the action was chosen where it is known.
  ///
  /// `logged(log.data, of: M, propensity: "propensity")` makes a log of it again.
  /// - Throws: as ``record()``; ``ValueError`` where a variable has the name of one of the other columns.
  public func table() throws -> DataTable {
    let record = try record()
    var episodes = [Double](repeating: 0, count: record.rowCount)
    var times = episodes
    for episode in 0..<record.episodeCount {
      for row in record.start[episode]..<record.start[episode + 1] {
        episodes[row] = Double(episode + 1)
        times[row] = record.time(of: row, in: episode)
      }
    }
    var columns = [DataColumn("episode", .integer, numbers: episodes), DataColumn("t", .integer, numbers: times)]
    for id in [Role.state, .context, .observed, .action].flatMap({ process.variables(with: $0) }) {
      if let values = record.columns[id] { columns.append(column(process[id].name, process[id].domain, values)) }
    }
    columns.append(DataColumn("reward", .real, numbers: record.rewards))
    for id in process.variables(with: .state) {
      if let values = record.next[id] { columns.append(column(process[id].name + "'", process[id].domain, values)) }
    }
    if let propensities = try LoggedChoices(self, record).propensities {
      columns.append(DataColumn("propensity", .real, numbers: propensities))
    }
    return try DataTable("the log of \(policy) in \(model)", columns: columns)
  }

  private func column(_ name: String, _ domain: Domain, _ values: [Double]) -> DataColumn {
    switch domain {
    case .boolean: return DataColumn(name, .boolean, numbers: values)
    case .range, .integers: return DataColumn(name, .integer, numbers: values)
    case .numbers(let members):
      return DataColumn(name, members.allSatisfy { $0.rounded() == $0 } ? .integer : .real, numbers: values)
    case .reals: return DataColumn(name, .real, numbers: values)
    case .symbols:
      var levels: [String] = []
      var known: [Double: Double] = [:]
      let numbers = values.map { value in
        if let level = known[value] { return level }
        levels.append(process.text(of: value, in: domain))
        known[value] = Double(levels.count - 1)
        return Double(levels.count - 1)
      }
      return DataColumn(name, .text, numbers: numbers, levels: levels)
    }
  }
}
