import AleaModel
import AleaSyntax

extension ExplicitModel {
  /// The process that answers speak of: the variables of a state, `action` in an mdp, and a condition for each label.
  ///
  /// It has no mechanisms: its rows are ``Process/rows``.
  public func process() -> Process {
    var goal = objective
    if goal.span == nil, objective.criterion != .total { goal.span = SourceSpan(file: FileID(index: -1), start: 0, end: 0) }
    var process = Process(name: name, kind: .mdp, objective: goal)
    func declare(_ name: String, _ role: Role, _ domain: Domain) {
      let id = VariableID(process.variables.count)
      process.declarations.append(Declaration(name: name, role: role, shape: .scalar(id)))
      process.variables.append(
        Variable(
          name: name, declaration: process.declarations.count - 1, role: role, domain: domain,
          mechanism: role == .action ? .chosen : .unspecified, next: role == .state ? .unspecified : nil))
    }
    for variable in variables { declare(variable.name, .state, variable.domain) }
    if kind == .mdp {
      process.symbols = choiceNames().names.map { Symbol($0) }
      declare("action", .action, .symbols(Array(process.symbols.indices)))
    }
    for label in labels { declare(label.name, .derived, .boolean) }
    let nothing = process.pool.constant(0, type: .real)
    for reward in rewards { process.channels.append(RewardChannel(name: reward.name ?? "", isCost: false, amount: nothing)) }
    process.rows = self
    return process
  }

  /// A name for each choice that no other choice of its state has: that of its action, its number where there is none.
  private func choiceNames() -> (names: [String], codes: Column<Int32>) {
    var names: [String] = []
    var numbers: [String: Int32] = [:]
    let codes = Column<Int32>(capacity: choiceCount)
    func code(_ name: String) -> Int32 {
      if let known = numbers[name] { return known }
      let new = Int32(names.count)
      numbers[name] = new
      names.append(name)
      return new
    }
    for state in 0..<stateCount {
      let choices = choices(of: state)
      for choice in choices {
        let action = choiceAction.pointer[choice]
        let isUnique = action >= 0 && !choices.contains { $0 != choice && choiceAction.pointer[$0] == action }
        let number = choice - choices.lowerBound
        if isUnique {
          codes.append(code(actionNames[Int(action)]))
        } else {
          codes.append(code(action >= 0 ? "\(actionNames[Int(action)])#\(number)" : "#\(number)"))
        }
      }
    }
    return (names, codes)
  }

  /// The rows in the form that methods take.
  ///
  /// - Complexity: O(states + choices); the rows are shared.
  public func explored(_ process: Process) -> ExploredProcess {
    let channels = rewards.map { SparseProcess.Channel(name: $0.name ?? "", reward: earned($0)) } + timeChannel
    let sparse = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability,
      channels: channels, initial: initial, objective: process.objective)
    let ids = process.variables(with: .state)
    let domains = ids.map { process[$0].domain }
    let width = ids.count
    var index: [[Int32]: Int]?
    let positions = self.positions
    // Numbered states are found by their number; others by a table of all.
    if variables.count != 1 || variables[0].domain != .range(0, stateCount - 1) {
      index = Dictionary(
        (0..<stateCount).map { state in ((0..<width).map { positions[state * width + $0] }, state) },
        uniquingKeysWith: { first, _ in first })
    }
    let table = index
    let count = stateCount
    var space = StateSpace(variables: ids, domains: domains, includesTime: false, positions: positions) { values, _ in
      guard values.count == width else { return nil }
      var key: [Int32] = []
      for (domain, value) in zip(domains, values) {
        guard let position = domain.position(of: value) else { return nil }
        key.append(Int32(position))
      }
      if let table { return table[key] }
      return key.first.flatMap { Int($0) < count ? Int($0) : nil }
    }
    for label in labels {
      if let id = process.declaration(named: label.name)?.shape.variables.first { space.flags[id] = label.flags }
    }
    let actions = process.variables(with: .action)
    return ExploredProcess(
      process: process, sparse: sparse, states: space,
      actions: ActionSpace(variables: actions, domains: actions.map { process[$0].domain }),
      choiceAction: kind == .mdp ? choiceNames().codes : Column(repeating: 0, count: choiceCount), deadlocks: [])
  }

  /// Of a ctmc the mean time of each choice, after the rewards.
  private var timeChannel: [SparseProcess.Channel] {
    guard kind == .ctmc, let exitRate else { return [] }
    let time = Column<Double>(repeating: 0, count: choiceCount)
    for state in 0..<stateCount {
      for choice in choices(of: state) { time.pointer[choice] = 1 / exitRate.pointer[state] }
    }
    return [.init(name: "", reward: time)]
  }
}
