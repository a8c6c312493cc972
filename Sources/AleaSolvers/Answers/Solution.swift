import AleaEngine
import AleaModel

/// The answer to `solve`: values and a policy for every state of a model, with a guaranteed bound, and how it was found.
///
///     let stock = IndexArgument(label: "stock", value: .integer(0))
///     try best.value(at: ["stock": .integer(0)])
///     try best.policy.action(at: [stock])
public struct Solution: Sendable {
  public let explored: ExploredProcess
  public let sparse: SparseSolution
  /// The reductions from the model to what the method took, then the method, each with its reason: what `explain` prints.
  public let path: [String]
  /// Seconds spent exploring and solving.
  public let exploringTime: Double
  public let solvingTime: Double
  /// The expected total of every reward channel under the policy, one number a state; nil when it was not computed.
  public var channelTotals: [ChannelTotals.Channel]?
  /// The occupancy measure of the policy from the starting law, one number a state: expected (discounted) visits, for the average
  /// criterion the long-run fraction of steps; nil when it was not computed.
  public var occupancy: [Double]?

  public init(explored: ExploredProcess, sparse: SparseSolution, path: [String], exploringTime: Double, solvingTime: Double) {
    self.explored = explored
    self.sparse = sparse
    self.path = path
    self.exploringTime = exploringTime
    self.solvingTime = solvingTime
  }

  public var process: Process { explored.process }
  /// The guaranteed error of every value (of the gain, for the average criterion).
  public var bound: Double { sparse.bound }
  public var size: ModelSize { ModelSize(explored) }

  /// The value of each state; for the average criterion the bias.
  public var value: StateFunction { StateFunction("value", sparse.value, of: explored) }
  public var lower: StateFunction { StateFunction("lower", sparse.lower, of: explored) }
  public var upper: StateFunction { StateFunction("upper", sparse.upper, of: explored) }
  public var policy: PolicyFunction { PolicyFunction(sparse.policy, of: explored) }
  public var gain: StateFunction? { sparse.gain.map { StateFunction("gain", $0, of: explored) } }

  /// The values as fractions, when the method computes with them; of a finite horizon those of the first step.
  public var exact: ExactFunction? { sparse.exactValues(of: explored) }

  /// The value of each state when `t` steps have been taken: `value[stock: 3, t: 2]`; without a finite horizon it does not depend on `t`.
  public var valueByStep: StateFunction { StateFunction("value", sparse.stages?.value ?? sparse.value, of: explored) }

  /// The action in each state when `t` steps have been taken: `policy[stock: 3, t: 2]`.
  public var policyByStep: PolicyFunction { PolicyFunction(sparse.stages?.policy ?? sparse.policy, of: explored) }

  /// The value at a state given by the values of its variables.
  public func value(at state: [String: Value]) throws -> Double { try value.number(at: state.asIndex) }

  /// The action at a state, by the names of the action variables.
  public func policy(at state: [String: Value]) throws -> [String: Value] {
    let place = try StateNaming(explored).state(for: state.asIndex, stages: policy.stages)
    let fields = policy.fields(in: place.state, stage: place.stage) ?? []
    return Dictionary(fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// Every state with its variables, value and action, in the order of exploration.
  public var states: some Sequence<StateAnswer> {
    let naming = StateNaming(explored)
    let policy = policy
    return (0..<explored.sparse.stateCount).lazy.map { state in
      StateAnswer(
        state: naming.fields(of: state), value: sparse.value[state], lower: sparse.lower[state], upper: sparse.upper[state],
        action: policy.fields(in: state))
    }
  }
}

/// What an answer says about one state.
public struct StateAnswer: Sendable {
  public var state: [Value.Field]
  public var value: Double
  public var lower: Double
  public var upper: Double
  /// The action variables with their values; nil in terminal states.
  public var action: [Value.Field]?
}

extension [String: Value] {
  var asIndex: [IndexArgument] { keys.sorted().map { IndexArgument(label: $0, value: self[$0] ?? .nothing) } }
}

/// The gain as one number when it is the same everywhere within the guaranteed error, else by state.
func gainValue(_ gain: StateFunction, bound: Double) -> Value {
  guard let least = gain.numbers.min(), let greatest = gain.numbers.max() else { return .nothing }
  return greatest - least <= 2 * bound + 1e-12 * max(abs(least), abs(greatest)) ? .real(gain.atStart) : .object(gain)
}

extension Solution: ObjectValue {
  public var typeName: String { "a solution" }
  public var description: String {
    "solution of \(process.name): \(size.states) states, by \(sparse.method), bound \(NumberText.significant(bound, digits: 2))"
  }

  public var members: [(name: String, summary: String)] {
    var result = [
      ("value", "the value of each state: `value[stock: 0]`"), ("policy", "the action in each state"),
      ("bound", "the guaranteed error of every value"), ("lower", "a guaranteed lower bound at each state"),
      ("upper", "a guaranteed upper bound at each state"), ("start", "the value of the starting law"),
    ]
    if sparse.exact != nil { result.append(("exact", "the values as fractions: `exact.start`")) }
    if sparse.gain != nil { result.append(("gain", "the long-run average reward of a step")) }
    if channelTotals != nil { result.append(("channels", "the expected total of each reward channel")) }
    if occupancy != nil { result.append(("occupancy", "how often the policy is in each state")) }
    return result + [
      ("size", "states, choices and transitions"), ("method", "what ran"), ("iterations", "how many sweeps or improvements"),
      ("time", "seconds spent exploring and solving"), ("notes", "what the method remarked"),
      ("path", "how the model was reduced to what the method takes"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "value": .object(valueByStep)
    case "policy": .object(policyByStep)
    case "bound": .real(bound)
    case "lower": .object(StateFunction("lower", sparse.byStep.lower, of: explored))
    case "upper": .object(StateFunction("upper", sparse.byStep.upper, of: explored))
    case "start": if let gain { .real(gain.atStart) } else { .real(value.atStart) }
    case "exact": exact.map { .object($0) }
    case "gain": try averageOnly()
    case "channels": channelTotals.map { .object(ChannelTotals($0, of: explored)) }
    case "occupancy": occupancy.map { .object(StateFunction("occupancy", $0, of: explored)) }
    case "size": .object(size)
    case "method": .string(sparse.method)
    case "iterations": .integer(sparse.iterations)
    case "time": .real(exploringTime + solvingTime)
    case "notes": .array(sparse.notes.map { .string($0) })
    case "path": .array(path.map { .string($0) })
    default: nil
    }
  }

  public func symbol(named name: String) -> Value? { process.symbolValue(named: name) }

  private func averageOnly() throws -> Value {
    guard let gain else {
      throw ValueError(
        "\(process.name) has no gain", label: "only for `average`", notes: ["its objective is a total, see `value`"])
    }
    return gainValue(gain, bound: bound)
  }
}
