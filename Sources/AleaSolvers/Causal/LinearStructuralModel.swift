import AleaSyntax

/// Real variables, each a linear function of others plus noise of its own.
///
/// The noise may have any law and may be dependent: a counterfactual for one unit recovers its noise from what was seen of the unit.
public struct LinearStructuralModel: Hashable, Codable, Sendable {
  /// `name = intercept + sum of coefficient * input + noise`.
  public struct Equation: Hashable, Codable, Sendable {
    public var name: String
    public var intercept: Double
    public var coefficients: [String: Double]

    public init(_ name: String, intercept: Double = 0, _ coefficients: [String: Double] = [:]) {
      self.name = name
      self.intercept = intercept
      self.coefficients = coefficients
    }
  }

  /// What one unit would have shown.
  public struct Counterfactual: Hashable, Codable, Sendable {
    /// The noise of the variables whose noise could be recovered.
    public let noise: [String: Double]
    /// The variables under the intervention, as far as they follow.
    public let values: [String: Double]
  }

  public let equations: [Equation]

  /// - Throws: for names that come twice and inputs that are not stated earlier.
  public init(_ equations: [Equation]) throws(DiagnosticError) {
    var known = Set<String>()
    for equation in equations {
      for input in equation.coefficients.keys.sorted() where !known.contains(input) {
        throw DiagnosticError(.error("`\(equation.name)` depends on `\(input)`, which is not stated before it", at: nil))
      }
      guard known.insert(equation.name).inserted else {
        throw DiagnosticError(.error("`\(equation.name)` is declared twice", at: nil))
      }
    }
    self.equations = equations
  }

  /// What the variables of a unit would have been under an intervention, given what they were.
  ///
  /// A variable's noise is known when it and all its inputs were seen. A variable that was seen and that nothing changes upstream keeps its value.
  /// - Throws: for unknown names.
  /// - Source: Pearl, Glymour and Jewell, Causal Inference in Statistics (2016), section 4.2.
  public func counterfactual(given seen: [String: Double], doing: [String: Double]) throws(DiagnosticError) -> Counterfactual {
    let names = Set(equations.map(\.name))
    if let name = (Array(seen.keys) + Array(doing.keys)).sorted().first(where: { !names.contains($0) }) {
      let near = Spelling.nearest(name, in: equations.map(\.name))
      throw DiagnosticError(
        .error("the model has no variable `\(name)`", at: nil, label: near.map { "did you mean `\($0)`?" } ?? ""))
    }
    func prediction(_ equation: Equation, _ values: [String: Double]) -> Double? {
      var total = equation.intercept
      for (input, coefficient) in equation.coefficients {
        guard let value = values[input] else { return nil }
        total += coefficient * value
      }
      return total
    }
    var noise: [String: Double] = [:]
    var values: [String: Double] = [:]
    var changed = Set<String>()
    for equation in equations {
      let actual = seen[equation.name]
      if let actual, let predicted = prediction(equation, seen) { noise[equation.name] = actual - predicted }
      if let value = doing[equation.name] {
        values[equation.name] = value
        changed.insert(equation.name)
      } else if changed.isDisjoint(with: equation.coefficients.keys) {
        values[equation.name] = actual
      } else {
        changed.insert(equation.name)
        if let noise = noise[equation.name], let predicted = prediction(equation, values) {
          values[equation.name] = predicted + noise
        }
      }
    }
    return Counterfactual(noise: noise, values: values)
  }
}
