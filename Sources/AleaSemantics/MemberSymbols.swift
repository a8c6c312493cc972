import AleaSyntax

/// The bare names that stand as members of sets and outcomes of laws in a model: they are symbols where they mean nothing else.
struct MemberSymbols {
  private var found = Set<String>()
  private var hidden: [Set<String>] = []

  static func names(in members: [AST.Member]) -> Set<String> {
    var collector = MemberSymbols()
    for member in members { collector.visit(member) }
    return collector.found
  }

  private mutating func visit(_ member: AST.Member) {
    switch member.kind {
    case .variable(let variable):
      hidden.append(Set(variable.indices.compactMap { $0.name?.text }))
      for index in variable.indices { visit(index.set) }
      visit(variable.domain)
      visit(variable.mechanism?.expression)
      visit(variable.availability)
      hidden.removeLast()
    case .channel(let channel): visit(channel.mechanism.expression)
    case .terminal(let expression): visit(expression)
    case .binding(_, let type, let value):
      visit(type)
      visit(value)
    default: break
    }
  }

  private mutating func candidate(_ element: AST.Expression) {
    if case .name(let name) = element.kind {
      if !hidden.contains(where: { $0.contains(name) }) { found.insert(name) }
    } else {
      visit(element)
    }
  }

  private mutating func visit(_ expression: AST.Expression?) {
    guard let expression else { return }
    switch expression.kind {
    case .set(let elements): for element in elements { candidate(element) }
    case .distribution(let outcomes):
      for outcome in outcomes {
        candidate(outcome.value)
        visit(outcome.weight)
      }
    case .unary(_, let a), .parenthesized(let a), .member(let a, _), .distributionType(let a): visit(a)
    case .binary(_, let a, let b, _), .range(let a, let b):
      visit(a)
      visit(b)
    case .conditional(let a, let b, let c): for part in [a, b, c] { visit(part) }
    case .match(let subject, let arms):
      visit(subject)
      for arm in arms { visit(arm.value) }
    case .call(let callee, let arguments), .index(let callee, let arguments):
      visit(callee)
      for argument in arguments { visit(argument.value) }
    case .binder(_, let bindings, let filter, let body), .comprehension(let bindings, let filter, let body):
      hidden.append(Set(bindings.map(\.name.text)))
      for binding in bindings { visit(binding.set) }
      visit(filter)
      visit(body)
      hidden.removeLast()
    case .array(let elements): for element in elements { visit(element) }
    case .record(let fields): for field in fields { visit(field.value) }
    default: break
    }
  }
}
