import Alea
import Testing

/// A way to list states written outside: draws without end are cut early, so that fewer transitions are kept.
struct CoarseTail: ModelReduction {
  static let name = "CoarseTail"
  static let summary = "Cuts draws without end where a given probability is left."
  static let parameters = [
    MethodParameter("mass", .real(from: 1e-15, to: 0.01), default: .real(1e-3), doc: "the probability left out")
  ]
  let mass: Double

  init(arguments: MethodArguments) { mass = arguments.real("mass") }

  func reduce(_ process: Process, control: WorkControl) throws -> Reduced<ExploredProcess, SparseSolution>? {
    let explored = try Explorer.explore(process, options: ExplorationOptions(tailMass: mass), control: control)
    guard explored.sparse.truncation != nil else { return nil }
    return Reduced(
      explored, steps: ["CoarseTail: \(explored.sparse.transitionCount) transitions"], assumptions: ["rare is never"])
  }
}

/// Rows that are none.
struct Torn: SparseReduction {
  static let name = "Torn"
  static let summary = "Loses a probability."
  static let parameters: [MethodParameter] = []
  init(arguments: MethodArguments) {}
  func reduce(_ process: SparseProcess, control: WorkControl) throws -> Reduced<SparseProcess, SparseSolution>? {
    var torn = process
    torn.probability = Column(process.probability.array.map { $0 / 2 })
    return Reduced(torn, steps: ["Torn: half is lost"])
  }
}

/// A way back that leads nowhere.
struct Lost: SparseReduction {
  static let name = "Lost"
  static let summary = "Answers for one state."
  static let parameters: [MethodParameter] = []
  init(arguments: MethodArguments) {}
  func reduce(_ process: SparseProcess, control: WorkControl) throws -> Reduced<SparseProcess, SparseSolution>? {
    Reduced(process, steps: ["Lost: forgets"]) { answer in
      var short = answer
      short.value = [1]
      return short
    }
  }
}

/// Of no family.
struct Idle: Reduction {
  static let name = "Idle"
  static let summary = "Turns numbers into numbers."
  static let parameters: [MethodParameter] = []
  init(arguments: MethodArguments) {}
  func reduce(_ question: Int, control: WorkControl) throws -> Reduced<Int, Int>? { Reduced(question, steps: []) }
}

@Suite struct ReductionTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "none"
    } catch let error as DiagnosticError {
      return error.diagnostics.map { ([$0.message, $0.label] + $0.notes).joined(separator: " | ") }.joined(separator: "; ")
    } catch { return "\(error)" }
  }

  // MARK: Decision processes

  private static let dice = """
    mdp Dice(sides: Int = 6) {
      state a: 1..sides = 1
      state b: 1..sides = 1
      action again: {one, other, none}
      roll ~ Uniform(1..sides)
      a' = if again == one then roll else a
      b' = if again == other then roll else b
      reward if again == none then a + b else 0
      discount 0.9
    }
    mdp Short {
      state a: 0..2 = 0
      state b: 0..2 = 0
      action move: {one, other}
      a' = if move == one then min(2, a + 1) else a
      b' = if move == other then min(2, b + 1) else b
      reward a * b
      horizon 3
    }

    """

  @Test func aQuotientAnswersForTheWhole() throws {
    let plain = Session()
    try plain.enter(Self.dice) { _ in }
    let session = Session()
    try session.register(Twins.self)
    try session.enter(Self.dice) { _ in }
    for question in ["solve(Dice)", "solve(Dice(sides: 4), by: ValueIteration(tolerance: 1e-9))"] {
      let whole = try plain.solution(question)
      let drawn = try session.solution(question)
      #expect(drawn.path.contains { $0.hasPrefix("Twins: ") } && !whole.path.contains { $0.hasPrefix("Twins: ") })
      #expect(drawn.sparse.value.count == whole.sparse.value.count)
      for (a, b) in zip(drawn.sparse.value, whole.sparse.value) { #expect(abs(a - b) <= drawn.bound + whole.bound + 1e-9) }
      // The policy is one of the original: it is worth what it promises there.
      #expect(drawn.channelTotals != nil)
      for (total, value) in zip(drawn.channelTotals?[0].totals ?? [], drawn.sparse.value) {
        #expect(abs(total - value) < 1e-5)
      }
    }
    // Six and six stay: 12 / (1 - 0.9).
    #expect(abs(try session.number("solve(Dice).value[a: 6, b: 6]") - 120) < 1e-6)
    // Under a horizon every step has its own policy: with none lost, 1 + 1 steps are needed before anything is earned.
    let short = try session.solution("solve(Short)")
    let exact = try plain.solution("solve(Short)")
    #expect(short.path.contains { $0.hasPrefix("Twins: ") })
    #expect(short.sparse.byStep.value == exact.sparse.byStep.value)
    #expect(try session.number("solve(Short).value[a: 1, b: 1, t: 2]") == 1)
  }

  @Test func reductionsAreNamedInTexts() throws {
    let session = Session()
    try session.register(Twins.self)
    try session.register(CoarseTail.self)
    try session.enter(Self.dice) { _ in }
    #expect(
      try twinsExplained() == """
        Dice: discounted by 0.9 a step, for ever
          1. explore: 36 states, 108 choices, 468 transitions, from the initial states
          2. Twins: 36 states drawn together into 21
          3. PolicyIteration: 21 states are few enough to solve each policy's equations directly
        """)
    let none: String = try session.value("explain(Dice, through: [])")
    #expect(!none.contains("Twins"))
    let named: String = try session.value("explain(Dice(sides: 3), through: [Exploration(states: all), Twins()])")
    #expect(named.contains("over all that the domains allow") && named.contains("Twins: 9 states drawn together into 6"))
    #expect(message { _ = try session.evaluate("solve(Dice, through: CoarseTail())") }.contains("`CoarseTail` does not apply"))
    #expect(message { _ = try session.evaluate("solve(Dice, through: ValueIteration())") }.contains("`Twins`"))
    #expect(message { _ = try session.evaluate("solve(Dice, through: Twin())") }.contains("did you mean `Twins`?"))
    #expect(
      message { _ = try session.evaluate("solve(Dice, through: Exploration(), states: all)") }.contains("belong to the reduction")
    )
    #expect(session.help(for: "reductions")?.contains("InstrumentRestriction, ProxyBridge, Twins") == true)
    #expect(session.help(for: "methods")?.contains("Twins") == false)
    #expect(session.help(for: "Twins")?.contains("Draws states together") == true)
    #expect(session.completions(in: "solve(Dice, through: Twi", at: 24).choices.map(\.text) == ["Twins"])
    #expect(session.completions(in: "solve(Dice, thr", at: 15).choices.map(\.text).contains { $0.hasPrefix("through") })
  }

  @Test func waysToListStates() throws {
    let shop = """
      mdp Shop {
        state stock: 0..9 = 0
        action order: 0..9 when stock + order <= 9
        demand ~ Poisson(2)
        stock' = max(0, stock + order - demand)
        reward 3 * min(stock + order, demand) - order - exp(-demand)
        discount 0.9
      }
      """
    let plain = Session()
    try plain.enter(shop) { _ in }
    let session = Session()
    try session.register(CoarseTail.self)
    try session.enter(shop) { _ in }
    let fine = try plain.solution("solve(Shop, by: PolicyIteration())")
    let coarse = try session.solution("solve(Shop, by: PolicyIteration())")
    #expect(coarse.path[0].hasPrefix("CoarseTail: "))
    #expect(coarse.sparse.notes.contains("assumed: rare is never"))
    // The bound says what the cut may cost, and it is so.
    #expect(coarse.bound > 1e-4)
    #expect(abs(coarse.value.atStart - fine.value.atStart) <= coarse.bound + fine.bound)
    let named = try session.solution("solve(Shop, through: Exploration(), by: PolicyIteration())")
    #expect(named.sparse.value == fine.sparse.value)
    let finer = try session.solution("solve(Shop, through: CoarseTail(mass: 1e-9), by: PolicyIteration())")
    #expect(finer.bound < coarse.bound)
    // From Swift too.
    let process = try session.process(of: "Shop")
    #expect(try session.solve(process, through: [Exploration()]).path[0].hasPrefix("explore: "))
  }

  @Test func wrongReductionsAreRefused() throws {
    let session = Session()
    #expect(message { try session.register(Idle.self) }.contains("reduces questions that nobody asks"))
    try session.register(Torn.self)
    try session.enter(Self.dice) { _ in }
    #expect(message { _ = try session.evaluate("solve(Dice)") }.contains("`Torn` gave a process that is none: the probabilities"))
    #expect(try session.number("solve(Dice, through: []).value[a: 6, b: 6]").rounded() == 120)
    let other = Session()
    try other.register(Lost.self)
    try other.enter(Self.dice) { _ in }
    #expect(message { _ = try other.evaluate("solve(Dice)") }.contains("does not fit its process"))
  }

  // MARK: Causal questions

  private static func market() throws -> DataTable {
    // y = 1 + 2 x + 3 z without noise, where z moves x too.
    let z = (0..<40).map { Double($0 % 5) }
    let x = z.enumerated().map { $1 + Double($0 % 7) }
    return try DataTable(
      "rows",
      columns: [
        DataColumn("x", .real, numbers: x), DataColumn("y", .real, numbers: zip(x, z).map { 1 + 2 * $0 + 3 * $1 }),
        DataColumn("z", .real, numbers: z),
      ])
  }

  @Test func causalQuestionsBecomeMoments() throws {
    let session = Session()
    try session.define("rows", as: .object(try Self.market()))
    try session.enter("causal Plain { z -> {x, y}\n x -> y }") { _ in }
    let question = "structural(of: Plain.x, on: Plain.y, in: Linear())"
    #expect(message { _ = try session.evaluate("explain(\(question))") }.contains("neither an instrument"))
    try session.register(AdjustedRegression.self)
    let explained: String = try session.value("explain(\(question))")
    #expect(explained.contains("{z} closes every back door"))
    // The mean of z over the rows is 2: y responds as 1 + 2 x + 3 * 2.
    try session.enter("let fit = estimate(\(question), from: rows)") { _ in }
    let fit: MomentFit = try session.value("fit")
    let response = try #require(fit["response"])
    #expect(zip(response.values(at: Matrix(column: [0, 10])), [7, 27]).allSatisfy { abs($0 - $1) < 1e-8 })
    // Built-in reductions are named like those from outside.
    #expect(
      message { _ = try session.evaluate("explain(structural(of: Plain.x, on: Plain.y, through: ProxyBridge()))") }
        .contains("`ProxyBridge` does not apply to `x` and `y` of `Plain`"))
    #expect(
      message { _ = try session.evaluate("explain(structural(of: Plain.x, on: Plain.y, through: Exploration()))") }
        .contains("`InstrumentRestriction`, `ProxyBridge`, `AdjustedRegression`"))
  }

  @Test func aGraphWithAnInstrumentAndProxies() throws {
    let session = Session()
    try session.enter("causal Both { latent u\n lot -> x -> y\n u -> {x, y, z, w} }") { _ in }
    let first: String = try session.value("explain(structural(of: Both.x, on: Both.y))")
    let second: String = try session.value("explain(structural(of: Both.x, on: Both.y, through: ProxyBridge()))")
    #expect(first.contains("an instrument") && !first.contains("proxies"))
    #expect(second.contains("proxies of u"))
    let named: String = try session.value("explain(structural(of: Both.x, on: Both.y, through: InstrumentRestriction()))")
    #expect(named == first)
  }

  // MARK: Estimators and learners

  @Test func estimatorsOfMoments() throws {
    let session = Session()
    try session.register(LeastSquares.self)
    try session.define("rows", as: .object(try Self.market()))
    let program = """
      moments Line {
        data x, y, z
        unknown h(x, z) in Linear()
        require E[y - h(x, z) | x, z] = 0
      }
      moments Other {
        data x, y, z
        unknown h(x) in Linear()
        require E[y - h(x) | z] = 0
      }
      let fit = estimate(Line, from: rows, by: LeastSquares())
      """
    try session.enter(program) { _ in }
    let fit: MomentFit = try session.value("fit")
    #expect(zip(fit.functions[0].coefficients, [1, 2, 3]).allSatisfy { abs($0 - $1) < 1e-8 })
    #expect(fit.method == "LeastSquares()")
    #expect(
      message { _ = try session.evaluate("estimate(Other, from: rows, by: LeastSquares())") }.contains("given all its arguments"))
    #expect(message { _ = try session.evaluate("estimate(Line, from: rows, by: ValueIteration())") }.contains("`LeastSquares`"))
    #expect(session.help(for: "LeastSquares") != nil)
    // One coefficient too many.
    let features = try FeatureMap(.linear, points: Matrix(column: [1, 2]), arguments: ["x"])
    #expect(throws: MomentFault.self) { try FittedFunction(name: "h", features: features, coefficients: [1, 2, 3]) }
  }

  @Test func learners() throws {
    let session = Session()
    try session.register(BestAverage.self)
    let program = """
      mdp News {
        state page: {only} = only
        context reader: {young, old} ~ {young: 0.5, old: 0.5}
        action headline: 0..1
        read ~ Bernoulli(0.5)
        page' = page
        reward read
        horizon 1
      }
      policy Headline(which: Int) for News { headline = which }
      policy ByReader for News { headline = if reader == young then 1 else 0 }
      let seen = table(reader: ["young", "young", "old", "old"], headline: [0, 1, 0, 1], reward: [0, 1, 1, 0],
                       p: [0.5, 0.5, 0.5, 0.5])
      let clicks = logged(seen, of: News, propensity: "p")
      let best = learn([Headline(which: 0), Headline(which: 1), ByReader], in: News, from: clicks, by: BestAverage())
      """
    try session.enter(program) { _ in }
    // By hand: each headline alone is read half of the time, the right one for each reader always.
    #expect(try session.number("best.best") == 2)
    #expect(try session.value("best.bounds", as: [Double].self) == [0.5, 0.5, 1])
    let best: LearnedPolicy = try session.value("best")
    #expect(best.method == "BestAverage()" && best.claim == .none)
    func wrong(_ text: String) -> String { message { _ = try session.evaluate(text) } }
    #expect(wrong("learn(in: News, from: clicks, by: BestAverage())").contains("none is given"))
    #expect(wrong("learn([], in: News, from: clicks, by: BestAverage())").contains("none is given"))
    #expect(wrong("learn([3], in: News, from: clicks, by: BestAverage())").contains("a policy is needed here"))
    #expect(wrong("learn(ByReader, in: News, from: clicks, by: ValueIteration())").contains("`BestAverage`"))
    #expect(wrong("learn(ByReader, in: News, from: clicks, by: PessimisticValueIteration())").contains("leave the policies out"))
    #expect(wrong("learn(in: News, from: clicks, maximize: quantile(0.5), by: PessimisticValueIteration())").contains("the mean"))
  }
}
