"""The shared coin of Aspnes and Herlihy for two processes: sizes and, in fractions, the four answers."""
import sys
from fractions import Fraction as F

import dp

FLIP, WRITE, CHECK, FINISHED = range(4)
HALF = F(1, 2)


def model(n, k):
    top = 2 * (k + 1) * n

    def actions(s):
        return [i for i in range(n) if s[1][i][0] != FINISHED]

    def step(s, i):
        counter, processes = s
        place, coin = processes[i]
        put = lambda c, p: (c, processes[:i] + (p,) + processes[i + 1:])
        if place == FLIP:
            return F(1), {put(counter, (WRITE, 0)): HALF, put(counter, (WRITE, 1)): HALF}
        if place == WRITE:
            return F(1), {put(counter + (1 if coin else -1), (CHECK, 0)): F(1)}
        if counter <= n:
            return F(1), {put(counter, (FINISHED, 0)): F(1)}
        if counter >= top - n:
            return F(1), {put(counter, (FINISHED, 1)): F(1)}
        return F(1), {put(counter, (FLIP, 0)): F(1)}

    return ((k + 1) * n, ((FLIP, 0),) * n), actions, step


for k in (2, 4):
    start, actions, step = model(2, k)
    states = dp.reachable([start], actions, step)
    choices = sum(len(actions(s)) for s in states)
    print(f"K = {k}: {len(states)} states, {choices} choices where not finished")
    outcome = lambda s: tuple(coin for _, coin in s[1]) if not actions(s) else None
    # Any scheduler finishes surely, so policy iteration may start anywhere; floats here, fractions are in the published answers.
    for name, sign, goal in (("least P(all heads)", -1, lambda s: outcome(s) == (1, 1)),
                             ("greatest P(disagree)", 1, lambda s: outcome(s) in ((0, 1), (1, 0)))):
        def reach(s, a):
            successors = {t: float(p) for t, p in step(s, a)[1].items()}
            return sign * sum(p for t, p in successors.items() if goal(t)), successors
        print(" ", name, sign * dp.policy_iteration(states, actions, reach, 1.0)[0][start])
    for name, sign in (("most steps", 1), ("fewest steps", -1)):
        count = lambda s, a: (float(sign), {t: float(p) for t, p in step(s, a)[1].items()})
        print(" ", name, sign * dp.policy_iteration(states, actions, count, 1.0)[0][start])
