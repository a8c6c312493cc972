import AleaModel

/// The greatest probability of one formula among the runs of which another is true, over the policies that make the other possible.
///
/// A run that fails the condition counts as never begun: where a policy may settle for failing it, it may begin anew instead. With that
/// the greatest conditional probability is the greatest probability of ever fulfilling both. Both the formula with its condition and
/// the condition's opposite are watched as something to be made great, so that a guess that claims too little gains nothing.
/// Source: Baier, Klein, Klüppelholz and Märcker, *Computing conditional probabilities in Markovian models efficiently*, TACAS 2014.
public struct ConditionalProbability {
  private let product: AutomatonProduct
  /// The states in which both formulas are, or can surely be, fulfilled for ever.
  private let fulfilled: StateSet
  /// The states in which staying fails the condition for ever.
  private let failing: StateSet

  /// - Parameters:
  ///   - process: the process whose runs are looked at.
  ///   - wanted: the formula whose probability is asked for.
  ///   - given: the condition.
  /// - Throws: `UnmetRequirement` when an automaton or the product is too large; `WorkCancelled` when `control` ends the work.
  public init(
    of process: SparseProcess, _ wanted: PathFormula, given: PathFormula, propositions: [StateSet],
    control: WorkControl = WorkControl()
  ) throws {
    product = try AutomatonProduct(
      of: process, formulas: [.and(wanted, given), .not(given)], propositions: propositions, control: control)
    let watched = product.process
    let ends = try MaximalEndComponents(
      of: watched, predecessors: ChoicePredecessors(of: watched, control: control), control: control)
    fulfilled = StateSet(count: watched.stateCount)
    failing = StateSet(count: watched.stateCount)
    for component in 0..<ends.count {
      let kept = product.isFulfilled(in: component, of: ends)
      for state in ends.states(of: component) {
        if kept[0] { fulfilled.flags.pointer[Int(state)] = 1 }
        if kept[1] { failing.flags.pointer[Int(state)] = 1 }
      }
    }
  }

  /// The states of the process together with those of the automata.
  public var stateCount: Int { product.process.stateCount }

  /// The number from one state of the original, enclosed; some policy must give the condition a positive probability from there.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public func greatest(from state: Int, tolerance: Double, control: WorkControl = WorkControl()) throws -> (
    lower: Double, upper: Double, exact: ExactValue?, sweeps: Int
  ) {
    let (process, target) = restarting(at: Int(product.start[state]))
    if process.exact == nil, process.stateCount > Self.mostStatesInOneCycle {
      let sets = try QualitativeReachability(
        of: process, predecessors: ChoicePredecessors(of: process, control: control), target: target, control: control)
      if try !sets.neverReached().contains(0), try !sets.surelyReachable().contains(0),
        let found = try ConditionalQuotient(process, target: target, control: control).greatest(tolerance: tolerance)
      {
        return (found.lower, found.upper, nil, found.sweeps)
      }
      let rest = try process.reachability(
        of: target, maximize: true, tolerance: tolerance, sweepLimit: Self.mostSweepsOfOneCycle, control: control)
      return (max(0, rest.lower[0]), min(1, rest.upper[0]), nil, rest.iterations)
    }
    let solution = try process.anyReachability(of: target, maximize: true, tolerance: tolerance, control: control)
    return (max(0, solution.lower[0]), min(1, solution.upper[0]), solution.exact?[0], solution.iterations)
  }

  /// Fewer states are solved directly, however seldom a cycle is left.
  private static let mostStatesInOneCycle = 400
  /// A cycle that is left more seldom stays open: its bounds say so.
  private static let mostSweepsOfOneCycle = 100_000

  /// The part reached from a state, which becomes the first, with a choice to begin anew wherever staying fails the condition.
  private func restarting(at start: Int) -> (SparseProcess, target: StateSet) {
    let watched = product.process
    var number = [Int32](repeating: -1, count: watched.stateCount)
    var order = [start]
    number[start] = 0
    let choiceStart = Column<UInt32>([0])
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    var exact: [Rational] = []
    var reached: [Int] = []
    var next = 0
    while next < order.count {
      let state = order[next]
      if fulfilled.contains(state) {
        reached.append(next)
      } else {
        for choice in watched.choices(of: state) {
          for transition in watched.transitions(of: choice) {
            let target = Int(watched.successor.pointer[transition])
            if number[target] < 0 {
              number[target] = Int32(order.count)
              order.append(target)
            }
            successor.append(number[target])
            probability.append(watched.probability.pointer[transition])
            if let form = watched.exact { exact.append(form.probability[transition]) }
          }
          transitionStart.append(UInt32(successor.count))
        }
        if failing.contains(state) {
          successor.append(0)
          probability.append(1)
          if watched.exact != nil { exact.append(.one) }
          transitionStart.append(UInt32(successor.count))
        }
      }
      choiceStart.append(UInt32(transitionStart.count - 1))
      next += 1
    }
    var process = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability, channels: [],
      initial: [(0, 1)], objective: watched.objective)
    if watched.exact != nil { process.exact = ExactForm(probability: exact, rewards: [], initial: [.one], discount: .one) }
    return (process, StateSet(reached, count: order.count))
  }
}
