import CGLPK
import Synchronization

/// The simplex method of the GNU Linear Programming Kit.
public enum GLPK {
  /// The library keeps its state in one environment, so one program is solved at a time.
  private static let turn = Mutex<Void>(())

  /// An optimal point, to the solver's own tolerances: nothing about it is certified.
  ///
  /// - Throws: also for coefficients that are not finite, or so far apart that the library cannot scale them.
  public static func solve(_ program: LinearProgram) throws(LinearProgram.Failure) -> [Double] {
    guard program.columnCount > 0 else { return [] }
    guard (program.objective + program.entry + program.limit).allSatisfy(\.isFinite) else {
      throw .gaveUp("a coefficient is not finite")
    }
    // The library counts from one.
    var rows: [Int32] = [0]
    for row in 0..<program.rowCount {
      let count = Int(program.rowStart[row + 1] - program.rowStart[row])
      rows += [Int32](repeating: Int32(row + 1), count: count)
    }
    let columns = [0] + program.column.map { $0 + 1 }
    let entries = [0] + program.entry
    var point = [Double](repeating: 0, count: program.columnCount)
    let status = turn.withLock { _ in
      alea_glp_solve(
        program.minimizes ? 1 : 0, Int32(program.rowCount), Int32(program.columnCount), program.objective,
        program.isAtLeast ? 1 : 0, program.limit, Int32(program.entry.count), rows, columns, entries, &point)
    }
    switch Int(status) {
    case alea_glp_optimal: return point
    case alea_glp_infeasible: throw .infeasible
    case alea_glp_unbounded: throw .unbounded
    case alea_glp_undecided: throw .gaveUp("GLPK found no optimal point")
    case alea_glp_faulted: throw .gaveUp("GLPK could not handle its coefficients")
    default: throw .gaveUp("GLPK ended with status \(status)")
    }
  }
}
