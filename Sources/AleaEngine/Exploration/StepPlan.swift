import AleaModel
import AleaSyntax

/// The parts of a step in the order in which the explorer runs them.
struct StepPlan: Sendable {
  /// The process, with a pool that also holds rewritten expressions.
  var process: Process
  let states: [VariableID]
  /// Contexts and observed variables the action may depend on: part of the state at which is decided.
  let observed: [VariableID]
  /// What runs between arrival in a state and the decision.
  let arrival: [Slot]
  /// What runs after the decision.
  let step: [Slot]
  let chosen: [VariableID]
  let isClosed: Bool
  /// The number of steps, when time is part of the state.
  let horizon: Int?
  /// Over states and what is observed (and actions): derived values are written out.
  let availability: [ExpressionID]
  /// Over states (and time).
  let terminal: ExpressionID?

  init(_ original: Process) throws {
    var process = original
    let states = process.variables(with: .state)
    let graph = DependenceGraph(of: process)
    let observed = process.observedBeforeAction
    let observedSet = Set(observed)
    let actions = process.variables(with: .action)
    let chosen = actions.filter { process[$0].mechanism == .chosen }
    let closedActions = actions.filter { process[$0].mechanism != .chosen }
    if let first = chosen.first, let second = closedActions.first {
      throw Diagnostic.error(
        "`\(process[second].name)` is set by a policy but `\(process[first].name)` is not", at: process[first].span)
    }

    for id in states {
      if case .reals = process[id].domain {
        throw Diagnostic.error(
          "`\(process[id].name)` is a real number, which makes the states uncountable", at: process[id].span,
          label: "a state needs a finite set or integers here",
          notes: ["give it a domain such as `0..20`, or a set of numbers", "`simulate` takes real-valued states as they are"])
      }
      if process[id].next == nil || process[id].next == .unspecified {
        throw Diagnostic.error("`\(process[id].name)` has no next value", at: process[id].span)
      }
    }
    for id in observed {
      if case .reals = process[id].domain {
        throw Diagnostic.error(
          "`\(process[id].name)` is observed before the action and is a real number, which makes the states uncountable",
          at: process[id].span)
      }
    }
    for id in chosen where !process[id].domain.isFinite {
      throw Diagnostic.error(
        "the action `\(process[id].name)` has no finite domain", at: process[id].span,
        notes: ["give it a domain such as `0..20`"])
    }

    // What the states at which is decided need.
    var before = Set<Slot>()
    for id in observed {
      before.insert(.current(id))
      before.formUnion(graph.ancestors(of: .current(id)))
    }
    let order = process.stepOrder.filter {
      if case .current(let id) = $0 { return process[id].role != .state && process[id].role != .action }
      return true
    }
    arrival = order.filter(before.contains)

    // Inlining of derived values into conditions: they are tested before anything is drawn.
    var image: [VariableID: ExpressionID] = [:]
    for slot in order {
      guard case .current(let id) = slot, !observedSet.contains(id), case .value(let expression) = process[id].mechanism else {
        continue
      }
      image[id] =
        process.pool.rewriting([expression]) { leaf in
          if case .variable(let other) = leaf { return image[other] }
          return nil
        }[0]
    }
    func inline(_ expression: ExpressionID, _ allowed: Set<VariableID>, _ what: String) throws -> ExpressionID {
      let result = process.pool.rewriting([expression]) { leaf in
        if case .variable(let other) = leaf, !allowed.contains(other) { return image[other] }
        return nil
      }[0]
      for leaf in process.pool.leaves(of: [result]) {
        switch leaf {
        case .variable(let id) where !allowed.contains(id):
          throw Diagnostic.error(
            "\(what) depends on `\(process[id].name)`, which is not known when it is tested", at: process.pool[expression].span)
        case .next(let id):
          throw Diagnostic.error(
            "\(what) depends on `\(process[id].name)'`, which is not known when it is tested", at: process.pool[expression].span)
        default: break
        }
      }
      return result
    }
    let stateSet = Set(states)
    terminal = try process.terminal.map { try inline($0, stateSet, "the terminal condition") }
    let known = stateSet.union(observed).union(actions)
    availability = try process.availability.map { try inline($0, known, "the availability of an action") }

    // The step proper: what next values and rewards need, and actions set by a policy.
    let rewards = process.channels.map(\.amount)
    var needed = DependenceGraph.slots(mentionedBy: rewards, in: process.pool)
    for id in states { needed.insert(.next(id)) }
    for id in closedActions { needed.insert(.current(id)) }
    for slot in Array(needed) { needed.formUnion(graph.ancestors(of: slot)) }
    var after = order.filter { slot in
      if case .current(let id) = slot, observedSet.contains(id) { return false }
      return needed.contains(slot)
    }
    for slot in after where before.contains(slot) {
      guard case .current(let id) = slot, case .draw = process[id].mechanism else { continue }
      throw Diagnostic.error(
        "`\(process[id].name)` is drawn before the action, is hidden from it, and matters after it", at: process[id].span,
        label: "a hidden draw that what is observed depends on",
        notes: ["such a model is partially observed: its states cannot be listed", "`observe` makes it part of what is known"])
    }
    if !closedActions.isEmpty {
      // Each action set by a policy comes as soon as what it depends on is known.
      for id in closedActions {
        let parents = graph.parents[.current(id)] ?? []
        let position = after.lastIndex(where: parents.contains).map { $0 + 1 } ?? 0
        after.insert(.current(id), at: position)
      }
      // Keep operands first: actions may have come after their users.
      var sorted: [Slot] = []
      var done = Set<Slot>()
      let members = Set(after)
      func visit(_ slot: Slot) {
        guard members.contains(slot), done.insert(slot).inserted else { return }
        for parent in after where graph.parents[slot]?.contains(parent) ?? false { visit(parent) }
        sorted.append(slot)
      }
      for slot in after { visit(slot) }
      after = sorted
    }
    step = after

    for slot in arrival + after {
      let mechanism: Mechanism?
      let id: VariableID
      switch slot {
      case .current(let variable): (mechanism, id) = (process[variable].mechanism, variable)
      case .next(let variable): (mechanism, id) = (process[variable].next, variable)
      }
      switch mechanism {
      case .draw(let distribution):
        if let family = distribution.continuousFamily {
          let name = SupportExpander.name(of: family)
          throw Diagnostic.error(
            "`\(process[id].name)` is drawn from \(name), which has no finite support", at: process[id].span,
            label: "a continuous draw that next states or rewards depend on",
            notes: [
              "exploration lists every outcome of a step; a continuous draw has uncountably many",
              "`simulate` takes it as it is; `Binomial`, `Poisson` or a literal such as `{1: 0.2, 2: 0.8}` can stand in for it",
            ])
        }
      case .unspecified, nil:
        throw Diagnostic.error("`\(process[id].name)` has no mechanism", at: process[id].span)
      default: break
      }
    }

    // Time becomes part of the state when something reads it.
    var read = rewards + availability + (terminal.map { [$0] } ?? [])
    for slot in arrival + after {
      switch slot {
      case .current(let id): read += process[id].mechanism.expressions
      case .next(let id): read += process[id].next?.expressions ?? []
      }
    }
    if let place = process.pool.reachable(from: read).first(where: { process.pool[$0].kind == .time }) {
      guard case .finiteHorizon(let steps, _) = process.objective.criterion else {
        throw Diagnostic.error(
          "the model reads `t` but has no horizon", at: process.pool[place].span,
          label: "without a horizon there is a state for every time",
          notes: ["add `horizon n`, or keep what matters of the time in a state"])
      }
      horizon = steps
    } else {
      horizon = nil
    }
    self.states = states
    self.observed = observed
    self.chosen = chosen
    isClosed = !closedActions.isEmpty
    self.process = process
  }

  /// The variables of a state at which is decided.
  var decisionVariables: [VariableID] { states + observed }

  func mechanism(of slot: Slot) -> Mechanism {
    switch slot {
    case .current(let id): process[id].mechanism
    case .next(let id): process[id].next ?? .unspecified
    }
  }

  func domain(of slot: Slot) -> Domain {
    switch slot {
    case .current(let id), .next(let id): process[id].domain
    }
  }

  func name(of slot: Slot) -> String {
    switch slot {
    case .current(let id): process[id].name
    case .next(let id): process[id].name + "'"
    }
  }

  /// What is known of a leaf wherever the step reads it.
  func interval(of leaf: ExpressionKind) -> Interval {
    switch leaf {
    case .variable(let id):
      var result = Interval(process[id].domain)
      if case .draw(let distribution) = process[id].mechanism, let support = distribution.supportHull {
        result.lower = max(result.lower, support.lower)
        result.upper = min(result.upper, support.upper)
      }
      return result
    case .next(let id): return Interval(process[id].domain)
    case .time: return Interval(0, horizon.map(Double.init) ?? .infinity, isInteger: true)
    default: return .unknown
    }
  }
}

extension Distribution {
  /// Bounds of the values of a named law, whatever its parameters; nil when they depend on them.
  var supportHull: Interval? {
    switch self {
    case .primitive(let family, _):
      switch family {
      case .bernoulli: return Interval(0, 1, isInteger: true)
      case .binomial, .geometric, .poisson: return Interval(0, .infinity, isInteger: true)
      default: return nil
      }
    default: return nil
    }
  }
}
