#ifndef ALEA_BENCH_CELLS_H
#define ALEA_BENCH_CELLS_H
#include <stddef.h>

/* Splits a text at commas and line ends and calls strtod on each cell; returns the sum of what it gives. The text ends with a zero byte. */
double cells_sum(const char *text, size_t length);

#endif
