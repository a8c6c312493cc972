import AleaModel
import AleaNumerics

/// How an outcome responds to a cause that is set, asked of a causal graph.
public struct StructuralQuestion: Sendable {
  public let graph: CausalGraph
  /// The model's name.
  public let model: String
  public let cause: String
  public let outcome: String
  /// Where the response is looked for.
  public let functionClass: FunctionClass

  public init(graph: CausalGraph, model: String, cause: String, outcome: String, functionClass: FunctionClass) {
    self.graph = graph
    self.model = model
    self.cause = cause
    self.outcome = outcome
    self.functionClass = functionClass
  }
}

/// The functions that solve a moment problem, with the data they were found in.
public struct MomentAnswer: Sendable {
  public var fit: MomentFit
  public let data: MomentData

  public init(fit: MomentFit, data: MomentData) {
    self.fit = fit
    self.data = data
  }

  /// The same with the first function averaged over the data's rows of its last arguments; it comes first, and is called `name`.
  ///
  /// - Throws: ``MomentFault`` where the data lack a column.
  public func averaged(over columns: [String], name: String) throws -> MomentAnswer {
    guard let function = fit.functions.first else { return self }
    var result = self
    result.fit.functions.insert(function.averaged(over: try data.matrix(columns), name: name), at: 0)
    let list = columns.joined(separator: ", ")
    result.fit.notes.append(
      "\(name) is the \(function.name) averaged over \(list); its errors take the rows of \(list) as given")
    return result
  }
}

/// `InstrumentRestriction()`: what is left of the outcome cannot be predicted from an instrument.
public struct InstrumentRestriction: StructuralReduction {
  public static let name = "InstrumentRestriction"
  public static let summary = "States a structural function as a moment problem by an instrument: E[y - h(x) | z] = 0."
  public static let parameters: [MethodParameter] = []

  public init(arguments: MethodArguments) {}

  public func reduce(_ question: StructuralQuestion, control: WorkControl) throws -> Reduced<MomentProblem, MomentAnswer>? {
    let (cause, outcome) = (question.cause, question.outcome)
    let instruments = try question.graph.instruments(for: cause, on: outcome)
    guard let first = instruments.first, let given = first.given.first else { return nil }
    let names = instruments.filter { $0.given.first == given }.map(\.name)
    var problem = MomentProblem.regression(
      outcome: outcome, arguments: [cause] + given, conditioning: names + given, functionClass: question.functionClass)
    problem.name = "\(outcome) by \(cause)"
    let list = names.map { "`\($0)`" }.joined(separator: ", ")
    let controls = given.isEmpty ? "" : " given " + given.joined(separator: ", ")
    return Reduced(
      problem, steps: ["\(list) reaches `\(outcome)` through `\(cause)` alone\(controls): an instrument"],
      assumptions: [
        "what else moves \(outcome) is added to the function (no interaction with \(cause))",
        "\(list) moves \(cause) strongly enough to tell functions apart (completeness)",
      ])
  }
}

/// `ProxyBridge()`: a bridge function over two proxies of what is hidden, averaged over one of them (Miao, Geng, Tchetgen Tchetgen 2018).
public struct ProxyBridge: StructuralReduction {
  public static let name = "ProxyBridge"
  public static let summary = "States a structural function as a moment problem by two proxies: E[y - bridge(x, w) | z, x] = 0."
  public static let parameters: [MethodParameter] = []

  public init(arguments: MethodArguments) {}

  public func reduce(_ question: StructuralQuestion, control: WorkControl) throws -> Reduced<MomentProblem, MomentAnswer>? {
    let (cause, outcome) = (question.cause, question.outcome)
    guard let pair = try question.graph.proxies(for: cause, on: outcome).first else { return nil }
    var problem = MomentProblem.regression(
      outcome: outcome, arguments: [cause, pair.ofOutcome], conditioning: [pair.ofTreatment, cause],
      functionClass: question.functionClass, unknown: "bridge")
    problem.name = "\(outcome) by \(cause)"
    let hidden = pair.latent.joined(separator: ", ")
    return Reduced(
      problem,
      steps: [
        "`\(pair.ofTreatment)` and `\(pair.ofOutcome)` are proxies of \(hidden): the outcome bridge is averaged over `\(pair.ofOutcome)`"
      ], assumptions: ["the proxies vary enough with \(hidden) (completeness)"]
    ) { try $0.averaged(over: [pair.ofOutcome], name: "h") }
  }
}
