import AleaEngine
import AleaModel
import AleaSyntax

/// What the dependence graph of a model and of the policy that made a log says about evaluating other policies from it.
public struct OffPolicyLicense: Sendable {
  /// One step: states, what is drawn, the actions as the logging policy set them, rewards, next states.
  public let graph: CausalGraph
  let process: Process
  /// How many variables the model has; those after them are the policy's own.
  private let modelCount: Int
  private let law: ActionLaw
  private let outcomes: NodeSet
  private let actions: NodeSet

  /// - Parameter closed: the process in which the logging policy sets the actions.
  public init(_ process: Process, logging closed: Process) throws(DiagnosticError) {
    self.process = closed
    modelCount = process.variables.count
    law = ActionLaw(of: closed)
    let names = Set(closed.variables.map(\.name))
    func name(_ slot: Slot) -> String {
      switch slot {
      case .current(let id): closed[id].name
      case .next(let id): closed[id].name + "'"
      }
    }
    var nodes = closed.variables.map { CausalGraph.Node($0.name, isLatent: $0.role == .latent || $0.name.hasSuffix("#")) }
    var ends: [String] = []
    // What a policy remembers is no outcome.
    for (index, variable) in closed.variables.enumerated() where variable.next != nil && index < process.variables.count {
      ends.append(name(.next(VariableID(index))))
    }
    var edges: [CausalGraph.Edge] = []
    for (slot, parents) in DependenceGraph(of: closed).parents {
      if case .next(let id) = slot, Int(id.index) >= process.variables.count { continue }
      edges += parents.map { name($0) --> name(slot) }
    }
    for channel in closed.channels {
      let node = names.contains(channel.name) ? "\(channel.name) earned" : channel.name
      ends.append(node)
      edges += DependenceGraph.slots(mentionedBy: [channel.amount], in: closed.pool).map { name($0) --> node }
    }
    nodes += ends.map { .observed($0) }
    // What the action brings about is what is asked for: its own effects are cut to see what else joins it to them.
    let chosen = Set(closed.variables(with: .action).map { closed[$0].name })
    edges.removeAll { chosen.contains($0.from) && !chosen.contains($0.to) }
    graph = try CausalGraph(nodes: nodes, edges: edges)
    outcomes = try graph.set(of: ends)
    actions = try graph.set(of: chosen)
  }

  /// What a log holds before the action: states, contexts, observed variables.
  private func recorded(without excluded: VariableID? = nil) throws(DiagnosticError) -> NodeSet {
    let known = process.variables(with: .state) + process.observedBeforeAction
    return try graph.set(of: known.filter { $0 != excluded }.map { process[$0].name })
  }

  /// An open back door from the action to rewards and next states, given everything recorded before it; nil when there is none.
  public func backDoor() throws(DiagnosticError) -> OpenPath? {
    graph.openPath(from: actions, to: outcomes, given: try recorded())
  }

  /// The recorded variables that move the action and reach rewards and next states no other way; with the open path of each that does.
  public func instruments() throws(DiagnosticError) -> (valid: [VariableID], broken: [(VariableID, OpenPath)]) {
    var valid: [VariableID] = []
    var broken: [(VariableID, OpenPath)] = []
    for id in process.observedBeforeAction where law.reads.contains(id) {
      let node = NodeSet(node: try graph.index(of: process[id].name))
      if let path = graph.openPath(from: node, to: outcomes, given: try recorded(without: id)) {
        broken.append((id, path))
      } else {
        valid.append(id)
      }
    }
    return (valid, broken)
  }

  /// Two values of the instrument and of a latent variable between which the instrument's effect on an action's probability differs.
  public struct Interaction: Hashable, Sendable {
    public var latent: VariableID
    /// The instrument's effect on the probability at either value of the latent variable.
    public var effects: [Double]
    public var values: [Double]
  }

  /// Compares the instrument's effect on every action's probability at different values of what is latent, from the mechanisms.
  ///
  /// Points are those that a short simulation meets, and all values of finite latent variables.
  /// - Throws: `Diagnostic` where a mechanism has no value.
  public func interaction(of instrument: VariableID, tolerance: Double = 1e-9) throws -> Interaction? {
    let latents = law.reads.filter { process[$0].role == .latent }
    guard let levels = process[instrument].domain.count, !latents.isEmpty else { return nil }
    guard let rows = try Simulator.simulate(process, episodes: 20, horizon: 10, seed: 0, keepsLog: true).log else { return nil }
    func environment(_ row: Int) -> ScalarEnvironment {
      var result = ScalarEnvironment(variableCount: process.variables.count, time: Double(rows.time[row]))
      for id in law.reads { result.current[Int(id.index)] = rows.columns[.current(id)]?[row] ?? .nan }
      return result
    }
    let sampled = Array(rows.episode.indices.prefix(40))
    for latent in latents {
      let domain = process[latent].domain
      let values =
        domain.count.map { count in (0..<min(count, 40)).map { domain.value(at: $0) } }
        ?? sampled.prefix(12).compactMap { rows.columns[.current(latent)]?[$0] }
      for row in sampled {
        var point = environment(row)
        var reference: [[Double]] = []
        for value in values {
          point.current[Int(latent.index)] = value
          point.current[Int(instrument.index)] = process[instrument].domain.value(at: 0)
          let base = try law.probabilities(in: point)
          let effects = try (1..<max(levels, 1)).map { level in
            point.current[Int(instrument.index)] = process[instrument].domain.value(at: level)
            return zip(try law.probabilities(in: point), base).map { $0 - $1 }
          }
          if reference.isEmpty { reference = effects }
          for (now, before) in zip(effects, reference) {
            if let action = now.indices.last(where: { abs(now[$0] - before[$0]) > tolerance }) {
              return Interaction(latent: latent, effects: [before[action], now[action]], values: [values[0], value])
            }
          }
        }
      }
    }
    return nil
  }
}

extension OffPolicyLicense {
  /// What keeps the action's mean effect on rewards and next states from being the same whatever is latent, in words; nil where
  /// nothing does, at the points that a short simulation meets.
  ///
  /// - Throws: `Diagnostic` where the means have no closed form or no value.
  public func outcomeInteraction() throws -> String? {
    let chosen = process.variables(with: .action)
    guard chosen.count == 1 else { return "there are several actions" }
    let latents = process.variables(with: .latent)
    let means: MeanOutcomes
    do {
      means = try MeanOutcomes(
        of: process, action: chosen[0], states: process.variables(with: .state).filter { Int($0.index) < modelCount },
        latents: latents)
    } catch let fault as Diagnostic {
      return fault.message
    }
    guard let rows = try Simulator.simulate(process, episodes: 4, horizon: 5, seed: 0, keepsLog: true).log else { return nil }
    let points = rows.episode.indices.map { row in
      var point = ScalarEnvironment(variableCount: process.variables.count, time: Double(rows.time[row]))
      for (slot, column) in rows.columns { point[slot] = column[row] }
      return point
    }
    return try means.interaction(at: points).map { "what the action does to \($0) depends on what is latent" }
  }
}

extension OffPolicyQuestion {
  /// Refuses where something that the log does not hold moves both the actions and what follows.
  ///
  /// - Returns: the assumption the estimate rests on, in words.
  public func requireUnconfounded() throws -> [String] {
    switch log.logging {
    case .table: return []
    case .unknown: return ["whoever made the log read nothing about rewards and next states that the log does not hold"]
    case .policy(let closed):
      if let path = try OffPolicyLicense(process, logging: closed).backDoor() {
        throw OffPolicyFault(
          "the log does not license this: `\(log.policy)` acted on what it does not hold. \(path)",
          remedy: "record that variable, or use `InstrumentalEvaluation()` where a recorded variable moves the action alone")
      }
      return []
    }
  }
}
