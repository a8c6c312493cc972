import AleaModel
import AleaSolvers
import CBenchReference

/// One sweep of value iteration beside the C loop, and beside what memory can deliver.
enum SweepSection: BenchSection {
  static let name = "sweeps"
  static let summary = "one Jacobi sweep: milliseconds, on one thread and on two, beside a plain C loop"

  static func run() throws {
    let bandwidth = triad()
    print("  memory: \(decimals(bandwidth / 1e9, 1)) GB/s (triad, one thread, 24 bytes an element)")
    var table = BenchTable(["states", "kind", "C ms", "Alea ms", "ratio", "two threads ms", "speed-up", "GB/s", "of triad"])
    for (count, kind) in [
      (1_000, GeneratedProcess.Kind.uniform), (10_000, .uniform), (100_000, .local), (1_000_000, .local), (1_000_000, .uniform),
    ] {
      let process = GeneratedProcess.make(count, kind, discount: 0.95)
      let bench = SweepMeasurement(process)
      let repeats = max(1, 200_000 / count)
      var (c, one, two) = (Double.infinity, Double.infinity, Double.infinity)
      // Interleaved, so that a disturbance meets all three alike.
      for _ in 0..<15 {
        c = min(c, Measurement.best(of: 1) { for _ in 0..<repeats { referenceSweep(process, bench) } }.cpu)
        one = min(one, Measurement.best(of: 1) { for _ in 0..<repeats { bench.sweep(threads: 1) } }.cpu)
        two = min(two, Measurement.best(of: 1) { for _ in 0..<repeats { bench.sweep(threads: 2) } }.wall)
      }
      let rate = Double(process.byteCount + 16 * count) * Double(repeats) / one
      let scale = 1e3 / Double(repeats)
      table.add([
        "\(count)", kind.rawValue, decimals(c * scale, 3), decimals(one * scale, 3), decimals(one / c, 3),
        decimals(two * scale, 3), decimals(one / two, 2), decimals(rate / 1e9, 1), decimals(100 * rate / bandwidth, 0) + " %",
      ])
    }
    table.print()
  }

  private static func referenceSweep(_ process: SparseProcess, _ bench: SweepMeasurement) {
    _ = reference_jacobi(
      Int64(process.stateCount), process.choiceStart.pointer, process.transitionStart.pointer, process.successor.pointer,
      process.probability.pointer, process.channels[0].reward.pointer, 0.95, bench.value, bench.next)
  }

  /// Bytes a second that the triad moves.
  static func triad() -> Double {
    let count = 8_000_000
    let a = Column(repeating: 1.0, count: count)
    let b = Column(repeating: 2.0, count: count)
    let c = Column(repeating: 0.0, count: count)
    let cost = Measurement.best(of: 10) { reference_triad(Int64(count), 3, a.pointer, b.pointer, c.pointer) }
    return 24 * Double(count) / cost.cpu
  }
}
