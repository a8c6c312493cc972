import AleaModel
import AleaNumerics

/// A stationary policy for an explicit process.
public enum SparsePolicy: Sendable {
  /// For each state the number of its choice, -1 where there is none: as in `SparseSolution.policy`.
  case deterministic([Int32])
  /// For each choice of the process the probability with which it is taken; those of a state sum to one up to rounding.
  case randomized([Double])
}

/// A policy that does not fit the process, in one sentence without final full stop.
public struct InvalidPolicy: Error, Hashable, Sendable {
  public let problem: String
  public init(problem: String) { self.problem = problem }
}

/// The exact evaluation of a given policy in a discounted process: values, the channels' shares of them, and where time is spent.
///
///     let result = try PolicyEvaluation(tolerance: 1e-9).evaluate(.deterministic(policy), in: process, control: WorkControl())
///
/// Everything comes with a certified bound, rounding included.
public struct PolicyEvaluation: Sendable {
  public var tolerance: Double
  static let name = "PolicyEvaluation"

  public init(tolerance: Double = 1e-9) { self.tolerance = tolerance }

  /// Values with the interval they are proved to lie in.
  public struct Values: Sendable {
    public var value: [Double]
    public var lower: [Double]
    public var upper: [Double]
    public var bound: Double
  }

  /// What a policy is worth.
  public struct Result: Sendable {
    public var total: Values
    /// The discounted total of each channel, in the order of the process.
    public var channels: [(name: String, values: Values)]
    /// The expected discounted number of visits to each state from the starting law.
    public var occupancy: [Double]
    /// Guaranteed: the sum over states of the errors of ``occupancy`` is at most this.
    public var occupancyBound: Double
    /// The expected discounted number of times each choice is taken.
    public var choiceOccupancy: [Double]
    public var notes: [String]
  }

  /// Evaluates the policy.
  ///
  /// - Throws: ``InvalidPolicy``, ``UnmetRequirement`` or `WorkCancelled`.
  public func evaluate(_ policy: SparsePolicy, in process: SparseProcess, control: WorkControl) throws -> Result {
    if let unmet = DynamicRequirements.discounted(process, method: Self.name).first { throw unmet }
    let discount = process.discountFactor ?? 0
    try check(policy, process)
    let induced = InducedChain(policy, of: process)
    var notes: [String] = []
    let total = try solve(induced, reward: nil, discount, control, &notes)
    let channels = try process.channels.indices.map { index in
      (
        name: process.channels[index].name,
        values: process.channels.count == 1 ? total : try solve(induced, reward: index, discount, control, &notes)
      )
    }
    let occupancy = try OccupancyMeasure(induced, process: process, discount: discount, tolerance: tolerance, control: control)
    return Result(
      total: total, channels: channels, occupancy: occupancy.visits, occupancyBound: occupancy.bound,
      choiceOccupancy: induced.perChoice(occupancy.visits, of: process), notes: notes + occupancy.notes)
  }

  private func solve(
    _ chain: InducedChain, reward channel: Int?, _ discount: Double, _ control: WorkControl, _ notes: inout [String]
  ) throws -> Values {
    let model = DiscountedModel(
      chain.process, reward: channel.map { chain.process.channels[$0].reward }, discount: discount, threads: control.threads,
      extraRounding: chain.roundings)
    guard model.heaviest < 1 else {
      throw UnmetRequirement(
        method: Self.name, requirement: "rows whose sum times the discount stays below 1",
        found: "a row that keeps \(model.heaviest) of the value",
        remedy: "check that probabilities sum to one, or lower the discount")
    }
    let iteration = DiscountedIteration(
      model, tolerance: tolerance, method: Self.name, control: control, evaluating: chain.policy)
    let improvement = PolicyImprovement(chain.process.stateCount <= PolicyIteration.directLimit ? .direct : .krylov)
    let solution = try iteration.run(improve: improvement.improve)
    for note in solution.notes where note.contains("rounding") && !notes.contains(note) { notes.append(note) }
    return Values(value: solution.value, lower: solution.lower, upper: solution.upper, bound: solution.bound)
  }

  private func check(_ policy: SparsePolicy, _ process: SparseProcess) throws(InvalidPolicy) {
    switch policy {
    case .deterministic(let choices):
      guard choices.count == process.stateCount else {
        throw InvalidPolicy(
          problem:
            "the policy has \(NumberText.grouped(choices.count)) entries for \(NumberText.grouped(process.stateCount)) states")
      }
      for state in 0..<process.stateCount {
        let own = process.choices(of: state)
        guard own.isEmpty ? choices[state] < 0 : own.contains(Int(choices[state])) else {
          throw InvalidPolicy(problem: "choice \(choices[state]) is not one of state \(state)")
        }
      }
    case .randomized(let weights):
      guard weights.count == process.choiceCount else {
        throw InvalidPolicy(problem: "the policy has \(weights.count) probabilities for \(process.choiceCount) choices")
      }
      for state in 0..<process.stateCount where !process.isTerminal(state) {
        let own = weights[process.choices(of: state)]
        guard own.allSatisfy({ $0 >= 0 && $0 <= 1 + 1e-9 }), abs(own.reduce(0, +) - 1) <= 1e-9 else {
          throw InvalidPolicy(problem: "the probabilities of the choices of state \(state) do not sum to one")
        }
      }
    }
  }
}

/// A process under a policy: for a deterministic one the process itself with the choices fixed, else mixed rows with one choice a state.
struct InducedChain {
  let process: SparseProcess
  let policy: Column<Int32>
  /// Roundings that each mixed number went through.
  let roundings: Int
  private let weights: [Double]?

  init(_ policy: SparsePolicy, of process: SparseProcess) {
    switch policy {
    case .deterministic(let choices):
      self.process = process
      self.policy = Column(choices)
      roundings = 0
      weights = nil
    case .randomized(let weights):
      (self.process, self.policy) = Self.mix(process, weights)
      let mostChoices = (0..<process.stateCount).map { process.choices(of: $0).count }.max() ?? 0
      // A product and a sum for each choice, and rewards that are summed over channels before.
      roundings = 2 * mostChoices + 2
      self.weights = weights
    }
  }

  /// How often each choice is taken, of how often each state is visited.
  func perChoice(_ visits: [Double], of original: SparseProcess) -> [Double] {
    var result = [Double](repeating: 0, count: original.choiceCount)
    for state in 0..<original.stateCount {
      for choice in original.choices(of: state) {
        let weight = weights?[choice] ?? (Int(policy[state]) == choice ? 1 : 0)
        result[choice] = visits[state] * weight
      }
    }
    return result
  }

  private static func mix(_ process: SparseProcess, _ weights: [Double]) -> (SparseProcess, Column<Int32>) {
    let choiceStart = Column<UInt32>(capacity: process.stateCount + 1)
    let transitionStart = Column<UInt32>(capacity: process.stateCount + 1)
    let successor = Column<Int32>()
    let probability = Column<Double>()
    let rewards = process.channels.map { _ in Column<Double>() }
    let policy = Column<Int32>()
    let mass = Column<Double>()
    let slack = Column<Double>()
    for state in 0..<process.stateCount {
      choiceStart.append(UInt32(transitionStart.count))
      guard !process.isTerminal(state) else {
        policy.append(-1)
        continue
      }
      policy.append(Int32(transitionStart.count))
      transitionStart.append(UInt32(successor.count))
      var row: [Int32: Double] = [:]
      var (lost, off, size) = (0.0, 0.0, 0.0)
      for choice in process.choices(of: state) where weights[choice] > 0 {
        for channel in process.channels { size += weights[choice] * abs(channel.reward[choice]) }
        for index in process.transitions(of: choice) {
          row[process.successor[index], default: 0] += weights[choice] * process.probability[index]
        }
        if let truncation = process.truncation {
          lost = max(lost, truncation.mass[choice])
          off = max(off, truncation.rewardSlack[choice])
        }
      }
      for (target, chance) in row.sorted(by: { $0.key < $1.key }) {
        successor.append(target)
        probability.append(chance)
      }
      // Mixed rewards may cancel, so their rounding is counted by the sum of magnitudes.
      let roundings = 2 * process.choices(of: state).count + process.channels.count + 2
      mass.append(lost)
      slack.append((off * (1 + 1e-9) + size * Rounding.relative(2 * roundings)).nextUp)
      for (channel, reward) in zip(process.channels, rewards) {
        reward.append(process.choices(of: state).reduce(0) { $0 + weights[$1] * channel.reward[$1] })
      }
    }
    choiceStart.append(UInt32(transitionStart.count))
    transitionStart.append(UInt32(successor.count))
    let channels = zip(process.channels, rewards).map { SparseProcess.Channel(name: $0.name, reward: $1) }
    let mixed = SparseProcess(
      choiceStart: choiceStart, transitionStart: transitionStart, successor: successor, probability: probability,
      channels: channels,
      initial: process.initial, objective: process.objective,
      truncation: .init(mass: mass, rewardSlack: slack))
    return (mixed, policy)
  }
}
