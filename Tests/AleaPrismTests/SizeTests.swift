import Alea
import Testing

@Suite struct SizeTests {
  /// One case for each model and set of constants that is quickly explored.
  static let sizes: [Reference.Case] = {
    var seen = Set<String>()
    return Reference.cases.filter { $0.states < 40_000 && seen.insert($0.model + $0.const).inserted }
  }()

  @Test(arguments: sizes) func statesAreAsRecorded(_ each: Reference.Case) throws {
    let program = try Reference.program(each.model, each.constants, ignoring: ["B"])
    let explored = try Explorer.explore(program.process)
    #expect(explored.sparse.stateCount == each.states)
    #expect(explored.deadlocks.isEmpty || program.type == .mdp)
  }
}
