import AleaModel
import AleaSyntax

/// The compiled parts of a process for running it forward.
struct SimulationPlan: @unchecked Sendable {
  let process: Process
  let policy: SimulatedPolicy
  let states: [VariableID]
  let actions: [VariableID]
  /// Initial values, then the step until the action, then the rest of it.
  let initial: [(slot: Slot, mechanism: CompiledMechanism)]
  let beforeAction: [(slot: Slot, mechanism: CompiledMechanism)]
  let afterAction: [(slot: Slot, mechanism: CompiledMechanism)]
  let availability: BatchProgram
  let availableAfterAction: Bool
  let terminal: BatchProgram?
  let amounts: BatchProgram
  let discount: Double

  init(_ process: Process, _ policy: SimulatedPolicy) throws {
    self.process = process
    self.policy = policy
    states = process.variables(with: .state)
    actions = process.variables(with: .action)
    let compiler = BatchCompiler(pool: process.pool) { leaf in
      switch leaf {
      case .variable(let id), .next(let id): Interval(process[id].domain)
      default: Interval(0, .infinity, isInteger: true)
      }
    }
    func compiled(_ slots: [Slot]) throws -> [(slot: Slot, mechanism: CompiledMechanism)] {
      try slots.map { slot in
        let (id, mechanism): (VariableID, Mechanism) =
          switch slot {
          case .current(let id): (id, process[id].mechanism)
          case .next(let id): (id, process[id].next ?? .unspecified)
          }
        guard let result = CompiledMechanism(mechanism, domain: process[id].domain, compiler: compiler) else {
          throw Diagnostic.error(
            "`\(process[id].name)` has no mechanism, so the process cannot be simulated", at: process[id].span,
            notes: process[id].role == .action ? ["apply a policy that sets `\(process[id].name)`"] : [])
        }
        return (slot, result)
      }
    }
    let graph = DependenceGraph(of: process)
    func sorted(_ slots: [Slot], parents: (Slot) -> Set<Slot>) -> [Slot] {
      var result: [Slot] = []
      var done = Set<Slot>()
      let members = Set(slots)
      func visit(_ slot: Slot) {
        guard members.contains(slot), done.insert(slot).inserted else { return }
        let needed = parents(slot)
        for parent in slots where needed.contains(parent) { visit(parent) }
        result.append(slot)
      }
      for slot in slots { visit(slot) }
      return result
    }
    let initialSlots = sorted(states.map { Slot.current($0) }) { slot in
      guard case .current(let id) = slot else { return [] }
      return DependenceGraph.slots(mentionedBy: process[id].mechanism.expressions, in: process.pool)
    }
    initial = try compiled(initialSlots)
    var order = process.stepOrder.filter { slot in
      if case .current(let id) = slot { return process[id].role != .state && process[id].role != .action }
      return true
    }
    switch policy {
    case .closed:
      order = sorted(order + actions.map { .current($0) }) { graph.parents[$0] ?? [] }
      beforeAction = []
      afterAction = try compiled(order)
    case .table:
      var before = Set<Slot>()
      for id in process.observedBeforeAction {
        before.insert(.current(id))
        before.formUnion(graph.ancestors(of: .current(id)))
      }
      beforeAction = try compiled(order.filter(before.contains))
      afterAction = try compiled(order.filter { !before.contains($0) })
    }
    availability = compiler.compile(process.availability.map { BatchRoot($0) })
    if case .closed = policy { availableAfterAction = true } else { availableAfterAction = false }
    terminal = process.terminal.map { compiler.compile([BatchRoot($0)]) }
    amounts = compiler.compile(process.channels.map { BatchRoot($0.amount, check: .reals) })
    discount =
      switch process.objective.criterion {
      case .discounted(let factor): factor
      case .finiteHorizon(_, let factor): factor
      case .total, .average: 1
      }
  }
}
