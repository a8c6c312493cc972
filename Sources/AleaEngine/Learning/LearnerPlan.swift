import AleaModel
import AleaSyntax

/// A learner compiled to batch programs over a fixed table of columns: what a round does, in order.
///
/// Values are computed by as few programs as draws allow; what depends on the time alone is computed once a round for all lanes.
struct LearnerPlan: @unchecked Sendable {
  enum Operand {
    case constant(Double)
    case column(Int)
  }

  struct Draw {
    var law: Distribution
    var operands: [ExpressionID: Operand]
    var target: Int
    var slot: Slot
    /// Drawn from the policy's stream instead of the environment's.
    var isOwn: Bool
    var domain: Domain

    /// Whether the law gives nothing outside the domain, so that only faults need be looked for.
    var isAlwaysInside: Bool {
      switch (law, domain) {
      case (.primitive(.bernoulli, _), .boolean), (.primitive(.bernoulli, _), .integers): true
      case (.primitive(.bernoulli, _), .range(let low, let high)): low <= 0 && high >= 1
      case (_, .reals): true
      default: false
      }
    }
  }

  /// A program and the draws that follow it.
  struct Stage {
    var program: BatchProgram
    var inputs: [Int]
    var outputs: [Int]
    /// What each output computes, to say why it has no value.
    var sources: [(slot: Slot?, expression: ExpressionID)]
    var draws: [Draw]
  }

  indirect enum UpdateCode {
    /// The stage's outputs: the position if there is one, then the values of the parts.
    case assign(Stage, hasPosition: Bool, targets: [[Int]], SourceSpan?)
    case conditional(Stage, then: [UpdateCode], else: [UpdateCode])
  }

  /// How regret is measured.
  enum Regret {
    /// Mean rewards that are the same in every round: by action.
    case constant([Double])
    /// That follow from the round alone: computed once a round.
    case byRound(Stage)
    /// That follow from the state and context: an output for each action, then the chosen action's is looked up.
    case byLane(Stage)
    case none(Diagnostic)
  }

  let learner: Learner
  /// The process with the pool that all programs refer to.
  let process: Process
  private(set) var columnCount = 0
  private(set) var columns: [Slot: Int] = [:]
  let timeColumn: Int
  let states: [VariableID]
  let action: VariableID?
  let actionDomain: Domain
  var initial: [Stage] = []
  /// Initial values of the states alone: episodes that follow one another in a lane.
  var restart: [Stage] = []
  var steps: [Stage] = []
  var updates: [UpdateCode] = []
  var availability: Stage?
  var terminal: Stage?
  var reward: Stage?
  var regret: Regret
  /// The expressions of the time alone, computed once a round, and the columns they fill.
  private(set) var invariants: Stage

  init(_ learner: Learner, of open: Process, measuresRegret: Bool) throws {
    self.learner = learner
    var process = learner.process
    let remembered = Set(learner.memory.flatMap(\.variables))
    states = process.variables(with: .state).filter { !remembered.contains($0) }
    let actions = process.variables(with: .action)
    action = actions.count == 1 ? actions[0] : nil
    actionDomain = action.map { process[$0].domain } ?? .range(0, 0)
    var builder = StageBuilder(process: process, own: Set(learner.own + actions))
    timeColumn = builder.newColumn()
    builder.columns[.time] = timeColumn

    // Initial values: states and memory, in an order in which operands come first.
    var order: [Slot] = []
    var done = Set<Slot>()
    func visit(_ slot: Slot) {
      guard case .current(let id) = slot, process[id].role == .state || process[id].name.hasSuffix("#"),
        done.insert(slot).inserted
      else { return }
      let parents = DependenceGraph.slots(mentionedBy: process[id].mechanism.expressions, in: process.pool)
      for parent in parents.sorted(by: { Self.key($0) < Self.key($1) }) { visit(parent) }
      order.append(slot)
    }
    for id in process.variables(with: .state) { visit(.current(id)) }
    let initialSpecs = try builder.specs(for: order) { process[$0].mechanism }
    let restartSpecs = try builder.specs(
      for: order.filter { slot in
        if case .current(let id) = slot { return !remembered.contains(id) }
        return true
      }
    ) { process[$0].mechanism }

    let stepSlots = process.stepOrder.filter { slot in
      if case .current(let id) = slot { return process[id].role != .state }
      return true
    }
    var stepSpecs = try builder.specs(for: stepSlots) { process[$0].mechanism }

    // The mean rewards of the actions.
    var regretRoots: [ExpressionID] = []
    var refusal: Diagnostic?
    let domain = actionDomain
    if measuresRegret, let action, let count = domain.count, count <= 10_000 {
      var expected = ExpectedReward(open)
      do {
        let means = try (0..<count).map { try expected.of([action: domain.value(at: $0)]) }
        regretRoots = builder.importing(means, from: expected.pool)
      } catch let diagnostic as Diagnostic {
        refusal = diagnostic
      }
    } else {
      refusal = .error("regret is measured for a single finite action", at: process.span)
    }
    let regretSpec = StageBuilder.Spec(roots: regretRoots.map { .init(expression: $0) })
    let rewardSpec = learner.reward.map { StageBuilder.Spec(roots: [.init(expression: $0, check: .reals)]) }
    let availabilitySpec =
      process.availability.isEmpty ? nil : StageBuilder.Spec(roots: process.availability.map { .init(expression: $0) })
    let terminalSpec = process.terminal.map { StageBuilder.Spec(roots: [.init(expression: $0)]) }
    let updateSpecs = builder.updateSpecs(learner.updates)

    // Values that nothing outside their own program reads need no column.
    var read = builder.readColumns(stepSpecs + [rewardSpec, availabilitySpec, terminalSpec].compactMap { $0 } + [regretSpec])
    read.formUnion(builder.readColumns(ofUpdates: updateSpecs))
    for index in stepSpecs.indices {
      stepSpecs[index].roots.removeAll { root in
        guard case .current(let id)? = root.slot, let column = root.column else { return false }
        return process[id].role == .derived && !read.contains(column)
      }
    }

    initial = initialSpecs.map { builder.stage($0) }
    restart = restartSpecs.map { builder.stage($0) }
    steps = stepSpecs.map { builder.stage($0) }
    reward = rewardSpec.map { builder.stage($0) }
    availability = availabilitySpec.map { builder.stage($0) }
    terminal = terminalSpec.map { builder.stage($0) }
    updates = updateSpecs.map { builder.code($0) }
    if let refusal {
      regret = .none(refusal)
    } else {
      let constants = regretRoots.compactMap { builder.process.pool.constant($0) }
      let leaves = builder.process.pool.leaves(of: regretRoots)
      if constants.count == regretRoots.count {
        regret = .constant(constants)
      } else if leaves.allSatisfy({ $0 == .time }) {
        regret = .byRound(builder.stage(regretSpec, hoisting: false))
      } else {
        regret = .byLane(builder.stage(regretSpec))
      }
    }
    invariants = builder.invariantStage()
    columnCount = builder.columnCount
    for (leaf, column) in builder.columns {
      switch leaf {
      case .variable(let id): columns[.current(id)] = column
      case .next(let id): columns[.next(id)] = column
      default: break
      }
    }
    process = builder.process
    self.process = process
  }

  /// Lanes a block: as many as keep the columns of a round in the second-level cache.
  var blockWidth: Int { max(32, min(256, 64 * 1024 / max(1, columnCount + 8) / 8 * 4)) }

  private static func key(_ slot: Slot) -> Int {
    switch slot {
    case .current(let id): Int(id.index)
    case .next(let id): Int(id.index) + 1 << 32
    }
  }
}
