import Glibc

// The session in concurrent programs: work on a thread of its own, stopped when its task is cancelled.

extension Session {
  /// Does something with this session on a thread of its own, so that no thread of the concurrency runtime waits for it.
  ///
  /// When the surrounding task is cancelled, so is the work: it throws `WorkCancelled`, and the session lives on.
  public nonisolated(nonsending) func working<Result: Sendable>(
    _ body: @escaping @Sendable (Session) throws -> Result
  ) async throws -> Result {
    let stop = cancellation
    stop.begin()
    defer { stop.end() }
    // The caller waits: nobody else uses the session meanwhile.
    nonisolated(unsafe) let session = self
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        WorkThread.run {
          continuation.resume(
            with: Swift.Result {
              try session.core.stopIfCancelled()
              return try body(session)
            })
        }
      }
    } onCancel: {
      stop.cancel()
    }
  }

  /// Checks and runs a text; what was defined before stays. Cancelling the task stops the work.
  public nonisolated(nonsending) func enter(_ text: String, name: String = "<program>") async throws -> [SessionReply] {
    try await working { session in
      var replies: [SessionReply] = []
      try session.enter(text, name: name) { replies.append($0) }
      return replies
    }
  }

  /// The value of one expression. Cancelling the task stops the work.
  public nonisolated(nonsending) func evaluating(_ expression: String) async throws -> Value {
    try await working { try $0.evaluate(expression) }
  }

  /// The optimal values and an optimal policy of a process. Cancelling the task stops the work.
  public nonisolated(nonsending) func solving(
    _ process: FiniteProcess, by method: (any DynamicMethod)? = nil, tolerance: Double? = nil
  ) async throws -> Solution {
    try await working { try $0.solve(process, by: method, tolerance: tolerance) }
  }
}

/// Threads with room for deep programs.
private enum WorkThread {
  private static let stackSize = 64 << 20

  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  static func run(_ body: @escaping @Sendable () -> Void) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    // Without a thread of its own the work is done here.
    if status != 0 { work.takeRetainedValue().body() }
  }
}
