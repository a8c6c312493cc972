import AleaSyntax

/// Writes models in the PRISM language, one layout for all.
///
/// Renamings, formulas, labels and the `system` construct stay as they are; constants that are given from outside become definitions.
public struct PrismWriter {
  let model: PrismModel
  let given: [String: PrismGiven]
  /// A remark for a variable, at the end of its line.
  var remarks: [String: String] = [:]
  /// Lines at the head of the file.
  var head: [String] = []
  private var lines: [String] = []

  /// - Parameter given: values of constants, which stand in place of their declarations' own.
  public init(_ model: PrismModel, given: [String: PrismGiven] = [:]) {
    self.model = model
    self.given = given
  }

  /// The model as a text.
  public func text() -> String {
    var writer = self
    writer.write()
    return writer.lines.joined(separator: "\n") + "\n"
  }

  private mutating func write() {
    lines = head.map { $0.isEmpty ? "//" : "// " + $0 }
    if !head.isEmpty { lines.append("") }
    lines += [(model.type ?? .mdp).rawValue, ""]
    for constant in model.constants {
      let value = given[constant.name.text].map(Self.text) ?? constant.value.map { Self.text($0) }
      lines.append("const \(constant.type.rawValue) \(constant.name.text)\(value.map { " = " + $0 } ?? "");")
    }
    space()
    for formula in model.formulas { lines.append("formula \(formula.name.text) = \(Self.text(formula.value));") }
    space()
    for variable in model.globals { lines.append("global " + declaration(variable)) }
    space()
    for name in model.moduleOrder {
      if let module = model.modules.first(where: { $0.name.span == name.span && $0.name.text == name.text }) {
        write(module)
      } else if let renaming = model.renamings.first(where: { $0.name.text == name.text }) {
        let changes = renaming.changes.map { "\($0.from.text)=\($0.to.text)" }.joined(separator: ", ")
        lines.append("module \(name.text) = \(renaming.base.text) [\(changes)] endmodule")
      }
      space()
    }
    if let initial = model.initial { lines += ["init", "  \(Self.text(initial))", "endinit", ""] }
    if let system = model.system { lines += ["system", "  \(Self.text(system))", "endsystem", ""] }
    for label in model.labels { lines.append("label \"\(label.name.text)\" = \(Self.text(label.value));") }
    space()
    for rewards in model.rewards {
      lines.append("rewards\(rewards.name.map { " \"\($0.text)\"" } ?? "")")
      for item in rewards.items {
        let action = item.action.map { "[\($0.text)] " } ?? ""
        lines.append("  \(action)\(Self.text(item.condition)) : \(Self.text(item.value));")
      }
      lines += ["endrewards", ""]
    }
    while lines.last?.isEmpty ?? false { lines.removeLast() }
  }

  private mutating func space() { if !(lines.last?.isEmpty ?? true) { lines.append("") } }

  private func declaration(_ variable: PrismModel.Variable) -> String {
    let domain: String
    switch variable.domain {
    case .boolean: domain = "bool"
    case .integer: domain = "int"
    case .range(let low, let high): domain = "[\(Self.text(low))..\(Self.text(high))]"
    }
    let remark = remarks[variable.name.text].map { " // " + $0 } ?? ""
    return "\(variable.name.text) : \(domain)\(variable.initial.map { " init " + Self.text($0) } ?? "");\(remark)"
  }

  private mutating func write(_ module: PrismModel.Module) {
    lines.append("module \(module.name.text)")
    lines += module.variables.map { "  " + declaration($0) }
    if !module.variables.isEmpty, !module.commands.isEmpty { lines.append("") }
    for command in module.commands {
      let start = "  [\(command.action?.text ?? "")] \(Self.text(command.condition)) -> "
      let updates = command.updates.map { update -> String in
        let assignments = update.assignments.map { "(\($0.variable.text)'=\(Self.text($0.value)))" }.joined(separator: "&")
        return (update.probability.map { Self.text($0, at: 3) + " : " } ?? "") + (assignments.isEmpty ? "true" : assignments)
      }
      let line = start + updates.joined(separator: " + ") + ";"
      if line.count <= 120 || updates.count == 1 {
        lines.append(line)
      } else {
        lines.append(start + updates.joined(separator: "\n    + ") + ";")
      }
    }
    lines.append("endmodule")
  }

  // MARK: Expressions

  private static func text(_ given: PrismGiven) -> String {
    switch given {
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let text): text
    }
  }

  /// How tightly an operator binds.
  private static func level(_ symbol: PrismOperator) -> Int {
    switch symbol {
    case .iff: 1
    case .implies: 1
    case .or: 2
    case .and: 3
    case .equal, .notEqual: 5
    case .less, .lessEqual, .greater, .greaterEqual: 6
    case .add, .subtract: 7
    case .multiply, .divide: 8
    case .power: 9
    }
  }

  /// An expression as PRISM writes it.
  ///
  /// - Parameter needed: how tightly it must hold together to stand without parentheses.
  public static func text(_ expression: PrismExpression, at needed: Int = 0) -> String {
    let (text, level) = phrase(expression)
    return level < needed ? "(\(text))" : text
  }

  private static func phrase(_ expression: PrismExpression) -> (String, Int) {
    switch expression.kind {
    case .boolean(let value): return ("\(value)", 11)
    case .integer(let value): return ("\(value)", value < 0 ? 7 : 11)
    case .real(let value): return ("\(value)", value < 0 ? 7 : 11)
    case .name(let name): return (name, 11)
    case .label(let name): return ("\"\(name)\"", 11)
    case .not(let a): return ("!" + text(a, at: 10), 4)
    case .negate(let a): return ("-" + text(a, at: 10), 7)
    case .chain(let first, let rest):
      var result = phrase(first)
      for part in rest {
        let own = level(part.symbol)
        // Different connectives stay in parentheses: nobody remembers how they bind.
        let isMixed = own <= 3 && result.1 <= 3 && result.1 != own
        let left = result.1 < own || isMixed ? "(\(result.0))" : result.0
        let isTight = [5, 6, 8, 9].contains(own)
        let symbol = isTight ? part.symbol.rawValue : " \(part.symbol.rawValue) "
        result = (left + symbol + text(part.operand, at: own <= 3 ? 4 : own + 1), own)
      }
      return result
    case .conditional(let branches, let otherwise):
      let cases = branches.map { "\(text($0.condition, at: 1)) ? \(text($0.value, at: 1)) : " }
      return ("(" + cases.joined() + text(otherwise, at: 1) + ")", 11)
    case .call(let name, let arguments):
      return ("\(name.text)(\(arguments.map { text($0) }.joined(separator: ", ")))", 11)
    case .query, .filter, .multi: return ("false", 11)
    }
  }

  private static func text(_ system: PrismModel.System) -> String {
    switch system {
    case .module(let name): return name.text
    case .parallel(let a, let b): return "(\(text(a)) || \(text(b)))"
    case .interleaved(let a, let b): return "(\(text(a)) ||| \(text(b)))"
    case .synchronised(let a, let b, let actions):
      return "(\(text(a)) |[\(actions.map(\.text).joined(separator: ","))]| \(text(b)))"
    case .hidden(let inner, let actions): return "\(text(inner)) / {\(actions.map(\.text).joined(separator: ","))}"
    case .renamed(let inner, let changes):
      return "\(text(inner)) {\(changes.map { "\($0.from.text)<-\($0.to.text)" }.joined(separator: ","))}"
    }
  }
}
