import AleaData
import AleaModel

/// Compressed rows as they grow, state by state and choice by choice.
struct RowBuilder {
  let kind: ExplicitModel.Kind
  let choiceStart = Column<UInt32>([0])
  let transitionStart = Column<UInt32>([0])
  let successor = Column<Int32>()
  let probability = Column<Double>()
  let action = Column<Int32>()
  let exitRate = Column<Double>()
  private(set) var deadlocks: [Int32] = []
  private(set) var scaled = 0
  private var row: [(state: Int32, value: Double)] = []

  init(_ kind: ExplicitModel.Kind) { self.kind = kind }

  /// Probabilities are rounded in many a file: they are divided by their sum when it is nearly one, as near as PRISM asks for.
  static let roundedSum = 1e-5
  static let exactSum = 1e-9

  var stateCount: Int { choiceStart.count - 1 }

  mutating func add(_ state: Int, _ value: Double) { row.append((Int32(state), value)) }

  /// Ends a choice: sorts its successors, adds up those that stand twice, and checks what they sum to.
  ///
  /// - Parameters:
  ///   - rate: the rate at which a state of a ctmc is left, where the file says so; its values may then be rates or probabilities.
  ///   - fault: makes the error for words about the sum.
  mutating func endChoice(action number: Int, rate: Double? = nil, fault: (String) -> DataFileError) throws(DataFileError) {
    guard !row.isEmpty else { throw fault("this choice leads nowhere") }
    var isSorted = true
    for index in 1..<max(1, row.count) where row[index - 1].state >= row[index].state { isSorted = false }
    if !isSorted { row.sort { $0.state < $1.state } }
    var sum = 0.0
    for entry in row { sum += entry.value }
    var scale = 1.0
    if kind == .ctmc {
      guard sum > 0 else { throw fault("the rates of this state sum to \(Self.text(sum))") }
      if let rate, abs(sum - rate) > Self.exactSum * max(sum, rate), abs(sum - 1) > Self.exactSum {
        throw fault("the rates of this state sum to \(Self.text(sum)), and its exit rate is \(Self.text(rate))")
      }
      exitRate.append(rate ?? sum)
      scale = sum
    } else if abs(sum - 1) > Self.exactSum {
      guard abs(sum - 1) <= Self.roundedSum else {
        throw fault("the probabilities of this choice sum to \(Self.text(sum)), not to 1")
      }
      scaled += 1
      scale = sum
    }
    var last: Int32 = -1
    for entry in row where entry.value > 0 {
      let value = scale == 1 ? entry.value : entry.value / scale
      if entry.state == last {
        probability.pointer[probability.count - 1] += value
      } else {
        successor.append(entry.state)
        probability.append(value)
        last = entry.state
      }
    }
    row.removeAll(keepingCapacity: true)
    guard successor.count < Int(UInt32.max) else { throw fault("there are more than 2^32 transitions") }
    transitionStart.append(UInt32(successor.count))
    action.append(Int32(number))
  }

  /// Adds a transition of rows that are known to be right.
  mutating func copy(_ state: Int32, _ value: Double) { row.append((state, value)) }

  mutating func endCopy(action number: Int) {
    row.sort { $0.state < $1.state }
    for entry in row {
      successor.append(entry.state)
      probability.append(entry.value)
    }
    row.removeAll(keepingCapacity: true)
    transitionStart.append(UInt32(successor.count))
    action.append(Int32(number))
  }

  static func text(_ number: Double) -> String { NumberText.significant(number, digits: 10) }

  /// Ends a state; one without a choice gets a loop and counts as a deadlock.
  mutating func endState() {
    if Int(choiceStart[choiceStart.count - 1]) == action.count {
      let state = Int32(stateCount)
      deadlocks.append(state)
      successor.append(state)
      probability.append(1)
      transitionStart.append(UInt32(successor.count))
      action.append(-1)
      if kind == .ctmc { exitRate.append(1) }
    }
    choiceStart.append(UInt32(action.count))
  }

  static func scaledWarning(_ count: Int) -> String {
    "the probabilities of \(count == 1 ? "one choice do" : "\(count) choices do") not sum to 1; they are divided by their sum"
  }

  /// The model, with the label of its deadlocks.
  func model(name: String, actions: [String]) -> ExplicitModel {
    var model = ExplicitModel(
      name: name, kind: kind, choiceStart: choiceStart, transitionStart: transitionStart, successor: successor,
      probability: probability, choiceAction: action)
    model.actionNames = actions
    model.deadlocks = deadlocks
    if kind == .ctmc { model.exitRate = exitRate }
    if scaled > 0 { model.warnings.append(Self.scaledWarning(scaled)) }
    return model
  }
}

/// How much a file may ask for beside what stands in it.
enum ReadingLimit {
  /// States that no line mentions.
  static let unmentioned = 1 << 20

  /// Whether sets or rewards of every state are few enough for the size of a file that lists them only where they are not zero.
  static func allows(columns: Int, states: Int, bytes: Int) -> Bool {
    columns <= 1024 || Double(columns) * Double(states) <= 64 * Double(bytes)
  }
}

/// Names numbered as they come.
struct NameTable {
  private(set) var names: [String] = []
  private var numbers: [String: Int] = [:]

  mutating func number(of name: String) -> Int {
    if let known = numbers[name] { return known }
    numbers[name] = names.count
    names.append(name)
    return names.count - 1
  }
}

extension ExplicitModel {
  /// Makes the sets `init` and `deadlock` and the starting law agree with each other.
  ///
  /// - Parameter initial: the states the file starts in; several are equally likely.
  public mutating func start(in initial: [Int32]) {
    // A file may call more states deadlocks than have no choice: those with the loop that its writer gave them.
    if let stated = label("deadlock") {
      deadlocks = Array(Set(deadlocks).union(Self.states(stated.flags))).sorted()
    }
    labels.removeAll { $0.name == "init" || $0.name == "deadlock" }
    labels.append(Label(name: "init", flags: Self.flags(initial, count: stateCount)))
    labels.append(Label(name: "deadlock", flags: Self.flags(deadlocks, count: stateCount)))
    self.initial = initial.map { ($0, 1 / Double(initial.count)) }
  }
}
