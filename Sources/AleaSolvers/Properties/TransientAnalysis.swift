import AleaModel

/// A chain in continuous time, watched at the ticks of a clock that is faster than its fastest state (uniformisation).
///
/// With the clock's rate `q` and `P = I + Q / q` what is expected after a time `t` is the sum over `k` of the Poisson probability of
/// `k` ticks, with mean `q t`, times `P^k f`; what is collected until then weighs `P^k f / q` by the probability of more than `k` ticks.
/// All terms are nonnegative, so rounding is counted as a relative error that grows by the step; the Poisson probabilities and the
/// ticks left out are enclosed by ``PoissonWeights``.
/// Source: Baier, Haverkort, Hermanns and Katoen, *Model-checking algorithms for continuous-time Markov chains*, IEEE Trans. Software
/// Eng. 29 (2003).
public struct TransientAnalysis: Sendable {
  /// The ticks of the clock in a unit of time.
  public let rate: Double
  private let stateCount: Int
  private let rowStart: Column<Int32>
  private let successor: Column<Int32>
  private let probability: Column<Double>
  private let longestRow: Int
  /// States in which nothing changes any more.
  private let frozen: StateSet

  /// How much faster than its fastest state the clock is: then the share of staying is far from zero, and its rounding small.
  private static let haste = 1.02
  /// The most ticks that are followed.
  private static let mostTicks = 1e9

  /// - Parameters:
  ///   - chain: its embedded chain: one choice a state, or none.
  ///   - stepTime: the mean time of each choice.
  ///   - frozen: states whose rows are left out.
  public init(_ chain: SparseProcess, stepTime: Column<Double>, frozen: StateSet) {
    let count = chain.stateCount
    var fastest = 0.0
    func isFrozen(_ state: Int) -> Bool { frozen.flags.pointer[state] != 0 || chain.isTerminal(state) }
    func leaves(_ choice: Int, _ state: Int) -> Bool {
      chain.transitions(of: choice).contains { Int(chain.successor.pointer[$0]) != state }
    }
    for state in 0..<count where !isFrozen(state) {
      for choice in chain.choices(of: state) where leaves(choice, state) { fastest = max(fastest, 1 / stepTime.pointer[choice]) }
    }
    rate = fastest * Self.haste
    rowStart = Column(capacity: count + 1)
    successor = Column(capacity: chain.transitionCount + count)
    probability = Column(capacity: chain.transitionCount + count)
    rowStart.append(0)
    var longest = 0
    for state in 0..<count {
      if isFrozen(state) || !leaves(chain.choices(of: state).lowerBound, state) {
        successor.append(Int32(state))
        probability.append(1)
      } else {
        let choice = chain.choices(of: state).lowerBound
        let speed = 1 / stepTime.pointer[choice]
        let moves = speed / rate
        var stays = (rate - speed) / rate
        for transition in chain.transitions(of: choice) {
          let next = Int(chain.successor.pointer[transition])
          let weight = chain.probability.pointer[transition] * moves
          if next == state {
            stays += weight
          } else {
            successor.append(Int32(next))
            probability.append(weight)
          }
        }
        successor.append(Int32(state))
        probability.append(stays)
      }
      longest = max(longest, successor.count - Int(rowStart[state]))
      rowStart.append(Int32(successor.count))
    }
    stateCount = count
    longestRow = longest
    self.frozen = frozen
  }

  /// Values with the interval they are proved to lie in.
  public struct Bounds: Sendable {
    public var lower: [Double]
    public var upper: [Double]
    /// The ticks that were followed.
    public var steps: Int

    public init(lower: [Double], upper: [Double], steps: Int) {
      self.lower = lower
      self.upper = upper
      self.steps = steps
    }
  }

  /// What is expected of a function of the state after a time, from every state.
  ///
  /// - Throws: `UnmetRequirement` when the clock would tick too often; `WorkCancelled` when `control` ends the work.
  /// - Complexity: O(transitions times (rate times time + its square root)).
  public func expectation(of values: [Double], after time: Double, control: WorkControl = WorkControl()) throws -> Bounds {
    let mean = try ticks(time)
    if mean == 0 { return Bounds(lower: values, upper: values, steps: 0) }
    let weights = PoissonWeights(mean: mean)
    let nothing = [Double](repeating: 0, count: weights.first)
    let series = Series(
      lower: nothing + weights.lower, upper: nothing + weights.upper, rest: weights.leftTail + weights.rightTail)
    var result = try sum(values, series, control)
    for state in 0..<stateCount where frozen.contains(state) {
      (result.lower[state], result.upper[state]) = (values[state], values[state])
    }
    return result
  }

  /// What is expected to be collected within a time, from every state.
  ///
  /// - Parameter earned: what each state earns in a unit of time.
  /// - Throws: `UnmetRequirement` when the clock would tick too often; `WorkCancelled` when `control` ends the work.
  public func accumulation(of earned: [Double], within time: Double, control: WorkControl = WorkControl()) throws -> Bounds {
    let mean = try ticks(time)
    if mean == 0 {
      // Nothing moves: every state earns all the time.
      return Bounds(lower: earned.map { ($0 * time).nextDown }, upper: earned.map { ($0 * time).nextUp }, steps: 0)
    }
    let weights = PoissonWeights(mean: mean)
    // The probability of more than k ticks, for k up to the last.
    var lower = [Double](repeating: 0, count: weights.last + 1)
    var upper = lower
    var (least, most) = (0.0, weights.rightTail)
    for tick in stride(from: weights.last, through: 0, by: -1) {
      lower[tick] = least / rate
      upper[tick] = min(1, most) / rate
      if tick >= weights.first {
        least += weights.lower[tick - weights.first]
        most += weights.upper[tick - weights.first]
      } else {
        most = 1
      }
    }
    return try sum(earned, Series(lower: lower, upper: upper, rest: weights.rightExcess / rate), control)
  }

  private func ticks(_ time: Double) throws -> Double {
    let mean = rate * time
    guard mean < Self.mostTicks else {
      throw UnmetRequirement(
        method: "a bound on the time", requirement: "fewer than 10^9 ticks of the chain's clock",
        found: "\(NumberText.significant(rate, digits: 6)) a unit of time for \(NumberText.significant(time, digits: 6))",
        remedy: "ask for the long run (`S`), or choose a shorter time")
    }
    return mean
  }

  /// Coefficients of the powers of the chain, and how much at most is left out.
  private struct Series {
    var lower: [Double]
    var upper: [Double]
    var rest: Double
  }

  private func sum(_ values: [Double], _ series: Series, _ control: WorkControl) throws -> Bounds {
    if let least = values.min(), least < 0 {
      let gains = try sum(values.map { max(0, $0) }, series, control)
      let losses = try sum(values.map { max(0, -$0) }, series, control)
      return Bounds(
        lower: zip(gains.lower, losses.upper).map { $0 == 0 && $1 == 0 ? 0 : ($0 - $1).nextDown },
        upper: zip(gains.upper, losses.lower).map { $0 == 0 && $1 == 0 ? 0 : ($0 - $1).nextUp }, steps: gains.steps)
    }
    let current = Column(values)
    let next = Column<Double>(repeating: 0, count: stateCount)
    var (here, there) = (current.pointer, next.pointer)
    var lower = [Double](repeating: 0, count: stateCount)
    var upper = lower
    let count = series.lower.count
    for tick in 0..<count {
      if tick % 16 == 0,
        !control.report(
          WorkProgress(phase: "solving", detail: "tick \(tick) of \(count)", fraction: Double(tick) / Double(count)))
      {
        throw WorkCancelled(state: "stopped after \(tick) of \(count) ticks of the clock")
      }
      let (low, high) = (series.lower[tick], series.upper[tick])
      if high > 0 {
        for state in 0..<stateCount {
          lower[state] += low * here[state]
          upper[state] += high * here[state]
        }
      }
      if tick + 1 < count {
        step(here, there)
        swap(&here, &there)
      }
    }
    withExtendedLifetime((current, next)) {}
    // A row's sum and its entries, whose share of staying is the least exact; then the series.
    let slip = min(1, Rounding.relative((2 * longestRow + 136) * count + 4 * count))
    let greatest = values.max() ?? 0
    let reaches = reaching(values)
    for state in 0..<stateCount where reaches[state] {
      lower[state] = max(0, (lower[state] * (1 - slip)).nextDown)
      // What has become too small for a number is counted as well.
      upper[state] = (upper[state] * (1 + slip) + series.rest * greatest).nextUp + 1e-290
    }
    return Bounds(lower: lower, upper: upper, steps: count - 1)
  }

  private func step(_ from: UnsafePointer<Double>, _ to: UnsafeMutablePointer<Double>) {
    let (rows, targets, weights) = (rowStart.pointer, successor.pointer, probability.pointer)
    for state in 0..<stateCount {
      var sum = 0.0
      for entry in Int(rows[state])..<Int(rows[state + 1]) { sum += weights[entry] * from[Int(targets[entry])] }
      to[state] = sum
    }
  }

  /// Whether a path leads from each state to one that counts; where none does the sum is zero.
  private func reaching(_ values: [Double]) -> [Bool] {
    var sources = [[Int32]](repeating: [], count: stateCount)
    for state in 0..<stateCount {
      for entry in Int(rowStart[state])..<Int(rowStart[state + 1]) {
        sources[Int(successor[entry])].append(Int32(state))
      }
    }
    var reached = values.map { $0 != 0 }
    var work = (0..<stateCount).filter { reached[$0] }
    while let state = work.popLast() {
      for source in sources[state] where !reached[Int(source)] {
        reached[Int(source)] = true
        work.append(Int(source))
      }
    }
    return reached
  }
}
