import AleaData
import AleaModel
import AleaNumerics

extension EffectProblem {
  /// How many strata are estimated one by one before a question is refused.
  static let strataLimit = 200

  /// Estimates an effect within the values of ``given``.
  ///
  /// Where these are finitely many (texts, Booleans, integers), the method is applied to the rows of each stratum; where one is a column
  /// of real numbers, least squares with an interaction of the cause and each of them gives the effect as a linear function of them.
  ///
  /// - Throws: ``EffectRefusal`` when the graph does not license it, or a stratum's data do not serve (the stratum is named).
  public func conditionalEffect(by method: any EffectMethod) throws -> ConditionalEffect {
    try checkStrata()
    let columns = try given.map { try completeColumn($0) }
    if let real = columns.first(where: { $0.kind == .real }) {
      guard let linear = method as? LinearAdjustment else {
        throw EffectRefusal(
          "`\(real.name)` is a column of real numbers, and only `LinearAdjustment()` says how an effect changes along one",
          at: .method,
          notes: [
            "make groups of it, as in `derive(data, \(real.name): \(real.name) > \(NumberText.significant(middle(real), digits: 3)))`"
          ])
      }
      return try linear.conditionalEffect(self)
    }
    return try stratified(columns, by: method)
  }

  private func middle(_ column: DataColumn) -> Double { ColumnStatistics.quantile(column.numbers.sorted(), 0.5) }

  private func stratified(_ columns: [DataColumn], by method: any EffectMethod) throws -> ConditionalEffect {
    var rows: [[Double]: [Int]] = [:]
    for row in 0..<data.rowCount { rows[columns.map { $0.numbers[row] }, default: []].append(row) }
    guard rows.count <= Self.strataLimit else {
      throw EffectRefusal(
        "\(given.joined(separator: ", ")) \(given.count == 1 ? "takes" : "take") \(rows.count) values, too many to compare within each",
        at: .data,
        notes: [
          "make groups of them, or a column of real numbers for an effect that is linear in it, as in `derive(data, \(given[0]): real(\(given[0])))`"
        ])
    }
    var strata: [ConditionalEffect.Stratum] = []
    for key in rows.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard let chosen = rows[key], let first = chosen.first else { continue }
      let cells = columns.map { $0.value(at: first) }
      var part = self
      part.data = data.rows(chosen)
      part.stratum = zip(given, cells).map { "\($0) = \($1)" }.joined(separator: ", ")
      do {
        strata.append(.init(values: cells, estimate: try method.estimate(part)))
      } catch let refusal as EffectRefusal {
        guard refusal.place == .data else { throw refusal }
        throw EffectRefusal("where \(part.stratum ?? ""): \(refusal.message)", at: .data, notes: refusal.notes)
      }
    }
    guard let first = strata.first else { throw EffectRefusal("`\(data.name)` has no rows", at: .data) }
    var result = ConditionalEffect(
      target: target, given: given, form: .strata(strata), method: first.estimate.method, rows: data.rowCount)
    result.assumptions = first.estimate.assumptions
    result.notes = notes
    if strata.count > 1, strata.allSatisfy({ $0.estimate.standardError > 0 }) { result.checks = [Self.equality(strata)] }
    return result
  }

  /// Cochran's Q: the weighted squares of the strata's effects around their common mean; strata are independent samples.
  private static func equality(_ strata: [ConditionalEffect.Stratum]) -> Estimate.Check {
    let weights = strata.map { 1 / ($0.estimate.standardError * $0.estimate.standardError) }
    let mean = zip(weights, strata).reduce(0) { $0 + $1.0 * $1.1.estimate.value } / weights.reduce(0, +)
    let q = zip(weights, strata).reduce(0) { $0 + $1.0 * ($1.1.estimate.value - mean) * ($1.1.estimate.value - mean) }
    let degrees = Double(strata.count - 1)
    return .init(
      name: "Cochran Q", statistic: q, degrees: [degrees], pValue: StatisticalFunctions.chiSquareTail(q, degrees: degrees),
      meaning: "one effect for all")
  }
}

extension LinearAdjustment {
  /// Least squares with interactions: outcome = a + b x + x (c'w) + d'w + e'z, so that the effect at w is b + c'w.
  func conditionalEffect(_ problem: EffectProblem) throws -> ConditionalEffect {
    let controls = try problem.adjustmentSet()
    let effect = try LinearEffect(problem, controls: controls, interactions: problem.given, errors: errors)
    guard let fit = effect.equation.fit(.leastSquares, errors: effect.structure, smallSample: errors.smallSample) else {
      throw EffectRefusal("the equation has no solution: the columns are too nearly dependent", at: .data)
    }
    let estimate = try effect.report(
      fit, method: "\(Self.name)(errors: \(errors.written))",
      assumptions: [
        "nothing unmeasured moves both \(problem.cause) and \(problem.outcome)\(problem.conditions(controls)): the graph says so",
        "\(problem.outcome) is linear in \(([problem.cause] + problem.given + controls).joined(separator: ", ")), and the effect in "
          + problem.given.joined(separator: ", "),
      ])
    // The effect's coefficients: of the cause, then of its products with the strata.
    let places =
      [fit.names.count - 1] + problem.given.compactMap { fit.names.firstIndex(of: LinearEffect.product(problem.cause, $0)) }
    guard places.count == problem.given.count + 1 else {
      throw EffectRefusal("the interaction with \(problem.given.joined(separator: ", ")) has no coefficient", at: .data)
    }
    var covariance = Matrix(rows: places.count, columns: places.count)
    for i in places.indices { for j in places.indices { covariance[i, j] = fit.covariance[places[i], places[j]] } }
    var result = ConditionalEffect(
      target: problem.target, given: problem.given,
      form: .line(estimate, coefficients: places.map { fit.coefficients[$0] }, covariance: covariance.elements),
      method: estimate.method, rows: estimate.sampleSize)
    result.assumptions = estimate.assumptions
    result.notes = estimate.notes
    if let wald = Self.wald(places.dropFirst().map { fit.coefficients[$0] }, covariance) { result.checks = [wald] }
    return result
  }

  private static func wald(_ slopes: [Double], _ covariance: Matrix) -> Estimate.Check? {
    let k = slopes.count
    var block = Matrix(rows: k, columns: k)
    for i in 0..<k { for j in 0..<k { block[i, j] = covariance[i + 1, j + 1] } }
    guard let solved = block.solve(Matrix(column: slopes)) else { return nil }
    let statistic = zip(slopes, solved.elements).reduce(0) { $0 + $1.0 * $1.1 }
    return .init(
      name: "Wald", statistic: statistic, degrees: [Double(k)],
      pValue: StatisticalFunctions.chiSquareTail(statistic, degrees: Double(k)), meaning: "one effect for all")
  }
}
