import AleaTerminal
@preconcurrency import CReadline
import Glibc

/// What came of asking for a line.
enum InputLine { case line(String), interrupted, end }

/// Edited lines from the terminal, by GNU readline's callback interface; Ctrl-C arrives through a pipe, so that none is lost.
///
/// Readline keeps its state in globals of the process: so does this, on the one thread that runs the prompt.
enum LineReader {
  /// Completions of readline's whole line: where the replaced word begins (in bytes), and what it may become.
  typealias Completer = (_ line: String, _ offset: Int) -> (start: Int, choices: [(text: String, summary: String)])

  nonisolated(unsafe) private static var pending: InputLine?
  nonisolated(unsafe) private static var wake: (read: Int32, write: Int32) = (-1, -1)
  nonisolated(unsafe) private static var completer: Completer = { _, offset in (offset, []) }
  nonisolated(unsafe) private static var matches: [String] = []
  nonisolated(unsafe) private static var nextMatch = 0
  nonisolated(unsafe) private static var summaries: [String: String] = [:]
  nonisolated(unsafe) private static var prompt = ""

  static func start(completer: @escaping Completer) {
    self.completer = completer
    var ends: [Int32] = [-1, -1]
    if pipe(&ends) == 0 {
      for end in ends {
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      }
      wake = (ends[0], ends[1])
      Terminal.wakeDescriptor = ends[1]
    }
    rl_readline_name = UnsafePointer(strdup("alea"))
    rl_catch_signals = 0
    rl_completer_word_break_characters = UnsafePointer(strdup(" \t\n\"()[]{},;:+-*/^=<>|~."))
    rl_completer_quote_characters = nil
    rl_attempted_completion_function = { text, start, end in
      rl_attempted_completion_over = 1
      return LineReader.complete(text, Int(start), Int(end))
    }
    rl_completion_display_matches_hook = { list, count, _ in LineReader.list(list, Int(count)) }
    // A long paste is drawn once, when it has all arrived.
    rl_redisplay_function = {
      if rl_end > 2_000, LineReader.hasInput(STDIN_FILENO) { return }
      rl_redisplay()
    }
    rl_variable_bind("enable-bracketed-paste", "on")
    using_history()
  }

  private static func hasInput(_ descriptor: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, 0) > 0
  }

  static func read(_ prompt: String) -> InputLine {
    pending = nil
    drainWake()
    rl_callback_handler_install(prompt) { raw in
      if let raw {
        LineReader.pending = .line(String(cString: raw))
        free(raw)
      } else {
        LineReader.pending = .end
      }
      rl_callback_handler_remove()
    }
    var waiting = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0), pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      if let pending { return pending }
      if poll(&waiting, 2, -1) < 0 {
        if errno == EINTR {
          rl_resize_terminal()
          continue
        }
        return .end
      }
      if waiting[1].revents & Int16(POLLIN) != 0 {
        drainWake()
        Terminal.forgetInterrupt()
        rl_callback_sigcleanup()
        rl_callback_handler_remove()
        Terminal.write("\n")
        return .interrupted
      }
      if waiting[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { rl_callback_read_char() }
    }
  }

  private static func drainWake() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while Glibc.read(wake.read, &bytes, bytes.count) > 0 {}
  }

  // MARK: Completion

  private static func complete(_ text: UnsafePointer<CChar>?, _ start: Int, _ end: Int)
    -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  {
    guard let text, let buffer = rl_line_buffer else { return nil }
    let found = completer(String(cString: buffer), end)
    // Readline may begin the word later (after a `-` in a file's name): what lies before stays as it is.
    let kept = max(0, start - found.start)
    matches = found.choices.compactMap { choice in
      choice.text.utf8.count >= kept ? String(decoding: choice.text.utf8.dropFirst(kept), as: UTF8.self) : nil
    }
    summaries = Dictionary(zip(matches, found.choices.map(\.summary)), uniquingKeysWith: { first, _ in first })
    nextMatch = 0
    rl_completion_append_character = 0
    rl_completion_suppress_append = 1
    return rl_completion_matches(text) { _, _ in
      guard LineReader.nextMatch < LineReader.matches.count else { return nil }
      defer { LineReader.nextMatch += 1 }
      return strdup(LineReader.matches[LineReader.nextMatch])
    }
  }

  /// The choices, one a line with its summary; many in columns without summaries.
  private static func list(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) {
    guard let list, count > 0 else { return }
    let names = (1...count).compactMap { index in list[index].map { String(cString: $0) } }
    let width = Terminal.width()
    let column = (names.map(\.count).max() ?? 0) + 2
    var text = "\n"
    if names.count <= max(8, (Terminal.height() ?? 24) - 4) {
      for name in names {
        let line = "  " + name + String(repeating: " ", count: column - name.count) + (summaries[name] ?? "")
        text += (line.count >= width ? line.prefix(width - 2) + "…" : line) + "\n"
      }
    } else {
      let perLine = max(1, (width - 1) / column)
      for (index, name) in names.enumerated() {
        text += name + String(repeating: " ", count: column - name.count)
        if index % perLine == perLine - 1 || index == names.count - 1 { text += "\n" }
      }
    }
    Terminal.write(text)
    rl_on_new_line()
    rl_forced_update_display()
  }
}
