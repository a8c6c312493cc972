import AleaModel

/// The answer of a method for explicit finite processes, with its certificate.
public struct SparseSolution: Sendable {
  /// The value of each state: the expected discounted, total or finite-horizon reward; for the average criterion the bias.
  public var value: [Double]
  /// For each state the chosen choice (an index into the process's choices), or -1 where there is none. For an average-reward or
  /// stationary answer one entry a state.
  public var policy: [Int32]
  /// For the average criterion the gain of each state; else nil.
  public var gain: [Double]?
  /// Guaranteed: the true value (gain, for the average criterion) of state `s`, and the true value of following the policy from `s`,
  /// both lie in `lower[s] ... upper[s]`. Infinite where the value itself is.
  public var lower: [Double]
  public var upper: [Double]
  /// Half the widest finite interval: the guaranteed error of `value` (or `gain`).
  public var bound: Double
  /// What ran: `ModifiedPolicyIteration`, say.
  public var method: String
  public var iterations: Int
  /// Anything the reader should know: components found, backends used, states with infinite value.
  public var notes: [String]
  /// For a finite horizon, the answer of every step.
  public var stages: Stages?
  /// The exact value of each state, from a method that computes with fractions.
  public var exact: [ExactValue]?
  /// The exact values of the states that were asked for, where each costs work of its own.
  public var exactAt: [Int: ExactValue] = [:]

  /// The exact value of a state, when it is known.
  public func exactValue(of state: Int) -> ExactValue? { exact?[state] ?? exactAt[state] }

  public init(
    value: [Double], policy: [Int32], gain: [Double]? = nil, lower: [Double], upper: [Double], bound: Double, method: String,
    iterations: Int, notes: [String] = []
  ) {
    self.value = value
    self.policy = policy
    self.gain = gain
    self.lower = lower
    self.upper = upper
    self.bound = bound
    self.method = method
    self.iterations = iterations
    self.notes = notes
  }
}

extension SparseSolution {
  /// What a finite-horizon method knows of every step: time-dependent values and policy.
  ///
  /// Entry `t * stateCount + s` of ``value`` and ``policy`` belongs to state `s` when `t` steps have been taken.
  public struct Stages: Sendable {
    public let stateCount: Int
    public let horizon: Int
    /// The expected reward from step `t` on; nil when there was no room to keep it.
    public private(set) var value: [Double]?
    /// The chosen choice at step `t`, -1 where there is none; nil when there was no room to keep it.
    public private(set) var policy: [Int32]?
    /// The guaranteed error of the values of each step, and of the policy's own values from there on.
    public private(set) var error: [Double]

    init(stateCount: Int, horizon: Int, keepsValues: Bool, keepsPolicy: Bool) {
      self.stateCount = stateCount
      self.horizon = horizon
      value = keepsValues ? [Double](repeating: 0, count: stateCount * horizon) : nil
      policy = keepsPolicy ? [Int32](repeating: -1, count: stateCount * horizon) : nil
      error = [Double](repeating: 0, count: horizon)
    }

    init(stateCount: Int, horizon: Int, value: [Double]?, policy: [Int32]?, error: [Double]) {
      self.stateCount = stateCount
      self.horizon = horizon
      self.value = value
      self.policy = policy
      self.error = error
    }

    mutating func record(step: Int, value new: StateVector, policy chosen: Column<Int32>, error bound: Double) {
      error[step] = bound
      let first = step * stateCount
      for state in 0..<(value == nil ? 0 : stateCount) { value![first + state] = new[state] }
      for state in 0..<(policy == nil ? 0 : stateCount) { policy![first + state] = chosen.pointer[state] }
    }
  }
}

extension SparseSolution {
  /// The same with values, bounds and policy step after step, where the method kept all of them: entry `t * stateCount + s`.
  public var byStep: SparseSolution {
    guard let stages, let values = stages.value, let choices = stages.policy else { return self }
    var result = self
    result.value = values
    result.policy = choices
    result.lower = values.indices.map { index in
      let error = stages.error[index / stages.stateCount]
      return error == 0 ? values[index] : (values[index] - error).nextDown
    }
    result.upper = values.indices.map { index in
      let error = stages.error[index / stages.stateCount]
      return error == 0 ? values[index] : (values[index] + error).nextUp
    }
    return result
  }
}

/// A requirement of a method that a process does not meet.
public struct UnmetRequirement: Error, Hashable, Sendable {
  public var method: String
  /// What is required, in words of the model: "a discount below one".
  public var requirement: String
  /// What the model has instead.
  public var found: String
  /// What would fix it.
  public var remedy: String
  public init(method: String, requirement: String, found: String, remedy: String) {
    self.method = method
    self.requirement = requirement
    self.found = found
    self.remedy = remedy
  }
}
