import AleaModel

/// What has been learnt of a column while its cells are read.
struct ColumnBuilder {
  enum State { case undetermined, boolean, number, text }

  let name: String
  var state = State.undetermined
  /// Whether the kind was given by the caller.
  var isDemanded = false
  var isWhole = true
  var levels = TextLevels()
  /// A quoted cell stands where a missing one would: in a column of texts it is a text.
  var hasQuotedBlank = false
  /// The column turned out to be text after cells had been read as something else.
  var needsAnotherPass = false
  /// Why the column has its kind, where that may surprise.
  var note: String?

  init(_ name: String, demanded kind: DataColumn.Kind?) {
    self.name = name
    isDemanded = kind != nil
    switch kind {
    case nil: break
    case .boolean: state = .boolean
    case .integer: state = .number
    case .real:
      state = .number
      isWhole = false
    case .text: state = .text
    }
  }

  /// What the cells were, in words.
  var stateName: String {
    switch state {
    case .undetermined, .text: "text"
    case .boolean: "Boolean"
    case .number: "numbers"
    }
  }
}

/// One reading of the rows of a CSV text; columns that turn out to be text late are read once more.
struct CSVPass {
  private let beginning: CSVScanner
  private let reader: CSVReader
  private let blanks: [[UInt8]]
  private var builders: [ColumnBuilder]
  /// The cells, a block of ``capacity`` numbers a column.
  private var storage: [Column<Double>]
  private var rows = 0

  init(_ scanner: CSVScanner, names: [String], reader: CSVReader) {
    beginning = scanner
    self.reader = reader
    blanks = reader.missing.map { Array($0.trimmed.utf8) }
    builders = names.map { ColumnBuilder($0, demanded: reader.kinds[$0]) }
    storage = names.map { _ in Column() }
  }

  /// Reads all rows, then the columns again that need it.
  mutating func run() throws(DataFileError) {
    try read(isFirst: true)
    for index in builders.indices where builders[index].state == .undetermined && builders[index].hasQuotedBlank {
      builders[index].needsAnotherPass = true
    }
    guard builders.contains(where: \.needsAnotherPass) else { return }
    for index in builders.indices where builders[index].needsAnotherPass { builders[index].state = .text }
    try read(isFirst: false)
  }

  func table() throws(DataFileError) -> DataTable {
    let columns = zip(builders, storage).map { builder, numbers in
      let kind: DataColumn.Kind =
        switch builder.state {
        case .undetermined: .real
        case .boolean: .boolean
        case .number: builder.isWhole ? .integer : .real
        case .text: .text
        }
      return DataColumn(builder.name, kind, numbers: numbers.array, levels: builder.levels.strings())
    }
    do {
      var table = try DataTable(beginning.file, columns: columns)
      table.notes = builders.compactMap(\.note)
      return table
    } catch {
      throw DataFileError(file: beginning.file, "\(error)")
    }
  }

  // MARK: Rows

  private mutating func read(isFirst: Bool) throws(DataFileError) {
    var scanner = beginning
    var row = 0
    var capacity = isFirst ? 0 : rows
    let width = builders.count
    var addresses = storage.map(\.pointer)
    while !scanner.isAtEnd {
      if isFirst, row == capacity {
        let wanted = expectedRows(read: row, scanner)
        addresses = storage.map { column in
          column.commit(row - column.count)
          return column.reserve(wanted - row) - row
        }
        capacity = wanted
      }
      let line = scanner.line
      var column = 0
      while true {
        let endsRow = try cell(&scanner, column, &addresses[column][row], isFirst)
        column += 1
        if endsRow {
          if column < width { throw ragged(line, cells: column, scanner) }
          break
        }
        if column == width { throw ragged(line, cells: try countCells(from: column, &scanner), scanner) }
      }
      row += 1
    }
    if isFirst {
      for column in storage { column.commit(row - column.count) }
      rows = row
    }
  }

  /// How many rows to make room for: what the bytes so far suggest for the whole file.
  private func expectedRows(read row: Int, _ scanner: CSVScanner) -> Int {
    guard row > 0 else { return 64 }
    let bytesARow = Double(scanner.cursor - beginning.cursor) / Double(row)
    let estimate = Double(scanner.end - beginning.cursor) / max(1, bytesARow) * 1.02
    return max(row + row / 2 + 1, min(Int(estimate) + 16, row * 64))
  }

  private func countCells(from column: Int, _ scanner: inout CSVScanner) throws(DataFileError) -> Int {
    var column = column
    while true {
      let cell = try scanner.cell(column: column)
      column += 1
      if cell.endsRow { return column }
    }
  }

  private func ragged(_ line: Int, cells: Int, _ scanner: CSVScanner) -> DataFileError {
    let width = builders.count
    let source = reader.hasHeader ? "the header names \(width)" : "the first row has \(width)"
    if cells == 1, width > 1, isEmptyLine(line) {
      return DataFileError(file: scanner.file, line: line, "the line is empty, and \(source) columns")
    }
    return DataFileError(
      file: scanner.file, line: line, "the row has \(cells) cell\(cells == 1 ? "" : "s"), and \(source)",
      notes: ["a cell with a separator in it stands in quotes"])
  }

  private func isEmptyLine(_ line: Int) -> Bool {
    var scanner = beginning
    while !scanner.isAtEnd {
      guard let cell = try? scanner.cell(column: 0) else { return false }
      if cell.line == line { return cell.endsRow && cell.start == cell.end && !cell.isQuoted }
      if !cell.endsRow { continue }
    }
    return false
  }

  // MARK: Cells

  /// Reads one cell into its place.
  ///
  /// - Returns: whether it ended the row.
  @inline(__always)
  private mutating func cell(
    _ scanner: inout CSVScanner, _ column: Int, _ target: inout Double, _ isFirst: Bool
  ) throws(DataFileError) -> Bool {
    if builders[column].state == .number, let number = DecimalParser.parse(scanner.cursor, scanner.end),
      number.end == scanner.end || scanner.isDelimiter(number.end.pointee), !number.isInexact
    {
      scanner.cursor = number.end
      if !number.isWhole, builders[column].isWhole {
        if builders[column].isDemanded {
          throw mismatch(scanner, column, number.end, expected: "an integer")
        }
        builders[column].isWhole = false
      }
      target = number.value
      return scanner.passDelimiter()
    }
    return try generalCell(&scanner, column, &target, isFirst)
  }

  @inline(never)
  private mutating func generalCell(
    _ scanner: inout CSVScanner, _ column: Int, _ target: inout Double, _ isFirst: Bool
  ) throws(DataFileError) -> Bool {
    let cell = try scanner.cell(column: column)
    if builders[column].needsAnotherPass, isFirst { return cell.endsRow }
    if !isFirst, !builders[column].needsAnotherPass { return cell.endsRow }
    if builders[column].state == .text {
      target = try text(cell, column, scanner)
      return cell.endsRow
    }
    let content = trimmed(cell.bytes)
    if isBlank(content) {
      target = .nan
      if cell.isQuoted { builders[column].hasQuotedBlank = true }
      return cell.endsRow
    }
    switch builders[column].state {
    case .boolean:
      if let flag = boolean(content) {
        target = flag
      } else {
        try demote(column, cell, scanner, expected: "true or false")
      }
    case .number:
      if let number = wholeNumber(content, column, cell) {
        if builders[column].isDemanded, builders[column].isWhole, !number.isWhole {
          throw fault(cell, column, scanner, "an integer is needed here")
        }
        if !number.isWhole { builders[column].isWhole = false }
        target = number.value
      } else {
        try demote(column, cell, scanner, expected: builders[column].isWhole ? "an integer" : "a number")
      }
    default:
      try determine(cell, content, column, &target, scanner)
    }
    return cell.endsRow
  }

  /// The first cell with a value says what the column seems to be.
  private mutating func determine(
    _ cell: CSVCell, _ content: UnsafeBufferPointer<UInt8>, _ column: Int, _ target: inout Double, _ scanner: CSVScanner
  ) throws(DataFileError) {
    if let flag = boolean(content) {
      builders[column].state = .boolean
      target = flag
    } else if let number = wholeNumber(content, column, cell) {
      builders[column].state = .number
      builders[column].isWhole = number.isWhole
      target = number.value
    } else if builders[column].hasQuotedBlank {
      builders[column].needsAnotherPass = true
    } else {
      builders[column].state = .text
      target = try text(cell, column, scanner)
    }
  }

  /// A cell that is a number and nothing else. Whole numbers that a double cannot keep make the column real, and a note.
  private mutating func wholeNumber(_ content: UnsafeBufferPointer<UInt8>, _ column: Int, _ cell: CSVCell)
    -> DecimalParser.Result?
  {
    guard let start = content.baseAddress, var number = DecimalParser.parse(start, start + content.count),
      number.end == start + content.count
    else { return nil }
    if number.isInexact {
      number.isWhole = false
      if !builders[column].isDemanded, builders[column].note == nil {
        builders[column].note =
          "`\(builders[column].name)` holds `\(CellText.shown(cell.rawBytes))` (line \(cell.line)), which has more digits than a "
          + "number keeps: its kind can be given as text"
      }
    }
    return number
  }

  private mutating func demote(_ column: Int, _ cell: CSVCell, _ scanner: CSVScanner, expected: String) throws(DataFileError) {
    if builders[column].isDemanded { throw fault(cell, column, scanner, "\(expected) is needed here") }
    builders[column].needsAnotherPass = true
    builders[column].note =
      "`\(builders[column].name)` is text: line \(cell.line) holds `\(CellText.shown(cell.rawBytes))`, "
      + "and the cells before it are \(builders[column].stateName)"
  }

  /// The number of a cell's text among the levels of its column; NaN where it is missing.
  private mutating func text(_ cell: CSVCell, _ column: Int, _ scanner: CSVScanner) throws(DataFileError) -> Double {
    if !cell.isQuoted, isBlank(trimmed(cell.bytes)) { return .nan }
    if cell.hasDoubledQuotes {
      let unescaped = scanner.unescaped(cell)
      let (index, isNew) = unescaped.withUnsafeBufferPointer { builders[column].levels.intern($0) }
      if isNew { try validate(cell, column, scanner) }
      return Double(index)
    }
    let (index, isNew) = builders[column].levels.intern(cell.bytes)
    if isNew { try validate(cell, column, scanner) }
    return Double(index)
  }

  private func validate(_ cell: CSVCell, _ column: Int, _ scanner: CSVScanner) throws(DataFileError) {
    guard UTF8Check.isValid(cell.bytes) else {
      throw fault(
        cell, column, scanner, "the cell is not UTF-8", notes: ["the file may be in Latin-1: convert it, as with `iconv`"])
    }
  }

  private func mismatch(_ scanner: CSVScanner, _ column: Int, _ end: UnsafePointer<UInt8>, expected: String) -> DataFileError {
    var start = end
    while start > beginning.start, !scanner.isDelimiter((start - 1).pointee) { start -= 1 }
    let cell = CSVCell(
      start: start, end: end, isQuoted: false, hasDoubledQuotes: false, endsRow: false, line: scanner.line)
    return fault(cell, column, scanner, "\(expected) is needed here")
  }

  private func fault(_ cell: CSVCell, _ column: Int, _ scanner: CSVScanner, _ problem: String, notes: [String] = [])
    -> DataFileError
  {
    DataFileError(
      file: scanner.file, line: cell.line, column: column + 1, columnName: builders[column].name,
      cell: CellText.shown(cell.rawBytes), problem, notes: notes)
  }

  private func isBlank(_ content: UnsafeBufferPointer<UInt8>) -> Bool {
    if content.isEmpty { return true }
    return blanks.contains { $0.count == content.count && $0.elementsEqual(content) }
  }

  private func boolean(_ content: UnsafeBufferPointer<UInt8>) -> Double? {
    func lowered(_ word: StaticString) -> Bool {
      word.utf8CodeUnitCount == content.count && content.indices.allSatisfy { content[$0] | 32 == word.utf8Start[$0] }
    }
    return lowered("true") ? 1 : lowered("false") ? 0 : nil
  }

  private func trimmed(_ content: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
    var low = content.startIndex
    var high = content.endIndex
    while low < high, isSpace(content[low]) { low += 1 }
    while low < high, isSpace(content[high - 1]) { high -= 1 }
    return UnsafeBufferPointer(rebasing: content[low..<high])
  }
}

/// Whether bytes are well-formed UTF-8.
enum UTF8Check {
  static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    if bytes.allSatisfy({ $0 < 128 }) { return true }
    return String(validating: bytes, as: UTF8.self) != nil
  }
}
