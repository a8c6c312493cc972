#ifndef LANES_H
#define LANES_H

/// Square roots of a column, two lanes an instruction. (Swift's own square root sets errno for negative numbers, which keeps loops over
/// it from being vectorised.) `target` may be `source`.
static inline void lanes_sqrt(double *target, const double *source, long count) {
  typedef double pair __attribute__((vector_size(16), aligned(8)));
  long lane = 0;
  for (; lane + 2 <= count; lane += 2) {
    pair two = *(const pair *)(source + lane);
    *(pair *)(target + lane) = __builtin_elementwise_sqrt(two);
  }
  for (; lane < count; lane++) target[lane] = __builtin_elementwise_sqrt(source[lane]);
}

/// Tells the processor that the thread is waiting in a loop.
static inline void lanes_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
