import AleaModel
import AleaSyntax
import Testing

@testable import AleaEngine

@Suite struct GuardIndexTests {
  /// A hundred and fifty joint actions, with guards that fit into tables, one that is too wide for them, and one that may fail.
  private func grid(failing: Bool = false) -> ModelBuilder {
    let b = ModelBuilder("Grid")
    let x = b.state("x", .range(0, 700), 0)
    let y = b.state("y", .range(-3, 296), 0)
    let mode = b.state("mode", .range(0, 4), 0)
    let kind = b.action("kind", .range(0, 2))
    let step = b.action("step", .range(0, 49))
    // Twenty bits: no table for it.
    b.process.availability.append((!(kind == 0) || x + y < 30).id)
    b.process.availability.append((!(kind == 1) || (mode < 4 && x < 600)).id)
    b.process.availability.append((step <= mode * 12 || step == 49).id)
    // The division has no value for `y` 3; nothing before it keeps that state out.
    if failing { b.process.availability.append((b[1] / (y - 3) < 2).id) }
    b.next(x, (kind == 0).then(minimum(x + 1, b[700]), else: maximum(x - step, b[0])))
    b.next(y, (kind == 1).then(minimum(y + 1, b[20]), else: y))
    b.next(mode, (kind == 2).then(minimum(mode + 1, b[4]), else: mode))
    b.reward("far", x * y + step)
    return b
  }

  @Test func tablesGiveTheRowsOfTheGeneralForm() throws {
    let process = grid().process
    var options = ExplorationOptions()
    options.strategy = .specialized
    let tables = try Explorer.explore(process, options: options)
    options.strategy = .general
    let general = try Explorer.explore(process, options: options)
    #expect(tables.sparse.stateCount > 1_000)
    #expect(tables.sparse.choiceStart.array == general.sparse.choiceStart.array)
    #expect(tables.sparse.transitionStart.array == general.sparse.transitionStart.array)
    #expect(tables.sparse.successor.array == general.sparse.successor.array)
    #expect(tables.sparse.probability.array == general.sparse.probability.array)
    #expect(tables.choiceAction.array == general.choiceAction.array)
    #expect(tables.sparse.channels[0].reward.array == general.sparse.channels[0].reward.array)
    // States are found by their values also after the table of the exploration is gone.
    for state in stride(from: 0, to: tables.sparse.stateCount, by: 97) {
      #expect(tables.states.index(of: tables.states.values(of: state)) == state)
    }
    #expect(tables.states.index(of: [700, 296, 0]) == nil)
  }

  @Test func aGuardWithoutValueIsAFault() {
    for strategy in [ExplorationOptions.Strategy.specialized, .general] {
      var options = ExplorationOptions()
      options.strategy = strategy
      #expect(throws: DiagnosticError.self) { try Explorer.explore(grid(failing: true).process, options: options) }
    }
  }

  @Test func rewardsAreComputedAfterwards() throws {
    var process = grid().process
    let whole = try Explorer.explore(process)
    let channels = process.channels
    process.channels = []
    let bare = try Explorer.explore(process)
    #expect(try bare.reward(channels[0].amount).array == whole.sparse.channels[0].reward.array)
    // What is drawn in the step is not known beforehand.
    let stock = inventory(capacity: 6, rate: 2).process
    let explored = try Explorer.explore(stock)
    #expect(throws: DiagnosticError.self) { try explored.reward(stock.channels[0].amount) }
    #expect(try explored.reward(stock.channels[1].amount).array == explored.sparse.channels[1].reward.array)
  }
}

private prefix func ! (a: E) -> E { a.apply(.not) }
