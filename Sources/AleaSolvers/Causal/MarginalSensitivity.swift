import AleaModel
import AleaNumerics

/// The marginal sensitivity model (Tan 2006): given the controls, what is hidden moves the odds of a unit's cause by a factor of at most
/// `confounding`, either way.
struct MarginalSensitivity {
  let confounding: Double

  /// The range of the weighted mean of one group's outcomes over all weights that the model allows.
  ///
  /// A unit that had probability `p` of its group weighs `1 + z (1 - p) / p` with `z` between the inverse of the factor and the factor. The
  /// mean is linear-fractional in the z, so its extremes give one end to the greatest outcomes and the other to the rest.
  ///
  /// - Complexity: O(n log n).
  /// - Source: Zhao, Small and Bhattacharya (2019), proposition 2.
  func meanRange(_ outcomes: [Double], probabilities: [Double]) -> (low: Double, high: Double) {
    let order = outcomes.indices.sorted { outcomes[$0] > outcomes[$1] }
    func extreme(top: Double, bottom: Double, _ better: (Double, Double) -> Bool) -> Double {
      func weight(_ unit: Int, _ z: Double) -> Double { 1 + z * (1 - probabilities[unit]) / probabilities[unit] }
      var total = 0.0
      var mass = 0.0
      for unit in order {
        total += weight(unit, bottom) * outcomes[unit]
        mass += weight(unit, bottom)
      }
      var best = total / mass
      for unit in order {
        let change = weight(unit, top) - weight(unit, bottom)
        total += change * outcomes[unit]
        mass += change
        if better(total / mass, best) { best = total / mass }
      }
      return best
    }
    return (
      extreme(top: 1 / confounding, bottom: confounding, <), extreme(top: confounding, bottom: 1 / confounding, >)
    )
  }
}

extension EffectProblem {
  /// The range of the average effect of a binary cause where hidden common causes move its odds, given the controls, by a factor of at
  /// most `confounding`.
  ///
  /// The controls are an adjustment set of the graph without its hidden common causes; the propensity is logistic in them, or a column.
  ///
  /// - Throws: ``EffectRefusal`` when even without hidden causes no set of columns would do, and when the data do not serve.
  public func sensitivityBounds(confounding: Double, propensity: String?) throws -> BoundsAnswer {
    var open = self
    let visible = graph.latentProjection()
    open.graph = try CausalGraph(nodes: visible.nodes, edges: visible.edges.filter { $0.kind == .directed })
    let comparison = try BinaryComparison(open)
    let probabilities = try propensity.map { try open.probabilities($0) } ?? comparison.fittedPropensity(open)
    let model = MarginalSensitivity(confounding: confounding)
    func range(_ arm: Double) -> (low: Double, high: Double) {
      let rows = comparison.treatment.indices.filter { comparison.treatment[$0] == arm }
      return model.meanRange(
        rows.map { comparison.outcome[$0] }, probabilities: rows.map { arm == 1 ? probabilities[$0] : 1 - probabilities[$0] })
    }
    let treated = range(1)
    let untreated = range(0)
    let factor = NumberText.significant(confounding, digits: 6)
    var answer = BoundsAnswer(
      target: "\(target), \(cause) 1 against 0", lower: treated.low - untreated.high, upper: treated.high - untreated.low,
      instruments: [], gap: 0, rows: data.rowCount,
      assumptions: [
        "what is hidden moves the odds of \(cause)\(conditions(comparison.controls)) by a factor of at most \(factor), either way",
        propensity.map { "the probabilities of \(cause) are those of the column \($0)" }
          ?? "the propensity is logistic in the controls",
      ], notes: ["sampling error is not included"] + comparison.notes)
    answer.means = [[treated.low, treated.high], [untreated.low, untreated.high]]
    return answer
  }

  private func probabilities(_ name: String) throws -> [Double] {
    let numbers = try numbers(name)
    if let row = numbers.firstIndex(where: { !($0 > 0 && $0 < 1) }) {
      throw EffectRefusal(
        "the probability of \(cause) in row \(row + 1) is \(NumberText.significant(numbers[row], digits: 6))", at: .propensity,
        notes: ["both values of \(cause) must be possible in every row: probabilities lie between 0 and 1"])
    }
    return numbers
  }
}
