"""A model with two states, two actions and discount 0.9, in fractions."""
from fractions import Fraction as F

import dp

ONE = {(0, 0): F(1, 10), (0, 1): F(8, 10), (1, 0): F(7, 10), (1, 1): F(4, 10)}
REWARD = {(0, 0): F(0), (0, 1): F(-2, 10), (1, 0): F(1), (1, 1): F(5, 10)}
step = lambda s, a: (REWARD[s, a], {1: ONE[s, a], 0: 1 - ONE[s, a]})
value, policy = dp.policy_iteration([0, 1], lambda s: [0, 1], step, F(9, 10))
print({s: (str(v), float(v)) for s, v in value.items()}, policy)
for p in ({0: 0, 1: 0}, {0: 0, 1: 1}, {0: 1, 1: 0}, {0: 1, 1: 1}):
    print(p, {s: (str(v), float(v)) for s, v in dp.evaluate([0, 1], p, step, F(9, 10)).items()})
# Evaluation of the policy that tosses a coin: the mixed model has one action.
mixed = lambda s, a: (sum(REWARD[s, b] for b in (0, 1)) / 2, {1: (ONE[s, 0] + ONE[s, 1]) / 2, 0: 1 - (ONE[s, 0] + ONE[s, 1]) / 2})
print("coin:", {s: (str(v), float(v)) for s, v in dp.evaluate([0, 1], {0: 0, 1: 0}, mixed, F(9, 10)).items()})
