import AleaModel

extension ExplicitModel {
  /// The rows of a process that was explored; a terminal state gets a loop that earns nothing, and the label `terminal`.
  ///
  /// The values of variables that are not numbers are numbered in the order of their domain, which `warnings` says.
  public init(_ explored: ExploredProcess, kind: Kind, name: String) {
    let sparse = explored.sparse
    var rows = RowBuilder(kind)
    let space = explored.actions
    var actions = NameTable()
    for state in 0..<sparse.stateCount {
      for choice in sparse.choices(of: state) {
        for transition in sparse.transitions(of: choice) {
          rows.copy(sparse.successor.pointer[transition], sparse.probability.pointer[transition])
        }
        var action = -1
        if kind == .mdp, !space.variables.isEmpty {
          let values = zip(space.values(of: Int(explored.choiceAction[choice])), space.domains)
          action = actions.number(of: values.map { explored.process.text(of: $0, in: $1) }.joined(separator: "_"))
        }
        rows.endCopy(action: action)
      }
      rows.endState()
    }
    self = rows.model(name: name, actions: actions.names)
    if kind == .ctmc { exitRate = Column(repeating: 1, count: stateCount) }
    let terminal = deadlocks
    deadlocks = explored.deadlocks
    start(in: sparse.initial.map(\.state))
    initial = sparse.initial
    if !terminal.isEmpty { labels.append(Label(name: "terminal", flags: Self.flags(terminal, count: stateCount))) }
    objective = sparse.objective
    for channel in sparse.channels {
      let choice = Column<Double>(repeating: 0, count: choiceCount)
      for state in 0..<stateCount where !sparse.isTerminal(state) {
        for (new, old) in zip(choices(of: state), sparse.choices(of: state)) {
          choice.pointer[new] = channel.reward.pointer[old]
        }
      }
      rewards.append(
        Reward(
          name: channel.name.isEmpty ? nil : channel.name, state: Column(repeating: 0, count: stateCount), choice: choice))
    }
    if sparse.truncation != nil { warnings.append("draws without end are cut off, as they are for the solvers") }
    setVariables(of: explored)
  }

  private mutating func setVariables(of explored: ExploredProcess) {
    let space = explored.states
    let width = space.variables.count + (space.includesTime ? 1 : 0)
    guard width > 0 else { return }
    let table = Column<Int32>(repeating: 0, count: width * stateCount)
    var domains: [Domain] = []
    for domain in space.domains {
      switch domain {
      case .boolean, .range: domains.append(domain)
      default: domains.append(.integers)
      }
    }
    if space.includesTime { domains.append(.integers) }
    for state in 0..<stateCount {
      for (index, value) in space.values(of: state).enumerated() {
        let domain = space.domains[index]
        table.pointer[state * width + index] = Int32(clamping: domain.isFinite ? domain.position(of: value) ?? 0 : Int(value))
      }
      if let time = space.time(of: state) { table.pointer[state * width + width - 1] = Int32(clamping: time) }
    }
    for index in 0..<width where domains[index] == .integers {
      var (low, high) = (Int32.max, Int32.min)
      for state in 0..<stateCount {
        low = min(low, table.pointer[state * width + index])
        high = max(high, table.pointer[state * width + index])
      }
      domains[index] = .range(Int(low), Int(high))
      for state in 0..<stateCount { table.pointer[state * width + index] -= low }
    }
    var names = space.variables.map { explored.process[$0].name }
    for (name, domain) in zip(names, space.domains) {
      guard let count = domain.count, domain.type == .symbol || domain.type == .real else { continue }
      let values = (0..<min(count, 20)).map { "\($0) = \(explored.process.text(of: domain.value(at: $0), in: domain))" }
      warnings.append("the values of `\(name)` are numbered: \(values.joined(separator: ", "))\(count > 20 ? ", ..." : "")")
    }
    valueNames = Self.names(of: space.domains.filter { $0.type == .symbol }, in: explored.process)
    if space.includesTime { names.append("t") }
    variables = zip(names, domains).map { ($0, $1) }
    positions = table
  }

  /// The symbols of some domains with their positions, where they stand at the same one in each.
  private static func names(of domains: [Domain], in process: Process) -> [String: Int] {
    var found: [String: Set<Int>] = [:]
    for domain in domains {
      for position in 0..<(domain.count ?? 0) {
        found[process.text(of: domain.value(at: position), in: domain), default: []].insert(position)
      }
    }
    return found.compactMapValues { $0.count == 1 ? $0.first : nil }
  }
}
