/// Every method of every family, by name: what `by:` and the other method arguments of programs find.
public enum Methods {
  /// The families, in the order in which they are listed to people.
  public static let all: [any Method.Type] =
    DynamicMethods.all + BestArmMethods.all + EffectMethods.all + MomentMethods.all + OffPolicyMethods.all

  /// The method of that name, or nil.
  public static func named(_ name: String) -> (any Method.Type)? { all.first { $0.name == name } }

  /// Makes a method from named arguments, as `by: ValueIteration(tolerance: 1e-9)` does.
  ///
  /// - Throws: ``InvalidMethodArgument`` for an unknown method, an unknown argument, or a value out of range.
  public static func make(
    _ name: String, arguments: [String: MethodValue] = [:]
  ) throws(InvalidMethodArgument) -> any Method {
    guard let method = named(name) else {
      throw InvalidMethodArgument(
        method: name, argument: nil, problem: "there is no method `\(name)`",
        remedy: "the methods are \(all.map { "`\($0.name)`" }.joined(separator: ", "))")
    }
    return method.init(arguments: try MethodArguments(arguments, for: method))
  }
}
