import Alea
import Testing

/// What PRISM's manual says of models and properties, on models small enough to be worked out by hand.
@Suite struct SemanticsTests {
  func number(_ model: String, _ property: String) throws -> Double {
    let session = Session()
    session.isSilent = true
    let answer = try session.answer(prism: model, property: property)
    #expect(answer.startLower <= answer.start && answer.start <= answer.startUpper)
    return answer.start
  }

  func truth(_ model: String, _ property: String) throws -> Bool? {
    let session = Session()
    session.isSilent = true
    return try session.answer(prism: model, property: property).holds
  }

  func near(_ a: Double, _ b: Double, _ error: Double = 1e-6) -> Bool { a == b || abs(a - b) <= error * max(1, abs(b)) }

  /// From 0 to 1 or 2 with one half each; 1 goes on to 3, 2 stays, 3 stays.
  static let fork = """
    dtmc
    module m
      x : [0..3];
      [] x=0 -> 0.5 : (x'=1) + 0.5 : (x'=2);
      [hop] x=1 -> (x'=3);
      [] x>1 -> true;
    endmodule
    label "end" = x=3;
    rewards "visits" x=1 : 5; endrewards
    rewards "hops" [hop] true : 2; endrewards
    rewards "all" true : 1; endrewards
    """

  @Test func paths() throws {
    let m = Self.fork
    #expect(try number(m, "P=? [ F \"end\" ]") == 0.5)
    #expect(try number(m, "P=? [ F<=1 \"end\" ]") == 0)
    #expect(try near(number(m, "P=? [ F<=2 \"end\" ]"), 0.5, 1e-15))
    #expect(try near(number(m, "P=? [ F<2 \"end\" ]"), 0, 1e-15))
    #expect(try near(number(m, "P=? [ F[1,1] x=1 ]"), 0.5, 1e-15))
    #expect(try near(number(m, "P=? [ F>=2 x=1 ]"), 0, 1e-15))
    #expect(try near(number(m, "P=? [ X x=2 ]"), 0.5, 1e-15))
    #expect(try near(number(m, "P=? [ G x<3 ]"), 0.5))
    #expect(try near(number(m, "P=? [ x<2 U x=3 ]"), 0.5))
    #expect(try near(number(m, "P=? [ x=0 U x=3 ]"), 0))
    #expect(try near(number(m, "P=? [ x<3 W x=3 ]"), 1))
    #expect(try near(number(m, "P=? [ x=3 R x<3 ]"), 0.5))
    #expect(try near(number(m, "P=? [ G F x=2 ]"), 0.5))
    #expect(try near(number(m, "P=? [ F G x=3 ]"), 0.5))
    #expect(try near(number(m, "P=? [ F G x<3 ]"), 0.5))
    #expect(try near(number(m, "P=? [ !(F x=3) ]"), 0.5))
    // The nested condition holds in 1 and 3.
    #expect(try near(number(m, "P=? [ X P>=1 [ F \"end\" ] ]"), 0.5, 1e-15))
    #expect(try number(m, "P=? [ F \"deadlock\" ]") == 0)
    #expect(try number(m, "P=? [ F \"init\" ]") == 1)
  }

  @Test func bounds() throws {
    let m = Self.fork
    #expect(try truth(m, "P>=0.4 [ F \"end\" ]") == true)
    #expect(try truth(m, "P>0.6 [ F \"end\" ]") == false)
    #expect(try truth(m, "P>0 [ F \"end\" ]") == true)
    #expect(try truth(m, "P>=1 [ F \"end\" ]") == false)
    #expect(try truth(m, "P<1 [ F \"end\" ]") == true)
    #expect(try truth(m, "P<=0 [ G x=0 ]") == true)
    #expect(try truth(m, "P>=1 [ F x>0 ]") == true)
    #expect(try truth(m, "R{\"hops\"}<=1.5 [ C ]") == true)
    #expect(try truth(m, "P>=0.4 [ F \"end\" ] & P<0.3 [ F \"end\" ]") == false)
    #expect(try truth(m, "P<0.3 [ F \"end\" ] => false") == true)
  }

  @Test func rewards() throws {
    let m = Self.fork
    #expect(try number(m, "R{\"hops\"}=? [ F \"end\" ]") == .infinity)
    #expect(try near(number(m, "R{\"hops\"}=? [ F x>1 ]"), 1))
    #expect(try near(number(m, "R{\"visits\"}=? [ F x>1 ]"), 2.5))
    #expect(try near(number(m, "R{2}=? [ C ]"), 1))
    #expect(try near(number(m, "R{\"hops\"}=? [ C<=1 ]"), 0))
    #expect(try near(number(m, "R{\"hops\"}=? [ C<=2 ]"), 1))
    #expect(try near(number(m, "R{\"visits\"}=? [ I=1 ]"), 2.5))
    #expect(try number(m, "R{\"all\"}=? [ C ]") == .infinity)
    #expect(try near(number(m, "R{\"all\"}=? [ S ]"), 1))
    #expect(try near(number(m, "R{\"all\"}=? [ Cdiscount=0.5 ]"), 2))
    #expect(try near(number(m, "T=? [ F x>1 ]"), 1.5))
    #expect(try near(number(m, "S=? [ x=3 ]"), 0.5))
    #expect(try near(number(m, "filter(max, P=? [ F \"end\" ], x=1)"), 1))
    #expect(try near(number(m, "filter(avg, P=? [ F \"end\" ])"), (0.5 + 1 + 0 + 1) / 4))
    #expect(try number(m, "filter(count, P>0.4 [ F \"end\" ])") == 3)
    #expect(try near(number(m, "P=? [ F^{rew{\"visits\"}>=5} x=3 ]"), 0.5))
    #expect(try near(number(m, "P=? [ F^{rew{\"visits\"}<=4} x=3 ]"), 0))
    // No run collects less than nothing: such a bound asks for nothing, however low.
    #expect(try near(number(m, "P=? [ F^{rew{\"visits\"}>=-1e300} x=3 ]"), number(m, "P=? [ F x=3 ]")))
  }

  /// The scheduler may rest for nothing in 0, or go on and pay.
  static let rest = """
    mdp
    module m
      x : [0..2];
      [rest] x=0 -> true;
      [go] x=0 -> 0.5 : (x'=1) + 0.5 : (x'=0);
      [end] x=1 -> (x'=2);
      [] x=2 -> true;
    endmodule
    rewards [go] true : 3; [end] true : 1; endrewards
    """

  @Test func schedulers() throws {
    // Resting for ever would cost nothing but miss the target.
    #expect(try near(number(Self.rest, "Rmin=? [ F x=2 ]"), 7))
    #expect(try number(Self.rest, "Rmax=? [ F x=2 ]") == .infinity)
    #expect(try number(Self.rest, "Rmin=? [ C ]") == 0)
    #expect(try near(number(Self.rest, "Rmax=? [ C ]"), 7))
    #expect(try number(Self.rest, "Pmin=? [ F x=2 ]") == 0)
    #expect(try number(Self.rest, "Pmax=? [ F x=2 ]") == 1)
    #expect(try truth(Self.rest, "P>0 [ F x=2 ]") == false)
    #expect(try number(Self.rest, "Pmax=? [ G F x=0 ]") == 1)
    #expect(try number(Self.rest, "Pmin=? [ F G x=2 ]") == 0)
    #expect(try near(number(Self.rest, "Pmax=? [ F<=2 x=2 ]"), 0.5, 1e-15))
    #expect(try near(number(Self.rest, "Pmin=? [ F<=2 x=2 ]"), 0, 1e-15))
  }

  @Test func deadlocksLoop() throws {
    let m = "mdp module m x : [0..1]; [a] x=0 -> (x'=1); endmodule rewards x=1 : 1; endrewards"
    #expect(try number(m, "Rmax=? [ C<=5 ]") == 4)
    #expect(try number(m, "Rmin=? [ C ]") == .infinity)
    #expect(try number(m, "Pmax=? [ F \"deadlock\" ]") == 1)
    #expect(try number(m, "Pmin=? [ G F x=1 ]") == 1)
  }

  /// Uniform among the commands that are enabled.
  @Test func chainsChooseUniformly() throws {
    let m = "dtmc module m x : [0..3]; [] x=0 -> (x'=1); [] x=0 -> (x'=2); [] x<1 -> (x'=3); [] x>0 -> true; endmodule"
    #expect(try near(number(m, "P=? [ F x=2 ]"), 1 / 3.0))
  }

  /// A machine fails at rate 0.1 and is repaired at rate 0.4.
  @Test func continuousTime() throws {
    let m = """
      ctmc
      module m
        up : bool init true;
        [] up -> 0.1 : (up'=false);
        [] !up -> 0.4 : (up'=true);
      endmodule
      rewards up : 10; endrewards
      """
    #expect(try near(number(m, "S=? [ up ]"), 0.8))
    #expect(try near(number(m, "R=? [ S ]"), 8))
    #expect(try near(number(m, "R=? [ F !up ]"), 100))
    #expect(try near(number(m, "T=? [ F !up ]"), 10))
    #expect(try number(m, "P=? [ F !up ]") == 1)
  }

  /// A queue that is left at the rate of one of two exits.
  @Test func races() throws {
    let m = "ctmc module m x : [0..2]; [] x=0 -> 3 : (x'=1) + 1 : (x'=2); [] x>0 -> 7 : true; endmodule"
    #expect(try near(number(m, "P=? [ F x=1 ]"), 0.75))
    #expect(try near(number(m, "T=? [ F x>0 ]"), 0.25))
  }

  @Test func synchronisation() throws {
    let modules = """
      mdp
      module one x : [0..2]; [a] x<2 -> (x'=x+1); [b] x=2 -> true; endmodule
      module two = one [x=y] endmodule

      """
    // Together they move in step; side by side each moves alone; on `b` alone they meet at the end.
    let cases = [
      ("", 3, 3), ("system one || two endsystem", 3, 3), ("system one ||| two endsystem", 9, 18),
      ("system one |[b]| two endsystem", 9, 13), ("system (one / {a}) || two endsystem", 9, 13),
      ("system one {a <- c} || two endsystem", 9, 13),
    ]
    for (system, states, choices) in cases {
      let file = SourceFile(id: FileID(index: 0), name: "m", text: modules + system)
      let (model, diagnostics) = PrismParser.parseModel(file)
      #expect(diagnostics.isEmpty)
      let explored = try Explorer.explore(try PrismProgram(model, name: "m").process)
      #expect(explored.sparse.stateCount == states, "\(system)")
      #expect(explored.sparse.choiceCount == choices, "\(system)")
    }
  }

  /// Formulas of the module that is copied are renamed with it.
  @Test func formulasAreRenamed() throws {
    let m = """
      mdp
      formula full = x=2;
      module one x : [0..2]; [] !full -> (x'=x+1); [] full -> true; endmodule
      module two = one [x=y] endmodule
      """
    #expect(try number(m, "Pmin=? [ F y=2 & x=2 ]") == 0)
    #expect(try number(m, "Pmax=? [ F y=2 & x=0 ]") == 1)
  }

  @Test func expressions() throws {
    func known(_ text: String) throws -> Double {
      try number("dtmc const double c = \(text); module m x : [0..1]; [] true -> true; endmodule", "c+0*x")
    }
    #expect(try known("7/2") == 3.5)
    #expect(try known("mod(7, 3)") == 1)
    #expect(try known("mod(-7, 3)") == 2)
    #expect(try known("floor(-0.5)+ceil(-0.5)") == -1)
    #expect(try known("round(2.5)+round(-2.5)") == 1)
    #expect(try known("pow(2, 10)") == 1024)
    #expect(try near(known("log(8, 2)"), 3, 1e-14))
    #expect(try known("min(3, 1, 2)*10+max(3, 1, 2)") == 13)
    #expect(try known("func(min, 4, 5)") == 4)
    #expect(try known("(true => false) ? 1 : (false <=> false) ? 2 : 3") == 2)
    #expect(try known("2+3*4-6/3") == 12)
    #expect(try known("-2-3") == -5)
    #expect(try known("!(1=2) & 3>2 | false ? 1 : 0") == 1)
  }

  @Test func severalInitialStates() throws {
    let m = """
      dtmc
      module m x : [0..3]; y : [0..3]; [] x<3 -> (x'=x+1); [] x=3 -> true; endmodule
      init x+y=2 & y>0 endinit
      """
    let session = Session()
    session.isSilent = true
    let answer = try session.answer(prism: m, property: "T=? [ F x=3 ]")
    #expect(answer.explored.sparse.initial.count == 2)
    #expect(answer.range.least == 2 && answer.range.greatest == 3)
    #expect(near(answer.start, 2.5))
  }
}
