"""Conditional probabilities in small random decision processes, by enumerating every deterministic policy that remembers the labels seen.

The formulas are settled by the labels a run has seen and by those it sees again and again, so that a policy of the process with the
labels seen is all the memory needed. Each policy gives a chain; its recurrent classes settle both formulas, and a dense linear solve
gives the probability of each class. The answer is the best quotient over the policies that give the condition a probability above 0.

    python3 conditional.py > ../AleaPrismTests/Data/conditional.json
"""
import itertools, json, random
import numpy as np

LABELS = "ab"

def random_model(rng):
    n = rng.choice([5, 6, 7])
    rows = []
    for s in range(n):
        choices = []
        # The last three are seldom left.
        if s >= n - 3 and rng.random() < 0.8:
            rows.append([[(s, 1)]])
            continue
        for _ in range(rng.choice([1, 2, 2, 3])):
            targets = rng.sample(range(n), rng.choice([1, 2, 3, 3]))
            choices.append([(t, rng.randint(1, 4)) for t in targets])
        rows.append(choices)
    labels = {l: [rng.random() < 0.3 for _ in range(n)] for l in LABELS}
    return n, rows, labels

def text(n, rows, labels):
    lines = ["mdp", "module m", "  s : [0..%d];" % (n - 1)]
    for s, choices in enumerate(rows):
        for row in choices:
            total = sum(w for _, w in row)
            lines.append("  [] s=%d -> %s;" % (s, " + ".join("%d/%d : (s'=%d)" % (w, total, t) for t, w in row)))
    lines.append("endmodule")
    for l, truth in labels.items():
        lines.append('label "%s" = %s;' % (l, " | ".join("s=%d" % s for s, x in enumerate(truth) if x) or "false"))
    return "\n".join(lines) + "\n"

# What a run has seen, and what it sees again and again, as sets of labels.
A, B = 1, 2
FORMULAS = [
    ('F "a"', lambda seen, often: seen & A), ('F "b"', lambda seen, often: seen & B), ('G !"a"', lambda seen, often: not seen & A),
    ('(F "a") & (F "b")', lambda seen, often: seen == A | B), ('(F "a") | (G !"b")', lambda seen, often: seen & A or not seen & B),
    ('(F "a") => (F "b")', lambda seen, often: not seen & A or seen & B), ('G F "a"', lambda seen, often: often & A),
    ('F G !"a"', lambda seen, often: not often & A), ('(G F "a") & (F "b")', lambda seen, often: often & A and seen & B),
]

def outcomes(n, rows, labels, most):
    """Per policy: the probability of every (seen, often)."""
    look = lambda s: sum(1 << i for i, l in enumerate(LABELS) if labels[l][s])
    first = (0, look(0))
    places, work = [first], [first]
    moves = {}
    while work:
        s, seen = work.pop()
        moves[s, seen] = []
        for row in rows[s]:
            total = sum(w for _, w in row)
            out = [((t, seen | look(t)), w / total) for t, w in row]
            moves[s, seen].append(out)
            for q, _ in out:
                if q not in places: places.append(q); work.append(q)
    number = {p: i for i, p in enumerate(places)}
    size = 1
    for p in places: size *= len(moves[p])
    if size > most: return None
    result = []
    for policy in itertools.product(*[range(len(moves[p])) for p in places]):
        P = np.zeros((len(places), len(places)))
        for i, p in enumerate(places):
            for q, w in moves[p][policy[i]]: P[i, number[q]] += w
        reach = np.linalg.matrix_power((P + np.eye(len(places)) > 0).astype(float), len(places)) > 0
        ends = {}
        for i in range(len(places)):
            members = np.flatnonzero(reach[i])
            if all(reach[j, i] for j in members): ends.setdefault(tuple(members), None)
        inner = [i for i in range(len(places)) if not any(i in e for e in ends)]
        law = {}
        for e in ends:
            often = 0
            for i in e: often |= look(places[i][0])
            key = (places[e[0]][1], often)
            if 0 in e: p = 1.0
            elif 0 in inner:
                M = np.eye(len(inner)) - P[np.ix_(inner, inner)]
                p = np.linalg.solve(M, P[np.ix_(inner, list(e))].sum(axis=1))[inner.index(0)]
            else: p = 0.0
            law[key] = law.get(key, 0) + p
        result.append(law)
    return result

def main():
    rng = random.Random(5)
    cases = []
    while len(cases) < 90:
        n, rows, labels = random_model(rng)
        laws = outcomes(n, rows, labels, 2000)
        if laws is None or len(laws) < 4: continue
        for _ in range(3):
            (words, wanted), (given, condition) = rng.sample(FORMULAS, 2)
            quotients = []
            for law in laws:
                p = sum(x for key, x in law.items() if condition(*key))
                both = sum(x for key, x in law.items() if condition(*key) and wanted(*key))
                if p > 1e-12: quotients.append(both / p)
            if not quotients: continue
            least, most = min(quotients), max(quotients)
            # Most sharp cases are dull.
            greatest = rng.random() < 0.5
            if (most if greatest else least) in (0, 1) and rng.random() < 0.95: continue
            cases.append({"model": text(n, rows, labels), "property": "P%s=? [ %s || %s ]" % ("max" if greatest else "min", words, given),
                          "value": most if greatest else least})
    print(json.dumps({"cases": cases[:90]}, indent=0))

if __name__ == "__main__": main()
