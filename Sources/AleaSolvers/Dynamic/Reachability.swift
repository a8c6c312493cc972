import AleaModel

extension SparseProcess {
  /// The greatest or least probability of ever reaching a target, from every state, with proved bounds.
  ///
  ///     let crash = try process.reachability(of: StateSet([17], count: process.stateCount), maximize: true)
  ///     print(crash.lower[0], crash.upper[0])
  ///
  /// States of probability zero and one are found from the graph and are exact. For the greatest probability end components are drawn
  /// together, and the policy returned attains its value: it never stays for ever in an end component that it should leave. The
  /// rewards and the objective of the process play no part. Targets need no choice; a state without choices that is not a target
  /// never reaches it.
  ///
  /// - Parameters:
  ///   - tolerance: the guaranteed error to aim at.
  /// - Throws: `WorkCancelled` when `control` ends the work.
  /// - Complexity: linear for the qualitative part; each sweep is linear in the transitions of the component being solved.
  public func reachability(
    of target: StateSet, maximize: Bool, tolerance: Double = 1e-6, control: WorkControl = WorkControl()
  ) throws -> SparseSolution {
    try reachability(of: target, maximize: maximize, tolerance: tolerance, sweepLimit: .max, control: control)
  }

  /// The same with components left open that take more sweeps than a limit.
  func reachability(
    of target: StateSet, maximize: Bool, tolerance: Double, sweepLimit: Int, control: WorkControl
  ) throws -> SparseSolution {
    let count = stateCount
    let open: Int
    let frame: ComponentQuotient.Frame
    let ends: MaximalEndComponents?
    var policy: ComponentPolicy
    (frame, ends, policy, open) = try qualitativePart(of: target, maximize: maximize, control: control)
    let nothing = Column<Double>(zeros: choiceCount)
    let quotient = ComponentQuotient(self, reward: nothing, frame: frame, ends: ends)
    let limits = maximize ? ComponentSolver.Limits(lower: 0, upper: 1) : ComponentSolver.Limits(lower: -1, upper: 0)
    let found = try ComponentSolver.solve(
      quotient.problem, precision: tolerance, limits: limits, sweepLimit: sweepLimit, phase: "solving", control: control)
    policy.adopt(found.policy, of: quotient, ends: ends, staying: { _, _ in })
    policy.complete()
    var solution = SignedSolution(count: 0, policy: policy.choice, sweeps: Int(found.sweeps.rounded(.up)))
    solution.value = quotient.spread(found.value, count: count)
    solution.lower = quotient.spread(quotient.problem.lower, count: count)
    solution.upper = quotient.spread(quotient.problem.upper, count: count)
    solution.notes = found.notes
    solution.notes.append(
      "\(NumberText.grouped(count - open)) of \(NumberText.grouped(count)) states have probability zero or one by the graph alone"
    )
    var answer = solution.solution(maximizes: maximize, method: OptimisticValueIteration.name)
    if isTruncated {
      answer.forgetBounds(lower: 0, upper: 1, "the probability")
      for state in 0..<count where target.contains(state) {
        answer.lower[state] = 1
        answer.upper[state] = 1
      }
    }
    return answer
  }

  /// States of probability zero and one with their choices, the end components of the rest, and how many states that is.
  ///
  /// On its own, so that the graph read backwards is given back before anything is solved.
  private func qualitativePart(of target: StateSet, maximize: Bool, control: WorkControl) throws
    -> (frame: ComponentQuotient.Frame, ends: MaximalEndComponents?, policy: ComponentPolicy, open: Int)
  {
    let count = stateCount
    let predecessors = try ChoicePredecessors(of: self, control: control)
    let sets = QualitativeReachability(of: self, predecessors: predecessors, target: target, control: control)
    let zero = try maximize ? sets.neverReached() : sets.avoidable()
    let one = try maximize ? sets.surelyReachable() : sets.alwaysReached(unless: zero)
    // Least probabilities are solved as greatest ones of their opposite.
    let worth = maximize ? 1.0 : -1.0
    let fixed = StateSet(count: count)
    let lower = Column<Double>(repeating: 0, count: count)
    let upper = Column<Double>(repeating: 0, count: count)
    var open = 0
    for state in 0..<count {
      if one.flags.pointer[state] != 0 {
        fixed.flags.pointer[state] = 1
        lower.pointer[state] = worth
        upper.pointer[state] = worth
      } else if zero.flags.pointer[state] != 0 {
        fixed.flags.pointer[state] = 1
      } else {
        open += 1
      }
    }
    var policy = ComponentPolicy(self, predecessors: predecessors)
    if maximize {
      // Among choices that cannot lose, ever nearer to the target.
      policy.lead(to: target.states) { choice in
        one.contains(Int(predecessors.owner.pointer[choice]))
          && transitions(of: choice).allSatisfy { one.contains(Int(successor.pointer[$0])) }
      }
    } else {
      // Choices that stay where the target can be avoided.
      for state in 0..<count where zero.flags.pointer[state] != 0 {
        let safe = choices(of: state).first {
          transitions(of: $0).allSatisfy { zero.flags.pointer[Int(successor.pointer[$0])] != 0 }
        }
        if let safe { policy.choice[state] = Int32(safe) }
      }
    }
    for state in 0..<count where target.contains(state) && policy.choice[state] < 0 && !isTerminal(state) {
      policy.choice[state] = Int32(choices(of: state).lowerBound)
    }

    // Where the least probability is not zero, no policy stays for ever: only the greatest needs end components.
    var ends: MaximalEndComponents?
    if maximize && open > 0 {
      let enabled = Column<UInt8>(repeating: 1, count: choiceCount)
      for choice in 0..<choiceCount where fixed.flags.pointer[Int(predecessors.owner.pointer[choice])] != 0 {
        enabled.pointer[choice] = 0
      }
      ends = try MaximalEndComponents(of: self, predecessors: predecessors, enabled: enabled, control: control)
    }
    // Only end components that are drawn together are gone through once more.
    if ends?.isEmpty ?? true { policy.forgetPredecessors() }
    let frame = ComponentQuotient.Frame(fixed: fixed, lower: lower, upper: upper, allowed: nil, excluded: nil)
    return (frame, ends, policy, open)
  }

  /// The greatest or least probability of reaching a target within a number of steps, from every state, with proved bounds.
  ///
  /// The best choice depends on the steps left; `policy` holds it for the first step.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public func reachability(
    of target: StateSet, within steps: Int, maximize: Bool, control: WorkControl = WorkControl()
  ) throws -> SparseSolution {
    let count = stateCount
    var value = [Double](repeating: 0, count: count)
    // The greatest error so far: an update averages the errors it meets and adds its own rounding.
    var error = 0.0
    for state in 0..<count where target.contains(state) { value[state] = 1 }
    var next = value
    var policy = [Int32](repeating: -1, count: count)
    let nothing = Column<Double>(repeating: 0, count: choiceCount)
    let rows = Rows(
      choiceStart: UnsafePointer(choiceStart.pointer), transitionStart: UnsafePointer(transitionStart.pointer),
      successor: UnsafePointer(successor.pointer), probability: UnsafePointer(probability.pointer),
      reward: UnsafePointer(nothing.pointer), mergedTerms: 0)
    for step in 0..<max(0, steps) {
      if !control.report(
        WorkProgress(phase: "solving", detail: "step \(step) of \(steps)", fraction: Double(step) / Double(steps)))
      {
        throw WorkCancelled(state: "stopped after \(step) of \(steps) steps")
      }
      var worst = 0.0
      value.withUnsafeBufferPointer { value in
        for state in 0..<count where !target.contains(state) {
          var best: Double?
          for choice in rows.choices(of: state) {
            let (q, slip) = rows.enclosure(choice, value.baseAddress!)
            // A probability moves by at most the mass that may go elsewhere.
            worst = max(worst, slip + (truncation?.mass.pointer[choice] ?? 0))
            if best == nil || (maximize ? q > best! : q < best!) {
              best = q
              policy[state] = Int32(choice)
            }
          }
          next[state] = min(1, max(0, best ?? 0))
        }
      }
      swap(&value, &next)
      error = (error + worst) * (1 + 0x1p-50)
    }
    for state in 0..<count where policy[state] < 0 && !isTerminal(state) {
      policy[state] = Int32(choices(of: state).lowerBound)
    }
    let known = (0..<count).map { target.contains($0) || isTerminal($0) }
    let lower = (0..<count).map { known[$0] ? value[$0] : max(0, (value[$0] - error).nextDown) }
    let upper = (0..<count).map { known[$0] ? value[$0] : min(1, (value[$0] + error).nextUp) }
    return SparseSolution(
      value: value, policy: policy, lower: lower, upper: upper, bound: steps > 0 ? error.nextUp : 0, method: "BackwardInduction",
      iterations: max(0, steps))
  }
}
