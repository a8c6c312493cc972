import Alea
import Glibc
import Synchronization

/// Whether Ctrl-C was pressed; set by the signal handler, polled by long work.
private let interrupted = Atomic<Bool>(false)

/// The terminal the command talks to: what is a terminal, colour, the progress line, interruption.
public enum Terminal {
  public static let exitAfterInterrupt: Int32 = 130

  public static var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }

  /// Forgets that Ctrl-C was pressed.
  public static func forgetInterrupt() { interrupted.store(false, ordering: .relaxed) }

  /// The lines of the terminal behind a descriptor; nil for files and pipes.
  public static func height(_ descriptor: Int32 = STDOUT_FILENO) -> Int? {
    var size = winsize()
    if isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 4 { return Int(size.ws_row) }
    return nil
  }

  /// Colour on a stream when it is a terminal and the user did not refuse (https://no-color.org).
  public static func usesColor(_ descriptor: Int32) -> Bool {
    if let refusal = getenv("NO_COLOR"), refusal.pointee != 0 { return false }
    if let kind = getenv("TERM"), String(cString: kind) == "dumb" { return false }
    return isatty(descriptor) == 1
  }

  /// The columns of the terminal behind a descriptor; nil for files and pipes.
  public static func columns(_ descriptor: Int32) -> Int? {
    var size = winsize()
    if isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 { return Int(size.ws_col) }
    return nil
  }

  /// The width of the terminal behind a descriptor, or 100 for files and pipes.
  public static func width(_ descriptor: Int32 = STDOUT_FILENO) -> Int { columns(descriptor) ?? 100 }

  /// Where Ctrl-C leaves a byte for a prompt that waits; then no number of presses ends the process. Set once, before the prompt.
  nonisolated(unsafe) public static var wakeDescriptor: Int32?

  /// The first Ctrl-C asks long work to end; the second ends the process at once.
  public static func catchInterrupts() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      if let wake = Terminal.wakeDescriptor {
        var byte: UInt8 = 1
        interrupted.store(true, ordering: .relaxed)
        _ = Glibc.write(wake, &byte, 1)
        return
      }
      if interrupted.exchange(true, ordering: .relaxed) { _exit(Terminal.exitAfterInterrupt) }
    }
    sigemptyset(&action.sa_mask)
    sigaction(SIGINT, &action, nil)
    // Whoever started the command may have blocked the signal.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  public static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
    var text = text
    text.withUTF8 { bytes in
      var offset = 0
      while offset < bytes.count {
        let written = Glibc.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
        if written < 0 {
          if errno == EINTR || errno == EAGAIN { continue }
          return
        }
        offset += written
      }
    }
  }

  public static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }
}

/// A line on the terminal that says how far long work is, and disappears when it is done.
public final class ProgressLine: Sendable {
  private struct State {
    var isShown = false
    var started = ProgressLine.now()
    var last = 0.0
  }

  private let state = Mutex(State())
  private let isEnabled: Bool

  /// - Parameter isEnabled: false in pipes and for `--quiet`.
  public init(isEnabled: Bool) { self.isEnabled = isEnabled && isatty(STDERR_FILENO) == 1 }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  public func start() { state.withLock { $0.started = Self.now() } }

  /// Shows the state of the work at most ten times a second, and not during the first half second.
  public func show(_ progress: WorkProgress) {
    guard isEnabled else { return }
    state.withLock { state in
      let now = Self.now()
      guard now - state.started > 0.5, now - state.last > 0.1 else { return }
      state.last = now
      state.isShown = true
      var line = "\(progress.phase)  \(progress.detail)"
      if let fraction = progress.fraction {
        let cells = 20
        let filled = max(0, min(cells, Int(fraction * Double(cells))))
        line += "  [" + String(repeating: "#", count: filled) + String(repeating: ".", count: cells - filled) + "]"
      }
      Terminal.writeError("\r\u{1B}[K" + String(line.prefix(Terminal.width(STDERR_FILENO) - 1)))
    }
  }

  public func clear() {
    state.withLock { state in
      if state.isShown { Terminal.writeError("\r\u{1B}[K") }
      state.isShown = false
    }
  }
}
