extension String {
  /// The text in lines of at most `width` characters, broken between words where possible.
  public func wrapped(to width: Int, indent: String = "") -> [String] {
    guard width > indent.count else { return [self] }
    var lines: [String] = []
    var current = ""
    for word in split(separator: " ", omittingEmptySubsequences: true) {
      var word = String(word)
      let lead = { lines.isEmpty ? "" : indent }
      if current.isEmpty {
        current = lead() + word
      } else if current.count + 1 + word.count <= width {
        current += " " + word
      } else {
        lines.append(current)
        current = lead() + word
      }
      while current.count > width {
        lines.append(String(current.prefix(width)))
        word = String(current.dropFirst(width))
        current = indent + word
      }
    }
    if !current.isEmpty { lines.append(current) }
    return lines
  }
}
