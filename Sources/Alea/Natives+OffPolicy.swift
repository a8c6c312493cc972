import AleaData
import AleaSemantics

extension Natives {
  // MARK: Logged decisions

  static func offPolicy(_ core: SessionCore) -> [NativeFunction] {
    [
      NativeFunction(
        "logged",
        [
          NativeParameter("data", isPositional: true, "a table with a row for each decision, episodes together and in order"),
          NativeParameter("of", "the model whose variables the columns are"),
          NativeParameter("by", default: "unknown", "the policy that made the log, where the model can state it"),
          NativeParameter("propensity", default: "none", "the column with the logging probability of the action taken"),
          NativeParameter("episode", default: "\"episode\", or each row one", "the column that numbers episodes"),
          NativeParameter("reward", default: "\"reward\"", "the column of what a step earned"),
        ], returns: "a log", isQuery: true,
        documentation: "Ties a table of logged decisions to the model they were made in, and checks that it fits.",
        example:
          "logged(table(reader: [\"young\", \"old\"], headline: [0, 1], reward: [1, 0], p: [0.5, 0.5]), of: News, propensity: \"p\")"
      ) { call in .object(try core.logged(call)) },
      NativeFunction(
        "learn",
        [
          NativeParameter(
            "policies", isPositional: true, default: "every policy of the states", "a policy, or an array of them to choose from"),
          NativeParameter("in", "the model"), NativeParameter("from", "the log"),
          NativeParameter(
            "maximize", default: "mean", names: ["mean"], "the objective: mean, quantile(p) or conditionalQuantile(p)"),
          NativeParameter("by", "the method"),
        ], returns: "a learned policy", isQuery: true,
        documentation: "Learns a policy from a log alone, cautious about what the log does not show.",
        example: "learn(in: News, from: clicks, by: PessimisticValueIteration())"
      ) { call in .object(try core.learn(call)) },
      NativeFunction(
        "conditionalQuantile",
        [NativeParameter("p", isPositional: true, "a probability from 0 to 1")], returns: "an objective", isQuery: false,
        documentation: "The objective whose value is the mean over contexts of the reward's quantile within each context.",
        example: "learn(choices, in: Nudged, from: nudges, maximize: conditionalQuantile(0.25), by: PessimisticMinimax())"
      ) { call in .object(try LearningObjective.quantile(call, "p", conditional: true)) },
    ]
  }

  static func log(_ call: NativeCall, _ label: String) throws -> Log {
    guard case .object(let object)? = call[label]?.value, let log = object as? Log else {
      throw call.fault(
        "a log is needed here, and this is \(call[label]?.value.kindDescription ?? "nothing")", at: label,
        notes: ["a log comes from `simulate(M, policy, ...)`, or from a table by `logged(data, of: M)`"])
    }
    return log
  }

  static func policy(_ call: NativeCall, _ label: String) throws -> PolicyObject {
    guard case .object(let object)? = call[label]?.value, let policy = object as? PolicyObject else {
      throw call.fault("a policy is needed here, and this is \(call[label]?.value.kindDescription ?? "nothing")", at: label)
    }
    return policy
  }
}

/// What a policy learned from a log is to make large, as a value of the language.
struct LearningObjective: ObjectValue {
  let objective: SearchObjective

  static func quantile(_ call: NativeCall, _ label: String, conditional: Bool) throws -> LearningObjective {
    guard let p = try? Natives.number(call, label), p > 0, p < 1 else {
      throw call.fault("a probability between 0 and 1 is needed here, or a column and a probability", at: label)
    }
    return LearningObjective(objective: conditional ? .conditionalQuantile(p) : .quantile(p))
  }

  var typeName: String { "an objective" }
  var description: String { objective.description }
}
