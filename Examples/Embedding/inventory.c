/*
 * Alea in a C program: the inventory of ../inventory.alea with the prices of the command line.
 *
 *     cc inventory.c -I../../Sources/CAlea -L../../.build/release -lalea-c -Wl,-rpath,../../.build/release -o inventory
 *     ./inventory ../inventory.alea 30 9.5 2
 *
 * prints, for every stock in the evening, what the shop is worth and how much it should order.
 */
#include <alea.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(alea_session *session) {
  fprintf(stderr, "%s\n", alea_error_text(session));
  alea_close(session);
  return 1;
}

int main(int count, char **arguments) {
  if (count != 5) {
    fprintf(stderr, "usage: inventory FILE CAPACITY PRICE SETUP\n");
    return 2;
  }
  alea_session *session = alea_open();
  if (alea_run_file(session, arguments[1], NULL) != ALEA_OK) return fail(session);

  char question[200];
  snprintf(question, sizeof question, "solve(Inventory(capacity: %s, price: %s, setup: %s))", arguments[2], arguments[3],
           arguments[4]);
  alea_value *best;
  if (alea_evaluate(session, question, &best) != ALEA_OK) return fail(session);

  /* The arrays are the answer's own memory: they last until alea_free(best). */
  alea_array stock, value, order;
  if (alea_value_array(best, "state.stock", &stock) != ALEA_OK || alea_value_array(best, "value", &value) != ALEA_OK ||
      alea_value_array(best, "action.order", &order) != ALEA_OK)
    return fail(session);
  for (int64_t row = 0; row < value.shape[0]; row++) {
    printf("%lld %.10f %lld\n", (long long)((const int64_t *)stock.data)[row], ((const double *)value.data)[row],
           (long long)((const int64_t *)order.data)[row]);
  }
  alea_free(best);
  alea_close(session);
  return 0;
}
