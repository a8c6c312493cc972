import AleaEngine
import AleaModel

extension PessimisticValueIteration: LearningMethod {
  /// Pessimistic value iteration over the states of the model; where nothing was logged the first available action stands.
  public func learn(_ question: LearningQuestion) throws -> LearnedPolicy {
    guard question.candidates == nil else {
      throw OffPolicyFault(
        "`\(name)` chooses among all policies of the states",
        remedy: "leave the policies out, or choose among them by `PessimisticSearch()`", at: .policies)
    }
    guard question.objective == .mean else { throw OffPolicyFault("`\(name)` maximizes the mean", at: .objective) }
    let explored = try question.explore()
    let uniform = try OffPolicyQuestion(question.log, among: explored.actions, control: question.control)
    _ = try uniform.requireUnconfounded()
    if features != "tabular" { return try learnLinear(question, explored, uniform) }
    let table = try uniform.table()
    let steps = uniform.horizon ?? uniform.stepsUntilNegligible
    let rewards = uniform.record.rewards
    let (bounds, isDeclared) = try question.rewardBounds(rewards)
    let pairs = Double(2 * table.log.stateCount * table.log.actionCount * min(steps, 1_000))
    // Hoeffding's width for rewards in a range, at a level shared by all pairs and steps.
    let penalty =
      width >= 0
      ? width
      : (bounds.upperBound - bounds.lowerBound) * (UnaryFunction.ln(pairs / max(1 - confidence, 1e-300)) / 2).squareRoot()
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
    let learned = table.log.pessimistic(horizon: steps, discount: uniform.discount, width: penalty, bounds: bounds) {
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
    let (claim, reason) = claim(question.log, isDeclared: isDeclared, steps: steps)
    if let reason { notes.append(reason) }
    if case .certain = claim, table.keys.count > 1 {
      notes.append("the guarantee is for every state; the whole counts states as often as the log has them")
    }
    let values = learned.values[learned.values.count - 1]
    return LearnedPolicy(
      policy: PolicyFunction(choices, of: explored), bound: learned.value, claim: claim, objective: "mean", method: name,
      table: table.keys.indices.map { (uniform.text(of: table.keys[$0], table.coding), values[$0]) }, notes: notes)
  }

  /// Hoeffding's bound holds for rewards in a range that the model declares, in one step, and rows that were not chosen by earlier
  /// rewards; with why there is no claim where one could be expected.
  private func claim(
    _ log: Log, isDeclared: Bool, steps: Int
  ) -> (LearnedPolicy.Claim, reason: String?) {
    if width >= 0 { return (.none, nil) }
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
      return (.certain(confidence), "the guarantee takes the actions of the log as chosen without a look at their rewards")
    }
    return (.certain(confidence), nil)
  }
}
