"""Reads JANI models (jani-model, version 1), checks their form, lists their states and answers their properties by value iteration.

    python3 jani.py model.jani ...

prints for each file one line of JSON: the numbers of states, choices and transitions, and the answer to each property. Written from the
definition of the format (jani-spec.org): what is no key, type, operator or name of it is an error.
"""
import itertools
import json
import math
import sys

BINARY = {
    "∨": "bool", "∧": "bool", "⇒": "bool", "=": "any", "≠": "any", "<": "compare", "≤": "compare", ">": "compare", "≥": "compare",
    "+": "number", "-": "number", "*": "number", "%": "integer", "/": "real", "pow": "number", "log": "real", "min": "number",
    "max": "number",
}
UNARY = {"¬": "bool", "floor": "whole", "ceil": "whole", "abs": "number", "sgn": "whole", "trc": "whole"}
DERIVED = {"⇒", ">", "≥", "min", "max", "abs", "sgn", "trc"}
PYTHON = {
    "∨": "({} or {})", "∧": "({} and {})", "⇒": "(not {} or {})", "=": "({} == {})", "≠": "({} != {})", "<": "({} < {})",
    "≤": "({} <= {})", ">": "({} > {})", "≥": "({} >= {})", "+": "({} + {})", "-": "({} - {})", "*": "({} * {})",
    "%": "({} % {})", "/": "({} / {})", "pow": "({} ** {})", "log": "math.log({}, {})", "min": "min({}, {})", "max": "max({}, {})",
    "¬": "(not {})", "floor": "math.floor({})", "ceil": "math.ceil({})", "abs": "abs({})",
}


def fail(what):
    raise SystemExit(f"not a JANI model: {what}")


def keys(value, what, required, optional=()):
    if not isinstance(value, dict):
        fail(f"{what} is no object")
    for key in required:
        if key not in value:
            fail(f"{what} has no {key}")
    for key in value:
        if key not in required and key not in optional and key != "comment":
            fail(f"{what} has {key}")


def unique(items, what):
    names = [item["name"] for item in items]
    if len(set(names)) != len(names):
        fail(f"{what} share a name")
    return names


class Model:
    def __init__(self, document):
        keys(document, "the model", ["jani-version", "name", "type", "automata", "system"],
             ["metadata", "features", "actions", "constants", "variables", "restrict-initial", "properties"])
        if document["jani-version"] != 1 or document["type"] not in ("dtmc", "mdp", "ctmc"):
            fail("version or type")
        self.type = document["type"]
        self.features = document.get("features", [])
        for feature in self.features:
            if feature not in ("arrays", "datatypes", "derived-operators", "functions", "hyperbolic-functions", "named-expressions",
                               "nondet-selection", "state-exit-rewards", "tradeoff-properties", "trigonometric-functions"):
                fail(f"the feature {feature}")
        self.types = {}
        self.constants = {}
        for constant in document.get("constants", []):
            keys(constant, "a constant", ["name", "type"], ["value"])
            if "value" not in constant:
                fail(f"{constant['name']} is open")
            kind = self.kind(constant["type"])
            source, found = self.expression(constant["value"])
            self.assignable(kind, found, constant["name"])
            self.constants[constant["name"]] = eval(source, {"math": math}, dict(self.constants))
            self.types[constant["name"]] = kind
        self.variables, self.transient, self.bounds, start = [], {}, {}, []
        for variable in document.get("variables", []):
            keys(variable, "a variable", ["name", "type"], ["transient", "initial-value"])
            name = variable["name"]
            kind = self.kind(variable["type"])
            value = None
            if "initial-value" in variable:
                source, found = self.expression(variable["initial-value"])
                self.assignable(kind, found, name)
                value = eval(source, {"math": math}, dict(self.constants))
            if isinstance(variable["type"], dict):
                low, high = (eval(self.expression(variable["type"][end])[0], {"math": math}, dict(self.constants))
                             for end in ("lower-bound", "upper-bound"))
                self.bounds[name] = (low, high)
            if variable.get("transient"):
                if value is None:
                    fail(f"{name} is transient and has no initial value")
                self.transient[name] = value
            else:
                self.variables.append(name)
                start.append([value] if value is not None else
                             [False, True] if kind == "bool" else list(range(self.bounds[name][0], self.bounds[name][1] + 1)))
            if name in self.types:
                fail(f"two things are called {name}")
            self.types[name] = kind
        self.index = {name: i for i, name in enumerate(self.variables)}
        self.actions = unique([self.checked(a, "an action", ["name"]) for a in document.get("actions", [])], "actions")
        self.automata = [self.automaton(a) for a in document["automata"]]
        unique(document["automata"], "automata")
        self.system(document["system"])
        condition = True
        if "restrict-initial" in document:
            keys(document["restrict-initial"], "restrict-initial", ["exp"])
            condition = document["restrict-initial"]["exp"]
        allowed = self.compile(condition, "bool")
        self.start = [s for s in itertools.product(*start) if allowed(s)]
        self.properties = document.get("properties", [])
        unique(self.properties, "properties")

    def checked(self, value, what, required, optional=()):
        keys(value, what, required, optional)
        return value

    def kind(self, type):
        if isinstance(type, dict):
            keys(type, "a type", ["kind", "base", "lower-bound", "upper-bound"])
            if type["kind"] != "bounded" or type["base"] != "int":
                fail("a type")
            return "int"
        if type not in ("bool", "int", "real"):
            fail(f"the type {type}")
        return type

    def assignable(self, wanted, found, name):
        if wanted != found and not (wanted == "real" and found == "int"):
            fail(f"{name} is {wanted} and is given {found}")

    # Expressions become Python over the tuple s of the variables.
    def expression(self, tree):
        if isinstance(tree, bool):
            return repr(tree), "bool"
        if isinstance(tree, int):
            return repr(tree), "int"
        if isinstance(tree, float):
            return repr(tree), "real"
        if isinstance(tree, str):
            if tree in self.constants:
                return repr(self.constants[tree]), self.types[tree]
            if tree in getattr(self, "index", {}):
                return f"s[{self.index[tree]}]", self.types[tree]
            if tree in self.transient:
                return f"value['{tree}'](s)", self.types[tree]
            fail(f"there is no {tree}")
        operator = tree.get("op") if isinstance(tree, dict) else None
        if operator in DERIVED and "derived-operators" not in self.features:
            fail(f"{operator} is a derived operator")
        if operator == "ite":
            keys(tree, "ite", ["op", "if", "then", "else"])
            (c, ct), (a, at), (b, bt) = (self.expression(tree[k]) for k in ("if", "then", "else"))
            if ct != "bool" or (at == "bool") != (bt == "bool"):
                fail("the types of ite")
            return f"({a} if {c} else {b})", at if at == bt else "real"
        if operator in UNARY:
            keys(tree, operator, ["op", "exp"])
            a, at = self.expression(tree["exp"])
            if (at == "bool") != (UNARY[operator] == "bool"):
                fail(f"the type of {operator}")
            return PYTHON[operator].format(a), {"bool": "bool", "whole": "int", "number": at}[UNARY[operator]]
        if operator in BINARY:
            keys(tree, operator, ["op", "left", "right"])
            (a, at), (b, bt) = self.expression(tree["left"]), self.expression(tree["right"])
            rule = BINARY[operator]
            if rule == "bool" and (at, bt) != ("bool", "bool") or rule == "any" and (at == "bool") != (bt == "bool") \
                    or rule not in ("bool", "any") and "bool" in (at, bt) or rule == "integer" and (at, bt) != ("int", "int"):
                fail(f"the types of {operator}")
            number = "int" if at == bt == "int" else "real"
            return PYTHON[operator].format(a, b), \
                {"bool": "bool", "any": "bool", "compare": "bool", "number": number, "integer": "int", "real": "real"}[rule]
        fail(f"the operator {operator}")

    def compile(self, tree, wanted):
        source, found = self.expression(tree)
        self.assignable(wanted, found, "an expression")
        return eval(f"lambda s: {source}", {"math": math, "value": getattr(self, "value", {})})

    def automaton(self, tree):
        keys(tree, "an automaton", ["name", "locations", "initial-locations", "edges"], ["variables", "restrict-initial"])
        if len(tree["locations"]) != 1 or tree["initial-locations"] != [tree["locations"][0]["name"]]:
            fail("one location is read here")
        keys(tree["locations"][0], "a location", ["name"], ["time-progress", "transient-values"])
        place = tree["locations"][0]["name"]
        self.value = getattr(self, "value", {})
        for assignment in tree["locations"][0].get("transient-values", []):
            keys(assignment, "a transient value", ["ref", "value"])
            name = assignment["ref"]
            if name not in self.transient or name in self.value:
                fail(f"the transient value of {name}")
            self.value[name] = self.compile(assignment["value"], self.types[name])
        edges = []
        for edge in tree["edges"]:
            keys(edge, "an edge", ["location", "destinations"], ["action", "guard", "rate"])
            if edge["location"] != place or ("rate" in edge) != (self.type == "ctmc") or edge.get("action", None) not in self.actions + [None]:
                fail("an edge")
            if "guard" in edge:
                keys(edge["guard"], "a guard", ["exp"])
            destinations = []
            for target in edge["destinations"]:
                keys(target, "a destination", ["location"], ["probability", "assignments"])
                if target["location"] != place:
                    fail("a destination")
                if "probability" in target:
                    keys(target["probability"], "a probability", ["exp"])
                changes, rewards = [], []
                for assignment in target.get("assignments", []):
                    keys(assignment, "an assignment", ["ref", "value"], ["index"])
                    name = assignment["ref"]
                    value = self.compile(assignment["value"], self.types.get(name) or fail(f"there is no {name}"))
                    (rewards if name in self.transient else changes).append((name, value))
                destinations.append((self.compile(target.get("probability", {}).get("exp", 1), "real"), changes, rewards))
            if "rate" in edge:
                keys(edge["rate"], "a rate", ["exp"])
                if "probability" in str(edge["destinations"]):
                    fail("destinations with probabilities are not read in a ctmc")
                rate = self.compile(edge["rate"]["exp"], "real")
                destinations = [(rate, changes, rewards) for _, changes, rewards in destinations]
            edges.append((edge.get("action"), self.compile(edge.get("guard", {}).get("exp", True), "bool"), destinations))
        return tree["name"], edges

    def system(self, tree):
        keys(tree, "the system", ["elements"], ["syncs"])
        names = [self.checked(e, "an element", ["automaton"], ["input-enable"])["automaton"] for e in tree["elements"]]
        if sorted(names) != sorted(name for name, _ in self.automata):
            fail("the elements of the system")
        self.automata = [next(a for a in self.automata if a[0] == name) for name in names]
        self.vectors = []
        for vector in tree.get("syncs", []):
            keys(vector, "a synchronisation", ["synchronise"], ["result"])
            if len(vector["synchronise"]) != len(names) or vector.get("result", None) not in self.actions + [None]:
                fail("a synchronisation")
            self.vectors.append(vector["synchronise"])

    # One choice: a list of (probability, next state, rewards).
    def choices(self, s):
        for _, edges in self.automata:
            for action, guard, destinations in edges:
                if action is None and guard(s):
                    yield self.taken(s, [destinations])
        for vector in self.vectors:
            if self.type == "ctmc" and len([part for part in vector if part is not None]) > 1:
                fail("the rates of synchronised edges are not defined here")
            options = []
            for part, (_, edges) in zip(vector, self.automata):
                if part is not None:
                    options.append([d for action, guard, d in edges if action == part and guard(s)])
            for combination in itertools.product(*options):
                yield self.taken(s, list(combination))

    def taken(self, s, parts):
        result = []
        for outcome in itertools.product(*parts):
            probability, target, rewards, changed = 1.0, list(s), {}, set()
            for p, changes, earned in outcome:
                probability *= p(s)
                for name, value in changes:
                    if name in changed:
                        fail(f"{name} is assigned twice")
                    changed.add(name)
                    new = value(s)
                    if name in self.bounds and probability > 0 and not self.bounds[name][0] <= new <= self.bounds[name][1]:
                        fail(f"{name} becomes {new}")
                    target[self.index[name]] = new
                for name, value in earned:
                    if name in rewards:
                        fail(f"{name} is assigned twice")
                    rewards[name] = value(s)
            if probability > 0:
                result.append((probability, tuple(target), rewards))
        if self.type != "ctmc" and abs(sum(p for p, _, _ in result) - 1) > 1e-5:
            fail(f"probabilities of {sum(p for p, _, _ in result)} in {s}")
        return result

    def explore(self):
        self.states = {s: i for i, s in enumerate(self.start)}
        queue = list(self.start)
        self.graph, self.rate = [], []
        for s in queue:
            choices = list(self.choices(s))
            if self.type == "ctmc":
                rate = sum(p for choice in choices for p, _, _ in choice)
                self.rate.append(rate if rate > 0 else 1.0)
                choices = [[(p / rate, t, r) for choice in choices for p, t, r in choice]] if rate > 0 else []
            if self.type == "dtmc" and choices:
                share = 1 / len(choices)
                choices = [[(p * share, t, r) for choice in choices for p, t, r in choice]]
            rows = []
            for choice in choices:
                row, rewards = {}, {}
                for p, t, r in choice:
                    if t not in self.states:
                        self.states[t] = len(self.states)
                        queue.append(t)
                    row[self.states[t]] = row.get(self.states[t], 0) + p
                    for name, amount in r.items():
                        rewards[name] = rewards.get(name, 0) + p * amount
                rows.append((list(row.items()), rewards))
            self.graph.append(rows or [([(self.states[s], 1.0)], {})])

    # Properties
    def answer(self, prop):
        keys(prop, "a property", ["name", "expression"])
        tree = self.checked(prop["expression"], "a property", ["op", "fun", "values", "states"])
        if tree["op"] != "filter" or tree["states"] != {"op": "initial"} or tree["fun"] not in ("min", "max", "∀"):
            fail("a filter")
        values = tree["values"]
        if values["op"] in ("<", "≤", ">", "≥"):
            limit, number = values["right"], self.number(values["left"])
            return {"<": number < limit, "≤": number <= limit + 1e-9, ">": number > limit, "≥": number >= limit - 1e-9}[values["op"]]
        return self.number(values)

    def number(self, tree):
        operator = tree["op"]
        best = max if operator.endswith("max") else min
        states = list(self.states)
        if operator in ("Smin", "Smax") and self.type == "ctmc":
            keys(tree, "a long run", ["op", "exp"], ["accumulate"])
            if "accumulate" not in tree:
                goal = self.compile(tree["exp"], "bool")
                return self.long_run([1.0 if goal(s) else 0.0 for s in states])
            return self.long_run(self.earned_in_time(tree))
        if operator in ("Pmin", "Pmax"):
            path = tree["exp"]
            if path["op"] == "G":
                opposite = {"op": "Pmax" if operator == "Pmin" else "Pmin",
                            "exp": {**path, "op": "F", "exp": {"op": "¬", "exp": path["exp"]}}}
                return 1 - self.number(opposite)
            keys(path, "a path", ["op"], ["exp", "left", "right", "time-bounds" if self.type == "ctmc" else "step-bounds"])
            goal = self.compile(path["exp"] if path["op"] == "F" else path["right"], "bool")
            stay = (lambda s: True) if path["op"] == "F" else self.compile(path["left"], "bool")
            fixed = {i: 1.0 if goal(s) else 0.0 for i, s in enumerate(states) if goal(s) or not stay(s)}
            if "time-bounds" in path:
                return self.within(fixed, path["time-bounds"], goal, stay, states)
            steps = path.get("step-bounds", {}).get("upper")
            return self.iterate(fixed, lambda i, row: 0.0, best, steps)
        if operator in ("Emin", "Emax"):
            keys(tree, "an expectation", ["op", "exp"],
                 ["accumulate", "reach", "time-instant" if self.type == "ctmc" else "step-instant"])
            if self.type == "ctmc" and "time-instant" in tree:
                if "accumulate" in tree:
                    return self.after(tree["time-instant"], None, self.earned_in_time(tree))
                return self.after(tree["time-instant"], [float(self.value[tree["exp"]](s)) for s in states], None)
            goal = self.compile(tree.get("reach", False), "bool")
            name = tree["exp"]
            fixed = {i: 0.0 for i, s in enumerate(states) if goal(s)}
            if self.type == "ctmc":
                amounts = self.earned_in_time(tree)
                return self.iterate(fixed, lambda i, row: amounts[i] / self.rate[i], best)
            if "accumulate" not in tree:
                values = {i: float(self.value[name](s)) for i, s in enumerate(states)}
                return self.iterate_from(values, best, tree["step-instant"])
            if isinstance(name, str):
                exit = self.value.get(name, lambda s: self.transient[name]) if "exit" in tree["accumulate"] else lambda s: 0
                earned = [exit(s) for s in states]
                return self.iterate(fixed, lambda i, row: earned[i] + row[1].get(name, 0), best, tree.get("step-instant"))
            return self.iterate(fixed, lambda i, row: name, best, tree.get("step-instant"))
        fail(f"the property {operator}")

    def iterate_from(self, values, best, steps):
        value = [values[i] for i in range(len(self.graph))]
        for _ in range(steps):
            value = [best(sum(p * value[j] for j, p in row) for row, _ in rows) for rows in self.graph]
        return value[0]

    # Continuous time: what a unit of time in each state earns, and sums over the ticks of a clock faster than every state.
    def earned_in_time(self, tree):
        name = tree["exp"]
        amounts = []
        for i, s in enumerate(self.states):
            amount = 0.0
            if not isinstance(name, str):
                amount = name if "time" in tree["accumulate"] else 0.0
            else:
                if "time" in tree["accumulate"]:
                    amount += self.value.get(name, lambda s: self.transient[name])(s)
                if "steps" in tree["accumulate"]:
                    amount += self.rate[i] * self.graph[i][0][1].get(name, 0)
            amounts.append(amount)
        return amounts

    def ticks(self, start, fixed=()):
        clock = 1.05 * max(self.rate)
        law = start
        while True:
            yield clock, law
            law = [value if i in fixed else
                   value + self.rate[i] / clock * (sum(p * law[j] for j, p in self.graph[i][0][0]) - value)
                   for i, value in enumerate(law)]

    def after(self, time, values, earned, fixed=()):
        """The expectation of values after a time, or of what is earned until then."""
        start = values if values is not None else earned
        total, seen = [0.0] * len(start), 0.0
        for k, (clock, value) in enumerate(self.ticks(start, fixed)):
            mean = clock * time
            weight = math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) if mean > 0 else float(k == 0)
            seen += weight
            factor = weight if values is not None else max(0.0, 1 - seen) / clock
            total = [t + factor * v for t, v in zip(total, value)]
            if k > mean and weight < 1e-18 or k > 100 + 20 * mean:
                return total[0] if fixed == () else total

    def within(self, fixed, bounds, goal, stay, states):
        upper, lower = bounds.get("upper"), bounds.get("lower", 0)
        start = [1.0 if goal(s) else 0.0 for s in states]
        if upper is None:
            value = self.everywhere(fixed)
        else:
            value = self.after(upper - lower, start, None, fixed=set(fixed) | {-1})
        if lower:
            leaving = {i for i, s in enumerate(states) if not stay(s)}
            value = self.after(lower, [0.0 if i in leaving else v for i, v in enumerate(value)], None, fixed=leaving | {-1})
        return value[0]

    def everywhere(self, fixed):
        value = [fixed.get(i, 0.0) for i in range(len(self.graph))]
        for _ in range(200_000):
            new = [fixed[i] if i in fixed else sum(p * value[j] for j, p in rows[0][0]) for i, rows in enumerate(self.graph)]
            if max(abs(a - b) for a, b in zip(new, value)) < 1e-15:
                break
            value = new
        return value

    def long_run(self, amounts):
        last = None
        for k, (_, value) in enumerate(self.ticks(amounts)):
            if last is not None and max(abs(a - b) for a, b in zip(value, last)) < 1e-15 or k > 200_000:
                return value[0]
            last = value

    def iterate(self, fixed, reward, best, steps=None):
        count = len(self.graph)
        rows = [[] if i in fixed else [(reward(i, row), row[0]) for row in self.graph[i]] for i in range(count)]
        value = [fixed.get(i, 0.0) for i in range(count)]
        for sweep in itertools.count(1):
            source = value if steps is None else list(value)
            change = 0.0
            for i in reversed(range(count)):
                if rows[i]:
                    new = best(r + sum(p * source[j] for j, p in row) for r, row in rows[i])
                    change = max(change, abs(new - value[i]))
                    value[i] = new
            if sweep == steps or steps is None and (change < 1e-13 * max(1, max(map(abs, value))) or sweep > 20_000):
                return value[0]


for path in sys.argv[1:]:
    model = Model(json.load(open(path, encoding="utf-8")))
    model.explore()
    print(json.dumps({
        "states": len(model.graph), "choices": sum(map(len, model.graph)),
        "transitions": sum(len(row) for rows in model.graph for row, _ in rows),
        "properties": {p["name"]: model.answer(p) for p in model.properties},
    }))
