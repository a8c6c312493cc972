/// A finite decision process given by its numbers: states and actions are 0, 1, 2, ...
///
///     let process = try FiniteProcess(states: 3, actions: 2, objective: .discounted(0.9)) { state, action in
///       action == 0 ? [.init(state: state, probability: 1, reward: 0)] : [.init(state: (state + 1) % 3, probability: 1, reward: 1)]
///     }
///     let best = try session.solve(process)
///     best.sparse.value           // one number a state, without a copy
///
/// Answers about it have one state variable, `state`, and one action variable, `action`.
public struct FiniteProcess: Sendable {
  /// What may come of an action.
  public struct Outcome: Sendable {
    public var state: Int
    public var probability: Double
    /// What is earned when this happens.
    public var reward: Double
    /// - Parameters:
    ///   - state: the next state, from 0.
    ///   - probability: from 0 to 1; those of a choice sum to 1.
    ///   - reward: earned when this happens.
    public init(state: Int, probability: Double, reward: Double = 0) {
      self.state = state
      self.probability = probability
      self.reward = reward
    }
  }

  /// The process in the form that methods take.
  public let explored: ExploredProcess

  public var sparse: SparseProcess { explored.sparse }

  /// A process given by what may come of each action in each state.
  ///
  /// - Parameters:
  ///   - initial: the starting law, one probability a state; nil to start in state 0.
  ///   - outcomes: called once for each state and action; nil or nothing where the action is not available. A state without available
  ///     actions is terminal: nothing is earned from it.
  /// - Throws: `DiagnosticError` for probabilities that do not sum to one (to 1e-9), states out of range, numbers that are not finite.
  /// - Complexity: O(states * actions) calls, and memory in proportion to the outcomes.
  public init(
    _ name: String = "Process", states: Int, actions: Int, objective: Objective.Criterion, maximizes: Bool = true,
    initial: [Double]? = nil, outcomes: (_ state: Int, _ action: Int) throws -> [Outcome]?
  ) throws {
    var rows = Rows()
    try Self.check(states: states, actions: actions)
    for state in 0..<states {
      for action in 0..<actions {
        guard let given = try outcomes(state, action), !given.isEmpty else { continue }
        try rows.add(given, action: action, states: states) { "state \(state), action \(action)" }
      }
      rows.endState()
    }
    try self.init(name, rows, actions: actions, objective: objective, maximizes: maximizes, initial: initial)
  }

  /// A process in compressed rows: state `s` has the choices `choiceStart[s] ..< choiceStart[s + 1]`, choice `c` leads to `successor[k]`
  /// with `probability[k]` for `k` in `transitionStart[c] ..< transitionStart[c + 1]`.
  ///
  /// - Parameters:
  ///   - reward: the expected reward of each choice.
  ///   - action: the action of each choice; nil numbers the choices of each state from 0.
  ///   - initial: the starting law, one probability a state; nil to start in state 0.
  /// - Throws: `DiagnosticError` for rows that do not fit together, and as the other initialiser.
  public init(
    _ name: String = "Process", choiceStart: [Int], transitionStart: [Int], successor: [Int], probability: [Double],
    reward: [Double], action: [Int]? = nil, objective: Objective.Criterion, maximizes: Bool = true, initial: [Double]? = nil
  ) throws {
    func rises(_ starts: [Int], to end: Int) -> Bool {
      starts.first == 0 && starts.last == end && zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
    }
    guard rises(choiceStart, to: transitionStart.count - 1) else {
      throw Self.fault("`choiceStart` rises from 0 to the number of choices, which is \(transitionStart.count - 1)")
    }
    guard rises(transitionStart, to: successor.count), probability.count == successor.count else {
      throw Self.fault("`transitionStart` rises from 0 to the number of transitions, and every successor has a probability")
    }
    guard reward.count == transitionStart.count - 1, action == nil || action?.count == reward.count else {
      throw Self.fault("every choice has one reward and one action")
    }
    let states = choiceStart.count - 1
    let most = action.map { ($0.max() ?? 0) + 1 } ?? (zip(choiceStart, choiceStart.dropFirst()).map { $1 - $0 }.max() ?? 0)
    try Self.check(states: states, actions: max(1, most))
    var rows = Rows()
    for state in 0..<states {
      for choice in choiceStart[state]..<choiceStart[state + 1] {
        let outcomes = (transitionStart[choice]..<transitionStart[choice + 1]).map {
          Outcome(state: successor[$0], probability: probability[$0], reward: reward[choice])
        }
        let number = action?[choice] ?? choice - choiceStart[state]
        guard number >= 0 else { throw Self.fault("the action of choice \(choice) is negative") }
        try rows.add(outcomes, action: number, states: states) { "choice \(choice) of state \(state)" }
      }
      rows.endState()
    }
    try self.init(name, rows, actions: max(1, most), objective: objective, maximizes: maximizes, initial: initial)
  }

  static func fault(_ message: String) -> DiagnosticError { DiagnosticError(.error(message, at: nil)) }

  private static func check(states: Int, actions: Int) throws {
    guard states > 0, states < Int(Int32.max), actions > 0, actions < Int(Int32.max) else {
      throw fault("a finite process has at least one state and one action, and fewer than 2^31 of each")
    }
  }

  // MARK: Making the rows

  /// Rows as they grow, choice by choice.
  struct Rows {
    let choiceStart = Column<UInt32>([0])
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    let reward = Column<Double>()
    let action = Column<Int32>()

    /// Adds a choice, its successors in order and each one once.
    mutating func add(_ outcomes: [Outcome], action number: Int, states: Int, place: () -> String) throws {
      var mean = 0.0
      var total = 0.0
      for outcome in outcomes {
        guard outcome.state >= 0, outcome.state < states else {
          throw FiniteProcess.fault("\(place()) leads to state \(outcome.state); states are 0 to \(states - 1)")
        }
        guard outcome.probability >= 0, outcome.probability.isFinite, outcome.reward.isFinite else {
          throw FiniteProcess.fault(
            "\(place()) has probability \(outcome.probability) and reward \(outcome.reward): probabilities are not negative, and both are finite"
          )
        }
        mean += outcome.probability * outcome.reward
        total += outcome.probability
      }
      guard abs(total - 1) <= 1e-9 else {
        throw FiniteProcess.fault("the probabilities of \(place()) sum to \(NumberText.significant(total, digits: 10)), not to 1")
      }
      var last: Int32 = -1
      for outcome in outcomes.sorted(by: { $0.state < $1.state }) where outcome.probability > 0 {
        if Int32(outcome.state) == last {
          probability[probability.count - 1] += outcome.probability
          continue
        }
        last = Int32(outcome.state)
        successor.append(last)
        probability.append(outcome.probability)
      }
      guard successor.count < Int(UInt32.max) else { throw FiniteProcess.fault("a process has fewer than 2^32 transitions") }
      transitionStart.append(UInt32(successor.count))
      reward.append(mean)
      action.append(Int32(number))
    }

    mutating func endState() { choiceStart.append(UInt32(reward.count)) }
  }

  init(
    _ name: String, _ rows: Rows, actions: Int, objective: Objective.Criterion, maximizes: Bool, initial: [Double]?
  ) throws {
    let states = rows.choiceStart.count - 1
    switch objective {
    case .discounted(let discount) where !(discount >= 0 && discount <= 1):
      throw Self.fault("a discount lies between 0 and 1; this is \(NumberText.significant(discount, digits: 6))")
    case .finiteHorizon(let steps, let discount) where steps < 1 || !(discount >= 0 && discount <= 1):
      throw Self.fault("a horizon is a whole number from 1, and its discount lies between 0 and 1")
    default: break
    }
    let law = initial ?? [1] + [Double](repeating: 0, count: states - 1)
    guard law.count == states, law.allSatisfy({ $0 >= 0 && $0.isFinite }), abs(law.reduce(0, +) - 1) <= 1e-9 else {
      throw Self.fault("the starting law has a probability for each of the \(states) states, and they sum to 1")
    }
    var goal = Objective(criterion: objective, maximizes: maximizes)
    goal.span = SourceSpan(file: FileID(index: -1), start: 0, end: 0)
    let sparse = SparseProcess(
      choiceStart: rows.choiceStart, transitionStart: rows.transitionStart, successor: rows.successor,
      probability: rows.probability, channels: [.init(name: "reward", reward: rows.reward)],
      initial: law.indices.filter { law[$0] > 0 }.map { (Int32($0), law[$0]) }, objective: goal)
    var process = Process(name: name, kind: .mdp, objective: goal)
    let domains: [Domain] = [.range(0, states - 1), .range(0, actions - 1)]
    let ids = [VariableID(0), VariableID(1)]
    process.variables = [
      Variable(name: "state", declaration: 0, role: .state, domain: domains[0], mechanism: .unspecified, next: .unspecified),
      Variable(name: "action", declaration: 1, role: .action, domain: domains[1], mechanism: .chosen),
    ]
    process.declarations = [
      Declaration(name: "state", role: .state, shape: .scalar(ids[0])),
      Declaration(name: "action", role: .action, shape: .scalar(ids[1])),
    ]
    let nothing = process.pool.constant(0, type: .real)
    process.channels = [RewardChannel(name: "reward", isCost: false, amount: nothing)]
    let space = StateSpace(
      variables: [ids[0]], domains: [domains[0]], includesTime: false, positions: Column((0..<states).map { Int32($0) }),
      lookup: { values, _ in values.first.flatMap { Int(exactly: $0) }.flatMap { (0..<states).contains($0) ? $0 : nil } })
    explored = ExploredProcess(
      process: process, sparse: sparse, states: space, actions: ActionSpace(variables: [ids[1]], domains: [domains[1]]),
      choiceAction: rows.action, deadlocks: [])
  }
}

/// A process given by states and actions of any kind, explored from where it starts.
///
///     let game = try ReachableProcess(from: Board(), objective: .total, actions: { $0.moves }) { board, move in board.outcomes(of: move) }
///     let best = try session.solve(game.process)
///     best.sparse.value[game.number(of: board)!]
public struct ReachableProcess<State: Hashable & Sendable, Action: Hashable & Sendable>: Sendable {
  public let process: FiniteProcess
  /// The states, by the numbers they have in ``process``.
  public let states: [State]
  /// The actions, by their numbers.
  public let actions: [Action]
  private let numbers: [State: Int]

  /// - Parameters:
  ///   - actions: those available in a state; none ends the episode.
  ///   - outcomes: what may come of an action: where it leads, how likely, what it earns.
  ///   - limit: more states than this are refused.
  /// - Throws: as ``FiniteProcess``, and when there are more states than the limit.
  public init(
    _ name: String = "Process", from start: State, objective: Objective.Criterion, maximizes: Bool = true,
    limit: Int = 50_000_000,
    actions: (State) throws -> [Action],
    outcomes: (State, Action) throws -> [(state: State, probability: Double, reward: Double)]
  ) throws {
    var states = [start]
    var numbers = [start: 0]
    var found: [Action] = []
    var actionNumbers: [Action: Int] = [:]
    var rows = FiniteProcess.Rows()
    var place = 0
    while place < states.count {
      let state = states[place]
      for action in try actions(state) {
        let number = actionNumbers[action] ?? found.count
        if number == found.count {
          found.append(action)
          actionNumbers[action] = number
        }
        var given: [FiniteProcess.Outcome] = []
        for outcome in try outcomes(state, action) {
          let next = numbers[outcome.state] ?? states.count
          if next == states.count {
            guard next < limit else { throw FiniteProcess.fault("`\(name)` has more than \(limit) states") }
            states.append(outcome.state)
            numbers[outcome.state] = next
          }
          given.append(.init(state: next, probability: outcome.probability, reward: outcome.reward))
        }
        try rows.add(given, action: number, states: states.count) { "state \(state), action \(action)" }
      }
      rows.endState()
      place += 1
    }
    self.states = states
    self.actions = found
    self.numbers = numbers
    process = try FiniteProcess(
      name, rows, actions: max(1, found.count), objective: objective, maximizes: maximizes, initial: nil)
  }

  /// The number of a state; nil where it is never reached.
  public func number(of state: State) -> Int? { numbers[state] }

  /// The action that a solution takes in a state; nil where it takes none.
  public func action(of solution: Solution, in state: State) -> Action? {
    guard let number = numbers[state], solution.sparse.policy.indices.contains(number), solution.sparse.policy[number] >= 0 else {
      return nil
    }
    return actions[Int(solution.explored.choiceAction[Int(solution.sparse.policy[number])])]
  }
}
