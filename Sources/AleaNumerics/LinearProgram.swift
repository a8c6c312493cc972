/// A linear program: the least (or greatest) value of a linear function of free variables under linear inequalities.
public struct LinearProgram: Sendable {
  public var minimizes: Bool
  /// The function's coefficient of each variable.
  public var objective: [Double]
  /// Row `i` holds `entry[k]` in column `column[k]` for `k` in `rowStart[i] ..< rowStart[i + 1]`; columns are distinct within a row.
  public var rowStart: [Int32]
  public var column: [Int32]
  public var entry: [Double]
  /// True where a row's value must be at least `limit`, false where at most; the same for all rows.
  public var isAtLeast: Bool
  public var limit: [Double]

  public init(
    minimizes: Bool, objective: [Double], rowStart: [Int32], column: [Int32], entry: [Double], isAtLeast: Bool, limit: [Double]
  ) {
    self.minimizes = minimizes
    self.objective = objective
    self.rowStart = rowStart
    self.column = column
    self.entry = entry
    self.isAtLeast = isAtLeast
    self.limit = limit
  }

  public var rowCount: Int { limit.count }
  public var columnCount: Int { objective.count }

  /// How a solver ended without an answer.
  public enum Failure: Error, Hashable, Sendable {
    case infeasible
    case unbounded
    /// What the solver reported, with its own number for it.
    case gaveUp(String)
  }
}
