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
    rl_variable_bind("enable-bracketed-paste", "on")
    using_history()
    rl_initialize()
    // A long paste is drawn once, when it has all arrived. Set any earlier, readline would take the terminal for one that cannot move
    // its cursor.
    rl_redisplay_function = {
      if rl_end > 2_000, LineReader.hasInput(STDIN_FILENO) { return }
      rl_redisplay()
    }
    bindLines()
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

  // MARK: Entries of several lines

  private static let newline = CChar(bitPattern: UInt8(ascii: "\n"))

  /// Up and down go through the lines of an entry before they go through the history, Home, End and Ctrl-K stay in a line, and Alt-Enter
  /// begins a new one; keys that the user gave another meaning keep it.
  private static func bindLines() {
    func bind(_ keys: [String], _ usual: String, _ function: @escaping @convention(c) (Int32, Int32) -> Int32) {
      let address = rl_named_function(usual).map { unsafeBitCast($0, to: UInt.self) }
      for key in keys where rl_function_of_keyseq(key, nil, nil).map({ unsafeBitCast($0, to: UInt.self) }) == address {
        rl_bind_keyseq(key, function)
      }
    }
    bind(["\u{1b}[A", "\u{1b}OA"], "previous-history") { count, key in
      LineReader.move(by: -1) ? 0 : rl_get_previous_history(count, key)
    }
    bind(["\u{1b}[B", "\u{1b}OB"], "next-history") { count, key in LineReader.move(by: 1) ? 0 : rl_get_next_history(count, key) }
    bind(["\u{1}", "\u{1b}[H", "\u{1b}OH", "\u{1b}[1~"], "beginning-of-line") { _, _ in
      rl_point = LineReader.lineStart
      return 0
    }
    bind(["\u{5}", "\u{1b}[F", "\u{1b}OF", "\u{1b}[4~"], "end-of-line") { _, _ in
      rl_point = LineReader.lineEnd
      return 0
    }
    bind(["\u{b}"], "kill-line") { _, _ in
      // At the end of a line its end goes, so that the next one joins it.
      let end = LineReader.lineEnd
      rl_kill_text(rl_point, end > rl_point ? end : min(end + 1, rl_end))
      return 0
    }
    // What Alt-Enter means without a configuration is of no use here.
    bind(["\u{1b}\r", "\u{1b}\n"], "vi-editing-mode") { _, _ in
      rl_insert_text("\n")
      return 0
    }
  }

  private static var buffer: UnsafeBufferPointer<CChar> { UnsafeBufferPointer(start: rl_line_buffer, count: Int(rl_end)) }

  /// Where the line of the cursor begins, and where it ends.
  private static var lineStart: Int32 {
    Int32(buffer[..<Int(rl_point)].lastIndex(of: newline).map { $0 + 1 } ?? 0)
  }
  private static var lineEnd: Int32 { buffer[Int(rl_point)...].firstIndex(of: newline).map(Int32.init) ?? rl_end }

  /// Moves the cursor to the line above or below, in the same column where there is one; false where there is no such line.
  private static func move(by direction: Int) -> Bool {
    let bytes = buffer
    let point = Int(rl_point)
    let start = bytes[..<point].lastIndex(of: newline).map { $0 + 1 } ?? 0
    let target: Range<Int>
    if direction < 0 {
      guard start > 0 else { return false }
      target = (bytes[..<(start - 1)].lastIndex(of: newline).map { $0 + 1 } ?? 0)..<(start - 1)
    } else {
      guard let end = bytes[point...].firstIndex(of: newline) else { return false }
      target = (end + 1)..<(bytes[(end + 1)...].firstIndex(of: newline) ?? bytes.count)
    }
    // Columns are counted in characters; a continuation byte of UTF-8 begins none.
    func isStart(_ index: Int) -> Bool { UInt8(bitPattern: bytes[index]) & 0xC0 != 0x80 }
    var column = (start..<point).count(where: isStart)
    var place = target.lowerBound
    while place < target.upperBound, column > 0 || !isStart(place) {
      if isStart(place) { column -= 1 }
      place += 1
      while place < target.upperBound, !isStart(place) { place += 1 }
    }
    rl_point = Int32(place)
    return true
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
