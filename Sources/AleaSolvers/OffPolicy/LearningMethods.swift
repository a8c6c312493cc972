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
  public static let summary =
    "learns a one-step policy from a confounded log by the least value over the set an instrument leaves open"
  public static let parameters = [
    MethodParameter("confidence", .real(from: 0, to: 1), default: .real(0.95), doc: "the level of the set"),
    MethodParameter(
      "resolution", .integer(from: 0, to: 5_000), default: .integer(0),
      doc: "the values tried for each action's quantile; 0 takes what half a million combinations allow"),
  ]
  public let confidence: Double
  public let resolution: Int

  public init(arguments: MethodArguments) {
    confidence = arguments.real("confidence")
    resolution = arguments.integer("resolution")
  }

  /// The number of values tried for each of some actions.
  func gridSize(actions: Int) -> Int {
    if resolution >= 2 { return resolution }
    var size = 2
    while size < 1_000 {
      var combinations = 1.0
      for _ in 0..<actions { combinations *= Double(size + 1) }
      if combinations > 500_000 { break }
      size += 1
    }
    return size
  }
}
