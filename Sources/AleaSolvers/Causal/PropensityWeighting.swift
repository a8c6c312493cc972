import AleaData
import AleaModel
import AleaNumerics

/// A binary cause, an outcome and controls, as the weighting estimators need them.
struct BinaryComparison {
  let controls: [String]
  let treatment: [Double]
  let outcome: [Double]
  /// A constant and the controls.
  let design: Matrix
  let notes: [String]

  init(_ problem: EffectProblem) throws {
    controls = try problem.adjustmentSet()
    treatment = try problem.varyingNumbers(problem.cause)
    outcome = try problem.numbers(problem.outcome)
    guard treatment.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw EffectRefusal(
        "`\(problem.cause)` takes other values than 0 and 1, and weighting compares two groups",
        at: .method, notes: ["`by: LinearAdjustment()` takes any number"])
    }
    let columns = try ControlDesign(problem, controls)
    design = columns.matrix
    notes = columns.notes + problem.notes
    guard design.rows > design.columns else {
      throw EffectRefusal(
        "\(design.rows) rows are too few for \(design.columns) coefficients of the propensity", at: .data,
        notes: ["use more data or fewer controls"])
    }
  }

  /// The probability of the cause in each row, logistic in the controls.
  func fittedPropensity(_ problem: EffectProblem) throws -> [Double] {
    guard let logistic = LogisticFit(design, treatment) else { throw separated(problem) }
    return logistic.probabilities(design)
  }

  func assumptions(_ problem: EffectProblem, _ models: String) -> [String] {
    return [
      "nothing unmeasured moves both \(problem.cause) and \(problem.outcome)\(problem.conditions(controls)): the graph says so",
      "every row could have had either value of \(problem.cause) (overlap)", models,
    ]
  }
}

/// A logistic regression by maximum likelihood.
struct LogisticFit {
  let coefficients: [Double]

  /// Newton's method with halved steps; nil when the likelihood has no maximum (the columns separate the two groups) or is flat.
  init?(_ design: Matrix, _ response: [Double]) {
    var beta = [Double](repeating: 0, count: design.columns)
    var likelihood = Self.likelihood(design, response, beta)
    for _ in 0..<100 {
      let p = Self.probabilities(design, beta)
      var weighted = design
      for j in 0..<design.columns { for i in 0..<design.rows { weighted[i, j] *= p[i] * (1 - p[i]) } }
      let residual = Matrix(rows: design.rows, columns: 1, elements: zip(response, p).map { $0 - $1 })
      let gradient = design.transposeTimes(residual)
      guard let step = design.transposeTimes(weighted).solve(gradient), step.elements.allSatisfy(\.isFinite) else { return nil }
      var scale = 1.0
      var next = beta
      var value = -Double.infinity
      for _ in 0..<40 {
        next = zip(beta, step.elements).map { $0 + scale * $1 }
        value = Self.likelihood(design, response, next)
        if value >= likelihood - 1e-12 * abs(likelihood) { break }
        scale /= 2
      }
      let decrement = zip(gradient.elements, step.elements).reduce(0) { $0 + $1.0 * $1.1 }
      beta = next
      likelihood = value
      if decrement < 1e-20 * Double(design.rows) || decrement < 1e-24 {
        coefficients = beta
        let fitted = Self.probabilities(design, beta)
        if fitted.contains(where: { $0 < 1e-9 || $0 > 1 - 1e-9 }) { return nil }
        return
      }
    }
    return nil
  }

  func probabilities(_ design: Matrix) -> [Double] { Self.probabilities(design, coefficients) }

  private static func scores(_ design: Matrix, _ beta: [Double]) -> [Double] {
    (design * Matrix(rows: beta.count, columns: 1, elements: beta)).elements
  }

  private static func probabilities(_ design: Matrix, _ beta: [Double]) -> [Double] {
    scores(design, beta).map { 1 / (1 + UnaryFunction.exp(-$0)) }
  }

  private static func likelihood(_ design: Matrix, _ response: [Double], _ beta: [Double]) -> Double {
    zip(scores(design, beta), response).reduce(0) { sum, pair in
      let (score, y) = pair
      return sum + y * score - (max(score, 0) + UnaryFunction.ln(1 + UnaryFunction.exp(-abs(score))))
    }
  }
}

private func separated(_ problem: EffectProblem) -> EffectRefusal {
  EffectRefusal(
    "the controls tell who has `\(problem.cause)` with certainty: there is no overlap to compare in",
    at: .data, notes: ["keep the rows where both values of \(problem.cause) occur, or adjust for another set"])
}

private func propensityCheck(_ p: [Double], _ treatment: [Double]) -> Estimate.Check {
  let least = zip(p, treatment).map { $1 == 1 ? $0 : 1 - $0 }.min() ?? .nan
  return .init(name: "least propensity", statistic: least, meaning: "near 0: overlap")
}

/// Weighting by the inverse of the estimated propensity, with normalised weights (Hajek); the average effect of a binary cause.
///
/// The standard error is that of the stacked estimating equations, so that it allows for the propensity being estimated (Lunceford and
/// Davidian 2004).
public struct InverseProbabilityWeighting: EffectMethod {
  public static let name = "InverseProbabilityWeighting"
  public static let abbreviations = ["IPW", "IPTW"]
  public static let summary = "weights each row by one over the probability of its cause: the average effect of a binary cause"
  public static let parameters: [MethodParameter] = []

  public init(arguments: MethodArguments) {}

  public func estimate(_ problem: EffectProblem) throws -> Estimate {
    let data = try BinaryComparison(problem)
    let p = try data.fittedPropensity(problem)
    let n = p.count
    func mean(_ arm: Double) -> Double {
      var total = 0.0
      var weight = 0.0
      for i in 0..<n where data.treatment[i] == arm {
        let w = 1 / (arm == 1 ? p[i] : 1 - p[i])
        total += w * data.outcome[i]
        weight += w
      }
      return total / weight
    }
    let treated = mean(1)
    let control = mean(0)
    var mass = (treated: 0.0, control: 0.0)
    for i in 0..<n { if data.treatment[i] == 1 { mass.treated += 1 / p[i] } else { mass.control += 1 / (1 - p[i]) } }
    let influence = (0..<n).map { i in
      data.treatment[i] == 1
        ? Double(n) * (data.outcome[i] - treated) / p[i] / mass.treated
        : -Double(n) * (data.outcome[i] - control) / (1 - p[i]) / mass.control
    }
    // What the propensity's own estimation takes away: the regression on its score.
    var score = data.design
    for j in 0..<score.columns { for i in 0..<n { score[i, j] *= data.treatment[i] - p[i] } }
    guard let q = score.qr()?.q else { throw separated(problem) }
    let column = Matrix(rows: n, columns: 1, elements: influence)
    let rest = (column - q * q.transposeTimes(column)).elements
    let error = rest.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(n)
    return Estimate(
      target: problem.target, method: "\(Self.name)()", value: treated - control, standardError: error, sampleSize: n,
      errors: "robust, allowing for the estimated propensity", checks: [propensityCheck(p, data.treatment)],
      assumptions: data.assumptions(problem, "the propensity is logistic in the controls"), notes: data.notes)
  }
}

/// The doubly robust estimator of the average effect of a binary cause, cross-fitted (Robins, Rotnitzky and Zhao 1994; Chernozhukov et
/// al. 2018): right when either the propensity or the outcome regression is.
public struct AugmentedInverseProbabilityWeighting: EffectMethod {
  public static let name = "AugmentedInverseProbabilityWeighting"
  public static let abbreviations = ["AIPW"]
  public static let summary =
    "doubly robust: weighting and regression, each repairing the other; the average effect of a binary cause"
  public static let parameters = [
    MethodParameter("folds", .integer(from: 1, to: 100), default: .integer(5), doc: "of the cross-fitting; 1 fits on all rows"),
    MethodParameter(
      "split", .text, default: .text(""), doc: "the column whose values are the folds; by default rows are dealt out at random"),
  ]
  let folds: Int
  let split: String

  public init(arguments: MethodArguments) {
    folds = arguments.integer("folds")
    split = arguments.text("split")
  }

  private var written: String {
    split.isEmpty ? "\(Self.name)(folds: \(folds))" : "\(Self.name)(split: \"\(split)\")"
  }

  /// The rows of each fold.
  private func heldRows(_ problem: EffectProblem) throws -> [[Int]] {
    let n = problem.data.rowCount
    if !split.isEmpty {
      guard problem.data[split] != nil else {
        throw EffectRefusal(
          "`\(problem.data.name)` has no column `\(split)` to split by", at: .method,
          notes: ["its columns are \(problem.data.columnNames.joined(separator: ", "))"])
      }
      let labels = try problem.completeColumn(split).numbers
      let folds = Dictionary(grouping: 0..<n) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
      guard folds.count > 1 else {
        throw EffectRefusal("`\(split)` has one value only, and cross-fitting takes two folds or more", at: .method)
      }
      return folds
    }
    guard n >= 2 * folds else {
      throw EffectRefusal(
        "\(n) rows are too few for \(folds) folds", at: .method, notes: ["a fold has two rows or more: `folds: \(max(1, n / 2))`"]
      )
    }
    var order = Array(0..<n)
    var stream = RandomStream(seed: problem.seed, stream: 0)
    for i in stride(from: n - 1, to: 0, by: -1) { order.swapAt(i, min(i, Int(stream.uniform() * Double(i + 1)))) }
    return (0..<folds).map { fold in stride(from: fold, to: n, by: folds).map { order[$0] } }
  }

  public func estimate(_ problem: EffectProblem) throws -> Estimate {
    let data = try BinaryComparison(problem)
    let n = data.outcome.count
    var scores = [Double](repeating: 0, count: n)
    var propensity = [Double](repeating: 0, count: n)
    let parts = try heldRows(problem)
    for (fold, held) in parts.enumerated() {
      let fitted = parts.count == 1 ? held : parts.indices.flatMap { $0 == fold ? [] : parts[$0] }
      let design = rows(data.design, fitted)
      guard design.qr() != nil, let logistic = LogisticFit(design, fitted.map { data.treatment[$0] }) else {
        throw separated(problem)
      }
      let treated = try regression(data, fitted.filter { data.treatment[$0] == 1 }, problem)
      let control = try regression(data, fitted.filter { data.treatment[$0] == 0 }, problem)
      let test = rows(data.design, held)
      let p = logistic.probabilities(test)
      let m1 = (test * treated).elements
      let m0 = (test * control).elements
      for (k, i) in held.enumerated() {
        propensity[i] = p[k]
        let residual = data.outcome[i] - (data.treatment[i] == 1 ? m1[k] : m0[k])
        scores[i] = m1[k] - m0[k] + (data.treatment[i] == 1 ? residual / p[k] : -residual / (1 - p[k]))
      }
    }
    let value = scores.reduce(0, +) / Double(n)
    let error = (scores.reduce(0) { $0 + ($1 - value) * ($1 - value) } / Double(n) / Double(n)).squareRoot()
    return Estimate(
      target: problem.target, method: written, value: value, standardError: error, sampleSize: n,
      errors: "robust, from the influence function", checks: [propensityCheck(propensity, data.treatment)],
      assumptions: data.assumptions(
        problem, "the propensity is logistic in the controls, or the outcome linear in them within each group"),
      notes: data.notes)
  }

  private func rows(_ matrix: Matrix, _ indices: [Int]) -> Matrix {
    var result = Matrix(rows: indices.count, columns: matrix.columns)
    for j in 0..<matrix.columns { for (k, i) in indices.enumerated() { result[k, j] = matrix[i, j] } }
    return result
  }

  private func regression(_ data: BinaryComparison, _ fitted: [Int], _ problem: EffectProblem) throws -> Matrix {
    let design = rows(data.design, fitted)
    guard let (q, r) = design.qr(),
      let beta = r.solve(q.transposeTimes(Matrix(rows: fitted.count, columns: 1, elements: fitted.map { data.outcome[$0] })))
    else {
      throw EffectRefusal(
        "the controls are linearly dependent among the rows of one value of `\(problem.cause)` (\(fitted.count) row\(fitted.count == 1 ? "" : "s") in a fold)",
        at: .data, notes: ["use fewer folds or fewer controls"])
    }
    return beta
  }
}
