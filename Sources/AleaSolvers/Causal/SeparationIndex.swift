import AleaModel

/// A graph's edges as flat lists, for the many separation questions that writing one estimand asks.
///
/// - Complexity: O(nodes + edges) to make; a question costs the edges among the ancestors of what it mentions, and less where an open
///   path is met early.
struct SeparationIndex {
  /// Neighbours of one sort: those of node `i` are `nodes[start[i] ..< start[i + 1]]`.
  private struct Adjacency {
    var start: [Int32] = [0]
    var nodes: [Int32] = []

    init(_ rows: [NodeSet]) {
      for row in rows {
        for node in row { nodes.append(Int32(node)) }
        start.append(Int32(nodes.count))
      }
    }
  }

  private static let byTail: UInt8 = 1
  private static let byArrow: UInt8 = 2
  private static let isGiven: UInt8 = 4
  /// An ancestor of what is given, where colliders are open.
  private static let isOpened: UInt8 = 8
  private static let isTarget: UInt8 = 16
  /// An ancestor of anything the question mentions: no open path leaves these.
  private static let isRelevant: UInt8 = 32

  private let count: Int
  private let parents: Adjacency
  private let children: Adjacency
  private let siblings: Adjacency

  init(_ graph: CausalGraph) {
    count = graph.nodes.count
    parents = Adjacency(graph.parents)
    children = Adjacency(graph.children)
    siblings = Adjacency(graph.siblings)
  }

  /// Whether two disjoint sets are m-separated by a third: the same answer as ``CausalGraph/isSeparated(_:_:given:)``.
  func isSeparated(_ first: NodeSet, _ second: NodeSet, given: NodeSet) -> Bool {
    if first.isEmpty || second.isEmpty { return true }
    if touches(first.subtracting(given), second.subtracting(given)) { return false }
    var marks = [UInt8](repeating: 0, count: count)
    var stack: [Int32] = []
    markAncestors(of: given, Self.isOpened | Self.isRelevant, &marks, &stack)
    markAncestors(of: first, Self.isRelevant, &marks, &stack)
    markAncestors(of: second, Self.isRelevant, &marks, &stack)
    for node in given { marks[node] |= Self.isGiven }
    for node in second { marks[node] |= Self.isTarget }
    for node in first {
      if marks[node] & Self.isTarget != 0 { return false }
      marks[node] |= Self.byTail
      // A node is entered by its tail as 2 i, along an arrow as 2 i + 1.
      stack.append(Int32(2 * node))
    }
    return !walk(&marks, &stack)
  }

  /// Whether an edge joins two sets.
  private func touches(_ first: NodeSet, _ second: NodeSet) -> Bool {
    for node in first {
      for rows in [parents, children, siblings] {
        for position in rows.start[node]..<rows.start[node + 1] where second.contains(Int(rows.nodes[Int(position)])) {
          return true
        }
      }
    }
    return false
  }

  // MARK: What a condition needs

  /// The smallest part of a condition that makes the rest of it irrelevant to a target: dropping a member changes what is known of the
  /// target exactly when it is in this part, which is unique (separation has the intersection and composition properties).
  ///
  /// A member that no open path given the whole condition ends at is irrelevant, all such members together. One at which a path ends whose
  /// colliders are members themselves is needed, since a path to a member does not use that member. What neither walk decides is asked
  /// one by one.
  func relevantPart(of condition: NodeSet, to target: NodeSet) -> NodeSet {
    var kept = condition
    while true {
      let met = members(of: kept, metFrom: target, opensByDescendants: true)
      if met == kept { break }
      kept = met
    }
    for node in kept.subtracting(members(of: kept, metFrom: target, opensByDescendants: false)) {
      let rest = kept.subtracting(NodeSet(node: node))
      if isSeparated(target, NodeSet(node: node), given: rest) { kept = rest }
    }
    return kept
  }

  /// The members of a condition at which open paths from a set end.
  private func members(of condition: NodeSet, metFrom source: NodeSet, opensByDescendants: Bool) -> NodeSet {
    if condition.isEmpty { return [] }
    var marks = [UInt8](repeating: 0, count: count)
    var stack: [Int32] = []
    markAncestors(of: condition, (opensByDescendants ? Self.isOpened : 0) | Self.isRelevant, &marks, &stack)
    markAncestors(of: source, Self.isRelevant, &marks, &stack)
    for node in condition { marks[node] |= Self.isGiven | Self.isOpened }
    for node in source {
      marks[node] |= Self.byTail
      stack.append(Int32(2 * node))
    }
    walk(&marks, &stack)
    return NodeSet(condition.filter { marks[$0] & (Self.byTail | Self.byArrow) != 0 })
  }

  /// Follows open paths to their ends, or to the first target.
  ///
  /// - Returns: whether a target was met.
  @discardableResult
  private func walk(_ marks: inout [UInt8], _ stack: inout [Int32]) -> Bool {
    while let state = stack.popLast() {
      let node = Int(state >> 1)
      let passesOn = marks[node] & Self.isGiven == 0
      let passesBack = state & 1 == 1 ? marks[node] & Self.isOpened != 0 : passesOn
      if passesOn, visit(children, of: node, Self.byArrow, &marks, &stack) { return true }
      if passesBack {
        if visit(parents, of: node, Self.byTail, &marks, &stack) { return true }
        if visit(siblings, of: node, Self.byArrow, &marks, &stack) { return true }
      }
    }
    return false
  }

  /// - Returns: whether a target was met.
  private func visit(_ rows: Adjacency, of node: Int, _ entry: UInt8, _ marks: inout [UInt8], _ stack: inout [Int32]) -> Bool {
    for position in rows.start[node]..<rows.start[node + 1] {
      let next = rows.nodes[Int(position)]
      let mark = marks[Int(next)]
      if mark & entry != 0 || mark & Self.isRelevant == 0 { continue }
      if mark & Self.isTarget != 0, mark & Self.isGiven == 0 { return true }
      marks[Int(next)] = mark | entry
      stack.append(2 * next + (entry == Self.byArrow ? 1 : 0))
    }
    return false
  }

  private func markAncestors(of set: NodeSet, _ mark: UInt8, _ marks: inout [UInt8], _ stack: inout [Int32]) {
    for node in set where marks[node] & mark != mark {
      marks[node] |= mark
      stack.append(Int32(node))
    }
    while let node = stack.popLast() {
      for position in parents.start[Int(node)]..<parents.start[Int(node) + 1] {
        let parent = parents.nodes[Int(position)]
        if marks[Int(parent)] & mark == mark { continue }
        marks[Int(parent)] |= mark
        stack.append(parent)
      }
    }
  }
}
