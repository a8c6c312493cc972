import AleaModel
import AleaSolvers
import AleaSyntax

extension ConditionalEffect: PrintedAnswer {
  func lines(_ options: ReportOptions) -> [String] {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: options.digits) }
    var result = AnswerText.wrap(["\(target), by \(method)", "\(NumberText.grouped(rows)) rows"], options)
    switch form {
    case .strata(let strata):
      var table = TextTable(
        given.map { .init($0) } + [
          .init("effect", .trailing), .init("std. error", .trailing), .init("95% interval"), .init("rows", .trailing),
        ], unicode: options.unicode)
      for stratum in strata {
        let estimate = stratum.estimate
        table.add(
          stratum.values.map(\.description) + [
            number(estimate.value), number(estimate.standardError), estimate.interval.text(digits: options.digits),
            NumberText.grouped(estimate.sampleSize),
          ])
      }
      result += [""] + table.lines(width: options.width)
    case .line(_, let coefficients, let covariance):
      var table = TextTable(
        [.init("effect ="), .init("coefficient", .trailing), .init("std. error", .trailing)], unicode: options.unicode)
      let k = coefficients.count
      for (index, name) in (["constant"] + given).enumerated() {
        table.add([name, number(coefficients[index]), number(covariance[index + index * k].squareRoot())])
      }
      result += [""] + table.lines(width: options.width)
    }
    for check in checks {
      result.append(
        "\(check.name) \(number(check.statistic)), p \(check.pValue.map { NumberText.significant($0, digits: 3) } ?? ""): speaks against \(check.meaning)"
      )
    }
    if !assumptions.isEmpty {
      result += ["", "assumed"] + assumptions.flatMap { ("- " + $0).wrapped(to: options.width, indent: "  ") }
    }
    return result + AnswerText.wrap(notes.map { "note: " + $0 }, options)
  }
}
