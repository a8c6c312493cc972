import AleaSemantics

extension Natives {
  // MARK: Bandits

  static func bandits(_ core: SessionCore) -> [NativeFunction] {
    [
      NativeFunction(
        "lowerBound", [NativeParameter("bandit", isPositional: true, "the bandit")], returns: "a lower bound", isQuery: true,
        documentation: "The lower bound of Lai and Robbins on the regret of every good policy, from the reward laws of the arms.",
        example: "lowerBound(Ads).constant"
      ) { call in
        let model = try model(call, "bandit")
        let process = try model.instantiate()
        let arms = try armLaws(process, call)
        let best = arms.map(\.mean).max() ?? 1
        return .object(
          LowerBound(
            model: model.description, arms: armNames(process), bound: RegretLowerBound(arms: arms),
            scale: process.terminal == nil ? 1 : best))
      },
      NativeFunction(
        "bestArm",
        [
          NativeParameter("bandit", isPositional: true, "the bandit"),
          NativeParameter("confidence", default: "0.95", "the probability of a right answer"),
          NativeParameter("by", default: "TrackAndStop()", "the method"),
          NativeParameter("replications", default: "1", "how many independent searches"),
          NativeParameter("seed", default: "the session's", "the seed of the random streams"),
        ], returns: "a best arm", isQuery: true,
        documentation:
          "Finds the arm with the greatest mean by sampling until one is certain enough, beside the fewest samples possible.",
        example: "bestArm(Ads, confidence: 0.95, by: TrackAndStop(), seed: 1)"
      ) { call in
        let model = try model(call, "bandit")
        let process = try model.instantiate()
        let confidence = try number(call, "confidence") ?? 0.95
        guard confidence > 0.5, confidence < 1 else {
          throw call.fault("the confidence lies above 0.5 and below 1", at: "confidence")
        }
        var method: any BestArmMethod = try bestArmMethod()
        var description = "TrackAndStop()"
        if let given = call["by"] {
          guard case .object(let object as MethodObject) = given.value, let chosen = object.method as? any BestArmMethod else {
            throw call.fault("`by:` takes a way to identify the best arm here", at: "by", notes: ["`TrackAndStop()` or `LUCB()`"])
          }
          method = chosen
          description = object.description
        }
        do {
          return .object(
            try BestArm.identify(
              armLaws(process, call), names: armNames(process), model: model.description, by: method, description: description,
              confidence: confidence, replications: integer(call, "replications", from: 1) ?? 1,
              seed: integer(call, "seed", from: 0).map { UInt64($0) } ?? core.configuration.seed, control: core.control))
        } catch let error as ValueError {
          throw call.fault(error.message, at: "bandit", notes: error.notes)
        }
      },
      NativeFunction(
        "gittins",
        [
          NativeParameter(
            "arm", isPositional: true,
            "the prior of a Bernoulli arm, as Beta(a, b); or an mdp without actions, whose states are the arm's"),
          NativeParameter("discount", default: "the mdp's", "in (0, 1)"),
        ], returns: "an index", isQuery: true,
        documentation: "The Gittins index: the sure payment a step at which an arm is worth as much as stopping.",
        example: "gittins(Beta(1, 1), discount: 0.9)"
      ) { call in
        let discount = try number(call, "discount")
        if let discount, !(discount > 0 && discount < 1) {
          throw call.fault("the discount of an index lies above 0 and below 1", at: "discount")
        }
        if case .distribution(let law)? = call["arm"]?.value {
          guard case .primitive(.beta, let parameters) = law.kind else {
            throw call.fault(
              "the prior of a Bernoulli arm is a beta law", at: "arm", notes: ["as in `gittins(Beta(1, 1), discount: 0.9)`"])
          }
          guard let discount else { throw call.fault("`discount:` is missing", notes: ["as in `discount: 0.9`"]) }
          return .real(GittinsIndex.bernoulli(successes: parameters[0], failures: parameters[1], discount: discount))
        }
        return .object(try core.chainIndices(model(call, "arm"), discount: discount, call))
      },
    ]
  }

  private static func bestArmMethod() throws -> any BestArmMethod {
    TrackAndStop(arguments: try MethodArguments(for: TrackAndStop.self))
  }

  private static func armLaws(_ process: Process, _ call: NativeCall) throws -> [ArmLaw] {
    do { return try ArmLaw.arms(of: process) } catch let diagnostic as Diagnostic { throw DiagnosticError(diagnostic) }
  }

  static func armNames(_ process: Process) -> [String] {
    let actions = process.variables(with: .action)
    guard actions.count == 1, let count = process[actions[0]].domain.count else { return [] }
    return (0..<count).map { process.text(of: process[actions[0]].domain.value(at: $0), in: process[actions[0]].domain) }
  }
}

extension SessionCore {
  /// The Gittins index of every state of a chain.
  func chainIndices(_ model: ModelObject, discount: Double?, _ call: NativeCall) throws -> StateFunction {
    let process = try model.instantiate()
    guard process.variables(with: .action).isEmpty else {
      throw call.fault(
        "the states of an arm change by themselves, and `\(model.description)` has actions", at: "arm",
        notes: ["write the arm as an mdp without actions"])
    }
    var factor = discount
    if factor == nil, case .discounted(let own) = process.objective.criterion { factor = own }
    guard let factor else { throw call.fault("`discount:` is missing", notes: ["as in `discount: 0.9`"]) }
    let (explored, _) = try explore(process)
    let sparse = explored.sparse
    guard sparse.stateCount <= 2_000 else {
      throw call.fault("an arm with \(sparse.stateCount) states is too large: the elimination takes their cube", at: "arm")
    }
    var transition = [[Double]](repeating: [Double](repeating: 0, count: sparse.stateCount), count: sparse.stateCount)
    var reward = [Double](repeating: 0, count: sparse.stateCount)
    for state in 0..<sparse.stateCount {
      for choice in sparse.choices(of: state) {
        reward[state] = sparse.channels.reduce(0) { $0 + $1.reward[choice] }
        for position in sparse.transitions(of: choice) {
          transition[state][Int(sparse.successor[position])] += sparse.probability[position]
        }
      }
    }
    return StateFunction("index", GittinsIndex.chain(transition: transition, reward: reward, discount: factor), of: explored)
  }
}
