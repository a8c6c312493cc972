import AleaModel
import AleaSyntax

/// A variable that moves the cause and reaches the outcome through it alone, once some others are given.
public struct Instrument: Hashable, Codable, Sendable {
  public let name: String
  /// The minimal sets to condition on, smallest first; the empty set for an instrument in the plain sense.
  public let given: [[String]]
  /// An open path from the instrument to the cause, given the first of the sets: what makes it relevant.
  public let relevance: OpenPath
}

/// Two stand-ins for latent common causes, as proximal inference needs them.
public struct ProxyPair: Hashable, Codable, Sendable {
  /// Independent of the outcome given the cause and the latent causes (a negative control exposure).
  public let ofTreatment: String
  /// Independent of the cause and of the other proxy given the latent causes (a negative control outcome).
  public let ofOutcome: String
  /// The latent variables they stand for; a bidirected edge is named `a<->b`.
  public let latent: [String]
  /// The observed variables that must be given too.
  public var given: [String] = []
}

extension CausalGraph {
  /// The conditional instruments for the total effect of a cause on an outcome.
  ///
  /// Z is one given W when, in the graph without the first arrows of the causal paths, W separates Z from the outcome but not from
  /// the cause, and W holds nothing on a causal path and nothing that follows from the outcome. With such an instrument the effect is
  /// identified under linearity, or, without it, for the units whose cause the instrument moves.
  ///
  /// Where at most ``exhaustiveCandidates`` variables may be conditioned on, all minimal sets are listed. To find them is NP-hard in
  /// general, so in larger graphs the sets listed are the minimal separators of Z and the outcome that leave Z tied to the cause
  /// (ancestral instruments). If any instrument exists under any conditioning set, then so does an ancestral one.
  ///
  /// - Parameter limit: how many conditioning sets to look at for each variable.
  /// - Throws: for unknown or latent names.
  /// - Source: Brito and Pearl (2002); van der Zander, Textor and Liskiewicz (2015).
  public func instruments(for cause: String, on outcome: String, limit: Int = 1_000) throws(DiagnosticError) -> [Instrument] {
    let (x, y) = try observedPair([cause], [outcome])
    let problem = AdjustmentProblem(graph: self, from: x, to: y)
    let backDoor = problem.backDoorGraph
    let allowed = observed.subtracting(problem.causal).subtracting(backDoor.descendants(of: y)).subtracting(x).subtracting(y)
    var result: [Instrument] = []
    for z in observed.subtracting(x).subtracting(y).subtracting(problem.causal) {
      let single = NodeSet(node: z)
      let candidates = allowed.subtracting(single)
      if candidates.count <= Self.exhaustiveCandidates {
        let sets = inOrder(conditions(of: single, x, y, among: Array(candidates), in: backDoor))
        guard let first = sets.first, let path = backDoor.openPath(from: single, to: x, given: first) else { continue }
        result.append(Instrument(name: nodes[z].name, given: sets.map(names), relevance: path))
        continue
      }
      let search = SeparatorProblem(graph: backDoor, from: single, to: y, allowed: candidates)
      var sets = search.all(limit: limit).sets
      // The one nearest to the outcome leaves most tied to Z, so it decides when the list is cut off.
      if let nearest = search.nearestToSink(), !sets.contains(nearest) { sets.append(nearest) }
      let relevant = inOrder(sets.filter { !backDoor.isSeparated(single, x, given: $0) })
      guard let first = relevant.first, let path = backDoor.openPath(from: single, to: x, given: first) else { continue }
      result.append(Instrument(name: nodes[z].name, given: relevant.map(names), relevance: path))
    }
    return result
  }

  /// How many variables may be conditioned on for all subsets to be looked at.
  static var exhaustiveCandidates: Int { 10 }

  /// All minimal sets that separate an instrument from the outcome and not from the cause, by enumeration in order of size.
  private func conditions(of z: NodeSet, _ x: NodeSet, _ y: NodeSet, among candidates: [Int], in backDoor: CausalGraph)
    -> [NodeSet]
  {
    var result: [NodeSet] = []
    let separations = SeparationIndex(backDoor)
    let subsets = (0..<(1 << candidates.count)).sorted { ($0.nonzeroBitCount, $0) < ($1.nonzeroBitCount, $1) }
    for bits in subsets {
      let set = NodeSet(candidates.indices.filter { bits >> $0 & 1 == 1 }.map { candidates[$0] })
      if result.contains(where: { $0.isSubset(of: set) }) { continue }
      if separations.isSeparated(z, y, given: set), !separations.isSeparated(z, x, given: set) { result.append(set) }
    }
    return result
  }

  /// Smallest first, then in the order of the nodes.
  func inOrder(_ sets: [NodeSet]) -> [NodeSet] {
    sets.sorted { a, b in a.count != b.count ? a.count < b.count : Array(a).lexicographicallyPrecedes(Array(b)) }
  }

  /// The pairs of observed variables that qualify, by the graph, as treatment and outcome proxies of some minimal set of latent
  /// variables that blocks the back door. That the proxies vary enough with the latent variables (completeness) is a further
  /// assumption, which no graph states.
  ///
  /// - Parameter covariates: observed variables that are given throughout; none may follow from the cause.
  /// - Source: Miao, Geng and Tchetgen Tchetgen (2018); Tchetgen Tchetgen et al. (2024).
  public func proxies(
    for cause: String, on outcome: String, given covariates: [String] = [], limit: Int = 100
  ) throws(DiagnosticError) -> [ProxyPair] {
    let (x, y) = try observedPair([cause], [outcome])
    let given = try set(of: covariates)
    let directed = canonicalDirectedGraph()
    let problem = AdjustmentProblem(graph: directed, from: x, to: y)
    let search = SeparatorProblem(
      graph: problem.backDoorGraph, from: x, to: y, allowed: directed.latent.union(given).subtracting(problem.forbidden))
    guard given.isDisjoint(with: descendants(of: x).union(y)) else { return [] }
    var result: [ProxyPair] = []
    let others = directed.observed.subtracting(x).subtracting(y).subtracting(given)
    for separator in inOrder(search.all(limit: limit).sets) {
      let hidden = separator.intersection(directed.latent)
      // What is given besides must not open what the separator closed.
      guard !hidden.isEmpty, problem.backDoorGraph.isSeparated(x, y, given: hidden.union(given)) else { continue }
      let tied = others.filter { !directed.isSeparated(NodeSet(node: $0), hidden, given: given) }
      for z in tied where directed.isSeparated(NodeSet(node: z), y, given: hidden.union(x).union(given)) {
        for w in tied
        where w != z && directed.isSeparated(NodeSet(node: w), x.union(NodeSet(node: z)), given: hidden.union(given)) {
          let pair = ProxyPair(
            ofTreatment: nodes[z].name, ofOutcome: nodes[w].name, latent: directed.names(of: hidden), given: covariates)
          if !result.contains(pair) { result.append(pair) }
        }
      }
    }
    return result
  }
}
