import AleaEngine
import AleaModel

extension InstrumentalEvaluation {
  /// Values linear in (1, states, instrument, action), for states of any kind, from a binary instrument and a binary action.
  ///
  /// The weights of the levels identify the value where the action's mean effect on rewards and next states is the same whatever is
  /// latent (Wang and Tchetgen Tchetgen 2018, Xu et al. 2023), which is looked up in the mechanisms.
  func linear(_ question: OffPolicyQuestion, _ chosen: VariableID) throws -> Estimate {
    let process = question.process
    try question.requireStationary()
    guard question.horizon == nil, question.discount < 1 else {
      throw OffPolicyFault("linear instrumental values are discounted ones", remedy: "give the model a `discount`")
    }
    guard question.actionCount == 2, process[chosen].domain.count == 2 else {
      throw OffPolicyFault("linear instrumental values need an instrument and an action of two values each")
    }
    if case .policy(let closed) = question.log.logging,
      let found = try OffPolicyLicense(process, logging: closed).outcomeInteraction()
    {
      throw OffPolicyFault(
        "linear instrumental values are not licensed: \(found)",
        remedy: "`features: tabular` asks instead that the instrument's effect on the action does not")
    }
    let (log, policy) = try question.instrumentalLinear(chosen)
    let record = question.record
    let estimate = { (episodes: [Int]) throws -> Double in
      let rows = episodes.flatMap { record.start[$0]..<record.start[$0 + 1] }
      let result = try log.evaluate(policy, rows: rows, starts: episodes)
      return doublyRobust ? result.doublyRobust : result.direct
    }
    let value = try estimate(Array(0..<record.episodeCount))
    let error = try Jackknife.error(over: record.episodeCount, groups: 20, control: question.control, estimate)
    return question.estimate(
      PolicyValue(value: value, error: error), self,
      [
        "`\(process[chosen].name)` moves the action, and rewards and next states through it alone (read off the model)",
        "the action's mean effect on rewards and next states does not depend on what is latent (checked in the mechanisms)",
        "values are linear in the states, the instrument and the action; the laws of the latter two are logistic",
      ], errors: question.jackknifeName)
  }
}

extension OffPolicyQuestion {
  /// The log as rows of states, instrument and action, with the policy's probabilities along it.
  ///
  /// - Throws: ``OffPolicyFault`` where the state after a row is not recorded; `Diagnostic` where a rule has no value.
  func instrumentalLinear(_ chosen: VariableID) throws -> (InstrumentalLinear, InstrumentalLinear.PolicyColumns) {
    let coding = coding(without: chosen)
    guard !coding.isEmpty else { throw OffPolicyFault("linear instrumental values need states", remedy: "`features: tabular`") }
    let columns = coding.map { record.columns[$0] ?? [] }
    var next: [Double] = []
    var after: [Double] = []
    var goesOn: [Bool] = []
    let now = (0..<record.rowCount).map { targetProbabilities[$0 * 2 + 1] }
    for episode in 0..<record.episodeCount {
      for row in record.start[episode]..<record.start[episode + 1] {
        switch successor(of: row, episode: episode, coding: coding) {
        case .row(let following):
          next += columns.map { $0[following] }
          after.append(now[following])
          goesOn.append(true)
        case .values(let values):
          var environment = ScalarEnvironment(variableCount: target.process.variables.count)
          for (id, value) in zip(coding, values) { environment.current[Int(id.index)] = value }
          next += values
          after.append(try target.probabilities(in: environment)[1])
          goesOn.append(true)
        case .ended:
          next += coding.map { _ in 0 }
          after.append(0)
          goesOn.append(false)
        case .unknown:
          throw OffPolicyFault(
            "the log does not hold the state after row \(row + 1)",
            remedy: "add columns of the next state, named as in `\(process[coding[0]].name)'`")
        }
      }
    }
    let starts = record.start.dropLast()
    let log = try InstrumentalLinear(
      states: (0..<record.rowCount).flatMap { row in columns.map { $0[row] } }, next: next, dimension: coding.count,
      instrument: try levels(of: chosen).map(Double.init), actions: choices.actions.map(Double.init), rewards: record.rewards,
      initial: starts.flatMap { row in columns.map { $0[row] } }, discount: discount, goesOn: goesOn)
    return (log, .init(states: now, next: after, initial: starts.map { now[$0] }))
  }
}
