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

double reference_gauss_seidel(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start,
                              const int32_t *successor, const double *probability, const double *reward, double discount,
                              double *value) {
  return reference_jacobi(states, choice_start, transition_start, successor, probability, reward, discount, value, value);
}

int64_t reference_span_iteration(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start,
                                 const int32_t *successor, const double *probability, const double *reward, double discount,
                                 double tolerance, double *value, double *next) {
  for (int64_t sweeps = 1;; sweeps++) {
    double least = INFINITY, greatest = -INFINITY;
    for (int64_t s = 0; s < states; s++) {
      double best = -INFINITY;
      for (uint32_t c = choice_start[s]; c < choice_start[s + 1]; c++) {
        double sum = 0.0;
        for (uint32_t k = transition_start[c]; k < transition_start[c + 1]; k++) sum += probability[k] * value[successor[k]];
        double q = reward[c] + discount * sum;
        if (q > best) best = q;
      }
      double change = best - value[s];
      if (change > greatest) greatest = change;
      if (change < least) least = change;
      next[s] = best;
    }
    double *other = value;
    value = next;
    next = other;
    if (discount / (1 - discount) * (greatest - least) / 2 <= tolerance) {
      double middle = discount / (1 - discount) * (greatest + least) / 2;
      for (int64_t s = 0; s < states; s++) value[s] += middle;
      if (sweeps % 2 == 1)
        for (int64_t s = 0; s < states; s++) next[s] = value[s];
      return sweeps;
    }
  }
}

int64_t reference_reach(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start, const int32_t *successor,
                        const double *probability, const double *reward, const uint8_t *target, int maximize, double tolerance,
                        int64_t limit, double *value) {
  for (int64_t sweeps = 1;; sweeps++) {
    double largest = 0.0;
    for (int64_t s = states - 1; s >= 0; s--) {
      if (target[s] || choice_start[s] == choice_start[s + 1]) continue;
      double best = maximize ? -INFINITY : INFINITY;
      for (uint32_t c = choice_start[s]; c < choice_start[s + 1]; c++) {
        double q = reward ? reward[c] : 0.0;
        for (uint32_t k = transition_start[c]; k < transition_start[c + 1]; k++) q += probability[k] * value[successor[k]];
        if (maximize ? q > best : q < best) best = q;
      }
      double change = fabs(best - value[s]);
      if (change > largest) largest = change;
      value[s] = best;
    }
    if (largest <= tolerance || sweeps == limit) return sweeps;
  }
}

void reference_triad(int64_t count, double scale, const double *a, const double *b, double *c) {
  for (int64_t i = 0; i < count; i++) c[i] = a[i] + scale * b[i];
}
