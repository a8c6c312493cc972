import AleaData
import AleaModel
import AleaNumerics
import AleaSolvers
import Foundation
import Testing

/// Proximal estimators against an independent program, against each other, and against the known effect of a published design.
@Suite struct ProximalTests {
  static func graph() throws -> CausalGraph {
    let names = ["a", "y", "z", "w", "x1", "x2"]
    let nodes = names.map { CausalGraph.Node($0, isLatent: false, span: nil) } + [.init("u", isLatent: true, span: nil)]
    var edges = [("z", "a"), ("a", "y"), ("w", "y")]
    for cause in ["u", "x1", "x2"] { for effect in ["a", "y", "z", "w"] { edges.append((cause, effect)) } }
    return try CausalGraph(nodes: nodes, edges: edges.map { .init($0.0, .directed, $0.1, span: nil) })
  }

  static func table(_ columns: [(String, [Double])]) throws -> DataTable {
    try DataTable("data", columns: columns.map { DataColumn($0.0, .real, numbers: $0.1) })
  }

  static func estimate<M: EffectMethod>(_ method: M.Type, _ data: DataTable) throws -> Estimate {
    let problem = try EffectProblem(graph: graph(), cause: "a", outcome: "y", data: data)
    return try method.init(arguments: try MethodArguments(for: method)).estimate(problem)
  }

  @Test func agreesWithAnIndependentProgram() throws {
    let json = try MomentTests.json("proximal_binary_small")
    let x = try #require(json["X"] as? [[Double]])
    let expected = try #require(json["expected"] as? [String: Any])
    func numbers(_ name: String) throws -> [Double] { try MomentTests.numbers(json[name]) }
    let data = try Self.table([
      ("a", try numbers("A")), ("y", try numbers("Y")), ("z", try numbers("Z")), ("w", try numbers("W")),
      ("x1", x.map { $0[0] }), ("x2", x.map { $0[1] }),
    ])
    let two = try Self.estimate(ProximalTwoStage.self, data)
    let weighting = try Self.estimate(ProximalWeighting.self, data)
    let robust = try Self.estimate(ProximalDoublyRobust.self, data)
    #expect(abs(two.value - (try #require(expected["p2sls"] as? Double))) < 1e-10)
    #expect(abs(weighting.value - (try #require(expected["pipw"] as? Double))) < 1e-8)
    #expect(abs(robust.value - (try #require(expected["pdr"] as? Double))) < 1e-8)
    // Tests/Independent/proximal.py: derivatives of the stacked equations by differences.
    #expect(abs(two.standardError - 0.21850194716917262) < 1e-8)
    #expect(abs(weighting.standardError - 0.21822091156182183) < 1e-7)
    #expect(abs(robust.standardError - 0.2182209120797839) < 1e-7)
  }

  /// The design of Cui et al. (2020) with effect 2: published bias -.01 and root mean squared error .09 to .096.
  @Test func findsTheEffectOfThePublishedDesign() throws {
    var (errors, claimed): ([Double], [Double]) = ([], [])
    for seed in 0..<30 {
      let estimate = try Self.estimate(ProximalDoublyRobust.self, Self.design(2000, seed: UInt64(seed)))
      errors.append(estimate.value - 2)
      claimed.append(estimate.standardError)
    }
    let bias = errors.reduce(0, +) / 30
    let root = (errors.reduce(0) { $0 + $1 * $1 } / 30).squareRoot()
    #expect(abs(bias) < 4 * 0.096 / 30.0.squareRoot())
    #expect(root < 1.4 * 0.096)
    // The claimed error is the spread that is seen, which thirty runs know to about an eighth.
    #expect(abs(claimed.reduce(0, +) / 30 / root - 1) < 0.45)
  }

  static func design(_ n: Int, seed: UInt64) throws -> DataTable {
    var random = RandomStream(seed: seed, stream: 7)
    var columns: [[Double]] = Array(repeating: [], count: 6)
    for _ in 0..<n {
      let (x1, x2) = (0.25 + 0.25 * random.normal(), 0.25 + 0.25 * random.normal())
      let a: Double = random.uniform() < 1 / (1 + exp(0.125 * (x1 + x2))) ? 1 : 0
      // Correlations .25 between the shadows, .5 of each with what is hidden.
      let (e, f, g) = (random.normal(), random.normal(), random.normal())
      let hidden = e
      let z = 0.5 * e + 0.75.squareRoot() * f
      let w = 0.5 * e + 0.75.squareRoot() * g
      let level = 0.25 + 0.25 * (x1 + x2)
      let shownW = level + 0.125 * a + w
      let y = 2 + 2 * a + 0.25 * (x1 + x2) + 2 * shownW + 2 * (level + 0.5 * (0.25 * a + hidden)) + 2 * random.uniform() - 1
      for (index, value) in [a, y, level + 0.25 * a + z, shownW, x1, x2].enumerated() { columns[index].append(value) }
    }
    return try table(Array(zip(["a", "y", "z", "w", "x1", "x2"], columns)))
  }

  /// The whole law of a process with a hidden state: 3,888 trajectories with their probabilities.
  static func population(_ json: [String: Any], policy: [Int]) throws -> [ProximalTable.Trajectory] {
    let start = try MomentTests.numbers(json["init"])
    let behaviour = try MomentTests.numbers(json["behaviour_prob_action1"])
    let rewards = try #require(json["reward"] as? [String: Double])
    let next = try #require(json["next_state"] as? [String: Int])
    let eps = try #require(json["eps"] as? Double)
    let horizon = try #require(json["horizon"] as? Int)
    // The other two symbols are equally probable.
    func shown(_ state: Int, _ symbol: Int) -> Double { state == symbol ? 1 - eps : eps / 2 }
    func taken(_ state: Int, _ action: Int) -> Double { action == 1 ? behaviour[state] : 1 - behaviour[state] }
    var result: [ProximalTable.Trajectory] = []
    func extend(_ state: Int, _ before: Int, _ weight: Double, _ steps: [ProximalTable.Step]) {
      guard steps.count < horizon else { return result.append(.init(weight: weight, steps: steps)) }
      for symbol in 0..<3 {
        for action in 0..<2 {
          let step = ProximalTable.Step(
            before: before, now: symbol, action: action, reward: rewards["\(state),\(action)"] ?? .nan, target: policy[symbol])
          extend(
            next["\(state),\(action)"] ?? 0, symbol, weight * shown(state, symbol) * taken(state, action), steps + [step])
        }
      }
    }
    for state in 0..<3 {
      for symbol in 0..<3 {
        for action in 0..<2 {
          extend(next["\(state),\(action)"] ?? 0, symbol, start[state] * shown(state, symbol) * taken(state, action), [])
        }
      }
    }
    return result
  }

  @Test(arguments: ["easy", "hard", "optim"]) func populationValuesAreTheTruth(_ name: String) throws {
    let json = try MomentTests.json("proximal_pomdp_population")
    let policies = try #require(json["policies"] as? [String: [Int]])
    let expected = try #require((json["expected"] as? [String: [String: Double]])?[name])
    let rows = try Self.population(json, policy: try #require(policies[name]))
    #expect(rows.count == 3888)
    let values = try ProximalTable(rows).value()
    let truth = try #require(expected["truth"])
    for value in [values.importance, values.direct, values.efficient] { #expect(abs(value / 3 - truth) < 1e-9) }
  }

  @Test func actionsThatNeverOccurHaveNoBridge() throws {
    let steps = (0..<4).map { ProximalTable.Step(before: $0 % 2, now: $0 / 2, action: 0, reward: 1, target: 1) }
    let table = try ProximalTable(steps.map { .init(steps: [$0]) })
    #expect(throws: MomentFault.self) { try table.value() }
    #expect(throws: MomentFault.self) { try ProximalTable([]) }
    #expect(throws: MomentFault.self) { try ProximalTable([.init(steps: [steps[0]]), .init(steps: Array(steps[0...1]))]) }
  }
}
