import AleaModel

/// Values of every state in fractions, carried backwards a step at a time.
struct ExactSteps {
  private(set) var value: [Rational]
  /// The choice of each state in the step last taken; -1 where there is none.
  private(set) var policy: [Int32]
  private let process: SparseProcess
  private let form: ExactForm
  private let maximizes: Bool

  /// - Parameter values: what the states are worth when no step is left.
  init(_ process: SparseProcess, _ form: ExactForm, from values: [Rational], maximize: Bool) {
    self.process = process
    self.form = form
    value = values
    maximizes = maximize
    policy = Array(repeating: -1, count: process.stateCount)
  }

  /// Carries the values back by one step; arguments are those of ``StepIteration``.
  mutating func step(reward: [Rational]?, fixed: StateSet?, zero: StateSet?) {
    var next = value
    for state in 0..<process.stateCount {
      if zero?.contains(state) ?? false {
        next[state] = .zero
        continue
      }
      if fixed?.contains(state) ?? false || process.isTerminal(state) { continue }
      var best: Rational?
      for choice in process.choices(of: state) {
        let worth = worth(choice, reward)
        if best.map({ maximizes ? worth > $0 : worth < $0 }) ?? true {
          best = worth
          policy[state] = Int32(choice)
        }
      }
      next[state] = best ?? .zero
    }
    value = next
  }

  private func worth(_ choice: Int, _ reward: [Rational]?) -> Rational {
    var sum = reward?[choice] ?? .zero
    for transition in process.transitions(of: choice) {
      let next = value[Int(process.successor[transition])]
      if !next.isZero { sum += form.probability[transition] * next }
    }
    return sum
  }
}
