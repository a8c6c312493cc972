import AleaSemantics

/// A model that properties can be asked of: PRISM's language, or rows.
protocol PropertyModel: ModelSource {
  /// The names and expressions of the model; names that only properties declare may be given as well.
  func program(allowing names: Set<String>) throws -> PrismProgram
  /// The states of the model; states without a choice have a loop of their own.
  func exploration(_ core: SessionCore) throws -> PrismExploration
  /// The same with the model's numbers as fractions.
  func exploration(_ core: SessionCore, for method: Exact) throws -> PrismExploration
  var name: String { get }
  /// The file it was read from, where files of properties may stand beside it.
  var path: String? { get }
}

extension PrismFile: PropertyModel {}

/// A model whose states and transitions are there from the start.
protocol RowModel: PropertyModel {
  var rows: ExplicitModel { get }
  /// The rows as a process of the language.
  var lowered: Process { get }
  /// How long it took to get the rows.
  var seconds: Double { get }
}

extension RowModel {
  var name: String { rows.name }
  var variableNames: [String] { rows.variables.map(\.name) }

  func process() -> Process { lowered }

  func program(allowing names: Set<String>) -> PrismProgram { PrismProgram(rows: rows, process: lowered) }

  func exploration(_ core: SessionCore) -> PrismExploration {
    PrismExploration(
      program: PrismProgram(rows: rows, process: lowered), explored: rows.explored(lowered), deadlocks: rows.deadlocks.count,
      seconds: seconds,
      stateRewards: rows.rewards.map(\.state))
  }
}
