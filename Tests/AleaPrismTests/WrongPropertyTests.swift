import Alea
import Testing

/// Properties with mistakes, asked of a small model.
@Suite struct WrongPropertyTests {
  static let model = """
    mdp

    const int N = 3;

    module walk
      x : [0..N] init 1;
      [left] x>0 -> 0.5 : (x'=x-1) + 0.5 : (x'=min(N, x+1));
      [stay] x>0 -> true;
      [end] x=0 -> true;
    endmodule

    label "gone" = x=0;

    rewards "steps"
      true : 1;
    endrewards
    """

  static let wrong: [(property: String, message: String, column: Int)] = [
    ("P=? [ F \"gone\" ]", "an mdp has no single answer", 1),
    ("Pmax=? [ F \"gnoe\" ]", "there is no label \"gnoe\"", 12),
    ("Pmax=? [ F y=0 ]", "there is no `y`", 12),
    ("Pmax=? [ F x ]", "a condition on states is true or false, and this is an integer", 12),
    ("Pmax=? F \"gone\" ]", "expected `[` before what is asked, found `F`", 8),
    ("Pmax=? [ F \"gone\"", "expected `]` after what is asked, found the end of the text", 18),
    ("Pmax [ F \"gone\" ]", "expected `;` or the end of the property, found `[`", 6),
    ("R{\"step\"}max=? [ F \"gone\" ]", "there are no rewards \"step\"", 3),
    ("R{2}max=? [ F \"gone\" ]", "there are no rewards 2: the model has 1", 3),
    ("Pmax=? [ F<=x \"gone\" ]", "the last step cannot depend on the variable `x`", 13),
    ("Pmax=? [ F<=0.5 \"gone\" ]", "the last step is an integer, and this is a double", 13),
    ("Pmax=? [ F<=-1 \"gone\" ]", "a number of steps is not negative", 13),
    ("P>=2 [ F \"gone\" ]", "the bound on a probability is 2, which is not a probability", 4),
    ("Pmax=? [ F P=? [ X \"gone\" ] ]", "a number cannot stand for a condition", 12),
    ("Pmax=? [ F x=1 ] & x=1", "a number cannot stand for a condition", 1),
    ("true => Pmax=? [ F x=1 ]", "a number cannot stand for a condition", 9),
    ("(Pmax=? [ F x=1 ] + 1) | true", "a number cannot stand for a condition", 1),
    ("max(Pmax=? [ F x=1 ], 0) & true", "a number cannot stand for a condition", 1),
    ("Pmax=? [ F x=1 || F (x=1 & x=2) ]", "the condition has probability 0", 19),
    ("Pmax=? [ G (F x=1 || F x=2) ]", "a condition (`||`) belongs to the whole of what is asked", 13),
    ("Pmax=? [ X F<=2000 x=2 ]", "a formula over paths needs an automaton of a size that can be worked with", 1),
    ("Pmax=? [ F (x=1 & C<=2) ]", "there is no `C`", 19),
    ("Pmax=? [ G F^{rew{\"steps\"}<=2} x=1 ]", "a bound on a reward inside another operator over paths cannot be solved yet", 12),
    ("Pmax=? [ F{\"steps\"} x=1 ]", "expected a bound such as `<=10`, found `x`", 21),
    ("Pmax=? [ F{\"stops\"}<=2 X x=1 ]", "there are no rewards \"stops\"", 12),
    ("R{\"steps\"}/{\"steps\"}max=? [ S ]", "a quotient of two rewards is not supported", 11),
    (
      "multi(Pmax=? [ F x=1 ], Pmax>=0.5 [ F x=2 ])",
      "a bound in `multi` speaks of the one policy that is looked for, without `min` or `max`", 25
    ),
    (
      "multi(P>0.5 [ X x=0 ], P>=0 [ F x=2 ])",
      "whether the bounds can be met at once cannot be decided: they are too near to the edge of what can be had", 1
    ),
    ("multi(Pmax=? [ F x=1 ], P>=1.5 [ F x=2 ])", "the bound is 1.5, which is not a probability", 25),
    ("multi(Pmax=? [ F x=1 ], x=2)", "`multi` takes properties `P` and `R`", 25),
    ("multi(P=? [ F x=1 ], P>=0.5 [ F x=2 ])", "an mdp has no single answer", 7),
    ("multi(Rmax=? [ F x=1 ], P>=0.5 [ F x=2 ])", "this reward in `multi` cannot be solved yet", 16),
    ("multi(Rmax=? [ C ], P>=0.5 [ F x=2 ])", "a property with several objectives needs rewards that end", 1),
    ("multi(Pmax=? [ F x=3 ], P>=0.9 [ F x=0 & x=3 ])", "no policy meets the bounds of the other objectives", 1),
    (
      "multi(Pmax=? [ X x=1 ], Pmax=? [ X x=2 ], Pmax=? [ X x=3 ], Pmax=? [ F x=1 ], Pmax=? [ F x=2 ])",
      "what can be had of several objectives needs few objectives with few corners", 1
    ),
    (
      "multi(Pmax=? [ X x=1 ], Pmax=? [ X x=2 ], P>=0.5 [ X x=3 ])",
      "no policy meets the bounds of the other objectives", 1
    ),
    ("Pmax=? [ F multi(Pmax=? [ F x=1 ]) ]", "this `multi` gives numbers, and a condition is needed", 12),
    (
      "filter(max, multi(Pmax=? [ F x=1 ], Pmax=? [ F x=2 ]))",
      "what can be had of several objectives from several states cannot be solved yet", 13
    ),
    ("Rmax=? [ G x=1 ]", "the reward until a formula that no finite part of a run shows to be true cannot be solved yet", 10),
    ("filter(mxa, Pmax=? [ F x=1 ])", "the filter `mxa` is not supported", 8),
    ("filter(range, P>=0.5 [ F x=1 ])", "`range` takes a number, and this is a condition", 15),
    ("1 - filter(range, Pmax=? [ F x=1 ])", "`range` gives two numbers, and one is needed", 12),
    ("filter(max, filter(range, Pmax=? [ F x=1 ]))", "`range` gives two numbers, and a filter takes one of each state", 13),
    (
      "filter(sum, Pmax=? [ X x=1 || G x=1 ])",
      "from some of these states the number does not exist: the condition has probability 0", 8
    ),
    ("filter(argmax, P>=0.5 [ F x=1 ])", "`argmax` takes a number, and this is a condition", 16),
    ("pow(Pmax=? [ F x=1 ], 2)", "`pow` of the number of a property cannot be solved yet", 1),
    ("1 + P>=0.5 [ F x=1 ]", "a condition cannot stand for a number", 5),
    ("Pmax=? [ F x=1 {x=2}{avg} ]", "expected `min` or `max`, found `avg`", 22),
    ("Pmax=? [ F filter(max, Pmax=? [ X x=1 ]) ]", "this filter gives a number, and a condition is needed", 19),
    ("filter(min, Pmax=? [ F x=1 ], x>N)", "the filter looks at no state", 31),
    ("Rmax=? [ C<=-2 ]", "a number of steps is not negative", 13),
  ]

  @Test(arguments: wrong.indices) func messagesAreTheExpectedOnes(_ index: Int) throws {
    let each = Self.wrong[index]
    let session = Session()
    session.isSilent = true
    do {
      _ = try session.answer(prism: Self.model, property: each.property)
      Issue.record("\(each.property) has an answer")
    } catch let error as DiagnosticError {
      let first = try #require(error.diagnostics.first)
      #expect(first.message == each.message)
      let file = try #require(first.span.flatMap { session.sources[$0.file] })
      #expect(file.name == "<property>")
      #expect(file.position(of: first.span?.start ?? 0).column == each.column, "\(each.property)")
    }
  }
}
