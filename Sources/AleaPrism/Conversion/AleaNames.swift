/// Names for the things of another notation: each is used once, and none means something in Alea already.
struct AleaNames {
  private var taken: Set<String>
  /// Names that could not stay as they are.
  private(set) var changed: [(from: String, to: String)] = []

  /// - Parameter reserved: names that mean something.
  init(reserved: Set<String>) { taken = reserved }

  /// A name that looks like the one wanted.
  mutating func claim(_ wanted: String, isQuiet: Bool = false) -> String {
    var name = String(wanted.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    if name.first.map({ $0.isNumber }) ?? true { name = "_" + name }
    while taken.contains(name) { name += "_" }
    taken.insert(name)
    if !isQuiet, name != wanted { changed.append((wanted, name)) }
    return name
  }

  /// `consensus.2` as a model is called: `Consensus2`.
  static func modelName(_ text: String) -> String {
    var result = ""
    for part in text.split(whereSeparator: { !($0.isASCII && ($0.isLetter || $0.isNumber)) }) {
      if let last = result.last, last.isNumber, part.first?.isNumber ?? false { result += "_" }
      result += part.prefix(1).uppercased() + part.dropFirst()
    }
    return result.isEmpty || result.first?.isNumber ?? false ? "Model" + result : result
  }
}
