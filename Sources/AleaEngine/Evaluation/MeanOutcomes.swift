import AleaModel
import AleaSyntax

/// The mean reward and the mean next value of every state variable, for each action, given the state and what is latent.
public struct MeanOutcomes: Sendable {
  /// An outcome: its name, and its mean under each value of the action.
  private struct Outcome {
    var name: String
    var process: Process
    var means: [ExpressionID]
  }

  private var outcomes: [Outcome] = []
  private let latents: [VariableID]

  /// - Throws: `Diagnostic` where a mean has no closed form.
  public init(of process: Process, action: VariableID, states: [VariableID], latents: [VariableID]) throws {
    self.latents = latents
    let domain = process[action].domain
    func add(_ name: String, _ changed: Process) throws {
      var expected = ExpectedReward(changed, given: Set(latents))
      let means = try (0..<(domain.count ?? 0)).map { try expected.of([action: domain.value(at: $0)]) }
      var result = changed
      result.pool = expected.pool
      outcomes.append(Outcome(name: name, process: result, means: means))
    }
    try add("the reward", process)
    for id in states where process[id].domain.count != 1 {
      var changed = process
      let amount: ExpressionID
      switch changed[id].next {
      case .value(let value)?: amount = value
      case .draw(let law)?:
        guard let mean = changed.mean(of: law) else {
          throw Diagnostic.error("the mean of the law of `\(process[id].name)'` is not known", at: process[id].span)
        }
        amount = mean
      default: continue
      }
      changed.channels = [RewardChannel(name: process[id].name, isCost: false, amount: amount, span: process[id].span)]
      try add("`\(process[id].name)'`", changed)
    }
  }

  /// The name of an outcome on which the effect of the action differs between two values of what is latent; nil where none does.
  ///
  /// - Parameter points: values of everything in steps that occur; at each, latent variables take the values they have at the others.
  /// - Throws: `Diagnostic` where a mean has no value.
  public func interaction(at points: [ScalarEnvironment], tolerance: Double = 1e-9) throws -> String? {
    for outcome in outcomes {
      let evaluator = ScalarEvaluator(outcome.process)
      for point in points {
        var reference: [Double] = []
        for other in points {
          var environment = point
          for id in latents { environment.current[Int(id.index)] = other.current[Int(id.index)] }
          let values = try outcome.means.map { try evaluator($0, in: environment) }
          let effects = values.map { $0 - values[0] }
          if reference.isEmpty { reference = effects }
          if zip(effects, reference).contains(where: { abs($0 - $1) > tolerance * (1 + abs($0)) }) { return outcome.name }
        }
      }
    }
    return nil
  }
}
