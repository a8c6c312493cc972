import AleaSemantics

extension Natives {
  // MARK: Totals of one channel

  /// `expectedTotal(of: Coin.tosses, in: Coin, until: Coin.heads == 3)`
  static func expectedTotal(_ core: SessionCore, _ precision: NativeParameter) -> NativeFunction {
    NativeFunction(
      "expectedTotal",
      [
        NativeParameter("of", default: "the whole reward", "a reward or cost of the model, as in `M.upkeep`"),
        NativeParameter("in", "the model"),
        NativeParameter("until", kind: .modelExpression, default: "never", "the states that end the collecting"),
        NativeParameter("within", default: "any number", "a number of steps"),
        NativeParameter("maximize", default: "true", "false for the least total"), precision,
      ], returns: "an answer to a property", isQuery: true,
      documentation:
        "The greatest (or least) expected total of a reward until a condition holds, or over a number of steps; infinite where the condition may never hold.",
      example: "expectedTotal(in: Walk, until: Walk.x == 0 or Walk.x == 6)"
    ) { call in
      var process = try model(call, "in").instantiate(takesRows: true)
      let maximize = try boolean(call, "maximize") ?? true
      let steps = try integer(call, "within", from: 0)
      var target: ExpressionID?
      if call.span(of: "until") != nil {
        let (extended, id) = try call.modelExpression("until", in: process)
        (process, target) = (extended, id)
      }
      guard (target == nil) != (steps == nil) else {
        throw call.fault("either `until:` or `within:` says how long the reward is collected")
      }
      let channel = try channelName(call, of: process)
      return .object(
        try core.expectedTotal(
          of: channel, in: process, until: target.map { ($0, core.sourceText(call.span(of: "until"))) }, within: steps,
          maximize: maximize, tolerance: tolerance(call), at: call.span))
    }
  }

  /// The channel that `of:` names; nil for the whole reward.
  private static func channelName(_ call: NativeCall, of process: Process) throws -> String? {
    guard let given = call["of"] else {
      guard !process.channels.isEmpty else { throw call.fault("`\(process.name)` has no reward and no cost") }
      return nil
    }
    let name: String
    switch given.value {
    case .object(let object as ModelVariable): name = object.name
    case .string(let text): name = text
    default: throw call.fault("`of` names a reward of the model, as in `M.upkeep`", at: "of")
    }
    let known = process.channels.map(\.name)
    guard known.contains(name) else {
      let nearest = Spelling.nearest(name, in: known)
      throw call.fault(
        "`\(process.name)` has no reward or cost `\(name)`", at: "of",
        notes: nearest.map { ["did you mean `\($0)`?"] }
          ?? (known.isEmpty ? [] : ["it has " + known.map { "`\($0)`" }.joined(separator: ", ")]))
    }
    return name
  }
}

extension SessionCore {
  /// The expected total of one channel (all of them when nil) until a condition holds or over a number of steps.
  func expectedTotal(
    of channel: String?, in process: Process, until target: (condition: ExpressionID, text: String)?, within steps: Int?,
    maximize: Bool, tolerance: Double?, at span: SourceSpan?
  ) throws -> PropertyAnswer {
    let (explored, exploring) = try explore(process)
    let start = Self.seconds()
    let sparse = explored.sparse
    try requireWhole(sparse, "the expected total of a reward", at: span)
    let column = Column<Double>(repeating: 0, count: sparse.choiceCount)
    for (declared, earned) in zip(process.channels, sparse.channels) where channel == nil || declared.name == channel {
      // Of a cost alone the total is what it costs.
      let sign = channel != nil && declared.isCost ? -1.0 : 1
      for choice in 0..<sparse.choiceCount { column.pointer[choice] += sign * earned.reward.pointer[choice] }
    }
    let solution: SparseSolution
    var end = ""
    if let target {
      let set = try states(of: explored, in: process, where: target.condition)
      end = "until \(target.text)"
      do {
        solution = try sparse.rewardUntil(
          set, reward: column, maximize: maximize, tolerance: tolerance ?? configuration.tolerance ?? 1e-6, control: control)
      } catch let unmet as UnmetRequirement {
        throw diagnostic(unmet, at: span)
      }
    } else {
      let count = steps ?? 0
      end = "over \(count) step\(count == 1 ? "" : "s")"
      var iteration = StepIteration(sparse, from: [Double](repeating: 0, count: sparse.stateCount), maximize: maximize)
      try iteration.run(steps: count, reward: column, control: control)
      solution = iteration.solution(steps: count, isProbability: false)
    }
    let question = "\(maximize ? "greatest" : "least") expected total of \(channel ?? "the reward") \(end) in \(process.name)"
    return PropertyAnswer(
      explored: explored, property: question, name: nil, sparse: solution, exploringTime: exploring,
      solvingTime: Self.seconds() - start)
  }
}
