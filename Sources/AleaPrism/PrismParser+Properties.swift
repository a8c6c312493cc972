import AleaSyntax

extension PrismParser {
  mutating func properties() -> PrismProperties {
    var result = PrismProperties()
    while !isAtEnd {
      if accept(";") { continue }
      let start = position
      do {
        if isWord("const") || isWord("prob") || isWord("rate") {
          result.constants.append(try constant())
        } else if isWord("formula") {
          result.formulas.append(try formula())
        } else if isWord("label") {
          result.labels.append(try label())
        } else {
          result.properties.append(try property())
        }
      } catch {
        // Properties need no `;` between them: the next one begins with its name.
        recover(from: start, stops: ["const", "label", "formula"])
      }
    }
    return result
  }

  private mutating func property() throws -> PrismProperties.Property {
    let start = current.span
    var name: PrismName?
    if case .string(let text) = current.kind, isSymbol(":", at: 1) {
      name = PrismName(text: text, span: current.span)
      advance()
      advance()
    }
    let body = try expression()
    if !isAtEnd, !accept(";") {
      // The next property may follow on a new line without `;`.
      var beginsNext = false
      if case .string = current.kind, isSymbol(":", at: 1) { beginsNext = true }
      if case .identifier(let word) = current.kind,
        Self.quantities[word] != nil || ["filter", "multi", "const", "label"].contains(word)
      {
        beginsNext = true
      }
      if !beginsNext {
        expected("`;` or the end of the property")
        throw Abandoned()
      }
    }
    return PrismProperties.Property(name: name, body: body, span: start.union(previousSpan))
  }
}
