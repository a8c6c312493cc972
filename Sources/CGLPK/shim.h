#include <glpk.h>
#include <setjmp.h>

// The library ends the process where it finds fault with what it is given, or with itself. Here it returns to where it was called.

enum {
  alea_glp_optimal = 0,
  alea_glp_infeasible = -1,
  alea_glp_unbounded = -2,
  alea_glp_undecided = -3,
  alea_glp_faulted = -4
};

static void alea_glp_escape(void *place) { longjmp(*(jmp_buf *)place, 1); }

static int alea_glp_silence(void *info, const char *text) {
  (void)info;
  (void)text;
  return 1;
}

/// Solves a program over free columns; `row`, `column` and `entry` hold its `count` coefficients from place 1, counted from one.
/// Returns what became of it, or the library's own positive code. Nothing of the library may be in use elsewhere meanwhile.
__attribute__((noinline)) static int alea_glp_solve(
    int minimizes, int row_count, int column_count, const double *objective, int is_at_least, const double *limit, int count,
    const int *row, const int *column, const double *entry, double *point) {
  jmp_buf place;
  if (setjmp(place)) {
    glp_free_env();
    return alea_glp_faulted;
  }
  glp_term_hook(alea_glp_silence, NULL);
  glp_error_hook(alea_glp_escape, &place);
  glp_prob *problem = glp_create_prob();
  glp_set_obj_dir(problem, minimizes ? GLP_MIN : GLP_MAX);
  glp_add_cols(problem, column_count);
  for (int index = 0; index < column_count; index++) {
    glp_set_col_bnds(problem, index + 1, GLP_FR, 0, 0);
    glp_set_obj_coef(problem, index + 1, objective[index]);
  }
  if (row_count > 0) glp_add_rows(problem, row_count);
  for (int index = 0; index < row_count; index++)
    glp_set_row_bnds(problem, index + 1, is_at_least ? GLP_LO : GLP_UP, limit[index], limit[index]);
  glp_load_matrix(problem, count, row, column, entry);
  glp_smcp parameters;
  glp_init_smcp(&parameters);
  parameters.msg_lev = GLP_MSG_OFF;
  parameters.meth = GLP_DUALP;
  parameters.tol_bnd = 1e-9;
  parameters.tol_dj = 1e-9;
  glp_scale_prob(problem, GLP_SF_AUTO);
  glp_adv_basis(problem, 0);
  int result = glp_simplex(problem, &parameters);
  if (result == 0) {
    switch (glp_get_status(problem)) {
    case GLP_OPT:
    case GLP_FEAS:
      for (int index = 0; index < column_count; index++) point[index] = glp_get_col_prim(problem, index + 1);
      result = alea_glp_optimal;
      break;
    case GLP_NOFEAS:
    case GLP_INFEAS: result = alea_glp_infeasible; break;
    case GLP_UNBND: result = alea_glp_unbounded; break;
    default: result = alea_glp_undecided;
    }
  }
  glp_delete_prob(problem);
  glp_error_hook(NULL, NULL);
  return result;
}
