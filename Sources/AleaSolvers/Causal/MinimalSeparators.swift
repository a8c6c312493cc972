import AleaModel

/// The sets that separate two others, drawn from allowed nodes: an undirected problem on the moral graph of their ancestors.
///
/// Nodes that are not allowed are contracted (their neighbours become neighbours of each other), so that the minimal separators left
/// are exactly the minimal m-separating sets of allowed nodes (van der Zander, Liskiewicz and Textor 2014).
struct SeparatorProblem {
  /// Neighbours of every allowed node and of the two ends, `source` and `sink`.
  private let neighbours: [NodeSet]
  private let source: Int
  private let sink: Int

  /// - Parameter given: nodes that are part of every separator, and not of the sets found: what they block is gone, and the colliders
  ///   they open are open.
  init(graph: CausalGraph, from first: NodeSet, to second: NodeSet, allowed: NodeSet, given: NodeSet = []) {
    let directed = graph.canonicalDirectedGraph()
    let scope = directed.ancestors(of: first.union(second).union(given))
    let source = directed.nodes.count
    let sink = source + 1
    let inner = scope.subtracting(first).subtracting(second).subtracting(given)
    var rows = [NodeSet](repeating: [], count: sink + 1)
    func end(_ node: Int) -> Int { first.contains(node) ? source : second.contains(node) ? sink : node }
    func join(_ a: Int, _ b: Int) {
      if a == b { return }
      rows[a].insert(b)
      rows[b].insert(a)
    }
    for node in scope {
      let family = directed.parents[node].union(NodeSet(node: node)).subtracting(given).map(end)
      for (position, a) in family.enumerated() {
        for b in family[(position + 1)...] { join(a, b) }
      }
    }
    for node in inner.subtracting(allowed) {
      let around = rows[node]
      for neighbour in around {
        rows[neighbour].formUnion(around)
        rows[neighbour].remove(neighbour)
        rows[neighbour].remove(node)
      }
      rows[node] = []
    }
    neighbours = rows
    self.source = source
    self.sink = sink
  }

  var isSeparable: Bool { !neighbours[source].contains(sink) }

  private func component(of start: NodeSet, avoiding blocked: NodeSet) -> NodeSet {
    var reached = start.subtracting(blocked)
    var frontier = reached
    while let node = frontier.first {
      frontier.remove(node)
      let fresh = neighbours[node].subtracting(reached).subtracting(blocked)
      reached.formUnion(fresh)
      frontier.formUnion(fresh)
    }
    return reached
  }

  private func boundary(of set: NodeSet) -> NodeSet {
    set.reduce(into: NodeSet()) { $0.formUnion(neighbours[$1]) }.subtracting(set)
  }

  /// The minimal separator nearest to a connected set that holds the source and does not touch the sink.
  private func separator(nearestTo set: NodeSet) -> NodeSet {
    boundary(of: component(of: NodeSet(node: sink), avoiding: boundary(of: set)))
  }

  /// The minimal separator nearest to the sink's side: it leaves the source connected with as much as any separator does.
  func nearestToSink() -> NodeSet? {
    guard isSeparable else { return nil }
    return boundary(of: component(of: NodeSet(node: source), avoiding: neighbours[sink]))
  }

  /// All minimal separators, up to a limit, in order of discovery.
  ///
  /// From each separator S with the source's side C, and each x in S, the one nearest to C with x added follows; every minimal
  /// separator is reached so (Shen and Liang 1997; Berry, Bordat and Cogis 2000).
  ///
  /// - Complexity: O(nodes^2 * edges / 64) for each separator found.
  func all(limit: Int) -> (sets: [NodeSet], isComplete: Bool) {
    guard isSeparable else { return ([], true) }
    let first = separator(nearestTo: NodeSet(node: source))
    var seen: Set<NodeSet> = [first]
    var found = [first]
    var head = 0
    while head < found.count {
      let current = found[head]
      head += 1
      let side = component(of: NodeSet(node: source), avoiding: current)
      for node in current where !neighbours[node].contains(sink) {
        let next = separator(nearestTo: side.union(NodeSet(node: node)))
        if seen.insert(next).inserted {
          if found.count >= limit { return (found, false) }
          found.append(next)
        }
      }
    }
    return (found, true)
  }

  /// A separator with the fewest nodes: a maximal set of disjoint paths by augmentation (Menger), and the cut it leaves.
  ///
  /// - Complexity: O(size * edges).
  func minimum() -> NodeSet? {
    guard isSeparable else { return nil }
    // Each allowed node is split in an entrance and an exit with one unit between; edges carry any amount.
    // flowOut[u] holds the nodes whose entrance a unit from u's exit reaches, flowIn the reverse.
    var flowOut = [NodeSet](repeating: [], count: neighbours.count)
    var flowIn = flowOut
    struct Half: Hashable {
      var node: Int
      var isExit: Bool
    }
    while true {
      var cameFrom: [Half: Half] = [:]
      let start = Half(node: source, isExit: true)
      var seen: Set<Half> = [start]
      var queue = [start]
      var head = 0
      var reached: Half?
      while head < queue.count, reached == nil {
        let half = queue[head]
        head += 1
        var next: [Half] = []
        if half.isExit {
          next = neighbours[half.node].filter { $0 != source }.map { Half(node: $0, isExit: false) }
          // Back through the node against the unit it carries.
          if half.node != source, !flowOut[half.node].isEmpty { next.append(Half(node: half.node, isExit: false)) }
        } else if half.node == sink {
          reached = half
        } else {
          if flowIn[half.node].isEmpty { next.append(Half(node: half.node, isExit: true)) }
          next += flowIn[half.node].filter { $0 != source }.map { Half(node: $0, isExit: true) }
        }
        for step in next where seen.insert(step).inserted {
          cameFrom[step] = half
          queue.append(step)
        }
      }
      guard var half = reached else {
        let entered = NodeSet(seen.filter { !$0.isExit }.map(\.node))
        let left = NodeSet(seen.filter(\.isExit).map(\.node))
        return entered.subtracting(left)
      }
      while let previous = cameFrom[half] {
        if previous.node != half.node {
          if previous.isExit {
            flowOut[previous.node].insert(half.node)
            flowIn[half.node].insert(previous.node)
          } else {
            flowOut[half.node].remove(previous.node)
            flowIn[previous.node].remove(half.node)
          }
        }
        half = previous
      }
    }
  }
}
