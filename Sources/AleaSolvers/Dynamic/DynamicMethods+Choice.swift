import AleaModel

extension DynamicMethods {
  /// A method chosen for a process, and why.
  public struct Choice: Sendable {
    public let method: any DynamicMethod
    /// One sentence for `explain`, without final full stop.
    public let reason: String

    public init(method: any DynamicMethod, reason: String) {
      self.method = method
      self.reason = reason
    }
  }

  /// What solves a discounted or finite-horizon process when nobody says how; nil for other objectives.
  ///
  /// Few states are solved by policy iteration with sparse factors, whose bound ends near rounding whatever the discount. More states
  /// go to modified policy iteration, which chooses its evaluation by the contraction it observes: sweeps while the process mixes fast,
  /// a Krylov method where it does not.
  public static func choiceForDiscounted(_ process: SparseProcess) -> Choice? {
    switch process.objective.criterion {
    case .discounted where process.stateCount <= 1_000:
      Choice(
        method: PolicyIteration(),
        reason: "\(NumberText.grouped(process.stateCount)) states are few enough to solve each policy's equations directly"
      )
    case .discounted:
      Choice(
        method: ModifiedPolicyIteration(),
        reason:
          "\(NumberText.grouped(process.stateCount)) discounted states: greedy sweeps, with evaluation chosen by the contraction observed"
      )
    case .finiteHorizon(let horizon, _):
      Choice(method: BackwardInduction(), reason: "a finite horizon of \(horizon) steps is solved from its end")
    default: nil
    }
  }
}
