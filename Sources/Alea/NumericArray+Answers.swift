// The arrays of answers, by the names under which C and Python find them.

/// What is known of every state of an explored process.
private struct StateArrays {
  let explored: ExploredProcess
  /// Numbers by state, or by step and state.
  var numbers: [(name: String, values: [Double])] = []
  /// The chosen choice of each state, maybe step after step.
  var choices: [Int32]?

  private var count: Int { explored.sparse.stateCount }

  var names: [String] {
    let states = explored.states.variables.map { "state." + explored.process[$0].name }
    let actions = choices == nil ? [] : ["choice"] + explored.actions.variables.map { "action." + explored.process[$0].name }
    return numbers.map(\.name) + states + (explored.states.includesTime ? ["state.t"] : []) + actions
  }

  func array(named name: String) -> NumericArray? {
    if let found = numbers.first(where: { $0.name == name }) {
      return NumericArray(.reals(found.values), shape: shape(found.values.count))
    }
    if name == "choice", let choices { return NumericArray(.shortIntegers(choices), shape: shape(choices.count)) }
    if name == "state.t", explored.states.includesTime {
      return NumericArray(.integers((0..<count).map { explored.states.time(of: $0) ?? 0 }))
    }
    if name.hasPrefix("state."), let place = place(of: name.dropFirst(6), in: explored.states.variables) {
      let codes = (0..<count).map { explored.states.values(of: $0)[place] }
      return column(codes, explored.process[explored.states.variables[place]].domain)
    }
    if name.hasPrefix("action."), let choices, let place = place(of: name.dropFirst(7), in: explored.actions.variables) {
      let codes = (0..<explored.actions.count).map { explored.actions.values(of: $0)[place] }
      let taken = choices.map { $0 < 0 ? Double.nan : codes[Int(explored.choiceAction[Int($0)])] }
      return column(taken, explored.process[explored.actions.variables[place]].domain)
    }
    return nil
  }

  private func shape(_ size: Int) -> [Int] { size > count && count > 0 ? [size / count, count] : [size] }

  private func place(of name: Substring, in variables: [VariableID]) -> Int? {
    variables.firstIndex { explored.process[$0].name == name }
  }

  /// Codes of a domain in the type of its values; NaN stands for none.
  private func column(_ codes: [Double], _ domain: Domain) -> NumericArray {
    let shape = shape(codes.count)
    if case .symbols(let symbols) = domain {
      let places = codes.map { code in Int32(code.isNaN ? -1 : domain.position(of: code) ?? -1) }
      return NumericArray(.shortIntegers(places), shape: shape, labels: symbols.map { explored.process.symbols[$0].name })
    }
    guard !codes.contains(where: \.isNaN) else { return NumericArray(.reals(codes), shape: shape) }
    return switch domain.type {
    case .boolean: NumericArray(.booleans(codes.map { $0 != 0 }), shape: shape)
    case .integer: NumericArray(.integers(codes.map { Int($0) }), shape: shape)
    case .real, .symbol: NumericArray(.reals(codes), shape: shape)
    }
  }
}

extension StateArrays {
  /// The parts that solutions, evaluations and reachability probabilities share.
  init(_ explored: ExploredProcess, _ sparse: SparseSolution, channels: [ChannelTotals.Channel]?, occupancy: [Double]?) {
    self.explored = explored
    numbers = [("value", sparse.value), ("lower", sparse.lower), ("upper", sparse.upper)]
    if let gain = sparse.gain { numbers.append(("gain", gain)) }
    if let occupancy { numbers.append(("occupancy", occupancy)) }
    numbers += (channels ?? []).map { ("channels." + $0.name, $0.totals) }
    choices = sparse.policy.isEmpty ? nil : sparse.policy
  }
}

extension Solution: ArrayAnswer {
  private var arrays: StateArrays {
    StateArrays(explored, sparse.byStep, channels: channelTotals, occupancy: occupancy)
  }
  var arrayNames: [String] { arrays.names }
  func array(named name: String) -> NumericArray? { arrays.array(named: name) }
}

extension Evaluation: ArrayAnswer {
  private var arrays: StateArrays { StateArrays(explored, sparse, channels: channelTotals, occupancy: occupancy) }
  var arrayNames: [String] { arrays.names }
  func array(named name: String) -> NumericArray? { arrays.array(named: name) }
}

extension Reachability: ArrayAnswer {
  private var arrays: StateArrays { StateArrays(explored, sparse, channels: nil, occupancy: nil) }
  var arrayNames: [String] { arrays.names }
  func array(named name: String) -> NumericArray? { arrays.array(named: name) }
}

extension StateFunction: ArrayAnswer {
  private var arrays: StateArrays { StateArrays(explored: explored, numbers: [("", numbers)]) }
  var arrayNames: [String] { arrays.names }
  func array(named name: String) -> NumericArray? { arrays.array(named: name) }
}

extension PolicyFunction: ArrayAnswer {
  private var arrays: StateArrays { StateArrays(explored: explored, choices: choices) }
  var arrayNames: [String] { arrays.names }
  func array(named name: String) -> NumericArray? { arrays.array(named: name) }
}

extension DataTable: ArrayAnswer {
  var arrayNames: [String] { columnNames }
  func array(named name: String) -> NumericArray? { self[name].map(\.array) }
}

extension ColumnValue: ArrayAnswer {
  var arrayNames: [String] { [""] }
  func array(named name: String) -> NumericArray? { name.isEmpty || name == column.name ? column.array : nil }
}

extension DataColumn {
  /// The cells; texts are positions in the levels, and missing numbers stay NaN.
  fileprivate var array: NumericArray {
    guard kind == .text else { return NumericArray(.reals(numbers)) }
    return NumericArray(.shortIntegers(numbers.map { Int32(exactly: $0) ?? -1 }), labels: levels)
  }
}

extension Race: ArrayAnswer {
  var arrayNames: [String] {
    ["checkpoints"] + (entries.allSatisfy { !$0.run.regret.isEmpty } ? ["regret"] : []) + ["reward", "pulls"]
  }

  func array(named name: String) -> NumericArray? {
    func means(_ rows: (Entry) -> [[Double]]) -> NumericArray {
      let means = entries.map { rows($0).map { Simulation.estimate($0).mean } }
      return NumericArray(.reals(means.flatMap { $0 }), shape: [means.count, means.first?.count ?? 0])
    }
    guard arrayNames.contains(name) else { return nil }
    return switch name {
    case "checkpoints": NumericArray(.integers(entries.first?.run.checkpoints ?? []))
    case "regret": means(\.run.regret)
    case "reward": means(\.run.reward)
    case "pulls": means(\.run.pulls)
    default: nil
    }
  }
}
