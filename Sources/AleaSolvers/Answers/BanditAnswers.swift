import AleaEngine
import AleaModel

/// The lower bound of Lai and Robbins for a bandit's arms: the answer to `lowerBound`.
public struct LowerBound: Sendable {
  public var model: String
  public var arms: [String]
  public var bound: RegretLowerBound
  /// The greatest mean, by which regret in rounds is measured where the bandit ends by itself; 1 otherwise.
  public var scale: Double

  public init(model: String, arms: [String], bound: RegretLowerBound, scale: Double) {
    self.model = model
    self.arms = arms
    self.bound = bound
    self.scale = scale
  }

  public var constant: Double { bound.constant / scale }
}

extension LowerBound: ObjectValue, JSONAnswer {
  public var typeName: String { "a lower bound" }
  public var description: String {
    "the regret of every policy that is good on all such bandits grows at least like \(NumberText.significant(constant, digits: 6)) "
      + (scale == 1 ? "ln(rounds)" : "ln(length)") + " in \(model)"
  }
  public var members: [(name: String, summary: String)] {
    [("constant", "what multiplies the logarithm of the rounds"), ("shares", "each arm's part of it, in order")]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "constant": .real(constant)
    case "shares": .array(bound.shares.map { .real($0 / scale) })
    default: nil
    }
  }
  public var json: JSONValue {
    .object([
      .init("kind", .string("lowerBound")), .init("model", .string(model)), .init("constant", .number(constant)),
      .init("arms", .array(arms.map { .string($0) })), .init("shares", .numbers(bound.shares.map { $0 / scale })),
    ])
  }
}

extension BestArm: ObjectValue, JSONAnswer {
  public var typeName: String { "a best arm" }
  public var description: String {
    let mean = Simulation.estimate(samples)
    let spread =
      samples.count > 1
      ? " on average over \(samples.count) replications (standard error \(NumberText.significant(mean.standardError, digits: 2))), "
        + "\(mistakes) of which were wrong"
      : ""
    return
      "\(arms.indices.contains(answer) ? arms[answer] : "\(answer)") is the best arm of \(model), found by \(method) "
      + "with confidence \(NumberText.significant(confidence, digits: 4)) in \(NumberText.significant(mean.mean, digits: 6)) samples\(spread); "
      + "no method needs fewer than \(NumberText.significant(lowerBound, digits: 5)) on average"
  }
  public var members: [(name: String, summary: String)] {
    [
      ("arm", "the answer"), ("samples", "the mean number of samples"), ("error", "its Monte Carlo standard error"),
      ("mistakes", "the share of replications that were wrong"), ("pulls", "the mean samples of each arm"),
      ("characteristicTime", "T*: samples per unit of evidence"), ("proportions", "the optimal proportions of samples"),
      ("lowerBound", "the least mean number of samples of any method"),
    ]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "arm": arms.indices.contains(answer) ? .symbolOrNumber(arms[answer]) : .integer(answer)
    case "samples": .real(Simulation.estimate(samples).mean)
    case "error": .real(Simulation.estimate(samples).standardError)
    case "mistakes": .real(Double(mistakes) / Double(samples.count))
    case "pulls": .array(pulls.map { .real($0) })
    case "characteristicTime": .real(characteristicTime.time)
    case "proportions": .array(characteristicTime.weights.map { .real($0) })
    case "lowerBound": .real(lowerBound)
    default: nil
    }
  }
  public var json: JSONValue {
    .object([
      .init("kind", .string("bestArm")), .init("model", .string(model)), .init("method", .string(method)),
      .init("arm", .string(arms.indices.contains(answer) ? arms[answer] : "\(answer)")), .init("confidence", .number(confidence)),
      .init("samples", .numbers(samples)), .init("mistakes", .integer(mistakes)),
      .init("characteristicTime", .number(characteristicTime.time)), .init("proportions", .numbers(characteristicTime.weights)),
      .init("lowerBound", .number(lowerBound)),
    ])
  }
}

extension Value {
  /// The name of an arm as the value it was declared as.
  fileprivate static func symbolOrNumber(_ name: String) -> Value {
    if let integer = Int(name) { return .integer(integer) }
    if let real = Double(name) { return .real(real) }
    return .symbol(Symbol(name))
  }
}
