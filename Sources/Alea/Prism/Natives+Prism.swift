import AleaSemantics

extension Natives {
  // MARK: PRISM models

  /// `read("consensus.2.prism", K: 16)`: a model with values for its constants.
  static func prismModel(_ call: NativeCall, path: String, core: SessionCore) throws -> Value {
    var constants: [String: PrismGiven] = [:]
    for (label, argument) in call.labelled {
      switch argument.value {
      case .boolean(let value): constants[label] = .boolean(value)
      case .integer(let value): constants[label] = .integer(value)
      case .real(let value): constants[label] = .real(value)
      default:
        throw DiagnosticError(
          .error(
            "the constant `\(label)` is a number or true or false, and this is \(argument.value.kindDescription)",
            at: argument.span))
      }
    }
    for label in ["separator", "header", "missing", "types"] where call[label] != nil {
      throw call.fault("`\(label)` belongs to tables, and `\(path)` is a PRISM model", at: label)
    }
    let place = call.span(of: "path") ?? call.span
    let source = try source(path, call, "path", core)
    let file = try PrismFile(source, constants: constants, warnings: &core.warnings)
    return .object(
      ModelObject(definition: ModelDefinition(name: file.name, source: file, span: place), arguments: []))
  }

  /// `read("model.drn")`, `read("model.tra", kind: "ctmc")`: a model given by its states and transitions.
  static func explicitModel(_ call: NativeCall, path: String, core: SessionCore) throws -> Value {
    for label in ["separator", "header", "missing", "types"] where call[label] != nil {
      throw call.fault("`\(label)` belongs to tables, and `\(path)` is a model", at: label)
    }
    var kind: ExplicitModel.Kind?
    var isObserved = false
    for (label, argument) in call.labelled {
      if label == "observed", case .boolean(let value) = argument.value {
        isObserved = value
        continue
      }
      guard label == "kind" else {
        throw DiagnosticError(
          .error(
            label == "observed"
              ? "`observed` is true or false" : "`read` has no argument `\(label)` for a model of states and transitions",
            at: argument.span,
            notes: [
              "of .tra files `kind: \"ctmc\"` says that their numbers are rates",
              "of .pomdp files `observed: true` takes their states as seen",
            ]))
      }
      guard case .string(let text) = argument.value, let given = ExplicitModel.Kind(rawValue: text) else {
        throw DiagnosticError(.error("`kind` is \"dtmc\", \"ctmc\" or \"mdp\"", at: argument.span))
      }
      kind = given
    }
    let place = call.span(of: "path") ?? call.span
    do throws(DataFileError) {
      let file = try ExplicitFile(path: core.pathBesideProgram(path, place), shown: path, kind: kind, isObserved: isObserved)
      core.warnings += file.diagnostics
      return .object(
        ModelObject(definition: ModelDefinition(name: file.name, source: file, span: place), arguments: []))
    } catch {
      throw fault(call, error, path: error.file)
    }
  }

  /// The endings of causal graphs; DAGitty saves `.txt` and names `.dag`.
  static let graphEndings = ["dot", "gv", "dag", "dagitty", "txt"]

  /// `read("smoking.dot")`: a causal model of the arrows of a graph.
  static func causalGraph(_ call: NativeCall, path: String, core: SessionCore) throws -> Value {
    for label in ["separator", "header", "missing", "types"] where call[label] != nil {
      throw call.fault("`\(label)` belongs to tables, and `\(path)` is a graph", at: label)
    }
    if let (label, argument) = call.labelled.first {
      throw DiagnosticError(.error("`read` has no argument `\(label)` for a graph", at: argument.span))
    }
    let syntax = try graph(try source(path, call, "path", core), path, &core.warnings)
    return .object(ModelObject(definition: ModelDefinition(causal: syntax), arguments: []))
  }

  /// The causal model of a file, whose arrows have no cycle.
  static func graph(_ file: SourceFile, _ path: String, _ warnings: inout [Diagnostic]) throws -> AST.Model {
    let (model, diagnostics) = GraphFile.parse(file, name: PrismFile.stem(path))
    guard let model else { throw DiagnosticError(Checker.inOrder(diagnostics)) }
    warnings += diagnostics
    _ = try ModelObject(definition: ModelDefinition(causal: model), arguments: []).causalGraph()
    return model
  }

  private static func source(_ path: String, _ call: NativeCall, _ label: String, _ core: SessionCore) throws -> SourceFile {
    do {
      return try core.readSource(core.pathBesideProgram(path, call.span(of: label) ?? call.span))
    } catch let error as DiagnosticError {
      let message = error.diagnostics.first?.message ?? "`\(path)` cannot be read"
      throw call.fault(
        message.hasPrefix("there is no file") ? "there is no file `\(path)`" : message, at: label,
        notes: ["paths are relative to the program's file"])
    }
  }

  /// `solve(m, property: "disagree", properties: "consensus.props")`
  static func property(_ call: NativeCall, core: SessionCore) throws -> Value {
    guard case .object(let object)? = call["model"]?.value, let model = object as? ModelObject,
      model.definition.syntax.kind == .mdp
    else {
      throw call.fault(
        "`property` asks about a decision process", at: "property",
        notes: [
          "an mdp, or a model in another notation, as in `solve(read(\"consensus.2.prism\", K: 2), property: \"P=? [ F x=1 ]\")`"
        ])
    }
    if call["states"] != nil { throw call.fault("`states` and `property` do not go together", at: "states") }
    let exact = try method(call, core: core).map { method in
      guard let exact = method as? Exact else {
        throw call.fault(
          "`by` and `property` do not go together", at: "by", notes: ["only `by: Exact()` does: it asks for a fraction"])
      }
      if call["tolerance"] != nil { throw call.fault("an exact answer has no tolerance", at: "tolerance") }
      return exact
    }
    guard let given = call["property"] else {
      throw call.fault("`properties` needs `property`, the name of one", at: "properties")
    }
    guard case .string(let text) = given.value else {
      throw call.fault("`property` is a string: a property, or the name of one", at: "property")
    }
    let file =
      try model.definition.source as? any PropertyModel
      ?? AskedProcess(model.instantiate(takesRows: true), core, at: call.span(of: "property"))
    var declarations: PropertyFile?
    if let path = call["properties"] {
      guard case .string(let path) = path.value else { throw call.fault("`properties` is the path of a file", at: "properties") }
      declarations = try PropertyFile(try source(path, call, "properties", core))
    }
    if let declarations, declarations.property(text) != nil || isName(text) {
      let property = try declarations.required(text, at: given.span)
      return .object(
        try core.answers(
          [(property, declarations)], declarations: declarations, of: file, tolerance: tolerance(call), by: exact)[0])
    }
    if declarations == nil, isName(text) {
      guard let path = file.path else {
        throw call.fault(
          "`\(text)` is not a property", at: "property",
          notes: [
            "`properties:` names the file that has a property of that name",
            "or write the property itself, as in \"P=? [ F x=1 ]\"",
          ])
      }
      let found = try PropertiesBeside(model: path).property(text, at: given.span, read: core.readSource)
      return .object(
        try core.answers(
          [(found.property, found.file)], declarations: found.file, of: file, tolerance: tolerance(call), by: exact)[0])
    }
    let written = try PropertyFile(core.addSource("<property>", text))
    guard written.properties.properties.count == 1, let property = written.properties.properties.first else {
      throw call.fault("one property is needed here, and this has \(written.properties.properties.count)", at: "property")
    }
    return .object(
      try core.answers([(property, written)], declarations: declarations, of: file, tolerance: tolerance(call), by: exact)[0])
  }

  fileprivate static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
  }
}

extension Session {
  /// Whether a path is that of a PRISM model.
  public static func isPrism(_ path: String) -> Bool { PrismFile.isPrism(path) }

  /// Reads a PRISM model with the configuration's parameters as its constants, and makes it a model of the session.
  ///
  /// - Returns: the name of the model: that of the file without its ending.
  @discardableResult
  public func load(prism path: String) throws -> String {
    let file = try prismFile(path)
    let span = SourceSpan(file: FileID(index: 0), start: 0, end: 0)
    environment[file.name] = Binding(.model(ModelDefinition(name: file.name, source: file, span: span)))
    return file.name
  }

  private func prismFile(_ path: String) throws -> PrismFile {
    var constants: [String: PrismGiven] = [:]
    for (name, value) in configuration.parameters { constants[name] = .text(value) }
    return try PrismFile(loader.read(path), constants: constants, warnings: &core.warnings)
  }

  /// The answer to one property of a PRISM model given as text, with the configuration's parameters as its constants.
  ///
  /// - Parameter method: nil for an answer with guaranteed bounds, or ``Exact`` for a fraction.
  public func answer(prism text: String, property: String, by method: Exact? = nil) throws -> PropertyAnswer {
    var constants: [String: PrismGiven] = [:]
    for (name, value) in configuration.parameters { constants[name] = .text(value) }
    let file = try PrismFile(loader.add(text: text, name: "<model>"), constants: constants, warnings: &core.warnings)
    let source = try PropertyFile(loader.add(text: property, name: "<property>"))
    guard source.properties.properties.count == 1, let only = source.properties.properties.first else {
      throw DiagnosticError(.error("one property is needed, and this has \(source.properties.properties.count)", at: nil))
    }
    return try core.answers([(only, source)], declarations: source, of: file, tolerance: nil, by: method)[0]
  }

  /// What is wrong with a PRISM model.
  public func check(prism path: String) -> [Diagnostic] {
    do {
      let program = try prismFile(path).program()
      return takeWarnings() + program.warnings
    } catch let error as DiagnosticError {
      return takeWarnings() + error.diagnostics
    } catch {
      return [.error("\(error)", at: nil)]
    }
  }

  /// Answers properties of a PRISM model, or of one of states and transitions, and prints each answer.
  ///
  /// - Parameters:
  ///   - properties: for each a file of properties, all of it or with `:name` one of its properties; the name of a property in a
  ///     file beside the model; or a property itself. Without any the size of the model is printed.
  ///   - method: nil for answers with guaranteed bounds, or ``Exact`` for fractions.
  /// - Throws: `DiagnosticError` with everything that is wrong, or `WorkCancelled`.
  @discardableResult
  public func run(prism path: String, properties: [String], by method: Exact? = nil) throws -> [PropertyAnswer] {
    let file: any PropertyModel = Self.isExplicit(path) ? try explicitFile(path) : try prismFile(path)
    if let rows = file as? ExplicitFile { core.warnings += rows.diagnostics }
    var questions: [(file: PropertyFile, chosen: [PrismProperties.Property])] = []
    for text in properties { questions.append(try question(text, beside: path)) }
    let names = questions.reduce(into: Set<String>()) { $0.formUnion($1.file.constantNames) }
    _ = try file.program(allowing: names)
    hasStartedRunning = true
    guard !questions.isEmpty else {
      if let rows = file as? ExplicitFile, rows.rows.objective.criterion != .total {
        try show(core.solve(rows.process(), by: method, tolerance: nil, at: nil))
      } else {
        try show(ModelSize(file.exploration(core).explored))
      }
      return []
    }
    var result: [PropertyAnswer] = []
    for (source, chosen) in questions {
      for property in chosen {
        let answer = try core.answers([(property, source)], declarations: source, of: file, tolerance: nil, by: method)[0]
        try show(answer)
        result.append(answer)
      }
    }
    return result
  }

  /// `FILE`, `FILE:name`, the name of a property in a file beside the model, or the text of a property.
  private func question(_ text: String, beside model: String) throws -> (PropertyFile, [PrismProperties.Property]) {
    if SourceLoader.isReadable(text) {
      let file = try PropertyFile(loader.read(text))
      guard !file.properties.properties.isEmpty else {
        throw DiagnosticError(
          .error("there is no property in `\(text)`", at: nil, notes: ["a property is written as in `P=? [ F x=1 ];`"]))
      }
      return (file, file.properties.properties)
    }
    if let colon = text.lastIndex(of: ":"), SourceLoader.isReadable(String(text[..<colon])) {
      let file = try PropertyFile(loader.read(String(text[..<colon])))
      return (file, [try file.required(String(text[text.index(after: colon)...]), at: nil)])
    }
    // What has no bracket is no property: a file that is missing.
    guard text.contains("[") else {
      if Natives.isName(text), SourceLoader.isReadable(model) {
        let found = try PropertiesBeside(model: model).property(text, at: nil, read: loader.read)
        return (found.file, [found.property])
      }
      let path = text.lastIndex(of: ":").map { String(text[..<$0]) } ?? text
      throw DiagnosticError(.error("there is no file `\(path)`", at: nil))
    }
    let file = try PropertyFile(loader.add(text: text, name: "<property>"))
    return (file, file.properties.properties)
  }

  private func show(_ answer: some ObjectValue) throws {
    guard !isSilent else { return }
    let value = Value.object(answer)
    core.output(Output(text: AnswerText.text(of: value, options: core.report), json: value.json.text))
  }
}
