import AleaNumerics

/// A linear structural equation with instruments: outcome on included exogenous and endogenous regressors, with excluded instruments.
///
/// Everything works on an orthonormal basis of the instruments (Householder QR), never on cross-products of raw columns, so that
/// badly scaled regressors (a constant beside a squared experience) lose no digits.
public struct LinearInstruments: Sendable {
  public let outcome: [Double]
  /// Included exogenous regressors, the constant among them, with names.
  public let exogenous: Matrix
  public let exogenousNames: [String]
  public let endogenous: Matrix
  public let endogenousNames: [String]
  /// Instruments that are not regressors.
  public let excluded: Matrix
  public let excludedNames: [String]

  /// Orthonormal basis of [exogenous, excluded]; its last columns span the excluded instruments net of the exogenous regressors.
  let basis: Matrix

  /// What is wrong with the data of an equation.
  public struct DataProblem: Error, Hashable, Sendable {
    public let message: String
    public let remedy: String
  }

  /// - Throws: ``DataProblem`` when there are too few rows, too few instruments, or linearly dependent columns (named).
  public init(
    outcome: [Double], exogenous: Matrix, exogenousNames: [String], endogenous: Matrix, endogenousNames: [String],
    excluded: Matrix,
    excludedNames: [String]
  ) throws(DataProblem) {
    let rows = outcome.count
    let regressors = exogenous.columns + endogenous.columns
    let instruments = exogenous.columns + excluded.columns
    if excluded.columns < endogenous.columns {
      throw DataProblem(
        message:
          "\(endogenous.columns) endogenous regressors (\(endogenousNames.joined(separator: ", "))) but only \(excluded.columns) excluded instruments",
        remedy: "each endogenous regressor needs an instrument of its own")
    }
    if rows <= instruments || rows <= regressors {
      throw DataProblem(
        message: "\(rows) rows are too few for \(regressors) regressors and \(instruments) instruments",
        remedy: "use more data or fewer columns")
    }
    let all = exogenous.appending(excluded)
    guard let factor = all.qr() else {
      let names = exogenousNames + excludedNames
      let culprit = all.firstDependentColumn().map { names[$0] } ?? "one of the instruments"
      throw DataProblem(
        message: "`\(culprit)` is a linear combination of the instruments before it", remedy: "leave `\(culprit)` out")
    }
    let design = exogenous.appending(endogenous)
    if design.qr() == nil {
      let names = exogenousNames + endogenousNames
      let culprit = design.firstDependentColumn().map { names[$0] } ?? "one of the regressors"
      throw DataProblem(
        message: "`\(culprit)` is a linear combination of the regressors before it", remedy: "leave `\(culprit)` out")
    }
    self.outcome = outcome
    self.exogenous = exogenous
    self.exogenousNames = exogenousNames
    self.endogenous = endogenous
    self.endogenousNames = endogenousNames
    self.excluded = excluded
    self.excludedNames = excludedNames
    basis = factor.q
  }

  public var rowCount: Int { outcome.count }
  /// Exogenous regressors first, then endogenous ones.
  public var regressorNames: [String] { exogenousNames + endogenousNames }
  public var regressors: Matrix { exogenous.appending(endogenous) }
  var instrumentCount: Int { exogenous.columns + excluded.columns }

  /// The orthonormal basis of the excluded instruments net of the exogenous regressors.
  var excludedBasis: Matrix {
    let start = exogenous.columns * rowCount
    return Matrix(rows: rowCount, columns: excluded.columns, elements: Array(basis.elements[start...]))
  }

  /// The columns' projections on the instruments.
  func projected(_ columns: Matrix) -> Matrix { basis * basis.transposeTimes(columns) }

  /// The columns' residuals after regression on the exogenous regressors.
  func partialled(_ columns: Matrix) -> Matrix {
    let q = Matrix(rows: rowCount, columns: exogenous.columns, elements: Array(basis.elements[0..<exogenous.columns * rowCount]))
    return columns - q * q.transposeTimes(columns)
  }

  var outcomeColumn: Matrix { Matrix(rows: rowCount, columns: 1, elements: outcome) }
}

/// How standard errors are computed.
public enum ErrorStructure: Hashable, Sendable {
  /// Equal variances.
  case homoskedastic
  /// Heteroskedasticity-robust (HC0; HC1 with the small-sample factor).
  case robust
  /// Clusters: one label a row.
  case clustered([Int])
}

/// Coefficients of a linear equation with their covariance.
public struct LinearFit: Sendable {
  public let names: [String]
  public let coefficients: [Double]
  public let covariance: Matrix
  public let residuals: [Double]
  /// The k of the k-class, where it is one.
  public let kappa: Double?
  /// Hansen's J with its degrees of freedom, for over-identified GMM.
  public let j: (statistic: Double, degrees: Int)?

  public var standardErrors: [Double] { names.indices.map { covariance[$0, $0].squareRoot() } }
}

extension LinearInstruments {
  /// Members of the k-class.
  public enum KClass: Hashable, Sendable {
    case leastSquares, twoStage, limitedInformation
    /// LIML with kappa lowered by `a / (n - m)`.
    case fuller(Double)
  }

  /// Fits a k-class estimator.
  ///
  /// b = (X'(I - kappa M)X)^-1 X'(I - kappa M)y with M the residual maker of the instruments; covariance s^2 (X'(I - kappa M)X)^-1 or
  /// the sandwich with scores P X e (least squares: X e).
  ///
  /// - Parameters:
  ///   - smallSample: divide by n - k (homoskedastic), times n/(n-k) (robust), times G/(G-1) (n-1)/(n-k) (clustered).
  public func fit(_ estimator: KClass, errors: ErrorStructure = .homoskedastic, smallSample: Bool = false) -> LinearFit? {
    let x = regressors
    let kappa: Double
    let projection: Matrix
    switch estimator {
    case .leastSquares:
      kappa = 1
      projection = x
    case .twoStage:
      kappa = 1
      projection = projected(x)
    case .limitedInformation:
      guard let least = limitedInformationKappa() else { return nil }
      kappa = least
      projection = projected(x)
    case .fuller(let a):
      guard let least = limitedInformationKappa() else { return nil }
      kappa = least - a / Double(rowCount - instrumentCount)
      projection = projected(x)
    }
    // With P X = Q R, and W = M X R^-1: X'(I - kappa M)X = R'(I - (kappa - 1) W'W)R.
    guard let (q, r) = projection.qr(), let rInverse = r.inverse else { return nil }
    let residual = x - projection
    let w = residual * rInverse
    let inner = Matrix.identity(x.columns) - (kappa - 1) * w.transposeTimes(w)
    guard let innerInverse = inner.inverse else { return nil }
    let bread = rInverse * innerInverse
    let b = bread * (q.transposeTimes(outcomeColumn) - (kappa - 1) * w.transposeTimes(outcomeColumn))
    let e = (outcomeColumn - x * b).elements
    let covariance = self.covariance(
      bread: bread, rInverse: rInverse, scores: q, residuals: e, parameters: x.columns, errors: errors, smallSample: smallSample)
    let reported: Double? = estimator == .leastSquares ? 0 : kappa
    return LinearFit(
      names: regressorNames, coefficients: b.elements, covariance: covariance, residuals: e, kappa: reported, j: nil)
  }

  private func covariance(
    bread: Matrix, rInverse: Matrix, scores q: Matrix, residuals e: [Double], parameters k: Int, errors: ErrorStructure,
    smallSample: Bool
  ) -> Matrix {
    let n = Double(rowCount)
    let degrees = n - Double(k)
    switch errors {
    case .homoskedastic:
      let sum = e.reduce(0) { $0 + $1 * $1 }
      return (sum / (smallSample ? degrees : n)) * (bread * rInverse.transposed)
    case .robust:
      return (smallSample ? n / degrees : 1) * (bread * Self.meat(q, e) * bread.transposed)
    case .clustered(let labels):
      let (meat, clusters) = Self.clusteredMeat(q, e, labels)
      let groups = Double(clusters)
      let factor = smallSample ? groups / (groups - 1) * (n - 1) / degrees : 1
      return factor * (bread * meat * bread.transposed)
    }
  }

  /// Sum over rows of `q_i q_i' e_i^2`.
  static func meat(_ q: Matrix, _ e: [Double]) -> Matrix {
    var scored = q
    for j in 0..<q.columns { for i in 0..<q.rows { scored[i, j] *= e[i] } }
    return scored.transposeTimes(scored)
  }

  /// The same with scores summed within clusters first.
  static func clusteredMeat(_ q: Matrix, _ e: [Double], _ labels: [Int]) -> (Matrix, clusters: Int) {
    var position: [Int: Int] = [:]
    for label in labels where position[label] == nil { position[label] = position.count }
    var sums = Matrix(rows: position.count, columns: q.columns)
    for j in 0..<q.columns { for i in 0..<q.rows { sums[position[labels[i]]!, j] += q[i, j] * e[i] } }
    return (sums.transposeTimes(sums), position.count)
  }

  /// The kappa of LIML: the smallest root of |W'M1 W - kappa W'M W| = 0 with W = [y, D].
  public func limitedInformationKappa() -> Double? {
    let w = partialled(outcomeColumn.appending(endogenous))
    let inside = excludedBasis.transposeTimes(w)
    let unexplained = w.transposeTimes(w) - inside.transposeTimes(inside)
    guard let factor = unexplained.cholesky(), let inverse = factor.inverse else { return nil }
    // kappa = 1 + the smallest eigenvalue of (W'MW)^-1/2 W'PW (W'MW)^-1/2.
    let half = inverse * inside.transposeTimes(inside) * inverse.transposed
    return half.symmetricEigen().map { 1 + max(0, $0.values[0]) }
  }

  /// Two-step (or longer) efficient GMM: the first step is two-stage least squares; the weight is the inverse of the uncentred
  /// covariance of the moments at the residuals of the step before.
  ///
  /// - Parameter robustCovariance: false for the efficient covariance, true to re-evaluate the moments at the final residuals.
  public func generalizedMoments(steps: Int = 2, errors: ErrorStructure = .robust, robustCovariance: Bool = false) -> LinearFit? {
    guard var fit = fit(.twoStage) else { return nil }
    let x = regressors
    let qx = basis.transposeTimes(x)
    let qy = basis.transposeTimes(outcomeColumn)
    func moments(_ e: [Double]) -> Matrix {
      switch errors {
      case .clustered(let labels): return Self.clusteredMeat(basis, e, labels).0
      case .robust: return Self.meat(basis, e)
      case .homoskedastic: return (e.reduce(0) { $0 + $1 * $1 } / Double(rowCount)) * Matrix.identity(basis.columns)
      }
    }
    for _ in 1..<max(2, steps) {
      let s = moments(fit.residuals)
      guard let l = s.cholesky(), let lInverse = l.inverse else { return nil }
      let g = lInverse * qx
      guard let (q, r) = g.qr(), let rInverse = r.inverse else { return nil }
      let b = rInverse * q.transposeTimes(lInverse * qy)
      let e = (outcomeColumn - x * b).elements
      var covariance = rInverse * rInverse.transposed
      if robustCovariance {
        let middle = q.transposeTimes(lInverse * moments(e) * lInverse.transposed * q)
        covariance = rInverse * middle * rInverse.transposed
      }
      let standardized = lInverse * basis.transposeTimes(Matrix(rows: rowCount, columns: 1, elements: e))
      let statistic = standardized.elements.reduce(0) { $0 + $1 * $1 }
      let change = zip(b.elements, fit.coefficients).map { abs($0 - $1) / max(1e-300, abs($0)) }.max() ?? 0
      fit = LinearFit(
        names: regressorNames, coefficients: b.elements, covariance: covariance, residuals: e, kappa: nil,
        j: (statistic, instrumentCount - x.columns))
      if change < 1e-14 { break }
    }
    return fit
  }
}
