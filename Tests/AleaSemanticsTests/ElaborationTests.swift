import AleaModel
import AleaSyntax
import Testing

@testable import AleaSemantics

/// A loader for programs that import nothing.
private final class NoFiles: ModuleLoader {
  var sources = SourceMap()
  var moduleNames: [String] { [] }
  func file(_ path: String, from importer: FileID) throws -> SourceFile { throw ValueError("there are no files") }
  func module(_ name: String) -> SourceFile? { nil }
}

/// The process of a model of a program, with the arguments of its expression: `process("M(n: 3)", in: text)`.
private func process(_ model: String, in text: String, policy: String? = nil) throws -> Process {
  let loader = NoFiles()
  let file = loader.sources.add(name: "program.alea", bytes: Array((text + "\nlet built = \(model)\n").utf8))
  let (program, parsing) = Parser.parseProgram(file)
  #expect(parsing.isEmpty)
  let environment = Environment()
  let runner = ProgramRunner(environment: environment, loader: loader, isChecking: false)
  #expect(runner.declare(program).isEmpty)
  for item in program.items { _ = try runner.run(item) }
  guard case .value(.object(let object))? = environment["built"]?.kind, let found = object as? ModelObject else {
    throw ValueError("`\(model)` is no model")
  }
  let process = try found.instantiate()
  guard let policy, case .policy(let definition)? = environment[policy]?.kind else { return process }
  return try PolicyObject(definition: definition, arguments: []).close(process, of: found)
}

/// The value of an expression where every variable has a value: the tree walked directly, apart from any compiler.
private func evaluate(_ id: ExpressionID, in process: Process, _ values: [String: Double]) -> Double {
  switch process.pool[id].kind {
  case .constant(let value): return value
  case .variable(let variable): return values[process[variable].name] ?? .nan
  case .next(let variable): return values[process[variable].name + "'"] ?? .nan
  case .time: return values["t"] ?? .nan
  case .unary(let function, let a): return function(evaluate(a, in: process, values))
  case .binary(let function, let a, let b):
    return function(evaluate(a, in: process, values), evaluate(b, in: process, values))
  case .select(let c, let a, let b):
    return evaluate(evaluate(c, in: process, values) != 0 ? a : b, in: process, values)
  case .gather(let index, let elements):
    let position = evaluate(index, in: process, values)
    guard position >= 0, position < Double(elements.count) else { return .nan }
    return evaluate(elements[Int(position)], in: process, values)
  case .ternary(let function, let a, let b, let c):
    return function(evaluate(a, in: process, values), evaluate(b, in: process, values), evaluate(c, in: process, values))
  case .lookup(let table, let index):
    let position = evaluate(index, in: process, values)
    let elements = process.pool.tables[Int(table)]
    guard position >= 0, position < Double(elements.count) else { return .nan }
    return elements[Int(position)]
  }
}

private let inventory = """
  mdp Inventory(capacity: Int = 20, price: Real = 8, cost: Real = 2, holding: Real = 1, setup: Real = 4) {
    state  stock: 0..capacity = 0
    action order: 0..capacity when stock + order <= capacity
    demand ~ Poisson(6)
    sold   = min(stock + order, demand)
    stock' = stock + order - sold
    reward sales:    price * sold
    reward upkeep:  -holding * (stock + order)
    reward ordering: -(if order > 0 then setup + cost * order else 0)
    discount 0.95
  }
  policy BaseStock(level: Int = 12) for Inventory { order = max(0, level - stock) }
  """

@Suite struct ElaborationTests {
  /// The arithmetic of the inventory, against the same arithmetic in Swift for every state, order and demand.
  @Test func inventoryIsWhatItSays() throws {
    let process = try process("Inventory(capacity: 4)", in: inventory)
    #expect(process.objective.criterion == .discounted(0.95))
    #expect(process.channels.map(\.name) == ["sales", "upkeep", "ordering"])
    let stock = try #require(process.variables.first { $0.name == "stock" })
    #expect(stock.domain == .range(0, 4))
    guard case .value(let next)? = stock.next else { throw ValueError("no next value") }
    guard case .value(let sold)? = process.variables.first(where: { $0.name == "sold" })?.mechanism else {
      throw ValueError("`sold` is not derived")
    }
    for s in 0...4 {
      for a in 0...4 {
        var values = ["stock": Double(s), "order": Double(a)]
        #expect((evaluate(process.availability[0], in: process, values) == 1) == (s + a <= 4))
        for d in 0...9 {
          values["demand"] = Double(d)
          values["sold"] = evaluate(sold, in: process, values)
          let amount = min(s + a, d)
          #expect(values["sold"] == Double(amount))
          #expect(evaluate(next, in: process, values) == Double(s + a - amount))
          let rewards = process.channels.map { evaluate($0.amount, in: process, values) }
          #expect(rewards == [8 * Double(amount), -Double(s + a), a > 0 ? -(4 + 2 * Double(a)) : 0])
        }
      }
    }
  }

  @Test func policyBecomesTheMechanismOfTheAction() throws {
    let closed = try process("Inventory", in: inventory, policy: "BaseStock")
    guard case .value(let rule)? = closed.variables.first(where: { $0.name == "order" })?.mechanism else {
      throw ValueError("the action has no rule")
    }
    for s in 0...20 { #expect(evaluate(rule, in: closed, ["stock": Double(s)]) == Double(max(0, 12 - s))) }
    #expect(closed.stepOrder.first == .current(VariableID(closed.variables.firstIndex { $0.name == "order" }!)))
  }

  /// A ring of machines: the chance that a machine stays up, against the formula.
  @Test func familiesAreSpeltOut() throws {
    let ring = try process(
      "SysAdmin",
      in: """
        enum Machine { m1, m2, m3, m4 }
        fn neighbours(m: Machine) = match m { m1 => {m4, m2}, m2 => {m1, m3}, m3 => {m2, m4}, m4 => {m3, m1} }
        mdp SysAdmin {
          state up[Machine]: Bool = true
          action reboot: {none} | Machine
          up'[m in Machine] ~ Bernoulli(if reboot == m then 1
            else if up[m] then 0.45 + 0.5 * (1 + count(n in neighbours(m): up[n])) / (1 + size(neighbours(m))) else 0.05)
          reward count(m in Machine: up[m]) - (if reboot == none then 0 else 0.75)
          horizon 40
        }
        """)
    let machines = ring.variables(with: .state)
    #expect(machines.map { ring[$0].name } == ["up[m1]", "up[m2]", "up[m3]", "up[m4]"])
    let action = try #require(ring.variables.first { $0.role == .action })
    #expect(action.domain.count == 5)
    for bits in 0..<16 {
      for choice in 0..<5 {
        var values: [String: Double] = ["reboot": action.domain.value(at: choice)]
        let up = (0..<4).map { bits >> $0 & 1 }
        for (index, machine) in machines.enumerated() { values[ring[machine].name] = Double(up[index]) }
        for (index, machine) in machines.enumerated() {
          guard case .draw(.primitive(.bernoulli, let parameters))? = ring[machine].next else {
            throw ValueError("not a draw")
          }
          let neighbours = up[(index + 3) % 4] + up[(index + 1) % 4]
          let expected =
            ring.text(of: action.domain.value(at: choice), in: action.domain) == "m\(index + 1)"
            ? 1 : up[index] == 1 ? 0.45 + 0.5 * Double(1 + neighbours) / 3 : 0.05
          #expect(abs(evaluate(parameters[0], in: ring, values) - expected) < 1e-15)
        }
        let paid = ring.text(of: action.domain.value(at: choice), in: action.domain) == "none" ? 0 : 0.75
        #expect(evaluate(ring.channels[0].amount, in: ring, values) == Double(up.reduce(0, +)) - paid)
      }
    }
  }

  @Test func textualFormShowsTheWholeProcess() throws {
    let process = try process("Inventory(capacity: 2)", in: inventory)
    let text = process.textualForm()
    #expect(text == process.textualForm())
    for line in [
      "mdp Inventory(capacity = 2, price = 8, cost = 2, holding = 1, setup = 4)", "  objective discounted 0.95, maximize mean",
      "  state    stock: 0..2 = 0", "  action   order: 0..2", "  derived  demand: Int ~ Poisson(6)",
      "  derived  sold: Int = min(%1, demand)", "available when %1 <= 2", "reward  sales = 8 * sold", "  %1 = stock + order",
      "step demand, sold, stock'", "  sold   <- stock, order, demand",
    ] { #expect(text.split(separator: "\n").contains(Substring(line)), "no line `\(line)` in\n\(text)") }
  }
}
