// Which reductions stand between a question and its method.

/// The reductions that a question goes through: those named after `through:`, or those of the session that apply.
struct ReductionChoice {
  private let core: SessionCore
  /// Nil where none were named.
  private let given: [any Reduction]?
  private let place: SourceSpan?

  /// - Parameter given: what was named, or nil to take what applies.
  init(_ core: SessionCore, given: [any Reduction]? = nil, at place: SourceSpan? = nil) {
    self.core = core
    self.given = given
    self.place = place
  }

  /// Whether a way to list states was named.
  var namesExploration: Bool { given?.contains { $0 is any ModelReduction } == true }

  // MARK: Questions

  /// The states of a process, by the first reduction that applies.
  func explore(_ process: Process, allStates: Bool) throws -> Reduced<ExploredProcess, SparseSolution> {
    let named = (given ?? []).compactMap { $0 as? any ModelReduction }
    let registered = named.isEmpty ? try made(core.registered(as: (any ModelReduction.Type).self)) : []
    for reduction in named + registered.compactMap({ $0 as? any ModelReduction }) {
      if let exploration = reduction as? Exploration { return try explore(process, exploration.options) }
      guard let reduced = try reduction.reduce(process, control: core.control) else {
        if !named.isEmpty { throw doesNotApply(reduction, "`\(process.name)`") }
        continue
      }
      if let wrong = reduced.problem.inconsistency { throw unfit(reduction, wrong) }
      return reduced
    }
    return try explore(process, ExplorationOptions(allStates: allStates, tailMass: core.configuration.tailMass))
  }

  private func explore(_ process: Process, _ options: ExplorationOptions) throws -> Reduced<ExploredProcess, SparseSolution> {
    if let known = core.explored.recall(process, options) { return known }
    var limited = options
    limited.memoryLimit = core.configuration.memoryLimit
    let explored = try Exploration(limited).explore(process, control: core.control)
    if process.rows == nil { core.explored.keep(explored, options, within: core.configuration.keptMemory) }
    return explored
  }

  /// An explicit process made simpler by every reduction that applies.
  func reduce(_ process: SparseProcess) throws -> Reduced<SparseProcess, SparseSolution> {
    let named = given?.compactMap { $0 as? any SparseReduction }
    let reductions =
      try named
      ?? made(Reductions.ofProcesses + core.registered(as: (any SparseReduction.Type).self))
      .compactMap { $0 as? any SparseReduction }
    var whole = Reduced<SparseProcess, SparseSolution>(process, steps: [])
    for reduction in reductions {
      guard let reduced = try reduction.reduce(whole.problem, control: core.control) else {
        if named != nil { throw doesNotApply(reduction, "this process") }
        continue
      }
      if let wrong = reduced.problem.inconsistency { throw unfit(reduction, wrong) }
      let earlier = whole.restore
      whole = Reduced(
        reduced.problem, steps: whole.steps + reduced.steps, assumptions: whole.assumptions + reduced.assumptions
      ) { try earlier(reduced.restore($0)) }
    }
    return whole
  }

  /// A causal question as moments, by the first reduction that applies; nil where none does.
  func reduce(_ question: StructuralQuestion) throws -> Reduced<MomentProblem, MomentAnswer>? {
    let named = given?.compactMap { $0 as? any StructuralReduction }
    let reductions =
      try named
      ?? made(core.registered(as: (any StructuralReduction.Type).self) + Reductions.ofStructures)
      .compactMap { $0 as? any StructuralReduction }
    for reduction in reductions {
      if let reduced = try reduction.reduce(question, control: core.control) { return reduced }
      if named != nil { throw doesNotApply(reduction, "`\(question.cause)` and `\(question.outcome)` of `\(question.model)`") }
    }
    return nil
  }

  // MARK: Parts

  private func made(_ types: [any Method.Type]) throws -> [any Method] {
    try types.map { $0.init(arguments: try MethodArguments(for: $0)) }
  }

  private func doesNotApply(_ reduction: any Reduction, _ what: String) -> DiagnosticError {
    DiagnosticError(
      .error(
        "`\(reduction.name)` does not apply to \(what)", at: place,
        notes: [type(of: reduction).summary, "without `through:` the session takes what applies"]))
  }

  private func unfit(_ reduction: any Reduction, _ wrong: String) -> DiagnosticError {
    DiagnosticError(.error("`\(reduction.name)` gave a process that is none: \(wrong)", at: place))
  }
}

extension ExploredProcess {
  /// What keeps it from being an explored process, or nil.
  fileprivate var inconsistency: String? {
    if let wrong = sparse.inconsistency { return wrong }
    guard choiceAction.count == sparse.choiceCount,
      (0..<choiceAction.count).allSatisfy({ (0..<actions.count).contains(Int(choiceAction[$0])) })
    else { return "its choices do not each have an action" }
    guard deadlocks.allSatisfy({ (0..<sparse.stateCount).contains(Int($0)) }) else { return "a deadlock is no state of it" }
    return nil
  }
}

extension SessionCore {
  /// What was registered of a family, the latest first.
  func registered<Family>(as family: Family.Type) -> [any Method.Type] {
    registeredMethods.filter { $0 is Family }.reversed()
  }
}

extension Natives {
  /// The parameter of questions that go through reductions.
  static let through = NativeParameter(
    "through", default: "all that apply", "a reduction, or an array of them, to go through instead of those that apply")

  /// What stands after `through:` in a question about a decision process.
  static func throughProcesses(_ call: NativeCall, core: SessionCore) throws -> ReductionChoice {
    try through(call, known: Reductions.ofModels.map { $0 as any Method.Type } + Reductions.ofProcesses, core: core) {
      $0 is any ModelReduction.Type || $0 is any SparseReduction.Type
    }
  }

  /// What stands after `through:` in a question about a causal model.
  static func throughStructures(_ call: NativeCall, core: SessionCore) throws -> ReductionChoice {
    try through(call, known: Reductions.ofStructures, core: core) { $0 is any StructuralReduction.Type }
  }

  private static func through(
    _ call: NativeCall, known: [any Method.Type], core: SessionCore, isOfFamily: (any Method.Type) -> Bool
  ) throws -> ReductionChoice {
    guard let given = call["through"] else { return ReductionChoice(core) }
    let values = if case .array(let elements) = given.value { elements } else { [given.value] }
    let reductions = try values.map { value in
      if case .object(let object) = value, let method = (object as? MethodObject)?.method, isOfFamily(type(of: method)),
        let reduction = method as? any Reduction
      {
        return reduction
      }
      let names = (known + core.registeredMethods).filter(isOfFamily).map { "`\($0.name)`" }.joined(separator: ", ")
      throw call.fault("`through:` takes reductions of this question", at: "through", notes: ["it is one of \(names)"])
    }
    return ReductionChoice(core, given: reductions, at: given.span)
  }
}
