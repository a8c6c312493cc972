/// The methods for explicit processes, by name: what `by:` finds, and what the conformance tests run through.
public struct DynamicMethods: Sendable {
  /// Every method, in the order in which they are listed to people. A new method is one file and one line here.
  public static let all: [any DynamicMethod.Type] = [
    // Discounted and finite-horizon.
    ValueIteration.self, ModifiedPolicyIteration.self, PolicyIteration.self, LinearProgramming.self, BackwardInduction.self,
    // Undiscounted.
    OptimisticValueIteration.self, IntervalIteration.self, RelativeValueIteration.self,
    // Fractions.
    Exact.self,
  ]

  /// The method of that name, or nil.
  public static func named(_ name: String) -> (any DynamicMethod.Type)? { all.first { $0.name == name } }

  /// Makes a method from named arguments, as `by: ValueIteration(tolerance: 1e-9)` does.
  ///
  /// - Throws: ``InvalidMethodArgument`` for an unknown method, an unknown argument, or a value out of range.
  public static func make(
    _ name: String, arguments: [String: MethodValue] = [:]
  ) throws(InvalidMethodArgument) -> any DynamicMethod {
    guard let method = named(name) else {
      throw InvalidMethodArgument(
        method: name, argument: nil, problem: "there is no method `\(name)`",
        remedy: "the methods are \(all.map { "`\($0.name)`" }.joined(separator: ", "))")
    }
    return method.init(arguments: try MethodArguments(arguments, for: method))
  }
}
