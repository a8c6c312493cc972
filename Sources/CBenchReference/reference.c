#include "reference.h"
#include <math.h>

double reference_jacobi(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start, const int32_t *successor,
                        const double *probability, const double *reward, double discount, const double *value, double *next) {
  double delta = 0.0;
  for (int64_t s = 0; s < states; s++) {
    double best = -INFINITY;
    for (uint32_t c = choice_start[s]; c < choice_start[s + 1]; c++) {
      double sum = 0.0;
      for (uint32_t k = transition_start[c]; k < transition_start[c + 1]; k++) sum += probability[k] * value[successor[k]];
      double q = reward[c] + discount * sum;
      if (q > best) best = q;
    }
    double change = fabs(best - value[s]);
    if (change > delta) delta = change;
    next[s] = best;
  }
  return delta;
}
