/// Writes random sentences of a grammar.
struct SentenceGenerator {
  /// A token as it was written, with the lexical rule it came from; a literal word has none.
  struct Word: Equatable {
    var text: String
    var rule: String?
  }

  let grammar: Grammar
  var random: SplitMix64
  /// How many rules may still be expanded freely; after them the shortest way out is taken.
  private var freedom = 0
  private let heights: [String: Int]

  init(grammar: Grammar, seed: UInt64) {
    self.grammar = grammar
    random = SplitMix64(state: seed)
    var heights: [String: Int] = [:]
    var changed = true
    while changed {
      changed = false
      for (name, node) in grammar.rules {
        let height = Self.height(node, heights) + 1
        if height < heights[name] ?? Self.unbounded {
          heights[name] = height
          changed = true
        }
      }
    }
    self.heights = heights
  }

  private static let unbounded = 1_000_000

  /// The height of the lowest tree.
  private static func height(_ node: Grammar.Node, _ heights: [String: Int]) -> Int {
    switch node {
    case .terminal, .special, .option, .repetition: 0
    case .rule(let name): heights[name] ?? unbounded
    case .sequence(let parts): parts.map { height($0, heights) }.max() ?? 0
    case .choice(let parts): parts.map { height($0, heights) }.min() ?? 0
    case .exception(let whole, _): height(whole, heights)
    }
  }

  // MARK: Words

  /// The words of a random sentence.
  mutating func words(of rule: String) -> [Word] {
    var result: [Word] = []
    freedom = Int.random(in: 10...600, using: &random)
    expand(.rule(rule), depth: 0, into: &result)
    return result
  }

  private mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
    Int.random(in: 0..<denominator, using: &random) < numerator
  }

  private mutating func expand(_ node: Grammar.Node, depth: Int, into words: inout [Word]) {
    let isTired = freedom < 0 || depth > 120
    switch node {
    case .terminal(let text): words.append(Word(text: text))
    case .special(let text): words.append(Word(text: special(text), rule: text))
    case .rule(let name):
      freedom -= 1
      if name == "terminator" || name == "separator" || !Grammar.isLexical(name) {
        let start = words.count
        expand(grammar.rules[name]!, depth: depth + 1, into: &words)
        // A line end before a plus ends nothing: it has to be a semicolon.
        if name == "terminator" || name == "separator" {
          for index in start..<words.count where words[index].rule == "LINE_END" { words[index].rule = "LAST_LINE_END" }
        }
      } else {
        words.append(Word(text: lexical(name, depth: depth + 1), rule: name))
      }
    case .sequence(let parts): for part in parts { expand(part, depth: depth, into: &words) }
    case .choice(let parts):
      let eligible = isTired ? shortest(parts) : parts
      expand(eligible.randomElement(using: &random)!, depth: depth, into: &words)
    case .option(let part): if !isTired, chance(1, in: 3) { expand(part, depth: depth, into: &words) }
    case .repetition(let part):
      var left = 3
      while freedom >= 0, depth <= 120, left > 0, chance(1, in: 3) {
        expand(part, depth: depth, into: &words)
        left -= 1
      }
    case .exception(let whole, let except):
      var candidate: [Word] = []
      repeat {
        candidate = []
        expand(whole, depth: depth, into: &candidate)
      } while matches(candidate, except)
      words += candidate
    }
  }

  private mutating func lexical(_ name: String, depth: Int) -> String {
    while true {
      var parts: [Word] = []
      expand(grammar.rules[name]!, depth: depth, into: &parts)
      // The expression of an interpolation stands on one line.
      let isSpaced = name == "INTERPOLATION"
      if isSpaced {
        for index in parts.indices where parts[index].text == "\n" {
          parts[index].text = parts[index].rule == "LINE_END" ? "" : ";"
        }
      }
      let text = parts.map(\.text).joined(separator: isSpaced ? " " : "")
      if name == "REAL", !(Double(text.filter { $0 != "_" }) ?? 0).isFinite { continue }
      return text
    }
  }

  private func shortest(_ parts: [Grammar.Node]) -> [Grammar.Node] {
    let least = parts.map { Self.height($0, heights) }.min() ?? 0
    return parts.filter { Self.height($0, heights) == least }
  }

  private mutating func special(_ text: String) -> String {
    switch text {
    case "the end of a line": return "\n"
    case "a letter of ASCII, or any character beyond ASCII":
      return chance(1, in: 30)
        ? ["é", "λ", "数"].randomElement(using: &random)! : String("abcdefgijknpqrsuvwxyzABM".randomElement(using: &random)!)
    case "any character except the double quote, the backslash and line ends":
      return ["a", " ", "1", "é", "€", "/", "{", "'", ","].randomElement(using: &random)!
    default: return ""
    }
  }

  /// Whether words are what an exception excludes: a choice of terminals for a word, a sequence of lexical rules for several.
  private func matches(_ words: [Word], _ node: Grammar.Node) -> Bool {
    switch node {
    case .rule(let name) where words.count == 1: return grammar.terminals(of: name).contains(words[0].text)
    case .rule: return grammar.isWord(words.map(\.text).joined(), of: node)
    case .sequence(let parts):
      for (index, part) in parts.enumerated() {
        if case .special = part { return true }
        guard index < words.count else { return false }
        switch part {
        case .terminal(let text): if words[index].text != text || words[index].rule != nil { return false }
        case .rule(let name): if words[index].rule != name { return false }
        default: return false
        }
      }
      return words.count == parts.count
    default: return false
    }
  }

  // MARK: Text

  /// A random sentence as text, with random spaces, line ends where they mean nothing, and comments.
  mutating func sentence(of rule: String = "program") -> String {
    var words = words(of: rule)
    while words.last?.rule == "LINE_END" { words.removeLast() }
    var text = ""
    /// For each open bracket, whether line ends count in it.
    var counts = [true]
    var brackets: [Bool] = []
    for (index, word) in words.enumerated() {
      let followsPlus = index + 1 < words.count && words[index + 1].text == "+"
      if word.rule == "LINE_END" || word.rule == "LAST_LINE_END" {
        // Where line ends do not count the grammar's breaks are breaks all the same.
        if word.rule == "LAST_LINE_END", followsPlus { text += ";" } else { text += lineEnd() }
        continue
      }
      let isCloser = word.text == ")" || word.text == "]" || word.text == "}"
      if !text.isEmpty, !text.hasSuffix("\n") {
        if !counts.last!, word.rule != "END", chance(1, in: 12) {
          text += lineEnd()
        } else {
          text += chance(1, in: 6) ? "   " : " "
        }
      }
      if isCloser, !brackets.isEmpty {
        brackets.removeLast()
        counts.removeLast()
      }
      if word.text == "(" || word.text == "[" || word.text == "{" {
        brackets.append(true)
        counts.append(word.rule == "BEGIN")
      }
      // A name of the top level at the beginning of a line could be taken for the next item.
      if text.hasSuffix("\n"), !brackets.isEmpty { text += " " }
      text += word.text
    }
    return text
  }

  private mutating func lineEnd() -> String {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: " // why (\n"
    case 1: "\n\n\n  "
    case 2: "\n  // more\n"
    case 3: "\r\n"
    default: "\n"
    }
  }
}

extension Grammar {
  /// Whether a text is one of the words a rule lists.
  func isWord(_ text: String, of node: Node) -> Bool {
    if case .rule(let name) = node { return terminals(of: name).contains(text) }
    return false
  }
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
