import Synchronization

/// Ends the long work of a session from any thread.
///
///     let stop = session.cancellation
///     onUserRequest { stop.cancel() }       // the session's call throws WorkCancelled, and the session lives on
public final class Cancellation: Sendable {
  private let isRequested = Atomic<Bool>(false)
  private let depth = Atomic<Int>(0)

  init() {}

  /// Ends the work that is under way; does nothing when there is none.
  public func cancel() {
    if depth.load(ordering: .acquiring) > 0 { isRequested.store(true, ordering: .releasing) }
  }

  var isCancelled: Bool { isRequested.load(ordering: .acquiring) }

  /// Runs work that ``cancel()`` can end; requests from before the outermost work do not count.
  func during<Result>(_ body: () throws -> Result) rethrows -> Result {
    begin()
    defer { end() }
    return try body()
  }

  func begin() {
    if depth.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue == 0 { isRequested.store(false, ordering: .releasing) }
  }

  func end() { _ = depth.wrappingSubtract(1, ordering: .acquiringAndReleasing) }
}
