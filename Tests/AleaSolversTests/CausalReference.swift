import AleaModel
import Foundation

/// The graphs of `Data/dag` with their known answers (see its README).
struct CausalReference {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Data/dag")

  struct Missing: Error { let what: String }

  let graph: CausalGraph
  let exposure: String
  let outcome: String
  let expected: [String: Any]
  let numeric: [String: Any]?

  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let notGraphs = ["bounds_", "counterfactual_"]
    return files.filter { file in file.hasSuffix(".json") && !notGraphs.contains { file.hasPrefix($0) } }
      .map { String($0.dropLast(5)) }.sorted()
  }()

  static func json(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appendingPathComponent("\(name).json"))
    guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else { throw Missing(what: name) }
    return object
  }

  init(_ name: String) throws {
    let object = try Self.json(name)
    func part<T>(_ key: String, as type: T.Type = T.self) throws -> T {
      guard let value = object[key] as? T else { throw Missing(what: key) }
      return value
    }
    graph = try Self.parse(try part("graph"))
    exposure = try part("exposure")
    outcome = try part("outcome")
    expected = try part("expected")
    numeric = object["numeric"] as? [String: Any]
  }

  func answer<T>(_ key: String, as type: T.Type = T.self) throws -> T {
    guard let value = expected[key] as? T else { throw Missing(what: key) }
    return value
  }

  /// DAGitty's notation as far as the files use it: names, `[latent]`, chains of `->`, `<-`, `<->`.
  static func parse(_ text: String) throws -> CausalGraph {
    guard let open = text.firstIndex(of: "{"), let close = text.lastIndex(of: "}") else { throw Missing(what: "braces") }
    var nodes: [CausalGraph.Node] = []
    var edges: [CausalGraph.Edge] = []
    func meet(_ name: String) { if !nodes.contains(where: { $0.name == name }) { nodes.append(.init(name)) } }
    for statement in text[text.index(after: open)..<close].split(separator: ";") {
      var words = statement.split(whereSeparator: \.isWhitespace).map(String.init)
      guard let first = words.first else { continue }
      meet(first)
      if words.contains("[latent]"), let place = nodes.firstIndex(where: { $0.name == first }) { nodes[place].isLatent = true }
      words.removeAll { $0.hasPrefix("[") }
      var position = 0
      while position + 2 < words.count {
        let (a, arrow, b) = (words[position], words[position + 1], words[position + 2])
        meet(b)
        switch arrow {
        case "->": edges.append(a --> b)
        case "<-": edges.append(b --> a)
        case "<->": edges.append(a <--> b)
        default: throw Missing(what: "arrow \(arrow)")
        }
        position += 2
      }
    }
    return try CausalGraph(nodes: nodes, edges: edges)
  }
}

/// A small generator with a fixed course, so that every run of a test sees the same graphs.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
