import Alea
import Testing

/// Models with families, records and parameters made in Swift, against numbers and models that do not come from there.
@Suite struct FamilyTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "none"
    } catch let error as DiagnosticError {
      return error.diagnostics.map { ([$0.message, $0.label] + $0.notes).joined(separator: " | ") }.joined(separator: "; ")
    } catch { return "\(error)" }
  }

  // Tests/Independent/sysadmin.py, as in Examples/sysadmin.alea.
  @Test func aFamilyOfMachines() throws {
    let session = Session()
    try session.define(sysAdmin())
    #expect(abs(try session.number("solve(SysAdmin).value[up: [true, true, true, true]]") - 139.297386602754) < 1e-6)
    #expect(abs(try session.number("solve(SysAdmin).value[up: [false, true, true, true]]") - 136.688033085956) < 1e-6)
    #expect(abs(try session.number("solve(SysAdmin).value[up: [false, false, false, false]]") - 124.569163566364) < 1e-6)
    #expect(try session.evaluate("solve(SysAdmin).policy[up: [true, true, false, true]]").json == .string("m3"))
    try session.enter("policy Never for SysAdmin { reboot = none }\nlet never = evaluate(Never, in: SysAdmin)") { _ in }
    #expect(abs(try session.number("never.value[up: [true, true, true, true]]") - 52.237245781724) < 1e-6)
    // The names of the text.
    let text = Session()
    try text.load(file: "Examples/sysadmin.alea")
    let written = try text.process(of: "SysAdmin")
    let built = try sysAdmin()
    #expect(built.variables.map(\.name).prefix(5) == ["up[m1]", "up[m2]", "up[m3]", "up[m4]", "reboot"])
    #expect(Set(built.variables.map(\.name)).isSubset(of: Set(written.variables.map(\.name))))
  }

  /// A walker on a grid, as a record, with a family of two indices looked up where it stands; against the same written as a text.
  @Test func recordsAndIndicesThatDependOnTheState() throws {
    var model = ModelBuilder("Grid")
    let place = model.state(
      "place", of: [.field("x", in: .range(0...2), starting: 0), .field("y", in: .range(1...2), starting: 1)])
    let used = model.states("used", over: .range(0...2), .range(1...2), in: .boolean) { _ in false }
    let move = model.action("move", in: .names(["stay", "right", "up"]))
    model.next(place.x, .choose(if: move == .symbol("right"), then: min(place.x + 1, 2), else: place.x))
    model.next(place.y, .choose(if: move == .symbol("up"), then: min(place.y + 1, 2), else: place.y))
    model.next(used) { key, member in member || (place.x == key[0] && place.y == key[1]) }
    let prize = model.values("prize", over: .names(["stay", "right", "up"])) { key in
      .choose(if: key[0] == .symbol("stay"), then: 0, else: place.x + 2 * place.y)
    }
    model.reward("fresh", .choose(if: used[place.x, place.y], then: 0, else: prize[move]))
    model.objective = .discounted(0.9)
    let session = Session()
    try session.define(model.process())
    let text = Session()
    try text.enter(
      """
      enum Move { stay, right, up }
      mdp Grid {
        state place: (x: 0..2, y: 1..2) = (x: 0, y: 1)
        state used[0..2, 1..2]: Bool = false
        action move: Move
        place' = (x: if move == right then min(place.x + 1, 2) else place.x, y: if move == up then min(place.y + 1, 2) else place.y)
        used'[i in 0..2, j in 1..2] = used[i, j] or (place.x == i and place.y == j)
        reward fresh: if used[place.x, place.y] or move == stay then 0 else place.x + 2 * place.y
        discount 0.9
      }
      """
    ) { _ in }
    let built = try session.solution("solve(Grid)")
    let written = try text.solution("solve(Grid)")
    #expect(built.explored.sparse.stateCount == written.explored.sparse.stateCount)
    let asked = "solve(Grid).value[place: (x: 1, y: 1), used: [[true, false], [false, false], [false, false]]]"
    #expect(abs(try session.number(asked) - text.number(asked)) < 1e-6)
    // Leaving (1, 1) earns 3, then (1, 2) earns 5 and (2, 2) earns 6; by (2, 1) it would be 4 instead of 5.
    #expect(abs(try session.number(asked) - (3 + 0.9 * 5 + 0.81 * 6)) < 1e-6)
  }

  @Test func parametersAreThoseOfATextsModel() throws {
    // Tests/Independent/inventory.py.
    let values = try inventories()
    #expect(abs(values[0] - 441.9188362742) < 1e-6)
    #expect(abs(values[1] - 517.6893905232) < 1e-6)

    let session = Session()
    try session.define("Coin", parameters: [.real("p"), .integer("gain", default: 2), .boolean("fair", default: false)]) {
      given in
      let p = try given.boolean("fair") ? 0.5 : given.real("p")
      guard (0...1).contains(p) else { throw ValueError("`p` is a probability") }
      var model = ModelBuilder("Coin")
      let wins = model.state("wins", in: .boolean, starting: false)
      model.next(wins, from: .bernoulli(ModelExpression(p)))
      model.reward("gain", .choose(if: wins, then: ModelExpression(try given.integer("gain")), else: 0))
      model.objective = .finiteHorizon(2, discount: 1)
      return model
    }
    #expect(abs(try session.number("solve(Coin(0.25)).start") - 0.5) < 1e-12)
    #expect(abs(try session.number("solve(Coin(p: 0.25, gain: 4)).start") - 1) < 1e-12)
    #expect(abs(try session.number("solve(Coin(p: 0, fair: true)).start") - 1) < 1e-12)
    func wrong(_ text: String) -> String { message { _ = try session.evaluate(text) } }
    #expect(wrong("solve(Coin)").contains("needs a value for `p`"))
    #expect(wrong("solve(Coin(p: 2))").contains("`p` is a probability"))
    #expect(wrong("solve(Coin(q: 2))").contains("`q`"))
    #expect(wrong("solve(Coin(p: 0.5, gain: 1.5))").contains("`gain`"))
    #expect(session.help(for: "Coin")?.contains("mdp Coin(p, gain: 2, fair: false)") == true)
    #expect(session.completions(in: "solve(Coin(g", at: 12).choices.map(\.text).contains("gain: "))
    #expect(session.source(of: "Coin") == nil || session.source(of: "Coin")?.contains("Coin") == true)
    #expect(message { try session.enter("policy Any for Coin(p: 0.5) { }") { _ in } } != "crash")

    let empty: @Sendable (ModelArguments) throws -> ModelBuilder = { _ in ModelBuilder("M") }
    #expect(message { try session.define("M", parameters: [], model: empty) }.contains("it has no state"))
    #expect(message { try session.define("M", parameters: [.integer("a b")], model: empty) } != "none")
    #expect(message { try session.define("M", parameters: [.real("a", default: .nan)], model: empty) } != "none")
    #expect(
      message {
        try session.define("M", parameters: [.real("a", default: 1)]) {
          _ = try $0.real("b"); return ModelBuilder("M")
        }
      }
      .contains("the model has no parameter `b`"))
    #expect(message { _ = try session.evaluate("solve(M)") }.contains("`M` is not defined"))
  }

  @Test func faultsOfFamilies() throws {
    func faults(_ change: (inout ModelBuilder) -> Void) -> String {
      var model = ModelBuilder("M")
      change(&model)
      return message { _ = try model.process() }
    }
    #expect(
      faults { _ = $0.states("x", over: .names([]), in: .boolean) { _ in true } }.contains("the index of `x` has no values"))
    #expect(faults { _ = $0.states("x", over: .integers, in: .boolean) { _ in true } }.contains("the index of `x` has no values"))
    #expect(faults { _ = $0.states("x", in: .boolean) { _ in true } }.contains("the family `x` has no index"))
    #expect(faults { _ = $0.states("x", over: .range(0...1), in: .boolean) { _ in true } }.contains("next value of `x[0]`"))
    #expect(
      faults { model in
        let x = model.states("x", over: .range(0...1), in: .boolean) { _ in true }
        model.next(x) { _, member in member }
        model.reward("r", .choose(if: x[7], then: 1, else: 0))
      }.contains("`x` has no member at `7`"))
    #expect(
      faults { model in
        let x = model.states("x", over: .range(0...1), in: .boolean) { _ in true }
        model.next(x) { _, member in member }
        model.reward("r", .choose(if: x[0, 1], then: 1, else: 0))
      }.contains("`x` has 1 indices"))
    #expect(
      faults { model in
        let place = model.state("place", of: [.field("x", in: .range(0...1), starting: 0)])
        model.next(place.x, place.y)
      }.contains("`place` has no field `y`"))
    #expect(faults { _ = $0.state("place", of: []) }.contains("the record `place` has no fields"))
    #expect(
      faults { model in
        let field = ModelField.field("x", in: .boolean, starting: true)
        _ = model.state("place", of: [field, field])
      }.contains("two fields of `place`"))
    #expect(faults { _ = $0.state("n", in: .numbers([1, .nan]), starting: 1) }.contains("different finite numbers"))
  }
}
