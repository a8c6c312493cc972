import AleaSyntax

/// A policy with memory, applied to a process: what it remembers, how it acts, and how it updates its memory after each step.
///
/// ``process`` has the policy's own variables and its memory among its variables; the actions follow from them. The memory counts as
/// state, but ``expanded()`` alone gives it next values: simulation runs ``updates`` in place instead, since a step changes one element
/// of a large array.
public struct Learner: Sendable, Codable {
  /// One array (or scalar) of memory.
  public struct Memory: Sendable, Codable {
    public var name: String
    public var variables: [VariableID]
    public init(name: String, variables: [VariableID]) {
      self.name = name
      self.variables = variables
    }
  }

  /// A statement of an `after` block. Statements run in order and see what earlier ones have done.
  public indirect enum Update: Sendable, Codable {
    case assign(Assignment)
    case conditional(ExpressionID, then: [Update], else: [Update])
  }

  /// Elements that change together: all new values are computed before any is stored.
  public struct Assignment: Sendable, Codable {
    /// The position among each part's targets of the one that changes; nil where there is a single target.
    public var position: ExpressionID?
    public var parts: [Part]
    public var span: SourceSpan?

    public struct Part: Sendable, Codable {
      public var targets: [VariableID]
      public var value: ExpressionID
      public init(targets: [VariableID], value: ExpressionID) {
        self.targets = targets
        self.value = value
      }
    }

    public init(position: ExpressionID?, parts: [Part], span: SourceSpan?) {
      self.position = position
      self.parts = parts
      self.span = span
    }
  }

  public var name: String
  public var process: Process
  public var memory: [Memory]
  /// The variables of the policy's own, drawn or derived before it acts.
  public var own: [VariableID]
  public var updates: [Update]
  /// The sum of the channels of a step, as the policy sees it.
  public var reward: ExpressionID?

  public init(name: String, process: Process) {
    self.name = name
    self.process = process
    memory = []
    own = []
    updates = []
  }

  /// The process in which the memory is state like any other, with next values that follow from the updates: for exact evaluation of
  /// small cases.
  public func expanded() -> Process {
    var result = process
    let remembered = memory.flatMap(\.variables)
    var current: [VariableID: ExpressionID] = [:]
    for id in remembered {
      current[id] = result.pool.intern(.variable(id), type: result[id].domain.type, span: result[id].span)
    }
    run(updates, guardedBy: nil, &current, &result)
    for id in remembered { result.variables[Int(id.index)].next = current[id].map { .value($0) } }
    result.stepOrder += remembered.map { .next($0) }
    return result
  }

  private func run(
    _ updates: [Update], guardedBy condition: ExpressionID?, _ current: inout [VariableID: ExpressionID], _ process: inout Process
  ) {
    func now(_ expression: ExpressionID) -> ExpressionID {
      process.pool.rewriting([expression]) { leaf in
        if case .variable(let id) = leaf { return current[id] }
        return nil
      }[0]
    }
    for update in updates {
      switch update {
      case .conditional(let test, let first, let second):
        let holds = now(test)
        let fails = process.pool.unary(.not, holds, type: .boolean, span: process.pool[test].span)
        func joined(_ other: ExpressionID) -> ExpressionID {
          condition.map { process.pool.binary(.and, $0, other, type: .boolean, span: process.pool[other].span) } ?? other
        }
        run(first, guardedBy: joined(holds), &current, &process)
        run(second, guardedBy: joined(fails), &current, &process)
      case .assign(let assignment):
        let position = assignment.position.map(now)
        let values = assignment.parts.map { now($0.value) }
        for (part, value) in zip(assignment.parts, values) {
          for (index, target) in part.targets.enumerated() {
            guard let old = current[target] else { continue }
            let type = process[target].domain.type
            let span = process.pool[value].span
            var test = condition
            if let position {
              let isHere = process.pool.binary(
                .equal, position, process.pool.constant(Double(index), type: .integer), type: .boolean, span: span)
              test = test.map { process.pool.binary(.and, $0, isHere, type: .boolean, span: span) } ?? isHere
            }
            current[target] = test.map { process.pool.select($0, value, old, type: type, span: span) } ?? value
          }
        }
      }
    }
  }
}
