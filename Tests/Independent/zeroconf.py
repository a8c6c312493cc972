"""The zeroconf model of the PRISM benchmark suite (reset variant), written as in Examples/zeroconf.alea: sizes, and the least and
greatest probability of settling on a taken address, by policy iteration."""
import dp

OLD, TAKEN, FREE = range(3)
RECONFIGURING, CHOOSING, PROBING, ANNOUNCING, SETTLED = range(5)
IDLE, OUTWARD, INWARD = range(3)
FIELDS = ["stage", "address", "x", "y", "collisions", "probes", "replying", "defending", "medium", "z", "carried", "outbox",
          "waiting", "old_answers", "answers"]
START = (CHOOSING, TAKEN, 0, 0, 0, 0, False, False, IDLE, 0, OLD, (OLD,) * 8, 0, 0, 0)


def model(n, k, loss=0.1):
    def events(state):
        """Every enabled event with its outcomes, each a list of (probability, changed fields)."""
        s = dict(zip(FIELDS, state))
        stage, medium, x = s["stage"], s["medium"], s["x"]
        out = {}
        if stage == RECONFIGURING:
            return {"reset": [(1, dict(stage=CHOOSING, answers=0, old_answers=min(20, s["old_answers"] + s["answers"]),
                                       carried=OLD, waiting=0, outbox=(OLD,) * 8))]}
        listening = stage == ANNOUNCING and not s["replying"]
        # Time, together for the host and the medium.
        quiet = medium == IDLE and s["waiting"] == s["old_answers"] == s["answers"] == 0
        if quiet or (medium != IDLE and s["z"] < 1):
            change = {} if quiet else {"z": 1}
            if stage == CHOOSING and s["collisions"] == 10 and x < 60:
                out["tick"] = [(1, dict(change, x=x + 1))]
            elif stage == PROBING and x < 2:
                out["tick"] = [(1, dict(change, x=x + 1))]
            elif listening and x < 2:
                out["tick"] = [(1, dict(change, x=x + 1, **({"y": min(s["y"] + 1, 10)} if s["defending"] else {})))]
        # The host by itself.
        if stage == CHOOSING and (s["collisions"] < 10 or x == 60):
            out["choose"] = [(p / 3, dict(stage=PROBING, address=a, x=start))
                             for start in range(3) for a, p in ((TAKEN, n / 65024), (FREE, 1 - n / 65024))]
        if stage == PROBING and x == 2 and s["probes"] == k:
            out["confirm"] = [(1, dict(stage=ANNOUNCING, probes=0, collisions=0, x=0))]
        if stage == SETTLED:
            out["rest"] = [(1, {})]
        # The host sends.
        posted = {}
        if s["waiting"] < 8:
            box = list(s["outbox"])
            box[s["waiting"]] = s["address"]
            posted = dict(outbox=tuple(box), waiting=s["waiting"] + 1)
        if stage == PROBING and x == 2 and s["probes"] < k:
            out["send"] = [(1, dict(posted, x=0, probes=s["probes"] + 1))]
        elif stage == ANNOUNCING and s["replying"]:
            out["send"] = [(1, dict(posted, replying=False))]
        elif listening and x == 2 and s["probes"] < 1:
            out["send"] = [(1, dict(posted, x=0, probes=s["probes"] + 1))]
        elif listening and x == 2 and s["probes"] == 1:
            out["send"] = [(1, dict(posted, stage=SETTLED, x=0, y=0, probes=0))]
        # The medium.
        if medium == IDLE:
            if s["waiting"] > 0:
                shifted = dict(outbox=s["outbox"][1:] + (OLD,), waiting=s["waiting"] - 1)
                out["carry"] = [(1 - loss, dict(shifted, medium=OUTWARD, carried=s["outbox"][0])), (loss, shifted)]
            if s["old_answers"] > 0:
                less = dict(old_answers=s["old_answers"] - 1)
                out["answerOld"] = [(1 - loss, dict(less, medium=INWARD, carried=OLD)), (loss, less)]
            if s["answers"] > 0:
                less = dict(answers=s["answers"] - 1)
                out["answer"] = [(1 - loss, dict(less, medium=INWARD, carried=TAKEN)), (loss, less)]
        done = dict(medium=IDLE, z=0, carried=OLD)
        if medium == OUTWARD:
            if s["carried"] == OLD:
                done["old_answers"] = min(s["old_answers"] + 1, 20)
            if s["carried"] == TAKEN:
                done["answers"] = min(s["answers"] + 1, 8)
            out["arrive"] = [(1, done)]
        if medium == INWARD:
            mine = s["carried"] == s["address"]
            if stage == CHOOSING or ((stage == PROBING or listening) and not mine):
                out["ignore"] = [(1, done)]
            elif stage == PROBING and mine:
                out["giveUp"] = [(1, dict(done, stage=RECONFIGURING, collisions=min(s["collisions"] + 1, 10), x=0, probes=0))]
            elif listening and mine:
                if not s["defending"] or s["y"] >= 10:
                    out["defend"] = [(1, dict(done, defending=True, replying=True, y=0))]
                if not s["defending"] or s["y"] < 10:
                    out["giveUp"] = [(1, dict(done, stage=RECONFIGURING, probes=0, defending=False, x=0, y=0))]
        return out

    def actions(state):
        return list(events(state))

    def step(state, event):
        successors = {}
        for p, change in events(state)[event]:
            dp.add(successors, tuple(change.get(f, v) for f, v in zip(FIELDS, state)), p)
        return 0, successors

    return actions, step


for n, k in ((20, 2), (1000, 2), (1000, 4)):
    actions, step = model(n, k)
    states = dp.reachable([START], actions, step)
    settled = lambda s: s[0] == SETTLED
    bad = lambda s: settled(s) and s[1] == TAKEN
    # No event can be repeated for ever before the host settles, so every policy ends surely once settled states are left out.
    live = lambda s: [] if settled(s) else actions(s)
    for name, sign in (("least", -1), ("greatest", 1)):
        reach = lambda s, a: (sign * sum(p for t, p in step(s, a)[1].items() if bad(t)), step(s, a)[1])
        value, _ = dp.policy_iteration(states, live, reach, 1.0, slack=1e-16)
        print(f"N = {n}, K = {k}: {len(states)} states, {name} {sign * value[START]:.12e}")
