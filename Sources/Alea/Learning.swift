// Policies learned from logs alone.

extension SessionCore {
  func learn(_ call: NativeCall) throws -> LearnedPolicy {
    let model = try Natives.model(call, "in")
    let process = try model.instantiate()
    try requireLoggedObjective(process, at: call.span)
    let log = try givenLog(call, of: model)
    guard case .object(let object)? = call["by"]?.value, let method = (object as? MethodObject)?.method else {
      throw call.fault("`by:` takes a method", at: "by", notes: [learners])
    }
    let objective = try objective(call)
    switch method {
    case let method as PessimisticValueIteration:
      guard call["policies"] == nil else {
        throw call.fault(
          "`\(method.name)` chooses among all policies of the states", at: "policies",
          notes: ["leave the policies out, or choose among them by `PessimisticSearch()`"])
      }
      guard objective == .mean else { throw call.fault("`\(method.name)` maximizes the mean", at: "maximize") }
      return try offPolicy(call, at: "from") { try iterate(process, log, method, call) }
    case let method as PessimisticSearch:
      return try search(model, process, log, call, method.name) { try method.bound($0, objective) }
    case let method as PessimisticMinimax:
      return try search(model, process, log, call, method.name) { try method.bound($0, objective) }
    default: throw call.fault("`\(method.name)` does not learn policies from logs", at: "by", notes: [learners])
    }
  }

  private var learners: String {
    "the methods that do are \(OffPolicyMethods.learners.map { "`\($0.name)`" }.joined(separator: ", "))"
  }

  private func objective(_ call: NativeCall) throws -> SearchObjective {
    switch call["maximize"]?.value {
    case nil: return .mean
    case .symbol(let symbol)? where symbol.name == "mean": return .mean
    case .object(let object as LearningObjective)?:
      switch object {
      case .mean: return .mean
      case .quantile(let p): return .quantile(p)
      case .conditionalQuantile(let p): return .conditionalQuantile(p)
      }
    default:
      throw call.fault("`maximize:` is mean, quantile(p) or conditionalQuantile(p)", at: "maximize")
    }
  }

  /// The candidate with the greatest bound; of equal ones the first.
  private func search(
    _ model: ModelObject, _ process: Process, _ log: Log, _ call: NativeCall, _ method: String,
    _ bound: (OffPolicyQuestion) throws -> Double
  ) throws -> LearnedPolicy {
    let values: [Value] =
      switch call["policies"]?.value {
      case .array(let values)?: values
      case let value?: [value]
      case nil: []
      }
    guard !values.isEmpty else {
      throw call.fault(
        "`\(method)` chooses among policies, and none is given", at: "policies",
        notes: ["as in `learn([a in 0..2: Always(arm: a)], in: ...)`"])
    }
    var table: [(name: String, bound: Double)] = []
    var policies: [PolicyObject] = []
    for value in values {
      guard case .object(let object) = value, let policy = object as? PolicyObject else {
        throw call.fault("a policy is needed here, and this is \(value.kindDescription)", at: "policies")
      }
      let closed = try policy.close(process, of: model, at: call["policies"]?.span)
      let least = try offPolicy(call, at: "from") { try bound(OffPolicyQuestion(log, target: closed)) }
      policies.append(policy)
      table.append((policy.description, least))
    }
    var best = 0
    for index in table.indices where table[index].bound > table[best].bound { best = index }
    return LearnedPolicy(
      policy: policies[best], bound: table[best].bound, objective: objectiveText(call), method: "\(method)()", table: table,
      notes: [])
  }

  private func objectiveText(_ call: NativeCall) -> String { call["maximize"]?.value.description ?? "mean" }

  /// Pessimistic value iteration over the states of the model; where nothing was logged the first available action stands.
  private func iterate(_ process: Process, _ log: Log, _ method: PessimisticValueIteration, _ call: NativeCall) throws
    -> LearnedPolicy
  {
    var process = process
    if OffPolicyQuestion.hasSeparateRounds(process) {
      process.objective = Objective(criterion: .finiteHorizon(1, discount: 1))
    }
    let (explored, _) = try explore(process)
    let uniform = try OffPolicyQuestion(log, among: explored.actions)
    _ = try uniform.requireUnconfounded()
    let table = try uniform.table()
    let steps = uniform.horizon ?? uniform.stepsUntilNegligible
    let rewards = uniform.record.rewards
    let bounds = (rewards.min() ?? 0)...(rewards.max() ?? 0)
    let pairs = Double(2 * table.log.stateCount * table.log.actionCount * min(steps, 1_000))
    // Hoeffding's width for rewards in a range, at a level shared by all pairs and steps.
    let width =
      method.width >= 0
      ? method.width
      : (bounds.upperBound - bounds.lowerBound) * (UnaryFunction.ln(pairs / max(1 - method.confidence, 1e-300)) / 2).squareRoot()
    let positions = table.coding.compactMap { explored.states.variables.firstIndex(of: $0) }
    let known = Dictionary(table.keys.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let codes = (0..<explored.sparse.stateCount).map { state in
      let values = explored.states.values(of: state)
      return known[positions.map { values[$0] }]
    }
    var available = [Set<Int>](repeating: [], count: table.keys.count)
    for (state, code) in codes.enumerated() {
      if let code { available[code].formUnion(explored.sparse.choices(of: state).map { Int(explored.choiceAction[$0]) }) }
    }
    let learned = table.log.pessimistic(horizon: steps, discount: uniform.discount, width: width, bounds: bounds) {
      available[$0].contains($1)
    }
    let last = learned.choices[learned.choices.count - 1]
    let choices = codes.enumerated().map { state, code in
      let open = explored.sparse.choices(of: state)
      return Int32(code.flatMap { code in open.first { Int(explored.choiceAction[$0]) == last[code] } } ?? open.first ?? -1)
    }
    let unseen = codes.count { $0 == nil }
    var notes = unseen > 0 ? ["\(unseen) states were never logged: there the first available action stands"] : []
    if uniform.horizon != nil, steps > 1 { notes.append("the policy is that of the first step, used at every step") }
    let values = learned.values[learned.values.count - 1]
    return LearnedPolicy(
      policy: PolicyFunction(choices, of: explored), bound: learned.value, objective: "mean", method: "\(method.name)()",
      table: table.keys.indices.map { (uniform.text(of: table.keys[$0], table.coding), values[$0]) }, notes: notes)
  }
}
