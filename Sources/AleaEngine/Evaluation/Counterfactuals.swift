import AleaModel
import AleaSyntax

/// What would have been, by abduction, action and prediction (Pearl, Causality, theorem 7.1.7), for finite laws, exactly.
///
/// Draws whose laws do not depend on what is set keep the value they had; everything else follows from its mechanism. A draw whose law
/// depends on what is set has no value of its own in another world, so it is refused. Work grows with the number of joint outcomes.
public struct Counterfactuals: Sendable {
  /// What cannot be answered, with the way out.
  public struct Refusal: Error, Hashable, Sendable {
    public let message: String
    public let note: String
  }

  let process: Process
  private let evaluator: ScalarEvaluator
  /// How many joint outcomes are looked at before giving up.
  public static let limit = 2_000_000

  public init(_ process: Process) {
    self.process = process
    evaluator = ScalarEvaluator(process)
  }

  /// The probability of what was seen, and the mean of each variable (by ``VariableID/index``) in the worlds that agree with it.
  ///
  /// - Throws: ``Refusal``; a `Diagnostic` where an expression has no value.
  public func means(given seen: [VariableID: Double], doing set: [VariableID: Double]) throws -> (
    evidence: Double, means: [Double]
  ) {
    let affected = try affectedSlots(set)
    var worlds: [(weight: Double, factual: ScalarEnvironment)] = [(1, ScalarEnvironment(variableCount: process.variables.count))]
    for slot in process.stepOrder {
      guard case .current(let id) = slot else { continue }
      var next: [(weight: Double, factual: ScalarEnvironment)] = []
      for world in worlds {
        for (value, probability) in try outcomes(process[id].mechanism, world.factual, process[id]) where probability > 0 {
          if let wanted = seen[id], wanted != value { continue }
          var environment = world.factual
          environment[slot] = value
          next.append((world.weight * probability, environment))
        }
      }
      guard next.count <= Self.limit else {
        throw Refusal(message: "the model has more than \(Self.limit) joint outcomes", note: "coarsen its variables")
      }
      worlds = next
    }
    let evidence = worlds.reduce(0) { $0 + $1.weight }
    guard evidence > 0 else {
      throw Refusal(message: "what is given never happens in this model", note: "its probability is 0")
    }
    var means = [Double](repeating: 0, count: process.variables.count)
    for world in worlds {
      var environment = world.factual
      for slot in process.stepOrder {
        guard case .current(let id) = slot else { continue }
        if let value = set[id] {
          environment[slot] = value
        } else if affected.contains(slot), case .value(let expression) = process[id].mechanism {
          environment[slot] = try evaluator(expression, in: environment)
        }
        means[Int(id.index)] += world.weight / evidence * environment[slot]
      }
    }
    return (evidence, means)
  }

  private func affectedSlots(_ set: [VariableID: Double]) throws -> Set<Slot> {
    let graph = DependenceGraph(of: process)
    let roots = Set(set.keys.map { Slot.current($0) })
    var result = Set<Slot>()
    for slot in process.stepOrder where !roots.contains(slot) {
      guard case .current(let id) = slot, let parents = graph.parents[slot],
        !parents.isDisjoint(with: roots.union(result))
      else { continue }
      result.insert(slot)
      if case .draw = process[id].mechanism {
        throw Refusal(
          message:
            "`\(process[id].name)` is drawn anew from a law that depends on what is set: its value in another world is open",
          note: "name the noise: draw it from a law of its own, and let `\(process[id].name) = ...` follow from it")
      }
    }
    return result
  }

  func outcomes(_ mechanism: Mechanism, _ environment: ScalarEnvironment, _ variable: Variable) throws -> [(
    Double, Double
  )] {
    switch mechanism {
    case .value(let expression): return [(try evaluator(expression, in: environment), 1)]
    case .draw(let law): return try outcomes(law, environment, variable)
    case .chosen, .unspecified:
      throw Refusal(message: "`\(variable.name)` has no mechanism", note: "give it one")
    }
  }

  private func outcomes(_ law: Distribution, _ environment: ScalarEnvironment, _ variable: Variable) throws -> [(Double, Double)]
  {
    switch law {
    case .finite(let outcomes, _):
      let weights = try outcomes.map { try evaluator($0.weight, in: environment) }
      let sum = weights.reduce(0, +)
      guard sum > 0, weights.allSatisfy({ $0 >= 0 }) else { break }
      return try zip(outcomes, weights).map { (try evaluator($0.value, in: environment), $1 / sum) }
    case .primitive(.bernoulli, let parameters):
      let p = try evaluator(parameters[0], in: environment)
      guard p >= 0, p <= 1 else { break }
      return [(0, 1 - p), (1, p)]
    case .primitive(.uniformInteger, let parameters):
      let low = try evaluator(parameters[0], in: environment)
      let high = try evaluator(parameters[1], in: environment)
      guard low <= high, high - low < 1e6 else { break }
      return stride(from: low, through: high, by: 1).map { ($0, 1 / (high - low + 1)) }
    case .select(let condition, let a, let b):
      return try outcomes(evaluator(condition, in: environment) != 0 ? a : b, environment, variable)
    default:
      throw Refusal(
        message: "`\(variable.name)` has a law that is not a finite list of outcomes, and counterfactuals are computed exactly",
        note:
          "use Bernoulli, Uniform over a set, or a law written out as in `{low: 0.3, high: 0.7}`; or linear equations with normal noise"
      )
    }
    throw Refusal(message: "the law of `\(variable.name)` has parameters outside their domain", note: "probabilities lie in 0..1")
  }
}
