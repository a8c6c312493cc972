import AleaData
import AleaModel

/// A decision process whose state is not seen, in tables: what a POMDP file says.
public struct PartiallyObservedModel: Sendable {
  public var name: String
  public var discount: Double
  /// Whether the amounts are costs, of which the least is wanted.
  public var isCost: Bool
  public var states: [String]
  /// Whether the file gives its states names; otherwise they are numbers.
  public var namesStates: Bool
  public var actions: [String]
  /// What may be seen after a step; nil for a file whose states are seen.
  public var observations: [String]?
  /// The starting belief.
  public var start: [(state: Int32, probability: Double)]
  /// Where action `a` leads from state `s`, in row `a * states + s`.
  var transitions: ProbabilityRows
  /// What is seen after action `a` led to state `s`, in row `a * states + s`.
  var sights: ProbabilityRows
  var amounts: AmountPatterns
  /// What the user should know: probabilities that were divided by their sum, say.
  public internal(set) var warnings: [String] = []

  /// What an answer about the process with its state seen rests on.
  public static let assumption =
    "the state is seen, which the file does not grant: values are upper bounds on those of the partially observed model"

  /// The process as it would be if the state were seen: a choice for each action in each state, its rewards averaged over where it leads
  /// and what is seen then.
  ///
  /// Whoever sees the state can do all that is possible without seeing it, so its values are at least those of the partially observed
  /// process at every belief.
  /// - Throws: ``DataFileError`` where the table of transitions is too large.
  public func observed() throws(DataFileError) -> ExplicitModel {
    let count = states.count
    var rows = RowBuilder(.mdp)
    let reward = Column<Double>(capacity: count * actions.count)
    var means = AmountMeans(amounts, actions: actions.count, states: count)
    for state in 0..<count {
      for action in 0..<actions.count {
        let law = transitions.law(action * count + state, start: start, diagonal: state)
        guard rows.successor.count + law.count <= Self.mostTransitions else {
          throw DataFileError(file: name, "the states have more than \(Self.mostTransitions) transitions in all")
        }
        for (next, probability) in law { rows.copy(next, probability) }
        rows.endCopy(action: action)
        let mean = means.mean(action: action, state: state, law: law) { next in
          observations == nil ? [(0, 1)] : sights.law(action * count + Int(next), start: start, diagonal: Int(next))
        }
        reward.append(isCost ? -mean : mean)
      }
      rows.endState()
    }
    var model = rows.model(name: name, actions: Self.words(actions))
    model.rewards = [.init(name: "reward", state: Column(repeating: 0, count: count), choice: reward)]
    model.objective = Objective(criterion: .discounted(discount))
    model.start(in: start.map(\.state))
    model.initial = start
    model.variables = [("state", namesStates ? .symbols(Array(0..<count)) : .range(0, count - 1))]
    if namesStates { model.symbols = Self.words(states) }
    model.warnings = warnings
    if observations != nil { model.assumptions = [Self.assumption] }
    return model
  }

  private static let mostTransitions = 1 << 26

  /// Names as expressions can mention them: `tiger-left` becomes `tiger_left`.
  private static func words(_ names: [String]) -> [String] {
    var taken = Set<String>()
    return names.map { name in
      var word = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
      while !taken.insert(word).inserted { word += "_" }
      return word
    }
  }
}

/// Rows of probabilities as a file gives them piece by piece: later pieces replace earlier ones.
struct ProbabilityRows: Sendable {
  private enum Row: Sendable {
    case missing, uniform, diagonal, reset
    /// In the order of the file.
    case entries([(column: Int32, value: Double)])

    var isListed: Bool { if case .entries = self { true } else { false } }
  }

  /// More entries than this are refused by whoever fills the rows.
  static let most = 1 << 25

  let width: Int
  private var rows: [Row]
  /// Where in the file each row was last written.
  private(set) var places: [Int]
  /// How many entries are stored, shared ones once.
  private(set) var stored = 0

  init(count: Int, width: Int) {
    self.width = width
    rows = [Row](repeating: .missing, count: count)
    places = [Int](repeating: 0, count: count)
  }

  /// What stands for a whole row.
  enum Form { case uniform, diagonal, reset, numbers([Double]) }

  mutating func set(_ form: Form, in chosen: some Sequence<Int>, at place: Int) {
    let row: Row
    switch form {
    case .uniform: row = .uniform
    case .diagonal: row = .diagonal
    case .reset: row = .reset
    case .numbers(let numbers):
      stored += numbers.count
      row = .entries(numbers.enumerated().map { (Int32($0), $1) })
    }
    for index in chosen {
      rows[index] = row
      places[index] = place
    }
  }

  mutating func set(
    _ value: Double, column: Int, in chosen: some Sequence<Int>, diagonal: (Int) -> Int, start: [Double], at place: Int
  ) {
    for index in chosen where stored <= Self.most {
      var entries: [(column: Int32, value: Double)]
      switch rows[index] {
      case .missing: entries = []
      case .uniform: entries = (0..<width).map { (Int32($0), 1 / Double(width)) }
      case .diagonal: entries = [(Int32(diagonal(index)), 1)]
      case .reset: entries = start.enumerated().map { (Int32($0), $1) }
      case .entries(let known): entries = known
      }
      stored += rows[index].isListed ? 1 : entries.count + 1
      rows[index] = .missing
      entries.append((Int32(column), value))
      rows[index] = .entries(entries)
      places[index] = place
    }
  }

  func isMissing(_ row: Int) -> Bool { if case .missing = rows[row] { true } else { false } }

  /// What a row sums to.
  func sum(_ row: Int) -> Double {
    switch rows[row] {
    case .missing: 0
    case .uniform, .diagonal, .reset: 1
    case .entries(let entries): Self.latest(entries).reduce(0) { $0 + $1.probability }
    }
  }

  /// The columns of a row with their probabilities, divided by their sum.
  func law(_ row: Int, start: [(state: Int32, probability: Double)], diagonal: Int) -> [(state: Int32, probability: Double)] {
    switch rows[row] {
    case .missing: return []
    case .uniform: return (0..<width).map { (Int32($0), 1 / Double(width)) }
    case .diagonal: return [(Int32(diagonal), 1)]
    case .reset: return start
    case .entries(let entries):
      let law = Self.latest(entries)
      let sum = law.reduce(0) { $0 + $1.probability }
      return abs(sum - 1) <= RowBuilder.exactSum ? law : law.map { ($0.state, $0.probability / sum) }
    }
  }

  /// The last value of each column, without zeros, in increasing order.
  private static func latest(_ entries: [(column: Int32, value: Double)]) -> [(state: Int32, probability: Double)] {
    let order = entries.indices.sorted { (entries[$0].column, $0) < (entries[$1].column, $1) }
    var result: [(state: Int32, probability: Double)] = []
    for (position, index) in order.enumerated() {
      let isLast = position + 1 == order.count || entries[order[position + 1]].column != entries[index].column
      if isLast, entries[index].value > 0 { result.append((entries[index].column, entries[index].value)) }
    }
    return result
  }
}
