/// `PessimisticValueIteration()`: the policy whose value is best by a lower bound read off the log.
public struct PessimisticValueIteration: Method {
  public static let name = "PessimisticValueIteration"
  public static let summary = "learns a policy from an unconfounded log by lower bounds: what was rarely tried counts little"
  public static let parameters = [
    MethodParameter("confidence", .real(from: 0, to: 1), default: .real(0.95), doc: "the level at which all lower bounds hold"),
    MethodParameter(
      "width", .real(from: -1, to: .greatestFiniteMagnitude), default: .real(-1),
      doc: "what is taken off over sqrt(count); -1 derives it from the level, 0 is greedy"),
  ]
  public let confidence: Double
  public let width: Double

  public init(arguments: MethodArguments) {
    confidence = arguments.real("confidence")
    width = arguments.real("width")
  }
}

/// `PessimisticMinimax()`: policy search under confounding, pessimistic over what an instrument leaves open.
public struct PessimisticMinimax: Method {
  public static let name = "PessimisticMinimax"
  public static let summary = "learns a one-step policy from a confounded log by the least value over the set an instrument leaves open"
  public static let parameters = [
    MethodParameter("confidence", .real(from: 0, to: 1), default: .real(0.95), doc: "the level of the set"),
    MethodParameter("resolution", .integer(from: 2, to: 2_000), default: .integer(71), doc: "the values tried for each action"),
  ]
  public let confidence: Double
  public let resolution: Int

  public init(arguments: MethodArguments) {
    confidence = arguments.real("confidence")
    resolution = arguments.integer("resolution")
  }
}
