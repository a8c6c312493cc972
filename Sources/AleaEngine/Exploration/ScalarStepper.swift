import AleaModel
import AleaSyntax

/// Runs a step one outcome at a time: slow, plain, and exact in what it says about faults.
struct ScalarStepper: Sendable {
  let plan: StepPlan
  let evaluate: ScalarEvaluator
  let expander: SupportExpander

  struct Outcome {
    var probability: Double
    var environment: ScalarEnvironment
    var rewards: [Double]
  }

  init(plan: StepPlan, tailMass: Double) {
    self.plan = plan
    evaluate = ScalarEvaluator(plan.process)
    expander = SupportExpander(tailMass: tailMass)
  }

  func environment(state: [Double], time: Double, action: [Double]? = nil) -> ScalarEnvironment {
    var result = ScalarEnvironment(variableCount: plan.process.variables.count, time: time)
    for (id, value) in zip(plan.decisionVariables, state) { result.current[Int(id.index)] = value }
    if let action { for (id, value) in zip(plan.chosen, action) { result.current[Int(id.index)] = value } }
    return result
  }

  func isTerminal(_ environment: ScalarEnvironment) throws -> Bool {
    if let horizon = plan.horizon, environment.time >= Double(horizon) { return true }
    return try plan.terminal.map { try evaluate($0, in: environment) != 0 } ?? false
  }

  func isAvailable(_ environment: ScalarEnvironment) throws -> Bool {
    for condition in plan.availability where try evaluate(condition, in: environment) == 0 { return false }
    return true
  }

  /// Every outcome of the slots in turn, each with its probability.
  func outcomes(of slots: ArraySlice<Slot>, from environment: ScalarEnvironment) throws -> [Outcome] {
    var result: [Outcome] = []
    try walk(slots, environment, 1, []) { environment, probability in
      result.append(Outcome(probability: probability, environment: environment, rewards: []))
    }
    return result
  }

  /// Every outcome of a step from a state and action (already in the environment), with what each channel earns.
  func outcomes(from environment: ScalarEnvironment) throws -> [Outcome] {
    var result: [Outcome] = []
    try walk(plan.step[...], environment, 1, []) { environment, probability in
      if plan.isClosed, try !isAvailable(environment) {
        let actions = plan.process.variables(with: .action)
        throw Diagnostic.error(
          "the policy chooses \(describe(actions.map { .current($0) }, environment)), which is not available in this state",
          at: actions.first.flatMap { plan.process[$0].span })
      }
      let rewards = try plan.process.channels.map { channel in
        let amount = try evaluate(channel.amount, in: environment)
        guard amount.isFinite else {
          throw Diagnostic.error("the reward is infinite", at: plan.process.pool[channel.amount].span)
        }
        return amount
      }
      result.append(Outcome(probability: probability, environment: environment, rewards: rewards))
    }
    return result
  }

  private func walk(
    _ slots: ArraySlice<Slot>, _ environment: ScalarEnvironment, _ probability: Double, _ drawn: [Slot],
    _ visit: (ScalarEnvironment, Double) throws -> Void
  ) throws {
    do {
      guard let slot = slots.first else { return try visit(environment, probability) }
      var environment = environment
      switch plan.mechanism(of: slot) {
      case .value(let expression):
        environment[slot] = try checked(evaluate(expression, in: environment), slot, plan.process.pool[expression].span)
        try walk(slots.dropFirst(), environment, probability, drawn, visit)
      case .draw(let distribution):
        let support = try expander.expand(
          distribution, saturation: plan.saturation[slot], read: { try evaluate($0, in: environment) },
          span: { plan.process.pool[$0].span })
        for (value, weight) in zip(support.values, support.weights) where weight > 0 {
          environment[slot] = try checked(value, slot, origin(of: value, in: distribution, environment))
          try walk(slots.dropFirst(), environment, probability * weight, drawn + [slot], visit)
        }
      case .chosen, .unspecified:
        try walk(slots.dropFirst(), environment, probability, drawn, visit)
      }
    } catch let fault as Diagnostic {
      // The innermost level knows all draws; outer levels leave its note alone.
      guard !fault.notes.contains(where: { $0.hasPrefix("after ") || $0.hasPrefix("in state ") }) else { throw fault }
      var fault = fault
      fault.notes = notes(environment, drawn) + fault.notes
      throw fault
    }
  }

  /// The place of the outcome that a drawn value came from: the branch taken, the outcome of that value.
  private func origin(of value: Double, in law: Distribution, _ environment: ScalarEnvironment) -> SourceSpan? {
    switch law {
    case .finite(let outcomes, _):
      let source = outcomes.first { (try? evaluate($0.value, in: environment)) == value } ?? outcomes.first
      return source.flatMap { plan.process.pool[$0.value].span }
    case .select(let condition, let first, let second):
      let taken = (try? evaluate(condition, in: environment)) != 0 ? first : second
      return origin(of: value, in: taken, environment)
    case .mixture(let components): return components.first.flatMap { origin(of: value, in: $0.distribution, environment) }
    case .truncated(let base, _, _): return origin(of: value, in: base, environment)
    case .primitive(_, let parameters): return parameters.first.flatMap { plan.process.pool[$0].span }
    }
  }

  private func checked(_ value: Double, _ slot: Slot, _ span: SourceSpan?) throws -> Double {
    let domain = plan.domain(of: slot)
    guard domain.contains(value) else { throw outside(value, slot, span) }
    return value
  }

  /// "`stock'` becomes 25, outside its domain 0..20".
  func outside(_ value: Double, _ slot: Slot, _ span: SourceSpan?) -> Diagnostic {
    let domain = plan.domain(of: slot)
    return .error(
      "`\(plan.name(of: slot))` becomes \(plan.process.text(of: value, in: domain.isFinite ? .reals : domain)), outside its domain \(plan.process.text(of: domain))",
      at: span, label: "this is \(ScalarEvaluator.text(value))")
  }

  /// The state, and the action and draws since.
  func notes(_ environment: ScalarEnvironment, _ drawn: [Slot]) -> [String] {
    var result: [String] = []
    let state = describe(plan.decisionVariables.map { .current($0) }, environment)
    let time = plan.horizon == nil ? "" : (state.isEmpty ? "" : ", ") + "t = \(ScalarEvaluator.text(environment.time))"
    if !(state + time).isEmpty { result.append("in state \(state)\(time)") }
    let since = describe(plan.chosen.map { .current($0) } + drawn, environment)
    if !since.isEmpty { result.append("after \(since)") }
    return result
  }

  func describe(_ slots: [Slot], _ environment: ScalarEnvironment) -> String {
    slots.compactMap { slot in
      let value = environment[slot]
      guard !value.isNaN else { return nil }
      return "\(plan.name(of: slot)) = \(plan.process.text(of: value, in: plan.domain(of: slot)))"
    }.joined(separator: ", ")
  }

  /// Says what went wrong in a state (and action) in which the batch machine met a fault.
  func fault(state: [Double], time: Double, action: [Double]?) -> Diagnostic {
    let environment = environment(state: state, time: time, action: action)
    do {
      if try isTerminal(environment) { return unknown(environment) }
      if !plan.isClosed, try !isAvailable(environment) { return unknown(environment) }
      for outcome in try outcomes(from: environment) {
        var arrived = ScalarEnvironment(variableCount: plan.process.variables.count, time: environment.time + 1)
        for id in plan.states { arrived.current[Int(id.index)] = outcome.environment.next[Int(id.index)] }
        if try !isTerminal(arrived) { _ = try outcomes(of: plan.arrival[...], from: arrived) }
      }
      return unknown(environment)
    } catch var diagnostic as Diagnostic {
      if !diagnostic.notes.contains(where: { $0.hasPrefix("in state ") }) {
        diagnostic.notes = notes(environment, []) + diagnostic.notes
      }
      return diagnostic
    } catch {
      return unknown(environment)
    }
  }

  private func unknown(_ environment: ScalarEnvironment) -> Diagnostic {
    .error("a step from this state has no well-defined outcome", at: plan.process.span, notes: notes(environment, []))
  }
}

extension Process {
  /// A domain as the language writes it: `0..20`, `Bool`, `{left, right}`.
  func text(of domain: Domain) -> String {
    switch domain {
    case .boolean: "Bool"
    case .range(let low, let high): "\(low)..\(high)"
    case .symbols(let codes): "{\(codes.map { text(of: Double($0), in: domain) }.joined(separator: ", "))}"
    case .numbers(let values): "{\(values.map { text(of: $0, in: domain) }.joined(separator: ", "))}"
    case .integers: "Int"
    case .reals: "Real"
    }
  }
}
