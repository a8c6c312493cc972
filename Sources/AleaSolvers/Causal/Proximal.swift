import AleaModel
import AleaNumerics

extension EffectProblem {
  /// Two proxies that the graph licenses, with the observed variables to be given: those chosen, or none, or all that come before the
  /// cause.
  ///
  /// - Throws: ``EffectRefusal`` when the graph has no such pair among the columns.
  public func proxies() throws -> ProxyPair {
    if let adjust {
      if let pair = try graph.proxies(for: cause, on: outcome, given: adjust).first { return pair }
      throw EffectRefusal(
        "the graph has no two proxies for \(target) given {\(adjust.joined(separator: ", "))}", notes: Self.proxyNotes(self))
    }
    if let pair = try graph.proxies(for: cause, on: outcome).first { return pair }
    let after = graph.descendants(of: [try graph.index(of: cause)])
    let before = graph.names(of: graph.observed.subtracting(after)).filter { $0 != outcome }
    for z in graph.names(of: graph.observed) where z != cause && z != outcome {
      for w in before where w != z {
        let given = before.filter { $0 != z && $0 != w }
        let pairs = try graph.proxies(for: cause, on: outcome, given: given)
        if let pair = pairs.first(where: { $0.ofTreatment == z && $0.ofOutcome == w }) { return pair }
      }
    }
    throw EffectRefusal("the graph has no two proxies for \(target) among the columns", notes: Self.proxyNotes(self))
  }

  private static func proxyNotes(_ problem: EffectProblem) -> [String] {
    [
      "two shadows of what is hidden are needed: one that does not move \(problem.outcome), and one that neither \(problem.cause) nor the other moves"
    ] + problem.notes
  }
}

/// A cause, an outcome, two proxies of what is hidden, and covariates, as columns.
struct ProximalData {
  let pair: ProxyPair
  let cause: [Double]
  let outcome: [Double]
  /// 1, w, a, covariates: what the outcome bridge is linear in, and what tests the treatment bridge.
  let onOutcome: Matrix
  /// 1, z, a, covariates: the exponent of the treatment bridge.
  let onTreatment: Matrix
  /// The outcome bridge by two-stage least squares: w is endogenous, z its instrument.
  let equation: LinearInstruments

  init(_ problem: EffectProblem) throws {
    pair = try problem.proxies()
    cause = try problem.numbers(problem.cause)
    outcome = try problem.numbers(problem.outcome)
    let n = cause.count
    let constant = Matrix(column: Array(repeating: 1, count: n))
    let covariates = try problem.matrix(pair.given)
    let a = Matrix(column: cause)
    let (z, w) = (try problem.matrix([pair.ofTreatment]), try problem.matrix([pair.ofOutcome]))
    onOutcome = constant.appending(w).appending(a).appending(covariates)
    onTreatment = constant.appending(z).appending(a).appending(covariates)
    do {
      equation = try LinearInstruments(
        outcome: outcome, exogenous: constant.appending(a).appending(covariates),
        exogenousNames: ["constant", problem.cause] + pair.given, endogenous: w, endogenousNames: [pair.ofOutcome], excluded: z,
        excludedNames: [pair.ofTreatment])
    } catch {
      throw EffectRefusal(error.message, notes: [error.remedy])
    }
  }

  /// The bridge by two stages, or a refusal.
  func outcomeBridge() throws -> LinearFit {
    guard let fit = equation.fit(.twoStage, errors: .robust), fit.coefficients.allSatisfy(\.isFinite) else {
      throw EffectRefusal(
        "`\(pair.ofTreatment)` does not tell what `\(pair.ofOutcome)` tells of \(pair.latent.joined(separator: ", "))")
    }
    return fit
  }

  func requireTwoValues(_ problem: EffectProblem) throws {
    guard cause.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw EffectRefusal(
        "`\(problem.cause)` takes other values than 0 and 1, and weighting compares two groups",
        notes: ["`by: ProximalTwoStage()` takes any number"])
    }
    guard cause.contains(0), cause.contains(1) else {
      throw EffectRefusal("`\(problem.cause)` has the same value in every row: there is nothing to compare")
    }
  }

  func assumptions(_ problem: EffectProblem, _ model: String) -> [String] {
    let hidden = pair.latent.joined(separator: ", ")
    let given = pair.given.isEmpty ? "" : " given \(pair.given.joined(separator: ", "))"
    return [
      "\(pair.ofTreatment) and \(pair.ofOutcome) are proxies of \(hidden)\(given): the graph says so",
      "the proxies vary enough with \(hidden) (completeness)", model,
    ]
  }

  /// How strongly the proxies are tied: a bridge between strangers is no bridge.
  var checks: [Estimate.Check] {
    equation.firstStages().map {
      .init(
        name: "first-stage F", statistic: $0.f, degrees: [Double($0.degrees.0), Double($0.degrees.1)],
        pValue: StatisticalFunctions.fTail($0.f, Double($0.degrees.0), Double($0.degrees.1)),
        meaning: "\(pair.ofTreatment) on \(pair.ofOutcome): weak below about 10")
    }
  }
}

/// The exponential treatment bridge q = 1 + exp(s t'v), s = 1 for the treated and -1 for the others, v = (1, z, a, x): the root of
/// E_n[s q m] = E_n[m(w, 1, x) - m(w, 0, x)], m = (1, w, a, x) (Cui, Pu, Shi, Miao and Tchetgen Tchetgen 2020).
struct TreatmentBridge {
  let coefficients: [Double]
  /// q in every row.
  let values: [Double]
  /// s q m - (m(w, 1, x) - m(w, 0, x)) in every row, and the inverse of the mean of its derivative in t.
  let moments: Matrix
  let inverse: Matrix
  /// exp(s t'v) v: s times the derivative of q.
  let slopes: Matrix

  /// Newton's method with halved steps from the logistic regression of the cause on (1, z, x); nil where it finds no root.
  init?(_ data: ProximalData) {
    let (m, v) = (data.onOutcome, data.onTreatment)
    let n = Double(m.rows)
    let signs = data.cause.map { $0 == 1 ? 1.0 : -1.0 }
    let exogenous = [0, 1] + Array(3..<v.columns)
    let design = Matrix(columns: exogenous.map { v.column($0) }, rows: v.rows)
    guard let logistic = LogisticFit(design, data.cause) else { return nil }
    var t = Matrix(rows: v.columns, columns: 1)
    for (place, column) in exogenous.enumerated() { t[column, 0] = -logistic.coefficients[place] }
    func exponentials(_ t: Matrix) -> [Double] { zip((v * t).elements, signs).map { UnaryFunction.exp($0 * $1) } }
    func residuals(_ e: [Double]) -> Matrix {
      var rows = m.scalingRows(zip(e, signs).map { (1 + $0) * $1 })
      // Of (1, w, a, x) only a differs between the two arms.
      for i in 0..<rows.rows { rows[i, 2] -= 1 }
      return rows
    }
    func means(_ rows: Matrix) -> Matrix { (1 / n) * rows.transposeTimes(Matrix(column: Array(repeating: 1, count: rows.rows))) }
    func length(_ x: Matrix) -> Double { x.elements.reduce(0) { $0 + $1 * $1 } }
    var e = exponentials(t)
    var mean = means(residuals(e))
    for _ in 0..<200 {
      guard let step = ((1 / n) * m.transposeTimes(v.scalingRows(e))).solve(mean), step.elements.allSatisfy(\.isFinite) else {
        return nil
      }
      var fraction = 1.0
      while fraction > 1e-10 {
        let candidate = t - fraction * step
        let next = exponentials(candidate)
        let value = means(residuals(next))
        if value.elements.allSatisfy(\.isFinite), length(value) < length(mean) {
          (t, e, mean) = (candidate, next, value)
          break
        }
        fraction /= 2
      }
      if fraction <= 1e-10 || length(mean) < 1e-26 { break }
    }
    let scale = 1 + (m.elements.map { abs($0) }.max() ?? 0)
    guard length(mean).squareRoot() < 1e-9 * scale, let inverse = ((1 / n) * m.transposeTimes(v.scalingRows(e))).inverse else {
      return nil
    }
    coefficients = t.elements
    values = e.map { 1 + $0 }
    moments = residuals(e)
    self.inverse = inverse
    slopes = v.scalingRows(e)
  }

  static func refusal(_ problem: EffectProblem, _ pair: ProxyPair) -> EffectRefusal {
    EffectRefusal(
      "the treatment bridge has no solution: no weights of the form 1 + exp(...) balance `\(pair.ofOutcome)` between the two groups",
      notes: ["both values of \(problem.cause) must occur everywhere; `by: ProximalTwoStage()` needs no weights"])
  }

  /// The mean of scores whose derivative in t is `slopes` times `weights`, with the standard error of the stacked equations.
  func estimate(_ scores: [Double], weights: [Double]) -> (value: Double, error: Double) {
    let n = Double(scores.count)
    let value = scores.reduce(0, +) / n
    let derivative = (1 / n) * slopes.transposeTimes(Matrix(column: weights))
    let correction = (moments * (inverse.transposeTimes(derivative))).elements
    let influence = zip(scores, correction).map { $0 - value - $1 }
    return (value, influence.reduce(0) { $0 + $1 * $1 }.squareRoot() / n)
  }
}

/// Proximal two-stage least squares: the linear outcome bridge, whose slope in the cause is the effect (Tchetgen Tchetgen et al. 2024).
public struct ProximalTwoStage: EffectMethod {
  public static let name = "ProximalTwoStage"
  public static let summary = "two-stage least squares with two proxies of what is hidden: the linear outcome bridge"
  public static let parameters: [MethodParameter] = []
  public init(arguments: MethodArguments) {}

  public func estimate(_ problem: EffectProblem) throws -> Estimate {
    let data = try ProximalData(problem)
    let fit = try data.outcomeBridge()
    return Estimate(
      target: problem.target, method: "\(Self.name)()", value: fit.coefficients[1], standardError: fit.standardErrors[1],
      sampleSize: data.cause.count, errors: "robust",
      coefficients: fit.names.indices.map {
        .init(name: fit.names[$0], value: fit.coefficients[$0], standardError: fit.standardErrors[$0])
      }, checks: data.checks,
      assumptions: data.assumptions(
        problem, "the outcome bridge is linear in \((data.equation.regressorNames.dropFirst()).joined(separator: ", "))"),
      notes: problem.notes)
  }
}

/// Proximal weighting: the outcome times the treatment bridge, E_n[(-1)^(1-a) q y].
public struct ProximalWeighting: EffectMethod {
  public static let name = "ProximalWeighting"
  public static let summary = "weights by a treatment bridge between two proxies of what is hidden: the effect of a binary cause"
  public static let parameters: [MethodParameter] = []
  public init(arguments: MethodArguments) {}

  public func estimate(_ problem: EffectProblem) throws -> Estimate {
    let data = try ProximalData(problem)
    try data.requireTwoValues(problem)
    guard let bridge = TreatmentBridge(data) else { throw TreatmentBridge.refusal(problem, data.pair) }
    let scores = data.cause.indices.map { (data.cause[$0] == 1 ? 1 : -1) * bridge.values[$0] * data.outcome[$0] }
    let (value, error) = bridge.estimate(scores, weights: data.outcome)
    return Estimate(
      target: problem.target, method: "\(Self.name)()", value: value, standardError: error, sampleSize: scores.count,
      errors: "robust, allowing for the estimated bridge", checks: data.checks + [bridge.check],
      assumptions: data.assumptions(problem, bridge.form(data.pair)), notes: problem.notes)
  }
}

/// Proximal doubly robust estimation: right where either bridge is,
/// E_n[(-1)^(1-a) q (y - h) + h(w, 1, x) - h(w, 0, x)].
public struct ProximalDoublyRobust: EffectMethod {
  public static let name = "ProximalDoublyRobust"
  public static let summary =
    "both bridges between two proxies of what is hidden: right where either is; the effect of a binary cause"
  public static let parameters: [MethodParameter] = []
  public init(arguments: MethodArguments) {}

  public func estimate(_ problem: EffectProblem) throws -> Estimate {
    let data = try ProximalData(problem)
    try data.requireTwoValues(problem)
    let fit = try data.outcomeBridge()
    guard let bridge = TreatmentBridge(data) else { throw TreatmentBridge.refusal(problem, data.pair) }
    let effect = fit.coefficients[1]
    let scores = data.cause.indices.map {
      (data.cause[$0] == 1 ? 1 : -1) * bridge.values[$0] * fit.residuals[$0] + effect
    }
    // The outcome bridge's own error drops out: the treatment bridge balances everything that it is linear in.
    let (value, error) = bridge.estimate(scores, weights: fit.residuals)
    return Estimate(
      target: problem.target, method: "\(Self.name)()", value: value, standardError: error, sampleSize: scores.count,
      errors: "robust, allowing for the estimated bridges", checks: data.checks + [bridge.check],
      assumptions: data.assumptions(
        problem, "the outcome bridge is linear, or \(bridge.form(data.pair))"),
      notes: problem.notes + ["with a linear outcome bridge in the same columns it equals `ProximalWeighting()`"])
  }
}

extension TreatmentBridge {
  fileprivate var check: Estimate.Check {
    .init(name: "greatest weight", statistic: values.max() ?? .nan, meaning: "large: little overlap")
  }

  fileprivate func form(_ pair: ProxyPair) -> String {
    let rest = pair.given.isEmpty ? "" : " and " + pair.given.joined(separator: ", ")
    return "the treatment bridge is 1 + exp of a linear function of \(pair.ofTreatment)\(rest)"
  }
}
