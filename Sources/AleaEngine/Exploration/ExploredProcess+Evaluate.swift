import AleaModel
import AleaSyntax

extension ExploredProcess {
  /// The value of an expression over states (and contexts seen before the action, and `t` when it is part of the state) in every state.
  ///
  /// Where the expression has no value in some state the fault is thrown with that state. Derived values of a step are not known in
  /// a state: an expression that mentions them, or an action, is refused.
  ///
  /// - Parameters:
  ///   - expression: an expression of `process`, whose pool may have grown since the exploration.
  ///   - process: the process whose pool holds the expression; nil for the one that was explored.
  /// - Complexity: O(states times operations), in batches.
  public func evaluate(_ expression: ExpressionID, in process: Process? = nil) throws -> [Double] {
    let process = process ?? self.process
    let positions = Dictionary(uniqueKeysWithValues: states.variables.enumerated().map { ($1, $0) })
    for leaf in process.pool.leaves(of: [expression]) {
      switch leaf {
      case .variable(let id) where positions[id] == nil && states.flags[id] == nil:
        throw DiagnosticError(
          .error(
            "`\(process[id].name)` has no value in a state", at: process.pool[expression].span, label: "asked of every state"))
      case .next(let id):
        throw DiagnosticError(
          .error(
            "`\(process[id].name)'` has no value in a state", at: process.pool[expression].span, label: "asked of every state"))
      case .time where !states.includesTime:
        throw DiagnosticError(
          .error(
            "`t` is not part of the states of \(process.name)", at: process.pool[expression].span,
            notes: ["time is kept in the states when a mechanism reads it"]))
      default: break
      }
    }
    let program = BatchCompiler(pool: process.pool) { leaf in
      if case .variable(let id) = leaf { return Interval(process[id].domain) }
      return Interval(0, .infinity, isInteger: true)
    }.compile([BatchRoot(expression)])

    let count = sparse.stateCount
    var result = [Double](repeating: 0, count: count)
    let machine = BatchMachine()
    let block = 4096
    let columns = program.inputs.map { _ in Column<Double>(repeating: 0, count: block) }
    var start = 0
    while start < count {
      let range = start..<min(count, start + block)
      for (column, leaf) in zip(columns, program.inputs) {
        if case .variable(let id) = leaf, let flags = states.flags[id] {
          for (lane, state) in range.enumerated() { column.pointer[lane] = Double(flags.pointer[state]) }
          continue
        }
        let number = if case .variable(let id) = leaf { positions[id] ?? 0 } else { states.variables.count }
        states.fill(column.pointer, with: number, states: range)
      }
      result.withUnsafeMutableBufferPointer { values in
        machine.run(program, count: range.count, inputs: columns.map(\.pointer), outputs: [values.baseAddress! + start])
      }
      start = range.upperBound
    }
    if program.outputMayFail[0], let state = result.firstIndex(where: \.isNaN) {
      var environment = ScalarEnvironment(variableCount: process.variables.count, time: Double(states.time(of: state) ?? 0))
      let values = states.values(of: state)
      for (id, value) in zip(states.variables, values) { environment.current[Int(id.index)] = value }
      let words = zip(states.variables, values).map { "\(process[$0].name) = \(process.text(of: $1, in: process[$0].domain))" }
      do {
        _ = try ScalarEvaluator(process)(expression, in: environment)
        throw Diagnostic.error("this is not a number", at: process.pool[expression].span)
      } catch var fault as Diagnostic {
        fault.notes.insert("in state \(words.joined(separator: ", "))", at: 0)
        throw DiagnosticError(fault)
      }
    }
    return result
  }
}
