import AleaModel
import AleaNumerics

extension SparseProcess {
  /// The expected number of visits to each state from the starting law, when a policy is followed until it ends.
  ///
  /// In a class of states that is never left the number is infinite where the class can be reached, and zero where it cannot. For the
  /// other states it solves m = start + P' m by sparse factors.
  ///
  /// - Parameter policy: for each state one of its choices, -1 where there is none.
  /// - Returns: nil where the factors do not fit into memory.
  /// - Throws: `WorkCancelled` when `control` ends the work.
  /// - Complexity: that of a sparse factorisation of the transient states.
  public func expectedVisits(following policy: [Int32], control: WorkControl = WorkControl()) throws -> [Double]? {
    let chain = chain(following: policy)
    let components = try StronglyConnectedComponents(of: chain, control: control)
    var isLeft = [Bool](repeating: false, count: components.count)
    for state in 0..<stateCount {
      let own = components.componentOf[state]
      for choice in chain.choices(of: state) {
        for transition in chain.transitions(of: choice) where components.componentOf[Int(chain.successor[transition])] != own {
          isLeft[Int(own)] = true
        }
      }
    }
    // A terminal state is left by ending.
    let isTransient = (0..<stateCount).map { chain.isTerminal($0) || isLeft[Int(components.componentOf[$0])] }
    var number = [Int](repeating: -1, count: stateCount)
    let transient = (0..<stateCount).filter { isTransient[$0] }
    for (index, state) in transient.enumerated() { number[state] = index }

    var columnStart = [0]
    var rowIndex: [Int] = []
    var entry: [Double] = []
    for state in transient {
      var column: [Int: Double] = [number[state]: 1]
      for choice in chain.choices(of: state) {
        let transitions = chain.transitions(of: choice)
        // A row stands for its probabilities divided by their sum, which rounding may move from one.
        let mass = transitions.reduce(0.0) { $0 + chain.probability[$1] }
        for transition in transitions {
          let target = number[Int(chain.successor[transition])]
          if target >= 0 { column[target, default: 0] -= chain.probability[transition] / mass }
        }
      }
      for (row, value) in column.sorted(by: { $0.key < $1.key }) {
        rowIndex.append(row)
        entry.append(value)
      }
      columnStart.append(rowIndex.count)
    }
    var law = [Double](repeating: 0, count: transient.count)
    var visits = [Double](repeating: 0, count: stateCount)
    for start in initial {
      let state = Int(start.state)
      if number[state] >= 0 { law[number[state]] += start.probability } else { visits[state] = .infinity }
    }
    var solution = law
    if !transient.isEmpty {
      guard
        let factors = try? SparseFactorization(
          count: transient.count, columnStart: columnStart, rowIndex: rowIndex, entry: entry),
        (try? factors.solve(&law, into: &solution)) != nil
      else { return nil }
    }
    for (index, state) in transient.enumerated() { visits[state] = max(0, solution[index]) }
    // What is reached of the classes that are never left.
    var frontier = (0..<stateCount).filter { visits[$0] > 0 }
    var isReached = visits.map { $0 > 0 }
    while let state = frontier.popLast() {
      if !isTransient[state] { visits[state] = .infinity }
      for choice in chain.choices(of: state) {
        for transition in chain.transitions(of: choice) {
          let next = Int(chain.successor[transition])
          if !isReached[next] {
            isReached[next] = true
            frontier.append(next)
          }
        }
      }
    }
    return visits
  }
}
