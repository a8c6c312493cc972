import CGLPK
import Synchronization

/// The simplex method of the GNU Linear Programming Kit.
public enum GLPK {
  /// The library keeps its state in one environment, so one program is solved at a time.
  private static let turn = Mutex<Void>(())

  /// An optimal point, to the solver's own tolerances: nothing about it is certified.
  public static func solve(_ program: LinearProgram) throws(LinearProgram.Failure) -> [Double] {
    guard program.columnCount > 0 else { return [] }
    let result = turn.withLock { _ in Result { () throws(LinearProgram.Failure) in try solveAlone(program) } }
    return try result.get()
  }

  private static func solveAlone(_ program: LinearProgram) throws(LinearProgram.Failure) -> [Double] {
    glp_term_out(GLP_OFF)
    guard let problem = glp_create_prob() else { throw .gaveUp("no memory") }
    defer { glp_delete_prob(problem) }
    glp_set_obj_dir(problem, program.minimizes ? GLP_MIN : GLP_MAX)
    glp_add_cols(problem, Int32(program.columnCount))
    for (index, coefficient) in program.objective.enumerated() {
      glp_set_col_bnds(problem, Int32(index + 1), GLP_FR, 0, 0)
      glp_set_obj_coef(problem, Int32(index + 1), coefficient)
    }
    if program.rowCount > 0 { glp_add_rows(problem, Int32(program.rowCount)) }
    for row in 0..<program.rowCount {
      glp_set_row_bnds(problem, Int32(row + 1), program.isAtLeast ? GLP_LO : GLP_UP, program.limit[row], program.limit[row])
      let range = Int(program.rowStart[row])..<Int(program.rowStart[row + 1])
      // The library counts from one.
      let columns = [0] + program.column[range].map { $0 + 1 }
      let entries = [0] + program.entry[range]
      glp_set_mat_row(problem, Int32(row + 1), Int32(range.count), columns, entries)
    }
    var parameters = glp_smcp()
    glp_init_smcp(&parameters)
    parameters.msg_lev = GLP_MSG_OFF
    parameters.meth = GLP_DUALP
    parameters.tol_bnd = 1e-9
    parameters.tol_dj = 1e-9
    glp_scale_prob(problem, GLP_SF_AUTO)
    glp_adv_basis(problem, 0)
    let status = glp_simplex(problem, &parameters)
    guard status == 0 else { throw .gaveUp("GLPK ended with status \(status)") }
    switch glp_get_status(problem) {
    case GLP_OPT, GLP_FEAS: break
    case GLP_NOFEAS, GLP_INFEAS: throw .infeasible
    case GLP_UNBND: throw .unbounded
    default: throw .gaveUp("GLPK found no optimal point")
    }
    return (0..<program.columnCount).map { glp_get_col_prim(problem, Int32($0 + 1)) }
  }
}
