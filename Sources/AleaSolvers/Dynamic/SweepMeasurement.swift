import AleaModel

/// A sweep of value iteration on its own, for measuring: repeated from the same values into the same buffer.
public final class SweepMeasurement {
  private let process: SparseProcess
  private let kernel: SweepKernel<MaximumBackup, MeanExpectation>
  private let reward: Column<Double>
  private let policy: Column<Int32>
  private let values: Column<Double>
  private let results: Column<Double>

  public init(_ process: SparseProcess) {
    self.process = process
    reward = process.totalReward()
    kernel = SweepKernel(
      view: ProcessView(process, reward: reward), discount: process.discountFactor ?? 1, rule: MaximumBackup(),
      law: MeanExpectation())
    policy = Column(repeating: -1, count: process.stateCount)
    values = Column(repeating: 0, count: process.stateCount)
    results = Column(repeating: 0, count: process.stateCount)
  }

  /// What the sweep reads, and what it writes: the same for a loop it is compared with.
  public var value: UnsafeMutablePointer<Double> { values.pointer }
  public var next: UnsafeMutablePointer<Double> { results.pointer }

  /// One greedy sweep, with span bounds and the policy recorded.
  public func sweep(threads: Int) {
    let (value, next) = (
      StateVector(pointer: values.pointer, count: values.count), StateVector(pointer: results.pointer, count: results.count)
    )
    _ = kernel.jacobi(from: value, into: next, policy: policy.pointer, threads: threads)
  }
}
