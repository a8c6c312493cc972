import AleaSemantics

/// What `estimate` can be asked for: the effect of a variable, a structural function, the unknowns of a moment problem.
protocol EstimationTarget: ObjectValue {
  /// Answers the call, whose `from:` and `by:` arguments are as written.
  func estimate(_ call: NativeCall, core: SessionCore) throws -> any ObjectValue

  /// Refuses, before there are data, what no data can answer; arguments that are not known yet are `.nothing`.
  func check(_ call: NativeCall, core: SessionCore) throws
}

extension EstimationTarget {
  func check(_ call: NativeCall, core: SessionCore) throws {}
}

extension Natives {
  // MARK: Estimation

  static func estimation(_ core: SessionCore) -> [NativeFunction] {
    [
      NativeFunction(
        "estimate",
        [
          NativeParameter("target", isPositional: true, "what to estimate: an effect, a structural function, a moments model"),
          NativeParameter("from", "the data"),
          NativeParameter("by", default: "chosen by what the model licenses", "the estimator"),
          NativeParameter("adjust", default: "what the model licenses", "of an effect: the variables to adjust for or control"),
          NativeParameter("instruments", default: "all that the model licenses", "of an effect: some of its instruments"),
          NativeParameter("seed", default: "the session's", "the seed of estimators that split the data at random"),
        ], returns: "an estimate", isQuery: true,
        documentation: "Learns a quantity from data by a method that the model licenses, with its error and its assumptions.",
        example: "estimate(effect(of: Schooling.educ, on: Schooling.lwage), from: people, by: TwoStageLeastSquares())",
        check: { call in
          guard case .object(let object)? = call["target"]?.value, let target = object as? any EstimationTarget else { return }
          try target.check(call, core: core)
        }
      ) { call in
        guard case .object(let object)? = call["target"]?.value, let target = object as? any EstimationTarget else {
          throw call.fault(
            "this is nothing that can be estimated", at: "target",
            notes: ["as in `estimate(effect(of: M.x, on: M.y), from: data)`, or with a `moments` model"])
        }
        return .object(try target.estimate(call, core: core))
      }
    ]
  }
}
