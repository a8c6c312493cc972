import AleaData
import AleaEngine
import AleaModel
import AleaReport
import AleaSemantics
import AleaSolvers

extension Natives {
  // MARK: Causal models

  static func causal(_ core: SessionCore) -> [NativeFunction] {
    effects() + graphQuestions() + interventions(core) + [counterfactual(), effectBounds()]
  }

  // MARK: Arguments

  /// The variables given under a label, one or an array, all of one model.
  static func variables(_ call: NativeCall, _ label: String, asText: ModelObject? = nil) throws -> [ModelVariable] {
    guard let given = call[label] else { return [] }
    func variable(_ value: Value) throws -> ModelVariable {
      if case .object(let object) = value, let variable = object as? ModelVariable { return variable }
      if case .string(let name) = value, let asText { return ModelVariable(model: asText, name: name) }
      throw call.fault(
        "`\(label)` takes variables of a model, and this is \(value.kindDescription)", at: label,
        notes: ["as in `M.x` or `[M.x, M.y]`"])
    }
    switch given.value {
    case .array(let values): return try values.map(variable)
    case .set(let values): return try values.map(variable)
    default: return [try variable(given.value)]
    }
  }

  /// The names of the variables given under a label; nil without the argument.
  static func variableNames(_ call: NativeCall, _ label: String, of model: ModelObject) throws -> [String]? {
    guard call[label] != nil else { return nil }
    let names = try sameModel(call, [(label, variables(call, label, asText: model))], as: model)[0]
    let known = model.definition.variableNames
    for name in names where !known.contains(name) {
      let near = Spelling.nearest(name, in: known)
      throw call.fault(
        "`\(name)` is not a variable of \(model.definition.name)", at: label,
        notes: [near.map { "did you mean `\($0)`?" } ?? "its variables are \(known.joined(separator: ", "))"])
    }
    return names
  }

  /// The names of variables that must be of one model.
  private static func sameModel(_ call: NativeCall, _ groups: [(String, [ModelVariable])], as model: ModelObject) throws
    -> [[String]]
  {
    try groups.map { label, variables in
      try variables.map { variable in
        guard variable.model.description == model.description else {
          throw call.fault("`\(variable)` is not a variable of \(model.definition.name)", at: label)
        }
        return variable.name
      }
    }
  }

  private static func firstModel(_ call: NativeCall, _ variables: [ModelVariable], _ label: String) throws -> ModelObject {
    guard let first = variables.first else { throw call.fault("`\(label)` names no variable", at: label) }
    return first.model
  }

  static func causalModel(_ call: NativeCall, _ label: String) throws -> ModelObject {
    guard case .object(let object)? = call[label]?.value, let model = object as? ModelObject,
      model.definition.syntax.kind == .causal
    else {
      var given = call[label]?.value.kindDescription ?? "nothing"
      if case .object(let object as ModelObject)? = call[label]?.value {
        given = "\(object.definition.name), which is \(object.definition.syntax.kind.withArticle)"
      }
      throw call.fault("a causal model is needed here, and this is \(given)", at: label)
    }
    return model
  }

  static func effect(_ call: NativeCall) throws -> CausalEffect {
    guard case .object(let object)? = call["effect"]?.value, let effect = object as? CausalEffect else {
      throw call.fault("an effect is needed here", at: "effect", notes: ["as in `effect(of: M.x, on: M.y)`"])
    }
    return effect
  }

  /// The graph that a question is about: of a causal model, or of one step of a decision model, under a policy where one is given.
  private static func graph(_ call: NativeCall, of model: ModelObject, at label: String) throws -> CausalGraph {
    guard let given = call["under"] else { return try model.causalGraph(at: call.span(of: label)) }
    guard case .object(let object) = given.value, let policy = object as? PolicyObject else {
      throw call.fault("a policy is needed here, and this is \(given.value.kindDescription)", at: "under")
    }
    let kind = model.definition.syntax.kind
    guard kind == .mdp || kind == .bandit else {
      throw call.fault(
        "nothing acts in \(model.definition.name), which is \(kind.withArticle)", at: "under",
        notes: ["`under:` belongs to an mdp or bandit"])
    }
    return try CausalGraph(stepOf: policy.close(model.instantiate(at: call.span(of: label)), of: model))
  }

  /// That names are nodes: a model can have variables that its one-step graph does not.
  private static func checkNodes(_ call: NativeCall, _ groups: some Sequence<(String, [String])>, _ graph: CausalGraph) throws {
    let known = graph.nodes.map(\.name)
    for (label, names) in groups {
      for name in names where !known.contains(name) {
        throw call.fault(
          "the graph has no variable `\(name)`", at: label, notes: ["its variables are \(known.joined(separator: ", "))"])
      }
    }
  }

  // MARK: Effects

  private static func effects() -> [NativeFunction] {
    let effectParameter = NativeParameter("effect", isPositional: true, "an effect, made by `effect(of:, on:)`")
    return [
      NativeFunction(
        "effect",
        [
          NativeParameter("of", "the cause, or an array of causes"),
          NativeParameter("on", "the outcome, or an array of outcomes"),
          NativeParameter("given", default: "nothing", "variables to condition on"),
          NativeParameter("under", default: "any policy", "in a decision model: the policy that acts"),
        ], returns: "an effect", isQuery: false,
        documentation:
          "The total effect of setting some variables on others, in a causal model or one step of an mdp or bandit: what `identify` and `estimate` take.",
        example: "effect(of: Smoking.smoking, on: Smoking.cancer)"
      ) { call in
        let causes = try variables(call, "of")
        let outcomes = try variables(call, "on")
        let given = try variables(call, "given")
        let model = try firstModel(call, causes, "of")
        let names = try sameModel(call, [("of", causes), ("on", outcomes), ("given", given)], as: model)
        let graph = try graph(call, of: model, at: "of")
        try checkNodes(call, zip(["of", "on", "given"], names), graph)
        for (label, group) in zip(["of", "on", "given"], names) {
          for name in group where graph.nodes.contains(where: { $0.name == name && $0.isLatent }) {
            throw call.fault(
              "`\(name)` is latent: no question about its effect can be answered from what is observed", at: label)
          }
        }
        if let both = names[0].first(where: { names[1].contains($0) || names[2].contains($0) })
          ?? names[1].first(where: names[2].contains)
        {
          let isCause = names[0].contains(both)
          let other = names[1].contains(both) ? "the outcome" : "given"
          throw call.fault(
            "`\(both)` is both \(isCause ? "the cause" : "the outcome") and \(isCause ? other : "given")",
            at: isCause && names[1].contains(both) ? "on" : "given",
            notes: ["a variable that is set or given does not vary: leave it out of one of the two"])
        }
        if names[1].isEmpty { throw call.fault("`on` names no variable", at: "on") }
        return .object(CausalEffect(model: model, graph: graph, causes: names[0], outcomes: names[1], given: names[2]))
      },
      NativeFunction(
        "identify", [effectParameter], returns: "an identification", isQuery: true,
        documentation:
          "Whether an effect follows from what is observed, with its formula and derivation, or the hidden causes that forbid it.",
        example: "identify(effect(of: Smoking.smoking, on: Smoking.cancer)).estimand"
      ) { call in
        let effect = try effect(call)
        return .object(
          IdentificationAnswer(try effect.graph.identify(effectOf: effect.causes, on: effect.outcomes, given: effect.given)))
      },
      NativeFunction(
        "adjustmentSets", [effectParameter], returns: "adjustment sets", isQuery: true,
        documentation: "The sets of observed variables within which a comparison gives the effect, or the path that stays open.",
        example: "adjustmentSets(effect(of: Drug.treated, on: Drug.recovered)).minimal"
      ) { call in
        let effect = try effect(call)
        if !effect.given.isEmpty {
          throw call.fault(
            "adjustment sets are of effects without `given:`", at: "effect",
            notes: ["`identify` and `estimate` take `given:`"])
        }
        return .object(AdjustmentAnswer(try effect.graph.adjustmentSets(from: effect.causes, to: effect.outcomes)))
      },
      NativeFunction(
        "instruments", [effectParameter], returns: "instruments", isQuery: true,
        documentation: "The variables that move the cause and reach the outcome through it alone, with what to condition on.",
        example: "instruments(effect(of: Schooling.educ, on: Schooling.lwage)).names"
      ) { call in
        let effect = try effect(call)
        let (cause, outcome) = try effect.pair(call, "effect")
        return .object(
          InstrumentsAnswer(
            target: effect.description, instruments: try effect.graph.instruments(for: cause, on: outcome)))
      },
    ]
  }

  // MARK: Graphs

  private static func graphQuestions() -> [NativeFunction] {
    [
      NativeFunction(
        "independent",
        [
          NativeParameter("first", isPositional: true, "a variable, or an array of them"),
          NativeParameter("second", isPositional: true, "a variable, or an array of them"),
          NativeParameter("given", default: "nothing", "variables to condition on"),
          NativeParameter("under", default: "any policy", "in a decision model: the policy that acts"),
        ], returns: "an answer about independence", isQuery: true,
        documentation:
          "Whether a causal model, or one step of an mdp or bandit, implies that variables are independent given others, with an open path if not.",
        example: "independent(Smoking.smoking, Smoking.cancer, given: [Smoking.tar])"
      ) { call in
        let first = try variables(call, "first")
        let second = try variables(call, "second")
        let given = try variables(call, "given")
        let model = try firstModel(call, first, "first")
        let names = try sameModel(call, [("first", first), ("second", second), ("given", given)], as: model)
        if let both = names[0].first(where: names[1].contains) {
          throw call.fault("`\(both)` cannot be independent of itself", at: "second")
        }
        if let both = names[2].first(where: { names[0].contains($0) || names[1].contains($0) }) {
          throw call.fault("`\(both)` is both asked about and given", at: "given")
        }
        let graph = try graph(call, of: model, at: "first")
        try checkNodes(call, zip(["first", "second", "given"], names), graph)
        return .object(IndependenceAnswer(try graph.independent(names[0], names[1], given: names[2])))
      },
      NativeFunction(
        "implications", [NativeParameter("model", isPositional: true, "a causal model")], returns: "implications", isQuery: true,
        documentation: "The independences that a causal model claims and data can refute.", example: "implications(Smoking)"
      ) { call in
        .object(ImplicationsAnswer(try causalModel(call, "model").causalGraph(at: call.span(of: "model")).implications()))
      },
    ]
  }

  // MARK: Interventions

  private static func interventions(_ core: SessionCore) -> [NativeFunction] {
    [
      NativeFunction(
        "do",
        [
          NativeParameter("model", isPositional: true, "a causal model"),
          NativeParameter("settings", kind: .settings, "values or expressions of other variables, by the names of variables"),
        ], returns: "a model", isQuery: false,
        documentation: "The model in which variables are set from outside: nothing moves them any more but what they are set to.",
        example: "sample(do(Market, price: 20), rows: 1000, seed: 1)"
      ) { call in
        let model = try causalModel(call, "model")
        guard !call.settings.isEmpty else {
          throw call.fault("`do` sets nothing", notes: ["as in `do(\(model.definition.name), x: 1)`"])
        }
        return .object(
          try model.intervened(call.settings))
      },
      NativeFunction(
        "sample",
        [
          NativeParameter("model", isPositional: true, "a causal model with mechanisms"),
          NativeParameter("rows", "how many rows to draw"),
          NativeParameter("seed", default: "the session's", "the seed of the random streams"),
        ], returns: "a table", isQuery: true,
        documentation:
          "Draws rows of data from a causal model; latent variables are left out. The same seed gives the same rows.",
        example: "sample(Market, rows: 5_000, seed: 1)"
      ) { call in
        let model = try causalModel(call, "model")
        guard let rows = try integer(call, "rows", from: 1) else { throw call.fault("`rows:` is missing") }
        guard model.definition.hasMechanisms else {
          throw call.fault(
            "`\(model.definition.name)` says what depends on what, not how: it cannot be sampled", at: "model",
            notes: ["give its variables mechanisms, as in `x ~ Normal(0, 1)`"])
        }
        let process = try model.instantiate(at: call.span(of: "model"))
        let seed = try integer(call, "seed", from: 0).map { UInt64($0) } ?? core.configuration.seed
        return .object(try sampled(process, rows: rows, seed: seed, name: "sample(\(model))", core: core, call))
      },
    ]
  }

  private static func sampled(
    _ process: Process, rows: Int, seed: UInt64, name: String, core: SessionCore, _ call: NativeCall
  ) throws -> DataTable {
    let isShown = process.variables.map { $0.role != .latent && !$0.name.hasSuffix("#") }
    for variable in process.variables where variable.mechanism == .unspecified || variable.mechanism == .chosen {
      throw call.fault(
        "`\(variable.name)` has no mechanism, so the model cannot be sampled", at: "model",
        notes: ["give it one, as in `\(variable.name) ~ Normal(0, 1)`"])
    }
    let values: [[Double]]
    do {
      values = try RowSampler(process).columns(rows: rows, seed: seed, control: core.control)
    } catch let fault as DiagnosticError {
      throw DiagnosticError(
        fault.diagnostics.map { diagnostic in
          var diagnostic = diagnostic
          diagnostic.span = diagnostic.span ?? call.span
          return diagnostic
        })
    }
    var columns: [DataColumn] = []
    for (index, variable) in process.variables.enumerated() where isShown[index] {
      columns.append(column(variable, values[index], process))
    }
    return try DataTable(name, columns: columns)
  }

  static func column(_ variable: Variable, _ numbers: [Double], _ process: Process) -> DataColumn {
    switch variable.domain {
    case .boolean: return DataColumn(variable.name, .boolean, numbers: numbers)
    case .symbols:
      var levels: [String] = []
      let codes = numbers.map { code in
        let text = process.text(of: code, in: variable.domain)
        if let known = levels.firstIndex(of: text) { return Double(known) }
        levels.append(text)
        return Double(levels.count - 1)
      }
      return DataColumn(variable.name, .text, numbers: codes, levels: levels)
    default: return DataColumn(variable.name, variable.domain.type == .integer ? .integer : .real, numbers: numbers)
    }
  }
}
