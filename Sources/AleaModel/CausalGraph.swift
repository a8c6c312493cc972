import AleaSyntax

/// What depends on what: directed edges between named variables, some of them latent, and bidirected edges for unmeasured common causes.
///
/// ```swift
/// let graph = try CausalGraph(
///   nodes: [.latent("genotype"), .observed("smoking"), .observed("tar"), .observed("cancer")],
///   edges: ["genotype" --> "smoking", "genotype" --> "cancer", "smoking" --> "tar", "tar" --> "cancer"])
/// graph.latentProjection()  // smoking -> tar -> cancer, smoking <-> cancer
/// ```
/// Nodes are numbered in the order given; sets of nodes are ``NodeSet``s. The directed edges have no cycle. An edge stated twice is
/// one edge; `a -> b` and `a <-> b` may both hold.
public struct CausalGraph: Hashable, Sendable {
  /// A variable.
  public struct Node: Hashable, Codable, Sendable {
    public var name: String
    public var isLatent: Bool
    /// Where the variable is first named.
    public var span: SourceSpan?

    public init(_ name: String, isLatent: Bool = false, span: SourceSpan? = nil) {
      self.name = name
      self.isLatent = isLatent
      self.span = span
    }

    public static func observed(_ name: String, span: SourceSpan? = nil) -> Node { Node(name, span: span) }
    public static func latent(_ name: String, span: SourceSpan? = nil) -> Node { Node(name, isLatent: true, span: span) }
  }

  /// An edge between two variables, by name.
  public struct Edge: Hashable, Codable, Sendable {
    public enum Kind: String, Codable, Sendable {
      /// `from -> to`: `to` depends on `from` directly.
      case directed
      /// `from <-> to`: an unmeasured common cause.
      case bidirected
    }

    public var from: String
    public var kind: Kind
    public var to: String
    public var span: SourceSpan?

    public init(_ from: String, _ kind: Kind, _ to: String, span: SourceSpan? = nil) {
      self.from = from
      self.kind = kind
      self.to = to
      self.span = span
    }
  }

  public let nodes: [Node]
  /// The direct causes of each node.
  public internal(set) var parents: [NodeSet]
  /// The direct effects of each node.
  public internal(set) var children: [NodeSet]
  /// The nodes that share an unmeasured common cause with each node by a bidirected edge.
  public internal(set) var siblings: [NodeSet]
  /// All nodes, causes before effects; of the nodes that could come next, the one stated first.
  public let topologicalOrder: [Int]
  private let indices: [String: Int]

  /// A graph of nodes and edges.
  ///
  /// - Throws: every fault at once: a name declared twice, an edge with an unknown name (with the nearest known one), a variable
  ///   that would cause itself, a cycle (drawn as a path).
  public init(nodes: [Node], edges: [Edge]) throws(DiagnosticError) {
    var faults: [Diagnostic] = []
    var indices: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      if let earlier = indices[node.name] {
        let secondary = nodes[earlier].span.map { [Diagnostic.Label($0, "first declared here")] } ?? []
        faults.append(.error("`\(node.name)` is declared twice", at: node.span, secondary: secondary))
      } else {
        indices[node.name] = index
      }
    }
    var parents = [NodeSet](repeating: [], count: nodes.count)
    var children = parents
    var siblings = parents
    for edge in edges {
      for name in [edge.from, edge.to] where indices[name] == nil {
        faults.append(Self.unknown(name, among: nodes, at: edge.span))
      }
      guard let from = indices[edge.from], let to = indices[edge.to] else { continue }
      if from == to {
        let arrow = edge.kind == .directed ? "->" : "<->"
        faults.append(
          .error(
            "`\(edge.from)` cannot have an edge to itself", at: edge.span, label: "`\(edge.from) \(arrow) \(edge.to)`",
            notes: ["a variable that acts on itself later in time is written as two variables"]))
        continue
      }
      switch edge.kind {
      case .directed:
        parents[to].insert(from)
        children[from].insert(to)
      case .bidirected:
        siblings[from].insert(to)
        siblings[to].insert(from)
      }
    }
    let order = Self.topologicalOrder(parents: parents, children: children)
    if order.count < nodes.count {
      faults.append(Self.cycle(outside: NodeSet(order), nodes: nodes, parents: parents, edges: edges))
    }
    guard faults.isEmpty else { throw DiagnosticError(faults) }
    self.init(nodes: nodes, parents: parents, children: children, siblings: siblings, order: order, indices: indices)
  }

  /// A graph whose parts are known to be right.
  init(
    nodes: [Node], parents: [NodeSet], children: [NodeSet], siblings: [NodeSet], order: [Int]? = nil,
    indices: [String: Int]? = nil
  ) {
    self.nodes = nodes
    self.parents = parents
    self.children = children
    self.siblings = siblings
    topologicalOrder = order ?? Self.topologicalOrder(parents: parents, children: children)
    self.indices = indices ?? Dictionary(nodes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Kahn's algorithm with the ready nodes as a set, so that the smallest index comes first; short of nodes when there is a cycle.
  private static func topologicalOrder(parents: [NodeSet], children: [NodeSet]) -> [Int] {
    var waiting = parents.map(\.count)
    var ready = NodeSet(waiting.indices.filter { waiting[$0] == 0 })
    var order: [Int] = []
    while let node = ready.first {
      ready.remove(node)
      order.append(node)
      for child in children[node] {
        waiting[child] -= 1
        if waiting[child] == 0 { ready.insert(child) }
      }
    }
    return order
  }

  /// Draws one cycle. Every node outside the order has a parent outside it, so walking up comes back to a node seen before.
  private static func cycle(outside order: NodeSet, nodes: [Node], parents: [NodeSet], edges: [Edge]) -> Diagnostic {
    var walk: [Int] = []
    var current = nodes.indices.first { !order.contains($0) }
    while let node = current, !walk.contains(node) {
      walk.append(node)
      current = parents[node].subtracting(order).first
    }
    guard let last = current, let start = walk.firstIndex(of: last) else {
      return .error("the arrows form a cycle", at: nil)
    }
    let path = ([last] + walk[start...].reversed()).map { nodes[$0].name }
    let closing = edges.last { edge in
      edge.kind == .directed && zip(path, path.dropFirst()).contains { $0 == edge.from && $1 == edge.to }
    }
    return .error(
      "the arrows form a cycle: " + path.map { "`\($0)`" }.joined(separator: " -> "), at: closing?.span,
      label: closing == nil ? "" : "this arrow closes the cycle",
      notes: ["causes come before effects: one of these arrows must go, or a variable must be split in time"])
  }

  private static func unknown(_ name: String, among nodes: [Node], at span: SourceSpan?) -> Diagnostic {
    let near = Spelling.nearest(name, in: nodes.lazy.map(\.name))
    return .error(
      "the graph has no variable `\(name)`", at: span, label: near.map { "did you mean `\($0)`?" } ?? "",
      notes: near == nil && nodes.count <= 20 ? ["its variables are " + nodes.map { "`\($0.name)`" }.joined(separator: ", ")] : []
    )
  }

  /// The node of a name.
  /// - Throws: when there is none, with the nearest name.
  public func index(of name: String, at span: SourceSpan? = nil) throws(DiagnosticError) -> Int {
    guard let index = indices[name] else { throw DiagnosticError(Self.unknown(name, among: nodes, at: span)) }
    return index
  }

  /// The set of nodes of some names.
  /// - Throws: when a name is unknown, with the nearest one.
  public func set(of names: some Sequence<String>) throws(DiagnosticError) -> NodeSet {
    var result = NodeSet()
    for name in names { result.insert(try index(of: name)) }
    return result
  }

  /// The names of a set, in the order in which the graph states them.
  public func names(of set: NodeSet) -> [String] { set.map { nodes[$0].name } }

  public var observed: NodeSet { NodeSet(nodes.indices.filter { !nodes[$0].isLatent }) }
  public var latent: NodeSet { NodeSet(nodes.indices.filter { nodes[$0].isLatent }) }

  /// The edges in the order of the nodes, directed ones first.
  public var edges: [Edge] {
    var result: [Edge] = []
    for node in nodes.indices { result += children[node].map { Edge(nodes[node].name, .directed, nodes[$0].name) } }
    for node in nodes.indices {
      result += siblings[node].filter { $0 > node }.map { Edge(nodes[node].name, .bidirected, nodes[$0].name) }
    }
    return result
  }
}

infix operator --> : ComparisonPrecedence
infix operator <--> : ComparisonPrecedence

/// The edge `cause -> effect`.
public func --> (cause: String, effect: String) -> CausalGraph.Edge { .init(cause, .directed, effect) }

/// The edge `a <-> b`: an unmeasured common cause.
public func <--> (a: String, b: String) -> CausalGraph.Edge { .init(a, .bidirected, b) }

extension CausalGraph: Codable {
  private enum Key: String, CodingKey { case nodes, edges }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    try self.init(nodes: container.decode([Node].self, forKey: .nodes), edges: container.decode([Edge].self, forKey: .edges))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(nodes, forKey: .nodes)
    try container.encode(edges, forKey: .edges)
  }
}

extension CausalGraph: CustomStringConvertible {
  /// The graph in the language's notation, one statement a line.
  public var description: String {
    var lines = nodes.filter(\.isLatent).map { "latent \($0.name)" }
    let isolated = nodes.indices.filter {
      !nodes[$0].isLatent && parents[$0].isEmpty && children[$0].isEmpty && siblings[$0].isEmpty
    }
    lines += isolated.map { "observe \(nodes[$0].name)" }
    lines += edges.map { "\($0.from) \($0.kind == .directed ? "->" : "<->") \($0.to)" }
    return lines.joined(separator: "\n")
  }
}
