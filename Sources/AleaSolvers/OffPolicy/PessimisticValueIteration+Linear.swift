// Pessimistic value iteration with values linear in features of the states.

import AleaEngine
import AleaModel

extension PessimisticValueIteration {
  /// The policy of the model's states whose linear values are best by their lower bounds.
  func learnLinear(
    _ asked: LearningQuestion, _ explored: ExploredProcess, _ question: OffPolicyQuestion
  ) throws -> LearnedPolicy {
    let process = question.process
    try question.requireStationary()
    let record = question.record
    let coding = question.coding()
    let positions = coding.compactMap { explored.states.variables.firstIndex(of: $0) }
    guard positions.count == coding.count else {
      throw OffPolicyFault("the states of the model leave out what the log's decisions read")
    }
    let map = BlockFeatures(coding.map { process[$0].domain.count ?? 3 }, actions: question.actionCount, features)
    let count = explored.sparse.stateCount
    let keys = (0..<count).map { state in
      let values = explored.states.values(of: state)
      return positions.map { values[$0] }
    }
    var known: [[Double]: Int] = [:]
    for (state, key) in keys.enumerated() where known[key] == nil { known[key] = state }
    func state(_ key: [Double], _ row: Int) throws -> Int {
      if let found = known[key] { return found }
      throw OffPolicyFault(
        "the model never reaches the state \(question.text(of: key, coding)), which row \(row + 1) of the log leads to")
    }

    let columns = coding.map { record.columns[$0] ?? [] }
    func key(_ row: Int) -> [Double] { columns.map { $0[row] } }
    var steps: [PooledPessimism.Step] = []
    for episode in 0..<record.episodeCount {
      for row in record.start[episode]..<record.start[episode + 1] {
        let next: Int?
        switch question.successor(of: row, episode: episode, coding: coding) {
        case .row(let following): next = try state(key(following), row)
        case .values(let values): next = try state(values, row)
        case .ended: next = nil
        case .unknown: continue
        }
        steps.append(
          .init(features: map.features(key(row), question.choices.actions[row]), reward: record.rewards[row], next: next))
      }
    }
    guard !steps.isEmpty else {
      throw OffPolicyFault(
        "no row of the log tells which state follows it",
        remedy: "put the steps of an episode together, or add columns of the next state")
    }
    let (bounds, _) = try asked.rewardBounds(record.rewards)
    let horizon = question.horizon ?? question.stepsUntilNegligible
    let beta = width >= 0 ? width : beta(map.width, question, rows: steps.count, bounds)
    let candidates = (0..<count).map { state in
      explored.sparse.choices(of: state).map { map.features(keys[state], Int(explored.choiceAction[$0])) }
    }
    let learned = try PooledPessimism(
      steps, candidates: candidates, steps: horizon, discount: question.discount, beta: beta, ridge: ridge, bounds: bounds,
      control: question.control)
    let choices = (0..<count).map { state in
      learned.choices[state] < 0 ? -1 : Int32(explored.sparse.choices(of: state).lowerBound + learned.choices[state])
    }
    let starts = try record.start.dropLast().map { learned.values[try state(key($0), $0)] }
    var notes = ["values are \(features == "linear" ? "linear" : "quadratic") in the states, for each action apart"]
    if question.horizon != nil, horizon > 1 { notes.append("the policy is that of the first step, used at every step") }
    if width < 0 {
      notes.append("no guarantee: the theorem behind the width leaves its constant open, which is taken as 1")
    }
    return LearnedPolicy(
      policy: PolicyFunction(choices, of: explored), bound: starts.reduce(0, +) / Double(max(starts.count, 1)), claim: .none,
      objective: "mean", method: name,
      table: keys.enumerated().filter { known[$1] == $0 }.map { (question.text(of: $1, coding), learned.values[$0]) },
      notes: notes)
  }

  /// d H sqrt(ln(4 d H n / (1 - confidence))) times the range of rewards, H the horizon or 1 / (1 - discount) (Jin, Yang, Wang 2021,
  /// theorem 4.4).
  private func beta(
    _ width: Int, _ question: OffPolicyQuestion, rows: Int, _ bounds: ClosedRange<Double>
  ) -> Double {
    let horizon = question.horizon.map(Double.init) ?? 1 / max(1 - question.discount, 1e-12)
    let scale = Double(width) * horizon
    return (bounds.upperBound - bounds.lowerBound) * scale
      * UnaryFunction.ln(4 * scale * Double(rows) / max(1 - confidence, 1e-300)).squareRoot()
  }
}

/// (1, states) or with their products, in a block of its own for each action.
struct BlockFeatures {
  private let hasSquare: [Bool]
  private let actions: Int
  private let isQuadratic: Bool
  /// The number of features.
  let width: Int

  init(_ sizes: [Int], actions: Int, _ kind: String) {
    // The square of a variable of two values is linear in it.
    hasSquare = sizes.map { $0 > 2 }
    self.actions = actions
    isQuadratic = kind == "quadratic"
    let count = sizes.count
    let squares = isQuadratic ? count * (count - 1) / 2 + hasSquare.count { $0 } : 0
    width = (1 + count + squares) * actions
  }

  func features(_ values: [Double], _ action: Int) -> [Double] {
    var block = [1] + values
    if isQuadratic {
      for i in values.indices {
        for j in i..<values.count where i != j || hasSquare[i] { block.append(values[i] * values[j]) }
      }
    }
    var result = [Double](repeating: 0, count: width)
    for (index, value) in block.enumerated() { result[action * block.count + index] = value }
    return result
  }
}
