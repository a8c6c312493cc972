"""Optimal stopping, in fractions: a die thrown at most n times; the secretary problem."""
from fractions import Fraction as F

value = F(0)
for n in range(1, 6):
    value = sum(max(F(k), value) for k in range(1, 7)) / 6
    print(f"die, at most {n} throws: {value} = {float(value)}")


def secretary(n, r):
    """P(best) when the first r are let pass and then the first record is taken (Lindley 1961; Ferguson 1989)."""
    return F(1, n) if r == 0 else F(r, n) * sum(F(1, k) for k in range(r, n))


def secretary_by_induction(n):
    """The optimum without assuming that form: backward over 'candidate k is a record'."""
    after = F(0)  # value when nobody has been taken after candidate k
    for k in range(n, 0, -1):
        after = F(1, k) * max(F(k, n), after) + F(k - 1, k) * after
    return after


for n in (4, 5, 10, 100):
    best = max(range(n), key=lambda r: secretary(n, r))
    assert secretary(n, best) == secretary_by_induction(n)
    print(f"secretary n = {n}: let {best} pass, P = {float(secretary(n, best)):.12f}",
          secretary(n, best) if n < 50 else "")
