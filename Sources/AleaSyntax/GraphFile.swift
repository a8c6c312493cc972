/// Causal graphs in Graphviz's dot language and in DAGitty's: read as a causal model without mechanisms.
///
///     dag { X [exposure]; Y [outcome]; U [latent]; X -> M -> Y; X <-> Y; {A B} -> X }
///
/// A node is latent by `latent` (or `l`, `unobserved`, `u`), or drawn dashed; `dir=both` is an unmeasured common cause, as `<->` is.
/// A node whose `label` is a name of the language goes by that. Other attributes say how to draw and are passed over; so are the
/// roles `exposure`, `outcome` and `adjusted`: in Alea a question names its variables.
///
/// DAGitty's first notation lists the nodes, `X E @0.1,0.2` (`E` exposure, `O` outcome, `A` adjusted, `U` latent, `1` none of these),
/// and after an empty line the children of each, `X M Y`.
///
/// Sources: Graphviz, "DOT Language"; Textor et al. (2016), DAGitty, and its manual, "Textual model definition".
public struct GraphFile {
  /// Everything wrong with the text, and warnings.
  public private(set) var diagnostics: [Diagnostic] = []
  private let file: SourceFile
  private let bytes: [UInt8]
  private var cursor = 0
  private var nodes: [Node] = []
  private var indices: [String: Int] = [:]
  private var edges: [(from: Int, arrow: AST.Arrow, to: Int, span: SourceSpan)] = []
  private var depth = 0

  private struct Node {
    var name: String
    var span: SourceSpan
    var label: String?
    var isLatent = false
  }

  private typealias Attributes = [(key: String, value: String)]

  /// Given up after a report.
  private struct Broken: Error {}

  private init(_ file: SourceFile) {
    self.file = file
    bytes = Array(file.bytes)
  }

  /// Reads a file.
  ///
  /// - Returns: the model as syntax, under the name given; nil where something is wrong, which the diagnostics say.
  public static func parse(_ file: SourceFile, name: String) -> (model: AST.Model?, diagnostics: [Diagnostic]) {
    var reader = GraphFile(file)
    do {
      if try !reader.lists() { try reader.graph() }
    } catch {}
    if reader.diagnostics.contains(where: { $0.severity == .error }) { return (nil, reader.diagnostics) }
    let model = reader.model(name)
    return (reader.diagnostics.contains { $0.severity == .error } ? nil : model, reader.diagnostics)
  }

  // MARK: The model

  private mutating func model(_ name: String) -> AST.Model {
    let names = self.names()
    var members: [AST.Member] = []
    for (node, name) in zip(nodes, names) {
      members.append(
        AST.Member(
          .variable(
            AST.Variable(
              role: node.isLatent ? .latent : .observe, name: AST.Name(name, node.span), isPrimed: false, indices: [],
              domain: nil,
              mechanism: nil, availability: nil)), node.span))
    }
    for edge in edges {
      let (from, to) = (AST.Expression(.name(names[edge.from]), edge.span), AST.Expression(.name(names[edge.to]), edge.span))
      members.append(AST.Member(.edges(first: [from], rest: [(edge.arrow, [to])]), edge.span))
    }
    let whole = SourceSpan(file: file.id, start: 0, end: Int32(min(bytes.count, 1)))
    return AST.Model(kind: .causal, name: AST.Name(name, whole), parameters: [], members: members)
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, first == "_" || first.properties.isAlphabetic else { return false }
    return text.unicodeScalars.allSatisfy { $0 == "_" || $0.properties.isAlphabetic || ("0"..."9").contains($0) }
  }

  /// Names of the language for the nodes: their labels, their own, or their own with `_` for what no name may have.
  private mutating func names() -> [String] {
    var taken: [String: Int] = [:]
    var result: [String] = []
    let labels = nodes.compactMap(\.label).reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
    for (index, node) in nodes.enumerated() {
      var name = node.name
      if let label = node.label, Self.isName(label), labels[label] == 1, label == name || indices[label] == nil { name = label }
      if !Self.isName(name) {
        let plain = String(
          name.unicodeScalars.map { $0 == "_" || $0.properties.isAlphabetic || ("0"..."9").contains($0) ? Character($0) : "_" })
        let legal = Self.isName(plain) ? plain : "_" + plain
        diagnostics.append(.warning("`\(name)` goes by `\(legal)`: names have letters, digits and `_`", at: node.span))
        name = legal
      }
      if let earlier = taken[name] {
        diagnostics.append(
          .error("two nodes go by `\(name)`", at: node.span, secondary: [.init(nodes[earlier].span, "the first one")]))
      }
      taken[name] = index
      result.append(name)
    }
    return result
  }

  // MARK: Tokens

  private var peek: UInt8? { cursor < bytes.count ? bytes[cursor] : nil }

  private func span(from start: Int) -> SourceSpan {
    SourceSpan(file: file.id, start: Int32(clamping: start), end: Int32(clamping: max(start, cursor)))
  }

  private mutating func fail(_ message: String, from start: Int? = nil, notes: [String] = []) -> Broken {
    let start = start ?? cursor
    let end = max(cursor, min(start + 1, bytes.count))
    diagnostics.append(
      .error(message, at: SourceSpan(file: file.id, start: Int32(clamping: start), end: Int32(clamping: end)), notes: notes))
    return Broken()
  }

  private func starts(with text: StaticString, at place: Int? = nil) -> Bool {
    let place = place ?? cursor
    guard place + text.utf8CodeUnitCount <= bytes.count else { return false }
    return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[place + $0] == text.utf8Start[$0] }
  }

  private mutating func skip() throws {
    while let byte = peek {
      if byte <= 32 {
        cursor += 1
      } else if starts(with: "//") || byte == UInt8(ascii: "#") {
        while let byte = peek, byte != 10 { _ = byte; cursor += 1 }
      } else if starts(with: "/*") {
        let start = cursor
        while cursor < bytes.count, !starts(with: "*/") { cursor += 1 }
        guard cursor < bytes.count else { throw fail("this comment does not end", from: start) }
        cursor += 2
      } else {
        return
      }
    }
  }

  private mutating func take(_ text: StaticString) throws -> Bool {
    try skip()
    guard starts(with: text) else { return false }
    cursor += text.utf8CodeUnitCount
    return true
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte == 95 || byte >= 128 || (byte >= 48 && byte < 58) || (byte | 32 >= 97 && byte | 32 <= 122)
  }

  /// A word, a number or a quoted text; nil where none stands.
  private mutating func identifier() throws -> (text: String, span: SourceSpan)? {
    try skip()
    let start = cursor
    guard let byte = peek else { return nil }
    if byte == 34 {
      cursor += 1
      var text: [UInt8] = []
      while let next = peek, next != 34 {
        if next == 92, cursor + 1 < bytes.count, bytes[cursor + 1] == 34 || bytes[cursor + 1] == 92 { cursor += 1 }
        text.append(bytes[cursor])
        cursor += 1
      }
      guard peek == 34 else {
        cursor = start + 1
        throw fail("this text does not end", from: start)
      }
      cursor += 1
      return (String(decoding: text, as: UTF8.self), span(from: start))
    }
    let isNumber =
      (byte >= 48 && byte < 58) || byte == 46
      || (byte == 45 && cursor + 1 < bytes.count && bytes[cursor + 1] < 58 && bytes[cursor + 1] != 45)
    guard isNumber || Self.isWord(byte) else { return nil }
    cursor += 1
    // Names in DAGitty may have points.
    while let next = peek, Self.isWord(next) || next == 46 { cursor += 1 }
    return (String(decoding: bytes[start..<cursor], as: UTF8.self), span(from: start))
  }

  // MARK: DAGitty's lists

  private static let mostEdges = 1_000_000

  /// Reads the lists of nodes and children; false where the text is not made of them.
  private mutating func lists() throws -> Bool {
    guard !bytes.contains(UInt8(ascii: "{")), !bytes.contains(UInt8(ascii: "[")) else { return false }
    var lines: [[(text: String, span: SourceSpan)]] = []
    while cursor < bytes.count { lines.append(words()) }
    let first = lines.prefix { $0.isEmpty }.count
    guard let gap = lines[first...].firstIndex(where: \.isEmpty), lines[gap...].contains(where: { !$0.isEmpty }) else {
      cursor = 0
      return false
    }
    for line in lines[first..<gap] { try declare(line) }
    for line in lines[gap...] where !line.isEmpty {
      let words = line.filter { !$0.text.hasPrefix("@") }
      guard let parent = try words.first.map({ try known($0) }) else { continue }
      for word in words.dropFirst() {
        guard edges.count < Self.mostEdges else { throw fail("the graph has more than \(Self.mostEdges) edges") }
        edges.append((parent, .directed, try known(word), word.span))
      }
    }
    return true
  }

  /// The words of the line at the cursor, which goes to the next.
  private mutating func words() -> [(text: String, span: SourceSpan)] {
    var result: [(text: String, span: SourceSpan)] = []
    while let byte = peek, byte != 10 {
      let start = cursor
      cursor += 1
      guard byte > 32 else { continue }
      while let next = peek, next > 32 { _ = next; cursor += 1 }
      result.append((String(decoding: bytes[start..<cursor], as: UTF8.self), span(from: start)))
    }
    cursor += 1
    return result
  }

  private mutating func declare(_ line: [(text: String, span: SourceSpan)]) throws {
    let words = line.filter { !$0.text.hasPrefix("@") }
    guard let name = words.first, words.count <= 2 else {
      throw fault("a node, its status and its place are expected here, as in `X E @0.1,0.2`", line[0].span)
    }
    guard indices[name.text] == nil else { throw fault("the node `\(name.text)` is listed twice", name.span) }
    indices[name.text] = nodes.count
    nodes.append(Node(name: Self.decoded(name.text), span: name.span))
    guard let status = words.dropFirst().first else { return }
    guard ["E", "O", "A", "U", "1", "0"].contains(status.text.uppercased()) else {
      throw fault("`\(status.text)` is not a status of a node", status.span, notes: ["it is E, O, A, U or 1"])
    }
    nodes[nodes.count - 1].isLatent = status.text.uppercased() == "U"
  }

  private mutating func known(_ word: (text: String, span: SourceSpan)) throws -> Int {
    if let index = indices[word.text] { return index }
    throw fault("the node `\(word.text)` is not in the list above", word.span)
  }

  private mutating func fault(_ message: String, _ span: SourceSpan, notes: [String] = []) -> Broken {
    diagnostics.append(.error(message, at: span, notes: notes))
    return Broken()
  }

  /// A name whose bytes may be written as `%20`.
  private static func decoded(_ text: String) -> String {
    var result: [UInt8] = []
    let bytes = Array(text.utf8)
    var place = 0
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count,
        let byte = UInt8(String(decoding: bytes[(place + 1)...(place + 2)], as: UTF8.self), radix: 16)
      {
        result.append(byte)
        place += 3
      } else {
        result.append(bytes[place])
        place += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  // MARK: Statements

  private mutating func graph() throws {
    try skip()
    let start = cursor
    var word = try identifier()
    if word?.text.lowercased() == "strict" { word = try identifier() }
    switch word?.text.lowercased() {
    case "dag", "digraph": break
    case "graph":
      throw fail("a `graph` has no arrows, and causal models do", from: start, notes: ["write `digraph` and `->`"])
    case "pdag", "mag", "pag":
      throw fail("graphs with arrows of unknown direction are not served", from: start, notes: ["`dag` and `digraph` are read"])
    default:
      throw fail("a graph starts with `dag {` or `digraph {`", from: start)
    }
    if try !take("{") {
      _ = try identifier()
      guard try take("{") else { throw fail("`{` is expected here") }
    }
    try statements()
    try skip()
    guard cursor == bytes.count else { throw fail("one graph is read from a file, and this stands after its end") }
  }

  /// The statements up to a `}`, which is taken; the nodes they mention.
  @discardableResult
  private mutating func statements() throws -> [Int] {
    depth += 1
    defer { depth -= 1 }
    guard depth <= 100 else { throw fail("groups nest more than 100 deep") }
    var mentioned: [Int] = []
    while true {
      if try take("}") { return mentioned }
      if try take(";") { continue }
      if try take(",") { continue }
      guard cursor < bytes.count else { throw fail("the graph does not end: `}` is missing", from: max(0, bytes.count - 1)) }
      mentioned += try statement()
    }
  }

  private mutating func statement() throws -> [Int] {
    let start = cursor
    if let word = try identifier() {
      if ["graph", "node", "edge"].contains(word.text.lowercased()), try hasNext("[") {
        _ = try attributes()
        return []
      }
      if try take("=") {
        guard try identifier() != nil else { throw fail("a value is expected after `=`") }
        return []
      }
      cursor = start
    }
    var group = try endpoint()
    var all = group
    var added: [Int] = []
    while let arrow = try self.arrow() {
      let next = try endpoint()
      for from in group {
        for to in next {
          let span = self.span(from: start)
          added.append(edges.count)
          guard edges.count < Self.mostEdges else { throw fail("the graph has more than \(Self.mostEdges) edges", from: start) }
          edges.append(arrow.isBack ? (to, arrow.kind, from, span) : (from, arrow.kind, to, span))
        }
      }
      all += next
      group = next
    }
    if try hasNext("[") {
      let place = cursor
      let given = try attributes()
      if added.isEmpty {
        for node in all { set(given, of: node) }
      } else {
        try setEdges(given, added, from: place)
      }
    }
    return all
  }

  private mutating func hasNext(_ text: StaticString) throws -> Bool {
    try skip()
    return starts(with: text)
  }

  private mutating func arrow() throws -> (kind: AST.Arrow, isBack: Bool)? {
    try skip()
    let start = cursor
    if try take("<->") { return (.bidirected, false) }
    if try take("->") { return (.directed, false) }
    if try take("<-") { return (.directed, true) }
    if starts(with: "--") || starts(with: "@") {
      cursor += 2
      throw fail("an edge without a direction is not served", from: start, notes: ["edges are `->`, `<-` and `<->`"])
    }
    return nil
  }

  /// A node, or a group in braces.
  private mutating func endpoint() throws -> [Int] {
    if try take("{") { return try statements() }
    let start = cursor
    guard let word = try identifier() else { throw fail("the name of a node is expected here") }
    if word.text.lowercased() == "subgraph" {
      if try !take("{") {
        _ = try identifier()
        guard try take("{") else { throw fail("`{` is expected after `subgraph`", from: start) }
      }
      return try statements()
    }
    // A port says where an arrow ends at the drawn node.
    while try take(":") { _ = try identifier() }
    if let known = indices[word.text] { return [known] }
    indices[word.text] = nodes.count
    nodes.append(Node(name: word.text, span: word.span))
    return [nodes.count - 1]
  }

  private mutating func attributes() throws -> Attributes {
    var result: Attributes = []
    while try take("[") {
      while try !take("]") {
        if try take(",") { continue }
        if try take(";") { continue }
        guard let key = try identifier() else { throw fail("an attribute or `]` is expected here") }
        var value = ""
        if try take("=") {
          guard let given = try identifier() else { throw fail("a value is expected after `=`") }
          value = given.text
        }
        result.append((key.text.lowercased(), value))
      }
    }
    return result
  }

  private mutating func set(_ given: Attributes, of node: Int) {
    for (key, value) in given {
      switch key {
      case "latent", "l", "unobserved", "u": nodes[node].isLatent = !["no", "false", "0"].contains(value.lowercased())
      case "observed": nodes[node].isLatent = ["no", "false", "0"].contains(value.lowercased())
      case "style" where value.lowercased().contains("dashed"): nodes[node].isLatent = true
      case "label": nodes[node].label = value
      default: continue
      }
    }
  }

  private mutating func setEdges(_ given: Attributes, _ added: [Int], from place: Int) throws {
    guard let direction = given.last(where: { $0.key == "dir" })?.value else { return }
    switch direction {
    case "forward": return
    case "both": for index in added { edges[index].arrow = .bidirected }
    case "back": for index in added { (edges[index].from, edges[index].to) = (edges[index].to, edges[index].from) }
    default: throw fail("an edge without a direction is not served", from: place, notes: ["`dir` is forward, back or both"])
    }
  }
}
