import AleaModel

/// A number learned from data, with its error and everything its reader needs to doubt it: the answer of every estimator.
public struct Estimate: Sendable {
  /// One coefficient of the equation that was fitted.
  public struct Coefficient: Hashable, Codable, Sendable {
    public var name: String
    public var value: Double
    public var standardError: Double
    public init(name: String, value: Double, standardError: Double) {
      self.name = name
      self.value = value
      self.standardError = standardError
    }
  }

  /// A statistic that could have refuted an assumption, or says how strong the data are.
  public struct Check: Hashable, Codable, Sendable {
    /// As the field calls it: "first-stage F", "Hansen J".
    public var name: String
    public var statistic: Double
    /// Degrees of freedom, one or two; empty where there are none.
    public var degrees: [Double]
    public var pValue: Double?
    /// What a small p-value (or a small statistic) speaks against.
    public var meaning: String
    public init(name: String, statistic: Double, degrees: [Double] = [], pValue: Double? = nil, meaning: String = "") {
      self.name = name
      self.statistic = statistic
      self.degrees = degrees
      self.pValue = pValue
      self.meaning = meaning
    }
  }

  /// The values of the parameter that a test at the level does not reject.
  public enum ConfidenceSet: Hashable, Codable, Sendable {
    case interval(Double, Double)
    /// Everything up to the first number and from the second on.
    case rays(Double, Double)
    case line
    case empty
  }

  /// What was estimated: "the effect of educ on lwage".
  public var target: String
  /// The method with its settings, as a program writes it.
  public var method: String
  public var value: Double
  /// NaN where the method gives none.
  public var standardError: Double
  public var interval: ConfidenceSet
  public var confidence: Double
  public var sampleSize: Int
  /// What the standard errors allow for: "homoskedastic", "robust (HC1)", "clustered by county (40 clusters)".
  public var errors: String
  public var coefficients: [Coefficient]
  public var checks: [Check]
  /// Sets at ``confidence`` that stay valid where the usual interval does not: "Anderson-Rubin".
  public var sets: [(name: String, set: ConfidenceSet)]
  /// What was assumed, in words of the model: "nearc4 moves lwage only through educ".
  public var assumptions: [String]
  public var notes: [String]

  public init(
    target: String, method: String, value: Double, standardError: Double, interval: ConfidenceSet? = nil,
    confidence: Double = 0.95,
    sampleSize: Int, errors: String = "", coefficients: [Coefficient] = [], checks: [Check] = [],
    sets: [(name: String, set: ConfidenceSet)] = [], assumptions: [String] = [], notes: [String] = []
  ) {
    self.target = target
    self.method = method
    self.value = value
    self.standardError = standardError
    let margin = UnaryFunction.normalQuantile(0.5 + confidence / 2) * standardError
    self.interval = interval ?? (margin.isFinite ? .interval(value - margin, value + margin) : .line)
    self.confidence = confidence
    self.sampleSize = sampleSize
    self.errors = errors
    self.coefficients = coefficients
    self.checks = checks
    self.sets = sets
    self.assumptions = assumptions
    self.notes = notes
  }
}

extension Estimate.ConfidenceSet {
  public var json: JSONValue {
    switch self {
    case .interval(let low, let high): .object([.init("kind", .string("interval")), .init("ends", .numbers([low, high]))])
    case .rays(let low, let high): .object([.init("kind", .string("rays")), .init("ends", .numbers([low, high]))])
    case .line: .object([.init("kind", .string("line"))])
    case .empty: .object([.init("kind", .string("empty"))])
    }
  }

  /// The set as a value of the language: `[low, high]`, or its words.
  public var value: Value {
    switch self {
    case .interval(let low, let high): .array([.real(low), .real(high)])
    case .rays, .line, .empty: .string(text(digits: 6))
    }
  }

  public func text(digits: Int) -> String {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: digits) }
    return switch self {
    case .interval(let low, let high): "\(number(low)) to \(number(high))"
    case .rays(let low, let high): "up to \(number(low)), and from \(number(high)) on"
    case .line: "every number"
    case .empty: "no number"
    }
  }
}

extension Estimate: ObjectValue, JSONAnswer {
  public var typeName: String { "an estimate" }
  public var description: String {
    "\(NumberText.significant(value, digits: 6))"
      + (standardError.isNaN ? "" : " (standard error \(NumberText.significant(standardError, digits: 2)))")
  }

  public var members: [(name: String, summary: String)] {
    [
      ("value", "the estimate"), ("error", "its standard error"), ("interval", "[low, high] at the confidence level"),
      ("confidence", "the level of the interval"), ("rows", "the rows it was learned from"),
      ("coefficients", "every coefficient of the fitted equation, by name"), ("errors", "their standard errors, by name"),
      ("checks", "statistics that could have refuted an assumption, by name"), ("pValues", "their p-values, by name"),
      ("sets", "confidence sets that stay valid where the interval does not, by name"),
      ("assumptions", "what was assumed"), ("method", "how it was computed"), ("notes", "what else to know"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    func names(_ text: String) -> String {
      // Names after a dot are identifiers: "first-stage F" is firstStageF.
      let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }
      return words.enumerated().map {
        $0.offset == 0 ? lowered($0.element) : $0.element.prefix(1).uppercased() + $0.element.dropFirst()
      }
      .joined()
    }
    func lowered(_ word: Substring) -> String {
      word.allSatisfy { $0.isUppercase || $0.isNumber } && word.count > 1
        ? String(word) : word.prefix(1).lowercased() + word.dropFirst()
    }
    return switch name {
    case "value": .real(value)
    case "error": .real(standardError)
    case "interval": interval.value
    case "confidence": .real(confidence)
    case "rows": .integer(sampleSize)
    case "coefficients": .record(coefficients.map { Value.Field($0.name, .real($0.value)) })
    case "errors": .record(coefficients.map { Value.Field($0.name, .real($0.standardError)) })
    case "checks": .record(checks.map { Value.Field(names($0.name), .real($0.statistic)) })
    case "pValues": .record(checks.compactMap { check in check.pValue.map { Value.Field(names(check.name), .real($0)) } })
    case "sets": .record(sets.map { Value.Field(names($0.name), $0.set.value) })
    case "assumptions": .array(assumptions.map { .string($0) })
    case "method": .string(method)
    case "notes": .array(notes.map { .string($0) })
    default: nil
    }
  }

  public var json: JSONValue {
    .object([
      .init("kind", .string("estimate")), .init("target", .string(target)), .init("method", .string(method)),
      .init("value", .number(value)), .init("standardError", .number(standardError)), .init("interval", interval.json),
      .init("confidence", .number(confidence)), .init("rows", .integer(sampleSize)), .init("errors", .string(errors)),
      .init(
        "coefficients",
        .array(
          coefficients.map {
            .object([
              .init("name", .string($0.name)), .init("value", .number($0.value)),
              .init("standardError", .number($0.standardError)),
            ])
          })),
      .init(
        "checks",
        .array(
          checks.map {
            .object([
              .init("name", .string($0.name)), .init("statistic", .number($0.statistic)), .init("degrees", .numbers($0.degrees)),
              .init("pValue", $0.pValue.map { .number($0) } ?? .null), .init("meaning", .string($0.meaning)),
            ])
          })),
      .init("sets", .object(sets.map { .init($0.name, $0.set.json) })),
      .init("assumptions", .array(assumptions.map { .string($0) })), .init("notes", .array(notes.map { .string($0) })),
    ])
  }
}
