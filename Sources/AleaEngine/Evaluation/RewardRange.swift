import AleaModel

extension Process {
  /// The least and greatest reward that a step can earn by what the model declares: domains, and the supports of the laws of draws.
  ///
  /// Interval arithmetic, so it may be wider than what ever happens.
  /// - Returns: nil where a reward has no bound, as with a normal draw.
  public var declaredRewardRange: ClosedRange<Double>? {
    var known: [VariableID: Interval] = [:]
    var visiting = Set<VariableID>()
    let evaluator = IntervalEvaluator(pool)
    func interval(_ expression: ExpressionID) -> Interval {
      for leaf in pool.leaves(of: [expression]) {
        if case .variable(let id) = leaf { visit(id) }
        if case .next(let id) = leaf { visit(id) }
      }
      return evaluator([expression]) { leaf in
        switch leaf {
        case .variable(let id), .next(let id): known[id] ?? Interval(self[id].domain)
        default: Interval(0, 0x1p53, isInteger: true)
        }
      }[expression] ?? .unknown
    }
    func visit(_ id: VariableID) {
      guard known[id] == nil, visiting.insert(id).inserted else { return }
      let declared = Interval(self[id].domain)
      // The next value of a state is bounded by its domain alone.
      guard !declared.isBounded, self[id].role != .state else {
        known[id] = declared
        return
      }
      switch self[id].mechanism {
      case .value(let expression): known[id] = interval(expression)
      case .draw(let law): known[id] = support(of: law, interval)
      case .chosen, .unspecified: known[id] = declared
      }
    }
    var total = Interval(0)
    for channel in channels {
      let amount = interval(channel.amount)
      total = Interval(total.lower + amount.lower, total.upper + amount.upper)
    }
    return total.isBounded ? total.lower...max(total.lower, total.upper) : nil
  }

  private func support(of law: Distribution, _ interval: (ExpressionID) -> Interval) -> Interval {
    switch law {
    case .primitive(let family, let parameters):
      switch family {
      case .bernoulli, .beta: return Interval(0, 1)
      case .binomial: return Interval(0, interval(parameters[0]).upper)
      case .uniform, .uniformInteger: return Interval(interval(parameters[0]).lower, interval(parameters[1]).upper)
      case .geometric, .poisson, .exponential, .gamma, .logNormal: return Interval(0, .infinity)
      case .normal, .studentT: return .unknown
      }
    case .finite(let outcomes, _): return outcomes.map { interval($0.value) }.reduce(nil) { $0?.hull($1) ?? $1 } ?? .unknown
    case .select(_, let a, let b): return support(of: a, interval).hull(support(of: b, interval))
    case .mixture(let components):
      return components.map { support(of: $0.distribution, interval) }.reduce(nil) { $0?.hull($1) ?? $1 } ?? .unknown
    case .truncated(let base, let low, let high):
      let inner = support(of: base, interval)
      return Interval(max(inner.lower, interval(low).lower), min(inner.upper, interval(high).upper))
    }
  }
}
