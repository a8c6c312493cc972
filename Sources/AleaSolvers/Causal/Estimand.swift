/// What an effect equals in terms of the law of the observed variables: a tree of conditional probabilities, products, sums and ratios.
///
/// A variable that no sum binds is a value one chooses: an intervention's, an outcome's, or one that may be anything. A sum binds its
/// variables in its own term alone, so that the same variable can also stand free outside; it is then written with a prime.
public indirect enum Estimand: Hashable, Codable, Sendable {
  /// `P(variables | given)`; with no variables, one.
  case probability(of: [String], given: [String])
  case product([Estimand])
  case sum(over: [String], Estimand)
  case quotient(Estimand, Estimand)

  public static var one: Estimand { .product([]) }

  /// The variables that no sum binds.
  public var freeVariables: Set<String> {
    switch self {
    case .probability(let variables, let given): Set(variables).union(given)
    case .product(let factors): factors.reduce(into: []) { $0.formUnion($1.freeVariables) }
    case .sum(let bound, let term): term.freeVariables.subtracting(bound)
    case .quotient(let numerator, let denominator): numerator.freeVariables.union(denominator.freeVariables)
    }
  }

  /// The number of conditional probabilities written.
  public var size: Int {
    switch self {
    case .probability: 1
    case .product(let factors): factors.reduce(0) { $0 + $1.size }
    case .sum(_, let term): term.size
    case .quotient(let numerator, let denominator): numerator.size + denominator.size
    }
  }
}

extension Estimand: CustomStringConvertible {
  /// The expression as plain text: `Σ_tar P(tar | smoking) · Σ_smoking' P(smoking') · P(cancer | smoking', tar)`.
  public var description: String { EstimandWriter(style: .text).write(self, bound: [:]) }

  /// The expression as LaTeX, for display mathematics.
  public var latex: String { EstimandWriter(style: .latex).write(self, bound: [:]) }
}

/// Writes an estimand. A sum reaches as far right as it can, so a product puts its sums last and only the last goes without brackets.
private struct EstimandWriter {
  enum Style { case text, latex }
  let style: Style

  func write(_ estimand: Estimand, bound: [String: Int]) -> String {
    write(estimand, scope: bound, enclosing: estimand.freeVariables)
  }

  /// `scope` holds the primes of each bound variable; `enclosing` the names that mean something outside.
  private func write(_ estimand: Estimand, scope: [String: Int], enclosing: Set<String>) -> String {
    switch estimand {
    case .probability(let variables, let given):
      if variables.isEmpty { return "1" }
      let left = variables.map { name($0, scope) }.joined(separator: ", ")
      if given.isEmpty { return "P(\(left))" }
      let right = given.map { name($0, scope) }.joined(separator: ", ")
      return style == .text ? "P(\(left) | \(right))" : "P(\(left) \\mid \(right))"
    case .product(let factors):
      if factors.isEmpty { return "1" }
      let ordered = factors.filter { !$0.isSum } + factors.filter(\.isSum)
      let parts = ordered.enumerated().map { position, factor in
        let text = write(factor, scope: scope, enclosing: enclosing)
        let needsBrackets = (factor.isSum && position < ordered.count - 1) || (style == .text && factor.isQuotient)
        return needsBrackets ? bracketed(text) : text
      }
      return parts.joined(separator: style == .text ? " · " : " \\, ")
    case .sum(let variables, let term):
      var scope = scope
      var enclosing = enclosing
      for variable in variables {
        scope[variable] = enclosing.contains(variable) ? (scope[variable] ?? 0) + 1 : 0
        enclosing.insert(variable)
      }
      let index = variables.map { name($0, scope) }.joined(separator: style == .text ? "," : ", ")
      let body = write(term, scope: scope, enclosing: enclosing)
      if style == .latex { return "\\sum_{\(index)} \(body)" }
      return variables.count == 1 ? "Σ_\(index) \(body)" : "Σ_{\(index)} \(body)"
    case .quotient(let numerator, let denominator):
      let above = write(numerator, scope: scope, enclosing: enclosing)
      let below = write(denominator, scope: scope, enclosing: enclosing)
      if style == .latex { return "\\frac{\(above)}{\(below)}" }
      return (numerator.isAtom ? above : bracketed(above)) + " / " + (denominator.isAtom ? below : bracketed(below))
    }
  }

  private func bracketed(_ text: String) -> String { style == .text ? "(\(text))" : "\\left(\(text)\\right)" }

  private func name(_ variable: String, _ scope: [String: Int]) -> String {
    let primes = String(repeating: "'", count: scope[variable] ?? 0)
    if style == .text { return variable + primes }
    if variable.count == 1 { return variable + primes }
    let escaped = variable.map { "_%&#$".contains($0) ? "\\\($0)" : String($0) }.joined()
    return "\\mathit{\(escaped)}" + primes
  }
}

extension Estimand {
  var isSum: Bool { if case .sum = self { true } else { false } }
  var isQuotient: Bool { if case .quotient = self { true } else { false } }
  var isAtom: Bool { if case .probability = self { true } else { false } }
}
