import AleaModel
import AleaSyntax

extension ExploredProcess {
  /// The same process with its probabilities and rewards as fractions: those that the text of the model states.
  ///
  /// Every choice is expanded again by evaluating the model's expressions in fractions, and compared with what exploring found.
  ///
  /// - Throws: ``DiagnosticError`` where a number of the model has no exact value (`exp(0.5)`), a draw has infinitely many outcomes, or
  ///   probabilities do not sum to one exactly; ``WorkCancelled`` when `control` ends the work.
  public func exact(control: WorkControl = WorkControl()) throws -> ExploredProcess {
    if let rows = process.rows {
      throw DiagnosticError(
        .error("no exact answer: the numbers of `\(rows.name)` were read as doubles", at: process.span))
    }
    do {
      var expansion = try ExactExpansion(self)
      var sparse = sparse
      sparse.exact = try expansion.form(control)
      return ExploredProcess(
        process: process, sparse: sparse, states: states, actions: actions, choiceAction: choiceAction, deadlocks: deadlocks,
        warnings: warnings)
    } catch let diagnostic as Diagnostic {
      throw DiagnosticError(diagnostic)
    } catch let refusal as ExactConstants.Refusal {
      throw DiagnosticError(.error(refusal.message, at: process.span))
    }
  }
}

extension ExploredProcess {
  /// The value of an expression in every state as a fraction; what may be asked is said at ``evaluate(_:in:)``.
  ///
  /// - Throws: ``DiagnosticError`` where a number has no exact value.
  public func evaluateExactly(_ expression: ExpressionID, in process: Process) throws -> [Rational] {
    do {
      var evaluator = ExactEvaluator(process, try ExactConstants(process.pool.numbers))
      return try (0..<sparse.stateCount).map { state in
        try evaluator.enter(states.variables, states.values(of: state), time: states.time(of: state) ?? 0)
        return try evaluator.value(expression)
      }
    } catch let diagnostic as Diagnostic {
      throw DiagnosticError(diagnostic)
    } catch let refusal as ExactConstants.Refusal {
      throw DiagnosticError(.error(refusal.message, at: process.pool[expression].span))
    }
  }
}

/// Expands the choices of an explored process in fractions.
struct ExactExpansion {
  let explored: ExploredProcess
  let plan: StepPlan
  var evaluator: ExactEvaluator

  init(_ explored: ExploredProcess) throws {
    self.explored = explored
    plan = try StepPlan(explored.process)
    // After the plan, which computes with the model's numbers as well.
    evaluator = ExactEvaluator(plan.process, try ExactConstants(plan.process.pool.numbers))
  }

  mutating func form(_ control: WorkControl) throws -> ExactForm {
    let sparse = explored.sparse
    var form = ExactForm(
      probability: Array(repeating: .zero, count: sparse.transitionCount),
      rewards: sparse.channels.map { _ in Array(repeating: .zero, count: sparse.choiceCount) }, initial: [], discount: .one)
    switch plan.process.objective.criterion {
    case .discounted(let factor), .finiteHorizon(_, let factor):
      form.discount = try evaluator.constant(factor, at: plan.process.objective.span)
    default: break
    }
    for state in 0..<sparse.stateCount {
      if state % 256 == 0, !control.report(WorkProgress(phase: "expanding in fractions", detail: "state \(state)")) {
        throw WorkCancelled(state: "stopped after \(state) of \(sparse.stateCount) states")
      }
      for choice in sparse.choices(of: state) { try expand(choice, of: state, into: &form) }
    }
    form.initial = try initialLaw()
    return form
  }

  private mutating func expand(_ choice: Int, of state: Int, into form: inout ExactForm) throws {
    let sparse = explored.sparse
    try evaluator.enter(plan.decisionVariables, explored.states.values(of: state), time: explored.states.time(of: state) ?? 0)
    try evaluator.assign(plan.chosen, explored.actions.values(of: Int(explored.choiceAction[choice])))
    var law: [Int: Rational] = [:]
    var rewards = [Rational](repeating: .zero, count: form.rewards.count)
    let time = explored.states.time(of: state).map { $0 + 1 }
    try walk(plan.step[...], .one) { expansion, probability in
      for (index, channel) in expansion.plan.process.channels.enumerated() {
        rewards[index] += probability * (try expansion.evaluator.value(channel.amount))
      }
      try expansion.arrive(time, probability) { law[$0, default: .zero] += $1 }
    }
    var sum = Rational.zero
    for transition in sparse.transitions(of: choice) {
      guard let weight = law.removeValue(forKey: Int(sparse.successor[transition])) else { throw mismatch(state) }
      guard (weight.double - sparse.probability[transition]).magnitude <= 1e-9 else { throw mismatch(state) }
      form.probability[transition] = weight
      sum += weight
    }
    guard law.isEmpty else { throw mismatch(state) }
    guard sum == .one else { throw fault(state, "the probabilities of a step sum to \(sum) exactly, not to 1") }
    for index in rewards.indices { form.rewards[index][choice] = rewards[index] }
  }

  /// What a step leads to: next values become current ones, and what is observed on arrival is drawn.
  private mutating func arrive(_ time: Int?, _ probability: Rational, _ visit: (Int, Rational) throws -> Void) throws {
    let saved = evaluator.environment
    defer { evaluator.restore(saved) }
    let process = plan.process
    evaluator.arrive(plan.states, time: time)
    if !plan.observed.isEmpty {
      if try plan.terminal.map({ try !evaluator.value($0).isZero }) ?? false || time == plan.horizon && time != nil {
        try evaluator.assign(plan.observed, plan.observed.map { process[$0].domain.value(at: 0) })
        try visit(try arrived(time), probability)
      } else {
        try walk(plan.arrival[...], probability) { expansion, weight in try visit(try expansion.arrived(time), weight) }
      }
      return
    }
    try visit(try arrived(time), probability)
  }

  private func arrived(_ time: Int?) throws -> Int {
    let values = plan.decisionVariables.map { evaluator.environment.current[Int($0.index)]?.double ?? .nan }
    guard let state = explored.states.index(of: values, time: explored.states.includesTime ? time ?? 0 : nil) else {
      throw Diagnostic.error(
        "computed in fractions, a step leads to a state that it does not lead to in double precision", at: plan.process.span)
    }
    return state
  }

  /// Every outcome of the slots in turn, with its probability.
  private mutating func walk(
    _ slots: ArraySlice<Slot>, _ probability: Rational, _ visit: (inout ExactExpansion, Rational) throws -> Void
  ) throws {
    guard let slot = slots.first else { return try visit(&self, probability) }
    switch plan.mechanism(of: slot) {
    case .value(let expression):
      evaluator.set(slot, try evaluator.value(expression))
      try walk(slots.dropFirst(), probability, visit)
    case .draw(let law):
      for (value, weight) in try evaluator.support(law) {
        evaluator.set(slot, value)
        try walk(slots.dropFirst(), probability * weight, visit)
      }
    case .chosen, .unspecified: try walk(slots.dropFirst(), probability, visit)
    }
  }

  private mutating func initialLaw() throws -> [Rational] {
    let sparse = explored.sparse
    let process = plan.process
    guard !sparse.initial.isEmpty else { return [] }
    if sparse.initial.count == 1 { return [.one] }
    let stateSet = Set(plan.states)
    var order: [Slot] = []
    var remaining = plan.states
    while !remaining.isEmpty {
      let ready = remaining.filter { id in
        process.pool.leaves(of: process[id].mechanism.expressions).allSatisfy { leaf in
          if case .variable(let other) = leaf, stateSet.contains(other) { return order.contains(.current(other)) }
          return true
        }
      }
      guard !ready.isEmpty else { throw fault(0, "the initial values depend on each other") }
      order += ready.map { .current($0) }
      remaining.removeAll { ready.contains($0) }
    }
    evaluator.clear()
    var law: [Int: Rational] = [:]
    try walk(order[...], .one) { expansion, probability in
      let saved = expansion.evaluator.environment
      for id in expansion.plan.states {
        if let value = saved.current[Int(id.index)] { expansion.evaluator.set(.next(id), value) }
      }
      try expansion.arrive(0, probability) { law[$0, default: .zero] += $1 }
    }
    return try sparse.initial.map { pair in
      guard let weight = law[Int(pair.state)] else { throw mismatch(Int(pair.state)) }
      return weight
    }
  }

  private func mismatch(_ state: Int) -> Diagnostic {
    fault(state, "computed in fractions, a step has other outcomes than in double precision")
  }

  private func fault(_ state: Int, _ message: String) -> Diagnostic {
    let parts = zip(plan.decisionVariables, explored.states.values(of: state)).map { id, value in
      "\(plan.process[id].name) = \(plan.process.text(of: value, in: plan.process[id].domain))"
    }
    return .error(message, at: plan.process.span, notes: parts.isEmpty ? [] : ["in state " + parts.joined(separator: ", ")])
  }
}
