/// Which slot of a step depends directly on which: always at hand for a process.
public struct DependenceGraph: Sendable {
  /// The direct parents of each slot that has a mechanism.
  public var parents: [Slot: Set<Slot>]

  public init(of process: Process) {
    parents = [:]
    for (index, variable) in process.variables.enumerated() {
      let id = VariableID(index)
      if variable.role != .state, variable.mechanism != .chosen {
        parents[.current(id)] = Self.slots(mentionedBy: variable.mechanism.expressions, in: process.pool)
      }
      if let next = variable.next { parents[.next(id)] = Self.slots(mentionedBy: next.expressions, in: process.pool) }
    }
  }

  /// The slots that expressions mention.
  public static func slots(mentionedBy expressions: [ExpressionID], in pool: ExpressionPool) -> Set<Slot> {
    var result = Set<Slot>()
    for leaf in pool.leaves(of: expressions) {
      switch leaf {
      case .variable(let id): result.insert(.current(id))
      case .next(let id): result.insert(.next(id))
      default: break
      }
    }
    return result
  }

  /// Everything a slot depends on, directly or not.
  public func ancestors(of slot: Slot) -> Set<Slot> {
    var seen = Set<Slot>()
    var stack = Array(parents[slot] ?? [])
    while let current = stack.popLast() {
      guard seen.insert(current).inserted else { continue }
      stack.append(contentsOf: parents[current] ?? [])
    }
    return seen
  }
}

extension Process {
  /// The contexts and observed variables that are drawn before the action and may be read by the policy, in step order.
  ///
  /// They are the ones that depend, directly or not, on no action and on no latent or hidden draw that depends on an action.
  public var observedBeforeAction: [VariableID] {
    let graph = DependenceGraph(of: self)
    return stepOrder.compactMap { slot in
      guard case .current(let id) = slot, self[id].role == .context || self[id].role == .observed else { return nil }
      let followsAction = graph.ancestors(of: slot).contains { ancestor in
        switch ancestor {
        case .current(let other): self[other].role == .action
        case .next: true
        }
      }
      return followsAction ? nil : id
    }
  }
}
