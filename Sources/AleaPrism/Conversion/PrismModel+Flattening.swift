import AleaSyntax

extension PrismModel {
  /// The model as one module without a `system` construct: every combination of commands is a command of its own.
  ///
  /// - Throws: `DiagnosticError` for more combinations than can be written.
  func flattened(given: Set<String>) throws -> PrismModel {
    let expanded = try self.expanded()
    let tables = PrismTables(expanded, given: given)
    let joints = try CommandComposition(tables: tables).joints()
    guard let name = expanded.modules.first?.name else { return expanded }
    var result = expanded
    result.system = nil
    result.globals = []
    let commands = joints.compactMap { joint -> Command? in
      guard let first = joint.parts.first?.command else { return nil }
      var whole = first
      whole.action = joint.action.map { PrismName(text: $0, span: first.action?.span ?? first.span) }
      for (_, command) in joint.parts.dropFirst() {
        whole.condition = .combining(.and, whole.condition, command.condition)
        whole.updates = whole.updates.flatMap { a in
          command.updates.map { b in
            Update(
              probability: Self.product(a.probability, b.probability), assignments: a.assignments + b.assignments, span: a.span)
          }
        }
      }
      return whole
    }
    result.modules = [Module(name: name, variables: expanded.variables, commands: commands)]
    result.moduleOrder = [name]
    return result
  }

  private static func product(_ a: PrismExpression?, _ b: PrismExpression?) -> PrismExpression? {
    guard let a, let b else { return a ?? b }
    return .combining(.multiply, a, b)
  }
}

extension PrismExpression {
  static func combining(_ symbol: PrismOperator, _ a: PrismExpression, _ b: PrismExpression) -> PrismExpression {
    PrismExpression(.chain(a, [PrismOperation(symbol: symbol, operand: b)]), a.span)
  }
}
