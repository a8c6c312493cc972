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
  /// What the automata do when a state is left, by number.
  private let step: Column<Int32>
  /// What each step says of each formula.
  private let outlook: [Outlook]
  /// The number of formulas.
  private let width: Int

  /// What a step of an automaton says of its formula.
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
      settledTrue = builder.won
      step = builder.step
      outlook = builder.steps.flatMap { step in
        formulas.indices.map { index in
          Outlook(
            kept: step.kept[index], required: builder.automata[index].required(in: Int(builder.tuples[step.from].states[index])))
        }
      }
    } catch is TemporalLogic.TooLarge {
      throw tooLarge("one that outgrows it")
    }
  }

  /// Whether a run that stays for ever in an end component, and visits all of it again and again, fulfils each formula.
  func isFulfilled(in component: Int, of ends: MaximalEndComponents) -> [Bool] {
    let states = ends.states(of: component)
    func outlook(_ state: Int32, _ formula: Int) -> Outlook { self.outlook[Int(step.pointer[Int(state)]) * width + formula] }
    return (0..<width).map { index in
      guard let first = states.first, let required = outlook(first, index).required else { return false }
      let kept = states.reduce(UInt32(0)) { $0 | outlook($1, index).kept }
      return kept & required == required
    }
  }

  /// The greatest probability of a formula from every state of the original, with proved bounds.
  ///
  /// The policy that attains it remembers the automaton's state and is left out.
  public func probability(of formula: Int = 0, tolerance: Double, control: WorkControl) throws -> SparseSolution {
    let ends = try MaximalEndComponents(
      of: process, predecessors: ChoicePredecessors(of: process, control: control), control: control)
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
    /// States of the automata, one of each.
    struct Tuple {
      var states: [Int32]
      /// Whether the process no longer matters.
      var isSettled: Bool
      /// The tuples that guesses lead to; nil where they were not asked for.
      var guesses: [Int32]?
    }

    /// What automata do with what holds in a state.
    struct Step {
      var from: Int
      var to: Int32
      /// The promises of each formula just kept.
      var kept: [UInt32]
      /// Whether each formula is true once the state is seen.
      var isWon: [Bool]
    }

    let original: SparseProcess
    var automata: [RunAutomaton]
    let options: Options
    /// The distinct combinations of propositions, and which of them holds in each state.
    private var valuations: [UInt64] = []
    private let valuation: Column<Int32>
    private(set) var tuples: [Tuple] = []
    private(set) var steps: [Step] = []
    /// Tuples with valuations.
    private var stepNumbers = KeyNumbering()
    private var tupleNumbers: [[Int32]: Int32] = [:]
    /// Tuples with states of the original counted from 1, 0 once everything is settled.
    private var places = KeyNumbering()
    /// The step made in each place.
    let step = Column<Int32>()
    var start: [Int32] = []
    let origin = Column<Int32>()
    let choiceStart = Column<UInt32>([0])
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    /// The probabilities in fractions, where the original has them.
    var exact: [Rational] = []
    private(set) var isComplete = true

    init(_ original: SparseProcess, _ automata: [RunAutomaton], _ propositions: [StateSet], _ options: Options) {
      self.original = original
      self.automata = automata
      self.options = options
      valuation = Column(capacity: original.stateCount)
      var numbers: [UInt64: Int32] = [:]
      for state in 0..<original.stateCount {
        var holds: UInt64 = 0
        for (bit, set) in propositions.enumerated() { holds |= UInt64(set.flags.pointer[state]) << UInt64(bit) }
        let number = numbers[holds, default: Int32(valuations.count)]
        if number == valuations.count {
          numbers[holds] = number
          valuations.append(holds)
        }
        valuation.append(number)
      }
    }

    mutating func run(_ control: WorkControl, most: Int) throws {
      let begin = tuple([Int32](repeating: 0, count: automata.count))
      start = (0..<original.stateCount).map { place(Int32($0), begin) }
      var next = 0
      while next < places.count {
        if next % 256 == 0,
          !control.report(
            WorkProgress(phase: "exploring", detail: "\(NumberText.grouped(places.count)) states with their automata"))
        {
          throw WorkCancelled(state: "stopped with \(NumberText.grouped(places.count)) states")
        }
        if places.count > most || successor.count > Int(Int32.max) / 2 {
          isComplete = false
          return
        }
        let key = places.keys.pointer[next]
        try expand(state: Int(key & 0xFFFF_FFFF) - 1, Int32(key >> 32))
        choiceStart.append(UInt32(origin.count))
        next += 1
      }
    }

    private mutating func tuple(_ states: [Int32]) -> Int32 {
      if let known = tupleNumbers[states] { return known }
      let number = Int32(tuples.count)
      let isSettled = states.indices.allSatisfy { [.won, .lost].contains(automata[$0].states[Int(states[$0])]) }
      tuples.append(Tuple(states: states, isSettled: options.drawsSettledTogether && isSettled))
      tupleNumbers[states] = number
      return number
    }

    private mutating func place(_ state: Int32, _ tuple: Int32) -> Int32 {
      places.number(UInt64(tuple) << 32 | UInt64(tuples[Int(tuple)].isSettled ? 0 : state + 1))
    }

    /// The step from a tuple in a state of the original with a combination of propositions.
    private mutating func step(_ tuple: Int32, _ valuation: Int32) throws -> Int32 {
      let number = stepNumbers.number(UInt64(tuple) << 32 | UInt64(valuation))
      guard number == steps.count else { return number }
      let from = tuples[Int(tuple)].states
      var step = Step(from: Int(tuple), to: tuple, kept: [], isWon: [])
      var states = from
      for index in from.indices {
        let move = try automata[index].move(Int(from[index]), valuations[Int(valuation)])
        states[index] = Int32(move.state)
        step.kept.append(move.kept)
        step.isWon.append(automata[index].states[move.state] == .won)
      }
      step.to = self.tuple(states)
      steps.append(step)
      return number
    }

    private mutating func guesses(from tuple: Int32) throws -> [Int32] {
      if let known = tuples[Int(tuple)].guesses { return known }
      let from = tuples[Int(tuple)].states
      var result: [Int32] = []
      for index in from.indices {
        for guess in try automata[index].guesses(from: Int(from[index])) {
          var guessed = from
          guessed[index] = Int32(guess)
          result.append(self.tuple(guessed))
        }
      }
      tuples[Int(tuple)].guesses = result
      return result
    }

    /// - Parameter state: the state of the original, -1 once everything is settled.
    private mutating func expand(state: Int, _ tuple: Int32) throws {
      // What is settled stays so, whatever holds.
      let number = try step(tuple, state < 0 ? 0 : valuation.pointer[state])
      step.append(number)
      let next = steps[Int(number)].to
      guard state >= 0 else { return add(place(-1, next), ofChoice: -1) }
      for choice in original.choices(of: state) {
        if tuples[Int(next)].isSettled {
          add(place(-1, next), ofChoice: Int32(choice))
          continue
        }
        for transition in original.transitions(of: choice) {
          successor.append(place(original.successor.pointer[transition], next))
          probability.append(original.probability.pointer[transition])
          if let form = original.exact { exact.append(form.probability[transition]) }
        }
        endChoice(Int32(choice))
      }
      // A run that has ended stays where it is.
      if original.isTerminal(state) { add(place(Int32(state), next), ofChoice: -1) }
      guard options.guesses else { return }
      for guess in try guesses(from: tuple) { add(place(Int32(state), guess), ofChoice: -1) }
    }

    /// A choice with one successor.
    private mutating func add(_ target: Int32, ofChoice choice: Int32) {
      successor.append(target)
      probability.append(1)
      if original.exact != nil { exact.append(.one) }
      endChoice(choice)
    }

    private func endChoice(_ choice: Int32) {
      transitionStart.append(UInt32(successor.count))
      origin.append(choice)
    }

    var won: [StateSet] {
      automata.indices.map { index in
        StateSet((0..<step.count).filter { steps[Int(step.pointer[$0])].isWon[index] }, count: step.count)
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
