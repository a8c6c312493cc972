import AleaModel

/// An effect within the values of other variables: the answer of `estimate(effect(of:, on:, given:), from:)`.
///
///     let benefit = estimate(effect(of: Trial.drug, on: Trial.cured, given: Trial.sex), from: trial)
///     print(benefit[sex: "female"])
public struct ConditionalEffect: Sendable {
  /// One combination of values with the effect among its rows.
  public struct Stratum: Sendable {
    public let values: [Value]
    public let estimate: Estimate
  }

  public enum Form: Sendable {
    case strata([Stratum])
    /// The effect is `coefficients[0] + sum of coefficients[i] * given[i - 1]`, with the covariance of the coefficients, column by column;
    /// the estimate holds the whole equation.
    case line(Estimate, coefficients: [Double], covariance: [Double])
  }

  public let target: String
  public let given: [String]
  public let form: Form
  public let method: String
  public let rows: Int
  public var checks: [Estimate.Check] = []
  public var assumptions: [String] = []
  public var notes: [String] = []

  public init(target: String, given: [String], form: Form, method: String, rows: Int) {
    self.target = target
    self.given = given
    self.form = form
    self.method = method
    self.rows = rows
  }

  /// The strata; none where the effect is a line.
  public var strata: [Stratum] { if case .strata(let strata) = form { strata } else { [] } }

  /// The effect at given values of all of ``given``.
  ///
  /// - Throws: ``ValueError`` for unknown or missing names, and values without a stratum.
  public func estimate(at arguments: [IndexArgument]) throws -> Estimate {
    var values: [String: Value] = [:]
    for (position, argument) in arguments.enumerated() {
      let name = argument.label ?? (given.indices.contains(position) ? given[position] : "")
      guard given.contains(name) else {
        throw ValueError(
          "the effect is not given `\(name)`", notes: ["as in `[\(given.map { "\($0): ..." }.joined(separator: ", "))]`"])
      }
      values[name] = argument.value
    }
    if let missing = given.first(where: { values[$0] == nil }) {
      throw ValueError("`\(missing)` is needed too", notes: ["as in `[\(given.map { "\($0): ..." }.joined(separator: ", "))]`"])
    }
    let wanted = given.compactMap { values[$0] }
    switch form {
    case .strata(let strata):
      if let found = strata.first(where: { zip($0.values, wanted).allSatisfy(Self.same) }) { return found.estimate }
      let shown = strata.prefix(6).map { $0.values.map(\.description).joined(separator: ", ") }.joined(separator: "; ")
      throw ValueError(
        "no row has \(zip(given, wanted).map { "\($0) = \($1)" }.joined(separator: ", "))",
        notes: ["there are \(shown)\(strata.count > 6 ? "; ..." : "")"])
    case .line(let whole, let coefficients, let covariance):
      let numbers: [Double] = try wanted.map { value in
        guard let number = Self.number(value) else {
          throw ValueError("a number is needed, and this is \(value.kindDescription)")
        }
        return number
      }
      let point = [1] + numbers
      let k = point.count
      var value = 0.0
      var variance = 0.0
      for i in 0..<k {
        value += point[i] * coefficients[i]
        for j in 0..<k { variance += point[i] * point[j] * covariance[i + j * k] }
      }
      let place = zip(given, wanted).map { "\($0) = \($1)" }.joined(separator: ", ")
      return Estimate(
        target: "\(target) at \(place)", method: method, value: value,
        standardError: max(0, variance).squareRoot(), sampleSize: rows, errors: whole.errors, assumptions: assumptions,
        notes: notes)
    }
  }

  private static func number(_ value: Value) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .real(let number): number
    case .boolean(let flag): flag ? 1 : 0
    default: nil
    }
  }

  private static func same(_ a: Value, _ b: Value) -> Bool {
    if let x = number(a), let y = number(b) { return x == y }
    func text(_ value: Value) -> String? {
      switch value {
      case .string(let text): text
      case .symbol(let symbol): symbol.name
      default: nil
      }
    }
    return text(a) != nil && text(a) == text(b)
  }
}

extension ConditionalEffect: ObjectValue, JSONAnswer {
  public var typeName: String { "a conditional effect" }
  public var description: String {
    switch form {
    case .strata(let strata):
      strata.map { stratum in
        zip(given, stratum.values).map { "\($0) = \($1)" }.joined(separator: ", ") + ": \(stratum.estimate.description)"
      }.joined(separator: "\n")
    case .line(_, let coefficients, _):
      NumberText.significant(coefficients[0], digits: 6)
        + zip(given, coefficients.dropFirst()).map { " + \(NumberText.significant($1, digits: 6)) \($0)" }.joined()
    }
  }

  public var members: [(name: String, summary: String)] {
    [
      ("strata", "the effects with their values and errors, one record a stratum"), ("count", "how many strata there are"),
      ("coefficients", "of the effect as a linear function, the constant first"),
      ("equation", "the whole equation, where the effect is a line"), ("rows", "the rows it was learned from"),
      ("checks", "statistics that could have refuted one effect for all, by name"), ("pValues", "their p-values, by name"),
      ("assumptions", "what was assumed"), ("method", "how it was computed"), ("notes", "what else to know"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "strata": .array(strata.map(record))
    case "count": .integer(strata.count)
    case "coefficients":
      if case .line(_, let coefficients, _) = form { .array(coefficients.map { .real($0) }) } else { .array([]) }
    case "equation": if case .line(let whole, _, _) = form { .object(whole) } else { .nothing }
    case "rows": .integer(rows)
    case "checks": .record(checks.map { Value.Field(Self.identifier($0.name), .real($0.statistic)) })
    case "pValues":
      .record(checks.compactMap { check in check.pValue.map { Value.Field(Self.identifier(check.name), .real($0)) } })
    case "assumptions": .array(assumptions.map { .string($0) })
    case "method": .string(method)
    case "notes": .array(notes.map { .string($0) })
    default: nil
    }
  }

  private func record(_ stratum: Stratum) -> Value {
    var fields = zip(given, stratum.values).map { Value.Field($0, $1) }
    fields.append(Value.Field("value", .real(stratum.estimate.value)))
    fields.append(Value.Field("error", .real(stratum.estimate.standardError)))
    fields.append(Value.Field("rows", .integer(stratum.estimate.sampleSize)))
    return .record(fields)
  }

  private static func identifier(_ name: String) -> String {
    let words = name.split(separator: " ")
    return words.enumerated().map { $0.offset == 0 ? $0.element.lowercased() : String($0.element) }.joined()
  }

  public func subscriptValue(_ arguments: [IndexArgument]) throws -> Value { .object(try estimate(at: arguments)) }

  public var json: JSONValue {
    var fields: [JSONValue.Member] = [
      .init("kind", .string("conditional effect")), .init("target", .string(target)), .init("method", .string(method)),
      .init("given", .array(given.map { .string($0) })), .init("rows", .number(Double(rows))),
    ]
    switch form {
    case .strata(let strata):
      fields.append(
        .init(
          "strata",
          .array(
            strata.map {
              .object([.init("values", .array($0.values.map { .string($0.description) })), .init("estimate", $0.estimate.json)])
            })))
    case .line(let whole, let coefficients, _):
      fields += [.init("coefficients", .numbers(coefficients)), .init("equation", whole.json)]
    }
    fields += [
      .init("assumptions", .array(assumptions.map { .string($0) })), .init("notes", .array(notes.map { .string($0) })),
    ]
    return .object(fields)
  }
}
