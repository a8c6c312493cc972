/// One thing a living session was told, and what came of it.
public struct SessionReply: Sendable {
  /// What was declared, in one line ("model Inventory"); empty for a question.
  public var confirmation: String
  /// Names whose values were computed from what this entry replaced: they keep those values until they are entered again.
  public var stale: [String]
  /// The value of a question; nil for declarations and for questions that only act.
  public var value: Value?
}

/// A definition or question as it was entered.
struct SessionEntry {
  enum Kind: String, CaseIterable {
    case importing = "import"
    case parameter = "param"
    case value = "let"
    case function = "fn"
    case enumeration = "enum"
    case model, policy
    case query
  }

  var kind: Kind
  /// The names it gives meaning to; the first is its own.
  var names: [String]
  var text: String
  var mentions: Set<String>
  var hasValue = false

  init(_ item: AST.Item, in file: SourceFile) {
    var text = file.text(in: item.span)
    if !item.documentation.isEmpty {
      text =
        item.documentation.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "///" : "/// \($0)" }
        .joined(separator: "\n") + "\n" + text
    }
    self.text = text
    mentions = EntryText.names(in: text)
    switch item.kind {
    case .importFile, .importModule: (kind, names) = (.importing, [])
    case .parameter(let parameter): (kind, names) = (.parameter, [parameter.name.text])
    case .binding(let name, _, _): (kind, names) = (.value, [name.text])
    case .function(let function): (kind, names) = (.function, [function.name.text])
    case .enumeration(let name, let cases): (kind, names) = (.enumeration, [name.text] + cases.map(\.text))
    case .model(let model): (kind, names) = (.model, [model.name.text])
    case .policy(let policy): (kind, names) = (.policy, [policy.name.text])
    case .query, .error: (kind, names) = (.query, [])
    }
  }

  /// Whether it keeps a value computed when it was entered, instead of looking names up when it is used.
  var keepsValue: Bool { kind == .value || kind == .parameter }
}
