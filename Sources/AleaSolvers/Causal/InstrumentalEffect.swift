import AleaModel
import AleaNumerics

/// An estimator whose instruments and controls come from the graph.
protocol InstrumentalMethod: EffectMethod {
  var errors: any ErrorMethod { get }
  /// The name with its settings, as a program writes it.
  var written: String { get }
  func fit(_ effect: LinearEffect) -> LinearFit?
}

extension InstrumentalMethod {
  public func estimate(_ problem: EffectProblem) throws -> Estimate {
    let (instruments, controls) = try problem.instrumentsWithControls()
    let names = instruments.map(\.name)
    let effect = try LinearEffect(problem, controls: controls, instruments: names, errors: errors)
    try checkRelevance(effect, names)
    let fitted = fit(effect)
    let given = problem.conditions(controls)
    let list = names.joined(separator: ", ")
    return try effect.report(
      fitted, method: written,
      assumptions: [
        "\(list) \(names.count == 1 ? "reaches" : "reach") \(problem.outcome) only through \(problem.cause)\(given): the graph says so",
        "\(problem.outcome) is linear in \(([problem.cause] + controls).joined(separator: ", ")), with one effect for all",
      ], checks: fitted.map { checks(effect, $0) } ?? [], notes: weakness(effect), hasSets: true)
  }

  /// That the instruments move the cause at all in these data.
  private func checkRelevance(_ effect: LinearEffect, _ names: [String]) throws {
    let equation = effect.equation
    let moved = equation.excludedBasis.transposeTimes(equation.endogenous).elements.reduce(0) { $0 + $1 * $1 }
    let total = equation.partialled(equation.endogenous).elements.reduce(0) { $0 + $1 * $1 }
    guard moved <= 1e-20 * total else { return }
    let cause = effect.problem.cause
    throw EffectRefusal(
      "\(names.map { "`\($0)`" }.joined(separator: ", ")) \(names.count == 1 ? "does" : "do") not move `\(cause)` in these data",
      at: .data,
      notes: ["an instrument that is not tied to \(cause) says nothing about its effect: look for another"])
  }

  /// What to do where the instruments are weak (Staiger and Stock 1997).
  private func weakness(_ effect: LinearEffect) -> [String] {
    guard let stage = effect.equation.firstStages().first, stage.f < 10 else { return [] }
    return [
      "the instruments are weak (first-stage F \(NumberText.significant(stage.f, digits: 3)), below 10): the Anderson-Rubin set stays "
        + "valid, the interval does not"
    ]
  }

  private func checks(_ effect: LinearEffect, _ fit: LinearFit) -> [Estimate.Check] {
    let equation = effect.equation
    var result: [Estimate.Check] = []
    for stage in equation.firstStages() {
      result.append(
        .init(
          name: "first-stage F", statistic: stage.f, degrees: [Double(stage.degrees.0), Double(stage.degrees.1)],
          pValue: StatisticalFunctions.fTail(stage.f, Double(stage.degrees.0), Double(stage.degrees.1)),
          meaning: "weak below about 10"))
      result.append(
        .init(
          name: "robust first-stage F", statistic: stage.robustFSmallSample,
          degrees: [Double(stage.degrees.0), Double(stage.degrees.1)], meaning: "weak below about 10"))
      result.append(.init(name: "effective F", statistic: stage.effectiveF, meaning: "weak below about 10"))
    }
    if let j = fit.j {
      if j.degrees > 0 {
        result.append(
          .init(
            name: "Hansen J", statistic: j.statistic, degrees: [Double(j.degrees)],
            pValue: StatisticalFunctions.chiSquareTail(j.statistic, degrees: Double(j.degrees)),
            meaning: "the instruments' validity"))
      }
    } else if let tests = equation.overidentification(residuals: fit.residuals) {
      result.append(check(tests.sargan, "the instruments' validity"))
      result.append(check(tests.basmann, "the instruments' validity"))
    }
    if let tests = equation.wuHausman() {
      result.append(check(tests.wuHausman, "least squares being enough"))
      result.append(check(tests.durbin, "least squares being enough"))
    }
    result.append(check(equation.andersonRubin(at: [0]), "an effect of zero"))
    return result
  }

  private func check(_ test: TestStatistic, _ meaning: String) -> Estimate.Check {
    .init(
      name: test.name, statistic: test.statistic, degrees: test.degrees.map(Double.init), pValue: test.pValue, meaning: meaning)
  }
}

/// Two-stage least squares with the graph's instruments and controls.
public struct TwoStageLeastSquares: InstrumentalMethod {
  public static let name = "TwoStageLeastSquares"
  public static let abbreviations = ["TSLS"]
  public static let summary = "two-stage least squares with the instruments and controls of the graph"
  public static let parameters = [linearErrors]
  let errors: any ErrorMethod

  public init(arguments: MethodArguments) { errors = arguments.errors }
  var written: String { "\(Self.name)(errors: \(errors.written))" }

  func fit(_ effect: LinearEffect) -> LinearFit? {
    effect.equation.fit(.twoStage, errors: effect.structure, smallSample: errors.smallSample)
  }
}

/// Limited-information maximum likelihood (Anderson and Rubin 1949).
public struct LIML: InstrumentalMethod {
  public static let name = "LIML"
  public static let summary =
    "limited-information maximum likelihood: less biased than two stages when instruments are many or weak"
  public static let parameters = [linearErrors]
  let errors: any ErrorMethod

  public init(arguments: MethodArguments) { errors = arguments.errors }
  var written: String { "\(Self.name)(errors: \(errors.written))" }

  func fit(_ effect: LinearEffect) -> LinearFit? {
    effect.equation.fit(.limitedInformation, errors: effect.structure, smallSample: errors.smallSample)
  }
}

/// Fuller's (1977) modification of LIML, which has moments.
public struct Fuller: InstrumentalMethod {
  public static let name = "Fuller"
  public static let summary = "Fuller's modification of LIML, which has finite moments"
  public static let parameters = [
    MethodParameter(
      "a", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(1), doc: "1 for least bias, 4 for least squared error"),
    linearErrors,
  ]
  let a: Double
  let errors: any ErrorMethod

  public init(arguments: MethodArguments) {
    a = arguments.real("a")
    errors = arguments.errors
  }
  var written: String { "\(Self.name)(a: \(a), errors: \(errors.written))" }

  func fit(_ effect: LinearEffect) -> LinearFit? {
    effect.equation.fit(.fuller(a), errors: effect.structure, smallSample: errors.smallSample)
  }
}

/// Two-step efficient GMM (Hansen 1982); the weights allow for what the errors allow for.
public struct GMM: InstrumentalMethod {
  public static let name = "GMM"
  public static let summary = "two-step efficient generalized method of moments, with Hansen's J"
  public static let parameters = [
    linearErrors,
    MethodParameter(
      "covariance", .symbol(["robust", "efficient"]), default: .symbol("robust"),
      doc: "robust: the moments' covariance again at the final residuals; efficient: that of the weights"),
  ]
  let errors: any ErrorMethod
  let isEfficient: Bool

  public init(arguments: MethodArguments) {
    errors = arguments.errors
    isEfficient = arguments.symbol("covariance") == "efficient"
  }
  var written: String { "\(Self.name)(errors: \(errors.written)\(isEfficient ? ", covariance: efficient" : ""))" }

  func fit(_ effect: LinearEffect) -> LinearFit? {
    let equation = effect.equation
    guard let fit = equation.generalizedMoments(errors: effect.structure, robustCovariance: !isEfficient) else { return nil }
    guard errors.smallSample else { return fit }
    let n = Double(equation.rowCount)
    var factor = n / (n - Double(fit.names.count))
    if case .clustered(let labels) = effect.structure {
      let groups = Double(Set(labels).count)
      factor = groups / (groups - 1) * (n - 1) / (n - Double(fit.names.count))
    }
    return LinearFit(
      names: fit.names, coefficients: fit.coefficients, covariance: factor * fit.covariance, residuals: fit.residuals, kappa: nil,
      j: fit.j)
  }
}
