import Alea
import Testing

/// A die may be thrown up to three times; the last number shown is paid. Backwards by hand: with no throw left any number is kept, with
/// one left numbers above 3.5, with two left numbers above 4.25; the value before the first throw is (5 + 6 + 4 * 4.25) / 6 = 14/3.
@Suite struct FiniteHorizonTests {
  static let die = """
    mdp Die {
      state shown: 1..6 ~ Uniform(1..6)
      state kept: Bool = false
      action move: {keep, throwAgain}
      shown' ~ if move == keep or kept then Certain(shown) else Uniform(1..6)
      kept' = kept or move == keep
      reward if kept then 0 else if move == keep then shown else 0
      horizon 3
    }
    let best = solve(Die)
    """

  func number(_ session: Session, _ expression: String) throws -> Double {
    switch try session.evaluate(expression) {
    case .real(let value): value
    case .integer(let value): Double(value)
    default: .nan
    }
  }

  @Test func valuesAndPolicyDependOnTheStep() throws {
    let session = Session()
    try session.run(text: Self.die, name: "die.alea")
    #expect(abs(try number(session, "best.start") - 14.0 / 3) < 1e-9)
    for (step, worth) in [(0, 4.25), (1, 3.5)] {
      for shown in 1...6 {
        let value = try number(session, "best.value[shown: \(shown), kept: false, t: \(step)]")
        #expect(abs(value - max(Double(shown), worth)) < 1e-9)
        let lower = try number(session, "best.lower[shown: \(shown), kept: false, t: \(step)]")
        let upper = try number(session, "best.upper[shown: \(shown), kept: false, t: \(step)]")
        #expect(lower <= max(Double(shown), worth) && max(Double(shown), worth) <= upper)
        let move = try session.evaluate("best.policy[shown: \(shown), kept: false, t: \(step)]").description
        #expect(move == (Double(shown) > worth ? "keep" : "throwAgain"), "\(shown) at \(step)")
      }
    }
    for shown in 1...6 { #expect(try number(session, "best.value[shown: \(shown), kept: false, t: 2]") == Double(shown)) }
  }

  /// All of the value is one channel's, and three steps are spent whatever happens.
  @Test func channelsAndOccupancyAddUp() throws {
    let session = Session()
    try session.run(text: Self.die, name: "die.alea")
    for shown in 1...6 {
      let value = try number(session, "best.value[shown: \(shown), kept: false]")
      #expect(abs(try number(session, "best.channels.reward[shown: \(shown), kept: false]") - value) < 1e-9)
    }
    #expect(abs(try number(session, "sum(s in 1..6, k in {false, true}: best.occupancy[shown: s, kept: k])") - 3) < 1e-12)
    // The first throw is kept when it shows 5 or 6, the second when it shows 4, 5 or 6.
    #expect(
      abs(try number(session, "sum(s in 1..6: best.occupancy[shown: s, kept: true])") - (2 * 2.0 / 6 + 4.0 / 6 / 2)) < 1e-12)
  }

  /// What is saved has every step: six numbers shown, kept or not, three steps.
  @Test func everyStepIsSaved() throws {
    let session = Session()
    try session.run(text: Self.die, name: "die.alea")
    guard case .object(let object) = try session.evaluate("best"), let table = CSVTable(.object(object)) else {
      Issue.record("no table")
      return
    }
    let column = try #require(table.header.firstIndex(of: "value"))
    let time = try #require(table.header.firstIndex(of: "t"))
    let shown = try #require(table.header.firstIndex(of: "shown"))
    let kept = try #require(table.header.firstIndex(of: "kept"))
    let worth = ["0": 4.25, "1": 3.5, "2": 0]
    var rows = 0
    for row in table.rows where row[kept] == "false" {
      rows += 1
      let expected = max(try #require(Double(row[shown])), try #require(worth[row[time]]))
      #expect(abs(try #require(Double(row[column])) - expected) < 1e-9)
    }
    #expect(rows == 18)
    let json = try #require(object as? Solution).json
    guard case .array(let states)? = json["states"], case .array(let values)? = states.first?["value"] else {
      Issue.record("no steps")
      return
    }
    #expect(values.count == 3)
  }

  @Test func aStepOutsideTheHorizonIsNamed() throws {
    let session = Session()
    try session.run(text: Self.die, name: "die.alea")
    #expect {
      _ = try session.evaluate("best.value[shown: 1, kept: false, t: 3]")
    } throws: { error in
      (error as? DiagnosticError)?.diagnostics.first?.message == "no step t = 3: t is 0..2"
    }
  }
}
