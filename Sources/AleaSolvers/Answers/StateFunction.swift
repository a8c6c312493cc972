import AleaEngine
import AleaModel

/// A number for every state: values, bounds, probabilities, an occupancy measure.
///
///     best.value[stock: 0]
///     best.channels.sales[stock: 0]
///
/// For a finite horizon there may be a number for every state and every step; then `t` is an index too, 0 when it is left out.
public struct StateFunction: ObjectValue {
  /// What the numbers are: `value`, `sales`.
  public let quantity: String
  public let explored: ExploredProcess
  /// One number a state; with several stages, stage after stage.
  public let numbers: [Double]

  public init(_ quantity: String, _ numbers: [Double], of explored: ExploredProcess) {
    self.quantity = quantity
    self.numbers = numbers
    self.explored = explored
  }

  /// How many steps have numbers of their own; 1 when the numbers do not depend on the step.
  public var stages: Int { Swift.max(1, explored.sparse.stateCount == 0 ? 1 : numbers.count / explored.sparse.stateCount) }

  /// The number at a state given by its labelled values.
  public func number(at arguments: [IndexArgument]) throws -> Double {
    let (state, stage) = try StateNaming(explored).state(for: arguments, stages: stages)
    return numbers[stage * explored.sparse.stateCount + state]
  }

  /// The expectation under the starting law.
  public var atStart: Double { explored.sparse.expectationAtStart(numbers) }

  public var typeName: String { "a function of the state" }
  public var description: String { "\(quantity) of \(explored.sparse.stateCount) states of \(explored.process.name)" }
  public var members: [(name: String, summary: String)] {
    [
      ("start", "the expectation over the starting law"), ("least", "the least over all states"),
      ("greatest", "the greatest over all states"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "start": .real(atStart)
    case "least": numbers.min().map { .real($0) } ?? .nothing
    case "greatest": numbers.max().map { .real($0) } ?? .nothing
    default: nil
    }
  }

  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value { .real(try number(at: arguments)) }
  public func symbol(named name: String) -> Value? { explored.process.symbolValue(named: name) }
}

/// The action a policy chooses in every state.
///
///     best.policy[stock: 0]
///
/// With one action variable the value is the action itself, with several a record of them.
public struct PolicyFunction: ObjectValue {
  public let explored: ExploredProcess
  /// The chosen choice of each state, -1 where there is none; with several stages, stage after stage.
  public let choices: [Int32]

  public init(_ choices: [Int32], of explored: ExploredProcess) {
    self.choices = choices
    self.explored = explored
  }

  public var stages: Int { max(1, explored.sparse.stateCount == 0 ? 1 : choices.count / explored.sparse.stateCount) }

  /// The action variables with their values; nil where nothing is chosen.
  public func fields(in state: Int, stage: Int = 0) -> [Value.Field]? {
    let place = stage * explored.sparse.stateCount + state
    guard choices.indices.contains(place), choices[place] >= 0 else { return nil }
    let action = Int(explored.choiceAction[Int(choices[place])])
    return NamedParts(explored.actions.variables, of: explored.process).fields(of: explored.actions.values(of: action))
  }

  /// The action in a state: a value when there is one action variable, else a record; nil where nothing is chosen.
  public func action(in state: Int, stage: Int = 0) -> Value? {
    guard let fields = fields(in: state, stage: stage) else { return nil }
    return fields.count == 1 ? fields[0].value : .record(fields)
  }

  /// The action at a state given by its labelled values.
  public func action(at arguments: [IndexArgument]) throws -> Value {
    let naming = StateNaming(explored)
    let (state, stage) = try naming.state(for: arguments, stages: stages)
    if let action = action(in: state, stage: stage) { return action }
    let why =
      explored.deadlocks.contains(Int32(state))
      ? "no action is available there" : "it is a terminal state, where nothing is chosen"
    throw ValueError("no action at \(naming.text(of: state)): \(why)", label: "no action here")
  }

  public var typeName: String { "a policy" }
  public var description: String { "policy for \(explored.process.name), \(explored.sparse.stateCount) states" }
  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value { try action(at: arguments) }
  public func symbol(named name: String) -> Value? { explored.process.symbolValue(named: name) }
}

/// The expected total of each reward channel, in every state.
public struct ChannelTotals: ObjectValue {
  /// The totals of one channel, one a state.
  public struct Channel: Sendable {
    public var name: String
    public var totals: [Double]
    public init(name: String, totals: [Double]) {
      self.name = name
      self.totals = totals
    }
  }

  public let explored: ExploredProcess
  public let channels: [Channel]

  public init(_ channels: [Channel], of explored: ExploredProcess) {
    self.channels = channels
    self.explored = explored
  }

  public var typeName: String { "reward channels" }
  public var description: String {
    channels.map { "\($0.name): \(NumberText.significant(explored.sparse.expectationAtStart($0.totals), digits: 6))" }
      .joined(separator: ", ")
  }
  public var members: [(name: String, summary: String)] { channels.map { ($0.name, "the expected total of \($0.name)") } }
  public func member(_ name: String) throws -> Value? {
    channels.first { $0.name == name }.map { .object(StateFunction($0.name, $0.totals, of: explored)) }
  }
}

extension Process {
  /// The symbol of that name when it is a value of one of the variables.
  func symbolValue(named name: String) -> Value? { symbols.first { $0.name == name }.map { .symbol($0) } }
}

extension SparseProcess {
  /// The mean of a function of the state under the starting law; states of probability zero do not count, whatever their number.
  func expectationAtStart(_ numbers: [Double]) -> Double {
    initial.reduce(0) { sum, pair in pair.probability > 0 ? sum + pair.probability * numbers[Int(pair.state)] : sum }
  }
}
