/*
 * alea.h: the Alea language in a C program.
 *
 *     alea_session *session = alea_open();
 *     alea_value *best = NULL;
 *     if (alea_run_file(session, "inventory.alea", NULL) != ALEA_OK ||
 *         alea_evaluate(session, "solve(Inventory(capacity: 30))", &best) != ALEA_OK) {
 *       fprintf(stderr, "%s\n", alea_errors(session));
 *     }
 *     alea_array value;
 *     alea_value_array(best, "value", &value);
 *     printf("%g\n", ((const double *)value.data)[0]);
 *     alea_free(best);
 *     alea_close(session);
 *
 * Link with -lalea-c.
 *
 * Handles. Sessions and values are named by handles that are never used again after they were closed or freed: a call with NULL, with
 * a closed handle or with a handle of the other kind does nothing and returns ALEA_MISUSE, NULL or zeros.
 *
 * Threads. Different sessions may be used at once. Calls on one session from several threads wait for each other; only alea_cancel
 * does not wait. Values may be read from any thread, also while their session works and after it was closed.
 *
 * Texts. All texts are UTF-8 and end with a NUL byte. A text that is not UTF-8 is refused with ALEA_MISUSE. Texts that functions
 * return belong to the library; each function says how long they last.
 */
#ifndef ALEA_H
#define ALEA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A place where programs run; what they define stays until it is closed. */
typedef struct alea_session alea_session;

/* A value of the language: a number, a solution, a table. It lives on its own, also after its session was closed. */
typedef struct alea_value alea_value;

/* What came of a call. */
typedef enum {
  ALEA_OK = 0,
  /* The program has errors; nothing of it ran. */
  ALEA_INVALID = 1,
  /* Something failed while the program ran. */
  ALEA_FAILED = 2,
  /* alea_cancel, or a progress function that returned 0, ended the work. */
  ALEA_CANCELLED = 3,
  /* The call itself is wrong: NULL, a closed handle, a text that is not UTF-8, an unknown name. */
  ALEA_MISUSE = 4
} alea_status;

/* What a value is. */
typedef enum {
  ALEA_NOTHING = 0,
  ALEA_BOOLEAN = 1,
  ALEA_INTEGER = 2,
  ALEA_REAL = 3,
  /* A string or a symbol. */
  ALEA_TEXT = 4,
  /* An array, set or range: elements by position. */
  ALEA_ARRAY = 5,
  /* Values by name. */
  ALEA_RECORD = 6,
  /* An answer, a table, a model, a policy: members by name. */
  ALEA_OBJECT = 7,
  /* Anything else: a type, a distribution. */
  ALEA_OTHER = 8
} alea_kind;

/* What the elements of an array are. */
typedef enum {
  /* double */
  ALEA_FLOAT64 = 1,
  /* int64_t */
  ALEA_INT64 = 2,
  /* int32_t */
  ALEA_INT32 = 3,
  /* uint8_t, 0 or 1 */
  ALEA_BOOL8 = 4
} alea_element;

/* Numbers in memory that belongs to a value: nothing is copied, and nothing may be written.
 * The memory lasts until alea_free of the value that it was asked of, also when its session is closed before. */
typedef struct {
  /* The first element; rows are contiguous (the last index runs fastest). Not NULL, also without elements. */
  const void *data;
  alea_element element;
  /* 1 or 2. */
  int32_t rank;
  /* The extent of each dimension; 1 past the rank. */
  int64_t shape[2];
  /* Where the elements are positions in a list of names (symbols, texts): the names, a JSON array of strings; -1 stands for none.
   * NULL for plain numbers. Lasts as long as the data. */
  const char *labels;
} alea_array;

/* The version of the library: "0.1.0". Lasts for ever. */
const char *alea_version(void);

/* ---- Sessions ---------------------------------------------------------------------------------------------------------------- */

/* Opens a session; never NULL. */
alea_session *alea_open(void);

/* Ends a session. Work that is under way in another thread is cancelled; values that were taken from the session stay. */
void alea_close(alea_session *session);

/* Sets a `param` of the programs that run after this, as text in the language: ("capacity", "50"). */
alea_status alea_set_parameter(alea_session *session, const char *name, const char *value);

/* Sets an option: "seed" (of simulations that name none), "threads" (0 takes all cores), "digits" and "width" of texts,
 * "memory" (the largest number of bytes a model may take). The value is a whole number as text. */
alea_status alea_set_option(alea_session *session, const char *name, const char *value);

/* Checks and runs a program text. What was defined by earlier calls can be used and defined again.
 * `name` stands for the text in messages; it may be NULL. `last` receives the value of the last question of the text, or NULL where
 * there is none; it may be NULL. */
alea_status alea_run(alea_session *session, const char *text, const char *name, alea_value **last);

/* The same for a file. */
alea_status alea_run_file(alea_session *session, const char *path, alea_value **last);

/* The value of one expression over what has been defined: "best.value[stock: 3]". `value` receives a handle to be freed, NULL where
 * the call fails. */
alea_status alea_evaluate(alea_session *session, const char *expression, alea_value **value);

/* The value of one expression as JSON; NULL where the call fails. Lasts until the next call on the session. */
const char *alea_evaluate_json(alea_session *session, const char *expression);

/* Stops the work that is under way in another thread, which then returns ALEA_CANCELLED; what was defined before stays. Does nothing
 * when there is none. Not for signal handlers. */
void alea_cancel(alea_session *session);

/* Called now and then during long work, from the thread that works. `fraction` lies between 0 and 1, or is negative where it is not
 * known. Returns 0 to end the work. The texts last for the call. Of the functions of its own session it may call
 * alea_cancel only; others return ALEA_MISUSE. */
typedef int (*alea_progress)(const char *phase, const char *detail, double fraction, void *context);

/* Sets the progress function; NULL takes it away. */
alea_status alea_set_progress(alea_session *session, alea_progress progress, void *context);

/* What was wrong with the last call, as a JSON array: [{"severity": "error", "message": "...", "file": "...", "line": 3, "column": 7,
 * "endLine": 3, "endColumn": 9, "label": "...", "notes": ["..."]}]; "[]" after success. Lasts until the next call on the session. */
const char *alea_errors(alea_session *session);

/* The same as people read it, with the places underlined; "" after success. Lasts until the next call on the session. */
const char *alea_error_text(alea_session *session);

/* Warnings of the last call, as a JSON array like alea_errors. Lasts until the next call on the session. */
const char *alea_warnings(alea_session *session);

/* What the program of the last call printed. Lasts until the next call on the session. */
const char *alea_output(alea_session *session);

/* The `expect`s checked by the last call, as JSON: {"passed": 3, "failed": [...]}, with failures like alea_errors. Lasts until the next
 * call on the session. */
const char *alea_expectations(alea_session *session);

/* ---- Values ------------------------------------------------------------------------------------------------------------------ */

alea_kind alea_value_kind(alea_value *value);

/* What the value is, in words: "a solution", "an integer". Lasts until alea_free. */
const char *alea_value_type(alea_value *value);

/* A number or a Boolean (0 or 1); ALEA_MISUSE for anything else. */
alea_status alea_value_number(alea_value *value, double *number);

/* The value in full as JSON. Lasts until alea_free. */
const char *alea_value_json(alea_value *value);

/* The value as `print` shows it. Lasts until alea_free. */
const char *alea_value_text(alea_value *value);

/* The names after a dot, or of a record, as JSON: [{"name": "bound", "summary": "..."}]. Lasts until alea_free. */
const char *alea_value_members(alea_value *value);

/* What stands after a dot: alea_value_member(best, "bound", &bound). Freed on its own. */
alea_status alea_value_member(alea_value *value, const char *name, alea_value **member);

/* The number of elements of an array; 0 for anything else. */
int64_t alea_value_count(alea_value *value);

/* An element of an array, by position from 0. Freed on its own. */
alea_status alea_value_element(alea_value *value, int64_t position, alea_value **element);

/* The names that alea_value_array knows, as a JSON array of strings. Lasts until alea_free.
 *
 *   a solution or evaluation   value, lower, upper, gain, occupancy, channels.NAME: one number a state, or steps times states;
 *                              state.NAME and action.NAME: the state variables and the actions taken, in the same order;
 *                              choice: the chosen choice, -1 where there is none
 *   a function of the state    "" for its numbers, state.NAME
 *   a policy                   choice, action.NAME, state.NAME
 *   a table, a column          the names of the columns; "" for the column itself
 *   a race                     checkpoints, regret and reward (policies times checkpoints), pulls (policies times actions)
 *   an array                   "" where it holds numbers, or rows of numbers of equal length
 */
const char *alea_value_arrays(alea_value *value);

/* An array of a value. Numbers that the answer keeps are not copied; state.NAME and action.NAME are unpacked when they are first asked
 * for. ALEA_MISUSE, with zeros, where there is no such array. */
alea_status alea_value_array(alea_value *value, const char *name, alea_array *array);

/* Gives a value back, with all that was taken from it. */
void alea_free(alea_value *value);

#ifdef __cplusplus
}
#endif

#endif
