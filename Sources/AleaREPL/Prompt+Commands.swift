import Alea
import AleaTerminal
import Glibc

/// What begins with a colon at the prompt.
enum PromptCommand: String, CaseIterable {
  case help, load, reload, edit, list, show, type, explain, ir, graph, set, time, save, history, quit

  var usage: String {
    switch self {
    case .help: ":help [NAME]"
    case .load: ":load FILE"
    case .reload: ":reload"
    case .edit: ":edit [FILE]"
    case .list: ":list"
    case .show: ":show NAME"
    case .type: ":type EXPRESSION"
    case .explain: ":explain MODEL"
    case .ir: ":ir MODEL"
    case .graph: ":graph MODEL"
    case .set: ":set [OPTION VALUE]"
    case .time: ":time [on | off | EXPRESSION]"
    case .save: ":save FILE"
    case .history: ":history"
    case .quit: ":quit"
    }
  }

  var summary: String {
    switch self {
    case .help: "this list, or what a name means"
    case .load: "read a file into the session"
    case .reload: "forget everything and read the loaded files again"
    case .edit: "open a file, or the session, in $EDITOR, then read it"
    case .list: "what is defined, by kind"
    case .show: "a definition as it was entered"
    case .type: "what kind of thing an expression is"
    case .explain: "how a model would be solved, and why"
    case .ir: "a model's intermediate representation"
    case .graph: "a model's dependence graph, as Graphviz text"
    case .set: "the options, or a new value for one"
    case .time: "say how long entries take, or one expression"
    case .save: "write the session as a program"
    case .history: "what was entered"
    case .quit: "leave"
    }
  }

  var takesFile: Bool { self == .load || self == .save || self == .edit }

  static func parse(_ line: String) -> (command: PromptCommand?, word: String, rest: String)? {
    guard line.hasPrefix(":") else { return nil }
    let parts = line.dropFirst().split(separator: " ", maxSplits: 1)
    let word = parts.first.map(String.init) ?? ""
    var rest = Substring(parts.count > 1 ? parts[1] : "")
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    let abbreviated = allCases.filter { $0.rawValue.hasPrefix(word) }
    let command = PromptCommand(rawValue: word) ?? (word.isEmpty || abbreviated.count != 1 ? nil : abbreviated[0])
    return (command, word, String(rest))
  }
}

extension Prompt {
  func run(command line: String) {
    guard let (command, word, rest) = PromptCommand.parse(line) else { return }
    attempt {
      guard let command else {
        let nearest = Spelling.nearest(word, in: PromptCommand.allCases.map(\.rawValue))
        throw DiagnosticError(
          .error(
            "there is no command `:\(word)`", at: nil, notes: nearest.map { ["did you mean `:\($0)`?"] } ?? ["`:help` lists them"]
          ))
      }
      try run(command, rest)
    }
  }

  private func run(_ command: PromptCommand, _ rest: String) throws {
    let needsArgument: Set<PromptCommand> = [.load, .show, .type, .save]
    if rest.isEmpty, needsArgument.contains(command) {
      throw DiagnosticError(.error("something is missing: `\(command.usage)`", at: nil))
    }
    switch command {
    case .help: try help(rest)
    case .load:
      try session.enter(file: rest)
      if !files.contains(rest) { files.append(rest) }
    case .reload: try reload()
    case .edit: try edit(rest)
    case .list:
      let kinds = session.definitions
      let width = (kinds.map(\.kind.count).max() ?? 0) + 2
      for (kind, names) in kinds {
        Terminal.write(kind + String(repeating: " ", count: width - kind.count) + names.joined(separator: ", ") + "\n")
      }
    case .show:
      guard let source = session.source(of: rest) else { throw unknown(rest) }
      Terminal.write(source.hasSuffix("\n") ? source : source + "\n")
    case .type: Terminal.write(try session.type(of: rest) + "\n")
    case .explain: Terminal.write(try session.explain(try modelName(rest)) + "\n")
    case .ir: Terminal.write(try session.process(of: try modelName(rest)).textualForm() + "\n")
    case .graph: Terminal.write(try session.graph(of: try modelName(rest), states: false).dot)
    case .set: try set(rest)
    case .time:
      switch rest {
      case "on", "": showsTime = rest == "on" || !showsTime
      case "off": showsTime = false
      default: timed(true) { enter(rest, name: "<entry>") }
      }
    case .save:
      let program = session.program()
      try SavedFile.write(Array(program.utf8), to: rest)
      Terminal.write("wrote \(rest)\n")
    case .history: for entry in history?.entries ?? [] { Terminal.write(entry + "\n") }
    case .quit: isDone = true
    }
  }

  private func modelName(_ rest: String) throws -> String { try session.onlyModel(or: rest.isEmpty ? nil : rest) }

  private func unknown(_ name: String) -> DiagnosticError {
    let nearest = Spelling.nearest(name, in: session.helpNames)
    return DiagnosticError(
      .error("nothing here is called `\(name)`", at: nil, notes: nearest.map { ["did you mean `\($0)`?"] } ?? []))
  }

  private func help(_ name: String) throws {
    if name.isEmpty {
      var text = "Enter declarations and expressions of the language; an unfinished form goes on in the next line.\n"
      text += "Tab completes, Ctrl-C stops work or clears the line, Ctrl-R searches the history, Ctrl-D leaves.\n"
      text += "An entry of several lines is recalled whole: the arrows move in it, Alt-Enter adds a line.\n\n"
      let width = PromptCommand.allCases.map(\.usage.count).max() ?? 0
      for command in PromptCommand.allCases {
        text += "  " + command.usage + String(repeating: " ", count: width - command.usage.count + 2) + command.summary + "\n"
      }
      text += "\nTopics: " + Session.helpTopics.joined(separator: ", ") + ".\n"
      text += "Any name has a page: `:help solve`, `:help ValueIteration`, `:help Inventory`, `:help std.policies`.\n"
      Terminal.write(text)
      return
    }
    if name.hasPrefix(":"), let command = PromptCommand.parse(name)?.command {
      Terminal.write(command.usage + "\n\n" + command.summary + "\n")
      return
    }
    guard let text = session.help(for: name) else { throw unknown(name) }
    Terminal.write(text + "\n")
  }

  private func reload() throws {
    if files.isEmpty { throw DiagnosticError(.error("no file has been loaded", at: nil, notes: ["`:load FILE` loads one"])) }
    try session.reset(to: files)
    Terminal.write("read again: \(files.joined(separator: ", "))\n")
  }

  private func edit(_ path: String) throws {
    var file = path.isEmpty ? files.last ?? "" : path
    let isTemporary = file.isEmpty
    if isTemporary {
      file = "/tmp/alea-\(getpid()).alea"
      try SavedFile.write(Array(session.program().utf8), to: file)
    }
    let editor = variable("VISUAL") ?? variable("EDITOR") ?? "vi"
    let quoted = "'" + file.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    guard Self.wait(for: ["/bin/sh", "-c", editor + " " + quoted]) == 0 else {
      throw DiagnosticError(.error("the editor `\(editor)` failed", at: nil, notes: ["set $EDITOR to the one you use"]))
    }
    if isTemporary {
      defer { unlink(file) }
      try session.reset(to: [file])
    } else {
      if !files.contains(file) { files.append(file) }
      try reload()
    }
  }

  private func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  private static func wait(for arguments: [String]) -> Int32 {
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    var child: pid_t = 0
    guard posix_spawn(&child, arguments[0], nil, nil, &pointers, environ) == 0 else { return -1 }
    var result: Int32 = 0
    while waitpid(child, &result, 0) < 0, errno == EINTR {}
    return result
  }

  private func set(_ rest: String) throws {
    let words = rest.split(separator: " ").map(String.init)
    guard let option = words.first else {
      let configuration = session.configuration
      Terminal.write(
        "tolerance  \(configuration.tolerance.map { "\($0)" } ?? "automatic")\nthreads    \(configuration.threads)\n"
          + "seed       \(configuration.seed)\ndigits     \(configuration.digits)\n"
          + "colour     \(usesColor.map { $0 ? "on" : "off" } ?? "automatic")\n")
      return
    }
    let value = words.count == 2 ? words[1] : ""
    func wrong(_ what: String) -> DiagnosticError { DiagnosticError(.error("`\(option)` takes \(what)", at: nil)) }
    switch option {
    case "tolerance":
      if value == "automatic" {
        session.configuration.tolerance = nil
      } else {
        guard let tolerance = Double(value), tolerance > 0, tolerance.isFinite else {
          throw wrong("a positive number, or automatic for each method's own")
        }
        session.configuration.tolerance = tolerance
      }
    case "seed":
      guard let seed = UInt64(value) else { throw wrong("a whole number from 0") }
      session.configuration.seed = seed
    case "threads":
      guard let threads = Int(value), threads >= 0 else { throw wrong("a number of threads, or 0 for all cores") }
      session.configuration.threads = threads
    case "digits":
      guard let digits = Int(value), (1...17).contains(digits) else { throw wrong("a number from 1 to 17") }
      session.configuration.digits = digits
    case "colour", "color":
      guard let choice = ["on": true, "off": false, "automatic": nil][value] else { throw wrong("on, off or automatic") }
      usesColor = choice
    default:
      let nearest = Spelling.nearest(option, in: ["tolerance", "threads", "seed", "digits", "colour"])
      throw DiagnosticError(
        .error(
          "there is no option `\(option)`", at: nil, notes: nearest.map { ["did you mean `\($0)`?"] } ?? ["`:set` lists them"]))
    }
  }
}
