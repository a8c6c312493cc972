import AleaModel
import AleaSyntax
import Synchronization

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
    process.symbols = symbols.map { Symbol($0) }
    for variable in variables { declare(variable.name, .state, variable.domain) }
    if kind == .mdp {
      process.symbols += choiceNames().names.map { Symbol($0) }
      declare("action", .action, .symbols(Array(symbols.count..<process.symbols.count)))
    }
    for label in labels { declare(label.name, .derived, .boolean) }
    let nothing = process.pool.constant(0, type: .real)
    for reward in rewards { process.channels.append(RewardChannel(name: reward.name ?? "", isCost: false, amount: nothing)) }
    process.rows = self
    return process
  }

  /// A name for each choice that no other choice of its state has: that of its action, its number where there is none.
  ///
  /// - Complexity: O(states + choices), and a look-up for each choice that shares its action with another of its state.
  private func choiceNames() -> (names: [String], codes: Column<Int32>) {
    var names: [String] = []
    var known: [String: Int32] = [:]
    func code(_ name: String) -> Int32 {
      if let code = known[name] { return code }
      let code = Int32(names.count)
      known[name] = code
      names.append(name)
      return code
    }
    var ofAction = [Int32](repeating: -1, count: actionNames.count)
    var ofNumber: [Int32] = []
    // How often each action occurs in the state that was looked at last.
    var times = [(state: Int32, count: Int32)](repeating: (-1, 0), count: actionNames.count)
    let codes = Column<Int32>(repeating: 0, count: choiceCount)
    for state in 0..<stateCount {
      let choices = choices(of: state)
      for choice in choices {
        let action = Int(choiceAction.pointer[choice])
        guard action >= 0 else { continue }
        times[action] = (Int32(state), times[action].state == Int32(state) ? times[action].count + 1 : 1)
      }
      for choice in choices {
        let action = Int(choiceAction.pointer[choice])
        let number = choice - choices.lowerBound
        if action < 0 {
          while ofNumber.count <= number { ofNumber.append(-1) }
          if ofNumber[number] < 0 { ofNumber[number] = code("#\(number)") }
          codes.pointer[choice] = ofNumber[number]
        } else if times[action].count == 1 {
          if ofAction[action] < 0 { ofAction[action] = code(actionNames[action]) }
          codes.pointer[choice] = ofAction[action]
        } else {
          codes.pointer[choice] = code("\(actionNames[action])#\(number)")
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
    let positions = self.positions
    let count = stateCount
    let isNumbered = variables.count == 1 && variables[0].domain == .range(0, count - 1)
    let table = PositionTable(positions, width: width, count: count)
    var space = StateSpace(variables: ids, domains: domains, includesTime: false, positions: positions) { values, _ in
      guard values.count == width else { return nil }
      var key: [Int32] = []
      for (domain, value) in zip(domains, values) {
        guard let position = domain.position(of: value) else { return nil }
        key.append(Int32(position))
      }
      return isNumbered ? key.first.map { Int($0) } : table.state(at: key)
    }
    for (label, id) in zip(labels, process.variables(with: .derived)) { space.flags[id] = label.flags }
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

/// The states by the positions of their values, listed when the first is looked up.
private final class PositionTable: Sendable {
  private let positions: Column<Int32>
  private let width: Int
  private let count: Int
  private let states = Mutex<[[Int32]: Int]?>(nil)

  init(_ positions: Column<Int32>, width: Int, count: Int) {
    self.positions = positions
    self.width = width
    self.count = count
  }

  /// The first state with these positions.
  func state(at key: [Int32]) -> Int? {
    states.withLock { states in
      if let known = states { return known[key] }
      var table: [[Int32]: Int] = [:]
      table.reserveCapacity(count)
      for state in 0..<count {
        let row = (0..<width).map { positions.pointer[state * width + $0] }
        if table[row] == nil { table[row] = state }
      }
      states = table
      return table[key]
    }
  }
}
