import Alea
import Synchronization
import Testing

/// Fractions of programs, against fractions by hand.
@Suite struct ExactProgramTests {
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ text: String) { lines.withLock { $0.append(text) } }
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
  }

  /// What a program prints.
  private func printed(_ program: String) throws -> String {
    let output = Lines()
    let session = Session(output: { output.add($0.text) })
    try session.run(text: program, name: "program.alea")
    return output.text
  }

  static let programs: [(program: String, fraction: String)] = [
    (
      // Works on with 2/3, is repaired with 1/2: works 3/5 of the time.
      """
      mdp Machine {
        state works: Bool = true
        works' ~ if works then {true: 2 / 3, false: 1 / 3} else {true: 1 / 2, false: 1 / 2}
        reward if works then 1 else 0
        average
      }
      print(solve(Machine, by: Exact()).exact.start)
      """, "3/5"
    ),
    (
      // What an answer computes on its way leaves 1 a whole number.
      "expect(1 ^ 0.5, 1, within: 1e-9)\nmdp M {\n  state x: 0..1 = 0\n  x' ~ Bernoulli(1 / 3)\n  reward x'\n  horizon 1\n}\n"
        + "print(solve(M, by: Exact()).exact.start)", "1/3"
    ),
    (
      "mdp M {\n  state x: 0..1 = 0\n  y ~ Bernoulli(0.1)\n  x' = x\n  reward y\n  horizon 3\n}\nprint(solve(M, by: Exact()).exact.start)",
      "3/10"
    ),
    (
      "mdp M {\n  state x: 0..1 = 0\n  x' = x\n  reward 0.1\n  discount 1 - 0.1\n}\nprint(solve(M, by: Exact()).exact.start)", "1"
    ),
    (
      "mdp M {\n  state x: 0..3 = 0\n  x' ~ Uniform({1, 2, 3})\n  reward x'\n  terminal when x > 0\n}\n"
        + "print(solve(M, by: Exact()).exact.start)", "2"
    ),
    (
      "mdp M {\n  state x: 0..3 = 0\n  x' ~ Categorical({1, 2, 3}, {1, 2, 4})\n  reward x'\n  terminal when x > 0\n}\n"
        + "print(solve(M, by: Exact()).exact.start)", "17/7"
    ),
    (
      "mdp M {\n  state x: 0..11 = 11\n  x' ~ Binomial(10, 0.3)\n  reward x'\n  terminal when x < 11\n}\n"
        + "print(probability(of: M.x == 10, in: M, by: Exact()).exact.start)", "59049/10000000000"
    ),
    (
      // The greater of 1/3 and a number less by 10^-15, which most tolerances cannot tell apart.
      """
      mdp M(p: Real = 1 / 3) {
        state x: 0..2 = 0
        action sure: Bool
        x' ~ if sure then {1: p, 2: 1 - p} else {1: p - 0.000000000000001, 2: 1 - p + 0.000000000000001}
        reward if x' == 1 then 1 else 0
        terminal when x > 0
      }
      print(solve(M, by: Exact()).exact.start)
      """, "1/3"
    ),
    (
      "mdp Walk {\n  state x: 0..3 = 1\n  x' ~ {x + 1: 0.4, x - 1: 0.6}\n  reward 0\n  terminal when x == 0 or x == 3\n}\n"
        + "print(probability(of: Walk.x == 3, in: Walk, within: 4, by: Exact()).exact.start)",
      // Up and up; or up, down, up and up.
      "124/625"
    ),
  ]

  @Test(arguments: programs.indices) func fractionsAreThoseByHand(_ index: Int) throws {
    #expect(try printed(Self.programs[index].program) == Self.programs[index].fraction)
  }

  /// Two numbers that are one as doubles stand for nothing certain.
  @Test func numbersThatDoublesConfuseAreRefused() {
    let program = """
      mdp M {
        state x: 0..2 = 0
        x' ~ {1: 2 / 3, 2: 1 / 3}
        reward if x' == 1 then 0.6666666666666666 else 0
        terminal when x > 0
      }
      print(solve(M, by: Exact()))
      """
    #expect(throws: DiagnosticError.self) { try printed(program) }
  }
}
