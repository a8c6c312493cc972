import AleaModel

/// The answer to `learn`: a policy with a lower bound of what it is worth.
public struct LearnedPolicy: ObjectValue, JSONAnswer {
  /// What was chosen, a policy of the language or a table by state.
  public let policy: any ObjectValue
  /// The pessimistic value it was chosen by.
  public let bound: Double
  public let claim: Claim
  public let objective: String
  /// The method with its settings.
  public var method: String
  /// The bound of every candidate, or of every state.
  public let table: [(name: String, bound: Double)]
  public let notes: [String]

  /// What the pessimistic value promises.
  public enum Claim: Hashable, Sendable {
    /// A lower bound with this probability, whatever the number of rows.
    case certain(Double)
    /// A lower bound with this probability, as the number of rows grows.
    case asymptotic(Double)
    /// A number to choose by, nothing more.
    case none

    /// What bounds promise whose errors are those of large logs: half a chance is none.
    public static func ofLargeLogs(_ confidence: Double) -> Claim { confidence > 0.5 ? .asymptotic(confidence) : .none }

    /// What stands before the number, and after it.
    public func words(_ number: String) -> String {
      switch self {
      case .certain(let level): "worth at least \(number), with probability \(NumberText.significant(level, digits: 6))"
      case .asymptotic(let level):
        "worth at least \(number), with probability about \(NumberText.significant(level, digits: 6)) in large logs"
      case .none: "valued at \(number), without a guarantee"
      }
    }
  }

  public init(
    policy: any ObjectValue, bound: Double, claim: Claim, objective: String, method: String,
    table: [(name: String, bound: Double)],
    notes: [String]
  ) {
    self.policy = policy
    self.bound = bound
    self.claim = claim
    self.objective = objective
    self.method = method
    self.table = table
    self.notes = notes
  }

  public var typeName: String { "a learned policy" }
  public var description: String { "\(policy.description), \(claim.words(NumberText.significant(bound, digits: 6)))" }
  public var members: [(name: String, summary: String)] {
    [
      ("policy", "the policy, for `evaluate` and `simulate`"), ("bound", "the pessimistic value it was chosen by"),
      ("bounds", "the pessimistic value of each candidate"),
      ("level", "with which probability these are lower bounds, if they are"),
      ("best", "the position of the chosen candidate, from 0"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "policy": .object(policy)
    case "bound": .real(bound)
    case "level":
      switch claim {
      case .certain(let level), .asymptotic(let level): .real(level)
      case .none: .nothing
      }
    case "bounds": .array(table.map { .real($0.bound) })
    case "best":
      .integer(table.indices.max { table[$0].bound < table[$1].bound || (table[$0].bound == table[$1].bound && $0 > $1) } ?? 0)
    default: nil
    }
  }

  public var json: JSONValue {
    .object([
      .init("kind", .string("learnedPolicy")), .init("policy", .string(policy.description)), .init("bound", .number(bound)),
      .init("claim", .string(claim.words("bound"))), .init("objective", .string(objective)),
      .init("method", .string(method)),
      .init("bounds", .object(table.map { .init($0.name, .number($0.bound)) })),
      .init("notes", .array(notes.map { .string($0) })),
    ])
  }
}
