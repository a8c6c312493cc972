import AleaModel

/// The pure functions and constants of the language: one table for checking, folding and help.
public struct Builtin: Sendable {
  public let name: String
  public let signature: String
  public let documentation: String

  enum Rule: Sendable {
    /// One number to a number of the given type (nil keeps the argument's type).
    case unary(UnaryFunction, ScalarType?)
    case binary(BinaryFunction)
    case ternary(TernaryFunction)
    /// A function of two numbers that is not one of many.
    case pair(BinaryFunction)
    case log, clamp, size, sum, dot, zeros, ones, identity, real, integer, present
  }

  let rule: Rule

  public static let all: [Builtin] = [
    Builtin(name: "abs", signature: "abs(x)", documentation: "The absolute value.", rule: .unary(.abs, nil)),
    Builtin(name: "sign", signature: "sign(x): Int", documentation: "-1, 0 or 1.", rule: .unary(.sign, .integer)),
    Builtin(
      name: "min", signature: "min(a, b, ...)", documentation: "The least of several numbers, or of a set or array.",
      rule: .binary(.min)),
    Builtin(
      name: "max", signature: "max(a, b, ...)", documentation: "The greatest of several numbers, or of a set or array.",
      rule: .binary(.max)),
    Builtin(
      name: "floor", signature: "floor(x): Int", documentation: "The greatest integer that is not above x.",
      rule: .unary(.floor, .integer)),
    Builtin(
      name: "ceil", signature: "ceil(x): Int", documentation: "The least integer that is not below x.",
      rule: .unary(.ceil, .integer)),
    Builtin(
      name: "round", signature: "round(x): Int", documentation: "The nearest integer, halves away from zero.",
      rule: .unary(.round, .integer)),
    Builtin(name: "sqrt", signature: "sqrt(x): Real", documentation: "The square root.", rule: .unary(.sqrt, .real)),
    Builtin(name: "exp", signature: "exp(x): Real", documentation: "e to the power x.", rule: .unary(.exp, .real)),
    Builtin(name: "ln", signature: "ln(x): Real", documentation: "The natural logarithm.", rule: .unary(.ln, .real)),
    Builtin(
      name: "log", signature: "log(x, base: b): Real", documentation: "The logarithm to a base; natural without one.", rule: .log),
    Builtin(name: "log10", signature: "log10(x): Real", documentation: "The logarithm to base 10.", rule: .unary(.log10, .real)),
    Builtin(name: "log2", signature: "log2(x): Real", documentation: "The logarithm to base 2.", rule: .unary(.log2, .real)),
    Builtin(name: "sin", signature: "sin(x): Real", documentation: "The sine of x radians.", rule: .unary(.sin, .real)),
    Builtin(name: "cos", signature: "cos(x): Real", documentation: "The cosine of x radians.", rule: .unary(.cos, .real)),
    Builtin(name: "tan", signature: "tan(x): Real", documentation: "The tangent of x radians.", rule: .unary(.tan, .real)),
    Builtin(name: "tanh", signature: "tanh(x): Real", documentation: "The hyperbolic tangent.", rule: .unary(.tanh, .real)),
    Builtin(
      name: "arctan", signature: "arctan(x): Real", documentation: "The angle in radians whose tangent is x.",
      rule: .unary(.arctan, .real)),
    Builtin(
      name: "logistic", signature: "logistic(x): Real", documentation: "1 / (1 + exp(-x)).", rule: .unary(.logistic, .real)),
    Builtin(
      name: "logGamma", signature: "logGamma(x): Real", documentation: "The logarithm of the gamma function.",
      rule: .unary(.logGamma, .real)),
    Builtin(
      name: "normalCDF", signature: "normalCDF(x): Real", documentation: "The distribution function of the standard normal law.",
      rule: .unary(.normalCDF, .real)),
    Builtin(
      name: "normalQuantile", signature: "normalQuantile(p): Real", documentation: "The quantile of the standard normal law.",
      rule: .unary(.normalQuantile, .real)),
    Builtin(
      name: "kl", signature: "kl(p, q): Real",
      documentation: "The Kullback-Leibler divergence of Bernoulli laws with means p and q.",
      rule: .pair(.divergence)),
    Builtin(
      name: "klUpper", signature: "klUpper(p, d): Real",
      documentation: "The greatest mean whose Bernoulli law diverges from that of mean p by at most d.",
      rule: .pair(.divergenceBound)),
    Builtin(
      name: "betaQuantile", signature: "betaQuantile(p, a, b): Real", documentation: "The quantile of the law Beta(a, b).",
      rule: .ternary(.betaQuantile)),
    Builtin(
      name: "betaCDF", signature: "betaCDF(x, a, b): Real", documentation: "The distribution function of the law Beta(a, b).",
      rule: .ternary(.betaCDF)),
    Builtin(name: "clamp", signature: "clamp(x, low, high)", documentation: "x, moved into low..high.", rule: .clamp),
    Builtin(name: "size", signature: "size(set or array): Int", documentation: "The number of elements.", rule: .size),
    Builtin(
      name: "sum", signature: "sum(array)", documentation: "The sum of an array's elements; over a set: sum(i in set: e).",
      rule: .sum),
    Builtin(name: "dot", signature: "dot(a, b)", documentation: "The inner product of two arrays.", rule: .dot),
    Builtin(name: "zeros", signature: "zeros(n): Real[n]", documentation: "An array of zeros.", rule: .zeros),
    Builtin(name: "ones", signature: "ones(n): Real[n]", documentation: "An array of ones.", rule: .ones),
    Builtin(name: "identity", signature: "identity(n): Real[n, n]", documentation: "The identity matrix.", rule: .identity),
    Builtin(name: "real", signature: "real(x): Real", documentation: "A number or a Boolean (1 or 0) as a Real.", rule: .real),
    Builtin(name: "int", signature: "int(x): Int", documentation: "A Boolean as 1 or 0; an integer as itself.", rule: .integer),
    Builtin(
      name: "present", signature: "present(column): Bool", documentation: "Whether a cell of a column of data has a value.",
      rule: .present),
  ]

  static let byName: [String: Builtin] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The named constants and the types that are not sets.
  static let constants: [String: Value] = [
    "pi": .real(.pi), "e": .real(2.718281828459045), "inf": .real(.infinity), "Bool": .type(.boolean), "Int": .type(.integer),
    "Real": .type(.real), "String": .type(.string), "Any": .type(.any),
  ]

  /// The names of those.
  public static var constantNames: [String] { constants.keys.sorted() }

  /// The constructors of distributions, with what they say.
  public static let distributions: [(name: String, signature: String, documentation: String)] = [
    ("Bernoulli", "Bernoulli(p)", "1 with probability p, else 0."),
    ("Binomial", "Binomial(n, p)", "The number of successes in n trials."),
    ("Geometric", "Geometric(p)", "The number of failures before the first success."),
    ("Poisson", "Poisson(rate)", "Counts with the given mean."),
    ("Uniform", "Uniform(set) or Uniform(low, high)", "Every element of a set alike, or a real number between two."),
    ("Categorical", "Categorical(values, weights)", "Values with weights, which are divided by their sum."),
    ("Certain", "Certain(value)", "One value for sure."),
    ("Normal", "Normal(mean, sd)", "The normal law."),
    ("LogNormal", "LogNormal(meanLog, sdLog)", "The exponential of a normal variable."),
    ("Exponential", "Exponential(rate)", "Waiting times with the given rate."),
    ("Gamma", "Gamma(shape, rate)", "The gamma law."),
    ("Beta", "Beta(a, b)", "The beta law."),
    ("StudentT", "StudentT(df)", "Student's law."),
    (
      "MultivariateNormal", "MultivariateNormal(mean, covariance)",
      "A vector of normal variables; in a model, after the `~` of a variable."
    ),
    ("Mixture", "Mixture(components, weights)", "A law drawn by weight, then a value from it."),
    ("Truncated", "Truncated(d, low, high)", "A law conditioned on an interval, both ends included."),
  ]

  static let distributionNames = Set(distributions.map(\.name))
}
