import AleaNumerics
import Glibc

/// A place where programs run: it reads texts, keeps what they define, answers their questions, and prints nothing by itself.
///
///     let session = Session()
///     try session.run(text: "mdp Coin { ... }", name: "coin.alea")
///     print(try session.evaluate("solve(Coin).bound"))
///
/// A session is used from one thread at a time; several sessions may run at once.
public final class Session {
  /// What a session can be told before it runs.
  public struct Configuration: Sendable {
    /// The seed of simulations that name none.
    public var seed: UInt64 = 0
    /// Worker threads; 0 takes all cores. Answers do not depend on it.
    public var threads = 0
    /// The guaranteed error to aim at where a question names none; nil for each method's own.
    public var tolerance: Double?
    /// Values of `param`s, by name, as text.
    public var parameters: [(name: String, value: String)] = []
    /// Columns that printed answers may take.
    public var width = 100
    public var digits = 6
    /// Whether printed answers say how long they took.
    public var showsTime = false
    /// The tail mass at which draws without end are cut.
    public var tailMass = 1e-12
    /// The memory a model may take, in bytes; nil for what the machine has.
    public var memoryLimit: Int?
    /// The memory that the states of models may take which were explored for earlier questions, in bytes; 0 keeps none.
    public var keptMemory = 1 << 28

    public init() {}
  }

  /// Something a program prints.
  public struct Output: Sendable {
    public let text: String
    /// The values printed, in full, as JSON.
    public let json: String
  }

  /// A checked `expect`.
  public struct Expectation: Sendable {
    public let passed: Bool
    /// What failed, with both values and the place.
    public let diagnostic: Diagnostic
  }

  let core: SessionCore
  public var configuration: Configuration {
    get { core.configuration }
    set { core.configuration = newValue }
  }
  public var expectations: [Expectation] { core.expectations }
  /// Suppresses what programs print.
  public var isSilent: Bool {
    get { core.isSilent }
    set { core.isSilent = newValue }
  }
  /// Whether a program got past its checks: what fails from then on failed while running.
  public internal(set) var hasStartedRunning = false
  /// What was entered at a prompt and still holds.
  var entries: [SessionEntry] = []
  var environment: Environment
  /// The functions written in Swift, on which what programs define stands.
  let natives: Environment
  let loader: SourceLoader

  /// - Parameters:
  ///   - output: receives what programs print.
  ///   - progress: called now and then during long work; returns false to end it.
  public init(
    configuration: Configuration = Configuration(), output: @escaping @Sendable (Output) -> Void = { _ in },
    progress: @escaping @Sendable (WorkProgress) -> Bool = { _ in true }
  ) {
    core = SessionCore(configuration: configuration, output: output, progress: progress)
    loader = SourceLoader()
    natives = Natives.environment(core)
    environment = Environment(parent: natives)
    core.pathBesideProgram = { [loader] path, span in loader.path(path, from: span.file) }
    core.readSource = { [loader] path in try loader.read(path) }
    core.addSource = { [loader] name, text in loader.add(text: text, name: name) }
    core.sourceText = { [loader] span in
      guard let span, let file = loader.sources[span.file] else { return "" }
      return file.text(in: span)
    }
  }

  /// Ends this session's work from any thread.
  public var cancellation: Cancellation { core.cancellation }

  /// The texts read so far: what places in messages refer to.
  public var sources: SourceMap { loader.sources }

  /// Warnings since the last call.
  public func takeWarnings() -> [Diagnostic] {
    defer { core.warnings = [] }
    return core.warnings
  }

  // MARK: Programs

  /// Checks and runs a file; `-` is standard input.
  ///
  /// - Throws: `DiagnosticError` with everything that is wrong, or `WorkCancelled`.
  public func run(file path: String) throws { try cancellation.during { try run(loader.read(path)) } }

  /// Checks and runs a text.
  public func run(text: String, name: String) throws { try cancellation.during { try run(loader.add(text: text, name: name)) } }

  private func run(_ file: SourceFile) throws {
    let program = try checked(file)
    hasStartedRunning = true
    try load(program, queries: true)
  }

  /// Reads a file's declarations without running its queries.
  public func load(file path: String) throws {
    let program = try checked(loader.read(path))
    try load(program, queries: false)
  }

  /// What is wrong with a file, without running its queries.
  public func check(file path: String) -> [Diagnostic] {
    do {
      return check(try loader.read(path)).diagnostics
    } catch let error as DiagnosticError {
      return error.diagnostics
    } catch {
      return [.error("\(error)", at: nil)]
    }
  }

  /// What is wrong with a text, without running its queries.
  public func check(text: String, name: String) -> [Diagnostic] { check(loader.add(text: text, name: name)).diagnostics }

  private func checked(_ file: SourceFile) throws -> AST.Program {
    let (program, diagnostics) = check(file)
    core.warnings += diagnostics.filter { $0.severity != .error }
    if diagnostics.contains(where: { $0.severity == .error }) {
      throw DiagnosticError(diagnostics.filter { $0.severity == .error })
    }
    return program
  }

  private func check(_ file: SourceFile) -> (program: AST.Program, diagnostics: [Diagnostic]) {
    let (program, syntax) = Parser.parseProgram(file)
    if syntax.contains(where: { $0.severity == .error }) { return (program, syntax) }
    let scratch = Environment(parent: environment)
    let diagnostics = Checker.check(program, in: scratch, loader: loader, parameters: parameters)
    return (program, Checker.inOrder(syntax + diagnostics))
  }

  var parameters: [String: String] {
    Dictionary(configuration.parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
  }

  private func load(_ program: AST.Program, queries: Bool) throws {
    let runner = ProgramRunner(environment: environment, loader: loader, parameters: parameters, isChecking: false)
    _ = runner.declare(program)
    for item in program.items {
      if !queries {
        // A `let` may ask a question too: what only `run` can answer is left out.
        if case .query = item.kind { continue }
        let checker = ProgramRunner(environment: environment, loader: loader, parameters: parameters, isChecking: true)
        _ = try checker.run(item)
        continue
      }
      try core.stopIfCancelled()
      _ = try runner.run(item)
    }
  }

  /// The value of one expression over what has been loaded.
  ///
  /// - Throws: `DiagnosticError`, or `WorkCancelled`.
  public func evaluate(_ text: String) throws -> Value {
    hasStartedRunning = false
    let file = loader.add(text: text, name: "<expression>")
    let (expression, diagnostics) = Parser.parseExpression(file)
    if !diagnostics.isEmpty { throw DiagnosticError(diagnostics) }
    hasStartedRunning = true
    let runner = ProgramRunner(environment: environment, loader: loader, isChecking: false)
    return try cancellation.during { try runner.run(AST.Item(.query(expression), expression.span)) ?? .nothing }
  }

  // MARK: Models

  /// The models defined, or the one named.
  public func modelNames(or name: String?) throws -> [String] {
    let models = environment.ownNames.filter { if case .model? = environment[$0]?.kind { true } else { false } }
    guard let name else {
      if models.isEmpty { throw DiagnosticError(.error("the program defines no model", at: nil)) }
      return models
    }
    guard models.contains(name) else {
      let nearest = Spelling.nearest(name, in: models)
      throw DiagnosticError(
        .error(
          "there is no model `\(name)`", at: nil,
          notes: nearest.map { ["did you mean `\($0)`?"] } ?? ["the models are \(models.joined(separator: ", "))"]))
    }
    return [name]
  }

  /// The model named, or the only one.
  public func onlyModel(or name: String?) throws -> String {
    let names = try modelNames(or: name)
    if names.count > 1 {
      throw DiagnosticError(.error("the program defines several models: name one of \(names.joined(separator: ", "))", at: nil))
    }
    return names[0]
  }

  /// A model with arguments, as an object of the language.
  public func model(_ name: String) throws -> ModelObject {
    guard case .model(let definition)? = environment[name]?.kind else {
      throw DiagnosticError(.error("there is no model `\(name)`", at: nil))
    }
    return ModelObject(definition: definition, arguments: [])
  }

  /// The intermediate representation of a model with its default parameters.
  public func process(of name: String) throws -> Process { try model(name).instantiate() }

  /// How a model would be solved, and why.
  public func explain(_ name: String) throws -> String { try core.explain(model(name), span: nil) }

  /// The dependence graph of a model, or the graph of its states.
  public func graph(of name: String, states: Bool) throws -> GraphDrawing {
    let process = try process(of: name)
    return states ? try core.stateGraph(process) : core.dependenceGraph(process)
  }

  /// A file in the canonical layout.
  ///
  /// - Throws: `DiagnosticError` when the file has errors: what is not understood is not rewritten.
  public func format(file path: String) throws -> (original: String, formatted: String) {
    let file = try loader.read(path)
    return (String(decoding: file.bytes, as: UTF8.self), try Formatter.format(file))
  }
}

/// The part of a session that its native functions share.
final class SessionCore: @unchecked Sendable {
  var configuration: Session.Configuration
  let output: @Sendable (Session.Output) -> Void
  let progress: @Sendable (WorkProgress) -> Bool
  var expectations: [Session.Expectation] = []
  var warnings: [Diagnostic] = []
  var isSilent = false
  /// The states of models that were asked about before.
  var explored = ExplorationMemory()
  /// What was added to the language from outside.
  var registered: [NativeFunction] = []
  var registeredMethods: [any Method.Type] = []
  let cancellation = Cancellation()
  /// The text at a place, for answers that repeat the question.
  var sourceText: (SourceSpan?) -> String = { _ in "" }
  /// A path as written in a program, relative to the folder of the program's file.
  var pathBesideProgram: (String, SourceSpan) -> String = { path, _ in path }
  /// Reads a text that messages may point into.
  var readSource: (String) throws -> SourceFile = { throw DiagnosticError(.error("there is no file `\($0)`", at: nil)) }
  /// Makes a text one that messages may point into.
  var addSource: (_ name: String, _ text: String) -> SourceFile = {
    SourceFile(id: FileID(index: .max), name: $0, text: $1)
  }

  init(
    configuration: Session.Configuration, output: @escaping @Sendable (Session.Output) -> Void,
    progress: @escaping @Sendable (WorkProgress) -> Bool
  ) {
    self.configuration = configuration
    self.output = output
    self.progress = progress
  }

  var control: WorkControl {
    let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    return WorkControl(threads: configuration.threads == 0 ? cores : configuration.threads) { [cancellation, progress] work in
      !cancellation.isCancelled && progress(work)
    }
  }

  /// Between the items of a program, where nothing is half done.
  func stopIfCancelled() throws {
    if cancellation.isCancelled { throw WorkCancelled(state: "stopped between two items of the program") }
  }

  var report: ReportOptions {
    ReportOptions(width: configuration.width, digits: configuration.digits, showsTime: configuration.showsTime)
  }

  static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
