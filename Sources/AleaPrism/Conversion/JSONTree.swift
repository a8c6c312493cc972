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
      let rows = members.map { "\(inner)\(Self.quoted($0.key)): \($0.value.text(indent: inner))" }
      return "{\n" + rows.joined(separator: ",\n") + "\n\(indent)}"
    default: return flat
    }
  }

  private var flat: String {
    switch self {
    case .text(let text): Self.quoted(text)
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .truth(let value): "\(value)"
    case .null: "null"
    case .list(let elements): "[" + elements.map(\.flat).joined(separator: ", ") + "]"
    case .object(let members): "{" + members.map { "\(Self.quoted($0.key)): \($0.value.flat)" }.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
