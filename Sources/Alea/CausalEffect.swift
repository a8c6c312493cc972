import AleaData
import AleaModel
import AleaSemantics
import AleaSolvers

/// The total effect of some variables of a causal model on others: what `identify`, `adjustmentSets` and `estimate` are asked about.
struct CausalEffect: ObjectValue, EstimationTarget {
  let model: ModelObject
  let graph: CausalGraph
  let causes: [String]
  let outcomes: [String]
  let given: [String]

  var typeName: String { "an effect" }
  var description: String {
    "the effect of \(causes.joined(separator: ", ")) on \(outcomes.joined(separator: ", "))"
      + (given.isEmpty ? "" : " given \(given.joined(separator: ", "))")
  }

  /// The one cause and one outcome of questions that take no more.
  func pair(_ call: NativeCall, _ label: String) throws -> (cause: String, outcome: String) {
    guard causes.count == 1, outcomes.count == 1, given.isEmpty else {
      throw call.fault(
        "this question takes one cause and one outcome, without `given:`", at: label, notes: ["`identify` takes any effect"])
    }
    return (causes[0], outcomes[0])
  }

  func estimate(_ call: NativeCall, core: SessionCore) throws -> any ObjectValue {
    guard causes.count == 1, outcomes.count == 1 else {
      throw call.fault(
        "an effect of one cause on one outcome can be estimated, and this is \(self)", at: "target",
        notes: ["`identify` takes any effect"])
    }
    let (cause, outcome) = (causes[0], outcomes[0])
    let data = try Natives.dataTable(call, "from")
    let seed = try Natives.integer(call, "seed", from: 0).map { UInt64($0) } ?? core.configuration.seed
    do {
      let problem = try EffectProblem(
        graph: graph, cause: cause, outcome: outcome, given: given, data: data,
        adjust: Natives.variableNames(call, "adjust", of: model),
        instruments: Natives.variableNames(call, "instruments", of: model), seed: seed)
      let method = try method(call, problem, core)
      return given.isEmpty ? try method.estimate(problem) : try problem.conditionalEffect(by: method)
    } catch let refusal as EffectRefusal {
      throw call.fault(refusal.message, at: refusal.place.rawValue, notes: refusal.notes)
    }
  }

  private func method(_ call: NativeCall, _ problem: EffectProblem, _ core: SessionCore) throws -> any EffectMethod {
    if let given = call["by"] {
      let choices = ["`by:` takes one of \(core.names(of: (any EffectMethod.Type).self, builtIn: EffectMethods.all))"]
      if case .object(let object) = given.value, let object = object as? MethodObject {
        if let method = object.method as? any EffectMethod { return method }
        throw call.fault("`\(object.method.name)` does not estimate effects", at: "by", notes: choices)
      }
      throw call.fault("`by:` takes a method, and this is \(given.value.kindDescription)", at: "by", notes: choices)
    }
    do {
      _ = try problem.adjustmentSet()
      return LinearAdjustment(arguments: try MethodArguments(for: LinearAdjustment.self))
    } catch let refusal as EffectRefusal {
      guard (try? problem.instrumentsWithControls()) != nil else {
        guard (try? problem.proxies()) != nil else { throw refusal }
        return ProximalTwoStage(arguments: try MethodArguments(for: ProximalTwoStage.self))
      }
      return TwoStageLeastSquares(arguments: try MethodArguments(for: TwoStageLeastSquares.self))
    }
  }
}
