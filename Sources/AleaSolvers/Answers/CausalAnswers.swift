import AleaModel

/// An answer that is true or false, with its reason: `expect` takes it as a condition.
public protocol ClaimAnswer: ObjectValue {
  var holds: Bool { get }
}

private func strings(_ names: [String]) -> Value { .array(names.map { .string($0) }) }
private func jsonStrings(_ names: [String]) -> JSONValue { .array(names.map { .string($0) }) }
private func braces(_ names: [String]) -> String { "{" + names.joined(separator: ", ") + "}" }

/// The answer to `independent(a, b, given: ...)`.
public struct IndependenceAnswer: ClaimAnswer, JSONAnswer {
  public let separation: Separation
  public init(_ separation: Separation) { self.separation = separation }

  public var holds: Bool { separation.isIndependent }
  public var typeName: String { "an answer about independence" }
  public var description: String { separation.description }
  public var members: [(name: String, summary: String)] {
    [("holds", "whether the graph implies the independence"), ("path", "an open path, empty when there is none")]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "holds": .boolean(holds)
    case "path": .string(separation.openPath?.drawing ?? "")
    default: nil
    }
  }
  public var json: JSONValue {
    .object([
      .init("kind", .string("independence")), .init("first", jsonStrings(separation.first)),
      .init("second", jsonStrings(separation.second)), .init("given", jsonStrings(separation.given)),
      .init("holds", .boolean(holds)),
      .init("path", separation.openPath.map { .string($0.drawing) } ?? .null),
    ])
  }
}

/// The answer to `identify(effect(...))`.
public struct IdentificationAnswer: ClaimAnswer, JSONAnswer {
  public let identification: Identification
  public init(_ identification: Identification) { self.identification = identification }

  public var holds: Bool { identification.isIdentified }
  public var typeName: String { "an identification" }
  public var description: String { identification.description }
  public var members: [(name: String, summary: String)] {
    [
      ("holds", "whether the effect is identified"), ("estimand", "its formula as text, empty when there is none"),
      ("latex", "its formula as LaTeX"), ("steps", "the derivation, or how the hedge was found"),
      ("reason", "why the effect is not identified, empty when it is"),
    ]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "holds": .boolean(holds)
    case "estimand": .string(identification.estimand?.description ?? "")
    case "latex": .string(identification.estimand?.latex ?? "")
    case "steps": strings(identification.steps.map(\.text))
    case "reason": .string(identification.hedge?.description ?? "")
    default: nil
    }
  }
  public var json: JSONValue {
    .object([
      .init("kind", .string("identification")), .init("query", .string(identification.query.description)),
      .init("identified", .boolean(holds)), .init("estimand", identification.estimand.map { .string($0.description) } ?? .null),
      .init("reason", identification.hedge.map { .string($0.description) } ?? .null),
      .init("steps", jsonStrings(identification.steps.map(\.text))),
    ])
  }
}

/// The answer to `adjustmentSets(effect(...))`.
public struct AdjustmentAnswer: ClaimAnswer, JSONAnswer {
  public let sets: AdjustmentSets
  public init(_ sets: AdjustmentSets) { self.sets = sets }

  /// Whether any set may be adjusted for.
  public var holds: Bool { !sets.minimal.isEmpty }
  public var typeName: String { "a list of adjustment sets" }
  public var description: String {
    let question = "the effect of \(sets.causes.joined(separator: ", ")) on \(sets.effects.joined(separator: ", "))"
    guard holds else {
      return "no adjustment set for \(question)" + (sets.obstruction.map { "\n\($0)" } ?? "")
    }
    var lines = ["adjustment sets for \(question)"] + sets.minimal.map { "  " + braces($0) }
    if !sets.isComplete { lines.append("  and more") }
    if let optimal = sets.optimal { lines.append("least variance: \(braces(optimal))") }
    if !sets.forbidden.isEmpty { lines.append("never adjust for \(sets.forbidden.joined(separator: ", "))") }
    return lines.joined(separator: "\n")
  }
  public var members: [(name: String, summary: String)] {
    [
      ("holds", "whether any set suffices"), ("minimal", "all sets of which no part suffices"), ("count", "how many there are"),
      ("minimum", "a smallest set"), ("optimal", "the set of least variance"), ("forbidden", "what must not be adjusted for"),
      ("path", "a path that stays open when no set suffices"),
    ]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "holds": .boolean(holds)
    case "minimal": .array(sets.minimal.map(strings))
    case "count": .integer(sets.minimal.count)
    case "minimum": sets.minimum.map(strings) ?? .nothing
    case "optimal": sets.optimal.map(strings) ?? .nothing
    case "forbidden": strings(sets.forbidden)
    case "path": .string(sets.obstruction?.drawing ?? "")
    default: nil
    }
  }
  public var json: JSONValue {
    .object([
      .init("kind", .string("adjustment sets")), .init("minimal", .array(sets.minimal.map(jsonStrings))),
      .init("complete", .boolean(sets.isComplete)), .init("optimal", sets.optimal.map(jsonStrings) ?? .null),
      .init("forbidden", jsonStrings(sets.forbidden)), .init("path", sets.obstruction.map { .string($0.drawing) } ?? .null),
    ])
  }
}

/// The answer to `instruments(effect(...))`.
public struct InstrumentsAnswer: ClaimAnswer, JSONAnswer {
  public let target: String
  public let instruments: [Instrument]
  public init(target: String, instruments: [Instrument]) {
    self.target = target
    self.instruments = instruments
  }

  public var holds: Bool { !instruments.isEmpty }
  public var typeName: String { "a list of instruments" }
  public var description: String {
    if !holds { return "no instrument for \(target)" }
    let lines = instruments.map { instrument in
      let conditions = instrument.given.filter { !$0.isEmpty }
      let given = conditions.count < instrument.given.count ? "" : " given " + conditions.map(braces).joined(separator: " or ")
      return "  \(instrument.name)\(given), through \(instrument.relevance.drawing)"
    }
    return (["instruments for \(target)"] + lines).joined(separator: "\n")
  }
  public var members: [(name: String, summary: String)] {
    [("holds", "whether there is any"), ("names", "the instruments"), ("given", "the smallest condition of each")]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "holds": .boolean(holds)
    case "names": strings(instruments.map(\.name))
    case "given": .array(instruments.map { strings($0.given.first ?? []) })
    default: nil
    }
  }
  public var json: JSONValue {
    .object([
      .init("kind", .string("instruments")),
      .init(
        "instruments",
        .array(
          instruments.map {
            .object([.init("name", .string($0.name)), .init("given", .array($0.given.map(jsonStrings)))])
          })),
    ])
  }
}

/// The answer to `implications(M)`.
public struct ImplicationsAnswer: ObjectValue, JSONAnswer {
  public let implications: [Implication]
  public init(_ implications: [Implication]) { self.implications = implications }

  public var typeName: String { "a list of implications" }
  public var description: String {
    implications.isEmpty
      ? "the graph implies no independence that data could refute"
      : implications.map(\.description).joined(separator: "\n")
  }
  public var members: [(name: String, summary: String)] {
    [("count", "how many there are"), ("statements", "each in words")]
  }
  public func member(_ name: String) throws -> Value? {
    switch name {
    case "count": .integer(implications.count)
    case "statements": strings(implications.map(\.description))
    default: nil
    }
  }
  public var json: JSONValue {
    .object([
      .init("kind", .string("implications")),
      .init(
        "implications",
        .array(
          implications.map {
            .object([
              .init("first", .string($0.first)), .init("second", .string($0.second)), .init("given", jsonStrings($0.given)),
            ])
          })),
    ])
  }
}
