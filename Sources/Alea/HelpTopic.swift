/// A word of the language, or a subject, that `:help` explains with a program that runs.
struct HelpTopic: Sendable {
  /// The word first, then other words that lead here.
  let names: [String]
  let title: String
  let text: String
  let example: String

  init(_ names: String..., title: String, text: String, example: String) {
    (self.names, self.title, self.text, self.example) = (names, title, text, example)
  }

  /// The topic behind a word.
  static func named(_ name: String) -> HelpTopic? { all.first { $0.names.contains(name) } }

  static let all = models + parts + expressions + subjects
}

extension HelpTopic {
  private static let models: [HelpTopic] = [
    HelpTopic(
      "mdp", "models", title: "a Markov decision process",
      text: """
        States, actions, what happens in a step, what it earns, and an objective. `name ~ law` draws, `name = e` derives, in any order;
        `name'` is the next value of a state. One of `discount g`, `horizon n`, `total` with `terminal when e`, or `average`.
        Questions: solve, evaluate, simulate, probability, size, explain, graph.
        """,
      example: """
        mdp Wear {
          state age: 0..5 = 0
          action replace: Bool
          age' ~ if replace then Certain(0) else {age: 0.3, min(age + 1, 5): 0.7}
          reward 10 - age ^ 2 - (if replace then 12 else 0)
          discount 0.9
        }
        solve(Wear)
        """),
    HelpTopic(
      "bandit", title: "a bandit: rewards whose laws the policy does not know",
      text: """
        An action, a reward for it, perhaps a `context` seen before, and a horizon. Policies learn as they go: those of `std.policies`, or
        your own with `memory` and `after`. Questions: simulate (a race of policies), lowerBound, bestArm, gittins.
        """,
      example: """
        import std.policies
        bandit Drugs {
          action arm: {old, new}
          reward ~ Bernoulli(match arm { old => 0.5, new => 0.6 })
          horizon 500
        }
        simulate(Drugs, [UCB1(), Thompson()], replications: 100, seed: 1)
        """),
    HelpTopic(
      "causal", title: "a causal model: who listens to whom",
      text: """
        Arrows `x -> y`, hidden common causes `x <-> y` or `latent u`, and mechanisms `y ~ law` where they are known.
        Questions: independent, adjustmentSets, instruments, identify, estimate, sample, do, counterfactual, graph.
        """,
      example: """
        causal Trial {
          age -> {drug, recovery}
          drug -> recovery
        }
        identify(effect(of: Trial.drug, on: Trial.recovery))
        """),
    HelpTopic(
      "moments", "require", "unknown", "data", title: "conditional moment restrictions",
      text: """
        `data` names the columns, `unknown f(x) in Class()` the functions sought, `require E[residual | z] = 0` or
        `require P[residual | z] = level` what holds. The question is estimate(Model, from: table).
        """,
      example: """
        import std.tour
        moments Returns {
          data lwage, educ, near
          unknown wage(educ) in Linear()
          require E[lwage - wage(educ) | near] = 0
        }
        estimate(Returns, from: people)
        """),
    HelpTopic(
      "policy", "policies", "memory", "after", title: "a rule for acting, with or without memory",
      text: """
        `policy Name(parameters) for Model { action = e }`, or `action ~ law`. `memory` keeps values from step to step, `after { ... }`
        changes them when the reward is seen; `for bandit` or `for mdp` fits every model of the kind.
        """,
      example: """
        import std.tour
        policy Restock(level: Int) for Inventory { order = max(0, level - stock) }
        evaluate(Restock(level: 12), in: Inventory).start
        """),
  ]

  private static let parts: [HelpTopic] = [
    HelpTopic(
      "state", "observe", title: "what a step begins with",
      text: "`state x: domain = initial`, or `~ law`. Each state has one mechanism for its next value, `x' = ...` or `x' ~ ...`.",
      example: """
        mdp Coin { state heads: Bool = false
          action flip: Bool
          heads' ~ if flip then Bernoulli(0.5) else Certain(heads)
          reward if heads then 1 else 0
          horizon 3
        }
        solve(Coin).start
        """),
    HelpTopic(
      "action", "when", title: "what is chosen, and where it may be",
      text: "`action a: domain when condition`: the condition may read states and what is drawn before the action.",
      example: """
        mdp Stairs { state at: 0..3 = 0
          action step: 1..2 when at + step <= 3
          at' = at + step
          cost 1
          total
          terminal when at == 3
        }
        solve(Stairs).start
        """),
    HelpTopic(
      "context", "latent", title: "what is seen before acting, and what is never seen",
      text: """
        `context x ~ law` is drawn before the action and may be read by policies; `latent u ~ law` may be read by mechanisms, and by the
        policy that made a log, but not by one that is evaluated from it.
        """,
      example: """
        import std.tour
        evaluate(Headline(which: 1), in: News, from: clicks, by: InversePropensity())
        """),
    HelpTopic(
      "reward", "cost", title: "what a step earns",
      text:
        "`reward e` or `reward channel: e`, several of them add up; `cost` counts against. `channels` of a solution tells them apart.",
      example: """
        import std.tour
        solve(Inventory).channels
        """),
    HelpTopic(
      "discount", "horizon", "total", "average", "terminal", "objective", title: "what is maximised",
      text: """
        `discount g`: the discounted total; `horizon n`: the total of n steps, by a policy that may depend on time; `total` with
        `terminal when e`: the total until the end; `average`: the long-run average.
        """,
      example: """
        import std.tour
        solve(Season).policy[seats: 4, t: 0]
        """),
  ]

  private static let expressions: [HelpTopic] = [
    HelpTopic(
      "if", "then", "else", title: "one of two values",
      text: "`if condition then a else b`; laws too: `x ~ if c then Bernoulli(0.2) else Certain(0)`.",
      example: "if 2 > 1 then \"yes\" else \"no\""),
    HelpTopic(
      "match", title: "one of several values",
      text: "`match e { a => 1, b => 2, _ => 3 }`; the cases are tried from the first.",
      example: """
        enum Side { left, right }
        match left { left => -1, right => 1 }
        """),
    HelpTopic(
      "where", "in", "comprehension", title: "a name over a set",
      text: "`sum(i in 0..9 where i != 3: i ^ 2)`; also max, min, argmax, all, any, count, and `[i in 0..9: i ^ 2]`.",
      example: "sum(i in 0..9 where i mod 2 == 1: i ^ 2)"),
    HelpTopic(
      "and", "or", "not", "true", "false", title: "truth values", text: "`and`, `or`, `not`; comparisons are == != < <= > >=.",
      example: "not (1 == 2) and 3 in 1..5"),
    HelpTopic(
      "div", "mod", title: "whole division", text: "`a div b` rounds towards minus infinity; `a mod b` has the sign of b.",
      example: "[-7 div 2, -7 mod 2]"),
    HelpTopic("let", title: "names a value", text: "`let name = e`.", example: "let odds = 3 / 7"),
    HelpTopic(
      "fn", title: "a function", text: "`fn name(x: Real, y: Real = 1): Real = e`; pure, and usable in models.",
      example: """
        fn logit(p: Real): Real = ln(p / (1 - p))
        logit(0.75)
        """),
    HelpTopic(
      "enum", title: "a finite type", text: "`enum Side { left, right }`.",
      example: """
        enum Size { small, medium, large }
        size(Size)
        """),
    HelpTopic(
      "param", title: "a value set from outside", text: "`param n: Int = 20`; `alea run file.alea -D n=50` sets another.",
      example: "param n: Int = 20"),
    HelpTopic(
      "import", title: "declarations of another file or of the library",
      text:
        "`import \"file.alea\"`, relative to the file it stands in, or `import std.policies`. `:help std.policies` lists a module.",
      example: "import std.gridworld"),
  ]

  private static let subjects: [HelpTopic] = [
    HelpTopic(
      "distributions", "laws", title: "laws, and drawing from them",
      text: "Laws are values: \(Builtin.distributions.map(\.name).joined(separator: ", ")), and {sunny: 0.7, rainy: 0.3}.",
      example: """
        causal Weather {
          sky ~ {sunny: 0.7, rainy: 0.3}
          walk ~ Bernoulli(if sky == sunny then 0.8 else 0.1)
        }
        sample(Weather, rows: 5, seed: 1)
        """),
    HelpTopic(
      "methods", "by", title: "the methods that questions take after `by:`",
      text:
        "Each has a page, as in `:help ValueIteration`. Without `by:` a method is chosen by the model, and the answer says which and why.",
      example: """
        import std.tour
        solve(Inventory, by: PolicyIteration()).start
        """),
    HelpTopic(
      "reductions", "through", title: "what stands between a question and its method",
      text: """
        A reduction turns a question into a simpler problem: a model into the list of its states, a causal question into moments. Those
        that apply are used, and `explain(...)` says which; `through:` names others.
        """,
      example: """
        import std.tour
        explain(structural(of: Market.price, on: Market.sales, through: InstrumentRestriction()))
        """),
    HelpTopic(
      "tables", "columns", title: "tables of data",
      text:
        "read(\"file.csv\"), derive, filter, select, rename, sort, head, summary; columns are `table.name`, with arithmetic on them.",
      example: """
        import std.tour
        mean(filter(patients, age > 30).recovered)
        """),
    HelpTopic(
      "logs", title: "logged decisions",
      text: """
        `simulate(M, policy, episodes: n)` makes a log, `logged(table, of: M)` reads one. `evaluate(policy, in: M, from: log, by: ...)`
        says what a policy would earn, `learn(...)` finds one that is surely good.
        """,
      example: """
        import std.tour
        learn(in: News, from: clicks, by: PessimisticValueIteration())
        """),
  ]
}
