import AleaData
import AleaModel
import AleaNumerics

/// The equation of a linear estimator of an effect, and the report on it.
struct LinearEffect {
  let problem: EffectProblem
  let equation: LinearInstruments
  let errors: any ErrorMethod
  let structure: ErrorStructure
  let errorWords: String
  /// What is said about controls that add nothing to the others.
  let redundant: [String]

  /// - Parameter instruments: nil for least squares, where the cause is its own instrument.
  /// - Parameter interactions: columns that the effect is linear in; they are controls, too.
  init(
    _ problem: EffectProblem, controls: [String], instruments: [String]? = nil, interactions: [String] = [],
    errors: any ErrorMethod
  ) throws {
    self.problem = problem
    self.errors = errors
    let rows = problem.data.rowCount
    guard rows > 0 else { throw EffectRefusal("`\(problem.data.name)` has no rows", at: .data) }
    let cause = Matrix(column: try problem.varyingNumbers(problem.cause))
    for name in instruments ?? [] { _ = try problem.varyingNumbers(name) }
    var design = try ControlDesign(problem, interactions + controls)
    for name in interactions {
      let products = zip(try problem.numbers(problem.cause), try problem.numbers(name)).map { $0 * $1 }
      try design.append(Self.product(problem.cause, name), products, problem)
    }
    redundant = design.notes
    try design.checkVariation(of: problem.cause, problem)
    for name in instruments ?? [] { try design.checkVariation(of: name, problem) }
    do {
      equation = try LinearInstruments(
        outcome: problem.numbers(problem.outcome), exogenous: design.matrix, exogenousNames: design.names, endogenous: cause,
        endogenousNames: [problem.cause], excluded: try instruments.map { try problem.matrix($0) } ?? cause,
        excludedNames: instruments ?? [problem.cause])
    } catch let fault as LinearInstruments.DataProblem {
      throw EffectRefusal(fault.message, at: .data, notes: [fault.remedy])
    }
    (structure, errorWords) = try Self.structure(errors, problem)
  }

  /// The name of the coefficient of a cause times a variable.
  static func product(_ cause: String, _ name: String) -> String { "\(cause)_by_\(name)" }

  private static func structure(_ errors: any ErrorMethod, _ problem: EffectProblem) throws -> (ErrorStructure, String) {
    guard let name = errors.clusterColumn else { return (errors is Robust ? .robust : .homoskedastic, errors.words) }
    guard let column = problem.data[name] else {
      throw EffectRefusal(
        name.isEmpty ? "`Clustered` needs a column" : "`\(problem.data.name)` has no column `\(name)` to cluster by", at: .method,
        notes: ["as in `Clustered(by: \"county\")`"])
    }
    if let row = column.firstMissing {
      throw EffectRefusal(
        "`\(name)` is missing in row \(row + 1) of `\(problem.data.name)`, which is then in no cluster", at: .data,
        notes: ["keep the complete rows: `filter(data, present(\(name)))`"])
    }
    var labels: [Double: Int] = [:]
    let clusters = column.numbers.map { value in
      if let known = labels[value] { return known }
      labels[value] = labels.count
      return labels.count - 1
    }
    guard labels.count > 1 else {
      throw EffectRefusal(
        "`\(name)` has one cluster only; clustered errors need two or more", at: .method,
        notes: ["as without clusters: `errors: Robust()`"])
    }
    return (.clustered(clusters), "\(errors.words) (\(labels.count) clusters)")
  }

  func report(
    _ fit: LinearFit?, method: String, assumptions: [String], checks: [Estimate.Check] = [], notes: [String] = [],
    hasSets: Bool = false
  )
    throws -> Estimate
  {
    guard let fit, let last = fit.coefficients.indices.last, fit.coefficients.allSatisfy(\.isFinite) else {
      throw EffectRefusal("the equation has no solution: the columns are too nearly dependent", at: .data)
    }
    let standardErrors = fit.standardErrors
    guard standardErrors[last].isFinite else { throw EffectRefusal("the standard errors do not exist for these data", at: .data) }
    var sets: [(name: String, set: Estimate.ConfidenceSet)] = []
    if hasSets, let set = equation.andersonRubinSet(level: 0.95) { sets = [("Anderson-Rubin", Self.converted(set))] }
    return Estimate(
      target: problem.target, method: method, value: fit.coefficients[last], standardError: standardErrors[last],
      sampleSize: equation.rowCount, errors: errorWords,
      coefficients: fit.names.indices.map {
        .init(name: fit.names[$0], value: fit.coefficients[$0], standardError: standardErrors[$0])
      }, checks: checks, sets: sets, assumptions: assumptions, notes: notes + redundant + problem.notes)
  }

  private static func converted(_ set: ConfidenceSet) -> Estimate.ConfidenceSet {
    switch set {
    case .interval(let low, let high): .interval(low, high)
    case .rays(let low, let high): .rays(low, high)
    case .line: .line
    case .empty: .empty
    }
  }
}

/// Least squares of the outcome on the cause and an adjustment set that the graph licenses.
public struct LinearAdjustment: EffectMethod {
  public static let name = "LinearAdjustment"
  public static let abbreviations = ["OLS"]
  public static let summary = "least squares on the cause and an adjustment set of the graph"
  public static let parameters = [linearErrors]
  let errors: any ErrorMethod

  public init(arguments: MethodArguments) { errors = arguments.errors }

  public func estimate(_ problem: EffectProblem) throws -> Estimate {
    let controls = try problem.adjustmentSet()
    let effect = try LinearEffect(problem, controls: controls, instruments: nil, errors: errors)
    return try effect.report(
      effect.equation.fit(.leastSquares, errors: effect.structure, smallSample: errors.smallSample),
      method: "\(Self.name)(errors: \(errors.written))",
      assumptions: [
        "nothing unmeasured moves both \(problem.cause) and \(problem.outcome)\(problem.conditions(controls)): the graph says so",
        "\(problem.outcome) is linear in \(([problem.cause] + controls).joined(separator: ", ")), with one effect for all",
      ])
  }
}

/// What the linear estimators take for `errors:`.
let linearErrors = MethodParameter(
  "errors", .method(["Homoskedastic", "Robust", "Clustered"]), default: .method(MethodCall("Robust")),
  doc: "what the standard errors allow for")

extension MethodArguments {
  var errors: any ErrorMethod { method("errors") as? any ErrorMethod ?? Robust() }
}
