import AleaEngine
import AleaModel

/// The answer to `evaluate`: the value of a given policy in every state of a model, with a guaranteed bound.
public struct Evaluation: Sendable {
  public let explored: ExploredProcess
  public let sparse: SparseSolution
  /// The policy as the program wrote it: `BaseStock(level: 12)`.
  public let policyName: String
  public let exploringTime: Double
  public let solvingTime: Double
  /// The expected total of every reward channel under the policy, one number a state; nil when it was not computed.
  public var channelTotals: [ChannelTotals.Channel]?
  /// The occupancy measure from the starting law, one number a state; nil when it was not computed.
  public var occupancy: [Double]?

  /// - Parameter sparse: the value, gain and bounds of following the policy; its `policy` may be empty (a randomised policy).
  public init(
    explored: ExploredProcess, sparse: SparseSolution, policyName: String, exploringTime: Double = 0, solvingTime: Double = 0
  ) {
    self.explored = explored
    self.sparse = sparse
    self.policyName = policyName
    self.exploringTime = exploringTime
    self.solvingTime = solvingTime
  }

  public var process: Process { explored.process }
  public var bound: Double { sparse.bound }
  public var size: ModelSize { ModelSize(explored) }
  public var value: StateFunction { StateFunction("value", sparse.value, of: explored) }
  public var gain: StateFunction? { sparse.gain.map { StateFunction("gain", $0, of: explored) } }

  /// The value at a state given by the values of its variables.
  public func value(at state: [String: Value]) throws -> Double { try value.number(at: state.asIndex) }
}

extension Evaluation: ObjectValue {
  public var typeName: String { "an evaluation" }
  public var description: String {
    "evaluation of \(policyName) in \(process.name): \(size.states) states, bound \(NumberText.significant(bound, digits: 2))"
  }
  public var members: [(name: String, summary: String)] {
    var result = [
      ("value", "the value of each state: `value[stock: 0]`"), ("bound", "the guaranteed error of every value"),
      ("lower", "a guaranteed lower bound at each state"), ("upper", "a guaranteed upper bound at each state"),
      ("start", "the value of the starting law"),
    ]
    if sparse.gain != nil { result.append(("gain", "the long-run average reward of a step")) }
    if channelTotals != nil { result.append(("channels", "the expected total of each reward channel")) }
    if occupancy != nil { result.append(("occupancy", "how often the policy is in each state")) }
    return result + [
      ("size", "states, choices and transitions"), ("method", "what ran"), ("time", "seconds spent exploring and evaluating"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "value": .object(value)
    case "bound": .real(bound)
    case "lower": .object(StateFunction("lower", sparse.lower, of: explored))
    case "upper": .object(StateFunction("upper", sparse.upper, of: explored))
    case "start": if let gain { .real(gain.atStart) } else { .real(value.atStart) }
    case "gain": gain.map { gainValue($0, bound: bound) }
    case "channels": channelTotals.map { .object(ChannelTotals($0, of: explored)) }
    case "occupancy": occupancy.map { .object(StateFunction("occupancy", $0, of: explored)) }
    case "size": .object(size)
    case "method": .string(sparse.method)
    case "time": .real(exploringTime + solvingTime)
    default: nil
    }
  }

  public func symbol(named name: String) -> Value? { process.symbolValue(named: name) }
}

/// The answer to `probability`: how likely an event is ever to happen, from every state, with guaranteed bounds.
public struct Reachability: Sendable {
  public let explored: ExploredProcess
  /// Probabilities in `value`, with their bounds.
  public let sparse: SparseSolution
  /// The event as the program wrote it.
  public let event: String
  /// Whether the policy seeks or avoids the event.
  public let maximizes: Bool

  public init(explored: ExploredProcess, sparse: SparseSolution, event: String, maximizes: Bool) {
    self.explored = explored
    self.sparse = sparse
    self.event = event
    self.maximizes = maximizes
  }

  public var process: Process { explored.process }
  public var bound: Double { sparse.bound }
  public var probability: StateFunction { StateFunction("probability", sparse.value, of: explored) }
  /// The probabilities as fractions, when the method computes with them.
  public var exact: ExactFunction? { sparse.exactValues(of: explored) }
  public var policy: PolicyFunction { PolicyFunction(sparse.policy, of: explored) }
}

extension Reachability: ObjectValue {
  public var typeName: String { "a probability by state" }
  public var description: String {
    "\(maximizes ? "greatest" : "least") probability of \(event): \(NumberText.significant(probability.atStart, digits: 6)) at the start"
  }
  public var members: [(name: String, summary: String)] {
    [
      ("start", "the probability from the starting law"), ("probability", "the probability from each state"),
      ("value", "the same"), ("policy", "the policy that attains it"), ("bound", "the guaranteed error of every probability"),
      ("lower", "a guaranteed lower bound at each state"), ("upper", "a guaranteed upper bound at each state"),
    ] + (sparse.exact == nil ? [] : [("exact", "the probabilities as fractions: `exact.start`")])
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "exact": exact.map { .object($0) }
    case "start": .real(probability.atStart)
    case "probability", "value": .object(probability)
    case "policy": .object(policy)
    case "bound": .real(bound)
    case "lower": .object(StateFunction("lower", sparse.lower, of: explored))
    case "upper": .object(StateFunction("upper", sparse.upper, of: explored))
    default: nil
    }
  }

  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value { try probability.subscriptValue(arguments) }
  public func symbol(named name: String) -> Value? { process.symbolValue(named: name) }
}
