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

  /// Tells what is being done, and ends the work when it should end.
  ///
  /// - Throws: `WorkCancelled` saying that the work stopped there.
  public func check(_ phase: String, _ detail: String) throws(WorkCancelled) {
    if !report(WorkProgress(phase: phase, detail: detail)) { throw WorkCancelled(state: "\(phase) stopped: \(detail)") }
  }

  /// Goes through `0..<count` in blocks, so large that asking between them costs nothing and so small that Ctrl-C is heard at once.
  ///
  /// - Throws: `WorkCancelled` between two blocks.
  public func forEachBlock(
    of count: Int, _ phase: String, _ detail: String, _ body: (Range<Int>) -> Void
  ) throws(WorkCancelled) {
    var first = 0
    while first < count {
      try check(phase, detail)
      let end = min(count, first + Self.blockSize)
      body(first..<end)
      first = end
    }
  }

  /// Simple steps between two looks at whether to go on: a few milliseconds.
  public static let blockSize = 1 << 19
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
