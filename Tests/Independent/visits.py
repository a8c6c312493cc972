"""Nonlinear two-stage least squares by scipy: counts and shares with an endogenous regressor.

`visits.py write` makes Examples/data/visits.csv, a simulation: health h is hidden and moves insurance and visits; the offer of an
employer moves insurance alone. Visits are Poisson with mean exp(0.2 + 0.5 insurance + 0.3 age) times an error of mean one that depends
on h. Without an argument it solves E[visits exp(-(a + b insurance + c age)) - 1 | offer, age] = 0 (Mullahy 1997) and, for the share of
the year insured, E[share - logistic(a + b offer + c age) | offer, age] = 0, with robust standard errors.
"""
import os
import sys
import numpy as np
from scipy.optimize import root
from scipy.special import expit

PATH = os.path.join(os.path.dirname(__file__), "../../Examples/data/visits.csv")

if sys.argv[1:] == ["write"]:
    rng = np.random.default_rng(20)
    n = 600
    h, offer, age = rng.normal(size=n), rng.integers(0, 2, n), rng.normal(size=n)
    insurance = np.round(0.8 * offer + 0.5 * h + 0.3 * rng.normal(size=n), 4)
    age = np.round(age, 4)
    visits = rng.poisson(np.exp(0.2 + 0.5 * insurance + 0.3 * age + 0.6 * h - 0.18))
    share = np.round(rng.beta(4 * expit(-0.4 + 1.2 * offer + 0.5 * age), 4 * expit(0.4 - 1.2 * offer - 0.5 * age)), 4)
    with open(PATH, "w") as file:
        file.write("visits,insurance,offer,age,share\n")
        for row in zip(visits, insurance, offer, age, share):
            file.write(",".join(str(cell) for cell in row) + "\n")
    sys.exit()

table = np.genfromtxt(PATH, delimiter=",", names=True)
y, d, z, x, s = (table[c] for c in ("visits", "insurance", "offer", "age", "share"))
one = np.ones(len(y))
w, v = np.column_stack([one, d, x]), np.column_stack([one, z, x])


def solve(residual, derivative, start):
    """The root of v'residual; the covariance J^-1 S J^-T with J = v'derivative, S the sum of outer products of v residual."""
    t = root(lambda t: v.T @ residual(t), start, tol=1e-13).x
    j = v.T @ derivative(t)
    scores = v * residual(t)[:, None]
    inverse = np.linalg.inv(j)
    return t, np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse.T))


t, e = solve(lambda t: y * np.exp(-w @ t) - 1, lambda t: -w * (y * np.exp(-w @ t))[:, None], np.zeros(3))
print("counts", [repr(float(c)) for c in t], "errors", [repr(float(c)) for c in e])
p = lambda t: expit(v @ t)
t, e = solve(lambda t: s - p(t), lambda t: -v * (p(t) * (1 - p(t)))[:, None], np.zeros(3))
print("shares", [repr(float(c)) for c in t], "errors", [repr(float(c)) for c in e])
t, e = solve(lambda t: y - np.exp(w @ t), lambda t: -w * np.exp(w @ t)[:, None], np.array([0.2, 0.5, 0.3]))
print("additive", [repr(float(c)) for c in t], "errors", [repr(float(c)) for c in e])
