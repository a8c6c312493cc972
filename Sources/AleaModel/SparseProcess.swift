/// The explicit finite form of a decision process: states, their choices, and each choice's transitions, in compressed rows.
///
/// State `s` has the choices `choiceStart[s] ..< choiceStart[s + 1]`; choice `c` leads to `successor[k]` with `probability[k]` for
/// `k` in `transitionStart[c] ..< transitionStart[c + 1]`. Successors of a choice are distinct, in increasing order when
/// ``successorsAreSorted``; probabilities are positive and sum to one up to rounding. A state without choices is terminal: nothing is
/// earned from it. Rewards are expected values per choice, one column a channel, costs already negated.
public struct SparseProcess: Sendable {
  /// A named part of the reward: the expected amount earned by each choice (a cost counts as negative).
  public struct Channel: Sendable {
    public var name: String
    public var reward: Column<Double>
    public init(name: String, reward: Column<Double>) {
      self.name = name
      self.reward = reward
    }
  }

  /// What truncating infinitely supported draws left out of each choice.
  ///
  /// The true expected reward of choice `c` lies within `rewardSlack[c]` of the stored one, and at most `mass[c]` of its probability
  /// goes to successors other than the stored ones say.
  public struct Truncation: Sendable {
    public var mass: Column<Double>
    public var rewardSlack: Column<Double>
    public init(mass: Column<Double>, rewardSlack: Column<Double>) {
      self.mass = mass
      self.rewardSlack = rewardSlack
    }
  }

  public var choiceStart: Column<UInt32>
  public var transitionStart: Column<UInt32>
  public var successor: Column<Int32>
  public var probability: Column<Double>
  public var channels: [Channel]
  /// The starting law: pairs of a state and its probability.
  public var initial: [(state: Int32, probability: Double)]
  public var objective: Objective
  /// Nil when every draw was expanded exactly.
  public var truncation: Truncation?
  /// For a process expanded in time: `stageStart[t] ..< stageStart[t + 1]` are the states at time `t`.
  public var stageStart: [Int]?
  /// The same numbers as fractions, when an exact answer is wanted.
  public var exact: ExactForm?

  public init(
    choiceStart: Column<UInt32>, transitionStart: Column<UInt32>, successor: Column<Int32>, probability: Column<Double>,
    channels: [Channel], initial: [(state: Int32, probability: Double)], objective: Objective, truncation: Truncation? = nil,
    stageStart: [Int]? = nil
  ) {
    self.choiceStart = choiceStart
    self.transitionStart = transitionStart
    self.successor = successor
    self.probability = probability
    self.channels = channels
    self.initial = initial
    self.objective = objective
    self.truncation = truncation
    self.stageStart = stageStart
  }

  public var stateCount: Int { choiceStart.count - 1 }
  public var choiceCount: Int { transitionStart.count - 1 }
  public var transitionCount: Int { successor.count }

  /// The bytes the rows, rewards and successors take.
  public var byteCount: Int {
    4 * (choiceStart.count + transitionStart.count + successor.count) + 8 * (probability.count + channels.count * choiceCount)
  }

  public func choices(of state: Int) -> Range<Int> { Int(choiceStart[state])..<Int(choiceStart[state + 1]) }
  public func transitions(of choice: Int) -> Range<Int> { Int(transitionStart[choice])..<Int(transitionStart[choice + 1]) }
  public func isTerminal(_ state: Int) -> Bool { choiceStart[state] == choiceStart[state + 1] }

  /// The sum of all channels for each choice; shares the column when there is only one channel.
  public func totalReward() -> Column<Double> {
    if channels.count == 1 { return channels[0].reward }
    let total = Column<Double>(repeating: 0, count: choiceCount)
    for channel in channels {
      for choice in 0..<choiceCount { total.pointer[choice] += channel.reward.pointer[choice] }
    }
    return total
  }
}
