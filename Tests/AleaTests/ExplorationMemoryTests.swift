import Alea
import Synchronization
import Testing

/// Several questions about one model list its states once, and a model that says something else is another model.
@Suite struct ExplorationMemoryTests {
  /// Counts how often the states of a model are listed.
  private final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func note(_ progress: WorkProgress) -> Bool {
      // An exploration says first what is to be expected.
      if progress.phase == "exploring", progress.detail.hasPrefix("at most") { count.withLock { $0 += 1 } }
      return true
    }
  }

  private static func session() -> (Session, Counter) {
    let counter = Counter()
    return (Session(progress: { counter.note($0) }), counter)
  }

  private static func walk(_ up: Double) -> String {
    """
    mdp Walk(start: Int = 2) {
      state x: 0..6 = start
      action go: {left, right} when x > 0 and x < 6
      drift ~ Bernoulli(\(up))
      x' = x + (if go == right and drift == 1 then 1 else -1)
      cost steps: 1
      reward prize: if x' == 6 then 10 else 0
      total
      terminal when x == 0 or x == 6
    }

    """
  }

  private static func number(_ session: Session, _ text: String) throws -> Double {
    guard case .real(let value) = try session.evaluate(text) else { return .nan }
    return value
  }

  @Test func questionsShareOneExploration() throws {
    let (session, counter) = Self.session()
    try session.run(
      text: Self.walk(0.6) + """
        let p = probability(of: Walk.x == 6, in: Walk)
        let q = probability(of: Walk.x == 0, in: Walk, maximize: false)
        let r = probability(of: Walk.x == 6, in: Walk, avoiding: Walk.x == 1)
        let s = expectedTotal(of: Walk.steps, in: Walk, until: Walk.x == 6 or Walk.x == 0)
        let n = size(Walk).states
        let best = solve(Walk)
        """, name: "walk.alea")
    #expect(counter.value == 1)
    // A gambler's chances with r = 2/3, (1 - r^2) / (1 - r^6), and of the way from 2 to 6 without 1.
    let r = 2 / 3.0
    let all = (1 - r * r) / (1 - r * r * r * r * r * r)
    #expect(abs(try Self.number(session, "p.start") - all) < 1e-6)
    #expect(abs(try Self.number(session, "q.start") - (1 - all)) < 1e-6)
    #expect(abs(try Self.number(session, "r.start") - (1 - r) / (1 - r * r * r * r * r)) < 1e-6)
    _ = try session.evaluate("probability(of: Walk.x == 3, in: Walk, within: 4)")
    #expect(counter.value == 1)
  }

  @Test func argumentsMakeAnotherModel() throws {
    let (session, counter) = Self.session()
    try session.run(text: Self.walk(0.6), name: "walk.alea")
    let question = { (model: String) in "probability(of: Walk.x == 6, in: \(model)).start" }
    let (two, three) = (try Self.number(session, question("Walk")), try Self.number(session, question("Walk(start: 3)")))
    #expect(counter.value == 2)
    #expect(two < three)
    #expect(try Self.number(session, question("Walk(start: 2)")) == two)
    #expect(try Self.number(session, question("Walk(start: 3)")) == three)
    #expect(try Self.number(session, "size(Walk, states: all).states * 1.0") == 7)
    #expect(counter.value <= 4)
  }

  @Test func aModelDefinedAnewIsAnotherModel() throws {
    let (session, counter) = Self.session()
    var answers: [Double] = []
    for up in [0.6, 0.4, 0.6] {
      try session.enter(Self.walk(up)) { _ in }
      answers.append(try Self.number(session, "probability(of: Walk.x == 6, in: Walk).start"))
    }
    #expect(counter.value >= 2)
    #expect(answers[0] == answers[2])
    let r = 1.5
    #expect(abs(answers[1] - (1 - r * r) / (1 - r * r * r * r * r * r)) < 1e-6)
    // A function that a model calls is part of what it says.
    try session.enter("fn chance(x: Int): Real = 0.5") { _ in }
    try session.enter(
      "mdp Coin { state x: 0..2 = 0\n action go: {toss} when x == 0\n x' ~ {1: chance(1), 2: 1 - chance(1)}\n total }"
    ) { _ in }
    #expect(abs(try Self.number(session, "probability(of: Coin.x == 1, in: Coin).start") - 0.5) < 1e-9)
    try session.enter("fn chance(x: Int): Real = 0.25") { _ in }
    #expect(abs(try Self.number(session, "probability(of: Coin.x == 1, in: Coin).start") - 0.25) < 1e-9)
  }

  @Test func memoryIsBounded() throws {
    let (session, counter) = Self.session()
    session.configuration.keptMemory = 0
    try session.run(text: Self.walk(0.6) + "let a = size(Walk)\nlet b = size(Walk)\n", name: "walk.alea")
    #expect(counter.value == 2)
    // Room for one of two models: the other one is listed again.
    session.configuration.keptMemory = 70_000
    for _ in 0..<2 {
      _ = try session.evaluate("size(Walk)")
      _ = try session.evaluate("size(Walk)")
      _ = try session.evaluate("size(Walk(start: 4))")
    }
    #expect(counter.value >= 4)
  }

  @Test func exactAnswersAreThoseOfTheirOwnModel() throws {
    let (session, counter) = Self.session()
    try session.run(text: Self.walk(0.6), name: "walk.alea")
    _ = try session.evaluate("probability(of: Walk.x == 6, in: Walk).start")
    let first = try session.evaluate("probability(of: Walk.x == 6, in: Walk, by: Exact())").json.text
    let second = try session.evaluate("probability(of: Walk.x == 6, in: Walk, by: Exact())").json.text
    #expect(counter.value == 1)
    // (1 - 4/9) / (1 - 64/729) = 405/665 = 81/133.
    #expect(first == second && first.contains("81/133"), "\(first)")
  }
}
