/// Turns diagnostics into what a person or a tool reads: the one place where that happens.
public struct DiagnosticRenderer {
  let sources: SourceMap
  let color: Bool
  /// Longer lines are broken between words, and excerpts cut to it; nil where nobody sees the end of a line.
  let width: Int?

  /// - Parameter width: the columns of the terminal, where it is one.
  public init(sources: SourceMap, color: Bool, width: Int? = nil) {
    self.sources = sources
    self.color = color
    self.width = width
  }

  private enum Style: String {
    case red = "31;1", yellow = "33;1", cyan = "36;1", blue = "34;1", bold = "1"
  }

  private func paint(_ text: String, _ style: Style) -> String { color ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text }

  private func style(of severity: Diagnostic.Severity) -> Style {
    switch severity {
    case .error: .red
    case .warning: .yellow
    case .note: .cyan
    }
  }

  /// The message with an excerpt of the text: the place underlined, secondary places, notes. Ends without a line end.
  public func render(_ diagnostic: Diagnostic) -> String {
    let severity = diagnostic.severity.rawValue + ":"
    let message = wrapped(Self.safe(diagnostic.message), after: severity.count + 1)
    var lines = [paint(severity, style(of: diagnostic.severity)) + " " + paint(message[0], .bold)]
    let margin = String(repeating: " ", count: severity.count + 1)
    lines += message.dropFirst().map { margin + paint($0, .bold) }
    let labels =
      (diagnostic.span.map { [Diagnostic.Label($0, diagnostic.label)] } ?? []) + diagnostic.secondary
    let width = max(
      1,
      labels.compactMap { label in sources[label.span.file].map { $0.position(of: label.span.start).line } }
        .map { String($0).count }.max() ?? 1)
    let gutter = String(repeating: " ", count: width)
    var shown: FileID?
    for (index, label) in labels.enumerated() {
      guard let file = sources[label.span.file] else { continue }
      let (line, column) = file.position(of: label.span.start)
      if shown != label.span.file {
        lines.append("\(gutter)\(paint("-->", .blue)) \(file.name):\(line):\(column)")
        lines.append("\(gutter) \(paint("|", .blue))")
        shown = label.span.file
      } else {
        lines.append("\(gutter) \(paint("|", .blue))")
      }
      let number = String(line)
      let padding = String(repeating: " ", count: width - number.count)
      let window = self.width.map { max(40, $0 - gutter.count - 9) } ?? 160
      let (text, marks) = excerpt(file, line: line, span: label.span, mark: index == 0 ? "^" : "-", window: window)
      lines.append("\(padding)\(paint("\(number) |", .blue)) \(text)")
      let style = index == 0 ? self.style(of: diagnostic.severity) : .blue
      lines += under(marks, label: Self.safe(label.text), margin: gutter.count + 3)
        .map { "\(gutter) \(paint("|", .blue)) \($0.indent)\(paint($0.text, style))" }
    }
    for note in diagnostic.notes {
      let parts = Self.safe(note, keepsLines: true).split(separator: "\n", omittingEmptySubsequences: false)
        .flatMap { wrapped(String($0), after: gutter.count + 3) }
      lines.append("\(gutter) \(paint("=", .blue)) \(parts.first ?? "")")
      for part in parts.dropFirst() { lines.append("\(gutter)   \(part)") }
    }
    return lines.joined(separator: "\n")
  }

  /// A text that begins in a column, in lines that end with the terminal's; its own indentation stays. At least one line.
  private func wrapped(_ text: String, after column: Int) -> [String] {
    guard let width, column + text.count > width, width - column >= 20 else { return [text] }
    let indent = String(text.prefix { $0 == " " })
    let lines = String(text.dropFirst(indent.count)).wrapped(to: width - column - indent.count)
    return lines.isEmpty ? [text] : lines.map { indent + $0 }
  }

  /// The marks under an excerpt with what is said of it: beside them, or below where that is too long.
  private func under(_ marks: (indent: String, marks: String), label: String, margin: Int) -> [(indent: String, text: String)] {
    if label.isEmpty { return [(marks.indent, marks.marks)] }
    let used = margin + marks.indent.count + marks.marks.count + 1
    guard let width, used + label.count > width else { return [(marks.indent, marks.marks + " " + label)] }
    let indent = width - margin - marks.indent.count >= 30 ? marks.indent : ""
    return [(marks.indent, marks.marks)] + wrapped(label, after: margin + indent.count).map { (indent, $0) }
  }

  /// A line with tabs as spaces and the marks that go under a span; very long lines are cut around the span.
  private func excerpt(
    _ file: SourceFile, line: Int, span: SourceSpan, mark: String, window: Int
  ) -> (String, (indent: String, marks: String)) {
    let start = Int(file.lineStarts[line - 1])
    let lineText = file.text(ofLine: line)
    var rendered = ""
    var columns: [Int] = []  // display column at each byte of the line
    var column = 0
    for scalar in lineText.unicodeScalars {
      let width = scalar == "\t" ? 2 : Self.displayWidth(scalar)
      for _ in 0..<scalar.utf8.count { columns.append(column) }
      rendered += scalar == "\t" ? "  " : Self.safe(String(scalar))
      column += width
    }
    columns.append(column)
    func displayColumn(_ offset: Int32) -> Int {
      let index = Int(offset) - start
      return index < 0 ? 0 : index < columns.count ? columns[index] : column
    }
    var from = displayColumn(span.start)
    let to = max(from + 1, displayColumn(span.end))
    if column > window {
      let first = max(0, min(from - window / 4, column - window))
      let scalars = Array(rendered.unicodeScalars)
      let slice = scalars[min(first, scalars.count)..<min(first + window, scalars.count)]
      rendered = (first > 0 ? "..." : "") + String(String.UnicodeScalarView(slice)) + (first + window < column ? "..." : "")
      from = from - first + (first > 0 ? 3 : 0)
      return (
        rendered,
        (String(repeating: " ", count: from), String(repeating: mark, count: min(to - displayColumn(span.start), window)))
      )
    }
    return (rendered, (String(repeating: " ", count: from), String(repeating: mark, count: to - from)))
  }

  static func displayWidth(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: 0
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
      0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }

  /// Control characters made visible, so that a text cannot play with the terminal.
  static func safe(_ text: String, keepsLines: Bool = false) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isControl = scalar.value < 0x20 || scalar.value == 0x7F || (0x80..<0xA0).contains(scalar.value)
      result.append(isControl && !(keepsLines && scalar == "\n") ? "\u{FFFD}" : scalar)
    }
    return String(result)
  }

  // MARK: JSON

  /// One JSON object on one line: severity, message, place (lines and columns from 1), label, notes, secondary places, fixes.
  public func json(_ diagnostic: Diagnostic) -> String {
    var fields = [("severity", Self.quote(diagnostic.severity.rawValue)), ("message", Self.quote(diagnostic.message))]
    if let span = diagnostic.span { fields += place(span) }
    if !diagnostic.label.isEmpty { fields.append(("label", Self.quote(diagnostic.label))) }
    if !diagnostic.notes.isEmpty { fields.append(("notes", "[" + diagnostic.notes.map(Self.quote).joined(separator: ",") + "]")) }
    if !diagnostic.secondary.isEmpty {
      fields.append(
        (
          "secondary",
          "["
            + diagnostic.secondary.map { object(place($0.span) + [("label", Self.quote($0.text))]) }
            .joined(separator: ",") + "]"
        ))
    }
    if !diagnostic.fixIts.isEmpty {
      fields.append(
        (
          "fixes",
          "["
            + diagnostic.fixIts.map { object(place($0.span) + [("replacement", Self.quote($0.replacement))]) }
            .joined(separator: ",") + "]"
        ))
    }
    return object(fields)
  }

  private func object(_ fields: [(String, String)]) -> String {
    "{" + fields.map { "\(Self.quote($0.0)):\($0.1)" }.joined(separator: ",") + "}"
  }

  private func place(_ span: SourceSpan) -> [(String, String)] {
    guard let file = sources[span.file] else { return [] }
    let start = file.position(of: span.start)
    let end = file.position(of: span.end)
    return [
      ("file", Self.quote(file.name)), ("line", "\(start.line)"), ("column", "\(start.column)"), ("endLine", "\(end.line)"),
      ("endColumn", "\(end.column)"),
    ]
  }

  /// A JSON string.
  public static func quote(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 {
          let hex = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
