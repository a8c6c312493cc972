import AleaModel
import AleaSyntax
import Foundation
import Testing

@testable import AleaSolvers

/// Separation, projection, adjustment, instruments, front doors and implications against the reference answers.
@Suite struct CausalGraphReferenceTests {
  @Test(arguments: CausalReference.names) func structure(_ name: String) throws {
    let reference = try CausalReference(name)
    let graph = reference.graph
    #expect(Set(graph.names(of: graph.observed)) == Set(try reference.answer("observed", as: [String].self)))
    #expect(Set(graph.names(of: graph.latent)) == Set(try reference.answer("latent", as: [String].self)))
    let ancestors = graph.ancestors(of: try graph.set(of: [reference.outcome])).intersection(graph.observed)
    #expect(Set(graph.names(of: ancestors)) == Set(try reference.answer("ancestors_of_outcome", as: [String].self)))
    let descendants = graph.descendants(of: try graph.set(of: [reference.exposure])).intersection(graph.observed)
    #expect(Set(graph.names(of: descendants)) == Set(try reference.answer("descendants_of_exposure", as: [String].self)))

    let admg = try reference.answer("admg", as: [String: Any].self)
    let projected = graph.latentProjection()
    let directed = projected.edges.filter { $0.kind == .directed }.map { [$0.from, $0.to] }
    let bidirected = projected.edges.filter { $0.kind == .bidirected }.map { Set([$0.from, $0.to]) }
    #expect(Set(directed) == Set(try #require(admg["directed"] as? [[String]])))
    #expect(Set(bidirected) == Set(try #require(admg["bidirected"] as? [[String]]).map(Set.init)))
    let districts = projected.districts().map { Set(projected.names(of: $0)) }
    #expect(Set(districts) == Set(try #require(admg["districts"] as? [[String]]).map(Set.init)))
  }

  @Test(arguments: CausalReference.names) func separation(_ name: String) throws {
    let reference = try CausalReference(name)
    for row in try reference.answer("d_separated", as: [[Any]].self) {
      let (a, b) = (try #require(row[0] as? String), try #require(row[1] as? String))
      let given = try #require(row[2] as? [String])
      let answer = try reference.graph.independent([a], [b], given: given)
      #expect(answer.isIndependent == (row[3] as? Bool), "\(answer)")
      // The projection has the same separations.
      #expect(try reference.graph.latentProjection().independent([a], [b], given: given).isIndependent == answer.isIndependent)
      if let path = answer.openPath { try verify(path, from: a, to: b, given: given, in: reference.graph) }
    }
    // The largest graph comes without this list.
    guard let rows = reference.expected["implied_independencies"] as? [[Any]] else { return }
    let implied = rows.map { row in
      Set([row[0] as? String ?? "", row[1] as? String ?? ""]).sorted() + ["|"] + (row[2] as? [String] ?? []).sorted()
    }
    let found = reference.graph.implications(largestCondition: 4).map {
      [$0.first, $0.second].sorted() + ["|"] + $0.given.sorted()
    }
    #expect(Set(found) == Set(implied))
  }

  @Test(arguments: CausalReference.names) func adjustment(_ name: String) throws {
    let reference = try CausalReference(name)
    let (x, y) = ([reference.exposure], [reference.outcome])
    for row in try reference.answer("is_adjustment_set", as: [[Any]].self) {
      let check = try reference.graph.checkAdjustment(try #require(row[0] as? [String]), from: x, to: y)
      #expect(check.isValid == (row[1] as? Bool), "\(check)")
    }
    let minimal = try reference.answer("minimal_adjustment_sets", as: [[String]].self).map { Set($0) }
    let answer = try reference.graph.adjustmentSets(from: x, to: y)
    #expect(answer.isComplete)
    #expect(Set(answer.minimal.map(Set.init)) == Set(minimal))
    #expect(answer.minimum?.count == minimal.map(\.count).min())
    #expect((answer.obstruction == nil) == !minimal.isEmpty)
    for set in [answer.minimum, answer.parents, answer.optimal] {
      if let set { #expect(try reference.graph.checkAdjustment(set, from: x, to: y).isValid) }
    }
  }

  @Test(arguments: CausalReference.names) func instrumentsAndFrontDoors(_ name: String) throws {
    let reference = try CausalReference(name)
    let (x, y) = (reference.exposure, reference.outcome)
    let frontDoor = try reference.graph.frontDoorSets(from: [x], to: [y])
    #expect(
      Set(frontDoor.map(Set.init)) == Set(try reference.answer("minimal_front_door_sets", as: [[String]].self).map(Set.init)))
    let instruments = try reference.graph.instruments(for: x, on: y)
    let known = try reference.answer("conditional_instruments", as: [String: [[String]]].self)
    #expect(Set(instruments.map(\.name)) == Set(known.keys))
    for instrument in instruments {
      #expect(Set(instrument.given.map(Set.init)) == Set(known[instrument.name, default: []].map(Set.init)), "\(instrument.name)")
    }
    let pairs = try reference.graph.proxies(for: x, on: y).map { [$0.ofTreatment, $0.ofOutcome] }
    #expect(Set(pairs) == Set(try reference.answer("proximal_pairs", as: [[String]].self)))
  }

  /// A path is what it claims: simple, of edges of the graph, every inner node open, with the reason given.
  private func verify(_ path: OpenPath, from a: String, to b: String, given: [String], in graph: CausalGraph) throws {
    #expect(CausalBruteForce.isOpen(path, given: given, in: graph))
    #expect(path.nodes.first == a && path.nodes.last == b)
  }
}

/// The same questions on random graphs, answered by going through all paths and all subsets.
@Suite struct CausalGraphRandomTests {
  @Test func separationAgainstAllPaths() throws {
    var random = SplitMix(state: 1)
    for _ in 0..<300 {
      let graph = try CausalBruteForce.randomGraph(Int.random(in: 2...7, using: &random), &random)
      let names = graph.nodes.map(\.name).shuffled(using: &random)
      let given = Array(names.dropFirst(2).prefix(Int.random(in: 0...4, using: &random)))
      let answer = try graph.independent([names[0]], [names[1]], given: given)
      let open = CausalBruteForce.paths(from: names[0], to: names[1], in: graph).filter {
        CausalBruteForce.isOpen($0, given: given, in: graph)
      }
      #expect(answer.isIndependent == open.isEmpty, "\(graph)\n\(answer)")
      if let path = answer.openPath { #expect(CausalBruteForce.isOpen(path, given: given, in: graph), "\(graph)\n\(answer)") }
    }
  }

  @Test func adjustmentAgainstAllSubsets() throws {
    var random = SplitMix(state: 2)
    var exists = 0
    for _ in 0..<300 {
      let graph = try CausalBruteForce.randomGraph(Int.random(in: 3...7, using: &random), &random)
      let names = graph.names(of: graph.observed).shuffled(using: &random)
      guard names.count >= 2 else { continue }
      let xs = Array(names.prefix(names.count > 3 && Bool.random(using: &random) ? 2 : 1))
      let y = names[xs.count]
      let rest = Array(names.dropFirst(xs.count + 1))
      let valid = CausalBruteForce.subsets(rest).filter { CausalBruteForce.isAdjustment($0, from: xs, to: y, in: graph) }
      for set in CausalBruteForce.subsets(rest) {
        #expect(try graph.checkAdjustment(set, from: xs, to: [y]).isValid == valid.contains(set), "\(graph)\n\(xs) \(y) \(set)")
      }
      let minimal = CausalBruteForce.minimal(valid)
      let answer = try graph.adjustmentSets(from: xs, to: [y])
      #expect(Set(answer.minimal.map(Set.init)) == minimal, "\(graph)\n\(xs) \(y)")
      #expect(answer.minimum?.count == minimal.map(\.count).min())
      if let minimum = answer.minimum { #expect(minimal.contains(Set(minimum))) }
      if !minimal.isEmpty { exists += 1 }
    }
    #expect(exists > 100)
  }

  /// In linear models with normal noise the least-squares coefficient of x given Z has asymptotic variance Var(y | x, Z) / Var(x | Z);
  /// the optimal set has the smallest of all valid sets, whatever the coefficients (Henckel, Perkovic and Maathuis 2022, theorem 1).
  @Test func optimalSetHasTheSmallestVariance() throws {
    var random = SplitMix(state: 2022)
    var compared = 0
    for _ in 0..<600 {
      let graph = try CausalBruteForce.randomGraph(Int.random(in: 3...7, using: &random), &random)
      let names = graph.names(of: graph.observed).shuffled(using: &random)
      guard names.count >= 3 else { continue }
      let (x, y) = (names[0], names[1])
      guard let optimal = try graph.adjustmentSets(from: [x], to: [y]).optimal else { continue }
      let covariance = CausalBruteForce.randomCovariance(of: graph.canonicalDirectedGraph(), &random)
      func variance(_ set: [String]) throws -> Double {
        let z = try set.map { try graph.index(of: $0) }
        let (x, y) = (try graph.index(of: x), try graph.index(of: y))
        return CausalBruteForce.residualVariance(of: y, given: z + [x], covariance)
          / CausalBruteForce.residualVariance(of: x, given: z, covariance)
      }
      let best = try variance(optimal)
      for set in CausalBruteForce.subsets(Array(names.dropFirst(2)))
      where CausalBruteForce.isAdjustment(set, from: [x], to: y, in: graph) {
        compared += 1
        #expect(try variance(set) >= best - 1e-9, "\(graph)\n\(x) \(y): \(set) against \(optimal)")
      }
    }
    #expect(compared > 100, "\(compared)")
  }

  /// Separation is vanishing partial covariance in a linear model with generic coefficients.
  @Test func separationIsVanishingPartialCovariance() throws {
    var random = SplitMix(state: 6)
    for _ in 0..<200 {
      let graph = try CausalBruteForce.randomGraph(Int.random(in: 2...8, using: &random), &random)
      let nodes = Array(graph.nodes.indices).shuffled(using: &random)
      let given = Array(nodes.dropFirst(2).prefix(Int.random(in: 0...5, using: &random)))
      let covariance = CausalBruteForce.randomCovariance(of: graph.canonicalDirectedGraph(), &random)
      let partial = CausalBruteForce.sweep(covariance, given)[nodes[0]][nodes[1]]
      let separated = graph.isSeparated(NodeSet(node: nodes[0]), NodeSet(node: nodes[1]), given: NodeSet(given))
      #expect((abs(partial) < 1e-9) == separated, "\(graph)\n\(nodes) \(given) \(partial)")
    }
  }

  @Test func frontDoorsAndInstrumentsAgainstAllSubsets() throws {
    var random = SplitMix(state: 3)
    var found = (frontDoors: 0, instruments: 0)
    for _ in 0..<400 {
      let graph = try CausalBruteForce.randomGraph(Int.random(in: 3...7, using: &random), &random)
      let names = graph.names(of: graph.observed).shuffled(using: &random)
      guard names.count >= 3 else { continue }
      let (x, y) = (names[0], names[1])
      let rest = Array(names.dropFirst(2))
      let frontDoors = CausalBruteForce.minimal(
        try CausalBruteForce.subsets(rest).filter { try CausalBruteForce.isFrontDoor($0, from: x, to: y, in: graph) })
      #expect(Set(try graph.frontDoorSets(from: [x], to: [y]).map(Set.init)) == frontDoors, "\(graph)\n\(x) \(y)")
      found.frontDoors += frontDoors.isEmpty ? 0 : 1

      let answer = try graph.instruments(for: x, on: y)
      var any = false
      for z in rest {
        let valid = try CausalBruteForce.subsets(rest.filter { $0 != z }).filter {
          try CausalBruteForce.isInstrument(z, given: $0, for: x, on: y, in: graph)
        }
        any = any || !valid.isEmpty
        for set in answer.first(where: { $0.name == z })?.given ?? [] {
          #expect(CausalBruteForce.minimal(valid).contains(Set(set)), "\(graph)\n\(z) given \(set) for \(x) on \(y)")
        }
      }
      // Some instrument is found whenever there is one (van der Zander, Textor and Liskiewicz 2015, theorem on ancestral instruments).
      #expect(!answer.isEmpty == any, "\(graph)\n\(x) \(y)")
      found.instruments += any ? 1 : 0
    }
    #expect(found.frontDoors > 20 && found.instruments > 50, "\(found)")
  }

  /// In small graphs every minimal condition of every instrument is listed, by the definition gone through path by path.
  @Test func allConditionsOfInstruments() throws {
    var random = SplitMix(state: 2006)
    var found = (plain: 0, conditional: 0, several: 0)
    for _ in 0..<2000 {
      let graph = try CausalBruteForce.randomGraph(Int.random(in: 5...6, using: &random), &random)
      let names = graph.names(of: graph.observed).shuffled(using: &random)
      guard names.count >= 3 else { continue }
      let (x, y) = (names[0], names[1])
      let rest = Array(names.dropFirst(2))
      let answer = try graph.instruments(for: x, on: y)
      for z in rest {
        let known = CausalBruteForce.minimal(
          try CausalBruteForce.subsets(rest.filter { $0 != z }).filter {
            try CausalBruteForce.isInstrument(z, given: $0, for: x, on: y, in: graph)
          })
        let given = answer.first { $0.name == z }?.given ?? []
        #expect(Set(given.map(Set.init)) == known, "\(graph)\n\(z) for \(x) on \(y)")
        #expect(given.count == known.count)
        if known.contains([]) { found.plain += 1 } else if !known.isEmpty { found.conditional += 1 }
        if known.count > 1 { found.several += 1 }
      }
    }
    #expect(found.plain > 50 && found.conditional > 20 && found.several > 3, "\(found)")
  }

  /// What an estimand conditions on: nothing it leaves out matters, by the search for open paths, and everything it keeps does.
  @Test func relevantPartsOfConditions() throws {
    var random = SplitMix(state: 1990)
    var dropped = 0
    for _ in 0..<1500 {
      let graph = try CausalBruteForce.randomGraph(Int.random(in: 3...9, using: &random), &random)
      let nodes = Array(graph.nodes.indices).shuffled(using: &random)
      let targets = NodeSet(nodes.prefix(Int.random(in: 1...2, using: &random)))
      let condition = NodeSet(nodes.suffix(nodes.count - 2).prefix(Int.random(in: 0...6, using: &random)))
      let index = SeparationIndex(graph)
      let kept = index.relevantPart(of: condition, to: targets)
      #expect(kept.isSubset(of: condition))
      let left = condition.subtracting(kept)
      dropped += left.count
      #expect(graph.openPath(from: targets, to: left, given: kept) == nil, "\(graph)\n\(Array(targets)) \(Array(condition))")
      for node in kept {
        let single = NodeSet(node: node)
        #expect(graph.openPath(from: targets, to: single, given: kept.subtracting(single)) != nil, "\(graph)")
      }
      let other = NodeSet(nodes.suffix(1)).subtracting(condition).subtracting(targets)
      #expect(
        index.isSeparated(targets, other, given: condition) == (graph.openPath(from: targets, to: other, given: condition) == nil)
      )
    }
    #expect(dropped > 300, "\(dropped)")
  }

  @Test func projectionKeepsSeparations() throws {
    var random = SplitMix(state: 4)
    for _ in 0..<200 {
      let graph = try CausalBruteForce.randomGraph(7, &random)
      let names = graph.names(of: graph.observed).shuffled(using: &random)
      guard names.count >= 2 else { continue }
      let projected = graph.latentProjection()
      for given in CausalBruteForce.subsets(Array(names.dropFirst(2))) {
        let whole = try graph.independent([names[0]], [names[1]], given: given).isIndependent
        #expect(try projected.independent([names[0]], [names[1]], given: given).isIndependent == whole)
      }
    }
  }

  @Test func markovBlanketSeparates() throws {
    var random = SplitMix(state: 5)
    for _ in 0..<200 {
      let graph = try CausalBruteForce.randomGraph(8, &random).latentProjection()
      for node in graph.nodes.indices {
        let blanket = graph.markovBlanket(of: node)
        let single = NodeSet(node: node)
        let others = NodeSet(upTo: graph.nodes.count).subtracting(blanket).subtracting(single)
        #expect(graph.isSeparated(single, others, given: blanket))
        // None of it can be left out.
        for member in blanket {
          let rest = blanket.subtracting(NodeSet(node: member))
          #expect(!graph.isSeparated(single, NodeSet(node: member), given: rest))
        }
      }
    }
  }
}

/// What must be said when a graph or a question is wrong, and in what words a path is explained.
@Suite struct CausalGraphMessageTests {
  static func smoking() throws -> CausalGraph {
    try CausalGraph(
      nodes: [.latent("genotype"), .observed("smoking"), .observed("tar"), .observed("cancer")],
      edges: ["genotype" --> "smoking", "genotype" --> "cancer", "smoking" --> "tar", "tar" --> "cancer"])
  }

  @Test func openPathsInWords() throws {
    let answer = try Self.smoking().independent(["smoking"], ["cancer"], given: ["tar"])
    #expect(
      answer.description
        == "smoking and cancer may be dependent given tar: smoking <- genotype -> cancer is open: genotype is latent and cannot be given"
    )
    let collider = try CausalGraph(
      nodes: [.observed("talent"), .observed("looks"), .observed("fame"), .observed("press")],
      edges: ["talent" --> "fame", "looks" --> "fame", "fame" --> "press"])
    #expect(try collider.independent(["talent"], ["looks"]).description == "talent and looks are independent")
    #expect(
      try collider.independent(["talent"], ["looks"], given: ["fame"]).openPath?.description
        == "talent -> fame <- looks is open: the collider fame is opened by being given")
    #expect(
      try collider.independent(["talent"], ["looks"], given: ["press"]).openPath?.description
        == "talent -> fame <- looks is open: the collider fame is opened by its descendant press, which is given")
  }

  @Test func frontDoorFormula() throws {
    let answer = try Self.smoking().identify(effectOf: ["smoking"], on: ["cancer"])
    #expect(answer.estimand?.description == "Σ_tar P(tar | smoking) · Σ_smoking' P(smoking') · P(cancer | smoking', tar)")
    #expect(
      answer.estimand?.latex
        == "\\sum_{\\mathit{tar}} P(\\mathit{tar} \\mid \\mathit{smoking}) \\, \\sum_{\\mathit{smoking}'} P(\\mathit{smoking}') \\, "
        + "P(\\mathit{cancer} \\mid \\mathit{smoking}', \\mathit{tar})")
  }

  @Test func napkinFormula() throws {
    let napkin = try CausalReference("napkin").graph
    let answer = try napkin.identify(effectOf: ["X"], on: ["Y"])
    #expect(answer.estimand?.description == "(Σ_W P(W) · P(X, Y | W, Z)) / (Σ_W P(W) · P(X | W, Z))")
    #expect(answer.freelyChosen == ["Z"])
  }

  @Test func wrongGraphs() throws {
    func faults(_ nodes: [CausalGraph.Node], _ edges: [CausalGraph.Edge]) -> [Diagnostic] {
      do throws(DiagnosticError) {
        _ = try CausalGraph(nodes: nodes, edges: edges)
        return []
      } catch {
        return error.diagnostics
      }
    }
    let abc: [CausalGraph.Node] = [.observed("price"), .observed("sales"), .observed("stock")]
    #expect(
      faults(abc, ["price" --> "sales", "sales" --> "stock", "stock" --> "price"]).map(\.message)
        == ["the arrows form a cycle: `price` -> `sales` -> `stock` -> `price`"])
    let unknown = faults(abc, ["prise" --> "sales", "stock" --> "stock"])
    #expect(unknown.map(\.message) == ["the graph has no variable `prise`", "`stock` cannot have an edge to itself"])
    #expect(unknown.first?.label == "did you mean `price`?")
    #expect(faults(abc + [.latent("price")], []).map(\.message) == ["`price` is declared twice"])
    #expect(faults(abc, ["price" --> "sales", "price" <--> "sales", "price" --> "sales"]).isEmpty)
  }

  @Test func wrongQuestions() throws {
    let graph = try Self.smoking()
    func message(_ ask: () throws -> Void) -> String? {
      do { try ask() } catch { return (error as? DiagnosticError)?.diagnostics.first?.message }
      return nil
    }
    #expect(
      message { _ = try graph.identify(effectOf: ["genotype"], on: ["cancer"]) } == "`genotype` is latent, so it cannot be set")
    #expect(message { _ = try graph.identify(effectOf: ["tar"], on: ["tar"]) } == "`tar` is both set and asked about")
    #expect(message { _ = try graph.identify(effectOf: ["tar"], on: []) } == "an effect needs an outcome")
    #expect(message { _ = try graph.independent(["tar"], ["cancer"], given: ["tar"]) } == "`tar` is both asked about and given")
    #expect(
      message { _ = try graph.adjustmentSets(from: ["genotype"], to: ["cancer"]) }
        == "`genotype` is latent: its effect cannot be estimated")
  }

  @Test func coding() throws {
    let graph = try Self.smoking()
    let copy = try JSONDecoder().decode(CausalGraph.self, from: JSONEncoder().encode(graph))
    #expect(copy == graph)
    let answer = try graph.identify(effectOf: ["smoking"], on: ["cancer"])
    #expect(try JSONDecoder().decode(Identification.self, from: JSONEncoder().encode(answer)) == answer)
  }

  /// Sets beyond the first word of bits: a chain of 300 nodes with a confounder at every step.
  /// A chain of 300 in which every second node shares unmeasured causes with the next of them: one district of 150, whose variables are
  /// summed out one by one. v1 shares none with its child, so the effect is identified (Tian and Pearl 2002, theorem 3).
  @Test(.timeLimit(.minutes(1))) func longDistricts() throws {
    let nodes = (0..<300).map { CausalGraph.Node("v\($0)") }
    let arrows = (0..<299).map { "v\($0)" --> "v\($0 + 1)" }
    let common = stride(from: 0, to: 298, by: 2).map { "v\($0)" <--> "v\($0 + 2)" }
    let graph = try CausalGraph(nodes: nodes, edges: arrows + common)
    let answer = try graph.identify(effectOf: ["v1"], on: ["v299"])
    #expect(answer.isIdentified)
  }

  @Test func longChain() throws {
    let nodes = (0..<300).map { CausalGraph.Node("v\($0)") } + (0..<299).map { CausalGraph.Node.latent("u\($0)") }
    var edges: [CausalGraph.Edge] = []
    for step in 0..<299 {
      edges.append("v\(step)" --> "v\(step + 1)")
      if step % 3 == 0 { edges += ["u\(step)" --> "v\(step)", "u\(step)" --> "v\(step + 1)"] }
    }
    let graph = try CausalGraph(nodes: nodes, edges: edges)
    #expect(try graph.independent(["v0"], ["v299"], given: ["v2"]).isIndependent)
    // v3 is a collider of v2 and u3, so giving it opens the way that it was to block.
    #expect(try graph.independent(["v0"], ["v299"], given: ["v3"]).openPath?.nodes.count == 301)
    #expect(graph.latentProjection().districts().count == 200)
    #expect(try graph.identify(effectOf: ["v1"], on: ["v2"]).estimand?.description == "P(v2 | v1)")
    #expect(try graph.identify(effectOf: ["v0"], on: ["v299"]).hedge?.outer == ["v0", "v1"])
  }
}
