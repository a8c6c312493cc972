import AleaEngine
import AleaModel
import CBenchReference

/// Times the explorer on the five-variable guarded model, beside the same rows built by hand in C.
struct ExploreSection: BenchSection {
  static let name = "explore"
  static let summary = "listing a million states: the explorer beside a hand-written loop in C"

  static func run() throws {
    var byHand = Double.infinity
    var explored = Double.infinity
    var disagreements = 0
    var line = ""
    let process = GuardedModel().process
    for round in 0..<3 {
      Measurement.resetPeakMemory()
      let held = Measurement.peakMemory ?? 0
      var start = Measurement.wallTime
      let result = try Explorer.explore(process)
      explored = min(explored, Measurement.wallTime - start)
      let peak = (Measurement.peakMemory ?? 0) - held
      start = Measurement.wallTime
      let rows = guarded_build()
      byHand = min(byHand, Measurement.wallTime - start)
      let sparse = result.sparse
      if round == 0 {
        disagreements = compare(sparse, rows)
        let share = Double(peak) / Double(sparse.byteCount)
        line =
          "  \(sparse.stateCount) states, \(sparse.choiceCount) choices, \(sparse.transitionCount) transitions; rows \(sparse.byteCount >> 20) MiB, peak \(peak >> 20) MiB, \((share * 100).rounded() / 100) times the rows"
      }
      guarded_free(rows)
    }
    print(line)
    print("  rows that differ from the loop in C: \(disagreements)")
    func milliseconds(_ time: Double) -> Int { Int((time * 1000).rounded()) }
    print("  explorer \(milliseconds(explored)) ms, C by hand \(milliseconds(byHand)) ms, one thread each (best of 3)")
  }

  /// The number of choices whose rows are not the same; every row when the sizes differ.
  private static func compare(_ sparse: SparseProcess, _ rows: guarded_rows) -> Int {
    guard Int(rows.states) == sparse.stateCount, Int(rows.choices) == sparse.choiceCount,
      Int(rows.transitions) == sparse.transitionCount
    else { return sparse.choiceCount }
    var result = 0
    for choice in 0..<sparse.choiceCount {
      var isSame = sparse.transitionStart.pointer[choice + 1] == rows.transition_start[choice + 1]
      for k in sparse.transitions(of: choice) {
        isSame = isSame && sparse.successor.pointer[k] == rows.successor[k]
        isSame = isSame && abs(sparse.probability.pointer[k] - rows.probability[k]) <= 1e-15
      }
      if !isSame { result += 1 }
    }
    return result
  }
}
