import AleaModel
import Synchronization
import Testing

@testable import AleaSolvers

/// A generator of random numbers that gives the same numbers on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A process written out by hand: for each state its choices, each a reward and its transitions.
struct HandProcess {
  var states: [[(reward: Double, row: [(Int, Double)])]]

  func sparse(_ objective: Objective) -> SparseProcess {
    let choiceStart = Column<UInt32>([0])
    let transitionStart = Column<UInt32>([0])
    let successor = Column<Int32>()
    let probability = Column<Double>()
    let reward = Column<Double>()
    for choices in states {
      for choice in choices {
        for (state, p) in choice.row.sorted(by: { $0.0 < $1.0 }) {
          successor.append(Int32(state))
          probability.append(p)
        }
        reward.append(choice.reward)
        transitionStart.append(UInt32(successor.count))
      }
      choiceStart.append(UInt32(reward.count))
    }
    return SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability,
      channels: [.init(name: "reward", reward: reward)], initial: [(0, 1)], objective: objective)
  }

  /// Random graphs of a few states, with terminal states, loops and several components.
  static func randomGraph(_ generator: inout SeededGenerator, maxStates: Int = 7) -> HandProcess {
    let count = Int.random(in: 1...maxStates, using: &generator)
    return HandProcess(
      states: (0..<count).map { _ in
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in
          var targets = Set<Int>()
          for _ in 0..<Int.random(in: 1...2, using: &generator) { targets.insert(Int.random(in: 0..<count, using: &generator)) }
          return (0, targets.map { ($0, 1 / Double(targets.count)) })
        }
      })
  }
}

@Suite struct GraphTests {
  /// reaches[i][j] by repeated squaring of the adjacency relation (Warshall).
  func closure(_ process: SparseProcess, enabled: (Int) -> Bool = { _ in true }) -> [[Bool]] {
    let count = process.stateCount
    var reaches = (0..<count).map { i in (0..<count).map { $0 == i } }
    for state in 0..<count {
      for choice in process.choices(of: state) where enabled(choice) {
        for k in process.transitions(of: choice) { reaches[state][Int(process.successor[k])] = true }
      }
    }
    for k in 0..<count {
      for i in 0..<count where reaches[i][k] { for j in 0..<count where reaches[k][j] { reaches[i][j] = true } }
    }
    return reaches
  }

  @Test func componentsAreMutualReachabilityInReverseTopologicalOrder() throws {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<500 {
      let process = HandProcess.randomGraph(&generator, maxStates: 12).sparse(Objective(criterion: .total))
      let components = try StronglyConnectedComponents(of: process)
      let reaches = closure(process)
      for i in 0..<process.stateCount {
        for j in 0..<process.stateCount {
          #expect((components.componentOf[i] == components.componentOf[j]) == (reaches[i][j] && reaches[j][i]))
          if reaches[i][j] { #expect(components.componentOf[j] <= components.componentOf[i]) }
        }
      }
      #expect(components.members.array.sorted() == (0..<process.stateCount).map { Int32($0) })
      for component in 0..<components.count {
        for state in components.states(of: component) { #expect(components.componentOf[Int(state)] == Int32(component)) }
      }
    }
  }

  /// A path that ends in a loop.
  func path(_ count: Int) -> SparseProcess {
    SparseProcess(
      choiceStart: Column((0...count).map { UInt32($0) }), transitionStart: Column((0...count).map { UInt32($0) }),
      successor: Column((0..<count).map { Int32(min($0 + 1, count - 1)) }), probability: Column(repeating: 1, count: count),
      channels: [], initial: [(0, 1)], objective: Objective(criterion: .total))
  }

  @Test func aLongPathNeedsNoDeepStack() throws {
    let count = 1_000_000
    let process = path(count)
    #expect(try StronglyConnectedComponents(of: process).count == count)
    let ends = try MaximalEndComponents(of: process, predecessors: ChoicePredecessors(of: process))
    #expect(ends.count == 1 && ends.states(of: 0).first == Int32(count - 1))
  }

  @Test func searchesEndWhenTheWorkIsCancelled() throws {
    // The searches ask every `blockSize` steps; the second time, well before the end of the path, the answer is no.
    let process = path(3 * WorkControl.blockSize)
    let predecessors = try ChoicePredecessors(of: process)
    func expectCancelled(_ search: (WorkControl) throws -> Void) throws {
      let looks = Mutex(0)
      #expect(throws: WorkCancelled.self) {
        try search(
          WorkControl { _ in
            looks.withLock {
              $0 += 1
              return $0 < 2
            }
          })
      }
      #expect(looks.withLock { $0 } == 2)
    }
    try expectCancelled { _ = try ChoicePredecessors(of: process, control: $0) }
    try expectCancelled { _ = try StronglyConnectedComponents(of: process, control: $0) }
    try expectCancelled { _ = try MaximalEndComponents(of: process, predecessors: predecessors, control: $0) }
    let last = StateSet([process.stateCount - 1], count: process.stateCount)
    let questions: [(QualitativeReachability) throws -> StateSet] = [
      { try $0.neverReached() }, { try $0.avoidable() }, { try $0.alwaysReached() }, { try $0.surelyReachable() },
    ]
    for question in questions {
      try expectCancelled {
        _ = try question(QualitativeReachability(of: process, predecessors: predecessors, target: last, control: $0))
      }
    }
  }

  @Test func maximalEndComponentsAreTheLargestClosedConnectedSets() throws {
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<500 {
      let process = HandProcess.randomGraph(&generator).sparse(Objective(criterion: .total))
      let ends = try MaximalEndComponents(of: process, predecessors: ChoicePredecessors(of: process))
      // Every subset of states, with all the choices that stay inside it: an end component when it is connected by them.
      var largest: [Int: Int] = [:]
      for subset in 1..<(1 << process.stateCount) {
        func stays(_ choice: Int) -> Bool {
          process.transitions(of: choice).allSatisfy { subset >> Int(process.successor[$0]) & 1 == 1 }
        }
        let members = (0..<process.stateCount).filter { subset >> $0 & 1 == 1 }
        guard members.allSatisfy({ process.choices(of: $0).contains(where: stays) }) else { continue }
        let reaches = closure(process, enabled: { stays($0) })
        guard members.allSatisfy({ i in members.allSatisfy { reaches[i][$0] } }) else { continue }
        for state in members where (largest[state] ?? 0).nonzeroBitCount < subset.nonzeroBitCount { largest[state] = subset }
      }
      for state in 0..<process.stateCount {
        let component = Int(ends.componentOf[state])
        #expect((component >= 0) == (largest[state] != nil))
        guard component >= 0, let subset = largest[state] else { continue }
        #expect(ends.states(of: component).reduce(0) { $0 | 1 << Int($1) } == subset)
        for choice in process.choices(of: state) {
          let stays = process.transitions(of: choice).allSatisfy { subset >> Int(process.successor[$0]) & 1 == 1 }
          #expect((ends.staysInside[choice] == 1) == stays)
        }
      }
    }
  }

  @Test func qualitativeSetsAgreeWithEveryDeterministicPolicy() throws {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<400 {
      let process = HandProcess.randomGraph(&generator, maxStates: 6).sparse(Objective(criterion: .total))
      let count = process.stateCount
      let target = StateSet((0..<count).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }, count: count)
      let sets = try QualitativeReachability(of: process, predecessors: ChoicePredecessors(of: process), target: target)
      // Under one policy: zero when no target can be reached, one when every reachable state can still reach one.
      var someZero = Set<Int>()
      var allZero = Set(0..<count)
      var someOne = Set<Int>()
      var allOne = Set(0..<count)
      var policy = (0..<count).map { process.choices(of: $0).first ?? -1 }
      enumeration: while true {
        let reaches = closure(
          process, enabled: { choice in (0..<count).contains { policy[$0] == choice && !target.contains($0) } })
        for state in 0..<count {
          let zero = !(0..<count).contains { reaches[state][$0] && target.contains($0) }
          let one = (0..<count).allSatisfy { between in
            !reaches[state][between] || (0..<count).contains { reaches[between][$0] && target.contains($0) }
          }
          if zero { someZero.insert(state) } else { allZero.remove(state) }
          if one { someOne.insert(state) } else { allOne.remove(state) }
        }
        for state in 0..<count where policy[state] >= 0 {
          policy[state] += 1
          if policy[state] < process.choices(of: state).upperBound { continue enumeration }
          policy[state] = process.choices(of: state).lowerBound
        }
        break
      }
      #expect(try Set(sets.neverReached().states) == allZero)
      #expect(try Set(sets.avoidable().states) == someZero)
      #expect(try Set(sets.alwaysReached().states) == allOne)
      #expect(try Set(sets.surelyReachable().states) == someOne)
    }
  }
}
