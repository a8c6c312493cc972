import AleaModel

/// The probability of every joint action as an expression over what a policy knows and remembers: what the batch machine records
/// beside the action that was taken.
///
/// The policy's own finite draws are summed over, so that `if explores then anything else best` has the probability of its outcome
/// rather than 0 or 1. The sum over the draws d of the policy is P(a | history) = sum_d P(d) prod_i P(a_i | d).
public struct ActionProbabilities: Sendable {
  /// The process with the probabilities among its derived variables, computed where the actions are.
  public private(set) var process: Process
  /// The variable that holds the probability of each joint action.
  public private(set) var variables: [VariableID] = []

  /// How many sums over draws are written out before the probabilities count as having no closed form.
  private static let limit = 4_096

  /// - Parameter closed: a process in which the actions follow from a policy.
  /// - Returns: nil where a continuous draw decides, or the draws have too many outcomes to write out.
  public init?(of closed: Process) {
    process = closed
    let chosen = closed.variables(with: .action)
    let space = ActionSpace(variables: chosen, domains: chosen.map { closed[$0].domain })
    guard let first = chosen.first, space.count > 0, space.count <= Self.limit else { return nil }
    let own = Self.dependingOnDraws(closed)
    var budget = Self.limit
    for action in 0..<space.count {
      let taken = Dictionary(uniqueKeysWithValues: zip(chosen, space.values(of: action)))
      guard var probability = joint(taken, chosen) else { return nil }
      for id in own.reversed() where process.pool.leaves(of: [probability]).contains(.variable(id)) {
        guard let summed = eliminated(id, from: probability, taken, &budget) else { return nil }
        probability = summed
      }
      let id = VariableID(process.variables.count)
      process.variables.append(
        Variable(
          name: "probability of action \(action)#", declaration: closed[first].declaration, role: .derived, domain: .reals,
          mechanism: .value(probability), span: closed[first].span))
      variables.append(id)
    }
    process.stepOrder += variables.map { .current($0) }
  }

  /// The draws of a policy before it acts and what is derived from them, operands first.
  private static func dependingOnDraws(_ process: Process) -> [VariableID] {
    var result: [VariableID] = []
    var depends: [VariableID: Bool] = [:]
    func visit(_ id: VariableID) -> Bool {
      if let known = depends[id] { return known }
      depends[id] = false
      guard process[id].role == .derived else { return false }
      let parents = DependenceGraph.slots(mentionedBy: process[id].mechanism.expressions, in: process.pool)
      var random = false
      for case .current(let parent) in parents where visit(parent) { random = true }
      if case .draw = process[id].mechanism { random = true }
      depends[id] = random
      if random { result.append(id) }
      return random
    }
    for id in process.variables(with: .action) {
      let parents = DependenceGraph.slots(mentionedBy: process[id].mechanism.expressions, in: process.pool)
      for case .current(let parent) in parents.sorted(by: Self.comesFirst) { _ = visit(parent) }
    }
    return result
  }

  private static func comesFirst(_ a: Slot, _ b: Slot) -> Bool {
    func index(_ slot: Slot) -> Int {
      switch slot {
      case .current(let id), .next(let id): Int(id.index)
      }
    }
    return index(a) < index(b)
  }

  /// prod_i P(a_i = taken_i), given the draws.
  private mutating func joint(_ taken: [VariableID: Double], _ chosen: [VariableID]) -> ExpressionID? {
    var product = process.pool.constant(1, type: .real)
    for id in chosen {
      guard let value = taken[id] else { return nil }
      let wanted = process.pool.constant(value, type: process[id].domain.type)
      let factor: ExpressionID?
      switch process[id].mechanism {
      case .value(let expression): factor = indicator(expression, wanted)
      case .draw(let law): factor = probability(of: wanted, under: law)
      case .chosen, .unspecified: factor = nil
      }
      guard let factor else { return nil }
      product = multiply(product, factor)
    }
    return replacing(product, taken)
  }

  /// Sums a draw out of an expression, or writes a derived value out in it.
  private mutating func eliminated(
    _ id: VariableID, from expression: ExpressionID, _ taken: [VariableID: Double], _ budget: inout Int
  ) -> ExpressionID? {
    func with(_ value: ExpressionID, _ process: inout Process) -> ExpressionID {
      process.pool.rewriting([expression]) { $0 == .variable(id) ? value : nil }[0]
    }
    switch process[id].mechanism {
    case .value(let value): return replacing(with(value, &process), taken)
    case .draw(let law):
      guard let outcomes = outcomes(of: law), outcomes.count <= budget else { return nil }
      budget -= outcomes.count
      var sum = process.pool.constant(0, type: .real)
      for (value, weight) in outcomes { sum = add(sum, multiply(weight, with(value, &process))) }
      return replacing(sum, taken)
    case .chosen, .unspecified: return nil
    }
  }

  private mutating func replacing(_ expression: ExpressionID, _ taken: [VariableID: Double]) -> ExpressionID {
    var codes: [VariableID: ExpressionID] = [:]
    for (id, value) in taken { codes[id] = process.pool.constant(value, type: process[id].domain.type) }
    return process.pool.rewriting([expression]) { leaf in
      if case .variable(let id) = leaf { return codes[id] }
      return nil
    }[0]
  }

  // MARK: Laws

  /// The probability that a draw takes a value; nil where the law has a density.
  private mutating func probability(of wanted: ExpressionID, under law: Distribution) -> ExpressionID? {
    switch law {
    case .select(let condition, let a, let b):
      guard let first = probability(of: wanted, under: a), let second = probability(of: wanted, under: b) else { return nil }
      return process.pool.select(condition, first, second, type: .real, span: nil)
    default:
      guard let outcomes = outcomes(of: law) else { return nil }
      var sum = process.pool.constant(0, type: .real)
      for (value, weight) in outcomes { sum = add(sum, multiply(weight, indicator(value, wanted))) }
      return sum
    }
  }

  /// The values of a law with their probabilities; nil where they are not finitely many that are known beforehand.
  private mutating func outcomes(of law: Distribution) -> [(value: ExpressionID, weight: ExpressionID)]? {
    switch law {
    case .finite(let outcomes, let isNormalized):
      guard !isNormalized else { return outcomes.map { ($0.value, $0.weight) } }
      var total = process.pool.constant(0, type: .real)
      for outcome in outcomes { total = add(total, outcome.weight) }
      return outcomes.map {
        ($0.value, process.pool.binary(.divide, $0.weight, total, type: .real, span: nil))
      }
    case .primitive(.bernoulli, let parameters):
      let fails = process.pool.binary(
        .subtract, process.pool.constant(1, type: .real), parameters[0], type: .real, span: nil)
      return [(process.pool.constant(0, type: .integer), fails), (process.pool.constant(1, type: .integer), parameters[0])]
    case .primitive(let family, let parameters):
      let known = parameters.compactMap { process.pool.constant($0) }
      guard family.isDiscrete, known.count == parameters.count,
        let support = try? SupportExpander(tailMass: 1e-15).expand(family, known), support.values.count <= Self.limit
      else { return nil }
      return zip(support.values, support.weights).map {
        (process.pool.constant($0, type: .integer), process.pool.constant($1, type: .real))
      }
    case .select(let condition, let a, let b):
      guard let first = outcomes(of: a), let second = outcomes(of: b) else { return nil }
      let zero = process.pool.constant(0, type: .real)
      return first.map { ($0.value, process.pool.select(condition, $0.weight, zero, type: .real, span: nil)) }
        + second.map { ($0.value, process.pool.select(condition, zero, $0.weight, type: .real, span: nil)) }
    case .mixture(let components):
      var total = process.pool.constant(0, type: .real)
      for component in components { total = add(total, component.weight) }
      var result: [(value: ExpressionID, weight: ExpressionID)] = []
      for component in components {
        guard let inner = outcomes(of: component.distribution) else { return nil }
        let share = process.pool.binary(.divide, component.weight, total, type: .real, span: nil)
        for (value, weight) in inner { result.append((value, multiply(share, weight))) }
      }
      return result
    case .truncated: return nil
    }
  }

  // MARK: Arithmetic

  private mutating func indicator(_ value: ExpressionID, _ wanted: ExpressionID) -> ExpressionID {
    let one = process.pool.constant(1, type: .real)
    let zero = process.pool.constant(0, type: .real)
    let holds = process.pool.binary(.equal, value, wanted, type: .boolean, span: nil)
    return process.pool.select(holds, one, zero, type: .real, span: nil)
  }

  private mutating func add(_ a: ExpressionID, _ b: ExpressionID) -> ExpressionID {
    if process.pool.constant(a) == 0 { return b }
    if process.pool.constant(b) == 0 { return a }
    return process.pool.binary(.add, a, b, type: .real, span: nil)
  }

  private mutating func multiply(_ a: ExpressionID, _ b: ExpressionID) -> ExpressionID {
    if process.pool.constant(a) == 1 { return b }
    if process.pool.constant(b) == 1 { return a }
    if process.pool.constant(a) == 0 || process.pool.constant(b) == 0 { return process.pool.constant(0, type: .real) }
    return process.pool.binary(.multiply, a, b, type: .real, span: nil)
  }
}
