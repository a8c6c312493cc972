import AleaModel
import AleaSolvers
import CBenchReference

/// Whole solves to a certified millionth, beside a C loop with the span stop (which accounts for no rounding and certifies nothing).
enum SolveSection: BenchSection {
  static let name = "solve"
  static let summary = "solving to a certified bound of 1e-6: CPU seconds on one thread, wall on two, peak memory over the rows"

  /// Optimal values that other systems agree on.
  private static let workloads: [(count: Int, kind: GeneratedProcess.Kind, discount: Double, first: Double)] = [
    (10_000, .uniform, 0.95, 16.082920722583), (10_000, .uniform, 0.99, 80.698809839123),
    (100_000, .uniform, 0.95, 16.132944180883), (100_000, .uniform, 0.99, 80.893391810518),
    (100_000, .local, 0.95, 16.416728242799), (100_000, .local, 0.99, 81.905521887763),
    (1_000_000, .uniform, 0.95, 16.323044032574), (1_000_000, .uniform, 0.99, 81.064909723866),
  ]

  static func run() throws {
    var table = BenchTable([
      "states", "kind", "discount", "method", "CPU s", "two threads s", "sweeps", "bound", "value error", "memory",
    ])
    for load in workloads {
      let process = GeneratedProcess.make(load.count, load.kind, discount: load.discount)
      let start = ["\(load.count)", load.kind.rawValue, "\(load.discount)"]
      table.add(start + referenceRow(process, load.discount, load.first))
      for (label, method, check) in methods(load.count) {
        // What the process holds already, beside the rows: the program itself and what earlier rows of the table left.
        Measurement.resetPeakMemory()
        let held = Measurement.peakMemory ?? 0
        let cpu = Measurement.cpuTime
        let solution = try method.solve(process, control: WorkControl(threads: 1))
        let used = Measurement.cpuTime - cpu
        let peak = Measurement.peakMemory.map { 1 + Double($0 - held) / Double(process.byteCount) }.map { decimals($0, 2) } ?? ""
        let wall = Measurement.wallTime
        let again = try method.solve(process, control: WorkControl(threads: 2))
        let elapsed = Measurement.wallTime - wall
        let same = solution.value == again.value && solution.policy == again.policy ? "" : " (threads differ)"
        let error = abs(solution.value[0] - load.first)
        table.add(
          start + [
            label + same, decimals(used, 3), decimals(elapsed, 3), "\(solution.iterations)", scientific(solution.bound),
            scientific(error) + (check && error > 1e-9 ? " (too far)" : ""), peak,
          ])
      }
    }
    table.print()
  }

  private static func methods(_ count: Int) -> [(String, any DynamicMethod, Bool)] {
    var methods: [(String, any DynamicMethod, Bool)] = [
      ("modified policy iteration", ModifiedPolicyIteration(), false),
      ("the same, to 1e-10", ModifiedPolicyIteration(tolerance: 1e-10), true),
      ("value iteration", ValueIteration(), false),
    ]
    if count <= 100_000 { methods.append(("policy iteration", PolicyIteration(), false)) }
    return methods
  }

  private static func referenceRow(_ process: SparseProcess, _ discount: Double, _ first: Double) -> [String] {
    let value = Column(repeating: 0.0, count: process.stateCount)
    let next = Column(repeating: 0.0, count: process.stateCount)
    let cpu = Measurement.cpuTime
    let sweeps = reference_span_iteration(
      Int64(process.stateCount), process.choiceStart.pointer, process.transitionStart.pointer, process.successor.pointer,
      process.probability.pointer, process.channels[0].reward.pointer, discount, 1e-6, value.pointer, next.pointer)
    return [
      "C, span stop", decimals(Measurement.cpuTime - cpu, 3), "", "\(sweeps)", "", scientific(abs(value.pointer[0] - first)), "",
    ]
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
