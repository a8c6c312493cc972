import Alea
import Testing

/// Formulas over paths, several objectives, filters and arithmetic on models small enough to be worked out by hand.
@Suite struct PathFormulaTests {
  func answer(_ model: String, _ property: String, isExact: Bool = false) throws -> PropertyAnswer {
    let session = Session()
    session.isSilent = true
    return try session.answer(prism: model, property: property, by: isExact ? Exact() : nil)
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

  @Test func longRunsOfAnMDP() throws {
    // Looking and coming back in turn is in 1 half of the time; leaving never is.
    for letter in ["S", "LRA"] {
      #expect(try near(answer(Self.choice, "\(letter)max=? [ x=1 ]").start, 0.5))
      #expect(try near(answer(Self.choice, "\(letter)min=? [ x=1 ]").start, 0))
      #expect(try near(answer(Self.choice, "\(letter) max=? [ x=2 ]").start, 0.5))
    }
  }

  @Test func casesBetweenConditions() throws {
    // Below 2 some policies reach state 2 half the time, and some never; elsewhere the second condition decides.
    #expect(try answer(Self.choice, "filter(count, x<2 ? P>=0.5 [ F x=2 ] : x=3)").start == 1)
    #expect(try answer(Self.choice, "filter(count, x<2 ? Pmax>=0.5 [ F x=2 ] : x=3)").start == 3)
    #expect(try answer(Self.choice, "(x<2 ? Pmax>=0.5 [ F x=2 ] : x=3) | x=2").satisfying?.states == [0, 1, 2, 3])
  }

  @Test func conditionsThatHoldNowhereAreNamed() throws {
    let answer = try answer(Self.choice, "Pmax=? [ x<3 U x=7 ]")
    #expect(answer.start == 0)
    #expect(answer.sparse.notes.filter { $0.hasPrefix("no state satisfies") } == ["no state satisfies `x=7`"])
    for property in ["Pmax=? [ F x=2 ]", "Pmax=? [ G !(x=7) ]", "Pmax=? [ F false ]"] {
      #expect(try !self.answer(Self.choice, property).sparse.notes.contains { $0.hasPrefix("no state satisfies") })
    }
  }

  /// Staying for ever takes choices that stay, also where others come first.
  @Test func policiesStay() throws {
    let m = """
      mdp
      module m
        x : [0..3];
        [leave] x=0 -> (x'=3);
        [look] x=0 -> 0.5 : (x'=1) + 0.5 : (x'=2);
        [leave] x=1 -> (x'=3);
        [back] x>0 & x<3 -> (x'=0);
        [] x=3 -> true;
      endmodule
      """
    for property in ["Pmax=? [ G F x=1 ]", "Pmax=? [ F G x<3 ]", "Pmin=? [ F G x!=1 ]", "Pmax=? [ G x<3 ]"] {
      let answer = try answer(m, property)
      let process = answer.explored.sparse
      #expect(answer.start == (property.hasPrefix("Pmin") ? 0 : 1))
      #expect(answer.sparse.policy.count == process.stateCount)
      for state in 0..<process.stateCount where answer.explored.states.values(of: state) != [3] {
        let choice = Int(answer.sparse.policy[state])
        #expect(
          process.transitions(of: choice).allSatisfy { answer.explored.states.values(of: Int(process.successor[$0])) != [3] })
      }
    }
    #expect(try answer(m, "Pmax=? [ F<=4 x=1 ]").sparse.policy.isEmpty)
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

  /// Policies that fail the condition count for nothing: what is best may make it rare.
  @Test func conditionsOfAnMDP() throws {
    // `safe` tries for 1 with a half; `odd` meets the condition seldom, but then it has always met 1 before.
    let m = """
      mdp
      module m
        x : [0..4];
        [safe] x=0 -> 0.5 : (x'=1) + 0.5 : (x'=3);
        [odd] x=0 -> 0.01 : (x'=1) + 0.99 : (x'=2);
        [] x=1 -> (x'=3);
        [wait] x=3 -> true;
        [] x=2 -> true;
      endmodule
      """
    #expect(try answer(m, "Pmax=? [ F x=1 || F x=3 ]").start == 1)
    #expect(try near(answer(m, "Pmin=? [ F x=1 || F x=3 ]").start, 0.5))
    #expect(try near(answer(m, "Pmax=? [ F x=3 || F x=1 ]").start, 1))
    #expect(try near(answer(m, "Pmax=? [ X x=1 || X x<3 ]").start, 1))
    #expect(try near(answer(m, "Pmin=? [ X x=1 || X x<3 ]").start, 0.01))
    #expect(try answer(m, "P>=0.5 [ F x=1 || F x=3 ]").holds == true)
    #expect(try answer(m, "P>=0.51 [ F x=1 || F x=3 ]").holds == false)
    // From 2 the condition is impossible: such states meet no bound, and do not count.
    #expect(try answer(m, "filter(count, P>=0.1 [ F x=1 || F x=3 ])").start == 2)
    #expect(try near(answer(m, "filter(min, Pmin=? [ F x=1 || F x=3 ])").start, 0))
    #expect(try near(answer(m, "1 - Pmin=? [ F x=1 || F x=3 ]").start, 0.5))
    // In fractions; a bound that is met exactly is decided by them.
    let exact = try self.answer(m, "Pmin=? [ X x=1 || X x<3 ]", isExact: true)
    #expect(exact.exactStart?.description == "1/100")
    #expect(try self.answer(m, "filter(max, Pmin=? [ F x=1 || F x=3 ], x=0)", isExact: true).exactStart?.description == "1/2")
    #expect(try self.answer(m, "Pmax=? [ (F x=1) & (F x=3) | (X x=2) ]", isExact: true).exactStart?.description == "1")
    // On the way to 2 for ever the condition fails; waiting in 0 is no choice.
    let answer = try answer(m, "Pmax=? [ F x=1 || F x=3 ]")
    #expect(answer.sparse.policy.isEmpty)
    #expect(answer.sparse.notes.contains { $0.contains("begin anew") })
  }

  /// A gambler who loses more often than not, among runs that reach the top nevertheless: by the ruin formula they win as often as
  /// the others lose, wherever they are.
  @Test func rareConditions() throws {
    let m = """
      mdp
      module m
        x : [0..20] init 2;
        y : [0..22];
        [red] x>0 & x<20 -> 0.3 : (x'=x+1) & (y'=mod(y+1, 23)) + 0.7 : (x'=x-1) & (y'=mod(y+1, 23));
        [black] x>0 & x<20 -> 0.3 : (x'=x+1) & (y'=mod(y+4, 23)) + 0.7 : (x'=x-1) & (y'=mod(y+4, 23));
        [] x=0 | x=20 -> true;
      endmodule
      """
    let odds = 0.7 / 0.3
    let expected = 0.3 * (odds * odds * odds - 1) / (odds * odds - 1)
    for optimum in ["min", "max"] {
      let answer = try answer(m, "P\(optimum)=? [ X x=3 || F x=20 ]")
      #expect(near(answer.start, expected))
      #expect(answer.startLower <= expected + 1e-15 && expected - 1e-15 <= answer.startUpper)
      #expect(answer.startUpper - answer.startLower <= 2e-6)
    }
  }

  @Test func boundsOnRewardsWithinFormulas() throws {
    let m = Self.choice
    // The last look comes before leaving: at most two looks, and at least two.
    #expect(try near(answer(m, "Pmax=? [ (F{\"looks\"}<=2 x=2) & (F{\"looks\"}>=2 x=1) ]").start, 0.5))
    #expect(try answer(m, "Pmax=? [ (F{\"looks\"}<=1 x>1) & (F{\"looks\"}>=2 x=1) ]").start == 0)
    #expect(try near(answer(m, "Pmax=? [ F^{rew{\"looks\"}=3} x=2 ]").start, 0.5))
    #expect(try answer(m, "Pmin=? [ (F{\"looks\"}>=1 x>=2) => (F{\"looks\"}>=1 x=1) ]").start == 1)
    #expect(try near(answer(m, "Pmax=? [ F x=2 || F{\"looks\"}<=0 x>1 ]").start, 0.5))
    #expect(try near(answer(m, "multi(Pmax=? [ F{\"looks\"}<=1 x=2 ], P>=0.5 [ F{\"looks\"}>=2 x=1 ])").start, 0.25))
    #expect(try near(answer(m, "R{\"steps\"}min=? [ F{\"looks\"}>=2 x>1 ]").start, 5))
    #expect(try near(answer(m, "R{\"steps\"}min=? [ F P>=1 [ X x>1 || F x>1 ] ]").start, 1))
    // More steps than an automaton counts: the states count them.
    #expect(try near(answer(m, "Pmax=? [ (F<=1500 x=2) & (F>=1200 x=1) ]").start, 0.5))
    #expect(try answer(m, "Pmax=? [ (F<=1500 x>1) & (F>=1600 x=1) ]").start == 0)
    let queue = "ctmc module m n : [0..1]; [] n=0 -> (n'=1); [] n=1 -> (n'=0); endmodule rewards n : 1; endrewards"
    for property in ["P=? [ F{1}<=2 n=1 ]", "P=? [ F^{rew{1}<=2} n=1 ]", "P=? [ (F^{rew{1}<=2} n=1) & (F n=0) ]"] {
      #expect(throws: DiagnosticError.self) { try answer(queue, property) }
    }
  }

  @Test func severalObjectivesFromSeveralStates() throws {
    let m = Self.choice
    #expect(try answer(m, "multi(P>0.4 [ F x=2 ], P>=0.1 [ G F x=1 ])").holds == true)
    #expect(try answer(m, "multi(P>0.4 [ F x=2 ], P>0.21 [ G F x=1 ])").holds == false)
    #expect(try answer(m, "multi(P>0 [ F (x=2 & x=3) ], P>=0 [ F x=1 ])").holds == false)
    #expect(try near(answer(m, "multi(Pmax=? [ F x=2 ], P>0.5 [ G F x=1 ])").start, 0.25))
    #expect(try near(answer(m, "filter(min, multi(Pmax=? [ F x=2 ], P>=0.1 [ F x=3 ]), x<2)").start, 0.5))
    #expect(try near(answer(m, "filter(max, multi(Pmax=? [ F x=2 ], P>=0.5 [ F x=3 ]))").start, 0.5))
    #expect(try near(answer(m, "1 - multi(Pmax=? [ F x=2 ], P>=0.5 [ G F x=1 ])").start, 0.75))
    #expect(try answer(m, "filter(count, multi(P>=0.4 [ F x=2 ], P<=0.6 [ F x=3 ]))").start == 3)
    #expect(try answer(m, "Pmax=? [ F (x>0 & multi(P>=0.4 [ F x=2 ], P>=0.1 [ F x=3 ])) ]").start == 1)
    let several = "\ninit x<2 endinit"
    let open = m.replacing("x : [0..3];", with: "x : [0..3];") + several
    #expect(try answer(open, "multi(P>=0.25 [ F x=2 ], P>=0.5 [ G F x=1 ])").holds == true)
    let answer = try answer(open, "multi(Pmax=? [ F x=2 ], P>=0.5 [ F x=1 ])")
    #expect(answer.explored.sparse.initial.count == 2)
    #expect(near(answer.range.least, 0.5) && near(answer.range.greatest, 0.5))
    // From 1 there is no other step than back.
    #expect(throws: DiagnosticError.self) { try self.answer(open, "multi(Pmax=? [ F x=2 ], P>=0.5 [ X x=1 ])") }
    #expect(throws: DiagnosticError.self) { try self.answer(open, "multi(Pmax=? [ F x=2 ], Pmax=? [ F x=3 ])") }
  }

  @Test func filtersThatList() throws {
    let m =
      "dtmc module m x : [0..2]; [] x=0 -> 0.25 : (x'=1) + 0.75 : (x'=2); [] x>0 -> true; endmodule"
    let range = try answer(m, "filter(range, P=? [ F x=1 ], x!=1)")
    let interval = try #require(range.interval)
    #expect(interval.states == 2 && interval.least.value == 0 && near(interval.greatest.value, 0.25))
    #expect(interval.greatest.lower <= 0.25 && 0.25 <= interval.greatest.upper)
    #expect(try range.member("greatest")?.text(digits: 3) == "0.25")
    let printed = try answer(m, "filter(print, P=? [ F x=1 ])")
    #expect(near(printed.start, 0.25))
    let listing = try #require(printed.listings.first)
    #expect(listing.states == [0, 1] && listing.leftOut == 1 && listing.property == "P=? [ F x=1 ]")
    let all = try #require(try answer(m, "filter(printall, P=? [ F x=1 ], x>0)").listings.first)
    #expect(all.states == [1, 2] && all.leftOut == 0)
    let truths = try answer(m, "filter(print, P>0.2 [ F x=1 ])")
    #expect(truths.holds == true && truths.listings.first?.states == [0, 1])
    // Inside a larger property what is listed is listed all the same, once.
    let inside = try answer(m, "1 - filter(print, P=? [ F x=1 ])")
    #expect(near(inside.start, 0.75) && inside.listings.count == 1)
    let twice = try answer(m, "P>=0.2 [ F filter(print, P>0.5 [ F x=1 ]) ]")
    #expect(twice.holds == true && twice.listings.map(\.states) == [[1]])
    let text = inside.json
    #expect(text["listed"] != nil)
    let report = AnswerText.text(of: .object(try answer(m, "filter(printall, P=? [ F x=1 ], x>0)")))
    #expect(report.contains("states of P=? [ F x=1 ]:"))
    #expect(AnswerText.text(of: .object(try answer(m, "filter(print, P=? [ F x=1 ])", isExact: true))).contains("1/4"))
    // Long lists are cut, and say so.
    let long = "dtmc module m x : [0..300]; [] x<300 -> (x'=x+1); [] x=300 -> true; endmodule"
    let cut = AnswerText.text(of: .object(try answer(long, "filter(print, P=? [ F<=10 x=300 ])")))
    #expect(cut.contains("in 290 other states the number is 0"))
    let whole = AnswerText.text(of: .object(try answer(long, "filter(print, P=? [ F x=300 ])")))
    #expect(whole.contains("and 181 more, all of them with --json"))
    if case .array(let listed)? = text["listed"], case .array(let states)? = listed.first?["states"] {
      #expect(states.count == 2 && states[0]["state"]?["x"] == .integer(0))
    } else {
      Issue.record("the states are not listed")
    }
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
