import AleaNumerics
import Foundation

/// Quantile instrumental variables: the indicator of the restriction is smoothed, and its projection on the instruments made least.
///
/// With v the residual, min_theta |S'(G(v/b) - level)|^2 + penalty |h|^2, S an orthonormal basis of the instruments' functions (or the
/// factor of the adversarial weight where they are in a Hilbert space, so that they are held back by their norm too), by Gauss-Newton
/// from a wide bandwidth b to a narrow one. G is the polynomial of Kaplan and Sun (2017) or the normal distribution function; the start
/// is the fit of the mean, shifted to the quantile of its residuals.
public struct SmoothedQuantile: MomentMethod {
  public static let name = "SmoothedQuantile"
  public static let abbreviations = ["IVQR"]
  public static let summary = "Quantile instrumental variables by smoothed moments, with robust pointwise errors."
  public static let parameters = [
    MethodParameter(
      "instruments", .functionClass, default: .method(MethodCall("Matching")),
      doc: "the functions of the conditioning variables used"),
    MethodParameter(
      "smoothing", .symbol(["polynomial", "normal"]), default: .symbol("polynomial"),
      doc: "the smooth step: Kaplan and Sun's polynomial, or the normal distribution function"),
    MethodParameter(
      "bandwidth", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc:
        "its last width; 0 takes Kaplan and Sun's plug-in width, or the residuals' deviation times n^-1/7 in a Hilbert space and n^-1/5 with the normal step"
    ),
    MethodParameter(
      "penalty", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
      doc:
        "the penalty on the norm in a Hilbert space; 0 takes the smoothest within a standard error of the least held-out moments"),
  ]

  public enum Smoothing: String, Hashable, Sendable { case polynomial, normal }

  public let instruments: FunctionClass?
  public let smoothing: Smoothing
  public let bandwidth: Double
  public let penalty: Double

  public init(arguments: MethodArguments) {
    self.init(
      instruments: arguments.functionClass("instruments"),
      smoothing: Smoothing(rawValue: arguments.symbol("smoothing")) ?? .polynomial, bandwidth: arguments.real("bandwidth"),
      penalty: arguments.real("penalty"))
  }

  public init(
    instruments: FunctionClass? = nil, smoothing: Smoothing = .polynomial, bandwidth: Double = 0, penalty: Double = 0
  ) {
    self.instruments = instruments
    self.smoothing = smoothing
    self.bandwidth = bandwidth
    self.penalty = penalty
  }

  public func check(_ problem: MomentProblem) throws {
    try problem.checkUse()
    try problem.checkAffine(Self.name)
    for restriction in problem.restrictions where restriction.statistic == .mean {
      throw MomentFault(
        "`SmoothedQuantile` needs probabilities, and `\(restriction.text)` is about a mean", remedy: "use `Minimax()`")
    }
    try problem.checkOrder(tests: instruments, label: "instruments")
  }

  public func fit(_ problem: MomentProblem, _ data: MomentData) throws -> MomentFit {
    try check(problem)
    let compiled = try CompiledMoments(problem, data)
    let levels = compiled.equations.compactMap { equation -> Double? in
      if case .probability(let level) = equation.statistic { level } else { nil }
    }
    let tests = Tests(
      features: try compiled.testFeatures(instruments), isCharged: compiled.testClass(instruments).isPenalised)
    let factors = try tests.factors()
    let start = try start(compiled, factors, levels, problem, data)
    let n = Double(compiled.rowCount)
    func deviation(_ values: [Double]) -> Double {
      let mean = values.reduce(0, +) / n
      return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
    }
    let scales = compiled.residuals(start.theta).map(deviation)
    guard zip(scales, compiled.equations).allSatisfy({ $0 > 1e-12 * max(deviation($1.outcome.elements), 1e-300) }) else {
      throw MomentFault(
        "the residuals of the first fit are all equal", remedy: "the outcome must vary given the unknown's arguments")
    }
    let rule = WidthRule(self, isPenalised: compiled.isPenalised)
    let last = zip(scales, compiled.residuals(start.theta)).map { scale, residuals in
      rule.width(residuals, deviation: scale, unknowns: compiled.penalty.count)
    }
    let widest = zip(scales, last).map { max(1, 2 * $0 / $1) }.max() ?? 1
    var system = System(
      compiled: compiled, factors: factors, levels: levels, smoothing: smoothing, widths: last, ridge: compiled.penalty)
    if compiled.isPenalised {
      let alpha = penalty > 0 ? penalty : try crossValidated(system, tests, start.theta)
      system.ridge = compiled.penalty.map { $0 * alpha }
    }
    let theta = try system.narrowed(from: start.theta, widest: widest)
    var tuning: [MomentFit.Tuning] = []
    for width in last.prefix(1) {
      tuning.append(.init(name: "bandwidth", value: width, reason: rule.reason))
    }
    if compiled.isPenalised {
      let reason =
        penalty > 0 ? "given" : "the smoothest within a standard error of the best in \(Self.folds)-fold cross-validation"
      tuning.append(.init(name: "penalty", value: system.ridge.max() ?? 0, reason: reason))
    }
    let weighted = system.linearised(theta)
    let covariance =
      compiled.isPenalised ? nil : compiled.sandwich(weighted, factors: factors, residuals: system.scores(theta))
    return compiled.fit(
      method: "SmoothedQuantile with \(compiled.testClass(instruments)) of the instruments", theta: theta, covariance: covariance,
      objective: system.value(theta) / n, tuning: tuning,
      notes: covariance == nil ? [] : ["pointwise errors take the class as exact: they leave out what a richer class would add"])
  }

  /// The mean problem's fit with residuals shifted to the quantile, and the penalty it used.
  private func start(
    _ compiled: CompiledMoments, _ factors: [Matrix], _ levels: [Double], _ problem: MomentProblem, _ data: MomentData
  ) throws -> (theta: Matrix, alpha: Double) {
    var alpha = 0.0
    if compiled.isPenalised {
      var mean = problem
      for index in mean.restrictions.indices { mean.restrictions[index].statistic = .mean }
      let fit = try Minimax(critic: instruments).fit(mean, data)
      alpha = fit.tuning.first { $0.name == "penalty" }?.value ?? 1
    }
    let ridge = compiled.penalty.map { $0 * alpha }
    func fit(_ equations: [CompiledMoments.Equation]) throws -> Matrix {
      let weighted = WeightedMoments(equations, factors: factors)
      guard let theta = weighted.solve(penalty: ridge) else { throw compiled.undetermined(weighted) }
      return theta
    }
    let theta = try fit(compiled.equations)
    let residuals = compiled.residuals(theta)
    let shifted = compiled.equations.indices.map { index -> CompiledMoments.Equation in
      var equation = compiled.equations[index]
      // P[residual >= 0] = level: the (1 - level) quantile of the residual goes to 0.
      let sorted = residuals[index].sorted()
      let shift = sorted[min(sorted.count - 1, Int((1 - levels[index]) * Double(sorted.count)))]
      equation.outcome = Matrix(column: equation.outcome.elements.map { $0 - shift })
      return equation
    }
    return (try fit(shifted), alpha)
  }

  /// How the last width is found.
  private enum WidthRule {
    case given(Double)
    case plugIn
    case power(Int)

    init(_ method: SmoothedQuantile, isPenalised: Bool) {
      if method.bandwidth > 0 {
        self = .given(method.bandwidth)
      } else if method.smoothing == .normal {
        self = .power(5)
      } else {
        self = isPenalised ? .power(7) : .plugIn
      }
    }

    var reason: String {
      switch self {
      case .given: "given"
      case .plugIn: "the plug-in width of Kaplan and Sun (2017)"
      case .power(let root): "the residuals' deviation times n^-1/\(root)"
      }
    }

    func width(_ residuals: [Double], deviation: Double, unknowns: Int) -> Double {
      switch self {
      case .given(let width): width
      case .plugIn: PlugInWidth(residuals, deviation: deviation).width(unknowns: unknowns)
      case .power(let root): deviation * pow(Double(residuals.count), -1 / Double(root))
      }
    }
  }

  private static let folds = 6

  /// The largest penalty whose smoothed moments on held-out rows are within one standard error of the least.
  ///
  /// Held-out moments hardly see an oscillation that the instruments cannot predict, so that the least of them is often far too small
  /// a penalty; the rule of one standard error (Breiman, Friedman, Olshen and Stone 1984), of the paired differences over folds, takes
  /// the smoothest function that they do not tell from the best. The scale is that of the adversarial estimator of means, s d^4 with
  /// d = 5 n^-0.4, times the squared density at the quantile, which turns residuals into probabilities; over 2 n d^2 where the tests
  /// are not charged, since a projection weighs that much less.
  private func crossValidated(_ system: System, _ tests: Tests, _ start: Matrix) throws -> Double {
    let n = system.compiled.rowCount
    let scales = logSpaced(1, 1e6, count: 13)
    let density = system.squaredDensity(start)
    guard density > 0 else { throw MomentFault("no residual is near the quantile", remedy: "give a wider `bandwidth:`") }
    func penalty(_ scale: Double, _ rows: Int) -> Double {
      let d = Tests.charge(rows)
      return scale * pow(d, 4) * density / (tests.isCharged ? 1 : 2 * Double(rows) * d * d)
    }
    let folds = min(Self.folds, n / 2)
    var scores = [[Double]](repeating: [], count: scales.count)
    for fold in 0..<folds {
      var fitted = try system.part((0..<n).filter { $0 % folds != fold }, tests)
      var held = try system.part((0..<n).filter { $0 % folds == fold }, tests)
      held.ridge = Array(repeating: 0, count: held.ridge.count)
      var theta = start
      for index in scales.indices.reversed() {
        fitted.ridge = system.compiled.penalty.map { $0 * penalty(scales[index], fitted.compiled.rowCount) }
        theta = try fitted.minimised(from: theta, iterations: 12, tolerance: 1e-6)
        scores[index].append(held.value(theta) / pow(Double(held.compiled.rowCount), 2))
      }
    }
    let means = scores.map { $0.reduce(0, +) / Double(folds) }
    let best = means.indices.min { means[$0] < means[$1] } ?? 0
    guard means[best].isFinite else { throw MomentFault("no penalty gives a finite fit", remedy: "give `penalty:`") }
    let chosen = scales.indices.last { index in
      let differences = zip(scores[index], scores[best]).map { $0 - $1 }
      let mean = differences.reduce(0, +) / Double(folds)
      let variance = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, folds - 1))
      return mean <= (variance / Double(folds)).squareRoot()
    }
    return penalty(scales[chosen ?? best], n)
  }

  /// The functions that test the restrictions, and the factors S of their weights.
  private struct Tests {
    let features: [Matrix]
    /// Whether they are held back by their norm, as critics in a Hilbert space are; else S is an orthonormal basis.
    let isCharged: Bool

    static func charge(_ rows: Int) -> Double { 5 * pow(Double(rows), -0.4) }

    func factors(_ rows: [Int]? = nil) throws -> [Matrix] {
      try features.map { all in
        let features = rows.map { all.rows($0) } ?? all
        guard isCharged else { return CompiledMoments.orthonormal(features) }
        let d = Self.charge(features.rows)
        guard let factor = CompiledMoments.minimaxFactor(features, deltaSquared: d * d) else {
          throw MomentFault("the tests' Gram matrix is not positive definite", remedy: "give the kernel a smaller scale")
        }
        return factor
      }
    }
  }

  /// The smoothed moments at a bandwidth.
  private struct System {
    let compiled: CompiledMoments
    let factors: [Matrix]
    let levels: [Double]
    let smoothing: Smoothing
    var widths: [Double]
    var ridge: [Double]

    /// The same moments over some of the rows.
    func part(_ rows: [Int], _ tests: Tests) throws -> System {
      System(
        compiled: compiled.part(rows), factors: try tests.factors(rows), levels: levels, smoothing: smoothing, widths: widths,
        ridge: ridge)
    }

    /// The minimiser at these widths, reached from wider ones.
    func narrowed(from start: Matrix, widest: Double) throws -> Matrix {
      let steps = max(1, Int((log(widest) / log(1.4)).rounded(.up)))
      var (theta, system) = (start, self)
      for step in 0...steps {
        let factor = pow(widest, 1 - Double(step) / Double(steps))
        system.widths = widths.map { $0 * factor }
        theta = try system.minimised(from: theta, iterations: step == steps ? 200 : 10)
      }
      return theta
    }

    func step(_ v: Double) -> Double {
      switch smoothing {
      case .normal: return 0.5 * erfc(-v / 2.0.squareRoot())
      case .polynomial:
        if v <= -1 { return 0 }
        if v >= 1 { return 1 }
        let s = v * v
        return 0.5 + 105 / 64 * v * (1 - s * (5.0 / 3 - s * (7.0 / 5 - s * 3 / 7)))
      }
    }

    func density(_ v: Double) -> Double {
      switch smoothing {
      case .normal: return exp(-0.5 * v * v) / 2.5066282746310002
      case .polynomial:
        if abs(v) >= 1 { return 0 }
        let s = v * v
        return 105 / 64 * (1 - s * (5 - s * (7 - 3 * s)))
      }
    }

    func scores(_ theta: Matrix) -> [[Double]] {
      compiled.residuals(theta).enumerated().map { index, values in
        values.map { step($0 / widths[index]) - levels[index] }
      }
    }

    func densities(_ theta: Matrix) -> [[Double]] {
      compiled.residuals(theta).enumerated().map { index, values in
        values.map { density($0 / widths[index]) / widths[index] }
      }
    }

    func squaredDensity(_ theta: Matrix) -> Double {
      let all = densities(theta).flatMap { $0 }
      let mean = all.reduce(0, +) / Double(max(1, all.count))
      return mean * mean
    }

    /// S'diag(g)X, and S'm: the moments' linear form around theta.
    func linearised(_ theta: Matrix) -> WeightedMoments {
      let (slopes, moments) = (densities(theta), scores(theta))
      let equations = compiled.equations.enumerated().map { index, equation in
        var linear = equation
        linear.design = equation.design.scalingRows(slopes[index])
        linear.outcome = Matrix(column: moments[index])
        return linear
      }
      return WeightedMoments(equations, factors: factors)
    }

    func value(_ theta: Matrix) -> Double {
      let moments = zip(factors, scores(theta)).reduce(0.0) { total, pair in
        total + pair.0.transposeTimes(Matrix(column: pair.1)).elements.reduce(0) { $0 + $1 * $1 }
      }
      return moments + zip(ridge, theta.elements).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
    }

    /// Gauss-Newton with step halving; a small Levenberg term where the linear form is singular.
    ///
    /// It stops where no coefficient moves by more than `tolerance` of the largest, or the objective falls by less than its square.
    func minimised(from start: Matrix, iterations: Int, tolerance: Double = 1e-12) throws -> Matrix {
      var theta = start
      var current = value(theta)
      for _ in 0..<iterations {
        var linear = linearised(theta)
        // m(theta + delta) ~= m - A delta, penalty ridge |theta + delta|^2: with A theta added, delta + theta is the unknown.
        linear.outcome = linear.outcome + linear.design * theta
        let diagonal = linear.design.transposeTimes(linear.design)
        let size = (0..<diagonal.columns).map { diagonal[$0, $0] }.max() ?? 0
        var target = linear.solve(penalty: ridge)
        if target == nil {
          // Around theta, so that the Levenberg term does not pull towards zero.
          let residual = linear.outcome - linear.design * theta
          let damped = WeightedMoments(design: linear.design, outcome: residual)
          target = damped.solve(penalty: ridge.map { $0 + 1e-8 * size + 1e-300 }).map { theta + $0 }
        }
        guard let target else { break }
        var fraction = 1.0
        var moved: (Matrix, Double)?
        while fraction > 1e-6 {
          let candidate = theta + fraction * (target - theta)
          let value = value(candidate)
          if value < current {
            moved = (candidate, value)
            break
          }
          fraction /= 2
        }
        guard let (next, value) = moved else { break }
        let change = (next - theta).elements.map { abs($0) }.max() ?? 0
        let isFlat = current - value <= tolerance * tolerance * current
        (theta, current) = (next, value)
        if isFlat || change < tolerance * (1 + (theta.elements.map { abs($0) }.max() ?? 0)) { break }
      }
      return theta
    }
  }
}
