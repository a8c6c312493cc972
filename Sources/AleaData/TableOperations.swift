import AleaModel

extension DataTable {
  /// The columns of the given names, in that order.
  ///
  /// - Throws: ``ValueError`` for a name without a column, or given twice.
  public func selecting(_ names: [String]) throws -> DataTable {
    try DataTable(name, columns: names.map { try column(named: $0) })
  }

  /// The table with some columns under new names.
  ///
  /// - Throws: ``ValueError`` for a name without a column, and where two columns would have one name.
  public func renaming(_ names: [(old: String, new: String)]) throws -> DataTable {
    var renamed = columns
    for (old, new) in names {
      _ = try column(named: old)
      for index in columns.indices where columns[index].name == old { renamed[index].name = new }
    }
    return try DataTable(name, columns: renamed)
  }

  /// The rows in ascending order of a column (texts by their characters), equal ones as they stood; missing cells come last.
  ///
  /// - Throws: ``ValueError`` for a name without a column.
  public func sorted(by name: String, descending: Bool = false) throws -> DataTable {
    let column = try column(named: name)
    var keys = column.numbers
    if column.kind == .text {
      let order = column.levels.indices.sorted { column.levels[$0] < column.levels[$1] }
      var ranks = [Double](repeating: 0, count: order.count)
      for (rank, level) in order.enumerated() { ranks[level] = Double(rank) }
      keys = keys.map { Int(exactly: $0).map { ranks[$0] } ?? .nan }
    }
    let present = keys.indices.filter { !keys[$0].isNaN }
    let ordered = present.sorted { a, b in
      if keys[a] == keys[b] { return a < b }
      return (keys[a] < keys[b]) != descending
    }
    return rows(ordered + keys.indices.filter { keys[$0].isNaN })
  }

  /// What each column holds: a row a column, with counts and, for numbers, mean, standard deviation and quartiles of what is present.
  ///
  /// Quartiles are interpolated (Hyndman and Fan 1996, definition 7); the most frequent text stands beside the number of texts.
  public func summary() throws -> DataTable {
    var names: [String] = []
    var kinds: [String] = []
    var statistics = [[Double]](repeating: [], count: 9)
    var most: [String?] = []
    for column in columns {
      names.append(column.name)
      kinds.append(column.kind.typeName)
      let present = column.numbers.filter { !$0.isNaN }
      let isText = column.kind == .text
      let sorted = isText ? [] : present.sorted()
      let values: [Double] =
        [Double(present.count), Double(column.numbers.count - present.count)]
        + (sorted.isEmpty
          ? [Double](repeating: .nan, count: 7)
          : [ColumnStatistics.mean(sorted), ColumnStatistics.standardDeviation(sorted), sorted[0]]
            + [0.25, 0.5, 0.75].map { ColumnStatistics.quantile(sorted, $0) } + [sorted[sorted.count - 1]])
      for (index, value) in values.enumerated() { statistics[index].append(value) }
      most.append(isText ? column.levelSummary(present) : nil)
    }
    let titles = ["count", "missing", "mean", "sd", "min", "q1", "median", "q3", "max"]
    var result = [DataColumn.texts("column", names), DataColumn.texts("type", kinds)]
    for (index, title) in titles.enumerated() {
      result.append(DataColumn(title, index < 2 ? .integer : .real, numbers: statistics[index]))
    }
    if most.contains(where: { $0 != nil }) { result.append(DataColumn.texts("texts", most)) }
    return try DataTable("summary of \(name)", columns: result)
  }
}

extension DataColumn {
  /// A column of texts; nil is missing.
  public static func texts(_ name: String, _ texts: [String?]) -> DataColumn {
    var positions: [String: Int] = [:]
    var levels: [String] = []
    let numbers = texts.map { text -> Double in
      guard let text else { return .nan }
      if let position = positions[text] { return Double(position) }
      positions[text] = levels.count
      levels.append(text)
      return Double(levels.count - 1)
    }
    return DataColumn(name, .text, numbers: numbers, levels: levels)
  }

  /// The number of texts that occur, and the most frequent ones with their counts.
  fileprivate func levelSummary(_ present: [Double]) -> String {
    var counts = [Int](repeating: 0, count: levels.count)
    for number in present { if let level = Int(exactly: number) { counts[level] += 1 } }
    let order = counts.indices.filter { counts[$0] > 0 }.sorted { (counts[$0], $1) > (counts[$1], $0) }
    let shown = order.prefix(3).map { "\(levels[$0]) \(counts[$0])" }.joined(separator: ", ")
    return order.count > 3 ? "\(order.count): \(shown), ..." : shown
  }
}
