#include "bandit.h"
#include <math.h>

enum { ARMS = 10 };
static const double means[ARMS] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};

/* xorshift64*: cheap, good enough to time. */
static uint64_t state;
static double uniform(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return ((double)((state * 2685821657736338717ull) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void) {
  for (;;) {
    double x = 2 * uniform() - 1, y = 2 * uniform() - 1, s = x * x + y * y;
    if (s < 1 && s > 0) return x * sqrt(-2 * log(s) / s);
  }
}

static double gamma_draw(double shape) {
  double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    double x = normal(), v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    double u = uniform();
    if (u < 1 - 0.0331 * x * x * x * x) return d * v;
    if (log(u) < 0.5 * x * x + d * (1 - v + log(v))) return d * v;
  }
}

double reference_ucb1(int64_t rounds, int64_t replications) {
  double regret = 0;
  state = 88172645463325252ull;
  for (int64_t r = 0; r < replications; r++) {
    double pulls[ARMS] = {0}, mean[ARMS] = {0};
    for (int64_t t = 0; t < rounds; t++) {
      double best = -1, bonus = t > 0 ? 2 * log((double)t) : 0;
      int arm = 0;
      for (int a = 0; a < ARMS; a++) {
        double index = pulls[a] == 0 ? INFINITY : mean[a] + sqrt(bonus / pulls[a]);
        if (index > best) best = index, arm = a;
      }
      double reward = uniform() < means[arm];
      pulls[arm] += 1;
      mean[arm] += (reward - mean[arm]) / pulls[arm];
      regret += means[ARMS - 1] - means[arm];
    }
  }
  return regret / (double)replications;
}

double reference_thompson(int64_t rounds, int64_t replications) {
  double regret = 0;
  state = 88172645463325252ull;
  for (int64_t r = 0; r < replications; r++) {
    double wins[ARMS], losses[ARMS];
    for (int a = 0; a < ARMS; a++) wins[a] = losses[a] = 1;
    for (int64_t t = 0; t < rounds; t++) {
      double best = -1;
      int arm = 0;
      for (int a = 0; a < ARMS; a++) {
        double x = gamma_draw(wins[a]), y = gamma_draw(losses[a]), draw = x / (x + y);
        if (draw > best) best = draw, arm = a;
      }
      if (uniform() < means[arm]) wins[arm] += 1; else losses[arm] += 1;
      regret += means[ARMS - 1] - means[arm];
    }
  }
  return regret / (double)replications;
}

double reference_exp3(int64_t rounds, int64_t replications) {
  double regret = 0;
  state = 88172645463325252ull;
  for (int64_t r = 0; r < replications; r++) {
    double loss[ARMS] = {0};
    for (int64_t t = 0; t < rounds; t++) {
      double rate = sqrt(log((double)ARMS) / ((double)(t + 1) * ARMS)), least = loss[0], total = 0, weight[ARMS];
      for (int a = 1; a < ARMS; a++) least = loss[a] < least ? loss[a] : least;
      for (int a = 0; a < ARMS; a++) total += weight[a] = exp(-rate * (loss[a] - least));
      double rest = uniform() * total;
      int arm = 0;
      while (arm < ARMS - 1 && (rest -= weight[arm]) >= 0) arm++;
      double reward = uniform() < means[arm];
      loss[arm] += (1 - reward) * total / weight[arm];
      regret += means[ARMS - 1] - means[arm];
    }
  }
  return regret / (double)replications;
}
