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

  /// Wait at 0 for 1 with a third, from there on to 2 with a tenth, from 2 back to 0.
  static let round = """
    dtmc
    module m
      x : [0..2] init 0;
      [] x=0 -> 1/3:(x'=1) + 2/3:(x'=0);
      [] x=1 -> 0.1:(x'=2) + 0.9:(x'=0);
      [] x=2 -> 1:(x'=0);
    endmodule
    rewards "tenths" x=1 : 0.1; endrewards
    rewards "waiting" x=0 : 1; endrewards
    """

  /// Either 1 in two steps or 19/10 in three on average.
  static let loops = """
    mdp
    module m
      x : [0..2] init 0;
      [a] x=0 -> 1:(x'=1);
      [b] x=0 -> 1/2:(x'=2) + 1/2:(x'=0);
      [] x>0 -> 1:(x'=0);
    endmodule
    rewards x=1 : 1; x=2 : 1.9; endrewards
    """

  static let clock = """
    ctmc
    module m
      x : [0..1] init 0;
      [] x=0 -> 2:(x'=1);
      [] x=1 -> 3:(x'=0);
    endmodule
    rewards x=1 : 0.5; endrewards
    """

  /// Each answer by hand: from the equations of a handful of states.
  static let byHand: [(model: String, property: String, fraction: String)] = [
    (round, "P=? [ X x=1 ]", "1/3"),
    (round, "P=? [ F<=2 x=2 ]", "1/30"),
    (round, "P=? [ F<=3 x=2 ]", "1/18"),
    (round, "P=? [ F[3,3] x=2 ]", "1/45"),
    (round, "P=? [ F>=1 x=0 ]", "1"),
    (round, "P=? [ G<=2 x<2 ]", "29/30"),
    (round, "P=? [ x<2 U<=2 x=2 ]", "1/30"),
    (round, "R{\"tenths\"}=? [ C<=2 ]", "1/30"),
    (round, "R{\"tenths\"}=? [ I=1 ]", "1/30"),
    (round, "R{\"tenths\"}=? [ F x=2 ]", "1"),
    (round, "R{\"tenths\"}=? [ S ]", "1/41"),
    (round, "R{\"tenths\"}=? [ Cdiscount=0.5 ]", "4/141"),
    (round, "S=? [ x=2 ]", "1/41"),
    (round, "P=? [ F^{rew{\"waiting\"}<=1} x=1 ]", "1/3"),
    (round, "P=? [ F^{rew{\"waiting\"}<=2} x=1 ]", "5/9"),
    (round, "filter(max, P=? [ F<=2 x=2 ], x<2)", "1/10"),
    (round, "filter(sum, P=? [ F<=2 x=2 ], x<2)", "2/15"),
    (round, "filter(avg, P=? [ F<=2 x=2 ], x<2)", "1/15"),
    (round, "filter(min, R{\"tenths\"}=? [ C<=2 ], true)", "0"),
    (round, "filter(count, P>=1/10 [ F<=2 x=2 ])", "2"),
    (round, "x/3+0.1", "1/10"),
    (loops, "Rmax=? [ S ]", "19/30"),
    (loops, "Rmin=? [ S ]", "1/2"),
    (loops, "Rmax=? [ C<=2 ]", "1"),
    (loops, "Pmin=? [ F<=2 x=1 ]", "0"),
    (loops, "Pmax=? [ F x=2 ]", "1"),
    (clock, "S=? [ x=1 ]", "2/5"),
    (clock, "R=? [ S ]", "1/5"),
    (clock, "T=? [ F x=1 ]", "1/2"),
  ]

  @Test(arguments: byHand.indices) func answersAreThoseByHand(_ index: Int) throws {
    let each = Self.byHand[index]
    let answer = try Session().answer(prism: each.model, property: each.property, by: Exact())
    #expect(answer.exactStart?.description == each.fraction, "\(each.property)")
    guard case .object(let members) = answer.json else { return }
    #expect(members.first { $0.name == "exact" }?.value == .string(each.fraction))
  }

  /// Bounds that are met exactly, which no interval of doubles decides.
  @Test(arguments: [true, false]) func boundsThatAreMetAreDecided(isAsked: Bool) throws {
    for (property, truth) in [
      ("P>=1/3 [ X x=1 ]", true), ("P>1/3 [ X x=1 ]", false), ("P<=1/30 [ F<=2 x=2 ]", true), ("P<1/30 [ F<=2 x=2 ]", false),
    ] {
      let answer = try Session().answer(prism: Self.round, property: property, by: isAsked ? Exact() : nil)
      #expect(answer.holds == truth, "\(property)")
    }
  }

  /// What double precision cannot prove of a small model is solved in fractions without being asked to.
  @Test func whatDoublesCannotProveIsSolvedInFractions() throws {
    let session = Session()
    session.isSilent = true
    session.configuration.parameters = [("N", "100"), ("p", "0.7")]
    let folder = Reference.folder + "/dtmc/haddad-monmege/haddad-monmege"
    let answers = try session.run(prism: folder + ".pm", properties: [folder + ".prctl"])
    #expect(answers.map { $0.exactStart?.description } == ["7/10", "1901475900342344102245054808062"])
    #expect(answers.allSatisfy { $0.sparse.notes.contains { $0.hasPrefix("double precision proves too little") } })
  }
}
