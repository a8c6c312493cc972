import Alea
import Testing

/// A method written outside the package: Jacobi sweeps for a discounted process, with the bound that contraction gives.
struct JacobiSweeps: DynamicMethod {
  static let name = "JacobiSweeps"
  static let summary = "Sweeps over all states a given number of times."
  static let parameters = [
    MethodParameter("sweeps", .integer(from: 1, to: 1_000_000), default: .integer(1_000), doc: "how many sweeps")
  ]
  let sweeps: Int

  init(arguments: MethodArguments) { sweeps = arguments.integer("sweeps") }

  func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    if case .discounted = process.objective.criterion, process.objective.maximizes { return [] }
    return [
      UnmetRequirement(
        method: Self.name, requirement: "a discounted total to be maximized", found: "another objective",
        remedy: "write `discount 0.95`, for example")
    ]
  }

  func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    guard case .discounted(let discount) = process.objective.criterion else { throw requirements(on: process)[0] }
    let reward = process.totalReward()
    var value = [Double](repeating: 0, count: process.stateCount)
    var policy = [Int32](repeating: -1, count: process.stateCount)
    var change = 0.0
    for sweep in 0..<sweeps {
      guard control.report(WorkProgress(phase: "sweeping", detail: "\(sweep) sweeps")) else {
        throw WorkCancelled(state: "\(sweep) sweeps were done")
      }
      let old = value
      change = 0
      for state in 0..<process.stateCount where !process.isTerminal(state) {
        var best = -Double.infinity
        for choice in process.choices(of: state) {
          let worth = process.transitions(of: choice).reduce(reward[choice]) {
            $0 + discount * process.probability[$1] * old[Int(process.successor[$1])]
          }
          if worth > best { (best, policy[state]) = (worth, Int32(choice)) }
        }
        value[state] = best
        change = max(change, abs(best - old[state]))
      }
    }
    let error = 2 * discount / (1 - discount) * change + 1e-9
    return SparseSolution(
      value: value, policy: policy, lower: value.map { $0 - error }, upper: value.map { $0 + error }, bound: error,
      method: Self.name, iterations: sweeps)
  }
}

/// A method whose answer does not fit.
struct Broken: DynamicMethod {
  static let name = "Broken"
  static let summary = "Answers for three states, whatever it is asked."
  static let parameters: [MethodParameter] = []
  init(arguments: MethodArguments) {}
  func requirements(on process: SparseProcess) -> [UnmetRequirement] { [] }
  func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    SparseSolution(
      value: [1, 2, 3], policy: [0, 99, 0], lower: [0, 0, 0], upper: [3, 3, 3], bound: 0, method: Self.name, iterations: 0)
  }
}

/// An estimator written outside: the difference of two means, where nothing has to be adjusted for.
struct DifferenceOfMeans: EffectMethod {
  static let name = "DifferenceOfMeans"
  static let summary = "The difference of the means of two groups."
  static let parameters: [MethodParameter] = []

  init(arguments: MethodArguments) {}

  func estimate(_ problem: EffectProblem) throws -> Estimate {
    guard try problem.adjustmentSet().isEmpty else {
      throw EffectRefusal("the groups are not alike: something has to be adjusted for")
    }
    let cause = problem.data[problem.cause]?.numbers ?? []
    let outcome = problem.data[problem.outcome]?.numbers ?? []
    func group(_ value: Double) -> (mean: Double, variance: Double) {
      let members = zip(cause, outcome).filter { $0.0 == value }.map(\.1)
      let mean = members.reduce(0, +) / Double(members.count)
      let variance = members.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(members.count - 1) / Double(members.count)
      return (mean, variance)
    }
    let (treated, control) = (group(1), group(0))
    return Estimate(
      target: "the effect of \(problem.cause) on \(problem.outcome)", method: "DifferenceOfMeans()",
      value: treated.mean - control.mean, standardError: (treated.variance + control.variance).squareRoot(),
      sampleSize: outcome.count)
  }
}

/// A law written outside: ranks 1 to n with weights one over the rank; the largest rank must be known.
struct Zipf: CustomLaw {
  static let name = "Zipf"
  static let summary = "Ranks 1 to n with weights 1 / rank."
  static let parameters = [CustomLawParameter("n", "the number of ranks")]

  static func law(_ parameters: [ModelExpression]) throws -> ModelLaw {
    guard let n = parameters[0].constant, n >= 1, n <= 10_000, n == n.rounded() else {
      throw ValueError("the number of ranks of Zipf is a whole number from 1 to 10000 that does not depend on the state")
    }
    return .categorical((1...Int(n)).map { (ModelExpression($0), ModelExpression(1 / Double($0))) })
  }
}

/// A law whose parameter may depend on the state: zero with some probability, else Poisson.
struct Intermittent: CustomLaw {
  static let name = "Intermittent"
  static let summary = "Zero, or with some probability Poisson."
  static let parameters = [CustomLawParameter("share", "the probability of Poisson"), CustomLawParameter("rate", "its rate")]

  static func law(_ parameters: [ModelExpression]) throws -> ModelLaw {
    .mixture([(1 - parameters[0], .categorical([(0, 1)])), (parameters[0], .poisson(parameters[1]))])
  }
}

@Suite struct RegistrationTests {
  private func session() throws -> Session {
    let session = Session()
    try session.register(JacobiSweeps.self)
    try session.register(DifferenceOfMeans.self)
    try session.register(Zipf.self)
    try session.register(Intermittent.self)
    try session.register(
      NativeFunction(
        "double", [NativeParameter("x", isPositional: true, "a number")], returns: "a number", isQuery: false,
        documentation: "Twice a number.", example: "double(21)"
      ) { call in
        guard let number = call["x"]?.value.number else { throw call.fault("`x` is a number", at: "x") }
        return .real(2 * number)
      })
    return session
  }

  private func message(_ session: Session, _ text: String) -> String {
    do {
      try session.enter(text) { _ in }
      return "none"
    } catch let error as DiagnosticError {
      return error.diagnostics.map { ([$0.message, $0.label] + $0.notes).joined(separator: " | ") }.joined(separator: "; ")
    } catch { return "\(error)" }
  }

  // Staying in the good state earns 1 for ever: 1 / (1 - 0.9).
  private static let coin = """
    mdp Coin {
      state good: Bool = false
      action go: Bool
      good' = good or go
      reward if good then 1 else 0
      discount 0.9
    }

    """

  @Test func methodsSolveFromTexts() throws {
    let session = try session()
    #expect(message(session, Self.coin + "let best = solve(Coin, by: JacobiSweeps(sweeps: 500))") == "none")
    #expect(abs(try session.number("best.value[good: true]") - 10) < 1e-8)
    #expect(abs(try session.number("best.value[good: false]") - 9) < 1e-8)
    let name: String = try session.value("best.method")
    #expect(name == "JacobiSweeps")
    #expect(message(session, "solve(Coin, by: JacobiSweeps(sweeps: 0))").contains("a whole number between 1 and 1000000"))
    #expect(message(session, "solve(Coin, by: JacobiSweep())").contains("did you mean `JacobiSweeps`?"))
    #expect(message(session, "solve(Coin, by: DifferenceOfMeans())").contains("`JacobiSweeps`"))
    #expect(
      message(session, Self.coin.replacing("discount 0.9", with: "horizon 3") + "solve(Coin, by: JacobiSweeps())").contains(
        "a discounted total to be maximized"))
  }

  @Test func answersThatDoNotFitAreRefused() throws {
    let session = try session()
    try session.register(Broken.self)
    #expect(message(session, Self.coin + "solve(Coin, by: Broken())").contains("does not fit its process"))
  }

  @Test func estimatorsAndFunctions() throws {
    let session = try session()
    let table = try DataTable(
      "trial",
      columns: [
        DataColumn("treated", .integer, numbers: [0, 0, 0, 1, 1, 1]), DataColumn("healed", .real, numbers: [1, 2, 3, 4, 5, 9]),
      ])
    try session.define("trial", as: .object(table))
    let program = """
      causal Trial { treated -> healed }
      let gain = estimate(effect(of: Trial.treated, on: Trial.healed), from: trial, by: DifferenceOfMeans())
      """
    #expect(message(session, program) == "none")
    let gain = try session.estimate("gain")
    // Means 2 and 6; variances 1/3 and 7/3.
    #expect(abs(gain.value - 4) < 1e-12)
    #expect(abs(gain.standardError - (8.0 / 3).squareRoot()) < 1e-12)
    #expect(
      message(session, "estimate(effect(of: Trial.treated, on: Trial.healed), from: trial, by: JacobiSweeps())")
        .contains("`DifferenceOfMeans`"))
    #expect(try session.number("double(21)") == 42)
    #expect(message(session, "double(\"a\")").contains("`x` is a number"))
  }

  @Test func lawsAreDrawnFrom() throws {
    let session = try session()
    // The mean of Zipf(3) is 3 / (1 + 1/2 + 1/3) = 18/11; of Intermittent(p, rate) it is p * rate.
    let program = """
      mdp Ranks {
        state x: 0..1 = 1
        rank ~ Zipf(3)
        demand ~ Intermittent(0.5 * x, rate: 4)
        x' = x
        reward first: rank
        reward second: demand
        horizon 1
      }
      let found = solve(Ranks)
      """
    #expect(message(session, program) == "none")
    #expect(abs(try session.number("found.channels.first.start") - 18.0 / 11) < 1e-9)
    #expect(abs(try session.number("found.channels.second.start") - 2) < 1e-9)
    #expect(message(session, "let z = Zipf(2.5)").contains("a whole number from 1"))
    #expect(message(session, "let z = Zipf(m: 2)").contains("called as `Zipf(n)`"))
    #expect(message(session, "let z = Zipf()").contains("`n` is missing"))
    #expect(message(session, "let z = Zipf(1, 2)").contains("one too many"))
    #expect(message(session, "let z = Zipf(true)").contains("`n` is a number"))
    #expect(message(session, "let z = Zipf(3)") == "none")
  }

  @Test func helpAndCompletionKnowThem() throws {
    let session = try session()
    let help = try #require(session.help(for: "JacobiSweeps"))
    #expect(help.contains("JacobiSweeps(sweeps: 1000)") && help.contains("how many sweeps"))
    #expect(session.help(for: "Zipf")?.contains("weights 1 / rank") == true)
    #expect(session.completions(in: "solve(M, by: Jac", at: 16).choices.map(\.text) == ["JacobiSweeps"])
    #expect(session.helpNames.contains("double"))
    // A prompt that forgets what was entered keeps what was registered.
    try session.reset()
    #expect(session.help(for: "Zipf") != nil)
  }

  @Test func namesAreTakenOnce() throws {
    let session = try session()
    #expect(throws: DiagnosticError.self) { try session.register(JacobiSweeps.self) }
    #expect(throws: DiagnosticError.self) {
      try session.register(NativeFunction("solve", [], returns: "", isQuery: false, documentation: "") { _ in .nothing })
    }
    #expect(throws: DiagnosticError.self) {
      try session.register(NativeFunction("a b", [], returns: "", isQuery: false, documentation: "") { _ in .nothing })
    }
    // Other sessions know nothing of it.
    #expect(Session().help(for: "Zipf") == nil)
  }
}
