import AleaModel
import AleaSyntax

/// A decision process as a PRISM model: every action a label, every combination of draws an update.
///
/// **Form.** One module holds the states. Actions, draws and derived values are worked out: for each combination of actions there is one
/// command, whose updates are the combinations of draws that lead to different next values. Symbols are numbers. The objective becomes a
/// property of the rewards `total`; where a step may earn less than nothing, every step earns a constant more, which the property's
/// answer has to be diminished by.
public struct ProcessTranslation {
  public let model: PrismModel
  /// The objective as a property.
  public let properties: String
  public let notes: [String]
  let remarks: [String: String]
  let head: [String]

  /// What the process alone does not tell.
  public struct Environment {
    /// The values of a law with given parameters, their probabilities, and the probability of what lies beyond the last.
    var support: (DistributionFamily, [Double]) throws -> (values: [Double], weights: [Double], cut: Double)
    /// What steps from reachable states may earn, in all and of each channel.
    var total: ClosedRange<Double>
    var channels: [ClosedRange<Double>]

    /// - Parameter support: the values of a law with their weights, and what is cut off where it has no end.
    public init(
      total: ClosedRange<Double>, channels: [ClosedRange<Double>],
      support: @escaping (DistributionFamily, [Double]) throws -> (values: [Double], weights: [Double], cut: Double)
    ) {
      self.total = total
      self.channels = channels
      self.support = support
    }
  }

  /// - Throws: `DiagnosticError` with what PRISM cannot express.
  public init(_ process: Process, _ environment: Environment) throws {
    var writer = ProcessWriter(process, environment)
    model = try writer.model()
    properties = writer.property
    notes = writer.notes
    remarks = writer.remarks
    head = writer.head
  }

  /// The model in the PRISM language.
  public var text: String {
    var writer = PrismWriter(model)
    writer.remarks = remarks
    writer.head = head
    return writer.text()
  }
}

/// Works one process out.
struct ProcessWriter {
  var process: Process
  let environment: ProcessTranslation.Environment
  var notes: [String] = []
  var remarks: [String: String] = [:]
  var head: [String] = []
  var property = ""
  var names: AleaNames
  var stateNames: [VariableID: String] = [:]
  var rewardNames: [String] = []
  var representatives: [Table: ExpressionID] = [:]
  let span: SourceSpan

  /// What an expression comes to for all values of the few states it depends on.
  struct Table: Hashable {
    var states: [VariableID]
    var values: [Double]
  }

  /// A combination of draws: its probability, and what everything drawn or derived has come to.
  struct Outcome {
    var weight: ExpressionID
    var values: [ExpressionKind: ExpressionID]
  }

  struct Action {
    var name: String
    var guardCondition: ExpressionID
    /// The guard in states that are not terminal.
    var open: ExpressionID
    var updates: [(weight: ExpressionID, next: [VariableID: ExpressionID])]
    /// The expected reward of each channel.
    var rewards: [ExpressionID]
  }

  static let keywords: Set<String> = [
    "A", "bool", "clock", "const", "ctmc", "C", "double", "dtmc", "E", "endinit", "endinvariant", "endmodule", "endobservables",
    "endrewards", "endsystem", "false", "formula", "filter", "func", "F", "global", "G", "init", "invariant", "I", "int", "label",
    "max", "mdp", "min", "module", "X", "nondeterministic", "observable", "observables", "of", "Pmax", "Pmin", "P", "pomdp",
    "popta", "probabilistic", "prob", "pta", "rate", "rewards", "Rmax", "Rmin", "R", "S", "smg", "stochastic", "system", "true",
    "U", "W", "floor", "ceil", "round", "pow", "mod", "log", "endplayer", "player", "module", "T", "multi",
  ]

  init(_ process: Process, _ environment: ProcessTranslation.Environment) {
    self.process = process
    self.environment = environment
    names = AleaNames(reserved: Self.keywords)
    span = process.span ?? SourceSpan(file: FileID(index: 0), start: 0, end: 0)
  }

  func cannot(_ message: String, _ span: SourceSpan? = nil, notes: [String] = []) -> DiagnosticError {
    DiagnosticError(.error(message, at: span ?? process.span, notes: notes))
  }

  // MARK: The model

  mutating func model() throws -> PrismModel {
    try check()
    var model = PrismModel()
    let actionVariables = process.variables(with: .action)
    model.type = actionVariables.isEmpty ? .dtmc : .mdp
    head = ["\(process.name) as a PRISM model, written by `alea convert`."]
    head += process.parameters.map { "\($0.name) = \($0.value)" }
    for id in process.variables(with: .state) {
      // `up[m1]` is `up_m1`.
      let plain = process[id].name.replacing("]", with: "").replacing(", ", with: "_").replacing("[", with: "_")
      stateNames[id] = names.claim(plain, isQuiet: true)
    }
    let moduleName = PrismName(text: names.claim(process.name, isQuiet: true), span: span)
    var module = PrismModel.Module(name: moduleName, variables: try variables(&model), commands: [])
    let actions = try self.actions(actionVariables)
    var terminal: PrismExpression?
    if let condition = try terminalCondition(), process.pool.constant(condition) != 0 {
      let name = PrismName(text: names.claim("terminal", isQuiet: true), span: span)
      model.formulas = [.init(name: name, value: try boolean(condition))]
      terminal = PrismExpression(.name(name.text), span)
    }
    module.commands = try actions.map { try command($0, unless: terminal) }
    if let written = terminal {
      module.commands.append(
        .init(
          action: PrismName(text: names.claim("ended", isQuiet: true), span: span), condition: written,
          updates: [.init(probability: nil, assignments: [], span: span)], span: span))
      model.labels = [.init(name: PrismName(text: "terminal", span: span), value: written)]
    }
    model.modules = [module]
    model.moduleOrder = [moduleName]
    model.rewards = try rewards(actions, loop: terminal.map { _ in module.commands.last?.action?.text ?? "" })
    return model
  }

  func check() throws {
    guard process.kind == .mdp else { throw cannot("`\(process.name)` is no mdp, and PRISM has no other kind of decision model") }
    if process.rows != nil {
      throw cannot(
        "`\(process.name)` is given by its states and transitions, and has no variables to write commands over",
        notes: ["`--to drn` and `--to tra` write states and transitions"])
    }
    for variable in process.variables {
      switch variable.role {
      case .context: throw cannot("`\(variable.name)` is seen before the action is taken, which PRISM cannot say", variable.span)
      case .observed: throw cannot("`\(variable.name)` is observed, and PRISM's models have nothing but states", variable.span)
      case .latent:
        throw cannot("`\(variable.name)` is latent, and whoever acts in a PRISM model sees everything", variable.span)
      case .state:
        if case .reals = variable.domain {
          throw cannot("`\(variable.name)` is a real number, and PRISM's states are whole ones", variable.span)
        }
        if case .numbers = variable.domain, variable.domain.type == .real {
          throw cannot("`\(variable.name)` takes values that are not whole numbers", variable.span)
        }
      case .action:
        guard variable.domain.isFinite else { throw cannot("`\(variable.name)` has no finite set of values", variable.span) }
      case .derived: break
      }
    }
    guard process.objective.isPlainMean else {
      throw cannot("PRISM has no property for this objective: only expected totals can be written", process.objective.span)
    }
  }

  mutating func variables(_ model: inout PrismModel) throws -> [PrismModel.Variable] {
    var initial: [PrismExpression] = []
    var result: [PrismModel.Variable] = []
    var isRandom = false
    for id in process.variables(with: .state) {
      let variable = process[id]
      let name = PrismName(text: stateNames[id] ?? variable.name, span: span)
      var domain = PrismModel.Variable.Domain.integer
      switch variable.domain {
      case .boolean: domain = .boolean
      case .range(let low, let high): domain = .range(literal(Double(low)), literal(Double(high)))
      case .symbols(let codes):
        domain = .range(literal(Double(codes.min() ?? 0)), literal(Double(codes.max() ?? 0)))
        remarks[name.text] = codes.map { "\($0) \(process.symbols[$0].name)" }.joined(separator: ", ")
      case .numbers(let values): domain = .range(literal(values.min() ?? 0), literal(values.max() ?? 0))
      case .integers, .reals: break
      }
      let values = try initialValues(variable)
      isRandom = isRandom || values.count > 1
      let written = values.map { variable.domain.type == .boolean ? PrismExpression(.boolean($0 != 0), span) : literal($0) }
      let variableName = PrismExpression(.name(name.text), span)
      let equalities = written.map { PrismExpression.combining(.equal, variableName, $0) }
      if let first = equalities.first {
        initial.append(equalities.dropFirst().reduce(first) { PrismExpression.combining(.or, $0, $1) })
      }
      result.append(.init(name: name, domain: domain, initial: written.first))
    }
    if isRandom, let first = initial.first {
      // PRISM takes every state of an `init` block for equally likely.
      model.initial = initial.dropFirst().reduce(first) { PrismExpression.combining(.and, $0, $1) }
      for index in result.indices { result[index].initial = nil }
    }
    return result
  }

  /// The values that a state may begin with, all alike.
  mutating func initialValues(_ variable: Variable) throws -> [Double] {
    switch variable.mechanism {
    case .value(let value):
      if let number = process.pool.constant(value) { return [number] }
    case .draw(let law):
      let outcomes = try self.outcomes(of: law, [:], variable, variable.span)
      let values = outcomes.compactMap { process.pool.constant($0.value) }
      let weights = outcomes.compactMap { process.pool.constant($0.weight) }
      if values.count == outcomes.count, weights.count == outcomes.count, let first = weights.first,
        weights.allSatisfy({ abs($0 - first) <= 1e-12 }), Set(values).count == values.count
      {
        return values
      }
    default: break
    }
    throw cannot("`\(variable.name)` begins with values that are not equally likely, which PRISM cannot say", variable.span)
  }

  // MARK: Draws

  mutating func outcomes(
    of law: Distribution, _ values: [ExpressionKind: ExpressionID], _ variable: Variable, _ place: SourceSpan?
  ) throws -> [(value: ExpressionID, weight: ExpressionID)] {
    let one = process.pool.constant(1, type: .real)
    switch law {
    case .finite(let outcomes, let isNormalized):
      let result = outcomes.map { (value: written($0.value, values), weight: written($0.weight, values)) }
      return isNormalized ? result : normalized(result)
    case .primitive(.bernoulli, let parameters) where parameters.count == 1:
      let p = written(parameters[0], values)
      let rest = process.pool.binary(.subtract, one, p, type: .real, span: place)
      let type = variable.domain.type
      return [(process.pool.constant(0, type: type), rest), (process.pool.constant(1, type: type), p)]
    case .primitive(let family, let parameters):
      guard family.isDiscrete else {
        throw cannot("`\(variable.name)` is drawn from a continuous law, which PRISM does not have", place)
      }
      let written = parameters.map { self.written($0, values) }
      let numbers = written.compactMap { process.pool.constant($0) }
      guard numbers.count == parameters.count else {
        throw cannot(
          "the law of `\(variable.name)` has parameters that depend on the state, which is not written as updates", place)
      }
      let (support, weights, cut) = try environment.support(family, numbers)
      if cut > 0 {
        let note =
          "`\(variable.name)` is cut at \(PrismWriter.text(literal(support.last ?? 0))): a probability of \(cut) beyond goes to it"
        if !notes.contains(note) { notes.append(note) }
      }
      return zip(support, weights).map {
        (process.pool.constant($0, type: variable.domain.type), process.pool.constant($1, type: .real))
      }
    case .select(let condition, let a, let b):
      let truth = written(condition, values)
      if let known = process.pool.constant(truth) { return try outcomes(of: known != 0 ? a : b, values, variable, place) }
      let zero = process.pool.constant(0, type: .real)
      let isFirst = process.pool.select(truth, one, zero, type: .real, span: place)
      let isSecond = process.pool.select(truth, zero, one, type: .real, span: place)
      return weighted(try outcomes(of: a, values, variable, place), isFirst)
        + weighted(try outcomes(of: b, values, variable, place), isSecond)
    case .mixture(let components):
      let weights = normalized(components.map { (value: one, weight: written($0.weight, values)) }).map(\.weight)
      var result: [(value: ExpressionID, weight: ExpressionID)] = []
      for (component, weight) in zip(components, weights) {
        result += weighted(try outcomes(of: component.distribution, values, variable, place), weight)
      }
      return result
    case .truncated(let base, let low, let high):
      let inner = try outcomes(of: base, values, variable, place)
      let ends = [written(low, values), written(high, values)].compactMap { process.pool.constant($0) }
      guard ends.count == 2, ends[0] <= ends[1], inner.allSatisfy({ process.pool.constant($0.value) != nil })
      else { throw cannot("the law of `\(variable.name)` is cut at ends that depend on the state", place) }
      let kept = inner.filter { (ends[0]...ends[1]).contains(process.pool.constant($0.value) ?? .nan) }
      return normalized(kept)
    }
  }

  /// An expression with what is known put in.
  mutating func written(_ id: ExpressionID, _ values: [ExpressionKind: ExpressionID]) -> ExpressionID {
    process.pool.rewriting([id]) { values[$0] }[0]
  }

  mutating func weighted(_ outcomes: [(value: ExpressionID, weight: ExpressionID)], _ factor: ExpressionID) -> [(
    value: ExpressionID, weight: ExpressionID
  )] {
    outcomes.map { ($0.value, process.pool.binary(.multiply, factor, $0.weight, type: .real, span: span)) }
  }

  mutating func normalized(_ outcomes: [(value: ExpressionID, weight: ExpressionID)]) -> [(
    value: ExpressionID, weight: ExpressionID
  )] {
    var total = process.pool.constant(0, type: .real)
    for outcome in outcomes { total = process.pool.binary(.add, total, outcome.weight, type: .real, span: span) }
    return outcomes.map { ($0.value, process.pool.binary(.divide, $0.weight, total, type: .real, span: span)) }
  }

  // MARK: Commands and rewards

  mutating func command(_ action: Action, unless terminal: PrismExpression?) throws -> PrismModel.Command {
    var condition = try boolean(action.guardCondition)
    if let terminal {
      let isOpen = PrismExpression(.not(terminal), span)
      condition = condition.isTrue ? isOpen : .combining(.and, isOpen, condition)
    }
    let updates = try action.updates.map { update -> PrismModel.Update in
      var assignments: [PrismModel.Assignment] = []
      for id in process.variables(with: .state) {
        guard let value = update.next[id] else { continue }
        if case .variable(let same) = process.pool[value].kind, same == id { continue }
        let name = PrismName(text: stateNames[id] ?? "", span: span)
        if process[id].domain.type == .boolean {
          assignments.append(.init(variable: name, value: try boolean(value)))
        } else {
          var written = try number(value)
          // The value is whole; PRISM must know it.
          if process.pool[value].type == .real, process.pool.constant(value) == nil { written = call("round", [written]) }
          assignments.append(.init(variable: name, value: written))
        }
      }
      let weight = action.updates.count == 1 && process.pool.constant(update.weight) == 1 ? nil : try number(update.weight)
      return .init(probability: weight, assignments: assignments, span: span)
    }
    return .init(
      action: PrismName(text: action.name, span: span), condition: condition, updates: updates,
      span: span)
  }

  mutating func rewards(_ actions: [Action], loop: String?) throws -> [PrismModel.Rewards] {
    guard !process.channels.isEmpty else { return [] }
    let always = PrismExpression(.boolean(true), span)
    let (least, greatest) = (environment.total.lowerBound, environment.total.upperBound)
    let isCost = least < 0 && greatest <= 0
    let shift = least < 0 && greatest > 0 ? (-least).rounded(.up) : 0
    var items: [PrismModel.Rewards.Item] = []
    for action in actions {
      var total = process.pool.constant(shift, type: .real)
      for amount in action.rewards {
        total = process.pool.binary(isCost ? .subtract : .add, total, amount, type: .real, span: span)
      }
      total = simplified(total, where: action.open)
      if process.pool.constant(total) == 0 { continue }
      items.append(.init(action: PrismName(text: action.name, span: span), condition: always, value: try number(total)))
    }
    if shift > 0, let loop {
      items.append(.init(action: PrismName(text: loop, span: span), condition: always, value: literal(shift)))
    }
    var result = [PrismModel.Rewards(name: PrismName(text: "total", span: span), items: items, span: span)]
    try setProperty(isCost: isCost, shift: shift)
    guard process.channels.count > 1 else { return result }
    for (index, channel) in process.channels.enumerated() {
      let range = environment.channels[index]
      guard range.lowerBound >= 0 || range.upperBound <= 0 else {
        notes.append("`\(channel.name)` may be a gain or a loss and stands in the total only: PRISM's rewards are not negative")
        continue
      }
      let sign: BinaryFunction = range.lowerBound < 0 ? .subtract : .add
      if sign == .subtract { notes.append("`\(channel.name)` is written as what it costs") }
      var items: [PrismModel.Rewards.Item] = []
      for action in actions {
        let zero = process.pool.constant(0, type: .real)
        let amount = process.pool.binary(sign, zero, action.rewards[index], type: .real, span: span)
        if process.pool.constant(amount) == 0 { continue }
        items.append(.init(action: PrismName(text: action.name, span: span), condition: always, value: try number(amount)))
      }
      var name = channel.name
      while result.contains(where: { $0.name?.text == name }) { name += "_" }
      result.append(.init(name: PrismName(text: name, span: span), items: items, span: span))
    }
    return result
  }

  mutating func setProperty(isCost: Bool, shift: Double) throws {
    let optimum = process.variables(with: .action).isEmpty ? "" : process.objective.maximizes != isCost ? "max" : "min"
    let accumulated: String
    var excess = ""
    switch process.objective.criterion {
    case .discounted(let discount):
      accumulated = "Cdiscount=\(discount)"
      excess = "\(Int(shift)) / (1 - \(discount))"
    case .finiteHorizon(let steps, let discount):
      guard discount == 1 else { throw cannot("PRISM has no discounted total over a number of steps", process.objective.span) }
      accumulated = "C<=\(steps)"
      excess = "\(Int(shift)) * \(steps)"
    case .average:
      accumulated = "S"
      excess = "\(Int(shift))"
    case .total:
      guard shift == 0 else {
        throw cannot(
          "steps that gain and steps that cost cannot be added up until the end: PRISM's rewards are not negative",
          process.objective.span)
      }
      accumulated = "C"
    }
    property = "R{\"total\"}\(optimum)=? [ \(accumulated) ]"
    if isCost { notes.append("the rewards \"total\" are what a step costs: the value is minus the answer to \(property)") }
    if shift > 0 {
      notes.append(
        "every step earns \(Int(shift)) more than in the model, since PRISM's rewards are not negative: the value is the answer to "
          + "\(property) less \(excess)")
    }
    head += notes.filter { !head.contains($0) }
  }
}
