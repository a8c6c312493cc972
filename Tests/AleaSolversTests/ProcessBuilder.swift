import AleaModel

/// Writes small explicit processes as nested literals: for each state its choices, each a reward and its transitions.
struct ProcessBuilder {
  typealias Choice = (reward: Double, transitions: [(state: Int, probability: Double)])
  var states: [[Choice]]
  var criterion: Objective.Criterion
  var maximizes = true
  var initial: [(state: Int32, probability: Double)] = [(0, 1)]

  init(
    states: [[Choice]], criterion: Objective.Criterion, maximizes: Bool = true,
    initial: [(state: Int32, probability: Double)] = [(0, 1)]
  ) {
    self.states = states
    self.criterion = criterion
    self.maximizes = maximizes
    self.initial = initial
  }

  var process: SparseProcess {
    var choiceStart: [UInt32] = [0]
    var transitionStart: [UInt32] = [0]
    var successor: [Int32] = []
    var probability: [Double] = []
    var reward: [Double] = []
    for choices in states {
      for choice in choices {
        for (state, chance) in choice.transitions.sorted(by: { $0.state < $1.state }) {
          successor.append(Int32(state))
          probability.append(chance)
        }
        reward.append(choice.reward)
        transitionStart.append(UInt32(successor.count))
      }
      choiceStart.append(UInt32(reward.count))
    }
    return SparseProcess(
      choiceStart: Column(choiceStart), transitionStart: Column(transitionStart), successor: Column(successor),
      probability: Column(probability), channels: [.init(name: "reward", reward: Column(reward))], initial: initial,
      objective: Objective(criterion: criterion, maximizes: maximizes))
  }
}

/// A small deterministic generator for random test cases (splitmix64; Steele, Lea, Flood 2014).
struct TestRandom: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
