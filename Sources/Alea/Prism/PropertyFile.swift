import AleaSemantics

/// Properties as read: from a file, or one written where it is asked.
struct PropertyFile {
  let source: SourceFile
  let properties: PrismProperties

  /// - Throws: `DiagnosticError` with everything that is wrong with the text.
  init(_ source: SourceFile) throws {
    let (properties, diagnostics) = PrismParser.parseProperties(source)
    if diagnostics.contains(where: { $0.severity == .error }) { throw DiagnosticError(Checker.inOrder(diagnostics)) }
    self.source = source
    self.properties = properties
  }

  var names: [String] { properties.properties.compactMap { $0.name?.text } }
  var constantNames: Set<String> { Set(properties.constants.map(\.name.text)) }

  /// The property of a name, or of a number counted from 1.
  func property(_ name: String) -> PrismProperties.Property? {
    if let found = properties.properties.first(where: { $0.name?.text == name }) { return found }
    guard let number = Int(name), properties.properties.indices.contains(number - 1) else { return nil }
    return properties.properties[number - 1]
  }

  /// The property of a name, or a message with the nearest one.
  func required(_ name: String, at span: SourceSpan?) throws -> PrismProperties.Property {
    if let found = property(name) { return found }
    let nearest = Spelling.nearest(name, in: names)
    throw DiagnosticError(
      .error(
        "`\(source.name)` has no property \"\(name)\"", at: span, label: nearest.map { "did you mean \"\($0)\"?" } ?? "",
        notes: names.isEmpty ? [] : ["its properties are " + names.map { "\"\($0)\"" }.joined(separator: ", ")]))
  }

  func text(of property: PrismProperties.Property) -> String { source.text(in: property.body.span) }
}

extension SessionCore {
  /// Answers properties of a model.
  ///
  /// - Parameter declarations: the file whose constants, labels and properties may be mentioned.
  func answers(
    _ chosen: [(property: PrismProperties.Property, file: PropertyFile)], declarations: PropertyFile?, of file: any PropertyModel,
    tolerance: Double?, by method: Exact? = nil
  ) throws -> [PropertyAnswer] {
    // Everything that can be said about the model comes before the work of exploring it.
    _ = try file.program(allowing: declarations?.constantNames ?? [])
    let exploration = try method.map { try file.exploration(self, for: $0) } ?? file.exploration(self)
    var context = try PrismContext(exploration.program, properties: declarations?.properties ?? PrismProperties())
    for property in declarations?.properties.properties ?? [] {
      if let name = property.name { context.addLabel(name.text, property.body) }
    }
    var checker = PropertyChecker(exploration: exploration, context: context, core: self, tolerance: tolerance, method: method)
    return try chosen.map { property, source in
      try proved(by: &checker, property, text: source.text(of: property), of: file)
    }
  }
}
