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
          if closed[id].role == .derived, case .value = closed[id].mechanism {
            guard !derived.contains(id) else { continue }
            visit(closed[id].mechanism)
            derived.append(id)
          } else {
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
    evaluator = ScalarEvaluator(closed)
  }

  /// The probability of each joint action, given the values of ``reads``.
  ///
  /// - Throws: `Diagnostic` where a rule has no value, or leaves the domain of its action.
  public func probabilities(in environment: ScalarEnvironment) throws -> [Double] {
    var environment = environment
    for id in derived {
      if case .value(let expression) = process[id].mechanism {
        environment.current[Int(id.index)] = try evaluator(expression, in: environment)
      }
    }
    var joint = [1.0]
    for (id, domain) in zip(actions.variables, actions.domains) {
      let single = try law(of: id, domain, environment)
      joint = joint.flatMap { probability in single.map { probability * $0 } }
    }
    return joint
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
      let support = try SupportExpander(tailMass: 1e-15).expand(
        distribution, read: { try evaluator($0, in: environment) }, span: { process.pool[$0].span })
      for (value, weight) in zip(support.values, support.weights) where weight > 0 { try add(value, weight) }
    case .chosen, .unspecified:
      throw Diagnostic.error("the policy does not choose `\(process[id].name)`", at: process[id].span)
    }
    return result
  }
}
