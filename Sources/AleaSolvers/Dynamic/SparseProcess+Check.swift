import AleaModel

extension SparseProcess {
  /// What keeps the rows from being a decision process, or nil: rows that do not fit together, successors and probabilities out of
  /// range, sums that are not one, rewards that are not finite.
  ///
  /// - Complexity: O(transitions).
  public var inconsistency: String? {
    func rises(_ starts: Column<UInt32>, to end: Int) -> Bool {
      starts.count > 0 && starts[0] == 0 && Int(starts[starts.count - 1]) == end
        && (1..<max(1, starts.count)).allSatisfy { starts[$0 - 1] <= starts[$0] }
    }
    guard choiceStart.count > 1 else { return "it has no states" }
    guard rises(choiceStart, to: choiceCount), rises(transitionStart, to: transitionCount), probability.count == transitionCount
    else { return "its rows do not fit together" }
    if let channel = channels.first(where: { $0.reward.count != choiceCount }) {
      return "its channel `\(channel.name)` has \(channel.reward.count) rewards for \(choiceCount) choices"
    }
    if let channel = channels.first(where: { channel in (0..<choiceCount).contains { !channel.reward[$0].isFinite } }) {
      return "its channel `\(channel.name)` has a reward that is not finite"
    }
    for choice in 0..<choiceCount {
      var total = 0.0
      for edge in transitions(of: choice) {
        guard (0..<stateCount).contains(Int(successor[edge])) else {
          return "choice \(choice) leads to state \(successor[edge]) of \(stateCount)"
        }
        guard probability[edge] >= 0 else { return "choice \(choice) has the probability \(probability[edge])" }
        total += probability[edge]
      }
      guard abs(total - 1) <= 1e-9 else {
        return "the probabilities of choice \(choice) sum to \(NumberText.significant(total, digits: 10))"
      }
    }
    if let start = initial.first(where: { !(0..<stateCount).contains(Int($0.state)) || !($0.probability >= 0) }) {
      return "it starts in state \(start.state) with probability \(start.probability)"
    }
    if let stageStart,
      stageStart.first != 0 || stageStart.last != stateCount || zip(stageStart, stageStart.dropFirst()).contains(where: >)
    {
      return "its steps do not divide its states"
    }
    if let truncation, truncation.mass.count != choiceCount || truncation.rewardSlack.count != choiceCount {
      return "what was cut is not told for each choice"
    }
    return nil
  }
}

extension SparseSolution {
  /// The answer about a quotient as one about the process it was made from.
  ///
  /// - Parameters:
  ///   - count: the number of states of the original process.
  ///   - block: the state of the quotient that each state of the original belongs to.
  ///   - choice: the choice of the original, in a state of it, that a choice of the quotient stands for.
  /// - Returns: nil where a state belongs to none of the quotient.
  public func spread(
    over count: Int, block: (_ state: Int) -> Int, choice: (_ state: Int, _ choice: Int) -> Int
  ) -> SparseSolution? {
    let blocks = (0..<count).map(block)
    guard blocks.allSatisfy({ value.indices.contains($0) }) else { return nil }
    func spread(_ numbers: [Double]) -> [Double] { blocks.map { numbers[$0] } }
    func spread(_ choices: [Int32]) -> [Int32] {
      blocks.enumerated().map { state, block in choices[block] < 0 ? -1 : Int32(choice(state, Int(choices[block]))) }
    }
    var result = SparseSolution(
      value: spread(value), policy: spread(policy), gain: gain.map(spread), lower: spread(lower), upper: spread(upper),
      bound: bound,
      method: method, iterations: iterations, notes: notes)
    result.stages = stages.map { $0.spread(over: blocks, choice) }
    return result
  }
}

extension SparseSolution.Stages {
  fileprivate func spread(over blocks: [Int], _ choice: (Int, Int) -> Int) -> SparseSolution.Stages {
    let width = stateCount
    return SparseSolution.Stages(
      stateCount: blocks.count, horizon: horizon,
      value: value.map { value in (0..<horizon).flatMap { step in blocks.map { value[step * width + $0] } } },
      policy: policy.map { policy in
        (0..<horizon).flatMap { step in
          blocks.enumerated().map { state, block in
            let chosen = policy[step * width + block]
            return chosen < 0 ? -1 : Int32(choice(state, Int(chosen)))
          }
        }
      }, error: error)
  }
}
