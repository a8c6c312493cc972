import AleaModel
import AleaSolvers

extension LearnedPolicy: PrintedAnswer {
  func lines(_ options: ReportOptions) -> [String] {
    func number(_ value: Double) -> String { NumberText.significant(value, digits: options.digits) }
    let header = [
      "\(policy.description), by \(method) for the \(objective)", claim.words(number(bound)),
    ]
    var result = AnswerText.wrap(header, options)
    if table.count > 1 {
      var text = TextTable([.init(""), .init(claim == .none ? "valued at" : "at least", .trailing)], unicode: options.unicode)
      for row in table { text.add([row.name, number(row.bound)]) }
      result += [""] + text.lines(width: options.width)
    }
    return result + AnswerText.wrap(notes.map { "note: " + $0 }, options)
  }
}
