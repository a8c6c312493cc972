import AleaModel
import AleaSyntax

extension ModelElaborator {
  // MARK: Finishing

  func finish(_ model: AST.Name) {
    process.pool = context.pool
    process.symbols = context.symbols
    if diagnostics.contains(where: { $0.severity == .error }) { return }
    if process.kind == .mdp, process.variables(with: .state).isEmpty {
      report(
        .error(
          "the mdp `\(model.text)` has no state", at: model.span,
          notes: ["declare one, as in `state stock: 0..20 = 0`; a problem without states is a `bandit`"]))
    }
    attempt { try sortSteps(model) }
    if !isIncomplete { warnOfIdleActions() }
  }

  /// An action on which neither a next value nor a reward depends is most often a slip.
  func warnOfIdleActions() {
    guard process.kind != .causal else { return }
    let graph = DependenceGraph(of: process)
    var effects = DependenceGraph.slots(mentionedBy: process.channels.map(\.amount), in: process.pool)
    for slot in effects { effects.formUnion(graph.ancestors(of: slot)) }
    for (index, variable) in process.variables.enumerated() {
      if variable.next != nil { effects.formUnion(graph.ancestors(of: .next(VariableID(index)))) }
      if variable.role == .observed { effects.formUnion(graph.ancestors(of: .current(VariableID(index)))) }
    }
    for declaration in process.declarations where declaration.role == .action {
      if declaration.shape.variables.contains(where: { effects.contains(.current($0)) }) { continue }
      report(
        .warning(
          "the action `\(declaration.name)` changes nothing", at: declaration.span,
          label: "no next value and no reward depends on it"))
    }
  }

  /// Puts the slots of a step into an order in which operands come first; a cycle among next values is drawn.
  func sortSteps(_ model: AST.Name) throws {
    let graph = DependenceGraph(of: process)
    var state: [Slot: Int] = [:]
    var result: [Slot] = []
    func name(_ slot: Slot) -> String {
      switch slot {
      case .current(let id): process[id].name
      case .next(let id): process[id].name + "'"
      }
    }
    func visit(_ slot: Slot, _ path: [Slot]) throws {
      guard let parents = graph.parents[slot] else { return }
      if state[slot] == 2 { return }
      if state[slot] == 1 {
        let start = path.firstIndex(of: slot) ?? 0
        let cycle = path[start...] + [slot]
        let span: SourceSpan? =
          switch slot {
          case .current(let id), .next(let id): process[id].span
          }
        throw DiagnosticError(
          .error(
            "`\(name(slot))` depends on itself within a step", at: span ?? model.span,
            label: cycle.map { "`\(name($0))`" }.joined(separator: " -> ")))
      }
      state[slot] = 1
      for parent in parents.sorted(by: { key($0) < key($1) }) { try visit(parent, path + [slot]) }
      state[slot] = 2
      result.append(slot)
    }
    func key(_ slot: Slot) -> Int {
      switch slot {
      case .current(let id): Int(id.index)
      case .next(let id): Int(id.index) + process.variables.count
      }
    }
    let initialHelpers = helpersOfInitialValues()
    for index in process.variables.indices where !initialHelpers.contains(index) { try visit(.current(VariableID(index)), []) }
    for index in process.variables.indices { try visit(.next(VariableID(index)), []) }
    process.stepOrder = result
  }

  /// Hidden draws that only initial values use: they belong to the start, not to a step.
  func helpersOfInitialValues() -> Set<Int> {
    var start = Set<Int>()
    var step = Set<Int>()
    for variable in process.variables {
      let isState = variable.role == .state
      for leaf in process.pool.leaves(of: variable.mechanism.expressions) {
        if case .variable(let id) = leaf { if isState { start.insert(Int(id.index)) } else { step.insert(Int(id.index)) } }
      }
      for leaf in process.pool.leaves(of: variable.next?.expressions ?? []) {
        if case .variable(let id) = leaf { step.insert(Int(id.index)) }
      }
    }
    return start.filter { process.variables[$0].name.hasSuffix("#") }.subtracting(step)
  }
}
