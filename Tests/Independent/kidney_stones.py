"""Standardisation over stone size (Charig et al. 1986) and its standard error, by the stacked estimating equations of weighting.

Parameters: the propensity in each size group, and the two weighted means; the sandwich is A^-1 B A^-T with A by finite differences.
"""
import numpy as np

rows = []
# small stones: surgery 81/87, puncture 234/270; large stones: surgery 192/263, puncture 55/80
for small, surgery, n, good in [(1, 1, 87, 81), (0, 1, 263, 192), (1, 0, 270, 234), (0, 0, 80, 55)]:
    rows += [(small, surgery, 1)] * good + [(small, surgery, 0)] * (n - good)
s, a, y = np.array(rows, float).T


def moments(theta):
    p = np.where(s == 1, theta[0], theta[1])
    return np.stack([(s == 1) * (a - p), (s == 0) * (a - p), a * (y - theta[2]) / p, (1 - a) * (y - theta[3]) / (1 - p)], 1)


theta = np.array([a[s == 1].mean(), a[s == 0].mean(), 0, 0])
p = np.where(s == 1, theta[0], theta[1])
theta[2] = (a * y / p).sum() / (a / p).sum()
theta[3] = ((1 - a) * y / (1 - p)).sum() / ((1 - a) / (1 - p)).sum()
n, h = len(y), 1e-6
A = np.stack([(moments(theta + h * e).mean(0) - moments(theta - h * e).mean(0)) / (2 * h) for e in np.eye(4)], 1)
B = moments(theta).T @ moments(theta) / n
V = np.linalg.inv(A) @ B @ np.linalg.inv(A).T / n
c = np.array([0, 0, 1, -1])
print("effect", theta[2] - theta[3], "standard error", np.sqrt(c @ V @ c))
