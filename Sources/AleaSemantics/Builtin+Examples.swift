extension Builtin {
  /// An expression that uses the function.
  public var example: String { Self.examples[name] ?? signature }

  /// An expression that uses each function, shown by help.
  private static let examples = [
    "abs": "abs(-3)", "sign": "sign(-3)", "min": "min(3, 1, 2)", "max": "max(i in 0..9: i * (7 - i))", "floor": "floor(-1.5)",
    "ceil": "ceil(1.2)", "round": "round(2.5)", "sqrt": "sqrt(16)", "exp": "exp(1)", "ln": "ln(2)", "log": "log(8, base: 2)",
    "log10": "log10(1000)", "log2": "log2(8)", "sin": "sin(pi / 2)", "cos": "cos(pi)", "tan": "tan(pi / 4)", "tanh": "tanh(1)",
    "arctan": "4 * arctan(1)", "logistic": "logistic(0)", "logGamma": "exp(logGamma(5))", "normalCDF": "normalCDF(1.96)",
    "normalQuantile": "normalQuantile(0.975)", "kl": "kl(0.4, 0.5)", "klUpper": "klUpper(0.4, 0.02)",
    "betaQuantile": "betaQuantile(0.5, 2, 2)", "betaCDF": "betaCDF(0.5, 2, 2)", "clamp": "clamp(12, 0, 10)",
    "size": "size({a, b, c})",
    "sum": "sum(i in 1..10: i)", "dot": "dot([1, 2], [3, 4])", "zeros": "zeros(3)", "ones": "ones(3)", "identity": "identity(2)",
    "real": "real(true)", "int": "int(true)", "present": "present(read(\"people.csv\").lwage)",
  ]
}
