"""Estimators of effects in plain numpy: within strata, along a line, doubly robust with given folds, and with clustered errors.

With `data` as an argument it writes the table that all of them read (effects.csv); without, it prints their answers.
"""
import csv
import sys
from pathlib import Path

import numpy as np

FILE = Path(__file__).resolve().parents[1] / "AleaTests" / "Data" / "effects.csv"


def write():
    rng = np.random.default_rng(20)
    n = 400
    town = rng.integers(0, 25, n)
    pull = rng.normal(size=25)[town]
    region = rng.integers(0, 3, n)
    age = rng.normal(size=n).round(3)
    hidden = rng.normal(size=n)
    lottery = rng.integers(0, 2, n)
    score = -0.3 + 0.8 * age + 0.4 * region + 0.9 * lottery + 0.7 * pull + 0.6 * hidden
    drug = (score + rng.logistic(size=n) > 0).astype(int)
    gain = 1 + 0.5 * region - 0.7 * age
    health = (gain * drug + 1.5 * age + region + 0.8 * pull + hidden + rng.normal(size=n)).round(4)
    with FILE.open("w") as out:
        out.write("region,age,lottery,drug,health,town,fold\n")
        for i in range(n):
            name = ["north", "south", "west"][region[i]]
            out.write(f"{name},{age[i]},{lottery[i]},{drug[i]},{health[i]},{town[i]},{i % 5}\n")


def read():
    with FILE.open() as rows:
        table = list(csv.DictReader(rows))
    return {k: np.array([r[k] if k == "region" else float(r[k]) for r in table]) for k in table[0]}


def ols(y, X, kind, clusters=None):
    """Coefficients and standard errors: HC1, or clustered with G / (G - 1) (n - 1) / (n - k)."""
    return iv(y, X, X, kind, clusters)


def iv(y, X, Z, kind, clusters=None, small=True):
    n, k = X.shape
    P = Z @ np.linalg.solve(Z.T @ Z, Z.T @ X)
    bread = np.linalg.inv(P.T @ P)
    b = bread @ (P.T @ y)
    e = y - X @ b
    if kind == "robust":
        meat, factor = (P * e[:, None]).T @ (P * e[:, None]), n / (n - k)
    else:
        sums = np.array([(P * e[:, None])[clusters == g].sum(axis=0) for g in np.unique(clusters)])
        groups = len(sums)
        meat, factor = sums.T @ sums, groups / (groups - 1) * (n - 1) / (n - k)
    V = bread @ meat @ bread * (factor if small else 1)
    return b, np.sqrt(np.diag(V)), V


def logistic(X, d):
    b = np.zeros(X.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-X @ b))
        b = b + np.linalg.solve(X.T @ (X * (p * (1 - p))[:, None]), X.T @ (d - p))
    return b


def doubly_robust(y, d, X, folds):
    scores = np.zeros(len(y))
    for f in np.unique(folds):
        fit, held = folds != f, folds == f
        p = 1 / (1 + np.exp(-X[held] @ logistic(X[fit], d[fit])))
        m = []
        for arm in (0, 1):
            rows = fit & (d == arm)
            m.append(X[held] @ np.linalg.lstsq(X[rows], y[rows], rcond=None)[0])
        dh, yh = d[held], y[held]
        scores[held] = m[1] - m[0] + dh * (yh - m[1]) / p - (1 - dh) * (yh - m[0]) / (1 - p)
    return scores.mean(), np.sqrt(((scores - scores.mean()) ** 2).mean() / len(y))


def show(name, *numbers):
    print(name, *("%.14g" % v for v in numbers))


if __name__ == "__main__":
    if sys.argv[1:] == ["data"]:
        write()
        sys.exit()
    t = read()
    y, d, age, z = t["health"], t["drug"], t["age"], t["lottery"]
    one = np.ones(len(y))
    south, west = (t["region"] == "south") * 1.0, (t["region"] == "west") * 1.0
    values, errors = [], []
    for region in ["north", "south", "west"]:
        r = t["region"] == region
        b, se, _ = ols(y[r], np.column_stack([one, age, d])[r], "robust")
        values.append(b[2])
        errors.append(se[2])
        show("stratum " + region, b[2], se[2], r.sum())
        show("  doubly robust", *doubly_robust(y[r], d[r], np.column_stack([one, age])[r], t["fold"][r]))
    w = 1 / np.square(errors)
    mean = (w * values).sum() / w.sum()
    show("Cochran Q", (w * np.square(np.array(values) - mean)).sum())
    X = np.column_stack([one, age, south, west, d * age, d])
    b, se, V = ols(y, X, "robust")
    g = np.array([0, 0, 0, 0, 0.5, 1])
    show("line", b[5], b[4], se[5], se[4])
    show("at 0.5", g @ b, np.sqrt(g @ V @ g))
    show("Wald", b[4] ** 2 / V[4, 4])
    X = np.column_stack([one, age, south, west])
    show("doubly robust", *doubly_robust(y, d, X, t["fold"]))
    X = np.column_stack([one, age, south, west, d])
    for small in (True, False):
        b, se, _ = iv(y, X, X, "clustered", t["town"], small)
        show("least squares, clustered", b[4], se[4], se[0])
        b, se, _ = iv(y, X, np.column_stack([one, age, south, west, z]), "clustered", t["town"], small)
        show("two stages, clustered", b[4], se[4], se[0])
