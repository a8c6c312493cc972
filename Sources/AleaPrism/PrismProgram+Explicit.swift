import AleaModel
import AleaSyntax

extension PrismProgram {
  /// A program without commands for a model given by its rows: the names that properties may mention.
  ///
  /// - Parameters:
  ///   - rows: the model; its rewards are reward structures, its labels are labels.
  ///   - process: the process of the rows, with a variable for each label.
  public init(rows: ExplicitModel, process: Process) {
    let type: PrismModelType =
      switch rows.kind {
      case .dtmc: .dtmc
      case .ctmc: .ctmc
      case .mdp: .mdp
      }
    var scope = PrismScope()
    scope.pool = process.pool
    let nowhere = SourceSpan(file: FileID(index: -1), start: 0, end: 0)
    for id in process.variables(with: .state) {
      let domain = process[id].domain
      scope.variables[process[id].name] = PrismScope.Variable(
        id: id, type: Self.scalarType(of: domain), span: nowhere, module: nil)
    }
    for id in process.variables(with: .derived) {
      scope.builtinLabels[process[id].name] = scope.pool.intern(.variable(id), type: .boolean, span: nil)
    }
    for (name, value) in rows.valueNames where scope.variables[name] == nil {
      scope.constants[name] = PrismModel.Constant(
        name: PrismName(text: name, span: nowhere), type: .integer, value: PrismExpression(.integer(value), nowhere))
    }
    stepTime = scope.pool.constant(1, type: .real)
    var model = PrismModel()
    model.type = type
    self.model = model
    self.type = type
    self.process = process
    self.process.pool = scope.pool
    self.scope = scope
    fixesDeadlocks = true
    rewardNames = rows.rewards.map(\.name)
  }
  private static func scalarType(of domain: Domain) -> PrismModel.ScalarType {
    switch domain.type {
    case .boolean: .boolean
    case .real: .double
    case .integer, .symbol: .integer
    }
  }
}
