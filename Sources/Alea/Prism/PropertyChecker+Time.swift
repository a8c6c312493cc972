import AleaSemantics

extension PropertyChecker {
  // MARK: Bounds on the time of a ctmc

  /// The probability that a target is reached within an interval of time, through the states of another set.
  mutating func timeBounded(_ staying: StateSet, _ target: StateSet, _ bounds: PrismPath.Bounds) throws -> SparseSolution {
    let first = try bounds.lower.map { try time($0, "the earliest time") } ?? 0
    let last = try bounds.upper.map { try time($0, "the latest time") }
    let isEmpty = last.map { $0 < first || ($0 == first && (bounds.upperIsStrict || bounds.lowerIsStrict)) } ?? false
    if isEmpty { return exact([Double](repeating: 0, count: sparse.stateCount), method: "Evaluation") }
    let rows = exploration.stepTime
    var result: TransientAnalysis.Bounds
    if let last {
      let goal = indicator(target).value
      if last == first {
        result = TransientAnalysis.Bounds(lower: goal, upper: goal, steps: 0)
      } else {
        let settled = combined(staying, target) { (1 - $0) | $1 }
        let analysis = TransientAnalysis(sparse, stepTime: rows, frozen: settled)
        result = try analysis.expectation(of: goal, after: last - first, control: control)
      }
    } else {
      let later = try unbounded(staying, target, maximize: true)
      result = TransientAnalysis.Bounds(lower: later.lower, upper: later.upper, steps: later.iterations)
    }
    if first > 0 {
      // Before the earliest time the set must not be left, whatever holds there.
      let outside = complement(staying)
      for state in 0..<sparse.stateCount where outside.contains(state) { (result.lower[state], result.upper[state]) = (0, 0) }
      let analysis = TransientAnalysis(sparse, stepTime: rows, frozen: outside)
      let isExact = result.lower == result.upper
      let low = try analysis.expectation(of: result.lower, after: first, control: control)
      let high = isExact ? low : try analysis.expectation(of: result.upper, after: first, control: control)
      result = TransientAnalysis.Bounds(lower: low.lower, upper: high.upper, steps: result.steps + low.steps)
    }
    return enclosed(result, isProbability: true)
  }

  /// What is collected of a reward within a time.
  mutating func timeCumulative(_ reward: Column<Double>, _ bound: PrismExpression) throws -> SparseSolution {
    let limit = try time(bound, "the time")
    let analysis = TransientAnalysis(sparse, stepTime: exploration.stepTime, frozen: StateSet(count: sparse.stateCount))
    return enclosed(
      try analysis.accumulation(of: earnedInTime(reward), within: limit, control: control), isProbability: false)
  }

  /// What a state earns, expected at a time.
  mutating func timeInstantaneous(_ values: [Double], _ moment: PrismExpression) throws -> SparseSolution {
    let moment = try time(moment, "the time")
    let analysis = TransientAnalysis(sparse, stepTime: exploration.stepTime, frozen: StateSet(count: sparse.stateCount))
    return enclosed(try analysis.expectation(of: values, after: moment, control: control), isProbability: false)
  }

  /// What each state earns in a unit of time, its transitions counted as often as they are taken.
  private func earnedInTime(_ reward: Column<Double>) -> [Double] {
    let time = exploration.stepTime
    return (0..<sparse.stateCount).map { state in
      sparse.choices(of: state).first.map { reward.pointer[$0] / time.pointer[$0] } ?? 0
    }
  }

  private mutating func time(_ expression: PrismExpression, _ what: String) throws -> Double {
    let value = try context.real(expression, what)
    guard value >= 0, value.isFinite else {
      throw fault("\(what) is \(NumberText.significant(value, digits: 6)), and times are not negative", at: expression.span)
    }
    return value
  }

  private func enclosed(_ bounds: TransientAnalysis.Bounds, isProbability: Bool) -> SparseSolution {
    let low = isProbability ? bounds.lower.map { min(1, max(0, $0)) } : bounds.lower
    let high = isProbability ? bounds.upper.map { min(1, max(0, $0)) } : bounds.upper
    let value = zip(low, high).map { $0 == $1 ? $0 : $0 + ($1 - $0) / 2 }
    let error = zip(low, high).reduce(0) { max($0, ($1.1 - $1.0) / 2) }
    return SparseSolution(
      value: value, policy: [], lower: low, upper: high, bound: error, method: "Uniformisation", iterations: bounds.steps)
  }
}
