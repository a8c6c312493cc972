"""Probabilities of linear temporal logic on small random models, without automata.

Chains: temporal operators are removed from the inside out (Courcoubetis and Yannakakis, J. ACM 42, 1995, section 3): every state is
split by whether the operator is true of the run from there, with the probabilities of the split runs. Decision processes: the best of
deterministic policies with memory, found by enumeration and by local search from many starts; every policy makes a chain.

    python3 temporal_logic.py > ../AleaPrismTests/Data/temporal_logic.json
"""
import itertools, json, random
import numpy as np

# Formulas: ("a",), ("!", f), ("&", f, g), ("|", f, g), ("X", f), ("U", f, g); the others are made of these.
TRUE = ("true",)
def neg(f): return ("!", f)
def F(f): return ("U", TRUE, f)
def G(f): return neg(F(neg(f)))
def W(f, g): return neg(("U", ("&", f, neg(g)), ("&", neg(f), neg(g))))
def R(f, g): return neg(("U", neg(f), neg(g)))
def U_upto(f, g, k):
    result = g
    for _ in range(k): result = ("|", g, ("&", f, ("X", result)))
    return result

def zero_states(P, alpha, beta):
    """States from which no path through alpha reaches beta."""
    reach = set(np.flatnonzero(beta))
    while True:
        more = {s for s in range(len(P)) if s not in reach and alpha[s] and any(P[s][t] > 0 for t in reach)}
        if not more: return np.array([s not in reach for s in range(len(P))])
        reach |= more

def until(P, alpha, beta):
    n = len(P)
    zero = zero_states(P, alpha, beta)
    one = ~zero_until_negation(P, alpha, beta, zero)
    q = np.where(one, 1.0, 0.0)
    open_ = [s for s in range(n) if not zero[s] and not one[s]]
    if open_:
        A = np.eye(len(open_)) - P[np.ix_(open_, open_)]
        b = P[np.ix_(open_, np.flatnonzero(one))].sum(axis=1)
        q[open_] = np.linalg.solve(A, b)
    return q

def zero_until_negation(P, alpha, beta, zero):
    """States that reach a state of probability zero before beta: not of probability one."""
    bad = set(np.flatnonzero(zero))
    while True:
        more = {s for s in range(len(P)) if s not in bad and not beta[s] and any(P[s][t] > 0 for t in bad)}
        if not more: return np.array([s in bad for s in range(len(P))])
        bad |= more

class Chain:
    def __init__(self, P, labels, start):
        self.P = np.array(P, float); self.truth = {("prop", k): np.array(v, bool) for k, v in labels.items()}
        self.start = np.array(start, float)

    def evaluate(self, f):
        """The truth of f in the states of the chain, which is refined on the way; returns the key of the truth."""
        if f in self.truth: return f
        n = len(self.P)
        if f == TRUE: self.truth[f] = np.ones(n, bool); return f
        if f[0] == "prop": return f
        for g in f[1:]: self.evaluate(g)
        n = len(self.P)
        t = self.truth
        if f[0] == "!": t[f] = ~t[f[1]]
        elif f[0] == "&": t[f] = t[f[1]] & t[f[2]]
        elif f[0] == "|": t[f] = t[f[1]] | t[f[2]]
        elif f[0] == "X": self.split(f, self.P @ t[f[1]].astype(float), lambda s: None, t[f[1]])
        elif f[0] == "U": self.split(f, until(self.P, t[f[1]], t[f[2]]), None, None)
        return f

    def split(self, f, q, _, next_truth):
        P, n = self.P, len(self.P)
        q = np.where(np.abs(q) < 1e-13, 0, np.where(np.abs(q - 1) < 1e-13, 1, q))
        new = [(s, x) for s in range(n) for x in (True, False) if (q[s] if x else 1 - q[s]) > 0]
        number = {p: i for i, p in enumerate(new)}
        weight = lambda s, x: q[s] if x else 1 - q[s]
        M = np.zeros((len(new), len(new)))
        for (s, x), i in number.items():
            for t in range(n):
                if P[s][t] == 0: continue
                for y in (True, False):
                    if (t, y) not in number: continue
                    if f[0] == "X": ok = next_truth[t] == x
                    else:
                        beta, alpha = self.truth[f[2]][s], self.truth[f[1]][s]
                        value = True if beta else (False if not alpha else y)
                        ok = value == x
                    if ok: M[i, number[(t, y)]] = P[s][t] * weight(t, y) / weight(s, x)
        assert np.allclose(M.sum(axis=1), 1, atol=1e-9), M.sum(axis=1)
        self.P = M / M.sum(axis=1, keepdims=True)
        self.start = np.array([self.start[s] * weight(s, x) for s, x in new])
        for k in self.truth: self.truth[k] = np.array([self.truth[k][s] for s, _ in new])
        self.truth[f] = np.array([x for _, x in new])

def probability(P, labels, f):
    chain = Chain(P, labels, [1.0] + [0.0] * (len(P) - 1))
    chain.evaluate(f)
    return float(chain.start @ chain.truth[f])

# Random models and formulas.
def text(f):
    return f[1]

def random_formula(rng, depth):
    """A pair: the formula made of basic operators, and its text."""
    if depth == 0 or rng.random() < 0.12:
        name = rng.choice("abc")
        return (("prop", name), '"%s"' % name) if rng.random() < 0.75 else (neg(("prop", name)), '!"%s"' % name)
    kind = rng.choice(["&", "|", "X", "F", "G", "F", "G", "U", "W", "R", "F<=", "G<=", "U<=", "!", "GF", "FG", "=>"])
    f, a = random_formula(rng, depth - 1)
    if kind == "X": return ("X", f), "(X %s)" % a
    if kind == "F": return F(f), "(F %s)" % a
    if kind == "G": return G(f), "(G %s)" % a
    if kind == "GF": return G(F(f)), "(G (F %s))" % a
    if kind == "FG": return F(G(f)), "(F (G %s))" % a
    if kind == "!": return neg(f), "!(%s)" % a
    k = rng.randint(1, 3)
    if kind == "F<=": return U_upto(TRUE, f, k), "(F<=%d %s)" % (k, a)
    if kind == "G<=": return neg(U_upto(TRUE, neg(f), k)), "(G<=%d %s)" % (k, a)
    g, b = random_formula(rng, depth - 1)
    if kind == "&": return ("&", f, g), "(%s & %s)" % (a, b)
    if kind == "|": return ("|", f, g), "(%s | %s)" % (a, b)
    if kind == "=>": return ("|", neg(f), g), "(%s => %s)" % (a, b)
    if kind == "U": return ("U", f, g), "(%s U %s)" % (a, b)
    if kind == "W": return W(f, g), "(%s W %s)" % (a, b)
    if kind == "R": return R(f, g), "(%s R %s)" % (a, b)
    return U_upto(f, g, k), "(%s U<=%d %s)" % (a, k, b)

def random_row(rng, n):
    targets = rng.sample(range(n), rng.choice([1, 2, 2, 3]))
    weights = [rng.randint(1, 3) for _ in targets]
    return [(t, w, sum(weights)) for t, w in zip(targets, weights)]

def model_text(kind, rows, labels):
    lines = [kind, "module m", "  s : [0..%d];" % (len(rows) - 1)]
    for s, choices in enumerate(rows):
        for row in choices:
            lines.append("  [] s=%d -> %s;" % (s, " + ".join("%d/%d : (s'=%d)" % (w, d, t) for t, w, d in row)))
    lines.append("endmodule")
    for name, truth in labels.items():
        lines.append('label "%s" = %s;' % (name, " | ".join("s=%d" % s for s, x in enumerate(truth) if x) or "false"))
    return "\n".join(lines) + "\n"

def dense(row, n):
    p = np.zeros(n)
    for t, w, d in row: p[t] += w / d
    return p

def policy_chain(rows, labels, policy, modes):
    """The chain of a policy: for each mode and state a choice and the next mode."""
    n = len(rows)
    P = np.zeros((n * modes, n * modes))
    for m in range(modes):
        for s in range(n):
            c, k = policy[m * n + s]
            P[m * n + s, k * n:(k + 1) * n] += dense(rows[s][c], n)
    return P, {name: list(truth) * modes for name, truth in labels.items()}

def best(rows, labels, f, rng, sign):
    """The greatest of sign times the probability, over policies with up to three modes."""
    n = len(rows)
    top = -2.0
    for modes, starts in ((1, 3), (2, 7), (3, 7)):
        options = [[(c, k) for c in range(len(rows[s])) for k in range(modes)] for _ in range(modes) for s in range(n)]
        def value(policy): 
            P, all_labels = policy_chain(rows, labels, policy, modes)
            return sign * probability(P, all_labels, f)
        size = 1
        for o in options: size *= len(o)
        if size <= 600:
            top = max(top, max(value(p) for p in itertools.product(*options)))
            continue
        for _ in range(starts):
            policy = [rng.choice(o) for o in options]
            current = value(policy)
            improved = True
            while improved:
                improved = False
                for i in rng.sample(range(len(options)), len(options)):
                    for o in options[i]:
                        if o == policy[i]: continue
                        trial = list(policy); trial[i] = o
                        v = value(trial)
                        if v > current + 1e-12 or (v > current - 1e-12 and rng.random() < 0.2):
                            if v > current + 1e-12: improved = True
                            policy, current = trial, v
            top = max(top, current)
            if top > sign * (1 if sign > 0 else 0) - 1e-12: return top
    return top

def main():
    rng = random.Random(5)
    cases = []
    while len(cases) < 150:
        n = rng.choice([3, 4, 5])
        rows = [[random_row(rng, n)] for _ in range(n)]
        labels = {name: [rng.random() < 0.4 for _ in range(n)] for name in "abc"}
        f, words = random_formula(rng, rng.choice([2, 3, 3]))
        if words.count("(") < 2: continue
        P = np.array([dense(r[0], n) for r in rows])
        p = probability(P, labels, f)
        if (p < 1e-12 or p > 1 - 1e-12) and rng.random() < 0.8: continue
        cases.append({"model": model_text("dtmc", rows, labels), "property": "P=? [ %s ]" % words, "value": p})
    while len(cases) < 230:
        n = 3
        rows = [[random_row(rng, n) for _ in range(rng.choice([1, 2, 2]))] for _ in range(n)]
        labels = {name: [rng.random() < 0.4 for _ in range(n)] for name in "abc"}
        f, words = random_formula(rng, rng.choice([2, 2, 3]))
        if words.count("(") < 2: continue
        sign = rng.choice([1, -1])
        p = sign * best(rows, labels, f, rng, sign)
        if (p < 1e-12 or p > 1 - 1e-12) and rng.random() < 0.8: continue
        cases.append({"model": model_text("mdp", rows, labels), "property": "P%s=? [ %s ]" % ("max" if sign > 0 else "min", words), "value": p})
    print(json.dumps({"cases": cases}, indent=0))

if __name__ == "__main__": main()
