import AleaEngine
import AleaModel
import AleaSolvers

extension CSVTable {
  /// A row a state, and a step where anything depends on it.
  init(_ explored: ExploredProcess, _ quantities: [(name: String, numbers: [Double])], _ policy: PolicyFunction?) {
    let process = explored.process
    let states = explored.states
    let count = explored.sparse.stateCount
    let stages = count == 0 ? 1 : max(policy?.stages ?? 1, (quantities.map(\.numbers.count).max() ?? count) / count)
    let actions = explored.actions.variables.map { process[$0].name }
    var header = states.variables.map { process[$0].name }
    if states.includesTime || stages > 1 { header.append("t") }
    header += quantities.map(\.name)
    if policy != nil { header += actions }
    var rows: [[String]] = []
    rows.reserveCapacity(count * stages)
    for stage in 0..<stages {
      for state in 0..<count {
        var row = zip(states.values(of: state), states.domains).map { process.text(of: $0, in: $1) }
        if let time = states.time(of: state) { row.append(String(time)) } else if stages > 1 { row.append(String(stage)) }
        for (_, numbers) in quantities {
          // What has one number a state belongs to the first step.
          let place = numbers.count > count || stage > 0 ? stage * count + state : state
          row.append(numbers.indices.contains(place) ? NumberText.shortest(numbers[place]) : "")
        }
        if let policy {
          let place = policy.stages > 1 ? stage * count + state : state
          let choice = policy.choices.indices.contains(place) ? policy.choices[place] : -1
          if choice >= 0 {
            let values = explored.actions.values(of: Int(explored.choiceAction[Int(choice)]))
            row += zip(values, explored.actions.domains).map { process.text(of: $0, in: $1) }
          } else {
            row += actions.map { _ in "" }
          }
        }
        rows.append(row)
      }
    }
    self.init(header: header, rows: rows)
  }
}

extension NumberText {
  /// The fewest digits that read back to the same number.
  public static func shortest(_ value: Double) -> String {
    if !value.isFinite { return significant(value, digits: 6) }
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
