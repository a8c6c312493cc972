"""SysAdmin on a ring of four machines, 40 steps: backward induction over the 16 states."""
from itertools import product

import dp

N = 4


def actions(s):
    return ["none"] + list(range(N))


def step(s, reboot, price=0.75):
    successors = {}
    up = []
    for m in range(N):
        around = s[m - 1] + s[(m + 1) % N]
        up.append(1.0 if reboot == m else 0.45 + 0.5 * (1 + around) / 3 if s[m] else 0.05)
    for t in product((False, True), repeat=N):
        p = 1.0
        for m in range(N):
            p *= up[m] if t[m] else 1 - up[m]
        if p > 0:
            successors[t] = p
    return sum(s) - (0 if reboot == "none" else price), successors


states = list(product((False, True), repeat=N))
value = dp.backward_induction(states, actions, step, 40)
print("all up", value[(True,) * N], "all down", value[(False,) * N], "one down", value[(False, True, True, True)])
idle = dp.backward_induction(states, lambda s: ["none"], step, 40)
print("never rebooting: all up", idle[(True,) * N])
one = dp.backward_induction(states, actions, step, 39)
for s in states:
    q = dp.q_values(s, one, actions, step, 1)
    top = max(q.values())
    print(s, [a for a in q if q[a] > top - 1e-9], round(top, 6))
