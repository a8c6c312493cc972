import AleaModel

extension SparseProcess {
  /// The chain that a deterministic policy makes of the process: the same states, with the policy's choice as the only one.
  ///
  /// - Parameter policy: for each state one of its choices; -1 makes the state terminal.
  public func chain(following policy: [Int32]) -> SparseProcess {
    precondition(policy.count == stateCount, "one choice a state")
    let starts = Column<UInt32>([0])
    let rows = Column<UInt32>([0])
    let targets = Column<Int32>()
    let weights = Column<Double>()
    let chosen = policy.filter { $0 >= 0 }
    for choice in policy {
      if choice >= 0 {
        let transitions = transitions(of: Int(choice))
        targets.reserve(transitions.count).update(from: successor.pointer + transitions.lowerBound, count: transitions.count)
        targets.commit(transitions.count)
        weights.reserve(transitions.count).update(from: probability.pointer + transitions.lowerBound, count: transitions.count)
        weights.commit(transitions.count)
        rows.append(UInt32(targets.count))
      }
      starts.append(UInt32(rows.count - 1))
    }
    let channels = channels.map { channel in
      Channel(name: channel.name, reward: Column(chosen.map { channel.reward.pointer[Int($0)] }))
    }
    let truncation = truncation.map { truncation in
      Truncation(
        mass: Column(chosen.map { truncation.mass.pointer[Int($0)] }),
        rewardSlack: Column(chosen.map { truncation.rewardSlack.pointer[Int($0)] }))
    }
    return SparseProcess(
      choiceStart: starts, transitionStart: rows, successor: targets, probability: weights, channels: channels, initial: initial,
      objective: objective, truncation: truncation)
  }

  /// The long-run average reward of a deterministic policy from each state, with proved bounds, and its relative values.
  ///
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public func averageReward(
    following policy: [Int32], tolerance: Double = 1e-6, control: WorkControl = WorkControl()
  ) throws -> SparseSolution {
    let chain = chain(following: policy)
    var solution = try AverageReward(process: chain, precision: tolerance, control: control).solve(method: "PolicyEvaluation")
    solution.policy = policy
    return solution
  }

  /// The long-run fraction of time that a policy spends in each state when it starts in `start`.
  ///
  /// For a chain with one recurrent class this is its stationary distribution, whatever the start. Terminal states keep what ends in
  /// them. Classes of at most 400 states are solved directly without subtractions (``StateElimination``), larger ones by damped power
  /// iteration until the change is below 1e-13.
  ///
  /// - Parameter start: probabilities of the states in which it starts; nil for the starting law of the process.
  /// - Throws: `WorkCancelled` when `control` ends the work.
  public func longRunFractions(
    following policy: [Int32], from start: [Double]? = nil, control: WorkControl = WorkControl()
  ) throws -> [Double] {
    let chain = chain(following: policy)
    let count = stateCount
    var start = start ?? []
    if start.isEmpty {
      start = [Double](repeating: 0, count: count)
      for (state, probability) in initial { start[Int(state)] += probability }
    }
    precondition(start.count == count, "one starting probability a state")
    let classes = try StronglyConnectedComponents(of: chain, control: control)
    var fractions = [Double](repeating: 0, count: count)
    for component in 0..<classes.count {
      let members = classes.states(of: component)
      let closed = members.allSatisfy { member in
        chain.choices(of: Int(member)).allSatisfy { choice in
          chain.transitions(of: choice).allSatisfy {
            classes.componentOf.pointer[Int(chain.successor.pointer[$0])] == Int32(component)
          }
        }
      }
      guard closed else { continue }
      let target = StateSet(members.map { Int($0) }, count: count)
      let reached = try chain.reachability(of: target, maximize: true, tolerance: 1e-13, control: control)
      var weight = 0.0
      for state in 0..<count { weight += start[state] * reached.value[state] }
      guard weight > 0 else { continue }
      let stationary = try chain.stationary(members, control: control)
      for (position, member) in members.enumerated() { fractions[Int(member)] = weight * stationary[position] }
    }
    return fractions
  }

  /// The stationary law of a closed class of a chain, in the order of its members.
  private func stationary(_ members: UnsafeBufferPointer<Int32>, control: WorkControl) throws -> [Double] {
    let n = members.count
    if n == 1 { return [1] }
    let place = Column<Int32>(repeating: -1, count: stateCount)
    for (position, member) in members.enumerated() { place.pointer[Int(member)] = Int32(position) }
    if n <= 400 { return stationaryByElimination(members, place) }
    var law = [Double](repeating: 1 / Double(n), count: n)
    var next = law
    for sweep in 0... {
      for position in 0..<n { next[position] = 0.1 * law[position] }
      for (position, member) in members.enumerated() {
        let transitions = transitions(of: Int(choiceStart.pointer[Int(member)]))
        for transition in transitions {
          next[Int(place.pointer[Int(successor.pointer[transition])])] += 0.9 * law[position] * probability.pointer[transition]
        }
      }
      var change = 0.0
      var total = 0.0
      for position in 0..<n {
        change += (next[position] - law[position]).magnitude
        total += next[position]
      }
      for position in 0..<n { next[position] /= total }
      swap(&law, &next)
      if change <= 1e-13 || sweep >= 1_000_000 { break }
      if !control.report(WorkProgress(phase: "solving", detail: "stationary law, change \(change) after \(sweep + 1) sweeps")) {
        throw WorkCancelled(state: "the stationary law still changed by \(change)")
      }
    }
    return law
  }

  /// Grassmann, Taksar and Heyman's elimination: states are taken out one by one, then put back in proportion.
  private func stationaryByElimination(_ members: UnsafeBufferPointer<Int32>, _ place: Column<Int32>) -> [Double] {
    let n = members.count
    var a = [Double](repeating: 0, count: n * n)
    for (position, member) in members.enumerated() {
      var mass = 0.0
      let transitions = transitions(of: Int(choiceStart.pointer[Int(member)]))
      for transition in transitions { mass += probability.pointer[transition] }
      for transition in transitions {
        a[position * n + Int(place.pointer[Int(successor.pointer[transition])])] += probability.pointer[transition] / mass
      }
    }
    var k = n - 1
    while k > 0 {
      var outflow = 0.0
      for j in 0..<k { outflow += a[k * n + j] }
      for i in 0..<k where a[i * n + k] > 0 {
        let factor = a[i * n + k] / outflow
        a[i * n + k] = factor
        for j in 0..<k { a[i * n + j] += factor * a[k * n + j] }
      }
      k -= 1
    }
    var law = [Double](repeating: 0, count: n)
    law[0] = 1
    var total = 1.0
    for k in 1..<n {
      for i in 0..<k { law[k] += law[i] * a[i * n + k] }
      total += law[k]
    }
    return law.map { $0 / total }
  }
}
