/// An automaton that reads the states of a run and accepts those that a formula of linear temporal logic is true of.
///
/// It follows the formula's derivatives; some time it guesses which promises are kept again and again and which invariants hold from
/// now on, and from then on checks the guess deterministically (a limit-deterministic generalised Büchi automaton). The guess can be
/// left to the policy: in a part of a process that is never left both are settled with probability one, so that the greatest
/// probability in the product is that of the formula.
/// Source: Esparza, Kretinsky and Sickert, *A unified translation of linear temporal logic to omega-automata*, J. ACM 67 (2020);
/// Sickert, Esparza, Jaax and Kretinsky, *Limit-deterministic Büchi automata for linear temporal logic*, CAV 2016.
struct RunAutomaton {
  enum State: Hashable {
    /// What is left of the formula.
    case open(TemporalLogic.Formula)
    /// What must hold for ever, and the promise under way of each of the guess's promises.
    case guessed(Int, invariant: TemporalLogic.Formula, pending: [TemporalLogic.Formula])
    case won
    case lost
  }

  /// A guess: what each promise that is kept again and again begins with.
  struct Guess: Hashable {
    var promises: [TemporalLogic.Formula]
    /// One bit for each promise.
    var mask: UInt32 { promises.isEmpty ? 0 : UInt32.max >> UInt32(32 - promises.count) }
  }

  private(set) var logic: TemporalLogic
  let formula: TemporalLogic.Formula
  /// The states by number; a run begins in the first.
  private(set) var states: [State] = []
  private(set) var guesses: [Guess] = []
  private var numbers: [State: Int] = [:]
  private var guessNumbers: [Guess: Int] = [:]
  private var moves: [Move: (state: Int, kept: UInt32)] = [:]
  private var jumps: [Int: [Int]] = [:]

  private struct Move: Hashable {
    var state: Int
    var valuation: UInt64
  }

  /// The most promises and invariants among which a guess chooses, and the most states.
  private static let mostParts = 14
  private static let mostStates = 100_000

  init(_ formula: TemporalLogic.Formula, in logic: TemporalLogic) {
    self.logic = logic
    self.formula = formula
    _ = number(.open(formula))
  }

  private mutating func number(_ state: State) -> Int {
    var state = state
    if case .open(let formula) = state, formula != TemporalLogic.yes, formula != TemporalLogic.no,
      logic.parts(of: formula).promises.isEmpty, !logic.parts(of: formula).invariants.isEmpty
    {
      // Without promises there is nothing to guess: the formula itself must hold for ever.
      state = .guessed(number(of: Guess(promises: [])), invariant: formula, pending: [])
    }
    switch state {
    case .open(TemporalLogic.yes): state = .won
    case .open(TemporalLogic.no), .guessed(_, invariant: TemporalLogic.no, pending: _): state = .lost
    case .guessed(_, invariant: TemporalLogic.yes, pending: []): state = .won
    default: break
    }
    if let known = numbers[state] { return known }
    states.append(state)
    numbers[state] = states.count - 1
    return states.count - 1
  }

  /// The state after one of the process in which the propositions of `valuation` hold, and the promises just kept.
  mutating func move(_ state: Int, _ valuation: UInt64) throws(TemporalLogic.TooLarge) -> (state: Int, kept: UInt32) {
    let key = Move(state: state, valuation: valuation)
    if let known = moves[key] { return known }
    var result = (state: state, kept: UInt32(0))
    switch states[state] {
    case .won, .lost: break
    case .open(let formula): result.state = number(.open(try logic.derivative(formula, valuation)))
    case .guessed(let guess, let invariant, var pending):
      let left = try logic.derivative(invariant, valuation)
      for index in pending.indices {
        pending[index] = try logic.derivative(pending[index], valuation)
        if pending[index] == TemporalLogic.yes {
          result.kept |= 1 << UInt32(index)
          pending[index] = guesses[guess].promises[index]
        }
      }
      result.state = number(.guessed(guess, invariant: left, pending: pending))
    }
    guard states.count <= Self.mostStates else { throw TemporalLogic.TooLarge() }
    moves[key] = result
    return result
  }

  /// The states that a guess may lead to before the next state of the process is read.
  mutating func guesses(from state: Int) throws(TemporalLogic.TooLarge) -> [Int] {
    if let known = jumps[state] { return known }
    var result: [Int] = []
    if case .open(let formula) = states[state] {
      let (promises, invariants) = logic.parts(of: formula)
      // Where nothing has to hold for ever, the formula is true once nothing of it is left.
      if !invariants.isEmpty {
        guard promises.count + invariants.count <= Self.mostParts else { throw TemporalLogic.TooLarge() }
        for chosen in 0..<(1 << promises.count) {
          for settled in 0..<(1 << invariants.count) {
            let kept = promises.indices.filter { chosen >> $0 & 1 == 1 }.map { promises[$0] }
            let held = invariants.indices.filter { settled >> $0 & 1 == 1 }.map { invariants[$0] }
            if let next = try guess(kept, held, for: formula), !result.contains(next) { result.append(next) }
          }
        }
      }
    }
    jumps[state] = result
    return result
  }

  private mutating func guess(_ promises: [Int], _ invariants: [Int], for formula: TemporalLogic.Formula)
    throws(TemporalLogic.TooLarge) -> Int?
  {
    let (kept, held) = (Set(promises), Set(invariants))
    var always = try logic.assuming(promises: kept, in: formula)
    for node in invariants where always != TemporalLogic.no {
      guard let part = logic.formula(of: node) else { continue }
      let invariant = try logic.assuming(promises: kept, in: part)
      always = try logic.and(always, logic.weakUntil(invariant, TemporalLogic.no))
    }
    if always == TemporalLogic.no { return nil }
    var goals: [TemporalLogic.Formula] = []
    for node in promises {
      guard let part = logic.formula(of: node) else { continue }
      let promise = logic.until(TemporalLogic.yes, try logic.assuming(invariants: held, in: part))
      if promise == TemporalLogic.no { return nil }
      if promise != TemporalLogic.yes, !goals.contains(promise) { goals.append(promise) }
    }
    return number(.guessed(number(of: Guess(promises: goals)), invariant: always, pending: goals))
  }

  private mutating func number(of guess: Guess) -> Int {
    if let known = guessNumbers[guess] { return known }
    guesses.append(guess)
    guessNumbers[guess] = guesses.count - 1
    return guesses.count - 1
  }

  /// The promises that must be kept again and again for a run that stays in states like this one to be accepted; nil where it is not.
  func required(in state: Int) -> UInt32? {
    switch states[state] {
    case .won: 0
    case .lost, .open: nil
    case .guessed(let guess, _, _): guesses[guess].mask
    }
  }
}
