import AleaSyntax

extension Session {
  /// Signature, documentation, parameters with defaults, and an example of a name; nil when nothing has it.
  public func help(for name: String) -> String? {
    if name.hasPrefix("std."), let module = moduleHelp(String(name.dropFirst(4))) { return module }
    if name.contains("."), let member = memberHelp(name) { return member }
    guard let binding = environment[name] else {
      if let builtin = Builtin.all.first(where: { $0.name == name }) {
        return builtin.signature + "\n\n" + builtin.documentation + "\n\nExample\n  " + builtin.example
      }
      if let law = Builtin.distributions.first(where: { $0.name == name }) {
        return law.signature + "\n\n" + law.documentation
      }
      if let topic = topicHelp(name) { return topic }
      if let full = environment.name(abbreviated: name) { return help(for: full) }
      return environment.names.contains(name) ? "\(name): a name in the set of a model" : nil
    }
    let parameters = signature(of: name)
    var lines = [heading(name, binding, parameters)]
    if !binding.documentation.isEmpty {
      lines += [""] + binding.documentation.split(separator: "\n").flatMap { String($0).wrapped(to: configuration.width) }
    }
    let width = parameters.map(\.label.count).max() ?? 0
    let described = parameters.filter { !$0.documentation.isEmpty || $0.defaultText != nil }
    if !described.isEmpty { lines += ["", "Parameters"] }
    for parameter in described {
      let gap = String(repeating: " ", count: width - parameter.label.count + 2)
      let standard = parameter.defaultText.flatMap { $0.isEmpty ? nil : " (default \($0))" } ?? ""
      let indent = String(repeating: " ", count: width + 4)
      let text = (parameter.documentation + standard).wrapped(to: configuration.width - width - 4)
      lines += text.enumerated().map { ($0 == 0 ? "  " + parameter.label + gap : indent) + $1 }
    }
    if case .native(let native) = binding.kind, !native.example.isEmpty {
      let models = Self.tourNames.isDisjoint(with: EntryText.names(in: native.example)) ? "" : " (after `import std.tour`)"
      lines += ["", "Example" + models, "  " + native.example]
    }
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

  /// The names that `std.tour` declares, which examples use.
  private static let tourNames = Set(StandardLibrary.declarations(of: "tour").map(\.name))

  /// The methods that a session knows, by name, with those that were registered.
  private func names(of builtIn: [any Method.Type], where isListed: (any Method.Type) -> Bool) -> [String] {
    (builtIn + core.registeredMethods).filter(isListed).map { $0.name }.sorted()
  }

  private func topicHelp(_ name: String) -> String? {
    guard let topic = HelpTopic.named(name) else { return nil }
    var text = "\(name): \(topic.title)\n\n\(filled(topic.text))\n\nExample\n"
    text += topic.example.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
    let names: [String] =
      switch topic.names[0] {
      case "methods": names(of: Methods.all) { !($0 is any Reduction.Type) }
      case "reductions": names(of: Reductions.all) { $0 is any Reduction.Type }
      default: []
      }
    return names.isEmpty ? text : text + "\n\n" + filled(names.joined(separator: ", "))
  }

  /// A paragraph in lines of the session's width.
  private func filled(_ text: String) -> String {
    text.replacing("\n", with: " ").wrapped(to: configuration.width).joined(separator: "\n")
  }

  /// What `Inventory.stock`, `best.value` or `people.educ` is.
  private func memberHelp(_ path: String) -> String? {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false)
    let owner = parts.dropLast().joined(separator: ".")
    let choices = completions(in: owner + ".", at: owner.utf8.count + 1).choices
    guard let member = choices.first(where: { $0.text == parts.last.map(String.init) }) else { return nil }
    return "\(path): \(member.summary)"
  }

  private func moduleHelp(_ module: String) -> String? {
    let declarations = StandardLibrary.declarations(of: module)
    if declarations.isEmpty { return nil }
    let width = declarations.map(\.name.count).max() ?? 0
    let lines = declarations.map { declaration in
      "  \(declaration.name)\(String(repeating: " ", count: width - declaration.name.count + 2))\(declaration.summary)"
    }
    return "import std.\(module)\n\n" + lines.joined(separator: "\n")
  }

  /// The subjects that help has a page about, beside every name.
  public static var helpTopics: [String] { HelpTopic.all.map { $0.names[0] } }

  /// Every name that help knows, for suggestions.
  public var helpNames: [String] {
    environment.names + Builtin.all.map(\.name) + Builtin.distributions.map(\.name) + HelpTopic.all.flatMap(\.names)
      + StandardLibrary.names.map { "std." + $0 }
  }
}
