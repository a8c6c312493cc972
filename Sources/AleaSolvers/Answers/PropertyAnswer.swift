import AleaEngine
import AleaModel

/// The answer to a property of a model: a number or a truth, in every state, with guaranteed bounds.
public struct PropertyAnswer: Sendable {
  public let explored: ExploredProcess
  /// The property as written.
  public let property: String
  /// Its name in the file of properties.
  public let name: String?
  /// The numbers with their bounds; for a truth 1 and 0, or the numbers that were compared with a bound.
  public let sparse: SparseSolution
  /// The states in which the property holds; nil when it asks for a number.
  public let satisfying: StateSet?
  /// A number made of those of several states (`filter(max, ...)`): value, lower and upper bound; nil for the initial states.
  public let combined: (value: Double, lower: Double, upper: Double)?
  /// The same number as a fraction, when it is known.
  public let exactCombined: ExactValue?
  /// The corners of what can be had of several objectives at once, one number an objective; nil for other questions.
  public let front: [[Double]]?
  /// The least and the greatest number over the states of `filter(range, ...)`; nil for other questions.
  public let interval: Interval?
  /// The states that `filter(print, ...)` lists.
  public let listings: [Listing]
  public let exploringTime: Double
  public let solvingTime: Double

  public init(
    explored: ExploredProcess, property: String, name: String?, sparse: SparseSolution, satisfying: StateSet? = nil,
    combined: (value: Double, lower: Double, upper: Double)? = nil, exactCombined: ExactValue? = nil, front: [[Double]]? = nil,
    interval: Interval? = nil, listings: [Listing] = [], exploringTime: Double, solvingTime: Double
  ) {
    self.explored = explored
    self.property = property
    self.name = name
    self.sparse = sparse
    self.satisfying = satisfying
    self.combined = combined
    self.exactCombined = exactCombined
    self.front = front
    self.interval = interval
    self.listings = listings
    self.exploringTime = exploringTime
    self.solvingTime = solvingTime
  }

  public var process: Process { explored.process }
  /// Whether the property holds in every initial state; nil when it asks for a number.
  public var holds: Bool? {
    guard let satisfying else { return nil }
    return explored.sparse.initial.allSatisfy { satisfying.contains(Int($0.state)) }
  }

  /// In how many states the property holds; nil where that is known of the initial states alone, or it asks for a number.
  public var satisfyingCount: Int? {
    satisfying.flatMap { set in sparse.value.contains { $0.isNaN } ? nil : set.states.count }
  }

  /// The numbers as fractions, when they are known.
  public var exact: ExactFunction? { sparse.exactValues(of: explored) }
  /// The number at the start, or that of a filter, as a fraction; nil for a range over several initial states.
  public var exactStart: ExactValue? {
    if combined != nil { return exactCombined }
    let numbers = Set(explored.sparse.initial.map { sparse.exactValue(of: Int($0.state)) })
    return numbers.count == 1 ? numbers.first ?? nil : nil
  }

  /// The number at the start (the mean over several initial states), or that of a filter.
  public var start: Double { combined?.value ?? explored.sparse.expectationAtStart(sparse.value) }
  /// Guaranteed bounds of ``start``.
  public var startLower: Double { combined?.lower ?? explored.sparse.expectationAtStart(sparse.lower) }
  public var startUpper: Double { combined?.upper ?? explored.sparse.expectationAtStart(sparse.upper) }
  /// The least and greatest number over the initial states.
  public var range: (least: Double, greatest: Double) {
    let numbers = explored.sparse.initial.map { sparse.value[Int($0.state)] }
    return (numbers.min() ?? .nan, numbers.max() ?? .nan)
  }
  public var value: StateFunction { StateFunction("value", sparse.value, of: explored) }
}

extension PropertyAnswer: ObjectValue {
  public var typeName: String { "an answer to a property" }
  public var description: String {
    let subject = name.map { "\"\($0)\"" } ?? property
    if let front { return "\(subject): \(front.count) points" }
    if let interval {
      let ends = [interval.least.value, interval.greatest.value].map { NumberText.significant($0, digits: 9) }
      return "\(subject): \(ends[0]) to \(ends[1])"
    }
    if let holds { return "\(subject) \(holds ? "holds" : "does not hold")" }
    return "\(subject): \(NumberText.significant(start, digits: 9))"
  }

  public var members: [(name: String, summary: String)] {
    var result: [(name: String, summary: String)] = []
    if satisfying != nil { result.append(("holds", "whether the property holds in every initial state")) }
    if satisfyingCount != nil { result.append(("states", "in how many states it holds")) }
    if front != nil { result.append(("front", "the corners of what can be had, one number an objective")) }
    if interval != nil { result += [("least", "the least number"), ("greatest", "the greatest number")] }
    result += [
      ("start", "the number at the start"), ("value", "the number in each state: `value[x: 0]`"),
      ("lower", "a guaranteed lower bound at each state"), ("upper", "a guaranteed upper bound at each state"),
      ("bound", "the guaranteed error of every number"),
    ]
    if exact != nil { result.append(("exact", "the numbers as fractions: `exact.start`")) }
    if !sparse.policy.isEmpty { result.append(("policy", "the policy that attains it")) }
    return result + [
      ("size", "states, choices and transitions"), ("method", "what ran"), ("time", "seconds spent exploring and solving"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "holds": holds.map { .boolean($0) }
    case "states": satisfyingCount.map { .integer($0) }
    case "front": front.map { .array($0.map { .array($0.map { .real($0) }) }) }
    case "least": interval.map { .real($0.least.value) }
    case "greatest": interval.map { .real($0.greatest.value) }
    case "start": .real(start)
    case "value": .object(value)
    case "lower": .object(StateFunction("lower", sparse.lower, of: explored))
    case "upper": .object(StateFunction("upper", sparse.upper, of: explored))
    case "bound": .real(sparse.bound)
    case "exact": exact.map { .object($0) }
    case "policy": sparse.policy.isEmpty ? nil : .object(PolicyFunction(sparse.policy, of: explored))
    case "size": .object(ModelSize(explored))
    case "method": .string(sparse.method)
    case "time": .real(exploringTime + solvingTime)
    default: nil
    }
  }

  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value { try value.subscriptValue(arguments) }
  public func symbol(named name: String) -> Value? { process.symbolValue(named: name) }
}

extension PropertyAnswer: JSONAnswer {
  public var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("kind", .string("property")), .init("model", .string(process.name)),
      .init("parameters", .object(process.parameters.map { .init($0.name, .string($0.value)) })),
      .init("property", .string(property)),
    ]
    if let name { members.append(.init("name", .string(name))) }
    if let holds { members.append(.init("holds", .boolean(holds))) }
    if let count = satisfyingCount { members.append(.init("satisfying", .integer(count))) }
    if let front { members.append(.init("front", .array(front.map { .array($0.map { .number($0) }) }))) }
    if let interval {
      for (name, end) in [("least", interval.least), ("greatest", interval.greatest)] {
        var fields: [JSONValue.Member] = [
          .init("value", .number(end.value)), .init("lower", .number(end.lower)), .init("upper", .number(end.upper)),
        ]
        if let exact = end.exact { fields.append(.init("exact", .string(exact.description))) }
        members.append(.init(name, .object(fields)))
      }
    }
    if !listings.isEmpty { members.append(.init("listed", listingsJSON)) }
    members += [
      .init("start", .number(start))
    ]
    if let exact = exactStart { members.append(.init("exact", .string(exact.description))) }
    members += [
      .init("lower", .number(startLower)), .init("upper", .number(startUpper)),
      .init("method", .string(sparse.method)), .init("size", ModelSize(explored).json),
      .init("time", .object([.init("exploring", .number(exploringTime)), .init("solving", .number(solvingTime))])),
      .init("notes", .array(sparse.notes.map { .string($0) })),
    ]
    return .object(members)
  }
}
