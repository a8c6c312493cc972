import AleaModel
import AleaSyntax

/// The states of an explored process: which variables make one up, and the values each state has.
public struct StateSpace: Sendable {
  /// The scalar variables of a state, in order: the process's states, then what is observed before the action.
  public let variables: [VariableID]
  /// The domain of each variable, in the same order.
  public let domains: [Domain]
  /// Whether the number of steps taken is part of the state (after the variables), because mechanisms mention `t`.
  public let includesTime: Bool
  /// Conditions known of each state beside its variables: labels that were read with the states.
  public var flags: [VariableID: Column<UInt8>] = [:]
  private let storage: Storage

  private enum Storage: Sendable {
    /// Row-major positions within the domains: a number for each variable (and the time) of each state.
    case positions(Column<Int32>, lookup: @Sendable ([Double], Int?) -> Int?)
    case packed(StateIndex, StateLayout)
  }

  /// A space given by tables: row-major positions within the domains (then the time, when included), and the way back.
  public init(
    variables: [VariableID], domains: [Domain], includesTime: Bool, positions: Column<Int32>,
    lookup: @escaping @Sendable (_ values: [Double], _ time: Int?) -> Int?
  ) {
    self.variables = variables
    self.domains = domains
    self.includesTime = includesTime
    storage = .positions(positions, lookup: lookup)
  }

  init(layout: StateLayout, index: StateIndex) {
    variables = layout.variables
    domains = layout.fields.prefix(layout.variables.count).map(\.domain)
    includesTime = layout.includesTime
    storage = .packed(index, layout)
  }

  private var width: Int { variables.count + (includesTime ? 1 : 0) }

  fileprivate var byteCount: Int {
    switch storage {
    case .positions(let positions, _): 4 * positions.count
    case .packed(let index, _): index.byteCount
    }
  }

  /// The encoded values of a state's variables, in the order of ``variables``.
  public func values(of state: Int) -> [Double] {
    switch storage {
    case .positions(let positions, _):
      variables.indices.map { domains[$0].value(at: Int(positions[state * width + $0])) }
    case .packed(let index, let layout):
      variables.indices.map { field($0, of: state, index, layout) }
    }
  }

  /// The number of steps taken in a state, when it is part of the state.
  public func time(of state: Int) -> Int? {
    guard includesTime else { return nil }
    return switch storage {
    case .positions(let positions, _): Int(positions[state * width + variables.count])
    case .packed(let index, let layout): Int(field(variables.count, of: state, index, layout))
    }
  }

  /// The state with the given encoded values, or nil when it was not reached.
  public func index(of values: [Double], time: Int? = nil) -> Int? {
    switch storage {
    case .positions(_, let lookup): return lookup(values, time)
    case .packed(let index, let layout):
      guard values.count == variables.count, includesTime == (time != nil) else { return nil }
      var key = [UInt64](repeating: 0, count: layout.words)
      for (field, value) in zip(layout.fields, values + (time.map { [Double($0)] } ?? [])) {
        guard field.domain == .integers || field.domain.contains(value), let code = field.code(of: value) else { return nil }
        key[field.word] |= code << UInt64(field.shift)
      }
      return index.find(key)
    }
  }

  private func field(_ number: Int, of state: Int, _ index: StateIndex, _ layout: StateLayout) -> Double {
    let field = layout.fields[number]
    return field.value(of: (index.keys[state * layout.words + field.word] >> UInt64(field.shift)) & field.mask)
  }

  /// A column with the value of one of ``variables`` (by position) in the states of a range; the time comes after the variables.
  func fill(_ column: UnsafeMutablePointer<Double>, with number: Int, states: Range<Int>) {
    switch storage {
    case .positions(let positions, _):
      for (lane, state) in states.enumerated() {
        let position = Int(positions[state * width + number])
        column[lane] = number < variables.count ? domains[number].value(at: position) : Double(position)
      }
    case .packed(let index, let layout):
      layout.decode(number, keys: index.keys.pointer, states: states, into: column)
    }
  }
}

extension StateLayout {
  /// Unpacks one field of a range of states.
  func decode(_ number: Int, keys: UnsafePointer<UInt64>, states: Range<Int>, into column: UnsafeMutablePointer<Double>) {
    let field = fields[number]
    let shift = UInt64(field.shift)
    let mask = field.mask
    let words = self.words
    let word = field.word
    if let offset = field.offset {
      var lane = 0
      for state in states {
        // A field has at most 32 bits: the conversion of a signed integer is one instruction.
        column[lane] = Double(Int64(truncatingIfNeeded: (keys[state &* words &+ word] >> shift) & mask)) + offset
        lane &+= 1
      }
    } else {
      let values = (0..<(field.domain.count ?? 0)).map { field.domain.value(at: $0) }
      for (lane, state) in states.enumerated() { column[lane] = values[Int((keys[state * words + word] >> shift) & mask)] }
    }
  }
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
  /// What the user should know: rewards without bound in a draw that was cut, say.
  public let warnings: [Diagnostic]

  public init(
    process: Process, sparse: SparseProcess, states: StateSpace, actions: ActionSpace, choiceAction: Column<Int32>,
    deadlocks: [Int32], warnings: [Diagnostic] = []
  ) {
    self.process = process
    self.sparse = sparse
    self.states = states
    self.actions = actions
    self.choiceAction = choiceAction
    self.deadlocks = deadlocks
    self.warnings = warnings
  }

  /// The bytes the states, rows and rewards take.
  public var byteCount: Int {
    sparse.byteCount + 4 * choiceAction.count + states.byteCount + (sparse.truncation == nil ? 0 : 16 * sparse.choiceCount)
  }
}
