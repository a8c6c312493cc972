extension ModelBuilder {
  /// The process.
  ///
  /// - Throws: `DiagnosticError` with everything that is wrong with the model, in words of its variables.
  public func process() throws -> Process {
    var assembly = Assembly(self)
    assembly.assemble()
    if !assembly.faults.isEmpty {
      throw DiagnosticError(assembly.faults.map { .error("the model `\(name)`: \($0)", at: nil) })
    }
    return assembly.process
  }
}

/// The making of a process, in the order in which a text is compiled.
private struct Assembly {
  let builder: ModelBuilder
  var process: Process
  var faults: [String]
  private var lowering: ExpressionLowering

  init(_ builder: ModelBuilder) {
    self.builder = builder
    faults = builder.faults
    var objective = Objective(criterion: builder.objective ?? .total, maximizes: builder.maximizes)
    // The place that a text would have says that the objective was stated.
    if builder.objective != nil { objective.span = SourceSpan(file: FileID(index: -1), start: 0, end: 0) }
    process = Process(name: builder.name, kind: builder.kind, objective: objective)
    process.documentation = builder.documentation
    lowering = ExpressionLowering(
      pool: ExpressionPool(), symbols: [], types: [], names: builder.parts.map(\.name),
      states: Set(builder.parts.indices.filter { builder.parts[$0].role == .state }))
  }

  private mutating func attempt(_ what: String, _ body: (inout Assembly) throws -> Void) {
    do { try body(&self) } catch let error as ValueError { faults.append("\(what): \(error.message)") } catch {
      faults.append("\(what): \(error)")
    }
  }

  mutating func assemble() {
    checkNames()
    checkObjective()
    attempt("its variables") { assembly in
      let wholes = assembly.builder.wholes
      for whole in wholes {
        let shape = try assembly.shape(whole.shape, whole.name)
        assembly.process.declarations.append(Declaration(name: whole.name, role: whole.role, shape: shape))
      }
    }
    // A variable that breaks has a kind that nothing fits; what mentions it would only repeat the fault.
    for index in builder.parts.indices where faults.isEmpty { declare(index) }
    for index in builder.parts.indices where faults.isEmpty { mechanism(index) }
    guard faults.isEmpty else { return }
    for index in builder.parts.indices { carry(index) }
    for channel in builder.channels { earn(channel) }
    conditions()
    process.pool = lowering.pool
    process.symbols = lowering.symbols
    if faults.isEmpty { sort() }
  }

  // MARK: Checks

  private mutating func checkNames() {
    var seen = Set<String>()
    for name in [builder.name] + builder.wholes.map(\.name) {
      checkName(name)
      if name == "t" || EntryText.keywords.contains(name) { faults.append("`\(name)` is a word of the language") }
      if !seen.insert(name).inserted { faults.append("two things are called `\(name)`") }
    }
    var channels = Set<String>()
    for channel in builder.channels where !channels.insert(channel.name).inserted {
      faults.append("two channels are called `\(channel.name)`")
    }
    switch builder.kind {
    case .mdp: if !builder.parts.contains(where: { $0.role == .state }) { faults.append("it has no state") }
    case .bandit: if !builder.parts.contains(where: { $0.role == .action }) { faults.append("it has no action") }
    case .causal: faults.append("causal models are written in the language")
    }
  }

  private mutating func checkName(_ name: String) {
    let isName =
      name.first.map { $0.isLetter || $0 == "_" } == true && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    if !isName { faults.append("`\(name)` is not a name: letters, digits and _, not a digit first") }
  }

  private mutating func checkObjective() {
    switch builder.objective {
    case .discounted(let discount)? where !(discount >= 0 && discount <= 1):
      faults.append("a discount lies between 0 and 1; this is \(NumberText.significant(discount, digits: 6))")
    case .finiteHorizon(let steps, let discount)? where steps < 1 || !(discount >= 0 && discount <= 1):
      faults.append("a horizon is a whole number from 1, and its discount lies between 0 and 1")
    default: break
    }
  }

  // MARK: Variables

  private mutating func domain(_ values: ModelBuilder.Values, _ name: String) throws -> Domain {
    switch values {
    case .range(let range): return .range(range.lowerBound, range.upperBound)
    case .boolean: return .boolean
    case .integers: return .integers
    case .reals: return .reals
    case .numbers(let numbers):
      guard !numbers.isEmpty, numbers.allSatisfy(\.isFinite), Set(numbers).count == numbers.count else {
        throw ValueError("its values are different finite numbers")
      }
      return .numbers(numbers)
    case .names(let names):
      guard !names.isEmpty, Set(names).count == names.count else { throw ValueError("its values are different names") }
      return .symbols(names.map { lowering.code(of: $0) })
    }
  }

  /// The shape of a variable; its parts have the numbers of the process's variables.
  private mutating func shape(_ shape: ModelBuilder.Whole.Shape, _ name: String) throws -> Declaration.Shape {
    switch shape {
    case .part(let index): return .scalar(VariableID(index))
    case .array(let index, let elements):
      let domain: Domain
      do { domain = try self.domain(index, name) } catch let error as ValueError {
        throw ValueError("the index of `\(name)`: \(error.message)")
      }
      guard let count = domain.count, count > 0 else { throw ValueError("the index of `\(name)` has no values, or too many") }
      return .array(index: domain, try elements.map { try self.shape($0, name) })
    case .record(let fields):
      guard !fields.isEmpty else { throw ValueError("the record `\(name)` has no fields") }
      var seen = Set<String>()
      return .record(
        try fields.map { field in
          checkName(field.name)
          guard seen.insert(field.name).inserted else { throw ValueError("two fields of `\(name)` are called `\(field.name)`") }
          return Declaration.Field(name: field.name, shape: try self.shape(field.shape, name))
        })
    }
  }

  /// Declares a variable; of one that is drawn or follows from others the kind is known after its mechanism, which may mention only
  /// what was declared before.
  private mutating func declare(_ index: Int) {
    let part = builder.parts[index]
    attempt("`\(part.name)`") { assembly in
      var variable = Variable(
        name: part.name, declaration: part.whole, role: part.role, domain: .reals, mechanism: .chosen)
      if let values = part.values {
        variable.domain = try assembly.domain(values, part.name)
        if part.role == .action, !variable.domain.isFinite { throw ValueError("an action takes its values from a finite set") }
      } else {
        switch part.origin {
        case .value(let expression):
          let lowered = try assembly.lowering.lower(expression)
          variable.mechanism = .value(lowered)
          variable.domain = assembly.domain(of: assembly.lowering.pool[lowered].type)
        case .law(let law):
          let (lowered, type) = try assembly.lowering.lower(law)
          variable.mechanism = .draw(lowered)
          variable.domain = assembly.support(of: lowered, type)
        case .chosen: break
        }
      }
      assembly.lowering.types.append(variable.domain.type)
      assembly.process.variables.append(variable)
    }
  }

  private func domain(of type: ScalarType) -> Domain {
    switch type {
    case .boolean: .boolean
    case .integer: .integers
    case .real: .reals
    case .symbol: .symbols(Array(lowering.symbols.indices))
    }
  }

  private func support(of law: Distribution, _ type: ScalarType) -> Domain {
    switch law {
    case .primitive(.bernoulli, _): return .range(0, 1)
    case .primitive(.binomial, let parameters):
      if let n = lowering.pool.constant(parameters[0]), let count = Int(exactly: n), count >= 0 { return .range(0, count) }
      return .integers
    default: return domain(of: type)
    }
  }

  /// The initial value or law of a state, which may mention other states only.
  private mutating func mechanism(_ index: Int) {
    let part = builder.parts[index]
    guard part.role == .state else { return }
    attempt("the start of `\(part.name)`") { assembly in
      let lowered = try assembly.origin(part.origin, for: assembly.process.variables[index])
      for leaf in assembly.lowering.pool.leaves(of: lowered.expressions) {
        guard case .variable(let other) = leaf, assembly.process[other].role == .state else {
          throw ValueError("it can mention other states only")
        }
      }
      assembly.process.variables[index].mechanism = lowered
    }
  }

  private mutating func carry(_ index: Int) {
    let part = builder.parts[index]
    guard part.role == .state else { return }
    attempt("the next value of `\(part.name)`") { assembly in
      guard let next = part.next else { throw ValueError("it is missing") }
      assembly.process.variables[index].next = try assembly.origin(next, for: assembly.process.variables[index])
    }
  }

  /// A value or a law of the kind of a variable.
  private mutating func origin(_ origin: ModelBuilder.Origin, for variable: Variable) throws -> Mechanism {
    let wanted = variable.domain.type
    func fits(_ type: ScalarType, _ law: Distribution?) -> Bool {
      if case .primitive(.bernoulli, _)? = law, wanted == .boolean { return true }
      return type == wanted || type == .integer && wanted == .real
    }
    switch origin {
    case .chosen: return .chosen
    case .value(let expression):
      let lowered = try lowering.lower(expression)
      let type = lowering.pool[lowered].type
      guard fits(type, nil) else {
        throw ValueError("it is \(ExpressionLowering.words(type)), not \(ExpressionLowering.words(wanted))")
      }
      if let constant = lowering.pool.constant(lowered), !variable.domain.contains(constant) {
        process.symbols = lowering.symbols
        throw ValueError("\(process.text(of: constant, in: variable.domain)) is not one of its values")
      }
      return .value(lowered)
    case .law(let law):
      let (lowered, type) = try lowering.lower(law)
      guard fits(type, lowered) else {
        throw ValueError("its law draws \(ExpressionLowering.words(type)), not \(ExpressionLowering.words(wanted))")
      }
      return .draw(lowered)
    }
  }

  // MARK: Rewards and conditions

  private mutating func earn(_ channel: ModelBuilder.Channel) {
    attempt("`\(channel.name)`") { assembly in
      var amount = try assembly.lowering.number(channel.amount, "it")
      if channel.isCost {
        amount = assembly.lowering.pool.unary(.negate, amount, type: assembly.lowering.pool[amount].type, span: nil)
      }
      assembly.process.channels.append(RewardChannel(name: channel.name, isCost: channel.isCost, amount: amount))
    }
  }

  private mutating func conditions() {
    for part in builder.parts {
      guard let condition = part.availability else { continue }
      attempt("the condition of `\(part.name)`") { assembly in
        let id = try assembly.condition(condition, allowsAction: true)
        if assembly.lowering.pool.constant(id) != 1 { assembly.process.availability.append(id) }
      }
    }
    guard var all = builder.endings.first else { return }
    for ending in builder.endings.dropFirst() { all = all || ending }
    attempt("the end") { assembly in assembly.process.terminal = try assembly.condition(all, allowsAction: false) }
  }

  /// A condition on what is known before the step: derived values are replaced by what they are, draws are refused.
  private mutating func condition(_ expression: ModelExpression, allowsAction: Bool) throws -> ExpressionID {
    let parts = builder.parts
    lowering.replacement = { index in
      guard parts.indices.contains(index) else { return nil }
      let part = parts[index]
      switch (part.role, part.origin) {
      case (.state, _): return nil
      case (.action, _) where allowsAction: return nil
      case (.observed, _) where allowsAction: return nil
      case (_, .value(let definition)): return definition
      default: throw ValueError("`\(part.name)` is not known then")
      }
    }
    defer { lowering.replacement = { _ in nil } }
    let id = try lowering.boolean(expression, "it")
    for leaf in lowering.pool.leaves(of: [id]) {
      if case .next = leaf { throw ValueError("next values are not known then") }
    }
    return id
  }

  // MARK: Order

  /// Puts the slots of a step into an order in which operands come first.
  private mutating func sort() {
    let process = process
    let graph = DependenceGraph(of: process)
    var done = Set<Slot>()
    var open: [Slot] = []
    var order: [Slot] = []
    func name(_ slot: Slot) -> String {
      switch slot {
      case .current(let id): process[id].name
      case .next(let id): process[id].name + "'"
      }
    }
    func visit(_ slot: Slot) throws {
      guard let parents = graph.parents[slot], !done.contains(slot) else { return }
      if let start = open.firstIndex(of: slot) {
        throw ValueError("`\(name(slot))` depends on itself: \((open[start...] + [slot]).map(name).joined(separator: " -> "))")
      }
      open.append(slot)
      for parent in parents.sorted(by: { name($0) < name($1) }) { try visit(parent) }
      open.removeLast()
      done.insert(slot)
      order.append(slot)
    }
    attempt("within a step") { assembly in
      for index in assembly.process.variables.indices { try visit(.current(VariableID(index))) }
      for index in assembly.process.variables.indices { try visit(.next(VariableID(index))) }
      assembly.process.stepOrder = order
    }
  }
}
