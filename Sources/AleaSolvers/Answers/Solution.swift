import AleaEngine
import AleaModel

/// The answer to `solve`: values and a policy for every state of a model, with a guaranteed bound, and how it was found.
public struct Solution: Sendable {
  public let explored: ExploredProcess
  public let sparse: SparseSolution
  /// The reductions from the model to what the method took, then the method, each with its reason: what `explain` prints.
  public let path: [String]
  /// Seconds spent exploring and solving.
  public let exploringTime: Double
  public let solvingTime: Double

  public init(explored: ExploredProcess, sparse: SparseSolution, path: [String], exploringTime: Double, solvingTime: Double) {
    self.explored = explored
    self.sparse = sparse
    self.path = path
    self.exploringTime = exploringTime
    self.solvingTime = solvingTime
  }

  public var process: Process { explored.process }
  public var bound: Double { sparse.bound }
}
