import AleaEngine
import AleaModel
import AleaSyntax

extension ArmLaw {
  /// The reward law of each action of a bandit whose arms stay the same, in the order of the action's domain.
  ///
  /// - Throws: a `Diagnostic` where there is no single finite action, where rewards depend on a state, a context or the round, or where
  ///   the law of a reward is of no known family.
  public static func arms(of process: Process) throws -> [ArmLaw] {
    let actions = process.variables(with: .action)
    guard actions.count == 1, let count = process[actions[0]].domain.count else {
      throw Diagnostic.error("this needs a single finite action", at: process.span)
    }
    guard process.channels.count == 1 else {
      throw Diagnostic.error("this needs one reward", at: process.span, label: "the model has \(process.channels.count)")
    }
    var laws = try (0..<count).map { position in
      try law(of: process, action: actions[0], code: process[actions[0]].domain.value(at: position))
    }
    // One class for all finite laws: everything up to the largest value.
    let bound = laws.compactMap { law -> Double? in
      if case .finite(let values, _, _) = law { return values.max() }
      return nil
    }.max()
    if let bound {
      for (index, law) in laws.enumerated() {
        if case .finite(let values, let probabilities, _) = law {
          laws[index] = .finite(values: values, probabilities: probabilities, bound: bound)
        }
      }
    }
    return laws
  }

  private static func law(of process: Process, action: VariableID, code: Double) throws -> ArmLaw {
    var pool = process.pool
    let channel = process.channels[0]
    let chosen = pool.constant(code, type: process[action].domain.type)
    func fixed(_ expression: ExpressionID) -> ExpressionID {
      pool.rewriting([expression]) { $0 == .variable(action) ? chosen : nil }[0]
    }
    func refusal(_ reason: String, _ span: SourceSpan?) -> Diagnostic {
      .error("the arms of `\(process.name)` have no fixed reward laws", at: span ?? channel.span, label: reason)
    }
    // Derived values are written out until only draws remain.
    var amount = fixed(channel.amount)
    for _ in 0...process.variables.count {
      var images: [ExpressionKind: ExpressionID] = [:]
      for leaf in pool.leaves(of: [amount]) {
        guard case .variable(let id) = leaf, case .value(let value) = process[id].mechanism, process[id].role != .state else {
          continue
        }
        images[leaf] = fixed(value)
      }
      if images.isEmpty { break }
      amount = pool.rewriting([amount]) { images[$0] }[0]
    }
    if let value = pool.constant(amount) { return .finite(values: [value], probabilities: [1], bound: value) }
    let leaves = pool.leaves(of: [amount])
    guard leaves.count == 1, case .variable(let id)? = leaves.first, case .draw(let drawn) = process[id].mechanism else {
      throw refusal(
        leaves.contains(.time)
          ? "the reward depends on the round" : "the reward depends on more than one draw, or on a state or context",
        pool[amount].span)
    }
    var law = drawn.mapExpressions(fixed)
    while case .select(let condition, let first, let second) = law {
      guard let holds = pool.constant(condition) else { throw refusal("its law depends on a state or context", process[id].span) }
      law = holds != 0 ? first : second
    }
    let parameters = law.expressions.map { pool.constant($0) }
    guard parameters.allSatisfy({ $0 != nil }) else {
      throw refusal("its law depends on a state, a context or the round", process[id].span)
    }
    func reward(_ value: Double) throws -> Double {
      let constant = pool.constant(value, type: .real)
      let result = pool.rewriting([amount]) { $0 == .variable(id) ? constant : nil }[0]
      guard let number = pool.constant(result) else { throw refusal("the reward has no value at \(value)", process[id].span) }
      return number
    }
    let isPlain = pool[amount].kind == .variable(id)
    switch law {
    case .primitive(let family, _):
      let known = parameters.compactMap { $0 }
      switch family {
      case .bernoulli where isPlain: return .bernoulli(known[0])
      case .poisson where isPlain: return .poisson(rate: known[0])
      case .exponential where isPlain: return .exponential(mean: 1 / known[0])
      case .normal where isPlain: return .gaussian(mean: known[0], sd: known[1])
      case .normal:
        // Affine in the draw: three points tell.
        let (zero, one, two) = (try reward(0), try reward(1), try reward(2))
        guard abs(two - 2 * one + zero) <= 1e-12 * max(1, abs(two)) else {
          throw refusal("the reward is no linear function of a normal draw", pool[amount].span)
        }
        return .gaussian(mean: zero + (one - zero) * known[0], sd: abs(one - zero) * known[1])
      case .bernoulli:
        return .finite(values: [try reward(0), try reward(1)], probabilities: [1 - known[0], known[0]], bound: 0)
      default: throw refusal("no lower bound is known for its family", process[id].span)
      }
    case .finite(let outcomes, _):
      var values: [Double] = []
      var weights: [Double] = []
      for outcome in outcomes {
        values.append(try reward(pool.constant(outcome.value) ?? .nan))
        weights.append(pool.constant(outcome.weight) ?? 0)
      }
      let total = weights.reduce(0, +)
      return .finite(values: values, probabilities: weights.map { $0 / total }, bound: 0)
    default: throw refusal("no lower bound is known for its family", process[id].span)
    }
  }
}
