/// What a prompt needs: texts fed one after another into a living session.
extension Session {
  /// Checks a text and feeds its items into the session, one after another.
  ///
  /// A text with errors changes nothing. When an item fails while it runs, those before it stay and its own names mean what they meant.
  /// - Parameter reply: told after each item what came of it.
  /// - Throws: `DiagnosticError` with places in the text, or `WorkCancelled`.
  public func enter(_ text: String, name: String = "<entry>", reply: (SessionReply) -> Void) throws {
    try enter(loader.add(text: text, name: name), reply: reply)
  }

  /// Feeds a file into the session as if its text were entered.
  public func enter(file path: String, reply: (SessionReply) -> Void = { _ in }) throws {
    try enter(loader.read(path), reply: reply)
  }

  private func enter(_ file: SourceFile, reply: (SessionReply) -> Void) throws {
    try cancellation.during { try feed(file, reply: reply) }
  }

  private func feed(_ file: SourceFile, reply: (SessionReply) -> Void) throws {
    hasStartedRunning = false
    let (program, syntax) = Parser.parseProgram(file)
    let scratch = Environment(parent: environment)
    let faults =
      syntax.contains { $0.severity == .error }
      ? syntax : Checker.inOrder(syntax + Checker.check(program, in: scratch, loader: loader))
    core.warnings += faults.filter { $0.severity != .error }
    let errors = faults.filter { $0.severity == .error }
    if !errors.isEmpty { throw DiagnosticError(errors) }

    hasStartedRunning = true
    let runner = ProgramRunner(environment: environment, loader: loader, parameters: parameters, isChecking: false)
    let fresh = program.items.map { SessionEntry($0, in: file) }
    let earlier = Dictionary(
      fresh.flatMap(\.names).map { ($0, environment.ownBinding($0)) }, uniquingKeysWith: { first, _ in first })
    _ = runner.declare(program)
    for (index, item) in program.items.enumerated() {
      do {
        try core.stopIfCancelled()
        let value = try runner.run(item)
        var shown: Value?
        if let value, case .nothing = value {} else { shown = value }
        var entry = fresh[index]
        entry.hasValue = shown != nil
        let (confirmation, stale) = record(entry, alongside: fresh)
        reply(SessionReply(confirmation: confirmation, stale: stale, value: shown))
      } catch {
        for name in fresh[index...].flatMap(\.names) { environment.restore(name, to: earlier[name] ?? nil) }
        throw error
      }
    }
  }

  /// Keeps an entry in the place of the one it replaces.
  private func record(_ entry: SessionEntry, alongside fresh: [SessionEntry]) -> (confirmation: String, stale: [String]) {
    let replaced = entries.indices.filter { !Set(entries[$0].names).isDisjoint(with: entry.names) }
    guard let first = replaced.first else {
      entries.append(entry)
      return (confirmation(of: entry), [])
    }
    let stale = entry.names.first.map { dependants(of: $0, apartFrom: fresh) } ?? []
    let later = Set(entries[(first + 1)...].flatMap(\.names))
    for index in replaced.reversed() { entries.remove(at: index) }
    // Values are computed in the order of the text: an entry that needs what came later moves behind it.
    if entry.keepsValue, !entry.mentions.subtracting(entry.names).isDisjoint(with: later) {
      entries.append(entry)
    } else {
      entries.insert(entry, at: first)
    }
    return (confirmation(of: entry) + " (replaces the earlier one)", stale)
  }

  private func confirmation(of entry: SessionEntry) -> String {
    guard let name = entry.names.first else { return entry.kind == .importing ? entry.text : "" }
    guard entry.keepsValue, case .value(let value)? = environment[name]?.kind else { return "\(entry.kind.rawValue) \(name)" }
    var text = value.text(digits: configuration.digits).split(separator: "\n").first.map(String.init) ?? ""
    if case .object(let object) = value { text = object is ModelObject ? "the model \(object.description)" : object.typeName }
    if text.count > 60 { text = text.prefix(59) + "…" }
    return "\(entry.kind.rawValue) \(name) = \(text)"
  }

  /// The values that were computed from a name, directly or through functions, models, policies and other values.
  private func dependants(of name: String, apartFrom fresh: [SessionEntry]) -> [String] {
    var reached: Set<String> = [name]
    var grows = true
    while grows {
      grows = false
      for entry in entries where !entry.mentions.isDisjoint(with: reached) {
        for each in entry.names where reached.insert(each).inserted { grows = true }
      }
    }
    let again = Set(fresh.flatMap(\.names))
    return entries.filter(\.keepsValue).flatMap(\.names).filter { $0 != name && reached.contains($0) && !again.contains($0) }
  }

  // MARK: What is defined

  /// What was entered and still holds, by kind, in the order of entry.
  public var definitions: [(kind: String, names: [String])] {
    SessionEntry.Kind.allCases.filter { $0 != .query }.compactMap { kind in
      let names = entries.filter { $0.kind == kind }.compactMap { $0.names.first ?? $0.text }
      return names.isEmpty ? nil : (kind.rawValue, names)
    }
  }

  /// A definition as it was entered, in the canonical layout; nil when the session does not define the name.
  public func source(of name: String) -> String? {
    guard let entry = entries.last(where: { $0.names.contains(name) }) else { return nil }
    return formatted(entry.text)
  }

  /// The session as a program: its definitions and questions in order, values that were shown as `print(...)`.
  public func program() -> String {
    let parts = entries.map { $0.kind == .query && $0.hasValue ? "print(\($0.text))" : $0.text }
    return formatted(parts.joined(separator: "\n") + "\n")
  }

  private func formatted(_ text: String) -> String {
    (try? Formatter.format(SourceFile(id: FileID(index: 0), name: "", text: text))) ?? text
  }

  /// Forgets everything that was entered and reads files instead; when one fails, nothing is forgotten.
  public func reset(to files: [String] = []) throws {
    let before = (entries, environment)
    entries = []
    environment = Environment(parent: natives)
    do {
      for file in files { try enter(file: file) }
    } catch {
      (entries, environment) = before
      throw error
    }
  }

  /// A value as `print` shows it.
  public func text(of value: Value) -> String { AnswerText.text(of: value, options: core.report) }

  /// What kind of thing an expression is, without running its questions.
  public func type(of text: String) throws -> String {
    let file = loader.add(text: text, name: "<expression>")
    let (expression, diagnostics) = Parser.parseExpression(file)
    if !diagnostics.isEmpty { throw DiagnosticError(diagnostics) }
    let scratch = Environment(parent: environment)
    let runner = ProgramRunner(environment: scratch, loader: loader, isChecking: true)
    let name = AST.Name("it", expression.span)
    _ = try runner.run(AST.Item(.binding(name: name, type: nil, value: expression), expression.span))
    switch scratch["it"]?.kind {
    case .value(.object(let object))?: return object.typeName
    case .value(let value)?: return value.kindDescription
    case .unchecked(let kind)?: return kind
    default: return "a value"
    }
  }
}
