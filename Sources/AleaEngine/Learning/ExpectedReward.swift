import AleaModel
import AleaSyntax

/// The mean reward of an action given everything that is drawn before it: what pseudo-regret is measured by.
struct ExpectedReward {
  private var process: Process
  /// What depends, directly or not, on something drawn after the action, latest first.
  private let drawn: [VariableID]

  /// - Parameter given: variables that are not averaged over, besides what is observed before the action.
  init(_ process: Process, given: Set<VariableID> = []) {
    self.process = process
    let graph = DependenceGraph(of: process)
    var known = Set(process.observedBeforeAction).union(given)
    for id in process.observedBeforeAction {
      for case .current(let ancestor) in graph.ancestors(of: .current(id)) { known.insert(ancestor) }
    }
    drawn = process.stepOrder.reversed().compactMap { slot in
      guard case .current(let id) = slot, process[id].role != .state, process[id].role != .action, !known.contains(id) else {
        return nil
      }
      return id
    }
  }

  /// The pool the results of ``of(_:)`` belong to.
  var pool: ExpressionPool { process.pool }

  /// The mean of the sum of all channels when the action takes the given codes, as an expression over states, contexts and time.
  ///
  /// Draws are integrated out one by one, the last first: exactly where the reward is affine in the draw, or where it has finitely many
  /// outcomes.
  ///
  /// - Throws: a diagnostic that names the draw whose mean effect has no closed form.
  mutating func of(_ action: [VariableID: Double]) throws -> ExpressionID {
    guard let first = process.channels.first?.amount else { return process.pool.constant(0, type: .real) }
    var total = first
    for channel in process.channels.dropFirst() {
      total = process.pool.binary(.add, total, channel.amount, type: .real, span: channel.span)
    }
    total = substitute(total) { id, process in
      action[id].map { process.pool.constant($0, type: process[id].domain.type) }
    }
    // Next values follow from the step like any derived value.
    for _ in 0..<process.variables.count + 1 {
      let nexts = process.pool.leaves(of: [total]).compactMap { leaf -> VariableID? in
        if case .next(let id) = leaf { return id }
        return nil
      }
      guard let id = nexts.first else { break }
      guard case .value(let next)? = process[id].next else { throw refusal(id, "its next value is drawn") }
      total = process.pool.rewriting([total]) { $0 == .next(id) ? next : nil }[0]
      total = substitute(total) { id, process in action[id].map { process.pool.constant($0, type: process[id].domain.type) } }
    }
    for id in drawn {
      guard process.pool.leaves(of: [total]).contains(.variable(id)) else { continue }
      switch process[id].mechanism {
      case .value(let value): total = substitute(total) { other, _ in other == id ? value : nil }
      case .draw(let law): total = try mean(of: total, over: id, law)
      case .chosen, .unspecified: throw refusal(id, "it has no mechanism")
      }
      total = substitute(total) { id, process in action[id].map { process.pool.constant($0, type: process[id].domain.type) } }
    }
    return total
  }

  private mutating func substitute(_ id: ExpressionID, _ replace: (VariableID, inout Process) -> ExpressionID?) -> ExpressionID {
    var replacements: [ExpressionKind: ExpressionID] = [:]
    for leaf in process.pool.leaves(of: [id]) {
      if case .variable(let variable) = leaf, let new = replace(variable, &process) { replacements[leaf] = new }
    }
    return replacements.isEmpty ? id : process.pool.rewriting([id]) { replacements[$0] }[0]
  }

  private func refusal(_ id: VariableID, _ reason: String) -> Diagnostic {
    .error(
      "the mean reward of an action has no closed form here: \(reason)", at: process[id].span,
      label: "`\(process[id].name)` enters the reward",
      notes: [
        "regret needs the mean: draw the reward from a law with a known mean, or let it depend linearly on `\(process[id].name)`"
      ])
  }

  /// The mean of an expression over one draw.
  private mutating func mean(of total: ExpressionID, over id: VariableID, _ law: Distribution) throws -> ExpressionID {
    func with(_ value: ExpressionID) -> ExpressionID { substitute(total) { other, _ in other == id ? value : nil } }
    let span = process.pool[total].span
    switch law {
    case .select(let condition, let a, let b):
      let first = try mean(of: total, over: id, a)
      let second = try mean(of: total, over: id, b)
      return process.pool.select(condition, first, second, type: .real, span: span)
    case .finite(let outcomes, let isNormalized):
      var sum = process.pool.constant(0, type: .real)
      var weights = process.pool.constant(0, type: .real)
      for outcome in outcomes {
        let value = with(outcome.value)
        let part = process.pool.binary(.multiply, outcome.weight, value, type: .real, span: span)
        sum = process.pool.binary(.add, sum, part, type: .real, span: span)
        weights = process.pool.binary(.add, weights, outcome.weight, type: .real, span: span)
      }
      return isNormalized ? sum : process.pool.binary(.divide, sum, weights, type: .real, span: span)
    case .primitive(.bernoulli, let parameters):
      let high = with(process.pool.constant(1, type: .integer))
      let low = with(process.pool.constant(0, type: .integer))
      let difference = process.pool.binary(.subtract, high, low, type: .real, span: span)
      let part = process.pool.binary(.multiply, parameters[0], difference, type: .real, span: span)
      return process.pool.binary(.add, low, part, type: .real, span: span)
    case .mixture(let components):
      var sum = process.pool.constant(0, type: .real)
      var weights = process.pool.constant(0, type: .real)
      for component in components {
        let value = try mean(of: total, over: id, component.distribution)
        let part = process.pool.binary(.multiply, component.weight, value, type: .real, span: span)
        sum = process.pool.binary(.add, sum, part, type: .real, span: span)
        weights = process.pool.binary(.add, weights, component.weight, type: .real, span: span)
      }
      return process.pool.binary(.divide, sum, weights, type: .real, span: span)
    case .primitive, .truncated:
      if process.isAffine(total, in: id), let mean = process.mean(of: law) { return with(mean) }
      if case .primitive(let family, let parameters) = law, let range = finiteRange(family, parameters) {
        return try sum(total, over: id, range, family, parameters)
      }
      if case .truncated(let base, let low, let high) = law, case .primitive(let family, let parameters) = base,
        let a = process.pool.constant(low), let b = process.pool.constant(high), family.isDiscrete, b - a < 10_000
      {
        return try sum(total, over: id, Int(a.rounded(.up))...Int(b.rounded(.down)), family, parameters)
      }
      throw refusal(id, process.mean(of: law) == nil ? "the mean of its law is not known" : "the reward is not linear in a draw")
    }
  }

  private func finiteRange(_ family: DistributionFamily, _ parameters: [ExpressionID]) -> ClosedRange<Int>? {
    let known = parameters.compactMap { process.pool.constant($0) }
    guard known.count == parameters.count else { return nil }
    switch family {
    case .binomial where known[0] < 10_000: return 0...Int(known[0])
    case .uniformInteger where known[1] - known[0] < 10_000: return Int(known[0])...Int(known[1])
    case .poisson where known[0] < 1_000: return 0...Int(known[0] + 40 * known[0].squareRoot() + 60)
    case .geometric where known[0] > 0.01: return 0...Int(40 / known[0])
    default: return nil
    }
  }

  /// A discrete law with known parameters, outcome by outcome, weights divided by their sum.
  private mutating func sum(
    _ total: ExpressionID, over id: VariableID, _ range: ClosedRange<Int>, _ family: DistributionFamily,
    _ parameters: [ExpressionID]
  ) throws -> ExpressionID {
    let known = parameters.compactMap { process.pool.constant($0) }
    guard known.count == parameters.count else { throw refusal(id, "the parameters of a law depend on the state") }
    var result = process.pool.constant(0, type: .real)
    var mass = 0.0
    let support = try? SupportExpander(tailMass: 1e-16).expand(family, known, end: Double(range.upperBound))
    guard let support else { throw refusal(id, "a law has parameters outside their domain") }
    for (value, weight) in zip(support.values, support.weights) where value >= Double(range.lowerBound) {
      mass += weight
      let amount = substitute(total) { other, process in other == id ? process.pool.constant(value, type: .integer) : nil }
      let part = process.pool.binary(
        .multiply, process.pool.constant(weight, type: .real), amount, type: .real, span: process.pool[total].span)
      result = process.pool.binary(.add, result, part, type: .real, span: process.pool[total].span)
    }
    return process.pool.binary(
      .divide, result, process.pool.constant(mass, type: .real), type: .real, span: process.pool[total].span)
  }
}
