import AleaModel
import AleaSolvers
import Foundation
import Testing

/// Identification against the reference answers, against intervening in random models, and refusals against the definition of a hedge.
@Suite struct CausalIdentificationTests {
  @Test(arguments: CausalReference.names) func verdicts(_ name: String) throws {
    let reference = try CausalReference(name)
    let main = try reference.graph.identify(effectOf: [reference.exposure], on: [reference.outcome])
    #expect(main.isIdentified == (try reference.answer("identifiable")), "\(main)")
    let rows: [[String: Any]] = (try? reference.answer("id_queries")) ?? []
    for row in rows {
      let interventions = try #require(row["do"] as? [String])
      let outcomes = try #require(row["outcome"] as? [String])
      let answer = try reference.graph.identify(effectOf: interventions, on: outcomes)
      #expect(answer.isIdentified == (row["identifiable"] as? Bool), "\(answer)")
      if let hedge = answer.hedge { Self.verify(hedge, in: reference.graph.latentProjection(), answer.query) }
    }
  }

  @Test(arguments: CausalReference.names) func values(_ name: String) throws {
    let reference = try CausalReference(name)
    guard let numeric = reference.numeric else { return }
    let order = try #require(numeric["order"] as? [String])
    let law = try DiscreteLaw(
      order, cardinalities: order.map { _ in 2 }, probabilities: try #require(numeric["p"] as? [Double]))
    let answer = try reference.graph.identify(effectOf: [reference.exposure], on: [reference.outcome])
    guard let estimand = answer.estimand else { return }
    let table = try law.value(of: estimand)
    let truth = try #require(numeric["do_truth"] as? [Double])
    for x in 0...1 {
      for free in 0...1 {
        var cell = Dictionary(uniqueKeysWithValues: answer.freelyChosen.map { ($0, free) })
        cell[reference.exposure] = x
        cell[reference.outcome] = 1
        #expect(abs(table[cell] - truth[x]) < 1e-9, "\(answer)")
      }
    }
  }

  @Test func randomModels() throws {
    var random = SplitMix(state: 2006)
    var identified = 0
    var refused = 0
    for _ in 0..<1_000 {
      let model = RandomModel(using: &random)
      let observed = model.graph.names(of: model.graph.observed).shuffled(using: &random)
      let setCount = Int.random(in: 1...min(2, observed.count - 1), using: &random)
      let outcomeCount = Int.random(in: 1...min(2, observed.count - setCount), using: &random)
      let givenCount = Int.random(in: 0...min(2, observed.count - setCount - outcomeCount), using: &random)
      let interventions = Array(observed[..<setCount])
      let outcomes = Array(observed[setCount..<(setCount + outcomeCount)])
      let given = Bool.random(using: &random) ? [] : Array(observed[(setCount + outcomeCount)...].prefix(givenCount))
      let answer = try model.graph.identify(effectOf: interventions, on: outcomes, given: given)
      guard let estimand = answer.estimand else {
        refused += 1
        Self.verify(try #require(answer.hedge), in: model.graph.latentProjection(), answer.query)
        continue
      }
      identified += 1
      let table = try DiscreteLaw(model.observedNames, cardinalities: model.observedSizes, probabilities: model.observedLaw())
        .value(
          of: estimand)
      let asked = interventions + outcomes + given
      let truth = model.effect(of: interventions, on: outcomes, given: given)
      let free = answer.freelyChosen
      var worst = 0.0
      for cell in model.assignments(of: asked + free) { worst = max(worst, abs(table[cell] - truth(cell))) }
      #expect(worst < 1e-9, "\(model.graph)\n\(answer)")
    }
    // The families of questions must exercise both answers.
    #expect(identified > 500 && refused > 150, "\(identified) identified, \(refused) refused")
  }

  /// With nothing set, a conditional probability is itself; a cause downstream of its effect does nothing.
  @Test func plainQuestions() throws {
    let graph = try CausalGraph(
      nodes: [.observed("a"), .observed("b"), .observed("c")], edges: ["a" --> "b", "b" --> "c", "a" <--> "c"])
    #expect(try graph.identify(effectOf: [], on: ["c"], given: ["b"]).estimand == .probability(of: ["c"], given: ["b"]))
    #expect(try graph.identify(effectOf: [], on: ["a", "c"]).estimand == .probability(of: ["a", "c"], given: []))
    #expect(try graph.identify(effectOf: ["c"], on: ["b"]).estimand == .probability(of: ["b"], given: []))
    // What is seen downstream of the cause cannot simply be adjusted for, yet the conditional effect is a ratio.
    #expect(try graph.identify(effectOf: ["b"], on: ["c"], given: ["a"]).estimand == .probability(of: ["c"], given: ["a", "b"]))
  }

  /// The definition of a hedge, checked edge by edge (Shpitser and Pearl 2006, definitions 4 to 6), and two models built from it that
  /// agree on what is observed and differ in the effect on the roots.
  static func verify(_ hedge: Hedge, in graph: CausalGraph, _ query: Identification.Query) {
    do {
      let outer = try graph.set(of: hedge.outer)
      let inner = try graph.set(of: hedge.inner)
      let roots = try graph.set(of: hedge.roots)
      let x = try graph.set(of: hedge.interventions)
      let y = try graph.set(of: hedge.outcomes)
      #expect(inner.isSubset(of: outer) && inner != outer && !inner.isEmpty)
      #expect(!outer.isDisjoint(with: x) && inner.isDisjoint(with: x))
      #expect(roots.isSubset(of: graph.removingEdges(into: x).ancestors(of: y)))
      // IDC may only turn conditions into interventions, and the rest of them into outcomes.
      #expect(Set(hedge.interventions).isSubset(of: query.interventions + query.given))
      #expect(Set(hedge.outcomes).isSubset(of: query.outcomes + query.given))
      // One child each but the roots, inside the same forest, ending at the roots.
      for (forest, scope) in [(outer, hedge.outer), (inner, hedge.inner)] {
        for name in scope {
          let node = try graph.index(of: name)
          if roots.contains(node) {
            #expect(hedge.child[name] == nil)
            continue
          }
          let child = try graph.index(of: try #require(hedge.child[name]))
          #expect(graph.children[node].contains(child) && forest.contains(child))
        }
      }
      // The common causes are edges of the graph and a spanning tree of both sets.
      func spans(_ scope: NodeSet) throws -> Bool {
        let edges = try hedge.commonCauses.map {
          ($0.count == 2) ? (try graph.index(of: $0[0]), try graph.index(of: $0[1])) : (-1, -1)
        }
        #expect(edges.allSatisfy { graph.siblings[$0.0].contains($0.1) })
        let inside = edges.filter { scope.contains($0.0) && scope.contains($0.1) }
        var reached = NodeSet(scope.prefix(1))
        for _ in inside {
          for (a, b) in inside where reached.contains(a) || reached.contains(b) { reached.formUnion([a, b]) }
        }
        return reached == scope && inside.count == scope.count - 1
      }
      #expect(try spans(outer) && spans(inner))
      if hedge.outer.count <= 6 { try disagree(hedge, graph) }
    } catch {
      Issue.record(error)
    }
  }

  /// All variables and common causes are bits, the causes fair coins. In the first model every variable is the parity of its parents in
  /// the outer forest; in the second the inner ones leave out parents outside the inner forest. The laws agree, the effects on the roots do not.
  static func disagree(_ hedge: Hedge, _ graph: CausalGraph) throws {
    let order = graph.topologicalOrder.map { graph.nodes[$0].name }.filter(hedge.outer.contains)
    let x = Set(hedge.interventions)
    func law(second: Bool, doing value: Int?) -> [[Int]: Int] {
      var counts: [[Int]: Int] = [:]
      for coins in 0..<(1 << hedge.commonCauses.count) {
        var bits: [String: Int] = [:]
        for name in order {
          if let value, x.contains(name) {
            bits[name] = value
            continue
          }
          let cutsOff = second && hedge.inner.contains(name)
          var parity = 0
          for (parent, child) in hedge.child where child == name && !(cutsOff && !hedge.inner.contains(parent)) {
            parity ^= bits[parent] ?? 0
          }
          for (position, edge) in hedge.commonCauses.enumerated() where edge.contains(name) {
            if cutsOff, !edge.allSatisfy(hedge.inner.contains) { continue }
            parity ^= (coins >> position) & 1
          }
          bits[name] = parity
        }
        let seen = value == nil ? order : hedge.roots
        counts[seen.map { bits[$0] ?? 0 }, default: 0] += 1
      }
      return counts
    }
    #expect(law(second: false, doing: nil) == law(second: true, doing: nil))
    #expect(
      law(second: false, doing: 1) != law(second: true, doing: 1) || law(second: false, doing: 0) != law(second: true, doing: 0))
  }
}

/// A random model of discrete variables, up to six of them observed, with strictly positive laws.
struct RandomModel {
  let graph: CausalGraph
  let sizes: [Int]
  /// For each node, a row of probabilities per configuration of its parents (in increasing order of index, the last fastest).
  let tables: [[[Double]]]

  init(using random: inout SplitMix) {
    let observedCount = Int.random(in: 2...6, using: &random)
    let latentCount = Int.random(in: 1...4, using: &random)
    var kinds = [Bool](repeating: false, count: observedCount) + [Bool](repeating: true, count: latentCount)
    // Latent variables come first half of the time: as roots they confound more, and more questions must be refused.
    if Bool.random(using: &random) { kinds.reverse() } else { kinds.shuffle(using: &random) }
    var nodes: [CausalGraph.Node] = []
    for (index, isLatent) in kinds.enumerated() { nodes.append(.init(isLatent ? "u\(index)" : "v\(index)", isLatent: isLatent)) }
    var edges: [CausalGraph.Edge] = []
    let density = Double.random(in: 0.25...0.7, using: &random)
    for to in nodes.indices {
      for from in 0..<to where Double.random(in: 0..<1, using: &random) < density {
        edges.append(nodes[from].name --> nodes[to].name)
      }
    }
    // The names are in causal order, but the graph states them in another.
    nodes.shuffle(using: &random)
    guard let graph = try? CausalGraph(nodes: nodes, edges: edges) else { fatalError("a graph in causal order has no cycle") }
    let sizes = nodes.map { _ in Int.random(in: 2...(observedCount + latentCount > 7 ? 2 : 3), using: &random) }
    self.graph = graph
    self.sizes = sizes
    var tables: [[[Double]]] = []
    for node in nodes.indices {
      let rows = graph.parents[node].reduce(1) { $0 * sizes[$1] }
      tables.append(
        (0..<rows).map { _ in
          let weights = (0..<sizes[node]).map { _ in Double.random(in: 0.1...1, using: &random) }
          return weights.map { $0 / weights.reduce(0, +) }
        })
    }
    self.tables = tables
  }

  var observedNames: [String] { graph.names(of: graph.observed) }
  var observedSizes: [Int] { graph.observed.map { sizes[$0] } }

  /// The probability of all variables, with the factors of some left out.
  private func joint(cutting cut: NodeSet) -> [(values: [Int], weight: Double)] {
    var cells: [(values: [Int], weight: Double)] = [([Int](repeating: 0, count: sizes.count), 1)]
    for node in graph.topologicalOrder {
      cells = cells.flatMap { cell in
        let row = graph.parents[node].reduce(0) { $0 * sizes[$1] + cell.values[$1] }
        return (0..<sizes[node]).map { value in
          var values = cell.values
          values[node] = value
          return (values, cell.weight * (cut.contains(node) ? 1 : tables[node][row][value]))
        }
      }
    }
    return cells
  }

  private func key(_ nodes: [Int], _ value: (Int) -> Int) -> Int { nodes.reduce(0) { $0 * sizes[$1] + value($1) } }

  private func table(over nodes: [Int], cutting cut: NodeSet) -> [Double] {
    var result = [Double](repeating: 0, count: nodes.reduce(1) { $0 * sizes[$1] })
    for cell in joint(cutting: cut) { result[key(nodes) { cell.values[$0] }] += cell.weight }
    return result
  }

  func observedLaw() -> [Double] { table(over: Array(graph.observed), cutting: []) }

  /// The truth: the factors of the interventions are left out (truncated factorisation), then the rest is conditioned.
  func effect(of interventions: [String], on outcomes: [String], given: [String]) -> ([String: Int]) -> Double {
    func indices(_ names: [String]) -> [Int] { names.compactMap { try? graph.index(of: $0) } }
    let cut = NodeSet(indices(interventions))
    let above = indices(interventions + given + outcomes)
    let below = indices(interventions + given)
    let joint = table(over: above, cutting: cut)
    let condition = table(over: below, cutting: cut)
    return { cell in
      let value = { (node: Int) in cell[graph.nodes[node].name] ?? 0 }
      return joint[key(above, value)] / condition[key(below, value)]
    }
  }

  func assignments(of names: [String]) -> [[String: Int]] {
    names.reduce([[:]]) { partial, name in
      let size = (try? graph.index(of: name)).map { sizes[$0] } ?? 1
      return partial.flatMap { cell in (0..<size).map { cell.merging([name: $0]) { $1 } } }
    }
  }
}
