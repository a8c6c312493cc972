"""Several objectives at once in small random decision processes, by linear programs over expected visits.

Every choice may end in one of two states of rest, so that a policy is a flow of expected visits through the states, which here also
remember which labels have been seen (Altman, *Constrained Markov Decision Processes*, 1999). `F` and `G` and their combinations are
then sums over the flow into rest.

    python3 objectives.py > ../AleaPrismTests/Data/objectives.json
"""
import json, random
import numpy as np
from scipy.optimize import linprog

LABELS = "abc"

def random_model(rng):
    n = rng.choice([4, 5])
    rows = []
    for s in range(n):
        choices = []
        for _ in range(rng.choice([2, 2, 3])):
            targets = rng.sample(range(n), 2) + [rng.choice([n, n + 1])]
            weights = [rng.randint(1, 4) for _ in targets]
            choices.append((list(zip(targets, weights)), rng.randint(0, 3)))
        rows.append(choices)
    labels = {l: [rng.random() < 0.3 for _ in range(n)] + [rng.random() < 0.4 for _ in range(2)] for l in LABELS}
    return n, rows, labels

def text(n, rows, labels):
    lines, rewards = ["mdp", "module m", "  s : [0..%d];" % (n + 1)], []
    for s, choices in enumerate(rows):
        for i, (row, reward) in enumerate(choices):
            total = sum(w for _, w in row)
            lines.append("  [c%d_%d] s=%d -> %s;" % (s, i, s, " + ".join("%d/%d : (s'=%d)" % (w, total, t) for t, w in row)))
            if reward: rewards.append("  [c%d_%d] true : %d;" % (s, i, reward))
    lines += ["  [] s>=%d -> true;" % n, "endmodule"]
    for l, truth in labels.items():
        lines.append('label "%s" = %s;' % (l, " | ".join("s=%d" % s for s, x in enumerate(truth) if x) or "false"))
    return "\n".join(lines + ['rewards "r"'] + rewards + ["endrewards"]) + "\n"

class Flow:
    def __init__(self, n, rows, labels):
        look = lambda s, seen: seen | sum(1 << i for i, l in enumerate(LABELS) if labels[l][s])
        self.first = (0, look(0, 0))
        self.variables, index = [], {}
        places, work = {self.first}, [self.first]
        moves = []
        while work:
            s, seen = work.pop()
            if s >= n: continue
            for c, (row, reward) in enumerate(rows[s]):
                total = sum(w for _, w in row)
                out = []
                for t, w in row:
                    q = (t, look(t, seen))
                    out.append((q, w / total))
                    if q not in places: places.add(q); work.append(q)
                moves.append(((s, seen), out, reward))
        inner = sorted(p for p in places if p[0] < n)
        number = {p: i for i, p in enumerate(inner)}
        self.A = np.zeros((len(inner), len(moves)))
        self.b = np.zeros(len(inner)); self.b[number[self.first]] = 1
        self.reward = np.array([m[2] for m in moves], float)
        # How much of a unit of each move comes to rest having seen each set of labels.
        self.rest = [{} for _ in moves]
        for j, (p, out, _) in enumerate(moves):
            self.A[number[p], j] += 1
            for q, w in out:
                if q[0] < n: self.A[number[q], j] -= w
                else: self.rest[j][q[1]] = self.rest[j].get(q[1], 0) + w

    def probability(self, holds):
        return np.array([sum(w for seen, w in rest.items() if holds(seen)) for rest in self.rest])

def has(seen, l): return bool(seen >> LABELS.index(l) & 1)

FORMULAS = [
    ('F "a"', lambda s: has(s, "a")), ('F "b"', lambda s: has(s, "b")), ('G !"c"', lambda s: not has(s, "c")),
    ('(F "a") & (F "b")', lambda s: has(s, "a") and has(s, "b")), ('(F "a") => (G !"c")', lambda s: not has(s, "a") or not has(s, "c")),
    ('(G !"b") | (F "c")', lambda s: not has(s, "b") or has(s, "c")),
]

def main():
    rng = random.Random(11)
    cases = []
    while len(cases) < 60:
        n, rows, labels = random_model(rng)
        flow = Flow(n, rows, labels)
        count = rng.choice([2, 2, 3])
        quantities = []
        for words, holds in rng.sample(FORMULAS, count): quantities.append(("P", words, flow.probability(holds)))
        if rng.random() < 0.4: quantities[rng.randrange(count)] = ('R{"r"}', "C", flow.reward)
        def solve(c, bounds, sign):
            G, h = [], []
            for q, (low, value) in bounds:
                G.append(-q if low else q); h.append(-value if low else value)
            r = linprog(-sign * c, A_ub=G or None, b_ub=h or None, A_eq=flow.A, b_eq=flow.b, method="highs")
            return (None if r.status == 2 else sign * -r.fun)
        bounds = []
        for kind, words, q in quantities[1:]:
            least, most = solve(q, [], -1), solve(q, [], 1)
            low = rng.random() < 0.6
            value = round(least + (most - least) * rng.uniform(0.1, 0.9), 3)
            bounds.append((q, (low, value)))
        sign = rng.choice([1, 1, -1])
        kind, words, q = quantities[0]
        value = solve(q, bounds, sign)
        others = ["%s%s%s [ %s ]" % (k, ">=" if low else "<=", v, w) for (k, w, _), (_, (low, v)) in zip(quantities[1:], bounds)]
        if value is None:
            cases.append({"model": text(n, rows, labels), "property": "multi(%s)" % ", ".join(others), "holds": False} if count > 2 else
                         None)
            if cases[-1] is None: cases.pop()
            continue
        if rng.random() < 0.3:
            # A bound on the first as well: a little on either side of what can be had.
            possible = rng.random() < 0.5
            first = value - sign * 1e-4 if possible else value + sign * 1e-4
            if kind == "P" and not 0 <= first <= 1: continue
            own = "%s%s%.9f [ %s ]" % (kind, ">=" if sign > 0 else "<=", first, words)
            cases.append({"model": text(n, rows, labels), "property": "multi(%s)" % ", ".join([own] + others), "holds": possible})
        else:
            own = "%s%s=? [ %s ]" % (kind, "max" if sign > 0 else "min", words)
            cases.append({"model": text(n, rows, labels), "property": "multi(%s)" % ", ".join([own] + others), "value": value})
    print(json.dumps({"cases": cases}, indent=0))

if __name__ == "__main__": main()
