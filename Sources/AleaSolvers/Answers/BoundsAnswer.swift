import AleaModel

/// The answer to `bounds(effect(...), from: data)`: between what numbers an effect lies, whatever is hidden.
public struct BoundsAnswer: ObjectValue, JSONAnswer {
  public let target: String
  public let lower: Double
  public let upper: Double
  /// The instruments that narrow the bounds.
  public let instruments: [String]
  /// How much wider than the sharp bounds these may be.
  public let gap: Double
  /// The ranges of the mean outcome of each value of the cause, the one compared first; empty where only their difference is bounded.
  public var means: [[Double]] = []
  /// The sampling errors of the two bounds; empty for a law.
  public var errors: [Double] = []
  /// The rows they were computed from; nil for a law.
  public let rows: Int?
  public let assumptions: [String]
  public let notes: [String]

  public init(
    target: String, lower: Double, upper: Double, instruments: [String], gap: Double, rows: Int?, assumptions: [String],
    notes: [String]
  ) {
    self.target = target
    self.lower = lower
    self.upper = upper
    self.instruments = instruments
    self.gap = gap
    self.rows = rows
    self.assumptions = assumptions
    self.notes = notes
  }

  /// The bounds, each moved outwards by 1.96 of its standard error: it covers the whole range with a probability near 0.95 where one
  /// dual point is best.
  public var interval: (Double, Double)? {
    errors.count == 2 ? (lower - 1.959963984540054 * errors[0], upper + 1.959963984540054 * errors[1]) : nil
  }

  public var typeName: String { "bounds on an effect" }
  public var description: String {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: 6) }
    var lines = ["\(target): from \(number(lower)) to \(number(upper))"]
    if let interval {
      lines.append(
        "  with sampling error: from \(NumberText.significant(interval.0, digits: 3)) to \(NumberText.significant(interval.1, digits: 3)) (95%, \(rows ?? 0) rows)"
      )
    }
    if means.isEmpty {
      lines.append(
        instruments.isEmpty
          ? "  without an instrument" : "  instrument\(instruments.count == 1 ? "" : "s"): \(instruments.joined(separator: ", "))"
      )
    }
    lines += assumptions.map { "  assumed: \($0)" } + notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }
  public var members: [(name: String, summary: String)] {
    [
      ("lower", "no model that fits has a smaller effect"), ("upper", "no model that fits has a greater effect"),
      ("treated", "the range of the mean outcome under the second value, where it is known"),
      ("untreated", "the range of the mean outcome under the first value, where it is known"),
      ("gap", "how much wider than the sharp bounds they may be"), ("instruments", "what narrows them"),
      ("errors", "the sampling errors of the two bounds, empty for a law"),
      ("interval", "the bounds moved outwards by 1.96 of their errors, empty for a law"), ("assumptions", "what was assumed"),
      ("notes", "what else to know"),
    ]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "lower": .real(lower)
    case "upper": .real(upper)
    case "treated": .array((means.first ?? []).map { .real($0) })
    case "untreated": .array((means.last ?? []).map { .real($0) })
    case "gap": .real(gap)
    case "instruments": .array(instruments.map { .string($0) })
    case "errors": .array(errors.map { .real($0) })
    case "interval": .array(interval.map { [.real($0.0), .real($0.1)] } ?? [])
    case "assumptions": .array(assumptions.map { .string($0) })
    case "notes": .array(notes.map { .string($0) })
    default: nil
    }
  }
  public var json: JSONValue {
    .object([
      .init("kind", .string("bounds")), .init("target", .string(target)), .init("lower", .number(lower)),
      .init("upper", .number(upper)), .init("gap", .number(gap)), .init("errors", .numbers(errors)),
      .init("instruments", .array(instruments.map { .string($0) })),
      .init("assumptions", .array(assumptions.map { .string($0) })), .init("notes", .array(notes.map { .string($0) })),
    ])
  }
}
