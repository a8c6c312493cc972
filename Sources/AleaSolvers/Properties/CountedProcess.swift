import AleaModel

/// A process whose states also count what has been collected since the start of the run, each count up to a cap at which it stays.
///
/// With it a bound on a collected reward is a condition on states.
public struct CountedProcess: Sendable {
  /// A whole number that each choice adds.
  public struct Counter: Sendable {
    /// What each choice of the original adds.
    public var amount: Column<Double>
    /// The count that stands for itself and all above.
    public var cap: Int

    /// - Parameters:
    ///   - amount: one number a choice, whole and not negative.
    ///   - cap: at least 0.
    public init(amount: Column<Double>, cap: Int) {
      self.amount = amount
      self.cap = cap
    }
  }

  /// The states are those reached from every state of the original with nothing collected; the channels are left out.
  public let process: SparseProcess
  /// The state in which each state of the original begins.
  public let start: [Int32]
  /// The state of the original behind each state.
  public let state: [Int32]
  /// The choice of the original behind each choice.
  public let origin: Column<Int32>
  private let counts: [[Int32]]

  /// The most states.
  private static let mostStates = 20_000_000

  /// - Throws: `UnmetRequirement` where an amount is no whole number or negative, or there would be too many states; `WorkCancelled`.
  public init(of original: SparseProcess, counters: [Counter], control: WorkControl = WorkControl()) throws {
    func unmet(_ requirement: String, _ found: String, _ remedy: String) -> UnmetRequirement {
      UnmetRequirement(method: "a bound on a reward", requirement: requirement, found: found, remedy: remedy)
    }
    for counter in counters {
      try original.requireNonnegative(counter.amount, "a bound on a reward")
      for choice in 0..<original.choiceCount where counter.amount.pointer[choice].rounded() != counter.amount.pointer[choice] {
        throw unmet(
          "rewards that are whole numbers", "a choice earns \(counter.amount.pointer[choice])",
          "multiply the rewards and the bound by a common denominator")
      }
    }
    let tooLarge = unmet(
      "a bound that is not too large", "more than \(NumberText.grouped(Self.mostStates)) states with what they have collected",
      "choose a coarser unit of reward")
    // States and counts are numbered together, the state in the lowest place.
    var places = [original.stateCount]
    for counter in counters {
      let (next, overflows) = (places.last ?? 1).multipliedReportingOverflow(by: counter.cap + 1)
      guard !overflows, next < 1 << 56 else { throw tooLarge }
      places.append(next)
    }
    var numbering = KeyNumbering()
    let keys = numbering.keys
    func find(_ key: Int) -> Int32 { numbering.number(UInt64(key)) }
    start = (0..<original.stateCount).map { find($0) }
    let choiceStart = Column<UInt32>([0])
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    let origin = Column<Int32>()
    var exact: [Rational] = []
    var next = 0
    while next < keys.count {
      if next % 256 == 0,
        !control.report(WorkProgress(phase: "exploring", detail: "\(NumberText.grouped(keys.count)) states with counts"))
      {
        throw WorkCancelled(state: "stopped with \(NumberText.grouped(keys.count)) states")
      }
      guard keys.count <= Self.mostStates, successor.count < Int(Int32.max) / 2 else { throw tooLarge }
      let key = Int(keys.pointer[next])
      for choice in original.choices(of: key % original.stateCount) {
        var base = 0
        for (index, counter) in counters.enumerated() {
          let count = key % places[index + 1] / places[index]
          let sum = min(Double(counter.cap), Double(count) + counter.amount.pointer[choice])
          base += Int(sum) * places[index]
        }
        for transition in original.transitions(of: choice) {
          successor.append(find(base + Int(original.successor.pointer[transition])))
          probability.append(original.probability.pointer[transition])
          if let form = original.exact { exact.append(form.probability[transition]) }
        }
        transitionStart.append(UInt32(successor.count))
        origin.append(Int32(choice))
      }
      choiceStart.append(UInt32(origin.count))
      next += 1
    }
    self.origin = origin
    state = (0..<keys.count).map { Int32(Int(keys.pointer[$0]) % original.stateCount) }
    counts = counters.indices.map { index in
      (0..<keys.count).map { Int32(Int(keys.pointer[$0]) % places[index + 1] / places[index]) }
    }
    var process = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability, channels: [],
      initial: original.initial, objective: original.objective)
    if let form = original.exact {
      process.exact = ExactForm(probability: exact, rewards: [], initial: form.initial, discount: .one)
    }
    self.process = process
  }

  /// The states that stand for those of a set.
  public func lifted(_ set: StateSet) -> StateSet {
    StateSet(state.indices.filter { set.contains(Int(state[$0])) }, count: state.count)
  }

  /// What each choice earns.
  public func lifted(_ reward: Column<Double>) -> Column<Double> {
    let result = Column<Double>(repeating: 0, count: origin.count)
    for choice in 0..<origin.count { result.pointer[choice] = reward.pointer[Int(origin.pointer[choice])] }
    return result
  }

  /// The states in which a counter stands between two numbers.
  public func states(counter: Int, from first: Int, to last: Int) -> StateSet {
    StateSet(state.indices.filter { (first...max(first, last)).contains(Int(counts[counter][$0])) }, count: state.count)
  }
}
