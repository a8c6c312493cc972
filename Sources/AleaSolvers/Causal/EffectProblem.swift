import AleaData
import AleaModel
import AleaNumerics
import AleaSyntax

/// Why an effect cannot be estimated, with what would help.
public struct EffectRefusal: Error, Hashable, Sendable {
  public let message: String
  public let notes: [String]

  public init(_ message: String, notes: [String] = []) {
    self.message = message
    self.notes = notes
  }
}

/// The effect of a cause on an outcome, asked of data under a graph: what every estimator of effects is given.
///
/// Variables of the graph that the data do not have count as unobserved.
public struct EffectProblem: Sendable {
  public let graph: CausalGraph
  public let cause: String
  public let outcome: String
  public let data: DataTable
  /// The adjustment set or controls that the program chose; nil for the graph's own.
  public var adjust: [String]?
  /// The instruments that the program chose among the graph's; nil for all.
  public var chosenInstruments: [String]?
  public var seed: UInt64
  /// The variables of the graph that the model observes and the data do not have.
  public let unrecorded: [String]

  /// - Throws: ``EffectRefusal`` when the cause or the outcome is not observed, or no column of the data.
  public init(
    graph: CausalGraph, cause: String, outcome: String, data: DataTable, adjust: [String]? = nil, instruments: [String]? = nil,
    seed: UInt64 = 0
  ) throws {
    unrecorded = graph.names(of: graph.observed).filter { data[$0] == nil }
    for name in [cause, outcome] where unrecorded.contains(name) {
      throw EffectRefusal(
        "`\(name)` is not a column of `\(data.name)`", notes: ["its columns are \(data.columnNames.joined(separator: ", "))"])
    }
    let nodes = graph.nodes.map { node in
      CausalGraph.Node(node.name, isLatent: node.isLatent || data[node.name] == nil, span: node.span)
    }
    self.graph = try CausalGraph(nodes: nodes, edges: graph.edges)
    self.cause = cause
    self.outcome = outcome
    self.data = data
    self.adjust = adjust
    chosenInstruments = instruments
    self.seed = seed
  }

  var target: String { "the effect of \(cause) on \(outcome)" }

  var notes: [String] {
    unrecorded.isEmpty
      ? []
      : ["`\(data.name)` has no column \(unrecorded.joined(separator: ", ")): counted as unobserved"]
  }

  /// The numbers of a column that an estimator uses.
  ///
  /// - Throws: ``EffectRefusal`` for texts, missing cells (named by row) and infinities.
  func numbers(_ name: String) throws -> [Double] {
    guard let column = data[name] else { throw EffectRefusal("`\(data.name)` has no column `\(name)`") }
    if let row = column.firstMissing {
      throw EffectRefusal(
        "`\(name)` is missing in row \(row + 1) of `\(data.name)` (\(column.missingCount) missing in all)",
        notes: ["keep the complete rows: `filter(data, present(\(name)))`"])
    }
    guard column.kind != .text else {
      throw EffectRefusal(
        "`\(name)` holds texts, and the estimator needs numbers",
        notes: ["make indicators of them, as in `derive(data, isWest: \(name) == \"west\")`"])
    }
    if let row = column.numbers.firstIndex(where: { !$0.isFinite }) {
      throw EffectRefusal("`\(name)` is infinite in row \(row + 1) of `\(data.name)`")
    }
    return column.numbers
  }

  func matrix(_ names: [String]) throws -> Matrix { Matrix(columns: try names.map { try numbers($0) }, rows: data.rowCount) }

  /// The adjustment set that licenses a comparison: the one given, or the smallest.
  ///
  /// - Throws: ``EffectRefusal`` with the path that stays open when there is none.
  public func adjustmentSet() throws -> [String] {
    if let adjust {
      let check = try graph.checkAdjustment(adjust, from: [cause], to: [outcome])
      if check.isValid { return adjust }
      var notes: [String] = []
      if let minimum = try graph.adjustmentSets(from: [cause], to: [outcome], limit: 10).minimum {
        notes = ["the graph licenses {\(minimum.joined(separator: ", "))}"]
      }
      throw EffectRefusal(check.description, notes: notes)
    }
    let sets = try graph.adjustmentSets(from: [cause], to: [outcome], limit: 10)
    if let minimum = sets.minimum { return minimum }
    var notes: [String] = []
    if let path = sets.obstruction { notes.append("\(path)") }
    if let instruments = try? graph.instruments(for: cause, on: outcome), !instruments.isEmpty {
      notes.append(
        "the graph has instruments (\(instruments.map(\.name).joined(separator: ", "))): `by: TwoStageLeastSquares()` is licensed"
      )
    }
    throw EffectRefusal(
      "no set of columns can be adjusted for to get \(target)", notes: notes + self.notes)
  }

  /// Instruments with the set of controls that makes all of them valid together.
  ///
  /// - Throws: ``EffectRefusal`` when the graph has no instrument among the columns, or a chosen one is none.
  public func instrumentsWithControls() throws -> (instruments: [Instrument], controls: [String]) {
    let all = try graph.instruments(for: cause, on: outcome)
    var candidates = all
    if let chosen = chosenInstruments {
      candidates = try chosen.map { name in
        if let found = all.first(where: { $0.name == name }) { return found }
        throw EffectRefusal("the graph does not make `\(name)` an instrument for \(target)", notes: [reason(name)] + notes)
      }
    }
    guard !candidates.isEmpty else {
      var notes = ["an instrument moves \(cause), and reaches \(outcome) through it alone"]
      for name in graph.names(of: graph.parents[try graph.index(of: cause)].intersection(graph.observed)) {
        notes.append("`\(name)` is none: \(reason(name))")
      }
      if (try? adjustmentSet()) != nil { notes.append("adjustment is licensed: `by: LinearAdjustment()`") }
      throw EffectRefusal("the graph has no instrument for \(target) among the columns", notes: notes + self.notes)
    }
    if let adjust {
      for instrument in candidates where !isValid([instrument.name], given: adjust) {
        throw EffectRefusal(
          "`\(instrument.name)` is no instrument given {\(adjust.joined(separator: ", "))}",
          notes: ["the graph makes it one given {\(instrument.given[0].joined(separator: ", "))}"])
      }
      return (candidates, adjust)
    }
    // The union of the smallest conditions, when it serves all; else the condition that serves most.
    var sets = [orderedUnion(candidates.map { $0.given[0] })]
    for instrument in candidates { sets += instrument.given }
    var best: ([Instrument], [String])?
    for set in sets {
      let usable = candidates.filter { !set.contains($0.name) }
      var kept: [Instrument] = []
      for instrument in usable where isValid(kept.map(\.name) + [instrument.name], given: set) { kept.append(instrument) }
      if kept.count > best?.0.count ?? 0 { best = (kept, set) }
      if kept.count == candidates.count { break }
    }
    guard let best else { throw EffectRefusal("the instruments of \(target) are not valid given one set of controls") }
    return best
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
    guard w.isDisjoint(with: problem.causal), w.isDisjoint(with: backDoor.descendants(of: y)), w.isDisjoint(with: x) else {
      return false
    }
    return backDoor.isSeparated(z, y, given: w) && z.allSatisfy { !backDoor.isSeparated(NodeSet(node: $0), x, given: w) }
  }

  /// Why a variable is no instrument: the path to the outcome that does not pass the cause.
  private func reason(_ name: String) -> String {
    guard let (x, y) = try? graph.observedPair([cause], [outcome]), let z = try? graph.set(of: [name]) else {
      return "`\(name)` is not a variable of the graph"
    }
    let backDoor = AdjustmentProblem(graph: graph, from: x, to: y).backDoorGraph
    if let path = backDoor.openPath(from: z, to: y, given: []) { return "it reaches \(outcome) past \(cause): \(path)" }
    return "it is not tied to \(cause)"
  }
}

/// An estimator of the effect of one variable on another.
public protocol EffectMethod: Method {
  /// Estimates an effect when the graph licenses this method.
  ///
  /// - Throws: ``EffectRefusal`` when it does not, or when the data do not serve.
  func estimate(_ problem: EffectProblem) throws -> Estimate
}
