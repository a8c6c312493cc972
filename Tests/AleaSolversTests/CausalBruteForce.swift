import AleaModel
import AleaSolvers

/// The definitions, gone through by enumeration.
enum CausalBruteForce {
  /// A random graph in random node order, with directed and bidirected edges and some latent nodes.
  static func randomGraph(_ count: Int, _ random: inout SplitMix) throws -> CausalGraph {
    var nodes: [CausalGraph.Node] = []
    for index in 0..<count { nodes.append(.init("n\(index)", isLatent: Int.random(in: 0..<4, using: &random) == 0)) }
    let density = Double.random(in: 0.15...0.6, using: &random)
    var edges: [CausalGraph.Edge] = []
    for to in 0..<count {
      for from in 0..<to {
        if Double.random(in: 0..<1, using: &random) < density { edges.append("n\(from)" --> "n\(to)") }
        if Double.random(in: 0..<1, using: &random) < density / 4 { edges.append("n\(from)" <--> "n\(to)") }
      }
    }
    return try CausalGraph(nodes: nodes.shuffled(using: &random), edges: edges)
  }

  static func subsets(_ names: [String]) -> [[String]] {
    (0..<(1 << names.count)).map { bits in names.indices.filter { bits >> $0 & 1 == 1 }.map { names[$0] } }
  }

  static func minimal(_ sets: [[String]]) -> Set<Set<String>> {
    let all = sets.map { Set($0) }
    return Set(all.filter { set in !all.contains { $0.isStrictSubset(of: set) } })
  }

  /// All simple paths between two nodes.
  static func paths(from start: String, to end: String, in graph: CausalGraph) -> [OpenPath] {
    var result: [OpenPath] = []
    func extend(_ nodes: [String], _ links: [OpenPath.Link]) {
      guard let last = nodes.last else { return }
      if last == end {
        result.append(OpenPath(nodes: nodes, links: links))
        return
      }
      for edge in graph.edges where edge.from == last || edge.to == last {
        let next = edge.from == last ? edge.to : edge.from
        if nodes.contains(next) { continue }
        let link: OpenPath.Link = edge.kind == .bidirected ? .bidirected : edge.from == last ? .forward : .backward
        extend(nodes + [next], links + [link])
      }
    }
    extend([start], [])
    return result
  }

  private static func descendants(of name: String, in graph: CausalGraph) -> Set<String> {
    var result: Set<String> = [name]
    var size = 0
    while size != result.count {
      size = result.count
      for edge in graph.edges where edge.kind == .directed && result.contains(edge.from) { result.insert(edge.to) }
    }
    return result
  }

  static func isOpen(_ path: OpenPath, given: [String], in graph: CausalGraph) -> Bool {
    guard path.nodes.count == path.links.count + 1, Set(path.nodes).count == path.nodes.count else { return false }
    for (position, link) in path.links.enumerated() {
      let (a, b) = (path.nodes[position], path.nodes[position + 1])
      let exists = graph.edges.contains { edge in
        switch link {
        case .forward: edge.kind == .directed && edge.from == a && edge.to == b
        case .backward: edge.kind == .directed && edge.from == b && edge.to == a
        case .bidirected: edge.kind == .bidirected && Set([edge.from, edge.to]) == [a, b]
        }
      }
      if !exists { return false }
      if position == 0 { continue }
      let isCollider = path.links[position - 1] != .backward && link != .forward
      let isGiven = given.contains(a)
      if isCollider ? descendants(of: a, in: graph).isDisjoint(with: given) : isGiven { return false }
    }
    return true
  }

  /// The adjustment criterion as it was first stated: no member descends from a node other than the causes on a proper causal path,
  /// and every proper path that is not causal is blocked (Shpitser, VanderWeele and Robins 2010).
  static func isAdjustment(_ set: [String], from causes: [String], to outcome: String, in graph: CausalGraph) -> Bool {
    for x in causes {
      for path in paths(from: x, to: outcome, in: graph) where !path.nodes.dropFirst().contains(where: causes.contains) {
        if path.links.allSatisfy({ $0 == .forward }) {
          for node in path.nodes.dropFirst() where !descendants(of: node, in: graph).isDisjoint(with: set) { return false }
        } else if isOpen(path, given: set, in: graph) {
          return false
        }
      }
    }
    return true
  }

  /// Pearl's three conditions, path by path; the back doors of a set are those of its members that avoid arrows out of the others.
  static func isFrontDoor(_ set: [String], from x: String, to y: String, in graph: CausalGraph) throws -> Bool {
    for path in paths(from: x, to: y, in: graph) where path.links.allSatisfy({ $0 == .forward }) {
      if Set(path.nodes).isDisjoint(with: set) { return false }
    }
    let withoutX = try without(graph) { $0.kind == .directed && $0.from == x }
    let withoutSet = try without(graph) { $0.kind == .directed && set.contains($0.from) }
    for m in set {
      if paths(from: x, to: m, in: withoutX).contains(where: { isOpen($0, given: [], in: withoutX) }) { return false }
      if paths(from: m, to: y, in: withoutSet).contains(where: { isOpen($0, given: [x], in: withoutSet) }) { return false }
    }
    return true
  }

  static func isInstrument(_ z: String, given: [String], for x: String, on y: String, in graph: CausalGraph) throws -> Bool {
    let causal = Set(
      paths(from: x, to: y, in: graph).filter { $0.links.allSatisfy { $0 == .forward } }.flatMap { $0.nodes.dropFirst() })
    let backDoor = try without(graph) { $0.kind == .directed && $0.from == x && causal.contains($0.to) }
    if causal.contains(z) || !causal.isDisjoint(with: given) || !descendants(of: y, in: backDoor).isDisjoint(with: given) {
      return false
    }
    let toOutcome = paths(from: z, to: y, in: backDoor).contains { isOpen($0, given: given, in: backDoor) }
    let toCause = paths(from: z, to: x, in: backDoor).contains { isOpen($0, given: given, in: backDoor) }
    return !toOutcome && toCause
  }

  private static func without(_ graph: CausalGraph, _ dropped: (CausalGraph.Edge) -> Bool) throws -> CausalGraph {
    try CausalGraph(nodes: graph.nodes, edges: graph.edges.filter { !dropped($0) })
  }

  /// The covariance of a linear model on a directed graph with random coefficients and unit noise.
  static func randomCovariance(of graph: CausalGraph, _ random: inout SplitMix) -> [[Double]] {
    let count = graph.nodes.count
    // What each node is of the noises.
    var loading = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for node in graph.topologicalOrder {
      loading[node][node] = 1
      for parent in graph.parents[node] {
        let coefficient = Double.random(in: 0.4...1.2, using: &random) * (Bool.random(using: &random) ? 1 : -1)
        for noise in 0..<count { loading[node][noise] += coefficient * loading[parent][noise] }
      }
    }
    return loading.map { a in loading.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } }
  }

  /// The covariance of the residuals after regressing on some nodes, one at a time.
  static func sweep(_ covariance: [[Double]], _ given: [Int]) -> [[Double]] {
    var result = covariance
    for node in given where result[node][node] > 1e-12 {
      let old = result
      for a in old.indices {
        for b in old.indices { result[a][b] -= old[a][node] * old[node][b] / old[node][node] }
      }
    }
    return result
  }

  static func residualVariance(of node: Int, given: [Int], _ covariance: [[Double]]) -> Double {
    sweep(covariance, given)[node][node]
  }
}
