import AleaData
import AleaModel
import AleaNumerics
import AleaSyntax

/// Why an effect cannot be estimated, with what would help.
public struct EffectRefusal: Error, Hashable, Sendable {
  /// The part of the question that the refusal is about, by the name under which a program gives it.
  public enum Place: String, Hashable, Sendable {
    case question = "target"
    case data = "from"
    case method = "by"
    case adjust, instruments, between, shares, propensity
  }

  public let message: String
  public let place: Place
  public let notes: [String]

  public init(_ message: String, at place: Place = .question, notes: [String] = []) {
    self.message = message
    self.place = place
    self.notes = notes
  }
}

/// The effect of a cause on an outcome, asked of data under a graph: what every estimator of effects is given.
///
/// Variables of the graph that the data do not have count as unobserved.
public struct EffectProblem: Sendable {
  public var graph: CausalGraph
  public let cause: String
  public let outcome: String
  public var data: DataTable
  /// The values of ``given`` that all rows have, in words, where the problem is about one stratum.
  public var stratum: String?
  /// The variables within whose values the effect is asked for; empty for the effect over all.
  public var given: [String]
  /// The adjustment set or controls that the program chose; nil for the graph's own.
  public var adjust: [String]?
  /// The instruments that the program chose among the graph's; nil for all.
  public var chosenInstruments: [String]?
  public var seed: UInt64
  /// The variables of the graph that the model observes and the data do not have.
  public let unrecorded: [String]

  /// - Throws: ``EffectRefusal`` when the cause or the outcome is not observed, or no column of the data.
  public init(
    graph: CausalGraph, cause: String, outcome: String, given: [String] = [], data: DataTable, adjust: [String]? = nil,
    instruments: [String]? = nil, seed: UInt64 = 0
  ) throws {
    unrecorded = graph.names(of: graph.observed).filter { data[$0] == nil }
    for name in [cause, outcome] + given where unrecorded.contains(name) {
      throw EffectRefusal(
        "`\(name)` is not a column of `\(data.name)`", at: .data,
        notes: [
          "its columns are \(data.columnNames.joined(separator: ", "))", "`rename(data, \(name): \"...\")` gives one that name",
        ])
    }
    let nodes = graph.nodes.map { node in
      CausalGraph.Node(node.name, isLatent: node.isLatent || data[node.name] == nil, span: node.span)
    }
    self.graph = try CausalGraph(nodes: nodes, edges: graph.edges)
    self.cause = cause
    self.outcome = outcome
    self.given = given
    self.data = data
    self.adjust = adjust
    chosenInstruments = instruments
    self.seed = seed
  }

  var target: String {
    "the effect of \(cause) on \(outcome)"
      + (stratum.map { " where \($0)" } ?? (given.isEmpty ? "" : " given \(given.joined(separator: ", "))"))
  }

  /// " given w, z": what a comparison is made within.
  func conditions(_ controls: [String]) -> String {
    given.isEmpty && controls.isEmpty ? "" : " given \((given + controls).joined(separator: ", "))"
  }

  var notes: [String] {
    unrecorded.isEmpty
      ? []
      : ["`\(data.name)` has no column \(unrecorded.joined(separator: ", ")): counted as unobserved"]
  }

  /// "{w, v}" for a set of variables, "nothing" for none.
  func words(_ names: [String]) -> String { names.isEmpty ? "nothing" : "{\(names.joined(separator: ", "))}" }

  /// The numbers of a column that an estimator uses.
  ///
  /// - Throws: ``EffectRefusal`` for texts, missing cells (named by row) and infinities.
  func numbers(_ name: String) throws -> [Double] {
    let column = try completeColumn(name)
    guard column.kind != .text else {
      throw EffectRefusal(
        "`\(name)` holds texts, and the estimator needs numbers", at: .data,
        notes: [
          "make indicators of them, as in `derive(data, \(name): int(\(name) == \"\(column.levels.first ?? "...")\"))`"
        ])
    }
    if let row = column.numbers.firstIndex(where: { !$0.isFinite }) {
      throw EffectRefusal(
        "`\(name)` is infinite in row \(row + 1) of `\(data.name)`", at: .data,
        notes: ["leave such rows out: `filter(data, abs(\(name)) < inf)`"])
    }
    return column.numbers
  }

  /// A column that an estimator uses, without missing cells.
  ///
  /// - Throws: ``EffectRefusal`` where there is none, and for missing cells (named by row).
  func completeColumn(_ name: String) throws -> DataColumn {
    guard let column = data[name] else { throw EffectRefusal("`\(data.name)` has no column `\(name)`", at: .data) }
    if let row = column.firstMissing {
      throw EffectRefusal(
        "`\(name)` is missing in row \(row + 1) of `\(data.name)` (\(column.missingCount) missing in all)", at: .data,
        notes: ["keep the complete rows: `filter(data, present(\(name)))`"])
    }
    return column
  }

  /// Numbers that are not all the same, as a cause, an outcome or an instrument must be.
  func varyingNumbers(_ name: String) throws -> [Double] {
    let numbers = try numbers(name)
    guard let first = numbers.first else { throw EffectRefusal("`\(data.name)` has no rows", at: .data) }
    if numbers.allSatisfy({ $0 == first }) {
      throw EffectRefusal(
        "`\(name)` has the same value in every row of `\(data.name)`: there is nothing to compare", at: .data,
        notes: ["the data must hold rows that differ in \(name)"])
    }
    return numbers
  }

  func matrix(_ names: [String]) throws -> Matrix { Matrix(columns: try names.map { try numbers($0) }, rows: data.rowCount) }
}

/// An estimator of the effect of one variable on another.
public protocol EffectMethod: Method {
  /// Estimates an effect when the graph licenses this method.
  ///
  /// - Throws: ``EffectRefusal`` when it does not, or when the data do not serve.
  func estimate(_ problem: EffectProblem) throws -> Estimate
}
