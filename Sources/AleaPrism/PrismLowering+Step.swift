import AleaModel
import AleaSyntax

extension PrismLowering {
  /// The combination of commands chosen or drawn, and what happens then.
  private struct Choice {
    var name: String
    var action: String?
    var condition: ExpressionID
    /// Probabilities, or rates in a ctmc.
    var outcomes: [(weight: ExpressionID, next: [VariableID: ExpressionID])]
    var spans: [SourceSpan]
  }

  private static let actionName = "command"
  private static let outcomeName = "outcome"

  mutating func buildStep() {
    var choices: [Choice] = []
    var names: [String: Int] = [:]
    for joint in joints {
      guard let outcomes = try? outcomes(of: joint) else { continue }
      var condition = scope.pool.constant(1, type: .boolean)
      for part in joint.parts {
        condition = scope.pool.binary(.and, condition, commands[part].condition, type: .boolean, span: commands[part].span)
      }
      let first = commands[joint.parts[0]]
      let base = joint.action ?? instances[first.module].name.text
      names[base, default: 0] += 1
      choices.append(
        Choice(
          name: base, action: joint.action, condition: condition, outcomes: outcomes, spans: joint.parts.map { commands[$0].span }
        ))
    }
    if hasErrors { return }
    name(&choices, names)
    let enabled = choices.map(\.condition)
    let anyEnabled = disjunction(enabled)
    deadlock = scope.pool.unary(.not, anyEnabled, type: .boolean, span: nil)
    let one = scope.pool.constant(1, type: .real)
    if type != .mdp || fixesDeadlocks || choices.isEmpty, scope.pool.constant(deadlock) != 0 {
      choices.append(Choice(name: unused("deadlock"), condition: deadlock, outcomes: [(one, [:])], spans: []))
    }
    commandSpans = choices.map(\.spans)
    stepOutcomes = choices.count * (choices.map(\.outcomes.count).max() ?? 1)
    actions = choices.map(\.action)

    let command = addCommand(choices)
    let commandValue = scope.pool.intern(.variable(command), type: .symbol, span: nil)
    let outcome = addOutcome(choices, commandValue)
    for index in 0..<Int(command.index) { setNext(VariableID(index), choices, commandValue, outcome) }
  }

  /// A name that no variable has.
  private func unused(_ name: String) -> String {
    var result = name
    while scope.names.contains(result) || process.variables.contains(where: { $0.name == result }) { result += "_" }
    return result
  }

  /// `time.1`, `time.2` where an action has several combinations.
  private func name(_ choices: inout [Choice], _ counts: [String: Int]) {
    var seen: [String: Int] = [:]
    for index in choices.indices where counts[choices[index].name] ?? 0 > 1 || choices[index].action == nil {
      let base = choices[index].name
      seen[base, default: 0] += 1
      choices[index].name = "\(base).\(seen[base] ?? 0)"
    }
  }

  /// A balanced tree: conditions of many parts stay shallow.
  private mutating func disjunction(_ parts: [ExpressionID]) -> ExpressionID {
    guard parts.count > 1 else { return parts.first ?? scope.pool.constant(0, type: .boolean) }
    let middle = parts.count / 2
    let left = disjunction(Array(parts[..<middle]))
    let right = disjunction(Array(parts[middle...]))
    return scope.pool.binary(.or, left, right, type: .boolean, span: nil)
  }

  /// The updates of all commands taken together: every combination, with the product of the probabilities.
  private mutating func outcomes(of joint: PrismJoint) throws -> [(weight: ExpressionID, next: [VariableID: ExpressionID])] {
    var result: [(weight: ExpressionID, next: [VariableID: ExpressionID])] = [(scope.pool.constant(1, type: .real), [:])]
    for part in joint.parts {
      let command = commands[part]
      guard result.count * command.updates.count <= Self.mostOutcomes else {
        throw scope.fault("the updates of this command and those taken with it combine in too many ways", command.span)
      }
      var widened: [(weight: ExpressionID, next: [VariableID: ExpressionID])] = []
      for outcome in result {
        for update in command.updates {
          if scope.pool.constant(update.probability) == 0 { continue }
          var next = outcome.next
          for assignment in update.assignments {
            if next[assignment.variable] != nil {
              throw scope.fault(
                "`\(process[assignment.variable].name)` is changed by two modules at once", assignment.span,
                notes: ["both take part in the action `\(joint.action ?? "")`"])
            }
            next[assignment.variable] = assignment.value
          }
          let weight = scope.pool.binary(.multiply, outcome.weight, update.probability, type: .real, span: command.span)
          widened.append((weight, next))
        }
      }
      result = widened
    }
    if result.isEmpty, let first = joint.parts.first { throw scope.fault("every update has probability 0", commands[first].span) }
    return result
  }

  // MARK: The variables of a step

  private mutating func addCommand(_ choices: [Choice]) -> VariableID {
    let id = VariableID(process.variables.count)
    let name = unused(Self.actionName)
    process.symbols = choices.map { Symbol($0.name) }
    let domain = Domain.symbols(Array(choices.indices))
    process.declarations.append(
      Declaration(name: name, role: choosesCommand ? .action : .derived, shape: .scalar(id), span: process.span))
    var variable = Variable(
      name: name, declaration: process.declarations.count - 1, role: choosesCommand ? .action : .derived, domain: domain,
      mechanism: .chosen, span: process.span)
    defer { process.variables.append(variable) }
    let value = scope.pool.intern(.variable(id), type: .symbol, span: nil)
    stepTime = scope.pool.constant(1, type: .real)
    commandRate = stepTime
    var weights: [ExpressionID] = []
    if type != .mdp { weights = setRates(choices, value) }
    if choosesCommand {
      var conditions = choices.map(\.condition)
      if type == .ctmc { conditions = zip(choices, conditions).map { moving($0, $1) } }
      if conditions.contains(where: { scope.pool.constant($0) != 1 }) {
        process.availability = [scope.pool.gather(value, conditions, type: .boolean, span: process.span)]
      }
      return id
    }
    // Uniform among the enabled ones of a dtmc: the weights are divided by their sum.
    let outcomes = weights.enumerated().map {
      Distribution.Outcome(value: scope.pool.constant(Double($0), type: .symbol), weight: $1)
    }
    variable.mechanism = .draw(.finite(outcomes, isNormalized: false))
    process.stepOrder.append(.current(id))
    return id
  }

  /// The rate of a combination of commands: the sum of those of its outcomes; 1 in a dtmc.
  private mutating func rate(of choice: Choice) -> ExpressionID {
    guard type == .ctmc else { return scope.pool.constant(1, type: .real) }
    return choice.outcomes.dropFirst().reduce(choice.outcomes[0].weight) {
      scope.pool.binary(.add, $0, $1.weight, type: .real, span: nil)
    }
  }

  /// Sets what a chain takes a step with; returns the weight of each combination in a state, 0 where it is not enabled.
  private mutating func setRates(_ choices: [Choice], _ command: ExpressionID) -> [ExpressionID] {
    let zero = scope.pool.constant(0, type: .real)
    let one = scope.pool.constant(1, type: .real)
    let rates = choices.map { rate(of: $0) }
    let weights = zip(choices, rates).map { choice, rate in
      scope.pool.select(choice.condition, rate, zero, type: .real, span: choice.spans.first)
    }
    var total = weights[0]
    for weight in weights.dropFirst() { total = scope.pool.binary(.add, total, weight, type: .real, span: nil) }
    exitRate = total
    if type == .ctmc {
      stepTime = scope.pool.binary(.divide, one, total, type: .real, span: nil)
      commandRate = scope.pool.gather(command, rates, type: .real, span: process.span)
    }
    return weights
  }

  /// Where a combination of commands is enabled and its rate is not zero.
  private mutating func moving(_ choice: Choice, _ condition: ExpressionID) -> ExpressionID {
    let zero = scope.pool.constant(0, type: .real)
    let moves = scope.pool.binary(.notEqual, rate(of: choice), zero, type: .boolean, span: choice.spans.first)
    return scope.pool.binary(.and, condition, moves, type: .boolean, span: choice.spans.first)
  }

  /// Nil when no combination has more than one outcome.
  private mutating func addOutcome(_ choices: [Choice], _ command: ExpressionID) -> ExpressionID? {
    let count = choices.map(\.outcomes.count).max() ?? 1
    // A single update whose probability depends on the state is drawn as well: the draw checks that it is 1.
    guard count > 1 || (type != .ctmc && choices.contains { scope.pool.constant($0.outcomes[0].weight) == nil }) else {
      return nil
    }
    let zero = scope.pool.constant(0, type: .real)
    let outcomes = (0..<count).map { number in
      let weights = choices.map { number < $0.outcomes.count ? $0.outcomes[number].weight : zero }
      return Distribution.Outcome(
        value: scope.pool.constant(Double(number), type: .integer),
        weight: scope.pool.gather(command, weights, type: .real, span: process.span))
    }
    let id = VariableID(process.variables.count)
    let name = unused(Self.outcomeName)
    process.declarations.append(Declaration(name: name, role: .derived, shape: .scalar(id), span: process.span))
    process.variables.append(
      Variable(
        name: name, declaration: process.declarations.count - 1, role: .derived, domain: .range(0, count - 1),
        mechanism: .draw(.finite(outcomes, isNormalized: type != .ctmc)), span: process.span))
    process.stepOrder.append(.current(id))
    return scope.pool.intern(.variable(id), type: .integer, span: nil)
  }

  private mutating func setNext(_ id: VariableID, _ choices: [Choice], _ command: ExpressionID, _ outcome: ExpressionID?) {
    let type = process[id].domain.type
    let span = process[id].span
    let current = scope.pool.intern(.variable(id), type: type, span: span)
    var elements: [ExpressionID] = []
    for choice in choices {
      let values = choice.outcomes.map { $0.next[id] ?? current }
      if let first = values.first, values.allSatisfy({ $0 == first }) {
        elements.append(first)
      } else if let outcome {
        elements.append(scope.pool.gather(outcome, values, type: type, span: span))
      }
    }
    let next = elements.allSatisfy { $0 == current } ? current : scope.pool.gather(command, elements, type: type, span: span)
    process.variables[Int(id.index)].next = .value(next)
    process.stepOrder.append(.next(id))
  }

  // MARK: Rewards

  mutating func buildRewards() {
    for (number, rewards) in model.rewards.enumerated() {
      let name = rewards.name?.text ?? (model.rewards.count == 1 ? "reward" : "reward\(number + 1)")
      var amount = scope.pool.constant(0, type: .real)
      for item in rewards.items {
        attempt { lowering in
          let value = try lowering.amount(item)
          amount = lowering.scope.pool.binary(.add, amount, value, type: .real, span: item.value.span)
        }
      }
      process.channels.append(RewardChannel(name: name, isCost: false, amount: amount, span: rewards.span))
    }
  }

  /// Where a reward is earned, and how much.
  mutating func parts(of item: PrismModel.Rewards.Item) throws -> (condition: ExpressionID, value: ExpressionID) {
    let condition = try scope.boolean(item.condition, "the condition of a reward")
    let value = try scope.lower(item.value)
    guard value.type != .boolean else { throw scope.fault("a reward is a number, and this is true or false", item.value.span) }
    if let number = scope.pool.constant(value.id), !(number >= 0) || !number.isFinite {
      throw scope.fault(
        "the reward is \(text(number)), and rewards of PRISM models are not negative", item.value.span)
    }
    return (condition, value.id)
  }

  private mutating func amount(_ item: PrismModel.Rewards.Item) throws -> ExpressionID {
    var (condition, earned) = try parts(of: item)
    if let action = item.action {
      let known = Set(
        instances.flatMap { component in
          component.module.commands.compactMap { command in command.action.map { component.renaming.map[$0.text] ?? $0.text } }
        })
      if !action.text.isEmpty, !known.contains(action.text), !actions.contains(action.text) {
        let nearest = Spelling.nearest(action.text, in: known.sorted())
        scope.report(
          .warning(
            "no command has the action `\(action.text)`, so this reward is never earned", at: action.span,
            label: nearest.map { "did you mean `\($0)`?" } ?? ""))
      }
      let flags = actions.enumerated().map { index, name in
        // The loop of a deadlock is no command.
        (name ?? (commandSpans[index].isEmpty ? "\0" : "")) == action.text ? 1.0 : 0
      }
      let command = scope.pool.intern(
        .variable(VariableID(scope.variables.count)), type: .symbol, span: nil)
      let isTaken = scope.pool.lookup(scope.pool.addTable(flags), command, type: .boolean, span: action.span)
      condition = scope.pool.binary(.and, isTaken, condition, type: .boolean, span: item.condition.span)
    } else if type == .ctmc {
      // A state earns its reward for as long as it is stayed in.
      earned = scope.pool.binary(.multiply, earned, stepTime, type: .real, span: item.value.span)
    }
    let zero = scope.pool.constant(0, type: .real)
    return scope.pool.select(condition, earned, zero, type: .real, span: item.value.span)
  }

  // MARK: Labels with a fixed meaning

  mutating func setBuiltinLabels() {
    scope.builtinLabels["deadlock"] = deadlock
    if let condition = model.initial {
      scope.builtinLabels["init"] = try? scope.boolean(condition, "the condition on the initial states")
      return
    }
    var initial = scope.pool.constant(1, type: .boolean)
    for index in 0..<scope.variables.count {
      let id = VariableID(index)
      guard case .value(let value) = process[id].mechanism else { continue }
      let variable = scope.pool.intern(.variable(id), type: process[id].domain.type, span: nil)
      let equal = scope.pool.binary(.equal, variable, value, type: .boolean, span: nil)
      initial = scope.pool.binary(.and, initial, equal, type: .boolean, span: nil)
    }
    scope.builtinLabels["init"] = initial
  }
}
