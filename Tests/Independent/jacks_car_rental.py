"""Jack's car rental (Sutton and Barto, example 4.2). Nothing is truncated: requests beyond the cars on the lot and
returns beyond its twenty places are lumped with their exact probabilities."""
from math import exp

import dp

CARS = 20


def poisson(rate, cap):
    """P(min(D, cap) = d) for d = 0..cap."""
    p, out = exp(-rate), []
    for d in range(cap):
        out.append(p)
        p *= rate / (d + 1)
    return out + [1 - sum(out)]


def night(requests, returns):
    """For each number of cars in the morning: expected rentals, and the law of the cars in the evening."""
    out = []
    for cars in range(CARS + 1):
        law, rented = [0.0] * (CARS + 1), 0.0
        for d, p in enumerate(poisson(requests, cars)):
            rented += p * d
            for b, q in enumerate(poisson(returns, CARS - (cars - d))):
                law[cars - d + b] += p * q
        out.append((rented, law))
    return out


FIRST, SECOND = night(3, 3), night(4, 2)


def actions(s):
    return sorted(range(-min(5, s[1]), min(5, s[0]) + 1), key=abs)


def step(s, moved):
    one, two = min(s[0] - moved, CARS), min(s[1] + moved, CARS)
    (r1, law1), (r2, law2) = FIRST[one], SECOND[two]
    successors = {(i, j): p * q for i, p in enumerate(law1) for j, q in enumerate(law2)}
    return 10 * (r1 + r2) - 2 * abs(moved), successors


states = [(i, j) for i in range(CARS + 1) for j in range(CARS + 1)]
cache = {(s, a): step(s, a) for s in states for a in actions(s)}
value, policy = dp.policy_iteration(states, actions, lambda s, a: cache[s, a], 0.9)
print("cars moved overnight; rows: first location 20 (top) to 0, columns: second location 0 to 20")
for i in range(CARS, -1, -1):
    print("  " + " ".join(f"{policy[i, j]:3d}" for j in range(CARS + 1)))
for s in ((0, 0), (10, 10), (20, 0), (0, 20), (20, 20)):
    print(f"value{s} = {value[s]:.10f}  policy {policy[s]}")
print("ties:", dp.ties(states, value, actions, lambda s, a: cache[s, a], 0.9, 1e-7))
