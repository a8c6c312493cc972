import AleaModel

/// The answer to `learn`: a policy with a lower bound of what it is worth.
public struct LearnedPolicy: ObjectValue, JSONAnswer {
  /// What was chosen, a policy of the language or a table by state.
  public let policy: any ObjectValue
  /// The pessimistic value it was chosen by.
  public let bound: Double
  public let objective: String
  public let method: String
  /// The bound of every candidate, or of every state.
  public let table: [(name: String, bound: Double)]
  public let notes: [String]

  public init(
    policy: any ObjectValue, bound: Double, objective: String, method: String, table: [(name: String, bound: Double)],
    notes: [String]
  ) {
    self.policy = policy
    self.bound = bound
    self.objective = objective
    self.method = method
    self.table = table
    self.notes = notes
  }

  public var typeName: String { "a learned policy" }
  public var description: String { "\(policy.description), worth at least \(NumberText.significant(bound, digits: 6))" }
  public var members: [(name: String, summary: String)] {
    [
      ("policy", "the policy, for `evaluate` and `simulate`"), ("bound", "the lower bound it was chosen by"),
      ("bounds", "the lower bound of each candidate"), ("best", "the position of the chosen candidate, from 0"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "policy": .object(policy)
    case "bound": .real(bound)
    case "bounds": .array(table.map { .real($0.bound) })
    case "best":
      .integer(table.indices.max { table[$0].bound < table[$1].bound || (table[$0].bound == table[$1].bound && $0 > $1) } ?? 0)
    default: nil
    }
  }

  public var json: JSONValue {
    .object([
      .init("kind", .string("learnedPolicy")), .init("policy", .string(policy.description)), .init("bound", .number(bound)),
      .init("objective", .string(objective)), .init("method", .string(method)),
      .init("bounds", .object(table.map { .init($0.name, .number($0.bound)) })),
      .init("notes", .array(notes.map { .string($0) })),
    ])
  }
}
