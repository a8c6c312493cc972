import AleaModel

/// An explicit process with every stored double taken as the rational number it is: rows are used as they are, never normalised.
struct ExactRationalProcess {
  struct Choice {
    var reward: ExactRational
    var transitions: [(state: Int, probability: ExactRational)]
  }
  /// The choices of each state, in the order of the process.
  let choices: [[Choice]]
  /// The process's number of each state's first choice.
  let firstChoice: [Int]
  let maximizes: Bool

  init(_ process: SparseProcess) {
    choices = (0..<process.stateCount).map { state in
      process.choices(of: state).map { choice in
        var reward = ExactRational.zero
        for channel in process.channels { reward += ExactRational(channel.reward[choice]) }
        return Choice(
          reward: reward,
          transitions: process.transitions(of: choice).map {
            (Int(process.successor[$0]), ExactRational(process.probability[$0]))
          })
      }
    }
    firstChoice = (0..<process.stateCount).map { process.choices(of: $0).lowerBound }
    maximizes = process.objective.maximizes
  }

  var stateCount: Int { choices.count }

  /// The reward of a choice plus the discounted value of where it leads.
  func backup(_ choice: Choice, _ value: [ExactRational], discount: ExactRational) -> ExactRational {
    var sum = ExactRational.zero
    for (state, probability) in choice.transitions { sum += probability * value[state] }
    return choice.reward + discount * sum
  }

  /// The discounted value of a stationary policy given as in `SparseSolution.policy` (numbers of choices, -1 where there is none);
  /// nil when its equations are singular.
  func value(ofPolicy policy: [Int32], discount: Double) -> [ExactRational]? {
    let indices = zip(policy, firstChoice).map { Int($0) - $1 }
    return value(of: indices, discount: ExactRational(discount))
  }

  private func value(of indices: [Int], discount: ExactRational) -> [ExactRational]? {
    var matrix = [[ExactRational]](
      repeating: [ExactRational](repeating: .zero, count: stateCount), count: stateCount)
    var right = [ExactRational](repeating: .zero, count: stateCount)
    for state in 0..<stateCount {
      matrix[state][state] = .one
      guard !choices[state].isEmpty else { continue }
      let choice = choices[state][indices[state]]
      right[state] = choice.reward
      for (successor, probability) in choice.transitions {
        matrix[state][successor] += -(discount * probability)
      }
    }
    return ExactLinear.solve(matrix, right)
  }

  /// The optimal discounted values, by policy iteration without rounding.
  ///
  /// - Parameter start: a policy to begin with; a good one saves work and cannot change the answer.
  func optimalValue(discount: Double, startingAt start: [Int32]? = nil) -> [ExactRational]? {
    let exactDiscount = ExactRational(discount)
    var indices = [Int](repeating: 0, count: stateCount)
    if let start {
      for state in 0..<stateCount where start[state] >= 0 { indices[state] = Int(start[state]) - firstChoice[state] }
    }
    while true {
      guard let value = value(of: indices, discount: exactDiscount) else { return nil }
      var improved = false
      for state in 0..<stateCount where !choices[state].isEmpty {
        // The value of the current choice is the state's own value, so a strict improvement is one over that.
        var best = value[state]
        for (index, choice) in choices[state].enumerated() where index != indices[state] {
          let candidate = backup(choice, value, discount: exactDiscount)
          if maximizes ? candidate > best : candidate < best {
            best = candidate
            indices[state] = index
            improved = true
          }
        }
      }
      if !improved { return value }
    }
  }

  /// The optimal values over the first `horizon` steps, from the last step backwards.
  func finiteHorizonValue(_ horizon: Int, discount: Double) -> [[ExactRational]] {
    var stages = [[ExactRational](repeating: .zero, count: stateCount)]
    let exactDiscount = ExactRational(discount)
    for _ in 0..<horizon {
      let after = stages[0]
      let now = choices.map { choices -> ExactRational in
        let candidates = choices.map { backup($0, after, discount: exactDiscount) }
        return (maximizes ? candidates.max() : candidates.min()) ?? .zero
      }
      stages.insert(now, at: 0)
    }
    return stages
  }
}
