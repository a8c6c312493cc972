// Policies learned from logs alone.

extension SessionCore {
  func learn(_ call: NativeCall) throws -> LearnedPolicy {
    let model = try Natives.model(call, "in")
    let process = try model.instantiate()
    try requireLoggedObjective(process, at: call.span)
    let log = try givenLog(call, of: model)
    let family = names(of: (any LearningMethod.Type).self, builtIn: OffPolicyMethods.learners)
    let learners = "the methods that do are \(family)"
    guard case .object(let object)? = call["by"]?.value, let given = object as? MethodObject else {
      throw call.fault("`by:` takes a method", at: "by", notes: [learners])
    }
    guard let method = given.method as? any LearningMethod else {
      throw call.fault("`\(given.method.name)` does not learn policies from logs", at: "by", notes: [learners])
    }
    let question = LearningQuestion(
      process: process, log: log, candidates: try candidates(call, of: model, process), objective: try objective(call),
      control: control
    ) { [self] in try explore($0).0 }
    var learned = try offPolicy(call, at: "from") { try method.learn(question) }
    learned.method = given.description
    return learned
  }

  private func objective(_ call: NativeCall) throws -> SearchObjective {
    switch call["maximize"]?.value {
    case nil: return .mean
    case .symbol(let symbol)? where symbol.name == "mean": return .mean
    case .object(let object as LearningObjective)?: return object.objective
    default:
      throw call.fault("`maximize:` is mean, quantile(p) or conditionalQuantile(p)", at: "maximize")
    }
  }

  /// The policies given, or nil; none at all in an empty array.
  private func candidates(
    _ call: NativeCall, of model: ModelObject, _ process: Process
  ) throws -> [LearningQuestion.Candidate]? {
    let values: [Value]
    switch call["policies"]?.value {
    case .array(let given)?: values = given
    case let given?: values = [given]
    case nil: return nil
    }
    return try values.map { value in
      guard case .object(let object) = value, let policy = object as? PolicyObject else {
        throw call.fault("a policy is needed here, and this is \(value.kindDescription)", at: "policies")
      }
      return .init(policy, closed: try policy.close(process, of: model, at: call["policies"]?.span))
    }
  }
}
