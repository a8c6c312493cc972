import AleaModel
import Testing

@testable import AleaSolvers

@Suite struct TopologicalTests {
  /// A long corridor of two-state rooms: value iteration needs hundreds of sweeps, a pass by components one.
  @Test func aCorridorOfRoomsIsSolvedRoomByRoom() throws {
    let rooms = 300
    var states: [[ProcessBuilder.Choice]] = []
    for room in 0..<rooms {
      let next = room + 1 < rooms ? 2 * room + 2 : 2 * room + 1
      states.append([(0, [(2 * room + 1, 1)])])
      states.append([(room + 1 < rooms ? 0 : 1, [(2 * room, 0.5), (next, 0.5)])])
    }
    let process = ProcessBuilder(states: states, criterion: .discounted(0.999)).process
    let exact = try #require(
      CorridorValues.values(rooms: rooms, discount: 0.999))
    for sweeps in [ValueIteration.Sweeps.topological, .automatic] {
      let solution = try ValueIteration(sweeps: sweeps).solve(process, control: WorkControl())
      #expect(solution.notes.contains { $0.contains("strongly connected components") })
      #expect(solution.bound <= 1e-6)
      for state in 0..<process.stateCount {
        #expect(solution.lower[state] - 1e-9 <= exact[state] && exact[state] <= solution.upper[state] + 1e-9)
      }
    }
  }
}

/// The corridor's values by hand, last room first.
enum CorridorValues {
  static func values(rooms: Int, discount g: Double) -> [Double]? {
    guard rooms > 0 else { return nil }
    var values = [Double](repeating: 0, count: 2 * rooms)
    // Last room: a = g b, b = 1 + g (a + b) / 2, so b (1 - g / 2 - g^2 / 2) = 1.
    values[2 * rooms - 1] = 1 / (1 - g / 2 - g * g / 2)
    values[2 * rooms - 2] = g * values[2 * rooms - 1]
    // Others: a = g b, b = g (a + next) / 2, so b (1 - g^2 / 2) = g next / 2.
    for room in (0..<(rooms - 1)).reversed() {
      values[2 * room + 1] = g * values[2 * room + 2] / 2 / (1 - g * g / 2)
      values[2 * room] = g * values[2 * room + 1]
    }
    return values
  }
}
