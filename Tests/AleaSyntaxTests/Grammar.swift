import Foundation

/// A grammar in the notation of ISO/IEC 14977, as much of it as `Grammar/alea.ebnf` uses.
struct Grammar {
  indirect enum Node {
    case terminal(String)
    case rule(String)
    /// `? ... ?`
    case special(String)
    case sequence([Node])
    case choice([Node])
    case option(Node)
    case repetition(Node)
    case exception(Node, except: Node)
  }

  private(set) var rules: [String: Node] = [:]

  struct Malformed: Error { let message: String }

  static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Grammar/alea.ebnf")

  static func alea() throws -> Grammar { try Grammar(String(contentsOf: file, encoding: .utf8)) }

  /// Rules in capitals are lexical.
  static func isLexical(_ rule: String) -> Bool { rule == rule.uppercased() }

  init(_ text: String) throws {
    var parser = try NotationParser(text)
    rules = try parser.rules()
    for (name, node) in rules { try check(node, in: name) }
  }

  private func check(_ node: Node, in name: String) throws {
    switch node {
    case .rule(let used): if rules[used] == nil { throw Malformed(message: "\(name) uses \(used), which has no rule") }
    case .sequence(let parts), .choice(let parts): for part in parts { try check(part, in: name) }
    case .option(let part), .repetition(let part): try check(part, in: name)
    case .exception(let whole, let part):
      try check(whole, in: name)
      try check(part, in: name)
    case .terminal, .special: break
    }
  }

  /// The rules that a rule reaches.
  func reachable(from start: String) -> Set<String> {
    var seen: Set<String> = []
    func visit(_ node: Node) {
      switch node {
      case .rule(let name): if seen.insert(name).inserted { visit(rules[name]!) }
      case .sequence(let parts), .choice(let parts): parts.forEach(visit)
      case .option(let part), .repetition(let part): visit(part)
      case .exception(let whole, let part):
        visit(whole)
        visit(part)
      case .terminal, .special: break
      }
    }
    visit(.rule(start))
    return seen
  }

  /// The terminals that a rule offers by itself.
  func terminals(of rule: String) -> [String] {
    var result: [String] = []
    func visit(_ node: Node) {
      switch node {
      case .terminal(let text): result.append(text)
      case .sequence(let parts), .choice(let parts): parts.forEach(visit)
      case .option(let part), .repetition(let part): visit(part)
      case .exception(let whole, _): visit(whole)
      case .rule, .special: break
      }
    }
    if let node = rules[rule] { visit(node) }
    return result
  }
}

/// Reads the notation itself.
private struct NotationParser {
  enum Token: Equatable {
    case name(String), terminal(String), special(String), symbol(Character)
  }
  private var tokens: [Token] = []
  private var index = 0

  init(_ text: String) throws {
    var rest = Substring(text)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if rest.hasPrefix("(*") {
        guard let end = rest.range(of: "*)") else { throw Grammar.Malformed(message: "a comment does not end") }
        rest = rest[end.upperBound...]
      } else if first.isLetter {
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        tokens.append(.name(String(name)))
        rest = rest.dropFirst(name.count)
      } else if first == "\"" || first == "'" || first == "?" {
        let body = rest.dropFirst().prefix { $0 != first }
        let text = String(body)
        tokens.append(first == "?" ? .special(text.trimmingCharacters(in: .whitespaces)) : .terminal(text))
        rest = rest.dropFirst(body.count + 2)
      } else {
        tokens.append(.symbol(first))
        rest.removeFirst()
      }
    }
  }

  private mutating func accept(_ symbol: Character) -> Bool {
    guard index < tokens.count, tokens[index] == .symbol(symbol) else { return false }
    index += 1
    return true
  }

  private mutating func expect(_ symbol: Character) throws {
    if !accept(symbol) { throw Grammar.Malformed(message: "expected \(symbol) before \(tokens[index...].prefix(5))") }
  }

  mutating func rules() throws -> [String: Grammar.Node] {
    var result: [String: Grammar.Node] = [:]
    while index < tokens.count {
      guard case .name(let name) = tokens[index] else { throw Grammar.Malformed(message: "expected a rule at \(tokens[index])") }
      index += 1
      try expect("=")
      let node = try choice()
      try expect(";")
      if result.updateValue(node, forKey: name) != nil { throw Grammar.Malformed(message: "\(name) has two rules") }
    }
    return result
  }

  private mutating func choice() throws -> Grammar.Node {
    var parts = [try sequence()]
    while accept("|") { parts.append(try sequence()) }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() throws -> Grammar.Node {
    var parts = [try exception()]
    while accept(",") { parts.append(try exception()) }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func exception() throws -> Grammar.Node {
    let whole = try primary()
    return accept("-") ? .exception(whole, except: try primary()) : whole
  }

  private mutating func primary() throws -> Grammar.Node {
    guard index < tokens.count else { throw Grammar.Malformed(message: "the last rule does not end") }
    let token = tokens[index]
    index += 1
    let node: Grammar.Node
    switch token {
    case .name(let name): return .rule(name)
    case .terminal(let text): return .terminal(text)
    case .special(let text): return .special(text)
    case .symbol("("):
      node = try choice()
      try expect(")")
    case .symbol("["):
      node = .option(try choice())
      try expect("]")
    case .symbol("{"):
      node = .repetition(try choice())
      try expect("}")
    case .symbol(let symbol): throw Grammar.Malformed(message: "unexpected \(symbol)")
    }
    return node
  }
}
