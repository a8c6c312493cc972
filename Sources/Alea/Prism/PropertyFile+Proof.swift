import AleaSemantics

/// A bound too near to the number for double precision to compare the two.
struct UndecidedBound: Error {
  let error: DiagnosticError
}

extension SessionCore {
  /// Models with more states are not solved in fractions unless that is asked for.
  private static let mostStatesInFractions = 10_000

  /// The answer to a property: that of the checker, or one in fractions where double precision proves too little of a small model.
  func proved(
    by checker: inout PropertyChecker, _ property: PrismProperties.Property, text: String, of file: any PropertyModel
  ) throws -> PropertyAnswer {
    let rough: PropertyAnswer?
    let undecided: UndecidedBound?
    do {
      let answer = try checker.answer(property.body, text: text, name: property.name?.text)
      if checker.method != nil || checker.tolerance != nil || answer.isPrecise { return answer }
      (rough, undecided) = (answer, nil)
    } catch let error as UndecidedBound {
      (rough, undecided) = (nil, error)
    }
    if checker.tolerance == nil, let exact = try inFractions(checker, property, text: text, of: file) { return exact }
    guard let rough else {
      throw undecided?.error ?? DiagnosticError(.error("the property has no answer", at: property.body.span))
    }
    return rough
  }

  /// The answer in fractions; nil where the model or the property has none.
  private func inFractions(
    _ checker: PropertyChecker, _ property: PrismProperties.Property, text: String, of file: any PropertyModel
  ) throws -> PropertyAnswer? {
    guard checker.sparse.stateCount <= Self.mostStatesInFractions else { return nil }
    let method = Exact()
    do {
      var exact = PropertyChecker(
        exploration: try file.exploration(self, for: method), context: checker.context, core: self, tolerance: nil,
        method: method)
      return try exact.answer(
        property.body, text: text, name: property.name?.text,
        note: "double precision proves too little of this number: it was solved in fractions")
    } catch is DiagnosticError {
      return nil
    }
  }
}

extension PropertyAnswer {
  /// Whether the number at the start is known to a relative error of a millionth.
  fileprivate var isPrecise: Bool {
    if holds != nil || front != nil || startLower == startUpper { return true }
    let width = startUpper - startLower
    return width.isFinite && width <= 1e-6 * min(startLower.magnitude, startUpper.magnitude)
  }
}
