import AleaModel
import AleaSolvers

extension PropertyAnswer: PrintedAnswer {
  func lines(_ options: ReportOptions) -> [String] {
    let title = name.map { "\"\($0)\": \(property)" } ?? property
    var header = ["\(title) in \(AnswerText.title(process))"]
    if let front {
      for point in front {
        header.append(
          "(" + point.map { NumberText.significant($0, digits: max(options.digits, 9)) }.joined(separator: ", ") + ")")
      }
    } else if let holds, let satisfying {
      let count = satisfying.states.count
      header.append(
        "\(holds ? "holds" : "does not hold") at the start; true in \(NumberText.grouped(count)) of "
          + "\(NumberText.grouped(explored.sparse.stateCount)) states")
    } else {
      header.append(number(options))
    }
    header.append(AnswerText.sizes(explored) + ", by \(sparse.method)")
    if options.showsTime {
      header.append("explored in \(NumberFormat.seconds(exploringTime)), solved in \(NumberFormat.seconds(solvingTime))")
    }
    return AnswerText.wrap(header + sparse.notes.map { "note: " + $0 }, options)
  }

  private func number(_ options: ReportOptions) -> String {
    if let exact = exactStart { return AnswerText.fraction(exact, options) + ", exactly" }
    let initial = explored.sparse.initial.count
    let isRange = combined == nil && initial > 1 && range.least != range.greatest
    let error = (startUpper - startLower) / 2
    func text(_ value: Double) -> String { NumberText.significant(value, digits: max(options.digits, 9)) }
    var result = isRange ? "\(text(range.least)) to \(text(range.greatest)) over \(initial) initial states" : text(start)
    if error == 0 || !start.isFinite {
      result += ", exact"
    } else if error.isFinite {
      result += ", within \(NumberFormat.bound(error)) of the truth"
    } else {
      result += "; its error is not bounded: the truth lies between \(text(startLower)) and \(text(startUpper))"
    }
    return result
  }
}
