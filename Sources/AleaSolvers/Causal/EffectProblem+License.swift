import AleaModel
import AleaSyntax

extension EffectProblem {
  // MARK: Strata

  /// That the effect can be asked for within the values of ``given``: the cause must not move them.
  ///
  /// - Throws: ``EffectRefusal`` with the directed path from the cause to a stratum.
  public func checkStrata() throws {
    let x = try graph.index(of: cause)
    let affected = graph.descendants(of: NodeSet(node: x))
    for name in given {
      let node = try graph.index(of: name)
      guard affected.contains(node) else { continue }
      let path = graph.directedPath(from: x, to: NodeSet(node: node)).map { graph.nodes[$0].name }
      throw EffectRefusal(
        "the effect cannot be asked for within the values of `\(name)`: \(cause) moves it (\(path.joined(separator: " -> ")))",
        notes: ["`given:` takes what is settled before \(cause) is"])
    }
  }

  // MARK: Adjustment

  /// The adjustment set that licenses a comparison, without ``given``: the one that the program chose, or the smallest.
  ///
  /// With ``given``, P(y | do(x), w) is the sum over z of P(y | x, w, z) P(z | w) when the set and ``given`` together separate the
  /// cause from the outcome in the graph without the first arrows of the causal paths, and the cause moves none of them.
  ///
  /// - Throws: ``EffectRefusal`` with the path that stays open when there is none.
  public func adjustmentSet() throws -> [String] {
    try checkStrata()
    if let adjust { return try checked(adjust) }
    let problem = try adjustmentProblem()
    let (required, excluded) = try strata()
    if let set = problem.minimum(including: required, excluding: excluded) { return graph.names(of: set) }
    var notes: [String] = []
    if let path = problem.obstruction(including: required, excluding: excluded) { notes.append("\(path)") }
    throw EffectRefusal(
      "no set of columns can be adjusted for to get \(target)", notes: notes + instrumentNotes + self.notes)
  }

  private func adjustmentProblem() throws -> AdjustmentProblem {
    let (x, y) = try graph.observedPair([cause], [outcome])
    return AdjustmentProblem(graph: graph, from: x, to: y)
  }

  /// The strata, and what may not be adjusted for because of them: within strata, nothing that the cause moves.
  private func strata() throws -> (required: NodeSet, excluded: NodeSet) {
    let required = try graph.set(of: given)
    return (required, required.isEmpty ? [] : graph.descendants(of: try graph.set(of: [cause])))
  }

  private func checked(_ adjust: [String]) throws -> [String] {
    for name in adjust {
      if name == cause || name == outcome {
        throw EffectRefusal(
          "`\(name)` cannot be adjusted for: it is the \(name == cause ? "cause" : "outcome") itself", at: .adjust,
          notes: licensedNotes)
      }
      if unrecorded.contains(name) {
        throw EffectRefusal(
          "`\(name)` cannot be adjusted for: `\(data.name)` has no such column", at: .adjust, notes: licensedNotes)
      }
    }
    let (required, excluded) = try strata()
    let set = try graph.set(of: adjust)
    if let moved = set.intersection(excluded).first {
      throw EffectRefusal(
        "`\(graph.nodes[moved].name)` cannot be adjusted for within strata: \(cause) moves it", at: .adjust, notes: licensedNotes)
    }
    let check = try graph.checkAdjustment(graph.names(of: set.union(required)), from: [cause], to: [outcome])
    guard check.isValid else { throw EffectRefusal(check.description, at: .adjust, notes: licensedNotes) }
    return adjust.filter { !given.contains($0) }
  }

  /// What one may do instead of adjusting for a set that does not qualify.
  private var licensedNotes: [String] {
    var free = self
    free.adjust = nil
    do {
      let set = try free.adjustmentSet()
      return [set.isEmpty ? "the graph licenses no adjustment at all: `adjust: []`" : "the graph licenses \(words(set))"]
    } catch {
      return ["no set of columns would do"] + instrumentNotes
    }
  }

  private var instrumentNotes: [String] {
    guard let instruments = try? graph.instruments(for: cause, on: outcome), !instruments.isEmpty else { return [] }
    return [
      "the graph has instruments (\(instruments.map(\.name).joined(separator: ", "))): `by: TwoStageLeastSquares()` is licensed"
    ]
  }

  // MARK: Instruments

  /// Instruments with the set of controls that makes all of them valid together; ``given`` counts as given, and is none of the controls.
  ///
  /// - Throws: ``EffectRefusal`` when the graph has no instrument among the columns, or a chosen one is none.
  public func instrumentsWithControls() throws -> (instruments: [Instrument], controls: [String]) {
    try checkStrata()
    let all = try graph.instruments(for: cause, on: outcome).filter { !given.contains($0.name) }
    var candidates = all
    if let chosen = chosenInstruments {
      candidates = try chosen.map { name in
        if let found = all.first(where: { $0.name == name }) { return found }
        throw EffectRefusal(
          "the graph does not make `\(name)` an instrument for \(target)", at: .instruments, notes: [reason(name)] + notes)
      }
    }
    guard !candidates.isEmpty else { throw try withoutInstruments() }
    if let adjust {
      for instrument in candidates where !isValid([instrument.name], given: adjust + given) {
        throw EffectRefusal(
          "`\(instrument.name)` is no instrument given \(words(adjust + given))", at: .adjust,
          notes: [reason(instrument.name, given: adjust + given), "the graph makes it one given \(words(instrument.given[0]))"])
      }
      return (candidates, adjust.filter { !given.contains($0) })
    }
    // The union of the smallest conditions, when it serves all; else the condition that serves most.
    var sets = [orderedUnion(candidates.map { $0.given[0] } + [given])]
    for instrument in candidates { sets += instrument.given.map { orderedUnion([$0, given]) } }
    var best: ([Instrument], [String])?
    for set in sets {
      let usable = candidates.filter { !set.contains($0.name) }
      var kept: [Instrument] = []
      for instrument in usable where isValid(kept.map(\.name) + [instrument.name], given: set) { kept.append(instrument) }
      if kept.count > best?.0.count ?? 0 { best = (kept, set.filter { !given.contains($0) }) }
      if kept.count == candidates.count { break }
    }
    guard let best else {
      throw EffectRefusal("the instruments of \(target) are not valid given one set of controls", at: .method)
    }
    return best
  }

  private func withoutInstruments() throws -> EffectRefusal {
    var notes = ["an instrument moves \(cause), and reaches \(outcome) through it alone"]
    for name in graph.names(of: graph.parents[try graph.index(of: cause)].intersection(graph.observed)) {
      notes.append("`\(name)` is none: \(reason(name))")
    }
    if (try? adjustmentSet()) != nil { notes.append("adjustment is licensed: `by: LinearAdjustment()`") }
    return EffectRefusal("the graph has no instrument for \(target) among the columns", at: .method, notes: notes + self.notes)
  }

  private func orderedUnion(_ sets: [[String]]) -> [String] {
    let members = Set(sets.joined())
    return graph.nodes.map(\.name).filter { members.contains($0) }
  }

  /// Whether a condition separates instruments from the outcome in the graph without the first arrows of the causal paths, and leaves
  /// each of them tied to the cause.
  private func isValid(_ names: [String], given: [String]) -> Bool {
    guard let (x, y) = try? graph.observedPair([cause], [outcome]), let z = try? graph.set(of: names),
      let w = try? graph.set(of: given), z.isDisjoint(with: w)
    else { return false }
    let problem = AdjustmentProblem(graph: graph, from: x, to: y)
    let backDoor = problem.backDoorGraph
    guard w.isDisjoint(with: problem.causal), w.isDisjoint(with: backDoor.descendants(of: y)), w.isDisjoint(with: x),
      w.isDisjoint(with: graph.latent)
    else { return false }
    return backDoor.isSeparated(z, y, given: w) && z.allSatisfy { !backDoor.isSeparated(NodeSet(node: $0), x, given: w) }
  }

  /// Why a variable is no instrument: the path to the outcome that does not pass the cause.
  private func reason(_ name: String, given: [String] = []) -> String {
    guard let (x, y) = try? graph.observedPair([cause], [outcome]), let z = try? graph.set(of: [name]),
      let w = try? graph.set(of: given)
    else {
      return "`\(name)` is not a variable of the graph"
    }
    if name == cause || name == outcome { return "it is the \(name == cause ? "cause" : "outcome") itself" }
    if unrecorded.contains(name) { return "`\(data.name)` has no such column" }
    let backDoor = AdjustmentProblem(graph: graph, from: x, to: y).backDoorGraph
    if let path = backDoor.openPath(from: z, to: y, given: w) { return "it reaches \(outcome) past \(cause): \(path)" }
    return "it is not tied to \(cause)"
  }
}
