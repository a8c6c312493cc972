// How policies are run against a bandit: apply each, simulate with common random numbers, measure regret.

import AleaSemantics

extension SessionCore {
  /// The policies of a call: one, or an array of them.
  static func policies(_ value: Value?) -> [PolicyObject]? {
    switch value {
    case .object(let policy as PolicyObject)?: return [policy]
    case .array(let elements)?, .set(let elements)?:
      let policies = elements.compactMap { element -> PolicyObject? in
        if case .object(let policy as PolicyObject) = element { return policy }
        return nil
      }
      return policies.count == elements.count && !policies.isEmpty ? policies : nil
    default: return nil
    }
  }

  /// The log of one policy in a bandit: every episode starts anew, with nothing remembered.
  func banditLog(
    _ model: ModelObject, _ policies: [PolicyObject], episodes: Int, horizon: Int?, seed: UInt64?, call: NativeCall
  ) throws -> Log {
    guard call["replications"] == nil else {
      throw call.fault(
        "`episodes:` makes a log of one policy, `replications:` compares policies: only one of them is given",
        at: "replications")
    }
    guard policies.count == 1 else {
      throw call.fault(
        "a log is of one policy, and here are \(policies.count)", at: "policies",
        notes: ["`replications:` compares several"])
    }
    return try simulate(model, .object(policies[0]), episodes: episodes, horizon: horizon, seed: seed, call: call)
  }

  func race(
    _ model: ModelObject, _ policies: [PolicyObject], horizon: Int?, replications: Int, seed: UInt64?, call: NativeCall
  ) throws -> Race {
    let process = try model.instantiate()
    var rounds = horizon
    if case .finiteHorizon(let n, _) = process.objective.criterion { rounds = min(horizon ?? n, n) }
    guard let rounds else {
      throw call.fault(
        "`horizon:` is missing: `\(model.description)` does not say how many rounds are played",
        notes: ["as in `horizon: 10_000`"])
    }
    let seed = seed ?? configuration.seed
    let isBandit = process.kind == .bandit
    let ends = isBandit && process.terminal != nil
    var entries: [Race.Entry] = []
    var notes: [String] = []
    for policy in policies {
      let learner = try policy.apply(to: process, of: model, at: call["policies"]?.span ?? call.span)
      let run = try LearningRun.run(
        learner, of: process, replications: replications, horizon: rounds, seed: seed,
        measuresRegret: isBandit && !ends, restarts: !isBandit, control: control)
      if ends, run.unfinished > 0 {
        notes.append(
          "\(NumberText.grouped(run.unfinished)) replications of \(policy.description) were cut off at \(NumberText.grouped(rounds)) rounds: their rounds are too few"
        )
      }
      entries.append(Race.Entry(policy: policy.description, run: run))
    }
    if isBandit, !ends, let refusal = entries.first?.run.regretRefusal {
      notes.append("no regret: \(refusal.message); policies are compared by their rewards")
    }
    let actions = process.variables(with: .action)
    let names =
      actions.count == 1
      ? (0..<(process[actions[0]].domain.count ?? 0)).map {
        process.text(of: process[actions[0]].domain.value(at: $0), in: process[actions[0]].domain)
      } : []
    return Race(
      model: model.description, horizon: rounds, replications: replications, seed: seed, entries: entries, actions: names,
      fixedRounds: ends ? try fixedRounds(process) : nil, notes: notes)
  }

  /// The expected number of rounds to the end when one action is always taken, by action: exactly, from the explored chain.
  private func fixedRounds(_ process: Process) throws -> [Double]? {
    let actions = process.variables(with: .action)
    guard actions.count == 1, let count = process[actions[0]].domain.count else { return nil }
    let action = actions[0]
    return try (0..<count).map { position in
      var fixed = process
      let code = fixed.pool.constant(fixed[action].domain.value(at: position), type: fixed[action].domain.type)
      fixed.variables[Int(action.index)].mechanism = .value(code)
      fixed.stepOrder.insert(.current(action), at: 0)
      fixed.channels = [
        RewardChannel(name: "rounds", isCost: false, amount: fixed.pool.constant(1, type: .integer), span: process.span)
      ]
      fixed.objective = Objective(criterion: .total)
      let (explored, _) = try explore(fixed)
      do {
        let planner = try Planner(for: explored.sparse, tolerance: 1e-9)
        let sparse = try planner.method.solve(explored.sparse, control: control)
        return StateFunction("rounds", sparse.value, of: explored).atStart
      } catch let unmet as UnmetRequirement {
        throw diagnostic(unmet, at: process.span)
      }
    }
  }
}
