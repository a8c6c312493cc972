import AleaModel
import AleaNumerics
import AleaSyntax

/// The range of an effect over all models that fit the observed law.
public struct EffectBounds: Hashable, Codable, Sendable {
  public let lower: Double
  public let upper: Double
}

extension DiscreteLaw {
  /// Sharp bounds on the effect of a cause on an outcome's mean from an instrument: `E[outcome | do(cause = to)] - E[outcome | do(cause = from)]`.
  ///
  /// The graph is `instrument -> cause -> outcome` with `cause <-> outcome`; nothing else is assumed. Every unit is of one type, which
  /// says how its cause answers the instrument and its outcome the cause; the bounds are the least and the greatest effect over all
  /// mixtures of types that give the observed law: two linear programs.
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
    func power(_ base: Int, _ exponent: Int) -> Double { (0..<exponent).reduce(1.0) { product, _ in product * Double(base) } }
    let typeCount = power(causes, instruments) * power(outcomes, causes)
    if typeCount > 100_000 {
      throw DiagnosticError(.error("there are \(typeCount) types of units, too many for exact bounds", at: nil))
    }
    let marginal = self.table.marginal(on: [instrument])
    for level in 0..<instruments where !(marginal[[instrument: level]] > 0) {
      throw DiagnosticError(.error("`\(instrument)` is never \(level), so nothing is known of the cause there", at: nil))
    }
    let conditional = try value(of: .probability(of: [cause, outcome], given: [instrument]))

    // A type's response to level i is its i-th digit.
    let causeTypes = Int(power(causes, instruments))
    let outcomeTypes = Int(power(outcomes, causes))
    func digit(_ number: Int, _ position: Int, base: Int) -> Int { number / Int(power(base, position)) % base }
    let types = causeTypes * outcomeTypes
    var objective = [Double](repeating: 0, count: types)
    var members: [[Int32]] = [[Int32]](repeating: [], count: instruments * causes * outcomes)
    for type in 0..<types {
      let (byInstrument, byCause) = (type / outcomeTypes, type % outcomeTypes)
      objective[type] = values[digit(byCause, to, base: outcomes)] - values[digit(byCause, from, base: outcomes)]
      for z in 0..<instruments {
        let d = digit(byInstrument, z, base: causes)
        let y = digit(byCause, d, base: outcomes)
        members[(z * causes + d) * outcomes + y].append(Int32(type))
      }
    }
    // Equalities as two inequalities, then shares that are not negative. The probabilities of each instrument value sum to one, so
    // the shares do.
    var program = LinearProgram(
      minimizes: true, objective: objective, rowStart: [0], column: [], entry: [], isAtLeast: true, limit: [])
    func addRow(_ columns: [Int32], sign: Double, limit: Double) {
      program.column += columns
      program.entry += columns.map { _ in sign }
      program.rowStart.append(Int32(program.column.count))
      program.limit.append(limit)
    }
    for z in 0..<instruments {
      for d in 0..<causes {
        for y in 0..<outcomes {
          let share = conditional[[instrument: z, cause: d, outcome: y]]
          let row = members[(z * causes + d) * outcomes + y]
          addRow(row, sign: 1, limit: share)
          addRow(row, sign: -1, limit: -share)
        }
      }
    }
    for type in 0..<types { addRow([Int32(type)], sign: 1, limit: 0) }
    func extreme(minimizes: Bool) throws(DiagnosticError) -> Double {
      program.minimizes = minimizes
      do {
        return zip(objective, try GLPK.solve(program)).reduce(0) { $0 + $1.0 * $1.1 }
      } catch {
        switch error {
        case .infeasible:
          throw DiagnosticError(
            .error(
              "no model in which `\(instrument)` is an instrument for `\(cause)` gives this law of `\(outcome)`", at: nil,
              notes: [
                "the law violates the instrumental inequalities: the instrument acts on the outcome directly or shares a cause with it"
              ]
            ))
        case .unbounded, .gaveUp:
          throw DiagnosticError(.error("the linear program of the bounds was not solved: \(error)", at: nil))
        }
      }
    }
    return EffectBounds(lower: try extreme(minimizes: true), upper: try extreme(minimizes: false))
  }
}
