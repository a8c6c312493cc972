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
