import AleaModel

/// Backward induction in fractions: the values of a finite horizon and the policy of every step.
struct ExactInduction {
  let process: SparseProcess
  let form: ExactForm
  let horizon: Int
  let control: WorkControl
  private let reward: [Rational]

  init(_ process: SparseProcess, _ form: ExactForm, horizon: Int, control: WorkControl) {
    self.process = process
    self.form = form
    self.horizon = horizon
    self.control = control
    reward = form.totalReward
  }

  func solve() throws -> SparseSolution {
    let count = process.stateCount
    var value = Array(repeating: Rational.zero, count: count)
    let policy = Column<Int32>(repeating: -1, count: count)
    var stages = SparseSolution.Stages(stateCount: count, horizon: horizon, keepsValues: true, keepsPolicy: true)
    let rounded = StateVector.allocate(count)
    defer { rounded.deallocate() }
    for step in (0..<horizon).reversed() {
      if !control.report(WorkProgress(phase: "solving in fractions", detail: "step \(step) of \(horizon)")) {
        throw WorkCancelled(state: "stopped with \(step) of \(horizon) steps left")
      }
      value = (0..<count).map { state in
        let (best, choice) = best(state, value)
        policy.pointer[state] = choice
        return best
      }
      var error = 0.0
      for state in 0..<count {
        rounded[state] = value[state].double
        let (lower, upper) = value[state].enclosure
        error = max(error, upper - lower)
      }
      stages.record(step: step, value: rounded, policy: policy, error: error)
    }
    var result = SparseSolution(exact: value.map { .finite($0) }, policy: policy.array, iterations: horizon)
    result.stages = stages
    return result
  }

  private func best(_ state: Int, _ value: [Rational]) -> (value: Rational, choice: Int32) {
    var best: (value: Rational, choice: Int32)?
    for choice in process.choices(of: state) {
      var sum = Rational.zero
      for transition in process.transitions(of: choice) {
        sum += form.probability[transition] * value[Int(process.successor[transition])]
      }
      let worth = reward[choice] + form.discount * sum
      if let known = best, process.objective.maximizes ? worth <= known.value : worth >= known.value { continue }
      best = (worth, Int32(choice))
    }
    return best ?? (.zero, -1)
  }
}
