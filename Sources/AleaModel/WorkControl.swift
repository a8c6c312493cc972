/// How long work reports and is stopped: polled by every solver between sweeps, by the explorer between batches.
public struct WorkControl: Sendable {
  /// Called now and then from the working thread; returns false when the work should end.
  public var report: @Sendable (WorkProgress) -> Bool
  /// Worker threads for parallel kernels; the answer does not depend on it.
  public var threads: Int

  public init(threads: Int = 1, report: @escaping @Sendable (WorkProgress) -> Bool = { _ in true }) {
    self.threads = threads
    self.report = report
  }
}

/// A snapshot of long work.
public struct WorkProgress: Sendable {
  /// "exploring", "solving", "simulating".
  public var phase: String
  /// What is counted: "12,345 states", "bound 3.2e-5 after 40 sweeps".
  public var detail: String
  /// Between 0 and 1 when it is known.
  public var fraction: Double?
  public init(phase: String, detail: String, fraction: Double? = nil) {
    self.phase = phase
    self.detail = detail
    self.fraction = fraction
  }
}

/// The work was stopped from outside (Ctrl-C, a cancelled task).
public struct WorkCancelled: Error, Sendable {
  /// What is known so far, in one sentence.
  public var state: String
  public init(state: String) { self.state = state }
}
