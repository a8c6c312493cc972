import AleaModel
import AleaSolvers
import Testing

@Suite struct TotalVisitsTests {
  /// A chain of states 0...n-1 given by its transitions; states without any end the process.
  static func chain(_ rows: [[(Int32, Double)]], start: Int32) -> SparseProcess {
    let choiceStart = Column<UInt32>([0])
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    for row in rows {
      if !row.isEmpty {
        for (target, weight) in row {
          successor.append(target)
          probability.append(weight)
        }
        transitionStart.append(UInt32(successor.count))
      }
      choiceStart.append(UInt32(transitionStart.count - 1))
    }
    let reward = Column<Double>(repeating: 0, count: transitionStart.count - 1)
    return SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability,
      channels: [.init(name: "reward", reward: reward)], initial: [(start, 1)], objective: Objective(criterion: .total))
  }

  static func policy(of process: SparseProcess) -> [Int32] {
    (0..<process.stateCount).map { process.isTerminal($0) ? -1 : Int32(process.choices(of: $0).lowerBound) }
  }

  /// Fair gambler's ruin on 0...n from i: visits to j are 2 min(i, j) (n - max(i, j)) / n (Feller, volume 1, XIV).
  @Test(arguments: [(4, 2), (10, 3), (25, 24)]) func fairRuin(n: Int, i: Int) throws {
    let rows: [[(Int32, Double)]] = (0...n).map { state in
      state == 0 || state == n ? [] : [(Int32(state - 1), 0.5), (Int32(state + 1), 0.5)]
    }
    let process = Self.chain(rows, start: Int32(i))
    let visits = try #require(try process.expectedVisits(following: Self.policy(of: process)))
    for j in 1..<n {
      let expected = 2 * Double(min(i, j) * (n - max(i, j))) / Double(n)
      #expect(abs(visits[j] - expected) < 1e-9)
    }
    #expect(abs(visits[0] + visits[n] - 1) < 1e-12)
    #expect(abs(visits[n] - Double(i) / Double(n)) < 1e-12)
  }

  /// State 0 stays with probability 1/4, else falls into the loop 1 <-> 2; the loop 3 is never reached.
  @Test func classesThatAreNeverLeft() throws {
    let process = Self.chain([[(0, 0.25), (1, 0.75)], [(2, 1)], [(1, 1)], [(3, 1)]], start: 0)
    let visits = try #require(try process.expectedVisits(following: Self.policy(of: process)))
    #expect(abs(visits[0] - 4.0 / 3) < 1e-12)
    #expect(visits[1] == .infinity && visits[2] == .infinity)
    #expect(visits[3] == 0)
  }
}
