"""Russell and Norvig's 4x3 world, in exact fractions."""
from fractions import Fraction as F

import dp

MOVES = {"up": (0, 1), "right": (1, 0), "down": (0, -1), "left": (-1, 0)}
ORDER = ["up", "right", "down", "left"]
STATES = [(x, y) for y in (1, 2, 3) for x in (1, 2, 3, 4) if (x, y) != (2, 2)]
EXIT = {(4, 3): 1, (4, 2): -1}


def actions(s):
    return [] if s in EXIT else ORDER


def step(s, heading):
    k, successors, reward = ORDER.index(heading), {}, F(-4, 100)
    for turn, p in ((0, F(8, 10)), (1, F(1, 10)), (3, F(1, 10))):
        dx, dy = MOVES[ORDER[(k + turn) % 4]]
        t = (s[0] + dx, s[1] + dy)
        t = t if t in STATES else s
        dp.add(successors, t, p)
        reward += p * EXIT.get(t, 0)
    return reward, successors


# Moving against the hazard's side of the world ends surely: always "up" in the left columns, "right" in the top row.
start = {s: None if s in EXIT else ("right" if s[1] == 3 else "up") for s in STATES}
value, policy = dp.policy_iteration(STATES, actions, step, F(1), start)
for y in (3, 2, 1):
    print("  ".join("  wall " if (x, y) == (2, 2) else f"{float(value[x, y]):7.4f}" for x in (1, 2, 3, 4)),
          " ", [policy.get((x, y)) for x in (1, 2, 3, 4)])
for s in STATES:
    print(s, value[s], float(value[s]))
