import AleaModel
import AleaSyntax

/// The answer to `independent(a, b, given: ...)`: whether a graph separates two sets, and if it does not, an open path.
public struct Separation: Hashable, Codable, Sendable {
  public let first: [String]
  public let second: [String]
  public let given: [String]
  /// Nil when the sets are independent in every law that the graph allows.
  public let openPath: OpenPath?

  public var isIndependent: Bool { openPath == nil }
}

extension Separation: CustomStringConvertible {
  public var description: String {
    let a = first.joined(separator: ", ")
    let b = second.joined(separator: ", ")
    let condition = given.isEmpty ? "" : " given " + given.joined(separator: ", ")
    guard let openPath else { return "\(a) and \(b) are independent\(condition)" }
    return "\(a) and \(b) may be dependent\(condition): \(openPath)"
  }
}

/// A path along which association flows, and why nothing on it blocks.
public struct OpenPath: Hashable, Codable, Sendable {
  public enum Link: String, Codable, Sendable {
    case forward = "->"
    case backward = "<-"
    case bidirected = "<->"
  }

  /// Why an inner node of the path does not block it.
  public enum Passage: Hashable, Codable, Sendable {
    /// A chain or a fork, not conditioned on.
    case notGiven(isLatent: Bool)
    /// A collider that is conditioned on.
    case colliderGiven
    /// A collider with a descendant that is conditioned on; the directed path from the collider to it.
    case colliderOpened(through: [String])
  }

  /// The nodes from one end to the other.
  public let nodes: [String]
  /// How each node is joined to the next.
  public let links: [Link]
  /// One for each inner node.
  public let passages: [Passage]

  public init(nodes: [String], links: [Link], passages: [Passage] = []) {
    self.nodes = nodes
    self.links = links
    self.passages = passages
  }

  /// The nodes with their arrows: "smoking <- genotype -> cancer".
  public var drawing: String {
    var text = nodes.first ?? ""
    for (link, node) in zip(links, nodes.dropFirst()) { text += " \(link.rawValue) \(node)" }
    return text
  }

  /// A sentence part for each inner node.
  public var reasons: [String] {
    zip(nodes.dropFirst(), passages).map { node, passage in
      switch passage {
      case .notGiven(isLatent: true): "\(node) is latent and cannot be given"
      case .notGiven(isLatent: false): "\(node) is not given"
      case .colliderGiven: "the collider \(node) is opened by being given"
      case .colliderOpened(let through):
        "the collider \(node) is opened by its descendant \(through.last ?? node), which is given"
      }
    }
  }
}

extension OpenPath: CustomStringConvertible {
  public var description: String {
    reasons.isEmpty ? "\(drawing) is an edge" : "\(drawing) is open: " + reasons.joined(separator: "; ")
  }
}

extension CausalGraph {
  /// Whether two sets of variables are independent given a third in every law that the graph allows: m-separation, which is
  /// d-separation when there are no bidirected edges.
  ///
  /// ```swift
  /// try graph.independent(["smoking"], ["cancer"], given: ["tar"])
  /// // smoking <- genotype -> cancer is open: genotype is latent and cannot be given
  /// ```
  /// - Throws: for an unknown name, and for a variable that is in two of the sets.
  /// - Complexity: O(nodes + edges) (Shachter's Bayes ball, 1998).
  public func independent(_ first: [String], _ second: [String], given: [String] = []) throws(DiagnosticError) -> Separation {
    let a = try set(of: first)
    let b = try set(of: second)
    let c = try set(of: given)
    if let both = a.intersection(b).first {
      throw DiagnosticError(.error("`\(nodes[both].name)` cannot be independent of itself", at: nodes[both].span))
    }
    if let both = a.union(b).intersection(c).first {
      throw DiagnosticError(
        .error(
          "`\(nodes[both].name)` is both asked about and given", at: nodes[both].span,
          notes: ["a variable that is given does not vary: leave it out of one of the two"]))
    }
    return Separation(
      first: names(of: a), second: names(of: b), given: names(of: c), openPath: openPath(from: a, to: b, given: c))
  }

  /// Whether two disjoint sets are m-separated by a third.
  public func isSeparated(_ first: NodeSet, _ second: NodeSet, given: NodeSet) -> Bool {
    SeparationIndex(self).isSeparated(first, second, given: given)
  }

  /// The nodes outside `given` that some open path from the set ends at, the set itself included.
  public func reachable(from source: NodeSet, given: NodeSet) -> NodeSet {
    var search = BallSearch(graph: self, given: given)
    search.run(from: source, stopAt: [])
    return search.byTail.union(search.byArrow).subtracting(given).union(source)
  }

  /// An open path of fewest edges between two disjoint sets given a third, or nil when they are separated.
  public func openPath(from source: NodeSet, to target: NodeSet, given: NodeSet) -> OpenPath? {
    let target = target.subtracting(given)
    var search = BallSearch(graph: self, given: given)
    guard let end = search.run(from: source.subtracting(given), stopAt: target) else { return nil }
    return search.path(to: end)
  }
}

/// A breadth-first walk over (node, how it was entered). A node entered against an arrow (by its tail) passes to everywhere unless it is
/// given; one entered along an arrow passes on to its children unless given, and back up when it has a given descendant.
private struct BallSearch {
  struct State: Hashable {
    var node: Int
    /// Whether the last edge points at the node.
    var entersByArrow: Bool
  }

  let graph: CausalGraph
  let given: NodeSet
  /// The colliders that are open.
  let opened: NodeSet
  private(set) var byTail = NodeSet()
  private(set) var byArrow = NodeSet()
  private var predecessor: [State: (State, OpenPath.Link)] = [:]

  init(graph: CausalGraph, given: NodeSet) {
    self.graph = graph
    self.given = given
    opened = graph.ancestors(of: given)
  }

  @discardableResult
  mutating func run(from source: NodeSet, stopAt target: NodeSet) -> State? {
    let keepsPath = !target.isEmpty
    var queue = source.map { State(node: $0, entersByArrow: false) }
    byTail = source
    var head = 0
    func visit(_ nodes: NodeSet, _ arrow: Bool, from state: State, by link: OpenPath.Link, _ search: inout BallSearch) -> State? {
      var fresh = nodes.subtracting(arrow ? search.byArrow : search.byTail)
      fresh.subtract(source)
      if arrow { search.byArrow.formUnion(fresh) } else { search.byTail.formUnion(fresh) }
      for node in fresh {
        let next = State(node: node, entersByArrow: arrow)
        if keepsPath { search.predecessor[next] = (state, link) }
        if target.contains(node) { return next }
        queue.append(next)
      }
      return nil
    }
    while head < queue.count {
      let state = queue[head]
      head += 1
      let node = state.node
      let passesOn = !given.contains(node)
      let passesBack = state.entersByArrow ? opened.contains(node) : passesOn
      if passesOn, let end = visit(graph.children[node], true, from: state, by: .forward, &self) { return end }
      if passesBack {
        if let end = visit(graph.parents[node], false, from: state, by: .backward, &self) { return end }
        if let end = visit(graph.siblings[node], true, from: state, by: .bidirected, &self) { return end }
      }
    }
    return nil
  }

  /// The walk back from a state, with loops cut out. A cut leaves the walk open: where the two halves meet as a chain or fork, one of
  /// them left the node by a tail, so the node is not given; where they meet head to head, the loop that was cut left the node along an
  /// arrow and came back along one, so it passed an open collider below the node.
  func path(to end: State) -> OpenPath {
    var nodes = [end.node]
    var links: [OpenPath.Link] = []
    var state = end
    while let (previous, link) = predecessor[state] {
      nodes.append(previous.node)
      links.append(link)
      state = previous
    }
    nodes.reverse()
    links.reverse()
    var simpleNodes: [Int] = []
    var simpleLinks: [OpenPath.Link] = []
    for (position, node) in nodes.enumerated() {
      if let earlier = simpleNodes.firstIndex(of: node) {
        simpleNodes.removeSubrange((earlier + 1)...)
        simpleLinks.removeSubrange(earlier...)
      } else {
        if position > 0 { simpleLinks.append(links[position - 1]) }
        simpleNodes.append(node)
      }
    }
    let passages = simpleNodes.indices.dropFirst().dropLast().map { position -> OpenPath.Passage in
      let node = simpleNodes[position]
      let isCollider = simpleLinks[position - 1] != .backward && simpleLinks[position] != .forward
      if !isCollider { return .notGiven(isLatent: graph.nodes[node].isLatent) }
      if given.contains(node) { return .colliderGiven }
      return .colliderOpened(through: graph.directedPath(from: node, to: given).map { graph.nodes[$0].name })
    }
    return OpenPath(nodes: simpleNodes.map { graph.nodes[$0].name }, links: simpleLinks, passages: Array(passages))
  }
}

extension CausalGraph {
  /// A shortest directed path from a node into a set, empty when there is none.
  func directedPath(from start: Int, to target: NodeSet) -> [Int] {
    var cameFrom: [Int: Int] = [:]
    var seen = NodeSet(node: start)
    var queue = [start]
    var head = 0
    while head < queue.count {
      let node = queue[head]
      head += 1
      if target.contains(node) {
        var path = [node]
        while let previous = cameFrom[path[path.count - 1]] { path.append(previous) }
        return path.reversed()
      }
      for child in children[node].subtracting(seen) {
        seen.insert(child)
        cameFrom[child] = node
        queue.append(child)
      }
    }
    return []
  }
}
