import AleaData
import AleaModel
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
          NativeParameter("through", default: "the first that applies", "the reduction to moments"),
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
        let question = StructuralQuestion(
          graph: graph, model: model.definition.name, cause: cause, outcome: outcome, functionClass: functionClass)
        return .object(try StructuralFunction(question, throughStructures(call, core: core), call))
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
  let question: StructuralQuestion
  let reduced: Reduced<MomentProblem, MomentAnswer>

  /// - Throws: `DiagnosticError` where no reduction applies.
  init(_ question: StructuralQuestion, _ reductions: ReductionChoice, _ call: NativeCall) throws {
    self.question = question
    guard let reduced = try reductions.reduce(question) else {
      throw call.fault(
        "`\(question.model)` has neither an instrument for `\(question.cause)` nor two proxies of what is hidden", at: "of",
        notes: [
          "an instrument moves `\(question.cause)` and reaches `\(question.outcome)` through it alone",
          "or measure two shadows of the hidden cause, one that `\(question.cause)` does not move and one that does not move `\(question.outcome)`",
        ])
    }
    self.reduced = reduced
  }

  var typeName: String { "a structural function" }
  var description: String { "how \(question.outcome) responds to \(question.cause)" }

  func estimate(_ call: NativeCall, core: SessionCore) throws -> any ObjectValue {
    let answer = try Moments.fit(reduced.problem, call, core: core)
    do {
      var fit = try reduced.restore(answer).fit
      fit.notes += reduced.steps + reduced.assumptions.map { "assumed: \($0)" }
      return fit
    } catch let fault as MomentFault {
      throw call.fault(fault.message, at: nil, notes: fault.remedy.isEmpty ? [] : [fault.remedy])
    }
  }

  var explanation: String {
    ([Moments.explanation(reduced.problem)] + reduced.steps.map { "  because \($0)" }
      + reduced.assumptions.map { "  assumed: \($0)" }).joined(separator: "\n")
  }
}
