#ifndef ALEA_BENCH_BANDIT_H
#define ALEA_BENCH_BANDIT_H
#include <stdint.h>

/* Mean pseudo-regret over replications of ten Bernoulli arms (0.1 to 0.9 and 0.95): the loops a C programmer would write. */
double reference_ucb1(int64_t rounds, int64_t replications);
double reference_thompson(int64_t rounds, int64_t replications);
double reference_exp3(int64_t rounds, int64_t replications);

#endif
