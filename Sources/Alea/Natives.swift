/// The functions of the language that are written in Swift.
enum Natives {
  /// An environment with every native function, sharing the state of one session.
  static func environment(_ core: SessionCore) -> Environment {
    let environment = Environment()
    for function in functions(core) {
      environment[function.name] = Binding(.native(function), documentation: function.documentation)
    }
    return environment
  }

  static func functions(_ core: SessionCore) -> [NativeFunction] {
    questions(core) + output(core) + bandits(core) + data(core) + causal(core) + estimation(core) + structural(core)
      + offPolicy(core)
      + (Methods.all + Reductions.all).map { constructor($0, core) }
  }

  // MARK: Methods

  /// `ValueIteration(tolerance: 1e-9)`: a constructor for each registered method.
  static func constructor(_ type: any Method.Type, _ core: SessionCore) -> NativeFunction {
    NativeFunction(
      type.name,
      type.parameters.map {
        NativeParameter($0.name, isPositional: true, default: $0.defaultValue.description, names: names(of: $0), $0.doc)
      }, returns: "a method", isQuery: false, documentation: type.summary, example: example(type),
      abbreviations: type.abbreviations
    ) { call in
      var arguments: [String: MethodValue] = [:]
      for parameter in type.parameters {
        guard let given = call[parameter.name] else { continue }
        switch given.value {
        case .real(let number): arguments[parameter.name] = .real(number)
        case .integer(let number): arguments[parameter.name] = .integer(number)
        case .boolean(let flag): arguments[parameter.name] = .boolean(flag)
        case .symbol(let symbol): arguments[parameter.name] = .symbol(symbol.name)
        case .string(let text): arguments[parameter.name] = parameter.kind == .text ? .text(text) : .symbol(text)
        case .object(let object as MethodObject): arguments[parameter.name] = .method(object.call)
        default: throw call.fault("`\(parameter.name)` cannot be \(given.value.kindDescription)", at: parameter.name)
        }
      }
      if let tolerance = core.configuration.tolerance, arguments["tolerance"] == nil,
        type.parameters.contains(where: { $0.name == "tolerance" })
      {
        arguments["tolerance"] = .real(tolerance)
      }
      if type is Exploration.Type, arguments["tailMass"] == nil {
        arguments["tailMass"] = .real(core.configuration.tailMass)
      }
      do throws(InvalidMethodArgument) {
        return .object(
          MethodObject(method: type.init(arguments: try MethodArguments(arguments, for: type)), arguments: arguments))
      } catch {
        throw call.fault(error.problem, at: error.argument, notes: [error.remedy])
      }
    }
  }

  /// How a method is asked for, by its family; the models are those of `std.tour`.
  private static func example(_ type: any Method.Type) -> String {
    let name = type.name
    switch type {
    case is RelativeValueIteration.Type: return "solve(Machine, by: \(name)())"
    case is BackwardInduction.Type: return "solve(Season, by: \(name)())"
    case is OptimisticValueIteration.Type, is IntervalIteration.Type, is Exact.Type: return "solve(Walk, by: \(name)())"
    case is any DynamicMethod.Type: return "solve(Inventory, by: \(name)())"
    case is any ModelReduction.Type, is any SparseReduction.Type: return "explain(Inventory, through: \(name)())"
    case is ProxyBridge.Type: return "explain(structural(of: Shadows.a, on: Shadows.y, through: \(name)()))"
    case is any StructuralReduction.Type:
      return "explain(structural(of: Market.price, on: Market.sales, through: \(name)()))"
    case is any BestArmMethod.Type: return "bestArm(Ads, by: \(name)(), seed: 1)"
    case is LinearAdjustment.Type, is InverseProbabilityWeighting.Type, is AugmentedInverseProbabilityWeighting.Type:
      return "estimate(effect(of: Drug.treated, on: Drug.recovered), from: patients, by: \(name)())"
    case is ProximalTwoStage.Type, is ProximalWeighting.Type, is ProximalDoublyRobust.Type:
      return "estimate(effect(of: Shadows.a, on: Shadows.y), from: shadows, by: \(name)())"
    case is SmoothedQuantile.Type: return "estimate(MedianWage, from: people, by: \(name)())"
    case is any MomentMethod.Type: return "estimate(Wages, from: people, by: \(name)())"
    case is PessimisticMinimax.Type: return "learn(choices, in: Nudged, from: nudges, maximize: quantile(0.25), by: \(name)())"
    case is InstrumentalEvaluation.Type: return "evaluate(Treat(always: 0), in: Clinic, from: records, by: \(name)())"
    case is any OffPolicyMethod.Type: return "evaluate(Headline(which: 1), in: News, from: clicks, by: \(name)())"
    case is any EffectMethod.Type:
      return "estimate(effect(of: Schooling.educ, on: Schooling.lwage), from: people, by: \(name)())"
    default: break
    }
    // What a method is set by stands inside another method.
    let holders = Methods.all.compactMap { holder -> (String, String)? in
      for parameter in holder.parameters {
        if case .method(let names) = parameter.kind, names.contains(name) { return (holder.name, parameter.name) }
      }
      return nil
    }
    if let (holder, label) = holders.first { return "\(holder)(\(label): \(name)())" }
    if EffectMethods.all.contains(where: { $0.name == name }) {
      return "estimate(effect(of: Schooling.educ, on: Schooling.lwage), from: people, by: \(name)())"
    }
    return type is PessimisticValueIteration.Type
      ? "learn(in: News, from: clicks, by: \(name)())"
      : "learn(headlines, in: News, from: clicks, maximize: mean, by: \(name)())"
  }

  private static func names(of parameter: MethodParameter) -> [String] {
    if case .symbol(let names) = parameter.kind { return names }
    return []
  }

  // MARK: Arguments

  static func model(_ call: NativeCall, _ label: String) throws -> ModelObject {
    guard let given = call[label] else { throw call.fault("a model is missing") }
    guard case .object(let object) = given.value, let model = object as? ModelObject else {
      throw call.fault("a model is needed here, and this is \(given.value.kindDescription)", at: label)
    }
    guard model.definition.syntax.kind == .mdp || model.definition.syntax.kind == .bandit else {
      throw call.fault(
        "`\(model.definition.name)` is a \(model.definition.syntax.kind.rawValue) model, and this question is about an mdp or a bandit",
        at: label)
    }
    return model
  }

  static func method(_ call: NativeCall, core: SessionCore) throws -> (any DynamicMethod)? {
    guard let given = call["by"] else { return nil }
    if case .object(let object) = given.value {
      if let object = object as? MethodObject {
        if let method = object.method as? any DynamicMethod { return method }
        throw call.fault(
          "`\(object.method.name)` does not solve decision processes", at: "by",
          notes: ["`by:` takes one of \(core.names(of: (any DynamicMethod.Type).self, builtIn: DynamicMethods.all)) here"])
      }
    }
    throw call.fault(
      "`by:` takes a method, and this is \(given.value.kindDescription)", at: "by",
      notes: ["as in `by: ValueIteration(tolerance: 1e-9)`"])
  }

  static func number(_ call: NativeCall, _ label: String) throws -> Double? {
    guard let given = call[label] else { return nil }
    switch given.value {
    case .real(let number): return number
    case .integer(let number): return Double(number)
    default: throw call.fault("`\(label)` is a number, and this is \(given.value.kindDescription)", at: label)
    }
  }

  static func integer(_ call: NativeCall, _ label: String, from low: Int) throws -> Int? {
    guard let given = call[label] else { return nil }
    guard case .integer(let number) = given.value, number >= low else {
      throw call.fault("`\(label)` is a whole number from \(low)", at: label)
    }
    return number
  }

  static func boolean(_ call: NativeCall, _ label: String) throws -> Bool? {
    guard let given = call[label] else { return nil }
    guard case .boolean(let flag) = given.value else { throw call.fault("`\(label)` is true or false", at: label) }
    return flag
  }

  static func takesAllStates(_ call: NativeCall) throws -> Bool {
    guard let given = call["states"] else { return false }
    guard case .symbol(let symbol) = given.value, ["reachable", "all"].contains(symbol.name) else {
      throw call.fault("`states` is one of `reachable`, `all`", at: "states")
    }
    return symbol.name == "all"
  }

  static func tolerance(_ call: NativeCall) throws -> Double? {
    guard let value = try number(call, "tolerance") else { return nil }
    guard value > 0, value.isFinite else { throw call.fault("the tolerance is a positive number", at: "tolerance") }
    return value
  }

  // MARK: Questions

  static func questions(_ core: SessionCore) -> [NativeFunction] {
    let precision = NativeParameter("tolerance", default: "1e-6", "the guaranteed error to aim at")
    let extent = NativeParameter(
      "states", default: "reachable", names: ["reachable", "all"],
      "the states that the initial ones lead to, or all that the domains allow")
    return [
      NativeFunction(
        "solve",
        [
          NativeParameter("model", isPositional: true, "the model to solve"),
          NativeParameter("by", default: "chosen by structure", "the method"), precision, extent, through,
          NativeParameter(
            "property", default: "the model's objective", "a property in the notation of PRISM, or the name of one"),
          NativeParameter("properties", default: "none", "the file with the property of that name"),
        ], returns: "a solution", isQuery: true,
        documentation:
          "The optimal values and an optimal policy of a decision process, with a guaranteed bound; or the answer to a property.",
        example: "solve(Inventory).value[stock: 0]"
      ) { call in
        if call["property"] != nil || call["properties"] != nil { return try property(call, core: core) }
        let model = try model(call, "model")
        let method = try method(call, core: core)
        if method != nil, call["tolerance"] != nil {
          throw call.fault("the tolerance belongs to the method: `by: \(method!.name)(tolerance: ...)`", at: "tolerance")
        }
        let reductions = try throughProcesses(call, core: core)
        if reductions.namesExploration, call["states"] != nil {
          throw call.fault("the states belong to the reduction: `through: Exploration(states: all)`", at: "states")
        }
        return .object(
          try core.solve(
            model.instantiate(takesRows: true), by: method, tolerance: tolerance(call), allStates: takesAllStates(call),
            through: reductions,
            at: call["by"]?.span ?? call.span))
      },
      NativeFunction(
        "evaluate",
        [
          NativeParameter("policy", isPositional: true, "the policy"), NativeParameter("in", "the model"), precision,
          NativeParameter("from", default: "the model itself", "a log of another policy, to learn the value from"),
          NativeParameter("by", default: "chosen by what the model licenses", "the estimator, with `from:`"),
        ], returns: "an evaluation", isQuery: true,
        documentation:
          "What a given policy is worth: in every state it can reach, with a guaranteed bound; or estimated from a log, with its error.",
        example: "evaluate(BaseStock(level: 12), in: Inventory).value[stock: 0]"
      ) { call in
        let model = try model(call, "in")
        guard let given = call["policy"], case .object(let object) = given.value, let policy = object as? PolicyObject else {
          throw call.fault(
            "a policy is needed here, and this is \(call["policy"]?.value.kindDescription ?? "nothing")", at: "policy")
        }
        if call["from"] != nil { return .object(try core.evaluateFromLog(policy, in: model, call)) }
        if call["by"] != nil { throw call.fault("`by:` names an estimator, which needs a log: add `from:`", at: "by") }
        return .object(try core.evaluate(policy, in: model, tolerance: tolerance(call), at: call.span))
      },
      NativeFunction(
        "probability",
        [
          NativeParameter("of", kind: .modelExpression, "a condition on the states of the model"),
          NativeParameter("in", "the model"), NativeParameter("maximize", default: "true", "false for the least probability"),
          NativeParameter("within", default: "any number", "a bound on the number of steps"), precision,
          NativeParameter("avoiding", kind: .modelExpression, default: "nothing", "states that must not be met before"),
          NativeParameter("by", default: "doubles with guaranteed bounds", "`Exact()` for fractions"),
        ], returns: "a probability by state", isQuery: true,
        documentation: "The greatest (or least) probability of ever reaching a state in which a condition holds.",
        example: "probability(of: Walk.x == 3, in: Walk)"
      ) { call in
        let exact = try method(call, core: core).map { method in
          guard let exact = method as? Exact else {
            throw call.fault("a probability takes no method but `Exact()`", at: "by")
          }
          if call["tolerance"] != nil { throw call.fault("an exact answer has no tolerance", at: "tolerance") }
          return exact
        }
        var (process, event) = try call.modelExpression("of", in: model(call, "in").instantiate(takesRows: true))
        var avoided: ExpressionID?
        var text = core.sourceText(call.span(of: "of"))
        if let span = call.span(of: "avoiding") {
          let (extended, id) = try call.modelExpression("avoiding", in: process)
          (process, avoided) = (extended, id)
          text += " avoiding " + core.sourceText(span)
        }
        return .object(
          try core.probability(
            event, avoiding: avoided, in: process, text: text, maximize: boolean(call, "maximize") ?? true,
            within: integer(call, "within", from: 0), tolerance: tolerance(call), by: exact, at: call.span))
      },
      expectedTotal(core, precision),
      NativeFunction(
        "simulate",
        [
          NativeParameter("model", isPositional: true, "the model"),
          NativeParameter(
            "policies", isPositional: true,
            "a policy, one of the program's or `best.policy`; of a bandit also an array of policies"),
          NativeParameter("episodes", default: "1000", "of an mdp, or of a bandit for a log: how many independent episodes"),
          NativeParameter("replications", default: "1000", "of a bandit: how many independent replications"),
          NativeParameter("horizon", default: "the model's", "the largest number of steps or rounds"),
          NativeParameter("seed", default: "the session's", "the seed of the random streams"),
        ], returns: "a simulation", isQuery: true,
        documentation:
          "What policies earn over simulated episodes (a log, also of a bandit's rounds), or their regret over the rounds of a bandit, with Monte Carlo errors; the same seed gives the same answer.",
        example: "simulate(Ads, [UCB1(), Thompson()], replications: 1000, seed: 7)"
      ) { call in
        let model = try model(call, "model")
        let horizon = try integer(call, "horizon", from: 1)
        let seed = try integer(call, "seed", from: 0).map { UInt64($0) }
        if model.definition.syntax.kind == .bandit {
          if case .object(let table as PolicyFunction)? = call["policies"]?.value {
            return .object(
              try core.simulate(
                model, .object(table), episodes: integer(call, "episodes", from: 1) ?? 1_000, horizon: horizon, seed: seed,
                call: call))
          }
          guard let policies = SessionCore.policies(call["policies"]?.value) else {
            throw call.fault(
              "a policy or an array of policies is needed here", at: "policies", notes: ["as in `[UCB1(), Thompson()]`"])
          }
          if let episodes = try integer(call, "episodes", from: 1) {
            return .object(try core.banditLog(model, policies, episodes: episodes, horizon: horizon, seed: seed, call: call))
          }
          return .object(
            try core.race(
              model, policies, horizon: horizon, replications: integer(call, "replications", from: 1) ?? 1_000, seed: seed,
              call: call))
        }
        // Policies that learn keep their memory from episode to episode: they are raced, a lane a replication.
        if let policies = SessionCore.policies(call["policies"]?.value),
          call["replications"] != nil || policies.count > 1 || policies.contains(where: \.hasMemory)
        {
          if call["episodes"] != nil {
            throw call.fault(
              "a policy that learns is played in `replications:` of `horizon:` steps, episode after episode", at: "episodes")
          }
          return .object(
            try core.race(
              model, policies, horizon: horizon, replications: integer(call, "replications", from: 1) ?? 1_000, seed: seed,
              call: call))
        }
        return .object(
          try core.simulate(
            model, call["policies"]?.value ?? .nothing, episodes: integer(call, "episodes", from: 1) ?? 1_000, horizon: horizon,
            seed: seed, call: call))
      },
      NativeFunction(
        "size", [NativeParameter("model", isPositional: true, "the model"), extent], returns: "a model size", isQuery: true,
        documentation: "How many states, choices and transitions a model has; the rows of a table.",
        example: "size(Inventory).states"
      ) { call in
        if case .object(let object)? = call["model"]?.value, let table = object as? DataTable {
          return .integer(table.rowCount)
        }
        return .object(
          ModelSize(try core.explore(model(call, "model").instantiate(takesRows: true), allStates: takesAllStates(call)).0))
      },
      NativeFunction(
        "explain", [NativeParameter("model", isPositional: true, "the model"), through], returns: "a string", isQuery: true,
        documentation: "How a model would be solved: the path of reductions, the method, and why.", example: "explain(Inventory)"
      ) { call in
        if let text = try Moments.explanation(call, core: core) { return .string(text) }
        return .string(
          try core.explain(model(call, "model"), through: throughProcesses(call, core: core), span: call.span))
      },
    ]
  }

  // MARK: Output

  static func output(_ core: SessionCore) -> [NativeFunction] {
    [
      NativeFunction(
        "print", [NativeParameter("values", kind: .variadic, "what to print")], returns: "nothing", isQuery: true,
        documentation: "Prints values, answers as tables.", example: "print(solve(Inventory).value[stock: 0])"
      ) { call in
        if core.isSilent { return .nothing }
        let values = call.variadic.map(\.value)
        let report = core.report
        let parts = values.map { AnswerText.text(of: $0, options: report) }
        let text = parts.contains { $0.contains("\n") } ? parts.joined(separator: "\n") : parts.joined(separator: " ")
        core.output(
          Session.Output(
            text: text, json: values.count == 1 ? values[0].json.text : JSONValue.array(values.map(\.json)).text))
        return .nothing
      },
      NativeFunction(
        "expect",
        [
          NativeParameter("actual", isPositional: true, "a condition, or the value to compare"),
          NativeParameter("expected", isPositional: true, default: "a condition alone", "the value it should have"),
          NativeParameter("within", default: "0", "how far apart numbers may lie"),
        ], returns: "nothing", isQuery: true, documentation: "Checks a condition, or that two values agree.",
        example: "expect(sum(k in 0..10: 2 ^ k), 2047)"
      ) { call in
        core.expectations.append(try Comparison.check(call))
        return .nothing
      },
      NativeFunction(
        "save",
        [
          NativeParameter("answer", isPositional: true, "what to save"),
          NativeParameter("path", isPositional: true, "a path ending in .csv, .json or .txt"),
        ], returns: "nothing", isQuery: true, documentation: "Writes an answer to a file.",
        example: "save(solve(Inventory), \"policy.csv\")"
      ) { call in
        guard let answer = call["answer"] else { throw call.fault("an answer is missing") }
        let path = try path(call, "path")
        try placed(call, "path") { try SavedFile.save(answer.value, to: path) }
        return .nothing
      },
      NativeFunction(
        "plot",
        [
          NativeParameter("answer", isPositional: true, "values or a policy over one or two state variables"),
          NativeParameter("file", isPositional: true, default: "the terminal", "a picture to write, .svg or .png"),
        ], returns: "nothing", isQuery: true, documentation: "Draws values or a policy.",
        example: "plot(solve(Inventory).value, file: \"value.svg\")"
      ) { call in
        guard let answer = call["answer"] else { throw call.fault("an answer is missing") }
        try placed(call, call["file"] == nil ? "answer" : "file") {
          let chart = try Chart(answer.value)
          if call["file"] != nil {
            try chart.save(to: path(call, "file"))
          } else if !core.isSilent {
            core.output(Session.Output(text: chart.text(width: core.configuration.width), json: answer.value.json.text))
          }
        }
        return .nothing
      },
      NativeFunction(
        "graph",
        [
          NativeParameter("model", isPositional: true, "the model"),
          NativeParameter("file", isPositional: true, default: "dot text", "a picture to write: .svg, .png, .pdf or .dot"),
          NativeParameter("states", default: "false", "true for the states instead of the variables"),
        ], returns: "a string", isQuery: true,
        documentation: "The dependence graph of a model, or the graph of its states.",
        example: "graph(Inventory, file: \"inventory.svg\")"
      ) { call in
        let drawing: GraphDrawing
        if case .object(let object)? = call["model"]?.value, let causal = object as? ModelObject,
          causal.definition.syntax.kind == .causal
        {
          if try boolean(call, "states") == true { throw call.fault("a causal model has no states to draw", at: "states") }
          drawing = GraphDrawing(of: try causal.causalGraph(at: call.span(of: "model")))
        } else {
          let isOfStates = try boolean(call, "states") == true
          let process = try model(call, "model").instantiate(takesRows: isOfStates)
          drawing = try isOfStates ? core.stateGraph(process) : core.dependenceGraph(process)
        }
        guard call["file"] != nil else { return .string(drawing.dot) }
        try placed(call, "file") { try drawing.save(to: path(call, "file")) }
        return .nothing
      },
    ]
  }

  static func path(_ call: NativeCall, _ label: String) throws -> String {
    guard case .string(let path)? = call[label]?.value else { throw call.fault("a path is a string", at: label) }
    return path
  }

  /// Runs something that faults without a place, and adds the place of an argument.
  private static func placed(_ call: NativeCall, _ label: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch var fault as Diagnostic {
      fault.span = fault.span ?? call[label]?.span ?? call.span
      throw DiagnosticError(fault)
    }
  }
}

/// A method with its arguments, as a value of the language.
struct MethodObject: ObjectValue {
  let method: any Method
  let arguments: [String: MethodValue]

  var call: MethodCall { MethodCall(method.name, arguments, type: type(of: method)) }
  var typeName: String { "a method" }
  var description: String { call.description }
}
