/// The estimators of a policy's value from a log, and ways to learn one: a new one is one file and one line here.
public enum OffPolicyMethods {
  /// Every method that answers `evaluate(policy, in: M, from: log, by: ...)`.
  public static let estimators: [any OffPolicyMethod.Type] = [
    InversePropensity.self, SelfNormalized.self, PerDecision.self, DirectMethod.self, DoublyRobust.self, SwitchEstimator.self,
    Shrinkage.self, FittedQ.self, MarginalizedImportanceSampling.self, InstrumentalEvaluation.self,
  ]
  /// Every method that answers `learn(Policy, in: M, from: log, by: ...)`.
  public static let learners: [any LearningMethod.Type] = [
    PessimisticValueIteration.self, PessimisticSearch.self, PessimisticMinimax.self,
  ]

  public static let all: [any Method.Type] = estimators.map { $0 as any Method.Type } + learners.map { $0 as any Method.Type }
}

/// A way to learn a policy's value from a log.
public protocol OffPolicyMethod: Method {
  /// - Throws: ``OffPolicyFault`` where the log or the model does not license the method; `Diagnostic` where a rule has no value.
  func evaluate(_ question: OffPolicyQuestion) throws -> Estimate
}

extension MethodParameter {
  static let features = MethodParameter(
    "features", .symbol(["automatic", "tabular", "linear", "quadratic"]), default: .symbol("automatic"),
    doc: "what values are made of: a table over finite states, or (1, states) and products for each action")
}
