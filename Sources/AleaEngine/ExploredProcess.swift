import AleaModel

/// The states of an explored process: which variables make one up, and the values each state has.
public struct StateSpace: Sendable {
  /// The scalar variables of a state, in order: the process's states, then what is observed before the action.
  public let variables: [VariableID]
  /// The domain of each variable, in the same order.
  public let domains: [Domain]
  /// Whether the number of steps taken is part of the state (after the variables), because mechanisms mention `t`.
  public let includesTime: Bool
  /// Row-major positions within the domains: `width` numbers a state.
  let positions: Column<Int32>
  let lookup: @Sendable ([Double], Int?) -> Int?

  public init(
    variables: [VariableID], domains: [Domain], includesTime: Bool, positions: Column<Int32>,
    lookup: @escaping @Sendable (_ values: [Double], _ time: Int?) -> Int?
  ) {
    self.variables = variables
    self.domains = domains
    self.includesTime = includesTime
    self.positions = positions
    self.lookup = lookup
  }

  var width: Int { variables.count + (includesTime ? 1 : 0) }

  /// The encoded values of a state's variables, in the order of ``variables``.
  public func values(of state: Int) -> [Double] {
    variables.indices.map { domains[$0].value(at: Int(positions[state * width + $0])) }
  }

  /// The number of steps taken in a state, when it is part of the state.
  public func time(of state: Int) -> Int? { includesTime ? Int(positions[state * width + variables.count]) : nil }

  /// The state with the given encoded values, or nil when it was not reached.
  public func index(of values: [Double], time: Int? = nil) -> Int? { lookup(values, time) }
}

/// The joint actions of a process: every combination of the values of its action variables, numbered with the last varying fastest.
public struct ActionSpace: Sendable {
  public let variables: [VariableID]
  public let domains: [Domain]

  public init(variables: [VariableID], domains: [Domain]) {
    self.variables = variables
    self.domains = domains
  }

  /// The number of joint actions; 1 when there is no action variable.
  public var count: Int { domains.reduce(1) { $0 * ($1.count ?? 0) } }

  /// The encoded values of a joint action, in the order of ``variables``.
  public func values(of action: Int) -> [Double] {
    var rest = action
    var result = [Double](repeating: 0, count: domains.count)
    for index in domains.indices.reversed() {
      let size = domains[index].count ?? 1
      result[index] = domains[index].value(at: rest % size)
      rest /= size
    }
    return result
  }
}

/// A process with its explicit finite form and the way between the two.
public struct ExploredProcess: Sendable {
  public let process: Process
  public let sparse: SparseProcess
  public let states: StateSpace
  public let actions: ActionSpace
  /// The joint action of each choice.
  public let choiceAction: Column<Int32>
  /// Non-terminal states in which no action is available.
  public let deadlocks: [Int32]

  public init(
    process: Process, sparse: SparseProcess, states: StateSpace, actions: ActionSpace, choiceAction: Column<Int32>,
    deadlocks: [Int32]
  ) {
    self.process = process
    self.sparse = sparse
    self.states = states
    self.actions = actions
    self.choiceAction = choiceAction
    self.deadlocks = deadlocks
  }
}
