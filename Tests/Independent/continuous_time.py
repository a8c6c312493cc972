"""Time-bounded properties of small Markov chains in continuous time, by matrix exponentials (scipy.linalg.expm).

What is collected comes from the exponential of the generator with one more column (Van Loan, 1978).

    python3 continuous_time.py > ../AleaPrismTests/Data/continuous_time.json
"""
import json, random
import numpy as np
from scipy.linalg import expm

def random_chain(rng):
    n = rng.choice([3, 4, 5, 6])
    speed = rng.choice([0.05, 1, 1, 20])
    rates = {}
    for s in range(n):
        if rng.random() < 0.15: continue
        for t in rng.sample([t for t in range(n) if t != s], rng.choice([1, 2, min(3, n - 1)])):
            rates[s, t] = round(speed * rng.uniform(0.1, 3), 3)
    return n, rates

def text(n, rates, labels, state_rewards, move_rewards):
    lines = ["ctmc", "module m", "  s : [0..%d];" % (n - 1)]
    for (s, t), r in rates.items(): lines.append("  [m%d_%d] s=%d -> %r : (s'=%d);" % (s, t, s, r, t))
    lines.append("endmodule")
    for l, truth in labels.items():
        lines.append('label "%s" = %s;' % (l, " | ".join("s=%d" % s for s, x in enumerate(truth) if x) or "false"))
    lines.append('rewards "r"')
    for s, x in enumerate(state_rewards):
        if x: lines.append("  s=%d : %r;" % (s, x))
    for (s, t), x in move_rewards.items(): lines.append("  [m%d_%d] true : %r;" % (s, t, x))
    return "\n".join(lines + ["endrewards"]) + "\n"

def generator(n, rates, frozen=()):
    Q = np.zeros((n, n))
    for (s, t), r in rates.items():
        if s not in frozen: Q[s, t] += r; Q[s, s] -= r
    return Q

def reach(n, rates, a, b):
    """Unbounded a U b, by a long time on the embedded chain."""
    P = np.zeros((n, n))
    for s in range(n):
        out = {t: r for (u, t), r in rates.items() if u == s}
        if b[s] or not a[s] or not out: P[s, s] = 1
        else:
            for t, r in out.items(): P[s, t] = r / sum(out.values())
    return np.linalg.matrix_power(P, 1 << 20) @ np.array(b, float)

def until(n, rates, a, b, low, high):
    a, b = np.array(a), np.array(b)
    if high is None: value = reach(n, rates, a, b)
    else:
        frozen = [s for s in range(n) if b[s] or not a[s]]
        value = expm(generator(n, rates, frozen) * (high - low)) @ b.astype(float)
    if low > 0:
        value = np.where(a, value, 0)
        value = expm(generator(n, rates, [s for s in range(n) if not a[s]]) * low) @ value
    return value[0]

def main():
    rng = random.Random(3)
    cases = []
    while len(cases) < 120:
        n, rates = random_chain(rng)
        if not any(s == 0 for s, _ in rates): continue
        labels = {l: [rng.random() < 0.5 for _ in range(n)] for l in "ab"}
        state_rewards = [rng.choice([0, 1, 2.5]) for _ in range(n)]
        move_rewards = {m: rng.choice([1, 4]) for m in rates if rng.random() < 0.3}
        t, u = round(rng.choice([0.1, 1, 5, 40]) * rng.uniform(0.3, 1), 3), round(rng.uniform(0.1, 3), 3)
        a, b, every = labels["a"], labels["b"], [True] * n
        Q = generator(n, rates)
        kind = rng.randrange(8)
        if kind == 0: words, value = 'P=? [ F<=%r "b" ]' % t, until(n, rates, every, b, 0, t)
        elif kind == 1: words, value = 'P=? [ "a" U<=%r "b" ]' % t, until(n, rates, a, b, 0, t)
        elif kind == 2: words, value = 'P=? [ "a" U[%r,%r] "b" ]' % (t, round(t + u, 3)), until(n, rates, a, b, t, round(t + u, 3))
        elif kind == 3: words, value = 'P=? [ G<%r "a" ]' % t, 1 - until(n, rates, every, [not x for x in a], 0, t)
        elif kind == 4: words, value = 'P=? [ F>=%r "b" ]' % t, until(n, rates, every, b, t, None)
        elif kind == 5: words, value = 'P=? [ F[%r,%r] "b" ]' % (t, t), (expm(Q * t) @ np.array(b, float))[0]
        elif kind == 6: words, value = 'R=? [ I=%r ]' % t, (expm(Q * t) @ np.array(state_rewards))[0]
        else:
            rho = np.array(state_rewards, float)
            for (s, v), x in move_rewards.items(): rho[s] += rates[s, v] * x
            big = np.zeros((n + 1, n + 1)); big[:n, :n] = Q; big[:n, n] = rho
            words, value = 'R=? [ C<=%r ]' % t, expm(big * t)[0, n]
        value = float(value)
        if value in (0.0, 1.0) and rng.random() < 0.7: continue
        cases.append({"model": text(n, rates, labels, state_rewards, move_rewards), "property": words, "value": value})
    print(json.dumps({"cases": cases}, indent=0))

if __name__ == "__main__": main()
