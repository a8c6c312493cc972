import AleaModel
import Testing

@testable import AleaSolvers

/// What every registered method owes, whatever it does inside, on every random family it declares itself licensed for.
@Suite struct MethodConformance {
  /// The criteria whose exact answers are known here; a method that is licensed for none is not tested by this suite.
  static let criteria: [Objective.Criterion] = [
    .discounted(0.9), .discounted(0.999), .finiteHorizon(7, discount: 1), .finiteHorizon(12, discount: 0.9),
  ]

  @Test(arguments: DynamicMethods.all.map { $0.name }, RandomProcesses.Kind.allCases)
  func boundsHoldAndThreadsDoNotMatter(name: String, kind: RandomProcesses.Kind) throws {
    let method = try DynamicMethods.make(name)
    for criterion in Self.criteria {
      for seed in 1_000..<1_010 {
        let process = RandomProcesses.make(kind, seed: seed, criterion: criterion)
        guard method.requirements(on: process).isEmpty else { continue }
        let solution = try method.solve(process, control: WorkControl(threads: 1))
        let again = try method.solve(process, control: WorkControl(threads: 2))
        #expect(solution.value == again.value && solution.policy == again.policy)
        #expect(solution.lower == again.lower && solution.upper == again.upper)
        #expect(solution.method == name)
        let exact = try #require(exactValue(process, startingAt: solution.policy))
        for state in 0..<process.stateCount {
          let inside =
            ExactRational(solution.lower[state]) <= exact[state] && exact[state] <= ExactRational(solution.upper[state])
          #expect(inside, "\(name) on \(kind) \(seed), \(criterion): state \(state)")
          #expect(
            solution.policy[state] < 0
              ? process.isTerminal(state) : process.choices(of: state).contains(Int(solution.policy[state])))
        }
      }
    }
  }

  private func exactValue(_ process: SparseProcess, startingAt policy: [Int32]) -> [ExactRational]? {
    let exact = ExactRationalProcess(process)
    switch process.objective.criterion {
    case .discounted(let discount): return exact.optimalValue(discount: discount, startingAt: policy)
    case .finiteHorizon(let horizon, let discount): return exact.finiteHorizonValue(horizon, discount: discount)[0]
    default: return nil
    }
  }

  /// Enough states for blocks to be shared out among threads.
  @Test(arguments: DynamicMethods.all.map { $0.name })
  func largeProcessesHaveTheSameBitsOnAnyThreads(name: String) throws {
    // A program of 10,000 rows is beyond what a linear program solver does in a test.
    guard name != LinearProgramming.name else { return }
    let method = try DynamicMethods.make(name)
    for criterion in [Objective.Criterion.discounted(0.95), .finiteHorizon(5, discount: 1)] {
      let process = ringProcess(count: 10_000, criterion: criterion)
      guard method.requirements(on: process).isEmpty else { continue }
      let one = try method.solve(process, control: WorkControl(threads: 1))
      for threads in [2, 3] {
        let more = try method.solve(process, control: WorkControl(threads: threads))
        #expect(one.value == more.value && one.policy == more.policy && one.lower == more.lower && one.upper == more.upper)
      }
    }
  }

  @Test(arguments: DynamicMethods.all.map { $0.name })
  func cancellingEndsTheWork(name: String) throws {
    let method = try DynamicMethods.make(name)
    for criterion in Self.criteria {
      let process = RandomProcesses.make(.plain, seed: 5, criterion: criterion)
      guard method.requirements(on: process).isEmpty else { continue }
      #expect(throws: WorkCancelled.self) { try method.solve(process, control: WorkControl { _ in false }) }
    }
  }

  /// Processes in which nothing can be done: no states at all, and terminal states only.
  @Test(arguments: DynamicMethods.all.map { $0.name })
  func processesWithoutChoicesAreWorthNothing(name: String) throws {
    let method = try DynamicMethods.make(name)
    for criterion in Self.criteria {
      for count in [0, 1, 3] {
        let process = ProcessBuilder(
          states: Array(repeating: [], count: count), criterion: criterion, initial: count == 0 ? [] : [(0, 1)]
        ).process
        guard method.requirements(on: process).isEmpty else { continue }
        let solution = try method.solve(process, control: WorkControl())
        #expect(solution.value == [Double](repeating: 0, count: count) && solution.bound == 0)
        #expect(solution.policy == [Int32](repeating: -1, count: count))
      }
    }
  }

  /// Rewards whose total no double can hold give infinite bounds and say so; they never trap or run on.
  @Test(arguments: DynamicMethods.all.map { $0.name })
  func overflowIsReported(name: String) throws {
    let method = try DynamicMethods.make(name)
    for criterion in [Objective.Criterion.discounted(0.999), .finiteHorizon(20, discount: 1)] {
      let process = ProcessBuilder(
        states: [[(1e308, [(0, 0.5), (1, 0.5)]), (-1e308, [(1, 1)])], [(1.7e308, [(0, 1)])]], criterion: criterion
      ).process
      guard method.requirements(on: process).isEmpty else { continue }
      let solution = try method.solve(process, control: WorkControl())
      #expect(solution.bound == .infinity && solution.notes.contains { $0.contains("too large") })
    }
  }

  @Test func unknownMethodsAndArgumentsAreRefused() throws {
    #expect(throws: InvalidMethodArgument.self) { try DynamicMethods.make("ValueIteraton") }
    #expect(throws: InvalidMethodArgument.self) { try DynamicMethods.make("ValueIteration", arguments: ["tolerence": .real(1)]) }
    #expect(throws: InvalidMethodArgument.self) { try DynamicMethods.make("ValueIteration", arguments: ["tolerance": .real(-1)]) }
    #expect(throws: InvalidMethodArgument.self) {
      try DynamicMethods.make("ValueIteration", arguments: ["tolerance": .real(.nan)])
    }
    #expect(throws: InvalidMethodArgument.self) { try DynamicMethods.make("ValueIteration", arguments: ["sweeps": .symbol("x")]) }
    let method = try DynamicMethods.make(
      "ValueIteration", arguments: ["tolerance": .integer(1), "sweeps": .symbol("gaussSeidel")])
    let made = try #require(method as? ValueIteration)
    #expect(made.tolerance == 1 && made.sweeps == .gaussSeidel)
  }

  @Test(arguments: DynamicMethods.all.map { $0.name })
  func unlicensedProcessesAreRefusedWithTheReason(name: String) throws {
    let method = try DynamicMethods.make(name)
    for criterion in Self.criteria + [.total, .average, .discounted(1), .discounted(-0.5), .discounted(.nan)] {
      let process = RandomProcesses.make(.plain, seed: 3, criterion: criterion)
      guard let unmet = method.requirements(on: process).first else { continue }
      #expect(unmet.method == name && !unmet.remedy.isEmpty)
      #expect(throws: UnmetRequirement.self) { try method.solve(process, control: WorkControl()) }
    }
  }

  /// States on a ring; each choice moves a little way on or back.
  private func ringProcess(count: Int, criterion: Objective.Criterion) -> SparseProcess {
    var random = TestRandom(seed: 11)
    let states = (0..<count).map { state -> [ProcessBuilder.Choice] in
      (0..<2).map { choice in
        let share = Double.random(in: 0.1...0.9, using: &random)
        let targets =
          choice == 0 ? ((state + 1) % count, (state + 3) % count) : ((state + count - 1) % count, (state + 7) % count)
        return (Double.random(in: -1...1, using: &random), [(targets.0, share), (targets.1, 1 - share)])
      }
    }
    return ProcessBuilder(states: states, criterion: criterion).process
  }
}
