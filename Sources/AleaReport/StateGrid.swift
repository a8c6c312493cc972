import AleaEngine
import AleaModel

/// A state space of two finite variables, laid out as rows and columns.
///
/// The first variable runs down and the second across; variables called `x` and `y` are laid out as on paper, `x` to the right and
/// `y` upwards, `row` and `column` as on a board.
public struct StateGrid: Sendable {
  public let rowName: String
  public let columnName: String
  public let rowLabels: [String]
  public let columnLabels: [String]
  /// The values of the labels where they are numbers, for axes.
  public let rowValues: [Double]
  public let columnValues: [Double]
  /// The state of each cell, row by row; nil where it was not reached.
  public let states: [[Int?]]
  /// Whether rows were reversed, so that the second variable grows upwards.
  public let growsUpwards: Bool

  /// Nil when the states are not made of two finite variables, or less than a quarter of the cells is reached.
  public init?(_ explored: ExploredProcess) {
    let space = explored.states
    guard space.variables.count == 2, !space.includesTime, let first = space.domains[0].count,
      let second = space.domains[1].count,
      first > 0, second > 0, first <= 4096, second <= 4096, explored.sparse.stateCount * 4 >= first * second
    else { return nil }
    let process = explored.process
    let names = space.variables.map { process[$0].name }
    let last = names.map { $0.split(separator: ".").last.map { $0.lowercased() } ?? "" }
    let isPlane = last == ["x", "y"]
    let isSwapped = isPlane || last == ["column", "row"] || last == ["col", "row"]
    let (rowField, columnField) = isSwapped ? (1, 0) : (0, 1)
    let rowDomain = space.domains[rowField]
    let columnDomain = space.domains[columnField]
    let rows = (0..<(rowDomain.count ?? 0)).map(rowDomain.value)
    let columns = (0..<(columnDomain.count ?? 0)).map(columnDomain.value)
    let ordered = isPlane ? Array(rows.reversed()) : rows
    var states: [[Int?]] = []
    for row in ordered {
      states.append(
        columns.map { column in space.index(of: isSwapped ? [column, row] : [row, column]) })
    }
    self.states = states
    growsUpwards = isPlane
    rowName = names[rowField]
    columnName = names[columnField]
    rowLabels = ordered.map { process.text(of: $0, in: rowDomain) }
    columnLabels = columns.map { process.text(of: $0, in: columnDomain) }
    rowValues = ordered
    columnValues = columns
  }

  /// The grid as text, with its labels; cells that were not reached are empty.
  func lines(
    title: String, alignment: TextTable.Alignment, options: ReportOptions, cell: (Int) -> String
  ) -> [String] {
    var table = TextTable(
      [.init("\(rowName) \\ \(columnName)", .trailing)] + columnLabels.map { .init($0, alignment) }, unicode: options.unicode)
    for (label, row) in zip(rowLabels, states) {
      table.add([label] + row.map { $0.map(cell) ?? "" })
    }
    if table.width > options.width { table.gap = 1 }
    // A grid too wide is not cut: the caller chooses another layout.
    return rowLabels.count > 60 ? [String(repeating: " ", count: options.width + 1)] : [title] + table.lines()
  }
}
