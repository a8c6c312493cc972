import AleaModel
import AleaSyntax

/// The answer to `adjustmentSets`: which sets of variables one may compare within to find the total effect of one set on another.
public struct AdjustmentSets: Hashable, Codable, Sendable {
  public let causes: [String]
  public let effects: [String]
  /// All sets of which no part suffices, smallest first; empty when no set does. The empty set stands for "no adjustment is needed".
  public let minimal: [[String]]
  /// Whether ``minimal`` holds all of them, or was cut off at the limit.
  public let isComplete: Bool
  /// A set with the fewest variables.
  public let minimum: [String]?
  /// The observed parents of the causes, when they suffice.
  public let parents: [String]?
  /// The set with the smallest asymptotic variance among all adjustment sets (Henckel, Perkovic and Maathuis 2022; Rotnitzky and
  /// Smucler 2020); nil when none suffices, or when latent variables leave no set that is best in every law.
  public let optimal: [String]?
  /// Variables that must not be adjusted for: those on causal paths and their descendants.
  public let forbidden: [String]
  /// When no set suffices: a path that stays open whatever else is given.
  public let obstruction: OpenPath?
}

/// Whether one set is an adjustment set, and if not, why.
public struct AdjustmentCheck: Hashable, Codable, Sendable {
  public enum Fault: Hashable, Codable, Sendable {
    /// A variable of the set is latent.
    case latent(String)
    /// A variable of the set is on a causal path, or follows from one: the directed path from the cause to it.
    case affected(String, path: [String])
    /// A path that is not causal stays open.
    case open(OpenPath)
  }

  public let set: [String]
  public let fault: Fault?
  public var isValid: Bool { fault == nil }
}

extension AdjustmentCheck: CustomStringConvertible {
  public var description: String {
    let name = set.isEmpty ? "the empty set" : "{\(set.joined(separator: ", "))}"
    switch fault {
    case nil: return "\(name) is an adjustment set"
    case .latent(let node): return "\(name) is no adjustment set: \(node) is latent"
    case .affected(let node, let path):
      return
        "\(name) is no adjustment set: \(node) is affected by the cause it should not change (\(path.joined(separator: " -> ")))"
    case .open(let path): return "\(name) is no adjustment set: \(path)"
    }
  }
}

extension CausalGraph {
  /// The sets of observed variables to adjust for: all minimal ones, a minimum one, the parents, and the optimal one.
  ///
  /// The criterion is complete: a set qualifies exactly when adjusting for it gives the total effect in every law of the graph.
  ///
  /// - Parameter limit: how many minimal sets to list; there can be exponentially many.
  /// - Throws: for unknown or latent names, and when causes and effects overlap.
  /// - Source: van der Zander, Liskiewicz and Textor (2014, 2019), the adjustment criterion in constructive form.
  public func adjustmentSets(from causes: [String], to effects: [String], limit: Int = 1_000) throws(DiagnosticError)
    -> AdjustmentSets
  {
    let (x, y) = try observedPair(causes, effects)
    let problem = AdjustmentProblem(graph: self, from: x, to: y)
    let (sets, isComplete) = problem.allMinimal(limit: limit)
    let minimal = sets.map { Array($0) }.sorted { $0.count != $1.count ? $0.count < $1.count : $0.lexicographicallyPrecedes($1) }
    return AdjustmentSets(
      causes: names(of: x), effects: names(of: y), minimal: minimal.map { $0.map { nodes[$0].name } }, isComplete: isComplete,
      minimum: problem.minimum().map(names), parents: problem.parents().map(names), optimal: problem.optimal().map(names),
      forbidden: names(of: problem.forbidden.intersection(observed).subtracting(x).subtracting(y)),
      obstruction: sets.isEmpty ? problem.obstruction() : nil)
  }

  /// Whether a set may be adjusted for, with what is wrong when it may not.
  public func checkAdjustment(_ set: [String], from causes: [String], to effects: [String]) throws(DiagnosticError)
    -> AdjustmentCheck
  {
    let (x, y) = try observedPair(causes, effects)
    let z = try self.set(of: set)
    if let both = z.intersection(x.union(y)).first {
      throw DiagnosticError(
        .error("`\(nodes[both].name)` cannot be adjusted for: it is the cause or the outcome itself", at: nodes[both].span))
    }
    return AdjustmentCheck(set: names(of: z), fault: AdjustmentProblem(graph: self, from: x, to: y).fault(of: z))
  }

  /// Resolves causes and effects, which must be observed and disjoint.
  func observedPair(_ causes: [String], _ effects: [String]) throws(DiagnosticError) -> (NodeSet, NodeSet) {
    let x = try set(of: causes)
    let y = try set(of: effects)
    if let hidden = x.union(y).intersection(latent).first {
      throw DiagnosticError(.error("`\(nodes[hidden].name)` is latent: its effect cannot be estimated", at: nodes[hidden].span))
    }
    if let both = x.intersection(y).first {
      throw DiagnosticError(.error("`\(nodes[both].name)` is both cause and outcome", at: nodes[both].span))
    }
    if x.isEmpty || y.isEmpty { throw DiagnosticError(.error("an effect needs a cause and an outcome", at: nil)) }
    return (x, y)
  }
}

/// Adjustment for the total effect of one set of nodes on another.
struct AdjustmentProblem {
  let graph: CausalGraph
  let causes: NodeSet
  let effects: NodeSet
  /// The nodes other than the causes on proper causal paths (those that leave the causes at once and for good).
  let causal: NodeSet
  /// The causal nodes and what follows from them.
  let forbidden: NodeSet
  /// The graph without the first arrows of proper causal paths.
  let backDoorGraph: CausalGraph

  init(graph: CausalGraph, from causes: NodeSet, to effects: NodeSet) {
    self.graph = graph
    self.causes = causes
    self.effects = effects
    let everything = NodeSet(upTo: graph.nodes.count)
    let others = everything.subtracting(causes)
    let after = graph.descendants(of: graph.children(of: causes).intersection(others), within: others)
    causal = after.intersection(graph.ancestors(of: effects, within: others))
    forbidden = graph.descendants(of: causal)
    backDoorGraph = graph.removingEdges(from: causes, to: causal)
  }

  /// The observed nodes that may be adjusted for.
  var candidates: NodeSet { graph.observed.subtracting(forbidden).subtracting(causes).subtracting(effects) }

  private var separators: SeparatorProblem {
    SeparatorProblem(graph: backDoorGraph, from: causes, to: effects, allowed: candidates)
  }

  func fault(of set: NodeSet) -> AdjustmentCheck.Fault? {
    if let hidden = set.intersection(graph.latent).first { return .latent(graph.nodes[hidden].name) }
    if let bad = set.intersection(forbidden).first {
      let start = causes.first { graph.descendants(of: NodeSet(node: $0)).contains(bad) }
      let path = start.map { graph.directedPath(from: $0, to: NodeSet(node: bad)) } ?? []
      return .affected(graph.nodes[bad].name, path: path.map { graph.nodes[$0].name })
    }
    return backDoorGraph.openPath(from: causes, to: effects, given: set).map { .open($0) }
  }

  func allMinimal(limit: Int) -> (sets: [NodeSet], isComplete: Bool) { separators.all(limit: limit) }
  func minimum() -> NodeSet? { separators.minimum() }

  /// A smallest set that qualifies together with required nodes, without them and without excluded ones; nil when there is none.
  func minimum(including required: NodeSet, excluding excluded: NodeSet) -> NodeSet? {
    guard required.isSubset(of: candidates) else { return nil }
    return SeparatorProblem(
      graph: backDoorGraph, from: causes, to: effects, allowed: candidates.subtracting(required).subtracting(excluded),
      given: required
    ).minimum()
  }

  func parents() -> NodeSet? {
    let set = graph.parents(of: causes).subtracting(causes)
    return fault(of: set) == nil ? set : nil
  }

  /// The parents of the causal nodes that are not forbidden themselves. With an unobserved one among them no observed set need be best.
  func optimal() -> NodeSet? {
    let directed = graph.canonicalDirectedGraph()
    let set = directed.parents(of: causal).subtracting(forbidden).subtracting(causes)
    return set.isDisjoint(with: directed.latent) && !causal.isEmpty && fault(of: set) == nil ? set : nil
  }

  /// A path that is open given all candidates among the ancestors, the set that works if any does.
  func obstruction(including required: NodeSet = [], excluding excluded: NodeSet = []) -> OpenPath? {
    let largest = graph.ancestors(of: causes.union(effects).union(required)).intersection(candidates).subtracting(excluded)
    return backDoorGraph.openPath(from: causes, to: effects, given: largest.union(required))
  }
}
