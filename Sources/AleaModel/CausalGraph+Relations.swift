/// Kinship, and graphs made from graphs. Sets include their own members: a node is its own ancestor and descendant.
extension CausalGraph {
  /// The nodes with a directed path into the set, itself included.
  ///
  /// With `within`, paths (and the answer) stay inside that set: the ancestors in the induced subgraph.
  public func ancestors(of set: NodeSet, within scope: NodeSet? = nil) -> NodeSet {
    closure(of: set, along: parents, within: scope)
  }

  /// The nodes that a directed path from the set reaches, itself included.
  public func descendants(of set: NodeSet, within scope: NodeSet? = nil) -> NodeSet {
    closure(of: set, along: children, within: scope)
  }

  private func closure(of set: NodeSet, along rows: [NodeSet], within scope: NodeSet?) -> NodeSet {
    var reached = scope.map { set.intersection($0) } ?? set
    var frontier = reached
    while let node = frontier.first {
      frontier.remove(node)
      var fresh = rows[node].subtracting(reached)
      if let scope { fresh.formIntersection(scope) }
      reached.formUnion(fresh)
      frontier.formUnion(fresh)
    }
    return reached
  }

  /// The union of the parents of a set's members; it may hold members of the set.
  public func parents(of set: NodeSet) -> NodeSet { set.reduce(into: NodeSet()) { $0.formUnion(parents[$1]) } }

  /// The union of the children of a set's members.
  public func children(of set: NodeSet) -> NodeSet { set.reduce(into: NodeSet()) { $0.formUnion(children[$1]) } }

  /// The c-component of a node: what bidirected edges connect it with.
  public func district(of node: Int, within scope: NodeSet? = nil) -> NodeSet {
    closure(of: NodeSet(node: node), along: siblings, within: scope)
  }

  /// The c-components (districts) of the graph, or of the subgraph induced on `within`, in the order of their first nodes.
  ///
  /// They are those of the bidirected edges alone; project latent variables out first (``latentProjection()``).
  public func districts(within scope: NodeSet? = nil) -> [NodeSet] {
    var rest = scope ?? NodeSet(upTo: nodes.count)
    var result: [NodeSet] = []
    while let node = rest.first {
      let component = district(of: node, within: scope)
      result.append(component)
      rest.subtract(component)
    }
    return result
  }

  /// The smallest set of other nodes given which a node is separated from all the rest, in a graph without latent variables:
  /// for a directed graph its parents, children and their other parents; with bidirected edges the districts join in.
  public func markovBlanket(of node: Int) -> NodeSet {
    // Through colliders: the node itself and its children are met by arrows; each arrow's district and its parents follow.
    var blanket = NodeSet()
    for entry in children[node].union(NodeSet(node: node)) {
      let component = district(of: entry)
      blanket.formUnion(component)
      blanket.formUnion(parents(of: component))
    }
    blanket.remove(node)
    return blanket
  }

  /// The graph without the edges into a set (G with a bar over X): what an intervention on the set leaves.
  public func removingEdges(into set: NodeSet) -> CausalGraph {
    var result = self
    for node in set {
      for parent in parents[node] { result.children[parent].remove(node) }
      result.parents[node] = []
      for sibling in siblings[node] { result.siblings[sibling].remove(node) }
      result.siblings[node] = []
    }
    return result.reordered()
  }

  /// The graph without the directed edges out of a set (G with X underlined).
  public func removingEdges(outOf set: NodeSet) -> CausalGraph {
    var result = self
    for node in set {
      for child in children[node] { result.parents[child].remove(node) }
      result.children[node] = []
    }
    return result.reordered()
  }

  /// The graph without the directed edges that lead from one set into another.
  public func removingEdges(from sources: NodeSet, to targets: NodeSet) -> CausalGraph {
    var result = self
    for node in sources {
      for child in children[node].intersection(targets) { result.parents[child].remove(node) }
      result.children[node].subtract(targets)
    }
    return result.reordered()
  }

  /// The subgraph on some nodes, which keep their names and order but are numbered anew.
  public func induced(on set: NodeSet) -> CausalGraph {
    let kept = Array(set)
    let renumbered = Dictionary(kept.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    func rows(_ old: [NodeSet]) -> [NodeSet] { kept.map { NodeSet(old[$0].intersection(set).compactMap { renumbered[$0] }) } }
    return CausalGraph(nodes: kept.map { nodes[$0] }, parents: rows(parents), children: rows(children), siblings: rows(siblings))
  }

  /// The graph on the observed variables that has the same separations and the same identifiable effects among them: an acyclic
  /// directed mixed graph.
  ///
  /// `a -> b` when a directed path leads from a to b through latent variables only; `a <-> b` when a path into both does. The nodes
  /// are numbered anew, in their old order (Verma 1993; Tian and Pearl 2002).
  public func latentProjection() -> CausalGraph {
    let hidden = latent
    if hidden.isEmpty { return self }
    let seen = observed
    // What each node reaches by a directed path whose inner nodes are latent.
    var reach = children
    for node in topologicalOrder.reversed() {
      for child in children[node].intersection(hidden) { reach[node].formUnion(reach[child]) }
    }
    for node in nodes.indices { reach[node].formIntersection(seen) }
    func ends(_ node: Int) -> NodeSet { seen.contains(node) ? NodeSet(node: node) : reach[node] }

    var newParents = [NodeSet](repeating: [], count: nodes.count)
    var newChildren = newParents
    var newSiblings = newParents
    for node in seen {
      newChildren[node] = reach[node]
      for child in reach[node] { newParents[child].insert(node) }
    }
    func join(_ a: NodeSet, _ b: NodeSet) {
      for node in a { newSiblings[node].formUnion(b.subtracting(NodeSet(node: node))) }
      for node in b { newSiblings[node].formUnion(a.subtracting(NodeSet(node: node))) }
    }
    for node in hidden { join(reach[node], reach[node]) }
    for node in nodes.indices {
      for sibling in siblings[node] where sibling > node { join(ends(node), ends(sibling)) }
    }
    return CausalGraph(nodes: nodes, parents: newParents, children: newChildren, siblings: newSiblings).induced(on: seen)
  }

  /// The graph with every bidirected edge replaced by a latent common cause of its own; the old nodes keep their numbers.
  public func canonicalDirectedGraph() -> CausalGraph {
    var nodes = nodes
    var parents = parents
    var children = children
    var taken = Set(nodes.map(\.name))
    for node in self.nodes.indices {
      for sibling in siblings[node] where sibling > node {
        var name = "\(nodes[node].name)<->\(nodes[sibling].name)"
        while !taken.insert(name).inserted { name += "'" }
        parents[node].insert(nodes.count)
        parents[sibling].insert(nodes.count)
        parents.append([])
        children.append([node, sibling])
        nodes.append(.latent(name))
      }
    }
    return CausalGraph(
      nodes: nodes, parents: parents, children: children, siblings: [NodeSet](repeating: [], count: nodes.count))
  }

  /// Removing edges can let a node come earlier; the stored order is the one a new graph would have.
  private func reordered() -> CausalGraph {
    CausalGraph(nodes: nodes, parents: parents, children: children, siblings: siblings)
  }
}
