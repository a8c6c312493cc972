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
    } else if let interval {
      header.append(
        "\(number(interval.least, options)) to \(number(interval.greatest, options)) over "
          + "\(NumberText.grouped(interval.states)) state\(interval.states == 1 ? "" : "s")")
    } else if let holds {
      let states = NumberText.grouped(explored.sparse.stateCount)
      header.append(
        "\(holds ? "holds" : "does not hold") at the start"
          + (satisfyingCount.map { "; true in \(NumberText.grouped($0)) of \(states) states" } ?? ""))
    } else {
      header.append(number(options))
    }
    header.append(AnswerText.sizes(explored) + ", by \(sparse.method)")
    if options.showsTime {
      header.append("explored in \(NumberFormat.seconds(exploringTime)), solved in \(NumberFormat.seconds(solvingTime))")
    }
    return AnswerText.wrap(header, options) + listings.flatMap { lines(of: $0, options) }
      + AnswerText.wrap(sparse.notes.map { "note: " + $0 }, options)
  }

  private func number(_ end: Enclosed, _ options: ReportOptions) -> String {
    if let exact = end.exact { return AnswerText.fraction(exact, options) }
    return NumberText.significant(end.value, digits: max(options.digits, 9))
  }

  /// The states of a listing as a table, cut where there are many.
  private func lines(of listing: Listing, _ options: ReportOptions) -> [String] {
    let naming = StateNaming(explored)
    let shown = listing.states.prefix(options.maximumStates)
    let names = naming.fields(of: shown.first ?? 0).map(\.name)
    let isWhole = listing.truth != nil && listing.leftOut == 0
    var columns = names.map { TextTable.Column($0) }
    if listing.truth == nil { columns.append(.init("value", .trailing)) } else if isWhole { columns.append(.init("holds")) }
    var result = ["states of \(listing.property):"]
    if !shown.isEmpty {
      let numbers = NumberFormat.column(
        shown.map { listing.solution.value[$0] }, digits: options.digits, bound: listing.solution.bound)
      var table = TextTable(columns, unicode: options.unicode)
      for (row, state) in shown.enumerated() {
        var cells = naming.fields(of: state).map { $0.value.text(digits: options.digits) }
        if let truth = listing.truth {
          if isWhole { cells.append(truth.contains(state) ? "true" : "false") }
        } else {
          cells.append(listing.solution.exactValue(of: state)?.description ?? numbers[row])
        }
        table.add(cells)
      }
      result += table.lines(width: options.width)
    }
    let cut = listing.states.count - shown.count
    if cut > 0 { result.append("and \(NumberText.grouped(cut)) more, all of them with --json") }
    if listing.leftOut > 0 {
      let what = listing.truth == nil ? "the number is 0" : "it does not hold"
      result.append("in \(NumberText.grouped(listing.leftOut)) other state\(listing.leftOut == 1 ? "" : "s") \(what)")
    }
    return result
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
