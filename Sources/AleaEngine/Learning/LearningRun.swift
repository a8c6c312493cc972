import AleaModel
import AleaNumerics
import AleaSyntax
import Dispatch
import Synchronization

/// What a policy did over independent replications: lanes of the batch machine, one a replication.
public struct LearningRun: Sendable {
  /// Rounds at whose end totals were taken, on a logarithmic grid; the last is the horizon.
  public var checkpoints: [Int]
  /// By checkpoint, then replication: pseudo-regret so far. Empty where the mean rewards have no closed form.
  public var regret: [[Double]]
  /// By checkpoint, then replication: rewards so far.
  public var reward: [[Double]]
  /// By action, then replication.
  public var pulls: [[Double]]
  /// By replication: the rounds it took.
  public var rounds: [Double]
  /// Replications cut off at the horizon, where the process can end by itself.
  public var unfinished: Int
  /// Why there is no regret.
  public var regretRefusal: Diagnostic?
  /// Whether the best action is the same in every round and lane, with its mean reward.
  public var constantMeans: [Double]?

  /// Runs a learner.
  ///
  /// Replication `i` draws from two streams of its own, the environment's and the policy's, each split by round: the numbers do not
  /// depend on threads, and policies run with the same seed meet the same environment (common random numbers).
  ///
  /// - Parameters:
  ///   - open: the process without the policy, by which regret is measured.
  ///   - restarts: whether a process that ends starts again, the policy remembering what it learned: the episodes of an mdp.
  /// - Throws: `DiagnosticError` with the replication and round of a fault; `WorkCancelled`.
  public static func run(
    _ learner: Learner, of open: Process, replications: Int, horizon: Int, seed: UInt64, measuresRegret: Bool = true,
    restarts: Bool = false,
    control: WorkControl = WorkControl()
  ) throws -> LearningRun {
    let plan: LearnerPlan
    do { plan = try LearnerPlan(learner, of: open, measuresRegret: measuresRegret) } catch let fault as Diagnostic {
      throw DiagnosticError(fault)
    }
    let width = plan.blockWidth
    let checkpoints = grid(horizon)
    let blocks = (replications + width - 1) / width
    let workers = max(1, min(control.threads, blocks))
    let results = Mutex<[Int: Result<LearnerBlock.Output, any Error>]>([:])
    let isCancelled = Mutex(false)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      var block = worker
      while block < blocks, !isCancelled.withLock({ $0 }) {
        let first = block * width
        let result = Result { () throws -> LearnerBlock.Output in
          try LearnerBlock(plan, first..<min(replications, first + width), seed: seed, restarts: restarts).run(
            horizon: horizon, checkpoints: checkpoints, isCancelled: { isCancelled.withLock { $0 } },
            report: { fraction in
              guard worker == 0 else { return }
              let done = results.withLock { $0.count }
              let share = min(1, (Double(done) + fraction * Double(workers)) / Double(blocks))
              let progress = WorkProgress(
                phase: "simulating", detail: "\(learner.name)", fraction: share)
              if !control.report(progress) { isCancelled.withLock { $0 = true } }
            })
        }
        results.withLock { $0[block] = result }
        block += workers
      }
    }
    if isCancelled.withLock({ $0 }) { throw WorkCancelled(state: "the simulation of \(learner.name) was stopped") }
    var run = LearningRun(
      checkpoints: checkpoints, regret: checkpoints.map { _ in [] }, reward: checkpoints.map { _ in [] },
      pulls: (0..<(plan.actionDomain.count ?? 1)).map { _ in [] }, rounds: [], unfinished: 0)
    let outputs = results.withLock { $0 }
    for block in 0..<blocks {
      guard let result = outputs[block] else { continue }
      let output: LearnerBlock.Output
      do { output = try result.get() } catch let fault as Diagnostic { throw DiagnosticError(fault) }
      for index in checkpoints.indices {
        run.regret[index] += output.regret[index]
        run.reward[index] += output.reward[index]
      }
      for action in run.pulls.indices { run.pulls[action] += output.pulls[action] }
      run.rounds += output.rounds
      run.unfinished += output.unfinished
    }
    switch plan.regret {
    case .none(let refusal):
      run.regretRefusal = refusal
      run.regret = []
    case .constant(let means): run.constantMeans = means
    default: break
    }
    return run
  }

  /// About ten rounds a decade, and the last.
  static func grid(_ horizon: Int) -> [Int] {
    var result: [Int] = []
    var exponent = 0.0
    while true {
      let round = Int(UnaryFunction.exp(exponent * 2.302585092994046).rounded())
      if round >= horizon { break }
      if result.last != round { result.append(round) }
      exponent += 0.1
    }
    return result + [horizon]
  }
}
