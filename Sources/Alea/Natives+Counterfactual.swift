import AleaEngine
import AleaModel
import AleaSemantics
import AleaSolvers

/// What would have been: of each variable its mean, which is the probability of true for a Boolean.
struct CounterfactualAnswer: ObjectValue, JSONAnswer {
  let question: String
  /// The probability of what was given; nil where it is continuous.
  let evidence: Double?
  let means: [(name: String, mean: Double)]
  /// Standard deviations of what stays open, by variable; empty for finite laws.
  var deviations: [Double] = []

  var typeName: String { "a counterfactual" }
  var description: String {
    let lines = means.enumerated().map { index, each in
      let spread = deviations.indices.contains(index) && deviations[index] > 1e-9 ? deviations[index] : 0
      return "  \(each.name): \(NumberText.significant(each.mean, digits: 6))"
        + (spread > 0 ? ", give or take \(NumberText.significant(spread, digits: 3))" : "")
    }
    return ([question] + lines).joined(separator: "\n")
  }
  var members: [(name: String, summary: String)] {
    [("evidence", "the probability of what is given")]
      + means.map { ($0.name, "its mean in the other world; the probability of true for a Boolean") }
  }
  func member(_ name: String) throws -> Value? {
    if let found = means.first(where: { $0.name == name }) { return .real(found.mean) }
    return name == "evidence" ? evidence.map { .real($0) } ?? .nothing : nil
  }
  var json: JSONValue {
    .object([
      .init("kind", .string("counterfactual")), .init("evidence", evidence.map { .number($0) } ?? .null),
      .init("means", .object(means.map { .init($0.name, .number($0.mean)) })),
    ])
  }
}

extension Natives {
  static func counterfactual() -> NativeFunction {
    NativeFunction(
      "counterfactual",
      [
        NativeParameter("model", isPositional: true, "a causal model with mechanisms"),
        NativeParameter("given", default: "nothing", "what was seen, as in `(dead: true)`"),
        NativeParameter("do", "what is set instead, as in `(rifleman: false)`"),
      ], returns: "a counterfactual", isQuery: true,
      documentation:
        "What would have been, had some variables been set otherwise, given what was seen; exact, for finite laws and for linear models with normal noise.",
      example: "counterfactual(FiringSquad, given: (dead: true), do: (first: false)).dead"
    ) { call in
      let model = try causalModel(call, "model")
      guard model.definition.hasMechanisms else {
        throw call.fault(
          "`\(model.definition.name)` has no mechanisms, and counterfactuals need them", at: "model",
          notes: ["give its variables mechanisms, as in `y = x and not u`"])
      }
      let process = try model.instantiate(at: call.span(of: "model"))
      let seen = try assignments(call, "given", process)
      let settings = try assignments(call, "do", process)
      guard !settings.isEmpty else { throw call.fault("`do` sets nothing", at: "do", notes: ["as in `do: (x: true)`"]) }
      do {
        let shown = process.variables.indices.filter { index in
          let isCategory = if case .symbols = process.variables[index].domain { true } else { false }
          return !isCategory && !process.variables[index].name.hasSuffix("#")
        }
        if let gaussian = GaussianCounterfactuals(process) {
          let answer = try gaussian.moments(given: seen, doing: settings)
          return .object(
            CounterfactualAnswer(
              question: "\(model), had it been otherwise", evidence: nil,
              means: shown.map { (process.variables[$0].name, answer.means[$0]) }, deviations: shown.map { answer.deviations[$0] }
            ))
        }
        let answer = try Counterfactuals(process).means(given: seen, doing: settings)
        return .object(
          CounterfactualAnswer(
            question: "\(model), had it been otherwise", evidence: answer.evidence,
            means: shown.map { (process.variables[$0].name, answer.means[$0]) }))
      } catch let refusal as Counterfactuals.Refusal {
        throw call.fault(refusal.message, notes: [refusal.note])
      } catch var fault as Diagnostic {
        fault.span = fault.span ?? call.span
        throw DiagnosticError(fault)
      }
    }
  }

  /// The encoded values of variables, from a record.
  private static func assignments(_ call: NativeCall, _ label: String, _ process: Process) throws -> [VariableID: Double] {
    guard let argument = call[label] else { return [:] }
    guard case .record(let fields) = argument.value else {
      throw call.fault("`\(label)` takes values by the names of variables, as in `(x: true)`", at: label)
    }
    var result: [VariableID: Double] = [:]
    for field in fields {
      guard let index = process.variables.firstIndex(where: { $0.name == field.name }) else {
        let near = Spelling.nearest(field.name, in: process.variables.map(\.name))
        throw call.fault(
          "`\(field.name)` is not a variable of \(process.name)", at: label, notes: near.map { ["did you mean `\($0)`?"] } ?? [])
      }
      let domain = process.variables[index].domain
      switch (field.value, domain.type) {
      case (.boolean(let flag), .boolean): result[VariableID(index)] = flag ? 1 : 0
      case (.integer(let number), .integer), (.integer(let number), .real): result[VariableID(index)] = Double(number)
      case (.real(let number), .real): result[VariableID(index)] = number
      case (.symbol(let symbol), .symbol):
        guard let code = process.symbols.firstIndex(where: { $0.name == symbol.name }) else {
          throw call.fault("`\(symbol.name)` is no value of `\(field.name)`", at: label)
        }
        result[VariableID(index)] = Double(code)
      default:
        throw call.fault(
          "`\(field.name)` cannot be \(field.value.kindDescription)", at: label,
          notes: ["its values are \(process.text(of: domain))"])
      }
    }
    return result
  }
}
