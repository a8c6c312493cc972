#ifndef ALEA_BENCH_REFERENCE_H
#define ALEA_BENCH_REFERENCE_H
#include <stdint.h>

/* One Jacobi sweep of value iteration over compressed rows: the loop a C programmer would write. Returns the largest change. */
double reference_jacobi(int64_t states, const uint32_t *choice_start, const uint32_t *transition_start, const int32_t *successor,
                        const double *probability, const double *reward, double discount, const double *value, double *next);

#endif
