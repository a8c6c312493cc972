import AleaModel
import AleaSolvers
import AleaSyntax

extension Estimate: PrintedAnswer {
  func lines(_ options: ReportOptions) -> [String] {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: options.digits) }
    func degrees(_ check: Check) -> String {
      check.degrees.isEmpty ? "" : check.degrees.map { NumberText.significant($0, digits: 6) }.joined(separator: ", ")
    }
    var header = ["\(target), by \(method)"]
    var line = number(value)
    if !standardError.isNaN {
      line += ", standard error \(number(standardError))"
      line += ", \(NumberText.significant(confidence * 100, digits: 4))% interval \(interval.text(digits: options.digits))"
    }
    header.append(line)
    header.append("\(NumberText.grouped(sampleSize)) rows" + (errors.isEmpty ? "" : ", errors \(errors)"))
    for (name, set) in sets {
      header.append("\(name) \(NumberText.significant(confidence * 100, digits: 4))% set: \(set.text(digits: options.digits))")
    }
    var result = AnswerText.wrap(header, options)
    if coefficients.count > 1 {
      var table = TextTable(
        [.init(""), .init("coefficient", .trailing), .init("std. error", .trailing), .init("t", .trailing)],
        unicode: options.unicode)
      for coefficient in coefficients {
        table.add([
          coefficient.name, number(coefficient.value), number(coefficient.standardError),
          NumberText.significant(coefficient.value / coefficient.standardError, digits: 3),
        ])
      }
      result += [""] + table.lines(width: options.width)
    }
    if !checks.isEmpty {
      var table = TextTable(
        [
          .init("check"), .init("statistic", .trailing), .init("degrees", .trailing), .init("p", .trailing),
          .init("speaks against"),
        ],
        unicode: options.unicode)
      for check in checks {
        table.add([
          check.name, number(check.statistic), degrees(check), check.pValue.map { NumberText.significant($0, digits: 3) } ?? "",
          check.meaning,
        ])
      }
      result += [""] + table.lines(width: options.width)
    }
    if !assumptions.isEmpty {
      result += ["", "assumed"] + assumptions.flatMap { ("- " + $0).wrapped(to: options.width, indent: "  ") }
    }
    return result + AnswerText.wrap(notes.map { "note: " + $0 }, options)
  }
}
