import AleaModel
import AleaSyntax

extension ExploredProcess {
  /// What an amount is in every choice, for an amount that depends on the state and the action alone.
  ///
  /// A process explored without its channels takes less memory; this computes one of them when it is asked for.
  ///
  /// - Parameters:
  ///   - amount: an expression of `process`, whose pool may have grown since the exploration.
  ///   - process: the process whose pool holds the expression; nil for the one that was explored.
  /// - Throws: `DiagnosticError` where the amount is no finite number, with the state and the action; and for an amount that depends
  ///   on what is drawn in the step.
  /// - Complexity: O(choices times operations), in batches.
  public func reward(_ amount: ExpressionID, in process: Process? = nil) throws -> Column<Double> {
    let process = process ?? self.process
    let program = BatchCompiler(pool: process.pool) { leaf in
      if case .variable(let id) = leaf { return Interval(process[id].domain) }
      return Interval(0, .infinity, isInteger: true)
    }.compile([BatchRoot(amount, check: .reals)])
    let sources = try program.inputs.map { try source(of: $0, in: process, at: process.pool[amount].span) }

    let sparse = sparse
    let result = Column<Double>(repeating: 0, count: sparse.choiceCount)
    let machine = BatchMachine()
    let block = 1024
    let values = Column<Double>(repeating: 0, count: block)
    var columns = program.inputs.map { _ in Column<Double>(repeating: 0, count: block) }
    var start = 0
    while start < sparse.stateCount {
      let states = start..<min(sparse.stateCount, start + block)
      let choices = Int(sparse.choiceStart[start])..<Int(sparse.choiceStart[states.upperBound])
      for (place, source) in sources.enumerated() {
        if columns[place].count < choices.count { columns[place] = Column(repeating: 0, count: 2 * choices.count) }
        fill(columns[place].pointer, from: source, states: states, choices: choices, scratch: values.pointer)
      }
      machine.run(
        program, count: choices.count, inputs: columns.map(\.pointer), outputs: [result.pointer + choices.lowerBound])
      if program.outputMayFail[0] {
        for choice in choices where result.pointer[choice].isNaN {
          let state = states.first { sparse.choices(of: $0).contains(choice) } ?? start
          throw DiagnosticError(fault(amount, in: process, state: state, choice: choice))
        }
      }
      start = states.upperBound
    }
    return result
  }

  private enum Source {
    /// A position in the variables of a state; the time comes after them.
    case state(Int)
    /// The value of one variable in each joint action.
    case action([Double])
  }

  private func source(of leaf: ExpressionKind, in process: Process, at span: SourceSpan?) throws -> Source {
    switch leaf {
    case .variable(let id):
      if let position = states.variables.firstIndex(of: id) { return .state(position) }
      if let position = actions.variables.firstIndex(of: id) {
        return .action((0..<actions.count).map { actions.values(of: $0)[position] })
      }
      throw DiagnosticError(.error("the amount depends on `\(process[id].name)`, which is known only after the action", at: span))
    case .time where states.includesTime: return .state(states.variables.count)
    default: throw DiagnosticError(.error("the amount depends on more than the state and the action", at: span))
    }
  }

  private func fill(
    _ column: UnsafeMutablePointer<Double>, from source: Source, states range: Range<Int>, choices: Range<Int>,
    scratch: UnsafeMutablePointer<Double>
  ) {
    switch source {
    case .state(let position):
      states.fill(scratch, with: position, states: range)
      let start = sparse.choiceStart.pointer
      for state in range {
        let value = scratch[state &- range.lowerBound]
        for choice in Int(start[state])..<Int(start[state &+ 1]) { column[choice &- choices.lowerBound] = value }
      }
    case .action(let values):
      for choice in choices { column[choice &- choices.lowerBound] = values[Int(choiceAction.pointer[choice])] }
    }
  }

  /// Says what is wrong with the amount of a choice.
  private func fault(_ amount: ExpressionID, in process: Process, state: Int, choice: Int) -> Diagnostic {
    var environment = ScalarEnvironment(variableCount: process.variables.count, time: Double(states.time(of: state) ?? 0))
    let values = states.values(of: state)
    let action = actions.values(of: Int(choiceAction[choice]))
    for (id, value) in zip(states.variables, values) { environment.current[Int(id.index)] = value }
    for (id, value) in zip(actions.variables, action) { environment.current[Int(id.index)] = value }
    func words(_ ids: [VariableID], _ values: [Double]) -> String {
      zip(ids, values).map { "\(process[$0].name) = \(process.text(of: $1, in: process[$0].domain))" }.joined(separator: ", ")
    }
    var fault = Diagnostic.error("the reward is infinite", at: process.pool[amount].span)
    do {
      if try ScalarEvaluator(process)(amount, in: environment).isNaN {
        fault = .error("this is not a number", at: process.pool[amount].span)
      }
    } catch let found as Diagnostic {
      fault = found
    } catch {}
    fault.notes.insert("in state \(words(states.variables, values))", at: 0)
    let since = words(actions.variables, action)
    if !since.isEmpty { fault.notes.insert("after \(since)", at: 1) }
    return fault
  }
}
