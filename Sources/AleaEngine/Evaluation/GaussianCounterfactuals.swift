import AleaModel
import AleaNumerics
import AleaSyntax

/// What would have been, in a model whose variables are linear in independent normal noises: abduction conditions the noises on what was
/// seen, action replaces equations, prediction runs the rest on the same noises (Pearl, Causality, theorem 7.1.7). Exact.
///
/// Work grows with the cube of the number of noises.
public struct GaussianCounterfactuals: Sendable {
  /// `constant + sum of coefficient * noise`.
  private struct Linear {
    var constant: Double
    var noise: [Double]

    static func + (a: Linear, b: Linear) -> Linear {
      Linear(constant: a.constant + b.constant, noise: zip(a.noise, b.noise).map { $0 + $1 })
    }
    func scaled(_ factor: Double) -> Linear { Linear(constant: constant * factor, noise: noise.map { $0 * factor }) }
    var isConstant: Bool { noise.allSatisfy { $0 == 0 } }
  }

  private let process: Process
  private let noises: [VariableID: Int]

  /// Nil where some law is not normal, or something is not linear.
  public init?(_ process: Process) {
    self.process = process
    var noises: [VariableID: Int] = [:]
    for slot in process.stepOrder {
      guard case .current(let id) = slot, case .draw(let law) = process[id].mechanism else { continue }
      guard case .primitive(.normal, _) = law else { return nil }
      noises[id] = noises.count
    }
    self.noises = noises
    guard equations(doing: [:]) != nil else { return nil }
  }

  /// The mean and standard deviation of every variable (by ``VariableID/index``) in the other world, and the log density of what was seen.
  ///
  /// - Throws: ``Counterfactuals/Refusal`` where what is given cannot happen.
  public func moments(given seen: [VariableID: Double], doing set: [VariableID: Double]) throws -> (
    means: [Double], deviations: [Double]
  ) {
    guard let factual = equations(doing: [:]), let other = equations(doing: set) else {
      throw Counterfactuals.Refusal(message: "the model is not linear", note: "write its equations linearly")
    }
    let evidence = seen.sorted { $0.key.index < $1.key.index }
    let count = noises.count
    // Noises given the evidence: mean A'(AA')^- (seen - c), covariance I - A'(AA')^- A, with a pseudo-inverse where the evidence repeats itself.
    var mean = [Double](repeating: 0, count: count)
    var directions: [[Double]] = []
    if !evidence.isEmpty {
      let rows = evidence.map { factual[Int($0.key.index)].noise }
      let gaps = evidence.map { $0.value - factual[Int($0.key.index)].constant }
      var gram = Matrix(rows: rows.count, columns: rows.count)
      for i in rows.indices { for j in rows.indices { gram[i, j] = zip(rows[i], rows[j]).reduce(0) { $0 + $1.0 * $1.1 } } }
      guard let (values, vectors) = gram.symmetricEigen() else {
        throw Counterfactuals.Refusal(message: "what is given cannot be conditioned on", note: "leave out what repeats itself")
      }
      let largest = values.map { abs($0) }.max() ?? 0
      for (index, value) in values.enumerated() {
        let vector = vectors.column(index)
        let gap = zip(vector, gaps).reduce(0) { $0 + $1.0 * $1.1 }
        guard value > 1e-12 * max(largest, 1e-300) else {
          if abs(gap) > 1e-9 * (1 + gaps.reduce(0) { $0 + abs($1) }) {
            throw Counterfactuals.Refusal(message: "what is given never happens in this model", note: "its probability is 0")
          }
          continue
        }
        // The direction of the noises that this combination of the evidence shows, of length one.
        let direction = (0..<count).map { noise in
          zip(vector, rows).reduce(0) { $0 + $1.0 * $1.1[noise] } / value.squareRoot()
        }
        for noise in 0..<count { mean[noise] += direction[noise] * gap / value.squareRoot() }
        directions.append(direction)
      }
    }
    var means: [Double] = []
    var deviations: [Double] = []
    for linear in other {
      means.append(linear.constant + zip(linear.noise, mean).reduce(0) { $0 + $1.0 * $1.1 })
      var variance = linear.noise.reduce(0) { $0 + $1 * $1 }
      for direction in directions {
        let shown = zip(linear.noise, direction).reduce(0) { $0 + $1.0 * $1.1 }
        variance -= shown * shown
      }
      deviations.append(max(0, variance).squareRoot())
    }
    return (means, deviations)
  }

  /// Every variable as a linear function of the noises; nil where one is not.
  private func equations(doing set: [VariableID: Double]) -> [Linear]? {
    let zero = [Double](repeating: 0, count: noises.count)
    var result = process.variables.map { _ in Linear(constant: .nan, noise: zero) }
    for slot in process.stepOrder {
      guard case .current(let id) = slot else { return nil }
      if let value = set[id] {
        result[Int(id.index)] = Linear(constant: value, noise: zero)
        continue
      }
      switch process[id].mechanism {
      case .value(let expression):
        guard let linear = linear(expression, result) else { return nil }
        result[Int(id.index)] = linear
      case .draw(.primitive(.normal, let parameters)):
        guard let noise = noises[id], var value = linear(parameters[0], result), let spread = linear(parameters[1], result),
          spread.isConstant, spread.constant >= 0
        else { return nil }
        value.noise[noise] += spread.constant
        result[Int(id.index)] = value
      default: return nil
      }
    }
    return result
  }

  private func linear(_ id: ExpressionID, _ known: [Linear]) -> Linear? {
    let zero = [Double](repeating: 0, count: noises.count)
    switch process.pool[id].kind {
    case .constant(let value): return Linear(constant: value, noise: zero)
    case .variable(let variable): return known[Int(variable.index)].constant.isNaN ? nil : known[Int(variable.index)]
    case .unary(let function, let a):
      guard let x = linear(a, known) else { return nil }
      if function == .negate { return x.scaled(-1) }
      return x.isConstant ? Linear(constant: function(x.constant), noise: zero) : nil
    case .binary(let function, let a, let b):
      guard let x = linear(a, known), let y = linear(b, known) else { return nil }
      switch function {
      case .add: return x + y
      case .subtract: return x + y.scaled(-1)
      case .multiply where x.isConstant: return y.scaled(x.constant)
      case .multiply where y.isConstant: return x.scaled(y.constant)
      case .divide where y.isConstant && y.constant != 0: return x.scaled(1 / y.constant)
      default: return x.isConstant && y.isConstant ? Linear(constant: function(x.constant, y.constant), noise: zero) : nil
      }
    default: return nil
    }
  }
}
