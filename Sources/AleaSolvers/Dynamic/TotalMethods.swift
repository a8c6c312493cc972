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
  public static let abbreviations = ["OVI"]
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

/// Interval iteration for the expected total reward until a terminal state.
///
/// Like ``OptimisticValueIteration``, but bounds are there from the start and approach each other from both sides, every sweep rounded
/// outwards. It takes many more sweeps where ends are far; interrupted at any time its bounds would hold.
///
/// Source: Haddad and Monmege (2018); Baier, Klein, Leuschner, Parker and Wunderlich, *Ensuring the reliability of your model checker:
/// interval iteration for Markov decision processes*, CAV 2017, for total rewards.
public struct IntervalIteration: DynamicMethod {
  public static let name = "IntervalIteration"
  public static let abbreviations = ["II"]
  public static let summary = "expected total reward: bounds from both sides that approach each other"
  public static let parameters = [MethodParameter.tolerance]

  public var tolerance: Double

  public init(tolerance: Double = 1e-6) { self.tolerance = tolerance }
  public init(arguments: MethodArguments) { tolerance = arguments.real("tolerance") }

  public func requirements(on process: SparseProcess) -> [UnmetRequirement] {
    UndiscountedRequirements.unmet(by: Self.name, on: process, criterion: .total)
  }

  public func solve(_ process: SparseProcess, control: WorkControl) throws -> SparseSolution {
    if let unmet = requirements(on: process).first { throw unmet }
    return try TotalReward(process: process, method: Self.name, precision: tolerance, style: .interval, control: control).solve()
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
    var signed = try solve(reward: process.signedReward())
    var solution = signed.solution(maximizes: maximizes, method: method)
    if process.isTruncated {
      // How long a policy goes on collecting what was left out is not known, nor where the tails lead.
      solution.forgetBounds(lower: -.infinity, upper: .infinity, "the total reward")
    }
    return solution
  }
}

extension SparseSolution {
  /// Widens the bounds to what is known without any computation, for a process with truncated draws.
  mutating func forgetBounds(lower least: Double, upper most: Double, _ what: String) {
    for state in 0..<lower.count where policy[state] >= 0 {
      lower[state] = least
      upper[state] = most
    }
    bound = (most - least) / 2
    notes.append(
      "some draws were truncated, and what their tails add to \(what) cannot be bounded without discounting: the values are those of "
        + "the truncated model")
  }
}

extension SparseProcess {
  /// Whether truncating draws left anything out.
  public var isTruncated: Bool {
    guard let truncation else { return false }
    return (0..<choiceCount).contains { truncation.mass.pointer[$0] > 0 || truncation.rewardSlack.pointer[$0] > 0 }
  }

  /// The rewards of the choices with the sign changed when the objective is to be minimised.
  func signedReward() -> Column<Double> {
    let total = totalReward()
    if objective.maximizes { return total }
    let signed = Column<Double>(repeating: 0, count: choiceCount)
    for choice in 0..<choiceCount { signed.pointer[choice] = 0 - total.pointer[choice] }
    return signed
  }
}
