// Policies learned from logs alone.

extension SessionCore {
  func learn(_ call: NativeCall) throws -> LearnedPolicy {
    let model = try Natives.model(call, "in")
    let process = try model.instantiate()
    try requireLoggedObjective(process, at: call.span)
    let log = try givenLog(call, of: model)
    guard case .object(let object)? = call["by"]?.value, let given = object as? MethodObject else {
      throw call.fault("`by:` takes a method", at: "by", notes: [learners])
    }
    let method = given.method
    let objective = try objective(call)
    switch method {
    case let method as PessimisticValueIteration:
      guard call["policies"] == nil else {
        throw call.fault(
          "`\(method.name)` chooses among all policies of the states", at: "policies",
          notes: ["leave the policies out, or choose among them by `PessimisticSearch()`"])
      }
      guard objective == .mean else { throw call.fault("`\(method.name)` maximizes the mean", at: "maximize") }
      return try offPolicy(call, at: "from") { try iterate(process, log, method, given.description) }
    case let method as PessimisticSearch:
      return try search(model, process, log, call, given, claim(method.confidence)) { try method.bound($0, objective) }
    case let method as PessimisticMinimax:
      return try search(model, process, log, call, given, claim(method.confidence)) { try method.bound($0, objective) }
    default: throw call.fault("`\(method.name)` does not learn policies from logs", at: "by", notes: [learners])
    }
  }

  private var learners: String {
    "the methods that do are \(OffPolicyMethods.learners.map { "`\($0.name)`" }.joined(separator: ", "))"
  }

  /// What the bounds of a search promise: their errors are those of large logs, and half a chance is none.
  private func claim(_ confidence: Double) -> LearnedPolicy.Claim { confidence > 0.5 ? .asymptotic(confidence) : .none }

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
    _ model: ModelObject, _ process: Process, _ log: Log, _ call: NativeCall, _ method: MethodObject,
    _ claim: LearnedPolicy.Claim, _ bound: (OffPolicyQuestion) throws -> Double
  ) throws -> LearnedPolicy {
    let values: [Value] =
      switch call["policies"]?.value {
      case .array(let values)?: values
      case let value?: [value]
      case nil: []
      }
    guard !values.isEmpty else {
      throw call.fault(
        "`\(method.method.name)` chooses among policies, and none is given", at: "policies",
        notes: ["as in `learn([a in 0..2: Always(arm: a)], in: ...)`"])
    }
    var table: [(name: String, bound: Double)] = []
    var policies: [PolicyObject] = []
    for value in values {
      guard case .object(let object) = value, let policy = object as? PolicyObject else {
        throw call.fault("a policy is needed here, and this is \(value.kindDescription)", at: "policies")
      }
      let closed = try policy.close(process, of: model, at: call["policies"]?.span)
      try control.continues("learning", "candidate \(table.count + 1) of \(values.count)")
      let least = try offPolicy(call, at: "from") {
        try bound(OffPolicyQuestion(log, target: closed, control: control))
      }
      policies.append(policy)
      table.append((policy.description, least))
    }
    var best = 0
    for index in table.indices where table[index].bound > table[best].bound { best = index }
    return LearnedPolicy(
      policy: policies[best], bound: table[best].bound, claim: claim, objective: objectiveText(call), method: method.description,
      table: table, notes: [])
  }

  private func objectiveText(_ call: NativeCall) -> String { call["maximize"]?.value.description ?? "mean" }

  /// Pessimistic value iteration over the states of the model; where nothing was logged the first available action stands.
  private func iterate(_ process: Process, _ log: Log, _ method: PessimisticValueIteration, _ description: String) throws
    -> LearnedPolicy
  {
    var process = process
    if OffPolicyQuestion.hasSeparateRounds(process) {
      process.objective = Objective(criterion: .finiteHorizon(1, discount: 1))
    }
    let (explored, _) = try explore(process)
    let uniform = try OffPolicyQuestion(log, among: explored.actions, control: control)
    _ = try uniform.requireUnconfounded()
    if method.features != "tabular" { return try iterateLinear(explored, uniform, method, description) }
    let table = try uniform.table()
    let steps = uniform.horizon ?? uniform.stepsUntilNegligible
    let rewards = uniform.record.rewards
    let (bounds, isDeclared) = try rewardBounds(process, rewards)
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
    let (claim, reason) = claim(method, log, isDeclared: isDeclared, steps: steps)
    if let reason { notes.append(reason) }
    if case .certain = claim, table.keys.count > 1 {
      notes.append("the guarantee is for every state; the whole counts states as often as the log has them")
    }
    let values = learned.values[learned.values.count - 1]
    return LearnedPolicy(
      policy: PolicyFunction(choices, of: explored), bound: learned.value, claim: claim, objective: "mean", method: description,
      table: table.keys.indices.map { (uniform.text(of: table.keys[$0], table.coding), values[$0]) }, notes: notes)
  }

  /// The least and greatest reward of a step: as the model declares them, else as the log has them.
  ///
  /// - Throws: ``OffPolicyFault`` for a reward in the log that the model does not allow.
  func rewardBounds(_ process: Process, _ rewards: [Double]) throws -> (ClosedRange<Double>, isDeclared: Bool) {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: 6) }
    guard let declared = process.declaredRewardRange else { return ((rewards.min() ?? 0)...(rewards.max() ?? 0), false) }
    let slack = 1e-9 * (1 + max(abs(declared.lowerBound), abs(declared.upperBound)))
    if let row = rewards.firstIndex(where: { $0 < declared.lowerBound - slack || $0 > declared.upperBound + slack }) {
      throw OffPolicyFault(
        "the reward in row \(row + 1) is \(number(rewards[row])), and the model allows \(number(declared.lowerBound)) to "
          + number(declared.upperBound), remedy: "read the log with a model of its rewards")
    }
    return (declared, true)
  }

  /// Hoeffding's bound holds for rewards in a range that the model declares, in one step, and rows that were not chosen by earlier
  /// rewards; with why there is no claim where one could be expected.
  private func claim(
    _ method: PessimisticValueIteration, _ log: Log, isDeclared: Bool, steps: Int
  ) -> (LearnedPolicy.Claim, reason: String?) {
    if method.width >= 0 { return (.none, nil) }
    if !isDeclared {
      return (.none, "no guarantee: the rewards of the model have no bounds, so those of the log stand for them")
    }
    if steps > 1 {
      return (.none, "no guarantee: the values after a step are learned from the same rows as the step itself")
    }
    if case .policy(let closed) = log.logging, closed.variables.count > log.process.variables.count,
      ActionLaw(of: closed).reads.contains(where: { Int($0.index) >= log.process.variables.count })
    {
      return (.none, "no guarantee: `\(log.policy)` chose its actions by earlier rewards of the log")
    }
    if case .unknown = log.logging {
      return (.certain(method.confidence), "the guarantee takes the actions of the log as chosen without a look at their rewards")
    }
    return (.certain(method.confidence), nil)
  }
}
