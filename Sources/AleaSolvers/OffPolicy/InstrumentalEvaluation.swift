import AleaModel

/// `InstrumentalEvaluation()`: the value of a policy where something latent moves actions and rewards, by a recorded variable that
/// moves the action alone.
public struct InstrumentalEvaluation: OffPolicyMethod {
  public static let name = "InstrumentalEvaluation"
  public static let summary = "evaluates a policy from a confounded log by an instrument that the model licenses"
  public static let parameters = [
    MethodParameter("instrument", .text, default: .text(""), doc: "the instrument's name, where the model has several"),
    MethodParameter(
      "features", .symbol(["automatic", "tabular", "linear"]), default: .symbol("automatic"),
      doc: "a table over finite states, or values linear in (1, states, instrument, action), both of these binary"),
    MethodParameter(
      "doublyRobust", .boolean, default: .boolean(false),
      doc: "corrects linear values by weighted residuals: right when either they or the weights are"),
  ]
  public let instrument: String
  public let features: String
  public let doublyRobust: Bool

  public init(arguments: MethodArguments) {
    instrument = arguments.text("instrument")
    features = arguments.symbol("features")
    doublyRobust = arguments.boolean("doublyRobust")
  }

  public func evaluate(_ question: OffPolicyQuestion) throws -> Estimate {
    let named = instrument.isEmpty ? nil : instrument
    let chosen = try question.licensedInstrument(named: named, checksInteraction: false)
    let isFinite = question.coding(without: chosen).allSatisfy { question.process[$0].domain.isFinite }
    if doublyRobust, features == "tabular" {
      throw OffPolicyFault("`doublyRobust` corrects linear values, not tables", remedy: "`features: linear`")
    }
    if features == "linear" || doublyRobust || (features == "automatic" && !isFinite) {
      return try linear(question, chosen)
    }
    try question.requireNoInteraction(of: chosen)
    return try tabular(question, chosen)
  }

  private func tabular(_ question: OffPolicyQuestion, _ chosen: VariableID) throws -> Estimate {
    let process = question.process
    let table = try question.table(without: chosen)
    let domain = process[chosen].domain
    let levels = domain.count ?? 0
    let instrument = try question.levels(of: chosen)
    let weak = { (state: Int, action: Int) in
      OffPolicyFault(
        "`\(process[chosen].name)` does not move \(question.text(ofAction: action)) in this log\(question.place(table, state))",
        remedy: "log more, or use another instrument")
    }
    let estimate = { (episodes: [Int]) throws -> Double in
      let law = InstrumentalTable(
        table.log, instrument: instrument, levelCount: levels, episodes: episodes, countsUnknownAsEnd: question.isOneStep)
      let values =
        try question.horizon.map { try law.values(following: table.policy, horizon: $0, discount: question.discount, weak: weak) }
        ?? law.values(following: table.policy, discount: question.discount, weak: weak)
      return zip(table.log.initialLaw(of: episodes), values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let value = try estimate(Array(0..<question.record.episodeCount))
    return question.estimate(
      PolicyValue(value: value, error: try table.log.jackknife(estimate)), self,
      [
        "`\(process[chosen].name)` moves the action, and rewards and next states through it alone (read off the model)",
        "its effect on the action's probability does not depend on what is latent (checked in the mechanisms)",
      ], errors: question.jackknifeName)
  }
}

extension OffPolicyQuestion {
  /// The number of the instrument's value in each row.
  ///
  /// - Throws: ``OffPolicyFault`` where a row has a value outside the domain, or none.
  func levels(of instrument: VariableID) throws -> [Int] {
    let (name, domain) = (process[instrument].name, process[instrument].domain)
    guard let column = record.columns[instrument] else {
      throw OffPolicyFault("the log does not hold the instrument `\(name)`")
    }
    return try column.enumerated().map { row, value in
      guard let level = domain.position(of: value) else {
        throw OffPolicyFault("the instrument `\(name)` is \(value) in row \(row + 1), outside its domain")
      }
      return level
    }
  }

  /// The instrument that the model and the logging policy license.
  ///
  /// - Throws: ``OffPolicyFault`` with the open path, or the interaction, that stands against it.
  func licensedInstrument(named name: String?, checksInteraction: Bool = true) throws -> VariableID {
    guard case .policy(let closed) = log.logging else {
      throw OffPolicyFault(
        "an instrument is licensed by how the actions came about, and the log does not say",
        remedy: "make the log with `simulate`, or name the policy that made it")
    }
    let license = try OffPolicyLicense(process, logging: closed)
    let (valid, broken) = try license.instruments()
    if let (id, path) = broken.first(where: { process[$0.0].name == name }) {
      throw OffPolicyFault("`\(process[id].name)` is not an instrument. \(path)")
    }
    guard let chosen = valid.first(where: { name == nil || process[$0].name == name }) else {
      if let name {
        throw OffPolicyFault(
          "`\(name)` is not an instrument: `\(log.policy)` does not read a recorded variable of that name",
          remedy: valid.isEmpty ? "" : "the instruments are \(valid.map { "`\(process[$0].name)`" }.joined(separator: ", "))")
      }
      let why = broken.first.map { " `\(process[$0.0].name)` reaches them another way: \($0.1)" } ?? ""
      throw OffPolicyFault(
        "no recorded variable moves the action of `\(log.policy)` and rewards and next states through it alone.\(why)",
        remedy: "an instrument is an `observe` or `context` variable that the logging policy reads and nothing else depends on")
    }
    guard process[chosen].domain.isFinite else {
      throw OffPolicyFault("the instrument `\(process[chosen].name)` has infinitely many values, and a finite one is needed")
    }
    if target.reads.contains(chosen) {
      throw OffPolicyFault("the policy reads the instrument `\(process[chosen].name)`", remedy: "evaluate one that does not")
    }
    if checksInteraction { try requireNoInteraction(of: chosen) }
    return chosen
  }

  /// - Throws: ``OffPolicyFault`` where the instrument moves an action by more at some values of what is latent than at others.
  func requireNoInteraction(of instrument: VariableID) throws {
    guard case .policy(let closed) = log.logging,
      let found = try OffPolicyLicense(process, logging: closed).interaction(of: instrument)
    else { return }
    let latent = process[found.latent]
    func number(_ value: Double) -> String { NumberText.significant(value, digits: 3) }
    throw OffPolicyFault(
      "`\(process[instrument].name)` interacts with the latent `\(latent.name)`: it moves the probability of an action by "
        + "\(number(found.effects[0])) where \(latent.name) = \(process.text(of: found.values[0], in: latent.domain)), and by "
        + "\(number(found.effects[1])) where \(latent.name) = \(process.text(of: found.values[1], in: latent.domain))",
      remedy: "an instrument licenses the value of a policy where its effect on the action does not depend on the confounder")
  }
}
