// How questions about decision processes are answered: explore, choose a method, solve, add what goes with the answer.

import Glibc

extension SessionCore {
  /// Explores a process, with its warnings kept for the reader.
  func explore(_ process: Process, allStates: Bool = false) throws -> (ExploredProcess, seconds: Double) {
    let exploration = try explore(process, allStates: allStates, through: ReductionChoice(self))
    return (exploration.process, exploration.seconds)
  }

  /// Explores a process by the first reduction that applies.
  func explore(_ process: Process, allStates: Bool, through reductions: ReductionChoice) throws -> Exploring {
    let start = Self.seconds()
    let reduced = try reductions.explore(process, allStates: allStates)
    let explored = reduced.problem
    warnings += explored.warnings
    if let first = explored.deadlocks.first {
      let state = StateNaming(explored).text(of: Int(first))
      warnings.append(
        .warning(
          "\(explored.deadlocks.count == 1 ? "one state has" : "\(NumberText.grouped(explored.deadlocks.count)) states have") no available action",
          at: process.span, notes: ["the first is \(state); such a state ends the episode, as a `terminal` one does"]))
    }
    return Exploring(process: explored, reduced: reduced, seconds: Self.seconds() - start)
  }

  /// A process with its explicit form, and how it came about.
  struct Exploring {
    let process: ExploredProcess
    let reduced: Reduced<ExploredProcess, SparseSolution>
    let seconds: Double
  }

  /// Turns a requirement that is not met into a message.
  func diagnostic(_ unmet: UnmetRequirement, at span: SourceSpan?) -> DiagnosticError {
    DiagnosticError(
      .error(
        "`\(unmet.method)` needs \(unmet.requirement)", at: span, label: unmet.found,
        notes: unmet.remedy.isEmpty ? [] : [unmet.remedy]))
  }

  func requireObjective(_ process: Process, at span: SourceSpan?) throws {
    if let rows = process.rows, process.objective.span == nil {
      throw DiagnosticError(
        .error(
          "`\(rows.name)` does not say what is to be achieved: it was read as states and transitions", at: process.span ?? span,
          notes: ["ask a property of it, as in `solve(m, property: \"Rmin=? [ F \\\"goal\\\" ]\")`"]))
    }
    if process.objective.span == nil, process.objective.criterion == .total {
      throw DiagnosticError(
        .error(
          "`\(process.name)` does not say what is to be achieved", at: process.span ?? span,
          notes: ["add an objective: `discount 0.95`, `horizon 40`, `total` or `average`; or `terminal when ...`"]))
    }
    try requireReward(process, at: span)
  }

  func requireReward(_ process: Process, at span: SourceSpan?) throws {
    if process.channels.isEmpty {
      throw DiagnosticError(
        .error(
          "`\(process.name)` has no reward or cost", at: process.span ?? span, notes: ["add one, as in `reward price * sold`"]))
    }
  }

  func solve(
    _ process: Process, by method: (any DynamicMethod)?, tolerance: Double?, allStates: Bool = false,
    through reductions: ReductionChoice? = nil, at span: SourceSpan?
  ) throws -> Solution {
    try requireObjective(process, at: span)
    let reductions = reductions ?? ReductionChoice(self)
    let exploring = try explore(process, allStates: allStates, through: reductions)
    return try solve(exploring, by: method, tolerance: tolerance, through: reductions, at: span)
  }

  /// Solves what was given in explicit form.
  func solve(
    _ explored: ExploredProcess, by method: (any DynamicMethod)?, tolerance: Double?, through reductions: ReductionChoice? = nil,
    at span: SourceSpan?
  ) throws -> Solution {
    let given = Exploring(process: explored, reduced: Exploration.given(explored), seconds: 0)
    return try solve(given, by: method, tolerance: tolerance, through: reductions ?? ReductionChoice(self), at: span)
  }

  private func solve(
    _ exploring: Exploring, by method: (any DynamicMethod)?, tolerance: Double?, through reductions: ReductionChoice,
    at span: SourceSpan?
  ) throws -> Solution {
    var explored = exploring.process
    let start = Self.seconds()
    do {
      if let exact = method as? Exact {
        if let unmet = exact.unmetSize(of: explored.sparse) ?? exact.unmetObjective(explored.sparse.objective) { throw unmet }
        explored = try explored.exact(control: control)
      }
      let reduced = try method is Exact ? Reduced(explored.sparse, steps: []) : reductions.reduce(explored.sparse)
      let planner = try Planner(
        for: reduced.problem, preferred: method, tolerance: tolerance ?? (method == nil ? configuration.tolerance : nil))
      var sparse = try planner.method.solve(reduced.problem, control: control)
      try check(sparse, of: reduced.problem, at: span)
      sparse = try exploring.reduced.restore(reduced.restore(sparse))
      try check(sparse, of: explored.sparse, at: span)
      if sparse.stages?.policy != nil {
        sparse.notes.append("values and policy are those of the first step; `policy[..., t: k]` is the policy after k steps")
      }
      sparse.notes += (exploring.reduced.assumptions + reduced.assumptions).map { "assumed: \($0)" }
      let seconds = Self.seconds() - start
      var solution = Solution(
        explored: explored, sparse: sparse, path: exploring.reduced.steps + reduced.steps + [step(planner)],
        exploringTime: exploring.seconds, solvingTime: seconds)
      try addParts(to: &solution)
      return solution
    } catch let unmet as UnmetRequirement {
      throw diagnostic(unmet, at: span)
    }
  }

  /// Methods may come from outside: an answer that does not fit its process stops here.
  private func check(_ answer: SparseSolution, of process: SparseProcess, at span: SourceSpan?) throws {
    let count = process.stateCount
    let fits =
      answer.value.count == count && answer.policy.count == count && answer.lower.count == count && answer.upper.count == count
      && (answer.gain?.count ?? count) == count
      && answer.policy.indices.allSatisfy { answer.policy[$0] < 0 || process.choices(of: $0).contains(Int(answer.policy[$0])) }
    guard fits else {
      throw DiagnosticError(
        .error(
          "`\(answer.method)` gave an answer that does not fit its process", at: span,
          notes: [
            "an answer has one value, bound below, bound above and choice for each of the \(NumberText.grouped(count)) states"
          ]))
    }
  }

  /// Models with more states answer without channel totals and occupancy, which cost as much as solving.
  private static let statesWithParts = 50_000
  /// And so do finite horizons with more transitions over all steps.
  private static let workOfParts = 200_000_000

  private func addParts(to solution: inout Solution) throws {
    let sparse = solution.explored.sparse
    guard sparse.stateCount <= Self.statesWithParts, sparse.stageStart == nil else { return }
    switch sparse.objective.criterion {
    case .discounted:
      let result = try PolicyEvaluation().evaluate(.deterministic(solution.sparse.policy), in: sparse, control: control)
      solution.channelTotals = result.channels.map { .init(name: $0.name, totals: $0.values.value) }
      solution.occupancy = result.occupancy
    case .average:
      solution.occupancy = try sparse.longRunFractions(following: solution.sparse.policy, control: control)
      solution.channelTotals = try channels(of: sparse, following: solution.sparse.policy)
    case .total:
      solution.occupancy = try sparse.expectedVisits(following: solution.sparse.policy, control: control)
      solution.channelTotals = try channels(of: sparse, following: solution.sparse.policy)
    case .finiteHorizon(let horizon, let discount):
      guard let choices = solution.sparse.stages?.policy, horizon * sparse.transitionCount < Self.workOfParts else { return }
      let result = StageEvaluation(choices, of: sparse, horizon: horizon, discount: discount)
      solution.channelTotals = result.channels.map { .init(name: $0.name, totals: $0.totals) }
      solution.occupancy = result.occupancy
    }
  }

  /// Each channel's own total (average, for that criterion) under a policy.
  private func channels(of sparse: SparseProcess, following policy: [Int32]) throws -> [ChannelTotals.Channel]? {
    var chain = sparse.chain(following: policy)
    let all = chain.channels
    var result: [ChannelTotals.Channel] = []
    for channel in all {
      chain.channels = [channel]
      chain.objective = Objective(criterion: sparse.objective.criterion)
      let planner = try Planner(for: chain)
      let solution = try planner.method.solve(chain, control: control)
      result.append(.init(name: channel.name, totals: solution.gain ?? solution.value))
    }
    return result
  }

  private func step(_ planner: Planner) -> String { "\(planner.method.name): \(planner.reason)" }

  func explain(_ model: ModelObject, through reductions: ReductionChoice? = nil, span: SourceSpan?) throws -> String {
    let process = try model.instantiate(takesRows: true)
    try requireObjective(process, at: span)
    let reductions = reductions ?? ReductionChoice(self)
    let exploring = try explore(process, allStates: false, through: reductions)
    do {
      let reduced = try reductions.reduce(exploring.process.sparse)
      let steps = exploring.reduced.steps + reduced.steps + [step(try Planner(for: reduced.problem))]
      let assumptions = (exploring.reduced.assumptions + reduced.assumptions).map { "  assumed: \($0)" }
      let lines = steps.enumerated().map { "  \($0.offset + 1). \($0.element)" } + assumptions
      return (["\(model.description): \(Self.text(process.objective.criterion))"] + lines).joined(separator: "\n")
    } catch let unmet as UnmetRequirement {
      throw diagnostic(unmet, at: span)
    }
  }

  static func text(_ criterion: Objective.Criterion) -> String {
    switch criterion {
    case .discounted(let discount): "discounted by \(NumberText.significant(discount, digits: 6)) a step, for ever"
    case .finiteHorizon(let steps, let discount):
      "over \(steps) steps" + (discount == 1 ? "" : ", discounted by \(NumberText.significant(discount, digits: 6)) a step")
    case .total: "total reward until the end"
    case .average: "long-run average reward of a step"
    }
  }

  /// What a policy is worth: the process it closes has one choice a state.
  func evaluate(_ policy: PolicyObject, in model: ModelObject, tolerance: Double?, at span: SourceSpan?) throws -> Evaluation {
    let process = try model.instantiate()
    try requireObjective(process, at: span)
    let closed = try policy.close(process, of: model, at: span)
    let (explored, exploring) = try exploreClosed(closed)
    let start = Self.seconds()
    do {
      let planner = try Planner(for: explored.sparse, tolerance: tolerance ?? configuration.tolerance ?? 1e-9)
      let sparse = try planner.method.solve(explored.sparse, control: control)
      var evaluation = Evaluation(
        explored: explored, sparse: sparse, policyName: policy.description, exploringTime: exploring,
        solvingTime: Self.seconds() - start)
      var parts = Solution(explored: explored, sparse: sparse, path: [], exploringTime: 0, solvingTime: 0)
      try addParts(to: &parts)
      evaluation.channelTotals = parts.channelTotals
      evaluation.occupancy = parts.occupancy
      return evaluation
    } catch let unmet as UnmetRequirement {
      throw diagnostic(unmet, at: span)
    }
  }

  /// A policy is wanted in every state, also where it does not lead by itself; where its model cannot be run from all states (a rule
  /// that faults in one that never occurs), in those it reaches.
  private func exploreClosed(_ process: Process) throws -> (ExploredProcess, seconds: Double) {
    let start = Self.seconds()
    let states = process.variables(with: .state).reduce(1.0) { $0 * Double(process[$1].domain.count ?? Int.max) }
    if states <= 200_000 {
      let options = ExplorationOptions(allStates: true, tailMass: configuration.tailMass, memoryLimit: configuration.memoryLimit)
      if let explored = try? Explorer.explore(process, options: options, control: control) {
        return (explored, Self.seconds() - start)
      }
    }
    return try explore(process)
  }

  /// - Parameter avoided: states that must not be met before the event.
  func probability(
    _ event: ExpressionID, avoiding avoided: ExpressionID? = nil, in process: Process, text: String, maximize: Bool,
    within steps: Int?, tolerance: Double?, by method: Exact? = nil, at span: SourceSpan? = nil
  ) throws -> Reachability {
    var explored = try explore(process).0
    let target = try states(of: explored, in: process, where: event)
    let barred = try avoided.map { try states(of: explored, in: process, where: $0) }
    if let method {
      if let unmet = method.unmetSize(of: explored.sparse) { throw diagnostic(unmet, at: span) }
      explored = try explored.exact(control: control)
    }
    let sparse = explored.sparse
    let solution: SparseSolution
    if let barred {
      try requireWhole(sparse, "the probability of reaching states while avoiding others", at: span)
      let staying = StateSet((0..<sparse.stateCount).filter { !barred.contains($0) }, count: sparse.stateCount)
      if let steps {
        let now = SparseSolution(
          exact: (0..<sparse.stateCount).map { .finite(target.contains($0) ? .one : .zero) }, policy: [], iterations: 0)
        var iteration = StepIteration(sparse, from: now, maximize: maximize)
        let fixed = StateSet(
          (0..<sparse.stateCount).filter { target.contains($0) || barred.contains($0) }, count: sparse.stateCount)
        try iteration.run(steps: steps, fixed: fixed, control: control)
        solution = iteration.solution(steps: steps, isProbability: true)
      } else {
        solution = try sparse.until(
          target, within: staying, maximize: maximize, tolerance: tolerance ?? configuration.tolerance ?? 1e-6, control: control)
      }
    } else if method != nil {
      solution = try sparse.exactReachability(of: target, within: steps, maximize: maximize, control: control)
    } else if let steps {
      solution = try sparse.reachability(of: target, within: steps, maximize: maximize, control: control)
    } else {
      solution = try sparse.reachability(
        of: target, maximize: maximize, tolerance: tolerance ?? configuration.tolerance ?? 1e-6, control: control)
    }
    return Reachability(explored: explored, sparse: solution, event: text, maximizes: maximize)
  }

  func states(of explored: ExploredProcess, in process: Process, where condition: ExpressionID) throws -> StateSet {
    let truth = try explored.evaluate(condition, in: process)
    return StateSet(truth.indices.filter { truth[$0] == 1 }, count: explored.sparse.stateCount)
  }

  /// Refuses what has no guaranteed bound where draws without end are cut.
  func requireWhole(_ sparse: SparseProcess, _ what: String, at span: SourceSpan?) throws {
    guard sparse.isTruncated else { return }
    throw DiagnosticError(
      .error(
        "\(what) needs draws with finitely many values", at: span, label: "the model has draws without end",
        notes: ["bound them, as in `min(demand, 40)` where the value is used, or `Truncated(d, 0, 40)`"]))
  }

  // MARK: Simulation

  /// Episodes are cut where what is left is worth less than this share of the largest reward.
  private static let negligibleDiscount = 1e-9

  func simulate(
    _ model: ModelObject, _ policy: Value, episodes: Int, horizon: Int?, seed: UInt64?, call: NativeCall
  ) throws -> Log {
    let process = try model.instantiate()
    let steps: Int
    switch process.objective.criterion {
    case .finiteHorizon(let n, _): steps = min(horizon ?? n, n)
    case .discounted(let discount):
      let enough = discount > 0 ? Int((UnaryFunction.ln(Self.negligibleDiscount) / UnaryFunction.ln(discount)).rounded(.up)) : 1
      steps = horizon ?? max(1, enough)
    case .total, .average:
      guard let horizon else {
        throw call.fault("`horizon:` is missing: episodes of this model may be long", notes: ["as in `horizon: 10_000`"])
      }
      steps = horizon
    }
    let seed = seed ?? configuration.seed
    let run: @Sendable (Bool) throws -> Simulation
    let name: String
    let logging: Log.Logging
    var probabilities: [VariableID] = []
    let control = self.control
    guard case .object(let object) = policy else {
      throw call.fault("a policy is needed here, and this is \(policy.kindDescription)", at: "policies")
    }
    if let written = object as? PolicyObject {
      let learner = try written.apply(to: process, of: model, at: call["policies"]?.span)
      let acting = try simulated(learner)
      probabilities = acting.probabilities
      let logged = LogRecord.slots(of: process).union(probabilities.map { .current($0) })
      run = {
        try Simulator.simulate(
          acting.process, episodes: episodes, horizon: steps, seed: seed, keepsLog: $0, logged: logged, control: control)
      }
      name = written.description
      logging = .policy(learner.memory.isEmpty ? learner.process : learner.expanded())
    } else if let table = object as? PolicyFunction {
      let count = table.explored.sparse.stateCount
      let stages = table.stages
      let choices = table.choices
      let chosen: @Sendable (Int, Int) -> Int = { state, time in Int(choices[min(time, stages - 1) * count + state]) }
      run = {
        try Simulator.simulate(
          process, policy: .table(table.explored, choice: chosen), episodes: episodes, horizon: steps, seed: seed, keepsLog: $0,
          control: control)
      }
      logging = .table
      name = "the policy of \(table.explored.process.name)"
    } else {
      throw call.fault("a policy is needed here, and this is \(object.typeName)", at: "policies")
    }
    let simulation = try run(false)
    let isDiscounted =
      if case .total = process.objective.criterion { false } else if case .average = process.objective.criterion { false } else {
        true
      }
    let returns = isDiscounted ? simulation.discountedReturn : simulation.totalReturn
    let scale = process.objective.criterion == .average ? 1 / Double(steps) : 1
    let margin = UnaryFunction.normalQuantile(0.975) * returns.standardError
    let parts = isDiscounted ? simulation.discounted : simulation.total
    let summary = SimulationSummary(
      model: model.description, policy: name, episodes: episodes, horizon: steps, seed: seed, mean: scale * returns.mean,
      standardError: scale * returns.standardError, low: scale * (returns.mean - margin), high: scale * (returns.mean + margin),
      channels: zip(simulation.channels, parts).map { channel, amounts in
        let estimate = Simulation.estimate(amounts)
        return .init(name: channel, mean: scale * estimate.mean, standardError: scale * estimate.standardError)
      },
      unfinished: process.terminal == nil ? 0 : simulation.lengths.filter { Int($0) >= steps }.count)
    let rows = simulation.lengths.reduce(0) { $0 + Int($1) }
    let width = LogRecord.slots(of: process).count + 2 * ActionLaw(of: process).actions.count + 4
    let limit = configuration.memoryLimit
    let recorded = probabilities
    return Log(model: model.description, policy: name, process: process, logging: logging, summary: summary) {
      try LogMemory.require(rows: rows, columns: width, limit: limit, at: process.span)
      guard let rows = try run(true).log else { throw OffPolicyFault("the log has no rows") }
      return try LogRecord(rows, of: process, probabilities: recorded)
    }
  }

  /// The process that a policy acts in, and the variables in it that hold the probability of each action where a policy that remembers
  /// acts on what is recorded: they cannot be told from the rows afterwards.
  private func simulated(_ learner: Learner) throws -> (process: Process, probabilities: [VariableID]) {
    guard !learner.memory.isEmpty else { return (learner.process, []) }
    var learner = learner
    let law = ActionLaw(of: learner.process)
    guard law.reads.allSatisfy({ learner.process[$0].role != .latent }), law.continuousDraw == nil,
      let probabilities = ActionProbabilities(of: learner.process)
    else { return (learner.expanded(), []) }
    learner.process = probabilities.process
    return (learner.expanded(), probabilities.variables)
  }

  // MARK: Graphs

  func dependenceGraph(_ process: Process) -> GraphDrawing { GraphDrawing(dependencesOf: process) }

  func stateGraph(_ process: Process) throws -> GraphDrawing {
    let (explored, _) = try explore(process)
    do {
      return try GraphDrawing(statesOf: explored)
    } catch let fault as Diagnostic {
      throw DiagnosticError(fault)
    }
  }
}
