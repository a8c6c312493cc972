import AleaModel

/// The greatest or least long-run average reward of a step in fractions, by policy iteration for several recurrent classes.
///
/// A policy's gain `g` and bias `h` satisfy `g = P g` and `h = r - g + P h`, with bias zero at one state of each recurrent class. The
/// gain is improved first, and where nothing improves it, the bias. At the end both optimality equations hold exactly, which proves the
/// gain. Source: Howard (1960); Puterman, *Markov Decision Processes* (1994), section 9.2.
struct ExactAverage {
  let process: SparseProcess
  let form: ExactForm
  let control: WorkControl
  /// With the sign that makes more better.
  private let reward: [Rational]
  private var policy: [Int32]
  private var gain: [Rational]
  private var bias: [Rational]
  private var rounds = 0

  /// - Parameter policy: where to begin.
  init(_ process: SparseProcess, _ form: ExactForm, policy: [Int32], control: WorkControl) {
    self.process = process
    self.form = form
    self.policy = policy
    self.control = control
    let total = form.totalReward
    reward = process.objective.maximizes ? total : total.map { -$0 }
    gain = Array(repeating: .zero, count: process.stateCount)
    bias = gain
  }

  /// - Throws: `WorkCancelled` when `control` ends the work.
  mutating func solve() throws -> SparseSolution {
    repeat {
      rounds += 1
      try evaluate()
    } while try improveGain() || improveBias()
    let sign: Rational = process.objective.maximizes ? .one : -.one
    var solution = SparseSolution(exact: gain.map { .finite(sign * $0) }, policy: policy, iterations: rounds)
    solution.gain = solution.value
    solution.value = bias.map { (sign * $0).double }
    return solution
  }

  // MARK: Evaluating

  private mutating func evaluate() throws {
    let chain = try ExactPolicyComponents(
      process, following: policy, isFixed: (0..<process.stateCount).map { process.isTerminal($0) }, control: control)
    for component in 0..<chain.count {
      let states = chain.states(of: component)
      if chain.isClosed(component) {
        try recur(states)
      } else if !process.isTerminal(states[0]) {
        try pass(states)
      }
    }
  }

  /// A recurrent class: what is earned, and how long it takes, from its first state back to it.
  private mutating func recur(_ states: [Int]) throws {
    let root = states[0]
    let others = Array(states.dropFirst())
    let rest = try ExactComponent(others, following: policy, of: process, form, control: control)
    let earned = try rest.solve({ reward[Int(policy[$0])] }, outside: { _ in .zero }, control: control)
    let lasting = try rest.solve({ _ in .one }, outside: { _ in .zero }, control: control)
    for (place, state) in others.enumerated() {
      gain[state] = earned[place]
      bias[state] = lasting[place]
    }
    var (sum, time) = (reward[Int(policy[root])], Rational.one)
    for transition in process.transitions(of: Int(policy[root])) {
      let next = Int(process.successor[transition])
      if next == root { continue }
      sum += form.probability[transition] * gain[next]
      time += form.probability[transition] * bias[next]
    }
    let mean = sum.divided(by: time) ?? .zero
    for (place, state) in others.enumerated() {
      gain[state] = mean
      bias[state] = earned[place] - mean * lasting[place]
    }
    gain[root] = mean
    bias[root] = .zero
  }

  /// States that are left for good.
  private mutating func pass(_ states: [Int]) throws {
    let component = try ExactComponent(states, following: policy, of: process, form, control: control)
    let means = try component.solve({ _ in .zero }, outside: { gain[$0] }, control: control)
    for (place, state) in states.enumerated() { gain[state] = means[place] }
    let relative = try component.solve(
      { reward[Int(policy[$0])] - gain[$0] }, outside: { bias[$0] }, control: control)
    for (place, state) in states.enumerated() { bias[state] = relative[place] }
  }

  // MARK: Improving

  private func expected(_ values: [Rational], after choice: Int) -> Rational {
    process.transitions(of: choice).reduce(.zero) { sum, transition in
      let next = values[Int(process.successor[transition])]
      return next.isZero ? sum : sum + form.probability[transition] * next
    }
  }

  private mutating func improveGain() throws -> Bool {
    try adopt(improved({ choice, _ in expected(gain, after: choice) }, over: { gain[$0] }))
  }

  /// Among choices that keep the gain.
  private mutating func improveBias() throws -> Bool {
    try adopt(
      improved(
        { choice, state in
          expected(gain, after: choice) == gain[state] ? reward[choice] + expected(bias, after: choice) : nil
        }, over: { gain[$0] + bias[$0] }))
  }

  private mutating func adopt(_ improved: [Int32]) -> Bool {
    defer { policy = improved }
    return improved != policy
  }

  private func improved(
    _ worth: (_ choice: Int, _ state: Int) -> Rational?, over present: (_ state: Int) -> Rational
  ) throws -> [Int32] {
    var improved = policy
    for state in 0..<process.stateCount where process.choices(of: state).count > 1 {
      if state % 256 == 0, !control.report(WorkProgress(phase: "solving in fractions", detail: "policy \(rounds)")) {
        throw WorkCancelled(state: "stopped while checking policy \(rounds) exactly")
      }
      var best = present(state)
      for choice in process.choices(of: state) where Int32(choice) != policy[state] {
        if let worth = worth(choice, state), worth > best {
          best = worth
          improved[state] = Int32(choice)
        }
      }
    }
    return improved
  }
}
