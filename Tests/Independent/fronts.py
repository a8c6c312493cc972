"""What can be had of three objectives, and strict bounds, in the random processes of `objectives.py`, by linear programs.

For a front the greatest weighted sum is computed for random weights: the corners listed must reach it, and none may exceed it; also
under a bound on a third. For strict bounds the least and greatest value of one objective under the others decide.

    python3 fronts.py > ../AleaPrismTests/Data/fronts.json
"""
import json, random
import numpy as np
from scipy.optimize import linprog
from objectives import FORMULAS, Flow, random_model, text

def main():
    rng = random.Random(23)
    cases = []
    while len(cases) < 90:
        n, rows, labels = random_model(rng)
        flow = Flow(n, rows, labels)
        quantities = [("P", words, flow.probability(holds)) for words, holds in rng.sample(FORMULAS, 3)]
        if rng.random() < 0.4: quantities[rng.randrange(3)] = ('R{"r"}', "C", flow.reward)
        def best(c, G=None, h=None):
            r = linprog(-c, A_ub=G, b_ub=h, A_eq=flow.A, b_eq=flow.b, method="highs")
            return None if r.status == 2 else -r.fun
        model = text(n, rows, labels)
        if len(cases) < 30:
            signs = [rng.choice([1, 1, -1]) for _ in range(3)]
            support = []
            for i in range(12):
                w = [1.0 * (i == j) for j in range(3)] if i < 3 else [rng.random() for _ in range(3)]
                # Weights of what is made great: a negative one for what is to be least.
                w = [round(x * s, 3) for x, s in zip(w, signs)]
                support.append(w + [best(sum(x * q for x, (_, _, q) in zip(w, quantities)))])
            words = ["%s%s=? [ %s ]" % (k, "max" if s > 0 else "min", p) for s, (k, p, _) in zip(signs, quantities)]
            cases.append({"model": model, "property": "multi(%s)" % ", ".join(words), "support": support})
            continue
        if len(cases) >= 70:
            # The front of the first two under a bound on the third.
            q = quantities[2][2]
            least, most = -best(-q), best(q)
            value = round(least + (most - least) * rng.uniform(0.2, 0.8), 3)
            support = []
            for i in range(12):
                w = [1.0 * (i == j) for j in range(2)] if i < 2 else [round(rng.random(), 3) for _ in range(2)]
                support.append(w + [best(w[0] * quantities[0][2] + w[1] * quantities[1][2], [-q], [-value])])
            words = ["%smax=? [ %s ]" % (k, p) for k, p, _ in quantities[:2]] + ["%s>=%s [ %s ]" % (quantities[2][0], value, quantities[2][1])]
            cases.append({"model": model, "property": "multi(%s)" % ", ".join(words), "support": support})
            continue
        # A strict bound on the first, a little on either side of what the others leave.
        others = []
        for _, _, q in quantities[1:]:
            least, most = -best(-q), best(q)
            others.append(round(least + (most - least) * rng.uniform(0.2, 0.8), 3))
        G, h = [-q for _, _, q in quantities[1:]], [-v for v in others]
        value = best(quantities[0][2], G, h)
        if value is None: continue
        possible = rng.random() < 0.5
        bound = value - 1e-5 if possible else value + 1e-5
        if quantities[0][0] == "P" and not 0 < bound < 1: continue
        rest = ["%s>=%s [ %s ]" % (k, v, p) for (k, p, _), v in zip(quantities[1:], others)]
        own = "%s>%.9f [ %s ]" % (quantities[0][0], bound, quantities[0][1])
        cases.append({"model": model, "property": "multi(%s)" % ", ".join([own] + rest), "holds": possible})
    print(json.dumps({"cases": cases}, indent=0))

if __name__ == "__main__": main()
