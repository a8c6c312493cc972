/// The estimators of causal effects, with what they are set by (error structures): a new one is one file and one line here.
public enum EffectMethods {
  public static let all: [any Method.Type] = [
    LinearAdjustment.self, InverseProbabilityWeighting.self, AugmentedInverseProbabilityWeighting.self, TwoStageLeastSquares.self,
    LIML.self, Fuller.self, GMM.self, ProximalTwoStage.self, ProximalWeighting.self, ProximalDoublyRobust.self,
    Homoskedastic.self, Robust.self, Clustered.self,
  ]
}
