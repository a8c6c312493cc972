import Alea
import AleaTerminal
import Glibc

/// The prompt: reads entries, feeds them into one session, shows what comes of them.
///
///     let status = Prompt(configuration: .init(), files: ["inventory.alea"]).run()
public final class Prompt {
  /// What is entered goes here; methods and functions registered with it are known at the prompt.
  public internal(set) var session: Session
  let progress: ProgressLine
  /// The files loaded so far, for `:reload` and `:edit`.
  var files: [String]
  var history: History?
  var showsTime = false
  var usesColor: Bool?
  var isDone = false
  var status: Int32 = 0
  let isInteractive: Bool
  private var entryCount = 0
  /// The lines of the entry at hand, while it is unfinished.
  private var text = ""

  /// - Parameter files: loaded before the first prompt.
  public init(configuration: Session.Configuration = .init(), files: [String] = []) {
    var configuration = configuration
    configuration.width = Terminal.width()
    let progress = ProgressLine(isEnabled: true)
    self.progress = progress
    self.files = files
    isInteractive = isatty(STDIN_FILENO) == 1
    session = Session(
      configuration: configuration,
      output: { output in
        progress.clear()
        Terminal.write(output.text + "\n")
        progress.start()
      },
      progress: { report in
        progress.show(report)
        return !Terminal.isInterrupted
      })
  }

  /// Reads until the input ends.
  ///
  /// - Returns: the exit status: 0, or for a script 1 when something failed while it ran and 2 when it is wrong.
  public func run() -> Int32 {
    for file in files {
      load(file)
      if status != 0, !isInteractive { return status }
    }
    if isInteractive { runInteractively() } else { runScript() }
    return isInteractive ? 0 : status
  }

  // MARK: At the terminal

  private func runInteractively() {
    history = History()
    LineReader.start { [unowned self] line, offset in completions(line, offset) }
    Terminal.write("Alea \(version)   :help for help, Ctrl-D to leave\n")
    while !isDone {
      switch LineReader.read(text.isEmpty ? "alea> " : "  ... ") {
      case .interrupted: text = ""
      case .end:
        if text.isEmpty {
          Terminal.write("\n")
          return
        }
        finish()
      case .line(let line):
        text += text.isEmpty ? line : "\n" + line
        if text.allSatisfy(\.isWhitespace) {
          text = ""
        } else if isCommand(text) || !EntryText.isUnfinished(text) {
          finish()
        }
      }
    }
  }

  private func finish() {
    defer { text = "" }
    history?.add(text)
    perform(text)
  }

  private func completions(_ line: String, _ offset: Int) -> (start: Int, choices: [(text: String, summary: String)]) {
    if line.hasPrefix(":"), !line.utf8.prefix(offset).contains(UInt8(ascii: " ")) {
      let choices = PromptCommand.allCases.filter {
        (":" + $0.rawValue).hasPrefix(String(decoding: line.utf8.prefix(offset), as: UTF8.self))
      }
      return (0, choices.map { (":" + $0.rawValue, $0.summary) })
    }
    if let command = PromptCommand.parse(line)?.command, command.takesFile {
      let start =
        line.utf8.firstIndex(of: UInt8(ascii: " ")).map { line.utf8.distance(from: line.startIndex, to: $0) + 1 } ?? offset
      let path = String(decoding: line.utf8.prefix(offset).dropFirst(start), as: UTF8.self)
      return (start, session.completions(in: "\"" + path, at: path.utf8.count + 1).choices.map { ($0.text, $0.summary) })
    }
    // A command's argument completes as the language does.
    let isCommand = line.hasPrefix(":")
    let found = session.completions(in: isCommand ? " " + line.dropFirst() : line, at: offset, after: text)
    return (found.start, found.choices.map { ($0.text, $0.summary) })
  }

  // MARK: From a pipe

  /// Commands stand on lines of their own; what lies between them is entered as one text, with the line numbers of the whole.
  private func runScript() {
    var text = ""
    var lines = 0
    func flush() {
      if !text.allSatisfy(\.isWhitespace) { enter(text, name: "<standard input>") }
      text = String(repeating: "\n", count: lines)
    }
    while let line = readLine(strippingNewline: true) {
      if isCommand(line) {
        flush()
        if status != 0 || isDone { return }
        run(command: line)
        if status != 0 || isDone { return }
      } else {
        text += line
      }
      text += "\n"
      lines += 1
    }
    flush()
  }

  // MARK: Entries

  func isCommand(_ text: String) -> Bool { text.hasPrefix(":") }

  private func perform(_ text: String) {
    Terminal.forgetInterrupt()
    session.configuration.width = Terminal.width()
    if isCommand(text) {
      run(command: text)
    } else {
      entryCount += 1
      enter(text, name: "<entry \(entryCount)>")
    }
    Terminal.forgetInterrupt()
  }

  func enter(_ text: String, name: String) {
    timed(showsTime) {
      attempt {
        try session.enter(text, name: name) { reply in show(reply) }
      }
    }
  }

  private func show(_ reply: SessionReply) {
    progress.clear()
    if isInteractive, !reply.confirmation.isEmpty { Terminal.write(reply.confirmation + "\n") }
    if isInteractive, !reply.stale.isEmpty {
      let names = reply.stale.map { "`\($0)`" }.joined(separator: ", ")
      Terminal.write(
        "note: \(names) \(reply.stale.count == 1 ? "keeps its value" : "keep their values") from the earlier one; enter again to recompute\n"
      )
    }
    if let value = reply.value { show(value) }
    progress.start()
  }

  /// A value, cut to what the terminal shows at once.
  func show(_ value: Value) {
    let lines = session.text(of: value).split(separator: "\n", omittingEmptySubsequences: false)
    guard isInteractive, let height = Terminal.height(), lines.count > max(10, height - 3) else {
      Terminal.write(lines.joined(separator: "\n") + "\n")
      return
    }
    let shown = max(8, height - 4)
    Terminal.write(lines.prefix(shown).joined(separator: "\n") + "\n… \(lines.count - shown) more lines; print(...) shows all\n")
  }

  func load(_ file: String) {
    if !files.contains(file) { files.append(file) }
    attempt { try session.enter(file: file) }
    if status == 0 || isInteractive { reportExpectations() }
  }

  private var expectationsSeen = 0

  private func reportExpectations() {
    let fresh = session.expectations.dropFirst(expectationsSeen)
    expectationsSeen = session.expectations.count
    let failed = fresh.filter { !$0.passed }
    write(failed.map(\.diagnostic))
    if !failed.isEmpty { status = 1 }
  }

  /// Runs `body` and says what went wrong; the session is as it was before what failed.
  func attempt(_ body: () throws -> Void) {
    status = 0
    progress.start()
    do {
      try body()
      progress.clear()
      write(session.takeWarnings())
      reportExpectations()
    } catch let error as DiagnosticError {
      progress.clear()
      write(session.takeWarnings() + error.diagnostics)
      status = session.hasStartedRunning ? 1 : 2
    } catch let fault as Diagnostic {
      progress.clear()
      write([fault])
      status = 1
    } catch let cancelled as WorkCancelled {
      progress.clear()
      Terminal.writeError("interrupted: \(cancelled.state)\n")
      status = Terminal.exitAfterInterrupt
    } catch {
      progress.clear()
      Terminal.writeError("error: \(error)\n")
      status = 1
    }
  }

  private func write(_ diagnostics: [Diagnostic]) {
    let renderer = DiagnosticRenderer(
      sources: session.sources, color: usesColor ?? Terminal.usesColor(STDERR_FILENO), width: Terminal.columns(STDERR_FILENO))
    for diagnostic in diagnostics { Terminal.writeError(renderer.render(diagnostic) + "\n") }
  }

  func timed(_ isOn: Bool, _ body: () -> Void) {
    let start = ContinuousClock.now
    body()
    guard isOn else { return }
    let time = start.duration(to: .now)
    let milliseconds = Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) * 1e-15
    Terminal.write(
      "took " + (milliseconds < 1000 ? "\((milliseconds * 10).rounded() / 10) ms" : "\((milliseconds / 10).rounded() / 100) s")
        + "\n")
  }
}
