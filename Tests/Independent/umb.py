"""Models in UMB written with nothing but numpy and tarfile from the format's specification, and their answers by linear algebra.

    python3 umb.py FOLDER      writes walk.umb, chain.umb, queue.umb and expected.json

walk.umb: an mdp with branches out of order and twice, rewards of states, choices and branches, variables of every type. Plain.
chain.umb: the dice of a coin of 1/3 in quotients of two numbers of 256 bits; answers are exact. Compressed.
queue.umb: a ctmc with three places and two initial states. Compressed without Huffman codes of its own.
"""
import gzip, io, json, struct, sys, tarfile, zlib
from fractions import Fraction as F
from pathlib import Path
import numpy as np

u8, u4, f8 = "<u8", "<u4", "<f8"


def array(values, kind):
    return np.asarray(values, dtype=kind).tobytes()


def bits(flags):
    number = sum(1 << i for i, flag in enumerate(flags) if flag)
    return number.to_bytes((len(flags) + 63) // 64 * 8, "little")


def rationals(values, size):
    half = size // 16
    return b"".join(v.numerator.to_bytes(half, "little", signed=True) + v.denominator.to_bytes(half, "little") for v in values)


def strings(texts):
    encoded = [t.encode() for t in texts]
    return array(np.cumsum([0] + [len(t) for t in encoded]), u8), b"".join(encoded)


def archive(index, files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, body in [("index.json", json.dumps(index).encode())] + sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def system(time, players, states, choices, branches, actions=0, **types):
    return {
        "format-version": 1, "format-revision": 0, "file-data": {"tool": "umb.py"},
        "transition-system": {
            "time": time, "#players": players, "#states": states, "#initial-states": 1, "#choices": choices,
            "#choice-actions": actions, "#branches": branches, "#branch-actions": 0, "#observations": 0, **types}}


def packed(entries):
    """Values as (number of bits, unsigned number) from the lowest bit, padded to bytes."""
    number = place = 0
    for size, value in entries:
        number |= value << place
        place += size
    return number.to_bytes((place + 7) // 8, "little")


def walk():
    rng = np.random.default_rng(1)
    n = 40
    choices, branches, target, share, action = [0], [0], [], [], []
    for state in range(n):
        for _ in range(rng.integers(1, 4)):
            # Out of order, some states twice, and some way to the goal.
            next = np.append(rng.integers(0, n, rng.integers(1, 5)), n - 1)
            rng.shuffle(next)
            p = rng.integers(1, 9, len(next)) / 1.0
            target += list(next)
            share += list(p / p.sum())
            branches.append(len(target))
            action.append(rng.integers(0, 3))
        choices.append(len(branches) - 1)
    k = len(branches) - 1
    goal, trap = np.arange(n) == n - 1, np.arange(n) % 7 == 3
    state_reward, choice_reward, branch_reward = rng.uniform(0, 1, n), rng.uniform(0, 2, k), rng.uniform(0, 3, len(target))

    def row(c):
        p = np.zeros(n)
        np.add.at(p, target[branches[c]:branches[c + 1]], share[branches[c]:branches[c + 1]])
        return p

    rows = [row(c) for c in range(k)]
    amount = [choice_reward[c] + np.dot(share[branches[c]:branches[c + 1]], branch_reward[branches[c]:branches[c + 1]]) for c in range(k)]
    chance, cost = goal.astype(float), np.zeros(n)
    for _ in range(20_000):
        chance = np.array([1.0 if goal[s] else 0.0 if trap[s] else max(rows[c] @ chance for c in range(choices[s], choices[s + 1])) for s in range(n)])
        cost = np.array([0.0 if goal[s] else state_reward[s] + min(amount[c] + rows[c] @ cost for c in range(choices[s], choices[s + 1])) for s in range(n)])
    x, b = np.arange(n) % 9 - 4, np.arange(n) % 2
    d, mood = np.arange(n) * 0.25, np.arange(n) % 3
    double = lambda v: struct.unpack("<Q", struct.pack("<d", v))[0]
    index = system("discrete", 1, n, k, len(target), 3, **{"branch-probability-type": {"type": "double", "size": 64}})
    index["annotations"] = {
        "aps": {"goal": {"alias": "Goal", "applies-to": ["states"], "type": {"type": "bool", "size": 1}},
                "trap": {"applies-to": ["states"], "type": {"type": "bool", "size": 1}}},
        "rewards": {"cost": {"applies-to": ["states", "choices", "branches"], "type": {"type": "double", "size": 64}},
                    "bounds": {"applies-to": ["states"], "type": {"type": "double-interval", "size": 128}}},
        "notes": {"n": {"applies-to": ["states"], "type": {"type": "int", "size": 64}}}}
    index["valuations"] = {"states": {"unique": True, "#strings": 3, "classes": [{"variables": [
        {"name": "x", "type": {"type": "int", "size": 5}}, {"padding": 2}, {"name": "b", "type": {"type": "bool", "size": 1}},
        {"name": "d", "type": {"type": "double", "size": 64}}, {"name": "mood", "type": {"type": "string", "size": 64}},
        {"name": "y", "is-optional": True, "type": {"type": "uint", "size": 7}, "offset": -3},
        {"name": "z", "is-optional": True, "type": {"type": "uint", "size": 7}},
        {"name": "wide", "type": {"type": "int", "size": 72}}]}]}}
    valuations = b"".join(
        packed([(5, int(x[s]) & 31), (2, 3), (1, int(b[s])), (64, double(d[s])), (64, int(mood[s])), (1, 1), (7, s),
                (1, s != 5), (7, 1), (72, 0)]) for s in range(n))
    a_map, a_text = strings(["go", "wait", ""])
    m_map, m_text = strings(["calm", "busy", "späť"])
    files = {
        "state-to-choices.bin": array(choices, u8), "choice-to-branches.bin": array(branches, u8),
        "branch-to-target.bin": array(target, u8), "branch-to-probability.bin": array(share, f8),
        "state-is-initial.bin": bits([s == 0 for s in range(n)]), "actions/choices/values.bin": array(action, u4),
        "actions/choices/string-mapping.bin": a_map, "actions/choices/strings.bin": a_text,
        "annotations/aps/goal/states/values.bin": bits(goal), "annotations/aps/trap/states/values.bin": bits(trap),
        "annotations/rewards/cost/states/values.bin": array(state_reward, f8),
        "annotations/rewards/cost/choices/values.bin": array(choice_reward, f8),
        "annotations/rewards/cost/branches/values.bin": array(branch_reward, f8),
        "annotations/rewards/bounds/states/values.bin": array(np.repeat(state_reward, 2), f8),
        "annotations/notes/n/states/values.bin": array(range(n), "<i8"),
        "valuations/states/valuations.bin": valuations, "valuations/states/string-mapping.bin": m_map,
        "valuations/states/strings.bin": m_text}
    return archive(index, files), {
        "states": n, "choices": k, "transitions": sum(len(np.flatnonzero(r)) for r in rows), "reach": chance[0], "cost": cost[0]}


def chain():
    # Knuth and Yao's die with a coin that shows heads one time in three.
    h, t = F(1, 3), F(2, 3)
    to = {0: [(1, h), (2, t)], 1: [(3, h), (4, t)], 2: [(5, h), (6, t)], 3: [(1, h), (7, t)], 4: [(8, h), (9, t)],
          5: [(10, h), (11, t)], 6: [(2, h), (12, t)]}
    to.update({s: [(s, F(1))] for s in range(7, 13)})
    target = [s for state in range(13) for s, _ in to[state]]
    share = [p for state in range(13) for _, p in to[state]]
    starts = np.cumsum([0] + [len(to[s]) for s in range(13)])
    index = system("discrete", 0, 13, 13, len(target), **{"branch-probability-type": {"type": "rational", "size": 512}})
    index["annotations"] = {"aps": {"one": {"applies-to": ["states"], "type": {"type": "bool", "size": 1}}}}
    files = {
        "choice-to-branches.bin": array(starts, u8), "branch-to-target.bin": array(target, u8),
        "branch-to-probability.bin": rationals(share, 512),
        "state-is-initial.bin": bits([s == 0 for s in range(13)]), "annotations/aps/one/states/values.bin": bits([s == 7 for s in range(13)])}
    # one = h (h t + h h one): from 1 to 3, then 7 or back to 1.
    one = h * h * t / (1 - h * h)
    return gzip.compress(archive(index, files), mtime=0), {"states": 13, "one": str(one)}


def queue():
    # Arrivals at rate 1, services at 2, three places: the long-run law is that of 1, 1/2, 1/4, 1/8. State 4 is never entered or left.
    rate = [F(1), F(3), F(3), F(2), F(0)]
    to = [[(1, 1.0)], [(0, 2 / 3), (2, 1 / 3)], [(1, 2 / 3), (3, 1 / 3)], [(2, 1.0)], [(4, 1.0)]]
    target, share = [s for row in to for s, _ in row], [p for row in to for _, p in row]
    index = system("stochastic", 0, 5, 5, len(target), **{
        "branch-probability-type": {"type": "double", "size": 64}, "exit-rate-type": {"type": "rational", "size": 128}})
    files = {
        "choice-to-branches.bin": array(np.cumsum([0] + [len(r) for r in to]), u8), "branch-to-target.bin": array(target, u8),
        "branch-to-probability.bin": array(share, f8), "state-to-exit-rate.bin": rationals(rate, 128),
        "state-is-initial.bin": bits([1, 1, 0, 0, 0])}
    packer = zlib.compressobj(9, zlib.DEFLATED, 31, 9, zlib.Z_FIXED)
    return packer.compress(archive(index, files)) + packer.flush(), {"states": 5, "full": 1 / 15, "empty": 8 / 15}


folder = Path(sys.argv[1])
expected = {}
for make in (walk, chain, queue):
    body, answers = make()
    (folder / f"{make.__name__}.umb").write_bytes(body)
    expected[make.__name__] = answers
(folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
