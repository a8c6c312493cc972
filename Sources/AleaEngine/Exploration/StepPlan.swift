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
  /// What runs after the decision: values as soon as their operands are known, draws as late as possible.
  let step: [Slot]
  /// Parts of ``step`` that depend on different draws: each can be run on its own, given the state and action. What depends on no
  /// draw comes before the first part.
  let components: [Range<Int>]
  /// The summands of the rewards, each with the number of slots of ``step`` that must have run.
  let terms: [(term: RewardTerm, after: Int)]
  /// The number of slots of ``step`` after which a closed process has all its actions.
  let actionsKnownAfter: Int
  /// For draws with infinite support: a value from which on a larger draw changes neither successors nor rewards.
  private(set) var saturation: [Slot: Double] = [:]
  /// Next values, parameters of draws and reward summands over states, actions and draws: derived values are written out.
  private(set) var successorRoots: [ExpressionID] = []
  private(set) var rewardRoots: [ExpressionID] = []
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
    process.averageRewardNoise()
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
    let policyConditions = closedActions.isEmpty ? [] : availability
    // Summands are split first: each is earned as soon as what it reads is known.
    var split: [RewardTerm] = []
    for (channel, reward) in process.channels.enumerated() {
      for summand in process.pool.summands(of: reward.amount) {
        split.append(RewardTerm(channel: channel, coefficient: summand.coefficient, expression: summand.expression))
      }
    }
    let termSlots = split.map { DependenceGraph.slots(mentionedBy: [$0.expression], in: process.pool) }
    after = Self.schedule(after, graph, process, targets: termSlots)
    // What reads several draws at once holds them together, and so does the availability of a policy's actions.
    let joined = termSlots + [DependenceGraph.slots(mentionedBy: policyConditions, in: process.pool)]
    (after, components) = Self.components(after, graph, process, joined: joined)
    step = after
    let position = Dictionary(uniqueKeysWithValues: after.enumerated().map { ($1, $0 + 1) })
    terms = zip(split, termSlots).map { term, slots in (term, slots.compactMap { position[$0] }.max() ?? 0) }
    actionsKnownAfter = closedActions.compactMap { position[.current($0)] }.max() ?? 0

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
    findSaturation()
  }

  /// Orders slots so that draws come late: always the draws of the next value or summand that misses the fewest of them, and after
  /// each draw every value that has become known. Then what is dead can be forgotten early, and lanes that differ no more be merged.
  private static func schedule(
    _ slots: [Slot], _ graph: DependenceGraph, _ process: Process, targets: [Set<Slot>]
  ) -> [Slot] {
    let members = Set(slots)
    func isDraw(_ slot: Slot) -> Bool {
      switch slot {
      case .current(let id): if case .draw = process[id].mechanism { return true }
      case .next(let id): if case .draw? = process[id].next { return true }
      }
      return false
    }
    let ancestors = Dictionary(uniqueKeysWithValues: slots.map { ($0, graph.ancestors(of: $0).intersection(members)) })
    let goals: [Set<Slot>] =
      slots.compactMap { slot in
        guard case .next = slot else { return nil }
        return ancestors[slot]!.union([slot]).filter(isDraw)
      }
      + targets.map { slots in
        slots.intersection(members).reduce(into: Set<Slot>()) { $0.formUnion(ancestors[$1]!.union([$1]).filter(isDraw)) }
      }
    var result: [Slot] = []
    var placed = Set<Slot>()
    func place(_ slot: Slot) {
      result.append(slot)
      placed.insert(slot)
    }
    func settle() {
      for slot in slots where !placed.contains(slot) && !isDraw(slot) && ancestors[slot]!.isSubset(of: placed) { place(slot) }
    }
    settle()
    while placed.count < slots.count {
      let missing = goals.map { $0.subtracting(placed) }.filter { !$0.isEmpty }.min { $0.count < $1.count } ?? []
      let ready = slots.first { slot in
        missing.contains(slot) && ancestors[slot]!.filter(isDraw).isSubset(of: placed) && ancestors[slot]!.isSubset(of: placed)
      }
      guard let draw = ready ?? slots.first(where: { !placed.contains($0) && ancestors[$0]!.isSubset(of: placed) }) else {
        // A cycle cannot come from a checked process; its order is kept as given.
        return slots
      }
      place(draw)
      settle()
    }
    return result
  }

  /// Sorts slots into parts that share no draw, what depends on no draw first.
  private static func components(
    _ slots: [Slot], _ graph: DependenceGraph, _ process: Process, joined: [Set<Slot>]
  ) -> ([Slot], [Range<Int>]) {
    let members = Set(slots)
    var group: [Slot: Int] = [:]
    var parts: [Int: [Slot]] = [:]
    func join(_ slots: [Slot]) -> Int? {
      let groups = Set(slots.compactMap { group[$0] }).sorted()
      guard let first = groups.first else { return nil }
      for other in groups.dropFirst() {
        for slot in parts[other] ?? [] { group[slot] = first }
        parts[first, default: []] += parts.removeValue(forKey: other) ?? []
      }
      return first
    }
    for (number, slot) in slots.enumerated() {
      let isDraw: Bool
      switch slot {
      case .current(let id): if case .draw = process[id].mechanism { isDraw = true } else { isDraw = false }
      case .next(let id): if case .draw? = process[id].next { isDraw = true } else { isDraw = false }
      }
      guard let own = join(Array(graph.ancestors(of: slot).intersection(members))) ?? (isDraw ? number : nil) else { continue }
      group[slot] = own
      parts[own, default: []].append(slot)
    }
    for together in joined { _ = join(Array(together.intersection(members))) }
    var result = slots.filter { group[$0] == nil }
    var ranges: [Range<Int>] = []
    // Parts in the order of their first slots; each keeps the order of its slots.
    var seen = Set<Int>()
    for slot in slots {
      guard let own = group[slot], seen.insert(own).inserted else { continue }
      let start = result.count
      result += slots.filter { group[$0] == own }
      ranges.append(start..<result.count)
    }
    return (result, ranges)
  }

  /// Writes out derived values, and looks for the value from which on each infinitely supported draw changes nothing.
  private mutating func findSaturation() {
    var image: [Slot: ExpressionID] = [:]
    func inline(_ expressions: [ExpressionID]) -> [ExpressionID] {
      process.pool.rewriting(expressions) { leaf in
        switch leaf {
        case .variable(let id): image[.current(id)]
        case .next(let id): image[.next(id)]
        default: nil
        }
      }
    }
    var infinite: [(slot: Slot, id: VariableID)] = []
    for slot in step {
      switch mechanism(of: slot) {
      case .value(let expression):
        let written = inline([expression])[0]
        image[slot] = written
        if case .next = slot { successorRoots.append(written) }
      case .draw(let distribution):
        successorRoots += inline(distribution.expressions)
        if case .current(let id) = slot, distribution.isInfinite { infinite.append((slot, id)) }
      default: break
      }
    }
    if isClosed { successorRoots += inline(availability) }
    rewardRoots = inline(terms.map(\.term.expression))
    for (slot, id) in infinite where !process[id].domain.isFinite {
      let analysis = TailAnalysis(pool: process.pool, draw: id)
      let roots = successorRoots + rewardRoots
      func isSaturated(_ last: Double) -> Bool {
        !analysis(roots) { leaf in
          leaf == .variable(id) ? Interval(last, .infinity, isInteger: true) : interval(of: leaf)
        }.contains(where: \.isDependent)
      }
      guard isSaturated(0x1p20) else { continue }
      var low = -1.0
      var high = 0x1p20
      while high - low > 1 {
        let middle = ((low + high) / 2).rounded(.down)
        if isSaturated(middle) { high = middle } else { low = middle }
      }
      saturation[slot] = high
    }
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
