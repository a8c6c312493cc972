"""Off-policy estimates of Examples/five_wards.alea from its log, and the exact values of its model, in plain numpy."""
from pathlib import Path

import numpy as np

DISCOUNT, HORIZON, STATES, ACTIONS = 0.95, 10, 5, 3
START = np.array([0.54, 0.09, 0.06, 0.27, 0.04])
MOVES = np.array([
    [[.48, .12, .02, .35, .03], [0, .83, .12, .02, .03], [.02, .27, .07, .41, .23]],
    [[.10, .56, .06, .06, .22], [.30, .18, .24, .17, .11], [.49, 0, .23, 0, .28]],
    [[.03, .13, .26, .16, .42], [.10, .19, .31, .20, .20], [.31, 0, .07, .03, .59]],
    [[.35, .16, .16, .30, .03], [.50, .30, .05, .01, .14], [.14, .02, .02, .80, .02]],
    [[0, .05, .03, .60, .32], [.71, .12, .01, .05, .11], [.49, 0, .29, .19, .03]]])
REWARDS = np.array([[.12, .83, .18], [.07, .67, .52], [.18, .04, .28], [.87, .37, .77], [.99, .81, .99]])
LOGGING = np.array([[.31, .20, .49], [.31, .14, .55], [.14, .59, .27], [.20, .49, .31], [.32, .43, .25]])
TARGET = np.array([[.17, .56, .27], [.16, .38, .46], [.17, .32, .51], [.35, .26, .39], [.52, .26, .22]])

value = np.zeros(STATES)
for _ in range(HORIZON):
    value = (TARGET * (REWARDS + DISCOUNT * MOVES @ value)).sum(1)
print("exact", START @ value)

path = Path(__file__).parents[2] / "Examples" / "data" / "five_wards.csv"
rows = np.genfromtxt(path, delimiter=",", skip_header=1)
n = len(rows) // HORIZON
s, a, r, after = (rows[:, k].reshape(n, HORIZON) for k in (2, 3, 4, 5))
s, a, after = s.astype(int), a.astype(int), after.astype(int)
weight = np.cumprod(TARGET[s, a] / LOGGING[s, a], axis=1)
power = DISCOUNT ** np.arange(HORIZON)
print("episodes", n, "effective sizes", (weight.sum(0) ** 2 / (weight ** 2).sum(0))[[0, -1]])

trajectory = weight[:, -1] * (r * power).sum(1)
print("InversePropensity", trajectory.mean(), trajectory.std(ddof=1) / n ** 0.5)
mean = weight.mean(0)
ratio = (weight * r).mean(0) / mean
influence = (power * weight * (r - ratio) / mean).sum(1)
print("PerDecision", (power * ratio).sum(), (influence ** 2).mean() ** 0.5 / n ** 0.5)

count = np.zeros((STATES, ACTIONS))
earned = np.zeros((STATES, ACTIONS))
moves = np.zeros((STATES, ACTIONS, STATES))
np.add.at(count, (s, a), 1)
np.add.at(earned, (s, a), r)
np.add.at(moves, (s, a, after), 1)
earned /= count
moves /= count[:, :, None]
v, tables, values = np.zeros(STATES), [], [np.zeros(STATES)]
for _ in range(HORIZON):
    q = earned + DISCOUNT * moves @ v
    v = (TARGET * q).sum(1)
    tables.append(q)
    values.append(v)
print("FittedQ", v[s[:, 0]].mean())
differences = np.empty((n, HORIZON))
for t in range(HORIZON):
    to_go = HORIZON - t
    differences[:, t] = r[:, t] + DISCOUNT * values[to_go - 1][after[:, t]] - tables[to_go - 1][s[:, t], a[:, t]]
robust = v[s[:, 0]] + (power * weight * differences).sum(1)
print("DoublyRobust", robust.mean(), robust.std(ddof=1) / n ** 0.5)
print("weighted DoublyRobust", v[s[:, 0]].mean() + (power * (weight * differences).mean(0) / mean).sum())

law, total = np.bincount(s[:, 0], minlength=STATES) / n, 0.0
for t in range(HORIZON):
    ratios = (TARGET / LOGGING)[s[:, t], a[:, t]]
    visits = np.bincount(s[:, t], minlength=STATES)
    total += power[t] * law @ (np.bincount(s[:, t], weights=ratios * r[:, t], minlength=STATES) / visits)
    step = np.zeros((STATES, STATES))
    np.add.at(step, (s[:, t], after[:, t]), ratios)
    law = law @ (step / visits[:, None])
    law /= law.sum()
print("MarginalizedImportanceSampling", total)
