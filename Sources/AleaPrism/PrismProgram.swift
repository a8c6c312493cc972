import AleaModel
import AleaSyntax

/// A PRISM model with values for its constants, lowered to a process.
///
///     let program = try PrismProgram(model, name: "consensus.2", constants: ["K": .integer(2)])
///     let explored = try Explorer.explore(program.process)
///
/// **Form.** The variables of the model are the states. Every combination of commands that can be taken together (one unlabelled
/// command, or one command of each module that takes part in an action) is one value of `command`: chosen in an mdp, drawn uniformly
/// among those enabled in a dtmc, drawn in proportion to their rates in a ctmc (its embedded chain). `outcome` is the number of the
/// combination of updates that happens. Combinations whose guards exclude each other are left out.
public struct PrismProgram: Sendable {
  public let model: PrismModel
  public let type: PrismModelType
  /// Every reward structure is a channel, in the order of the text.
  public internal(set) var process: Process
  /// Whether states without an enabled command have a loop of their own, as PRISM gives them by default.
  public let fixesDeadlocks: Bool
  /// Names and expressions; its pool holds that of the process.
  var scope: PrismScope
  /// The names of the reward structures; nil for the one without a name.
  public internal(set) var rewardNames: [String?] = []
  /// What one step takes: 1, or in a ctmc the mean time spent in the state.
  public internal(set) var stepTime: ExpressionID
  /// The rate of the command taken, in a ctmc; 1 elsewhere.
  public internal(set) var commandRate = ExpressionID(0)
  /// How many combinations of a command and an outcome there may be in a step.
  public internal(set) var stepOutcomes = 1
  /// The commands behind each value of `command`.
  public internal(set) var commandSpans: [[SourceSpan]] = []
  public internal(set) var warnings: [Diagnostic] = []

  /// The labels of the model by name, with their conditions on states.
  public var labelNames: [String] { model.labels.map(\.name.text) }

  /// Lowers a model.
  ///
  /// - Parameters:
  ///   - constants: values of the constants that the model leaves open; they also replace those it sets.
  ///   - ignoring: names that may be given although the model has no such constant (those of a properties file).
  ///   - fixesDeadlocks: adds the loop to states without an enabled command; dtmcs and ctmcs always have it.
  ///   - choosesCommand: makes `command` a choice in a chain too, for an exploration command by command.
  /// - Throws: `DiagnosticError` with everything that is wrong.
  public init(
    _ model: PrismModel, name: String, constants: [String: PrismGiven] = [:], ignoring: Set<String> = [],
    fixesDeadlocks: Bool = false, choosesCommand: Bool = false
  ) throws {
    var lowering = PrismLowering(
      model, name: name, constants: constants, fixesDeadlocks: fixesDeadlocks, choosesCommand: choosesCommand)
    lowering.run(ignoring: ignoring)
    var seen = Set<Diagnostic>()
    let diagnostics = (lowering.scope.diagnostics).filter { seen.insert($0).inserted }
    if diagnostics.contains(where: { $0.severity == .error }) || lowering.hasFailed {
      throw DiagnosticError(
        diagnostics.isEmpty ? [.error("the model could not be built", at: model.typeSpan)] : diagnostics)
    }
    self.model = model
    type = lowering.type
    process = lowering.process
    scope = lowering.scope
    self.fixesDeadlocks = fixesDeadlocks || lowering.type != .mdp
    rewardNames = model.rewards.map { $0.name?.text }
    stepTime = lowering.stepTime
    commandRate = lowering.commandRate
    stepOutcomes = lowering.stepOutcomes
    commandSpans = lowering.commandSpans
    warnings = diagnostics
  }

  /// The value of a constant, as text.
  public func text(ofConstant name: String) -> String? {
    var scope = scope
    guard let value = try? scope.constant(name, nil), let number = scope.pool.constant(value.id) else { return nil }
    return value.type == .boolean ? (number != 0 ? "true" : "false") : process.text(of: number, in: .reals)
  }
}

/// A command with its names resolved.
struct PrismCommand {
  struct Update {
    var probability: ExpressionID
    var assignments: [(variable: VariableID, value: ExpressionID, span: SourceSpan)]
  }
  var module: Int
  var number: Int
  var action: String?
  var condition: ExpressionID
  var updates: [Update]
  var span: SourceSpan
  /// For each variable the condition bounds on its own: the values it allows.
  var allowed: [VariableID: PrismValueSet]
}

/// A set of values of one variable, by position in its range.
struct PrismValueSet: Equatable {
  private var words: [UInt64]

  init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

  mutating func insert(_ position: Int) { words[position / 64] |= 1 << UInt64(position % 64) }
  func contains(_ position: Int) -> Bool { words[position / 64] >> UInt64(position % 64) & 1 != 0 }
  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
  mutating func formIntersection(_ other: PrismValueSet) {
    for index in words.indices { words[index] &= other.words[index] }
  }
}

/// Commands taken together.
struct PrismJoint {
  var action: String?
  /// Indices of commands.
  var parts: [Int]
  var allowed: [VariableID: PrismValueSet]
}
