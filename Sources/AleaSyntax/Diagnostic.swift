/// One message about a program: data, rendered in one place.
public struct Diagnostic: Error, Hashable, Codable, Sendable {
  public enum Severity: String, Codable, Sendable { case error, warning, note }

  /// A span with the words that stand beside it.
  public struct Label: Hashable, Codable, Sendable {
    public var span: SourceSpan
    public var text: String
    public init(_ span: SourceSpan, _ text: String) {
      self.span = span
      self.text = text
    }
  }

  /// A replacement of text that would mend the fault.
  public struct FixIt: Hashable, Codable, Sendable {
    public var span: SourceSpan
    public var replacement: String
    public init(_ span: SourceSpan, replacement: String) {
      self.span = span
      self.replacement = replacement
    }
  }

  public var severity: Severity
  /// What is wrong, in words of the user's model, without a final full stop.
  public var message: String
  /// Where; nil for faults that have no place in a text (a missing file, say).
  public var span: SourceSpan?
  /// The words under the primary span, often the hint ("did you mean `order`?").
  public var label: String
  public var secondary: [Label]
  /// Further lines below the excerpt: reasons, what would fix it.
  public var notes: [String]
  public var fixIts: [FixIt]

  public init(
    _ severity: Severity = .error, _ message: String, at span: SourceSpan?, label: String = "", secondary: [Label] = [],
    notes: [String] = [], fixIts: [FixIt] = []
  ) {
    self.severity = severity
    self.message = message
    self.span = span
    self.label = label
    self.secondary = secondary
    self.notes = notes
    self.fixIts = fixIts
  }

  public static func error(
    _ message: String, at span: SourceSpan?, label: String = "", secondary: [Label] = [], notes: [String] = [],
    fixIts: [FixIt] = []
  ) -> Diagnostic {
    Diagnostic(.error, message, at: span, label: label, secondary: secondary, notes: notes, fixIts: fixIts)
  }

  public static func warning(_ message: String, at span: SourceSpan?, label: String = "", notes: [String] = []) -> Diagnostic {
    Diagnostic(.warning, message, at: span, label: label, notes: notes)
  }
}

/// Several diagnostics thrown at once; at least one is an error.
public struct DiagnosticError: Error, Sendable {
  public var diagnostics: [Diagnostic]
  public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
  public init(_ diagnostic: Diagnostic) { diagnostics = [diagnostic] }
}
