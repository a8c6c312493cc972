import AleaModel
import AleaSyntax
import Foundation
import Testing

@testable import AleaEngine

/// Single-item inventory with lost sales, as in the language's first example.
func inventory(capacity: Int, rate: Double, horizon: Int? = nil) -> ModelBuilder {
  let b = ModelBuilder("Inventory")
  let stock = b.state("stock", .range(0, capacity), 0)
  let order = b.action("order", .range(0, capacity))
  b.process.availability.append((stock + order <= Double(capacity)).id)
  let demand = b.draw("demand", .integers, b.law(.poisson, b[rate]))
  let sold = b.value("sold", .integers, minimum(stock + order, demand))
  b.next(stock, stock + order - sold)
  b.reward("sales", sold * 8)
  b.reward("ordering", -((order > 0).then(order * 2 + 4, else: b[0])))
  return b
}

func poisson(_ k: Int, _ rate: Double) -> Double { exp(Double(k) * log(rate) - rate - lgamma(Double(k) + 1)) }

@Suite struct ExplorerTests {
  @Test func inventoryRowsAreTheTextbookOnes() throws {
    let explored = try Explorer.explore(inventory(capacity: 6, rate: 2).process)
    let sparse = explored.sparse
    #expect(sparse.stateCount == 7)
    // Orders 0...6-s in stock s: 7 + 6 + ... + 1.
    #expect(sparse.choiceCount == 28)
    for state in 0..<sparse.stateCount {
      let stock = Int(explored.states.values(of: state)[0])
      #expect(explored.states.index(of: [Double(stock)]) == state)
      for choice in sparse.choices(of: state) {
        let order = Int(explored.actions.values(of: Int(explored.choiceAction[choice]))[0])
        let held = stock + order
        var expected: [Int: Double] = [:]
        var sold = 0.0
        for demand in 0..<60 {
          expected[max(0, held - demand), default: 0] += poisson(demand, 2)
          sold += poisson(demand, 2) * Double(min(held, demand))
        }
        #expect(sparse.transitions(of: choice).count == expected.count)
        for k in sparse.transitions(of: choice) {
          let next = Int(explored.states.values(of: Int(sparse.successor[k]))[0])
          #expect(abs(sparse.probability[k] - expected[next]!) < 1e-13)
        }
        #expect(abs(sparse.channels[0].reward[choice] - 8 * sold) < 1e-11)
        #expect(sparse.channels[1].reward[choice] == (order > 0 ? -4 - 2 * Double(order) : 0))
      }
    }
  }

  @Test func aNextValueOutsideItsDomainNamesStateActionAndDraw() throws {
    let b = ModelBuilder()
    let stock = b.state("stock", .range(0, 20), 20)
    let order = b.action("order", .numbers([5]))
    let demand = b.draw("demand", .integers, b.law([(b[0], b[0.5]), (b[1], b[0.5])]))
    let sum = stock + order - demand
    b.next(stock, sum)
    let error = #expect(throws: DiagnosticError.self) { try Explorer.explore(b.process) }
    let diagnostic = try #require(error?.diagnostics.first)
    #expect(diagnostic.message == "`stock'` becomes 25, outside its domain 0..20")
    #expect(diagnostic.notes == ["in state stock = 20", "after order = 5, demand = 0"])
    #expect(diagnostic.span == b.process.pool[sum.id].span)
  }

  @Test func terminalStatesAndDeadlocks() throws {
    // A walk to the right ends at 3; from 1 the only action is not available.
    let b = ModelBuilder(objective: .total)
    let x = b.state("x", .range(0, 5), law: b.law([(b[0], b[0.25]), (b[2], b[0.75])]))
    _ = b.action("go", .boolean)
    b.process.availability.append((x == 1).apply(.not).id)
    b.next(x, x + 1)
    b.terminal(x == 3)
    let explored = try Explorer.explore(b.process)
    #expect(explored.sparse.initial.map(\.probability) == [0.25, 0.75])
    #expect((0..<4).map { explored.states.values(of: $0)[0] } == [0, 2, 1, 3])
    #expect((0..<4).map { explored.sparse.choices(of: $0).count } == [2, 2, 0, 0])
    #expect(explored.deadlocks == [2])
  }

  @Test func timeIsPartOfTheStateWhereItIsRead() throws {
    let b = ModelBuilder(objective: .finiteHorizon(3, discount: 1))
    let x = b.state("x", .boolean, 0)
    b.next(x, law: b.law(.bernoulli, (b.time + 1) / 4))
    b.reward("r", x)
    let explored = try Explorer.explore(b.process)
    #expect(explored.sparse.stageStart == [0, 1, 3, 5, 7])
    #expect(explored.sparse.choiceCount == 5)
    #expect(explored.states.time(of: 6) == 3)
    #expect(explored.states.index(of: [1], time: 2) == 4)
    // From (0, t) to 1 with probability (t + 1) / 4.
    let state = try #require(explored.states.index(of: [1], time: 2))
    let row = explored.sparse.transitions(of: explored.sparse.choices(of: state).lowerBound)
    #expect(row.map { explored.sparse.probability[$0] } == [0.25, 0.75])

    let endless = ModelBuilder()
    let y = endless.state("y", .boolean, 0)
    endless.next(y, (endless.time < 3))
    #expect(throws: DiagnosticError.self) { try Explorer.explore(endless.process) }
  }

  @Test func contextsBelongToTheState() throws {
    // A price is seen before selling; stock falls when sold.
    let b = ModelBuilder(objective: .total)
    let stock = b.state("stock", .range(0, 2), 2)
    let price = b.draw("price", .range(1, 3), b.law(.uniformInteger, b[1], b[3]), role: .context)
    let sell = b.action("sell", .boolean)
    b.next(stock, stock - sell)
    b.reward("sales", sell * price)
    b.terminal(stock == 0)
    let explored = try Explorer.explore(b.process)
    // Three prices in each of two stocks, and one settled terminal state.
    #expect(explored.sparse.stateCount == 7)
    #expect(explored.sparse.initial.count == 3)
    let state = try #require(explored.states.index(of: [1, 3]))
    let choices = explored.sparse.choices(of: state)
    #expect(choices.map { explored.sparse.channels[0].reward[$0] } == [0, 3])
    #expect(choices.map { explored.sparse.transitions(of: $0).count } == [3, 1])
  }

  @Test func aClosedProcessRunsItsPolicy() throws {
    let b = ModelBuilder()
    let stock = b.state("stock", .range(0, 9), 0)
    let order = b.add("order", .action, .range(0, 9), .value(minimum(b[5], b[9] - stock).id))
    b.next(stock, stock + order - 1)
    b.reward("r", -order)
    let explored = try Explorer.explore(b.process)
    #expect((0..<explored.sparse.stateCount).map { explored.states.values(of: $0)[0] } == [0, 4, 8])
    #expect(explored.sparse.channels[0].reward.array == [-5, -5, -1])
    #expect(explored.actions.count == 1)

    b.process.availability.append((order < 5).id)
    let error = #expect(throws: DiagnosticError.self) { try Explorer.explore(b.process) }
    #expect(error?.diagnostics.first?.message == "the policy chooses order = 5, which is not available in this state")
  }

  @Test func continuousDrawsAreRefusedByName() throws {
    let b = ModelBuilder()
    let x = b.state("x", .range(0, 3), 0)
    let noise = b.draw("noise", .reals, b.law(.normal, b[0], b[1]))
    b.next(x, (noise < 0).then(x, else: b[3]))
    let error = #expect(throws: DiagnosticError.self) { try Explorer.explore(b.process) }
    #expect(error?.diagnostics.first?.message == "`noise` is drawn from Normal, which has no finite support")
  }

  @Test func noiseThatOnlyAddsToTheRewardIsAveraged() throws {
    // A bandit with normal and exponential rewards: the expected ones are the means.
    let b = ModelBuilder()
    let arm = b.action("arm", .range(0, 2))
    let gain = b.draw("gain", .reals, b.law(.normal, arm * 1.5, b[1]))
    let loss = b.draw("loss", .reals, b.law(.exponential, arm + 2))
    let net = b.value("net", .reals, gain * 2 - loss)
    b.reward("net", net * (arm + 1))
    let explored = try Explorer.explore(b.process)
    let expected = (0..<3).map { (arm: Int) -> Double in
      let x = Double(arm)
      let mean: Double = 3 * x - 1 / (x + 2)
      return mean * (x + 1)
    }
    for (choice, value) in expected.enumerated() { #expect(abs(explored.sparse.channels[0].reward[choice] - value) < 1e-14) }

    b.reward("square", gain * gain)
    let error = #expect(throws: DiagnosticError.self) { try Explorer.explore(b.process) }
    #expect(error?.diagnostics.first?.message == "`gain` is drawn from Normal, which has no finite support")
  }

  @Test func predicatesAreEvaluatedOverAllStates() throws {
    let b = inventory(capacity: 6, rate: 2)
    let stock = E(b, b.process.pool.intern(.variable(VariableID(0)), type: .integer, span: nil))
    let explored = try Explorer.explore(b.process)
    // The pool grows after the exploration.
    let low = (stock + 1 <= 3)
    let inverse = b[1] / stock
    let values = try explored.evaluate(low.id, in: b.process)
    for state in 0..<7 { #expect(values[state] == (explored.states.values(of: state)[0] <= 2 ? 1 : 0)) }
    let error = #expect(throws: DiagnosticError.self) { try explored.evaluate(inverse.id, in: b.process) }
    #expect(error?.diagnostics.first?.message == "division by zero")
    #expect(error?.diagnostics.first?.notes.first == "in state stock = 0")
  }

  @Test func keysOfManyVariablesTakeTwoWords() throws {
    // A token in a ring of 90 flags: 90 states in 2^90 combinations.
    let b = ModelBuilder()
    let flags = (0..<90).map { b.state("flag\($0)", .boolean, $0 == 0 ? 1 : 0) }
    for index in flags.indices { b.next(flags[index], flags[(index + 89) % 90]) }
    let explored = try Explorer.explore(b.process)
    #expect(explored.sparse.stateCount == 90)
    #expect(explored.sparse.successor.array == (0..<90).map { Int32(($0 + 1) % 90) })
    #expect(explored.states.index(of: (0..<90).map { $0 == 70 ? 1 : 0 }) == 70)
    #expect(explored.states.index(of: (0..<90).map { _ in 0 }) == nil)
  }

  @Test func allStatesAreListedInOrder() throws {
    let b = ModelBuilder()
    let x = b.state("x", .range(2, 4), 2)
    let y = b.state("y", .numbers([0, 5]), 5)
    b.next(x, x)
    b.next(y, y)
    var options = ExplorationOptions()
    options.allStates = true
    let explored = try Explorer.explore(b.process, options: options)
    #expect(explored.sparse.stateCount == 6)
    #expect(explored.sparse.choiceCount == 6)
    #expect(explored.sparse.initial.count == 1 && explored.sparse.initial[0].probability == 1)
    let start = Int(explored.sparse.initial[0].state)
    #expect(explored.states.values(of: start) == [2, 5])
  }

  @Test func probabilitiesThatDoNotSumToOneAreFaults() throws {
    let b = ModelBuilder()
    let x = b.state("x", .range(0, 3), 0)
    let up = b.draw("up", .boolean, b.law([(b[0], b[0.5]), (b[1], x / 4 + 0.5)]))
    b.next(x, minimum(b[3], x + up))
    let error = #expect(throws: DiagnosticError.self) { try Explorer.explore(b.process) }
    #expect(error?.diagnostics.first?.message == "the probabilities sum to 1.25, not to 1")
    #expect(error?.diagnostics.first?.notes.first == "in state x = 1")
  }

  @Test func unboundedGrowthEndsWithTheVariable() throws {
    let b = ModelBuilder()
    let n = b.state("n", .integers, 0)
    b.next(n, n + 1)
    var options = ExplorationOptions()
    options.memoryLimit = 1 << 20
    let error = #expect(throws: DiagnosticError.self) { try Explorer.explore(b.process, options: options) }
    let diagnostic = try #require(error?.diagnostics.first)
    #expect(diagnostic.label.hasPrefix("grows without bound: so far 0.."))
    #expect(diagnostic.span == b.process.variables[0].span)
  }

  /// A front that doubles with every step is refused by what it would take, before the memory is full.
  @Test func projectedMemoryIsRefused() throws {
    let b = ModelBuilder()
    let n = b.state("n", .range(0, 1_000_000_000), 1)
    let bit = b.draw("bit", .range(0, 1), b.law([(b[0], b[0.5]), (b[1], b[0.5])]))
    b.next(n, minimum(b[1_000_000_000], n * 2 + bit))
    // The front doubles from check to check, so a given limit may also be passed between two of them.
    var messages: [String] = []
    for limit in stride(from: 20, through: 44, by: 4) {
      var options = ExplorationOptions()
      options.memoryLimit = limit << 20
      let error = #expect(throws: DiagnosticError.self) { try Explorer.explore(b.process, options: options) }
      messages.append(error?.diagnostics.first?.message ?? "")
    }
    #expect(messages.contains { $0.hasPrefix("the model will not fit into memory: the ") })
    #expect(messages.allSatisfy { $0.contains("not fit into memory") })
  }

  /// A count without a range is refused long before the memory is full, with the way it grows.
  @Test func endlessCountingIsRefusedEarly() throws {
    let b = ModelBuilder()
    let n = b.state("n", .integers, 0)
    b.next(n, n + 1)
    let options = ExplorationOptions(mostStatesWithoutRange: 1_000)
    let error = #expect(throws: DiagnosticError.self) { try Explorer.explore(b.process, options: options) }
    let diagnostic = try #require(error?.diagnostics.first)
    #expect(diagnostic.message.hasPrefix("the model has more than 1,000 states"))
    #expect(diagnostic.label.hasPrefix("grows without bound: so far 0.."))
    #expect(diagnostic.span == b.process.variables[0].span)
  }

  @Test func cancellingSaysWhatIsKnown() throws {
    let b = ModelBuilder()
    let n = b.state("n", .integers, 0)
    b.next(n, n + 1)
    let control = WorkControl { _ in false }
    let stopped = #expect(throws: WorkCancelled.self) { try Explorer.explore(b.process, control: control) }
    #expect(stopped?.state.contains("states") ?? false)
  }
}
