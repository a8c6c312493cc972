import AleaModel

/// Optimistic value iteration for the expected total reward until a terminal state.
///
/// End components are dealt with first (see ``TotalReward`` for what infinite horizons are worth), then strongly connected components
/// are solved in reverse topological order: values are improved in place, bounds guessed around them and proved by one sweep. States
/// of infinite value are found from the graph and reported as such.
///
/// Source: Hartmanns and Kaminski, *Optimistic value iteration*, CAV 2020; Haddad and Monmege, *Interval iteration algorithm for MDPs
/// and IMDPs*, Theor. Comput. Sci. 735 (2018), for end components.
public struct OptimisticValueIteration: DynamicMethod {
  public static let name = "OptimisticValueIteration"
  public static let summary =
    "expected total reward: values improved by components, bounds guessed and proved; the default for `total`"
  public static let parameters = [MethodParameter.tolerance]

  public var tolerance: Double

  public init(tolerance: Double = 1e-6) { self.tolerance = tolerance }
  public init(arguments: MethodArguments) { tolerance = arguments.real("tolerance") }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    UndiscountedRequirements.unmet(by: Self.name, on: process, criterion: .total)
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    if let unmet = requirements(on: process).first { throw unmet }
    return try TotalReward(process: process, method: Self.name, precision: tolerance, control: control).solve()
  }
}

/// What the methods of this folder require of the objective.
enum UndiscountedRequirements {
  static func unmet(by method: String, on process: SparseProcess, criterion: Objective.Criterion) -> [UnmetRequirement] {
    var unmet: [UnmetRequirement] = []
    let required = criterion == .average ? "the long-run average reward" : "the total reward until a terminal state"
    let remedy = criterion == .average ? "write `average`, or leave out `by:`" : "write `total`, or leave out `by:`"
    let found: String? =
      switch process.objective.criterion {
      case criterion: nil
      case .discounted(let discount): "rewards are discounted by \(discount)"
      case .finiteHorizon(let steps, _): "the horizon is \(steps) steps"
      case .total: "the objective is the total reward"
      case .average: "the objective is the average reward"
      }
    if let found {
      unmet.append(UnmetRequirement(method: method, requirement: required, found: found, remedy: remedy))
    }
    if !process.objective.isPlainMean {
      unmet.append(
        UnmetRequirement(
          method: method, requirement: "an expected value without further clauses",
          found: "the objective has a risk measure, a constraint, a regularizer or an ambiguity set",
          remedy: "leave these clauses out, or use a method made for them"))
    }
    return unmet
  }
}

extension TotalReward {
  /// Solves for the objective of the process.
  func solve() throws -> SparseSolution {
    let maximizes = process.objective.maximizes
    let solution = try solve(reward: process.signedReward())
    return solution.solution(maximizes: maximizes, method: method)
  }
}

extension SparseProcess {
  /// The rewards of the choices with the sign changed when the objective is to be minimised.
  func signedReward() -> Column<Double> {
    let total = totalReward()
    if objective.maximizes { return total }
    let signed = Column<Double>(repeating: 0, count: choiceCount)
    for choice in 0..<choiceCount { signed.pointer[choice] = 0 - total.pointer[choice] }
    return signed
  }
}
