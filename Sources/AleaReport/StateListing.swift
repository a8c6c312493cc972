import AleaEngine
import AleaModel
import AleaSolvers
import AleaSyntax

/// Quantities by state, laid out by the shape of the state space: side by side, as grids, as a table, or summarised.
struct StateListing {
  struct Quantity {
    var name: String
    var numbers: [Double]
    init(_ name: String, _ numbers: [Double]) {
      self.name = name
      self.numbers = numbers
    }
  }

  let explored: ExploredProcess
  let quantities: [Quantity]
  let bound: Double
  let policy: PolicyFunction?
  let options: ReportOptions
  private let naming: StateNaming

  init(
    _ explored: ExploredProcess, columns: [Quantity], bound: Double = 0, policy: PolicyFunction? = nil, options: ReportOptions
  ) {
    self.explored = explored
    quantities = columns
    self.bound = bound
    self.policy = policy
    self.options = options
    naming = StateNaming(explored)
  }

  private var count: Int { explored.sparse.stateCount }

  func lines() -> [String] {
    if count == 0 { return ["no states"] }
    if let grid = StateGrid(explored), count > 3 {
      let lines = gridLines(grid)
      if !lines.isEmpty { return lines + stagesNote }
    }
    return (count <= options.maximumStates ? table() : summary()) + stagesNote
  }

  /// Where the policy depends on the step only its first step is shown.
  private var stagesNote: [String] {
    guard let policy, policy.stages > 1 else { return [] }
    return ["", "the policy depends on the step: shown is t = 0 of \(policy.stages), see `policy[..., t: 1]`"]
      .flatMap { $0.isEmpty ? [""] : $0.wrapped(to: options.width, indent: "  ") }
  }

  // MARK: Every state

  private func table() -> [String] {
    let names = naming.fields(of: 0).map(\.name)
    var columns = names.map { TextTable.Column($0, .trailing) }
    for index in names.indices where !isNumeric(index) { columns[index].alignment = .leading }
    columns += quantities.map { .init($0.name, .trailing) }
    let actionNames = policy.map { PolicyColumns($0).names } ?? []
    columns += actionNames.map { .init($0) }
    let order = sortedStates()
    let numbers = quantities.map { NumberFormat.column(Array($0.numbers.prefix(count)), digits: options.digits, bound: bound) }
    var rows: [[String]] = []
    for state in order {
      var cells = naming.fields(of: state).map { $0.value.text(digits: 6) } + numbers.map { $0[state] }
      if let policy { cells += PolicyColumns(policy).cells(in: state) }
      rows.append(cells)
    }
    return sideBySide(columns, rows)
  }

  private func isNumeric(_ field: Int) -> Bool {
    switch naming.fields(of: 0)[field].value {
    case .integer, .real: true
    default: false
    }
  }

  /// The states in the order of their variables' values rather than of their discovery.
  private func sortedStates() -> [Int] {
    let keys = (0..<count).map { state in
      zip(explored.states.values(of: state), explored.states.domains).map { value, domain in
        domain.isFinite ? Double(domain.position(of: value) ?? 0) : value
      } + [Double(explored.states.time(of: state) ?? 0)]
    }
    return (0..<count).sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
  }

  /// The rows in as few lines as fit: columns of states next to one another, read downwards.
  private func sideBySide(_ columns: [TextTable.Column], _ rows: [[String]]) -> [String] {
    var table = TextTable(columns, unicode: options.unicode)
    for row in rows { table.add(row) }
    let separation = 4
    let blocks = rows.count <= 8 ? 1 : min((options.width + separation) / (table.width + separation), (rows.count + 4) / 5)
    guard blocks > 1 else { return table.lines(width: options.width) }
    let height = (rows.count + blocks - 1) / blocks
    var parts: [[String]] = []
    for start in stride(from: 0, to: rows.count, by: height) {
      var part = TextTable(columns, unicode: options.unicode)
      for row in rows[start..<min(start + height, rows.count)] { part.add(row) }
      parts.append(part.lines())
    }
    let widths = parts.map { $0.map(\.count).max() ?? 0 }
    return (0..<(parts[0].count)).map { line in
      var text = ""
      for (index, part) in parts.enumerated() where part.indices.contains(line) {
        text += part[line]
        if index + 1 < parts.count {
          text += String(repeating: " ", count: widths[index] - part[line].count + separation)
        }
      }
      return text.trimmedEnd
    }
  }

  // MARK: Grids

  private func gridLines(_ grid: StateGrid) -> [String] {
    var blocks: [[String]] = []
    for quantity in quantities {
      let texts = NumberFormat.column(Array(quantity.numbers.prefix(count)), digits: options.digits, bound: bound)
      blocks.append(grid.lines(title: quantity.name, alignment: .trailing, options: options) { texts[$0] })
    }
    if let policy {
      let columns = PolicyColumns(policy)
      for (index, name) in columns.names.enumerated() {
        let texts = (0..<count).map { columns.cells(in: $0)[index] }
        let arrows = options.unicode ? Self.arrows(for: texts) : nil
        let isNumeric = texts.allSatisfy { Double($0) != nil || $0 == PolicyColumns.nothing }
        blocks.append(
          grid.lines(title: name, alignment: isNumeric ? .trailing : .centre, options: options) { arrows?[$0] ?? texts[$0] })
      }
    }
    let widths = blocks.map { $0.map(\.count).max() ?? 0 }
    guard let widest = widths.max(), widest <= options.width else { return [] }
    if blocks.count > 1, widths.reduce(0, +) + 4 * (blocks.count - 1) <= options.width {
      let height = blocks.map(\.count).max() ?? 0
      return (0..<height).map { line in
        var text = ""
        for (index, block) in blocks.enumerated() {
          let part = block.indices.contains(line) ? block[line] : ""
          text += part + (index + 1 < blocks.count ? String(repeating: " ", count: widths[index] - part.count + 4) : "")
        }
        return text.trimmedEnd
      }
    }
    return Array(blocks.joined(separator: [""]))
  }

  /// Arrows instead of the names of directions, when every action is one.
  static func arrows(for actions: [String]) -> [String]? {
    let directions = ["up": "↑", "down": "↓", "left": "←", "right": "→", "north": "↑", "south": "↓", "west": "←", "east": "→"]
    var result: [String] = []
    for action in actions {
      if action == PolicyColumns.nothing {
        result.append(action)
      } else if let arrow = directions[action.lowercased()] {
        result.append(arrow)
      } else {
        return nil
      }
    }
    return result.contains { $0 != PolicyColumns.nothing } ? result : nil
  }

  // MARK: Summary

  private func summary() -> [String] {
    var table = TextTable(
      [.init("")] + quantities.map { .init($0.name, .trailing) }
        + (policy.map { PolicyColumns($0).names } ?? []).map { .init($0) }
        + [.init("state")], unicode: options.unicode)
    let texts = quantities.map { NumberFormat.column(Array($0.numbers.prefix(count)), digits: options.digits, bound: bound) }
    func add(_ label: String, _ state: Int) {
      let numbers = quantities.indices.map { texts[$0][state] }
      table.add(
        [label] + numbers + (policy.map { PolicyColumns($0).cells(in: state) } ?? []) + [naming.text(of: state)])
    }
    for (index, start) in explored.sparse.initial.prefix(5).enumerated() {
      add(explored.sparse.initial.count == 1 ? "start" : "start \(index + 1)", Int(start.state))
    }
    if let first = quantities.first {
      let order = (0..<count).sorted { first.numbers[$0] < first.numbers[$1] }
      for (label, fraction) in [
        ("least", 0.0), ("5%", 0.05), ("25%", 0.25), ("median", 0.5), ("75%", 0.75), ("95%", 0.95), ("greatest", 1.0),
      ] {
        add(label, order[Int((Double(count - 1) * fraction).rounded())])
      }
    }
    var lines = table.lines(width: options.width)
    if explored.sparse.initial.count > 5 {
      lines.append("(5 of \(NumberText.grouped(explored.sparse.initial.count)) initial states)")
    }
    if let policy { lines += actionSummary(policy) }
    let example = naming.fields(of: Int(explored.sparse.initial.first?.state ?? 0))
      .map { "\($0.name): \($0.value.text(digits: 6))" }.joined(separator: ", ")
    lines.append("")
    lines += "`value[\(example)]` is one state; `save(..., \"policy.csv\")` writes all \(NumberText.grouped(count))"
      .wrapped(to: options.width, indent: "  ")
    return lines
  }

  /// Where a one-dimensional policy changes, or how often each action is chosen.
  private func actionSummary(_ policy: PolicyFunction) -> [String] {
    let columns = PolicyColumns(policy)
    guard !columns.names.isEmpty else { return [] }
    if explored.states.variables.count == 1, !explored.states.includesTime {
      let order = sortedStates()
      let name = explored.process[explored.states.variables[0]].name
      func label(_ state: Int) -> String { naming.fields(of: state)[0].value.text(digits: 6) }
      var runs: [(first: Int, last: Int, action: [String])] = []
      for state in order {
        let action = columns.cells(in: state)
        if let last = runs.last, last.action == action {
          runs[runs.count - 1].last = state
        } else {
          runs.append((state, state, action))
        }
      }
      if runs.count <= 20 {
        var table = TextTable([.init(name)] + columns.names.map { .init($0) }, unicode: options.unicode)
        for run in runs {
          table.add([run.first == run.last ? label(run.first) : "\(label(run.first))..\(label(run.last))"] + run.action)
        }
        return ["", "where the policy changes:".clipped(to: options.width)] + table.lines(width: options.width)
      }
    }
    var counts: [[String]: Int] = [:]
    for state in 0..<count { counts[columns.cells(in: state), default: 0] += 1 }
    let ranked = counts.sorted { ($0.value, $1.key.joined()) > ($1.value, $0.key.joined()) }
    var table = TextTable(
      columns.names.map { .init($0) } + [.init("states", .trailing), .init("share", .trailing)], unicode: options.unicode)
    for (action, number) in ranked.prefix(8) {
      table.add(action + [NumberText.grouped(number), NumberText.fixed(100 * Double(number) / Double(count), places: 1) + "%"])
    }
    let rest = ranked.count > 8 ? ["and \(NumberText.grouped(ranked.count - 8)) further actions"] : []
    return [""] + table.lines(width: options.width) + rest
  }
}

/// The columns in which a policy is shown, one an action variable; none where a model has no actions.
struct PolicyColumns {
  /// Where nothing is chosen.
  static let nothing = "-"
  let policy: PolicyFunction
  let names: [String]

  init(_ policy: PolicyFunction) {
    self.policy = policy
    var names: [String] = []
    for place in 0..<policy.explored.sparse.stateCount {
      if let fields = policy.fields(in: place) {
        names = fields.map(\.name)
        break
      }
    }
    self.names = names.isEmpty && !policy.explored.actions.variables.isEmpty ? ["action"] : names
  }

  func cells(in state: Int) -> [String] {
    policy.fields(in: state)?.map { $0.value.text(digits: 6) } ?? names.map { _ in Self.nothing }
  }
}
