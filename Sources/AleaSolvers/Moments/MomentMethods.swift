/// The estimators of conditional moment problems, with function classes and kernels: a new one is one file and one line here.
public enum MomentMethods {
  public static let all: [any Method.Type] =
    estimators + [
      LinearClass.self, PolynomialClass.self, SplineClass.self, TabularClass.self, HilbertSpace.self, MatchingClass.self,
      GaussianKernel.self, LaplaceKernel.self, MaternKernel.self, ClosedFormSolver.self, SaddlePointSolver.self,
    ]

  /// The methods that `estimate` takes after `by:` for a moment problem.
  public static let estimators: [any MomentMethod.Type] = [
    SieveMinimumDistance.self, TwoStageKernel.self, Minimax.self, MaximumMomentRestriction.self, SmoothedQuantile.self,
  ]
}

/// An estimator of conditional moment problems.
public protocol MomentMethod: Method {
  /// Fits the unknowns of a problem to data.
  ///
  /// - Throws: ``MomentFault`` where the data or the problem do not permit it.
  func fit(_ problem: MomentProblem, _ data: MomentData) throws -> MomentFit

  /// Refuses what no data can make this method solve: unknowns without use, too few moment conditions, the wrong kind of restriction.
  ///
  /// - Throws: ``MomentFault``.
  func check(_ problem: MomentProblem) throws
}
