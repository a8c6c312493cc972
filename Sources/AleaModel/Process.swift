import AleaSyntax

/// How a scalar variable gets its value.
public enum Mechanism: Hashable, Codable, Sendable {
  /// Chosen by the agent.
  case chosen
  case value(ExpressionID)
  case draw(Distribution)
  /// The model does not say (a causal graph without mechanisms).
  case unspecified

  /// Every expression the mechanism mentions.
  public var expressions: [ExpressionID] {
    switch self {
    case .chosen, .unspecified: []
    case .value(let expression): [expression]
    case .draw(let distribution): distribution.expressions
    }
  }
}

/// What a variable is for.
public enum Role: String, Hashable, Codable, Sendable, CaseIterable {
  case state, action, context, latent
  /// Recorded, but neither chosen nor carried over.
  case observed
  /// A draw or a derived value within a step.
  case derived
}

/// A scalar variable of a process. Arrays, records and families are several of them; ``Declaration`` holds them together.
public struct Variable: Hashable, Codable, Sendable {
  /// The full name: `stock`, `up[m1]`, `position.x`.
  public var name: String
  /// The index of the declaration it belongs to, in ``Process/declarations``.
  public var declaration: Int
  public var role: Role
  public var domain: Domain
  /// Within a step; for a state the law of its initial value.
  public var mechanism: Mechanism
  /// For a state: how its next value comes about.
  public var next: Mechanism?
  public var span: SourceSpan?

  public init(
    name: String, declaration: Int, role: Role, domain: Domain, mechanism: Mechanism, next: Mechanism? = nil,
    span: SourceSpan? = nil
  ) {
    self.name = name
    self.declaration = declaration
    self.role = role
    self.domain = domain
    self.mechanism = mechanism
    self.next = next
    self.span = span
  }
}

/// A variable as it was declared: a scalar, an array over finite index sets, or a record.
public struct Declaration: Hashable, Codable, Sendable {
  public indirect enum Shape: Hashable, Codable, Sendable {
    case scalar(VariableID)
    /// One element for each value of the index domain, in its order.
    case array(index: Domain, [Shape])
    case record([Field])

    /// The scalar variables, in order.
    public var variables: [VariableID] {
      switch self {
      case .scalar(let id): [id]
      case .array(_, let elements): elements.flatMap(\.variables)
      case .record(let fields): fields.flatMap(\.shape.variables)
      }
    }
  }

  public struct Field: Hashable, Codable, Sendable {
    public var name: String
    public var shape: Shape
    public init(name: String, shape: Shape) {
      self.name = name
      self.shape = shape
    }
  }

  public var name: String
  public var role: Role
  public var shape: Shape
  public var documentation: String
  public var span: SourceSpan?

  public init(name: String, role: Role, shape: Shape, documentation: String = "", span: SourceSpan? = nil) {
    self.name = name
    self.role = role
    self.shape = shape
    self.documentation = documentation
    self.span = span
  }
}

/// A part of the reward of a step.
public struct RewardChannel: Hashable, Codable, Sendable {
  public var name: String
  public var isCost: Bool
  /// What a step earns; costs are already negated.
  public var amount: ExpressionID
  public var span: SourceSpan?
  public init(name: String, isCost: Bool, amount: ExpressionID, span: SourceSpan? = nil) {
    self.name = name
    self.isCost = isCost
    self.amount = amount
    self.span = span
  }
}

/// A place in a step: the value of a variable now, or of a state variable next.
public enum Slot: Hashable, Codable, Sendable {
  case current(VariableID)
  case next(VariableID)
}

/// A decision process: variables with roles, a mechanism each, availability, terminal condition, rewards, objective.
///
/// Everything is concrete: parameters have values, families and records are spelt out as scalar variables, names are resolved.
/// MDPs, bandits and causal models with mechanisms all compile to it.
public struct Process: Codable, Sendable {
  public enum Kind: String, Codable, Sendable, CaseIterable { case mdp, bandit, causal }

  public var name: String
  public var kind: Kind
  public var documentation: String
  /// The parameters with the values used, as text: `capacity = 20`.
  public var parameters: [(name: String, value: String)]
  public var symbols: [Symbol]
  public var declarations: [Declaration]
  public var variables: [Variable]
  public var pool: ExpressionPool
  /// The conditions of all `when` clauses of actions: an action is available where each holds.
  public var availability: [ExpressionID]
  public var terminal: ExpressionID?
  public var channels: [RewardChannel]
  public var objective: Objective
  /// Every slot of a step that has a mechanism to run (not states, not actions), in an order in which operands come first.
  public var stepOrder: [Slot]
  public var span: SourceSpan?
  /// The states and transitions of a model that was read as such, in place of mechanisms; not part of the written form.
  public var rows: ExplicitModel?

  public init(name: String, kind: Kind, objective: Objective) {
    self.name = name
    self.kind = kind
    self.objective = objective
    documentation = ""
    parameters = []
    symbols = []
    declarations = []
    variables = []
    pool = ExpressionPool()
    availability = []
    terminal = nil
    channels = []
    stepOrder = []
  }

  public subscript(id: VariableID) -> Variable { variables[Int(id.index)] }

  public func variables(with role: Role) -> [VariableID] {
    variables.indices.filter { variables[$0].role == role }.map { VariableID($0) }
  }

  public func declaration(named name: String) -> Declaration? { declarations.first { $0.name == name } }

  /// The text of an encoded scalar of a domain: `true`, `12`, `left`.
  public func text(of value: Double, in domain: Domain) -> String {
    switch domain {
    case .boolean: value != 0 ? "true" : "false"
    case .symbols: symbols.indices.contains(Int(value)) ? symbols[Int(value)].name : "\(value)"
    case .range, .integers: value.rounded() == value && Swift.abs(value) < 9e15 ? String(Int(value)) : "\(value)"
    case .numbers, .reals: value.rounded() == value && Swift.abs(value) < 9e15 ? String(Int(value)) : "\(value)"
    }
  }

  /// The language's value of an encoded scalar of a domain.
  public func value(of code: Double, in domain: Domain) -> Value {
    switch domain {
    case .boolean: .boolean(code != 0)
    case .symbols: .symbol(symbols[Int(code)])
    case .range, .integers: .integer(Int(code))
    case .numbers: domain.type == .integer ? .integer(Int(code)) : .real(code)
    case .reals: .real(code)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case name, kind, documentation, parameters, symbols, declarations, variables, pool, availability, terminal, channels,
      objective
    case stepOrder, span
  }

  private struct ParameterText: Codable { var name, value: String }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    kind = try container.decode(Kind.self, forKey: .kind)
    documentation = try container.decode(String.self, forKey: .documentation)
    parameters = try container.decode([ParameterText].self, forKey: .parameters).map { ($0.name, $0.value) }
    symbols = try container.decode([Symbol].self, forKey: .symbols)
    declarations = try container.decode([Declaration].self, forKey: .declarations)
    variables = try container.decode([Variable].self, forKey: .variables)
    pool = try container.decode(ExpressionPool.self, forKey: .pool)
    availability = try container.decode([ExpressionID].self, forKey: .availability)
    terminal = try container.decodeIfPresent(ExpressionID.self, forKey: .terminal)
    channels = try container.decode([RewardChannel].self, forKey: .channels)
    objective = try container.decode(Objective.self, forKey: .objective)
    stepOrder = try container.decode([Slot].self, forKey: .stepOrder)
    span = try container.decodeIfPresent(SourceSpan.self, forKey: .span)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(kind, forKey: .kind)
    try container.encode(documentation, forKey: .documentation)
    try container.encode(parameters.map { ParameterText(name: $0.name, value: $0.value) }, forKey: .parameters)
    try container.encode(symbols, forKey: .symbols)
    try container.encode(declarations, forKey: .declarations)
    try container.encode(variables, forKey: .variables)
    try container.encode(pool, forKey: .pool)
    try container.encode(availability, forKey: .availability)
    try container.encodeIfPresent(terminal, forKey: .terminal)
    try container.encode(channels, forKey: .channels)
    try container.encode(objective, forKey: .objective)
    try container.encode(stepOrder, forKey: .stepOrder)
    try container.encodeIfPresent(span, forKey: .span)
  }
}
