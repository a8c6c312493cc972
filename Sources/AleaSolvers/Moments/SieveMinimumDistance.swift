import AleaNumerics

/// Series instrumental variables: the residual's projection on a basis of the instruments is made as small as possible.
///
/// c = (X'P_B X)^-1 X'P_B y with P_B the projection on the instruments' basis (Newey and Powell 2003; Ai and Chen 2003). With linear
/// classes it is two-stage least squares. Residuals that are smooth in the unknowns but not affine, such as y - exp(h(x)), are solved by
/// Gauss-Newton, which is then nonlinear two-stage least squares (Amemiya 1974). Pointwise errors are the robust sandwich of that regression.
public struct SieveMinimumDistance: MomentMethod {
  public static let name = "SieveMinimumDistance"
  public static let abbreviations = ["SMD"]
  public static let summary =
    "Series instrumental variables with pointwise errors; two-stage least squares when the classes are linear."
  public static let parameters = [
    MethodParameter(
      "instruments", .functionClass, default: .method(MethodCall("Matching")),
      doc: "the functions of the conditioning variables used"),
    MethodParameter(
      "ridge", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0), doc: "a penalty on the squared coefficients"),
  ]

  public let instruments: FunctionClass?
  public let ridge: Double

  public init(arguments: MethodArguments) {
    self.init(instruments: arguments.functionClass("instruments"), ridge: arguments.real("ridge"))
  }

  public init(instruments: FunctionClass? = nil, ridge: Double = 0) {
    self.instruments = instruments
    self.ridge = ridge
  }

  public func check(_ problem: MomentProblem) throws {
    try problem.checkUse()
    try problem.checkMeans(Self.name)
    try problem.checkSmooth()
    if ridge > 0 { return }
    if let unknown = problem.unknowns.first(where: { $0.functionClass.isPenalised }) {
      throw MomentFault(
        "`SieveMinimumDistance` needs a class with few coefficients, and `\(unknown.name)` is in a Hilbert space",
        remedy: "declare it in `Spline()`, or use `Minimax()`")
    }
    try problem.checkOrder(tests: instruments, label: "instruments")
  }

  public func fit(_ problem: MomentProblem, _ data: MomentData) throws -> MomentFit {
    try check(problem)
    let compiled = try CompiledMoments(problem, data)
    let factors = try compiled.projections(instruments)
    let penalty = Array(repeating: ridge, count: compiled.parameterCount)
    var notes: [String] = []
    var weighted = WeightedMoments(compiled.equations, factors: factors)
    guard weighted.design.rows >= compiled.parameterCount || ridge > 0 else { throw compiled.undetermined(weighted) }
    let theta: Matrix
    if compiled.isAffine {
      guard let solution = weighted.solve(penalty: penalty) else { throw compiled.undetermined(weighted) }
      theta = solution
    } else {
      let minimum = try compiled.gaussNewton(factors: factors, ridge: ridge)
      theta = minimum.theta
      weighted = WeightedMoments(try compiled.tangent(at: theta), factors: factors)
      notes.append("not affine in the unknowns: \(minimum.iterations) steps of Gauss-Newton from constant functions")
      if minimum.hasRivals { notes.append("other starts came to rest at larger objectives: this is the least one found") }
    }
    let residuals = try compiled.curvedResiduals(theta)
    let covariance = ridge > 0 ? nil : compiled.sandwich(weighted, factors: factors, residuals: residuals)
    if covariance != nil {
      notes.append("pointwise errors take the class as exact: they leave out what a richer class would add")
    }
    return compiled.fit(
      method: "SieveMinimumDistance with \(compiled.testClass(instruments)) of the instruments", theta: theta,
      covariance: covariance, objective: weighted.value(theta, penalty: penalty) / Double(compiled.rowCount),
      tuning: ridge > 0 ? [.init(name: "ridge", value: ridge, reason: "given")] : [], notes: notes)
  }
}
