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
      NativeFunction(
        "whittle",
        [
          NativeParameter(
            "arm", isPositional: true, "an mdp with one action of two values: the first leaves the arm alone, the second plays it"
          ),
          NativeParameter("discount", default: "the mdp's, or its `average`", "in (0, 1)"),
        ], returns: "an index", isQuery: true,
        documentation:
          "The Whittle index of every state of a restless arm: the subsidy at which leaving it alone is as good as playing it.",
        example: "whittle(Patient)[health: 0]"
      ) { call in
        .object(try core.whittleIndices(model(call, "arm"), discount: number(call, "discount"), call))
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
    let factor = try indexDiscount(process, discount, call)
    let (explored, _) = try explore(process)
    let sparse = explored.sparse
    guard sparse.stateCount <= 2_000 else {
      throw call.fault(
        "an arm with \(NumberText.grouped(sparse.stateCount)) states is too large: the elimination takes their cube", at: "arm")
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

  private func indexDiscount(_ process: Process, _ discount: Double?, _ call: NativeCall) throws -> Double {
    var factor = discount
    if factor == nil, case .discounted(let own) = process.objective.criterion { factor = own }
    guard let factor else { throw call.fault("`discount:` is missing", notes: ["as in `discount: 0.9`"]) }
    guard factor > 0, factor < 1 else { throw call.fault("the discount of an index lies above 0 and below 1", at: "discount") }
    return factor
  }

  /// The Whittle index of every state of a restless arm.
  func whittleIndices(_ model: ModelObject, discount: Double?, _ call: NativeCall) throws -> StateFunction {
    let process = try model.instantiate()
    let actions = process.variables(with: .action)
    guard actions.count == 1, process[actions[0]].domain.count == 2, process.availability.isEmpty else {
      throw call.fault(
        "an arm has one action with two values that are always available", at: "arm",
        notes: ["as in `action played: Bool`, or `action move: {leave, play}`"])
    }
    var factor: Double?
    if discount != nil || process.objective.criterion != .average { factor = try indexDiscount(process, discount, call) }
    let (explored, _) = try explore(process)
    let sparse = explored.sparse
    let count = sparse.stateCount
    guard count <= 200 else {
      throw call.fault(
        "an arm with \(NumberText.grouped(count)) states is too large: each index takes several solutions of its equations",
        at: "arm")
    }
    var rows = [[[Double]]](repeating: [[Double]](repeating: [Double](repeating: 0, count: count), count: count), count: 2)
    var rewards = [[Double]](repeating: [Double](repeating: 0, count: count), count: 2)
    for state in 0..<count {
      let choices = Array(sparse.choices(of: state))
      guard choices.count == 2 else { throw call.fault("the arm must go on for ever, and it ends in a state", at: "arm") }
      for (action, choice) in choices.enumerated() {
        rewards[action][state] = sparse.channels.reduce(0) { $0 + $1.reward[choice] }
        for position in sparse.transitions(of: choice) {
          rows[action][state][Int(sparse.successor[position])] += sparse.probability[position]
        }
      }
    }
    guard
      let (indices, isIndexable) = WhittleIndex.indices(
        passive: rows[0], active: rows[1], passiveReward: rewards[0], activeReward: rewards[1], discount: factor)
    else {
      throw call.fault(
        "the equations of the arm have no solution", at: "arm",
        notes: factor == nil
          ? [
            "under the average criterion every way of playing it must lead back to the same states; a `discount:` needs no such thing"
          ]
          : [])
    }
    guard isIndexable else {
      throw call.fault(
        "the arm is not indexable: a larger subsidy makes leaving it alone worse in some state", at: "arm",
        notes: ["no index policy is defined for it; solve the joint model"])
    }
    return StateFunction("index", indices, of: explored)
  }
}
