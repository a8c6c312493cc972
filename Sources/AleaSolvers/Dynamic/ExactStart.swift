import AleaModel

/// Where policy iteration in fractions begins: infinite values, and a policy whose value is finite everywhere else.
struct ExactStart {
  /// The states worth infinity, with the sign of what they are worth.
  var infinite: [(state: Int, isPositive: Bool)] = []
  var policy: [Int32]

  /// More sweeps of a component in double precision are not worth their time: exact improvements do the rest.
  static let sweepLimit = 20_000

  /// Finds a policy for the total reward: the one of a process without choice, else that of double precision, else one that ends.
  ///
  /// - Throws: `UnmetRequirement` for a total that does not settle; `WorkCancelled`.
  init(total process: SparseProcess, control: WorkControl) throws {
    let method = TotalReward(
      process: process, method: Exact.name, precision: 1e-6, sweepLimit: Self.sweepLimit, control: control)
    let reward = process.signedReward()
    let separation = try method.separated(reward: reward)
    infinite =
      separation.above.map { ($0, process.objective.maximizes) } + separation.below.map { ($0, !process.objective.maximizes) }
    if let only = process.onlyPolicy {
      policy = only
      return
    }
    let rough = try method.solve(reward: reward)
    policy = rough.unproved == 0 ? rough.policy : Self.endingPolicy(separation, of: process)
  }

  /// A policy that ends or rests almost surely wherever the value is finite.
  private static func endingPolicy(_ separation: TotalReward.Separation, of process: SparseProcess) -> [Int32] {
    var policy = separation.policy
    var goals = (0..<process.stateCount).filter { process.isTerminal($0) }
    if let resting = separation.resting {
      for state in 0..<process.stateCount where resting.componentOf.pointer[state] >= 0 {
        let staying = process.choices(of: state).first { resting.staysInside.pointer[$0] != 0 }
        if let staying { policy.choice[state] = Int32(staying) }
        goals.append(state)
      }
    }
    let owner = ChoicePredecessors.owners(of: process)
    policy.lead(to: goals) { choice in
      !(separation.frame.excluded?.contains(Int(owner.pointer[choice])) ?? false)
        && separation.frame.allowed?.pointer[choice] ?? 1 != 0
    }
    policy.complete()
    return policy.choice
  }
}

extension SparseProcess {
  /// The one policy of a process without choice; nil where something is chosen.
  var onlyPolicy: [Int32]? {
    guard (0..<stateCount).allSatisfy({ choices(of: $0).count <= 1 }) else { return nil }
    return (0..<stateCount).map { isTerminal($0) ? -1 : Int32(choices(of: $0).lowerBound) }
  }
}
