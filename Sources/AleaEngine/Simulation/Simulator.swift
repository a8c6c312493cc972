import AleaModel
import AleaNumerics
import AleaSyntax
import Dispatch
import Synchronization

/// What acts in a simulation.
public enum SimulatedPolicy: Sendable {
  /// The process sets its actions itself (a policy was applied to it).
  case closed
  /// The choice taken in a state of the explored process at a time (steps taken so far), as a number of ``SparseProcess``.
  case table(ExploredProcess, choice: @Sendable (_ state: Int, _ time: Int) -> Int)
}

/// The episodes of a simulation.
public struct Simulation: Sendable {
  public struct Estimate: Sendable, Hashable {
    public var mean: Double
    /// The Monte Carlo standard error of the mean; NaN for a single episode.
    public var standardError: Double
  }

  /// Every step of every episode: columns of equal length, episode by episode.
  public struct Log: Sendable {
    public var episode: [Int32]
    public var time: [Int32]
    /// The variables of the step, and the next values of states.
    public var columns: [Slot: [Double]]
    /// Each channel's amounts.
    public var rewards: [[Double]]
  }

  /// The names of the channels, in the order of ``discounted`` and ``total``.
  public var channels: [String]
  /// For each channel, each episode's sum of discounted amounts.
  public var discounted: [[Double]]
  /// For each channel, each episode's plain sum.
  public var total: [[Double]]
  /// The steps each episode took.
  public var lengths: [Int32]
  public var log: Log?

  /// The mean over episodes of the discounted return, all channels together.
  public var discountedReturn: Estimate { Self.estimate(sum(discounted)) }
  /// The mean over episodes of the plain return, all channels together.
  public var totalReturn: Estimate { Self.estimate(sum(total)) }

  private func sum(_ parts: [[Double]]) -> [Double] {
    lengths.indices.map { episode in parts.reduce(0) { $0 + $1[episode] } }
  }

  /// The mean and its standard error, deviations taken from the mean.
  public static func estimate(_ values: [Double]) -> Estimate {
    let count = Double(values.count)
    guard count > 0 else { return Estimate(mean: .nan, standardError: .nan) }
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return Estimate(mean: mean, standardError: count > 1 ? (squares / (count - 1) / count).squareRoot() : .nan)
  }
}

/// Runs a process forward: lanes are episodes.
public enum Simulator {
  /// Episodes a block; blocks are the units of parallel work.
  static let blockSize = 256

  /// Simulates episodes of at most `horizon` steps.
  ///
  /// Episode `i` draws from stream `i` of the seed alone, so the numbers do not depend on the number of threads or of other episodes.
  /// States may be real-valued and draws continuous.
  ///
  /// - Parameter logged: the slots that the log keeps; nil for all of them.
  /// - Throws: ``DiagnosticError`` with the episode, time and state when a step faults; ``WorkCancelled`` when `control` says so.
  public static func simulate(
    _ process: Process, policy: SimulatedPolicy = .closed, episodes: Int, horizon: Int, seed: UInt64, keepsLog: Bool = false,
    logged: Set<Slot>? = nil, control: WorkControl = WorkControl()
  ) throws -> Simulation {
    let plan: SimulationPlan
    do { plan = try SimulationPlan(process, policy) } catch let fault as Diagnostic { throw DiagnosticError(fault) }
    let blocks = (max(0, episodes) + blockSize - 1) / blockSize
    let workers = max(1, min(control.threads, blocks))
    let results = Mutex<[Int: Result<SimulationBlock.Output, any Error>]>([:])
    let isCancelled = Mutex(false)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      var block = worker
      while block < blocks, !isCancelled.withLock({ $0 }) {
        let first = block * blockSize
        let result = Result { () throws -> SimulationBlock.Output in
          let runner = SimulationBlock(
            plan, first..<min(episodes, first + blockSize), seed: seed, keepsLog: keepsLog, logged: logged)
          return try runner.run(horizon: horizon)
        }
        let done = results.withLock { results in
          results[block] = result
          return results.count
        }
        if worker == 0 {
          let progress = WorkProgress(
            phase: "simulating", detail: "\(min(episodes, done * blockSize)) episodes", fraction: Double(done) / Double(blocks))
          if !control.report(progress) { isCancelled.withLock { $0 = true } }
        }
        block += workers
      }
    }
    let outputs = results.withLock { $0 }
    if isCancelled.withLock({ $0 }), outputs.count < blocks {
      throw WorkCancelled(state: "simulation stopped after \(outputs.count * blockSize) of \(episodes) episodes")
    }
    var simulation = Simulation(
      channels: process.channels.map(\.name), discounted: process.channels.map { _ in [] },
      total: process.channels.map { _ in [] },
      lengths: [])
    if keepsLog {
      simulation.log = Simulation.Log(episode: [], time: [], columns: [:], rewards: process.channels.map { _ in [] })
    }
    for block in 0..<blocks {
      guard let result = outputs[block] else { continue }
      // The first fault in the order of episodes, whichever thread met one first.
      let output: SimulationBlock.Output
      do { output = try result.get() } catch let fault as Diagnostic { throw DiagnosticError(fault) }
      for channel in process.channels.indices {
        simulation.discounted[channel] += output.discounted[channel]
        simulation.total[channel] += output.total[channel]
      }
      simulation.lengths += output.lengths
      if let log = output.log {
        simulation.log?.episode += log.episode
        simulation.log?.time += log.time
        for (slot, column) in log.columns { simulation.log?.columns[slot, default: []] += column }
        for channel in process.channels.indices { simulation.log?.rewards[channel] += log.rewards[channel] }
      }
    }
    return simulation
  }
}
