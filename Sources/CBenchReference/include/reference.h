#ifndef ALEA_BENCH_REFERENCE_H
#define ALEA_BENCH_REFERENCE_H
#include <stdint.h>

/* One Jacobi sweep of value iteration over compressed rows: the loop a C programmer would write. Returns the largest change. */
double reference_jacobi(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start, const int32_t *successor,
                        const double *probability, const double *reward, double discount, const double *value, double *next);

/* One sweep in place, each state using the new values of earlier ones. Returns the largest change. */
double reference_gauss_seidel(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start,
                              const int32_t *successor, const double *probability, const double *reward, double discount,
                              double *value);

/* Jacobi sweeps until the span of changes promises the tolerance (rounding not accounted for). The answer ends in value, which
   holds the start; next is scratch. Returns the number of sweeps. */
int64_t reference_span_iteration(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start,
                                 const int32_t *successor, const double *probability, const double *reward, double discount,
                                 double tolerance, double *value, double *next);

/* Sweeps in place for the greatest or least probability of reaching the targets (reward 0), or the reward until then, until no value
   changes by more than the tolerance or the limit of sweeps is reached. Targets keep the value they have. Returns the sweeps. */
int64_t reference_reach(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start, const int32_t *successor,
                        const double *probability, const double *reward, const uint8_t *target, int maximize, double tolerance,
                        int64_t limit, double *value);

/* c = a + scale * b: what the machine's memory can deliver, 24 bytes an element. */
void reference_triad(int64_t count, double scale, const double *a, const double *b, double *c);

#endif
