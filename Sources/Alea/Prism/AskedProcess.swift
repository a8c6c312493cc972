import AleaSemantics

/// A decision process of the language that properties of PRISM are asked of, by its states and transitions.
///
/// Properties may mention its states, its rewards by name (costs count as what they cost), and as labels the conditions on states that it
/// defines.
struct AskedProcess: RowModel {
  let rows: ExplicitModel
  private let original: ExploredProcess
  let lowered: Process
  let seconds: Double

  var path: String? { nil }

  /// - Throws: `DiagnosticError` for a model without finitely many states, or with draws that are cut.
  init(_ process: Process, _ core: SessionCore, at span: SourceSpan?) throws {
    let (explored, seconds) = try core.explore(process)
    try core.requireWhole(explored.sparse, "a property", at: span)
    self.seconds = seconds
    original = explored
    if let rows = process.rows {
      self.rows = rows
    } else {
      var rows = ExplicitModel(explored, kind: explored.actions.variables.isEmpty ? .dtmc : .mdp, name: process.name)
      for index in rows.rewards.indices { Self.divide(&rows.rewards[index], process.channels[index], of: process, rows) }
      rows.labels += try Self.labels(process, explored, taken: rows.labels.map(\.name))
      self.rows = rows
    }
    lowered = rows.process()
  }

  /// What every choice of a state earns alike, whatever comes of it, is earned by the state.
  private static func divide(
    _ reward: inout ExplicitModel.Reward, _ channel: RewardChannel, of process: Process, _ rows: ExplicitModel
  ) {
    if channel.isCost {
      for choice in 0..<reward.choice.count { reward.choice.pointer[choice].negate() }
    }
    guard process.dependsOnStatesAlone(channel.amount) else { return }
    for state in 0..<rows.stateCount {
      guard let first = rows.choices(of: state).first else { continue }
      reward.state.pointer[state] = reward.choice.pointer[first]
      for choice in rows.choices(of: state) { reward.choice.pointer[choice] = 0 }
    }
  }

  /// The conditions on states that a process defines by name.
  private static func labels(
    _ process: Process, _ explored: ExploredProcess, taken: [String]
  ) throws -> [ExplicitModel.Label] {
    var result: [ExplicitModel.Label] = []
    var process = process
    for declaration in process.declarations where declaration.role == .derived && !taken.contains(declaration.name) {
      guard case .scalar(let id) = declaration.shape, process[id].domain == .boolean,
        case .value(let value) = process[id].mechanism,
        process.dependsOnStatesAlone(value)
      else { continue }
      let condition = process.writingOutDefinitions(in: value)
      let truth = try explored.evaluate(condition, in: process)
      result.append(.init(name: declaration.name, flags: Column(truth.map { $0 == 1 ? 1 : 0 })))
    }
    return result
  }

  func exploration(_ core: SessionCore, for method: Exact) throws -> PrismExploration {
    if let unmet = method.unmetSize(of: original.sparse) { throw core.diagnostic(unmet, at: nil) }
    let exact = try original.exact(control: core.control)
    var result = exploration(core)
    let explored = result.explored
    var sparse = explored.sparse
    sparse.exact = exact.sparse.exact.map { form(of: $0) }
    result.explored = ExploredProcess(
      process: explored.process, sparse: sparse, states: explored.states, actions: explored.actions,
      choiceAction: explored.choiceAction, deadlocks: explored.deadlocks, warnings: explored.warnings)
    return result
  }

  /// The fractions in the order of the rows: successors sorted, a loop in each terminal state, costs as what they cost.
  private func form(of exact: ExactForm) -> ExactForm {
    let sparse = original.sparse
    var probability: [Rational] = []
    var rewards = [[Rational]](repeating: [], count: exact.rewards.count)
    for state in 0..<sparse.stateCount {
      if sparse.isTerminal(state) {
        probability.append(.one)
        for channel in rewards.indices { rewards[channel].append(.zero) }
      }
      for choice in sparse.choices(of: state) {
        let transitions = sparse.transitions(of: choice).sorted { sparse.successor[$0] < sparse.successor[$1] }
        probability += transitions.map { exact.probability[$0] }
        for channel in rewards.indices {
          let amount = exact.rewards[channel][choice]
          rewards[channel].append(original.process.channels[channel].isCost ? .zero - amount : amount)
        }
      }
    }
    return ExactForm(probability: probability, rewards: rewards, initial: exact.initial, discount: exact.discount)
  }
}

extension Process {
  /// Whether an expression is known in a state, before anything is chosen or drawn.
  fileprivate func dependsOnStatesAlone(_ expression: ExpressionID) -> Bool {
    pool.leaves(of: [expression]).allSatisfy { leaf in
      switch leaf {
      case .variable(let id):
        if self[id].role == .state { return true }
        guard self[id].role == .derived, case .value(let value) = self[id].mechanism else { return false }
        return dependsOnStatesAlone(value)
      case .next, .time: return false
      default: return true
      }
    }
  }
}
