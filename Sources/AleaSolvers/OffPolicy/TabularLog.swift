import AleaModel
import AleaNumerics

/// Episodes with states and actions as numbers from 0: what tabular estimators read.
public struct TabularLog: Sendable {
  public let stateCount: Int
  public let actionCount: Int
  /// Where each episode starts among the steps; the last entry is the number of steps.
  public let start: [Int]
  public let states: [Int]
  public let actions: [Int]
  public let rewards: [Double]
  /// The state after each step; -1 where the process has ended, -2 where the log does not say.
  public let next: [Int]
  /// Asked between the parts of long estimates.
  public var control = WorkControl()

  public static let ended = -1
  public static let unknown = -2

  public var episodeCount: Int { start.count - 1 }

  /// - Throws: ``OffPolicyFault`` where the parts do not fit.
  public init(
    stateCount: Int, actionCount: Int, start: [Int], states: [Int], actions: [Int], rewards: [Double], next: [Int]
  ) throws {
    let count = states.count
    guard start.count > 1, start[0] == 0, start.last == count, zip(start, start.dropFirst()).allSatisfy(<) else {
      throw OffPolicyFault("the log has no episodes")
    }
    guard actions.count == count, rewards.count == count, next.count == count else {
      throw OffPolicyFault("the columns of the log differ in length")
    }
    guard states.allSatisfy({ $0 >= 0 && $0 < stateCount }), actions.allSatisfy({ $0 >= 0 && $0 < actionCount }),
      next.allSatisfy({ $0 >= Self.unknown && $0 < stateCount })
    else { throw OffPolicyFault("the log has a state or an action that the model does not have") }
    if let row = rewards.firstIndex(where: { !$0.isFinite }) { throw OffPolicyFault("the reward in row \(row + 1) is missing") }
    self.stateCount = stateCount
    self.actionCount = actionCount
    self.start = start
    self.states = states
    self.actions = actions
    self.rewards = rewards
    self.next = next
  }

  /// The steps of a range of episodes.
  func steps(of episodes: some Sequence<Int>) -> [Int] { episodes.flatMap { start[$0]..<start[$0 + 1] } }

  /// The law of the first state over a set of episodes.
  func initialLaw(of episodes: some Collection<Int>) -> [Double] {
    var law = [Double](repeating: 0, count: stateCount)
    for episode in episodes { law[states[start[episode]]] += 1 / Double(episodes.count) }
    return law
  }

  /// A delete-a-group jackknife over episodes of a statistic (at most 40 groups): sqrt((G - 1) / G sum (v_g - mean v)^2).
  ///
  /// - Throws: `WorkCancelled` when ``control`` says so; whatever the statistic throws besides an ``OffPolicyFault``.
  public func jackknife(_ statistic: ([Int]) throws -> Double) throws -> JackknifeError {
    try Jackknife.error(over: episodeCount, groups: 40, control: control, statistic)
  }
}

/// Standard errors by leaving out a group of episodes at a time.
enum Jackknife {
  /// sqrt((G - 1) / G sum (v_g - mean v)^2) over G groups, episode e in group e mod G.
  static func error(
    over episodes: Int, groups limit: Int, control: WorkControl, _ statistic: ([Int]) throws -> Double
  ) throws -> JackknifeError {
    let groups = min(limit, episodes)
    guard groups > 1 else { return JackknifeError(value: .nan, failure: "there is a single episode") }
    var values: [Double] = []
    for group in 0..<groups {
      try control.continues("estimating", "standard error, group \(group + 1) of \(groups)", Double(group) / Double(groups))
      do {
        values.append(try statistic((0..<episodes).filter { $0 % groups != group }))
      } catch let fault as OffPolicyFault {
        return JackknifeError(
          value: .nan, failure: "left-out group \(group + 1) of \(groups) leaves too little: \(fault.message)")
      }
    }
    let mean = SampleMoments.mean(values)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return JackknifeError(value: (squares * Double(groups - 1) / Double(groups)).squareRoot(), failure: nil)
  }
}

extension WorkControl {
  /// Reports how far the work is.
  ///
  /// - Throws: ``WorkCancelled`` where it is to end.
  public func continues(_ phase: String, _ detail: String, _ fraction: Double? = nil) throws {
    guard report(WorkProgress(phase: phase, detail: detail, fraction: fraction)) else {
      throw WorkCancelled(state: "\(phase) was stopped at: \(detail)")
    }
  }
}
