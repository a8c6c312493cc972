"""FrozenLake with Gymnasium's slippery dynamics: discounted in floats, success probability in fractions."""
from fractions import Fraction as F

import dp

MAPS = {
    4: ["SFFF", "FHFH", "FFFH", "HFFG"],
    8: ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"],
}


def model(size, third):
    tile = lambda s: MAPS[size][s // size][s % size]

    def actions(s):
        return [] if tile(s) in "HG" else [0, 1, 2, 3]  # left, down, right, up

    def step(s, a):
        successors, reward = {}, 0
        for b in ((a - 1) % 4, a, (a + 1) % 4):
            row, column = divmod(s, size)
            if b == 0: column = max(column - 1, 0)
            if b == 1: row = min(row + 1, size - 1)
            if b == 2: column = min(column + 1, size - 1)
            if b == 3: row = max(row - 1, 0)
            t = row * size + column
            dp.add(successors, t, third)
            reward += third if tile(t) == "G" else 0
        return reward, successors

    return actions, step


for size in (4, 8):
    actions, step = model(size, 1 / 3)
    states = dp.reachable([0], actions, step)
    value, policy = dp.policy_iteration(states, actions, step, 0.99)
    print(f"{size}x{size}: discount 0.99: value[0] = {value[0]:.12f}; {len(states)} states")
    print("  policy (0 left, 1 down, 2 right, 3 up):")
    for r in range(size):
        print("   ", [policy.get(r * size + c) for c in range(size)])
    print("  ties:", dp.ties(states, value, actions, step, 0.99))
    actions, step = model(size, F(1, 3))
    # The discounted optimum ends surely: a start for exact policy iteration without discount.
    success, _ = dp.policy_iteration(states, actions, step, F(1), policy)
    print("  success probability:", success[0], float(success[0]))
