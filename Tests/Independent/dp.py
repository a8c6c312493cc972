"""Dynamic programming in as few lines as it takes, so that it can be read and believed.

A model is a function `step(state, action) -> (expected reward, {next state: probability})` and a function
`actions(state) -> list` (empty where the process has ended). Probabilities may be floats or Fractions: with
Fractions every answer below is exact, because the only thing ever solved is a linear system.
"""
from fractions import Fraction

import numpy as np


def reachable(initial, actions, step):
    """The states that can be reached, in the order in which they are found."""
    states = list(initial)
    seen = set(states)
    for s in states:  # grows while it is read
        for a in actions(s):
            for t in step(s, a)[1]:
                if t not in seen:
                    seen.add(t)
                    states.append(t)
    return states


def linear_solve(matrix, right):
    """x with matrix x = right: by LAPACK for floats, by elimination for Fractions."""
    if not isinstance(right[0], Fraction):
        return np.linalg.solve(np.array(matrix, float), np.array(right, float))
    n = len(right)
    rows = [list(matrix[i]) + [right[i]] for i in range(n)]
    for c in range(n):
        p = next(r for r in range(c, n) if rows[r][c] != 0)
        rows[c], rows[p] = rows[p], rows[c]
        rows[c] = [x / rows[c][c] for x in rows[c]]
        for r in range(n):
            if r != c and rows[r][c] != 0:
                f = rows[r][c]
                rows[r] = [x - f * y if y else x for x, y in zip(rows[r], rows[c])]
    return [row[n] for row in rows]


def evaluate(states, policy, step, discount):
    """The value of a policy: v = r + discount P v, v = 0 where the process has ended (policy is None there)."""
    live = [s for s in states if policy[s] is not None]
    index = {s: i for i, s in enumerate(live)}
    one = discount / discount
    matrix = [[one if i == j else one * 0 for j in range(len(live))] for i in range(len(live))]
    right = []
    for s in live:
        reward, successors = step(s, policy[s])
        right.append(reward * one)
        for t, p in successors.items():
            if t in index:
                matrix[index[s]][index[t]] -= discount * p
    solved = linear_solve(matrix, right)
    return {s: solved[index[s]] if s in index else one * 0 for s in states}


def q_values(s, value, actions, step, discount):
    out = {}
    for a in actions(s):
        reward, successors = step(s, a)
        out[a] = reward + discount * sum(p * value[t] for t, p in successors.items())
    return out


def policy_iteration(states, actions, step, discount, start=None, slack=1e-11):
    """Howard's policy iteration: returns value and policy. For a discount of 1 `start` must be a policy that ends
    surely (value 0 is then right in the end states, and improvement keeps it proper)."""
    exact = isinstance(discount, Fraction)
    policy = dict(start) if start else {s: (actions(s) or [None])[0] for s in states}
    while True:
        value = evaluate(states, policy, step, discount)
        changed = False
        for s in states:
            if policy[s] is None:
                continue
            q = q_values(s, value, actions, step, discount)
            best = max(q, key=q.get)
            if q[best] > q[policy[s]] + (0 if exact else slack):
                policy[s] = best
                changed = True
        if not changed:
            return value, policy


def backward_induction(states, actions, step, horizon, discount=1):
    """Values with `horizon` steps to go."""
    value = {s: 0 for s in states}
    for _ in range(horizon):
        value = {s: max(q_values(s, value, actions, step, discount).values()) if actions(s) else 0 for s in states}
    return value


def average_policy_iteration(states, actions, step, slack=1e-11):
    """Howard's policy iteration for the average reward of a unichain model: gain, relative values
    (0 in the last state), policy."""
    policy = {s: actions(s)[0] for s in states}
    index = {s: i for i, s in enumerate(states)}
    n = len(states)
    while True:
        # Unknowns: the relative values of all states but the last, then the gain.
        first = step(states[0], policy[states[0]])
        exact = isinstance(next(iter(first[1].values())), Fraction)
        number = Fraction if exact else float
        matrix = [[number(0)] * n for _ in range(n)]
        right = []
        for s in states:
            reward, successors = step(s, policy[s])
            i = index[s]
            if i < n - 1:
                matrix[i][i] += 1
            matrix[i][n - 1] += 1
            for t, p in successors.items():
                if index[t] < n - 1:
                    matrix[i][index[t]] -= p
            right.append(number(reward))
        solved = linear_solve(matrix, right)
        gain = solved[n - 1]
        value = {s: solved[index[s]] if index[s] < n - 1 else number(0) for s in states}
        changed = False
        for s in states:
            q = q_values(s, value, actions, step, 1)
            best = max(q, key=q.get)
            if q[best] > q[policy[s]] + (0 if exact else slack):
                policy[s] = best
                changed = True
        if not changed:
            return gain, value, policy


def ties(states, value, actions, step, discount, slack=1e-9):
    """States where a second action comes within `slack` of the best: where no policy should be pinned."""
    out = {}
    for s in states:
        q = q_values(s, value, actions, step, discount)
        if q:
            top = max(q.values())
            near = [a for a in q if q[a] > top - slack]
            if len(near) > 1:
                out[s] = near
    return out


def add(successors, state, probability):
    successors[state] = successors.get(state, 0) + probability
