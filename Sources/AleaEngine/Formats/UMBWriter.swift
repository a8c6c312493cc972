import AleaData
import AleaModel

/// Models of states and transitions as an archive in UMB, version 1, without compression.
public struct UMBWriter {
  public let model: ExplicitModel
  /// What the format cannot say, for the reader of the file.
  public private(set) var notes: [String] = []
  /// The files after the index.
  private var files: [(name: String, bytes: [UInt8])] = []

  /// - Parameter model: what is written.
  public init(_ model: ExplicitModel) { self.model = model }

  /// The archive: the index first, as the format asks for.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public mutating func bytes(control: WorkControl = WorkControl()) throws(WorkCancelled) -> [UInt8] {
    notes += ExplicitWriter.objectiveNotes(model)
    try control.check("writing", "the transitions")
    addRows()
    let actions = addActions()
    let annotations = try addAnnotations(control)
    let variables = try addVariables(control)
    let index = index(actions: actions, annotations: annotations, variables: variables)
    var archive = TarArchive()
    for (name, bytes) in [("index.json", Array((index.text + "\n").utf8))] + files {
      try control.check("writing", name)
      bytes.withUnsafeBytes { archive.add(name, $0) }
    }
    files = []
    return archive.finish()
  }

  private mutating func add<Element: BitwiseCopyable>(_ name: String, _ values: [Element]) {
    files.append((name, values.withUnsafeBytes { Array($0) }))
  }

  /// A bit for each state.
  private mutating func add(_ name: String, bits flags: Column<UInt8>) {
    var words = [UInt64](repeating: 0, count: (flags.count + 63) / 64)
    for index in 0..<flags.count where flags.pointer[index] != 0 { words[index >> 6] |= 1 << UInt64(index & 63) }
    add(name, words.map(\.littleEndian))
  }

  private static func words(_ starts: Column<UInt32>) -> [UInt64] {
    (0..<starts.count).map { UInt64(starts.pointer[$0]).littleEndian }
  }

  private static func reals(_ values: Column<Double>) -> [UInt64] {
    (0..<values.count).map { values.pointer[$0].bitPattern.littleEndian }
  }

  // MARK: Rows

  private mutating func addRows() {
    if model.kind == .mdp { add("state-to-choices.bin", Self.words(model.choiceStart)) }
    add("choice-to-branches.bin", Self.words(model.transitionStart))
    add("branch-to-target.bin", (0..<model.transitionCount).map { UInt64(model.successor.pointer[$0]).littleEndian })
    add("branch-to-probability.bin", Self.reals(model.probability))
    add("state-is-initial.bin", bits: ExplicitModel.flags(model.initial.map(\.state), count: model.stateCount))
    if let rate = model.exitRate { add("state-to-exit-rate.bin", Self.reals(rate)) }
    if Set(model.initial.map(\.probability)).count > 1 {
      notes.append("the probabilities of the initial states are not part of the format")
    }
  }

  /// The number of actions; choices without an action have one of no name.
  private mutating func addActions() -> Int {
    guard model.kind == .mdp, !model.actionNames.isEmpty else { return 0 }
    var names = model.actionNames
    let codes = (0..<model.choiceCount).map { model.choiceAction.pointer[$0] }
    let unnamed = names.firstIndex(of: "") ?? names.count
    if unnamed == names.count, codes.contains(-1) { names.append("") }
    add("actions/choices/values.bin", codes.map { UInt32($0 < 0 ? unnamed : Int($0)).littleEndian })
    add(strings: names, in: "actions/choices/")
    return names.count
  }

  private mutating func add(strings: [String], in folder: String) {
    var starts: [UInt64] = [0]
    var bytes: [UInt8] = []
    for string in strings {
      bytes += string.utf8
      starts.append(UInt64(bytes.count).littleEndian)
    }
    add(folder + "string-mapping.bin", starts)
    add(folder + "strings.bin", bytes)
  }

  // MARK: Labels and rewards

  /// A name of small letters, digits, `_` and `-` that no other has.
  private static func identifier(_ name: String, _ taken: inout Set<String>) -> String {
    let plain = String(
      name.unicodeScalars.map { scalar -> Character in
        switch scalar {
        case "a"..."z", "0"..."9", "_", "-": Character(scalar)
        case "A"..."Z": Character(scalar.properties.lowercaseMapping)
        default: "_"
        }
      }.prefix(40))
    var result = plain.isEmpty ? "_" : plain
    var number = 2
    while !taken.insert(result).inserted {
      result = "\(plain)-\(number)"
      number += 1
    }
    return result
  }

  private static func type(_ name: String, _ size: Int) -> JSONValue {
    .object([.init("type", .string(name)), .init("size", .integer(size))])
  }

  private static func annotation(_ name: String, _ places: [String], _ type: JSONValue) -> JSONValue {
    .object([
      .init("alias", .string(name)), .init("applies-to", .array(places.map { .string($0) })), .init("type", type),
    ])
  }

  private mutating func addAnnotations(_ control: WorkControl) throws(WorkCancelled) -> [JSONValue.Member] {
    var groups: [JSONValue.Member] = []
    var taken: Set<String> = []
    var propositions: [JSONValue.Member] = []
    for label in model.labels where label.name != "init" {
      try control.check("writing", "the label \"\(label.name)\"")
      let identifier = Self.identifier(label.name, &taken)
      add("annotations/aps/\(identifier)/states/values.bin", bits: label.flags)
      propositions.append(.init(identifier, Self.annotation(label.name, ["states"], Self.type("bool", 1))))
    }
    if !propositions.isEmpty { groups.append(.init("aps", .object(propositions))) }
    taken = []
    var rewards: [JSONValue.Member] = []
    for (number, reward) in model.rewards.enumerated() {
      let name = reward.name ?? "reward\(number + 1)"
      try control.check("writing", "the rewards \"\(name)\"")
      let identifier = Self.identifier(name, &taken)
      var places: [String] = []
      for (place, values) in [("choices", reward.choice), ("states", reward.state)] {
        guard places.isEmpty && place == "states" || (0..<values.count).contains(where: { values.pointer[$0] != 0 }) else {
          continue
        }
        places.append(place)
        add("annotations/rewards/\(identifier)/\(place)/values.bin", Self.reals(values))
      }
      rewards.append(
        .init(identifier, Self.annotation(name, places, Self.type("double", 64))))
    }
    if !rewards.isEmpty { groups.append(.init("rewards", .object(rewards))) }
    return groups
  }

  // MARK: Variables

  private struct Field {
    var name: String
    var type: String
    var size: Int
    /// Where its bits start.
    var place: Int
  }

  /// The bits that an unsigned number up to `most` needs.
  private static func size(_ most: Int) -> Int { max(1, Int.bitWidth - most.leadingZeroBitCount) }

  private func fields() -> [Field] {
    var place = 0
    return model.variables.map { variable in
      var field = Field(name: variable.name, type: "uint", size: 1, place: place)
      switch variable.domain {
      case .boolean: field.type = "bool"
      case .range(let low, let high) where low >= 0: field.size = Self.size(high)
      case .range(let low, let high):
        field.type = "int"
        field.size = Self.size(max(high, -1 - low)) + 1
      default:
        field.type = "double"
        field.size = 64
      }
      place += field.size
      return field
    }
  }

  /// What the index says of the variables of states.
  private mutating func addVariables(_ control: WorkControl) throws(WorkCancelled) -> JSONValue? {
    let fields = fields()
    guard let last = fields.last else { return nil }
    let bits = last.place + last.size
    let stride = (bits + 7) / 8
    var table = [UInt8](repeating: 0, count: stride * model.stateCount)
    var seen: Set<[UInt8]> = []
    var isUnique = true
    // A number of the state tells states apart; others are compared.
    let isNumbered = model.variables.count == 1 && model.variables[0].domain == .range(0, model.stateCount - 1)
    let positions = model.positions.pointer
    for state in 0..<model.stateCount {
      if state & 0xFFFF == 0 { try control.check("writing", "the variables of state \(NumberText.grouped(state))") }
      for (index, field) in fields.enumerated() {
        let value = model.variables[index].domain.value(at: Int(positions[state * fields.count + index]))
        let word = field.type == "double" ? value.bitPattern : UInt64(bitPattern: Int64(value))
        Self.put(word, field, into: &table, at: state * stride)
      }
      if isUnique, !isNumbered { isUnique = seen.insert(Array(table[(state * stride)..<((state + 1) * stride)])).inserted }
    }
    add("valuations/states/valuations.bin", table)
    var entries: [JSONValue] = fields.map {
      .object([.init("name", .string($0.name)), .init("type", Self.type($0.type, $0.size))])
    }
    if bits % 8 != 0 { entries.append(.object([.init("padding", .integer(8 * stride - bits))])) }
    return .object([
      .init("unique", .boolean(isUnique)),
      .init("classes", .array([.object([.init("variables", .array(entries))])])),
    ])
  }

  private static func put(_ word: UInt64, _ field: Field, into table: inout [UInt8], at start: Int) {
    for bit in 0..<field.size where word >> UInt64(bit) & 1 == 1 {
      let place = field.place + bit
      table[start + (place >> 3)] |= 1 << UInt8(place & 7)
    }
  }

  // MARK: The index

  private func index(actions: Int, annotations: [JSONValue.Member], variables: JSONValue?) -> JSONValue {
    let system: [JSONValue.Member] =
      [
        .init("time", .string(model.kind == .ctmc ? "stochastic" : "discrete")),
        .init("#players", .integer(model.kind == .mdp ? 1 : 0)),
        .init("#states", .integer(model.stateCount)),
        .init("#initial-states", .integer(model.initial.count)),
        .init("#choices", .integer(model.choiceCount)),
        .init("#choice-actions", .integer(actions)),
        .init("#branches", .integer(model.transitionCount)),
        .init("#branch-actions", .integer(0)),
        .init("#observations", .integer(0)),
        .init("branch-probability-type", Self.type("double", 64)),
      ] + (model.kind == .ctmc ? [.init("exit-rate-type", Self.type("double", 64))] : [])
    var members: [JSONValue.Member] = [
      .init("format-version", .integer(1)), .init("format-revision", .integer(0)),
      .init("model-data", .object([.init("name", .string(model.name))])),
      .init("file-data", .object([.init("tool", .string("Alea"))])),
      .init("transition-system", .object(system)),
    ]
    if !annotations.isEmpty { members.append(.init("annotations", .object(annotations))) }
    if let variables { members.append(.init("valuations", .object([.init("states", variables)]))) }
    return .object(members)
  }
}
