import AleaModel
import AleaSolvers

extension MomentFit: PrintedAnswer {
  func lines(_ options: ReportOptions) -> [String] {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: options.digits) }
    var header = ["\(problem.name), by \(method)", "\(NumberText.grouped(rowCount)) rows, objective \(number(objective))"]
    if let gap { header[1] += ", certified gap \(number(gap))" }
    header += tuning.map { "\($0.name) \(number($0.value)): \($0.reason)" }
    var result = AnswerText.wrap(header, options)
    for function in functions {
      result += [""] + AnswerText.wrap([function.description], options)
      let names = function.coefficientNames
      guard !names.isEmpty, names.count <= 40 else { continue }
      let errors = function.standardErrors
      var table = TextTable(
        [.init(""), .init("coefficient", .trailing)] + (errors == nil ? [] : [.init("std. error", .trailing)]),
        unicode: options.unicode)
      for (index, name) in names.enumerated() {
        table.add([name, number(function.coefficients[index])] + (errors.map { [number($0[index])] } ?? []))
      }
      result += table.lines(width: options.width)
    }
    return result + AnswerText.wrap(notes.map { "note: " + $0 }, options)
  }
}
