import AleaModel

extension Counterfactuals {
  /// The joint law of some variables in the actual world, as the values that occur with their probabilities.
  ///
  /// - Throws: ``Refusal`` for laws that are not finite; a `Diagnostic` where an expression has no value.
  /// - Complexity: O(joint outcomes of all variables).
  public func law(of shown: [VariableID]) throws -> [(values: [Double], probability: Double)] {
    var worlds: [(weight: Double, environment: ScalarEnvironment)] = [
      (1, ScalarEnvironment(variableCount: process.variables.count))
    ]
    for slot in process.stepOrder {
      guard case .current(let id) = slot else { continue }
      var next: [(weight: Double, environment: ScalarEnvironment)] = []
      for world in worlds {
        for (value, probability) in try outcomes(process[id].mechanism, world.environment, process[id]) where probability > 0 {
          var environment = world.environment
          environment[slot] = value
          next.append((world.weight * probability, environment))
        }
      }
      guard next.count <= Self.limit else {
        throw Refusal(message: "the model has more than \(Self.limit) joint outcomes", note: "coarsen its variables")
      }
      worlds = next
    }
    var positions: [[Double]: Int] = [:]
    var result: [(values: [Double], probability: Double)] = []
    for world in worlds {
      let values = shown.map { world.environment[.current($0)] }
      if let position = positions[values] {
        result[position].probability += world.weight
      } else {
        positions[values] = result.count
        result.append((values, world.weight))
      }
    }
    return result
  }
}
