// What was explored lately, so that several questions about one model list its states once.

/// The models explored last, within a bound on their memory.
///
/// A model is recognised by what it says, not by its name: one that is defined anew, or has other arguments, is another model.
struct ExplorationMemory {
  typealias Explored = Reduced<ExploredProcess, SparseSolution>

  private struct Entry {
    var allStates: Bool
    var tailMass: Double
    var explored: Explored
    var byteCount: Int
  }

  /// The one used last comes last.
  private var entries: [Entry] = []

  /// What is known of a process under these options.
  mutating func recall(_ process: Process, _ options: ExplorationOptions) -> Explored? {
    let found = entries.lastIndex { entry in
      entry.allStates == options.allStates && entry.tailMass == options.tailMass
        && entry.explored.problem.process.isIdentical(to: process)
    }
    guard let found else { return nil }
    let entry = entries.remove(at: found)
    entries.append(entry)
    // The expressions of a question are those of its own process.
    let known = entry.explored
    return Explored(known.problem.with(process), steps: known.steps, assumptions: known.assumptions)
  }

  /// Keeps what was explored, in place of what was asked about longest ago.
  ///
  /// - Parameter bound: the bytes that everything kept may take; what is larger by itself is not kept.
  mutating func keep(_ explored: Explored, _ options: ExplorationOptions, within bound: Int) {
    let byteCount = explored.problem.byteCount
    guard byteCount <= bound else { return }
    entries.append(
      Entry(allStates: options.allStates, tailMass: options.tailMass, explored: explored, byteCount: byteCount))
    var total = entries.reduce(0) { $0 + $1.byteCount }
    while total > bound { total -= entries.removeFirst().byteCount }
  }
}

extension ExploredProcess {
  /// The same states and transitions, of a process that says the same.
  fileprivate func with(_ process: Process) -> ExploredProcess {
    ExploredProcess(
      process: process, sparse: sparse, states: states, actions: actions, choiceAction: choiceAction, deadlocks: deadlocks,
      warnings: warnings)
  }
}
