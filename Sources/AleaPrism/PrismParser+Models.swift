import AleaSyntax

extension PrismParser {
  mutating func model() -> PrismModel {
    var model = PrismModel()
    while !isAtEnd {
      let start = position
      do {
        try part(&model)
      } catch {
        recover(from: start, stops: Self.partWords)
      }
    }
    if model.modules.isEmpty, diagnostics.isEmpty {
      report(.error("the model has no module", at: current.span, notes: ["as in `module main x : [0..1]; ... endmodule`"]))
    }
    return model
  }

  /// Kinds of model that are read by PRISM but not here.
  private static let unsupportedTypes: [String: String] = [
    "pta": "probabilistic timed automata (clocks)", "pomdp": "partially observable models",
    "popta": "partially observable models",
    "smg": "stochastic games", "imdp": "interval probabilities", "idtmc": "interval probabilities",
  ]

  private mutating func part(_ model: inout PrismModel) throws {
    guard case .identifier(let word) = current.kind else {
      expected("a part of a model, such as `const`, `formula` or `module`")
      advance()
      throw Abandoned()
    }
    switch word {
    case "dtmc", "probabilistic", "mdp", "nondeterministic", "ctmc", "stochastic": try modelType(word, &model)
    case "const", "prob", "rate": model.constants.append(try constant())
    case "formula": model.formulas.append(try formula())
    case "label": model.labels.append(try label())
    case "global":
      advance()
      model.globals.append(try variable())
    case "module": try module(&model)
    case "rewards": model.rewards.append(try rewards())
    case "init":
      let start = current.span
      advance()
      let condition = try expression()
      guard accept(word: "endinit") else {
        expected("`endinit` after the condition on the initial states")
        throw Abandoned()
      }
      if model.initial != nil { report(.error("there are two `init` blocks", at: start)) }
      model.initial = condition
    case "system": try system(&model)
    case "observables", "observable", "player":
      report(
        .error(
          "`\(word)` belongs to \(word == "player" ? "stochastic games" : "partially observable models"), which are not supported",
          at: current.span))
      skip(to: word == "observable" ? ";" : "end\(word)")
    default:
      if let what = Self.unsupportedTypes[word] {
        report(
          .error(
            "`\(word)` models are not supported", at: current.span, label: "\(what)",
            notes: ["supported are `dtmc`, `mdp` and `ctmc`"]))
        advance()
        return
      }
      let nearest = Spelling.nearest(word, in: Self.partWords.sorted())
      expected(
        "a part of a model, such as `const`, `formula` or `module`", label: nearest.map { "did you mean `\($0)`?" } ?? "")
      if let nearest {
        // What follows is read as if the word had been right.
        tokens[position].kind = .identifier(nearest)
        return
      }
      advance()
      throw Abandoned()
    }
  }

  private mutating func skip(to end: String) {
    while !isAtEnd, !isWord(end), !isSymbol(end) { advance() }
    advance()
  }

  private mutating func modelType(_ word: String, _ model: inout PrismModel) throws {
    let old = ["probabilistic": "dtmc", "nondeterministic": "mdp", "stochastic": "ctmc"]
    let type = PrismModelType(rawValue: old[word] ?? word)
    if let earlier = model.type {
      report(
        .error(
          "the model is declared twice to be of a kind: `\(earlier.rawValue)`, then `\(word)`", at: current.span,
          secondary: model.typeSpan.map { [.init($0, "the first time")] } ?? []))
    } else {
      model.type = type
      model.typeSpan = current.span
    }
    advance()
  }

  // MARK: Declarations

  mutating func constant() throws -> PrismModel.Constant {
    var type = PrismModel.ScalarType.integer
    if isWord("prob") || isWord("rate") {
      advance()
      type = .double
    } else {
      advance()
      if case .identifier(let word) = current.kind, let given = PrismModel.ScalarType(rawValue: word) {
        type = given
        advance()
      }
    }
    let name = try name("the name of a constant")
    let value = accept("=") ? try expression() : nil
    try require(";", "after the constant")
    return PrismModel.Constant(name: name, type: type, value: value)
  }

  mutating func formula() throws -> PrismModel.Formula {
    advance()
    let name = try name("the name of a formula")
    try require("=", "and what the formula stands for")
    let value = try expression()
    try require(";", "after the formula")
    return PrismModel.Formula(name: name, value: value)
  }

  mutating func label() throws -> PrismModel.Label {
    advance()
    guard case .string(let text) = current.kind else {
      expected("the name of the label in quotes")
      throw Abandoned()
    }
    let name = PrismName(text: text, span: current.span)
    advance()
    try require("=", "and the states the label stands for")
    let value = try expression()
    try require(";", "after the label")
    return PrismModel.Label(name: name, value: value)
  }

  private mutating func variable() throws -> PrismModel.Variable {
    let name = try name("the name of a variable")
    try require(":", "and the values of `\(name.text)`")
    let domain: PrismModel.Variable.Domain
    if accept(word: "bool") {
      domain = .boolean
    } else if accept(word: "int") {
      domain = .integer
    } else if isWord("clock") {
      report(.error("`\(name.text)` is a clock: probabilistic timed automata are not supported", at: current.span))
      throw Abandoned()
    } else if accept("[") {
      let low = try expression()
      try require("..", "between the ends of the range")
      let high = try expression()
      try require("]", "after the range")
      domain = .range(low, high)
    } else {
      expected("a range such as `[0..3]`, or `bool`")
      throw Abandoned()
    }
    let initial = accept(word: "init") ? try expression() : nil
    try require(";", "after the variable")
    return PrismModel.Variable(name: name, domain: domain, initial: initial)
  }

  // MARK: Modules

  private mutating func module(_ model: inout PrismModel) throws {
    let start = current.span
    advance()
    let name = try name("the name of a module")
    if isSymbol("=") {
      try renaming(name, &model)
      return
    }
    model.moduleOrder.append(name)
    var module = PrismModel.Module(name: name, variables: [], commands: [])
    while !isAtEnd, !isWord("endmodule") {
      if case .identifier(let word) = current.kind, Self.partWords.contains(word), word != "init", !isSymbol(":", at: 1) { break }
      let start = position
      do {
        if isSymbol("[") {
          module.commands.append(try command())
        } else if isWord("invariant") {
          report(.error("`invariant` belongs to probabilistic timed automata, which are not supported", at: current.span))
          skip(to: "endinvariant")
        } else if case .identifier = current.kind {
          module.variables.append(try variable())
        } else {
          expected("a variable or a command `[action] condition -> update;`")
          throw Abandoned()
        }
      } catch {
        recover(from: start, stops: Self.partWords.subtracting(["init"]).union(["endmodule"]))
      }
    }
    model.modules.append(module)
    if !accept(word: "endmodule") {
      report(
        .error(
          "expected `endmodule`, found \(current.description)", at: current.span,
          secondary: [.init(start.union(name.span), "the module begins here")]))
    }
  }

  private mutating func renaming(_ name: PrismName, _ model: inout PrismModel) throws {
    advance()
    let base = try self.name("the name of the module to copy")
    var renaming = PrismModel.Renaming(name: name, base: base, changes: [])
    model.moduleOrder.append(name)
    defer { model.renamings.append(renaming) }
    if accept("[") {
      if !isSymbol("]") {
        repeat {
          let from = try self.name("the name to replace")
          try require("=", "and the new name of `\(from.text)`")
          let to = try self.name("the new name")
          if let earlier = renaming.changes.first(where: { $0.from.text == from.text }) {
            report(
              .error(
                "`\(from.text)` is renamed twice", at: from.span, secondary: [.init(earlier.from.span, "the first time")]))
          }
          renaming.changes.append((from, to))
        } while accept(",")
      }
      try require("]", "after the new names")
    }
    if !accept(word: "endmodule") {
      expected("`endmodule`")
      throw Abandoned()
    }
  }

  private mutating func command() throws -> PrismModel.Command {
    let start = current.span
    advance()
    var action: PrismName?
    if !isSymbol("]") { action = try name("the name of an action") }
    try require("]", "after the action")
    let condition = try expression()
    try require("->", "and the updates of the command")
    var updates = [try update()]
    while accept("+") { updates.append(try update()) }
    try require(";", "after the command")
    return PrismModel.Command(action: action, condition: condition, updates: updates, span: start.union(previousSpan))
  }

  private var beginsAssignment: Bool {
    guard isSymbol("("), case .identifier = token(1).kind else { return false }
    return isSymbol("'", at: 2)
  }

  private mutating func update() throws -> PrismModel.Update {
    let start = current.span
    if beginsAssignment {
      return PrismModel.Update(probability: nil, assignments: try assignments(), span: start.union(previousSpan))
    }
    if isSymbol("[") {
      report(.error("intervals of probabilities are not supported", at: current.span))
      throw Abandoned()
    }
    let first = try expression()
    if accept(":") {
      return PrismModel.Update(probability: first, assignments: try assignments(), span: start.union(previousSpan))
    }
    if case .boolean(true) = first.kind { return PrismModel.Update(probability: nil, assignments: [], span: first.span) }
    expected("`:` and the update, after its probability", notes: ["as in `0.5 : (x'=1)`"])
    throw Abandoned()
  }

  private mutating func assignments() throws -> [PrismModel.Assignment] {
    if accept(word: "true") { return [] }
    var result: [PrismModel.Assignment] = []
    repeat {
      // `(x'=1) & true` is allowed too.
      if accept(word: "true") { continue }
      guard isSymbol("(") else {
        expected("an assignment such as `(x'=1)`")
        throw Abandoned()
      }
      advance()
      let variable = try name("the name of a variable")
      try require("'", "after the variable that changes", notes: ["an update writes the next value: `(\(variable.text)'=...)`"])
      try require("=", "and the next value of `\(variable.text)`")
      let value = try expression()
      try require(")", "after the assignment")
      result.append(PrismModel.Assignment(variable: variable, value: value))
    } while accept("&")
    return result
  }

  // MARK: Rewards and systems

  private mutating func rewards() throws -> PrismModel.Rewards {
    let start = current.span
    advance()
    var rewards = PrismModel.Rewards(name: nil, items: [], span: start)
    if case .string(let text) = current.kind {
      rewards.name = PrismName(text: text, span: current.span)
      rewards.span = start.union(current.span)
      advance()
    }
    while !isAtEnd, !isWord("endrewards") {
      if case .identifier(let word) = current.kind, Self.partWords.contains(word) { break }
      let start = position
      do {
        var action: PrismName?
        if isSymbol("[") {
          let place = current.span
          advance()
          action = isSymbol("]") ? PrismName(text: "", span: place) : try name("the name of an action")
          try require("]", "after the action")
        }
        let condition = try expression()
        try require(":", "and the reward")
        let value = try expression()
        try require(";", "after the reward")
        rewards.items.append(.init(action: action, condition: condition, value: value))
      } catch {
        recover(from: start, stops: Self.partWords.union(["endrewards"]))
      }
    }
    if !accept(word: "endrewards") {
      report(
        .error(
          "expected `endrewards`, found \(current.description)", at: current.span,
          secondary: [.init(start, "the rewards begin here")]))
    }
    return rewards
  }

  private mutating func system(_ model: inout PrismModel) throws {
    let start = current.span
    advance()
    if case .string = current.kind { advance() }
    let system = try composition()
    guard accept(word: "endsystem") else {
      expected("`endsystem`")
      throw Abandoned()
    }
    if model.system != nil { report(.error("there are two `system` blocks", at: start)) }
    model.system = system
  }

  private mutating func composition() throws -> PrismModel.System {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maximumDepth else {
      report(.error("parentheses nest more than \(Self.maximumDepth) levels deep", at: current.span))
      throw Abandoned()
    }
    var result = try interleaving()
    var count = 0
    while accept("||") {
      result = .parallel(result, try interleaving())
      count += 1
      if count > Self.maximumDepth { throw tooManyModules() }
    }
    return result
  }

  private mutating func tooManyModules() -> Abandoned {
    report(.error("a system puts together more than \(Self.maximumDepth) modules in a row", at: current.span))
    return Abandoned()
  }

  private mutating func interleaving() throws -> PrismModel.System {
    var result = try synchronisation()
    var count = 0
    while accept("|||") {
      result = .interleaved(result, try synchronisation())
      count += 1
      if count > Self.maximumDepth { throw tooManyModules() }
    }
    return result
  }

  private mutating func synchronisation() throws -> PrismModel.System {
    var result = try hiding()
    var count = 0
    while isSymbol("|"), isSymbol("[", at: 1) {
      advance()
      advance()
      let actions = try names("an action to synchronise on", until: "]")
      try require("]", "after the actions")
      try require("|", "after the actions")
      result = .synchronised(result, try hiding(), on: actions)
      count += 1
      if count > Self.maximumDepth { throw tooManyModules() }
    }
    return result
  }

  private mutating func names(_ what: String, until end: String) throws -> [PrismName] {
    var result: [PrismName] = []
    if isSymbol(end) { return result }
    repeat { result.append(try name(what)) } while accept(",")
    return result
  }

  private mutating func hiding() throws -> PrismModel.System {
    var result: PrismModel.System
    if accept("(") {
      result = try composition()
      try require(")", "to close the parenthesis")
    } else {
      result = .module(try name("the name of a module"))
    }
    var count = 0
    while true {
      count += 1
      if count > Self.maximumDepth { throw tooManyModules() }
      if accept("/") {
        try require("{", "before the actions to hide")
        result = .hidden(result, try names("an action to hide", until: "}"))
        try require("}", "after the actions")
      } else if accept("{") {
        var changes: [(from: PrismName, to: PrismName)] = []
        repeat {
          let from = try name("the action to rename")
          try require("<", "and `-`, as in `{a <- b}`")
          try require("-", "as in `{a <- b}`")
          changes.append((from, try name("its new name")))
        } while accept(",")
        try require("}", "after the new names")
        result = .renamed(result, changes)
      } else {
        return result
      }
    }
  }
}
