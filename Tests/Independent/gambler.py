"""The gambler's problem at p = 0.4: the optimum by exact policy iteration, against the recursion of bold play."""
from fractions import Fraction as F

import dp

P = F(2, 5)


def bold(x):
    """P(reaching 1 from x when staking min(x, 1 - x)) for dyadic x (Dubins and Savage 1965)."""
    if x in (0, 1):
        return F(x)
    return P * bold(2 * x) if x <= F(1, 2) else P + (1 - P) * bold(2 * x - 1)


def actions(s):
    return [] if s in (0, 100) else list(range(1, min(s, 100 - s) + 1))


def step(s, stake):
    return (P if s + stake == 100 else F(0)), {s + stake: P, s - stake: 1 - P}


states = list(range(101))
start = {s: None if s in (0, 100) else min(s, 100 - s) for s in states}
value = dp.evaluate(states, start, step, F(1))
best = max(q - value[s] for s in states for q in dp.q_values(s, value, actions, step, F(1)).values())
print("largest improvement over bold play:", best, "(0: bold play is optimal)")
for s in (1, 10, 25, 50, 51, 75, 99):
    print(f"value[{s}] = {float(value[s]):.12f}", value[s] if len(str(value[s])) < 40 else "")
print("bold play at 1/4, 1/2, 3/4, 7/8:", *(bold(F(k, 8)) for k in (2, 4, 6, 7)))
