"""Naor's queue: which arrivals to admit? By the stationary law of each threshold, and by exact policy iteration."""
from fractions import Fraction as F

import dp

ARRIVAL, SERVICE, REWARD, HOLDING, ROOM = F(4, 10), F(5, 10), F(20), F(1), 30


def gain_of_threshold(n):
    """Admit while fewer than n are present: birth and death with ratio rho, so p_k is proportional to rho^k."""
    rho = ARRIVAL / SERVICE
    weights = [rho**k for k in range(n + 1)]
    p = [w / sum(weights) for w in weights]
    return ARRIVAL * REWARD * (1 - p[n]) - HOLDING * sum(k * q for k, q in enumerate(p))


def naor_threshold():
    """The largest n with [n(1 - rho) - rho(1 - rho^n)] / (1 - rho)^2 <= reward * service / holding (Naor 1969)."""
    rho, n = ARRIVAL / SERVICE, 0
    while ((n + 1) * (1 - rho) - rho * (1 - rho ** (n + 1))) / (1 - rho) ** 2 <= REWARD * SERVICE / HOLDING:
        n += 1
    return n


best = max(range(1, ROOM + 1), key=gain_of_threshold)
print("best threshold", best, "Naor's formula", naor_threshold(), "selfish customers", REWARD * SERVICE // HOLDING)
print("gain", gain_of_threshold(best), float(gain_of_threshold(best)))
print("gain with the selfish threshold", float(gain_of_threshold(REWARD * SERVICE // HOLDING)))


def actions(n):
    return ["admit", "turnAway"] if n < ROOM else ["turnAway"]


def step(n, a):
    successors, reward = {}, -HOLDING * n
    if a == "admit":
        reward += ARRIVAL * REWARD
    dp.add(successors, n + 1 if a == "admit" else n, ARRIVAL)
    dp.add(successors, max(n - 1, 0), SERVICE)
    dp.add(successors, n, 1 - ARRIVAL - SERVICE)
    return reward, successors


states = list(range(ROOM + 1))
gain, value, policy = dp.average_policy_iteration(states, actions, step)
print("by policy iteration:", gain, float(gain), [n for n in states if policy[n] == "admit"])
