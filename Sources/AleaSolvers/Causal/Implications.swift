import AleaModel
import AleaSyntax

/// An independence that a graph claims and data can refute.
public struct Implication: Hashable, Codable, Sendable, CustomStringConvertible {
  public let first: String
  public let second: String
  public let given: [String]

  public var description: String {
    "\(first) and \(second) are independent" + (given.isEmpty ? "" : " given " + given.joined(separator: ", "))
  }
}

extension CausalGraph {
  /// The testable implications: for each pair of observed variables, the minimal sets of observed variables that separate them.
  ///
  /// - Parameters:
  ///   - largestCondition: leaves out sets with more variables.
  ///   - limit: how many sets to list for a pair.
  public func implications(largestCondition: Int = .max, limit: Int = 1_000) -> [Implication] {
    let projected = latentProjection()
    var result: [Implication] = []
    let all = NodeSet(upTo: projected.nodes.count)
    for a in all {
      let adjacent = projected.parents[a].union(projected.children[a]).union(projected.siblings[a])
      for b in all.subtracting(adjacent) where b > a {
        let search = SeparatorProblem(graph: projected, from: NodeSet(node: a), to: NodeSet(node: b), allowed: all)
        for set in inOrder(search.all(limit: limit).sets) where set.count <= largestCondition {
          result.append(
            Implication(first: projected.nodes[a].name, second: projected.nodes[b].name, given: projected.names(of: set)))
        }
      }
    }
    return result
  }
}
