import AleaModel
import AleaSolvers
import Testing

@Suite struct NamedAccessTests {
  private func error(_ work: () throws -> some Any) -> ValueError? {
    do {
      _ = try work()
      return nil
    } catch { return error as? ValueError }
  }

  private func index(_ label: String?, _ value: Value) -> IndexArgument { IndexArgument(label: label, value: value) }

  @Test func valuesAndActionsByName() throws {
    let best = HandMade.inventory
    #expect(try best.value(at: ["stock": .integer(10)]) == 440 + 17)
    #expect(try best.value.number(at: [index(nil, .integer(10))]) == 457)
    guard case .integer(6) = try best.policy.action(at: [index("stock", .integer(3))]) else { return #expect(Bool(false)) }
    guard case .object(let object)? = try best.member("value"),
      case .real(440) = try object.subscriptValue([index(nil, .integer(0))])
    else { return #expect(Bool(false)) }
    guard case .integer(9)? = try best.policy(at: ["stock": .integer(0)])["order"] else { return #expect(Bool(false)) }
  }

  @Test func wrongIndicesSayWhatIsThere() {
    let value = HandMade.inventory.value
    let outside = error { try value.number(at: [index("stock", .integer(25))]) }
    #expect(outside?.message == "no state with stock = 25: stock is 0..20")
    #expect(outside?.label == "the nearest is 20")
    #expect(error { try value.number(at: [index("stok", .integer(2))]) }?.label == "did you mean `stock`?")
    #expect(error { try value.number(at: [index("stock", .string("many"))]) }?.message.contains("0..20") == true)
    #expect(error { try value.number(at: []) }?.message.contains("`stock`") == true)
    #expect(error { try value.number(at: [index("stock", .real(0.5))]) } != nil)
    #expect(error { try value.number(at: [index("stock", .real(.nan))]) } != nil)
    let twice = [index("stock", .integer(1)), index("stock", .integer(1))]
    #expect(error { try value.number(at: twice) } != nil)
  }

  @Test func unreachedAndTerminalStates() {
    let best = HandMade.gridWorld
    let wall = error { try best.value(at: ["x": .integer(2), "y": .integer(2)]) }
    #expect(wall?.message.contains("x = 2, y = 2") == true)
    #expect(wall?.message.contains("never reached") == true)
    let goal = error { try best.policy.action(at: [index("x", .integer(4)), index("y", .integer(3))]) }
    #expect(goal?.message.contains("terminal") == true)
    #expect(error { try best.value.number(at: [index(nil, .integer(1))]) }?.notes.first?.contains("x: 1..4, y: 1..3") == true)
  }

  @Test func arraysAndRecords() throws {
    let best = HandMade.shaped
    let machines = Value.array([.boolean(false), .boolean(true)])
    let place = Value.record([.init("y", .integer(1)), .init("x", .integer(2))])
    #expect(try best.value(at: ["up": machines, "place": place]) == 20)
    let names = best.states.first { $0.value == 30 }?.state.map(\.name)
    #expect(names == ["up", "place"])
    let short = error { try best.value(at: ["up": .array([.boolean(true)]), "place": place]) }
    #expect(short?.message == "`up` has 2 elements, not 1")
    let wrong = error {
      try best.value(at: ["up": machines, "place": .record([.init("x", .integer(9)), .init("y", .integer(0))])])
    }
    #expect(wrong?.message == "no state with place.x = 9: place.x is 0..2")
  }

  @Test func everyListedMemberIsThere() throws {
    var best = HandMade.inventory
    best.channelTotals = [.init(name: "sales", totals: best.sparse.value.map { 2 * $0 })]
    best.occupancy = best.sparse.value.map { _ in 1.0 / 21 }
    for (name, _) in best.members { #expect(try best.member(name) != nil, "\(name)") }
    guard case .object(let channels)? = try best.member("channels"), case .object(let sales)? = try channels.member("sales"),
      case .real(880) = try sales.subscriptValue([index("stock", .integer(0))])
    else { return #expect(Bool(false)) }
    #expect(try best.member("vlaue") == nil)
  }

  @Test func gainIsANumberWhereItIsTheSameEverywhere() throws {
    let explored = HandMade.inventory.explored
    let same = HandMade.solution(explored, Array(repeating: 0, count: 21), gain: Array(repeating: 2.5, count: 21))
    guard case .real(2.5)? = try same.member("gain") else { return #expect(Bool(false)) }
    let differing = HandMade.solution(explored, Array(repeating: 0, count: 21), gain: (0...20).map(Double.init))
    guard case .object? = try differing.member("gain") else { return #expect(Bool(false)) }
    #expect(throws: ValueError.self) { try HandMade.inventory.member("gain") }
  }
}
