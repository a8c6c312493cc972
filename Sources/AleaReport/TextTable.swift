/// A table of text in aligned columns.
///
///     var table = TextTable([.init("state"), .init("value", .trailing)])
///     table.add(["stock = 0", "441.92"])
///     print(table.text(width: 80))
public struct TextTable: Sendable {
  public enum Alignment: Sendable { case leading, trailing, centre }

  public struct Column: Sendable {
    public var title: String
    public var alignment: Alignment
    public init(_ title: String, _ alignment: Alignment = .leading) {
      self.title = title
      self.alignment = alignment
    }
  }

  public var columns: [Column]
  public private(set) var rows: [[String]] = []
  /// The spaces between columns.
  public var gap = 2
  public var hasRule = true
  /// Whether lines and ellipses may use characters beyond ASCII.
  public var unicode: Bool

  public init(_ columns: [Column], unicode: Bool = true) {
    self.columns = columns
    self.unicode = unicode
  }

  /// Adds a row; missing cells are empty, superfluous ones are left out.
  public mutating func add(_ cells: [String]) {
    rows.append(
      columns.indices.map { index in
        cells.indices.contains(index) ? String(cells[index].map { $0.isNewline ? " " : $0 }) : ""
      })
  }

  /// The width of each column.
  public var widths: [Int] {
    columns.indices.map { index in rows.reduce(columns[index].title.count) { max($0, $1[index].count) } }
  }

  /// The width of the whole table.
  public var width: Int { widths.reduce(0, +) + gap * max(0, columns.count - 1) }

  /// The lines of the table, none wider than `width`: where it does not fit, the widest columns are cut, with an ellipsis.
  public func lines(width limit: Int = .max) -> [String] {
    var widths = self.widths
    let spaces = gap * max(0, columns.count - 1)
    while widths.reduce(0, +) + spaces > limit, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
      widths[widest] > 1
    {
      widths[widest] -= 1
    }
    func line(_ cells: [String], _ alignments: [Alignment]) -> String {
      let padded = cells.indices.map { pad(cells[$0], to: widths[$0], alignments[$0]) }
      return clip(padded.joined(separator: String(repeating: " ", count: gap)).trimmedEnd, to: limit)
    }
    var result: [String] = []
    let alignments = columns.map(\.alignment)
    if columns.contains(where: { !$0.title.isEmpty }) {
      result.append(line(columns.map(\.title), alignments))
      if hasRule {
        result.append(line(widths.map { String(repeating: unicode ? "─" : "-", count: $0) }, alignments))
      }
    }
    return result + rows.map { line($0, alignments) }
  }

  public func text(width: Int = .max) -> String { lines(width: width).joined(separator: "\n") }

  private func pad(_ text: String, to width: Int, _ alignment: Alignment) -> String {
    let text = clip(text, to: width)
    let missing = width - text.count
    let left =
      switch alignment {
      case .leading: 0
      case .trailing: missing
      case .centre: missing / 2
      }
    return String(repeating: " ", count: left) + text + String(repeating: " ", count: missing - left)
  }

  private func clip(_ text: String, to width: Int) -> String { text.clipped(to: width, unicode: unicode) }
}

extension String {
  /// The text cut to a number of characters, with an ellipsis where something is missing.
  func clipped(to width: Int, unicode: Bool = true) -> String {
    if count <= width { return self }
    if width <= 0 { return "" }
    if unicode { return prefix(width - 1) + "…" }
    return width > 2 ? prefix(width - 2) + ".." : String(prefix(width))
  }

  var trimmedEnd: String {
    var result = self[...]
    while result.last == " " { result = result.dropLast() }
    return String(result)
  }
}
