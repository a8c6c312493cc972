import AleaModel

/// Five variables 0..15 and ten guarded commands with two or three probabilistic updates each: 1,048,576 states, 9,141,760 choices,
/// 22,625,280 transitions. The same model stands in C in `guarded.c`.
struct GuardedModel {
  private(set) var process = Process(name: "Guarded", kind: .mdp, objective: Objective(criterion: .discounted(0.95)))
  private var variables: [ExpressionID] = []

  private struct Command {
    var condition: ExpressionID
    var updates: [(weight: ExpressionID, changes: [Int: ExpressionID])]
  }

  init() {
    for name in ["a", "b", "c", "d", "e"] { variables.append(variable(name, .state, .range(0, 15), .value(constant(0)))) }
    let command = variable("command", .action, .range(0, 9), .chosen)
    let commands = makeCommands()
    process.availability = [process.pool.gather(command, commands.map(\.condition), type: .boolean, span: nil)]
    // `outcome ~ match command { 0 => {0: p, 1: 1 - p}, ... }`
    var law: Distribution?
    for (index, each) in commands.enumerated().reversed() {
      let outcomes = each.updates.enumerated().map { Distribution.Outcome(value: constant(Double($0)), weight: $1.weight) }
      let own = Distribution.finite(outcomes, isNormalized: true)
      law = law.map { .select(binary(.equal, command, constant(Double(index))), then: own, else: $0) } ?? own
    }
    guard let law else { return }
    let outcome = variable("outcome", .derived, .range(0, 2), .draw(law))
    process.stepOrder.append(.current(VariableID(6)))
    for index in 0..<5 {
      let next = commands.map { each -> ExpressionID in
        let values = (0..<3).map {
          $0 < each.updates.count ? each.updates[$0].changes[index] ?? variables[index] : variables[index]
        }
        return process.pool.gather(outcome, values, type: .integer, span: nil)
      }
      process.variables[index].next = .value(process.pool.gather(command, next, type: .integer, span: nil))
      process.stepOrder.append(.next(VariableID(index)))
    }
  }

  private mutating func makeCommands() -> [Command] {
    let (a, b, c, d, e) = (variables[0], variables[1], variables[2], variables[3], variables[4])
    let one = constant(1)
    func rest(_ taken: ExpressionID...) -> ExpressionID { taken.reduce(one) { binary(.subtract, $0, $1) } }
    func up(_ x: ExpressionID) -> ExpressionID { binary(.add, x, one) }
    func least(_ x: ExpressionID, _ k: Double) -> ExpressionID { binary(.min, x, constant(k)) }
    func most(_ x: ExpressionID) -> ExpressionID { binary(.max, x, constant(0)) }
    func below(_ x: ExpressionID, _ k: Double) -> ExpressionID { binary(.less, x, constant(k)) }
    func and(_ x: ExpressionID, _ y: ExpressionID) -> ExpressionID { binary(.and, x, y) }
    func mirror(_ x: ExpressionID) -> ExpressionID { binary(.subtract, constant(15), x) }
    func down(_ x: ExpressionID) -> ExpressionID { most(binary(.subtract, x, one)) }
    func divided(_ x: ExpressionID, _ k: Double) -> ExpressionID { binary(.divide, x, constant(k)) }
    func sum(_ x: ExpressionID, _ y: ExpressionID) -> ExpressionID { binary(.add, x, y) }

    let p0 = binary(.divide, up(a), binary(.add, sum(a, b), constant(2)))
    let p1 = binary(.add, constant(0.25), divided(c, 30))
    let p2 = binary(.divide, up(d), binary(.add, d, constant(2)))
    let p3 = binary(.subtract, constant(0.9), binary(.multiply, constant(0.05), binary(.min, e, a)))
    let p4 = divided(up(e), 17)
    let p5 = divided(up(d), 32)
    let q6 = divided(binary(.subtract, b, a), 20)
    let (p7, q7) = (divided(a, 32), divided(up(e), 32))
    let q8 = binary(.add, constant(0.1), binary(.multiply, constant(0.02), binary(.max, c, d)))
    let p9 = binary(.divide, up(c), binary(.add, sum(sum(c, d), e), constant(3)))
    let q9 = binary(.multiply, constant(0.5), rest(p9))
    return [
      Command(condition: below(a, 15), updates: [(p0, [0: up(a)]), (rest(p0), [1: down(b)])]),
      Command(
        condition: and(below(b, 15), binary(.less, constant(0), c)),
        updates: [(p1, [1: up(b)]), (rest(p1), [2: binary(.subtract, c, one)])]),
      Command(condition: below(c, 15), updates: [(p2, [2: up(c)]), (rest(p2), [3: least(up(d), 15)])]),
      Command(
        condition: and(below(d, 15), below(sum(e, a), 28)),
        updates: [(p3, [3: up(d)]), (rest(p3), [4: most(binary(.subtract, e, constant(2)))])]),
      Command(
        condition: and(below(e, 15), below(sum(sum(e, a), b), 37)),
        updates: [(p4, [4: up(e)]), (rest(p4), [0: down(a), 1: least(up(b), 15)])]),
      Command(
        condition: below(d, 15),
        updates: [(p5, [3: up(d)]), (constant(0.25), [4: down(e)]), (rest(p5, constant(0.25)), [2: mirror(c)])]),
      Command(
        condition: binary(.less, a, b),
        updates: [(constant(0.2), [0: up(a)]), (q6, [4: least(up(e), 15)]), (rest(constant(0.2), q6), [2: mirror(c)])]),
      Command(
        condition: and(below(e, 15), binary(.less, constant(0), a)),
        updates: [(p7, [4: up(e)]), (q7, [0: binary(.subtract, a, one)]), (rest(p7, q7), [1: mirror(b)])]),
      Command(
        condition: and(below(b, 15), below(sum(c, d), 29)),
        updates: [
          (constant(0.3), [1: up(b)]), (q8, [2: least(up(c), 15), 3: down(d)]), (rest(constant(0.3), q8), [0: mirror(a)]),
        ]),
      Command(
        condition: and(below(c, 15), below(sum(sum(c, d), e), 40)),
        updates: [(p9, [2: up(c)]), (q9, [3: down(d)]), (rest(p9, q9), [4: mirror(e)])]),
    ]
  }

  private mutating func variable(_ name: String, _ role: Role, _ domain: Domain, _ mechanism: Mechanism) -> ExpressionID {
    let id = VariableID(process.variables.count)
    process.variables.append(
      Variable(name: name, declaration: process.declarations.count, role: role, domain: domain, mechanism: mechanism))
    process.declarations.append(Declaration(name: name, role: role, shape: .scalar(id)))
    return process.pool.intern(.variable(id), type: .integer, span: nil)
  }

  private mutating func constant(_ value: Double) -> ExpressionID {
    process.pool.constant(value, type: value.rounded() == value ? .integer : .real)
  }

  private mutating func binary(_ function: BinaryFunction, _ a: ExpressionID, _ b: ExpressionID) -> ExpressionID {
    let type: ScalarType =
      switch function {
      case .equal, .notEqual, .less, .lessEqual, .and, .or: .boolean
      case .divide: .real
      default: process.pool[a].type == .real || process.pool[b].type == .real ? .real : .integer
      }
    return process.pool.binary(function, a, b, type: type, span: nil)
  }
}
