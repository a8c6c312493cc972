import AleaModel
import AleaSyntax

extension CausalGraph {
  /// The effect of setting some variables on others, possibly within strata of others: its formula with the derivation, or the hedge.
  ///
  /// ```swift
  /// try graph.identify(effectOf: ["smoking"], on: ["cancer"]).estimand
  /// // Σ_tar P(tar | smoking) · Σ_smoking' P(smoking') · P(cancer | smoking', tar)
  /// ```
  /// The algorithm is complete: an effect it does not find is a function of no law of the observed variables. It assumes that every
  /// event conditioned on has positive probability.
  ///
  /// - Throws: for unknown names, latent variables, a variable that plays two parts, and a question without an outcome.
  /// - Complexity: polynomial in the size of the graph.
  /// - Source: Tian and Pearl (2002) for the factorisation by c-components; Shpitser and Pearl (2006) and Huang and Valtorta (2006)
  ///   for completeness; Shpitser and Pearl (2006b) for conditional effects (IDC).
  public func identify(effectOf interventions: [String], on outcomes: [String], given: [String] = []) throws(DiagnosticError)
    -> Identification
  {
    let parts = [("set", interventions), ("asked about", outcomes), ("given", given)]
    var part: [String: String] = [:]
    for (role, names) in parts {
      for name in names {
        let node = nodes[try index(of: name)]
        if node.isLatent {
          throw DiagnosticError(
            .error(
              "`\(name)` is latent, so it cannot be \(role)", at: node.span,
              notes: ["effects are identified from the law of the observed variables alone"]))
        }
        if let other = part[name], other != role {
          throw DiagnosticError(.error("`\(name)` is both \(other) and \(role)", at: node.span))
        }
        part[name] = role
      }
    }
    if outcomes.isEmpty { throw DiagnosticError(.error("an effect needs an outcome", at: nil)) }
    let projected = latentProjection()
    var search = EffectSearch(graph: projected)
    return search.identify(
      try projected.set(of: outcomes), do: try projected.set(of: interventions), given: try projected.set(of: given))
  }
}

/// One run of the identification algorithm on a graph of observed variables, with the notes it takes.
private struct EffectSearch {
  struct Undecidable: Error { let hedge: Hedge }

  let graph: CausalGraph
  let write: EstimandSimplifier
  var steps: [Identification.Step] = []

  init(graph: CausalGraph) {
    self.graph = graph
    write = EstimandSimplifier(graph: graph)
  }

  mutating func identify(_ outcomes: NodeSet, do interventions: NodeSet, given: NodeSet) -> Identification {
    let query = Identification.Query(
      outcomes: graph.names(of: outcomes), interventions: graph.names(of: interventions), given: graph.names(of: given))
    do throws(Undecidable) {
      var estimand = try conditionalEffect(outcomes, do: interventions, given: given)
      if given.isEmpty, let shorter = adjustmentFormula(outcomes, do: interventions), shorter.size < estimand.size {
        note(
          .adjustment,
          "Shorter and equal: \(adjustmentWords(shorter)) satisfies the adjustment criterion, so the effect is \(shorter).",
          shorter)
        estimand = shorter
      }
      return Identification(query: query, outcome: .identified(estimand), steps: steps)
    } catch {
      note(
        .hedge,
        "There nothing sums out and nothing factorises: F = {\(error.hedge.outer.joined(separator: ", "))} and "
          + "F' = {\(error.hedge.inner.joined(separator: ", "))} form a hedge, and the effect is not identified.")
      return Identification(query: query, outcome: .unidentified(error.hedge), steps: steps)
    }
  }

  private mutating func note(_ rule: Identification.Step.Rule, _ text: String, _ formula: Estimand? = nil) {
    steps.append(.init(rule: rule, text: text, formula: formula))
  }

  private func list(_ set: NodeSet) -> String { "{" + write.names(set).joined(separator: ", ") + "}" }
  private func plain(_ set: NodeSet) -> String { write.names(set).joined(separator: ", ") }

  // MARK: Conditional effects

  /// IDC: conditions that may as well be set are set, then the rest is a ratio of joint effects.
  private mutating func conditionalEffect(_ outcomes: NodeSet, do interventions: NodeSet, given: NodeSet) throws(Undecidable)
    -> Estimand
  {
    var interventions = interventions
    var given = given
    var moved = true
    while moved {
      moved = false
      for node in given {
        let single = NodeSet(node: node)
        let rest = given.subtracting(single)
        let cut = graph.removingEdges(into: interventions).removingEdges(outOf: single)
        if cut.isSeparated(outcomes, single, given: interventions.union(rest)) {
          interventions.insert(node)
          given = rest
          moved = true
          note(
            .exchange,
            "Observing \(plain(single)) says about \(plain(outcomes)) what setting it would: without the arrows out of it, the two are "
              + "separated. It joins the interventions (second rule of the do-calculus).")
          break
        }
      }
    }
    if given.isEmpty { return try effect(of: interventions, on: outcomes) }
    note(
      .conditioning,
      "The effect on \(plain(outcomes)) given \(plain(given)) is the joint effect on \(plain(outcomes.union(given))) divided by "
        + "its sum over \(plain(outcomes)).")
    let joint = try effect(of: interventions, on: outcomes.union(given))
    let result = write.quotient(joint, write.sum(over: graph.names(of: outcomes), joint))
    note(.assembly, "The ratio is \(result).", result)
    return result
  }

  // MARK: Joint effects

  private mutating func effect(of interventions: NodeSet, on outcomes: NodeSet) throws(Undecidable) -> Estimand {
    let everything = NodeSet(upTo: graph.nodes.count)
    let relevant = graph.ancestors(of: outcomes, within: everything.subtracting(interventions))
    let order = graph.topologicalOrder
    let parts = graph.districts(within: relevant).sorted { a, b in
      (order.firstIndex(where: a.contains) ?? 0) < (order.firstIndex(where: b.contains) ?? 0)
    }
    let summed = relevant.subtracting(outcomes)
    if interventions.isEmpty {
      note(.ancestors, "Nothing is set: the answer is the marginal law of \(plain(outcomes)).")
    } else if summed.isEmpty {
      note(.ancestors, "With \(plain(interventions)) set, no other variable matters for \(plain(outcomes)).")
    } else {
      note(
        .ancestors,
        "With \(plain(interventions)) set, of the other variables only \(plain(summed)) \(summed.count == 1 ? "matters" : "matter") "
          + "for \(plain(outcomes)).")
    }
    if parts.count > 1 || !summed.isEmpty {
      let factors = parts.map { "Q\(list($0))" }.joined(separator: " · ")
      let prefix = summed.isEmpty ? "" : "the sum over \(plain(summed)) of "
      note(
        .factorization,
        "The effect is \(prefix)\(factors), one factor for each group held together by unmeasured common causes; Q{...} is the law of "
          + "the group when all else is set.")
    }
    var factors: [Estimand] = []
    let whole = graph.districts()
    for part in parts {
      guard let home = whole.first(where: { part.isSubset(of: $0) }) else { continue }
      let known = districtFactor(home)
      if home == part {
        note(.district, "Q\(list(part)) = \(known), because \(list(part)) is a district of the whole graph.", known)
        factors.append(known)
      } else {
        note(.district, "Q\(list(part)) is sought inside the district \(list(home)), where Q\(list(home)) = \(known).", known)
        factors.append(try factor(of: part, in: home, known: known, effectOf: interventions, on: outcomes))
      }
    }
    let sum = write.sum(over: graph.names(of: summed), write.product(factors))
    let result = if case .product(let parts) = sum { write.product(write.joined(parts)) } else { sum }
    note(.assembly, "Put together: \(result).", result)
    return result
  }

  /// Q of a district of the whole graph: the product of P(v | everything before v).
  ///
  /// Of what comes before, only the district of v among it, and the parents of that, can matter (the ordered Markov property).
  private func districtFactor(_ district: NodeSet) -> Estimand {
    var upTo = NodeSet()
    var factors: [Estimand] = []
    for node in graph.topologicalOrder {
      upTo.insert(node)
      guard district.contains(node) else { continue }
      let near = graph.district(of: node, within: upTo)
      let blanket = near.union(graph.parents(of: near)).subtracting(NodeSet(node: node))
      factors.append(write.conditional([graph.nodes[node].name], given: graph.names(of: blanket)))
    }
    return write.product(factors)
  }

  /// Tian's Identify: Q of a group inside a larger one whose Q is known.
  private mutating func factor(
    of part: NodeSet, in whole: NodeSet, known: Estimand, effectOf interventions: NodeSet, on outcomes: NodeSet
  ) throws(Undecidable) -> Estimand {
    var whole = whole
    var known = known
    while true {
      let ancestral = graph.ancestors(of: part, within: whole)
      if ancestral == whole {
        throw Undecidable(hedge: hedge(outer: whole, inner: part, interventions: interventions, outcomes: outcomes))
      }
      let dropped = whole.subtracting(ancestral)
      known = write.sum(over: graph.names(of: dropped), known)
      note(
        .marginalization,
        "Inside \(list(whole)), \(plain(dropped)) \(dropped.count == 1 ? "is no ancestor" : "are no ancestors") of \(plain(part)) "
          + "and \(dropped.count == 1 ? "sums" : "sum") out: Q\(list(ancestral)) = \(known).", known)
      if ancestral == part { return known }
      guard let first = part.first else { return known }
      let next = graph.district(of: first, within: ancestral)
      if next != ancestral {
        known = ratio(next, in: ancestral, known: known)
        note(
          .ratio,
          "In \(list(ancestral)) the group of \(plain(part)) is \(list(next)); the factors of its members, each given those before it, "
            + "are Q\(list(next)) = \(known).", known)
      }
      if next == part { return known }
      whole = next
    }
  }

  /// Q of a district inside an ancestral set: the product of Q[first i] / Q[first i-1] over its members.
  private func ratio(_ district: NodeSet, in scope: NodeSet, known: Estimand) -> Estimand {
    let order = graph.topologicalOrder.filter(scope.contains)
    var factors: [Estimand] = []
    for (position, node) in order.enumerated() where district.contains(node) {
      let upTo = write.sum(over: order[(position + 1)...].map { graph.nodes[$0].name }, known)
      let before = position == 0 ? Estimand.one : write.sum(over: order[position...].map { graph.nodes[$0].name }, known)
      factors.append(position == 0 ? upTo : write.quotient(upTo, before))
    }
    return write.product(factors)
  }

  // MARK: Hedges

  /// Keeps one child a node and a spanning tree of common causes, so that both sets become forests with the same roots.
  private func hedge(outer: NodeSet, inner: NodeSet, interventions: NodeSet, outcomes: NodeSet) -> Hedge {
    let roots = NodeSet(inner.filter { graph.children[$0].isDisjoint(with: inner) })
    var child: [String: String] = [:]
    var settled = roots
    for scope in [inner, outer] {
      var grown = true
      while grown {
        grown = false
        for node in scope.subtracting(settled) {
          // In the inner set any child inside it will do: its own child leads on, and there is no cycle.
          guard let kept = graph.children[node].intersection(settled).first else { continue }
          child[graph.nodes[node].name] = graph.nodes[kept].name
          settled.insert(node)
          grown = true
        }
      }
    }
    var tree: [[String]] = []
    var connected = NodeSet(node: inner.first ?? 0)
    for scope in [inner, outer] {
      var grown = true
      while grown {
        grown = false
        for node in scope.subtracting(connected) {
          guard let sibling = graph.siblings[node].intersection(connected).first else { continue }
          tree.append([graph.nodes[sibling].name, graph.nodes[node].name])
          connected.insert(node)
          grown = true
        }
      }
    }
    return Hedge(
      outer: write.names(outer), inner: write.names(inner), roots: write.names(roots), child: child, commonCauses: tree,
      outcomes: graph.names(of: outcomes), interventions: graph.names(of: interventions))
  }

  // MARK: Adjustment

  private func adjustmentFormula(_ outcomes: NodeSet, do interventions: NodeSet) -> Estimand? {
    guard !interventions.isEmpty, let adjustment = AdjustmentProblem(graph: graph, from: interventions, to: outcomes).minimum()
    else {
      return nil
    }
    let z = graph.names(of: adjustment)
    let within = write.conditional(graph.names(of: outcomes), given: graph.names(of: interventions) + z)
    return write.sum(over: z, write.product([within, write.conditional(z, given: [])]))
  }

  private func adjustmentWords(_ formula: Estimand) -> String {
    guard case .sum(let names, _) = formula else { return "the empty set" }
    return "{" + names.joined(separator: ", ") + "}"
  }
}
