"""Bias and root mean squared error of smoothed-moment quantile slopes (Kaplan and Sun 2017), with numpy only.

The design is a linear quantile model with slope 1 + tau; the last bandwidth is the residuals' deviation times n^(-1/7), or Kaplan and
Sun's plug-in width. Further outcomes are skewed, heavy-tailed or have two modes, to see that the width bears them. Beside them stand the large-sample standard deviations at n = 2,000 of the estimator with the moments of (1, z) and of the best one that the
restriction P[y <= a + b d | z] = tau allows: tau (1 - tau) E[w w']^-1 / n with w = E[f (1, d) | z], f the density of the residual at 0
given d and z (Chamberlain 1987). Simulated with two million draws.
"""
import numpy as np
from math import erf
from statistics import NormalDist

PHI = np.vectorize(lambda x: 0.5 * (1 + erf(x / 2 ** 0.5)))


OUTCOMES = {
    "normal": lambda x: x,
    "exponential": lambda x: -np.log1p(-PHI(x)),
    "lognormal": np.exp,
    "two modes": lambda x: 2 * np.sign(x) + x / 2,
}


def draw(n, rng, outcome="normal"):
    z, v = rng.normal(size=n), rng.normal(size=n)
    normal = 0.6 * v + 0.8 * rng.normal(size=n)
    d = PHI(0.8 * z + v)
    return OUTCOMES[outcome](normal) + (1 + PHI(normal)) * d, d, z


def step(v):
    v = np.clip(v, -1, 1)
    return 0.5 + 105 / 64 * (v - 5 / 3 * v ** 3 + 7 / 5 * v ** 5 - 3 / 7 * v ** 7)


def density(v):
    return np.where(abs(v) < 1, 105 / 64 * (1 - 5 * v ** 2 + 7 * v ** 4 - 3 * v ** 6), 0)


def rule_of_thumb(r, tau):
    return r.std() * len(r) ** (-1 / 7)


def plug_in(r, tau):
    """Kaplan and Sun's width for moments of two unknowns, with f and f''' by kernels; G is integrated on a grid."""
    n, u = len(r), r - np.quantile(r, tau)
    scale = min(r.std(), (np.quantile(r, 0.75) - np.quantile(r, 0.25)) / 1.349)
    phi = lambda x: np.exp(-x * x / 2) / (2 * np.pi) ** 0.5
    f = phi(u / (h := scale * (4 / 3 / n) ** 0.2)).mean() / h
    widest, third = scale * (4 / 9 / n) ** (1 / 11), 0.0
    for h in widest / np.array([1, 2, 4, 8]):
        x = u / h
        terms = (3 * x - x ** 3) * phi(x) / h ** 4
        third = max(third, abs(terms.mean()) - (h < widest) * 2 * terms.std() / n ** 0.5)
    v = np.linspace(-1, 1, 200_001)
    saving, fourth = 2 * (0.5 - (step(v) ** 2).mean()), 2 * (density(v) * v ** 4).mean()
    return min((24 ** 2 * saving * f * 2 / (8 * fourth ** 2 * third ** 2 * n)) ** (1 / 7), 3 * widest)


def slope(y, d, z, tau, width=rule_of_thumb):
    n = len(y)
    x, w = np.column_stack([np.ones(n), d]), np.column_stack([np.ones(n), z])
    b = np.linalg.solve(w.T @ x, w.T @ y)
    r = y - x @ b
    b[0] += np.quantile(r, tau)
    last = width(r, tau)
    for h in np.geomspace(max(2 * r.std(), last), last, 10):
        for _ in range(60):
            v = (x @ b - y) / h
            m = w.T @ (step(v) - tau) / n
            slopes = w.T @ (x * (density(v) / h)[:, None]) / n
            if np.linalg.cond(slopes) > 1e12:
                break
            move = np.linalg.solve(slopes, m)
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


for outcome in OUTCOMES:
    # Between two modes the median is hardly identified.
    for tau in (0.25, 0.75) if outcome == "two modes" else (0.1, 0.25, 0.5, 0.75):
        samples = [draw(2000, np.random.default_rng(s), outcome) for s in range(150)]
        for width in (rule_of_thumb, plug_in):
            errors = np.array([slope(*sample, tau, width) - 1 - tau for sample in samples])
            print(outcome, tau, width.__name__, "bias", errors.mean().round(3), "root mean square", ((errors ** 2).mean() ** 0.5).round(3))


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
