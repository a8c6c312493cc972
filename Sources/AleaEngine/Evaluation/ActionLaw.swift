import AleaModel
import AleaSyntax

/// The probabilities with which a policy's rules choose, as a function of what they read.
///
///     let law = ActionLaw(of: closed)              // a process in which the actions follow from a policy
///     try law.probabilities(in: environment)       // one number for each joint action
public struct ActionLaw: Sendable {
  /// The process with the actions set by the policy.
  public let process: Process
  public let actions: ActionSpace
  /// The variables the rules read, derived values replaced by what they derive from, in the order of the process.
  public let reads: [VariableID]
  /// Whether the rules mention the time.
  public let readsTime: Bool
  /// A draw of the policy's own with a continuous law: the probabilities of the actions then have no closed form.
  public let continuousDraw: VariableID?
  /// What the policy derives or draws before it acts, operands first.
  private let derived: [VariableID]
  private let evaluator: ScalarEvaluator

  public init(of closed: Process) {
    process = closed
    let chosen = closed.variables(with: .action)
    actions = ActionSpace(variables: chosen, domains: chosen.map { closed[$0].domain })
    var reads = Set<VariableID>()
    var derived: [VariableID] = []
    var readsTime = false
    func visit(_ mechanism: Mechanism) {
      for leaf in closed.pool.leaves(of: mechanism.expressions) {
        switch leaf {
        case .variable(let id):
          if closed[id].role == .derived {
            guard !derived.contains(id) else { continue }
            visit(closed[id].mechanism)
            derived.append(id)
          } else if closed[id].role != .action {
            reads.insert(id)
          }
        case .time: readsTime = true
        default: break
        }
      }
    }
    for id in chosen { visit(closed[id].mechanism) }
    self.reads = reads.sorted { $0.index < $1.index }
    self.readsTime = readsTime
    self.derived = derived
    continuousDraw = derived.first { id in
      if case .draw(let law) = closed[id].mechanism { return law.continuousFamily != nil }
      return false
    }
    evaluator = ScalarEvaluator(closed)
  }

  /// The probability of each joint action, given the values of ``reads``.
  ///
  /// - Throws: `Diagnostic` where a rule has no value, or leaves the domain of its action.
  public func probabilities(in environment: ScalarEnvironment) throws -> [Double] {
    var result = [Double](repeating: 0, count: actions.count)
    try accumulate(derived[...], environment, 1, into: &result)
    return result
  }

  /// Adds the probabilities of the actions over everything the policy still has to derive or draw, depth first.
  private func accumulate(
    _ rest: ArraySlice<VariableID>, _ environment: ScalarEnvironment, _ weight: Double, into result: inout [Double]
  ) throws {
    var environment = environment
    var rest = rest
    while let id = rest.popFirst() {
      switch process[id].mechanism {
      case .value(let expression): environment.current[Int(id.index)] = try evaluator(expression, in: environment)
      case .draw(let distribution):
        guard distribution.continuousFamily == nil else {
          throw Diagnostic.error(
            "the policy acts by the draw `\(process[id].name)`, which is continuous: the probabilities of its actions have no closed form",
            at: process[id].span)
        }
        let support = try support(of: distribution, environment)
        for (value, share) in zip(support.values, support.weights) where share > 0 {
          environment.current[Int(id.index)] = value
          try accumulate(rest, environment, weight * share, into: &result)
        }
        return
      case .chosen, .unspecified: break
      }
    }
    try accumulateActions(0, 0, environment, weight, into: &result)
  }

  /// Adds the probabilities of the joint actions, one action after the other.
  private func accumulateActions(
    _ position: Int, _ base: Int, _ environment: ScalarEnvironment, _ weight: Double, into result: inout [Double]
  ) throws {
    guard position < actions.variables.count else {
      result[base] += weight
      return
    }
    let (id, domain) = (actions.variables[position], actions.domains[position])
    var environment = environment
    for (index, probability) in try law(of: id, domain, environment).enumerated() where probability > 0 {
      environment.current[Int(id.index)] = domain.value(at: index)
      try accumulateActions(
        position + 1, base * (domain.count ?? 1) + index, environment, weight * probability, into: &result)
    }
  }

  private func support(of distribution: Distribution, _ environment: ScalarEnvironment) throws -> Support {
    try SupportExpander(tailMass: 1e-15).expand(
      distribution, read: { try evaluator($0, in: environment) }, span: { process.pool[$0].span })
  }

  /// The number of a joint action whose values are given, in the order of ``ActionSpace/variables``; nil outside the domains.
  public func index(of values: [Double]) -> Int? {
    var index = 0
    for (value, domain) in zip(values, actions.domains) {
      guard let position = domain.position(of: value), let count = domain.count else { return nil }
      index = index * count + position
    }
    return index
  }

  private func law(of id: VariableID, _ domain: Domain, _ environment: ScalarEnvironment) throws -> [Double] {
    var result = [Double](repeating: 0, count: domain.count ?? 0)
    func add(_ value: Double, _ probability: Double) throws {
      guard let position = domain.position(of: value) else {
        throw Diagnostic.error(
          "the policy chooses \(process[id].name) = \(ScalarEvaluator.text(value)), outside its domain", at: process[id].span)
      }
      result[position] += probability
    }
    switch process[id].mechanism {
    case .value(let expression): try add(try evaluator(expression, in: environment), 1)
    case .draw(let distribution):
      let support = try support(of: distribution, environment)
      for (value, weight) in zip(support.values, support.weights) where weight > 0 { try add(value, weight) }
    case .chosen, .unspecified:
      throw Diagnostic.error("the policy does not choose `\(process[id].name)`", at: process[id].span)
    }
    return result
  }
}
