import AleaData
import AleaSyntax

extension Chart {
  /// Points of a table: the first column along the horizontal axis, each other one a series. Rows with a missing cell leave a gap.
  ///
  ///     plot(select(card, ["educ", "lwage"]))
  ///
  /// - Throws: a `Diagnostic` for columns of texts, and for fewer than two columns or more than there are colours.
  init(table: DataTable) throws {
    let way = ["`select(data, [\"age\", \"wage\"])` keeps the columns to draw"]
    guard let first = table.columns.first, (2...Self.palette.count + 1).contains(table.columns.count) else {
      throw Diagnostic.error(
        "a table is drawn with 2 to \(Self.palette.count + 1) columns, and this one has \(table.columns.count)", at: nil,
        notes: way)
    }
    if let texts = table.columns.first(where: { $0.kind == .text }) {
      throw Diagnostic.error("`\(texts.name)` is a column of texts, which has no place on an axis", at: nil, notes: way)
    }
    let others = table.columns.dropFirst()
    self.init(
      title: table.name, xLabel: first.name, yLabel: others.count == 1 ? others.first?.name ?? "" : "",
      series: others.map { Series($0.name, x: first.numbers, y: $0.numbers, style: .points) })
  }
}
