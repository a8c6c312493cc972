"""Howard's average-reward problems: the toymaker, the taxicab (exact), the automobile."""
from fractions import Fraction as F

import dp

# Howard (1960), table 3.1: probabilities and rewards of each transition.
TOYMAKER = {
    "successful": {"quiet": ([F(1, 2), F(1, 2)], [9, 3]), "busy": ([F(4, 5), F(1, 5)], [4, 4])},
    "unsuccessful": {"quiet": ([F(2, 5), F(3, 5)], [3, -7]), "busy": ([F(7, 10), F(3, 10)], [1, -19])},
}
# Howard (1960), table 4.1.
TAXICAB = {
    "A": {
        "cruise": ([F(1, 2), F(1, 4), F(1, 4)], [10, 4, 8]),
        "stand": ([F(1, 16), F(3, 4), F(3, 16)], [8, 2, 4]),
        "radio": ([F(1, 4), F(1, 8), F(5, 8)], [4, 6, 4]),
    },
    "B": {"cruise": ([F(1, 2), F(0), F(1, 2)], [14, 0, 18]), "stand": ([F(1, 16), F(7, 8), F(1, 16)], [8, 16, 8])},
    "C": {
        "cruise": ([F(1, 4), F(1, 4), F(1, 2)], [10, 2, 8]),
        "stand": ([F(1, 8), F(3, 4), F(1, 8)], [6, 4, 2]),
        "radio": ([F(3, 4), F(1, 16), F(3, 16)], [4, 0, 8]),
    },
}
for name, table in (("toymaker", TOYMAKER), ("taxicab", TAXICAB)):
    states = list(table)
    step = lambda s, a: (sum(p * r for p, r in zip(*table[s][a])), {t: p for t, p in zip(states, table[s][a][0]) if p})
    gain, value, policy = dp.average_policy_iteration(states, lambda s: list(table[s]), step)
    print(name, "gain", gain, float(gain), "relative values", {s: float(v) for s, v in value.items()}, policy)

# Howard (1960), table 5.1: price, trade-in value, operating cost of a quarter, survival probability, by age in quarters.
PRICE = [2000, 1840, 1680, 1560, 1300, 1220, 1150, 1080, 900, 840, 780, 730, 600, 560, 520, 480, 440, 420, 400, 380, 360,
         345, 330, 315, 300, 290, 280, 265, 250, 240, 230, 220, 210, 200, 190, 180, 170, 160, 150, 140, 130]
TRADE = [1600, 1460, 1340, 1230, 1050, 980, 910, 840, 710, 650, 600, 550, 480, 430, 390, 360, 330, 310, 290, 270, 255,
         240, 225, 210, 200, 190, 180, 170, 160, 150, 145, 140, 135, 130, 120, 115, 110, 105, 95, 87, 80]
RUNNING = [50, 53, 56, 59, 62, 65, 68, 71, 75, 78, 81, 84, 87, 90, 93, 96, 100, 103, 106, 109, 112, 115, 118, 121, 125,
           129, 133, 137, 141, 145, 150, 155, 160, 167, 175, 182, 190, 205, 220, 235, 250]
SURVIVAL = [1.0, .999, .998, .997, .996, .994, .991, .988, .985, .983, .98, .975, .97, .965, .96, .955, .95, .945, .94,
            .935, .93, .925, .919, .91, .9, .89, .88, .865, .85, .82, .79, .76, .73, .66, .59, .51, .43, .3, .2, .1, 0.0]


def actions(age):
    return ["keep"] + list(range(40))  # trade for a car of that age


def step(age, a):
    driven = age if a == "keep" else a
    reward = -RUNNING[driven] + (0 if a == "keep" else TRADE[age] - PRICE[a])
    successors = {}
    dp.add(successors, min(driven + 1, 40), SURVIVAL[driven])
    dp.add(successors, 40, 1 - SURVIVAL[driven])
    return reward, successors


states = list(range(1, 41))
gain, value, policy = dp.average_policy_iteration(states, actions, step)
print("automobile gain", gain)
print("  policy", policy)
print("  value[1] - value[40] =", value[1] - value[40])
