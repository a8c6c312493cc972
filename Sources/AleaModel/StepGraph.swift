import AleaSyntax

extension CausalGraph {
  /// The causal graph of one step of a decision process: what is known before the action, the action, and what follows.
  ///
  /// Nodes are the declarations, `name'` for the next value of a state, and the channels of reward and cost. Arrows follow from the
  /// mechanisms. An action that no policy sets may follow from everything a policy may read: the states and what is observed before it.
  /// The states of a step share a history, so any two of them are joined by `<->`.
  ///
  /// - Throws: where declarations of families depend on each other member by member, so that their arrows form a cycle.
  public init(stepOf process: Process) throws(DiagnosticError) {
    let dependences = DependenceGraph(of: process)
    func declaration(_ id: VariableID) -> String { process.declarations[process[id].declaration].name }
    func name(_ slot: Slot) -> String {
      switch slot {
      case .current(let id): declaration(id)
      case .next(let id): declaration(id) + "'"
      }
    }
    let states = process.declarations.filter { $0.role == .state }
    var nodes = process.declarations.map { Node($0.name, isLatent: $0.role == .latent, span: $0.span) }
    nodes += states.map { Node($0.name + "'", span: $0.span) }
    var pairs: [String: Set<String>] = [:]
    for (slot, parents) in dependences.parents {
      for parent in parents where name(parent) != name(slot) { pairs[name(slot), default: []].insert(name(parent)) }
    }
    let known = states.map(\.name) + process.observedBeforeAction.map(declaration)
    for action in process.variables(with: .action) where process[action].mechanism == .chosen {
      pairs[declaration(action), default: []].formUnion(known)
    }
    let declared = Set(process.declarations.map(\.name))
    for channel in process.channels {
      let mentioned = Set(DependenceGraph.slots(mentionedBy: [channel.amount], in: process.pool).map(name))
      if mentioned == [channel.name] { continue }
      let node = declared.contains(channel.name) ? "\(channel.name) earned" : channel.name
      nodes.append(Node(node, span: channel.span))
      pairs[node] = mentioned
    }
    var edges: [Edge] = []
    for node in nodes {
      for parent in (pairs[node.name] ?? []).sorted() { edges.append(Edge(parent, .directed, node.name, span: node.span)) }
    }
    for (index, state) in states.enumerated() {
      for other in states[(index + 1)...] { edges.append(Edge(state.name, .bidirected, other.name, span: other.span)) }
    }
    try self.init(nodes: nodes, edges: edges)
  }
}
