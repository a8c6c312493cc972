#ifndef ALEA_BENCH_GUARDED_H
#define ALEA_BENCH_GUARDED_H
#include <stdint.h>

/* The rows of the five-variable guarded model, as ExploreSection describes it. */
struct guarded_rows {
  int64_t states, choices, transitions;
  uint32_t *choice_start;
  uint32_t *transition_start;
  int32_t *successor;
  double *probability;
};

/* Builds the rows breadth first, written by hand: what the model costs a C programmer. */
struct guarded_rows guarded_build(void);
void guarded_free(struct guarded_rows rows);

#endif
