import AleaModel

/// A process whose states also remember how much reward has been collected, up to a level: where reward-bounded reachability becomes
/// plain reachability.
///
/// State `level * n + s` stands for state `s` of the original with so much collected; the last level stands for that much or more when
/// `saturates`, else collecting more leads to a state that reaches nothing.
public struct RewardUnfolding: Sendable {
  public let process: SparseProcess
  public let levels: Int
  private let stateCount: Int

  /// - Parameters:
  ///   - reward: one nonnegative whole number a choice.
  ///   - level: the last level that is told apart.
  /// - Throws: `UnmetRequirement` where a reward is not a whole number, or the product would be too large.
  public init(of original: SparseProcess, reward: Column<Double>, level: Int, saturates: Bool, frozen: StateSet) throws {
    let count = original.stateCount
    try original.requireNonnegative(reward, "a bound on a reward")
    if let odd = (0..<original.choiceCount).first(where: { reward.pointer[$0].rounded() != reward.pointer[$0] }) {
      throw UnmetRequirement(
        method: "a bound on a reward", requirement: "rewards that are whole numbers",
        found: "a choice earns \(reward.pointer[odd])",
        remedy: "multiply the rewards and the bound by a common denominator")
    }
    guard level >= 0 else {
      throw UnmetRequirement(
        method: "a bound on a reward", requirement: "a bound of at least 0", found: "\(level)", remedy: "leave the bound out")
    }
    let factor = Double(level) + 1
    guard factor * Double(original.transitionCount) < 0x1p30, factor * Double(count) < 0x1p30 else {
      throw UnmetRequirement(
        method: "a bound on a reward", requirement: "a bound that is not too large",
        found: "\(NumberText.grouped(count)) states with \(NumberText.significant(factor, digits: 6)) levels of reward each",
        remedy: "choose a coarser unit of reward")
    }
    let lost = (level + 1) * count
    let choiceStart = Column<UInt32>(capacity: lost + 2)
    let transitionStart = Column<UInt32>(capacity: (level + 1) * original.choiceCount + 1)
    let successor = Column<Int32>(capacity: (level + 1) * original.transitionCount)
    let probability = Column<Double>(capacity: (level + 1) * original.transitionCount)
    var exact: [Rational]? = original.exact == nil ? nil : []
    choiceStart.append(0)
    transitionStart.append(0)
    for now in 0...level {
      for state in 0..<count {
        // In the target with enough collected nothing matters any more.
        if !(frozen.contains(state) && (!saturates || now == level)) {
          for choice in original.choices(of: state) {
            let sum = Double(now) + reward.pointer[choice]
            let next: Int? = sum <= Double(level) ? Int(sum) : saturates ? level : nil
            if let next {
              for transition in original.transitions(of: choice) {
                successor.append(Int32(next * count) + original.successor.pointer[transition])
                probability.append(original.probability.pointer[transition])
                if let form = original.exact { exact?.append(form.probability[transition]) }
              }
            } else {
              successor.append(Int32(lost))
              probability.append(1)
              exact?.append(.one)
            }
            transitionStart.append(UInt32(successor.count))
          }
        }
        choiceStart.append(UInt32(transitionStart.count - 1))
      }
    }
    choiceStart.append(UInt32(transitionStart.count - 1))
    var process = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability,
      channels: [], initial: original.initial, objective: original.objective)
    if let form = original.exact, let exact {
      process.exact = ExactForm(probability: exact, rewards: [], initial: form.initial, discount: .one)
    }
    self.process = process
    levels = level + 1
    stateCount = count
  }

  /// The states that count as reached: those of the target at the last level, or at any when the level is an upper bound.
  public func target(_ states: StateSet, atLastLevelOnly: Bool) -> StateSet {
    let result = StateSet(count: process.stateCount)
    for level in (atLastLevelOnly ? levels - 1 : 0)..<levels {
      for state in 0..<stateCount where states.contains(state) { result.flags.pointer[level * stateCount + state] = 1 }
    }
    return result
  }

  /// An answer for the original: that of the states with nothing collected yet; its policy depends on what has been collected and is
  /// left out.
  public func original(_ solution: SparseSolution) -> SparseSolution {
    var result = solution
    result.value = Array(solution.value.prefix(stateCount))
    result.lower = Array(solution.lower.prefix(stateCount))
    result.upper = Array(solution.upper.prefix(stateCount))
    result.exact = solution.exact.map { Array($0.prefix(stateCount)) }
    result.policy = []
    return result
  }
}
