import AleaData
import AleaEngine
import AleaModel
import AleaSemantics
import AleaSolvers

extension Natives {
  // MARK: Bounds

  static func effectBounds() -> NativeFunction {
    NativeFunction(
      "bounds",
      [
        NativeParameter("effect", isPositional: true, "an effect, made by `effect(of:, on:)`"),
        NativeParameter("from", default: "the model's own law", "the data"),
        NativeParameter(
          "between", default: "the two that the cause takes", "two values of the cause: the second against the first"),
        NativeParameter("instruments", default: "all that the graph has", "some of the instruments"),
        NativeParameter(
          "shares", default: "rows count alike", "the name of a column with the share of each row, where the rows are a law"),
        NativeParameter(
          "confounding", default: "anything", "the factor by which hidden causes may move the odds of a binary cause, from 1"),
        NativeParameter("adjust", default: "the graph's", "with `confounding:`, the controls"),
        NativeParameter(
          "propensity", default: "logistic in the controls", "with `confounding:`, the column of the cause's probabilities"),
      ], returns: "bounds on an effect", isQuery: true,
      documentation:
        "Between what numbers an effect lies in all models of the graph that fit a finite law, with or without an instrument (Balke and Pearl 1997); or in all where hidden causes move the odds of the cause by a bounded factor (Tan 2006).",
      example: "bounds(effect(of: Offer.taken, on: Offer.cured), from: offers)"
    ) { call in
      let effect = try effect(call)
      let (cause, outcome) = try effect.pair(call, "effect")
      do {
        let (data, shares) = try law(call, effect.model)
        let problem = try EffectProblem(
          graph: effect.graph, cause: cause, outcome: outcome, data: data,
          adjust: variableNames(call, "adjust", of: effect.model),
          instruments: variableNames(call, "instruments", of: effect.model))
        if let factor = try number(call, "confounding") {
          return .object(try sensitivity(call, problem, factor))
        }
        for label in ["adjust", "propensity"] where call[label] != nil {
          throw call.fault("`\(label)` goes with `confounding:`", at: label)
        }
        return .object(try BoundsProblem(problem, shares: shares, between: values(call, "between")).answer())
      } catch let refusal as EffectRefusal {
        throw call.fault(refusal.message, at: refusal.place.rawValue, notes: refusal.notes)
      } catch let refusal as Counterfactuals.Refusal {
        throw call.fault(refusal.message, at: "effect", notes: [refusal.note])
      } catch var fault as Diagnostic {
        fault.span = fault.span ?? call.span
        throw DiagnosticError(fault)
      }
    }
  }

  private static func sensitivity(_ call: NativeCall, _ problem: EffectProblem, _ factor: Double) throws -> BoundsAnswer {
    guard factor >= 1, factor.isFinite else {
      throw call.fault("`confounding` is a factor from 1, where nothing is hidden", at: "confounding")
    }
    guard call["from"] != nil else { throw call.fault("`confounding:` needs data: add `from:`", at: "confounding") }
    for label in ["between", "instruments", "shares"] where call[label] != nil {
      throw call.fault("`\(label)` does not go with `confounding:`", at: label)
    }
    var column: String?
    if let given = call["propensity"] {
      guard case .string(let name) = given.value else {
        throw call.fault("`propensity` is the name of a column, as a string", at: "propensity")
      }
      guard problem.data[name] != nil else {
        throw call.fault("`\(problem.data.name)` has no column `\(name)`", at: "propensity")
      }
      column = name
    }
    return try problem.sensitivityBounds(confounding: factor, propensity: column)
  }

  /// The rows given, with their shares where they are a law; without rows, the law of the model's observed variables.
  private static func law(_ call: NativeCall, _ model: ModelObject) throws -> (DataTable, [Double]?) {
    guard call["from"] != nil else {
      guard model.definition.hasMechanisms else {
        throw call.fault(
          "bounds need data, or a model with mechanisms", at: "effect",
          notes: ["add `from:`, or say how each variable gets its value"])
      }
      if call["shares"] != nil { throw call.fault("`shares` are of the rows of a table: add `from:`", at: "shares") }
      let process = try model.instantiate(at: call.span)
      let shown = process.variables.indices.filter {
        process.variables[$0].role != .latent && !process.variables[$0].name.hasSuffix("#")
      }
      let law = try Counterfactuals(process).law(of: shown.map { VariableID($0) })
      let columns = shown.enumerated().map { position, index in
        column(process.variables[index], law.map { $0.values[position] }, process)
      }
      return (try DataTable("the law of \(model)", columns: columns), law.map(\.probability))
    }
    let data = try dataTable(call, "from")
    guard let given = call["shares"] else { return (data, nil) }
    guard case .string(let name) = given.value else {
      throw call.fault("`shares` is the name of a column, as a string", at: "shares")
    }
    guard let column = data[name] else {
      throw call.fault(
        "`\(data.name)` has no column `\(name)`", at: "shares",
        notes: ["its columns are \(data.columnNames.joined(separator: ", "))"])
    }
    guard column.kind != .text, column.kind != .boolean else {
      throw call.fault("`\(name)` holds \(column.kind.plural), and shares are numbers", at: "shares")
    }
    return (data, column.numbers)
  }

  private static func values(_ call: NativeCall, _ label: String) throws -> [Value]? {
    guard let given = call[label] else { return nil }
    guard case .array(let values) = given.value else {
      throw call.fault("`\(label)` is an array of two values of the cause, as in `[0, 1]`", at: label)
    }
    return values
  }
}
