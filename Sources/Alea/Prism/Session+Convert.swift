import AleaSemantics

/// The formats that models are converted to.
public enum ModelFormat: String, CaseIterable, Sendable {
  /// Storm's explicit format.
  case drn
  /// PRISM's explicit files: transitions, states, labels, rewards.
  case tra
  /// The unified Markov binary format.
  case umb
  /// The graph of the states, or of a causal model, for Graphviz.
  case dot
  /// A program of Alea, from a PRISM model: variables, guards and updates stay symbols.
  case alea
  /// The PRISM language, from a PRISM model or an mdp of Alea.
  case prism
  /// A JANI model, from a PRISM model or an mdp of Alea.
  case jani

  /// Whether a model is written as commands over variables, without its states being listed.
  var isSymbolic: Bool {
    switch self {
    case .alea, .prism, .jani: true
    default: false
    }
  }
}

extension Session {
  /// Whether a path is that of a model of states and transitions.
  public static func isExplicit(_ path: String) -> Bool { ExplicitFile.isExplicit(path) }

  /// Reads a model of states and transitions and makes it a model of the session.
  ///
  /// - Returns: the name of the model: that of the file without its ending.
  @discardableResult
  public func load(explicit path: String) throws -> String {
    let file = try explicitFile(path)
    core.warnings += file.diagnostics
    let span = SourceSpan(file: FileID(index: 0), start: 0, end: 0)
    environment[file.name] = Binding(.model(ModelDefinition(name: file.name, source: file, span: span)))
    return file.name
  }

  func explicitFile(_ path: String) throws -> ExplicitFile {
    var kind: ExplicitModel.Kind?
    var isObserved = false
    for (name, value) in configuration.parameters {
      if name == "kind", let given = ExplicitModel.Kind(rawValue: value) {
        kind = given
      } else if name == "observed", let given = Bool(value) {
        isObserved = given
      } else {
        throw DiagnosticError(
          .error(
            "`\(path)` has no constant `\(name)`", at: nil,
            notes: [
              "of .tra files `-D kind=ctmc` says that they hold rates",
              "of .pomdp files `-D observed=true` takes their states as seen",
            ]))
      }
    }
    do throws(DataFileError) {
      return try ExplicitFile(path: path, shown: path, kind: kind, isObserved: isObserved)
    } catch {
      throw DiagnosticError(.error(error.description, at: nil, notes: error.notes))
    }
  }

  /// A file of a kind that nothing solves may still be right.
  private func checked(_ path: String) throws -> [Diagnostic] {
    let unserved: DiagnosticError
    do {
      return try explicitFile(path).diagnostics
    } catch let error as DiagnosticError {
      unserved = error
    }
    guard SavedFile.fileExtension(path) == "pomdp", configuration.parameters.isEmpty else { throw unserved }
    do throws(DataFileError) {
      let file = try ExplicitFile(path: path, shown: path, isObserved: true)
      return file.diagnostics + unserved.diagnostics.map { .warning($0.message, at: $0.span, notes: $0.notes) }
    } catch {
      throw unserved
    }
  }

  /// What is wrong with a file of states and transitions.
  public func check(explicit path: String) -> [Diagnostic] {
    do {
      return try checked(path)
    } catch let error as DiagnosticError {
      return error.diagnostics
    } catch {
      return [.error("\(error)", at: nil)]
    }
  }

  /// A model as files of another format: the ending of each and its bytes, and what the format cannot say.
  ///
  /// - Parameters:
  ///   - path: a PRISM model, states and transitions, or a program with one model (or that of the name given).
  ///   - properties: a file of properties that become questions, for the symbolic formats.
  ///   - isPartial: leaves out what the format cannot express, and says so in the notes, in place of an error.
  ///   - isEmbedded: writes of a ctmc the embedded chain, where the format has no time.
  public func convert(
    _ path: String, to format: ModelFormat, model name: String? = nil, properties: String? = nil, isPartial: Bool = false,
    isEmbedded: Bool = false
  ) throws -> (files: [(ending: String, bytes: [UInt8])], notes: [String]) {
    if isEmbedded, format != .alea { throw DiagnosticError(.error("`--embedded` goes with the format alea", at: nil)) }
    if format.isSymbolic {
      return try SymbolicConversion(
        session: self, path: path, properties: properties, isPartial: isPartial, isEmbedded: isEmbedded
      )
      .files(format, model: name)
    }
    if properties != nil {
      throw DiagnosticError(.error("`--properties` goes with the formats alea, prism and jani", at: nil))
    }
    if format == .dot { return ([(".dot", Array(try drawing(path, model: name).dot.utf8))], []) }
    let rows = try rows(path: path, model: name)
    let notes = rows.warnings + rows.assumptions.map { "assumed: \($0)" } + rows.numbering
    if format == .umb {
      var writer = UMBWriter(rows)
      return ([(".umb", try writer.bytes(control: core.control))], notes + writer.notes)
    }
    var writer = ExplicitWriter(rows)
    let files: [(ending: String, bytes: [UInt8])] =
      format == .drn
      ? [(".drn", try writer.drn(control: core.control))] : try writer.tables(control: core.control)
    return (files, notes + writer.notes)
  }

  private func drawing(_ path: String, model name: String?) throws -> GraphDrawing {
    let model = try loadedModel(path, model: name)
    if model.definition.syntax.kind == .causal { return GraphDrawing(of: try model.causalGraph()) }
    return try core.stateGraph(model.instantiate(takesRows: true))
  }

  func loadedModel(_ path: String, model name: String?) throws -> ModelObject {
    if Self.isExplicit(path) { return try model(load(explicit: path)) }
    if Self.isPrism(path) { return try model(load(prism: path)) }
    if Natives.graphEndings.contains(SavedFile.fileExtension(path)) {
      let syntax = try Natives.graph(loader.read(path), path, &core.warnings)
      return ModelObject(definition: ModelDefinition(causal: syntax), arguments: [])
    }
    try load(file: path)
    return try model(onlyModel(or: name))
  }

  /// The states and transitions of a model in any notation.
  public func rows(path: String, model name: String? = nil) throws -> ExplicitModel {
    let model = try loadedModel(path, model: name)
    if let file = model.definition.source as? ExplicitFile { return file.rows }
    if let file = model.definition.source as? PrismFile { return try ExplicitModel(file, core) }
    let (explored, _) = try core.explore(model.instantiate())
    return ExplicitModel(
      explored, kind: explored.actions.variables.isEmpty ? .dtmc : .mdp, name: explored.process.name)
  }
}

extension ExplicitModel {
  /// The rows of a PRISM model with its labels and rewards.
  init(_ file: PrismFile, _ core: SessionCore) throws {
    let exploration = try file.exploration(core)
    let kind: Kind =
      switch exploration.program.type {
      case .dtmc: .dtmc
      case .ctmc: .ctmc
      default: .mdp
      }
    self.init(exploration.explored, kind: kind, name: file.name)
    var context = try PrismContext(exploration.program)
    if kind == .ctmc {
      let rate = Column<Double>(repeating: 1, count: stateCount)
      for state in 0..<stateCount {
        if let choice = choices(of: state).first { rate.pointer[state] = 1 / exploration.stepTime.pointer[choice] }
      }
      exitRate = rate
    }
    // Rewards may have been left out of the exploration; they are computed for whom they are asked.
    rewards = try exploration.program.rewardNames.enumerated().map { index, name in
      let earned = try exploration.reward(index)
      let choice = Column<Double>(repeating: 0, count: choiceCount)
      for state in 0..<stateCount {
        for (new, old) in zip(choices(of: state), exploration.explored.sparse.choices(of: state)) {
          choice.pointer[new] = earned.pointer[old]
        }
      }
      return Reward(name: name, state: Column(repeating: 0, count: stateCount), choice: choice)
    }
    func flags(_ process: Process, _ id: ExpressionID) throws -> Column<UInt8> {
      Column(try exploration.explored.evaluate(id, in: process).map { $0 == 1 ? 1 : 0 })
    }
    let (process, deadlock) = try context.deadlock()
    if exploration.deadlocks > 0 {
      deadlocks = Self.states(try flags(process, deadlock))
      let law = initial
      start(in: law.map(\.state))
      initial = law
    }
    for name in exploration.program.labelNames {
      let span = exploration.program.process.span ?? SourceSpan(file: FileID(index: 0), start: 0, end: 0)
      let (process, id) = try context.condition(PrismExpression(.label(name), at: span))
      labels.append(Label(name: name, flags: try flags(process, id)))
    }
    for index in rewards.indices {
      let (process, id) = try context.stateReward(index)
      let amounts = try exploration.explored.evaluate(id, in: process)
      for state in 0..<stateCount {
        rewards[index].state.pointer[state] = amounts[state]
        let time = exitRate.map { 1 / $0.pointer[state] } ?? 1
        for choice in choices(of: state) {
          let rest = rewards[index].choice.pointer[choice] - amounts[state] * time
          // What is left of a difference of equal numbers is rounding.
          rewards[index].choice.pointer[choice] = abs(rest) <= 1e-14 * abs(amounts[state] * time) ? 0 : rest
        }
      }
    }
  }
}

extension ExplicitModel {
  /// How values that are names are numbered in formats that have numbers only.
  fileprivate var numbering: [String] {
    guard !symbols.isEmpty else { return [] }
    let values = symbols.prefix(20).enumerated().map { "\($0.offset) = \($0.element)" }.joined(separator: ", ")
    return ["the values of `\(variables.first?.name ?? "")` are numbered: \(values)\(symbols.count > 20 ? ", ..." : "")"]
  }
}
