import AleaData
import AleaModel
import AleaSyntax

/// A table as a process of one step whose variables are the columns, so that expressions over rows are elaborated, compiled and run
/// like those over states: lanes are rows.
///
/// Text columns are variables over symbols, one for each text of the table. Beside each column `x` stands a Boolean variable
/// `present(x)`, which is true in the rows where `x` has a value.
public struct RowProcess: Sendable {
  public let process: Process
  private let table: DataTable
  /// The columns in the order of the variables; each is followed by its presence.
  private let columns: [DataColumn]
  /// The codes of a text column's levels in ``process``.
  private let codes: [[Int]]

  /// - Parameter isMentioned: columns of many texts for which it is false are left out.
  public init(_ table: DataTable, isMentioned: (String) -> Bool = { _ in true }) {
    var process = Process(name: table.name, kind: .causal, objective: Objective(criterion: .total))
    var known: [String: Int] = [:]
    var codes: [[Int]] = []
    let columns = table.columns.filter { $0.levels.count <= 256 || isMentioned($0.name) }
    func declare(_ name: String, _ domain: Domain) {
      let variable = Variable(
        name: name, declaration: process.declarations.count, role: .state, domain: domain, mechanism: .unspecified)
      process.declarations.append(
        Declaration(name: name, role: .state, shape: .scalar(VariableID(process.variables.count))))
      process.variables.append(variable)
    }
    for column in columns {
      var own: [Int] = []
      for level in column.levels {
        if known[level] == nil {
          known[level] = process.symbols.count
          process.symbols.append(Symbol(level))
        }
        own.append(known[level] ?? 0)
      }
      codes.append(own)
      declare(column.name, Self.domain(column, own))
      declare("present(\(column.name))", .boolean)
    }
    self.process = process
    self.table = table
    self.columns = columns
    self.codes = codes
  }

  private static func domain(_ column: DataColumn, _ codes: [Int]) -> Domain {
    switch column.kind {
    case .boolean: .boolean
    // Columns of 0 and 1 may stand for conditions.
    case .integer: column.numbers.allSatisfy { $0 == 0 || $0 == 1 || $0.isNaN } ? .range(0, 1) : .integers
    case .real: .reals
    case .text: .symbols(codes.sorted())
    }
  }

  // MARK: Evaluation

  /// What happens in rows where a column that the expression needs has no value.
  public enum MissingRule: Sendable { case isFault, givesMissing }

  /// The value of an expression in every row.
  ///
  /// - Parameter extended: ``process`` with its pool grown by the expression.
  /// - Throws: `DiagnosticError` with the row where the expression has no value.
  /// - Complexity: O(rows times operations), in batches.
  public func evaluate(_ expression: ExpressionID, in extended: Process, missing: MissingRule) throws -> [Double] {
    let leaves = extended.pool.leaves(of: [expression])
    let program = BatchCompiler(pool: extended.pool) { leaf in
      guard case .variable(let id) = leaf else { return .unknown }
      return self.interval(id)
    }.compile([BatchRoot(expression)])
    let machine = BatchMachine()
    let block = 4096
    let buffers = program.inputs.map { _ in Column<Double>(repeating: 0, count: block) }
    let count = table.rowCount
    var result = [Double](repeating: 0, count: count)
    var start = 0
    while start < count {
      let rows = start..<min(count, start + block)
      for (buffer, leaf) in zip(buffers, program.inputs) {
        if case .variable(let id) = leaf { fill(buffer.pointer, id, rows) }
      }
      result.withUnsafeMutableBufferPointer { values in
        guard let base = values.baseAddress else { return }
        machine.run(program, count: rows.count, inputs: buffers.map(\.pointer), outputs: [base + start])
      }
      start = rows.upperBound
    }
    let used = leaves.compactMap { leaf in if case .variable(let id) = leaf { id } else { nil } }
    for row in result.indices where result[row].isNaN {
      let absent = used.first { number($0, row).isNaN }
      if absent != nil, missing == .givesMissing { continue }
      throw fault(expression, in: extended, row, absent: absent, used)
    }
    return result
  }

  private func interval(_ id: VariableID) -> Interval {
    let index = Int(id.index)
    if index % 2 == 1 { return Interval(0, 1, isInteger: true) }
    let column = columns[index / 2]
    let mayFail = column.firstMissing != nil
    switch column.kind {
    case .boolean: return Interval(0, 1, isInteger: true, mayFail: mayFail)
    case .text:
      let codes = codes[index / 2]
      return Interval(Double(codes.min() ?? 0), Double(codes.max() ?? 0), isInteger: true, mayFail: mayFail)
    case .integer, .real:
      var (low, high) = (Double.infinity, -Double.infinity)
      for number in column.numbers {
        low = number < low ? number : low
        high = number > high ? number : high
      }
      guard low.isFinite, high.isFinite else { return .unknown }
      return Interval(low, high, isInteger: column.kind == .integer, mayFail: mayFail)
    }
  }

  /// The number that stands for a variable in a row; NaN where it has no value.
  private func number(_ id: VariableID, _ row: Int) -> Double {
    let column = columns[Int(id.index) / 2]
    let number = column.numbers[row]
    if Int(id.index) % 2 == 1 { return number.isNaN ? 0 : 1 }
    guard column.kind == .text, !number.isNaN else { return number }
    return Double(codes[Int(id.index) / 2][Int(number)])
  }

  private func fill(_ target: UnsafeMutablePointer<Double>, _ id: VariableID, _ rows: Range<Int>) {
    let column = columns[Int(id.index) / 2]
    let isPlain = Int(id.index) % 2 == 0 && column.kind != .text
    guard isPlain else {
      for row in rows { target[row - rows.lowerBound] = number(id, row) }
      return
    }
    column.numbers.withUnsafeBufferPointer { numbers in
      for row in rows { target[row - rows.lowerBound] = numbers[row] }
    }
  }

  private func fault(
    _ expression: ExpressionID, in extended: Process, _ row: Int, absent: VariableID?, _ used: [VariableID]
  ) -> DiagnosticError {
    let span = extended.pool[expression].span
    if let absent {
      let name = extended[absent].name
      return DiagnosticError(
        .error(
          "`\(name)` has no value in row \(row)", at: span,
          notes: ["`present(\(name))` is true in the rows that have one, as in `filter(data, present(\(name)))`"]))
    }
    var environment = ScalarEnvironment(variableCount: extended.variables.count)
    for id in used { environment.current[Int(id.index)] = number(id, row) }
    let words = used.map { "\(extended[$0].name) = \(extended.text(of: number($0, row), in: extended[$0].domain))" }
    do {
      _ = try ScalarEvaluator(extended)(expression, in: environment)
      return DiagnosticError(.error("this is not a number", at: span, notes: ["in row \(row)"]))
    } catch var fault as Diagnostic {
      fault.notes.insert("in row \(row), where \(words.joined(separator: ", "))", at: 0)
      return DiagnosticError(fault)
    } catch {
      return DiagnosticError(.error("\(error)", at: span))
    }
  }

  // MARK: Tables

  /// The values of an expression as a column: its kind follows from the expression's type.
  ///
  /// - Throws: `DiagnosticError` with the row where the expression has no value although its columns have.
  public func column(_ name: String, _ expression: ExpressionID, in extended: Process) throws -> DataColumn {
    let numbers = try evaluate(expression, in: extended, missing: .givesMissing)
    switch extended.pool[expression].type {
    case .boolean: return DataColumn(name, .boolean, numbers: numbers)
    case .integer:
      let isExact = numbers.allSatisfy { $0.isNaN || $0.magnitude <= 0x1p53 }
      return DataColumn(name, isExact ? .integer : .real, numbers: numbers)
    case .real: return DataColumn(name, .real, numbers: numbers)
    case .symbol: return textColumn(name, numbers, extended.symbols)
    }
  }

  private func textColumn(_ name: String, _ codes: [Double], _ symbols: [Symbol]) -> DataColumn {
    var positions: [Int: Int] = [:]
    var levels: [String] = []
    let numbers = codes.map { code -> Double in
      guard let index = Int(exactly: code), symbols.indices.contains(index) else { return .nan }
      if let position = positions[index] { return Double(position) }
      positions[index] = levels.count
      levels.append(symbols[index].name)
      return Double(levels.count - 1)
    }
    return DataColumn(name, .text, numbers: numbers, levels: levels)
  }

  /// The rows in which a condition holds.
  ///
  /// - Throws: `DiagnosticError` with the row where the condition has no value.
  public func filtered(_ condition: ExpressionID, in extended: Process) throws -> DataTable {
    let holds = try evaluate(condition, in: extended, missing: .isFault)
    return table.rows(holds.indices.filter { holds[$0] != 0 })
  }
}
