/// `PessimisticValueIteration()`: the policy whose value is best by a lower bound read off the log.
public struct PessimisticValueIteration: Method {
  public static let name = "PessimisticValueIteration"
  public static let abbreviations = ["PEVI"]
  public static let summary = "learns a policy from an unconfounded log by lower bounds: what was rarely tried counts little"
  public static let parameters = [
    MethodParameter("confidence", .real(from: 0, to: 1), default: .real(0.95), doc: "the level at which all lower bounds hold"),
    MethodParameter(
      "width", .real(from: -1, to: .greatestFiniteMagnitude), default: .real(-1),
      doc: "what is taken off over sqrt(count), or times the spread of features; -1 derives it from the level, 0 is greedy"),
    MethodParameter(
      "features", .symbol(["tabular", "linear", "quadratic"]), default: .symbol("tabular"),
      doc: "a table, or values of each action linear in (1, states) or with their products"),
    MethodParameter(
      "ridge", .real(from: 1e-12, to: .greatestFiniteMagnitude), default: .real(1),
      doc: "added to the moments of linear features"),
  ]
  public let confidence: Double
  public let width: Double
  public let features: String
  public let ridge: Double

  public init(arguments: MethodArguments) {
    confidence = arguments.real("confidence")
    width = arguments.real("width")
    features = arguments.symbol("features")
    ridge = arguments.real("ridge")
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
    MethodParameter(
      "levels", .integer(from: 2, to: 200), default: .integer(10),
      doc: "for the quantile of the whole law over several contexts: the quantiles looked at in each"),
  ]
  public let confidence: Double
  public let resolution: Int
  public let levels: Int

  public init(arguments: MethodArguments) {
    confidence = arguments.real("confidence")
    resolution = arguments.integer("resolution")
    levels = arguments.integer("levels")
  }

  /// The number of values tried for each of some actions, when so many sets are made.
  func gridSize(actions: Int, sets: Int = 1) -> Int {
    if resolution >= 2 { return resolution }
    var size = 2
    while size < 1_000 {
      var combinations = 1.0
      for _ in 0..<actions { combinations *= Double(size + 1) }
      if combinations * Double(sets) > 500_000 { break }
      size += 1
    }
    return size
  }
}
