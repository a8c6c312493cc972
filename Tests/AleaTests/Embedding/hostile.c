/* Calls that make no sense, threads, and memory that must outlive its session: the program ends with 0 when all is as alea.h says. */
#include <alea.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures = 0;
#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      printf("line %d: %s\n", __LINE__, #condition);                  \
      failures++;                                                     \
    }                                                                 \
  } while (0)

static const char *walk =
    "mdp Walk(n: Int = 2_000) {\n"
    "  state x: 0..n = 0\n"
    "  action go: {left, right}\n"
    "  win ~ Bernoulli(0.6)\n"
    "  x' = if go == left then max(0, x - 1) else if win then min(n, x + 1) else x\n"
    "  reward if x == n then 1 else 0\n"
    "  discount 0.99999999\n"
    "}\n";

static void misuse(void) {
  alea_array array;
  alea_value *value = (alea_value *)&array;
  double number = 7;
  CHECK(alea_run(NULL, "1", NULL, NULL) == ALEA_MISUSE);
  CHECK(alea_run_file(NULL, NULL, &value) == ALEA_MISUSE && value == NULL);
  CHECK(alea_evaluate(NULL, NULL, NULL) == ALEA_MISUSE);
  CHECK(alea_evaluate_json(NULL, "1") == NULL);
  CHECK(alea_set_parameter(NULL, NULL, NULL) == ALEA_MISUSE);
  CHECK(alea_set_option(NULL, "seed", "1") == ALEA_MISUSE);
  CHECK(alea_set_progress(NULL, NULL, NULL) == ALEA_MISUSE);
  CHECK(strstr(alea_errors(NULL), "no open session") != NULL);
  CHECK(alea_error_text(NULL) != NULL && alea_warnings(NULL) != NULL && alea_output(NULL) != NULL);
  CHECK(alea_value_array(NULL, "value", &array) == ALEA_MISUSE && array.data == NULL);
  CHECK(alea_value_array(NULL, NULL, NULL) == ALEA_MISUSE);
  CHECK(alea_value_number(NULL, &number) == ALEA_MISUSE && number == 0);
  CHECK(alea_value_json(NULL) == NULL && alea_value_text(NULL) == NULL && alea_value_count(NULL) == 0);
  CHECK(alea_value_member(NULL, "x", &value) == ALEA_MISUSE && value == NULL);
  alea_cancel(NULL);
  alea_close(NULL);
  alea_free(NULL);
  CHECK(alea_run((alea_session *)&array, "1", NULL, NULL) == ALEA_MISUSE);

  alea_session *session = alea_open();
  CHECK(alea_run(session, NULL, NULL, NULL) == ALEA_MISUSE);
  CHECK(strstr(alea_errors(session), "NULL") != NULL);
  CHECK(alea_run(session, "let x = \"\xff\xfe\"", NULL, NULL) == ALEA_MISUSE);
  CHECK(strstr(alea_errors(session), "UTF-8") != NULL);
  CHECK(alea_run(session, "1", "\xc3", NULL) == ALEA_MISUSE);
  CHECK(alea_evaluate(session, "1 + 1", NULL) == ALEA_MISUSE);
  CHECK(alea_set_option(session, "seed", "minus one") == ALEA_MISUSE);
  CHECK(alea_set_option(session, "threads", "99999999999999999999") == ALEA_MISUSE);
  CHECK(alea_set_option(session, "sede", "1") == ALEA_MISUSE);
  CHECK(alea_evaluate(session, "1 +", &value) == ALEA_INVALID && value == NULL);
  CHECK(alea_evaluate(session, "", &value) != ALEA_OK && value == NULL);
  CHECK(alea_run(session, "let y = nothng\n", "bad.alea", NULL) == ALEA_INVALID);
  CHECK(strstr(alea_errors(session), "\"line\":1") != NULL && strstr(alea_errors(session), "bad.alea") != NULL);
  CHECK(strstr(alea_error_text(session), "^") != NULL);
  CHECK(alea_run_file(session, "/no/such/file.alea", NULL) != ALEA_OK);
  CHECK(alea_run_file(session, "/", NULL) != ALEA_OK);
  CHECK(alea_run(session, "", NULL, &value) == ALEA_OK && value == NULL);
  CHECK(strcmp(alea_errors(session), "[]") == 0 && strcmp(alea_error_text(session), "") == 0);

  /* A handle of one kind is none of the other, and a closed one is none at all. */
  CHECK(alea_evaluate(session, "6 * 7", &value) == ALEA_OK);
  CHECK(alea_value_json((alea_value *)session) == NULL);
  CHECK(alea_run((alea_session *)value, "1", NULL, NULL) == ALEA_MISUSE);
  alea_close((alea_session *)value);
  CHECK(alea_value_number(value, &number) == ALEA_OK && number == 42);
  CHECK(alea_value_array(value, "value", &array) == ALEA_MISUSE);
  alea_free(value);
  alea_free(value);
  CHECK(alea_value_number(value, &number) == ALEA_MISUSE);
  alea_close(session);
  alea_close(session);
  CHECK(alea_run(session, "1", NULL, NULL) == ALEA_MISUSE);
}

static void values(void) {
  alea_session *session = alea_open();
  alea_value *value, *element;
  alea_array array;
  double number;
  CHECK(alea_set_parameter(session, "k", "5") == ALEA_OK);
  CHECK(alea_run(session, "param k: Int = 1\nprint(k, \"times\")\nexpect(k == 5)\nexpect(k == 6)\n[i in 0..2: k * i]", NULL, &value) ==
        ALEA_OK);
  CHECK(strcmp(alea_output(session), "5 times\n") == 0);
  CHECK(strstr(alea_expectations(session), "\"passed\": 1") != NULL);
  CHECK(alea_value_kind(value) == ALEA_ARRAY && alea_value_count(value) == 3);
  CHECK(alea_value_element(value, 2, &element) == ALEA_OK && alea_value_number(element, &number) == ALEA_OK && number == 10);
  alea_free(element);
  CHECK(alea_value_element(value, 3, &element) == ALEA_MISUSE && element == NULL);
  CHECK(alea_value_element(value, -1, &element) == ALEA_MISUSE);
  CHECK(alea_value_array(value, "", &array) == ALEA_OK && array.element == ALEA_INT64 && array.shape[0] == 3 &&
        ((const int64_t *)array.data)[1] == 5);
  alea_free(value);
  CHECK(alea_evaluate(session, "[[1.5, 2], [3, 4]]", &value) == ALEA_OK);
  CHECK(alea_value_array(value, "", &array) == ALEA_OK && array.rank == 2 && array.shape[0] == 2 && array.shape[1] == 2 &&
        ((const double *)array.data)[2] == 3);
  alea_free(value);
  CHECK(alea_evaluate(session, "(a: 1, b: \"x\")", &value) == ALEA_OK && alea_value_kind(value) == ALEA_RECORD);
  CHECK(strstr(alea_value_members(value), "\"b\"") != NULL);
  CHECK(alea_value_member(value, "b", &element) == ALEA_OK && strcmp(alea_value_json(element), "\"x\"") == 0);
  alea_free(value);
  CHECK(alea_value_kind(element) == ALEA_TEXT);
  alea_free(element);
  CHECK(strcmp(alea_evaluate_json(session, "[1, 2]"), "[1, 2]") == 0);

  /* The same memory at every request, readable after the session is gone. */
  CHECK(alea_run(session, walk, "walk.alea", NULL) == ALEA_OK);
  CHECK(alea_evaluate(session, "solve(Walk(n: 3))", &value) == ALEA_OK);
  alea_array first, again, taken;
  CHECK(alea_value_array(value, "value", &first) == ALEA_OK && alea_value_array(value, "value", &again) == ALEA_OK);
  CHECK(first.data == again.data && first.rank == 1 && first.shape[0] == 4 && first.shape[1] == 1);
  CHECK(alea_value_array(value, "action.go", &taken) == ALEA_OK && taken.element == ALEA_INT32 &&
        strcmp(taken.labels, "[\"left\", \"right\"]") == 0 && ((const int32_t *)taken.data)[0] == 1);
  alea_close(session);
  double sum = 0;
  for (int state = 0; state < 4; state++) sum += ((const double *)first.data)[state];
  CHECK(sum > 0);
  CHECK(strstr(alea_value_text(value), "Walk") != NULL && strstr(alea_value_json(value), "\"solution\"") != NULL);
  alea_free(value);
}

static void *cancel_soon(void *session) {
  usleep(300000);
  alea_cancel(session);
  return NULL;
}

static int never(const char *phase, const char *detail, double fraction, void *context) {
  (void)phase, (void)detail, (void)fraction;
  (*(int *)context)++;
  return 0;
}

static int reentrant(const char *phase, const char *detail, double fraction, void *session) {
  (void)phase, (void)detail, (void)fraction;
  alea_value *value = NULL;
  CHECK(alea_evaluate(session, "1", &value) == ALEA_MISUSE && value == NULL);
  CHECK(alea_run(session, "1", NULL, NULL) == ALEA_MISUSE);
  CHECK(alea_errors(session) != NULL && alea_output(session) != NULL);
  alea_session *other = alea_open();
  CHECK(alea_evaluate(other, "2", &value) == ALEA_OK);
  alea_free(value);
  alea_close(other);
  return 0;
}

static void cancelling(void) {
  alea_session *session = alea_open();
  alea_value *value;
  alea_cancel(session);
  CHECK(alea_run(session, walk, NULL, NULL) == ALEA_OK);
  pthread_t thread;
  pthread_create(&thread, NULL, cancel_soon, session);
  /* Without the cancellation this would take hours. */
  CHECK(alea_evaluate(session, "solve(Walk(n: 200), by: ValueIteration(tolerance: 1e-9))", &value) == ALEA_CANCELLED);
  pthread_join(thread, NULL);
  CHECK(alea_evaluate(session, "size(Walk).states", &value) == ALEA_OK);
  alea_free(value);
  int calls = 0;
  CHECK(alea_set_progress(session, never, &calls) == ALEA_OK);
  CHECK(alea_evaluate(session, "solve(Walk(n: 200), by: ValueIteration(tolerance: 1e-9))", &value) == ALEA_CANCELLED);
  CHECK(calls > 0);
  CHECK(alea_set_progress(session, reentrant, session) == ALEA_OK);
  CHECK(alea_evaluate(session, "solve(Walk(n: 200), by: ValueIteration(tolerance: 1e-9))", &value) == ALEA_CANCELLED);
  CHECK(alea_set_progress(session, NULL, NULL) == ALEA_OK);
  CHECK(alea_evaluate(session, "solve(Walk(n: 5)).bound", &value) == ALEA_OK);
  alea_free(value);
  alea_close(session);
}

static void *solve_often(void *answer) {
  alea_session *session = alea_open();
  alea_value *value;
  double number = 0;
  if (alea_run(session, walk, NULL, NULL) == ALEA_OK) {
    for (int time = 0; time < 10; time++) {
      if (alea_evaluate(session, "solve(Walk(n: 40)).start", &value) == ALEA_OK) alea_value_number(value, &number);
      alea_free(value);
    }
  }
  alea_close(session);
  *(double *)answer = number;
  return NULL;
}

static void *solve_shared(void *session) {
  for (int time = 0; time < 20; time++) {
    alea_value *value = NULL;
    alea_evaluate(session, "solve(Walk(n: 20)).start", &value);
    alea_free(value);
  }
  return NULL;
}

static void threads(void) {
  pthread_t threads[8];
  double answers[8];
  for (int index = 0; index < 8; index++) pthread_create(&threads[index], NULL, solve_often, &answers[index]);
  for (int index = 0; index < 8; index++) pthread_join(threads[index], NULL);
  for (int index = 0; index < 8; index++) CHECK(answers[index] > 0 && answers[index] == answers[0]);

  alea_session *shared = alea_open();
  CHECK(alea_run(shared, walk, NULL, NULL) == ALEA_OK);
  for (int index = 0; index < 4; index++) pthread_create(&threads[index], NULL, solve_shared, shared);
  usleep(20000);
  alea_close(shared);
  for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
}

int main(void) {
  misuse();
  values();
  cancelling();
  threads();
  printf(failures ? "%d failures\n" : "as the header says\n", failures);
  return failures ? 1 : 0;
}
