import AleaEngine
import AleaModel

/// A way to learn a policy from a log: what `learn(..., by:)` takes.
public protocol LearningMethod: Method {
  /// The policy learned, with the pessimistic value it was chosen by.
  ///
  /// - Throws: ``OffPolicyFault`` where the log or the model does not license the method, or it does not serve what is asked;
  ///   `Diagnostic` where a rule has no value; `WorkCancelled`.
  func learn(_ question: LearningQuestion) throws -> LearnedPolicy
}

/// What is to be learned from a log, and everything that methods read.
public struct LearningQuestion: Sendable {
  /// A policy that was given to choose from.
  public struct Candidate: Sendable {
    /// As the answer holds it.
    public let policy: any ObjectValue
    /// The process in which the actions follow the policy.
    public let closed: Process

    public init(_ policy: any ObjectValue, closed: Process) {
      self.policy = policy
      self.closed = closed
    }
  }

  public let process: Process
  public let log: Log
  /// The policies given to choose from; nil where none were, so that every policy of the states may be learned.
  public let candidates: [Candidate]?
  public let objective: SearchObjective
  /// Asked between the parts of long work.
  public let control: WorkControl
  private let exploring: @Sendable (Process) throws -> ExploredProcess

  /// - Parameter exploring: how the states of a process are listed.
  public init(
    process: Process, log: Log, candidates: [Candidate]?, objective: SearchObjective, control: WorkControl = WorkControl(),
    exploring: @escaping @Sendable (Process) throws -> ExploredProcess
  ) {
    self.process = process
    self.log = log
    self.candidates = candidates
    self.objective = objective
    self.control = control
    self.exploring = exploring
  }

  /// The model's states and choices; of a bandit whose rounds do not follow from one another, those of one round.
  public func explore() throws -> ExploredProcess {
    var process = process
    if OffPolicyQuestion.hasSeparateRounds(process) {
      process.objective = Objective(criterion: .finiteHorizon(1, discount: 1))
    }
    return try exploring(process)
  }

  /// The candidate with the greatest bound; of equal ones the first.
  ///
  /// - Parameter bound: the pessimistic value of the policy that is asked about.
  /// - Throws: ``OffPolicyFault`` where there are no candidates, and what `bound` throws.
  public func search(
    by method: some LearningMethod, claim: LearnedPolicy.Claim, bound: (OffPolicyQuestion) throws -> Double
  ) throws -> LearnedPolicy {
    guard let candidates, let first = candidates.first else {
      throw OffPolicyFault(
        "`\(method.name)` chooses among policies, and none is given",
        remedy: "as in `learn([a in 0..2: Always(arm: a)], in: ...)`", at: .policies)
    }
    var table: [(name: String, bound: Double)] = []
    var best = (policy: first.policy, bound: -Double.infinity)
    for (index, candidate) in candidates.enumerated() {
      try control.continues("learning", "candidate \(index + 1) of \(candidates.count)")
      let least = try bound(OffPolicyQuestion(log, target: candidate.closed, control: control))
      table.append((candidate.policy.description, least))
      if least > best.bound { best = (candidate.policy, least) }
    }
    return LearnedPolicy(
      policy: best.policy, bound: best.bound, claim: claim, objective: objective.description, method: method.name, table: table,
      notes: [])
  }

  /// The least and greatest reward of a step: as the model declares them, else as the log has them.
  ///
  /// - Throws: ``OffPolicyFault`` for a reward in the log that the model does not allow.
  public func rewardBounds(_ rewards: [Double]) throws -> (ClosedRange<Double>, isDeclared: Bool) {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: 6) }
    guard let declared = process.declaredRewardRange else { return ((rewards.min() ?? 0)...(rewards.max() ?? 0), false) }
    let slack = 1e-9 * (1 + max(abs(declared.lowerBound), abs(declared.upperBound)))
    if let row = rewards.firstIndex(where: { $0 < declared.lowerBound - slack || $0 > declared.upperBound + slack }) {
      throw OffPolicyFault(
        "the reward in row \(row + 1) is \(number(rewards[row])), and the model allows \(number(declared.lowerBound)) to "
          + number(declared.upperBound), remedy: "read the log with a model of its rewards")
    }
    return (declared, true)
  }
}

extension SearchObjective: CustomStringConvertible {
  /// As written in programs.
  public var description: String {
    switch self {
    case .mean: "mean"
    case .quantile(let p): "quantile(\(NumberText.significant(p, digits: 6)))"
    case .conditionalQuantile(let p): "conditionalQuantile(\(NumberText.significant(p, digits: 6)))"
    }
  }
}
