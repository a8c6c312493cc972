import AleaModel

/// Builds estimands in the shape in which papers write them, using the separations of the graph.
///
/// Every rewriting is an identity for each law of the graph under which the conditional probabilities exist:
/// dropping a condition that the rest makes irrelevant; the chain rule, both ways; summing a conditional probability over one of its
/// variables; taking factors out of sums; cancelling equal factors.
struct EstimandSimplifier {
  /// A graph of observed variables.
  let graph: CausalGraph
  private let separations: SeparationIndex
  private let rank: [String: Int]
  private let index: [String: Int]

  init(graph: CausalGraph) {
    self.graph = graph
    separations = SeparationIndex(graph)
    rank = Dictionary(graph.topologicalOrder.enumerated().map { (graph.nodes[$1].name, $0) }, uniquingKeysWith: { a, _ in a })
    index = Dictionary(graph.nodes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { a, _ in a })
  }

  /// Names in topological order.
  func sorted(_ names: some Sequence<String>) -> [String] { names.sorted { rank[$0] ?? 0 < rank[$1] ?? 0 } }

  func names(_ set: NodeSet) -> [String] { sorted(graph.names(of: set)) }

  private func set(_ names: some Sequence<String>) -> NodeSet { NodeSet(names.compactMap { index[$0] }) }

  /// `P(variables | given)` without the conditions that do not matter.
  func conditional(_ variables: [String], given: [String]) -> Estimand {
    let condition = separations.relevantPart(of: set(given), to: set(variables))
    return .probability(of: sorted(variables), given: names(condition))
  }

  // MARK: Products

  func product(_ factors: [Estimand]) -> Estimand {
    var flat: [Estimand] = []
    for factor in factors {
      switch factor {
      case .product(let inner): flat += inner
      case .probability(let variables, _) where variables.isEmpty: continue
      default: flat.append(factor)
      }
    }
    if flat.count == 1 { return flat[0] }
    let ordered = flat.enumerated().sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }
    return .product(ordered.map(\.element))
  }

  /// Probabilities stand in the order of what they are probabilities of; other factors follow.
  private func place(_ factor: Estimand) -> Int {
    guard case .probability(let variables, _) = factor else { return .max }
    return variables.map { rank[$0] ?? 0 }.max() ?? 0
  }

  private func factors(of estimand: Estimand) -> [Estimand] {
    if case .product(let inner) = estimand { return inner }
    return [estimand]
  }

  // MARK: Quotients

  func quotient(_ numerator: Estimand, _ denominator: Estimand) -> Estimand {
    var above = factors(of: numerator)
    var below: [Estimand] = []
    for factor in factors(of: denominator) {
      if let same = above.firstIndex(of: factor) { above.remove(at: same) } else { below.append(factor) }
    }
    if below.isEmpty { return product(above) }
    // P(A, B | R) / P(B | R) = P(A | B, R)
    if below.count == 1, case .probability(let divisor, let condition) = below[0] {
      for (position, factor) in above.enumerated() {
        guard case .probability(let variables, let given) = factor, given == condition, Set(divisor).isSubset(of: variables)
        else {
          continue
        }
        above[position] = conditional(variables.filter { !divisor.contains($0) }, given: divisor + condition)
        return product(above)
      }
    }
    return .quotient(product(above), product(below))
  }

  // MARK: Sums

  /// The sum of a term over some variables.
  func sum(over variables: some Sequence<String>, _ term: Estimand) -> Estimand {
    let bound = Set(variables)
    if bound.isEmpty { return term }
    let inner = factors(of: term)
    let plain = sum(over: bound, factors: inner)
    guard let (wider, opened) = opening(bound, inner) else { return plain }
    let merged = sum(over: wider, factors: opened)
    return merged.size < plain.size || inner.count == 1 ? merged : plain
  }

  /// Σ_a (c · Σ_b d) as Σ_{a,b} c · d: one sum to work on, where no name would be captured. Nil when there is no such inner sum.
  private func opening(_ bound: Set<String>, _ factors: [Estimand]) -> (Set<String>, [Estimand])? {
    var bound = bound
    var result: [Estimand] = []
    var isChanged = false
    for (position, factor) in factors.enumerated() {
      guard case .sum(let more, let body) = factor, bound.isDisjoint(with: more),
        factors.indices.allSatisfy({ $0 == position || factors[$0].freeVariables.isDisjoint(with: more) }),
        result.allSatisfy({ $0.freeVariables.isDisjoint(with: more) })
      else {
        result.append(factor)
        continue
      }
      bound.formUnion(more)
      result += self.factors(of: body)
      isChanged = true
    }
    return isChanged ? (bound, result) : nil
  }

  private func sum(over variables: Set<String>, factors: [Estimand]) -> Estimand {
    var bound = variables
    var inner = factors
    var free = factors.map(\.freeVariables)
    // What was tried in vain for a variable is tried again only when one of its factors has changed.
    var failed: [String: [Estimand]] = [:]
    var changed = true
    while changed {
      changed = false
      for variable in sorted(bound).reversed() {
        let touching = inner.indices.filter { free[$0].contains(variable) }
        let parts = touching.map { inner[$0] }
        if failed[variable] == parts { continue }
        guard let merged = merge(parts), case .probability(let left, let given) = merged, left.contains(variable) else {
          failed[variable] = parts
          continue
        }
        for position in touching.reversed() {
          inner.remove(at: position)
          free.remove(at: position)
        }
        if left.count > 1 {
          inner.append(conditional(left.filter { $0 != variable }, given: given))
          free.append(inner[inner.count - 1].freeVariables)
        }
        bound.remove(variable)
        changed = true
      }
    }
    let outside = inner.filter { $0.freeVariables.isDisjoint(with: bound) }
    let inside = inner.filter { !$0.freeVariables.isDisjoint(with: bound) }
    if bound.isEmpty { return product(outside) }
    return product(outside + [.sum(over: sorted(bound), product(joined(inside, bound: bound)))])
  }

  /// Joins probabilities of bound variables into one where the chain rule allows, and likewise those of free variables:
  /// `P(a) P(b | a)` is `P(a, b)`.
  func joined(_ factors: [Estimand], bound: Set<String> = []) -> [Estimand] {
    var result = factors
    var position = 0
    while position < result.count {
      var partner = position + 1
      while partner < result.count {
        if let sort = kind(result[position], bound), sort == kind(result[partner], bound),
          let joined = merge([result[position], result[partner]])
        {
          result[position] = joined
          result.remove(at: partner)
          partner = position + 1
        } else {
          partner += 1
        }
      }
      position += 1
    }
    return result
  }

  /// Whether a probability is of bound variables, or of free ones; nil when of both.
  private func kind(_ factor: Estimand, _ bound: Set<String>) -> Bool? {
    guard case .probability(let variables, _) = factor else { return nil }
    return bound.isSuperset(of: variables) ? true : bound.isDisjoint(with: variables) ? false : nil
  }

  /// The product of conditional probabilities as one, by the chain rule and the separations of the graph; nil when it is not one.
  private func merge(_ factors: [Estimand]) -> Estimand? {
    var atoms: [(variables: NodeSet, given: NodeSet, rank: Int)] = []
    for factor in factors {
      guard case .probability(let variables, let given) = factor else { return nil }
      atoms.append((set(variables), set(given), variables.map { rank[$0] ?? 0 }.max() ?? 0))
    }
    atoms.sort { $0.rank < $1.rank }
    guard var (left, given, _) = atoms.first else { return nil }
    // No variable can be on the left twice; this needs no search of the graph, so it is looked at first.
    if atoms.reduce(0, { $0 + $1.variables.count }) != atoms.reduce(into: NodeSet(), { $0.formUnion($1.variables) }).count {
      return nil
    }
    for atom in atoms.dropFirst() {
      // P(L | R) P(C | E) = P(L | R, E \ L) P(C | L, R, E) = P(L, C | R, E \ L)
      guard atom.variables.isDisjoint(with: left.union(given)) else { return nil }
      let added = atom.given.subtracting(left).subtracting(given)
      let ignored = left.union(given).subtracting(atom.given)
      guard separations.isSeparated(left, added, given: given),
        separations.isSeparated(atom.variables, ignored, given: atom.given)
      else {
        return nil
      }
      left.formUnion(atom.variables)
      given.formUnion(added)
    }
    return .probability(of: names(left), given: names(given))
  }
}
