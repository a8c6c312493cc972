import AleaModel
import AleaSyntax

/// Checks of models that have no steps to run: causal graphs without mechanisms, conditional moment problems.
struct StructureChecks {
  private var declared: [String: SourceSpan] = [:]
  private var diagnostics: [Diagnostic] = []

  static func check(_ model: AST.Model) -> [Diagnostic] {
    var checks = StructureChecks()
    switch model.kind {
    case .causal: checks.graph(model)
    case .moments: checks.moments(model)
    case .mdp, .bandit: break
    }
    return checks.diagnostics
  }

  private mutating func declare(_ name: AST.Name) {
    if let earlier = declared[name.text] {
      diagnostics.append(
        .error("`\(name.text)` is declared twice", at: name.span, secondary: [.init(earlier, "first declared here")]))
    } else {
      declared[name.text] = name.span
    }
  }

  // MARK: Graphs

  private mutating func graph(_ model: AST.Model) {
    var children: [String: [(name: String, span: SourceSpan)]] = [:]
    var order: [String] = []
    for member in model.members {
      switch member.kind {
      case .variable(let variable): declare(variable.name)
      case .edges(let first, let rest):
        var sources = nodes(first)
        for step in rest {
          let targets = nodes(step.targets)
          for source in sources {
            for target in targets {
              if source.name == target.name {
                diagnostics.append(.error("`\(source.name)` cannot be its own cause", at: target.span))
              } else if step.arrow == .directed {
                if children[source.name] == nil { order.append(source.name) }
                children[source.name, default: []].append(target)
              }
            }
          }
          sources = targets
        }
      default: break
      }
    }
    cycle(children, order)
  }

  /// The names of a group: `a`, or `{a, b}`.
  private mutating func nodes(_ group: [AST.Expression]) -> [(name: String, span: SourceSpan)] {
    var result: [(name: String, span: SourceSpan)] = []
    for expression in group {
      switch expression.kind {
      case .name(let name): result.append((name, expression.span))
      case .set(let elements): result += nodes(elements)
      case .parenthesized(let inner): result += nodes([inner])
      case .error: break
      default: diagnostics.append(.error("an arrow joins names of variables", at: expression.span))
      }
    }
    return result
  }

  /// Reports the first directed cycle, drawn as a path, at the arrow that closes it.
  private mutating func cycle(_ children: [String: [(name: String, span: SourceSpan)]], _ order: [String]) {
    var finished = Set<String>()
    for root in order where !finished.contains(root) {
      var path = [root]
      var positions = [0]
      while let current = path.last, let position = positions.last {
        let next = children[current] ?? []
        guard position < next.count else {
          finished.insert(current)
          path.removeLast()
          positions.removeLast()
          continue
        }
        positions[positions.count - 1] += 1
        let child = next[position]
        if let start = path.firstIndex(of: child.name) {
          let drawn = (path[start...] + [child.name]).map { "`\($0)`" }.joined(separator: " -> ")
          diagnostics.append(
            .error(
              "the arrows go round in a circle: \(drawn)", at: child.span,
              notes: ["a common cause that is not measured is written `a <-> b`"]))
          return
        }
        if !finished.contains(child.name) {
          path.append(child.name)
          positions.append(0)
        }
      }
    }
  }

  // MARK: Moments

  private mutating func moments(_ model: AST.Model) {
    for member in model.members {
      switch member.kind {
      case .data(let names): names.forEach { declare($0) }
      case .unknown(let name, _, _): declare(name)
      case .binding(let name, _, _): declare(name)
      case .function(let function): declare(function.name)
      case .variable(let variable): declare(variable.name)
      default: break
      }
    }
    var requirements = 0
    for member in model.members {
      switch member.kind {
      case .unknown(_, let arguments, _): arguments.forEach { known($0) }
      case .require(let requirement):
        requirements += 1
        requirement.given.forEach { known($0) }
      case .objective, .terminal, .channel:
        diagnostics.append(
          .error("this belongs to an mdp or a bandit, and `\(model.name.text)` is a moment problem", at: member.span))
      default: break
      }
    }
    if requirements == 0 {
      diagnostics.append(
        .error(
          "the moment problem `\(model.name.text)` requires nothing", at: model.name.span,
          notes: ["as in `require E[y - h(x) | z] = 0`"]))
    }
  }

  private mutating func known(_ name: AST.Name) {
    guard declared[name.text] == nil else { return }
    let nearest = Spelling.nearest(name.text, in: declared.keys.sorted())
    diagnostics.append(
      .error(
        "`\(name.text)` is no column of the data", at: name.span, label: nearest.map { "did you mean `\($0)`?" } ?? "",
        notes: nearest == nil ? ["declare it: `data \(name.text)`"] : []))
  }
}
