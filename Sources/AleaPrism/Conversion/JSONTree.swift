import AleaSyntax

/// A tree of JSON whose members keep their order.
indirect enum JSONTree {
  case text(String)
  case integer(Int)
  case real(Double)
  case truth(Bool)
  case list([JSONTree])
  case object([(key: String, value: JSONTree)])
  case null

  /// The text; what fits on a line stands on one.
  func text(indent: String = "") -> String {
    let flat = self.flat
    if indent.count + flat.count <= 120 { return flat }
    let inner = indent + "  "
    switch self {
    case .list(let elements):
      return "[\n" + elements.map { inner + $0.text(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let members):
      let rows = members.map { "\(inner)\(Self.quote($0.key)): \($0.value.text(indent: inner))" }
      return "{\n" + rows.joined(separator: ",\n") + "\n\(indent)}"
    default: return flat
    }
  }

  private var flat: String {
    switch self {
    case .text(let text): Self.quote(text)
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .truth(let value): "\(value)"
    case .null: "null"
    case .list(let elements): "[" + elements.map(\.flat).joined(separator: ", ") + "]"
    case .object(let members): "{" + members.map { "\(Self.quote($0.key)): \($0.value.flat)" }.joined(separator: ", ") + "}"
    }
  }

  private static func quote(_ text: String) -> String { DiagnosticRenderer.quote(text) }
}
