import Alea
import Testing

/// Answers in fractions against those recorded with the models, which Storm found in exact arithmetic.
@Suite struct ExactTests {
  /// The cases with a fraction in lowest terms that are solved quickly without optimisation.
  static let cases = Reference.cases.filter { each in
    guard case .text(let text) = each.exact, text != "true" else { return false }
    return each.states < 1_200
  }

  static func answer(_ each: Reference.Case) throws -> PropertyAnswer {
    let session = Session()
    session.isSilent = true
    session.configuration.parameters = each.const.split(separator: ",").map { part in
      let pair = part.split(separator: "=").map(String.init)
      return (pair[0], pair[1])
    }
    return try #require(
      try session.run(
        prism: Reference.folder + "/" + each.model, properties: [Reference.folder + "/" + each.props + ":" + each.property],
        by: Exact()
      ).first)
  }

  @Test(arguments: cases) func fractionsAreAsRecorded(_ each: Reference.Case) throws {
    guard case .text(let recorded) = each.exact else { return }
    let answer = try Self.answer(each)
    let exact = try #require(answer.exactStart)
    // One is recorded as the decimal that the model's constant is.
    #expect(exact.description == (recorded == "0.7" ? "7/10" : recorded))
    // The doubles around it are neighbours, or the number itself.
    #expect(answer.startLower <= answer.start && answer.start <= answer.startUpper)
    #expect(answer.startUpper <= answer.startLower.nextUp)
  }

  @Test func numbersBeyondDoublesAreFound() throws {
    let chains = Self.cases.filter { $0.model.contains("haddad") }
    #expect(chains.count == 6)
    #expect(Self.cases.count > 30)
  }
}
