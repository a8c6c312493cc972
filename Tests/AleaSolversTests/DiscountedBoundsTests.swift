import AleaModel
import Testing

@testable import AleaSolvers

/// The certified interval against exact rational answers: never violated, by the optimal value or the returned policy's own.
@Suite struct DiscountedBoundsTests {
  static let methods: [any DynamicMethod] = [
    ValueIteration(), ValueIteration(sweeps: .gaussSeidel), ValueIteration(sweeps: .topological), ValueIteration(tolerance: 1e-3),
    ModifiedPolicyIteration(),
    ModifiedPolicyIteration(evaluationSweeps: 7), PolicyIteration(evaluation: .direct),
    PolicyIteration(tolerance: 0, evaluation: .krylov),
  ]

  @Test(arguments: RandomProcesses.Kind.allCases)
  func intervalsHoldTheExactValues(kind: RandomProcesses.Kind) throws {
    for seed in 0..<136 {
      let process = RandomProcesses.discounted(kind, seed: seed)
      guard case .discounted(let discount) = process.objective.criterion else { continue }
      let exactProcess = ExactRationalProcess(process)
      var exact: [ExactRational]?
      var ownValues: [[Int32]: [ExactRational]] = [:]
      for method in Self.methods {
        // Eight methods on every process, except that slow ones skip some of the slow processes.
        if method is ValueIteration, discount > 0.999, seed % 3 != 0 { continue }
        let solution = try method.solve(process, control: WorkControl())
        if exact == nil { exact = exactProcess.optimalValue(discount: discount, startingAt: solution.policy) }
        let optimal = try #require(exact)
        if ownValues[solution.policy] == nil {
          ownValues[solution.policy] = exactProcess.value(ofPolicy: solution.policy, discount: discount)
        }
        let own = try #require(ownValues[solution.policy])
        let label = "\(method) on \(kind) \(seed)"
        for state in 0..<process.stateCount {
          #expect(contains(solution, state, optimal[state]), "\(label): optimal value of state \(state)")
          #expect(contains(solution, state, own[state]), "\(label): policy's value of state \(state)")
          #expect(solution.upper[state] - solution.value[state] <= solution.bound, "\(label)")
          #expect(solution.value[state] - solution.lower[state] <= solution.bound, "\(label)")
          #expect(process.isTerminal(state) == (solution.policy[state] < 0))
        }
        let asked = method.tolerance
        #expect(solution.bound <= asked || solution.notes.contains { $0.contains("rounding") }, "\(label): \(solution.bound)")
        // Rewards of size one leave room for a millionth at every discount tried.
        if asked == 1e-6, kind != .hugeAndTiny { #expect(solution.bound <= 1e-6, "\(label): \(solution.bound)") }
      }
    }
  }

  private func contains(_ solution: SparseSolution, _ state: Int, _ exact: ExactRational) -> Bool {
    ExactRational(solution.lower[state]) <= exact && exact <= ExactRational(solution.upper[state])
  }
}

extension DynamicMethod {
  /// The tolerance the method was given.
  fileprivate var tolerance: Double {
    switch self {
    case let method as ValueIteration: method.tolerance
    case let method as ModifiedPolicyIteration: method.tolerance
    case let method as PolicyIteration: method.tolerance
    default: 1e-6
    }
  }
}
