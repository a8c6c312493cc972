"""Independent answers for the examples on moment problems, with numpy only.

Writes the data of demand_curve.alea (a simulation with a known truth), and prints the numbers that the examples expect.
Run it where it stands: cd Tests/Independent && python3 moments.py
"""
import csv
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[2] / "Examples" / "data"


def truth(p):
    """Demand in the simulation: saturated at low prices, elastic in the middle."""
    return 60 / (1 + np.exp((p - 12) / 3))


def demand(n=2000, seed=20240611):
    rng = np.random.default_rng(seed)
    fuel = rng.normal(size=n)
    fashion = rng.normal(size=n)
    price = 12 + 2.2 * fuel + 1.2 * fashion + 0.3 * rng.normal(size=n)
    sales = truth(price) + 5 * fashion + rng.normal(size=n)
    return np.round(price, 4), np.round(sales, 4), np.round(fuel, 4)


def powers(x, degree):
    s = (x - x.mean()) / x.std()
    return np.column_stack([s ** k for k in range(degree + 1)])


def series(y, psi, b):
    proj, *_ = np.linalg.lstsq(b, psi, rcond=None)
    c, *_ = np.linalg.lstsq(b @ proj, y, rcond=None)
    e = y - psi @ c
    ph = b @ proj
    bread = np.linalg.inv(ph.T @ ph)
    return c, bread @ (ph * e[:, None] ** 2).T @ ph @ bread


def table(path):
    rows = list(csv.DictReader(open(path)))
    return {k: np.array([float(r[k]) for r in rows]) for k in rows[0]}


def main():
    price, sales, fuel = demand()
    with open(DATA / "demand_curve.csv", "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["price", "sales", "fuel"])
        for row in zip(price, sales, fuel):
            w.writerow([f"{v:.4f}" for v in row])
    psi = powers(price, 3)
    c, v = series(sales, psi, powers(fuel, 4))
    ols, *_ = np.linalg.lstsq(psi, sales, rcond=None)
    for p in (8, 12, 16):
        s = (p - price.mean()) / price.std()
        at = np.array([s ** k for k in range(4)])
        print("demand at", p, "truth", truth(p), "series", at @ c, "error", np.sqrt(at @ v @ at), "regression", at @ ols)

    m = table(DATA / "mroz.csv")
    one = np.ones(len(m["educ"]))
    x = np.column_stack([one, m["educ"], m["exper"], m["expersq"]])
    z = np.column_stack([one, m["exper"], m["expersq"], m["motheduc"], m["fatheduc"]])
    c, v = series(m["lwage"], x, z)
    print("schooling", c, np.sqrt(np.diag(v)))

    d = table(DATA / "negative_control.csv")
    one = np.ones(len(d["a"]))
    x = np.column_stack([one, d["a"], d["w"], d["x1"], d["x2"]])
    z = np.column_stack([one, d["a"], d["z"], d["x1"], d["x2"]])
    c, v = series(d["y"], x, z)
    ols, *_ = np.linalg.lstsq(np.column_stack([one, d["a"], d["x1"], d["x2"]]), d["y"], rcond=None)
    print("negative control", c, np.sqrt(np.diag(v)), "regression", ols[1])


if __name__ == "__main__":
    main()
