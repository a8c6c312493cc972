/// A model given by its states and transitions alone, as files of other tools have it: numbers, without mechanisms.
///
/// State `s` has the choices `choiceStart[s] ..< choiceStart[s + 1]`, at least one; choice `c` leads to `successor[k]` with
/// `probability[k]` for `k` in `transitionStart[c] ..< transitionStart[c + 1]`, successors in increasing order. Of a ctmc these are the
/// probabilities of its embedded chain.
public struct ExplicitModel: Sendable {
  /// What the numbers mean: probabilities of a chain or of choices, or a chain's rates.
  public enum Kind: String, Sendable, CaseIterable { case dtmc, ctmc, mdp }

  /// A name for a set of states.
  public struct Label: Sendable {
    public var name: String
    /// One byte a state: 1 where it belongs to the set.
    public var flags: Column<UInt8>
    /// - Parameter flags: a byte for each state.
    public init(name: String, flags: Column<UInt8>) {
      self.name = name
      self.flags = flags
    }
  }

  /// A reward structure.
  public struct Reward: Sendable {
    /// Nil for one without a name.
    public var name: String?
    /// What a step from each state earns; of a ctmc what a unit of time there earns.
    public var state: Column<Double>
    /// What each choice earns besides, on the average over its transitions.
    public var choice: Column<Double>
    /// - Parameters:
    ///   - state: a number for each state.
    ///   - choice: a number for each choice.
    public init(name: String?, state: Column<Double>, choice: Column<Double>) {
      self.name = name
      self.state = state
      self.choice = choice
    }
  }

  public var name: String
  public var kind: Kind
  public var choiceStart: Column<UInt32>
  public var transitionStart: Column<UInt32>
  public var successor: Column<Int32>
  public var probability: Column<Double>
  /// The name of each choice: an index into ``actionNames``, -1 for none.
  public var choiceAction: Column<Int32>
  public var actionNames: [String] = []
  /// The rate at which each state is left; of a ctmc only.
  public var exitRate: Column<Double>?
  /// The variables that tell states apart: ``positions`` holds row-major positions within their domains.
  public var variables: [(name: String, domain: Domain)]
  public var positions: Column<Int32>
  /// The names of the values of variables whose domain is one of symbols.
  public var symbols: [String] = []
  public var labels: [Label] = []
  public var rewards: [Reward] = []
  public var initial: [(state: Int32, probability: Double)] = []
  /// The states that had no choice; each was given a loop, as PRISM and Storm do.
  public var deadlocks: [Int32] = []
  public var objective = Objective(criterion: .total)
  /// What the user should know: probabilities that were divided by their sum, say.
  public var warnings: [String] = []
  /// What has to be true for answers to be about what the file describes.
  public var assumptions: [String] = []

  /// A model whose only variable, `x`, is the number of the state.
  public init(
    name: String, kind: Kind, choiceStart: Column<UInt32>, transitionStart: Column<UInt32>, successor: Column<Int32>,
    probability: Column<Double>, choiceAction: Column<Int32>
  ) {
    self.name = name
    self.kind = kind
    self.choiceStart = choiceStart
    self.transitionStart = transitionStart
    self.successor = successor
    self.probability = probability
    self.choiceAction = choiceAction
    let count = choiceStart.count - 1
    variables = [("x", .range(0, max(0, count - 1)))]
    positions = Column((0..<count).map { Int32($0) })
  }

  public var stateCount: Int { choiceStart.count - 1 }
  public var choiceCount: Int { transitionStart.count - 1 }
  public var transitionCount: Int { successor.count }
  /// The choices of a state.
  public func choices(of state: Int) -> Range<Int> { Int(choiceStart[state])..<Int(choiceStart[state + 1]) }
  /// The places of a choice's successors and probabilities.
  public func transitions(of choice: Int) -> Range<Int> { Int(transitionStart[choice])..<Int(transitionStart[choice + 1]) }

  /// The label of a name.
  public func label(_ name: String) -> Label? { labels.first { $0.name == name } }

  /// The states of a set, in increasing order.
  public static func states(_ flags: Column<UInt8>) -> [Int32] {
    (0..<flags.count).filter { flags[$0] != 0 }.map { Int32($0) }
  }

  /// A set of states as one byte a state.
  public static func flags(_ states: some Sequence<Int32>, count: Int) -> Column<UInt8> {
    let flags = Column<UInt8>(repeating: 0, count: count)
    for state in states { flags.pointer[Int(state)] = 1 }
    return flags
  }

  /// What each choice earns of a reward structure; of a ctmc the reward of a state is earned for the mean time spent there.
  public func earned(_ reward: Reward) -> Column<Double> {
    let result = Column<Double>(repeating: 0, count: choiceCount)
    for state in 0..<stateCount {
      let time = exitRate.map { 1 / $0.pointer[state] } ?? 1
      for choice in choices(of: state) {
        result.pointer[choice] = reward.state.pointer[state] * time + reward.choice.pointer[choice]
      }
    }
    return result
  }
}
