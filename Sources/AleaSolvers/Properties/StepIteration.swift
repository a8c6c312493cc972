import AleaModel

/// Values of every state that are carried backwards a step at a time, enclosed between bounds with every rounding counted.
public struct StepIteration: Sendable {
  public private(set) var lower: [Double]
  public private(set) var upper: [Double]
  /// The choice of each state in the step last taken: the first step of what has been computed; -1 where there is none.
  public private(set) var policy: [Int32]
  private let process: SparseProcess
  private let maximizes: Bool
  /// The same in fractions, where everything is known as such: the bounds are then those of the last step.
  private var exact: ExactSteps?

  /// - Parameter values: what the states are worth when no step is left.
  public init(_ process: SparseProcess, from values: [Double], maximize: Bool) {
    self.init(process, lower: values, upper: values, maximize: maximize)
  }

  /// Begins with an answer about what comes later: with its bounds, or in fractions where it has them.
  public init(_ process: SparseProcess, from later: SparseSolution, maximize: Bool) {
    self.init(process, lower: later.lower, upper: later.upper, maximize: maximize)
    guard let form = process.exact, let known = later.exact else { return }
    let values = known.compactMap { if case .finite(let number) = $0 { number } else { nil } }
    if values.count == known.count { exact = ExactSteps(process, form, from: values, maximize: maximize) }
  }

  public init(_ process: SparseProcess, lower: [Double], upper: [Double], maximize: Bool) {
    self.process = process
    self.lower = lower
    self.upper = upper
    maximizes = maximize
    policy = [Int32](repeating: -1, count: process.stateCount)
  }

  /// Carries the values back by a number of steps.
  ///
  /// - Parameters:
  ///   - reward: earned by each choice, when rewards are collected.
  ///   - exactReward: the same in fractions.
  ///   - fixed: states that keep their value whatever happens.
  ///   - zero: states that are worth nothing before the last step.
  /// - Throws: `WorkCancelled` when `control` ends the work.
  /// - Complexity: O(steps times transitions).
  public mutating func run(
    steps: Int, reward: Column<Double>? = nil, exactReward: [Rational]? = nil, fixed: StateSet? = nil, zero: StateSet? = nil,
    control: WorkControl = WorkControl()
  ) throws {
    var newLower = lower
    var newUpper = upper
    for step in 0..<max(0, steps) {
      if step % 16 == 0,
        !control.report(
          WorkProgress(phase: "solving", detail: "step \(step) of \(steps)", fraction: Double(step) / Double(max(1, steps))))
      {
        throw WorkCancelled(state: "stopped after \(step) of \(steps) steps")
      }
      if exact != nil {
        exact?.step(reward: exactReward, fixed: fixed, zero: zero)
        continue
      }
      for state in 0..<process.stateCount {
        if zero?.contains(state) ?? false {
          newLower[state] = 0
          newUpper[state] = 0
          continue
        }
        if fixed?.contains(state) ?? false || process.isTerminal(state) { continue }
        var bestLower: Double?
        var bestUpper: Double?
        for choice in process.choices(of: state) {
          let (low, high) = enclosure(choice, reward)
          if bestLower.map({ maximizes ? low > $0 : low < $0 }) ?? true {
            bestLower = low
            policy[state] = Int32(choice)
          }
          if bestUpper.map({ maximizes ? high > $0 : high < $0 }) ?? true { bestUpper = high }
        }
        newLower[state] = bestLower ?? 0
        newUpper[state] = bestUpper ?? 0
      }
      swap(&lower, &newLower)
      swap(&upper, &newUpper)
      // Fixed states hold the same values in both vectors.
    }
  }

  private func enclosure(_ choice: Int, _ reward: Column<Double>?) -> (Double, Double) {
    var (low, high, size, count) = (0.0, 0.0, 0.0, 2.0)
    for transition in process.transitions(of: choice) {
      let target = Int(process.successor.pointer[transition])
      let weight = process.probability.pointer[transition]
      low += weight * lower[target]
      high += weight * upper[target]
      size += weight * max(abs(lower[target]), abs(upper[target]))
      count += 2
    }
    if let earned = reward?.pointer[choice] {
      low += earned
      high += earned
      size += abs(earned)
    }
    // One successor, and nothing earned: the number moves as it is.
    let row = process.transitions(of: choice)
    if row.count == 1, process.probability.pointer[row.lowerBound] == 1, reward == nil || reward!.pointer[choice] == 0 {
      return (low, high)
    }
    // Every product and sum is off by at most half a unit in the last place of what has been added up.
    let slip = count * 0x1p-52 * size
    return (low - slip, high + slip)
  }

  /// The enclosed values as an answer; probabilities stay within 0 and 1.
  public func solution(method: String = "BackwardInduction", steps: Int, isProbability: Bool) -> SparseSolution {
    if let exact {
      return SparseSolution(exact: exact.value.map { .finite($0) }, policy: exact.policy, iterations: steps)
    }
    let low = isProbability ? lower.map { min(1, max(0, $0)) } : lower
    let high = isProbability ? upper.map { min(1, max(0, $0)) } : upper
    let value = zip(low, high).map { $0 == $1 ? $0 : $0 + ($1 - $0) / 2 }
    let bound = zip(low, high).reduce(0) { $1.0 == $1.1 ? $0 : max($0, ($1.1 - $1.0) / 2) }
    return SparseSolution(
      value: value, policy: policy, lower: low, upper: high, bound: bound, method: method, iterations: steps)
  }
}
