import AleaEngine
import AleaModel
import AleaSolvers

/// Processes written by hand: states with a value each, one choice or none.
enum HandMade {
  /// A process with scalar variables; `states` are encoded values, `actions` the joint action of each state (nil: terminal).
  static func explored(
    _ name: String = "M", variables: [(String, Domain)], action: (String, Domain) = ("move", .range(0, 20)),
    symbols: [Symbol] = [], declarations: [Declaration]? = nil, states: [[Double]], actions: [Int?],
    objective: Objective = Objective(criterion: .discounted(0.9)), deadlocks: [Int32] = []
  ) -> ExploredProcess {
    var process = Process(name: name, kind: .mdp, objective: objective)
    process.symbols = symbols
    process.parameters = [("capacity", "20")]
    for (index, (name, domain)) in variables.enumerated() {
      let owner = declarations?.firstIndex { $0.shape.variables.contains(VariableID(index)) } ?? index
      process.variables.append(
        Variable(name: name, declaration: owner, role: .state, domain: domain, mechanism: .unspecified, next: .unspecified))
    }
    process.declarations =
      declarations
      ?? variables.enumerated().map { Declaration(name: $1.0, role: .state, shape: .scalar(VariableID($0))) }
    let actionID = VariableID(process.variables.count)
    process.declarations.append(Declaration(name: action.0, role: .action, shape: .scalar(actionID)))
    process.variables.append(
      Variable(
        name: action.0, declaration: process.declarations.count - 1, role: .action, domain: action.1, mechanism: .chosen))

    let choiceStart = Column<UInt32>(capacity: states.count + 1)
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    let choiceAction = Column<Int32>()
    choiceStart.append(0)
    for action in actions {
      if let action {
        choiceAction.append(Int32(action))
        successor.append(0)
        probability.append(1)
        transitionStart.append(UInt32(successor.count))
      }
      choiceStart.append(UInt32(choiceAction.count))
    }
    let sparse = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability,
      channels: [.init(name: "reward", reward: Column(repeating: 1, count: choiceAction.count))],
      initial: [(0, 1)], objective: objective)
    let positions = Column(
      states.flatMap { state in zip(state, variables).map { Int32($1.1.position(of: $0) ?? 0) } })
    let index = Dictionary(zip(states, states.indices), uniquingKeysWith: { first, _ in first })
    let space = StateSpace(
      variables: variables.indices.map { VariableID($0) }, domains: variables.map(\.1), includesTime: false, positions: positions
    ) { values, _ in index[values] }
    return ExploredProcess(
      process: process, sparse: sparse, states: space,
      actions: ActionSpace(variables: [actionID], domains: [action.1]), choiceAction: choiceAction, deadlocks: deadlocks)
  }

  static func solution(_ explored: ExploredProcess, _ value: [Double], bound: Double = 1e-7, gain: [Double]? = nil) -> Solution {
    var choice: Int32 = -1
    let policy = (0..<explored.sparse.stateCount).map { state -> Int32 in
      if explored.sparse.isTerminal(state) { return -1 }
      choice += 1
      return choice
    }
    let centre = gain ?? value
    return Solution(
      explored: explored,
      sparse: SparseSolution(
        value: value, policy: policy, gain: gain, lower: centre.map { $0 - bound }, upper: centre.map { $0 + bound },
        bound: bound,
        method: "PolicyIteration", iterations: 4),
      path: ["explored"], exploringTime: 0.01, solvingTime: 0.5)
  }

  /// Stock 0..20, order up to 9 when at most 5 are left.
  static var inventory: Solution {
    let explored = explored(
      "Inventory", variables: [("stock", .range(0, 20))], action: ("order", .range(0, 20)), states: (0...20).map { [Double($0)] },
      actions: (0...20).map { $0 <= 5 ? 9 - $0 : 0 })
    return solution(explored, (0...20).map { 440 + 1.7 * Double($0) })
  }

  static let directions = [
    Symbol("up", of: "Direction"), Symbol("right", of: "Direction"), Symbol("down", of: "Direction"),
    Symbol("left", of: "Direction"),
  ]

  /// The 4x3 world of Russell and Norvig with its published utilities and policy.
  static var gridWorld: Solution {
    let utilities: [[Double]: Double] = [
      [1, 3]: 0.812, [2, 3]: 0.868, [3, 3]: 0.918, [4, 3]: 0, [1, 2]: 0.762, [3, 2]: 0.660, [4, 2]: 0, [1, 1]: 0.705,
      [2, 1]: 0.655, [3, 1]: 0.611, [4, 1]: 0.388,
    ]
    let moves: [[Double]: Int] = [
      [1, 3]: 1, [2, 3]: 1, [3, 3]: 1, [1, 2]: 0, [3, 2]: 0, [1, 1]: 0, [2, 1]: 3, [3, 1]: 3, [4, 1]: 3,
    ]
    let states = utilities.keys.sorted { $0[1] == $1[1] ? $0[0] < $1[0] : $0[1] < $1[1] }
    let explored = explored(
      "GridWorld", variables: [("x", .range(1, 4)), ("y", .range(1, 3))], action: ("heading", .symbols([0, 1, 2, 3])),
      symbols: directions, states: states, actions: states.map { moves[$0] }, objective: Objective(criterion: .total))
    return solution(explored, states.map { utilities[$0] ?? 0 }, bound: 0.0005)
  }

  /// `up[{m1, m2}]` and `place: (x, y)`.
  static var shaped: Solution {
    let symbols = [Symbol("m1", of: "Machine"), Symbol("m2", of: "Machine")]
    let declarations = [
      Declaration(
        name: "up", role: .state, shape: .array(index: .symbols([0, 1]), [.scalar(VariableID(0)), .scalar(VariableID(1))])),
      Declaration(
        name: "place", role: .state,
        shape: .record([.init(name: "x", shape: .scalar(VariableID(2))), .init(name: "y", shape: .scalar(VariableID(3)))])),
    ]
    let states: [[Double]] = [[1, 1, 0, 0], [0, 1, 2, 1], [1, 0, 1, 1]]
    let explored = explored(
      "Shaped",
      variables: [("up[m1]", .boolean), ("up[m2]", .boolean), ("place.x", .range(0, 2)), ("place.y", .range(0, 2))],
      symbols: symbols, declarations: declarations, states: states, actions: [3, 4, nil])
    return solution(explored, [10, 20, 30])
  }
}

extension HandMade {
  /// A small inventory step: demand, sold, the next stock, one reward; and a latent mood that moves demand.
  static var dependences: Process {
    var process = Process(name: "Inventory", kind: .mdp, objective: Objective(criterion: .discounted(0.95)))
    func add(_ name: String, _ role: Role, _ mechanism: Mechanism, next: Mechanism? = nil) {
      process.declarations.append(
        Declaration(name: name, role: role, shape: .scalar(VariableID(process.variables.count))))
      process.variables.append(
        Variable(
          name: name, declaration: process.declarations.count - 1, role: role, domain: .range(0, 20), mechanism: mechanism,
          next: next))
    }
    func read(_ index: Int) -> ExpressionID {
      process.pool.intern(.variable(VariableID(index)), type: .integer, span: nil)
    }
    let (stock, order, demand, sold) = (read(0), read(1), read(3), read(4))
    let after = process.pool.intern(.binary(.add, stock, order), type: .integer, span: nil)
    add(
      "stock", .state, .unspecified, next: .value(process.pool.intern(.binary(.subtract, after, sold), type: .integer, span: nil))
    )
    add("order", .action, .chosen)
    add("mood", .latent, .draw(.primitive(.bernoulli, [process.pool.intern(.constant(0.5), type: .real, span: nil)])))
    add("demand", .derived, .draw(.primitive(.poisson, [read(2)])))
    add("sold", .derived, .value(process.pool.intern(.binary(.min, after, demand), type: .integer, span: nil)))
    process.channels = [RewardChannel(name: "sales", isCost: false, amount: sold)]
    process.availability = [process.pool.intern(.binary(.less, after, stock), type: .boolean, span: nil)]
    return process
  }
}
