import AleaSemantics

/// A chain explored with a choice for each command: what its steps are made of.
///
/// In a dtmc the commands enabled in a state are equally likely; in a ctmc they are taken in proportion to their rates.
struct ChainCommands: Sendable {
  private let program: PrismProgram
  private let explored: ExploredProcess
  /// The probability of each choice in its state.
  private let share: Column<Double>
  /// The mean time of a step from each state: 1 in a dtmc.
  let stepTime: Column<Double>

  /// - Throws: `DiagnosticError` for a rate that is no finite number.
  init(_ program: PrismProgram, _ explored: ExploredProcess) throws {
    self.program = program
    self.explored = explored
    let sparse = explored.sparse
    share =
      program.type == .ctmc
      ? try explored.reward(program.commandRate, in: program.process) : Column(repeating: 1, count: sparse.choiceCount)
    stepTime = Column(repeating: 1, count: sparse.stateCount)
    for state in 0..<sparse.stateCount {
      let choices = sparse.choices(of: state)
      var total = 0.0
      for choice in choices { total += share.pointer[choice] }
      for choice in choices { share.pointer[choice] /= total }
      if program.type == .ctmc { stepTime.pointer[state] = 1 / total }
    }
  }

  /// The chain: one choice a state, equal successors merged.
  func merged(as process: Process) -> ExploredProcess {
    let sparse = explored.sparse
    let count = sparse.stateCount
    let choiceStart = Column<UInt32>(capacity: count + 1)
    let transitionStart = Column<UInt32>(capacity: count + 1)
    let successor = Column<Int32>(capacity: sparse.transitionCount)
    let probability = Column<Double>(capacity: sparse.transitionCount)
    // Where each state stands among the successors of the state at hand.
    let place = Column<Int>(repeating: -1, count: count)
    choiceStart.append(0)
    transitionStart.append(0)
    for state in 0..<count {
      let first = successor.count
      for choice in sparse.choices(of: state) {
        let weight = share.pointer[choice]
        for transition in sparse.transitions(of: choice) {
          let next = sparse.successor.pointer[transition]
          let known = place.pointer[Int(next)]
          if known >= first {
            probability.pointer[known] += weight * sparse.probability.pointer[transition]
          } else {
            place.pointer[Int(next)] = successor.count
            successor.append(next)
            probability.append(weight * sparse.probability.pointer[transition])
          }
        }
      }
      choiceStart.append(UInt32(state + 1))
      transitionStart.append(UInt32(successor.count))
    }
    let rows = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability, channels: [],
      initial: sparse.initial, objective: sparse.objective)
    return ExploredProcess(
      process: process, sparse: rows, states: explored.states, actions: ActionSpace(variables: [], domains: []),
      choiceAction: Column(repeating: 0, count: count), deadlocks: [], warnings: explored.warnings)
  }

  /// What a step from each state earns of a rewards structure, on the average over the commands.
  func mean(ofReward index: Int) throws -> Column<Double> {
    let earned = try explored.reward(program.process.channels[index].amount, in: program.process)
    let result = Column<Double>(repeating: 0, count: explored.sparse.stateCount)
    for state in 0..<explored.sparse.stateCount {
      for choice in explored.sparse.choices(of: state) {
        result.pointer[state] += share.pointer[choice] * earned.pointer[choice]
      }
    }
    return result
  }
}
