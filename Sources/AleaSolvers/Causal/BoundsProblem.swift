import AleaData
import AleaModel
import AleaSyntax

/// How far an effect between two values of a cause can lie, asked of a law of finite variables under a graph.
public struct BoundsProblem: Sendable {
  public let problem: EffectProblem
  /// The probability of each row, for a law; nil for a sample, whose rows count alike.
  public let shares: [Double]?
  /// The values of the cause that are compared, as numbers of its column.
  public let levels: (from: Double, to: Double)

  /// - Throws: ``EffectRefusal`` for missing cells, shares that are none, and values that the cause never takes.
  public init(_ problem: EffectProblem, shares: [Double]?, between: [Value]?) throws {
    self.problem = problem
    self.shares = shares
    if let shares {
      guard shares.count == problem.data.rowCount, shares.allSatisfy({ $0 >= 0 && $0.isFinite }),
        shares.contains(where: { $0 > 0 })
      else {
        throw EffectRefusal("the shares of the rows are numbers from 0, and not all 0", at: .shares)
      }
    }
    guard problem.given.isEmpty else {
      throw EffectRefusal(
        "bounds are of effects without `given:`", notes: ["bound it within a part of the data: `filter(data, ...)`"])
    }
    let cause = try Self.finite(problem.cause, problem)
    guard cause.count > 1 else {
      throw EffectRefusal(
        "`\(problem.cause)` has the same value in every row of `\(problem.data.name)`: there is nothing to compare", at: .data)
    }
    guard let between else {
      guard cause.count == 2 else {
        throw EffectRefusal(
          "`\(problem.cause)` takes \(cause.count) values: say which two are compared", at: .between,
          notes: ["as in `between: [\(Self.words(cause.prefix(2).map { $0 }, problem.cause, problem))]`"])
      }
      levels = (cause[0], cause[1])
      return
    }
    guard between.count == 2 else {
      throw EffectRefusal("`between` takes two values of `\(problem.cause)`, the second compared with the first", at: .between)
    }
    let numbers = try between.map { value in
      guard let number = Self.number(value, in: problem.data[problem.cause]), cause.contains(number) else {
        throw EffectRefusal(
          "`\(problem.cause)` is never \(value) in `\(problem.data.name)`", at: .between,
          notes: ["its values are \(Self.words(cause, problem.cause, problem))"])
      }
      return number
    }
    levels = (numbers[0], numbers[1])
  }

  // MARK: Columns

  /// The values of a column of finitely many, ascending; texts in the order in which they first occur.
  private static func finite(_ name: String, _ problem: EffectProblem) throws -> [Double] {
    let column = try problem.completeColumn(name)
    let values = Set(column.numbers).sorted()
    guard values.count <= 20 else {
      throw EffectRefusal(
        "`\(name)` takes \(values.count) values, and bounds are computed for finitely many (up to 20)", at: .data,
        notes: ["make groups of them, as in `derive(data, \(name): \(name) > 0)`"])
    }
    guard !values.isEmpty else { throw EffectRefusal("`\(problem.data.name)` has no rows", at: .data) }
    return values
  }

  private static func number(_ value: Value, in column: DataColumn?) -> Double? {
    switch value {
    case .boolean(let flag): flag ? 1 : 0
    case .integer(let number): Double(number)
    case .real(let number): number
    case .string(let text): column?.levels.firstIndex(of: text).map(Double.init)
    case .symbol(let symbol): column?.levels.firstIndex(of: symbol.name).map(Double.init)
    default: nil
    }
  }

  private static func words(_ values: [Double], _ name: String, _ problem: EffectProblem) -> String {
    guard let column = problem.data[name] else { return "" }
    return values.map { value in
      switch column.kind {
      case .boolean: value == 0 ? "false" : "true"
      case .text: "\"\(column.text(of: value))\""
      default: NumberText.significant(value, digits: 6)
      }
    }.joined(separator: ", ")
  }

  /// What the comparison is of: "y at x = 1 against x = 0".
  private var target: String {
    let (from, to) = (
      Self.words([levels.from], problem.cause, problem), Self.words([levels.to], problem.cause, problem)
    )
    return "\(problem.target), \(problem.cause) \(to) against \(from)"
  }

  // MARK: License

  /// Variables that are instruments together: given nothing, in the graph of them, the cause and the outcome alone, no arrow and no
  /// common cause ties them to the outcome.
  private func instruments() throws -> [String] {
    let graph = problem.graph
    let pair = try graph.set(of: [problem.cause, problem.outcome])
    func isValid(_ names: [String]) throws -> Bool {
      let kept = pair.union(try graph.set(of: names))
      let hidden = graph.nodes.enumerated().map { index, node in
        CausalGraph.Node(node.name, isLatent: !kept.contains(index), span: node.span)
      }
      let projected = try CausalGraph(nodes: hidden, edges: graph.edges).latentProjection()
      let z = try projected.set(of: names)
      let y = try projected.index(of: problem.outcome)
      let x = try projected.index(of: problem.cause)
      let ties = projected.parents[y].union(projected.siblings[y]).union(projected.children[y])
      return ties.isDisjoint(with: z) && projected.children[x].isDisjoint(with: z)
    }
    if let chosen = problem.chosenInstruments {
      for name in chosen where name == problem.cause || name == problem.outcome || problem.unrecorded.contains(name) {
        throw EffectRefusal("`\(name)` cannot be an instrument here", at: .instruments)
      }
      guard try isValid(chosen) else {
        throw EffectRefusal(
          "the graph does not make \(problem.words(chosen)) an instrument given nothing: it is tied to \(problem.outcome) past \(problem.cause)",
          at: .instruments, notes: ["bounds use instruments that need no controls"])
      }
      return chosen
    }
    var result: [String] = []
    for name in graph.names(of: graph.observed.subtracting(pair)) {
      let x = try graph.set(of: [problem.cause])
      let z = try graph.set(of: [name])
      if try isValid(result + [name]), !graph.isSeparated(z, x, given: []) { result.append(name) }
    }
    return result
  }

  // MARK: Answer

  /// The sharp bounds: from the instruments that the graph has, or without any where it has none.
  ///
  /// An effect that the graph identifies is a number: its formula is evaluated, and the bounds meet.
  ///
  /// - Throws: ``EffectRefusal`` when a variable is not finite, types are too many, or the law contradicts the graph.
  public func answer() throws -> BoundsAnswer {
    let identification = try problem.graph.identify(effectOf: [problem.cause], on: [problem.outcome])
    if let estimand = identification.estimand { return try identified(estimand) }
    let instruments = try instruments()
    let law = try BoundsLaw(self, instruments: instruments)
    let values = problem.data[problem.outcome]?.kind == .text ? nil : law.outcomes
    guard let values else {
      throw EffectRefusal(
        "`\(problem.outcome)` holds texts, and an effect is a difference of means", at: .data,
        notes: [
          "ask for one of them: `derive(data, \(problem.outcome): int(\(problem.outcome) == \"\(problem.data[problem.outcome]?.levels.first ?? "...")\"))`"
        ])
    }
    guard let from = law.causes.firstIndex(of: levels.from), let to = law.causes.firstIndex(of: levels.to) else {
      throw EffectRefusal("`\(problem.cause)` never takes both values", at: .between)
    }
    let bounds: EffectBounds
    do {
      bounds = try law.law().effectBounds(
        of: "cause", on: "outcome", instrument: "instrument", from: from, to: to, values: values)
    } catch {
      guard let first = error.diagnostics.first else { throw error }
      let list = problem.words(instruments)
      let isContradiction = first.message.hasPrefix("no model")
      throw EffectRefusal(
        isContradiction
          ? "no model of the graph gives these data: \(list) cannot be an instrument for \(problem.cause) here" : first.message,
        at: .data,
        notes: first.notes)
    }
    var assumptions: [String] = []
    if instruments.isEmpty {
      assumptions = ["nothing but the values that \(problem.outcome) can take"]
    } else {
      let list = instruments.joined(separator: ", ")
      assumptions = [
        "\(list) \(instruments.count == 1 ? "reaches" : "reach") \(problem.outcome) only through \(problem.cause), and shares no cause with it: the graph says so",
        "nothing of how anybody responds",
      ]
    }
    var answer = BoundsAnswer(
      target: target, lower: bounds.lower, upper: bounds.upper, instruments: instruments, gap: bounds.gap,
      rows: shares == nil ? problem.data.rowCount : nil, assumptions: assumptions, notes: problem.notes)
    if shares == nil {
      answer.errors = [law.samplingError(bounds.lowerWeights), law.samplingError(bounds.upperWeights)]
    }
    return answer
  }

  private func identified(_ estimand: Estimand) throws -> BoundsAnswer {
    let names = problem.graph.names(of: problem.graph.observed).filter { name in
      estimand.freeVariables.contains(name) || name == problem.cause || name == problem.outcome || estimand.mentions(name)
    }
    let supports = try names.map { try Self.finite($0, problem) }
    let cells = supports.reduce(1.0) { $0 * Double($1.count) }
    guard cells <= 1_000_000 else {
      throw EffectRefusal(
        "the effect is identified, and its formula has too many cells to sum over", notes: ["`estimate` answers it"])
    }
    var counts = [Double](repeating: 0, count: Int(cells))
    let columns = try names.map { try problem.completeColumn($0).numbers }
    let positions = supports.map { Dictionary(uniqueKeysWithValues: $0.enumerated().map { ($1, $0) }) }
    for row in 0..<problem.data.rowCount {
      var cell = 0
      for index in names.indices { cell = cell * supports[index].count + (positions[index][columns[index][row]] ?? 0) }
      counts[cell] += shares?[row] ?? 1
    }
    let total = counts.reduce(0, +)
    let law = try DiscreteLaw(names, cardinalities: supports.map(\.count), probabilities: counts.map { $0 / total })
    let table = try law.value(of: estimand)
    guard let outcome = names.firstIndex(of: problem.outcome), let cause = names.firstIndex(of: problem.cause) else {
      throw EffectRefusal("the effect has no formula in the columns")
    }
    // Variables that the formula leaves free may be held at any value; the table counts them as held at their first.
    func mean(_ level: Double) throws -> Double {
      guard let code = positions[cause][level] else { return .nan }
      // An event that never occurs has no conditional law: its part of the sum is missing.
      let mass = supports[outcome].indices.reduce(0) { $0 + table[[problem.cause: code, problem.outcome: $1]] }
      guard abs(mass - 1) < 1e-9 else { return .nan }
      return supports[outcome].enumerated().reduce(0) { sum, each in
        sum + each.element * table[[problem.cause: code, problem.outcome: each.offset]]
      }
    }
    let effect = try mean(levels.to) - mean(levels.from)
    guard effect.isFinite else {
      throw EffectRefusal(
        "the effect is identified, and its formula divides by an event that never occurs in these data", at: .data,
        notes: ["both values of \(problem.cause) must occur wherever the formula \(estimand) conditions on them"])
    }
    return BoundsAnswer(
      target: target, lower: effect, upper: effect, instruments: [], gap: 0, rows: shares == nil ? problem.data.rowCount : nil,
      assumptions: ["the effect is identified: \(estimand)"],
      notes: ["the bounds meet; `estimate` gives the effect with its error"] + problem.notes)
  }
}

extension Estimand {
  /// Whether a variable stands anywhere in it, bound or free.
  func mentions(_ name: String) -> Bool {
    switch self {
    case .probability(let variables, let given): variables.contains(name) || given.contains(name)
    case .product(let factors): factors.contains { $0.mentions(name) }
    case .sum(let bound, let term): bound.contains(name) || term.mentions(name)
    case .quotient(let numerator, let denominator): numerator.mentions(name) || denominator.mentions(name)
    }
  }
}

/// The joint law of instruments (as one), cause and outcome, counted from rows.
private struct BoundsLaw {
  let causes: [Double]
  let outcomes: [Double]
  private let counts: [Double]
  private let instrumentLevels: Int

  init(_ question: BoundsProblem, instruments: [String]) throws {
    let problem = question.problem
    func column(_ name: String) throws -> [Double] {
      let column = try problem.completeColumn(name)
      guard Set(column.numbers).count <= 20 else {
        throw EffectRefusal(
          "`\(name)` takes more than 20 values, and bounds are computed for finitely many", at: .data,
          notes: ["make groups of them, as in `derive(data, \(name): \(name) > 0)`"])
      }
      return column.numbers
    }
    let cause = try column(problem.cause)
    let outcome = try column(problem.outcome)
    let given = try instruments.map(column)
    causes = Set(cause).sorted()
    outcomes = Set(outcome).sorted()
    let shares = question.shares
    let rows = cause.indices.filter { row in shares.map { $0[row] > 0 } ?? true }
    var labels: [[Double]: Int] = [:]
    var cells: [(label: Int, cell: Int, weight: Double)] = []
    for row in rows {
      let key = given.map { $0[row] }
      let label = labels[key] ?? labels.count
      labels[key] = label
      let d = causes.firstIndex(of: cause[row]) ?? 0
      let y = outcomes.firstIndex(of: outcome[row]) ?? 0
      cells.append((label, d * outcomes.count + y, shares?[row] ?? 1))
    }
    instrumentLevels = labels.count
    var counts = [Double](repeating: 0, count: labels.count * causes.count * outcomes.count)
    for (label, cell, weight) in cells { counts[label * causes.count * outcomes.count + cell] += weight }
    self.counts = counts
  }

  func law() throws(DiagnosticError) -> DiscreteLaw {
    let total = counts.reduce(0, +)
    return try DiscreteLaw(
      ["instrument", "cause", "outcome"], cardinalities: [instrumentLevels, causes.count, outcomes.count],
      probabilities: counts.map { $0 / total })
  }

  /// The standard error of a weighted sum of the shares P(cause, outcome | instrument), each counted in its own rows.
  func samplingError(_ weights: [Double]) -> Double {
    let width = causes.count * outcomes.count
    var variance = 0.0
    for level in 0..<instrumentLevels {
      let range = level * width..<(level + 1) * width
      let n = counts[range].reduce(0, +)
      let mean = range.reduce(0) { $0 + weights[$1] * counts[$1] / n }
      variance += range.reduce(0) { $0 + (weights[$1] - mean) * (weights[$1] - mean) * counts[$1] / n } / n
    }
    return variance.squareRoot()
  }
}
