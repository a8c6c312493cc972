import AleaModel
import AleaNumerics
import AleaSyntax

/// The range of an effect over all models that fit the observed law.
public struct EffectBounds: Hashable, Codable, Sendable {
  /// No model that fits has a smaller effect: the value of a feasible point of the dual program.
  public let lower: Double
  /// No model that fits has a greater effect.
  public let upper: Double
  /// The effects of two mixtures of types that fit, found by the primal programs: how far the bounds are attained.
  public let attained: [Double]
  /// What each observed probability P(cause, outcome | instrument) adds to the lower and to the upper bound, by instrument, cause and
  /// outcome, the last varying fastest: the dual points, which prove the bounds and give their sampling errors.
  public let lowerWeights: [Double]
  public let upperWeights: [Double]

  /// How much wider the bounds may be than the sharp ones.
  public var gap: Double { max(0, attained[0] - lower, upper - attained[1]) }
}

extension DiscreteLaw {
  /// Sharp bounds on the effect of a cause on an outcome's mean from an instrument: `E[outcome | do(cause = to)] - E[outcome | do(cause = from)]`.
  ///
  /// The graph is `instrument -> cause -> outcome` with `cause <-> outcome`; nothing else is assumed. Every unit is of one type, which
  /// says how its cause answers the instrument and its outcome the cause; the bounds are the least and the greatest effect over all
  /// mixtures of types that give the observed law: two linear programs. Each is solved with its dual, whose solution is moved to where
  /// it is feasible in exact terms, so that the bounds hold whatever the solver's tolerances were.
  ///
  /// With an instrument of one value the bounds are those without any instrument (Manski 1990).
  ///
  /// - Parameter values: the number that each outcome value stands for; the value itself by default.
  /// - Throws: for unknown names, values out of range, an instrument value that never occurs, more than 100,000 types, and a law that
  ///   no model of the graph gives (it violates the instrumental inequalities).
  /// - Source: Balke and Pearl (1997); Pearl (1995) for the inequalities.
  public func effectBounds(
    of cause: String, on outcome: String, instrument: String, from: Int = 0, to: Int = 1, values: [Double]? = nil
  ) throws(DiagnosticError) -> EffectBounds {
    func size(_ name: String) throws(DiagnosticError) -> Int {
      guard let index = table.variables.firstIndex(of: name) else {
        let near = Spelling.nearest(name, in: table.variables)
        throw DiagnosticError(
          .error("the law has no variable `\(name)`", at: nil, label: near.map { "did you mean `\($0)`?" } ?? ""))
      }
      return table.cardinalities[index]
    }
    let (instruments, causes, outcomes) = (try size(instrument), try size(cause), try size(outcome))
    if Set([cause, outcome, instrument]).count < 3 {
      throw DiagnosticError(.error("the instrument, the cause and the outcome must be three variables", at: nil))
    }
    for level in [from, to] where !(0..<causes).contains(level) {
      throw DiagnosticError(.error("`\(cause)` takes the values 0 to \(causes - 1), not \(level)", at: nil))
    }
    let values = values ?? (0..<outcomes).map(Double.init)
    if values.count != outcomes {
      throw DiagnosticError(.error("`\(outcome)` has \(outcomes) values but \(values.count) numbers are given for them", at: nil))
    }
    guard let types = ResponseTypes(instruments: instruments, causes: causes, outcomes: outcomes) else {
      throw DiagnosticError(
        .error(
          "there are more than \(ResponseTypes.limit) types of units, too many for exact bounds", at: nil,
          notes: ["coarsen the outcome or the cause, or use fewer instruments"]))
    }
    let marginal = self.table.marginal(on: [instrument])
    for level in 0..<instruments where !(marginal[[instrument: level]] > 0) {
      throw DiagnosticError(.error("`\(instrument)` is never \(level), so nothing is known of the cause there", at: nil))
    }
    let conditional = try value(of: .probability(of: [cause, outcome], given: [instrument]))
    var shares: [Double] = []
    for z in 0..<instruments {
      for d in 0..<causes {
        for y in 0..<outcomes { shares.append(conditional[[instrument: z, cause: d, outcome: y]]) }
      }
    }
    let effects = types.effects(from: from, to: to, values: values)
    do {
      let low = try types.leastMean(of: effects, shares)
      let high = try types.leastMean(of: effects.map { -$0 }, shares)
      return EffectBounds(
        lower: low.bound, upper: -high.bound, attained: [low.attained, -high.attained], lowerWeights: low.weights,
        upperWeights: high.weights.map { -$0 })
    } catch {
      switch error {
      case .infeasible, .unbounded:
        throw DiagnosticError(
          .error(
            "no model in which `\(instrument)` is an instrument for `\(cause)` gives this law of `\(outcome)`", at: nil,
            notes: [
              "the law violates the instrumental inequalities: the instrument acts on the outcome directly or shares a cause with it"
            ]
          ))
      case .gaveUp(let reason):
        throw DiagnosticError(.error("the linear program of the bounds was not solved: \(reason)", at: nil))
      }
    }
  }
}

/// How a unit's cause answers the instrument and its outcome the cause: the types of units of an instrumental model.
struct ResponseTypes {
  static let limit = 100_000
  let instruments: Int
  let causes: Int
  let outcomes: Int
  let count: Int
  private let outcomeTypes: Int

  /// Nil when there are more than ``limit``.
  init?(instruments: Int, causes: Int, outcomes: Int) {
    func power(_ base: Int, _ exponent: Int) -> Int? {
      var result = 1
      for _ in 0..<exponent {
        let (next, overflow) = result.multipliedReportingOverflow(by: base)
        if overflow || next > Self.limit { return nil }
        result = next
      }
      return result
    }
    guard let first = power(causes, instruments), let second = power(outcomes, causes), first * second <= Self.limit else {
      return nil
    }
    self.instruments = instruments
    self.causes = causes
    self.outcomes = outcomes
    outcomeTypes = second
    count = first * second
  }

  private func digit(_ number: Int, _ position: Int, base: Int) -> Int {
    var rest = number
    for _ in 0..<position { rest /= base }
    return rest % base
  }

  /// What each type's outcome changes by when its cause is moved.
  func effects(from: Int, to: Int, values: [Double]) -> [Double] {
    (0..<count).map { type in
      let byCause = type % outcomeTypes
      return values[digit(byCause, to, base: outcomes)] - values[digit(byCause, from, base: outcomes)]
    }
  }

  /// The cell (instrument, cause, outcome) that a type falls into under each value of the instrument.
  func cells(of type: Int) -> [Int32] {
    (0..<instruments).map { z in
      let d = digit(type / outcomeTypes, z, base: causes)
      return Int32((z * causes + d) * outcomes + digit(type % outcomeTypes, d, base: outcomes))
    }
  }

  /// The least mean of a number over mixtures of types with given shares of cells.
  ///
  /// Primal: min c'q with Aq = p, q >= 0. Dual: max p'w with A'w <= c. Each type is in one cell for each value of the instrument and the
  /// shares of each value sum to one, so lowering w by v on one value's cells lowers A'w everywhere by v and p'w by v.
  func leastMean(of numbers: [Double], _ shares: [Double]) throws(LinearProgram.Failure) -> (
    bound: Double, attained: Double, weights: [Double]
  ) {
    let cells = (0..<count).map(cells)
    var dual = LinearProgram(
      minimizes: false, objective: shares, rowStart: [0], column: [], entry: [], isAtLeast: false, limit: numbers)
    for row in cells {
      dual.column += row
      dual.entry += row.map { _ in 1 }
      dual.rowStart.append(Int32(dual.column.count))
    }
    var weights = try GLPK.solve(dual)
    let excess = zip(cells, numbers).reduce(0.0) { worst, each in
      max(worst, each.0.reduce(0) { $0 + weights[Int($1)] } - each.1)
    }
    for cell in 0..<causes * outcomes { weights[cell] -= excess }
    let bound = zip(weights, shares).reduce(0) { $0 + $1.0 * $1.1 }
    return (bound, try attained(numbers, shares, cells), weights)
  }

  private func attained(_ numbers: [Double], _ shares: [Double], _ cells: [[Int32]]) throws(LinearProgram.Failure) -> Double {
    var members = [[Int32]](repeating: [], count: shares.count)
    for (type, row) in cells.enumerated() { for cell in row { members[Int(cell)].append(Int32(type)) } }
    // Equalities as two inequalities, then shares that are not negative.
    var program = LinearProgram(
      minimizes: true, objective: numbers, rowStart: [0], column: [], entry: [], isAtLeast: true, limit: [])
    func addRow(_ columns: [Int32], sign: Double, limit: Double) {
      program.column += columns
      program.entry += columns.map { _ in sign }
      program.rowStart.append(Int32(program.column.count))
      program.limit.append(limit)
    }
    for (row, share) in zip(members, shares) {
      addRow(row, sign: 1, limit: share)
      addRow(row, sign: -1, limit: -share)
    }
    for type in 0..<count { addRow([Int32(type)], sign: 1, limit: 0) }
    return zip(numbers, try GLPK.solve(program)).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
