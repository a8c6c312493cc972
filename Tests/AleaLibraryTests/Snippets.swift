import Alea
import Synchronization
import Testing

// The Swift of the articles, as it stands there: the tests of the documentation compare the two texts.

func valueOfEmptyShelf(price: Double) throws -> Double {
  let session = Session()
  try session.load(file: "Examples/inventory.alea")
  let best = try session.solution("solve(Inventory(price: \(price)))")
  return try best.value(at: ["stock": .integer(0)])
}

func printing(_ program: String) throws -> [String] {
  let lines = Lines()
  let session = Session(output: { lines.add($0.text) }, progress: { _ in !lines.isFull })
  do {
    try session.enter(program) { _ in }
  } catch let error as DiagnosticError {
    let renderer = DiagnosticRenderer(sources: session.sources, color: false)
    return error.diagnostics.map { renderer.render($0) }
  }
  return lines.all
}

func valueWithin(_ limit: Duration, of question: String, in program: String) async throws -> Double? {
  let work = Task {
    let session = Session()
    _ = try await session.enter(program)
    return try await session.evaluating(question).number
  }
  let timer = Task {
    try await Task.sleep(for: limit)
    work.cancel()
  }
  defer { timer.cancel() }
  do {
    return try await work.value
  } catch is WorkCancelled {
    return nil
  }
}

func patrol() throws -> [Double] {
  let process = try FiniteProcess(states: 3, actions: 2, objective: .discounted(0.5)) { state, action in
    let next = action == 0 ? state : (state + 1) % 3
    return [.init(state: next, probability: 1, reward: state == 2 ? 1 : 0)]
  }
  let best = try Session().solve(process)
  return best.sparse.value
}

func savings() throws -> Double {
  var model = ModelBuilder("Savings")
  let money = model.state("money", in: .range(0...10), starting: 0)
  let spend = model.action("spend", in: .range(0...10)) { $0 <= money }
  let wage = model.draw("wage", from: .bernoulli(0.5))
  model.next(money, min(money - spend + wage, 10))
  model.reward("pleasure", spend)
  model.objective = .discounted(0.9)

  let session = Session()
  try session.define(model.process())
  return try session.number("solve(Savings).start")
}

struct FixedSweeps: DynamicMethod {
  static let name = "FixedSweeps"
  static let summary = "Value iteration for a given number of sweeps."
  static let parameters = [
    MethodParameter("sweeps", .integer(from: 1, to: 1_000_000), default: .integer(100), doc: "how many sweeps")
  ]
  let sweeps: Int

  init(arguments: MethodArguments) { sweeps = arguments.integer("sweeps") }

  func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    if case .discounted(let discount) = process.objective.criterion, discount < 1, process.objective.maximizes { return [] }
    return [
      UnmetRequirement(
        method: Self.name, requirement: "a discounted total", found: "another objective",
        remedy: "write `discount 0.95`, for example")
    ]
  }

  func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    guard case .discounted(let discount) = process.objective.criterion else { throw requirements(on: process)[0] }
    let reward = process.totalReward()
    var value = [Double](repeating: 0, count: process.stateCount)
    var policy = [Int32](repeating: -1, count: process.stateCount)
    var change = 0.0
    for sweep in 1...sweeps {
      guard control.report(WorkProgress(phase: "sweeping", detail: "\(sweep) sweeps")) else {
        throw WorkCancelled(state: "stopped in sweep \(sweep)")
      }
      let old = value
      change = 0
      for state in 0..<process.stateCount where !process.isTerminal(state) {
        value[state] = -.infinity
        for choice in process.choices(of: state) {
          var worth = reward[choice]
          for edge in process.transitions(of: choice) {
            worth += discount * process.probability[edge] * old[Int(process.successor[edge])]
          }
          if worth > value[state] { (value[state], policy[state]) = (worth, Int32(choice)) }
        }
        change = max(change, abs(value[state] - old[state]))
      }
    }
    // The value, and the policy's own, lie this near the last sweep (Puterman 1994, theorem 6.3.1); rounding aside.
    let error = 2 * discount / (1 - discount) * change
    return SparseSolution(
      value: value, policy: policy, lower: value.map { $0 - error }, upper: value.map { $0 + error }, bound: error,
      method: Self.name, iterations: sweeps)
  }
}

func sweepsFromText() throws -> String {
  let session = Session()
  try session.register(FixedSweeps.self)
  try session.enter("mdp Clock {\n state on: Bool = true\n on' = not on\n reward if on then 1 else 0\n discount 0.5\n}") { _ in }
  return try session.value("solve(Clock, by: FixedSweeps(sweeps: 60)).method")
}

struct Lumpy: CustomLaw {
  static let name = "Lumpy"
  static let summary = "Nothing, or with some probability a Poisson number."
  static let parameters = [CustomLawParameter("share", "the probability of a number"), CustomLawParameter("rate", "its mean")]

  static func law(_ parameters: [ModelExpression]) throws -> ModelLaw {
    .mixture([(1 - parameters[0], .categorical([(0, 1)])), (parameters[0], .poisson(parameters[1]))])
  }
}

let double = NativeFunction(
  "double", [NativeParameter("x", isPositional: true, "a number")], returns: "a number", isQuery: false,
  documentation: "Twice a number.", example: "double(21)"
) { call in
  guard let number = call["x"]?.value.number else { throw call.fault("`x` is a number", at: "x") }
  return .real(2 * number)
}

enum Machine: String, CaseIterable { case m1, m2, m3, m4 }

func sysAdmin() throws -> Process {
  var model = ModelBuilder("SysAdmin")
  let machines = Machine.allCases
  let up = model.states("up", over: .cases(of: Machine.self), in: .boolean) { _ in true }
  let reboot = model.action("reboot", in: .names(["none"] + machines.map(\.rawValue)))
  for (place, machine) in machines.enumerated() {
    let isUp = up[.symbol(machine)]
    let neighbours = [machines[(place + 1) % 4], machines[(place + 3) % 4]].map { up[.symbol($0)] }
    let stays = 0.45 + 0.5 * (1 + .count(neighbours)) / 3
    model.next(
      isUp, from: .bernoulli(.choose(if: reboot == .symbol(machine), then: 1, else: .choose(if: isUp, then: stays, else: 0.05))))
  }
  model.reward("running", .count(up.members))
  model.cost("rebooting", .choose(if: reboot == .symbol("none"), then: 0, else: 0.75))
  model.objective = .finiteHorizon(40, discount: 1)
  return try model.process()
}

func inventories() throws -> [Double] {
  let session = Session()
  try session.define("Inventory", parameters: [.integer("capacity", default: 20), .real("setup", default: 4)]) { arguments in
    let (capacity, setup) = (try arguments.integer("capacity"), try arguments.real("setup"))
    var model = ModelBuilder("Inventory")
    let stock = model.state("stock", in: .range(0...capacity), starting: 0)
    let order = model.action("order", in: .range(0...capacity)) { stock + $0 <= ModelExpression(capacity) }
    let demand = model.draw("demand", from: .poisson(6))
    let sold = model.value("sold", min(stock + order, demand))
    model.next(stock, stock + order - sold)
    model.reward("sales", 8 * sold)
    model.reward("upkeep", -(stock + order))
    model.reward("ordering", .choose(if: order > 0, then: -ModelExpression(setup) - 2 * order, else: 0))
    model.objective = .discounted(0.95)
    return model
  }
  return [
    try session.number("solve(Inventory).value[stock: 0]"), try session.number("solve(Inventory(setup: 0)).value[stock: 0]"),
  ]
}

/// What a program prints, for the article on embedding.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
  var isFull: Bool { all.count > 1_000 }
}

/// The Swift of the articles, run.
@Suite struct SnippetTests {
  @Test func sessions() async throws {
    #expect(try printing("print(6 * 7)") == ["42"])
    #expect(try printing("print(x)")[0].contains("--> "))
    let walk = """
      mdp Walk {
        state x: 0..200 = 0
        action go: {left, right}
        win ~ Bernoulli(0.6)
        x' = if go == left then max(0, x - 1) else if win then min(200, x + 1) else x
        reward if x == 200 then 1 else 0
        discount 0.99999999
      }
      """
    #expect(try await valueWithin(.seconds(60), of: "size(Walk).states", in: walk) == 201)
    let endless = "solve(Walk, by: ValueIteration(tolerance: 1e-9)).bound"
    #expect(try await valueWithin(.milliseconds(300), of: endless, in: walk) == nil)
  }

  /// The README's.
  @Test func aFile() throws {
    let session = Session()
    try session.run(file: "Examples/inventory.alea")
    print(try session.evaluate("best.value[stock: 0]"))
    // Tests/Independent/inventory.py.
    #expect(abs(try session.number("best.value[stock: 0]") - 441.9188362742) < 1e-6)
    #expect(abs(try valueOfEmptyShelf(price: 8) - 441.9188362742) < 1e-6)
  }

  @Test func modelsWithoutText() throws {
    // To wait in the state that pays: 1 + 1/2 + 1/4 + ... = 2; a step and two steps away, half and a quarter of it.
    let value = try patrol()
    for (found, exact) in zip(value, [0.5, 1, 2]) { #expect(abs(found - exact) < 1e-6) }
    // Spending what comes at once: from no money 0.9 * 0.5 / (1 - 0.9).
    #expect(abs(try savings() - 4.5) < 1e-6)
  }

  @Test func additions() throws {
    #expect(try sweepsFromText() == "FixedSweeps")
    let session = Session()
    try session.register(Lumpy.self)
    try session.register(double)
    #expect(try session.number("double(21)") == 42)
    try session.enter("mdp M {\n state x: 0..1 = 0\n d ~ Lumpy(0.25, 4)\n x' = x\n reward d\n horizon 1\n}") { _ in }
    #expect(abs(try session.number("solve(M).start") - 1) < 1e-9)
  }
}
