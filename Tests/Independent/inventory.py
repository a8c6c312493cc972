"""Inventory control with lost sales: Poisson(6) demand, setup cost, discount 0.95."""
from math import exp

import dp


def poisson(rate, cap):
    """P(min(D, cap) = d) for d = 0..cap."""
    p, out = exp(-rate), []
    for d in range(cap):
        out.append(p)
        p *= rate / (d + 1)
    return out + [1 - sum(out)]


def model(capacity=20, price=8, cost=2, holding=1, setup=4, rate=6):
    def actions(s):
        return list(range(capacity - s + 1))

    def step(s, order):
        level = s + order
        successors, sold = {}, 0
        for d, p in enumerate(poisson(rate, level)):
            dp.add(successors, level - d, p)
            sold += p * d
        return price * sold - holding * level - (setup + cost * order if order > 0 else 0), successors

    return actions, step


for capacity in (20, 50):
    actions, step = model(capacity)
    states = list(range(capacity + 1))
    value, policy = dp.policy_iteration(states, actions, step, 0.95)
    print(f"capacity {capacity}: value[0] = {value[0]:.10f}, value[{capacity}] = {value[capacity]:.10f}")
    print("  order:", [policy[s] for s in states])
    print("  ties:", dp.ties(states, value, actions, step, 0.95))
    gaps = [sorted(dp.q_values(s, value, actions, step, 0.95).values())[-2:] for s in states[:-1]]
    print("  smallest gap between the best and the next order:", min(b - a for a, b in gaps))
    for level in (11, 12, 13):
        base = {s: max(0, level - s) for s in states}
        print(f"  base stock {level}: value[0] = {dp.evaluate(states, base, step, 0.95)[0]:.10f}")
    if capacity == 20:
        sales = lambda s, a: (8 * sum(p * d for d, p in enumerate(poisson(6, s + a))), step(s, a)[1])
        upkeep = lambda s, a: (-(s + a), step(s, a)[1])
        ordering = lambda s, a: (-(4 + 2 * a if a > 0 else 0), step(s, a)[1])
        for name, channel in (("sales", sales), ("upkeep", upkeep), ("ordering", ordering)):
            print(f"  channel {name}: {dp.evaluate(states, policy, channel, 0.95)[0]:.10f}")

# Without a setup cost it is optimal to order up to one level.
actions, step = model(setup=0)
states = list(range(21))
value, policy = dp.policy_iteration(states, actions, step, 0.95)
print(f"no setup cost: value[0] = {value[0]:.10f}", [policy[s] for s in states])
for level in (6, 7, 8, 9):
    actions, step = model()
    base = {s: max(0, level - s) for s in states}
    print(f"with setup cost, base stock {level}: value[0] = {dp.evaluate(states, base, step, 0.95)[0]:.10f}")
