import AleaModel

/// Finds what solves an explicit process: the method asked for where it is licensed, else the one that fits.
public struct Planner: Sendable {
  /// What will run, and why: one sentence without final full stop.
  public let method: any DynamicMethod
  public let reason: String

  /// - Parameter preferred: the method named by `by:`, or nil to choose.
  /// - Throws: ``UnmetRequirement``: of the preferred method, or of the whole objective when nothing serves it.
  public init(for process: SparseProcess, preferred: (any DynamicMethod)? = nil, tolerance: Double? = nil) throws {
    if let unmet = Self.unservedObjective(process.objective, method: preferred?.name ?? "solve") { throw unmet }
    if let preferred {
      if let unmet = preferred.requirements(on: process).first { throw unmet }
      method = preferred
      reason = "as asked"
      return
    }
    let choice = try Self.choice(for: process)
    method = try tolerance.map { try Self.method(choice.name, tolerance: $0) } ?? choice.method
    reason = choice.reason
    if let unmet = method.requirements(on: process).first { throw unmet }
  }

  /// Clauses of the objective that no method serves.
  private static func unservedObjective(_ objective: Objective, method: String) -> UnmetRequirement? {
    func unmet(_ found: String, _ remedy: String) -> UnmetRequirement {
      UnmetRequirement(method: method, requirement: "the mean of the total as the objective", found: found, remedy: remedy)
    }
    if objective.functional != .mean || objective.modifier != nil {
      return unmet("the model asks for a risk measure of the return", "write `maximize mean`, or leave the clause out")
    }
    if !objective.constraints.isEmpty {
      return unmet("the model has a `subject to` clause", "put a price on the channel and subtract it from the reward")
    }
    if !objective.regularizers.isEmpty { return unmet("the model has a `regularize` clause", "leave the clause out") }
    if objective.ambiguity != nil { return unmet("the model has an `against` clause", "leave the clause out") }
    return nil
  }

  private static func choice(for process: SparseProcess) throws -> (method: any DynamicMethod, name: String, reason: String) {
    switch process.objective.criterion {
    case .discounted, .finiteHorizon:
      guard let choice = DynamicMethods.choiceForDiscounted(process) else { break }
      return (choice.method, choice.method.name, choice.reason)
    case .total:
      return (
        OptimisticValueIteration(), OptimisticValueIteration.name,
        "the total reward until the end is bounded from both sides by components"
      )
    case .average:
      return (
        RelativeValueIteration(), RelativeValueIteration.name,
        "the long-run average is found for each end component, then the best way into them"
      )
    }
    throw UnmetRequirement(
      method: "solve", requirement: "an objective", found: "none", remedy: "write `discount 0.95`, for example")
  }

  private static func method(_ name: String, tolerance: Double) throws -> any DynamicMethod {
    guard let type = DynamicMethods.named(name), type.parameters.contains(where: { $0.name == "tolerance" }) else {
      return try DynamicMethods.make(name)
    }
    return try DynamicMethods.make(name, arguments: ["tolerance": .real(tolerance)])
  }
}
