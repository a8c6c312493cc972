import AleaNumerics
import Glibc

/// How strong the instruments are for one endogenous regressor.
public struct FirstStage: Hashable, Sendable {
  public let name: String
  /// Homoskedastic F of the excluded instruments, with its degrees of freedom.
  public let f: Double
  public let degrees: (Int, Int)
  /// Wald statistic over the number of instruments, HC0 and HC1.
  public let robustF: Double
  public let robustFSmallSample: Double
  /// Montiel Olea and Pflueger (2013).
  public let effectiveF: Double
  public let partialR2: Double

  public static func == (a: FirstStage, b: FirstStage) -> Bool { a.name == b.name && a.f == b.f && a.effectiveF == b.effectiveF }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A test statistic with its p-value.
public struct TestStatistic: Hashable, Sendable, Codable {
  public let name: String
  public let statistic: Double
  public let degrees: [Int]
  public let pValue: Double
  public init(name: String, statistic: Double, degrees: [Int], pValue: Double) {
    self.name = name
    self.statistic = statistic
    self.degrees = degrees
    self.pValue = pValue
  }
}

/// A confidence set that need not be an interval.
public enum ConfidenceSet: Hashable, Sendable, Codable {
  case interval(Double, Double)
  /// Everything up to the first and from the second.
  case rays(Double, Double)
  case line
  case empty
}

extension LinearInstruments {
  private func column(_ elements: [Double]) -> Matrix { Matrix(rows: rowCount, columns: 1, elements: elements) }

  private static func squares(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 } }

  /// The first stage of each endogenous regressor.
  public func firstStages() -> [FirstStage] {
    let q = excludedBasis
    let l = excluded.columns
    let degrees = rowCount - instrumentCount
    return endogenousNames.indices.map { index in
      let d = partialled(column(endogenous.column(index)))
      let effect = q.transposeTimes(d)
      let residual = (d - q * effect).elements
      let explained = Self.squares(effect.elements)
      let unexplained = Self.squares(residual)
      let meat = Self.meat(q, residual)
      let wald = meat.solve(effect).map { zip($0.elements, effect.elements).reduce(0) { $0 + $1.0 * $1.1 } } ?? .nan
      let trace = (0..<l).reduce(0) { $0 + meat[$1, $1] }
      return FirstStage(
        name: endogenousNames[index], f: explained / Double(l) / (unexplained / Double(degrees)), degrees: (l, degrees),
        robustF: wald / Double(l), robustFSmallSample: wald / Double(l) * Double(degrees) / Double(rowCount),
        effectiveF: explained / trace, partialR2: explained / (explained + unexplained))
    }
  }

  /// The Cragg-Donald F: the smallest eigenvalue of the first stages' signal in units of their noise, over the number of instruments.
  public func craggDonald() -> Double? {
    let d = partialled(endogenous)
    let inside = excludedBasis.transposeTimes(d)
    let signal = inside.transposeTimes(inside)
    let noise = (1 / Double(rowCount - instrumentCount)) * (d.transposeTimes(d) - signal)
    guard let factor = noise.cholesky(), let inverse = factor.inverse else { return nil }
    return (inverse * signal * inverse.transposed).symmetricEigen().map { $0.values[0] / Double(excluded.columns) }
  }

  /// Sargan's and Basmann's statistics of over-identification at given residuals; nil when the equation is just identified.
  public func overidentification(residuals: [Double]) -> (sargan: TestStatistic, basmann: TestStatistic)? {
    let degrees = excluded.columns - endogenous.columns
    guard degrees > 0 else { return nil }
    let total = Self.squares(residuals)
    let inside = Self.squares(basis.transposeTimes(column(residuals)).elements)
    let n = Double(rowCount)
    func test(_ name: String, _ statistic: Double) -> TestStatistic {
      TestStatistic(
        name: name, statistic: statistic, degrees: [degrees],
        pValue: StatisticalFunctions.chiSquareTail(statistic, degrees: Double(degrees)))
    }
    return (
      test("Sargan", n * inside / total),
      test("Basmann", Double(rowCount - instrumentCount) * inside / (total - inside))
    )
  }

  /// Whether the regressors are exogenous: the F test on the first-stage residuals added to the equation, and Durbin's chi-square.
  public func wuHausman() -> (wuHausman: TestStatistic, durbin: TestStatistic)? {
    let x = regressors
    let p = endogenous.columns
    let v = endogenous - projected(endogenous)
    guard let plain = x.qr()?.q, let augmented = x.appending(v).qr()?.q else { return nil }
    func residualSquares(_ q: Matrix) -> Double { Self.squares((outcomeColumn - q * q.transposeTimes(outcomeColumn)).elements) }
    let restricted = residualSquares(plain)
    let full = residualSquares(augmented)
    let degrees = rowCount - x.columns - p
    let f = (restricted - full) / Double(p) / (full / Double(degrees))
    let durbin = Double(rowCount) * (restricted - full) / restricted
    return (
      TestStatistic(
        name: "Wu-Hausman", statistic: f, degrees: [p, degrees],
        pValue: StatisticalFunctions.fTail(f, Double(p), Double(degrees))),
      TestStatistic(
        name: "Durbin", statistic: durbin, degrees: [p],
        pValue: StatisticalFunctions.chiSquareTail(durbin, degrees: Double(p)))
    )
  }

  /// The Anderson-Rubin test that the endogenous coefficients have given values; right however weak the instruments are.
  public func andersonRubin(at values: [Double]) -> TestStatistic {
    let restricted = outcomeColumn - endogenous * Matrix(rows: values.count, columns: 1, elements: values)
    let e = partialled(restricted)
    let inside = Self.squares(excludedBasis.transposeTimes(e).elements)
    let l = excluded.columns
    let degrees = rowCount - instrumentCount
    let f = inside / Double(l) / ((Self.squares(e.elements) - inside) / Double(degrees))
    return TestStatistic(
      name: "Anderson-Rubin", statistic: f, degrees: [l, degrees],
      pValue: StatisticalFunctions.fTail(f, Double(l), Double(degrees)))
  }

  /// The exact inversion of the Anderson-Rubin test for one endogenous regressor.
  public func andersonRubinSet(level: Double) -> ConfidenceSet? {
    guard endogenous.columns == 1 else { return nil }
    let l = Double(excluded.columns)
    let degrees = Double(rowCount - instrumentCount)
    let c = l * StatisticalFunctions.fQuantile(level, l, degrees) / degrees
    let y = partialled(outcomeColumn)
    let d = partialled(endogenous)
    let q = excludedBasis
    let py = q.transposeTimes(y).elements
    let pd = q.transposeTimes(d).elements
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    func form(_ pu: [Double], _ pv: [Double], _ u: [Double], _ v: [Double]) -> Double {
      let inside = dot(pu, pv)
      return inside - c * (dot(u, v) - inside)
    }
    let a = form(pd, pd, d.elements, d.elements)
    let b = -2 * form(pd, py, d.elements, y.elements)
    let constant = form(py, py, y.elements, y.elements)
    let discriminant = b * b - 4 * a * constant
    if discriminant < 0 { return a > 0 ? .empty : .line }
    // The root of larger magnitude first, the other from the product of the roots: no cancellation.
    let sum = -0.5 * (b + (b < 0 ? -1 : 1) * discriminant.squareRoot())
    let roots = [sum / a, constant / sum].sorted()
    return a > 0 ? .interval(roots[0], roots[1]) : .rays(roots[0], roots[1])
  }
}
