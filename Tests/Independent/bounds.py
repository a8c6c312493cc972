"""Sharp bounds on effects from instruments, by scipy's linear programming on the types of units (Balke and Pearl 1997).

A unit's type says what cause it takes under each value of the instrument and what outcome it has under each value of the cause. The
bounds are the least and the greatest mean effect over mixtures of types that give the observed shares.
"""
import itertools

import numpy as np
from scipy.optimize import linprog


def bounds(p, to=1, start=0, values=None):
    """p[z][d][y] = P(d, y | z)."""
    p = np.asarray(p, float)
    zs, ds, ys = p.shape
    values = range(ys) if values is None else values
    types = list(itertools.product(itertools.product(range(ds), repeat=zs), itertools.product(range(ys), repeat=ds)))
    c = [values[y[to]] - values[y[start]] for _, y in types]
    rows, right = [], []
    for z in range(zs):
        for d in range(ds):
            for y in range(ys):
                rows.append([1.0 if t[0][z] == d and t[1][d] == y else 0.0 for t in types])
                right.append(p[z, d, y])
    low = linprog(c, A_eq=rows, b_eq=right, bounds=(0, None), method="highs")
    high = linprog([-v for v in c], A_eq=rows, b_eq=right, bounds=(0, None), method="highs")
    return low.fun, -high.fun


def model(zs, ds, ys, u=2):
    """The shares of a fixed model with a hidden cause of two values, and its effect of moving the cause from 0 to the last value."""
    pu = [0.4, 0.6]
    p = np.zeros((zs, ds, ys))
    mean = np.zeros(ds)
    for h in range(u):
        for d in range(ds):
            top = np.array([1 + y * d + h * y for y in range(ys)], float)
            top /= top.sum()
            mean[d] += pu[h] * sum(y * top[y] for y in range(ys))
            for z in range(zs):
                take = np.array([1 + 6.0 * (e == min(z, ds - 1)) + 2 * h * e for e in range(ds)])
                take /= take.sum()
                p[z, d] += pu[h] * take[d] * top
    return p, mean[-1] - mean[0]


if __name__ == "__main__":
    lipid = [[[158 / 172, 14 / 172], [0, 0]], [[52 / 165, 12 / 165], [23 / 165, 78 / 165]]]
    print("cholestyramine, counts", bounds(lipid))
    pooled = np.array([[[210, 26], [23, 78]]]) / 337
    print("cholestyramine, without the offer", bounds(pooled))
    for sizes in [(2, 2, 2), (3, 2, 2), (2, 2, 3), (3, 3, 2), (2, 3, 3)]:
        p, truth = model(*sizes)
        print(sizes, "%.12f %.12f" % bounds(p, to=sizes[1] - 1), "truth %.12f" % truth)
