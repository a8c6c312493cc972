import AleaSemantics

/// Writes one model as commands over variables in another notation.
struct SymbolicConversion {
  let session: Session
  let path: String
  let properties: String?
  let isPartial: Bool
  let isEmbedded: Bool

  typealias Files = (files: [(ending: String, bytes: [UInt8])], notes: [String])

  /// - Throws: `DiagnosticError` with everything that the format cannot express, unless the conversion is partial.
  func files(_ format: ModelFormat, model name: String?) throws -> Files {
    switch format {
    case .alea: return try alea()
    case .prism: return try prism(model: name)
    default: return try jani(model: name)
    }
  }

  // MARK: The model

  private struct PrismSource {
    var file: PrismFile
    var given: [String: PrismGiven]
    var properties: PropertyFile?
    /// Whether every constant of the model has a value.
    var isClosed: Bool
  }

  private func prismSource() throws -> PrismSource {
    var given: [String: PrismGiven] = [:]
    for (name, value) in session.configuration.parameters { given[name] = .text(value) }
    let properties = try properties.map { try PropertyFile(session.loader.read($0)) }
    let file = try PrismFile(session.loader.read(path), constants: given, warnings: &session.core.warnings)
    let isClosed = file.model.constants.allSatisfy { $0.value != nil || given[$0.name.text] != nil }
    // With values for its constants the whole model is checked; without them, what can be.
    do {
      _ = try file.program(allowing: properties?.constantNames ?? [])
    } catch let error as DiagnosticError {
      let faults = error.diagnostics.filter { $0.severity == .error && !$0.message.hasSuffix("has no value") }
      if isClosed || !faults.isEmpty { throw DiagnosticError(faults.isEmpty ? error.diagnostics : faults) }
    }
    return PrismSource(file: file, given: given, properties: properties, isClosed: isClosed)
  }

  // MARK: PRISM and JANI

  private func prism(model name: String?) throws -> Files {
    guard Session.isPrism(path) else { return try ofProcess(.prism, name) }
    let source = try prismSource()
    var files = [(".prism", Array(PrismWriter(source.file.model, given: source.given).text().utf8))]
    // Properties are in the language already.
    if let properties = source.properties { files.append((".props", properties.source.bytes)) }
    return (files, [])
  }

  private func jani(model name: String?) throws -> Files {
    guard Session.isPrism(path) else { return try ofProcess(.jani, name) }
    let source = try prismSource()
    let translation = try JANITranslation(
      source.file.model, name: source.file.name, given: source.given,
      properties: source.properties?.properties ?? PrismProperties(),
      propertyText: { source.properties?.source.text(in: $0) ?? "" })
    try settle(translation.problems)
    return ([(".jani", Array(translation.text.utf8))], [])
  }

  /// An mdp of Alea, by way of the PRISM model it comes to.
  private func ofProcess(_ format: ModelFormat, _ name: String?) throws -> Files {
    if properties != nil {
      throw DiagnosticError(
        .error("properties belong to PRISM models", at: nil, notes: ["the objective of an mdp becomes one by itself"]))
    }
    let process = try session.loadedModel(path, model: name).instantiate(takesRows: true)
    let translation = try translation(of: process)
    if format == .prism {
      var files = [(".prism", Array(translation.text.utf8))]
      if !translation.properties.isEmpty { files.append((".props", Array((translation.properties + ";\n").utf8))) }
      return (files, translation.notes)
    }
    let source = session.loader.add(text: translation.properties, name: "<objective>")
    let jani = try JANITranslation(
      translation.model, name: process.name, properties: PrismParser.parseProperties(source).properties,
      propertyText: { source.text(in: $0) })
    try settle(
      jani.problems.map { problem in
        // The property is none that anybody wrote.
        .error(problem.message, at: process.objective.span ?? process.span, label: problem.label, notes: problem.notes)
      })
    return ([(".jani", Array(jani.text.utf8))], translation.notes)
  }

  private func translation(of process: Process) throws -> ProcessTranslation {
    // What does not depend on the states is said before they are listed.
    let open = -Double.infinity...Double.infinity
    func support(_ family: DistributionFamily, _ parameters: [Double]) throws -> (
      values: [Double], weights: [Double], cut: Double
    ) {
      let law = try FiniteLaw(family, parameters, tailMass: session.configuration.tailMass)
      return (law.values, law.weights, law.cut)
    }
    var total = 0.0...0.0
    var channels = process.channels.map { _ in open }
    if process.kind == .mdp, process.rows == nil, !process.channels.isEmpty {
      let (explored, _) = try session.core.explore(process)
      let sparse = explored.sparse
      func range(_ amount: (Int) -> Double) -> ClosedRange<Double> {
        var (least, greatest) = (Double.infinity, -Double.infinity)
        for choice in 0..<sparse.choiceCount {
          least = min(least, amount(choice))
          greatest = max(greatest, amount(choice))
        }
        return least <= greatest ? least...greatest : 0...0
      }
      total = range { choice in sparse.channels.reduce(0) { $0 + $1.reward.pointer[choice] } }
      channels = sparse.channels.map { channel in range { channel.reward.pointer[$0] } }
    }
    return try ProcessTranslation(process, .init(total: total, channels: channels, support: support))
  }

  // MARK: Alea

  private func alea() throws -> Files {
    guard Session.isPrism(path) else {
      throw DiagnosticError(
        .error(
          "only PRISM models are written as programs of Alea, and `\(path)` is not one", at: nil,
          notes: ["their files end in " + PrismFile.endings.map { ".\($0)" }.joined(separator: ", ")]))
    }
    let source = try prismSource()
    let translation = try AleaTranslation(
      .init(
        model: source.file.model, file: String(path.split(separator: "/").last ?? ""), name: source.file.name,
        given: source.given, properties: source.properties?.properties ?? PrismProperties(),
        propertyText: { source.properties?.source.text(in: $0) ?? "" }, mayDeadlock: mayDeadlock(source), reserved: reserved,
        isEmbedded: isEmbedded))
    try settle(translation.problems)
    return ([(".alea", Array(translation.text.utf8))], translation.notes)
  }

  /// Models that need more memory are not looked through for deadlocks.
  private static let memory = 1 << 29

  /// Whether states without an enabled command are to be reckoned with: they are looked for where the states can be listed.
  private func mayDeadlock(_ source: PrismSource) -> Bool {
    guard source.isClosed, (source.file.model.type ?? .mdp) == .mdp else { return true }
    let limit = session.configuration.memoryLimit
    session.configuration.memoryLimit = min(limit ?? Self.memory, Self.memory)
    defer { session.configuration.memoryLimit = limit }
    guard let exploration = try? source.file.exploration(session.core) else { return true }
    return exploration.deadlocks > 0
  }

  /// Everything that a name in a program may mean already.
  private var reserved: Set<String> {
    Set(session.environment.names).union(Builtin.all.map(\.name)).union(Builtin.distributions.map(\.name))
      .union(Builtin.constantNames)
  }

  /// Makes warnings of the problems of a partial conversion.
  ///
  /// - Throws: them, otherwise.
  private func settle(_ problems: [Diagnostic]) throws {
    if problems.isEmpty { return }
    guard isPartial else {
      var diagnostics = Checker.inOrder(problems)
      diagnostics[diagnostics.count - 1].notes.append("`--partial` leaves out what cannot be expressed")
      throw DiagnosticError(diagnostics)
    }
    session.core.warnings += Checker.inOrder(problems).map {
      .warning("left out: \($0.message)", at: $0.span, label: $0.label, notes: $0.notes)
    }
  }
}
