import AleaSyntax

extension PrismModel {
  /// The same model with every module written out: none copies another, and formulas that mean something else in a copy have names of
  /// their own.
  ///
  /// - Throws: `DiagnosticError` where a module copies one that does not exist.
  public func expanded() throws -> PrismModel {
    var result = self
    var expansion = ModuleExpansion(self)
    result.modules = try expansion.modules()
    result.renamings = []
    result.moduleOrder = result.modules.map(\.name)
    result.formulas = formulas + expansion.copies
    return result
  }

  /// The variables in the order of the text: global ones first.
  public var variables: [Variable] { globals + modules.flatMap(\.variables) }
}

/// Writes out the modules that copy others.
private struct ModuleExpansion {
  let model: PrismModel
  let formulas: [String: PrismExpression]
  /// Formulas of copied modules.
  var copies: [PrismModel.Formula] = []
  private var taken: Set<String>

  init(_ model: PrismModel) {
    self.model = model
    formulas = Dictionary(model.formulas.map { ($0.name.text, $0.value) }) { first, _ in first }
    taken = Set(model.formulas.map(\.name.text) + model.constants.map(\.name.text))
    taken.formUnion(model.variables.map(\.name.text) + model.renamings.flatMap { $0.changes.map(\.to.text) })
  }

  mutating func modules() throws -> [PrismModel.Module] {
    var known: [String: (module: PrismModel.Module, map: [String: String])] = [:]
    for module in model.modules { known[module.name.text] = (module, [:]) }
    var pending = model.renamings
    var hasAdvanced = true
    while hasAdvanced, !pending.isEmpty {
      hasAdvanced = false
      for renaming in pending where known[renaming.name.text] == nil {
        guard let base = known[renaming.base.text] else { continue }
        let changes = Dictionary(renaming.changes.map { ($0.from.text, $0.to.text) }) { first, _ in first }
        var map = changes
        for (from, to) in base.map { map[from] = changes[to] ?? to }
        known[renaming.name.text] = (base.module, map)
        hasAdvanced = true
      }
      pending.removeAll { known[$0.name.text] != nil }
    }
    var result: [PrismModel.Module] = []
    for name in model.moduleOrder {
      guard let (module, map) = known[name.text] else {
        throw DiagnosticError(.error("the module `\(name.text)` copies one that does not exist", at: name.span))
      }
      result.append(map.isEmpty ? module : copy(of: module, named: name, map))
    }
    return result
  }

  private mutating func copy(of module: PrismModel.Module, named name: PrismName, _ map: [String: String]) -> PrismModel.Module {
    let affected = used(in: module).filter { map[$0] == nil && depends($0, on: map) }.sorted()
    var names = map
    for formula in affected {
      var fresh = "\(formula)_\(name.text)"
      while taken.contains(fresh) { fresh += "_" }
      taken.insert(fresh)
      names[formula] = fresh
    }
    func renamed(_ text: PrismName) -> PrismName { PrismName(text: names[text.text] ?? text.text, span: text.span) }
    func renamed(_ expression: PrismExpression) -> PrismExpression {
      expression.rewriting { leaf in
        guard case .name(let text) = leaf.kind, let new = names[text] else { return nil }
        return PrismExpression(.name(new), leaf.span)
      }
    }
    for formula in affected {
      guard let value = formulas[formula], let fresh = names[formula] else { continue }
      copies.append(.init(name: PrismName(text: fresh, span: name.span), value: renamed(value)))
    }
    var result = module
    result.name = name
    result.variables = module.variables.map { variable in
      var copy = variable
      copy.name = renamed(variable.name)
      if case .range(let low, let high) = variable.domain { copy.domain = .range(renamed(low), renamed(high)) }
      copy.initial = variable.initial.map(renamed)
      return copy
    }
    result.commands = module.commands.map { command in
      var copy = command
      copy.action = command.action.map(renamed)
      copy.condition = renamed(command.condition)
      copy.updates = command.updates.map { update in
        var copy = update
        copy.probability = update.probability.map(renamed)
        copy.assignments = update.assignments.map { .init(variable: renamed($0.variable), value: renamed($0.value)) }
        return copy
      }
      return copy
    }
    return result
  }

  /// The formulas that a module mentions, with those inside them.
  private func used(in module: PrismModel.Module) -> Set<String> {
    var expressions = module.variables.compactMap(\.initial)
    for variable in module.variables {
      if case .range(let low, let high) = variable.domain { expressions += [low, high] }
    }
    for command in module.commands {
      expressions.append(command.condition)
      for update in command.updates { expressions += update.assignments.map(\.value) + (update.probability.map { [$0] } ?? []) }
    }
    var result = Set<String>()
    var pending = expressions.flatMap(\.names)
    while let name = pending.popLast() {
      if let value = formulas[name], result.insert(name).inserted { pending += value.names }
    }
    return result
  }

  /// Whether a formula, or one inside it, mentions a name that is renamed.
  private func depends(_ formula: String, on map: [String: String], _ open: Set<String> = []) -> Bool {
    guard let value = formulas[formula], !open.contains(formula) else { return false }
    return value.names.contains { map[$0] != nil || depends($0, on: map, open.union([formula])) }
  }
}
