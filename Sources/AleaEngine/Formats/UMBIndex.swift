import AleaData
import AleaModel

/// The type of the values of an array.
struct UMBType {
  var name: String
  /// In bits.
  var size: Int

  var isInterval: Bool { name.hasSuffix("-interval") }
  /// Whether the values are read: finite numbers, not bounds for them.
  var isReal: Bool { name == "double" || name == "rational" }

  private static let usualSizes = [
    "bool": 1, "int": 64, "uint": 64, "int-interval": 128, "uint-interval": 128, "double": 64, "double-interval": 128,
    "rational": 128, "rational-interval": 256, "string": 64,
  ]

  init(_ value: JSONValue?, _ what: String, file: String) throws(DataFileError) {
    guard case .string(let name)? = value?["type"], let usual = Self.usualSizes[name] else {
      throw DataFileError(file: file, "the type of \(what) is none of the format's, as in `{\"type\": \"double\"}`")
    }
    self.name = name
    size = usual
    if let given = value?["size"] {
      guard case .integer(let bits) = given, bits > 0, bits < 1 << 20 else {
        throw DataFileError(file: file, "the size of \(what) is a number of bits")
      }
      size = bits
    }
  }

  /// A type of numbers that a file holds one after another.
  func checked(_ what: String, file: String) throws(DataFileError) -> UMBType {
    guard name != "double" || size == 64, name != "rational" || size % 128 == 0 else {
      throw DataFileError(file: file, "the size of \(what), \(size) bits, does not fit the type \(name)")
    }
    return self
  }
}

/// What `index.json` says.
struct UMBIndex {
  /// An array beside the rows: a label or a reward structure.
  struct Annotation {
    var group: String
    var identifier: String
    /// The name in property files.
    var name: String
    var appliesTo: [String]
    var type: UMBType
    var isStochastic: Bool
  }

  let players: Int
  let states: Int
  let choices: Int
  let branches: Int
  let choiceActions: Int
  let branchActions: Int
  /// Nil for a system without probabilities.
  let probabilityType: UMBType?
  /// Of a ctmc only.
  let rateType: UMBType?
  let annotations: [Annotation]
  /// What `valuations` says of each kind of entity.
  let valuations: [JSONValue.Member]
  private let file: String

  init(_ document: JSONValue, file: String) throws(DataFileError) {
    self.file = file
    guard let version = document["format-version"], version == .integer(1) else {
      throw DataFileError(
        file: file,
        document["format-version"].map { "the file is of version \($0.text) of the format; version 1 is read" }
          ?? "`index.json` has no `format-version`")
    }
    guard let system = document["transition-system"] else {
      throw DataFileError(file: file, "`index.json` has no `transition-system`")
    }
    func count(_ name: String, below limit: Int, or fallback: Int? = nil) throws(DataFileError) -> Int {
      guard let value = system[name] else {
        if let fallback { return fallback }
        throw DataFileError(file: file, "`transition-system` has no `\(name)`")
      }
      guard case .integer(let number) = value, number >= 0 else {
        throw DataFileError(file: file, "`\(name)` is \(value.text), not a whole number")
      }
      guard number < limit else { throw DataFileError(file: file, "`\(name)` is \(number), and less than \(limit) are read") }
      return number
    }
    try Self.requireServed(system, file: file)
    players = try count("#players", below: 2)
    states = try count("#states", below: Int(Int32.max))
    choices = try count("#choices", below: Int(UInt32.max) - states)
    branches = try count("#branches", below: Int(UInt32.max) - states)
    choiceActions = try count("#choice-actions", below: Int(Int32.max), or: 0)
    branchActions = try count("#branch-actions", below: Int(Int32.max), or: 0)
    guard states > 0 else { throw DataFileError(file: file, "a model has at least one state") }
    let isContinuous = system["time"] == .string("stochastic")
    guard !isContinuous || players == 0 else {
      throw DataFileError(file: file, "models with choices in continuous time (ctmdp) are not served")
    }
    func type(_ name: String, _ what: String) throws(DataFileError) -> UMBType? {
      guard let value = system[name] else { return nil }
      let type = try UMBType(value, what, file: file).checked(what, file: file)
      guard !type.isInterval else {
        throw DataFileError(
          file: file, "\(what) are intervals, and models of bounds for probabilities are not served",
          notes: ["dtmc, ctmc and mdp with numbers are read"])
      }
      guard type.isReal else { throw DataFileError(file: file, "\(what) are of type \(type.name), not numbers") }
      return type
    }
    probabilityType = try type("branch-probability-type", "probabilities")
    guard probabilityType != nil || players == 1 else {
      throw DataFileError(file: file, "`transition-system` has no `branch-probability-type`")
    }
    rateType = isContinuous ? try type("exit-rate-type", "exit rates") : nil
    guard !isContinuous || rateType != nil else {
      throw DataFileError(file: file, "`transition-system` has no `exit-rate-type`")
    }
    annotations = try Self.annotations(document["annotations"], file: file)
    if case .object(let members)? = document["valuations"] { valuations = members } else { valuations = [] }
  }

  /// Kinds of models that are not served, by name.
  private static func requireServed(_ system: JSONValue, file: String) throws(DataFileError) {
    let notes = ["dtmc, ctmc and mdp are read"]
    switch system["time"] {
    case .string("discrete")?, .string("stochastic")?: break
    case .string("urgent-stochastic")?: throw DataFileError(file: file, "Markov automata are not served", notes: notes)
    default:
      throw DataFileError(
        file: file, "`time` is \(system["time"]?.text ?? "missing")", notes: ["it is \"discrete\" or \"stochastic\""])
    }
    if case .integer(let players)? = system["#players"], players > 1 {
      throw DataFileError(file: file, "games of several players are not served", notes: notes)
    }
    if let observations = system["#observations"], observations != .integer(0) {
      throw DataFileError(file: file, "partially observed models are not served", notes: notes)
    }
  }

  private static func annotations(_ groups: JSONValue?, file: String) throws(DataFileError) -> [Annotation] {
    guard case .object(let groups)? = groups else { return [] }
    var result: [Annotation] = []
    for group in groups {
      guard case .object(let members) = group.value else { continue }
      for member in members {
        let what = "the annotation `\(member.name)`"
        var name = member.name
        if case .string(let alias)? = member.value["alias"] { name = alias }
        guard case .array(let places)? = member.value["applies-to"] else {
          throw DataFileError(
            file: file, "\(what) does not say what it applies to", notes: ["as in `\"applies-to\": [\"states\"]`"])
        }
        let appliesTo = places.map { (place: JSONValue) -> String in if case .string(let text) = place { text } else { "" } }
        result.append(
          Annotation(
            group: group.name, identifier: member.name, name: name, appliesTo: appliesTo,
            type: try UMBType(member.value["type"], what, file: file), isStochastic: member.value["probability-type"] != nil))
      }
    }
    return result
  }
}
