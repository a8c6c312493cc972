extension Session {
  /// Signature, documentation, parameters with defaults, and an example of a name; nil when nothing has it.
  public func help(for name: String) -> String? {
    if let builtin = Builtin.all.first(where: { $0.name == name }) { return builtin.signature + "\n\n" + builtin.documentation }
    if let law = Builtin.distributions.first(where: { $0.name == name }) {
      return law.signature + "\n\n" + law.documentation
    }
    guard let binding = environment[name] else {
      return EntryText.keywords.contains(name) ? "`\(name)` is a word of the language" : nil
    }
    let parameters = signature(of: name)
    var lines = [heading(name, binding, parameters)]
    if !binding.documentation.isEmpty { lines += ["", binding.documentation] }
    let width = parameters.map(\.label.count).max() ?? 0
    let described = parameters.filter { !$0.documentation.isEmpty || $0.defaultText != nil }
    if !described.isEmpty { lines += ["", "Parameters"] }
    for parameter in described {
      let gap = String(repeating: " ", count: width - parameter.label.count + 2)
      let standard = parameter.defaultText.flatMap { $0.isEmpty ? nil : " (default \($0))" } ?? ""
      lines.append("  " + parameter.label + gap + parameter.documentation + standard)
    }
    if case .native(let native) = binding.kind, !native.example.isEmpty { lines += ["", "Example", "  " + native.example] }
    if case .value(.object(let object)) = binding.kind, !object.members.isEmpty {
      lines += ["", "Members"] + object.members.map { "  .\($0.name)  \($0.summary)" }
    }
    if let span = binding.span, let file = sources[span.file] {
      lines += ["", "Defined in \(file.name), line \(file.position(of: span.start).line)"]
    }
    return lines.joined(separator: "\n")
  }

  private func heading(
    _ name: String, _ binding: Binding, _ parameters: [(label: String, defaultText: String?, documentation: String)]
  ) -> String {
    let list = parameters.map { $0.label + ($0.defaultText.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? "") }.joined(
      separator: ", ")
    switch binding.kind {
    case .native(let native): return "\(name)(\(list)): \(native.resultType)"
    case .function: return "fn \(name)(\(list))"
    case .model(let model): return "\(model.syntax.kind.rawValue) \(name)" + (list.isEmpty ? "" : "(\(list))")
    case .policy(let policy): return "policy \(name)" + (list.isEmpty ? "" : "(\(list))") + " for \(policy.syntax.target.text)"
    case .value(.object(let object)): return "let \(name): \(object.typeName)"
    case .value(let value): return "let \(name): \(value.kindDescription)"
    case .unchecked(let kind): return "let \(name): \(kind)"
    }
  }

  /// Every name that help knows, for suggestions.
  public var helpNames: [String] {
    environment.names + Builtin.all.map(\.name) + Builtin.distributions.map(\.name)
  }
}
