import Alea
import AleaTerminal
import ArgumentParser
import Glibc

/// A session wired to the terminal, and the place where everything that can go wrong is turned into words and a status.
struct Runner {
  let options: ProgramOptions
  let progress: ProgressLine

  init(_ options: ProgramOptions) {
    self.options = options
    progress = ProgressLine(isEnabled: !options.quiet)
  }

  func makeSession() -> Session {
    var configuration = Session.Configuration()
    configuration.seed = options.seed
    configuration.threads = options.threads
    configuration.tolerance = options.tolerance
    configuration.parameters = options.parameters
    configuration.showsTime = options.time
    configuration.width = Terminal.width()
    let progress = progress
    let json = options.json
    return Session(
      configuration: configuration,
      output: { output in
        progress.clear()
        Terminal.write((json ? output.json : output.text) + "\n")
        progress.start()
      },
      progress: { report in
        progress.show(report)
        return !Terminal.isInterrupted
      })
  }

  /// Reads the models of a program, or a PRISM model.
  func load(_ file: String, into session: Session) throws {
    if Session.isExplicit(file) {
      try session.load(explicit: file)
    } else if Session.isPrism(file) {
      try session.load(prism: file)
    } else {
      try session.load(file: file)
    }
  }

  /// Writes diagnostics to standard error in the chosen form.
  func show(_ diagnostics: [Diagnostic], from session: Session) {
    let shown = options.quiet ? diagnostics.filter { $0.severity == .error } : diagnostics
    let renderer = DiagnosticRenderer(
      sources: session.sources, color: Terminal.usesColor(STDERR_FILENO), width: Terminal.columns(STDERR_FILENO))
    progress.clear()
    for diagnostic in shown {
      switch options.diagnostics {
      case .text: Terminal.writeError(renderer.render(diagnostic) + "\n")
      case .json: Terminal.writeError(renderer.json(diagnostic) + "\n")
      }
    }
  }

  /// Runs `body`, says what went wrong, and returns the exit status.
  func status(of session: Session, _ body: () throws -> Void) -> Int32 {
    defer { progress.clear() }
    do {
      try body()
      show(session.takeWarnings(), from: session)
      return ExitStatus.success
    } catch let error as DiagnosticError {
      show(session.takeWarnings() + error.diagnostics, from: session)
      return session.hasStartedRunning ? ExitStatus.failure : ExitStatus.invalid
    } catch let fault as Diagnostic {
      show(session.takeWarnings() + [fault], from: session)
      return ExitStatus.failure
    } catch let cancelled as WorkCancelled {
      progress.clear()
      show(session.takeWarnings(), from: session)
      Terminal.writeError("interrupted: \(cancelled.state)\n")
      return ExitStatus.interrupted
    } catch let exit as Exit {
      return exit.status
    } catch {
      Terminal.writeError("error: \(error)\n")
      return ExitStatus.failure
    }
  }
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run a program: its queries, prints and expectations.")
  @OptionGroup var options: ProgramOptions
  @Option(
    name: .customLong("property"), parsing: .singleValue,
    help: ArgumentHelp(
      "Of a PRISM model: a file of properties, one of them (FILE:name), the name of one in a file beside the model, or a property itself.",
      valueName: "file[:name]"))
  var properties: [String] = []
  @Flag(help: "Of a PRISM model: answer its properties in fractions, by rational arithmetic.") var exact = false
  @Argument(
    help: "The program or PRISM model, or - for standard input.",
    completion: .file(extensions: ["alea", "prism", "nm", "pm", "sm"]))
  var file: String

  func run() throws {
    let runner = Runner(options)
    let session = runner.makeSession()
    if Session.isPrism(file) || Session.isExplicit(file) {
      if exact, properties.isEmpty { throw ValidationError("--exact needs --property: what is to be answered") }
      if exact, options.tolerance != nil {
        throw ValidationError("--exact gives fractions, which have no tolerance; leave out one of the two")
      }
      throw Exit(
        status: runner.status(of: session) {
          try session.run(prism: file, properties: properties, by: exact ? Exact() : nil)
        })
    }
    if exact { throw ValidationError("--exact is for properties of a PRISM model; in a program write `by: Exact()`") }
    if !properties.isEmpty { throw ValidationError("--property asks about a PRISM model, and \(file) is none") }
    var status = runner.status(of: session) { try session.run(file: file) }
    let failed = session.expectations.filter { !$0.passed }
    runner.show(failed.map(\.diagnostic), from: session)
    if status == ExitStatus.success, !failed.isEmpty { status = ExitStatus.failure }
    throw Exit(status: status)
  }
}

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Check programs without running their queries.")
  @OptionGroup var options: ProgramOptions
  @Argument(help: "The programs.", completion: .file(extensions: ["alea"])) var files: [String]

  func run() throws {
    let runner = Runner(options)
    var hasErrors = false
    for file in files {
      let session = runner.makeSession()
      let diagnostics =
        Session.isExplicit(file)
        ? session.check(explicit: file) : Session.isPrism(file) ? session.check(prism: file) : session.check(file: file)
      runner.show(diagnostics, from: session)
      if diagnostics.contains(where: { $0.severity == .error }) { hasErrors = true }
    }
    throw Exit(status: hasErrors ? ExitStatus.invalid : ExitStatus.success)
  }
}

struct Test: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run programs and count their expectations.")
  @OptionGroup var options: ProgramOptions
  @Flag(name: .shortAndLong, help: "Show what the programs print.") var verbose = false
  @Argument(help: "The programs.", completion: .file(extensions: ["alea"])) var files: [String]

  func run() throws {
    let runner = Runner(options)
    var passed = 0
    var failed = 0
    var status = ExitStatus.success
    for file in files {
      let session = runner.makeSession()
      session.isSilent = !verbose
      let ended = runner.status(of: session) { try session.run(file: file) }
      if ended == ExitStatus.interrupted { throw Exit(status: ended) }
      let failures = session.expectations.filter { !$0.passed }
      runner.show(failures.map(\.diagnostic), from: session)
      passed += session.expectations.count - failures.count
      failed += failures.count
      if ended != ExitStatus.success {
        Terminal.writeError("\(file): stopped by an error\n")
        failed += 1
      }
      if status != ExitStatus.invalid {
        status = ended != ExitStatus.success ? ended : failures.isEmpty ? status : ExitStatus.failure
      }
    }
    Terminal.write("\(passed) passed, \(failed) failed\n")
    throw Exit(status: status)
  }
}

struct Format: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Write programs in the canonical layout.")
  @Flag(help: "Change nothing; fail when a file is not in the canonical layout.") var check = false
  @Flag(name: .customLong("stdout"), help: "Print the result instead of rewriting the file.") var toStandardOutput = false
  @Argument(help: "The programs, or - for standard input.", completion: .file(extensions: ["alea"])) var files: [String]

  func run() throws {
    let runner = Runner(try ProgramOptions.parse([]))
    var status = ExitStatus.success
    for file in files {
      let session = runner.makeSession()
      let ended = runner.status(of: session) {
        let (original, formatted) = try session.format(file: file)
        if check {
          if original != formatted {
            Terminal.writeError("\(file): not in the canonical layout; run `alea format \(file)`\n")
            throw Exit(status: ExitStatus.failure)
          }
        } else if toStandardOutput || file == "-" {
          Terminal.write(formatted)
        } else if original != formatted {
          try SavedFile.write(Array(formatted.utf8), to: file)
        }
      }
      if ended != ExitStatus.success { status = ended }
    }
    throw Exit(status: status)
  }
}

struct IR: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ir", abstract: "Print the intermediate representation of a program's models.")
  @OptionGroup var options: ProgramOptions
  @Argument(help: "The program.", completion: .file(extensions: ["alea"])) var file: String
  @Argument(help: "One model; all when left out.") var model: String?

  func run() throws {
    let runner = Runner(options)
    let session = runner.makeSession()
    throw Exit(
      status: runner.status(of: session) {
        try runner.load(file, into: session)
        for name in try session.modelNames(or: model) {
          let process = try session.process(of: name)
          Terminal.write((options.json ? try JSONText.encode(process) : process.textualForm()) + "\n")
        }
      })
  }
}

struct Graph: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw the dependence graph of a model, or its states, by Graphviz.")
  @OptionGroup var options: ProgramOptions
  @Flag(help: "Draw the states and their transitions instead of the variables.") var states = false
  @Option(
    name: .shortAndLong, help: "The picture to write (.svg, .png, .pdf or .dot); dot text on standard output when left out.")
  var output: String?
  @Argument(help: "The program.", completion: .file(extensions: ["alea"])) var file: String
  @Argument(help: "The model; may be left out when there is one.") var model: String?

  func run() throws {
    let runner = Runner(options)
    let session = runner.makeSession()
    throw Exit(
      status: runner.status(of: session) {
        try runner.load(file, into: session)
        let drawing = try session.graph(of: try session.onlyModel(or: model), states: states)
        if let output {
          try drawing.save(to: output)
        } else {
          Terminal.write(drawing.dot)
        }
      })
  }
}

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a model in the notation of another tool.",
    discussion: """
      drn: Storm's explicit format. tra: PRISM's explicit files (.tra, .sta, .lab, .srew, .trew). umb: the unified Markov binary \
      format of Storm, PRISM and Modest. dot: the graph of the states, or of a causal model. What these cannot say is noted.
      alea, prism, jani: commands over variables, as the model has them, without listing its states. A PRISM model can be written as \
      each of the three, an mdp of Alea as prism and jani. What the format cannot express is listed with its place, and nothing is \
      written, unless --partial is given.
      """)
  @OptionGroup var options: ProgramOptions
  @Option(name: .customLong("to"), help: "The format: drn, tra, umb, dot, alea, prism or jani.") var format: ModelFormat
  @Option(name: .shortAndLong, help: "The file to write; the first text on standard output when left out.")
  var output: String?
  @Option(help: "A file of properties of the PRISM model, which become questions (alea, prism, jani).") var properties: String?
  @Flag(help: "Leave out what the format cannot express, and say so.") var partial = false
  @Flag(help: "Of a ctmc write the embedded chain (alea): what is reached stays the same, times are lost.") var embedded = false
  @Argument(help: "A PRISM model, a file of states and transitions, or a program.") var file: String
  @Argument(help: "The model of a program; may be left out when there is one.") var model: String?

  func validate() throws {
    if format == .umb, output == nil { throw ValidationError("umb is not a text: name the file to write with --output") }
  }

  func run() throws {
    let runner = Runner(options)
    let session = runner.makeSession()
    throw Exit(
      status: runner.status(of: session) {
        let (files, notes) = try session.convert(
          file, to: format, model: model, properties: properties, isPartial: partial, isEmbedded: embedded)
        for (index, part) in files.enumerated() {
          if let output {
            let ending = "." + SavedFile.fileExtension(output)
            let base = ending == ".\(format.rawValue)" ? String(output.dropLast(ending.count)) : output
            try SavedFile.write(part.bytes, to: base + part.ending)
          } else if index == 0 {
            Terminal.write(String(decoding: part.bytes, as: UTF8.self))
          }
        }
        if !options.quiet { for note in notes { Terminal.writeError("note: \(note)\n") } }
      })
  }
}

extension ModelFormat: @retroactive ExpressibleByArgument {}

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say how a program's models would be solved: the path of reductions, the method, and why.")
  @OptionGroup var options: ProgramOptions
  @Argument(help: "The program.", completion: .file(extensions: ["alea"])) var file: String
  @Argument(help: "One model; all when left out.") var model: String?

  func run() throws {
    let runner = Runner(options)
    let session = runner.makeSession()
    throw Exit(
      status: runner.status(of: session) {
        try runner.load(file, into: session)
        for name in try session.modelNames(or: model) { Terminal.write(try session.explain(name) + "\n") }
      })
  }
}
