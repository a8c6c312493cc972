import AleaSyntax

/// Writes expressions of PRISM in Alea.
struct AleaExpressionWriter {
  /// How tightly a text holds together, loosest first.
  enum Level: Int, Comparable {
    case conditional, or, and, not, comparison, sum, product, sign, power, atom
    static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
  }

  /// A text with how tightly it holds together.
  struct Phrase {
    var text: String
    var level: Level

    /// The text, in parentheses where it holds together less tightly than needed.
    func at(_ needed: Level) -> String { level < needed ? "(\(text))" : text }
  }

  /// What the names of the model are called.
  var names: [String: String] = [:]
  var labels: [String: String] = [:]
  /// Labels that are written out.
  var fixedLabels: [String: PrismExpression] = [:]
  /// Names that belong to the model and not to the program around it.
  var members: Set<String> = []
  /// The model's name, for expressions that stand outside it.
  var model: String?
  /// What has been found missing.
  var problems: [Diagnostic] = []

  mutating func text(_ expression: PrismExpression, at needed: Level = .conditional) -> String {
    phrase(expression).at(needed)
  }

  mutating func phrase(_ expression: PrismExpression) -> Phrase {
    switch expression.kind {
    case .boolean(let value): return Phrase(text: value ? "true" : "false", level: .atom)
    case .integer(let value): return Phrase(text: "\(value)", level: value < 0 ? .sign : .atom)
    case .real(let value): return Phrase(text: "\(value)", level: value < 0 ? .sign : .atom)
    case .name(let name):
      guard let known = names[name] else { return missing("there is no `\(name)`", expression.span) }
      return Phrase(text: qualified(known, isMember: members.contains(name)), level: .atom)
    case .label(let name):
      if labels[name] == nil, let definition = fixedLabels[name] { return phrase(definition) }
      guard let known = labels[name] else { return missing("there is no label \"\(name)\"", expression.span) }
      return Phrase(text: qualified(known, isMember: true), level: .atom)
    case .not(let operand): return Phrase(text: "not " + text(operand, at: .atom), level: .not)
    case .negate(let operand): return Phrase(text: "-" + text(operand, at: .power), level: .sign)
    case .chain(let first, let rest):
      var result = phrase(first)
      for part in rest { result = combined(part.symbol, result, phrase(part.operand)) }
      return result
    case .conditional(let branches, let otherwise):
      var result = ""
      for branch in branches {
        result += "if \(text(branch.condition, at: .or)) then \(text(branch.value, at: .or)) else "
      }
      return Phrase(text: result + text(otherwise, at: .or), level: .conditional)
    case .call(let name, let arguments): return call(name, arguments, expression.span)
    case .query, .filter, .multi: return missing("an operator of properties inside an expression", expression.span)
    }
  }

  private func qualified(_ name: String, isMember: Bool) -> String {
    guard let model, isMember else { return name }
    return "\(model).\(name)"
  }

  private mutating func missing(_ message: String, _ span: SourceSpan) -> Phrase {
    problems.append(.error(message, at: span))
    return Phrase(text: "false", level: .atom)
  }

  private func combined(_ symbol: PrismOperator, _ a: Phrase, _ b: Phrase) -> Phrase {
    switch symbol {
    case .add, .subtract: return Phrase(text: "\(a.at(.sum)) \(symbol.rawValue) \(b.at(.product))", level: .sum)
    case .multiply, .divide: return Phrase(text: "\(a.at(.product)) \(symbol.rawValue) \(b.at(.power))", level: .product)
    case .power: return Phrase(text: "\(a.at(.atom)) ^ \(b.at(.atom))", level: .power)
    case .equal, .iff: return Phrase(text: "\(a.at(.sum)) == \(b.at(.sum))", level: .comparison)
    case .notEqual, .less, .lessEqual, .greater, .greaterEqual:
      return Phrase(text: "\(a.at(.sum)) \(symbol.rawValue) \(b.at(.sum))", level: .comparison)
    case .and: return Phrase(text: "\(a.at(.and)) and \(b.at(.and))", level: .and)
    case .or: return Phrase(text: "\(a.at(.or)) or \(b.at(.or))", level: .or)
    case .implies: return Phrase(text: "not \(a.at(.atom)) or \(b.at(.or))", level: .or)
    }
  }

  private mutating func call(_ name: PrismName, _ arguments: [PrismExpression], _ span: SourceSpan) -> Phrase {
    func atom(_ text: String) -> Phrase { Phrase(text: text, level: .atom) }
    guard let first = arguments.first else { return missing("`\(name.text)` without an argument", span) }
    switch (name.text, arguments.count) {
    case ("min", _), ("max", _):
      var result = phrase(first)
      for argument in arguments.dropFirst() { result = atom("\(name.text)(\(result.text), \(text(argument)))") }
      return result
    case ("floor", 1), ("ceil", 1): return atom("\(name.text)(\(text(first)))")
    // Halves are rounded up.
    case ("round", 1): return atom("floor(\(text(first, at: .sum)) + 0.5)")
    case ("pow", 2): return Phrase(text: "\(text(first, at: .atom)) ^ \(text(arguments[1], at: .atom))", level: .power)
    case ("mod", 2): return Phrase(text: "\(text(first, at: .product)) mod \(text(arguments[1], at: .power))", level: .product)
    case ("log", 2): return Phrase(text: "ln(\(text(first))) / ln(\(text(arguments[1])))", level: .product)
    default: return missing("there is no function `\(name.text)`", name.span)
    }
  }
}
