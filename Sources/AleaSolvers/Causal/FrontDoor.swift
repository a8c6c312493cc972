import AleaModel
import AleaSyntax

extension CausalGraph {
  /// All minimal sets that satisfy the front-door criterion: they meet every directed path from the causes to the outcome, no back
  /// door leads from the causes to them, and the causes block every back door from them to the outcome.
  ///
  /// ```swift
  /// try graph.frontDoorSets(from: ["smoking"], to: ["cancer"])  // [["tar"]]
  /// ```
  /// - Parameter limit: how many candidate sets to look at; the answer is complete unless it is reached.
  /// - Throws: for unknown or latent names, and when causes and outcomes overlap.
  /// - Source: Pearl (1995). The largest qualifying part of a set is found by leaving out what violates the third condition until
  ///   nothing does: leaving out more only adds back doors.
  public func frontDoorSets(from causes: [String], to outcomes: [String], limit: Int = 1_000) throws(DiagnosticError)
    -> [[String]]
  {
    let (x, y) = try observedPair(causes, outcomes)
    let withoutEffects = removingEdges(outOf: x)
    let reached = withoutEffects.reachable(from: x, given: [])
    let candidates = observed.subtracting(x).subtracting(y).subtracting(reached)

    func largestPart(of set: NodeSet) -> NodeSet? {
      var kept = set
      while true {
        let cut = removingEdges(outOf: kept)
        let bad = kept.intersection(cut.reachable(from: y, given: x))
        if bad.isEmpty { break }
        kept.subtract(bad)
      }
      // Does it meet every directed path?
      let everything = NodeSet(upTo: nodes.count)
      return descendants(of: x, within: everything.subtracting(kept)).isDisjoint(with: y) ? kept : nil
    }

    guard let start = largestPart(of: candidates) else { return [] }
    var seen: Set<NodeSet> = [start]
    var queue = [start]
    var minimal: [NodeSet] = []
    var head = 0
    while head < queue.count, head < limit {
      let current = queue[head]
      head += 1
      var shrinks = false
      for node in current {
        guard let smaller = largestPart(of: current.subtracting(NodeSet(node: node))) else { continue }
        shrinks = true
        if seen.insert(smaller).inserted { queue.append(smaller) }
      }
      if !shrinks { minimal.append(current) }
    }
    return inOrder(minimal).map(names)
  }
}
