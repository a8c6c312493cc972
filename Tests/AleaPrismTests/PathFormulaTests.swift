import Alea
import Testing

/// Formulas over paths, several objectives, filters and arithmetic on models small enough to be worked out by hand.
@Suite struct PathFormulaTests {
  func answer(_ model: String, _ property: String) throws -> PropertyAnswer {
    let session = Session()
    session.isSilent = true
    return try session.answer(prism: model, property: property)
  }

  func near(_ a: Double, _ b: Double, _ error: Double = 1e-6) -> Bool { a == b || abs(a - b) <= error * max(1, abs(b)) }

  /// From 0 the scheduler goes for 1 (and back), or leaves: with one half each to 2 or 3, where it stays.
  static let choice = """
    mdp
    module m
      x : [0..3];
      [look] x=0 -> (x'=1);
      [back] x=1 -> (x'=0);
      [leave] x=0 -> 0.5 : (x'=2) + 0.5 : (x'=3);
      [stay] x>1 -> true;
    endmodule
    rewards "looks" [look] true : 1; endrewards
    rewards "steps" x<2 : 1; endrewards
    """

  @Test func historyMatters() throws {
    let m = Self.choice
    // Both need a policy that remembers: look once, then leave.
    #expect(try near(answer(m, "Pmax=? [ (F x=1) & (F x=2) ]").start, 0.5))
    #expect(try near(answer(m, "Pmax=? [ (F x=1) & (F x=2) | (X x=3) ]").start, 0.5))
    #expect(try answer(m, "Pmax=? [ (G F x=0) & (G F x=1) ]").start == 1)
    #expect(try answer(m, "Pmax=? [ (G F x=0) & (F G x=1) ]").start == 0)
    #expect(try near(answer(m, "Pmin=? [ (F x=2) | (G F x=1) ]").start, 0.5))
    #expect(try near(answer(m, "Pmax=? [ F<=4 (x=1 & (F<=3 x=2)) ]").start, 0.5))
    #expect(try near(answer(m, "Pmax=? [ F<=2 (x=1 & (F<=1 x=2)) ]").start, 0))
    // The best policy depends on the run, so none is given.
    let answer = try answer(m, "Pmax=? [ (F x=1) & (F x=2) ]")
    #expect(answer.sparse.policy.isEmpty)
    #expect(answer.sparse.notes.contains { $0.contains("depends on the run so far") })
  }

  /// Until a formula is known to be true; the state in which it becomes so earns nothing more, as in PRISM.
  @Test func rewardsUntilAFormula() throws {
    let m = Self.choice
    #expect(try near(answer(m, "R{\"steps\"}min=? [ (F x=1) & (F x>1) ]").start, 3))
    #expect(try near(answer(m, "R{\"steps\"}min=? [ F x>1 ]").start, 1))
    #expect(try answer(m, "R{\"steps\"}max=? [ F<=5 x>1 ]").start == .infinity)
    #expect(try near(answer(m, "R{\"steps\"}min=? [ F<=5 x>1 ]").start, 1))
    #expect(try near(answer(m, "R{\"steps\"}max=? [ X X X true ]").start, 3))
    #expect(try near(answer(m, "R{\"looks\"}max=? [ X X X true ]").start, 2))
    #expect(try answer(m, "R{\"steps\"}min=? [ F x=2 ]").start == .infinity)
  }

  @Test func severalObjectives() throws {
    let m = Self.choice
    #expect(try answer(m, "multi(P>=0.5 [ F x=2 ], P>=1 [ F x=1 ])").holds == true)
    #expect(try answer(m, "multi(P>=0.5 [ F x=2 ], P>=0.6 [ G F x=1 ])").holds == false)
    #expect(try answer(m, "multi(P>=0.25 [ F x=2 ], P>=0.5 [ G F x=1 ])").holds == true)
    #expect(try near(answer(m, "multi(Pmax=? [ F x=2 ], P>=0.5 [ G F x=1 ])").start, 0.25))
    #expect(try near(answer(m, "multi(Pmin=? [ F x=3 ], P<=0.6 [ G F x=1 ])").start, 0.2))
    #expect(try near(answer(m, "multi(Pmax=? [ F x=2 ])").start, 0.5))
    // The first three steps may be spent on looking.
    #expect(try near(answer(m, "multi(R{\"looks\"}max=? [ C<=3 ], P>=0.5 [ F x=2 ])").start, 2))
    #expect(try near(answer(m, "multi(R{\"looks\"}max=? [ C<=3 ], P>=0.5 [ F<=3 x=2 ])").start, 1))
    #expect(try near(answer(m, "multi(R{\"looks\"}max=? [ C<=3 ], P>=0.25 [ F<=3 x=2 ])").start, 1.5))
    let front = try #require(try answer(m, "multi(Pmax=? [ F x=2 ], Pmax=? [ G F x=1 ])").front)
    #expect(front.count == 2)
    for (point, expected) in zip(front, [[0.5, 0], [0, 1]]) {
      #expect(near(point[0], expected[0]) && near(point[1], expected[1]))
    }
  }

  @Test func conditions() throws {
    let m =
      "dtmc module m x : [0..3]; [] x=0 -> 0.2 : (x'=1) + 0.3 : (x'=2) + 0.5 : (x'=3); [] x=1 -> (x'=3); [] x>1 -> true; endmodule"
    #expect(try near(answer(m, "P=? [ F x=1 || F x=3 ]").start, 0.2 / 0.7))
    #expect(try near(answer(m, "P=? [ X x=3 || G x!=1 ]").start, 0.5 / 0.8))
    #expect(try near(answer(m, "P=? [ F x=3 || true ]").start, 0.7))
    #expect(throws: DiagnosticError.self) { try answer(m, "P=? [ F x=3 || F (x=1 & x=2) ]") }
  }

  @Test func filtersAndArithmetic() throws {
    let m =
      "dtmc module m x : [0..2]; [] x=0 -> 0.25 : (x'=1) + 0.75 : (x'=2); [] x>0 -> true; endmodule rewards x=0 : 4; endrewards"
    #expect(try near(answer(m, "1 - P=? [ F x=1 ]").start, 0.75))
    #expect(try near(answer(m, "2 * P=? [ F x=1 ] + R=? [ F x>0 ] / 8").start, 1))
    #expect(try near(answer(m, "max(P=? [ F x=1 ], P=? [ F x=2 ])").start, 0.75))
    #expect(try answer(m, "P=? [ F x=1 ] < P=? [ F x=2 ]").holds == true)
    #expect(try answer(m, "filter(argmax, P=? [ F x=1 ])").satisfying?.states == [1])
    #expect(try answer(m, "filter(argmin, P=? [ F x=1 ], x<2)").satisfying?.states == [0])
    #expect(try near(answer(m, "filter(max, filter(min, P=? [ F x=1 ], x<2))").start, 0.25))
    #expect(try answer(m, "P=? [ F filter(exists, P>=1 [ F x=1 ]) & x=1 ]").start > 0.24)
    #expect(try near(answer(m, "P=? [ F x=1 {x=0} ]").start, 0.25))
    #expect(try near(answer(m, "P=? [ F x=1 {x<2}{max} ]").start, 1))
    #expect(try answer(m, "filter(count, P=? [ F x=1 ] > 0.2)").start == 2)
  }

  /// A queue of at most two: Erlang's loss formula in the long run, the exponential law of the first arrival before.
  @Test func timeBounds() throws {
    let m = """
      ctmc
      module m
        n : [0..2];
        [] n<2 -> 2 : (n'=n+1);
        [] n>0 -> n : (n'=n-1);
      endmodule
      rewards true : n; endrewards
      """
    func exp(_ x: Double) -> Double { (1...40).reversed().reduce(1.0) { 1 + x / Double($1) * $0 } }
    let first = try answer(m, "P=? [ F<=0.5 n=1 ]")
    #expect(near(first.start, 1 - exp(-1), 1e-10))
    #expect(first.startLower <= 1 - exp(-1) && 1 - exp(-1) <= first.startUpper)
    #expect(try near(answer(m, "P=? [ F[100,100] n=2 ]").start, 2.0 / 5))
    #expect(try near(answer(m, "R=? [ I=100 ]").start, (1 * 2 + 2 * 2) / 5.0))
    #expect(try answer(m, "P=? [ F<=0 n=1 ]").start == 0)
    #expect(try answer(m, "P=? [ G<=3 n>=0 ]").start == 1)
    #expect(try answer(m, "P>=0.5 [ F<=0.5 n=1 ]").holds == true)
    // Far away and rare: the relative error stays small.
    let rare = try answer(m, "P=? [ F<=0.000001 n=1 ]")
    #expect(near(rare.start * 1e6, 2, 1e-5))
    #expect(rare.startUpper - rare.startLower < 1e-9 * rare.start)
  }
}
