import AleaModel
import AleaSolvers

extension Race: PrintedAnswer {
  func lines(_ options: ReportOptions) -> [String] {
    let header =
      "\(model), \(fixedRounds == nil ? "" : "at most ")\(NumberText.grouped(horizon)) rounds, "
      + "\(NumberText.grouped(replications)) replications, seed \(seed)"
    let what =
      switch measure {
      case .rounds: "regret in rounds"
      case .pseudoRegret: "regret"
      case .reward: "reward"
      }
    let errors = entries.map { estimate($0).standardError }
    var columns: [TextTable.Column] = [
      .init("policy"), .init(what, .trailing), .init("std. error", .trailing), .init("median", .trailing),
      .init("95%", .trailing),
    ]
    if measure != .reward { columns.append(.init(fixedRounds == nil ? "reward" : "rounds", .trailing)) }
    columns.append(.init("most pulled"))
    var table = TextTable(columns, unicode: options.unicode)
    for (entry, error) in zip(entries, errors) {
      let finals = finals(entry)
      func number(_ value: Double) -> String {
        NumberFormat.column([value], digits: options.digits, bound: error.isNaN ? 0 : error / 10)[0]
      }
      let pulls = meanPulls(entry)
      let total = pulls.reduce(0, +)
      let most = pulls.indices.max { pulls[$0] < pulls[$1] }
      var cells = [
        entry.policy, number(estimate(entry).mean), NumberText.significant(error, digits: 2), number(Race.quantile(finals, 0.5)),
        number(Race.quantile(finals, 0.95)),
      ]
      if measure != .reward {
        let values = fixedRounds == nil ? entry.run.reward.last ?? [] : entry.run.rounds
        cells.append(number(values.reduce(0, +) / Double(max(1, values.count))))
      }
      cells.append(
        most.map {
          "\(actions.indices.contains($0) ? actions[$0] : "\($0)") \(NumberText.significant(100 * pulls[$0] / total, digits: 3))%"
        }
          ?? "")
      table.add(cells)
    }
    var result = AnswerText.wrap([header], options) + table.lines(width: options.width)
    if let fixedRounds, let best = fixedRounds.min() {
      result += AnswerText.wrap(
        ["the best single action takes \(NumberText.significant(best, digits: options.digits)) rounds (exactly)"], options)
    }
    return result + AnswerText.wrap(notes.map { "note: " + $0 }, options)
  }
}

extension RaceCurves: PrintedAnswer {
  func lines(_ options: ReportOptions) -> [String] {
    var table = TextTable(
      [.init("round", .trailing)] + race.entries.map { .init($0.policy, .trailing) }, unicode: options.unicode)
    let curves = race.entries.map { curve($0) }
    let checkpoints = race.entries.first?.run.checkpoints ?? []
    for (index, round) in checkpoints.enumerated() where index % 5 == 0 || index == checkpoints.count - 1 {
      table.add(
        [NumberText.grouped(round)]
          + curves.map { $0.indices.contains(index) ? NumberText.significant($0[index].mean, digits: options.digits) : "" })
    }
    return table.lines(width: options.width)
  }
}

extension Chart {
  /// Mean curves over the rounds with bands of two standard errors, rounds on a logarithmic axis.
  init(_ curves: RaceCurves) {
    self.init(
      title: curves.race.model, xLabel: "rounds", yLabel: curves.measuresReward ? "reward" : "regret",
      series: curves.race.entries.map { entry in
        let points = curves.curve(entry)
        return Series(
          entry.policy, x: entry.run.checkpoints.prefix(points.count).map(Double.init), y: points.map(\.mean),
          band: (points.map { $0.mean - 2 * $0.standardError }, points.map { $0.mean + 2 * $0.standardError }))
      })
    logarithmicX = true
  }
}
