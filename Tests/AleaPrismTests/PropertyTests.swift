import Alea
import Testing

/// Every recorded property of the models that are quickly explored.
@Suite struct PropertyTests {
  static let cases = Reference.cases.filter { $0.states < 9_000 }

  @Test(arguments: cases) func answersAreAsRecorded(_ each: Reference.Case) throws {
    let session = Session()
    session.isSilent = true
    session.configuration.parameters = each.const.split(separator: ",").map { part in
      let pair = part.split(separator: "=").map(String.init)
      return (pair[0], pair[1])
    }
    let answer = try #require(
      try session.run(
        prism: Reference.folder + "/" + each.model, properties: [Reference.folder + "/" + each.props + ":" + each.property]
      ).first)
    #expect(answer.explored.sparse.stateCount == each.states)
    switch each.approx {
    case .truth(let truth): #expect(answer.holds == truth)
    case .number(let number):
      #expect(abs(answer.start - number) <= 1e-6 * abs(number))
      let slip = 0x1p-51 * abs(number)
      #expect(answer.startLower <= number + slip && number - slip <= answer.startUpper)
    }
  }
}
