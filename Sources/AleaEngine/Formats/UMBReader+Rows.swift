import AleaData
import AleaModel

/// The rows of an archive.
struct UMBRows {
  private let parts: UMBParts
  private var index: UMBIndex { parts.index }

  init(_ parts: UMBParts) { self.parts = parts }

  func model(name: String) throws(DataFileError) -> ExplicitModel {
    // In this order no number of the index is believed before a file has borne it out.
    guard let target = try parts.bytes("branch-to-target.bin", count: index.branches, size: 8, of: "branches") else {
      throw parts.fault("the archive has no file `branch-to-target.bin`")
    }
    let branches = try parts.branchStarts()
    let choices = try parts.choiceStarts()
    let probability = try parts.probabilities()
    let rate = try rates()
    var rows = PackedRows(index)
    for state in 0..<index.states {
      let (first, last) = (Int(choices.pointer[state]), Int(choices.pointer[state + 1]))
      guard index.players == 1 || last - first <= 1 else {
        throw parts.fault("state \(state) has \(last - first) choices, and a model without players has one a state at most")
      }
      if first == last || rate?[state] == 0 {
        rows.addLoop(state)
      } else {
        for choice in first..<last {
          try row(Int(branches.pointer[choice])..<Int(branches.pointer[choice + 1]), target, probability, choice, state, &rows)
        }
      }
      rows.endState()
    }
    var model = rows.model(kind: rate != nil ? .ctmc : index.players == 0 ? .dtmc : .mdp, name: name)
    if let rate {
      for state in model.deadlocks { rate.pointer[Int(state)] = 1 }
      model.exitRate = rate
    }
    try addActions(to: &model, choices)
    return model
  }

  /// The rate at which each state is left; 0 where it never is.
  private func rates() throws(DataFileError) -> Column<Double>? {
    guard let type = index.rateType else { return nil }
    guard let rate = try parts.reals("state-to-exit-rate.bin", type, count: index.states, of: "states") else {
      throw parts.fault("the archive has no file `state-to-exit-rate.bin`")
    }
    for state in 0..<index.states where !(rate.pointer[state] >= 0) {
      throw parts.fault("the exit rate of state \(state) is \(RowBuilder.text(rate.pointer[state]))")
    }
    return rate
  }

  private func row(
    _ range: Range<Int>, _ target: UnsafeRawBufferPointer, _ probability: Column<Double>?, _ choice: Int, _ state: Int,
    _ rows: inout PackedRows
  ) throws(DataFileError) {
    guard !range.isEmpty else { throw parts.fault("choice \(choice), of state \(state), leads nowhere") }
    guard probability != nil || range.count == 1 else {
      throw parts.fault(
        "choice \(choice) has \(range.count) branches, and branches have no probabilities",
        notes: ["systems without probabilities are read where each choice has one branch"])
    }
    let count = UInt64(index.states)
    let shares = probability?.pointer
    for branch in range {
      let next = target.loadUnaligned(fromByteOffset: 8 &* branch, as: UInt64.self).littleEndian
      guard next < count else {
        throw parts.fault("branch \(branch) leads to state \(next): states are 0 to \(index.states - 1)")
      }
      let share = shares?[branch] ?? 1
      guard share >= 0, share <= 1 + 1e-9 else {
        throw parts.fault("the probability of branch \(branch) is \(RowBuilder.text(share))")
      }
      rows.add(Int32(truncatingIfNeeded: next), share)
    }
    if let sum = rows.endChoice() {
      throw parts.fault("the probabilities of choice \(choice), of state \(state), sum to \(RowBuilder.text(sum)), not to 1")
    }
  }

  private func addActions(to model: inout ExplicitModel, _ choices: Column<UInt32>) throws(DataFileError) {
    guard model.kind == .mdp, index.choiceActions > 0 else { return }
    let numbers = try parts.bytes("actions/choices/values.bin", count: index.choices, size: 4, of: "choices")
    guard index.choiceActions <= max(1 << 16, index.choices) else {
      throw parts.fault("there are \(index.choiceActions) actions, and \(index.choices) choices")
    }
    let names =
      try parts.strings("actions/choices/", count: index.choiceActions, of: "actions")
      ?? (0..<index.choiceActions).map(String.init)
    // A choice without an action is written as one of no name.
    let codes = names.enumerated().map { $1.isEmpty ? -1 : Int32($0) }
    for state in 0..<model.stateCount {
      let given = Int(choices.pointer[state])..<Int(choices.pointer[state + 1])
      for (choice, old) in zip(model.choices(of: state), given) {
        let number = numbers.map { Int($0.loadUnaligned(fromByteOffset: 4 * old, as: UInt32.self).littleEndian) } ?? 0
        guard number < codes.count else {
          throw parts.fault("choice \(old) has action \(number): actions are 0 to \(codes.count - 1)")
        }
        model.choiceAction.pointer[choice] = codes[number]
      }
    }
    model.actionNames = names
  }
}

/// Rows whose greatest number is known, filled one after another.
private struct PackedRows {
  private let choiceStart: Column<UInt32>
  private let transitionStart: Column<UInt32>
  private let successor: Column<Int32>
  private let probability: Column<Double>
  private let choiceEnds: UnsafeMutablePointer<UInt32>
  private let transitionEnds: UnsafeMutablePointer<UInt32>
  private let next: UnsafeMutablePointer<Int32>
  private let share: UnsafeMutablePointer<Double>
  private var states = 0
  private var choices = 0
  private var transitions = 0
  private var deadlocks: [Int32] = []
  private var scaled = 0

  // The choice that is being filled.
  private var end = 0
  private var sum = 0.0
  private var last: Int32 = -1
  private var isPlain = true

  init(_ index: UMBIndex) {
    choiceStart = Column(capacity: index.states + 1)
    // Each state may turn out to need a loop.
    transitionStart = Column(capacity: index.choices + index.states + 1)
    successor = Column(capacity: index.branches + index.states)
    probability = Column(capacity: index.branches + index.states)
    choiceEnds = choiceStart.reserve(index.states + 1)
    transitionEnds = transitionStart.reserve(index.choices + index.states + 1)
    next = successor.reserve(index.branches + index.states)
    share = probability.reserve(index.branches + index.states)
    choiceEnds[0] = 0
    transitionEnds[0] = 0
  }

  mutating func add(_ state: Int32, _ value: Double) {
    next[end] = state
    share[end] = value
    if state <= last || value == 0 { isPlain = false }
    last = state
    sum += value
    end &+= 1
  }

  /// Ends a choice; its successors are sorted and those that stand twice added up.
  ///
  /// - Returns: the sum of the probabilities where it is not 1.
  mutating func endChoice() -> Double? {
    if abs(sum - 1) > RowBuilder.exactSum {
      guard abs(sum - 1) <= RowBuilder.roundedSum else { return sum }
      scaled += 1
      for place in transitions..<end { share[place] /= sum }
    }
    if !isPlain { settle() }
    transitions = end
    choices &+= 1
    transitionEnds[choices] = UInt32(truncatingIfNeeded: end)
    (sum, last, isPlain) = (0, -1, true)
    return nil
  }

  private mutating func settle() {
    let row = (transitions..<end).filter { share[$0] > 0 }.map { (next[$0], share[$0]) }.sorted { $0.0 < $1.0 }
    end = transitions
    for (state, value) in row {
      if end > transitions, next[end - 1] == state {
        share[end - 1] += value
      } else {
        next[end] = state
        share[end] = value
        end += 1
      }
    }
  }

  /// The only choice of a state that is never left.
  mutating func addLoop(_ state: Int) {
    deadlocks.append(Int32(state))
    add(Int32(state), 1)
    _ = endChoice()
  }

  mutating func endState() {
    states &+= 1
    choiceEnds[states] = UInt32(truncatingIfNeeded: choices)
  }

  func model(kind: ExplicitModel.Kind, name: String) -> ExplicitModel {
    choiceStart.commit(states + 1)
    transitionStart.commit(choices + 1)
    successor.commit(transitions)
    probability.commit(transitions)
    transitionStart.shrink()
    successor.shrink()
    probability.shrink()
    var model = ExplicitModel(
      name: name, kind: kind, choiceStart: choiceStart, transitionStart: transitionStart, successor: successor,
      probability: probability, choiceAction: Column(repeating: -1, count: choices))
    model.deadlocks = deadlocks
    if scaled > 0 { model.warnings.append(RowBuilder.scaledWarning(scaled)) }
    return model
  }
}
