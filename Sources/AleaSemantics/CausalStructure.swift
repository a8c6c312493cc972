import AleaModel
import AleaSyntax

extension ModelObject {
  /// The causal graph of a causal model: its arrows as written, and those that its mechanisms imply; of an mdp or bandit, the graph of
  /// one step.
  ///
  /// Latent variables are those declared `latent`. A variable with a mechanism depends on what the mechanism mentions; arrows written
  /// into it as well must say the same.
  ///
  /// - Throws: `DiagnosticError` for a moments model, cycles (drawn as a path), and arrows that disagree with a mechanism.
  public func causalGraph(at place: SourceSpan? = nil) throws -> CausalGraph {
    try definition.causalGraph(arguments, at: place)
  }
}

extension ModelDefinition {
  func causalGraph(_ arguments: [GivenArgument], at place: SourceSpan?, isChecking: Bool = false) throws -> CausalGraph {
    if syntax.kind == .mdp || syntax.kind == .bandit {
      return try CausalGraph(stepOf: instantiate(arguments, at: place, isChecking: isChecking))
    }
    guard syntax.kind == .causal else {
      throw DiagnosticError(
        .error("`\(name)` is \(syntax.kind.withArticle), and this question is about what causes what", at: place))
    }
    let written = ArrowReader.read(syntax)
    if !written.faults.isEmpty { throw DiagnosticError(written.faults) }
    guard hasMechanisms else { return try CausalGraph(nodes: written.nodes, edges: written.edges) }
    let process = try instantiate(arguments, at: place, isChecking: isChecking)
    let implied = process.dependencesOfDeclarations
    let faults = written.disagreements(with: implied, of: process)
    if !faults.isEmpty { throw DiagnosticError(faults) }
    let derived = implied.flatMap { name, parents in
      parents.map { CausalGraph.Edge($0, .directed, name, span: process.declaration(named: name)?.span) }
    }
    let others = written.edges.filter { $0.kind == .bidirected || implied[$0.to] == nil }
    return try CausalGraph(nodes: written.nodes, edges: derived.sorted { ($0.to, $0.from) < ($1.to, $1.from) } + others)
  }

  /// Whether any variable has a mechanism, so that the model is also a process.
  public var hasMechanisms: Bool {
    syntax.members.contains { if case .variable(let variable) = $0.kind { variable.mechanism != nil } else { false } }
  }
}

extension AST.ModelKind {
  /// "a causal model", "an mdp".
  public var withArticle: String {
    switch self {
    case .mdp: "an mdp"
    case .bandit: "a bandit"
    case .causal: "a causal model"
    case .moments: "a moments model"
    }
  }
}

extension Process {
  /// The declarations that each declaration with a mechanism depends on directly; hidden helpers count as part of their declaration.
  fileprivate var dependencesOfDeclarations: [String: [String]] {
    let graph = DependenceGraph(of: self)
    var result: [String: [String]] = [:]
    for (index, declaration) in declarations.enumerated() {
      let members = variables.indices.filter { variables[$0].declaration == index }
      guard members.contains(where: { variables[$0].mechanism != .unspecified && variables[$0].mechanism != .chosen }) else {
        continue
      }
      var parents = Set<String>()
      for member in members {
        for slot in graph.parents[.current(VariableID(member))] ?? [] {
          guard case .current(let id) = slot, self[id].declaration != index else { continue }
          parents.insert(declarations[self[id].declaration].name)
        }
      }
      result[declaration.name] = parents.sorted()
    }
    return result
  }
}

/// The nodes and edges that a causal model's text states.
private struct ArrowReader {
  var nodes: [CausalGraph.Node] = []
  var edges: [CausalGraph.Edge] = []
  var faults: [Diagnostic] = []
  private var known = Set<String>()

  static func read(_ model: AST.Model) -> ArrowReader {
    var reader = ArrowReader()
    for member in model.members {
      if case .variable(let variable) = member.kind { reader.declare(variable) }
    }
    for member in model.members {
      if case .edges(let first, let rest) = member.kind { reader.arrows(first, rest) }
    }
    return reader
  }

  private mutating func declare(_ variable: AST.Variable) {
    let name = variable.name
    if known.insert(name.text).inserted {
      nodes.append(.init(name.text, isLatent: variable.role == .latent, span: name.span))
    } else {
      faults.append(.error("`\(name.text)` is declared twice", at: name.span))
    }
  }

  private mutating func arrows(_ first: [AST.Expression], _ rest: [(arrow: AST.Arrow, targets: [AST.Expression])]) {
    var sources = names(first)
    for step in rest {
      let targets = names(step.targets)
      for source in sources {
        for target in targets {
          edges.append(.init(source.0, step.arrow == .directed ? .directed : .bidirected, target.0, span: target.1))
        }
      }
      sources = targets
    }
  }

  private mutating func names(_ group: [AST.Expression]) -> [(String, SourceSpan)] {
    var result: [(String, SourceSpan)] = []
    for expression in group {
      switch expression.kind {
      case .name(let name):
        if known.insert(name).inserted { nodes.append(.init(name, span: expression.span)) }
        result.append((name, expression.span))
      case .set(let elements): result += names(elements)
      case .parenthesized(let inner): result += names([inner])
      default: faults.append(.error("an arrow joins names of variables", at: expression.span))
      }
    }
    return result
  }

  /// Arrows into a variable with a mechanism that say something else than the mechanism.
  func disagreements(with implied: [String: [String]], of process: Process) -> [Diagnostic] {
    var result: [Diagnostic] = []
    var stated: [String: [CausalGraph.Edge]] = [:]
    for edge in edges where edge.kind == .directed && implied[edge.to] != nil { stated[edge.to, default: []].append(edge) }
    for (target, arrows) in stated.sorted(by: { $0.key < $1.key }) {
      let parents = implied[target] ?? []
      let declared = process.declaration(named: target)?.span.map { [Diagnostic.Label($0, "its mechanism")] } ?? []
      for arrow in arrows where !parents.contains(arrow.from) {
        result.append(
          .error(
            "the mechanism of `\(target)` does not mention `\(arrow.from)`", at: arrow.span,
            label: "this arrow says that `\(target)` depends on it", secondary: declared,
            notes: ["with a mechanism the arrows follow from its expression: leave the arrow out, or mention `\(arrow.from)`"]))
      }
      for parent in parents where !arrows.contains(where: { $0.from == parent }) {
        result.append(
          .error(
            "the mechanism of `\(target)` mentions `\(parent)`, and no arrow does", at: arrows.first?.span, secondary: declared,
            notes: [
              "write `\(parent) -> \(target)` too, or leave the arrows into `\(target)` out: they follow from its mechanism"
            ]))
      }
    }
    return result
  }
}

extension ModelObject {
  /// The model in which some variables are set from outside: their mechanisms are replaced and the arrows into them cut.
  ///
  /// - Parameter settings: values, or expressions of other variables (a conditional intervention; Pearl, Causality, section 4.2), which
  ///   then have arrows into what is set. In a model without mechanisms only the arrows matter.
  public func intervened(_ settings: [(name: String, value: Setting, span: SourceSpan)]) throws -> ModelObject {
    var model = definition.syntax
    let names = Set(settings.map(\.name))
    for setting in settings {
      guard definition.variableNames.contains(setting.name) else {
        let near = Spelling.nearest(setting.name, in: definition.variableNames)
        throw DiagnosticError(
          .error(
            "`\(setting.name)` is not a variable of \(definition.name)", at: setting.span,
            label: near.map { "did you mean `\($0)`?" } ?? ""))
      }
    }
    model.members = model.members.flatMap { Self.cut($0, names) }
    let isMechanistic = definition.hasMechanisms
    for setting in settings {
      let expression =
        switch setting.value {
        case .value(let value): try Self.expression(value, setting.span)
        case .expression(let expression): expression
        }
      if !isMechanistic, case .expression(let expression) = setting.value {
        let sources = definition.variableNames.filter { $0 != setting.name && expression.freeNames.contains($0) }
        let target = AST.Expression(.name(setting.name), setting.span)
        model.members.append(
          .init(
            .edges(first: sources.map { AST.Expression(.name($0), setting.span) }, rest: [(.directed, [target])]), setting.span))
      }
      let position = model.members.firstIndex {
        if case .variable(let variable) = $0.kind { variable.name.text == setting.name && !variable.isPrimed } else { false }
      }
      if let position, case .variable(var variable) = model.members[position].kind {
        guard variable.indices.isEmpty else {
          throw DiagnosticError(.error("`\(setting.name)` is a family, which `do` cannot set as a whole", at: setting.span))
        }
        if isMechanistic { variable.mechanism = .value(expression) }
        model.members[position].kind = .variable(variable)
      } else {
        let variable = AST.Variable(
          role: nil, name: .init(setting.name, setting.span), isPrimed: false, indices: [], domain: nil,
          mechanism: isMechanistic ? .value(expression) : nil, availability: nil)
        model.members.append(.init(.variable(variable), setting.span))
      }
    }
    return ModelObject(
      definition: ModelDefinition(syntax: model, documentation: definition.documentation, environment: definition.environment),
      arguments: arguments)
  }

  /// What a variable is set to.
  public enum Setting: Sendable {
    case value(Value)
    case expression(AST.Expression)
  }

  /// The arrows of a member without those into some variables, pair by pair; other members as they are.
  private static func cut(_ member: AST.Member, _ names: Set<String>) -> [AST.Member] {
    guard case .edges(let first, let rest) = member.kind else { return [member] }
    var result: [AST.Member] = [.init(.edges(first: first, rest: []), member.span)]
    var sources = flattened(first)
    for step in rest {
      let targets = flattened(step.targets)
      result.append(.init(.edges(first: targets, rest: []), member.span))
      let kept = targets.filter { !names.contains(text($0)) }
      let from = step.arrow == .directed ? sources : sources.filter { !names.contains(text($0)) }
      if !kept.isEmpty, !from.isEmpty {
        result.append(.init(.edges(first: from, rest: [(step.arrow, kept)]), member.span))
      }
      sources = targets
    }
    return result
  }

  private static func flattened(_ group: [AST.Expression]) -> [AST.Expression] {
    group.flatMap { expression in
      switch expression.kind {
      case .set(let elements): flattened(elements)
      case .parenthesized(let inner): flattened([inner])
      default: [expression]
      }
    }
  }

  private static func text(_ expression: AST.Expression) -> String {
    if case .name(let name) = expression.kind { return name }
    return ""
  }

  private static func expression(_ value: Value, _ span: SourceSpan) throws -> AST.Expression {
    switch value {
    case .boolean(let flag): return .init(.boolean(flag), span)
    case .integer(let number): return .init(.integer(number), span)
    case .real(let number) where number.isFinite: return .init(.real(number), span)
    case .symbol(let symbol): return .init(.name(symbol.name), span)
    default:
      throw DiagnosticError(
        .error(
          "a variable cannot be set to \(value.kindDescription)", at: span,
          notes: ["it can be set to a number, to true or false, or to one of its values by its name"]))
    }
  }
}
