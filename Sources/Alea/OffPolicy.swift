// How questions about logged decisions are answered: tie the log to its model, check the licence, estimate.

import AleaData

extension SessionCore {
  /// Runs something and turns its faults into messages at an argument.
  func offPolicy<T>(_ call: NativeCall, at label: String?, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let fault as OffPolicyFault {
      throw call.fault(fault.message, at: fault.place?.rawValue ?? label, notes: fault.remedy.isEmpty ? [] : [fault.remedy])
    } catch let fault as Diagnostic {
      throw DiagnosticError(fault)
    }
  }

  /// The log of a call, checked to be one of the model.
  func givenLog(_ call: NativeCall, of model: ModelObject) throws -> Log {
    let log = try Natives.log(call, "from")
    guard log.process.name == model.definition.name else {
      throw call.fault("this is a log of `\(log.process.name)`, not of `\(model.definition.name)`", at: "from")
    }
    return log
  }

  func evaluateFromLog(_ policy: PolicyObject, in model: ModelObject, _ call: NativeCall) throws -> Estimate {
    let process = try model.instantiate()
    try requireLoggedObjective(process, at: call.span)
    let log = try givenLog(call, of: model)
    let closed = try policy.close(process, of: model, at: call["policy"]?.span)
    let question = try offPolicy(call, at: "policy") { try OffPolicyQuestion(log, target: closed, control: control) }
    let method: any OffPolicyMethod
    var name = ""
    if let given = call["by"] {
      guard case .object(let object) = given.value, let chosen = (object as? MethodObject)?.method as? any OffPolicyMethod else {
        throw call.fault(
          "`by:` takes an estimator here", at: "by",
          notes: ["the estimators are \(names(of: (any OffPolicyMethod.Type).self, builtIn: OffPolicyMethods.estimators))"])
      }
      method = chosen
      name = object.description
    } else {
      method = try offPolicy(call, at: "from") { try question.defaultMethod() }
      name = method is DoublyRobust ? "DoublyRobust(selfNormalized: true)" : "\(method.name)()"
    }
    var estimate = try offPolicy(call, at: call["by"] == nil ? "from" : "by") { try method.evaluate(question) }
    estimate.method = name
    let quantity = question.hasSeparateRounds ? "mean reward of a round under" : "value of"
    estimate.target = "the \(quantity) \(policy.description) in \(log.model), from a log of \(log.policy)"
    return estimate
  }

  /// A bandit without states needs no objective: each of its rounds is a decision.
  func requireLoggedObjective(_ process: Process, at span: SourceSpan?) throws {
    guard process.kind == .bandit else { return try requireObjective(process, at: span) }
    try requireReward(process, at: span)
  }

  // MARK: Logs from tables

  func logged(_ call: NativeCall) throws -> Log {
    guard case .object(let object)? = call["data"]?.value, let data = object as? DataTable else {
      throw call.fault("a table is needed here, and this is \(call["data"]?.value.kindDescription ?? "nothing")", at: "data")
    }
    let model = try Natives.model(call, "of")
    let process = try model.instantiate()
    let record = try offPolicy(call, at: "data") {
      try LogReader(process, data).read(
        propensity: try text(call, "propensity"), episode: try text(call, "episode"), reward: try text(call, "reward") ?? "reward"
      )
    }
    var logging = Log.Logging.unknown
    var name = data.name
    if call["by"] != nil {
      let policy = try Natives.policy(call, "by")
      logging = .policy(try policy.close(process, of: model, at: call["by"]?.span))
      name = policy.description
    }
    let log = Log(model: model.description, policy: name, process: process, logging: logging, summary: nil) { record }
    let choices = try offPolicy(call, at: "data") { try LoggedChoices(log, record) }
    if let row = choices.propensities?.firstIndex(where: { !($0 > 0) }) {
      throw call.fault("`\(name)` never takes the action of row \(row + 1)", at: "by")
    }
    return log
  }

  private func text(_ call: NativeCall, _ label: String) throws -> String? {
    guard let given = call[label] else { return nil }
    guard case .string(let text) = given.value else {
      throw call.fault("`\(label)` is the name of a column, a string", at: label)
    }
    return text
  }
}
