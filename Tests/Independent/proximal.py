"""Proximal estimates of a binary treatment's effect and their standard errors, with numpy only.

Reads Examples/data/negative_control.csv. The bridges are those of Cui, Pu, Shi, Miao and Tchetgen Tchetgen (2020): h linear in
(1, w, a, x), q = 1 + exp(s t'(1, z, a, x)) with s = 1 for the treated and -1 for the others. Standard errors are the sandwich of all
equations stacked, with derivatives taken numerically. With the argument `design` it repeats the estimates on the authors' simulation.
"""
import os
import sys
import numpy as np


def columns(a, z, w, x):
    one = np.ones(len(a))
    return np.column_stack([one, w, a, x]), np.column_stack([one, z, a, x])


def moments(theta, a, y, z, w, x):
    """Rows of the stacked estimating equations: outcome bridge, treatment bridge, weighting, doubly robust."""
    m, v = columns(a, z, w, x)
    k = m.shape[1]
    b, t, pipw, pdr = theta[:k], theta[k:2 * k], theta[2 * k], theta[2 * k + 1]
    s = 2 * a - 1
    q = 1 + np.exp(s * (v @ t))
    r = y - m @ b
    arm = np.zeros(k)
    arm[2] = 1
    return np.column_stack([v * r[:, None], (s * q)[:, None] * m - arm, s * q * y - pipw, s * q * r + b[2] - pdr])


def solve(a, y, z, w, x):
    m, v = columns(a, z, w, x)
    k = m.shape[1]
    b = np.linalg.solve(v.T @ m, v.T @ y)
    s = 2 * a - 1
    t = np.zeros(k)
    arm = np.zeros(k)
    arm[2] = 1
    g = lambda t: ((s * (1 + np.exp(s * (v @ t))))[:, None] * m - arm).mean(0)
    for _ in range(500):
        e = np.exp(s * (v @ t))
        step = np.linalg.solve((m * e[:, None]).T @ v / len(a), g(t))
        part = 1.0
        while part > 1e-9 and not np.sum(g(t - part * step) ** 2) < np.sum(g(t) ** 2):
            part /= 2
        if part <= 1e-9:
            break
        t = t - part * step
    q = 1 + np.exp(s * (v @ t))
    r = y - m @ b
    return np.concatenate([b, t, [np.mean(s * q * y), np.mean(s * q * r) + b[2]]])


def errors(theta, *data):
    n = len(data[0])
    g = moments(theta, *data)
    jacobian = np.empty((len(theta), len(theta)))
    for j in range(len(theta)):
        h = 1e-6 * max(1, abs(theta[j]))
        up, down = theta.copy(), theta.copy()
        up[j] += h
        down[j] -= h
        jacobian[:, j] = (moments(up, *data).mean(0) - moments(down, *data).mean(0)) / (2 * h)
    inverse = np.linalg.inv(jacobian)
    return np.sqrt(np.diag(inverse @ (g.T @ g / n) @ inverse.T) / n)


def report(data):
    theta = solve(*data)
    se = errors(theta, *data)
    k = (len(theta) - 2) // 2
    return [(theta[i], se[i]) for i in (2, 2 * k, 2 * k + 1)]


def draw(n, rng):
    x = rng.normal(0.25, 0.25, size=(n, 2))
    a = (rng.uniform(size=n) < 1 / (1 + np.exp(x @ [0.125, 0.125]))).astype(float)
    e = rng.multivariate_normal(np.zeros(3), [[1, 0.25, 0.5], [0.25, 1, 0.5], [0.5, 0.5, 1]], size=n)
    level = 0.25 + x @ [0.25, 0.25]
    z, w, u = level + 0.25 * a + e[:, 0], level + 0.125 * a + e[:, 1], level + 0.25 * a + e[:, 2]
    y = 2 + 2 * a + x @ [0.25, 0.25] + 2 * w + 2 * (level + 0.5 * (u - level)) + rng.uniform(-1, 1, n)
    return a, y, z, w, x


if len(sys.argv) > 1:
    runs = np.array([report(draw(2000, np.random.default_rng(seed))) for seed in range(100)])
    for name, run in zip(("two stages", "weighting", "doubly robust"), runs.transpose(1, 0, 2)):
        off = run[:, 0] - 2
        print(name, "bias", off.mean().round(3), "rmse", (off ** 2).mean().round(5) ** 0.5, "mean error", run[:, 1].mean().round(3))
else:
    path = os.path.join(os.path.dirname(__file__), "../../Examples/data/negative_control.csv")
    table = np.genfromtxt(path, delimiter=",", names=True)
    data = tuple(table[c] for c in "ayzw") + (np.column_stack([table["x1"], table["x2"]]),)
    for name, (value, error) in zip(("two stages", "weighting", "doubly robust"), report(data)):
        print(name, repr(float(value)), "error", repr(float(error)))
