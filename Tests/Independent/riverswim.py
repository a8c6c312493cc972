"""RiverSwim with six states: gain and bias span by exact policy iteration."""
from fractions import Fraction as F

import dp

LAST = 5


def step(s, a):
    if a == "left":
        return (F(5, 1000) if s == 0 else F(0)), {max(s - 1, 0): F(1)}
    if s == 0:
        return F(0), {1: F(6, 10), 0: F(4, 10)}
    if s == LAST:
        return F(1), {s: F(6, 10), s - 1: F(4, 10)}
    return F(0), {s + 1: F(35, 100), s: F(6, 10), s - 1: F(5, 100)}


states = list(range(LAST + 1))
gain, value, policy = dp.average_policy_iteration(states, lambda s: ["left", "right"], step)
span = max(value.values()) - min(value.values())
print("gain", gain, float(gain), "span", span, float(span), policy)
