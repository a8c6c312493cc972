import AleaData
import AleaModel
import AleaSolvers
import Testing

/// Adjustment within strata: what is licensed gives the effect of intervening, and what exists by enumeration is found.
@Suite struct ConditionalAdjustmentTests {
  /// On random discrete models with latent variables: the sum over z of P(y | x, w, z) P(z | w) equals P(y | do(x), w).
  @Test func randomModels() throws {
    var random = SplitMix(state: 2014)
    var licensed = 0
    var refused = 0
    for _ in 0..<600 {
      let model = RandomModel(using: &random)
      let observed = model.graph.names(of: model.graph.observed).shuffled(using: &random)
      guard observed.count >= 3 else { continue }
      let (x, y) = (observed[0], observed[1])
      let given = Array(observed[2...].prefix(Int.random(in: 1...2, using: &random)))
      let rows = try DataTable("rows", columns: observed.map { DataColumn($0, .integer, numbers: [0, 1]) })
      let problem = try EffectProblem(graph: model.graph, cause: x, outcome: y, given: given, data: rows)
      let found: [String]?
      do {
        found = try problem.adjustmentSet()
      } catch is EffectRefusal {
        found = nil
      }
      let best = try Self.smallest(x, y, given: given, in: model.graph)
      #expect(found?.count == best, "\(model.graph)\n\(x) on \(y) given \(given): \(found ?? ["none"])")
      guard let z = found else {
        refused += 1
        continue
      }
      licensed += 1
      let within = Estimand.probability(of: [y], given: [x] + given + z)
      let estimand =
        z.isEmpty ? within : Estimand.sum(over: z, .product([within, .probability(of: z, given: given)]))
      let table = try DiscreteLaw(model.observedNames, cardinalities: model.observedSizes, probabilities: model.observedLaw())
        .value(of: estimand)
      let truth = model.effect(of: [x], on: [y], given: given)
      var worst = 0.0
      for cell in model.assignments(of: [x, y] + given) { worst = max(worst, abs(table[cell] - truth(cell))) }
      #expect(worst < 1e-9, "\(model.graph)\n\(x) on \(y) given \(given), adjusting for \(z)")
    }
    #expect(licensed > 100 && refused > 100, "\(licensed) licensed, \(refused) refused")
  }

  /// The size of the smallest set that, with the strata, satisfies the adjustment criterion path by path, and holds nothing the cause
  /// moves; nil when there is none.
  private static func smallest(_ x: String, _ y: String, given: [String], in graph: CausalGraph) throws -> Int? {
    let moved = Set(graph.names(of: graph.descendants(of: NodeSet(node: try graph.index(of: x)))))
    guard moved.isDisjoint(with: given) else { return nil }
    let candidates = graph.names(of: graph.observed).filter { $0 != x && $0 != y && !given.contains($0) && !moved.contains($0) }
    return CausalBruteForce.subsets(candidates).filter {
      CausalBruteForce.isAdjustment($0 + given, from: [x], to: y, in: graph)
    }.map(\.count).min()
  }
}
