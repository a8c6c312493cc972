import AleaModel

/// A process made from another by leaving out choices and drawing states together, with the way back.
struct ProcessReduction {
  let process: SparseProcess
  /// The state of ``process`` for each state of the original.
  let block: Column<Int32>
  /// The choice of the original behind each choice of ``process``.
  let origin: Column<Int32>

  /// - Parameters:
  ///   - original: the process; its channels play no part.
  ///   - reward: one number a choice: the only channel of the result.
  ///   - keeps: one entry a choice, zero where it is left out.
  ///   - components: end components to be drawn together, each into a state that has the choices which may lead out of it.
  init(
    of original: SparseProcess, reward: Column<Double>, keeps: Column<UInt8>, components: MaximalEndComponents? = nil,
    objective: Objective, exactReward: [Rational]? = nil
  ) {
    let count = original.stateCount
    let block = Column<Int32>(repeating: 0, count: count)
    var representatives: [Int32] = []
    var known = [Int32](repeating: -1, count: components?.count ?? 0)
    for state in 0..<count {
      let number = components.map { Int($0.componentOf.pointer[state]) } ?? -1
      if number >= 0, known[number] >= 0 {
        block.pointer[state] = known[number]
        continue
      }
      block.pointer[state] = Int32(representatives.count)
      if number >= 0 { known[number] = Int32(representatives.count) }
      representatives.append(Int32(state))
    }

    let choiceStart = Column<UInt32>(capacity: representatives.count + 1)
    let transitionStart = Column<UInt32>(capacity: original.choiceCount + 1)
    let successor = Column<Int32>(capacity: original.transitionCount)
    let probability = Column<Double>(capacity: original.transitionCount)
    let origin = Column<Int32>(capacity: original.choiceCount)
    let kept = Column<Double>(capacity: original.choiceCount)
    var exactProbability: [Rational] = []
    var exactKept: [Rational] = []
    choiceStart.append(0)
    transitionStart.append(0)
    func add(_ choice: Int) {
      let first = successor.count
      for transition in original.transitions(of: choice) {
        let target = block.pointer[Int(original.successor.pointer[transition])]
        let weight = original.probability.pointer[transition]
        if components != nil, let earlier = (first..<successor.count).first(where: { successor.pointer[$0] == target }) {
          probability.pointer[earlier] += weight
          if let exact = original.exact { exactProbability[earlier] += exact.probability[transition] }
        } else {
          successor.append(target)
          probability.append(weight)
          if let exact = original.exact { exactProbability.append(exact.probability[transition]) }
        }
      }
      transitionStart.append(UInt32(successor.count))
      origin.append(Int32(choice))
      kept.append(reward.pointer[choice])
      if let exactReward { exactKept.append(exactReward[choice]) }
    }
    for state in representatives {
      let number = components.map { Int($0.componentOf.pointer[Int(state)]) } ?? -1
      if number >= 0, let components {
        for member in components.states(of: number) {
          for choice in original.choices(of: Int(member))
          where keeps.pointer[choice] != 0 && components.staysInside.pointer[choice] == 0 { add(choice) }
        }
      } else {
        for choice in original.choices(of: Int(state)) where keeps.pointer[choice] != 0 { add(choice) }
      }
      choiceStart.append(UInt32(origin.count))
    }
    var process = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability,
      channels: [.init(name: "reward", reward: kept)],
      initial: original.initial.map { (block.pointer[Int($0.state)], $0.probability) }, objective: objective)
    if let exact = original.exact {
      process.exact = ExactForm(
        probability: exactProbability, rewards: exactReward == nil ? [] : [exactKept], initial: exact.initial,
        discount: exact.discount)
    }
    self.process = process
    self.block = block
    self.origin = origin
  }

  /// An answer about ``process`` as one about the original; policies inside components that were drawn together head for the way out.
  func original(_ solution: SparseSolution, of original: SparseProcess, components: MaximalEndComponents? = nil) -> SparseSolution
  {
    let count = original.stateCount
    var result = solution
    func spread(_ numbers: [Double]) -> [Double] { (0..<count).map { numbers[Int(block.pointer[$0])] } }
    result.value = spread(solution.value)
    result.lower = spread(solution.lower)
    result.upper = spread(solution.upper)
    result.gain = solution.gain.map(spread)
    result.exact = solution.exact.map { exact in (0..<count).map { exact[Int(block.pointer[$0])] } }
    result.stages = nil
    var policy = [Int32](repeating: -1, count: count)
    let owner = ChoicePredecessors.owners(of: original)
    for choice in solution.policy where choice >= 0 {
      let chosen = origin.pointer[Int(choice)]
      policy[Int(owner.pointer[Int(chosen)])] = chosen
    }
    if let components { leadOut(&policy, original, components) }
    for state in 0..<count where policy[state] < 0 && !original.isTerminal(state) {
      policy[state] = Int32(original.choices(of: state).lowerBound)
    }
    result.policy = policy
    return result
  }

  /// Within each component every other member heads for the member whose choice leaves it.
  private func leadOut(_ policy: inout [Int32], _ original: SparseProcess, _ components: MaximalEndComponents) {
    for number in 0..<components.count {
      let members = components.states(of: number)
      var reached = members.filter { policy[Int($0)] >= 0 }
      if reached.isEmpty { continue }
      // Components are small or have been passed once before; the rounds are bounded by their diameter.
      var isDone = reached.count == members.count
      while !isDone {
        isDone = true
        for member in members where policy[Int(member)] < 0 {
          let next = original.choices(of: Int(member)).first { choice in
            components.staysInside.pointer[choice] != 0
              && original.transitions(of: choice).contains { policy[Int(original.successor.pointer[$0])] >= 0 }
          }
          guard let next else { continue }
          policy[Int(member)] = Int32(next)
          reached.append(member)
          isDone = false
        }
      }
    }
  }
}
