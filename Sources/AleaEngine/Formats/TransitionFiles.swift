import AleaData
import AleaModel

/// PRISM's explicit files: transitions (`.tra`), and beside them states (`.sta`), labels (`.lab`), rewards of states (`.srew`) and of
/// transitions (`.trew`).
///
/// Source: PRISM manual, appendix "Explicit model files".
public struct TransitionFiles {
  /// One of the files, mapped or read.
  public struct File {
    public let name: String
    public let bytes: UnsafeRawBufferPointer
    /// - Parameter bytes: the text, which must stay as long as the file is read.
    public init(name: String, bytes: UnsafeRawBufferPointer) {
      self.name = name
      self.bytes = bytes
    }
  }

  private var model: ExplicitModel

  /// Reads the transitions: lines `state successor probability` (rates, of a ctmc) under the numbers of states and transitions, or of an
  /// mdp `state choice successor probability` under the numbers of states, choices and transitions; an action may end a line.
  ///
  /// - Parameter kind: nil for an mdp or, without choices, a dtmc.
  /// - Throws: ``DataFileError`` with line and column.
  /// - Complexity: O(transitions), and a sort where the lines are out of order.
  public init(transitions file: File, kind: ExplicitModel.Kind?, name: String) throws(DataFileError) {
    var scanner = ByteScanner(file.bytes, file: file.name)
    var rows = try TransitionRows(&scanner, kind: kind)
    model = try rows.model(scanner, name: name)
    model.start(in: [0])
  }

  /// Reads labels: a line that numbers them, `0="init" 1="goal"`, then lines `state: label label`.
  public mutating func readLabels(_ file: File) throws(DataFileError) {
    var scanner = ByteScanner(file.bytes, file: file.name)
    var names: [Int: String] = [:]
    guard scanner.nextFilledLine() else { throw scanner.fault("a line such as `0=\"init\" 1=\"deadlock\"` is expected here") }
    while !scanner.isAtLineEnd() {
      let start = scanner.position
      let number = try scanner.natural("the number of a label")
      guard scanner.take("=") else { throw scanner.fault("`=` and the name of label \(number) is expected here") }
      let name = try scanner.quoted("the name of a label")
      guard names[number] == nil, !names.values.contains(name) else {
        throw scanner.fault("the label \(number)=\"\(name)\" is given twice", at: start)
      }
      names[number] = name
    }
    scanner.nextLine()
    var members: [Int: [Int32]] = [:]
    while scanner.nextFilledLine() {
      let state = try state(&scanner)
      guard scanner.take(":") else { throw scanner.fault("`:` and the labels of state \(state) are expected here") }
      while !scanner.isAtLineEnd() {
        let start = scanner.position
        let number = try scanner.natural("the number of a label")
        guard names[number] != nil else { throw scanner.fault("there is no label of this number", at: start) }
        members[number, default: []].append(Int32(state))
      }
      scanner.nextLine()
    }
    guard ReadingLimit.allows(columns: names.count, states: model.stateCount, bytes: file.bytes.count) else {
      throw scanner.fault("\(names.count) labels of \(model.stateCount) states are more than are read")
    }
    for (number, name) in names.sorted(by: { $0.key < $1.key }) where name != "init" && name != "deadlock" {
      let flags = ExplicitModel.flags(members[number] ?? [], count: model.stateCount)
      model.labels.append(.init(name: name, flags: flags))
    }
    if let number = names.first(where: { $0.value == "init" })?.key {
      guard let initial = members[number], !initial.isEmpty else { throw scanner.fault("no state has the label \"init\"") }
      model.start(in: Array(Set(initial)).sorted())
    }
    // A file says of more states that they had no way out than the transitions do: those with the loop that PRISM writes.
    if let number = names.first(where: { $0.value == "deadlock" })?.key, let listed = members[number] {
      let flags = ExplicitModel.flags(listed + model.deadlocks, count: model.stateCount)
      model.deadlocks = ExplicitModel.states(flags)
      model.labels.removeAll { $0.name == "deadlock" }
      model.labels.append(.init(name: "deadlock", flags: flags))
    }
  }

  /// Reads the variables of states: a line `(x,y)`, then lines `state:(value,value)`.
  public mutating func readStates(_ file: File) throws(DataFileError) {
    var scanner = ByteScanner(file.bytes, file: file.name)
    guard scanner.nextFilledLine(), scanner.take("(") else {
      throw scanner.fault("the names of the variables are expected here, as in `(x,y)`")
    }
    var names: [String] = []
    repeat {
      let start = scanner.position
      let name = scanner.word(until: [UInt8(ascii: ","), UInt8(ascii: ")")])
      guard !name.isEmpty, !names.contains(name) else {
        throw scanner.fault("the name of a variable is expected here", at: start)
      }
      names.append(name)
    } while scanner.take(",")
    guard scanner.take(")") else { throw scanner.fault("`,` or `)` is expected here") }
    try scanner.endLine(after: "the names of the variables")
    let width = names.count
    // A value takes two bytes at least.
    guard 2 * Double(width) * Double(model.stateCount) <= Double(file.bytes.count) else {
      throw scanner.fault("the file is too short for \(width) variables of \(model.stateCount) states")
    }
    let values = Column<Int32>(repeating: 0, count: width * model.stateCount)
    let seen = Column<UInt8>(repeating: 0, count: model.stateCount)
    var isBoolean = [Bool?](repeating: nil, count: width)
    while scanner.nextFilledLine() {
      let start = scanner.position
      let state = try state(&scanner)
      guard seen[state] == 0 else { throw scanner.fault("state \(state) is given twice", at: start) }
      seen.pointer[state] = 1
      guard scanner.take(":"), scanner.take("(") else {
        throw scanner.fault("`:(` and the values of state \(state) are expected")
      }
      for index in 0..<width {
        if index > 0, !scanner.take(",") { throw scanner.fault("`,` and a value of `\(names[index])` is expected here") }
        scanner.skipBlanks()
        let place = scanner.position
        let truth: Int? = scanner.take("true") ? 1 : scanner.take("false") ? 0 : nil
        let value = if let truth { truth } else { try scanner.integer("a value of `\(names[index])`") }
        guard isBoolean[index] == nil || isBoolean[index] == (truth != nil) else {
          throw scanner.fault("`\(names[index])` is a number in some states and true or false in others", at: place)
        }
        isBoolean[index] = truth != nil
        values.pointer[state * width + index] = Int32(value)
      }
      guard scanner.take(")") else { throw scanner.fault("`)` is expected here: there are \(width) variables") }
      try scanner.endLine(after: "the values of a state")
    }
    if let missing = (0..<model.stateCount).first(where: { seen[$0] == 0 }) {
      throw scanner.fault("the values of state \(missing) are missing")
    }
    var variables: [(name: String, domain: Domain)] = []
    for index in 0..<width {
      var (low, high) = (Int32.max, Int32.min)
      for state in 0..<model.stateCount {
        low = min(low, values.pointer[state * width + index])
        high = max(high, values.pointer[state * width + index])
      }
      let truth = isBoolean[index] == true
      variables.append((names[index], truth ? .boolean : .range(Int(low), Int(high))))
      if !truth { for state in 0..<model.stateCount { values.pointer[state * width + index] -= low } }
    }
    model.variables = variables
    model.positions = values
  }

  /// Reads rewards: of states (`state reward` under `states n`), or of transitions (lines as those of the transitions).
  ///
  /// A comment `# Reward structure "name"` above them names them; rewards of states and transitions of one name are one structure.
  ///
  /// - Parameter ofStates: nil where the lines tell: rewards of states have two numbers.
  public mutating func readRewards(_ file: File, ofStates: Bool?, fallback: String?) throws(DataFileError) {
    var scanner = ByteScanner(file.bytes, file: file.name)
    var name = fallback
    scanner.skipBlanks()
    while scanner.hasPrefix("#") {
      let line = scanner.restOfLine()
      if line.hasPrefix("# Reward structure") {
        let parts = line.split(separator: "\"")
        if parts.count > 1 { name = String(parts[1]) }
      }
      scanner.nextLine()
    }
    guard scanner.nextFilledLine() else { throw scanner.fault("the numbers of states and rewards are expected here") }
    let start = scanner.position
    let states = try scanner.natural("the number of states")
    guard states == model.stateCount else {
      throw scanner.fault("the transitions have \(model.stateCount) states", at: start)
    }
    scanner.nextLine()
    let index = model.rewards.firstIndex { $0.name == name } ?? model.rewards.count
    if index == model.rewards.count {
      model.rewards.append(
        .init(
          name: name, state: Column(repeating: 0, count: model.stateCount), choice: Column(repeating: 0, count: model.choiceCount)
        ))
    }
    var ofStates = ofStates
    while scanner.nextFilledLine() {
      let isOfState = ofStates ?? (Self.wordsLeft(scanner) == 2)
      ofStates = isOfState
      let state = try state(&scanner)
      if isOfState {
        model.rewards[index].state.pointer[state] = try scanner.number("a reward")
        try scanner.endLine(after: "a reward")
      } else {
        try readTransitionReward(of: state, index, &scanner)
      }
    }
  }

  /// How many words are left of the line; the scanner is a copy and stays.
  private static func wordsLeft(_ scanner: ByteScanner) -> Int {
    var scanner = scanner
    var count = 0
    while !scanner.isAtLineEnd() {
      _ = scanner.word()
      count += 1
    }
    return count
  }

  private mutating func readTransitionReward(of state: Int, _ index: Int, _ scanner: inout ByteScanner) throws(DataFileError) {
    var choice = model.choices(of: state).lowerBound
    if model.kind == .mdp {
      scanner.skipBlanks()
      let start = scanner.position
      let number = try scanner.natural("the number of a choice")
      guard number < model.choices(of: state).count else {
        throw scanner.fault("state \(state) has \(model.choices(of: state).count) choices", at: start)
      }
      choice += number
    }
    scanner.skipBlanks()
    let start = scanner.position
    let next = try self.state(&scanner)
    guard let transition = model.transitions(of: choice).first(where: { Int(model.successor[$0]) == next }) else {
      throw scanner.fault("no transition leads from state \(state) to \(next)", at: start)
    }
    model.rewards[index].choice.pointer[choice] += model.probability[transition] * (try scanner.number("a reward"))
    // An action may end the line.
    if !scanner.isAtLineEnd() { _ = scanner.word() }
    try scanner.endLine(after: "a reward")
  }

  private func state(_ scanner: inout ByteScanner) throws(DataFileError) -> Int {
    scanner.skipBlanks()
    let start = scanner.position
    let state = try scanner.natural("the number of a state")
    guard state < model.stateCount else {
      throw scanner.fault("there is no such state: states are 0 to \(model.stateCount - 1)", at: start)
    }
    return state
  }

  /// What has been read.
  public func result() -> ExplicitModel { model }
}

/// The lines of a file of transitions, in columns.
private struct TransitionRows {
  let kind: ExplicitModel.Kind
  let states: Int
  let source = Column<Int32>()
  let choice = Column<Int32>()
  let successor = Column<Int32>()
  let value = Column<Double>()
  let action = Column<Int32>()
  /// Where each line starts, for messages.
  let place = Column<Int>()
  var actions = NameTable()
  var isSorted = true
  /// One more than the last state of a line.
  private var mentioned = 0

  init(_ scanner: inout ByteScanner, kind given: ExplicitModel.Kind?) throws(DataFileError) {
    guard scanner.nextFilledLine() else { throw scanner.fault("the numbers of states and transitions are expected here") }
    let head = scanner.position
    var counts: [Int] = []
    while !scanner.isAtLineEnd(), counts.count < 4 { counts.append(try scanner.natural("a number of states or transitions")) }
    scanner.nextLine()
    guard counts.count == 2 || counts.count == 3 else {
      throw scanner.fault(
        "two numbers are expected here (states, transitions), or for an mdp three (states, choices, transitions)", at: head)
    }
    let isChain = counts.count == 2
    kind = given ?? (isChain ? .dtmc : .mdp)
    guard (kind == .mdp) != isChain else {
      throw scanner.fault(
        "the head of \(kind == .mdp ? "an mdp" : "a \(kind.rawValue)") has \(isChain ? 3 : 2) numbers", at: head)
    }
    states = counts[0]
    guard states > 0 else { throw scanner.fault("a model has at least one state", at: head) }
    while scanner.nextFilledLine() { try readLine(&scanner) }
    guard states - mentioned <= ReadingLimit.unmentioned else {
      throw scanner.fault("the head says \(states) states, and the last that a line mentions is \(mentioned - 1)", at: head)
    }
    guard value.count == counts[counts.count - 1] else {
      throw scanner.fault("the file has \(value.count) transitions; its head says \(counts[counts.count - 1])", at: head)
    }
  }

  private mutating func readLine(_ scanner: inout ByteScanner) throws(DataFileError) {
    let start = scanner.position
    let from = try state(&scanner)
    var number = 0
    if kind == .mdp { number = try scanner.natural("the number of a choice") }
    let next = try state(&scanner)
    scanner.skipBlanks()
    let place = scanner.position
    let value = try scanner.number(kind == .ctmc ? "a rate" : "a probability")
    guard value >= 0, kind == .ctmc || value <= 1 + 1e-9 else {
      throw scanner.fault(kind == .ctmc ? "a rate is not negative" : "a probability lies between 0 and 1", at: place)
    }
    let name = scanner.isAtLineEnd() ? "" : scanner.word()
    try scanner.endLine(after: "a transition")
    if source.count > 0 {
      let (s, c) = (Int(source[source.count - 1]), Int(choice[choice.count - 1]))
      if from < s || (from == s && number < c) { isSorted = false }
    }
    mentioned = max(mentioned, from + 1, next + 1)
    source.append(Int32(from))
    choice.append(Int32(number))
    successor.append(Int32(next))
    self.value.append(value)
    action.append(name.isEmpty ? -1 : Int32(actions.number(of: name)))
    self.place.append(start)
  }

  private func state(_ scanner: inout ByteScanner) throws(DataFileError) -> Int {
    scanner.skipBlanks()
    let start = scanner.position
    let state = try scanner.natural("the number of a state")
    guard state < states else { throw scanner.fault("there is no such state: the head says 0 to \(states - 1)", at: start) }
    return state
  }

  mutating func model(_ scanner: ByteScanner, name: String) throws(DataFileError) -> ExplicitModel {
    var order: [Int]?
    if !isSorted {
      order = (0..<value.count).sorted {
        (source.pointer[$0], choice.pointer[$0], $0) < (source.pointer[$1], choice.pointer[$1], $1)
      }
    }
    var rows = RowBuilder(kind)
    var line = 0
    for state in 0..<states {
      var number = 0
      while line < value.count, case let first = order?[line] ?? line, source.pointer[first] == Int32(state) {
        guard choice.pointer[first] == Int32(number) else {
          throw scanner.fault("choice \(number) of state \(state) is missing: choices are numbered from 0", at: place[first])
        }
        while line < value.count, case let entry = order?[line] ?? line, source.pointer[entry] == Int32(state),
          choice.pointer[entry] == Int32(number)
        {
          guard action.pointer[entry] == action.pointer[first] || kind != .mdp else {
            throw scanner.fault("choice \(number) of state \(state) has two actions", at: place[entry])
          }
          rows.add(Int(successor.pointer[entry]), value.pointer[entry])
          line += 1
        }
        let notes =
          kind == .dtmc ? ["for rates write `read(..., kind: \"ctmc\")`"] : ["choice \(number) of state \(state)"]
        try rows.endChoice(action: kind == .mdp ? Int(action.pointer[first]) : -1) { (words: String) -> DataFileError in
          scanner.fault(kind == .mdp ? words : "\(words), in state \(state)", at: place[first], notes: notes)
        }
        number += 1
      }
      rows.endState()
    }
    return rows.model(name: name, actions: actions.names)
  }
}
