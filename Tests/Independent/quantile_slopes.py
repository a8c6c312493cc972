"""Bias and root mean squared error of smoothed-moment quantile slopes (Kaplan and Sun 2017), with numpy only.

The design is a linear quantile model with slope 1 + tau; the last bandwidth is the residuals' deviation times n^(-1/7). Beside them
stand the large-sample standard deviations at n = 2,000 of the estimator with the moments of (1, z) and of the best one that the
restriction P[y <= a + b d | z] = tau allows: tau (1 - tau) E[w w']^-1 / n with w = E[f (1, d) | z], f the density of the residual at 0
given d and z (Chamberlain 1987). Simulated with two million draws.
"""
import numpy as np
from math import erf
from statistics import NormalDist

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


def deviations(tau, rows=2_000_000, n=2000):
    rng = np.random.default_rng(1)
    z, v = rng.normal(size=rows), rng.normal(size=rows)
    d = PHI(0.8 * z + v)
    q = NormalDist().inv_cdf(tau)
    phi = lambda x: np.exp(-x * x / 2) / (2 * np.pi) ** 0.5
    # y = q + (1 + PHI(q)) d grows in q at the rate 1 + phi(q) d, and q is normal with mean 0.6 v and deviation 0.8.
    f = phi((q - 0.6 * v) / 0.8) / 0.8 / (1 + phi(q) * d)
    x, w = np.column_stack([np.ones(rows), d]), np.column_stack([np.ones(rows), z])
    inverse = np.linalg.inv(w.T @ (x * f[:, None]) / rows)
    simple = tau * (1 - tau) * inverse @ (w.T @ w / rows) @ inverse.T / n
    mean = (x * f[:, None])[np.argsort(z)].reshape(2000, -1, 2).mean(1)
    best = tau * (1 - tau) * np.linalg.inv(mean.T @ mean / len(mean)) / n
    return simple[1, 1] ** 0.5, best[1, 1] ** 0.5


for tau in (0.25, 0.5, 0.75):
    print(tau, "deviation with (1, z) %.4f, with the best instruments %.4f" % deviations(tau))
