import Alea
import CAlea
import Glibc
import Synchronization

/// A session as C sees it: one call at a time, and what came of the last one as texts.
final class SessionBox: Sendable {
  /// What C reads between calls.
  struct Report {
    var diagnostics: [Diagnostic] = []
    var warnings: [Diagnostic] = []
    var passed = 0
    var failed: [Diagnostic] = []
    /// Texts already given out: they last until the next call.
    var texts: [String: CText] = [:]
  }

  private struct State: ~Copyable {
    let session: Session
    var report = Report()
  }

  private typealias ProgressFunction =
    @convention(c) (
      UnsafePointer<CChar>?, UnsafePointer<CChar>?, Double, UnsafeMutableRawPointer?
    ) -> Int32

  /// The function to call, and the address handed to it.
  private struct Listener: Sendable {
    var function: ProgressFunction
    var context: UInt
  }

  private let state: Mutex<State>
  private let cancellation: Cancellation
  private let isClosed = Atomic<Bool>(false)
  private let printed: Printed
  private let listening: Listening

  /// What the program printed since the last call began.
  private final class Printed: Sendable {
    let lines = Mutex<[String]>([])
  }

  private final class Listening: Sendable {
    let listener = Mutex<Listener?>(nil)
    /// The threads that are inside the progress function: their calls on the session would wait for themselves.
    private let inside = Mutex<[UInt]>([])

    private static var thread: UInt { UInt(pthread_self()) }

    var isInside: Bool { inside.withLock { $0.contains(Self.thread) } }

    func report(_ work: WorkProgress) -> Bool {
      guard let listener = listener.withLock({ $0 }) else { return true }
      let thread = Self.thread
      inside.withLock { $0.append(thread) }
      defer { inside.withLock { threads in threads.firstIndex(of: thread).map { _ = threads.remove(at: $0) } } }
      return work.phase.withCString { phase in
        work.detail.withCString { detail in
          listener.function(phase, detail, work.fraction ?? -1, UnsafeMutableRawPointer(bitPattern: listener.context)) != 0
        }
      }
    }
  }

  init() {
    let printed = Printed()
    let listening = Listening()
    self.printed = printed
    self.listening = listening
    let session = Session(
      output: { output in printed.lines.withLock { $0.append(output.text) } }, progress: { listening.report($0) })
    cancellation = session.cancellation
    state = Mutex(State(session: session))
  }

  func cancel() { cancellation.cancel() }

  func close() {
    isClosed.store(true, ordering: .releasing)
    cancellation.cancel()
  }

  func listen(_ function: alea_progress?, context: UnsafeMutableRawPointer?) {
    listening.listener.withLock { $0 = function.map { Listener(function: $0, context: UInt(bitPattern: context)) } }
  }

  // MARK: Calls

  /// Does something with the session, and keeps what went wrong for whoever asks.
  func call(_ body: (Session) throws -> Void) -> alea_status {
    if listening.isInside { return ALEA_MISUSE }
    return state.withLock { state in
      let session = state.session
      state.report = Report()
      printed.lines.withLock { $0 = [] }
      let checked = session.expectations.count
      var status = ALEA_OK
      do {
        if isClosed.load(ordering: .acquiring) { throw Misuse("the session is closed") }
        try body(session)
      } catch let error as DiagnosticError {
        state.report.diagnostics = error.diagnostics
        status = session.hasStartedRunning ? ALEA_FAILED : ALEA_INVALID
      } catch let fault as Diagnostic {
        state.report.diagnostics = [fault]
        status = ALEA_FAILED
      } catch let cancelled as WorkCancelled {
        state.report.diagnostics = [.error("the work was stopped: \(cancelled.state)", at: nil)]
        status = ALEA_CANCELLED
      } catch let misuse as Misuse {
        state.report.diagnostics = [.error(misuse.message, at: nil, notes: misuse.notes)]
        status = ALEA_MISUSE
      } catch {
        state.report.diagnostics = [.error("\(error)", at: nil)]
        status = ALEA_FAILED
      }
      state.report.warnings = session.takeWarnings()
      let fresh = session.expectations.dropFirst(checked)
      state.report.passed = fresh.count { $0.passed }
      state.report.failed = fresh.filter { !$0.passed }.map(\.diagnostic)
      return status
    }
  }

  // MARK: Texts

  private static let insideText = CText("a progress function cannot call its session")

  /// A text about the last call, made once.
  func text(_ name: String, _ make: (Report, DiagnosticRenderer, [String]) -> String) -> UnsafePointer<CChar>? {
    if listening.isInside { return Self.insideText.pointer }
    return state.withLock { state in
      if let known = state.report.texts[name] { return UInt(bitPattern: known.pointer) }
      let renderer = DiagnosticRenderer(sources: state.session.sources, color: false)
      let text = CText(make(state.report, renderer, printed.lines.withLock { $0 }))
      state.report.texts[name] = text
      return UInt(bitPattern: text.pointer)
    }.pointer
  }

  /// Keeps a text of the last call for C.
  func keep(_ text: String, as name: String) -> UnsafePointer<CChar>? { self.text(name) { _, _, _ in text } }
}

extension UInt {
  fileprivate var pointer: UnsafePointer<CChar>? { UnsafePointer(bitPattern: self) }
}

/// A call that makes no sense, in words.
struct Misuse: Error {
  let message: String
  let notes: [String]

  init(_ message: String, notes: [String] = []) {
    self.message = message
    self.notes = notes
  }
}
