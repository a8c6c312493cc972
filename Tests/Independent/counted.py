"""Bounds on rewards and on many steps within larger formulas, in the random processes of `objectives.py`.

A state also remembers what has been collected and which parts of the formula have come true; the rest is value iteration, which
converges fast because every choice may come to rest.

    python3 counted.py > ../AleaPrismTests/Data/counted.json
"""
import json, random
from objectives import random_model, text

def solve(n, rows, labels, events, holds, greatest):
    """Events: (label, first, last, what), true once a state of the label is met with a count from first to last."""
    cap = max(x for _, a, b, _ in events for x in (a, b) if x is not None) + 1
    def seen(s, reward, steps, bits):
        for i, (label, first, last, what) in enumerate(events):
            count = reward if what == "r" else steps
            if labels[label][s] and count >= first and (last is None or count <= last): bits |= 1 << i
        return bits
    begin = (0, 0, 0, seen(0, 0, 0, 0))
    index, order, moves = {begin: 0}, [begin], []
    i = 0
    while i < len(order):
        s, reward, steps, bits = order[i]
        out = []
        # At rest a run goes on: steps are counted there, too.
        choices = rows[s] if s < n else [([(s, 1)], 0)]
        for row, earned in choices:
            total = sum(w for _, w in row)
            entries = []
            for t, w in row:
                place = (t, min(cap, reward + earned), min(cap, steps + 1))
                place += (seen(*place, bits),)
                if place not in index: index[place] = len(order); order.append(place)
                entries.append((index[place], w / total))
            out.append(entries)
        moves.append(out)
        i += 1
    rest = [s >= n and all(j == i for entries in moves[i] for j, _ in entries) for i, (s, _, _, _) in enumerate(order)]
    value = [float(rest[i] and bool(holds(order[i][3]))) for i in range(len(order))]
    choose = max if greatest else min
    for _ in range(5000):
        change = 0
        for i in range(len(order) - 1, -1, -1):
            if rest[i]: continue
            new = choose(sum(w * value[j] for j, w in entries) for entries in moves[i])
            change = max(change, abs(new - value[i]))
            value[i] = new
        if change < 1e-15: return value[0]
    raise RuntimeError("no convergence")

def words(event):
    label, first, last, what = event
    bound = "{\"r\"}" if what == "r" else ""
    if last is None: return 'F%s>=%d "%s"' % (bound, first, label)
    if first == 0: return 'F%s<=%d "%s"' % (bound, last, label)
    if what == "r": return 'F%s=%d "%s"' % (bound, first, label)
    return 'F[%d,%d] "%s"' % (first, last, label)

def main():
    rng = random.Random(31)
    cases = []
    while len(cases) < 60:
        n, rows, labels = random_model(rng)
        events = []
        for what in ["r", rng.choice(["r", "s"])]:
            label, k = rng.choice("abc"), rng.randint(1, 5)
            shape = rng.randrange(3)
            events.append((label, 0 if shape == 0 else k, k if shape == 0 or (shape == 1 and what == "r") else
                           (k + 2 if shape == 1 else None), what))
        one, two = words(events[0]), words(events[1])
        form, holds = rng.choice([
            ("(%s) & (%s)" % (one, two), lambda b: b == 3), ("(%s) | (%s)" % (one, two), lambda b: b != 0),
            ("(%s) & !(%s)" % (one, two), lambda b: b == 1), ("(%s) => (%s)" % (one, two), lambda b: b != 1),
        ])
        greatest = rng.random() < 0.5
        value = solve(n, rows, labels, events, holds, greatest)
        if value in (0, 1) and rng.random() < 0.9: continue
        cases.append({"model": text(n, rows, labels), "property": "P%s=? [ %s ]" % ("max" if greatest else "min", form), "value": value})
    print(json.dumps({"cases": cases}, indent=0))

if __name__ == "__main__": main()
