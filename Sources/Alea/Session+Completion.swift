import Glibc

/// A way to go on at a cursor.
public struct Completion: Sendable, Hashable {
  /// What the word at the cursor becomes.
  public var text: String
  /// One line about it.
  public var summary: String
}

extension Session {
  /// The ways to go on at an offset (in UTF-8 bytes) of a text, and where the word they replace begins.
  ///
  /// Names in scope, keywords, the labels of the call's arguments, members after a dot, files inside a string.
  ///
  /// - Parameter entry: the lines of the entry so far, whose names complete too: the variables of the model one is writing.
  public func completions(in text: String, at offset: Int, after entry: String = "") -> (start: Int, choices: [Completion]) {
    let cursor = EntryText.cursor(in: text, at: offset)
    var choices: [Completion]
    switch cursor.place {
    case .string: choices = files(cursor.prefix)
    case .member(let path): choices = members(of: path)
    case .name(let callee):
      choices = labels(of: callee)
      // Where nothing is typed yet, the labels are what one wants to know.
      if !cursor.prefix.isEmpty || choices.isEmpty { choices += ownNames(in: entry) + names(inModel: Self.describesModel(entry)) }
    }
    var seen = Set<String>()
    choices = choices.filter { $0.text.hasPrefix(cursor.prefix) && seen.insert($0.text).inserted }
    return (cursor.start, choices)
  }

  /// The names of an entry that mean nothing elsewhere.
  private func ownNames(in entry: String) -> [Completion] {
    if entry.isEmpty { return [] }
    return EntryText.names(in: entry).filter { environment[$0] == nil && !EntryText.keywords.contains($0) }.sorted()
      .map { Completion(text: $0, summary: "a name of this entry") }
  }

  /// Whether an entry has begun a model or a policy whose expressions depend on states: of what is written in Swift only laws are called.
  private static func describesModel(_ entry: String) -> Bool {
    let lines = entry.split(separator: "\n").drop { $0.allSatisfy(\.isWhitespace) || $0.hasPrefix("//") }
    let word = lines.first?.split(separator: " ").first ?? ""
    return ["mdp", "bandit", "policy"].contains(word)
  }

  private func names(inModel: Bool) -> [Completion] {
    let found = environment.names.filter { name in
      guard inModel, case .native(let native)? = environment[name]?.kind else { return true }
      return native.law != nil
    }
    var result = found.map { name in Completion(text: name, summary: summary(of: name)) }
    result += Builtin.all.map { Completion(text: $0.name, summary: $0.documentation) }
    result += Builtin.distributions.map { Completion(text: $0.name, summary: $0.documentation) }
    result += EntryText.keywords.map { Completion(text: $0, summary: "a word of the language") }
    return result.sorted { $0.text < $1.text }
  }

  private func summary(of name: String) -> String {
    guard let binding = environment[name] else { return "a name of a model's set" }
    if let first = binding.documentation.split(separator: "\n").first { return String(first) }
    switch binding.kind {
    case .value(.object(let object)): return object.typeName
    case .value(let value): return value.kindDescription
    case .function: return "a function of this session"
    case .native(let native): return native.resultType
    case .model: return "a model of this session"
    case .policy: return "a policy of this session"
    case .unchecked(let kind): return kind
    }
  }

  private func labels(of callee: String?) -> [Completion] {
    guard let callee else { return [] }
    return signature(of: callee).map { Completion(text: $0.label + ": ", summary: $0.documentation) }
  }

  /// The parameters of what can be called by a name.
  func signature(of name: String) -> [(label: String, defaultText: String?, documentation: String)] {
    func described(_ parameters: [AST.Parameter]) -> [(label: String, defaultText: String?, documentation: String)] {
      parameters.map { parameter in
        (
          parameter.name.text, parameter.defaultValue.map { core.sourceText($0.span) },
          parameter.type.map { core.sourceText($0.span) } ?? ""
        )
      }
    }
    switch environment[name]?.kind {
    case .native(let native)?:
      return native.parameters.map {
        ($0.label, $0.defaultText, $0.documentation + ($0.names.isEmpty ? "" : " (\($0.names.joined(separator: ", ")))"))
      }
    case .function(let function)?: return described(function.syntax.parameters)
    case .model(let model)?: return described(model.syntax.parameters)
    case .policy(let policy)?: return described(policy.syntax.parameters)
    default: return []
    }
  }

  private func members(of path: [String]) -> [Completion] {
    guard let first = path.first, let binding = environment[first] else { return [] }
    if case .model(let definition) = binding.kind, path.count == 1 {
      return definition.variableNames.map { Completion(text: $0, summary: "a variable of \(first)") }
    }
    guard case .value(var value) = binding.kind else { return [] }
    for name in path.dropFirst() {
      switch value {
      case .object(let object):
        guard let next = try? object.member(name) else { return [] }
        value = next
      case .record(let fields):
        guard let field = fields.first(where: { $0.name == name }) else { return [] }
        value = field.value
      default: return []
      }
    }
    switch value {
    case .object(let model as ModelObject):
      return model.definition.variableNames.map { Completion(text: $0, summary: "a variable of \(model.definition.name)") }
    case .object(let object): return object.members.map { Completion(text: $0.name, summary: $0.summary) }
    case .record(let fields): return fields.map { Completion(text: $0.name, summary: $0.value.kindDescription) }
    default: return []
    }
  }

  private func files(_ prefix: String) -> [Completion] {
    let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
    guard let directory = opendir(folder.isEmpty ? "." : folder) else { return [] }
    defer { closedir(directory) }
    var result: [Completion] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix("."), !prefix.dropFirst(folder.count).hasPrefix(".") { continue }
      var status = stat()
      let isFolder = stat(folder + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      result.append(Completion(text: folder + name + (isFolder ? "/" : ""), summary: isFolder ? "a folder" : ""))
    }
    return result.sorted { $0.text < $1.text }
  }
}
