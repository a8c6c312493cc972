import AleaModel
import AleaSyntax

extension ModelElaborator {
  /// Makes the variables of a finished process available under their names again.
  convenience init(reopening process: Process, environment: Environment, includingActions: Bool, isChecking: Bool = false) {
    self.init(name: process.name, kind: process.kind, environment: environment, isChecking: isChecking)
    self.process = process
    context.adopt(process)
    let span = process.span ?? SourceSpan(file: FileID(index: 0), start: 0, end: 0)
    for declaration in process.declarations {
      if declaration.role == .action, !includingActions { continue }
      bind(declaration.name, operand(of: declaration.shape, isNext: false, span: declaration.span ?? span))
    }
    for symbol in process.symbols where symbol.enumeration == nil { bindIfFree(symbol) }
  }

  private func bindIfFree(_ symbol: Symbol) {
    if environment.leavesFree(symbol.name),
      (try? operand(named: symbol.name, at: SourceSpan(file: FileID(index: 0), start: 0, end: 0))) == nil
    {
      bind(symbol.name, .value(.symbol(symbol)))
    }
  }

  /// Elaborates an expression over the rows of a table, whose columns are the variables of the process and whose texts are its symbols.
  static func elaborateRow(
    _ syntax: AST.Expression, over process: Process, environment: Environment, locals: [Local], isCondition: Bool
  ) throws -> (Process, ExpressionID) {
    let model = ModelElaborator(reopening: process, environment: environment, includingActions: false)
    model.context.readsStringsAsSymbols = true
    var scope = model.elaborator()
    scope.locals = locals
    let operand = try isCondition ? scope.boolean(syntax) : scope.elaborate(syntax)
    if case .unchecked = operand { throw Elaborator.silent }
    guard let id = scope.scalar(operand, syntax.span) else {
      throw scope.fault(
        "a column needs a number, a Boolean or a text in each row, and this is \(scope.describe(operand))", syntax.span)
    }
    var extended = model.process
    extended.pool = model.context.pool
    extended.symbols = model.context.symbols
    for leaf in extended.pool.leaves(of: [id]) {
      if case .variable = leaf { continue }
      throw scope.fault("rows have no next values and no time", syntax.span)
    }
    return (extended, id)
  }

  /// Elaborates a condition over the states of a process: `M.x == 3`, or `x == 3`.
  static func elaborate(
    _ syntax: AST.Expression, over process: Process, environment: Environment, locals: [Local] = [], isChecking: Bool = false
  ) throws -> (Process, ExpressionID) {
    let model = ModelElaborator(reopening: process, environment: environment, includingActions: false, isChecking: isChecking)
    var scope = model.elaborator()
    scope.locals = locals
    let operand = try scope.boolean(syntax)
    guard let written = scope.scalar(operand, syntax.span) else { throw Elaborator.silent }
    var extended = model.process
    extended.pool = model.context.pool
    extended.symbols = model.context.symbols
    let id = extended.rows == nil ? extended.writingOutDefinitions(in: written) : written
    for leaf in extended.pool.leaves(of: [id]) {
      switch leaf {
      case .variable(let variable) where extended[variable].role == .state: continue
      // A label of a model that was read as rows.
      case .variable(let variable) where extended.rows != nil && extended[variable].role == .derived: continue
      case .variable(let variable):
        throw DiagnosticError(
          .error(
            "a question about states cannot mention `\(extended[variable].name)`", at: syntax.span,
            notes: ["it is drawn or chosen within a step; only the states of the model have values between steps"]))
      case .next, .time:
        throw DiagnosticError(.error("a question about states cannot mention next values or the time", at: syntax.span))
      default: continue
      }
    }
    return (extended, id)
  }
}

extension Process {
  /// The expression with values derived within a step (`done = x == 3`) replaced by what they are derived from.
  public mutating func writingOutDefinitions(in expression: ExpressionID) -> ExpressionID {
    var result = expression
    // Each pass writes out the outermost definitions; they have no cycles.
    while true {
      var values: [ExpressionKind: ExpressionID] = [:]
      for leaf in pool.leaves(of: [result]) {
        if case .variable(let id) = leaf, self[id].role == .derived, case .value(let value) = self[id].mechanism {
          values[leaf] = value
        }
      }
      if values.isEmpty { return result }
      result = pool.rewriting([result]) { values[$0] }[0]
    }
  }
}
