import AleaEngine
import AleaModel

/// The answer to `simulate`: what a policy earned over independent episodes, with its Monte Carlo error.
public struct SimulationSummary: Hashable, Sendable {
  /// A mean over episodes with its standard error.
  public struct Mean: Hashable, Codable, Sendable {
    public var name: String
    public var mean: Double
    public var standardError: Double
    public init(name: String, mean: Double, standardError: Double) {
      self.name = name
      self.mean = mean
      self.standardError = standardError
    }
  }

  public var model: String
  public var policy: String
  public var episodes: Int
  /// The largest number of steps of an episode.
  public var horizon: Int
  public var seed: UInt64
  /// The mean return of an episode.
  public var mean: Double
  public var standardError: Double
  /// An interval for the mean, at ``confidence``.
  public var low: Double
  public var high: Double
  public var confidence: Double
  public var channels: [Mean]
  /// Episodes that were still going at the horizon.
  public var unfinished: Int

  public init(
    model: String, policy: String, episodes: Int, horizon: Int, seed: UInt64, mean: Double, standardError: Double, low: Double,
    high: Double, confidence: Double = 0.95, channels: [Mean] = [], unfinished: Int = 0
  ) {
    self.model = model
    self.policy = policy
    self.episodes = episodes
    self.horizon = horizon
    self.seed = seed
    self.mean = mean
    self.standardError = standardError
    self.low = low
    self.high = high
    self.confidence = confidence
    self.channels = channels
    self.unfinished = unfinished
  }
}

extension SimulationSummary: ObjectValue {
  public var typeName: String { "a simulation" }
  public var description: String {
    "mean return \(NumberText.significant(mean, digits: 6)), standard error \(NumberText.significant(standardError, digits: 2)), "
      + "\(NumberText.grouped(episodes)) episodes"
  }
  public var members: [(name: String, summary: String)] {
    [
      ("mean", "the mean return of an episode"), ("error", "its Monte Carlo standard error"),
      ("interval", "an interval for the mean: [low, high]"), ("episodes", "how many"), ("horizon", "their largest length"),
      ("channels", "the mean total of each reward channel"), ("unfinished", "episodes still going at the horizon"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "mean": .real(mean)
    case "error": .real(standardError)
    case "interval": .array([.real(low), .real(high)])
    case "episodes": .integer(episodes)
    case "horizon": .integer(horizon)
    case "channels": .record(channels.map { Value.Field($0.name, .real($0.mean)) })
    case "unfinished": .integer(unfinished)
    default: nil
    }
  }
}

/// The answer to `size`: how large the explicit form of a model is.
public struct ModelSize: Hashable, Sendable {
  public var model: String
  public var states: Int
  /// How many combinations of values the domains of the states allow; nil when there is no end of them. Those that are not among
  /// ``states`` are never reached.
  public var combinations: Double?
  public var choices: Int
  public var transitions: Int
  /// States in which the process ends, deadlocks included.
  public var terminal: Int
  public var deadlocks: Int
  /// The bytes of the compressed rows and rewards.
  public var bytes: Int

  public init(_ explored: ExploredProcess) {
    let sparse = explored.sparse
    model = explored.process.name
    states = sparse.stateCount
    let counts = explored.states.domains.map(\.count)
    combinations = counts.contains(nil) ? nil : counts.reduce(1.0) { $0 * Double($1 ?? 1) }
    choices = sparse.choiceCount
    transitions = sparse.transitionCount
    terminal = (0..<sparse.stateCount).reduce(0) { sparse.isTerminal($1) ? $0 + 1 : $0 }
    deadlocks = explored.deadlocks.count
    bytes = sparse.byteCount
  }
}

extension ModelSize: ObjectValue {
  public var typeName: String { "a model size" }
  public var description: String {
    "\(NumberText.grouped(states)) states, \(NumberText.grouped(choices)) choices, \(NumberText.grouped(transitions)) transitions"
  }
  public var members: [(name: String, summary: String)] {
    [
      ("states", "how many states were reached"), ("combinations", "how many the domains allow"),
      ("choices", "pairs of a state and an action"),
      ("transitions", "successors of all choices"), ("terminal", "states in which the process ends"),
      ("deadlocks", "states without an available action"), ("bytes", "memory of the explicit form"),
    ]
  }

  public func member(_ name: String) throws -> Value? {
    switch name {
    case "states": .integer(states)
    case "combinations": combinations.map { $0 < 0x1p53 ? .integer(Int($0)) : .real($0) } ?? .real(.infinity)
    case "choices": .integer(choices)
    case "transitions": .integer(transitions)
    case "terminal": .integer(terminal)
    case "deadlocks": .integer(deadlocks)
    case "bytes": .integer(bytes)
    default: nil
    }
  }
}
