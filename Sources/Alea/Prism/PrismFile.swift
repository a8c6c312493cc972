import AleaSemantics

/// A PRISM model read from a file, with values for its constants.
///
/// Like an environment it belongs to one session, which is used from one thread at a time: what has been explored is kept for the next
/// property.
final class PrismFile: ModelSource, @unchecked Sendable {
  let name: String
  let model: PrismModel
  let constants: [String: PrismGiven]
  let path: String?
  /// Names that may be given for the sake of a properties file.
  private var propertyConstants = Set<String>()
  private var lowered: PrismProgram?
  private var kept: PrismExploration?

  init(name: String, model: PrismModel, constants: [String: PrismGiven], path: String? = nil) {
    self.name = name
    self.path = path
    self.model = model
    self.constants = constants
  }

  static let endings = ["prism", "nm", "pm", "sm"]

  static func isPrism(_ path: String) -> Bool { endings.contains(SavedFile.fileExtension(path)) }

  /// The file's name without folder and ending.
  static func stem(_ path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    return file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
  }

  /// - Throws: `DiagnosticError` with everything that is wrong with the text.
  convenience init(_ file: SourceFile, constants: [String: PrismGiven], warnings: inout [Diagnostic]) throws {
    let (model, diagnostics) = PrismParser.parseModel(file)
    if diagnostics.contains(where: { $0.severity == .error }) { throw DiagnosticError(Checker.inOrder(diagnostics)) }
    warnings += diagnostics
    let path = SourceLoader.isReadable(file.name) ? file.name : nil
    self.init(name: Self.stem(file.name), model: model, constants: constants, path: path)
  }

  /// The model with its constants; names that only properties declare may be given as well.
  func program(allowing names: Set<String> = []) throws -> PrismProgram {
    if let lowered, names.isSubset(of: propertyConstants) { return lowered }
    propertyConstants.formUnion(names)
    do {
      let program = try PrismProgram(model, name: name, constants: constants, ignoring: propertyConstants)
      lowered = program
      return program
    } catch let error as DiagnosticError {
      throw DiagnosticError(Checker.inOrder(error.diagnostics))
    }
  }

  func process() throws -> Process { try program().process }

  var variableNames: [String] {
    guard let process = try? process() else { return [] }
    return process.variables.filter { $0.role == .state }.map(\.name)
  }

  /// The states of the model; states without an enabled command have a loop of their own.
  func exploration(_ core: SessionCore) throws -> PrismExploration { try exploration(core, byCommands: true) }

  /// - Parameter byCommands: explores a chain of many outcomes a step command by command.
  private func exploration(_ core: SessionCore, byCommands: Bool) throws -> PrismExploration {
    if let kept, byCommands || kept.commands == nil { return kept }
    let start = SessionCore.seconds()
    var program = try program(allowing: propertyConstants)
    let commands = byCommands ? try self.commands(of: program, core) : nil
    var explored = try commands?.merged(as: program.process) ?? explore(program, core)
    var deadlocks = explored.deadlocks.count
    if deadlocks > 0 {
      program = try PrismProgram(
        model, name: name, constants: constants, ignoring: propertyConstants, fixesDeadlocks: true)
      explored = try explore(program, core)
    } else if program.type != .mdp {
      var context = try PrismContext(program)
      let (process, condition) = try context.deadlock()
      deadlocks = try explored.evaluate(condition, in: process).reduce(0) { $0 + ($1 == 1 ? 1 : 0) }
    }
    let result = PrismExploration(
      program: program, explored: explored, deadlocks: deadlocks, seconds: SessionCore.seconds() - start, commands: commands)
    if kept == nil { core.warnings += program.warnings + explored.warnings }
    kept = result
    return result
  }

  /// The states with the model's numbers as fractions.
  func exploration(_ core: SessionCore, for method: Exact) throws -> PrismExploration {
    var result = try exploration(core, byCommands: false)
    if result.explored.sparse.exact != nil { return result }
    if let unmet = method.unmetSize(of: result.explored.sparse) { throw core.diagnostic(unmet, at: nil) }
    do {
      var explored = result.explored
      if result.program.type == .mdp {
        // Of an mdp rewards are computed when they are asked for; in fractions all of them are.
        let process = result.program.process
        var sparse = explored.sparse
        sparse.channels = try process.channels.indices.map { index in
          .init(name: process.channels[index].name, reward: try result.reward(index))
        }
        explored = ExploredProcess(
          process: process, sparse: sparse, states: explored.states, actions: explored.actions,
          choiceAction: explored.choiceAction, deadlocks: explored.deadlocks, warnings: explored.warnings)
      }
      result.explored = try explored.exact(control: core.control)
    } catch var error as DiagnosticError {
      for index in error.diagnostics.indices { result.program.locate(&error.diagnostics[index]) }
      throw error
    }
    return result
  }

  /// Chains of more outcomes a step than this are explored command by command.
  private static let mostOutcomes = 64

  private func commands(of program: PrismProgram, _ core: SessionCore) throws -> ChainCommands? {
    guard program.type != .mdp, program.stepOutcomes > Self.mostOutcomes else { return nil }
    let choosing = try PrismProgram(
      model, name: name, constants: constants, ignoring: propertyConstants, choosesCommand: true)
    let explored = try explore(choosing, core)
    // Where no command has a rate above zero the chain itself says what is wrong.
    return explored.deadlocks.isEmpty ? try ChainCommands(choosing, explored) : nil
  }

  private func explore(_ program: PrismProgram, _ core: SessionCore) throws -> ExploredProcess {
    var process = program.process
    if !process.variables(with: .action).isEmpty {
      // What choices earn is computed when a property asks for it.
      process.channels = []
    } else if program.type == .ctmc {
      // The mean time spent in each state, for everything that is measured in time.
      process.channels.append(RewardChannel(name: "", isCost: false, amount: program.stepTime, span: nil))
    }
    let options = ExplorationOptions(memoryLimit: core.configuration.memoryLimit)
    do {
      return try Explorer.explore(process, options: options, control: core.control)
    } catch var error as DiagnosticError {
      for index in error.diagnostics.indices { program.locate(&error.diagnostics[index]) }
      throw error
    }
  }
}

/// A PRISM model with all its states.
struct PrismExploration {
  let program: PrismProgram
  var explored: ExploredProcess
  /// How many states have no enabled command.
  let deadlocks: Int
  let seconds: Double
  /// What each state earns of each rewards structure, where the model was read as rows.
  var stateRewards: [Column<Double>]?
  /// The commands of a chain that was explored command by command.
  let commands: ChainCommands?

  private let rewards = RewardColumns()

  init(
    program: PrismProgram, explored: ExploredProcess, deadlocks: Int, seconds: Double, stateRewards: [Column<Double>]? = nil,
    commands: ChainCommands? = nil
  ) {
    self.commands = commands
    self.program = program
    self.explored = explored
    self.deadlocks = deadlocks
    self.seconds = seconds
    self.stateRewards = stateRewards
  }

  /// What each choice earns of a rewards structure.
  ///
  /// - Throws: `DiagnosticError` where that is no finite number.
  func reward(_ index: Int) throws -> Column<Double> {
    if index < explored.sparse.channels.count { return explored.sparse.channels[index].reward }
    if let known = rewards.known[index] { return known }
    do {
      let column =
        try commands?.mean(ofReward: index)
        ?? explored.reward(program.process.channels[index].amount, in: program.process)
      rewards.known[index] = column
      return column
    } catch var error as DiagnosticError {
      for index in error.diagnostics.indices { program.locate(&error.diagnostics[index]) }
      throw error
    }
  }

  /// Columns that were asked for.
  private final class RewardColumns {
    var known: [Int: Column<Double>] = [:]
  }

  /// In a ctmc the mean time of each choice; elsewhere every step takes one.
  var stepTime: Column<Double> {
    if let commands { return commands.stepTime }
    return program.type == .ctmc
      ? explored.sparse.channels[program.rewardNames.count].reward
      : Column(repeating: 1, count: explored.sparse.choiceCount)
  }
}
