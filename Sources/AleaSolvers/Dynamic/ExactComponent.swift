import AleaModel

/// Linear equations `x = b + A x` solved in fractions, good for several `b`.
struct ExactSystem {
  private enum Solver {
    case elimination(ExactElimination<Rational>)
    case lifting(ExactLifting)
  }

  private let solver: Solver
  /// Among so many unknowns elimination meets no numbers that are much longer than the answer's.
  static let mostEliminated = 12

  /// - Parameter rows: the entries of each row of `A`.
  /// - Throws: `WorkCancelled` when `control` ends the work; ``UnmetRequirement`` for a singular system.
  init(_ rows: [[(column: Int, weight: Rational)]], mostEliminated: Int = Self.mostEliminated, control: WorkControl) throws {
    if rows.count > mostEliminated, let lifting = try ExactLifting(rows, control: control) {
      solver = .lifting(lifting)
      return
    }
    var elimination = ExactElimination<Rational>(count: rows.count)
    for (number, row) in rows.enumerated() {
      for (column, weight) in row { elimination.add(weight, from: number, to: column) }
    }
    guard try elimination.factor(control) else {
      throw UnmetRequirement(
        method: Exact.name, requirement: "states that are left in the end", found: "a policy stays for ever in one",
        remedy: "use a discount below one")
    }
    solver = .elimination(elimination)
  }

  func solve(_ side: [Rational], control: WorkControl) throws -> [Rational] {
    switch solver {
    case .elimination(let elimination): elimination.solve(side)
    case .lifting(let lifting): try lifting.solve(side, control: control)
    }
  }
}

/// The equations of some states under a policy: each is worth a constant and, by probability, what its successors are worth.
struct ExactComponent {
  private let states: [Int]
  private let outside: [[(state: Int, weight: Rational)]]
  private let system: ExactSystem

  /// - Parameters:
  ///   - states: the unknowns, which the policy leaves almost surely, or with a discount.
  ///   - discount: the factor of every probability.
  init(
    _ states: [Int], following policy: [Int32], of process: SparseProcess, _ form: ExactForm, discount: Rational = .one,
    control: WorkControl
  ) throws {
    self.states = states
    var place: [Int: Int] = [:]
    for (position, state) in states.enumerated() { place[state] = position }
    var rows: [[(column: Int, weight: Rational)]] = []
    var outside: [[(state: Int, weight: Rational)]] = []
    for state in states {
      var row: [(column: Int, weight: Rational)] = []
      var exits: [(state: Int, weight: Rational)] = []
      for transition in process.transitions(of: Int(policy[state])) {
        let next = Int(process.successor[transition])
        let weight = discount * form.probability[transition]
        if let inside = place[next] { row.append((inside, weight)) } else { exits.append((next, weight)) }
      }
      rows.append(row)
      outside.append(exits)
    }
    self.outside = outside
    system = try ExactSystem(rows, control: control)
  }

  /// What the states are worth.
  func solve(
    _ constant: (Int) -> Rational, outside value: (Int) -> Rational, control: WorkControl
  ) throws -> [Rational] {
    let side = zip(states, outside).map { state, exits in
      exits.reduce(constant(state)) { sum, exit in
        let next = value(exit.state)
        return next.isZero ? sum : sum + exit.weight * next
      }
    }
    return try system.solve(side, control: control)
  }
}

/// The chain of a policy, taken apart into strongly connected components.
struct ExactPolicyComponents {
  private let process: SparseProcess
  private let policy: [Int32]
  private let components: StronglyConnectedComponents

  /// - Parameter isFixed: states that count as ends of the chain.
  init(_ process: SparseProcess, following policy: [Int32], isFixed: [Bool], control: WorkControl) throws(WorkCancelled) {
    self.process = process
    self.policy = policy
    let enabled = Column<UInt8>(repeating: 0, count: process.choiceCount)
    for state in 0..<process.stateCount where !isFixed[state] && policy[state] >= 0 { enabled.pointer[Int(policy[state])] = 1 }
    components = try StronglyConnectedComponents(of: process, enabled: enabled, control: control)
  }

  var count: Int { components.count }
  /// Successors first.
  func states(of component: Int) -> [Int] { components.states(of: component).map { Int($0) } }

  /// Whether the policy stays in a component for ever.
  func isClosed(_ component: Int) -> Bool {
    components.states(of: component).allSatisfy { state in
      policy[Int(state)] >= 0
        && process.transitions(of: Int(policy[Int(state)])).allSatisfy {
          components.componentOf[Int(process.successor[$0])] == Int32(component)
        }
    }
  }
}
