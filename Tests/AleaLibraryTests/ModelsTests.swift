import Alea
import Glibc
import Testing

/// Models made in Swift, against numbers that do not come from this library.
@Suite struct ModelsTests {
  /// The inventory of `Examples/inventory.alea`.
  static func inventory(capacity: Int = 20, setup: Double = 4) -> ModelBuilder {
    var model = ModelBuilder("Inventory")
    let stock = model.state("stock", in: .range(0...capacity), starting: 0)
    let order = model.action("order", in: .range(0...capacity)) { stock + $0 <= ModelExpression(capacity) }
    let demand = model.draw("demand", from: .poisson(6))
    let sold = model.value("sold", min(stock + order, demand))
    model.next(stock, stock + order - sold)
    model.reward("sales", 8 * sold)
    model.cost("upkeep", stock + order)
    model.cost("ordering", .choose(if: order > 0, then: ModelExpression(setup) + 2 * order, else: 0))
    model.objective = .discounted(0.95)
    return model
  }

  // The numbers: policy iteration with a dense linear solve, Tests/Independent/inventory.py.
  @Test func expressionsMakeTheSameModelAsAText() throws {
    let session = Session()
    try session.define(Self.inventory().process())
    let best = try session.solution("solve(Inventory)")
    #expect(abs(try best.value(at: ["stock": .integer(0)]) - 441.9188362742) < 1e-6)
    #expect(abs(try best.value(at: ["stock": .integer(20)]) - 475.7156345391) < 1e-6)
    #expect(abs(try session.number("solve(Inventory).channels.sales[stock: 0]") - 921.7725450780) < 1e-5)
    let free = try session.solve(Self.inventory(setup: 0).process())
    #expect(abs(free.value.atStart - 517.6893905232) < 1e-6)
  }

  @Test func textsSpeakOfModelsMadeInSwift() throws {
    let session = Session()
    try session.define(Self.inventory().process())
    try session.enter(
      "policy BaseStock(level: Int) for Inventory { order = max(0, level - stock) }\nlet base = evaluate(BaseStock(level: 9), in: Inventory)",
      reply: { _ in })
    #expect(abs(try session.number("base.value[stock: 0]") - 434.5148014225) < 1e-6)
    #expect(try session.number("probability(of: Inventory.stock == 0, in: Inventory).start") == 1)
    #expect(session.completions(in: "Inventory.", at: 10).choices.map(\.text).contains("stock"))
    #expect(throws: DiagnosticError.self) { try session.evaluate("solve(Inventory(capacity: 3))") }
  }

  @Test func symbolsBooleansAndLaws() throws {
    // A machine that breaks with probability 0.2 while it runs: repairing costs 3 and takes a step; running earns 1.
    var model = ModelBuilder("Machine")
    let up = model.state("up", in: .boolean, starting: true)
    let act = model.action("act", in: .names(["run", "repair"]))
    let breaks = model.draw("breaks", from: .bernoulli(0.2))
    let runs = model.value("runs", up && act == .symbol("run"))
    model.next(up, .choose(if: runs, then: breaks == 0, else: act == .symbol("repair")))
    model.reward("work", .choose(if: runs, then: 1, else: 0))
    model.cost("repair", .choose(if: act == .symbol("repair"), then: 3, else: 0))
    model.objective = .discounted(0.9)
    let session = Session()
    try session.define(model.process())
    // Run when up, repair when down: v1 = 1 + 0.9 (0.8 v1 + 0.2 v0), v0 = -3 + 0.9 v1; v1 = 0.46 / 0.118.
    let best = try session.solution("solve(Machine)")
    #expect(abs(try best.value(at: ["up": .boolean(true)]) - 0.46 / 0.118) < 1e-6)
    #expect(try session.evaluate("solve(Machine).policy[up: false]").json == .string("repair"))
  }

  @Test func bandits() throws {
    var model = ModelBuilder("Ads", kind: .bandit)
    let ad = model.action("ad", in: .names(["A", "B"]))
    let click = model.draw("click", from: .bernoulli(.choose(if: ad == .symbol("A"), then: 0.5, else: 0.7)))
    model.reward("clicks", click)
    model.objective = .finiteHorizon(1_000, discount: 1)
    let session = Session()
    try session.define(model.process())
    // Lai and Robbins: the gap by the divergence of the laws.
    let divergence = 0.5 * log(0.5 / 0.7) + 0.5 * log(0.5 / 0.3)
    #expect(abs(try session.number("lowerBound(Ads).constant") - 0.2 / divergence) < 1e-9)
    // Always A loses 0.2 in each of 1,000 rounds.
    try session.enter("policy First for Ads { ad = A }\nlet race = simulate(Ads, [First], replications: 20, seed: 1)") { _ in }
    #expect(abs(try session.number("race.mean[0]") - 200) < 1e-9)
  }

  @Test func faultsAreInWordsOfTheModel() throws {
    func faults(_ change: (inout ModelBuilder) -> Void) -> String {
      var model = ModelBuilder("M")
      change(&model)
      do {
        _ = try model.process()
        return "none"
      } catch let error as DiagnosticError {
        return error.diagnostics.map(\.message).joined(separator: "; ")
      } catch { return "\(error)" }
    }
    #expect(faults { _ in }.contains("no state"))
    #expect(faults { _ = $0.state("x", in: .range(0...1), starting: 0) }.contains("the next value of `x`: it is missing"))
    #expect(faults { _ = $0.state("x", in: .range(0...1), starting: 5) }.contains("5 is not one of its values"))
    #expect(faults { _ = $0.state("x y", in: .range(0...1), starting: 0) }.contains("`x y` is not a name"))
    #expect(
      faults { model in
        let x = model.state("x", in: .range(0...1), starting: 0)
        model.next(x, x && true)
      }.contains("needs true or false"))
    #expect(
      faults { model in
        let x = model.state("x", in: .range(0...1), starting: 0)
        let y = model.state("y", in: .range(0...1), starting: 0)
        model.next(x, y.next)
        model.next(y, x.next)
      }.contains("depends on itself"))
    #expect(
      faults { model in
        let x = model.state("x", in: .range(0...3), starting: 0)
        let d = model.draw("d", from: .poisson(1))
        model.next(x, x)
        model.terminal(when: d > 2)
      }.contains("`d` is not known then"))
    #expect(faults { $0.objective = .discounted(1.5) }.contains("a discount lies between 0 and 1"))
    #expect(faults { $0.next(3, 4) }.contains("no state"))
    #expect(throws: DiagnosticError.self) { try Session().define("solve x", as: .integer(1)) }
    #expect(throws: DiagnosticError.self) { try Session().define("ln", as: .integer(1)) }
  }

  // MARK: Numbers

  /// Random rows, and their optimum by plain sweeps.
  private static func random(seed: UInt64) -> (rows: [[[Double]]], rewards: [[Double]]) {
    var state = seed
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53)
    }
    let rows = (0..<8).map { _ in
      (0..<3).map { _ in
        let weights = (0..<8).map { _ in next() < 0.4 ? next() : 0 }
        let total = weights.reduce(0, +)
        return total > 0 ? weights.map { $0 / total } : [1] + [Double](repeating: 0, count: 7)
      }
    }
    return (rows, (0..<8).map { _ in (0..<3).map { _ in 10 * next() - 5 } })
  }

  private static func sweeps(_ rows: [[[Double]]], _ rewards: [[Double]], _ discount: Double, _ count: Int) -> [Double] {
    var value = [Double](repeating: 0, count: rows.count)
    for _ in 0..<count {
      let old = value
      for state in rows.indices {
        var best = -Double.infinity
        for action in rows[state].indices {
          var worth = 0.0
          for next in old.indices { worth += rows[state][action][next] * old[next] }
          best = Swift.max(best, rewards[state][action] + discount * worth)
        }
        value[state] = best
      }
    }
    return value
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func everyMethodSolvesClosuresAndRows(seed: UInt64) throws {
    let (rows, rewards) = Self.random(seed: seed)
    let session = Session()
    for (objective, discount, steps) in [
      (Objective.Criterion.discounted(0.9), 0.9, 400), (.finiteHorizon(7, discount: 1), 1.0, 7),
    ] {
      let expected = Self.sweeps(rows, rewards, discount, steps)
      let closure = try FiniteProcess(states: 8, actions: 3, objective: objective) { s, a in
        rows[s][a].indices.map { .init(state: $0, probability: rows[s][a][$0], reward: rewards[s][a]) }
      }
      let flat = rows.flatMap { $0 }
      let compressed = try FiniteProcess(
        choiceStart: (0...8).map { 3 * $0 }, transitionStart: (0...24).map { 8 * $0 },
        successor: flat.flatMap { Array($0.indices) }, probability: flat.flatMap { $0 }, reward: rewards.flatMap { $0 },
        objective: objective)
      var solved = 0
      for type in DynamicMethods.all {
        let method = try DynamicMethods.make(type.name)
        guard method.requirements(on: closure.sparse).isEmpty else { continue }
        for process in [closure, compressed] {
          let best = try session.solve(process, by: method)
          for state in 0..<8 { #expect(abs(best.sparse.value[state] - expected[state]) <= best.bound + 1e-9, "\(type.name)") }
        }
        solved += 1
      }
      #expect(solved >= 1)
      if case .discounted = objective { #expect(solved >= 4) }
    }
  }

  @Test func undiscountedAndAverage() throws {
    // Gambler's ruin from 3 of 5 with p = 0.6 (Feller I, XIV.2): (1 - r^3) / (1 - r^5) with r = 2/3.
    let session = Session()
    let ruin = try ReachableProcess(
      from: 3, objective: .total,
      actions: { (money: Int) -> [String] in money > 0 && money < 5 ? ["bet"] : [] },
      outcomes: { (money: Int, _: String) in
        let prize: Double = money == 4 ? 1 : 0
        return [(money + 1, 0.6, prize), (money - 1, 0.4, 0)]
      })
    let r = 2.0 / 3
    let best = try session.solve(ruin.process)
    let exact = (1 - r * r * r) / (1 - r * r * r * r * r)
    #expect(abs(best.value.atStart - exact) < 1e-6)
    #expect(ruin.states.count == 6)
    #expect(ruin.action(of: best, in: 3) == "bet" && ruin.action(of: best, in: 0) == nil)
    #expect(abs(best.sparse.value[ruin.number(of: 3)!] - exact) < 1e-6)

    // Two states: stay at 1 in the second, and get there; the long-run average is 1.
    let average = try FiniteProcess(states: 2, actions: 2, objective: .average) { state, action in
      [.init(state: action, probability: 1, reward: state == 1 && action == 1 ? 1 : 0)]
    }
    let answer = try session.solve(average)
    #expect(abs((answer.gain?.atStart ?? 0) - 1) < 1e-6)

    // A horizon depends on the step; costs may be made least.
    let least = try FiniteProcess(states: 1, actions: 2, objective: .finiteHorizon(5, discount: 1), maximizes: false) {
      _, action in
      [.init(state: 0, probability: 1, reward: action == 0 ? 2 : 3)]
    }
    #expect(try session.solve(least).value.atStart == 10)
  }

  @Test func wrongNumbersAreRefused() throws {
    func message(_ body: () throws -> FiniteProcess) -> String {
      do {
        _ = try body()
        return "none"
      } catch let error as DiagnosticError { return error.diagnostics[0].message } catch { return "\(error)" }
    }
    func one(_ outcome: FiniteProcess.Outcome) -> String {
      message { try FiniteProcess(states: 2, actions: 1, objective: .discounted(0.9)) { _, _ in [outcome] } }
    }
    #expect(one(.init(state: 2, probability: 1)).contains("leads to state 2"))
    #expect(one(.init(state: -1, probability: 1)).contains("leads to state -1"))
    #expect(one(.init(state: 0, probability: 0.9)).contains("state 0, action 0 sum to 0.9"))
    #expect(one(.init(state: 0, probability: .nan)).contains("probability nan"))
    #expect(one(.init(state: 0, probability: 1, reward: .infinity)).contains("reward inf"))
    #expect(
      message { try FiniteProcess(states: 0, actions: 1, objective: .average) { _, _ in nil } }.contains("at least one state"))
    #expect(
      message {
        try FiniteProcess(
          choiceStart: [0, 2], transitionStart: [0, 1], successor: [0], probability: [1], reward: [1], objective: .average)
      }.contains("choiceStart"))
    #expect(
      message { try FiniteProcess(states: 2, actions: 1, objective: .discounted(0.9), initial: [1]) { _, _ in nil } }
        .contains("starting law"))
    // Methods that do not apply say why, as in a text.
    let session = Session()
    let process = try FiniteProcess(states: 1, actions: 1, objective: .average) { _, _ in [.init(state: 0, probability: 1)] }
    #expect(throws: DiagnosticError.self) { try session.solve(process, by: DynamicMethods.make("ValueIteration")) }
  }

  // MARK: Answers

  @Test func answersHaveTheirTypesAndShareTheirMemory() throws {
    let session = Session()
    try session.define(Self.inventory().process())
    let best = try session.solution("solve(Inventory)")
    try session.define("best", as: .object(best))
    let array = try #require(try session.evaluate("best").array(named: "value"))
    let here = best.sparse.value.withUnsafeBytes { $0.baseAddress }
    #expect(array.withUnsafeBytes { $0.baseAddress } == here)
    #expect(array.shape == [21])
    // A function of the state is a collection over the same memory.
    #expect(best.value.withContiguousStorageIfAvailable { UnsafeRawPointer($0.baseAddress) } == here)
    #expect(best.value.count == 21 && best.value[0] == best.sparse.value[0])
    #expect(try session.number("6 * 7") == 42)
    let whole: Int = try session.value("6 * 7")
    #expect(whole == 42)
    let flags: Bool = try session.value("1 < 2")
    #expect(flags)
    let numbers: [Double] = try session.value("[1.5, 2]")
    #expect(numbers == [1.5, 2])
    #expect(throws: DiagnosticError.self) { try session.solution("6 * 7") }
    #expect(throws: DiagnosticError.self) { let _: String = try session.value("6 * 7") }
    #expect(try session.evaluate("[i in 0..3: i > 1]").array(named: "")?.shape == [4])
    #expect(try session.evaluate("[]").arrayNames == [""])
    #expect(try session.evaluate("\"a\"").array(named: "") == nil)
  }
}
