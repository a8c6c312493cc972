import AleaData
import AleaModel
import AleaNumerics
import AleaSemantics
import AleaSolvers

extension Natives {
  // MARK: Structural functions

  static func structural(_ core: SessionCore) -> [NativeFunction] {
    [
      NativeFunction(
        "structural",
        [
          NativeParameter("of", "the cause: a variable of a causal model"), NativeParameter("on", "the outcome"),
          NativeParameter("in", default: "RKHS(Gaussian())", "the class in which the function is looked for"),
        ], returns: "a structural function", isQuery: true,
        documentation:
          "How an outcome responds to a cause that is set, as a moment problem: by an instrument or by two proxies.",
        example: "estimate(structural(of: Market.price, on: Market.sales), from: sold)"
      ) { call in
        let (model, cause) = try variable(call, "of")
        let (other, outcome) = try variable(call, "on")
        guard model.definition.name == other.definition.name else {
          throw call.fault("the cause and the outcome are of two models", at: "on")
        }
        var functionClass = FunctionClass.rkhs(Kernel(), rank: 1000)
        if let given = call["in"] {
          guard case .object(let object as MethodObject) = given.value,
            let chosen = (object.method as? any FunctionClassMethod)?.functionClass
          else { throw call.fault("`in:` takes a class of functions", at: "in", notes: ["as in `in: Spline(size: 6)`"]) }
          functionClass = chosen
        }
        let graph = try model.causalGraph(at: call.span(of: "of"))
        return .object(try StructuralFunction(graph, model.definition.name, cause, outcome, functionClass, call))
      }
    ]
  }

  private static func variable(_ call: NativeCall, _ label: String) throws -> (ModelObject, String) {
    guard case .object(let object as ModelVariable)? = call[label]?.value, object.model.definition.syntax.kind == .causal else {
      throw call.fault("`\(label):` takes a variable of a causal model", at: label, notes: ["as in `\(label): Market.price`"])
    }
    return (object.model, object.name)
  }
}

/// How an outcome responds to a cause that is set: a moment problem that follows from a causal graph.
struct StructuralFunction: EstimationTarget {
  private(set) var problem: MomentProblem
  let cause: String
  let outcome: String
  /// The outcome proxy, over which the bridge is averaged; nil where there is an instrument.
  let proxy: String?
  let reason: String
  let assumptions: [String]

  init(
    _ graph: CausalGraph, _ model: String, _ cause: String, _ outcome: String, _ functionClass: FunctionClass, _ call: NativeCall
  ) throws {
    self.cause = cause
    self.outcome = outcome
    let instruments = try graph.instruments(for: cause, on: outcome)
    if let first = instruments.first, let given = first.given.first {
      let names = instruments.filter { $0.given.first == given }.map(\.name)
      problem = .regression(
        outcome: outcome, arguments: [cause] + given, conditioning: names + given, functionClass: functionClass)
      proxy = nil
      problem.name = "\(outcome) by \(cause)"
      let list = names.map { "`\($0)`" }.joined(separator: ", ")
      let controls = given.isEmpty ? "" : " given " + given.joined(separator: ", ")
      reason = "\(list) reaches `\(outcome)` through `\(cause)` alone\(controls): an instrument"
      assumptions = [
        "what else moves \(outcome) is added to the function (no interaction with \(cause))",
        "\(list) moves \(cause) strongly enough to tell functions apart (completeness)",
      ]
      return
    }
    guard let pair = try graph.proxies(for: cause, on: outcome).first else {
      throw call.fault(
        "`\(model)` has neither an instrument for `\(cause)` nor two proxies of what is hidden", at: "of",
        notes: [
          "an instrument moves `\(cause)` and reaches `\(outcome)` through it alone",
          "or measure two shadows of the hidden cause, one that `\(cause)` does not move and one that does not move `\(outcome)`",
        ])
    }
    problem = .regression(
      outcome: outcome, arguments: [cause, pair.ofOutcome], conditioning: [pair.ofTreatment, cause], functionClass: functionClass,
      unknown: "bridge")
    problem.name = "\(outcome) by \(cause)"
    proxy = pair.ofOutcome
    let hidden = pair.latent.joined(separator: ", ")
    reason =
      "`\(pair.ofTreatment)` and `\(pair.ofOutcome)` are proxies of \(hidden): the outcome bridge is averaged over `\(pair.ofOutcome)`"
    assumptions = ["the proxies vary enough with \(hidden) (completeness)"]
  }

  var typeName: String { "a structural function" }
  var description: String { "how \(outcome) responds to \(cause)" }

  func estimate(_ call: NativeCall, core: SessionCore) throws -> any ObjectValue {
    var fit = try Moments.fit(problem, call)
    if let proxy, case .object(let table as DataTable)? = call["from"]?.value, let column = table[proxy] {
      let rows = Matrix(column: column.numbers)
      fit.functions.insert(fit.functions[0].averaged(over: rows, name: "h"), at: 0)
      fit.notes.append("h is the bridge averaged over \(proxy); its errors take the rows of \(proxy) as given")
    }
    fit.notes.append(reason)
    fit.notes += assumptions.map { "assumed: \($0)" }
    return fit
  }

  var explanation: String {
    ([Moments.explanation(problem), "  because \(reason)"] + assumptions.map { "  assumed: \($0)" }).joined(separator: "\n")
  }
}
