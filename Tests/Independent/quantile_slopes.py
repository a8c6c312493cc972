"""Bias and root mean squared error of smoothed-moment quantile slopes (Kaplan and Sun 2017), with numpy only.

The design is a linear quantile model with slope 1 + tau; the last bandwidth is the residuals' deviation times n^(-1/7).
"""
import numpy as np
from math import erf

PHI = np.vectorize(lambda x: 0.5 * (1 + erf(x / 2 ** 0.5)))


def draw(n, rng):
    z, v = rng.normal(size=n), rng.normal(size=n)
    normal = 0.6 * v + 0.8 * rng.normal(size=n)
    d = PHI(0.8 * z + v)
    return normal + (1 + PHI(normal)) * d, d, z


def step(v):
    v = np.clip(v, -1, 1)
    return 0.5 + 105 / 64 * (v - 5 / 3 * v ** 3 + 7 / 5 * v ** 5 - 3 / 7 * v ** 7)


def density(v):
    return np.where(abs(v) < 1, 105 / 64 * (1 - 5 * v ** 2 + 7 * v ** 4 - 3 * v ** 6), 0)


def slope(y, d, z, tau):
    n = len(y)
    x, w = np.column_stack([np.ones(n), d]), np.column_stack([np.ones(n), z])
    b = np.linalg.solve(w.T @ x, w.T @ y)
    r = y - x @ b
    b[0] += np.quantile(r, tau)
    for h in r.std() * np.geomspace(2, n ** (-1 / 7), 10):
        for _ in range(60):
            v = (x @ b - y) / h
            m = w.T @ (step(v) - tau) / n
            move = np.linalg.solve(w.T @ (x * (density(v) / h)[:, None]) / n, m)
            part = 1.0
            while part > 1e-4:
                next_m = w.T @ (step((x @ (b - part * move) - y) / h) - tau) / n
                if next_m @ next_m < m @ m:
                    break
                part /= 2
            else:
                break
            b = b - part * move
            if abs(part * move).max() < 1e-9:
                break
    return b[1]


for tau in (0.25, 0.5, 0.75):
    errors = np.array([slope(*draw(2000, np.random.default_rng(s)), tau) - 1 - tau for s in range(150)])
    print(tau, "bias", errors.mean().round(3), "root mean square", ((errors ** 2).mean() ** 0.5).round(3))
