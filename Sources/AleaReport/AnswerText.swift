import AleaEngine
import AleaModel
import AleaSolvers
import AleaSyntax

/// An answer that says how it is printed.
protocol PrintedAnswer: ObjectValue {
  func lines(_ options: ReportOptions) -> [String]
}

/// Answers as text for people: a pure function from an answer to lines.
public enum AnswerText {
  /// What `print` shows of a value: answers as tables, anything else as the language writes it.
  ///
  ///     AnswerText.text(of: .object(best), options: ReportOptions(width: 100))
  public static func text(of value: Value, options: ReportOptions = ReportOptions()) -> String {
    guard case .object(let object) = value else { return value.text(digits: options.digits) }
    return text(of: object, options: options)
  }

  public static func text(of object: any ObjectValue, options: ReportOptions = ReportOptions()) -> String {
    lines(of: object, options: options).joined(separator: "\n")
  }

  static func lines(of object: any ObjectValue, options: ReportOptions) -> [String] {
    switch object {
    case let solution as Solution: lines(of: solution, options)
    case let evaluation as Evaluation: lines(of: evaluation, options)
    case let reachability as Reachability: lines(of: reachability, options)
    case let function as StateFunction:
      StateListing(function.explored, columns: [.init(function.quantity, function.numbers)], options: options).lines()
    case let policy as PolicyFunction:
      StateListing(policy.explored, columns: [], policy: policy, options: options).lines()
    case let channels as ChannelTotals:
      StateListing(
        channels.explored, columns: channels.channels.map { .init($0.name, $0.totals) }, options: options
      ).lines()
    case let summary as SimulationSummary: lines(of: summary, options)
    case let log as Log: log.summary.map { lines(of: $0, options) } ?? [log.description]
    case let size as ModelSize: lines(of: size, options)
    case let answer as any PrintedAnswer: answer.lines(options)
    default:
      object.description.split(separator: "\n", omittingEmptySubsequences: false).flatMap {
        String($0).wrapped(to: options.width)
      }
    }
  }

  private static func lines(of solution: Solution, _ options: ReportOptions) -> [String] {
    var header = [title(solution.process) + ", solved by " + solution.sparse.method + iterations(solution.sparse.iterations)]
    if let exact = solution.exact {
      header.append("\(fraction(exact.atStart, options)) from the start, exactly")
      header.append("every value is a fraction: `exact[...]` tells it")
    } else {
      header.append(promise(solution.sparse, in: solution.explored, what: "the optimum"))
    }
    header.append(sizes(solution.explored))
    if options.showsTime { header.append(times(solution.exploringTime, solution.solvingTime, "solved")) }
    header += solution.sparse.notes.map { "note: " + $0 }
    return wrap(header, options)
      + totals(solution.sparse, solution.channelTotals, solution.explored, options)
      + [""]
      + StateListing(
        solution.explored, columns: columns(solution.sparse), bound: displayBound(solution.sparse), policy: solution.policy,
        options: options
      ).lines()
  }

  private static func lines(of evaluation: Evaluation, _ options: ReportOptions) -> [String] {
    var header = ["\(evaluation.policyName) in \(title(evaluation.process)), evaluated by \(evaluation.sparse.method)"]
    header.append(promise(evaluation.sparse, in: evaluation.explored, what: "the truth"))
    header.append(sizes(evaluation.explored))
    if options.showsTime { header.append(times(evaluation.exploringTime, evaluation.solvingTime, "evaluated")) }
    header += evaluation.sparse.notes.map { "note: " + $0 }
    let policy = evaluation.sparse.policy.isEmpty ? nil : PolicyFunction(evaluation.sparse.policy, of: evaluation.explored)
    return wrap(header, options)
      + totals(evaluation.sparse, evaluation.channelTotals, evaluation.explored, options)
      + [""]
      + StateListing(
        evaluation.explored, columns: columns(evaluation.sparse), bound: displayBound(evaluation.sparse), policy: policy,
        options: options
      ).lines()
  }

  private static func lines(of reachability: Reachability, _ options: ReportOptions) -> [String] {
    let start = NumberFormat.column([reachability.probability.atStart], digits: options.digits, bound: reachability.bound)[0]
    let header = [
      "\(reachability.maximizes ? "greatest" : "least") probability of \(reachability.event) in \(title(reachability.process))"
        + ", by \(reachability.sparse.method)",
      reachability.exact.map { "\(fraction($0.atStart, options)) from the start, exactly" }
        ?? "\(start) from the start; "
        + (reachability.bound == 0
          ? "exact" : "every probability is within \(NumberFormat.bound(reachability.bound)) of the truth"),
      sizes(reachability.explored),
    ]
    return wrap(header + reachability.sparse.notes.map { "note: " + $0 }, options) + [""]
      + StateListing(
        reachability.explored, columns: [.init("probability", reachability.sparse.value)], bound: reachability.bound,
        policy: reachability.sparse.policy.isEmpty ? nil : reachability.policy, options: options
      ).lines()
  }

  private static func lines(of summary: SimulationSummary, _ options: ReportOptions) -> [String] {
    func mean(_ mean: Double, _ error: Double) -> [String] {
      // A single episode has no error.
      guard !error.isNaN else { return [NumberText.significant(mean, digits: options.digits), ""] }
      let digits = NumberFormat.column([mean], digits: options.digits, bound: error / 10)[0]
      return [digits, NumberText.significant(error, digits: 2)]
    }
    var header = [
      "\(summary.policy) in \(summary.model), \(NumberText.grouped(summary.episodes)) \(summary.episodes == 1 ? "episode" : "episodes") of at most "
        + "\(NumberText.grouped(summary.horizon)) steps, seed \(summary.seed)"
    ]
    if summary.standardError.isNaN {
      header.append("return \(mean(summary.mean, summary.standardError)[0]), a single episode tells no error")
    } else {
      let interval = NumberFormat.column([summary.low, summary.high], digits: options.digits, bound: summary.standardError / 10)
      header.append(
        "mean return \(mean(summary.mean, summary.standardError)[0]), "
          + "\(NumberText.significant(summary.confidence * 100, digits: 4))% interval \(interval[0]) to \(interval[1])")
    }
    if summary.unfinished > 0 {
      header.append("\(NumberText.grouped(summary.unfinished)) episodes were cut off at the horizon")
    }
    var table = TextTable([.init(""), .init("mean", .trailing), .init("std. error", .trailing)], unicode: options.unicode)
    table.add(["return"] + mean(summary.mean, summary.standardError))
    for channel in summary.channels { table.add([channel.name] + mean(channel.mean, channel.standardError)) }
    return wrap(header, options) + [""] + table.lines(width: options.width)
  }

  private static func lines(of size: ModelSize, _ options: ReportOptions) -> [String] {
    var table = TextTable([.init(""), .init("", .trailing)], unicode: options.unicode)
    table.add(["states", NumberText.grouped(size.states)])
    if let combinations = size.combinations, combinations != Double(size.states) {
      table.add([
        "combinations of values",
        combinations < 0x1p53 ? NumberText.grouped(Int(combinations)) : NumberText.significant(combinations, digits: 3),
      ])
    }
    table.add(["choices", NumberText.grouped(size.choices)])
    table.add(["transitions", NumberText.grouped(size.transitions)])
    if size.terminal > 0 { table.add(["terminal states", NumberText.grouped(size.terminal)]) }
    if size.deadlocks > 0 { table.add(["deadlocks", NumberText.grouped(size.deadlocks)]) }
    table.add(["memory", NumberFormat.bytes(size.bytes)])
    return [size.model.clipped(to: options.width, unicode: options.unicode)] + table.lines(width: options.width)
  }

  // MARK: Parts

  static func title(_ process: Process) -> String {
    let parameters = process.parameters.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
    return process.name + (parameters.isEmpty ? "" : "(\(parameters))")
  }

  private static func iterations(_ count: Int) -> String {
    count <= 0 ? "" : count == 1 ? " in 1 iteration" : " in \(NumberText.grouped(count)) iterations"
  }

  /// Longer fractions are not printed, only their size.
  private static let longestFraction = 80

  /// A fraction with its decimal: `49/128 = 0.3828125`.
  static func fraction(_ value: ExactValue, _ options: ReportOptions) -> String {
    guard case .finite(let number) = value else { return value.description }
    let text = number.description
    if number.isWhole, text.count <= longestFraction { return text }
    let decimal = NumberText.significant(number.double, digits: max(options.digits, 9))
    guard text.count <= longestFraction else { return "a fraction of \(text.count) characters, \(decimal)" }
    return "\(text) = \(decimal)"
  }

  /// The certificate in plain words.
  static func promise(_ sparse: SparseSolution, in explored: ExploredProcess, what: String) -> String {
    let infinite = sparse.value.reduce(0) { $1.isFinite ? $0 : $0 + 1 }
    let subject = sparse.gain != nil ? "every gain" : infinite > 0 ? "every finite value" : "every value"
    let promise =
      sparse.bound == 0
      ? "\(subject) is exact"
      : sparse.bound.isFinite
        ? "\(subject) is within \(NumberFormat.bound(sparse.bound)) of \(what)" : "the error of the values is not bounded"
    let rest = infinite > 0 ? "; \(NumberText.grouped(infinite)) states have an infinite value" : ""
    return promise + rest
  }

  static func sizes(_ explored: ExploredProcess) -> String {
    let size = ModelSize(explored)
    func counted(_ count: Int, _ word: String) -> String { "\(NumberText.grouped(count)) \(word)\(count == 1 ? "" : "s")" }
    var text = [counted(size.states, "state"), counted(size.choices, "choice"), counted(size.transitions, "transition")]
      .joined(separator: ", ")
    if size.deadlocks > 0 { text += ", \(counted(size.deadlocks, "deadlock"))" }
    return text
  }

  private static func times(_ exploring: Double, _ solving: Double, _ verb: String) -> String {
    "explored in \(NumberFormat.seconds(exploring)), \(verb) in \(NumberFormat.seconds(solving))"
  }

  static func wrap(_ lines: [String], _ options: ReportOptions) -> [String] {
    lines.flatMap { $0.wrapped(to: options.width, indent: "  ") }
  }

  /// The gain when it is one number, and each channel's total, from the starting law.
  private static func totals(
    _ sparse: SparseSolution, _ channels: [ChannelTotals.Channel]?, _ explored: ExploredProcess, _ options: ReportOptions
  ) -> [String] {
    var parts: [String] = []
    if let gain = sparse.gain, sameEverywhere(gain, bound: sparse.bound) {
      let number = StateFunction("gain", gain, of: explored).atStart
      parts.append("long-run average \(NumberFormat.column([number], digits: options.digits, bound: sparse.bound)[0])")
    }
    if let channels, channels.count > 1 {
      let totals = channels.map { StateFunction($0.name, $0.totals, of: explored).atStart }
      let texts = NumberFormat.column(totals, digits: options.digits, bound: sparse.bound)
      parts.append("from the start: " + zip(channels, texts).map { "\($0.name) \($1)" }.joined(separator: ", "))
    }
    return wrap(parts, options)
  }

  private static func sameEverywhere(_ gain: [Double], bound: Double) -> Bool {
    guard let least = gain.min(), let greatest = gain.max() else { return true }
    return greatest - least <= 2 * bound + 1e-12 * max(abs(least), abs(greatest))
  }

  private static func columns(_ sparse: SparseSolution) -> [StateListing.Quantity] {
    guard let gain = sparse.gain else { return [.init("value", sparse.value)] }
    let bias = StateListing.Quantity("bias", sparse.value)
    return sameEverywhere(gain, bound: sparse.bound) ? [bias] : [.init("gain", gain), bias]
  }

  /// The bound limits the digits of values; it says nothing of a bias.
  private static func displayBound(_ sparse: SparseSolution) -> Double { sparse.gain == nil ? sparse.bound : 0 }
}
