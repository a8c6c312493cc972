import AleaData
import AleaModel

/// Storm's DRN files: dtmc, ctmc and mdp with numbers (or quotients of numbers) for probabilities.
///
/// Source: "The DRN format", documentation of Storm (stormchecker.org). Of a ctmc the values after a state may be rates or, where the
/// exit rate stands beside the state, probabilities.
public enum DRNReader {
  /// Reads a model in one pass over the bytes.
  ///
  /// - Throws: ``DataFileError`` with line and column.
  public static func read(_ bytes: UnsafeRawBufferPointer, file: String, name: String) throws(DataFileError) -> ExplicitModel {
    var reader = Reader(scanner: ByteScanner(bytes, file: file), size: bytes.count)
    return try reader.model(name: name)
  }

  private struct Header {
    var kind: ExplicitModel.Kind?
    var rewards: [String] = []
    var states: Int?
    var choices: Int?
  }

  private struct Reader {
    var scanner: ByteScanner
    let size: Int
    var header = Header()
    var actions = NameTable()
    var labels = NameTable()
    var labelled: [[Int32]] = []
    var stateRewards: [Column<Double>] = []
    var choiceRewards: [Column<Double>] = []
    /// Whether a state of a chain has written its only choice.
    var position = 0

    mutating func model(name: String) throws(DataFileError) -> ExplicitModel {
      try readHeader()
      guard let kind = header.kind else {
        throw scanner.fault("the kind of model is missing", notes: ["as in `@type: MDP` on the first line"])
      }
      guard let states = header.states else {
        throw scanner.fault("the number of states is missing", notes: ["a line `@nr_states`, and the number on the next"])
      }
      guard ReadingLimit.allows(columns: header.rewards.count, states: states, bytes: size) else {
        throw scanner.fault("\(header.rewards.count) reward models of \(states) states are more than are read")
      }
      stateRewards = header.rewards.map { _ in Column() }
      choiceRewards = header.rewards.map { _ in Column() }
      var rows = RowBuilder(kind)
      while scanner.nextFilledLine(comment: "//") { try readState(into: &rows, count: states) }
      guard rows.stateCount == states else {
        throw scanner.fault("the file ends after \(rows.stateCount) states; its head says \(states)")
      }
      if let choices = header.choices, choices != rows.action.count - rows.deadlocks.count, choices != rows.action.count {
        throw scanner.fault("the file has \(rows.action.count) choices; its head says \(choices)")
      }
      guard states > 0 else { throw scanner.fault("a model has at least one state") }
      guard ReadingLimit.allows(columns: labelled.count, states: states, bytes: size) else {
        throw scanner.fault("\(labelled.count) labels of \(states) states are more than are read")
      }
      var model = rows.model(name: name, actions: actions.names)
      for (label, members) in zip(labels.names, labelled) {
        model.labels.append(.init(name: label, flags: ExplicitModel.flags(members, count: states)))
      }
      for index in header.rewards.indices {
        model.rewards.append(
          .init(
            name: header.rewards[index].isEmpty ? nil : header.rewards[index], state: stateRewards[index],
            choice: choiceRewards[index]))
      }
      let initial = model.label("init").map { ExplicitModel.states($0.flags) } ?? []
      guard !initial.isEmpty else {
        throw scanner.fault("no state has the label `init`: the model has no start", notes: ["as in `state 0 init`"])
      }
      model.start(in: initial)
      return model
    }

    // MARK: Head

    mutating func readHeader() throws(DataFileError) {
      while scanner.nextFilledLine(comment: "//") {
        if scanner.take("@type:") {
          try readKind()
        } else if scanner.take("@value_type:") {
          let start = scanner.position
          let word = scanner.word()
          if word == "parametric" {
            throw scanner.fault("parametric models are not served", at: start, notes: ["instantiate the parameters first"])
          }
          scanner.nextLine()
        } else if scanner.take("@parameters") {
          scanner.nextLine()
          if !scanner.isAtLineEnd() {
            throw scanner.fault("a model with parameters is not served", notes: ["instantiate the parameters first"])
          }
          scanner.nextLine()
        } else if scanner.take("@reward_models") {
          scanner.nextLine()
          while !scanner.isAtLineEnd() { header.rewards.append(scanner.word()) }
          scanner.nextLine()
        } else if scanner.take("@nr_states") {
          header.states = try count("the number of states")
        } else if scanner.take("@nr_choices") {
          header.choices = try count("the number of choices")
        } else if scanner.take("@model") {
          scanner.nextLine()
          return
        } else if scanner.hasPrefix("@placeholders") {
          throw scanner.fault("placeholders for values are not served")
        } else {
          throw scanner.fault("a line of the head is expected here: `@type:`, `@nr_states`, `@model`, ...")
        }
      }
      throw scanner.fault("the file ends before `@model`")
    }

    mutating func count(_ what: String) throws(DataFileError) -> Int {
      scanner.nextLine()
      let value = try scanner.natural(what)
      try scanner.endLine(after: what)
      return value
    }

    mutating func readKind() throws(DataFileError) {
      scanner.skipBlanks()
      let start = scanner.position
      let word = scanner.word()
      guard let kind = ExplicitModel.Kind(rawValue: word.lowercased()) else {
        let known = ["POMDP": "partially observed models", "MA": "Markov automata", "SMG": "games of several players"]
        throw scanner.fault(
          known[word.uppercased()].map { "\($0) are not served" } ?? "this is not a kind of model", at: start,
          notes: ["the kinds are DTMC, CTMC and MDP"])
      }
      header.kind = kind
      try scanner.endLine(after: "the kind of model")
    }

    // MARK: States

    mutating func readState(into rows: inout RowBuilder, count: Int) throws(DataFileError) {
      guard scanner.take("state ") else { throw scanner.fault("a line `state \(rows.stateCount) ...` is expected here") }
      scanner.skipBlanks()
      let start = scanner.position
      let state = try scanner.natural("the number of a state")
      guard state == rows.stateCount else {
        throw scanner.fault("state \(rows.stateCount) is expected here: states come in order", at: start)
      }
      guard state < count else { throw scanner.fault("the head says that there are \(count) states", at: start) }
      var rate: Double?
      if scanner.take("!") {
        scanner.skipBlanks()
        let place = scanner.position
        rate = try scanner.number("an exit rate")
        guard header.kind == .ctmc else { throw scanner.fault("an exit rate belongs to a ctmc", at: place) }
        guard let rate, rate >= 0 else { throw scanner.fault("an exit rate is not negative", at: place) }
      }
      try readRewards(into: stateRewards)
      try readLabels(of: state)
      try readChoices(of: state, rate: rate, into: &rows, count: count)
    }

    mutating func readRewards(into columns: [Column<Double>]) throws(DataFileError) {
      guard scanner.take("[") else {
        for column in columns { column.append(0) }
        return
      }
      for index in columns.indices {
        if index > 0, !scanner.take(",") { throw scanner.fault("`,` and one more of \(columns.count) rewards is expected here") }
        columns[index].append(try scanner.number("a reward"))
      }
      guard scanner.take("]") else {
        throw scanner.fault("`]` is expected here: the head names \(columns.count) reward models")
      }
    }

    mutating func readLabels(of state: Int) throws(DataFileError) {
      while !scanner.isAtLineEnd(), !scanner.hasPrefix("//") {
        let name = scanner.peek == 34 ? try scanner.quoted("a label") : scanner.word()
        let number = labels.number(of: name)
        if number == labelled.count { labelled.append([]) }
        labelled[number].append(Int32(state))
      }
      scanner.nextLine()
    }

    mutating func readChoices(of state: Int, rate: Double?, into rows: inout RowBuilder, count: Int) throws(DataFileError) {
      var choices = 0
      while scanner.nextFilledLine(comment: "//"), !scanner.hasPrefix("state ") {
        let start = scanner.position
        guard scanner.take("action ") else { throw scanner.fault("`action` or the next `state` is expected here") }
        let name = scanner.word(until: [UInt8(ascii: "[")])
        guard !name.isEmpty else { throw scanner.fault("the name of an action is expected here") }
        choices += 1
        guard choices == 1 || header.kind == .mdp else {
          throw scanner.fault("state \(state) has a second choice, and only an mdp has choices", at: start)
        }
        try readRewards(into: choiceRewards)
        try scanner.endLine(after: "an action")
        let isUnnamed = name == "__NOLABEL__" || header.kind != .mdp || Int(name) == choices - 1
        try readTransitions(into: &rows, count: count)
        let scanner = scanner
        try rows.endChoice(action: isUnnamed ? -1 : actions.number(of: name), rate: rate) { (words: String) -> DataFileError in
          scanner.fault(words, at: start, notes: ["in state \(state)"])
        }
      }
      if choices == 0 { for column in choiceRewards { column.append(0) } }
      rows.endState()
    }

    mutating func readTransitions(into rows: inout RowBuilder, count: Int) throws(DataFileError) {
      while scanner.nextFilledLine(comment: "//"), let byte = scanner.peek, byte >= 48, byte < 58 {
        let start = scanner.position
        let next = try scanner.natural("the number of a state")
        guard next < count else { throw scanner.fault("there is no such state: states are 0 to \(count - 1)", at: start) }
        guard scanner.take(":") else { throw scanner.fault("`:` and a probability is expected here") }
        scanner.skipBlanks()
        let place = scanner.position
        let value = try scanner.number(rows.kind == .ctmc ? "a rate" : "a probability")
        guard value >= 0, rows.kind == .ctmc || value <= 1 + 1e-9 else {
          throw scanner.fault(rows.kind == .ctmc ? "a rate is not negative" : "a probability lies between 0 and 1", at: place)
        }
        rows.add(next, value)
        try scanner.endLine(after: "a transition")
      }
    }
  }
}
