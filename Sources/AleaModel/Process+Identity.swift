extension Process {
  /// Whether another process says the same in the same words: every mechanism, condition and reward, at the same places of the text.
  ///
  /// Expressions that only questions mention do not count: they stand in the pool after those of the process.
  /// - Complexity: O(expressions).
  public func isIdentical(to other: Process) -> Bool {
    guard rows == nil, other.rows == nil, name == other.name, kind == other.kind, documentation == other.documentation,
      span == other.span, objective == other.objective, terminal == other.terminal, availability == other.availability,
      symbols == other.symbols, channels == other.channels, stepOrder == other.stepOrder, variables == other.variables,
      declarations == other.declarations, parameters.elementsEqual(other.parameters, by: ==)
    else { return false }
    // Operands stand before what they are part of.
    let count = expressionCount
    guard pool.nodes[..<count] == other.pool.nodes[..<count] else { return false }
    return pool.nodes[..<count].allSatisfy { node in
      guard case .lookup(let table, _) = node.kind else { return true }
      return pool.tables[Int(table)] == other.pool.tables[Int(table)]
    }
  }

  /// How many expressions of the pool, from its beginning, hold all that the process mentions.
  private var expressionCount: Int {
    var roots = availability + channels.map(\.amount)
    if let terminal { roots.append(terminal) }
    for variable in variables { roots += variable.mechanism.expressions + (variable.next?.expressions ?? []) }
    return roots.map { Int($0.index) + 1 }.max() ?? 0
  }
}
