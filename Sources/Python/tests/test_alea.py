"""The package against NumPy: the inventory of Examples/inventory.alea with other prices, by policy iteration on dense matrices."""

import doctest
import gc
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import numpy as np

import alea

ROOT = pathlib.Path(__file__).resolve().parents[3]
INVENTORY = ROOT / "Examples" / "inventory.alea"

WALK = """
mdp Walk(n: Int = 200) {
  state x: 0..n = 0
  action go: {left, right}
  win ~ Bernoulli(0.6)
  x' = if go == left then max(0, x - 1) else if win then min(n, x + 1) else x
  reward if x == n then 1 else 0
  discount 0.99999999
}
"""

# Without anybody who stops it this takes hours.
ENDLESS = "solve(Walk, by: ValueIteration(tolerance: 1e-9))"


def inventory(capacity=20, price=8.0, cost=2.0, holding=1.0, setup=4.0, mean=6.0, discount=0.95):
    """Optimal values and orders from the words of the problem."""
    poisson = np.array([math.exp(-mean) * mean**d / math.factorial(d) for d in range(capacity + 1)])
    policy = np.zeros(capacity + 1, dtype=int)

    def choice(stock, order):
        level = stock + order
        row = np.zeros(capacity + 1)
        row[1 : level + 1] = poisson[:level][::-1]
        row[0] = 1 - poisson[:level].sum()
        sold = sum(d * poisson[d] for d in range(level)) + level * row[0]
        return price * sold - holding * level - (setup + cost * order if order else 0), row

    table = {(s, a): choice(s, a) for s in range(capacity + 1) for a in range(capacity + 1 - s)}
    while True:
        rewards = np.array([table[s, policy[s]][0] for s in range(capacity + 1)])
        rows = np.array([table[s, policy[s]][1] for s in range(capacity + 1)])
        value = np.linalg.solve(np.eye(capacity + 1) - discount * rows, rewards)
        better = policy.copy()
        for s in range(capacity + 1):
            worth = [table[s, a][0] + discount * table[s, a][1] @ value for a in range(capacity + 1 - s)]
            if max(worth) > worth[policy[s]] + 1e-9:
                better[s] = int(np.argmax(worth))
        if (better == policy).all():
            return value, policy
        policy = better


class InventoryTest(unittest.TestCase):
    def test_changed_parameters_agree_with_numpy(self):
        session = alea.Session(output=None)
        session.run_file(INVENTORY)
        for capacity, price, setup in [(20, 8, 4), (30, 9.5, 2), (12, 6, 0)]:
            best = session.evaluate(f"solve(Inventory(capacity: {capacity}, price: {price}, setup: {setup}))")
            value, policy = inventory(capacity=capacity, price=price, setup=setup)
            order = np.argsort(best.value["stock"])
            np.testing.assert_allclose(np.asarray(best.value)[order], value, rtol=0, atol=best.bound + 1e-9)
            np.testing.assert_array_equal(np.asarray(best.policy)[order], policy)
            self.assertLess(best.bound, 1e-6)

    def test_arrays_know_their_states(self):
        session = alea.Session(output=None)
        session.run_file(INVENTORY)
        best = session["best"]
        self.assertEqual(best.policy.at(stock=0), 9)
        self.assertEqual(best.value.names, ("stock",))
        self.assertEqual(best.states.dtype.names, ("stock",))
        table = best.table()
        self.assertEqual(table.dtype.names, ("stock", "value", "order"))
        row = table[table["stock"] == 3][0]
        self.assertEqual(row["value"], best.value.at(stock=3))
        self.assertEqual(row["order"], 6)
        self.assertAlmostEqual(float(best.channels.sales.at(stock=0)), 921.7725450780, places=5)
        self.assertIn("stock=0: 441.919", repr(best.value))
        self.assertIn("441.919", repr(best))
        with self.assertRaisesRegex(KeyError, "no state"):
            best.value.at(stock=99)
        with self.assertRaisesRegex(KeyError, "missing: stock"):
            best.value.at()
        with self.assertRaisesRegex(AttributeError, "bound"):
            best.bnd
        self.assertIn("bound", dir(best))
        self.assertAlmostEqual(float(best.value.max()), 475.7156345391, places=5)
        self.assertEqual((best.value + 1).shape, best.value.shape)
        self.assertNotIsInstance(best.value.sum(), str)

    def test_nothing_is_copied_and_memory_outlives_the_session(self):
        session = alea.Session(output=None)
        session.run_file(INVENTORY)
        best = session["best"]
        first, second = best.array("value"), best.array("value")
        self.assertEqual(first.__array_interface__["data"], second.__array_interface__["data"])
        self.assertFalse(first.flags.writeable)
        kept = first.copy()
        session.close()
        del best, second, session
        gc.collect()
        # Memory that was given back would be written over by this.
        _ = [np.random.default_rng(0).random(21) for _ in range(1000)]
        np.testing.assert_array_equal(first, kept)

    def test_steps_and_several_variables(self):
        session = alea.Session(output=None)
        best = session.run(
            """
            mdp Two {
              state a: 0..2 = 0
              state up: Bool = true
              action move: {stay, go}
              action gear: 1..2
              a' = if move == go then min(2, a + gear) else a
              up' = not up
              reward a
              horizon 3
            }
            solve(Two)
            """
        )
        self.assertEqual(best.value.shape[0], 3)
        self.assertEqual(best.policy.dtype.names, ("move", "gear"))
        # From a = 0: two units at once, then 2 + 2.
        self.assertEqual(best.value.at(a=0, up=True), 4)
        entry = best.policy.at(a=0, up=True)
        self.assertEqual((entry["move"], entry["gear"]), ("go", 2))


class SessionTest(unittest.TestCase):
    def test_values(self):
        session = alea.Session(output=None)
        self.assertEqual(session.evaluate("6 * 7"), 42)
        self.assertIsInstance(session.evaluate("6 * 7"), int)
        self.assertEqual(session.evaluate("1 / 4"), 0.25)
        self.assertIs(session.evaluate("1 < 2"), True)
        self.assertEqual(session.evaluate('"ö\\n"'), "ö\n")
        np.testing.assert_array_equal(session.evaluate("[i in 0..3: i ^ 2]"), [0, 1, 4, 9])
        self.assertEqual(session.evaluate("[[1, 2], [3, 4]]").shape, (2, 2))
        record = session.evaluate("(a: 1, b: [1, 2])")
        self.assertEqual(record.a, 1)
        self.assertIsNone(session.run("let x = 3"))
        self.assertEqual(session["x"], 3)
        self.assertEqual(session.evaluate("[]"), [])

    def test_definitions_stay_and_printing_is_heard(self):
        heard = []
        session = alea.Session(output=heard.append, parameters={"k": 5})
        session.run("param k: Int = 1\nfn twice(n: Int): Int = 2 * n")
        session.run("print(twice(k))\nexpect(k == 5)\nexpect(k == 6)")
        self.assertEqual("".join(heard), "10\n")
        self.assertEqual(session.expectations["passed"], 1)
        self.assertEqual(session.expectations["failed"][0]["line"], 3)

    def test_errors_carry_their_diagnostics(self):
        session = alea.Session(output=None)
        with self.assertRaises(alea.AleaError) as caught:
            session.run("let total = 3\nlet y = totl + 1\n", name="mine.alea")
        (message,) = caught.exception.diagnostics
        self.assertEqual((message["file"], message["line"], message["column"]), ("mine.alea", 2, 9))
        self.assertIn("totl", message["message"])
        self.assertIn("^^^^", str(caught.exception))
        with self.assertRaises(alea.AleaError):
            session.run_file("/no/such/file.alea")
        with self.assertRaises(TypeError):
            session.run(3)
        with self.assertRaises(ValueError):
            session.run("let a = 1\0")
        with self.assertRaisesRegex(alea.AleaError, "the options are"):
            session.set_option("sede", 1)
        session.close()
        with self.assertRaisesRegex(alea.AleaError, "no open session"):
            session.run("1")

    def test_same_seed_same_answer(self):
        program = "import std.policies\nbandit B {\n action a: 0..1\n reward ~ Bernoulli(if a == 0 then 0.4 else 0.6)\n horizon 500\n}\n"
        question = "simulate(B, [UCB1(), Thompson()], replications: 200)"
        races = []
        for threads in (1, 2):
            session = alea.Session(output=None, seed=7, threads=threads)
            races.append(session.run(program + question))
        np.testing.assert_array_equal(races[0].array("regret"), races[1].array("regret"))
        self.assertEqual(races[0].array("regret").shape, (2, len(races[0].array("checkpoints"))))

    def test_tables(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "small.csv"
            path.write_text("who,age,wage\nann,30,1.5\nbob,,2.5\n")
            session = alea.Session(output=None)
            table = session.evaluate(f'read("{path}")')
        self.assertEqual(list(table.who), ["ann", "bob"])
        self.assertTrue(np.isnan(table.age[1]))
        self.assertEqual(table.table()["wage"].sum(), 4.0)


class CancellingTest(unittest.TestCase):
    def test_from_another_thread(self):
        session = alea.Session(output=None)
        session.run(WALK)
        threading.Timer(0.3, session.cancel).start()
        with self.assertRaises(alea.AleaCancelled):
            session.run(ENDLESS)
        self.assertEqual(session.evaluate("size(Walk)").states, 201)

    def test_by_the_progress_function(self):
        heard = []

        def progress(phase, detail, fraction):
            heard.append(phase)
            return len(heard) < 3

        session = alea.Session(output=None, progress=progress)
        session.run(WALK)
        with self.assertRaises(alea.AleaCancelled):
            session.run(ENDLESS)
        self.assertGreaterEqual(len(heard), 3)

    def test_keyboard_interrupt(self):
        program = f"""
import signal
import alea
# Whoever started the tests may have told their processes to block or ignore Control-C.
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
signal.signal(signal.SIGINT, signal.default_int_handler)
session = alea.Session(output=None)
session.run('''{WALK}''')
print("ready", flush=True)
try:
    session.run("{ENDLESS}")
except KeyboardInterrupt:
    print("interrupted", session.evaluate("size(Walk).states"))
"""
        environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(alea.__file__).resolve().parents[1])}
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
        self.assertEqual(child.stdout.readline(), "ready\n")
        time.sleep(0.5)
        try:
            child.send_signal(signal.SIGINT)
            output, _ = child.communicate(timeout=20)
        finally:
            child.kill()
        self.assertEqual(output, "interrupted 201\n")

    def test_sessions_on_threads(self):
        answers = []

        def work():
            session = alea.Session(output=None)
            session.run(WALK)
            answers.append(session.evaluate("solve(Walk(n: 30)).start"))

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 6)
        self.assertEqual(len(set(answers)), 1)


def load_tests(loader, tests, pattern):
    tests.addTests(doctest.DocTestSuite(alea))
    return tests


if __name__ == "__main__":
    unittest.main()
