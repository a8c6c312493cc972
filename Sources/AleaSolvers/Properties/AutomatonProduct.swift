import AleaModel

/// A process whose states also remember what the run so far has done for some formulas of linear temporal logic.
public struct AutomatonProduct: Sendable {
  /// The states are those reachable from every state of the original; the channels are left out.
  public let process: SparseProcess
  /// The state in which each state of the original begins.
  public let start: [Int32]
  /// The choice of the original behind each choice, -1 for a guess of an automaton and for what is settled.
  public let origin: Column<Int32>
  /// How many states the automata have together.
  public let automatonSize: Int
  /// For each formula the states in which, once they are seen, it is known to be true whatever follows.
  public let settledTrue: [StateSet]
  private let outlook: [Outlook]
  /// The number of formulas.
  private let width: Int

  /// What a state says of one formula.
  private struct Outlook {
    /// The promises kept when the state is left.
    var kept: UInt32
    /// The promises that must be kept again and again; nil where the formula is not fulfilled by staying.
    var required: UInt32?
  }

  /// What to do about runs.
  public struct Options: Sendable {
    /// Whether states in which every formula is settled are drawn together, because nothing else matters.
    public var drawsSettledTogether = true
    /// Whether automata may guess: needed unless every formula is true as soon as a finite part of a run shows it.
    public var guesses = true
    /// Whether `X a` is known to be true a step later only, whatever `a` is.
    public var countsSteps = false
    public init(drawsSettledTogether: Bool = true, guesses: Bool = true, countsSteps: Bool = false) {
      self.drawsSettledTogether = drawsSettledTogether
      self.guesses = guesses
      self.countsSteps = countsSteps
    }
  }

  /// The most states of a product.
  private static let mostStates = 30_000_000

  /// - Parameters:
  ///   - propositions: what the formulas speak of, by number; at most 64.
  /// - Throws: `UnmetRequirement` when a formula or the product is too large; `WorkCancelled` when `control` ends the work.
  public init(
    of original: SparseProcess, formulas: [PathFormula], propositions: [StateSet], options: Options = Options(),
    control: WorkControl = WorkControl()
  ) throws {
    func tooLarge(_ found: String) -> UnmetRequirement {
      UnmetRequirement(
        method: "a formula over paths", requirement: "an automaton of a size that can be worked with", found: found,
        remedy: "ask for its parts one by one, or bound fewer steps")
    }
    guard propositions.count <= 64 else { throw tooLarge("\(propositions.count) different conditions on states") }
    do {
      var automata: [RunAutomaton] = []
      for formula in formulas {
        var logic = TemporalLogic(countsSteps: options.countsSteps)
        automata.append(RunAutomaton(try logic.formula(formula), in: logic))
      }
      var builder = Builder(original, automata, propositions, options)
      try builder.run(control, most: Self.mostStates)
      guard builder.isComplete else { throw tooLarge("more than \(NumberText.grouped(Self.mostStates)) states") }
      width = formulas.count
      start = builder.start
      origin = builder.origin
      automatonSize = builder.automata.reduce(0) { $0 + $1.states.count }
      process = builder.process(of: original)
      let tuples = builder.places.map { builder.tuples[Int($0.tuple)] }
      settledTrue = builder.won
      var outlook: [Outlook] = []
      outlook.reserveCapacity(tuples.count * formulas.count)
      for (state, tuple) in tuples.enumerated() {
        for index in formulas.indices {
          outlook.append(
            Outlook(
              kept: builder.kept[state * formulas.count + index],
              required: builder.automata[index].required(in: Int(tuple[index]))))
        }
      }
      self.outlook = outlook
    } catch is TemporalLogic.TooLarge {
      throw tooLarge("one that outgrows it")
    }
  }

  /// Whether a run that stays for ever in an end component, and visits all of it again and again, fulfils each formula.
  func isFulfilled(in component: Int, of ends: MaximalEndComponents) -> [Bool] {
    let states = ends.states(of: component)
    return (0..<width).map { index in
      guard let first = states.first, let required = outlook[Int(first) * width + index].required else { return false }
      let kept = states.reduce(UInt32(0)) { $0 | outlook[Int($1) * width + index].kept }
      return kept & required == required
    }
  }

  /// The greatest probability of a formula from every state of the original, with proved bounds.
  ///
  /// The policy that attains it remembers the automaton's state and is left out.
  public func probability(of formula: Int = 0, tolerance: Double, control: WorkControl) throws -> SparseSolution {
    let ends = MaximalEndComponents(of: process, predecessors: ChoicePredecessors(of: process))
    let goal = StateSet(count: process.stateCount)
    for component in 0..<ends.count where isFulfilled(in: component, of: ends)[formula] {
      for state in ends.states(of: component) { goal.flags.pointer[Int(state)] = 1 }
    }
    return original(try process.anyReachability(of: goal, maximize: true, tolerance: tolerance, control: control))
  }

  /// The greatest or least expected reward until a formula is known to be true, from every state of the original.
  public func reward(
    _ reward: Column<Double>, until formula: Int = 0, maximize: Bool, tolerance: Double, control: WorkControl,
    exactReward: [Rational]? = nil
  ) throws -> SparseSolution {
    let exact = exactReward.map { rewards in
      (0..<process.choiceCount).map { origin[$0] >= 0 ? rewards[Int(origin[$0])] : .zero }
    }
    return original(
      try process.rewardUntil(
        settledTrue[formula], reward: carried(reward), maximize: maximize, tolerance: tolerance, control: control,
        exactReward: exact))
  }

  /// What each choice earns; guesses earn nothing.
  ///
  /// - Parameter clock: a formula with whose truth earning ends.
  func carried(_ reward: Column<Double>, until clock: Int? = nil) -> Column<Double> {
    let result = Column<Double>(repeating: 0, count: process.choiceCount)
    for state in 0..<process.stateCount {
      if let clock, settledTrue[clock].contains(state) { continue }
      for choice in process.choices(of: state) where origin.pointer[choice] >= 0 {
        result.pointer[choice] = reward.pointer[Int(origin.pointer[choice])]
      }
    }
    return result
  }

  private func original(_ solution: SparseSolution) -> SparseSolution {
    var result = solution
    result.value = start.map { solution.value[Int($0)] }
    result.lower = start.map { solution.lower[Int($0)] }
    result.upper = start.map { solution.upper[Int($0)] }
    result.exact = solution.exact.map { exact in start.map { exact[Int($0)] } }
    result.policy = []
    result.notes.append(
      "runs are watched by an automaton of \(counted(automatonSize, "state")), together \(counted(process.stateCount, "state"))")
    return result
  }

  private func counted(_ count: Int, _ what: String) -> String { "\(NumberText.grouped(count)) \(what)\(count == 1 ? "" : "s")" }

  /// Builds the states breadth first.
  private struct Builder {
    /// A state of the original (-1 once everything is settled) with the states of the automata.
    struct Place: Hashable {
      var state: Int32
      var tuple: Int32
    }

    let original: SparseProcess
    var automata: [RunAutomaton]
    let options: Options
    let valuations: [UInt64]
    var places: [Place] = []
    var tuples: [[Int32]] = []
    var kept: [UInt32] = []
    /// For each place and formula whether it is true once the place's state is seen.
    var isWon: [Bool] = []
    var start: [Int32] = []
    let origin = Column<Int32>()
    let choiceStart = Column<UInt32>([0])
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    /// The probabilities in fractions, where the original has them.
    var exact: [Rational] = []
    private(set) var isComplete = true
    private var placeNumbers: [Place: Int32] = [:]
    private var tupleNumbers: [[Int32]: Int32] = [:]

    init(_ original: SparseProcess, _ automata: [RunAutomaton], _ propositions: [StateSet], _ options: Options) {
      self.original = original
      self.automata = automata
      self.options = options
      valuations = (0..<original.stateCount).map { state in
        propositions.enumerated().reduce(0) { $0 | UInt64($1.element.flags.pointer[state]) << UInt64($1.offset) }
      }
    }

    mutating func run(_ control: WorkControl, most: Int) throws {
      let begin = [Int32](repeating: 0, count: automata.count)
      start = (0..<original.stateCount).map { place(Int32($0), begin) }
      var next = 0
      while next < places.count {
        if next % 64 == 0,
          !control.report(WorkProgress(phase: "exploring", detail: "\(places.count) states with their automata"))
        {
          throw WorkCancelled(state: "stopped with \(places.count) states")
        }
        if places.count > most || successor.count > Int(Int32.max) / 2 {
          isComplete = false
          return
        }
        try expand(places[next])
        next += 1
      }
    }

    private mutating func place(_ state: Int32, _ tuple: [Int32]) -> Int32 {
      let isSettled =
        options.drawsSettledTogether && tuple.indices.allSatisfy { self.isSettled(automata[$0].states[Int(tuple[$0])]) }
      let number: Int32
      if let known = tupleNumbers[tuple] {
        number = known
      } else {
        number = Int32(tuples.count)
        tuples.append(tuple)
        tupleNumbers[tuple] = number
      }
      let place = Place(state: isSettled ? -1 : state, tuple: number)
      if let known = placeNumbers[place] { return known }
      placeNumbers[place] = Int32(places.count)
      places.append(place)
      return Int32(places.count - 1)
    }

    private func isSettled(_ state: RunAutomaton.State) -> Bool { state == .won || state == .lost }

    private mutating func expand(_ place: Place) throws {
      let tuple = tuples[Int(place.tuple)]
      defer { choiceStart.append(UInt32(origin.count)) }
      guard place.state >= 0 else {
        kept += [UInt32](repeating: 0, count: tuple.count)
        for index in tuple.indices { isWon.append(automata[index].states[Int(tuple[index])] == .won) }
        add(to: self.place(-1, tuple), 1)
        endChoice(-1)
        return
      }
      let valuation = valuations[Int(place.state)]
      var next = tuple
      for index in tuple.indices {
        let move = try automata[index].move(Int(tuple[index]), valuation)
        next[index] = Int32(move.state)
        kept.append(move.kept)
        isWon.append(automata[index].states[move.state] == .won)
      }
      for choice in original.choices(of: Int(place.state)) {
        for transition in original.transitions(of: choice) {
          merge(
            self.place(original.successor.pointer[transition], next), original.probability.pointer[transition],
            original.exact?.probability[transition])
        }
        endChoice(Int32(choice))
      }
      if original.isTerminal(Int(place.state)) {
        // A run that has ended stays where it is.
        add(to: self.place(place.state, next), 1)
        endChoice(-1)
      }
      guard options.guesses else { return }
      for index in tuple.indices {
        for guess in try automata[index].guesses(from: Int(tuple[index])) {
          var guessed = tuple
          guessed[index] = Int32(guess)
          add(to: self.place(place.state, guessed), 1)
          endChoice(-1)
        }
      }
    }

    /// Successors of a choice are distinct: settled ones may fall together.
    private mutating func merge(_ target: Int32, _ weight: Double, _ exactWeight: Rational?) {
      for earlier in Int(transitionStart.pointer[transitionStart.count - 1])..<successor.count
      where successor.pointer[earlier] == target {
        probability.pointer[earlier] += weight
        if let exactWeight { exact[earlier] += exactWeight }
        return
      }
      add(to: target, weight, exactWeight)
    }

    private mutating func add(to target: Int32, _ weight: Double, _ exactWeight: Rational? = nil) {
      successor.append(target)
      probability.append(weight)
      if original.exact != nil { exact.append(exactWeight ?? .one) }
    }

    private func endChoice(_ choice: Int32) {
      transitionStart.append(UInt32(successor.count))
      origin.append(choice)
    }

    var won: [StateSet] {
      let width = automata.count
      return (0..<width).map { index in
        StateSet(places.indices.filter { isWon[$0 * width + index] }, count: places.count)
      }
    }

    func process(of original: SparseProcess) -> SparseProcess {
      var process = SparseProcess(
        choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability, channels: [],
        initial: original.initial.map { (start[Int($0.state)], $0.probability) }, objective: original.objective)
      if let form = original.exact {
        process.exact = ExactForm(probability: exact, rewards: [], initial: form.initial, discount: .one)
      }
      return process
    }
  }
}
