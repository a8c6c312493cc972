#include "guarded.h"
#include <stdlib.h>

static int min(int a, int b) { return a < b ? a : b; }
static int max(int a, int b) { return a > b ? a : b; }

/* A state is five numbers 0..15 in four bits each; the table addressed by it holds the state's number plus one. */
struct build {
  struct guarded_rows rows;
  int32_t *number;
  uint32_t *key;
  int64_t choice_room, transition_room;
};

static void emit(struct build *b, int a0, int b0, int c0, int d0, int e0, double p) {
  uint32_t key = (uint32_t)(a0 | b0 << 4 | c0 << 8 | d0 << 12 | e0 << 16);
  int32_t known = b->number[key];
  if (!known) {
    b->key[b->rows.states++] = key;
    known = b->number[key] = (int32_t)b->rows.states;
  }
  b->rows.successor[b->rows.transitions] = known - 1;
  b->rows.probability[b->rows.transitions++] = p;
}

static void close_choice(struct build *b) { b->rows.transition_start[++b->rows.choices] = (uint32_t)b->rows.transitions; }

struct guarded_rows guarded_build(void) {
  struct build build = {0}, *w = &build;
  w->number = calloc(1 << 20, sizeof *w->number);
  w->key = malloc((1 << 20) * sizeof *w->key);
  w->choice_room = w->transition_room = 1 << 16;
  w->rows.choice_start = malloc(((1 << 20) + 1) * sizeof *w->rows.choice_start);
  w->rows.transition_start = malloc((w->choice_room + 1) * sizeof *w->rows.transition_start);
  w->rows.successor = malloc(w->transition_room * sizeof *w->rows.successor);
  w->rows.probability = malloc(w->transition_room * sizeof *w->rows.probability);
  w->rows.choice_start[0] = w->rows.transition_start[0] = 0;
  w->key[0] = 0;
  w->number[0] = 1;
  w->rows.states = 1;
  for (int64_t s = 0; s < w->rows.states; s++) {
    uint32_t k = w->key[s];
    int a = k & 15, b = k >> 4 & 15, c = k >> 8 & 15, d = k >> 12 & 15, e = k >> 16 & 15;
    if (w->rows.choices + 10 > w->choice_room) {
      w->choice_room += w->choice_room / 2;
      w->rows.transition_start = realloc(w->rows.transition_start, (w->choice_room + 1) * sizeof *w->rows.transition_start);
    }
    if (w->rows.transitions + 25 > w->transition_room) {
      w->transition_room += w->transition_room / 2;
      w->rows.successor = realloc(w->rows.successor, w->transition_room * sizeof *w->rows.successor);
      w->rows.probability = realloc(w->rows.probability, w->transition_room * sizeof *w->rows.probability);
    }
    if (a < 15) {
      double p = (a + 1.0) / (a + b + 2.0);
      emit(w, a + 1, b, c, d, e, p);
      emit(w, a, max(b - 1, 0), c, d, e, 1 - p);
      close_choice(w);
    }
    if (b < 15 && c > 0) {
      double p = 0.25 + c / 30.0;
      emit(w, a, b + 1, c, d, e, p);
      emit(w, a, b, c - 1, d, e, 1 - p);
      close_choice(w);
    }
    if (c < 15) {
      double p = (d + 1.0) / (d + 2.0);
      emit(w, a, b, c + 1, d, e, p);
      emit(w, a, b, c, min(d + 1, 15), e, 1 - p);
      close_choice(w);
    }
    if (d < 15 && e + a < 28) {
      double p = 0.9 - 0.05 * min(e, a);
      emit(w, a, b, c, d + 1, e, p);
      emit(w, a, b, c, d, max(e - 2, 0), 1 - p);
      close_choice(w);
    }
    if (e < 15 && e + a + b < 37) {
      double p = (e + 1.0) / 17.0;
      emit(w, a, b, c, d, e + 1, p);
      emit(w, max(a - 1, 0), min(b + 1, 15), c, d, e, 1 - p);
      close_choice(w);
    }
    if (d < 15) {
      double p = (d + 1.0) / 32.0;
      emit(w, a, b, c, d + 1, e, p);
      emit(w, a, b, c, d, max(e - 1, 0), 0.25);
      emit(w, a, b, 15 - c, d, e, 1 - p - 0.25);
      close_choice(w);
    }
    if (a < b) {
      double q = (b - a) / 20.0;
      emit(w, a + 1, b, c, d, e, 0.2);
      emit(w, a, b, c, d, min(e + 1, 15), q);
      emit(w, a, b, 15 - c, d, e, 1 - 0.2 - q);
      close_choice(w);
    }
    if (e < 15 && a > 0) {
      double p = a / 32.0, q = (e + 1.0) / 32.0;
      emit(w, a, b, c, d, e + 1, p);
      emit(w, a - 1, b, c, d, e, q);
      emit(w, a, 15 - b, c, d, e, 1 - p - q);
      close_choice(w);
    }
    if (b < 15 && c + d < 29) {
      double q = 0.1 + 0.02 * max(c, d);
      emit(w, a, b + 1, c, d, e, 0.3);
      emit(w, a, b, min(c + 1, 15), max(d - 1, 0), e, q);
      emit(w, 15 - a, b, c, d, e, 1 - 0.3 - q);
      close_choice(w);
    }
    if (c < 15 && c + d + e < 40) {
      double p = (c + 1.0) / (c + d + e + 3.0), q = 0.5 * (1 - p);
      emit(w, a, b, c + 1, d, e, p);
      emit(w, a, b, c, max(d - 1, 0), e, q);
      emit(w, a, b, c, d, 15 - e, 1 - p - q);
      close_choice(w);
    }
    w->rows.choice_start[s + 1] = (uint32_t)w->rows.choices;
  }
  free(w->number);
  free(w->key);
  return w->rows;
}

void guarded_free(struct guarded_rows rows) {
  free(rows.choice_start);
  free(rows.transition_start);
  free(rows.successor);
  free(rows.probability);
}
