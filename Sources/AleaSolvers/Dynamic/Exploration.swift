import AleaEngine
import AleaModel

/// `Exploration()`: the states, choices and transitions of a model, listed from the initial ones or over all.
public struct Exploration: ModelReduction {
  public static let name = "Exploration"
  public static let summary = "Lists the states of a model, their choices and where these lead."
  public static let parameters = [
    MethodParameter(
      "states", .symbol(["reachable", "all"]), default: .symbol("reachable"),
      doc: "the states that the initial ones lead to, or all that the domains allow"),
    MethodParameter(
      "tailMass", .real(from: 0, to: 0.1), default: .real(1e-12), doc: "where draws without end are cut"),
  ]
  public let options: ExplorationOptions

  public init(arguments: MethodArguments) {
    options = ExplorationOptions(allStates: arguments.symbol("states") == "all", tailMass: arguments.real("tailMass"))
  }

  public init(_ options: ExplorationOptions = ExplorationOptions()) { self.options = options }

  public func reduce(_ process: Process, control: WorkControl) throws -> Reduced<ExploredProcess, SparseSolution>? {
    try explore(process, control: control)
  }

  /// Applies to every process.
  ///
  /// - Throws: as `Explorer` does.
  public func explore(_ process: Process, control: WorkControl) throws -> Reduced<ExploredProcess, SparseSolution> {
    let explored = try Explorer.explore(process, options: options, control: control)
    let sparse = explored.sparse
    let origin = options.allStates ? "over all that the domains allow" : "from the initial states"
    var steps = ["explore: \(Self.size(sparse)), \(origin)"]
    if sparse.stageStart != nil { steps.append("expand in time: the mechanisms mention `t`, so each step has states of its own") }
    if sparse.truncation != nil {
      let mass = NumberText.significant(options.tailMass, digits: 2)
      steps.append("cut draws without end at a tail mass of \(mass); the bound includes what that leaves out")
    }
    return Reduced(explored, steps: steps, assumptions: process.rows?.assumptions ?? [])
  }

  /// What was explicit from the start.
  public static func given(_ explored: ExploredProcess) -> Reduced<ExploredProcess, SparseSolution> {
    Reduced(explored, steps: ["given: \(size(explored.sparse))"])
  }

  private static func size(_ sparse: SparseProcess) -> String {
    "\(NumberText.grouped(sparse.stateCount)) states, \(NumberText.grouped(sparse.choiceCount)) choices, "
      + "\(NumberText.grouped(sparse.transitionCount)) transitions"
  }
}
